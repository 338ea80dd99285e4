// RUN: %apply %S/../Inputs/batch_matmul.mlir --schedule 'pipeline:tile peel:no @vector 24 5 2 @reduce 4 @distribute 10 45 32 cache:yes 5 8 28 12 order:plain <end>' | FileCheck %s

// 2 of the batch by 5 rows by 24 columns in registers; 4 of 64 steps of the sum at a time; a
// workgroup has 10 of 12 of the batch by 45 of 48 rows by 32 of 80 columns; tiles of 5 of 12 of
// the batch by 8 of 48 rows by 28 of 80 columns in cache; 12 of 64 steps of the sum in cache.

// CHECK: main_dispatch_0_batch_matmul_12x48x80x64_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.batch_matmul: #iree_cpu.lowering_config<cache_parallel = [5, 8, 28, 0], cache_reduction = [0, 0, 0, 12], distribution = [10, 45, 32, 0], vector_common_parallel = [2, 5, 24, 0], vector_reduction = [0, 0, 0, 4]>

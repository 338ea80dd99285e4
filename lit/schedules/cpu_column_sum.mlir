// RUN: %apply %S/../Inputs/column_sum.mlir --schedule 'pipeline:tile peel:no @vector 2 @reduce 3 @distribute 24 cache:yes 19 44 <end>' | FileCheck %s

// 2 rows in registers; 3 of 1024 steps of the sum at a time; a workgroup has 24 of 96 rows; tiles
// of 19 of 96 rows in cache; 44 of 1024 steps of the sum in cache.

// CHECK: main_dispatch_0_reduction_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [19, 0], cache_reduction = [0, 44], distribution = [24, 0], vector_common_parallel = [2, 0], vector_reduction = [0, 3]>

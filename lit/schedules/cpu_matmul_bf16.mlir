// RUN: %apply %S/../Inputs/matmul_bf16.mlir --schedule 'pipeline:tile peel:yes @vector 7 24 @reduce 2 @distribute 64 32 cache:yes 33 28 8 order:plain <end>' | FileCheck %s

// 24 rows by 7 columns in registers; 2 of 200 steps of the sum at a time; a workgroup has 64 of 96
// rows by 32 of 64 columns; tiles of 33 of 96 rows by 28 of 64 columns in cache; 8 of 200 steps of
// the sum in cache; what a tile leaves over is peeled off.

// CHECK: main_dispatch_0_matmul_96x64x200_bf16xbf16xf32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.matmul: #iree_cpu.lowering_config<cache_parallel = [33, 28, 0], cache_reduction = [0, 0, 8], distribution = [64, 32, 0], vector_common_parallel = [24, 7, 0], vector_reduction = [0, 0, 2]>

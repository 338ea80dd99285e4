// RUN: %apply %S/../Inputs/transpose.mlir --schedule 'pipeline:tile peel:yes @vector 32 3 @distribute 26 60 cache:yes 15 51 order:plain <end>' | FileCheck %s

// 3 rows by 32 columns in registers; a workgroup has 26 of 64 rows by 60 of 96 columns; tiles of
// 15 of 64 rows by 51 of 96 columns in cache; what a tile leaves over is peeled off.

// CHECK: main_dispatch_0_elementwise_transpose_64x96_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [15, 51], cache_reduction = [0, 0], distribution = [26, 60], vector_common_parallel = [3, 32], vector_reduction = [0, 0]>

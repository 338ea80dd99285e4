// RUN: %apply %S/../Inputs/conv_nchw.mlir --schedule 'pipeline:conv peel:yes @vector 3 12 @reduce 2 2 @distribute 16 8 4 <end>' | FileCheck %s

// 12 channels by 3 output columns in registers; 2 of 8 input channels by 2 of 3 window columns at
// a time; a workgroup has 16 of 32 channels by 8 of 14 output rows by 4 of 14 output columns; as a
// row of windows; what a tile leaves over is peeled off.

// CHECK: main_dispatch_0_conv_32x14x14x8x3x3_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 16, 8, 4, 0, 0, 0], vector_common_parallel = [1, 12, 1, 3, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 2, 1, 2]>

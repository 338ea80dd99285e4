// RUN: %apply %S/../Inputs/conv_dilated.mlir --schedule 'pipeline:conv peel:yes @vector 4 12 @reduce 6 2 @distribute 8 11 5 <end>' | FileCheck %s

// 12 output columns by 4 channels in registers; 2 of 3 window columns by 6 of 8 input channels at
// a time; a workgroup has 8 of 12 output rows by 11 of 12 output columns by 5 of 32 channels; as a
// row of windows; what a tile leaves over is peeled off.

// CHECK: main_dispatch_0_conv_12x12x32x3x3x8_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 8, 11, 5, 0, 0, 0], vector_common_parallel = [1, 1, 12, 4, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 2, 6]>

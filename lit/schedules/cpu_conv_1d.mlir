// RUN: %apply %S/../Inputs/conv_1d.mlir --schedule 'pipeline:conv peel:no @vector 2 9 @reduce 7 3 @distribute 26 6 <end>' | FileCheck %s

// 9 output columns by 2 channels in registers; all 3 window columns by 7 of 16 input channels at a
// time; a workgroup has 26 of 64 output columns by 6 of 32 channels; as a row of windows.

// CHECK: main_dispatch_0_conv_64x32x3x16_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 26, 6, 0, 0], vector_common_parallel = [1, 9, 2, 0, 0], vector_reduction = [0, 0, 0, 3, 7]>

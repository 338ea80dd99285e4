// RUN: %apply %S/../Inputs/conv_strided.mlir --schedule 'pipeline:conv peel:no @vector 2 8 @reduce 3 1 @distribute 4 7 6 <end>' | FileCheck %s

// 8 output columns by 2 channels in registers; 1 of 3 window columns by 3 of 8 input channels at a
// time; a workgroup has 4 of 8 output rows by 7 of 8 output columns by 6 of 32 channels; as a row
// of windows.

// CHECK: main_dispatch_0_conv_8x8x32x3x3x8_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 4, 7, 6, 0, 0, 0], vector_common_parallel = [1, 1, 8, 2, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 1, 3]>

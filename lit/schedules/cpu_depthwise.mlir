// RUN: %apply %S/../Inputs/depthwise.mlir --schedule 'pipeline:conv peel:yes @vector 24 5 @reduce 3 @distribute 11 12 28 <end>' | FileCheck %s

// 5 output columns by 24 channels in registers; all 3 window columns at a time; a workgroup has 11
// of 14 output rows by 12 of 14 output columns by 28 of 32 channels; as a row of windows; what a
// tile leaves over is peeled off.

// CHECK: main_dispatch_0_conv_14x14x32x3x3_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 11, 12, 28, 0, 0], vector_common_parallel = [1, 1, 5, 24, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 3]>

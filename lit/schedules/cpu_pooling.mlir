// RUN: %apply %S/../Inputs/pooling.mlir --schedule 'pipeline:conv peel:yes @vector 13 8 @reduce 2 @distribute 4 7 15 <end>' | FileCheck %s

// 8 output columns by 13 channels in registers; all 2 window columns at a time; a workgroup has 4
// of 8 output rows by 7 of 8 output columns by 15 of 32 channels; as a row of windows; what a tile
// leaves over is peeled off.

// CHECK: main_dispatch_0_conv_8x8x32x2x2_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<ConvTileAndDecomposeExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [0, 4, 7, 15, 0, 0], vector_common_parallel = [1, 1, 8, 13, 0, 0], vector_reduction = [0, 0, 0, 0, 1, 2]>

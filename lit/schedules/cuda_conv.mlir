// RUN: %cuda %S/../Inputs/conv.mlir --schedule 'pipeline:vector @thread 8 1 7 @group 4 14 2 @reduce 1 3 1 <end>' | FileCheck %s

// 7 output rows by 8 channels for an invocation; a workgroup has 2 output rows by 14 output
// columns by 4 channels of these; 1 of 3 window rows by all 3 window columns by 1 of 8 input
// channels at a time; inputs straight from memory.

// CHECK: main_dispatch_0_conv_14x14x32x3x3x8_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [128, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{reduction = [0, 0, 0, 1, 3, 1], thread = [7, 1, 8, 0, 0, 0], workgroup = [14, 14, 32, 0, 0, 0]}>

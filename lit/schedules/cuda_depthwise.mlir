// RUN: %cuda %S/../Inputs/depthwise.mlir --schedule 'pipeline:vector @thread 8 7 1 @group 4 2 14 @reduce 3 1 <end>' | FileCheck %s

// 7 output columns by 8 channels for an invocation; a workgroup has 14 output rows by 2 output
// columns by 4 channels of these; 1 of 3 window rows by all 3 window columns at a time; inputs
// straight from memory.

// CHECK: main_dispatch_0_conv_14x14x32x3x3_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [128, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{reduction = [0, 0, 0, 1, 3], thread = [1, 7, 8, 0, 0], workgroup = [14, 14, 32, 0, 0]}>

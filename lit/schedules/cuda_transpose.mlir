// RUN: %cuda %S/../Inputs/transpose.mlir --schedule 'pipeline:vector @thread 16 4 @group 3 8 <end>' | FileCheck %s

// 4 rows by 16 columns for an invocation; a workgroup has 8 rows by 3 columns of these; inputs
// straight from memory.

// CHECK: main_dispatch_0_elementwise_transpose_64x96_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [32, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{thread = [4, 16], workgroup = [32, 48]}>

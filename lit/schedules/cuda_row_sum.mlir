// RUN: %cuda %S/../Inputs/row_sum.mlir --schedule 'pipeline:vector @thread 48 @group 2 @reduce 4 <end>' | FileCheck %s

// 48 rows for an invocation; a workgroup has 2 rows of these; 4 of 1024 steps of the sum at a
// time; inputs straight from memory.

// CHECK: main_dispatch_0_reduction_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [32, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{reduction = [0, 4], thread = [48, 0], workgroup = [96, 0]}>

// RUN: %cuda %S/../Inputs/broadcast.mlir --schedule 'pipeline:vector @thread 16 4 @group 64 6 <end>' | FileCheck %s

// 4 rows by 16 columns for an invocation; a workgroup has 6 rows by 64 columns of these; inputs
// straight from memory.

// CHECK: main_dispatch_0_elementwise_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [384, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{thread = [4, 16], workgroup = [24, 1024]}>

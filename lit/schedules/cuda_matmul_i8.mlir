// RUN: %cuda %S/../Inputs/matmul_i8.mlir --schedule 'pipeline:vector @thread 2 32 @group 16 3 @reduce 4 <end>' | FileCheck %s

// 32 rows by 2 columns for an invocation; a workgroup has 3 rows by 16 columns of these; 4 of 200
// steps of the sum at a time; inputs straight from memory.

// CHECK: main_dispatch_0_matmul_96x64x200_i8xi8xi32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [64, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{reduction = [0, 0, 4], thread = [32, 2, 0], workgroup = [96, 32, 0]}>

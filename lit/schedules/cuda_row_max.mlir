// RUN: %cuda %S/../Inputs/row_max.mlir --schedule 'pipeline:lanes @thread 4 8 @group 64 @reduce 256 <end>' | FileCheck %s

// 8 rows by 4 steps of the sum with each load; 64 invocations share a sum; 256 of 1024 steps of
// the sum at a time; sums shared by invocations.

// CHECK: main_dispatch_0_reduction_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<VectorDistribute> workgroup_size = [64, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 32], [0, 1]], partial_reduction = [0, 256], subgroup_basis = {{\[\[}}1, 2], [0, 1]], thread = [0, 4], workgroup = [8, 0]}>

// RUN: %cuda %S/../Inputs/attention.mlir --schedule 'pipeline:vector @thread 8 2 @group 4 16 @reduce 48 <end>' | FileCheck %s

// 2 queries by 8 columns for an invocation; a workgroup has 16 queries by 4 columns of these; all
// 48 keys at a time; inputs straight from memory.

// CHECK: main_dispatch_0_attention_4x64x32x32x48: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<VectorDistribute> workgroup_size = [64, 1, 1] subgroup_size = 32, {iree_codegen.denormal_fp_math_f32 = #iree_codegen.denormal_fp_math<"preserve-sign">}>
// CHECK-NEXT: iree_linalg_ext.online_attention: #iree_gpu.lowering_config<{reduction = [0, 0, 0, 0, 48], workgroup = [1, 32, 32, 0, 0]}>; {pv_attrs = {lowering_config = #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 8, 4, 1, 1], [0, 1, 2, 4]], subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 2, 4]], thread = [1, 1, 8, 4]}>}, qk_attrs = {lowering_config = #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 8, 1, 1, 4], [0, 1, 3, 4]], subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 3, 4]], thread = [1, 1, 4, 4]}>}}

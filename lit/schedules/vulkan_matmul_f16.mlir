// RUN: %vulkan %S/../Inputs/matmul_f16.mlir --schedule 'pipeline:matrix store:1 depth:3 @subgroup 4 3 @group 1 2 @reduce 1 <end>' | FileCheck %s

// 3 rows by 4 columns for a subgroup, in instructions; a workgroup has 2 rows of these; one at a
// time, in instructions; on matrix units; results through shared memory; two steps' inputs loaded
// ahead.

// CHECK: main_dispatch_0_matmul_96x64x208_f16xf16xf32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<CooperativeMatrixVectorize> workgroup_size = [32, 2, 1] subgroup_size = 32, {pipeline_depth = 3 : i64, store_stage = 1 : i64}>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}96, 64], [48, 64], [0, 0, 16], [16, 16, 16]]>

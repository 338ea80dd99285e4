// RUN: %vulkan %S/../Inputs/matmul.mlir --schedule 'pipeline:promote store:0 depth:2 @thread 8 4 @group 2 3 @reduce 20 <end>' | FileCheck %s

// 4 rows by 8 columns for an invocation; a workgroup has 3 rows by 2 columns of these; 20 of 200
// steps of the sum at a time; inputs' tiles in shared memory; results straight to memory; the next
// step's inputs loaded ahead.

// CHECK: main_dispatch_0_matmul_96x64x200_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<MatmulPromoteVectorize> workgroup_size = [2, 3, 1], {pipeline_depth = 2 : i64, store_stage = 0 : i64}>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}12, 16, 20]]>

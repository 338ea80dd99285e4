// RUN: %vulkan %S/../Inputs/row_max.mlir --schedule 'pipeline:lanes @group 32 @reduce 64 <end>' | FileCheck %s

// 32 invocations share a sum; 64 of 1024 steps of the sum at a time; sums shared by invocations.

// CHECK: main_dispatch_0_reduction_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<SubgroupReduce> workgroup_size = [32, 1, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}1], [0, 64]]>

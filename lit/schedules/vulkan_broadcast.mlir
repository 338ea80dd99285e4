// RUN: %vulkan %S/../Inputs/broadcast.mlir --schedule 'pipeline:vector @thread 16 4 @group 64 6 <end>' | FileCheck %s

// 4 rows by 16 columns for an invocation; a workgroup has 6 rows by 64 columns of these; inputs
// straight from memory.

// CHECK: main_dispatch_0_elementwise_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [64, 6, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}24, 1024], [4, 16]]>

// RUN: %vulkan %S/../Inputs/transpose.mlir --schedule 'pipeline:vector @thread 16 4 @group 3 8 <end>' | FileCheck %s

// 4 rows by 16 columns for an invocation; a workgroup has 8 rows by 3 columns of these; inputs
// straight from memory.

// CHECK: main_dispatch_0_elementwise_transpose_64x96_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [3, 8, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}32, 48], [4, 16]]>

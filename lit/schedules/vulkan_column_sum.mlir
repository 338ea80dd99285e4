// RUN: %vulkan %S/../Inputs/column_sum.mlir --schedule 'pipeline:vector @thread 3 @group 2 @reduce 4 <end>' | FileCheck %s

// 3 rows for an invocation; a workgroup has 2 rows of these; 4 of 1024 steps of the sum at a time;
// inputs straight from memory.

// CHECK: main_dispatch_0_reduction_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [2, 1, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}6, 0], [3, 0], [0, 4]]>

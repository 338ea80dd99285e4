// RUN: %vulkan %S/../Inputs/batch_matmul.mlir --schedule 'pipeline:vector @thread 16 4 1 @group 5 6 12 @reduce 2 <end>' | FileCheck %s

// 4 rows by 16 columns for an invocation; a workgroup has 12 of the batch by 6 rows by 5 columns
// of these; 2 of 64 steps of the sum at a time; inputs straight from memory.

// CHECK: main_dispatch_0_batch_matmul_12x48x80x64_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [5, 6, 12]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}12, 24, 80, 0], [1, 4, 16, 0], [0, 0, 0, 2]]>

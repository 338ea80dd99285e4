// RUN: %cuda %S/../Inputs/batch_matmul.mlir --schedule 'pipeline:promote @thread 8 3 1 @group 2 4 12 @reduce 16 <end>' | FileCheck %s

// 3 rows by 8 columns for an invocation; a workgroup has 12 of the batch by 4 rows by 2 columns of
// these; 16 of 64 steps of the sum at a time; inputs' tiles in shared memory.

// CHECK: main_dispatch_0_batch_matmul_12x48x80x64_f32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [96, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{promote_operands = [0, 1], reduction = [0, 0, 0, 16], thread = [1, 3, 8, 0], workgroup = [12, 12, 16, 0]}>

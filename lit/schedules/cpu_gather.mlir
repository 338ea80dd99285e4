// RUN: %apply %S/../Inputs/gather.mlir --schedule 'pipeline:tile peel:yes @vector 7 8 @distribute 48 32 cache:yes 40 17 order:chosen d0 d1 <end>' | FileCheck %s

// 8 rows by 7 columns in registers; a workgroup has 48 of 96 rows by 32 of 64 columns; tiles of 40
// of 96 rows by 17 of 64 columns in cache; what a tile leaves over is peeled off; loops in the
// order rows, columns.

// CHECK: main_dispatch_0_elementwise_broadcast_96x64_i64xf32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [40, 17], cache_reduction = [0, 0], distribution = [48, 32], vector_common_parallel = {sizes = [8, 7], interchange = [0, 1]}, vector_reduction = [0, 0]>

// RUN: %apply %S/../Inputs/broadcast.mlir --schedule 'pipeline:tile peel:no @vector 3 8 @distribute 12 41 cache:yes 9 5 order:chosen d0 d1 <end>' | FileCheck %s

// 8 rows by 3 columns in registers; a workgroup has 12 of 96 rows by 41 of 1024 columns; tiles of
// 9 of 96 rows by 5 of 1024 columns in cache; loops in the order rows, columns.

// CHECK: main_dispatch_0_elementwise_96x1024_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [9, 5], cache_reduction = [0, 0], distribution = [12, 41], vector_common_parallel = {sizes = [8, 3], interchange = [0, 1]}, vector_reduction = [0, 0]>

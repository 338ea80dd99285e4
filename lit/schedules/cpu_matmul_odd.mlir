// RUN: %apply %S/../Inputs/matmul_odd.mlir --schedule 'pipeline:tile peel:yes @vector 3 12 @reduce 8 @distribute 48 32 cache:yes 40 17 104 order:plain <end>' | FileCheck %s

// 12 rows by 3 columns in registers; 8 of 131 steps of the sum at a time; a workgroup has 48 of 97
// rows by 32 of 61 columns; tiles of 40 of 97 rows by 17 of 61 columns in cache; 104 of 131 steps
// of the sum in cache; what a tile leaves over is peeled off.

// CHECK: main_dispatch_0_matmul_97x61x131_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.matmul: #iree_cpu.lowering_config<cache_parallel = [40, 17, 0], cache_reduction = [0, 0, 104], distribution = [48, 32, 0], vector_common_parallel = [12, 3, 0], vector_reduction = [0, 0, 8]>

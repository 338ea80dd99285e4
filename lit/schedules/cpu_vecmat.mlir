// RUN: %apply %S/../Inputs/vecmat.mlir --schedule 'pipeline:tile peel:no @vector 47 @reduce 12 @distribute 56 cache:yes 54 21 <end>' | FileCheck %s

// 47 rows in registers; 12 of 1024 steps of the sum at a time; a workgroup has 56 of 768 rows;
// tiles of 54 of 768 rows in cache; 21 of 1024 steps of the sum in cache.

// CHECK: main_dispatch_0_vecmat_768x1024_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.vecmat: #iree_cpu.lowering_config<cache_parallel = [54, 0], cache_reduction = [0, 21], distribution = [56, 0], vector_common_parallel = [47, 0], vector_reduction = [0, 12]>

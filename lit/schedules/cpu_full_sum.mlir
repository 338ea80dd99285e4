// RUN: %apply %S/../Inputs/full_sum.mlir --schedule 'pipeline:tile peel:no @vector @reduce 4 @distribute cache:yes 36 <end>' | FileCheck %s

// 4 of 98304 steps of the sum at a time; 36 of 98304 steps of the sum in cache.

// CHECK: main_dispatch_0_reduction_98304_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [0], cache_reduction = [36], distribution = [0], vector_common_parallel = [0], vector_reduction = [4]>

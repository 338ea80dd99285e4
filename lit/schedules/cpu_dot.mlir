// RUN: %apply %S/../Inputs/dot.mlir --schedule 'pipeline:tile peel:no @vector @reduce 4 @distribute cache:yes 18 <end>' | FileCheck %s

// 4 of 4096 steps of the sum at a time; 18 of 4096 steps of the sum in cache.

// CHECK: main_dispatch_0_dot_4096_f32: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>
// CHECK-NEXT: linalg.dot: #iree_cpu.lowering_config<cache_parallel = [0], cache_reduction = [18], distribution = [0], vector_common_parallel = [0], vector_reduction = [4]>

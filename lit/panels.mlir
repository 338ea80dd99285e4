// RUN: %apply %s --emit=script | FileCheck %s --check-prefix=SCRIPT
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: matmul_like pipeline:panel @vector 8 @reduce 4 @distribute 48 2 <end>

// Weights in panels of 32 columns: a kernel has 8 rows, and 4 steps of the sum are unrolled; a
// workgroup has 48 rows of 2 panels. Where a kernel does not divide the rows, loops are peeled.

// SCRIPT: #[[CONFIG:.*]] = #iree_cpu.lowering_config<distribution = [48, 2, 0, 0]
// SCRIPT: #[[INFO:.*]] = #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<"iree-codegen-tile-and-distribute
// SCRIPT-SAME: linalg-fold-unit-extent-dims{use-rank-reducing-slices=true}
// SCRIPT: transform.named_sequence @schedule_0
// SCRIPT: transform.param.constant #[[CONFIG]]
// SCRIPT: transform.param.constant #[[INFO]]

// CHECK: main_dispatch_0_matmul_like_96x4x32x200_f32: #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [48, 2, 0, 0], vector_common_parallel = [8, 1, 32, 0], vector_reduction = [0, 0, 0, 4]>

func.func @main(%x: tensor<96x200xf32>, %w: tensor<4x200x32xf32>) -> tensor<96x4x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x4x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x4x32xf32>) -> tensor<96x4x32xf32>
  %product = linalg.generic {
      indexing_maps = [affine_map<(m, a, b, k) -> (m, k)>, affine_map<(m, a, b, k) -> (a, k, b)>, affine_map<(m, a, b, k) -> (m, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<96x200xf32>, tensor<4x200x32xf32>) outs(%fill : tensor<96x4x32xf32>) {
  ^body(%l: f32, %r: f32, %o: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<96x4x32xf32>
  return %product : tensor<96x4x32xf32>
}

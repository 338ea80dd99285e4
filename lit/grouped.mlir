// RUN: %apply %s --emit=script | FileCheck %s --check-prefix=SCRIPT
// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: conv pipeline:panel @vector 7 2 @reduce 4 @distribute 2 1 <end>

// Groups of channels, each with two panels: a kernel has two rows of seven points of one group, and 4
// steps of the sum are unrolled; a workgroup has 2 rows of all groups, and one panel of each.

// SCRIPT: #[[CONFIG:.*]] = #iree_cpu.lowering_config<distribution = [2, 0, 0, 1, 0, 0, 0, 0]
// SCRIPT: #[[INFO:.*]] = #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<"iree-codegen-tile-and-distribute
// SCRIPT: transform.named_sequence @schedule_0
// SCRIPT: transform.param.constant #[[CONFIG]]
// SCRIPT: transform.param.constant #[[INFO]]

// CHECK: main_dispatch_0_conv_14x14x6x2x8x3x3x8_f32: #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [2, 0, 0, 1, 0, 0, 0, 0], vector_common_parallel = [2, 7, 1, 1, 8, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 0, 1, 1, 4]>

func.func @main(%x: tensor<16x16x6x8xf32>, %w: tensor<6x2x3x3x8x8xf32>) -> tensor<14x14x6x2x8xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<14x14x6x2x8xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<14x14x6x2x8xf32>) -> tensor<14x14x6x2x8xf32>
  %product = linalg.generic {
      indexing_maps = [affine_map<(h, w, g, a, b, y, x, c) -> (h + (y mod 4), w + (x mod 4), g, c)>, affine_map<(h, w, g, a, b, y, x, c) -> (g, a, y, x, c, b)>, affine_map<(h, w, g, a, b, y, x, c) -> (h, w, g, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<16x16x6x8xf32>, tensor<6x2x3x3x8x8xf32>) outs(%fill : tensor<14x14x6x2x8xf32>) {
  ^body(%l: f32, %r: f32, %o: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<14x14x6x2x8xf32>
  return %product : tensor<14x14x6x2x8xf32>
}

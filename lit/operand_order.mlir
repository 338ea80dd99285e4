// RUN: %apply %s --emit=script > %t.script.mlir
// RUN: %apply %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %apply %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: columns_first pipeline:tile peel:no @vector 16 8 @reduce 4 @distribute 32 n0 cache:no order:plain <end>

// A 1x1 convolution of an NCHW image: the image, which has the columns, comes first. Our pass has
// rows multiplied by columns, stock does not; the configuration is the same.

// CHECK: columns_first{{.*}}: #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [32, 0, 0], vector_common_parallel = [8, 16, 0], vector_reduction = [0, 0, 4]>

#image = affine_map<(f, p, c) -> (c, p)>
#filter = affine_map<(f, p, c) -> (f, c)>
#result = affine_map<(f, p, c) -> (f, p)>
func.func @columns_first(%image: tensor<32x784xf32>, %filter: tensor<64x32xf32>) -> tensor<64x784xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x784xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x784xf32>) -> tensor<64x784xf32>
  %r = linalg.generic {indexing_maps = [#image, #filter, #result], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%image, %filter : tensor<32x784xf32>, tensor<64x32xf32>) outs(%fill : tensor<64x784xf32>) {
  ^body(%x: f32, %w: f32, %o: f32):
    %p = arith.mulf %x, %w : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<64x784xf32>
  return %r : tensor<64x784xf32>
}

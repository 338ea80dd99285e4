// RUN: not %apply %s --emit=script 2>&1 | FileCheck %s
// SCHEDULE: matmul_like pipeline:panel @vector 2 @reduce 4 @distribute n0 2 <end>

// A workgroup has a number of rows, and not all of them, where their number is not known.

// CHECK: error: {{.*}}distribute size 0 of dim 0 is none of (

func.func @main(%x: tensor<?x200xf32>, %w: tensor<4x200x32xf32>) -> tensor<?x4x32xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x200xf32>
  %empty = tensor.empty(%n) : tensor<?x4x32xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4x32xf32>) -> tensor<?x4x32xf32>
  %product = linalg.generic {
      indexing_maps = [affine_map<(m, a, b, k) -> (m, k)>, affine_map<(m, a, b, k) -> (a, k, b)>, affine_map<(m, a, b, k) -> (m, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x200xf32>, tensor<4x200x32xf32>) outs(%fill : tensor<?x4x32xf32>) {
  ^body(%l: f32, %r: f32, %o: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x4x32xf32>
  return %product : tensor<?x4x32xf32>
}

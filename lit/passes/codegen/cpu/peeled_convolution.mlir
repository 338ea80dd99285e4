// RUN: %codegen %s --passes codegen/cpu/peeled_convolution | FileCheck %s
// CONFIG: linalg.generic #iree_cpu.lowering_config<distribution = [0, 7, 7, 1, 16, 0, 0, 0], cache_parallel = [0, 1, 7, 1, 16, 0, 0, 0], vector_common_parallel = [1, 1, 4, 1, 16, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 0, 1, 1, 4]>

// Rows of 7 points by tiles of 4: one tile of 4 points and one of 3, neither with masks.

// CHECK-LABEL: func.func @main_dispatch_0
// CHECK-NOT: vector.create_mask
// CHECK: scf.for {{.*}} -> (vector<4x16xf32>)
// CHECK-NOT: vector.store
// CHECK-COUNT-16: vector.fma {{.*}} : vector<16xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.for {{.*}} -> (vector<3x16xf32>)
// CHECK-NOT: vector.store
// CHECK-COUNT-12: vector.fma {{.*}} : vector<16xf32>
// CHECK-NOT: vector.fma
// CHECK-NOT: vector.create_mask

func.func @main(%x: tensor<9x9x64xf32>, %w: tensor<4x3x3x64x16xf32>) -> tensor<7x7x4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<7x7x4x16xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<7x7x4x16xf32>) -> tensor<7x7x4x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, a, b, y, x, c) -> (h + y, w + x, c)>, affine_map<(h, w, a, b, y, x, c) -> (a, y, x, c, b)>, affine_map<(h, w, a, b, y, x, c) -> (h, w, a, b)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<9x9x64xf32>, tensor<4x3x3x64x16xf32>) outs(%fill : tensor<7x7x4x16xf32>) {
  ^body(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<7x7x4x16xf32>
  return %r : tensor<7x7x4x16xf32>
}

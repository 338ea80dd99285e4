// RUN: %codegen %s --passes codegen/cpu/direct_convolution | FileCheck %s
// CONFIG: linalg.generic #iree_cpu.lowering_config<distribution = [0, 14, 56, 4, 16, 0, 0, 0], cache_parallel = [0, 1, 56, 1, 16, 0, 0, 0], vector_common_parallel = [1, 1, 4, 1, 16, 0, 0, 0], vector_reduction = [0, 0, 0, 0, 0, 1, 1, 4]>

// A 3x3 convolution whose filter is packed. The accumulators of 4 points by
// 16 channels go around the three loops of the window in registers: nothing is stored inside.

// CHECK-LABEL: func.func @main_dispatch_0
// CHECK: scf.for {{.*}} -> (vector<4x16xf32>)
// CHECK: scf.for {{.*}} -> (vector<4x16xf32>)
// CHECK: scf.for {{.*}} -> (vector<4x16xf32>)
// CHECK-NOT: vector.store
// CHECK-COUNT-16: vector.fma {{.*}} : vector<16xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store

func.func @main(%x: tensor<58x58x64xf32>, %w: tensor<4x3x3x64x16xf32>) -> tensor<56x56x4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<56x56x4x16xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<56x56x4x16xf32>) -> tensor<56x56x4x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, a, b, y, x, c) -> (h + y, w + x, c)>, affine_map<(h, w, a, b, y, x, c) -> (a, y, x, c, b)>, affine_map<(h, w, a, b, y, x, c) -> (h, w, a, b)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<58x58x64xf32>, tensor<4x3x3x64x16xf32>) outs(%fill : tensor<56x56x4x16xf32>) {
  ^body(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<56x56x4x16xf32>
  return %r : tensor<56x56x4x16xf32>
}

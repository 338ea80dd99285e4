func.func @main(%x: tensor<4x150x898xf32>, %w: tensor<4x4x898xf32>) -> tensor<4x150x4xf32> {
%zero = arith.constant 0.0 : f32
%e = tensor.empty() : tensor<4x150x4xf32>
%f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x150x4xf32>) -> tensor<4x150x4xf32>
%r = linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (b, n, k)>, affine_map<(b, m, n, k) -> (b, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x150x898xf32>, tensor<4x4x898xf32>) outs(%f : tensor<4x150x4xf32>) {
^bb0(%a: f32, %b: f32, %c: f32):
%m = arith.mulf %a, %b : f32
%n = arith.addf %c, %m : f32
linalg.yield %n : f32
} -> tensor<4x150x4xf32>
%s = tensor.cast %r : tensor<4x150x4xf32> to tensor<4x150x4xf32>
return %s : tensor<4x150x4xf32>
}

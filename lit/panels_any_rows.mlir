// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: matmul_like pipeline:panel @vector 2 @reduce 4 @distribute 64 2 <end>

// Rows of any number: a workgroup has a fixed number of them, and what two rows leave over is peeled.

// CHECK: main_dispatch_0_matmul_like_Dx4x32x200_f32: #iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<{{.*}}iree-llvmcpu-peel
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<distribution = [64, 2, 0, 0], vector_common_parallel = [2, 1, 32, 0], vector_reduction = [0, 0, 0, 4]>

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

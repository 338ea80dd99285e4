// RUN: %apply %s --emit=config | FileCheck %s
// SCHEDULE: dispatch_1 pipeline:tile peel:yes @vector 4 @reduce 16 @inner 20 @distribute 12 cache:yes 6 50 <end>

// A layer norm is two dispatches. The first has no schedule here and keeps IREE's; in the second, the
// op after the reduction runs over its columns in parallel, at the inner level.

// CHECK: main_dispatch_0_reduction_48x100_f32:
// CHECK: main_dispatch_1_reduction_48x100_f32: {{.*}}pipeline<DoubleTilingExpert>, {enable_loop_peeling}>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<cache_parallel = [6, 0], cache_reduction = [0, 50], distribution = [12, 0], vector_common_parallel = [4, 0], vector_reduction = [0, 16]>
// CHECK-NEXT: linalg.generic: #iree_cpu.lowering_config<vector_common_parallel = [4, 0], vector_inner_parallel = [0, 20], vector_reduction = [0, 0]>

#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @main(%x: tensor<48x100xf32>) -> tensor<48x100xf32> {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 100.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %rows = tensor.empty() : tensor<48xf32>
  %empty = tensor.empty() : tensor<48x100xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%rows : tensor<48xf32>) -> tensor<48xf32>
  %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<48x100xf32>) outs(%fill : tensor<48xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.addf %a, %acc : f32
    linalg.yield %s : f32
  } -> tensor<48xf32>
  %centred = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<48x100xf32>, tensor<48xf32>) outs(%empty : tensor<48x100xf32>) {
  ^bb0(%a: f32, %t: f32, %o: f32):
    %mean = arith.divf %t, %count : f32
    %d = arith.subf %a, %mean : f32
    linalg.yield %d : f32
  } -> tensor<48x100xf32>
  %squares = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%centred : tensor<48x100xf32>) outs(%fill : tensor<48xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %m = arith.mulf %a, %a : f32
    %s = arith.addf %m, %acc : f32
    linalg.yield %s : f32
  } -> tensor<48xf32>
  %normal = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%centred, %squares : tensor<48x100xf32>, tensor<48xf32>) outs(%empty : tensor<48x100xf32>) {
  ^bb0(%a: f32, %t: f32, %o: f32):
    %v = arith.divf %t, %count : f32
    %e = arith.addf %v, %epsilon : f32
    %r = math.rsqrt %e : f32
    %y = arith.mulf %a, %r : f32
    linalg.yield %y : f32
  } -> tensor<48x100xf32>
  return %normal : tensor<48x100xf32>
}

// RUN: %cuda %s --emit=script > %t.script.mlir
// RUN: %cuda %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=cuda --iree-cuda-target=sm_80 %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %cuda %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: main pipeline:lanes @thread 4 2 @group 64 @reduce 256 <end>

// 64 threads share two rows, and each loads 4 neighbours at a time. The op after the sum goes
// through its rows in the same steps.

// CHECK: main_dispatch_0{{.*}}pipeline<VectorDistribute> workgroup_size = [64, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 32], [0, 1]], partial_reduction = [0, 256], subgroup_basis = {{\[\[}}1, 2], [0, 1]], thread = [0, 4], workgroup = [2, 0]}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 32], [0, 1]], serial = [0, 256], subgroup_basis = {{\[\[}}1, 2], [0, 1]], thread = [0, 4]}>

#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @main(%x: tensor<48x768xf32>) -> tensor<48x768xf32> {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 768.0 : f32
  %rows = tensor.empty() : tensor<48xf32>
  %empty = tensor.empty() : tensor<48x768xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%rows : tensor<48xf32>) -> tensor<48xf32>
  %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<48x768xf32>) outs(%fill : tensor<48xf32>) {
  ^body(%a: f32, %acc: f32):
    %s = arith.addf %a, %acc : f32
    linalg.yield %s : f32
  } -> tensor<48xf32>
  %centred = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<48x768xf32>, tensor<48xf32>) outs(%empty : tensor<48x768xf32>) {
  ^body(%a: f32, %t: f32, %o: f32):
    %m = arith.mulf %a, %count : f32
    %d = arith.subf %m, %t : f32
    linalg.yield %d : f32
  } -> tensor<48x768xf32>
  return %centred : tensor<48x768xf32>
}

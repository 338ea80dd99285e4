// RUN: %vulkan %s --emit=script > %t.script.mlir
// RUN: %vulkan %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=vulkan --iree-vulkan-target=ampere %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %vulkan %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: main pipeline:lanes @group 64 @reduce 256 <end>

// 64 invocations share a row, and each loads 4 neighbours at a time.

// CHECK: main_dispatch_0{{.*}}pipeline<SubgroupReduce> workgroup_size = [64, 1, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}1], [0, 256]]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}], [0, 256]]>

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

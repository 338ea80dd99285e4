// RUN: %vulkan %s --emit=script > %t.script.mlir
// RUN: %vulkan %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=vulkan --iree-vulkan-target=ampere %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %vulkan %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: half pipeline:matrix store:0 depth:2 @subgroup 2 1 @group 2 3 @reduce 2 <end>
// SCHEDULE: batch pipeline:matrix store:1 depth:1 @subgroup 1 2 @group 4 1 @reduce 4 <end>

// Tiles of 16 x 16 results: a subgroup of the first has 1 x 2 of them, and 3 x 2 subgroups (y by x)
// share a workgroup. A batch is taken one by one.

// CHECK: half_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<CooperativeMatrixVectorize> workgroup_size = [64, 3, 1] subgroup_size = 32, {pipeline_depth = 2 : i64, store_stage = 0 : i64}>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}48, 64], [16, 32], [0, 0, 32], [16, 16, 16]]>
// CHECK-NEXT: batch_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<CooperativeMatrixVectorize> workgroup_size = [128, 1, 1] subgroup_size = 32, {pipeline_depth = 1 : i64, store_stage = 1 : i64}>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}1, 32, 64], [1, 32, 16], [0, 0, 0, 64], [1, 16, 16, 16]]>

func.func @half(%a: tensor<96x256xf16>, %b: tensor<256x64xf16>, %c: tensor<64xf16>) -> tensor<96x64xf16> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x256xf16>, tensor<256x64xf16>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  %narrow = tensor.empty() : tensor<96x64xf16>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%product, %c : tensor<96x64xf32>, tensor<64xf16>) outs(%narrow : tensor<96x64xf16>) {
  ^body(%x: f32, %y: f16, %o: f16):
    %t = arith.truncf %x : f32 to f16
    %s = arith.addf %t, %y : f16
    linalg.yield %s : f16
  } -> tensor<96x64xf16>
  return %sum : tensor<96x64xf16>
}

func.func @batch(%a: tensor<6x32x64xf16>, %b: tensor<6x64x128xf16>) -> tensor<6x32x128xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6x32x128xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<6x32x128xf32>) -> tensor<6x32x128xf32>
  %product = linalg.batch_matmul ins(%a, %b : tensor<6x32x64xf16>, tensor<6x64x128xf16>) outs(%fill : tensor<6x32x128xf32>) -> tensor<6x32x128xf32>
  return %product : tensor<6x32x128xf32>
}

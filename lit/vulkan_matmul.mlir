// RUN: %vulkan %s --emit=script > %t.script.mlir
// RUN: FileCheck %s --check-prefix=SCRIPT --input-file=%t.script.mlir
// RUN: %vulkan %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=vulkan --iree-vulkan-target=ampere %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %vulkan %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: first pipeline:promote store:1 depth:2 @thread 8 4 @group 8 4 @reduce 32 <end>
// SCHEDULE: second pipeline:vector @thread 8 8 @group 8 2 @reduce 4 <end>

// Only the root op holds a config. Sizes are cut twice: an invocation computes 4 by 8 results, and
// 4 by 8 invocations (y by x) share a workgroup. No pass runs at the entry, unlike on CPUs.

// SCRIPT: transform.split_handle %{{.*}} : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
// SCRIPT-COUNT-1: transform.include @annotate_op failures(propagate)
// SCRIPT: transform.include @annotate_function failures(propagate)
// SCRIPT: transform.named_sequence @__kernel_config
// SCRIPT-NOT: apply_registered_pass

// CHECK: first_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<MatmulPromoteVectorize> workgroup_size = [8, 4, 1], {pipeline_depth = 2 : i64, store_stage = 1 : i64}>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}16, 64, 32]]>
// CHECK-NEXT: second_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize> workgroup_size = [8, 2, 1]>
// CHECK-NEXT: linalg.generic: #iree_codegen.lowering_config<tile_sizes = {{\[\[}}16, 64, 0], [8, 8, 0], [0, 0, 4]]>

func.func @first(%a: tensor<96x256xf32>, %b: tensor<256x64xf32>, %c: tensor<64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x256xf32>, tensor<256x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%product, %c : tensor<96x64xf32>, tensor<64xf32>) outs(%empty : tensor<96x64xf32>) {
  ^body(%x: f32, %y: f32, %o: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<96x64xf32>
  return %sum : tensor<96x64xf32>
}

func.func @second(%a: tensor<96x200xf32>, %b: tensor<200x64xf32>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x200xf32>, tensor<200x64xf32>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %product : tensor<96x64xf32>
}

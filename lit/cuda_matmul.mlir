// RUN: %cuda %s --emit=script > %t.script.mlir
// RUN: FileCheck %s --check-prefix=SCRIPT --input-file=%t.script.mlir
// RUN: %cuda %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=cuda --iree-cuda-target=sm_80 %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %cuda %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: first pipeline:promote @thread 8 4 @group 8 12 @reduce 32 <end>
// SCHEDULE: second pipeline:vector @thread 4 8 @group 8 2 @reduce 4 <end>

// Only the root op holds a config. A thread computes 4 by 8 results, and 12 by 8 threads share a
// workgroup with both inputs' tiles in shared memory; NVIDIA's assembler is told that one workgroup
// at once is enough. 16 threads still take a whole warp.

// SCRIPT-COUNT-1: transform.include @annotate_op failures(propagate)
// SCRIPT: transform.include @annotate_function failures(propagate)
// SCRIPT-COUNT-1: transform.include @annotate_residents failures(propagate)
// SCRIPT: transform.named_sequence @__kernel_config
// SCRIPT-NOT: apply_registered_pass

// CHECK: first_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [96, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{promote_operands = [0, 1], reduction = [0, 0, 32], thread = [4, 8, 0], workgroup = [48, 64, 0]}>
// CHECK-NEXT: second_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [32, 1, 1] subgroup_size = 32>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{reduction = [0, 0, 4], thread = [8, 4, 0], workgroup = [16, 32, 0]}>

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

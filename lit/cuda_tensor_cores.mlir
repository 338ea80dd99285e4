// RUN: %cuda %s --emit=script > %t.script.mlir
// RUN: FileCheck %s --check-prefix=SCRIPT --input-file=%t.script.mlir
// RUN: %cuda %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=cuda --iree-cuda-target=sm_80 %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %cuda %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: half pipeline:matrix banks:padded @subgroup 4 2 @group 2 3 @reduce 8 <end>
// SCHEDULE: brain pipeline:matrix banks:plain @subgroup 8 1 @group 1 2 @reduce 1 <end>

// Tiles of 16 x 8 results: a warp of the first has 2 x 4 of them, and 3 x 2 warps share a
// workgroup's inputs in shared memory, 8 x 16 deep.

// SCRIPT-COUNT-1: transform.include @annotate_op failures(propagate)
// SCRIPT: transform.named_sequence @__kernel_config

// CHECK: half_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [192, 1, 1] subgroup_size = 32, {gpu_pipeline_options = #iree_gpu.pipeline_options<no_reduce_shared_memory_bank_conflicts = false, use_igemm_convolution = false>}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{convert_acc_gemm, mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, promote_operands = [0, 1], reduction = [0, 0, 8], subgroup = [2, 4, 0], workgroup = [96, 64, 0]}>
// CHECK-NEXT: brain_dispatch_0{{.*}}: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [64, 1, 1] subgroup_size = 32, {gpu_pipeline_options = #iree_gpu.pipeline_options<no_reduce_shared_memory_bank_conflicts = true, use_igemm_convolution = false>}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{convert_acc_gemm, mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_BF16>, promote_operands = [0, 1], reduction = [0, 0, 1], subgroup = [1, 8, 0], workgroup = [32, 64, 0]}>

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

func.func @brain(%a: tensor<96x208xbf16>, %b: tensor<208x64xbf16>) -> tensor<96x64xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<96x64xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<96x64xf32>) -> tensor<96x64xf32>
  %product = linalg.matmul ins(%a, %b : tensor<96x208xbf16>, tensor<208x64xbf16>) outs(%fill : tensor<96x64xf32>) -> tensor<96x64xf32>
  return %product : tensor<96x64xf32>
}

// RUN: %cuda %s --emit=script > %t.script.mlir
// RUN: %cuda %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=cuda --iree-cuda-target=sm_80 %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %cuda %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: first pipeline:matrix banks:padded @subgroup 2 7 1 @group 1 2 2 @reduce 3 <end>
// SCHEDULE: last pipeline:matrix banks:plain @subgroup 3 1 2 1 @group 2 2 1 1 @reduce 2 <end>

// Channels first: a warp has 2 x 7 x 1 tiles of 8 columns, one line and 16 channels, and 1 x 2 x 2
// warps share a workgroup; 14 columns are padded to 16. Channels last: they are the columns.

// CHECK: first_dispatch_{{.*}}workgroup_size = [128, 1, 1] subgroup_size = 32, {gpu_pipeline_options = #iree_gpu.pipeline_options<no_reduce_shared_memory_bank_conflicts = false, use_igemm_convolution = true>}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{convert_acc_gemm, mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, padding = [32, 14, 16, 48], promote_operands = [0, 1], reduction = [0, 0, 0, 3], subgroup = [1, 7, 2, 0], workgroup = [32, 14, 16, 0]}>
// CHECK: last_dispatch_{{.*}}workgroup_size = [128, 1, 1] subgroup_size = 32, {gpu_pipeline_options = #iree_gpu.pipeline_options<no_reduce_shared_memory_bank_conflicts = true, use_igemm_convolution = true>}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{convert_acc_gemm, mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, padding = [2, 2, 16, 48, 32], promote_operands = [0, 1], reduction = [0, 0, 0, 0, 2], subgroup = [2, 1, 1, 3, 0], workgroup = [2, 2, 16, 48, 0]}>

func.func @first(%a: tensor<32x16x16xf16>, %b: tensor<64x32x3x3xf16>) -> tensor<64x14x14xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x14x14xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x14x14xf32>) -> tensor<64x14x14xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(f, y, x, c, i, j) -> (c, y + i, x + j)>, affine_map<(f, y, x, c, i, j) -> (f, c, i, j)>, affine_map<(f, y, x, c, i, j) -> (f, y, x)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%a, %b : tensor<32x16x16xf16>, tensor<64x32x3x3xf16>) outs(%fill : tensor<64x14x14xf32>) {
  ^body(%l: f16, %w: f16, %o: f32):
    %p = arith.extf %l : f16 to f32
    %q = arith.extf %w : f16 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<64x14x14xf32>
  return %r : tensor<64x14x14xf32>
}

func.func @last(%a: tensor<2x18x18x32xf16>, %b: tensor<3x3x32x48xf16>) -> tensor<2x16x16x48xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x16x16x48xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x16x16x48xf32>) -> tensor<2x16x16x48xf32>
  %r = linalg.conv_2d_nhwc_hwcf ins(%a, %b : tensor<2x18x18x32xf16>, tensor<3x3x32x48xf16>) outs(%fill : tensor<2x16x16x48xf32>) -> tensor<2x16x16x48xf32>
  return %r : tensor<2x16x16x48xf32>
}

// RUN: %cuda %s --emit=script > %t.script.mlir
// RUN: FileCheck %s --check-prefix=SCRIPT --input-file=%t.script.mlir
// RUN: %cuda %s --emit=config > %t.ours
// RUN: FileCheck %s --input-file=%t.ours
// RUN: %stock_gpu --iree-hal-target-device=cuda --iree-cuda-target=sm_80 %s --compile-to=executable-configurations --iree-codegen-transform-dialect-library=%t.script.mlir -o %t.stock.mlir
// RUN: %cuda %t.stock.mlir --emit=attributes > %t.stock
// RUN: diff %t.ours %t.stock
// SCHEDULE: single pipeline:vector @thread 8 2 @group 4 16 @reduce 16 <end>
// SCHEDULE: half pipeline:matrix @subgroup 4 2 @group 2 @reduce 3 <end>

// Four threads share a row of the first, and its keys: a thread has 2 rows by 8 columns. Two warps
// have 2 x 4 tiles of 16 x 8 results each of the second, and a step has 3 tiles of keys.

// SCRIPT: transform.include @annotate_op failures(propagate)
// SCRIPT: transform.include @annotate_products failures(propagate)
// SCRIPT: transform.include @annotate_function failures(propagate)

// CHECK: single_dispatch_0{{.*}}pipeline<VectorDistribute> workgroup_size = [64, 1, 1] subgroup_size = 32
// CHECK-NEXT: iree_linalg_ext.online_attention: #iree_gpu.lowering_config<{reduction = [0, 0, 0, 0, 16], workgroup = [1, 32, 32, 0, 0]}>; {pv_attrs = {lowering_config = #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 8, 4, 1, 1], [0, 1, 2, 4]], subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 2, 4]], thread = [1, 1, 8, 4]}>}, qk_attrs = {lowering_config = #iree_gpu.lowering_config<{lane_basis = {{\[\[}}1, 8, 1, 1, 4], [0, 1, 3, 4]], subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 3, 4]], thread = [1, 1, 4, 4]}>}}
// CHECK: half_dispatch_0{{.*}}pipeline<VectorDistribute> workgroup_size = [64, 1, 1] subgroup_size = 32
// CHECK-NEXT: iree_linalg_ext.online_attention: #iree_gpu.lowering_config<{promote_operands = [0, 1, 2], promotion_types = [{{.*}}], reduction = [0, 0, 0, 0, 48], workgroup = [1, 64, 32, 0, 0]}>; {pv_attrs = {lowering_config = #iree_gpu.lowering_config<{mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, promote_operands = [1], {{.*}}subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 2, 4]]}>}, qk_attrs = {{.*}}promote_operands = [0, 1], {{.*}}subgroup_basis = {{\[\[}}1, 2, 1, 1, 1], [0, 1, 3, 4]]}>}}

func.func @single(%q: tensor<4x64x32xf32>, %k: tensor<4x48x32xf32>, %v: tensor<4x48x32xf32>) -> tensor<4x64x32xf32> {
  %scale = arith.constant 0.17 : f32
  %empty = tensor.empty() : tensor<4x64x32xf32>
  %r = iree_linalg_ext.attention <{indexing_maps = [affine_map<(b, m, n, k1, k2) -> (b, m, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, n)>, affine_map<(b, m, n, k1, k2) -> ()>, affine_map<(b, m, n, k1, k2) -> (b, m, n)>]}>
    ins(%q, %k, %v, %scale : tensor<4x64x32xf32>, tensor<4x48x32xf32>, tensor<4x48x32xf32>, f32) outs(%empty : tensor<4x64x32xf32>) {
  ^bb0(%s: f32):
    iree_linalg_ext.yield %s : f32
  } -> tensor<4x64x32xf32>
  return %r : tensor<4x64x32xf32>
}

func.func @half(%q: tensor<4x64x32xf16>, %k: tensor<4x48x32xf16>, %v: tensor<4x48x32xf16>) -> tensor<4x64x32xf16> {
  %scale = arith.constant 0.17 : f16
  %empty = tensor.empty() : tensor<4x64x32xf16>
  %r = iree_linalg_ext.attention <{indexing_maps = [affine_map<(b, m, n, k1, k2) -> (b, m, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, k1)>, affine_map<(b, m, n, k1, k2) -> (b, k2, n)>, affine_map<(b, m, n, k1, k2) -> ()>, affine_map<(b, m, n, k1, k2) -> (b, m, n)>]}>
    ins(%q, %k, %v, %scale : tensor<4x64x32xf16>, tensor<4x48x32xf16>, tensor<4x48x32xf16>, f16) outs(%empty : tensor<4x64x32xf16>) {
  ^bb0(%s: f32):
    iree_linalg_ext.yield %s : f32
  } -> tensor<4x64x32xf16>
  return %r : tensor<4x64x32xf16>
}

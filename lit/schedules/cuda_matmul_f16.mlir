// RUN: %cuda %S/../Inputs/matmul_f16.mlir --schedule 'pipeline:matrix banks:padded @subgroup 4 6 @group 2 1 @reduce 1 <end>' | FileCheck %s

// 6 rows by 4 columns for a subgroup, in instructions; a workgroup has 2 columns of these; one at
// a time, in instructions; on matrix units; rows of shared memory padded.

// CHECK: main_dispatch_0_matmul_96x64x208_f16xf16xf32: #iree_codegen.translation_info<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [64, 1, 1] subgroup_size = 32, {gpu_pipeline_options = #iree_gpu.pipeline_options<no_reduce_shared_memory_bank_conflicts = false, use_igemm_convolution = false>}>
// CHECK-NEXT: linalg.generic: #iree_gpu.lowering_config<{convert_acc_gemm, mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, promote_operands = [0, 1], reduction = [0, 0, 1], subgroup = [6, 4, 0], workgroup = [96, 64, 0]}>

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attributes that configure dispatches: read as IREE 3.13 prints them, and written as it reads."""

from __future__ import annotations

import pytest
from iree.compiler import ir
from iree.compiler.dialects import iree_codegen, iree_gpu

from tlm_mlir.iree import attributes
from tlm_mlir.iree.attributes import CPU, GPU, SPIRV, Lowering, Translation, read

CODEGEN = "func.func translation_info = #iree_codegen.translation_info"
CPU_ATTENTION = f"""\
{CODEGEN}<pipeline = #iree_cpu.pipeline<LinalgExtTileAndVectorize>>
linalg.fill lowering_config = #iree_cpu.lowering_config<vector_common_parallel = [1, 8]>
iree_linalg_ext.online_attention lowering_config = #iree_cpu.lowering_config<\
distribution = [1, 32, 32, 0, 0], vector_common_parallel = [1, 8, 16, 0, 0], \
vector_reduction = [0, 0, 0, 0, 16]>"""
CUDA_CONVOLUTION = f"""\
{CODEGEN}<pipeline = #iree_gpu.pipeline<TileAndFuse> workgroup_size = [256, 1, 1] \
subgroup_size = 32, {{gpu_pipeline_options = #iree_gpu.pipeline_options<prefetch_num_stages = 2, \
no_reduce_shared_memory_bank_conflicts = false, use_igemm_convolution = true>}}>
linalg.generic lowering_config = #iree_gpu.lowering_config<{{convert_acc_gemm, \
mma_kind = #iree_gpu.mma_layout<NV_MMA_SYNC_F32_16x8x16_F16>, padding = [64, 2, 16, 32], \
promote_operands = [0, 1], reduction = [0, 0, 0, 2], subgroup = [2, 1, 1, 0], \
workgroup = [64, 2, 16, 0]}}>"""
CUDA_ATTENTION = f"""\
{CODEGEN}<pipeline = #iree_gpu.pipeline<VectorDistribute> workgroup_size = [128, 1, 1] \
subgroup_size = 32, {{iree_codegen.denormal_fp_math_f32 = \
#iree_codegen.denormal_fp_math<"preserve-sign">}}>
iree_linalg_ext.online_attention lowering_config = #iree_gpu.lowering_config<{{\
promote_operands = [0, 1, 2], promotion_types = [#iree_gpu.derived_thread_config, \
#iree_gpu.derived_thread_config, #iree_gpu.derived_thread_config], \
reduction = [0, 0, 0, 0, 16], workgroup = [1, 64, 32, 0, 0]}}>"""
CUDA_REDUCTION = f"""\
{CODEGEN}<pipeline = #iree_gpu.pipeline<VectorDistribute> workgroup_size = [192, 1, 1] \
subgroup_size = 32>
linalg.generic lowering_config = #iree_gpu.lowering_config<{{lane_basis = [[1, 32], [0, 1]], \
partial_reduction = [0, 768], subgroup_basis = [[1, 6], [0, 1]], thread = [0, 4], \
workgroup = [1, 0]}}>
linalg.generic lowering_config = #iree_gpu.lowering_config<{{serial = [0, 768], \
thread = [0, 4]}}>"""
VULKAN_MATMUL = f"""\
{CODEGEN}<pipeline = #iree_gpu.spirv_pipeline<MatmulPromoteVectorize> \
workgroup_size = [16, 16, 1], {{pipeline_depth = 1 : i64, store_stage = 1 : i64}}>
linalg.generic lowering_config = #iree_codegen.lowering_config<tile_sizes = [[48, 64, 32]]>"""
VULKAN_REDUCTION = f"""\
{CODEGEN}<pipeline = #iree_gpu.spirv_pipeline<SubgroupReduce> workgroup_size = [192, 1, 1]>
linalg.fill lowering_config = #iree_codegen.lowering_config<tile_sizes = [[], [0, 768]]>
linalg.generic lowering_config = #iree_codegen.lowering_config<tile_sizes = [[1], [0, 768]]>"""
PRINTED = {
    name: value for name, value in list(globals().items()) if str(value).startswith(CODEGEN + "<")
}


def test_cpu() -> None:
    found = read(CPU_ATTENTION)
    assert found.translation == Translation("LinalgExtTileAndVectorize")
    fill, attention = found.ops
    assert fill == Lowering("linalg.fill", {"vector_common_parallel": [1, 8]})
    assert attention.op == "iree_linalg_ext.online_attention"
    assert attention.sizes("distribution") == (1, 32, 32, 0, 0)
    assert attention.sizes("vector_reduction") == (0, 0, 0, 0, 16)
    assert attention.sizes("cache_parallel") == () and attention.tile_sizes == []


def test_a_level_with_an_order_has_sizes_alike() -> None:
    sizes = attributes.level([8, 32, 0], [1, 0, 2])
    config = attributes.cpu_config({"vector_common_parallel": sizes})
    (op,) = read(f"linalg.generic lowering_config = {config}").ops
    assert op.sizes("vector_common_parallel") == (8, 32, 0)
    assert op.entries["vector_common_parallel"]["interchange"] == [1, 0, 2]


def test_cuda() -> None:
    found = read(CUDA_CONVOLUTION)
    options = {
        "prefetch_num_stages": 2,
        "no_reduce_shared_memory_bank_conflicts": False,
        "use_igemm_convolution": True,
    }
    assert found.translation == Translation("TileAndFuse", (256, 1, 1), 32, options)
    (op,) = found.ops
    assert op.entries["mma_kind"] == "NV_MMA_SYNC_F32_16x8x16_F16"
    assert op.entries["convert_acc_gemm"] is True and op.entries["promote_operands"] == [0, 1]
    assert op.sizes("workgroup") == (64, 2, 16, 0) and op.sizes("padding") == (64, 2, 16, 32)
    flushed = {"iree_codegen.denormal_fp_math_f32": "preserve-sign"}
    attention = read(CUDA_ATTENTION)
    assert attention.translation.options == flushed
    types = attention.ops[0].entries["promotion_types"]
    assert types == ["#iree_gpu.derived_thread_config"] * 3
    assert read(CUDA_REDUCTION).ops[0].entries["lane_basis"] == [[1, 32], [0, 1]]


def test_vulkan() -> None:
    found = read(VULKAN_MATMUL)
    options = {"pipeline_depth": 1, "store_stage": 1}
    assert found.translation == Translation("MatmulPromoteVectorize", (16, 16, 1), 0, options)
    assert found.ops[0].tile_sizes == [[48, 64, 32]]
    assert [op.tile_sizes for op in read(VULKAN_REDUCTION).ops] == [[[], [0, 768]], [[1], [0, 768]]]


def test_nothing_is_read_of_a_dispatch_without_a_configuration() -> None:
    assert read("") == attributes.Configured(Translation(), ())


def test_a_pipeline_that_is_none_of_irees_own_has_no_name() -> None:
    passes = '#iree_codegen.pass_pipeline<"func.func(cse)">'
    assert read(f"{CODEGEN}<pipeline = {passes}>").translation == Translation()


@pytest.mark.parametrize("name", PRINTED)
def test_texts_are_what_iree_prints(name: str) -> None:
    with ir.Context():
        for line in PRINTED[name].splitlines():
            text = line.partition(" = ")[2]
            assert str(ir.Attribute.parse(text)) == text


@pytest.mark.parametrize("name", [name for name in PRINTED if name.startswith("CUDA")])
def test_the_bindings_tell_alike(name: str) -> None:
    found = read(PRINTED[name])
    info, *configs = (line.partition(" = ")[2] for line in PRINTED[name].splitlines())
    with ir.Context():
        told = iree_codegen.TranslationInfoAttr(ir.Attribute.parse(info))
        assert tuple(told.workgroup_size) == found.translation.workgroup
        for op, text in zip(found.ops, configs, strict=True):
            config = iree_gpu.LoweringConfigAttr(ir.Attribute.parse(text))
            assert tuple(config.workgroup_tile_sizes) == op.sizes("workgroup")
            assert tuple(config.reduction_tile_sizes) == op.sizes("reduction")


def test_what_is_written_is_read() -> None:
    info = attributes.translation_info(CPU, "DoubleTilingExpert", options=["enable_loop_peeling"])
    assert read(f"func.func translation_info = {info}").translation == Translation(
        "DoubleTilingExpert", options={"enable_loop_peeling": True}
    )
    options = [attributes.gpu_options(bank_conflicts=True, igemm=False)]
    info = attributes.translation_info(
        GPU, "TileAndFuse", workgroup=[64, 1, 1], subgroup=32, options=options
    )
    found = read(f"func.func translation_info = {info}").translation
    assert found.workgroup == (64, 1, 1) and found.subgroup == 32
    assert found.options["no_reduce_shared_memory_bank_conflicts"] is True
    info = attributes.translation_info(
        SPIRV, "BaseVectorize", workgroup=[4, 8, 1], options=[attributes.denormals_flushed()]
    )
    found = read(f"func.func translation_info = {info}").translation
    assert found.pipeline == "BaseVectorize" and list(found.options.values()) == ["preserve-sign"]


def test_configs_are_written_as_iree_prints_them() -> None:
    written = [
        attributes.cpu_config({"distribution": attributes.level([32, 0])}),
        attributes.spirv_config([[8, 4], [1, 1]]),
        attributes.gpu_config(
            [attributes.mma_kind("NV_MMA_SYNC_F32_16x8x16_F16"), attributes.promoted(0, 1)]
        ),
        attributes.gpu_config([attributes.promoted(0, 1, by_threads=True), "workgroup = [1, 64]"]),
        attributes.decomposition(["thread = [1, 2]"], ["thread = [2, 1]"]),
        attributes.binding_layout([True, False]),
    ]
    with ir.Context():
        for text in written[:4] + written[5:]:
            assert str(ir.Attribute.parse(text)) == text
        products = attributes.plain(ir.Attribute.parse(written[4]))
    assert products["pv_attrs"]["lowering_config"] == {"thread": [2, 1]}

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing and reading the attributes by which a dispatch is configured.

A function has a `translation_info`: its pipeline, the workgroup's size and options. Its ops have a
`lowering_config` each: tile sizes by level, and what a pipeline wants besides. Attributes are
written as text, which MLIR parses; they are read through IREE's bindings. The parameters of an
attribute that has no bindings print as a dictionary's entries, and are read as one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from iree.compiler import ir
from iree.compiler.dialects import iree_codegen, iree_gpu

from .module import reading_context

TRANSLATION = "translation_info"
LOWERING = "lowering_config"
DECOMPOSITION = "decomposition_config"
"""Names of the attributes of a function, of an op, and of an op that IREE takes apart."""
COMPILATION = "compilation_info"
"""Name of the attribute that holds both of the first two, on an op of a program."""
DATA_TILING_HINT = "iree.opt.data_tiling"
"""Name of the attribute that says whether IREE packs a contraction's operands (DispatchCreation/
AnnotateDataTilingHints.cpp)."""
SPECIALIZATION = "iree_codegen.specialization_ranges"
"""Name of the attribute of an op that asks for a function for some extents of its loops."""
FEWEST_RESIDENT = "nvvm.minctasm"
"""Name of the attribute that says how many workgroups a multiprocessor of NVIDIA's must hold at
least (`.minnctapersm` of PTX)."""

CPU, GPU, SPIRV = "#iree_cpu.pipeline", "#iree_gpu.pipeline", "#iree_gpu.spirv_pipeline"
"""Kinds of pipelines: each backend's own."""
_OPTIONS = "gpu_pipeline_options"
_TILES = "tile_sizes"


def translation_info(
    kind: str,
    pipeline: str,
    *,
    workgroup: Sequence[int] = (),
    subgroup: int = 0,
    options: Sequence[str] = (),
) -> str:
    """Text of a function's `translation_info`.

    `kind` is CPU, GPU or SPIRV, `workgroup` the invocations along x, y and z, and `options` are
    entries of a dictionary as text, `name` or `name = value`.
    """
    parts = [f"pipeline = {kind}<{pipeline}>"]
    if workgroup:
        parts.append(f"workgroup_size = {list(workgroup)}")
    if subgroup:
        parts.append(f"subgroup_size = {subgroup}")
    further = f", {{{', '.join(options)}}}" if options else ""
    return f"#iree_codegen.translation_info<{' '.join(parts)}{further}>"


def pass_list_info(passes: str) -> str:
    """Text of a function's `translation_info` whose pipeline is a list of passes."""
    return f'#iree_codegen.translation_info<pipeline = #iree_codegen.pass_pipeline<"{passes}">>'


def gpu_options(*, bank_conflicts: bool, igemm: bool) -> str:
    """The option of GPU pipelines: whether shared memory is left unpadded, and whether the op is a
    convolution that becomes a matmul."""
    return (
        f"{_OPTIONS} = #iree_gpu.pipeline_options<"
        f"no_reduce_shared_memory_bank_conflicts = {str(bank_conflicts).lower()},"
        f" use_igemm_convolution = {str(igemm).lower()}>"
    )


def denormals_flushed() -> str:
    """The option by which 32-bit floats too small to be normal become zero."""
    return 'iree_codegen.denormal_fp_math_f32 = #iree_codegen.denormal_fp_math<"preserve-sign">'


def cpu_config(levels: Mapping[str, str]) -> str:
    """Text of a `lowering_config` for CPUs: each level's sizes, as `level` writes them."""
    parts = ", ".join(f"{name} = {sizes}" for name, sizes in levels.items())
    return f"#iree_cpu.lowering_config<{parts}>"


def level(sizes: Sequence[int], interchange: Sequence[int] = ()) -> str:
    """One level of a config for CPUs, with an order of the loops if there is one."""
    if not interchange:
        return str(list(sizes))
    return f"{{sizes = {list(sizes)}, interchange = {list(interchange)}}}"


def specialization(ranges: Sequence[tuple[int, int] | None]) -> str:
    """Text of the attribute for one more function: least and most steps by loop, None for any."""
    loops = (f"<umin = {r[0]}, umax = {r[1]}>" if r else "<>" for r in ranges)
    return f"#util<int.assumption.multi_array[[{', '.join(loops)}]]>"


def gpu_config(entries: Sequence[str]) -> str:
    """Text of a `lowering_config` for GPUs: entries of a dictionary as text."""
    return f"#iree_gpu.lowering_config<{{{', '.join(entries)}}}>"


def spirv_config(levels: Sequence[Sequence[int]]) -> str:
    """Text of a `lowering_config` whose levels have numbers instead of names."""
    return f"#iree_codegen.lowering_config<{_TILES} = {[list(sizes) for sizes in levels]}>"


def mma_kind(intrinsic: str) -> str:
    """The entry of a GPU's config that names a matrix unit's instruction."""
    return f"mma_kind = #iree_gpu.mma_layout<{intrinsic}>"


def promoted(*operands: int, by_threads: bool = False) -> str:
    """The entry of a GPU's config for operands that are copied to shared memory; `by_threads`
    shares the copying among all threads, whatever the tiles."""
    entry = f"promote_operands = {list(operands)}"
    if not by_threads:
        return entry
    types = ", ".join(["#iree_gpu.derived_thread_config"] * len(operands))
    return f"{entry}, promotion_types = [{types}]"


def decomposition(queries_by_keys: Sequence[str], scores_by_values: Sequence[str]) -> str:
    """Text of the config of an attention's two products, each a GPU's config by its entries."""
    first, second = (
        f"{{{LOWERING} = {gpu_config(entries)}}}" for entries in (queries_by_keys, scores_by_values)
    )
    return f"{{qk_attrs = {first}, pv_attrs = {second}}}"


def binding_layout(read_only: Sequence[bool]) -> str:
    """Text of the layout of a dispatch's operands, each with a binding of its own."""
    parts = [f"#hal.pipeline.binding<storage_buffer{', ReadOnly' * one}>" for one in read_only]
    return f"#hal.pipeline.layout<bindings = [{', '.join(parts)}]>"


@dataclass(frozen=True)
class Translation:
    """What a `translation_info` says. `pipeline` is empty where it is none of IREE's own kinds, and
    `options` holds plain values (`plain`), those of `gpu_pipeline_options` among them."""

    pipeline: str = ""
    workgroup: tuple[int, ...] = ()
    subgroup: int = 0
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lowering:
    """What the `lowering_config` of an op says, as plain values (`plain`).

    `op` is the op's name. Levels without names are `tile_sizes` among the entries.
    """

    op: str
    entries: dict[str, Any]

    def sizes(self, name: str) -> tuple[int, ...]:
        """Tile sizes of a level, none where the config has no such level."""
        found = self.entries.get(name, [])
        return tuple(found["sizes"] if isinstance(found, dict) else found)

    @property
    def tile_sizes(self) -> list[list[int]]:
        """Sizes of the levels that have numbers."""
        found: list[list[int]] = self.entries.get(_TILES, [])
        return found


@dataclass(frozen=True)
class Configured:
    """How IREE has configured a dispatch: its function, and its ops in program order."""

    translation: Translation
    ops: tuple[Lowering, ...]


def read(configuration: str) -> Configured:
    """Reads the text of a dispatch's configuration (`executables.configuration`).

    Each line is an op's name, an attribute's name, ` = ` and the attribute.
    """
    translation = Translation()
    ops = []
    for line in configuration.splitlines():
        owner, _, text = line.partition(" = ")
        op, name = owner.split()
        attribute = ir.Attribute.parse(text, reading_context())
        if name == TRANSLATION:
            translation = _translation(attribute)
        elif name == LOWERING:
            ops.append(Lowering(op, dict(plain(attribute))))
    return Configured(translation, tuple(ops))


def _translation(attribute: ir.Attribute) -> Translation:
    info = iree_codegen.TranslationInfoAttr(attribute)
    options = plain(info.configuration) if info.configuration else {}
    options |= options.pop(_OPTIONS, {})
    pipeline = str(info.pass_pipeline)
    own = pipeline.partition("<")[0] in (CPU, GPU, SPIRV)
    return Translation(
        _parameters(pipeline) if own else "",
        tuple(info.workgroup_size),
        info.subgroup_size,
        options,
    )


def lowered_by_known_passes(attribute: ir.Attribute, known: Collection[str]) -> bool:
    """Whether an attribute, if it names a pipeline, names one of IREE's own or of `known` lists."""
    text = str(attribute)
    if "pipeline" not in text:
        return True
    if not isinstance(attribute, iree_codegen.TranslationInfoAttr):
        return False
    pipeline = attribute.pass_pipeline
    if isinstance(pipeline, iree_codegen.PassPipelineAttr):
        return pipeline.pipeline in known
    return str(pipeline).partition("<")[0] in (CPU, GPU, SPIRV)


def plain(attribute: ir.Attribute) -> Any:
    """An attribute as a Python value: dicts, lists, ints, floats, bools and strings.

    A unit attribute is True, an enum's value its name. An attribute of IREE's with parameters by
    name is a dict of them, one without parameters its text.
    """
    match attribute:
        case ir.DictAttr():
            return {item.name: plain(item.attr) for item in attribute}
        case ir.ArrayAttr():
            return [plain(item) for item in attribute]
        case ir.UnitAttr():
            return True
        case ir.BoolAttr() | ir.IntegerAttr() | ir.FloatAttr() | ir.StringAttr():
            return attribute.value
        case iree_gpu.LoweringConfigAttr():
            return plain(attribute.attributes)
    parameters = _parameters(str(attribute))
    if parameters.startswith(("{", "[", '"')):
        return plain(ir.Attribute.parse(parameters, attribute.context))
    if "=" in parameters:
        return plain(ir.Attribute.parse(f"{{{parameters}}}", attribute.context))
    return parameters or str(attribute)


def _parameters(text: str) -> str:
    """`sizes = [1]` of `#dialect.name<sizes = [1]>`."""
    return text.partition("<")[2].removesuffix(">")

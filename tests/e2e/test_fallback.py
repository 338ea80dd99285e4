# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Choices that keep a program from compiling fall back alone, at whatever point they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iree.compiler import ir
from running import loaded

from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.compiler.report import Report
from tlm_mlir.decisions.dispatch import Lowering
from tlm_mlir.decisions.layout import IM2COL, Layout
from tlm_mlir.decisions.packing import TILED, Packing
from tlm_mlir.decisions.point import DecisionPoint, Site
from tlm_mlir.errors import CompileError, InputError
from tlm_mlir.iree.attributes import COMPILATION, TRANSLATION
from tlm_mlir.iree.executables import executables, functions, variants
from tlm_mlir.iree.locations import source_places
from tlm_mlir.iree.module import symbol, walk
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import END, Schedule
from tlm_mlir.policy.deciding import FELL_BACK, SCHEDULED
from tlm_mlir.policy.scheduler import Answer

CONVOLUTION = """
  %e{i} = tensor.empty() : tensor<1x8x{n}x{n}xf32>
  %f{i} = linalg.fill ins(%zero : f32) outs(%e{i} : tensor<1x8x{n}x{n}xf32>)
    -> tensor<1x8x{n}x{n}xf32>
  %c{i} = linalg.conv_2d_nchw_fchw {{dilations = dense<1> : vector<2xi64>,
      strides = dense<1> : vector<2xi64>}}
    ins(%{before}, %w : tensor<1x8x{m}x{m}xf32>, tensor<8x8x3x3xf32>)
    outs(%f{i} : tensor<1x8x{n}x{n}xf32>) -> tensor<1x8x{n}x{n}xf32>"""
MATMUL = """
  %g{i} = tensor.empty() : tensor<80x{n}xf32>
  %h{i} = linalg.fill ins(%zero : f32) outs(%g{i} : tensor<80x{n}xf32>) -> tensor<80x{n}xf32>
  %p{i} = linalg.matmul ins(%{before}, %v{i} : tensor<80x{k}xf32>, tensor<{k}x{n}xf32>)
    outs(%h{i} : tensor<80x{n}xf32>) -> tensor<80x{n}xf32>"""
"""One matmul of another shape than the others: no two dispatches are one."""
CONVOLUTIONS, MATMULS = 2, 4
SIDES = [40, 56, 72, 88, 104]
LAST = {88, 104}
"""Extents of the last two matmuls alone."""
CHANGED, PACKED, LOWERED = {0, 1}, {0, 1, 2, 3}, ["80x88x72_f32", "80x104x88_f32"]
"""Places of the convolutions and matmuls, and ends of the names of the dispatches, that are not
left to IREE."""


def program() -> str:
    """Convolutions, each of the last one's result, and matmuls, likewise."""
    last = 20 - 2 * CONVOLUTIONS
    arguments = ["%x: tensor<1x8x20x20xf32>", "%w: tensor<8x8x3x3xf32>"]
    arguments += [f"%y: tensor<80x{SIDES[0]}xf32>"]
    arguments += [f"%v{i}: tensor<{SIDES[i]}x{SIDES[i + 1]}xf32>" for i in range(MATMULS)]
    results = f"tensor<1x8x{last}x{last}xf32>, tensor<80x{SIDES[MATMULS]}xf32>"
    text = f"func.func @main({', '.join(arguments)}) -> ({results}) {{\n"
    text += "  %zero = arith.constant 0.0 : f32"
    for i in range(CONVOLUTIONS):
        m = 20 - 2 * i
        text += CONVOLUTION.format(i=i, m=m, n=m - 2, before=f"c{i - 1}" if i else "x")
    for i in range(MATMULS):
        k, n = SIDES[i], SIDES[i + 1]
        text += MATMUL.format(i=i, k=k, n=n, before=f"p{i - 1}" if i else "y")
    return f"{text}\n  return %c{CONVOLUTIONS - 1}, %p{MATMULS - 1} : {results}\n}}\n"


CONFIG = "#iree_cpu.lowering_config<distribution = [8, 8, 8], vector_common_parallel = [8, 8, 8]>"
"""How to tile a matmul, as IREE does not: it would cut the sum among workgroups."""
REFUSED = (
    f"#iree_codegen.compilation_info<lowering_config = {CONFIG}, translation_info ="
    " #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>>"
)
FOREIGN = "#iree_codegen.translation_info<pipeline = #iree_gpu.spirv_pipeline<BaseVectorize>>"
MISSING = '[#hal.executable.object<{path = "/nowhere/at/all.o"}>]'
"""What an executable is linked with, long after its code was generated."""


def scheduled(schedules: Sequence[Schedule | None]) -> set[int]:
    """The places of schedules that are not IREE's default."""
    return {i for i, some in enumerate(schedules) if some is not None and not some.is_default}


class RefusedLayout(Layout):
    """Matmuls of some convolutions are to be lowered in a way that IREE refuses, or are refused at
    once (`early`)."""

    def __init__(self, broken: set[int], *, early: bool = False) -> None:
        self._broken, self._early = broken, early

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        bad = scheduled(schedules) & self._broken
        if bad and self._early:
            raise CompileError(f"{sites[min(bad)].location}: this one not")
        places = frozenset().union(*(source_places(sites[at].operation) for at in bad))
        super().apply(module, sites, schedules)
        with module.context:
            for operation in walk(module):
                if operation.name == "linalg.matmul" and source_places(operation) & places:
                    operation.attributes[COMPILATION] = ir.Attribute.parse(REFUSED)


class RefusedPacking(Packing):
    """Some matmuls are to be lowered in a way that IREE refuses."""

    def __init__(self, broken: set[int]) -> None:
        self._broken = broken

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        super().apply(module, sites, schedules)
        with module.context:
            for place in scheduled(schedules) & self._broken:
                sites[place].operation.attributes[COMPILATION] = ir.Attribute.parse(REFUSED)


class RefusedLowering(Lowering):
    """Some dispatches get a lowering that IREE refuses, or what it cannot link them with."""

    def __init__(self, broken: set[str], *, linking: bool = False) -> None:
        """`broken` are the ends of their names."""
        super().__init__()
        self._broken, self._linking = broken, linking

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        super().apply(module, sites, schedules)
        names = {sites[place].name for place in scheduled(schedules)}
        bad = {name for name in names for end in self._broken if name.endswith(end)}
        with module.context:
            for executable in executables(module):
                for variant in variants(executable):
                    for function in functions(variant):
                        if symbol(function) in bad:
                            self._break(variant, function)

    def _break(self, variant: ir.Operation, function: ir.Operation) -> None:
        if self._linking:
            variant.attributes["objects"] = ir.Attribute.parse(MISSING)
            return
        function.attributes[TRANSLATION] = ir.Attribute.parse(FOREIGN)


class UnusableAfterAll(Layout):
    """Fails whatever is decided."""

    def apply(
        self, module: ir.Operation, sites: Sequence[Site], schedules: Sequence[Schedule | None]
    ) -> None:
        raise CompileError("nothing can be done here")


class UnusableLowering(Lowering):
    """Fails whatever is decided, as soon as it is asked what there is."""

    def find(self, module: ir.Operation, cores: int) -> list[Site]:
        raise CompileError("nothing can be found here")


class Chosen:
    """Makes matmuls of convolutions, packs all matmuls but the last two, and has a schedule for
    every dispatch."""

    identity = "chosen"

    def compared_by(self, task: Any) -> str:
        return ""

    def ask(self, tasks: Any, baselines: Any, samples: Any = None) -> list[Answer]:
        return [Answer(self._schedule(task)) for task in tasks]

    def _schedule(self, task: Any) -> Schedule:
        open_ = task.grammar().cursor().allowed()
        for token in (IM2COL, TILED):
            if token in open_ and not LAST & set(task.workload.extents):
                return task.decode([token, END])
        graph = task.question.token == "graph"
        return task.default if graph else task.random(np.random.default_rng(0))


@pytest.fixture(scope="module")
def source() -> bytes:
    return program().encode()


@pytest.fixture(scope="module")
def stock(source: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """The values of the program as stock IREE compiles it."""
    out = tmp_path_factory.mktemp("stock") / "stock.vmfb"
    session = Session(Options().flags())
    session.finish(session.parse_bytes(source), None, out)
    return values(out)


def values(path: Path) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    shapes = [(1, 8, 20, 20), (8, 8, 3, 3), (80, SIDES[0]), *zip(SIDES, SIDES[1:], strict=False)]
    results = loaded(path)["main"](*(random.standard_normal(s, np.float32) for s in shapes))
    return [result.to_host() for result in results]


def compiled(
    source: bytes, stock: list[np.ndarray], folder: Path, *points: DecisionPoint
) -> Report:
    """Compiles at some points, and compares the values with those of stock."""
    report = compile_file(
        source, folder / "out.vmfb", Options(), scheduler=Chosen(), points=points
    )
    for found, wanted in zip(values(folder / "out.vmfb"), stock, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
    return report


def fallen(report: Report, point: str) -> tuple[set[int], int]:
    """Places of the sites of a point that fell back, and how many keep their schedules."""
    outcomes = [row.outcome for row in report.decisions if row.point == point]
    return {i for i, o in enumerate(outcomes) if o == FELL_BACK}, outcomes.count(SCHEDULED)


def test_nothing_falls_back_where_all_compiles(
    source: bytes, stock: list[np.ndarray], tmp_path: Path
) -> None:
    report = compiled(source, stock, tmp_path, Layout(), Packing(), Lowering())
    assert not report.warnings and "fallback" not in report.seconds
    assert fallen(report, "layout") == (set(), len(CHANGED))
    assert fallen(report, "packing") == (set(), len(PACKED))
    names = [row.name for row in report.dispatches if row.outcome == SCHEDULED]
    assert [name.split("matmul_")[1] for name in names] == LOWERED


@pytest.mark.parametrize(("broken", "early"), [({1}, False), ({0, 1}, True)])
def test_layouts_fall_back_alone(
    broken: set[int],
    early: bool,
    source: bytes,
    stock: list[np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    points = RefusedLayout(broken, early=early), Packing(), Lowering()
    report = compiled(source, stock, tmp_path, *points)
    assert fallen(report, "layout") == (broken, len(CHANGED - broken))
    assert fallen(report, "packing") == (set(), len(PACKED - broken))
    assert not fallen(report, "dispatch")[0]
    said = capsys.readouterr().err
    assert said.count("warning: ") == len(report.warnings) == len(broken)
    assert "conv_2d_nchw_fchw: the layout 'graph:im2col <end>' does not compile (" in said


@pytest.mark.parametrize("broken", [{3}, {0, 2}])
def test_packing_falls_back_alone(
    broken: set[int],
    source: bytes,
    stock: list[np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    points = Layout(), RefusedPacking(broken), Lowering()
    report = compiled(source, stock, tmp_path, *points)
    assert fallen(report, "layout") == (set(), len(CHANGED))
    assert fallen(report, "packing") == (broken, len(PACKED - broken))
    assert not fallen(report, "dispatch")[0]
    said = capsys.readouterr().err
    assert said.count("warning: ") == len(report.warnings) == len(broken)
    assert "linalg.matmul: the packing 'graph:tiled <end>' does not compile (" in said


@pytest.mark.parametrize(("count", "linking"), [(1, False), (2, False), (1, True)])
def test_dispatches_fall_back_alone(
    count: int, linking: bool, source: bytes, stock: list[np.ndarray], tmp_path: Path
) -> None:
    """What fails after code is generated is found as well, if later."""
    broken = set(LOWERED[:count])
    lowering = RefusedLowering(broken, linking=linking)
    report = compiled(source, stock, tmp_path, Layout(), Packing(), lowering)
    assert fallen(report, "layout") == (set(), len(CHANGED))
    assert fallen(report, "packing") == (set(), len(PACKED))
    assert fallen(report, "dispatch") == ({6, 7} if count > 1 else {6}, len(LOWERED) - count)
    assert len(report.warnings) == count


def test_choices_at_all_points_fall_back_together(
    source: bytes, stock: list[np.ndarray], tmp_path: Path
) -> None:
    points = RefusedLayout({0}), RefusedPacking({2}), RefusedLowering(set(LOWERED[1:]))
    report = compiled(source, stock, tmp_path, *points)
    assert fallen(report, "layout") == ({0}, 1)
    assert fallen(report, "packing") == ({2}, len(PACKED) - 2)
    (row,) = [row for row in report.dispatches if row.outcome == FELL_BACK]
    assert row.name.endswith(LOWERED[1])
    assert len(report.warnings) == 3 and report.seconds["fallback"] > 0


def test_early_choices_are_dropped_where_none_is_found_to_be_why(
    source: bytes, stock: list[np.ndarray], tmp_path: Path
) -> None:
    report = compiled(source, stock, tmp_path, UnusableAfterAll(), Packing(), Lowering())
    (warning,) = report.warnings
    assert "chosen about layout" in warning and "nothing can be done here" in warning
    assert fallen(report, "layout") == (CHANGED, 0)
    assert fallen(report, "dispatch")[1] == CONVOLUTIONS + MATMULS


def test_a_program_is_compiled_as_stock_does_it_in_the_end(
    source: bytes, stock: list[np.ndarray], tmp_path: Path
) -> None:
    report = compiled(source, stock, tmp_path, Layout(), Packing(), UnusableLowering())
    (warning,) = report.warnings
    assert "is compiled as IREE does by itself" in warning
    assert fallen(report, "layout") == (CHANGED, 0)
    assert fallen(report, "packing") == (PACKED, 0) and not report.dispatches


def test_what_stock_refuses_is_one_sentence(tmp_path: Path) -> None:
    wrong = b"""
        func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
          %r = "tensor.unheard_of"(%x) : (tensor<4xf32>) -> tensor<4xf32>
          return %r : tensor<4xf32>
        }"""
    with pytest.raises(InputError, match="is not MLIR that IREE reads"):
        compile_file(wrong, tmp_path / "out.vmfb", Options(), scheduler=Chosen())
    late = program().replace("arith.constant 0.0", "arith.constant 1.0").replace(
        "return", "%s = util.call @far() : () -> f80\n  return"
    ) + "util.func private @far() -> f80\n"
    with pytest.raises(CompileError, match="the module does not compile: ") as raised:
        compile_file(late.encode(), tmp_path / "out.vmfb", Options(), scheduler=Chosen())
    assert "\n" not in str(raised.value)

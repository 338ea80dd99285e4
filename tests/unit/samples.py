# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Workloads and targets written by hand, one of each kind that the decision space tells apart."""

from collections.abc import Mapping

from hypothesis import strategies as st

from tlm_mlir.ir.workload import DYNAMIC, Index, Op, Operand, Workload
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.language.vocabulary import ID
from tlm_mlir.targets import registry
from tlm_mlir.targets.backend import DispatchTask
from tlm_mlir.targets.target import CpuTarget, Target

MULTIPLY_ADD = ("mulf(a0,a1)", "addf(a2,v0)", "yield(v1)")
COPY = ("yield(a0)",)


def operand(*dims: int | tuple[int, int], dtype: str = "f32", source: int = -1) -> Operand:
    """An operand indexed by dims; a pair of dims is a window, their sum."""
    indices = []
    for dim in dims:
        terms = ((dim, 1),) if isinstance(dim, int) else ((dim[0], 1), (dim[1], 1))
        indices.append(Index(terms))
    return Operand(dtype, tuple(indices), source)


def op(loops: str, inputs: list[Operand], outputs: list[Operand], body=COPY, kind="generic") -> Op:
    """An op whose loops are written `0p 1p 2r`."""
    dims = [(int(loop[:-1]), loop[-1]) for loop in loops.split()]
    kinds = tuple("parallel" if kind == "p" else "reduction" for _, kind in dims)
    return Op(kind, tuple(dim for dim, _ in dims), kinds, tuple(inputs), tuple(outputs), body)


def matmul(dtype: str = "f32", result: str = "f32", extents=(96, 64, 200)) -> Workload:
    """A matmul and a bias."""
    product = op(
        "0p 1p 2r",
        [operand(0, 2, dtype=dtype), operand(2, 1, dtype=dtype)],
        [operand(0, 1, dtype=result)],
        MULTIPLY_ADD,
    )
    bias = op(
        "0p 1p",
        [operand(1, dtype=result), operand(0, 1, dtype=result, source=0)],
        [operand(0, 1, dtype=result)],
        ("addf(a0,a1)", "yield(v0)"),
    )
    return Workload(extents, (product, bias), 0)


def packed(extents=(96, 4, 32, 200), window: tuple[int, ...] = ()) -> Workload:
    """A product with packed weights: rows (two dims where there is a window), panels, columns."""
    if not window:
        root = op(
            "0p 1p 2p 3r", [operand(0, 3), operand(1, 3, 2)], [operand(0, 1, 2)], MULTIPLY_ADD
        )
        return Workload(extents, (root,), 0)
    opaque = Index(((0, 1),), opaque=True), Index(((1, 1),), opaque=True), Index(((6, 1),))
    root = op(
        "0p 1p 2p 3p 4r 5r 6r",
        [Operand("f32", opaque), operand(2, 4, 5, 6, 3)],
        [operand(0, 1, 2, 3)],
        MULTIPLY_ADD,
    )
    height, panels, columns, channels = extents
    return Workload((height, height, panels, columns, *window, channels), (root,), 0)


def attention() -> Workload:
    """An attention and the division by the sum."""
    scores = op(
        "0p 1p 2p 3r 4r",
        [operand(0, 1, 3), operand(0, 4, 3), operand(0, 4, 2), operand()],
        [operand(0, 1, 2), operand(0, 1), operand(0, 1)],
        kind="attention",
    )
    division = op(
        "0p 1p 2p",
        [operand(0, 1, source=0), operand(0, 1, 2, source=0)],
        [operand(0, 1, 2)],
        ("constant()", "divf(v0,a0)", "mulf(a1,v1)", "yield(v2)"),
    )
    return Workload((12, 128, 64, 64, 197), (scores, division), 0)


def softmax(extents=(48, 1000)) -> Workload:
    """Maximum, sum, and the quotient, which spreads over the columns again."""
    maximum = op("0p 1r", [operand(0, 1)], [operand(0)], ("maximumf(a0,a1)", "yield(v0)"))
    sum_ = op("0p 1r", [operand(0, 1), operand(0, source=0)], [operand(0)], MULTIPLY_ADD)
    quotient = op("0p 1p", [operand(0, 1), operand(0, source=1)], [operand(0, 1)])
    return Workload(extents, (maximum, sum_, quotient), 1)


def norm(extents=(48, 768), dtype: str = "f32") -> Workload:
    """A cast, a sum over rows, and what it is subtracted from."""
    whole = operand(0, 1)
    cast = op("0p 1p", [operand(0, 1, dtype=dtype)], [whole], ("extf[f32](a0)", "yield(v0)"))
    sum_ = op("0p 1r", [operand(0, 1, source=0)], [operand(0)], ("addf(a0,a1)", "yield(v0)"))
    rest = op(
        "0p 1p",
        [operand(0, 1, source=0), operand(0, source=1)],
        [whole],
        ("subf(a0,a1)", "yield(v0)"),
    )
    return Workload(extents, (cast, sum_, rest), 1)


ARGMAX = (
    *("index[1]()", "index_cast[i64](v0)", "maximumf(a0,a1)", "cmpf[2](a0,a1)"),
    *("select(v3,v1,a2)", "yield(v2,v4)"),
)


def argmax(extents=(12, 3000)) -> Workload:
    """The maximum of each row, and its place."""
    results = [operand(0), operand(0, dtype="i64")]
    return Workload(extents, (op("0p 1r", [operand(0, 1)], results, ARGMAX),), 0)


def convolution(extents=(2, 56, 56, 64, 3, 3, 24)) -> Workload:
    """A 2-D convolution over NHWC."""
    root = op(
        "0p 1p 2p 3p 4r 5r 6r",
        [operand(0, (1, 4), (2, 5), 6), operand(4, 5, 6, 3)],
        [operand(0, 1, 2, 3)],
        MULTIPLY_ADD,
    )
    return Workload(extents, (root,), 0)


def strided(extents=(2048, 8, 8, 1024), last: int = 2) -> Workload:
    """A 1x1 convolution of stride 2; its rows lie in one piece where `last` is 1."""
    point = Operand("f32", (Index(((3, 1),)), Index(((1, 2),)), Index(((2, last),))), -1)
    root = op("0p 1p 2p 3r", [point, operand(0, 3)], [operand(0, 1, 2)], MULTIPLY_ADD)
    return Workload(extents, (root,), 0)


def elementwise(extents: tuple[int, ...], dtype: str = "f32", **more: bool) -> Workload:
    """A copy of a tensor."""
    dims = range(len(extents))
    whole = operand(*dims, dtype=dtype)
    return Workload(extents, (op(" ".join(f"{d}p" for d in dims), [whole], [whole]),), 0, **more)


def gather() -> Workload:
    """Rows read at computed places."""
    body = ("index_cast[index](a0)", "extract(c:tensor<9x64xf32>,v0)", "yield(v1)")
    return Workload((30, 64), (op("0p 1p", [operand(0, dtype="i64")], [operand(0, 1)], body),), 0)


def transpose() -> Workload:
    """A transposed copy."""
    return Workload((48, 100), (op("0p 1p", [operand(0, 1)], [operand(1, 0)]),), 0)


WORKLOADS: dict[str, Workload] = {
    "matmul": matmul(),
    "matmul of bytes": matmul("i8", "i32"),
    "matmul of 8-bit floats": matmul("f8E4M3FN", "f8E4M3FN"),
    "matmul of doubles": matmul("f64", "f64"),
    "matmul of halves": matmul("f16", extents=(96, 64, 208)),
    "matmul with a row": matmul(extents=(1, 4096, 4096)),
    "odd matmul": matmul(extents=(197, 769, 13)),
    "convolution": convolution(),
    "convolution of one point": convolution((1, 7, 7, 2048, 1, 1, 512)),
    "strided": strided(),
    "packed weights": packed(),
    "packed weights, rows prime": packed((197, 24, 32, 768)),
    "packed weights, a window": packed((14, 8, 16, 64), (3, 3)),
    "attention": attention(),
    "softmax": softmax(),
    "norm": norm(),
    "argmax": argmax(),
    "gather": gather(),
    "transpose": transpose(),
    "copy": elementwise((40, 60), buffers=True),
    "many workgroups": elementwise((5000, 8, 8)),
    "large": elementwise((1 << 31, 3)),
    "one number": elementwise((1, 1)),
    "dynamic": elementwise((DYNAMIC, 64)),
    "dynamic matmul": matmul(extents=(DYNAMIC, 64, 200)),
    "matmul of no rows": matmul(extents=(0, 64, 200)),
    "matmul of no steps": matmul(extents=(96, 64, 0)),
    "convolution of no images": convolution((0, 56, 56, 64, 3, 3, 24)),
    "convolution of no channels": convolution((2, 56, 56, 64, 3, 3, 0)),
    "softmax of nothing": softmax((48, 0)),
    "no numbers": elementwise((0, 64)),
    "copy of nothing": elementwise((40, 0), buffers=True),
}
TARGETS: dict[str, Target] = {
    "avx512": CpuTarget(
        *("llvm-cpu", 512, 2, 48 << 10, 2 << 20, 32 << 20), features=("fma", "avx512vnni")
    ),
    "avx2": CpuTarget("llvm-cpu", 256, 8, 32 << 10, 1 << 20, 16 << 20, features=("fma",)),
    "baseline": CpuTarget("llvm-cpu", 128, 1, 0, 0, 0),
}

tasks = st.tuples(st.sampled_from(sorted(WORKLOADS)), st.sampled_from(sorted(TARGETS))).map(
    lambda names: registry.task(WORKLOADS[names[0]], TARGETS[names[1]])
)
"""A workload on a target."""


def options(workload: Workload, target: Target) -> list[str]:
    """The pipelines that may be chosen, IREE's default first."""
    return registry.task(workload, target).grammar().cursor().allowed()


def walk(draw: st.DrawFn, task: DispatchTask, *begin: str) -> list[str]:
    """The tokens of a walk through a grammar from its beginning, or from after some tokens."""
    cursor = task.grammar().cursor()
    tokens = []
    while not cursor.done:
        known = len(tokens) < len(begin)
        token = begin[len(tokens)] if known else draw(st.sampled_from(cursor.allowed()))
        cursor.push(ID[token])
        tokens.append(token)
    return tokens


def decoded(task: DispatchTask, tokens: list[str]) -> Schedule:
    """The schedule of a walk, which gives the same tokens again."""
    schedule = task.decode(tokens)
    assert task.encode(schedule) == tokens
    return schedule


@st.composite
def walks(
    draw: st.DrawFn, targets: Mapping[str, Target] = TARGETS
) -> tuple[DispatchTask, list[str]]:
    """A task, and a finished walk through its grammar."""
    workload = WORKLOADS[draw(st.sampled_from(sorted(WORKLOADS)))]
    task = registry.task(workload, targets[draw(st.sampled_from(sorted(targets)))])
    return task, walk(draw, task)


def lowered(task: DispatchTask, schedule: Schedule) -> list[str]:
    """Text of each op's lowering config, empty where it has none."""
    return [op.get("lowering_config", "") for op in task.configuration(schedule).ops]


def translated(task: DispatchTask, schedule: Schedule) -> str:
    """Text of the function's translation info."""
    return task.configuration(schedule).function["translation_info"]


def written(task: DispatchTask, schedule: Schedule) -> str:
    """The attributes that a schedule puts on its dispatch, one a line, as IREE's are read."""
    lines = [f"func.func translation_info = {translated(task, schedule)}"]
    lines += [f"linalg.generic lowering_config = {text}" for text in lowered(task, schedule)]
    return "\n".join(line for line in lines if not line.endswith("= "))

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All calls of the golden record into the code whose behaviour it holds fixed.

The code may be moved and renamed: then this file changes, and the recorded hashes must not. Every
function takes and returns plain data, but for workloads, targets and schedules themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tlm_mlir.decisions.points import early_task
from tlm_mlir.errors import InputError
from tlm_mlir.ir.dispatch import find_dispatches
from tlm_mlir.ir.graph import find_contractions, find_convolutions
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.executables import configurations
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.phases import CONFIGURED, GLOBAL_OPTIMIZATION, PREPROCESSING, SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.language.grammar import Cursor
from tlm_mlir.language.prompt import prompt_tokens
from tlm_mlir.language.schedule import DEFAULT, Schedule
from tlm_mlir.language.vocabulary import ID, TOKENS
from tlm_mlir.measure.retarget import REFERENCE_FLAGS, retarget
from tlm_mlir.targets import registry
from tlm_mlir.targets.dispatches import swap_operands
from tlm_mlir.targets.iree_default import IreeDefault, for_vectors
from tlm_mlir.targets.target import CpuTarget, Target
from tlm_mlir.training.corpus import entries as corpus

CPU = "--iree-llvmcpu-target-cpu=x86-64-v4"


def workload(text: str) -> Workload:
    return Workload.from_json(text)


def target(text: str) -> Target:
    return Target.from_json(text)


def vocabulary() -> Sequence[str]:
    return TOKENS


def prompt(about: Workload, on: Target, question: str) -> list[str]:
    return prompt_tokens(about, on, question)


def default(on: Target) -> str:
    """The token that leaves a dispatch to IREE."""
    return DEFAULT


def has_estimate(on: Target) -> bool:
    return not isinstance(on, CpuTarget)


class Walk:
    """A walk through the decisions about a workload, token by token."""

    def __init__(self, about: Workload, on: Target, graph: bool = False) -> None:
        task = early_task if graph else registry.task
        self._cursor: Cursor = task(about, on).grammar().cursor()

    @property
    def done(self) -> bool:
        return self._cursor.done

    def allowed(self) -> list[str]:
        return self._cursor.allowed()

    def push(self, token: str) -> None:
        self._cursor.push(ID[token])


def schedule(about: Workload, on: Target, tokens: Sequence[str]) -> Schedule:
    return registry.task(about, on).decode(tokens)


def tokens(about: Workload, on: Target, found: Schedule) -> list[str]:
    return registry.task(about, on).encode(found)


def values(found: Schedule | None) -> list[object] | None:
    """What a schedule decides, without the names that its knobs have in the code."""
    return found and [[decision.dim, decision.value] for decision in found.decisions]


def op_attributes(about: Workload, on: Target, found: Schedule) -> list[dict[str, str]]:
    return list(registry.task(about, on).configuration(found).ops)


def function_attributes(about: Workload, on: Target, found: Schedule) -> dict[str, str]:
    return registry.task(about, on).configuration(found).function


def restructuring(about: Workload, on: Target, found: Schedule) -> str:
    """The pass that runs on a function before it is configured, or an empty text."""
    before = registry.task(about, on).configuration(found).before
    return {"slice_strided": "iree-global-opt-convert-strided-contraction-to-contraction"}.get(
        before, before
    )


def read_back(about: Workload, on: Target, configuration: str) -> Schedule | None:
    """A schedule like a configuration, one attribute of an op of a dispatch a line."""
    return registry.task(about, on).read_back(configuration)


def features(
    about: Workload, on: Target, found: Schedule, own: Schedule | None
) -> dict[str, float]:
    """What the cost model is told about a schedule, in order."""
    (row,) = registry.task(about, on).features([found], own)
    return row


def estimate(about: Workload, on: Target, found: Schedule) -> float:
    return registry.task(about, on).estimate(found)


def entries(path: Path) -> list[tuple[str, str, str]]:
    """(network, workload as JSON, MLIR text) of the dispatches in a corpus."""
    return [(entry.network, entry.workload, entry.source) for entry in corpus.read(path)]


@cache
def _session(*flags: str) -> Session:
    return Session(flags)


def dispatch_on_cpu(source: str, on: Target, like: Workload) -> tuple[Workload | None, str]:
    """The workload that is read in a dispatch, and the configuration that IREE gives it."""
    assert isinstance(on, CpuTarget)
    session = _session(*CPU_FLAGS, CPU)
    module = session.parse_text(for_vectors(source, on))
    (dispatch,) = find_dispatches(module)
    if not like.root_op.columns_first:
        dispatch = swap_operands(dispatch)
    session.run(module, SOURCES, CONFIGURED)
    return dispatch.reading.workload, configurations(module)[dispatch.name]


def own_on_cpu(source: str, about: Workload, on: Target) -> Schedule | None:
    """IREE's own choice for a dispatch."""
    return _own_choice()(source, about, on)


@cache
def _own_choice() -> IreeDefault:
    return IreeDefault([*CPU_FLAGS, CPU])


def dispatch_on_gpu(source: str, flags: Sequence[str]) -> tuple[Workload, Target, str] | None:
    """The workload and the device that are read in a dispatch once it is one for a GPU, and the
    configuration that IREE gives it; None where it is no program by itself."""
    try:
        found = retarget(source, _session(*flags), _session(*REFERENCE_FLAGS))
    except InputError:
        return None
    return found.task.workload, found.task.target, found.configuration


def device(flags: Sequence[str]) -> Target:
    """The device that IREE's flags for a GPU name."""
    program = "func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {\n" \
        "  %r = math.exp %x : tensor<8xf32>\n  return %r : tensor<8xf32>\n}"
    session = _session(*flags)
    module = session.run(session.parse_text(program), None, SOURCES)
    return registry.read_target(find_dispatches(module)[0].target, 1, session.context)


def graph_ops(path: Path) -> dict[str, list[tuple[str, Workload]]]:
    """The ops of a program that graph-level decisions are about, by the decision."""
    session = _session(*CPU_FLAGS, CPU)
    module = session.run(session.parse(path), None, PREPROCESSING)
    found = {"layouts": _named(find_convolutions(module))}
    module = session.run(module, PREPROCESSING, GLOBAL_OPTIMIZATION)
    return found | {"tiling": _named(find_contractions(module))}


def _named(ops: Sequence) -> list[tuple[str, Workload]]:  # type: ignore[type-arg]
    return [(op.operation.name, op.workload) for op in ops]

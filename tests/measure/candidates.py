# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Appliers for the tests, and the faults that they inject; measuring workers import this module."""

import os
import signal
import time
from dataclasses import dataclass

from iree.compiler import ir

from tlm_mlir.iree.module import block, walk
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.measure import builder
from tlm_mlir.measure.bundle_builder import RandomCandidates
from tlm_mlir.targets.task import Task

_INFO = (
    "#iree_codegen.compilation_info<lowering_config = #iree_cpu.lowering_config<"
    "distribution = [{0}, {1}, 0], vector_common_parallel = [{2}, {3}, 0],"
    " vector_reduction = [0, 0, {4}]>, translation_info ="
    " #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>>"
)


def configure(function: ir.Operation, tiles: list[int]) -> None:
    """Puts the five tile sizes on the matmul."""
    for op in walk(function):
        if op.name == "linalg.matmul":
            op.attributes["compilation_info"] = ir.Attribute.parse(_INFO.format(*tiles))


def subtract(function: ir.Operation) -> None:
    """A wrong rewrite: the epilogue subtracts instead of adding."""
    for op in walk(function):
        if op.name == "arith.addf" and op.parent.name == "linalg.generic":
            wrong = ir.Operation.create(
                "arith.subf", results=[op.results[0].type], operands=list(op.operands),
                ip=ir.InsertionPoint(op),
            )  # fmt: skip
            op.results[0].replace_all_uses_with(wrong.results[0])
            op.erase()
            return


def overrun(function: ir.Operation) -> None:
    """Code that compiles and faults when it runs: every operand lies a terabyte further."""
    index = ir.IndexType.get()
    far = ir.Operation.create(
        "arith.constant",
        results=[index],
        attributes={"value": ir.IntegerAttr.get(index, 1 << 40)},
        ip=ir.InsertionPoint.at_block_begin(block(function)),
    )
    for op in walk(function):
        if op.name == "hal.interface.binding.subspan":
            op.operands[0] = far.results[0]


def break_linking() -> None:
    """LLVM falls over the batch, whoever else is in it."""
    builder.serialize = lambda *_: os.abort()


def apply(function: ir.Operation, candidate: object) -> None:
    """A list of tiles, or the name of a fault."""
    if isinstance(candidate, list):
        configure(function, candidate)
    elif candidate == "abort":
        os.abort()
    elif candidate == "sleep":
        time.sleep(1000)
    elif candidate == "overrun":
        overrun(function)
    elif candidate == "break linking":
        break_linking()
    elif candidate == "subtract":
        subtract(function)
    else:
        raise ValueError(f"no such candidate: {candidate}")


@dataclass(frozen=True)
class CrashingAtCopies(RandomCandidates):
    """Proposes at random, but its process ends at a workload without sums."""

    def __call__(self, task: Task) -> list[Schedule]:
        if not task.workload.root_op.dims("reduction"):
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().__call__(task)

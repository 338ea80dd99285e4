# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `#hal.executable.target` of a dispatch that stands alone (`ir.standalone`): whose code it
becomes. The first line of the dispatch's text holds it, and nothing else there depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ..errors import InputError
from ..ir.graph import device_target
from ..targets.target import CpuTarget, cpu_target
from .session import CPU_FLAGS, Session

_ATTRIBUTE = "#hal.executable.target<"
_PROGRAM = "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }"
_LEVELS = {128: "x86-64-v2", 256: "x86-64-v3", 512: "x86-64-v4"}
"""CPUs that stand for all of a vector width (in bits): IREE's choices depend on little else."""


def attribute_of(flags: Sequence[str]) -> str:
    """Text of the attribute that IREE gives programs under its flags for a CPU."""
    session = Session(flags)
    module = session.run(session.parse_text(_PROGRAM, "a program"), None, "preprocessing")
    device = device_target(module)
    return device[device.index(_ATTRIBUTE) : device.rindex("}>") + 2]


def exchanged(source: str, attribute: str) -> str:
    """A dispatch's text with another target. Raises InputError where it begins with none."""
    alias, _, rest = _parts(source)
    return f"{alias}{attribute}{rest}"


def for_vectors(source: str, target: CpuTarget) -> str:
    """A dispatch's text for a CPU of the target's vector width; as it is where it is for one.

    Raises InputError where it begins with no target.
    """
    _, attribute, _ = _parts(source)
    if cpu_target(attribute, 1).vector_bits == target.vector_bits:
        return source
    return exchanged(source, _standing_for(target.vector_bits))


@cache
def _standing_for(bits: int) -> str:
    return attribute_of([*CPU_FLAGS, f"--iree-llvmcpu-target-cpu={_LEVELS[bits]}"])


def _parts(source: str) -> tuple[str, str, str]:
    """What comes before the attribute, the attribute, and what comes after."""
    line, newline, rest = source.partition("\n")
    alias, found, attribute = line.partition(_ATTRIBUTE)
    if not found:
        raise InputError("a dispatch's text does not begin with its target; make the corpus again")
    return alias, found + attribute, newline + rest

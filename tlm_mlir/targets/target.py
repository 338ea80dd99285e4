# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A target: the backend plus a description of the hardware, never its name."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, fields

from ..errors import InputError

FEATURES = ("fma", "avx512vnni", "avx512bf16", "avx512fp16", "amx-int8", "amx-bf16")
"""CPU features that a schedule may depend on, in the order in which prompts list them."""


@dataclass(frozen=True)
class Target(ABC):
    """A backend; its subclasses describe hardware. `features` are words of the vocabulary, in the
    order in which prompts list them."""

    backend: str
    features: tuple[str, ...] = field(default=(), kw_only=True)

    @abstractmethod
    def sizes(self) -> tuple[tuple[str, int], ...]:
        """(name, size) of what prompts tell about the hardware."""

    def to_json(self) -> str:
        """Canonical JSON: equal targets give equal text."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    def resembles(self, other: Target) -> bool:
        """Whether what was measured on another target tells of this one, too."""
        return self == other

    @staticmethod
    def from_json(text: str) -> Target:
        """The target that `to_json` wrote. Raises InputError when the text is not one."""
        try:
            data = json.loads(text)
            # Each kind has fields that no other has.
            kind = next(kind for kind in KINDS if data.keys() <= {f.name for f in fields(kind)})
            lists = {name: tuple(v) for name, v in data.items() if isinstance(v, list)}
            return kind(**{**data, **lists})
        except (ValueError, AttributeError, TypeError, StopIteration) as error:
            raise InputError(f"target record is damaged ({error}); collect it again") from error


@dataclass(frozen=True)
class CpuTarget(Target):
    """A CPU. Sizes in bytes; `vector_bits` is the width of one SIMD register.

    `cores` counts the threads that run workgroups. Cache sizes are per core for L1 and L2 and in
    total for L3; zero means unknown or absent. `max_vector_bytes` is IREE's limit on one vector
    (native width times 512), `stack_bytes` its limit on stack allocation.
    """

    vector_bits: int
    cores: int
    l1: int
    l2: int
    l3: int
    stack_bytes: int = 32768

    @property
    def vector_bytes(self) -> int:
        """Width of one SIMD register in bytes."""
        return self.vector_bits // 8

    def resembles(self, other: Target) -> bool:
        """CPUs do whose vectors are as wide: features describe the rest."""
        return isinstance(other, CpuTarget) and self.vector_bits == other.vector_bits

    @property
    def max_vector_bytes(self) -> int:
        """IREE refuses vectors of this size and above (LLVMCPU/Utils.cpp)."""
        return self.vector_bytes * 512

    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Register width in bits, cores, and caches in bytes."""
        return (
            *(("vector", self.vector_bits), ("cores", self.cores)),
            *(("l1", self.l1), ("l2", self.l2), ("l3", self.l3)),
        )


@dataclass(frozen=True)
class GpuTarget(Target):
    """A GPU. `units` is the number of its compute units, zero where it is unknown; `subgroup` the
    number of invocations that run in step; `threads` the most invocations of a workgroup and
    `group` the most along x, y and z; `shared` the bytes of a workgroup's memory."""

    units: int
    subgroup: int
    threads: int
    group: tuple[int, int, int]
    shared: int

    def sizes(self) -> tuple[tuple[str, int], ...]:
        """Compute units, invocations in a subgroup and in a workgroup, shared bytes."""
        return (
            *(("units", self.units), ("subgroup", self.subgroup)),
            *(("threads", self.threads), ("shared", self.shared)),
        )


KINDS: tuple[type[Target], ...] = (CpuTarget, GpuTarget)
"""What a record's target may be."""

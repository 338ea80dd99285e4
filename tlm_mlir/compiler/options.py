# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How to compile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..decisions.caches import Caches
from ..errors import TargetError
from ..iree import devices
from ..iree.flags import TRIPLE, cpu, device_names, names_device
from ..iree.trial import check_cpu, check_flags, check_no_device
from ..targets.cpu.host import usable_cores

CPU, HOST = "llvm-cpu", "host"
AS_FLAGS_SAY = ""
"""A target that stands for the devices that IREE's flags name."""


@dataclass(frozen=True)
class Options:
    """How to compile. `target` is llvm-cpu, cuda or vulkan; what IREE compiles for besides (hip,
    metal, vmvx) gets no schedules; empty, the flags of `iree_args` name the devices. For a CPU,
    `cpu` is "host" or a name that `iree-compile` knows, `triple` LLVM's name of another machine,
    `cores` the number of threads that will run the program, this machine's when zero, and `caches`
    the sizes of L1, L2 and L3 in bytes where they are not this machine's; for a GPU, `arch` is its
    architecture as `iree-compile` knows it. Without `graph` the program is left as it is before its
    dispatches are formed, as it always is for GPUs."""

    target: str = CPU
    cpu: str = HOST
    arch: str = ""
    cores: int = 0
    iree_args: tuple[str, ...] = ()
    model: Path | None = None
    samples: int | None = None
    graph: bool = True
    triple: str = ""
    caches: Caches | None = None

    def flags(self) -> list[str]:
        """IREE's flags for the target.

        Raises TargetError for an unknown one, or one that `cpu` or `arch` does not describe, and
        InputError for `iree_args` that IREE does not take.
        """
        if self.target == AS_FLAGS_SAY and names_device(self.iree_args):
            self._check_alone()
            check_flags((), self.iree_args)
            return list(self.iree_args)
        check_no_device(self.iree_args, self.target)
        return self._cpu_flags() if self.target == CPU else self._other_flags()

    def _check_alone(self) -> None:
        """Raises TargetError where flags name the devices and options describe one, too."""
        given = {"--cpu": self.cpu if self.cpu != HOST else "", "--arch": self.arch}
        for name, value in {**given, "--triple": self.triple}.items():
            if value:
                raise TargetError(
                    f"{name} {value} is for one device and the flags for IREE name"
                    f" {' and '.join(self.compiled_for()) or 'none'}; give IREE's own flag for it"
                )

    def _cpu_flags(self) -> list[str]:
        if self.arch:
            raise TargetError(f"--arch {self.arch} is for GPUs; give --cpu for {CPU}")
        more = (*((f"{TRIPLE}={self.triple}",) if self.triple else ()), *self.iree_args)
        check_cpu(self.cpu, more)
        return [*cpu(self.cpu), *more]

    def _other_flags(self) -> list[str]:
        if self.target not in (*devices.TARGETS, *devices.UNSCHEDULED):
            known = ", ".join((CPU, *devices.TARGETS, *devices.UNSCHEDULED))
            raise TargetError(f"unknown target '{self.target}'; give one of {known}")
        if self.cpu != HOST:
            raise TargetError(f"--cpu {self.cpu} is for {CPU}; give --arch for {self.target}")
        if self.triple or self.caches:
            given = f"--triple {self.triple}" if self.triple else "--caches"
            raise TargetError(f"{given} is for {CPU}; leave it out for {self.target}")
        has_schedules = self.target in devices.TARGETS
        named = devices.gpu_flags if has_schedules else devices.unscheduled_flags
        flags = named(self.target, self.arch)
        check_flags(flags, self.iree_args)
        return [*flags, *self.iree_args]

    def compiled_for(self) -> tuple[str, ...]:
        """The names of what is compiled for, as far as options tell it."""
        return device_names(self.iree_args) if self.target == AS_FLAGS_SAY else (self.target,)

    def unscheduled(self) -> bool:
        """Whether there are no schedules for anything that is compiled for."""
        known = (CPU, *devices.TARGETS)
        return not any(name in known or name.startswith("#") for name in self.compiled_for())

    def core_count(self) -> int:
        """Threads that will run the program."""
        return self.cores or usable_cores()

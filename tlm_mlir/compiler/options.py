# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How to compile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import TargetError
from ..iree import devices
from ..iree.flags import cpu
from ..iree.trial import check_cpu, check_flags, check_no_device
from ..targets.cpu.host import usable_cores

CPU, HOST = "llvm-cpu", "host"


@dataclass(frozen=True)
class Options:
    """How to compile. `target` is llvm-cpu, cuda or vulkan. For a CPU, `cpu` is "host" or a name
    that `iree-compile` knows, and `cores` the number of threads that will run the program, this
    machine's when zero; for a GPU, `arch` is its architecture as `iree-compile` knows it. Without
    `graph` the program is left as it is before its dispatches are formed, as it always is for
    GPUs."""

    target: str = "llvm-cpu"
    cpu: str = "host"
    arch: str = ""
    cores: int = 0
    iree_args: tuple[str, ...] = ()
    model: Path | None = None
    samples: int | None = None
    graph: bool = True

    def flags(self) -> list[str]:
        """IREE's flags for the target.

        Raises TargetError for an unknown one, or one that `cpu` or `arch` does not describe, and
        InputError for `iree_args` that IREE does not take.
        """
        check_no_device(self.iree_args, self.target)
        if self.target in devices.TARGETS:
            if self.cpu != "host":
                raise TargetError(f"--cpu {self.cpu} is for {CPU}; give --arch for {self.target}")
            flags = devices.gpu_flags(self.target, self.arch)
            check_flags(flags, self.iree_args)
            return [*flags, *self.iree_args]
        if self.target != CPU:
            known = ", ".join((CPU, *devices.TARGETS))
            raise TargetError(f"unknown target '{self.target}'; give one of {known}")
        if self.arch:
            raise TargetError(f"--arch {self.arch} is for GPUs; give --cpu for {CPU}")
        check_cpu(self.cpu, self.iree_args)
        return [*cpu(self.cpu), *self.iree_args]

    def core_count(self) -> int:
        """Threads that will run the program."""
        return self.cores or usable_cores()

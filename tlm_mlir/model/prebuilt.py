# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled steps that come with the package, so that a first compile takes what a second does.

    python -m tlm_mlir.model.prebuilt

compiles the step of the released checkpoint for every level, as `make steps` does. A step of
another text, or under another version of IREE, has other names and is compiled where it is used.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from tlm_mlir.iree.flags import TRIPLE, cpu
from tlm_mlir.model import entry
from tlm_mlir.model.checkpoint import STEP, default_dir
from tlm_mlir.targets.cpu.host import processor_flags

_PACKAGED = Path(__file__).resolve().parents[1] / "_steps"
_SOURCE = Path(__file__).resolve().parents[2] / "model" / "steps"
"""Where the compiled steps are in an installed package and in the source tree."""
_V2 = ("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3")
_V3 = (*_V2, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")
_V4 = (*_V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
"""Features of the levels of x86-64 (x86-64 psABI, section 3.1.1) under Linux's names."""


@dataclass(frozen=True)
class Level:
    """CPUs that run the same code: `cpu` is LLVM's name for them, `machines` are names that
    systems have for their architecture, and `needs` the features that one must have."""

    cpu: str
    triple: str
    machines: tuple[str, ...]
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The level as files are called after it."""
        return self.machines[0] if self.cpu == "generic" else self.cpu

    @property
    def flags(self) -> tuple[str, ...]:
        """IREE's flags. Its embedded executables are ELF files on every system."""
        return (*cpu(self.cpu), f"{TRIPLE}={self.triple}-unknown-unknown-eabi-elf")

    def path(self, step: bytes) -> Path:
        """Where the compiled step of some text is."""
        folder = _PACKAGED if _PACKAGED.is_dir() else _SOURCE
        return folder / f"step-{self.name}-{entry.key(step, self.flags)}.vmfb"


_X86 = ("x86_64", "AMD64")
LEVELS = (
    Level("x86-64-v4", "x86_64", _X86, _V4),
    Level("x86-64-v3", "x86_64", _X86, _V3),
    Level("x86-64-v2", "x86_64", _X86, _V2),
    Level("generic", "aarch64", ("aarch64", "arm64")),
)
"""The best first."""


def find(step: bytes) -> Path | None:
    """The file with a step of some text for the best level that this machine has.

    None where the package has no such file, and on x86-64 where the system tells no features.
    """
    here = platform.machine()
    flags = processor_flags()
    for level in LEVELS:
        if here in level.machines and flags.issuperset(level.needs):
            path = level.path(step)
            if path.is_file():
                return path
    return None


def main() -> None:
    """Compiles the released step for every level, and removes the files of earlier ones."""
    source = default_dir() / STEP
    made = {level.path(source.read_bytes()): level for level in LEVELS}
    for path, level in made.items():
        if entry.read(path) is None:
            entry.write(path, entry.compile_step(source, level.flags))
        print(path)
    for path in _SOURCE.glob("step-*.vmfb"):
        if path not in made:
            path.unlink()


if __name__ == "__main__":
    main()

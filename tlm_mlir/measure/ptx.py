# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known of a CUDA kernel that nobody has run: NVIDIA's assembler and disassembler tell.

`ptxas` (of the CUDA toolkit) gives registers and what is spilled of them. `nvdisasm` (also in the
package nvidia-cuda-nvdisasm) gives the number of machine instructions of each class, loops counted
once, where it is installed. The PTX gives threads, and IREE the shared memory.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..errors import CompileError
from ..iree.flags import for_cuda
from ..targets.gpu.machine import held
from ..targets.target import GpuTarget
from .statics import Statics

ASSEMBLER, DISASSEMBLER = "ptxas", "nvdisasm"
TIMEOUT = 300.0
CLASSES = {
    "mma": r"[A-Z]+MMA\b",
    "fma": r"(FFMA|HFMA2|DFMA)\b",
    "arithmetic": r"(FADD|FMUL|FMNMX|HADD2|HMUL2|HMNMX2|DADD|DMUL|MUFU)\b",
    "global": r"(LDG|STG|LDGSTS)\b",
    "shared": r"(LDS|STS|LDSM)\b",
    "local": r"(LDL|STL)\b",
    "barrier": r"BAR\b",
}
"""Instructions by the beginnings of their names (CUDA Binary Utilities, 5); others are OTHER."""
_ARCHITECTURE = re.compile(r"^\.target (\w+)", re.MULTILINE)
_THREADS = re.compile(r"^\.maxntid (\d+), (\d+), (\d+)", re.MULTILINE)
_INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+ +)?([A-Z][\w.]*)", re.MULTILINE)
_SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
_USED = re.compile(r"Used (\d+) registers")

OTHER = "other"


class Ptxas:
    """NVIDIA's assembler."""

    suffix = "ptx"

    def statics(self, path: Path, shared: int, target: GpuTarget) -> Statics:
        """What it tells, how many workgroups a compute unit holds, and the instructions of each
        class where a disassembler is installed.

        Raises CompileError when the assembler refuses the kernel.
        """
        text = path.read_text()
        (architecture,) = _ARCHITECTURE.findall(text)
        with tempfile.TemporaryDirectory(prefix="tlm-ptx-") as folder:
            binary = Path(folder) / "kernel.cubin"
            said = _run(ASSEMBLER, "-v", f"--gpu-name={architecture}", str(path), "-o", str(binary))
            mix = _mix(binary) if _tool(DISASSEMBLER) else {}
        ((x, y, z),) = _THREADS.findall(text)
        threads = int(x) * int(y) * int(z)
        registers = int(_USED.findall(said)[0])
        return {
            "registers": registers,
            "spilled": sum(map(int, _SPILLS.findall(said)[0])),
            "threads": threads,
            "shared": shared,
            "resident": held(target, -(-threads // target.subgroup), registers, shared),
            **mix,
        }


def of(flags: Sequence[str]) -> Ptxas | None:
    """NVIDIA's assembler, where IREE's flags are for CUDA and it is installed."""
    return Ptxas() if for_cuda(flags) and _tool(ASSEMBLER) else None


def _mix(binary: Path) -> Statics:
    """How many instructions of each class an assembled kernel has."""
    listing = _run(DISASSEMBLER, "-c", str(binary))
    counts = Counter(_class(name) for name in _INSTRUCTION.findall(listing))
    return {f"{name} instructions": counts[name] for name in (*CLASSES, OTHER)}


def _run(name: str, *arguments: str) -> str:
    """All that a tool says. Raises CompileError when it refuses."""
    command = [_tool(name) or name, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise CompileError(f"{name} takes more than {TIMEOUT:.0f} s for a kernel") from None
    if done.returncode:
        raise CompileError(f"{name} refuses a kernel: {done.stderr.strip()[:300]}")
    return done.stdout + done.stderr


def _tool(name: str) -> str | None:
    """Path of a tool of NVIDIA's, of the system or of a package; None where there is none."""
    packages = Path(sysconfig.get_path("purelib")) / "nvidia"
    found = (str(path) for path in sorted(packages.glob(f"*/bin/{name}")))
    return shutil.which(name) or next(found, None)


def _class(name: str) -> str:
    return next((kind for kind, start in CLASSES.items() if re.match(start, name)), OTHER)

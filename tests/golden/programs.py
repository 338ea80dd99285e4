# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Hashes of what whole programs are compiled to, to be compared with those of another tree.

    python tests/golden/programs.py OUT MODULE.mlir... > OUT/SUMS    # the tree before
    cd OUT && sha256sum -c SUMS                                      # after this again, without `>`

Writes NAME.vmfb, NAME.script.mlir and NAME.json (the report) for each module into OUT, and prints
the hashes of the first two as sha256sum does. They hold for one machine: a program is for its CPU.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def compiled(module: Path, out: Path) -> list[Path]:
    """Compiles a module in a process of its own. Returns the files that do not hold times."""
    program, script = out / f"{module.stem}.vmfb", out / f"{module.stem}.script.mlir"
    command = [sys.executable, "-m", "tlm_mlir", "compile", str(module.absolute())]
    command += ["-o", str(program), "--script-out", str(script)]
    command += ["--report-out", str(out / f"{module.stem}.json")]
    # `-m` finds the package in the folder where it runs: this tree's.
    subprocess.run(command, check=True, cwd=ROOT)
    return [program, script]


def main() -> int:
    """Compiles and prints; the exit status of the first compile that fails."""
    out, *modules = (Path(argument).absolute() for argument in sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    for module in modules:
        try:
            files = compiled(module, out)
        except subprocess.CalledProcessError as error:
            return error.returncode
        for path in files:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            print(f"{digest}  {path.name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

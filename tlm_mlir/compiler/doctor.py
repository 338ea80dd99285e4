# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether all that compiling needs is there and whole, check by check.

Each check imports what it needs: a package that is missing is what is looked for.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..errors import CompileError, InputError, TlmError
from ..iree.release import RELEASE

PACKAGES = ("iree-base-compiler", "iree-base-runtime")
_PROGRAM = """
func.func @main(%a: tensor<64x64xf32>, %b: tensor<64x64xf32>, %c: tensor<64x64xf32>)
    -> tensor<64x64xf32> {
  %r = linalg.matmul ins(%a, %b : tensor<64x64xf32>, tensor<64x64xf32>)
      outs(%c : tensor<64x64xf32>) -> tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}
"""


@dataclass(frozen=True)
class Finding:
    """What one check found: `text` says what is there, or what is `wrong` and what to do."""

    check: str
    text: str
    wrong: bool = False


def examine(model: Path | None = None) -> Iterator[Finding]:
    """Makes every check in turn, whatever the others find; `model` is a checkpoint of one's own."""
    checks: dict[str, Callable[[], str]] = {
        "Python": platform.python_version,
        "IREE": _iree,
        "passes": _passes,
        "model": lambda: _model(model),
        "cache": _cache,
        "step": lambda: _step(model),
        "CPU": _cpu,
        "cores": _cores,
        "compile": lambda: _compile(model),
    }
    for name, check in checks.items():
        try:
            yield Finding(name, check())
        except TlmError as error:
            yield Finding(name, str(error), wrong=True)
        # Of an installation that is broken, anything may be missing.
        except Exception as error:
            told = f"{type(error).__name__}: {error}; install tlm-mlir again"
            yield Finding(name, told, wrong=True)


def _iree() -> str:
    for package in PACKAGES:
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != RELEASE:
            raise InputError(
                f"{package} {found} is installed and this tlm-mlir is made for {RELEASE}; run"
                f" `pip install {package}=={RELEASE}`"
            )
    return RELEASE


def _passes() -> str:
    from ..iree import library

    return f"{len(library.sequences())} sequences in {library.folder()}"


def _model(model: Path | None) -> str:
    from ..model.checkpoint import load

    checkpoint = load(model)
    names = checkpoint.cost_models()
    for name in names:
        checkpoint.cost_model(name)
    known = ", ".join(names) or "nothing"
    return f"{checkpoint.identity} in {checkpoint.directory}, with a cost model for {known}"


def _cache() -> str:
    from ..model.cache import cache_dir

    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({error.strerror}), so the model is compiled anew each"
            " time; set XDG_CACHE_HOME to a folder that can"
        ) from error
    return f"{folder} can be written; {_results()}"


def _results() -> str:
    from ..model import kept
    from .results import Results
    from .summary import plural

    store = Results().store
    used = store.usage()
    holds = f"{plural(used.entries, 'finished compile')}, {used.bytes / 2**20:.1f} MiB"
    bound = f"of at most {store.bound / 2**20:.0f} MiB in {store.folder.name}"
    return f"{holds} {bound}{', not used' if kept.off() else ''}"


def _step(model: Path | None) -> str:
    from ..model.cache import step_state
    from ..model.checkpoint import load

    return step_state(load(model).step)


def _cores() -> str:
    from ..targets.cpu.host import usable_cores

    return f"{usable_cores()} for the programs that are compiled, unless --cores says otherwise"


def _cpu() -> str:
    from ..iree.executable_target import attribute_of
    from ..iree.flags import cpu
    from ..iree.hardware import hardware_name
    from ..targets.cpu.host import cache_sizes, cpu_target

    attribute = attribute_of(cpu("host"))
    bits = cpu_target(attribute, 1).vector_bits
    levels = zip(("L1", "L2", "L3"), cache_sizes(), strict=True)
    caches = ", ".join(f"{name} {size >> 10} KiB" for name, size in levels if size)
    unknown = "caches are not known (give --caches)"
    return f"{hardware_name(attribute)}, vectors of {bits} bits, {caches or unknown}"


def _compile(model: Path | None) -> str:
    from .driver import compile_file
    from .options import Options

    with tempfile.TemporaryDirectory(prefix="tlm-doctor-") as folder:
        report = compile_file(_PROGRAM, Path(folder, "out.vmfb"), Options(model=model))
    if report.warnings:
        raise CompileError(f"a matmul compiles without its schedule ({report.warnings[0]})")
    return f"a matmul in {report.total_seconds:.1f} s"

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling without what Linux alone has; measuring says that it needs Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running import loaded
from test_compile import MATMUL

from tlm_mlir.cli import main
from tlm_mlir.errors import MeasureError
from tlm_mlir.measure.program import measure_programs
from tlm_mlir.measure.runner import measure_batches
from tlm_mlir.model.cache import cache_dir
from tlm_mlir.targets.cpu import host

ELSEWHERE = """
import os, signal, sys

for name in ("sched_getaffinity", "sched_setaffinity", "process_cpu_count", "fork", "getloadavg"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("sigwaitinfo", "sigtimedwait", "pthread_sigmask"):
    delattr(signal, name)
# A module that is None cannot be imported.
sys.modules |= dict.fromkeys(("resource", "fcntl", "grp", "pwd", "termios", "tty"))

def refuse(event, arguments):
    path = arguments[0] if arguments else ""
    if event in ("open", "os.listdir", "os.scandir") and str(path).startswith(("/proc", "/sys/")):
        raise FileNotFoundError(f"there is no {path} here")

sys.addaudithook(refuse)
from tlm_mlir.cli import command
sys.exit(command())
"""
"""The command in a process that has nothing of Linux's but what IREE's own code asks it for."""


def elsewhere(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as on another system."""
    return subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_nothing_in_compiling_depends_on_linux(tmp_path: Path) -> None:
    path, out = tmp_path / "matmul.mlir", tmp_path / "out.vmfb"
    path.write_text(MATMUL)
    ran = elsewhere("compile", str(path), "-o", str(out))
    assert ran.returncode == 0, ran.stderr
    assert f"(this machine), {os.cpu_count()} core" in ran.stderr
    a, b = (np.random.default_rng(0).random(s, np.float32) for s in ((37, 64), (64, 80)))
    assert np.allclose(loaded(out).main(a, b).to_host(), a @ b, rtol=1e-4)


def test_what_is_taken_away_is_missed_where_it_is_needed() -> None:
    """Or the test above would show nothing."""
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE.partition("from tlm_mlir")[0] + "open('/proc/cpuinfo')"],
        capture_output=True,
        text=True,
    )
    assert "there is no /proc/cpuinfo here" in ran.stderr


def test_cores_are_counted_whatever_the_system_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.usable_cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(sys, "version_info", (3, 11))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert host.usable_cores() == os.cpu_count()


def test_unknown_hardware_is_zero(tmp_path: Path) -> None:
    assert host.cache_sizes(tmp_path) == (0, 0, 0)
    assert host.host_features(tmp_path / "none") == frozenset()


def test_the_cache_is_where_it_was_on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_dir() == Path("/somewhere/tlm-mlir")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path.home() / ".cache" / "tlm-mlir"


def test_measuring_says_that_it_needs_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MeasureError, match="measuring needs Linux and this is darwin"):
        measure_batches([], on_result=lambda result: None)
    with pytest.raises(MeasureError, match="measuring needs Linux and this is darwin"):
        measure_programs([], on_result=lambda result: None)
    corpus = Path(__file__).resolve().parents[2] / "model" / "corpus" / "held_out.jsonl.xz"
    assert main(["eval", "--corpus", str(corpus), "--network", "bert-base"]) == 1
    said = capsys.readouterr().err
    assert "measuring needs Linux" in said and len(said.splitlines()) == 1

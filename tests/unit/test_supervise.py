# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Commands in a process of their own: how they end is how the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from tlm_mlir.cli.supervise import supervised

def command():
    {body}
    return 7

def ended(name):
    print("ended by", name, file=sys.stderr)
    return 1

raise SystemExit(supervised(command, ended))
"""
WAIT = 'print("begun", os.getpid(), flush=True); time.sleep(60)'


def start(body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def begun(process: subprocess.Popen[str]) -> int:
    """The process that runs the command, once it does."""
    assert process.stdout is not None
    return int(process.stdout.readline().split()[1])


def test_a_command_that_ends_gives_its_status() -> None:
    process = start("pass")
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 7


@pytest.mark.parametrize("name", ["SIGFPE", "SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_signal_that_ends_the_command_is_told(name: str) -> None:
    process = start(f"os.kill(os.getpid(), signal.{name})")
    assert process.communicate(timeout=30)[1] == f"ended by {name}\n"
    assert process.returncode == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_stop_stops_both(name: str) -> None:
    process = start(WAIT)
    child = begun(process)
    process.send_signal(signal.Signals[name])
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == -signal.Signals[name]
    assert not os.path.exists(f"/proc/{child}")


def test_an_interruption_reaches_the_command() -> None:
    process = start(f"\n    try: {WAIT}\n    except KeyboardInterrupt: return 130")
    begun(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's prctl")
def test_the_command_ends_with_who_started_it() -> None:
    process = start(WAIT)
    child = Path(f"/proc/{begun(process)}/stat")
    process.kill()
    process.wait(timeout=30)
    until = time.monotonic() + 30
    # A zombie waits for whoever inherits it here.
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until, "the command goes on alone"
        time.sleep(0.05)

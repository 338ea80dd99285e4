# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C while no Python runs, and the line that tells of what takes long."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tlm_mlir.cli.interrupt import INTERRUPTED, ends_at_once
from tlm_mlir.cli.progress import TOLD, status_line, told
from tlm_mlir.compiler import steps
from tlm_mlir.compiler.clock import IMPORTING, LOADING, START, Clock
from tlm_mlir.compiler.road import FALLBACK
from tlm_mlir.decisions import walk

BUSY = """
import ctypes, sys
from pathlib import Path
from tlm_mlir.cli.interrupt import ends_at_once
from tlm_mlir.cli.supervise import supervised

def command():
    with ends_at_once(lambda: print("before the end", file=sys.stderr)):
        print("begun", flush=True)
        {body}
    return 0

raise SystemExit(supervised(command, lambda name: 1))
"""
DEAF = """
        lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
        lock(mutex)
        lock(mutex)
"""
"""Two locks of one mutex: a call that no signal brings back, as one of IREE's compiler is."""
PARTIAL = """
        from tlm_mlir.files import opened
        with opened(Path({path!r})) as stream:
            stream.write(b"half")
            import time; time.sleep(30)
"""


def interrupted(body: str) -> tuple[int, str, float]:
    """Status, standard error and seconds of a command that gets SIGINT once it runs."""
    command = [sys.executable, "-c", BUSY.format(body=body)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    time.sleep(0.3)
    start = time.monotonic()
    # To both processes, as a terminal does.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=25)
    return process.returncode, said, time.monotonic() - start


def test_ctrl_c_ends_a_call_that_does_not_come_back() -> None:
    status, said, seconds = interrupted(DEAF)
    assert status == INTERRUPTED
    assert said == "before the end\ntlm-mlir: interrupted\n"
    assert seconds < 10


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    status, said, _ = interrupted(PARTIAL.format(path=str(tmp_path / "out.vmfb")))
    assert status == INTERRUPTED and said == "before the end\ntlm-mlir: interrupted\n"
    assert not list(tmp_path.iterdir())


def test_an_interruption_is_no_error_of_what_iree_calls() -> None:
    """Named after a bug: an exception in a function that IREE called became one of IREE's."""
    status, said, _ = interrupted(
        """
        try:
            import time; time.sleep(30)
        except BaseException:
            print("an exception", file=sys.stderr)
"""
    )
    assert status == INTERRUPTED and "an exception" not in said


def test_what_ignores_ctrl_c_goes_on_to() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ends_at_once(lambda: None):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_errors_pass_through_and_leave_no_watch() -> None:
    before, handler = signal.set_wakeup_fd(-1), signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="of a block"), ends_at_once(lambda: None):
        raise ValueError("of a block")
    assert signal.set_wakeup_fd(before) == -1 and signal.getsignal(signal.SIGINT) == handler


def test_a_line_is_shown_on_a_terminal_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, terminal = pty.openpty()
    monkeypatch.setattr("tlm_mlir.cli.progress.PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    clock = Clock()
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with status_line(clock, "in.mlir"), clock.timed(LOADING):
            time.sleep(0.6)
    shown = b""
    # What was written stays to be read, and then Linux says that nobody has the terminal.
    with suppress(OSError):
        while more := os.read(ours, 10_000):
            shown += more
    os.close(ours)
    assert b"in.mlir: the model is loading" in shown
    # The cursor is there again.
    assert shown.endswith(b"\x1b[2K") and b"\x1b[?25h" in shown


def test_nothing_is_shown_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with status_line(Clock(), "in.mlir"):
        pass
    assert capsys.readouterr().err == ""


def test_every_part_of_a_compile_has_words() -> None:
    parts = {steps.READING, steps.PASS, steps.FINISHING, steps.MEASURING}
    parts |= {walk.COMPILING, walk.APPLYING}
    assert parts | {START, IMPORTING, LOADING, FALLBACK} == set(TOLD) - {"generation"}
    clock = Clock()
    assert told(clock, "in.mlir") == "in.mlir: 0 s"
    with clock.timed(steps.FINISHING):
        assert told(clock, "in.mlir") == "in.mlir: IREE generates code, 0 s"

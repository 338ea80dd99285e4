# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The filter `tlm-schedule` and its helper process, and what they must survive."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from running import loaded

from tlm_mlir.frontends import filter, meeting
from tlm_mlir.iree.executables import configurations
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.phases import CONFIGURED
from tlm_mlir.iree.session import Session
from tlm_mlir.iree.stock import program
from tlm_mlir.model import entry

ROOT = Path(__file__).resolve().parents[2]
ATTENTION = ROOT / "lit" / "attention.mlir"
FILTER = Path(sys.executable).parent / "tlm-schedule"
CPU = "x86-64-v4"
CONFIG = "lowering_config"
WARM_SECONDS = 2.0
"""Twenty times what a warm answer takes on a machine that is free."""
WITH_FILTER = f"--iree-hal-preprocess-executables-with={FILTER.name} --cores=2"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime directory of the test's own, whose helper ends with it. Its path is short: pytest's
    own folders leave no room for a socket's name once their numbers are long."""
    with tempfile.TemporaryDirectory(prefix="tlm-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("PATH", f"{FILTER.parent}{os.pathsep}{os.environ['PATH']}")
        yield Path(folder) / "tlm-mlir"
        if pid := helper():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The attention as iree-compile hands it to a filter: its dump of sources."""
    folder = tmp_path_factory.mktemp("sources")
    command = [program(), ATTENTION, *cpu(CPU), f"--iree-hal-dump-executable-sources-to={folder}"]
    subprocess.run([*command, "-o", "/dev/null"], check=True)
    (path,) = folder.glob("*.mlir")
    return path.read_text()


def start(text: str) -> subprocess.Popen[str]:
    """A filter that has begun to read an executable."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [FILTER, "--cores=2"], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    threading.Thread(target=feed, args=(process, text)).start()
    return process


def feed(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.close()


def end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a filter gives and says. It never fails."""
    assert process.stdout is not None and process.stderr is not None
    out, said = process.stdout.read(), process.stderr.read()
    assert process.wait(timeout=120) == 0
    return out, said


def filtered(text: str) -> tuple[str, str]:
    return end(start(text))


def passes(text: str, reason: str) -> None:
    """A filter gives the text as it is, and says why in one line."""
    out, said = filtered(text)
    assert out == text
    assert said.count("\n") == 1 and reason in said and "stays as it is" in said


def helper() -> int:
    """The process that listens, 0 where none does."""
    connection = socket.socket(socket.AF_UNIX)
    with connection:
        try:
            connection.connect(meeting.address())
        except OSError:
            return 0
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, _, _ = struct.unpack("3i", found)
    return int(pid)


def test_a_warm_helper_answers_quickly(runtime: Path, executable: str) -> None:
    first, said = filtered(executable)
    assert CONFIG in first and not said
    pid = helper()
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        assert filtered(executable) == (first, "")
        seconds.append(time.perf_counter() - began)
    assert helper() == pid
    assert min(seconds) < WARM_SECONDS


def test_answers_outlast_a_helper(
    runtime: Path, executable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TLM_MLIR_NO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, _ = filtered(executable)
    assert CONFIG in first
    assert subprocess.run([FILTER, "--stop"]).returncode == 0
    (answer,) = (tmp_path / "tlm-mlir" / "answers").iterdir()
    # Something else in its place tells that it is taken from there.
    whole = entry.read(answer)
    assert whole is not None and whole.endswith(first.encode())
    entry.write(answer, b"0 1 0\n")
    assert filtered(executable) == (executable, "")
    # A damaged one is worked out anew.
    assert subprocess.run([FILTER, "--stop"]).returncode == 0
    answer.write_bytes(answer.read_bytes()[:-9])
    assert filtered(executable) == (first, "")


def test_twenty_filters_at_once_start_one_helper(runtime: Path, executable: str) -> None:
    names = [f"@number_{number}" for number in range(20)]
    processes = [start(executable.replace("@main", name)) for name in names]
    for name, process in zip(names, processes, strict=True):
        out, said = end(process)
        assert CONFIG in out and name in out and not said
    assert len(list(runtime.glob("*.socket"))) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not one executable"),
        ("module {\n}\n", "is not one executable"),
        ("rubbish\n", "the executable is not MLIR"),
        ("\0\xff\n", "the executable is not MLIR"),
    ],
)
def test_rubbish_passes_through(runtime: Path, text: str, reason: str) -> None:
    passes(text, reason)


def test_what_cannot_be_scheduled_passes_through(runtime: Path, executable: str) -> None:
    text = executable.replace('"llvm-cpu"', '"vmvx"')
    assert filtered(text) == (text, "")


def test_what_runs_at_load_is_not_asked_about(runtime: Path, executable: str) -> None:
    named = "main_dispatch_0"
    assert f"@{named}" in executable
    text = executable.replace(f"@{named} ", "@_initializer_3_dispatch_0 ", 1)
    done = subprocess.run([FILTER], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, text, "") and not helper()
    # A function of a user's may be called alike.
    text = executable.replace(f"@{named} ", "@my_initializer_3_dispatch_0 ", 1)
    done = subprocess.run([FILTER], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and CONFIG in done.stdout and helper()


def test_an_argument_that_is_unknown_passes_through(runtime: Path, executable: str) -> None:
    done = subprocess.run(
        [FILTER, "--threads=2"], input=executable, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, executable)
    assert "--threads=2 is not understood" in done.stderr


def test_a_helper_that_is_killed_costs_time_alone(runtime: Path, executable: str) -> None:
    filtered(executable)
    first = helper()
    processes = [start(executable.replace("@main", f"@again_{n}")) for n in range(4)]
    time.sleep(0.1)
    os.kill(first, signal.SIGKILL)
    for process in processes:
        out, said = end(process)
        assert CONFIG in out and not said
    assert helper() not in (0, first)


def test_a_stale_socket_is_ignored(runtime: Path, executable: str) -> None:
    runtime.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as nobody:
        nobody.bind(meeting.address())
    out, said = filtered(executable)
    assert CONFIG in out and not said


def test_a_socket_of_something_else_is_ignored(runtime: Path, executable: str) -> None:
    runtime.mkdir(mode=0o700)

    def serve() -> None:
        for _ in range(2):
            connection, _ = stranger.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request" + bytes(100))

    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(meeting.address())
        stranger.listen()
        threading.Thread(target=serve, daemon=True).start()
        out, said = filtered(executable)
    assert CONFIG in out and not said


def test_a_folder_that_is_open_to_others_is_refused(runtime: Path, executable: str) -> None:
    runtime.mkdir()
    runtime.chmod(0o755)
    passes(executable, "is open to other users")
    runtime.chmod(0o700)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be another user")
def test_a_socket_of_another_user_is_refused(runtime: Path, executable: str) -> None:
    runtime.mkdir(mode=0o700)
    # Whoever listens is whose socket it is.
    code = (
        "import os, socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
        "os.setuid(65534); s.listen(); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, meeting.address()], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline()
        passes(executable, "another user's socket")
        other.kill()


@pytest.mark.parametrize("answer", [b"", b"1 1 900\ncut short", b"not a number\n", b"1 1 x\n"])
def test_a_helper_that_ends_or_talks_nonsense_passes_through(
    answer: bytes, runtime: Path, executable: str
) -> None:
    runtime.mkdir(mode=0o700)
    attempts = []

    def serve() -> None:
        for _ in range(filter._ATTEMPTS):
            connection, _ = fragile.accept()
            with connection:
                connection.sendall(meeting.GREETING)
                attempts.append(meeting.receive(connection).split(b"\n")[0])
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as fragile:
        fragile.bind(meeting.address())
        fragile.listen()
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        passes(executable, "the helper process ends before it answers")
        server.join()
    assert attempts == [b"2 0", b"2 1", b"2 2"]


def test_a_helper_that_cannot_start_passes_through(
    runtime: Path, executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter, "__package__", "tlm_mlir.nothing")
    with pytest.raises(filter.Unanswered, match="no helper process starts"):
        filter._answer(executable.encode(), 2)


def test_a_helper_ends_when_nobody_asks(runtime: Path) -> None:
    path = meeting.address()
    command = [sys.executable, "-m", "tlm_mlir.frontends.helper", path, "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.wait(timeout=60) == 0
    assert not os.path.exists(path)


def test_a_long_path_is_exchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert meeting.folder() == f"/tmp/tlm-mlir-{os.getuid()}"
    assert len(meeting.address()) < 104


def test_the_places_of_the_cache_and_the_checkpoint_are_those_of_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tlm_mlir.model.cache import cache_dir
    from tlm_mlir.model.checkpoint import default_dir

    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    # A long path has no room for a socket's name. Nothing is made there.
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    assert Path(meeting.folder()).parent == cache_dir()
    assert str(default_dir()) in meeting._CHECKPOINTS


def test_the_filter_imports_next_to_nothing() -> None:
    code = "import sys, tlm_mlir.frontends.filter; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = set(ran.stdout.split())
    assert not found & {"iree", "numpy", "subprocess", "dataclasses", "pathlib", "json"}


def test_stock_with_the_filter_configures_what_compile_does(
    runtime: Path, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours.mlir", tmp_path / "theirs.mlir"
    stop = f"--compile-to={CONFIGURED}"
    stock = [program(), ATTENTION, *cpu(CPU), stop, "-o"]
    subprocess.run([*stock, theirs, WITH_FILTER], check=True)
    script = tmp_path / "script.mlir"
    compiled = [sys.executable, "-m", "tlm_mlir.cli", "compile", ATTENTION, "--cpu", CPU]
    compiled += ["--cores=2", "-o", tmp_path / "a.vmfb", "--script-out", script]
    subprocess.run(compiled, check=True)
    library = f"--iree-codegen-transform-dialect-library={script}"
    subprocess.run([*stock, ours, library], check=True)
    session = Session(cpu(CPU))
    found = [configurations(session.parse(path)) for path in (ours, theirs)]
    assert found[0] == found[1]
    assert CONFIG in str(found[0])


def test_values_are_those_of_stock(runtime: Path, tmp_path: Path) -> None:
    plain, scheduled = tmp_path / "plain.vmfb", tmp_path / "scheduled.vmfb"
    stock = [program(), ATTENTION, *cpu("host"), "-o"]
    subprocess.run([*stock, plain], check=True)
    subprocess.run([*stock, scheduled, WITH_FILTER], check=True)
    assert plain.read_bytes() != scheduled.read_bytes()
    draw = np.random.default_rng(0).standard_normal
    shapes = ((4, 64, 32), (4, 48, 32), (4, 48, 32))
    given = [draw(shape, dtype=np.float32) for shape in shapes]
    expected, found = (
        np.asarray(loaded(path)["main"](*given)) for path in (plain, scheduled)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

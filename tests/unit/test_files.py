# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing and reading of the files that a user names."""

from __future__ import annotations

import io
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tlm_mlir.errors import InputError
from tlm_mlir.files import STANDARD, aside, check_writable, opened, read_bytes, regular, write_bytes

FULL = Path("/dev/full")
PAYLOAD = b"payload\n"


def alone(path: Path) -> list[str]:
    """What stands in a file's folder: nothing written aside may stay."""
    return sorted(each.name for each in path.parent.iterdir())


def device(path: Path, minor: int) -> Path:
    """A device node of our own: of memory devices 3 takes anything, 7 nothing."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        path.read_bytes() if minor == 3 else path.stat()
    except OSError as error:
        pytest.skip(f"needs the right to make a device and to use it ({error.strerror})")
    return path


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / "out"
    write_bytes(path, PAYLOAD)
    assert path.read_bytes() == PAYLOAD
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert alone(path) == ["out"]


def test_a_regular_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("older and longer than the payload")
    path.chmod(0o640)
    before = path.stat().st_ino
    write_bytes(path, PAYLOAD)
    assert path.read_bytes() == PAYLOAD
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != before


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_names_is_written(there: bool, tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_text("older")
    (tmp_path / "middle").symlink_to("elsewhere/target")
    link.symlink_to("middle")
    check_writable([link])
    write_bytes(link, PAYLOAD)
    assert link.is_symlink() and (tmp_path / "middle").is_symlink()
    assert target.read_bytes() == PAYLOAD
    assert alone(target) == ["target"]


def test_a_fifo_is_written_through(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write_bytes(path, PAYLOAD)
    reader.join(10)
    assert read == [PAYLOAD]
    assert path.is_fifo() and alone(path) == ["fifo"]


def test_a_device_is_written_through(tmp_path: Path) -> None:
    path = device(tmp_path / "null", 3)
    write_bytes(path, PAYLOAD)
    assert path.is_char_device() and alone(path) == ["null"]


def test_a_full_device_stays_and_is_an_error(tmp_path: Path) -> None:
    path = device(tmp_path / "full", 7)
    with pytest.raises(InputError, match="full cannot be written: No space left"):
        write_bytes(path, PAYLOAD)
    assert path.is_char_device()


def test_a_full_disk_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(PAYLOAD)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(InputError, match="out cannot be written: File too large"):
            write_bytes(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == PAYLOAD
    assert alone(path) == ["out"]


def test_what_fails_halfway_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(PAYLOAD)
    with pytest.raises(ZeroDivisionError), opened(path) as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == PAYLOAD
    assert alone(path) == ["out"]


def test_the_name_aside_ends_as_the_file_does(tmp_path: Path) -> None:
    with aside(tmp_path / "weights.irpa") as place:
        place.write_bytes(PAYLOAD)
        assert place.suffix == ".irpa"
    assert (tmp_path / "weights.irpa").read_bytes() == PAYLOAD


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match="a cannot be written"):
        write_bytes(tmp_path / "a", PAYLOAD)


PROGRAM = """
import sys
from pathlib import Path
from tlm_mlir.files import write_bytes
print("before")
write_bytes(Path(sys.argv[1]), b"payload\\n")
"""


@pytest.mark.parametrize("path", ["-", "/dev/stdout", "/proc/self/fd/1"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_standard_output(path: str, kind: str, tmp_path: Path) -> None:
    """What the shell sends to the end of a file keeps what stands there."""
    if path != "-" and not os.path.exists(path):
        pytest.skip(f"needs {path}")
    command = [sys.executable, "-c", PROGRAM, path]
    if kind == "pipe":
        ran = subprocess.run(command, capture_output=True, check=True)
        assert sorted(ran.stdout.splitlines()) == [b"before", b"payload"]
        return
    log = tmp_path / "log"
    log.write_text("older\n")
    with log.open("a") as stream:
        subprocess.run(command, stdout=stream, check=True)
    assert sorted(log.read_text().splitlines()) == ["before", "older", "payload"]


def test_paths_that_cannot_be_written_are_told_first(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder does not exist"):
        check_writable([None, tmp_path / "no" / "such"])
    with pytest.raises(InputError, match="it is a folder"):
        check_writable([tmp_path])
    with pytest.raises(InputError, match="cannot both be standard output"):
        check_writable([STANDARD, tmp_path / "out", STANDARD])
    check_writable([STANDARD, tmp_path / "out", None])


def test_standard_input_and_fifos_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PAYLOAD)))
    assert read_bytes(STANDARD) == PAYLOAD
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(PAYLOAD))
    writer.start()
    with regular(fifo) as path:
        assert [path.read_bytes() for _ in range(2)] == [PAYLOAD, PAYLOAD]
    writer.join(10)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_bytes(tmp_path)

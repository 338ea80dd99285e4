# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finished compiles in the user's cache: the same program with the same flags, model and versions
is compiled once.

An entry is one file, named by a digest of all that a compile depends on, with a hash of its
content (`model/entry.py`). It is written aside and renamed, so that processes may share the folder.
An entry that is damaged counts as none, and a folder that cannot be written costs nothing but time.
Where all entries take more than a bound, the least recently used go first. What a warning was given
about is not kept, so that it is given again.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from ..errors import InputError
from ..files import STANDARD, check_writable, write_bytes
from ..iree import library
from ..iree.command_line import HONOURED
from ..model import checkpoint, entry
from ..model.cache import cache_dir, host
from ..policy.deciding import Policy
from ..targets.cpu.host import cache_sizes
from .clock import IMPORTING, Clock
from .driver import compile_file
from .options import Options
from .report import Report
from .source import Given, Source
from .tuner import Tuner

OFF, BOUND = "TLM_MLIR_NO_CACHE", "TLM_MLIR_CACHE_SIZE"
"""Environment variables: no cache unless empty; the most that all entries take, such as 500m."""
LARGEST = 1 << 30
"""Bytes of all entries, unless told."""
CACHED = "cache"
"""The part of a compile in which an entry is looked up."""
_SUFFIX = ".result"
_SIZE = re.compile(r"(\d+)([kmg]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_PACKAGES = ("iree-base-compiler", "iree-base-runtime", "numpy")
_STALE = 3600.0
"""Seconds after which a file that is being written was left behind."""


@dataclass(frozen=True)
class Usage:
    """What is kept: entries and their bytes."""

    entries: int
    bytes: int


class Results:
    """The finished compiles in a folder, of at most `bound` bytes together."""

    def __init__(self, folder: Path | None = None, bound: int | None = None) -> None:
        """Raises InputError where the environment gives a bound that is no size."""
        self.folder = cache_dir() / "results" if folder is None else folder
        self.bound = _bound() if bound is None else bound

    def find(self, key: str) -> tuple[Report, bytes] | None:
        """The report and the .vmfb of a compile; None where there is no whole entry."""
        path = self._path(key)
        body = entry.read(path)
        if body is None:
            return None
        end = 8 + int.from_bytes(body[:8], "little")
        try:
            report = Report.from_json(body[8:end].decode())
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        with suppress(OSError):
            os.utime(path)
        return report, body[end:]

    def keep(self, key: str, report: Report, program: bytes) -> None:
        """Keeps a compile; nothing where it is larger than the bound, or cannot be written."""
        told = report.to_json().encode()
        body = len(told).to_bytes(8, "little") + told + program
        if len(body) > self.bound:
            return
        with suppress(OSError, InputError):
            entry.write(self._path(key), body)
            self._evict()

    def usage(self) -> Usage:
        """What the folder holds now."""
        sizes = [found.st_size for _, found in self._files()]
        return Usage(len(sizes), sum(sizes))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """All entries, and what other processes are writing or have left behind."""
        with suppress(FileNotFoundError):
            for path in self.folder.iterdir():
                # Another process may have removed it.
                with suppress(FileNotFoundError):
                    if path.suffix == _SUFFIX:
                        yield path, path.stat()

    def _evict(self) -> None:
        """Removes the least recently used entries until the rest is within the bound."""
        found = sorted(self._files(), key=lambda item: item[1].st_mtime_ns)
        total = sum(state.st_size for _, state in found)
        for path, state in found:
            partial = path.name.startswith(".")
            if partial and time.time() - state.st_mtime < _STALE:
                continue
            if total > self.bound or partial:
                path.unlink(missing_ok=True)
                total -= state.st_size


def compile_or_find(
    source: Given,
    out: Path,
    options: Options,
    *,
    report_out: Path | None = None,
    script_out: Path | None = None,
    script: Path | None = None,
    clock: Clock | None = None,
    tuner: Tuner | None = None,
    scheduler: Policy | None = None,
    cache: bool = True,
) -> Report:
    """`driver.compile_file`, but for a compile that is in the cache: its program is written as it
    is there, and its report says so.

    What depends on more than is known, or gives more than a program and a report, is compiled each
    time, and so is all without `cache`. Raises what `compile_file` raises.
    """
    check_writable([out, script_out, report_out])
    clock = clock or Clock()
    with clock.timed(IMPORTING):
        given = Source.of(source)
    key, results = "", None
    more = script or script_out or tuner or scheduler
    if cache and not (more or os.environ.get(OFF)):
        results = Results()
        with clock.timed(CACHED):
            key = key_of(given, options)
            found = results.find(key) if key else None
        if found:
            return _taken(*found, out, report_out, clock)
    report = compile_file(
        given,
        out,
        options,
        script_out=script_out,
        report_out=report_out,
        clock=clock,
        script=script,
        tuner=tuner,
        scheduler=scheduler,
    )
    if results and key and not report.warnings and out != STANDARD and out.is_file():
        results.keep(key, report, out.read_bytes())
    return report


def _taken(
    report: Report, program: bytes, out: Path, report_out: Path | None, clock: Clock
) -> Report:
    """Writes what was found; returns the report of that."""
    with clock.timed(CACHED):
        write_bytes(out, program)
    seconds = dict(clock.seconds)
    report = replace(report, seconds=seconds, total_seconds=clock.elapsed(), cached=True)
    if report_out:
        report.write(report_out)
    return report


def key_of(source: Source, options: Options) -> str:
    """A digest of all that a compile depends on; empty where that is not known."""
    if not all(_plain(flag) for flag in options.iree_args):
        return ""
    folder = checkpoint.default_dir() if options.model is None else options.model
    try:
        content = source.read()
        model = (folder / checkpoint.MANIFEST).read_bytes()
        parts = [*_states(folder), *_states(library.folder()), *_states(Path(__file__).parents[1])]
    except (OSError, InputError):
        return ""
    environment = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("IREE_")]
    versions = [sys.version, *map(version, _PACKAGES)]
    asked = [*astuple(replace(options, model=None)), options.core_count(), cache_sizes(), host()]
    digest = hashlib.sha256()
    told = repr((source.name, asked, versions, environment, parts))
    for data in (told.encode(errors="backslashreplace"), content, model):
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:32]


def _plain(flag: str) -> bool:
    """Whether a flag of IREE's is known to read and write no file."""
    name, _, value = flag.partition("=")
    known = HONOURED.fullmatch(name) is not None and "parameter" not in name
    return known and not re.search(r"[/\\]", value) and not os.path.exists(value or "/none")


def _states(folder: Path) -> list[tuple[str, int, int]]:
    """Files of a folder, what is below included, with their sizes and times of change."""
    return sorted(
        (str(path.relative_to(folder)), state.st_size, state.st_mtime_ns)
        for path in folder.rglob("*")
        if path.suffix not in (".pyc", "") and (state := path.stat())
    )


def _bound() -> int:
    text = os.environ.get(BOUND, "").strip()
    if not text:
        return LARGEST
    found = _SIZE.fullmatch(text)
    if not found:
        raise InputError(f"{BOUND} is '{text}', which is no size; give it such as 500m or 2g")
    return int(found[1]) * _UNITS[found[2].lower()]

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finished compiles in the user's cache (`model/kept.py`): the same program with the same flags,
model and versions is compiled once.

What a warning was given about is not kept, so that it is given again.
"""

from __future__ import annotations

import os
import re
from dataclasses import astuple, replace
from pathlib import Path

from ..errors import InputError
from ..files import STANDARD, check_writable, write_bytes
from ..iree.command_line import HONOURED
from ..model import kept
from ..model.cache import cache_dir
from ..policy.deciding import Policy
from .clock import IMPORTING, Clock
from .driver import compile_file
from .options import Options
from .report import Report
from .source import Given, Source
from .tuner import Tuner

CACHED = "cache"
"""The part of a compile in which an entry is looked up."""
FOLDER, SUFFIX = "results", ".result"


class Results:
    """The finished compiles in a folder, of at most `bound` bytes together."""

    def __init__(self, folder: Path | None = None, bound: int | None = None) -> None:
        """Raises InputError where the environment gives a bound that is no size."""
        place = cache_dir() / FOLDER if folder is None else folder
        self.store = kept.Store(place, kept.bound() if bound is None else bound, SUFFIX)

    def find(self, key: str) -> tuple[Report, bytes] | None:
        """The report and the .vmfb of a compile; None where there is no whole entry."""
        body = self.store.get(key)
        if body is None:
            return None
        end = 8 + int.from_bytes(body[:8], "little")
        try:
            return Report.from_json(body[8:end].decode()), body[end:]
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, key: str, report: Report, program: bytes) -> None:
        """Keeps a compile, if it can be kept."""
        told = report.to_json().encode()
        self.store.put(key, len(told).to_bytes(8, "little") + told + program)


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
    if cache and not (more or kept.off()):
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
    try:
        content, around = source.read(), kept.surroundings(options.model)
    except (OSError, InputError):
        return ""
    asked = repr((*astuple(replace(options, model=None)), options.core_count()))
    return kept.key(source.name, asked, around, content)


def _plain(flag: str) -> bool:
    """Whether a flag of IREE's is known to read and write no file."""
    name, _, value = flag.partition("=")
    known = HONOURED.fullmatch(name) is not None and "parameter" not in name
    return known and not re.search(r"[/\\]", value) and not os.path.exists(value or "/none")

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which functions of a program the sequences of a script match, told without applying it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..decisions import script_header as header
from ..decisions.dispatch import Lowering
from ..decisions.point import Site
from ..decisions.script_reading import (
    ScheduleSequence,
    alike,
    read_script,
    read_sequences,
    read_target,
)
from ..errors import InputError
from ..files import shown
from . import steps
from .clock import Clock
from .options import Options
from .source import Given, Source

MATCHES, RENAMED, OTHER, NOTHING = "matches", "renamed", "other", "nothing"
WORDS = {
    MATCHES: "matches {0}",
    RENAMED: "is for {1}, and what it is for is called {0} here",
    OTHER: "is for {1}, which computes something else here",
    NOTHING: "is for {1}, and nothing here is like it",
}


@dataclass(frozen=True)
class Match:
    """What a sequence finds: `kind` is one of WORDS, and `function` what there is in the program
    for it, if anything."""

    sequence: ScheduleSequence
    kind: str
    function: str = ""

    def __str__(self) -> str:
        told = ", ".join(filter(None, (self.sequence.op, self.sequence.gain)))
        what = WORDS[self.kind].format(self.function, self.sequence.function)
        return f"@{self.sequence.name} ({told}) {what}" if told else f"@{self.sequence.name} {what}"


@dataclass(frozen=True)
class Checked:
    """What the sequences of a script find in a program. `origin` says what wrote the script."""

    name: str
    origin: Mapping[str, str]
    matches: tuple[Match, ...]

    def count(self, kind: str) -> int:
        """How many sequences find something of a kind."""
        return sum(match.kind == kind for match in self.matches)

    @property
    def whole(self) -> bool:
        """Whether every sequence matches by name and by what is computed."""
        return self.count(MATCHES) == len(self.matches)

    def __str__(self) -> str:
        says = self.origin
        lines = [
            f"{self.name}: written by tlm-mlir {says.get(header.VERSION, '?')} for IREE"
            f" {says.get(header.IREE, '?')}, by the model {says.get(header.MODEL, '?')}, of"
            f" {says.get(header.SOURCE, '?')}"
        ]
        lines += [f"  {match}" for match in self.matches]
        lines.append(
            f"{self.count(MATCHES)} of {len(self.matches)} sequences match,"
            f" {self.count(RENAMED)} under another name, {self.count(OTHER)} find something else,"
            f" {self.count(NOTHING)} nothing"
        )
        return "\n".join(lines)


def check_script_for(source: Given, path: Path, options: Options) -> Checked:
    """What the sequences of a script in a file find in a program, as stock IREE compiles it.

    Raises InputError for a script that cannot be used, or one for another target, and what
    `steps.read` raises for the program.
    """
    script = read_script(path)
    point = Lowering(rewrite=False)
    found = steps.read(Source.of(source), replace(options, graph=False), [point], Clock())
    sites = point.find(found.module, options.core_count())
    origin, sequences = header.told(script.operation), read_sequences(script)
    if header.TARGET in origin and sequences:
        target = read_target(script)
        for site in sites:
            if site.task is not None and not alike(site.task.target, target):
                raise InputError(
                    f"{shown(path)} is for another target than the module is compiled for; give"
                    " the flags that it was written with"
                )
    matches = tuple(_match(sequence, sites) for sequence in sequences)
    return Checked(shown(path), origin, matches)


def _match(sequence: ScheduleSequence, sites: Sequence[Site]) -> Match:
    """What one sequence finds. One that was written by hand says no more than a name."""
    alike = [
        site.name
        for site in sites
        if site.workload is not None and site.workload.digest == sequence.workload
    ]
    named = [site.name for site in sites if site.name == sequence.function]
    if named and (named[0] in alike or not sequence.workload):
        return Match(sequence, MATCHES, named[0])
    if alike:
        return Match(sequence, RENAMED, alike[0])
    return Match(sequence, OTHER, named[0]) if named else Match(sequence, NOTHING)

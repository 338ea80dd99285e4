# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verdict on a benchmark's programs, with references where there is a doubt.

A reference costs a compile, and IREE's interpreter minutes a call for a large network. So there is
none where programs agree, compiled as IREE compiles by default. Under flags of the user's that all
of them share, the quick reference suffices while it agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..compiler.options import Options
from ..iree.flags import INPUT_PREFIX
from .compiling import compile_stock
from .running import CALLS, Case, call_all, keeps_state
from .verdict import INDEPENDENT, QUICK, RIGHT, UNDECIDED, Calls, Reference, Verdict, judge


@dataclass(frozen=True)
class References:
    """Compiles and runs references of a module. `folder` is where their programs go."""

    source: Path
    options: Options
    case: Case
    folder: Path

    def call(
        self, references: Sequence[Reference], calls: int
    ) -> tuple[dict[str, Calls], list[str]]:
        """The results of each reference; and a note for each that has none."""
        kept = [flag for flag in self.options.iree_args if flag.startswith(INPUT_PREFIX)]
        programs, notes = {}, []
        for reference in references:
            name, path = reference.name, self.folder / f"{reference.name}.vmfb"
            compiled = compile_stock(name, self.source, [*reference.flags, *kept], (), path)
            if compiled.reason:
                notes.append(f"reference {name} does not compile: {compiled.reason}")
            else:
                programs[name] = path
        found, failed = call_all(programs, self.case, calls)
        notes += [f"reference {name} does not run: {why}" for name, why in failed.items()]
        return found, notes


def check(
    results: Mapping[str, Calls], bound: float, references: References
) -> tuple[dict[str, Verdict], list[str]]:
    """A verdict on each program by name, and notes."""
    verdicts = judge(results, {}, bound)
    agreed = _all_right(verdicts)
    if not results or (agreed and not references.options.iree_args):
        return verdicts, []
    calls = CALLS if any(map(keeps_state, results.values())) else 1
    compared = {name: values[:calls] for name, values in results.items()}
    found, notes = references.call([QUICK], calls)
    verdicts = judge(compared, found, bound)
    confirmed = {verdict.against for verdict in verdicts.values()} == {QUICK.name}
    if not (agreed and confirmed and _all_right(verdicts)):
        independent, why = references.call([INDEPENDENT], calls)
        # The independent one is believed before the other.
        found, notes = {**independent, **found}, [*notes, *why]
        verdicts = judge(compared, found, bound)
    return verdicts, [*notes, *_judged_by(verdicts)]


def _all_right(verdicts: Mapping[str, Verdict]) -> bool:
    return all(verdict.status == RIGHT for verdict in verdicts.values())


def _judged_by(verdicts: Mapping[str, Verdict]) -> list[str]:
    if any(verdict.status == UNDECIDED for verdict in verdicts.values()):
        return ["values differ, and no reference agrees with any program, so none is convicted"]
    names = {verdict.against for verdict in verdicts.values()} - set(verdicts)
    return [f"values are judged by the reference {name}" for name in sorted(names)]

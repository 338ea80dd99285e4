# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Do random schedules of packed weights, layouts and data tiling give IREE's own values?

    python benchmarks/values.py --schedules 5000 --out values.jsonl
    python benchmarks/values.py --families packed --schedules 200 --seed 7

Draws programs (`tlm_mlir.bench.value_programs`) and, for each, schedules of its ops and dispatches
(`tlm_mlir.bench.campaign`). Each is compiled as `tlm-mlir compile` does it, run on integers, where
every value must be equal, and on floats, where rounding may differ. Prints how many are right,
wrong, fall back, do not compile or end the process. Exit status 1 where one is anything but right.
A run with `--out` that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tlm_mlir.bench.campaign import (
    CRASHED,
    FAMILIES,
    NOTHING,
    RIGHT,
    STATUSES,
    Batch,
    Checked,
    check,
)
from tlm_mlir.bench.journal import Journal
from tlm_mlir.errors import TlmError
from tlm_mlir.measure.isolated import isolated
from tlm_mlir.targets.cpu.host import host_features


def checked(batches: Sequence[Batch], limit: float) -> Iterator[list[Checked]]:
    """The rows of each batch; where its process ends, those of each schedule by itself."""
    for batch, answer in isolated(check, batches, timeout=limit):
        if not isinstance(answer, TlmError):
            yield answer
            continue
        rows = []
        for alone, again in isolated(check, batch.alone(), timeout=limit):
            if isinstance(again, TlmError):
                fields = (alone.family, alone.seed, alone.numbers[0], "")
                again = [Checked(*fields, CRASHED, reason=str(again))]
            rows += again
        yield rows


def report(rows: Sequence[Checked]) -> int:
    """Prints the counts, and all that is not right. Returns 1 where there is some."""
    table = Table(title="random schedules against IREE's default")
    table.add_column("family")
    for name in ("schedules", "programs", *STATUSES):
        table.add_column(name, justify="right")
    for family in (*FAMILIES, "all"):
        some = [row for row in rows if family in (row.family, "all")]
        counts = [sum(row.status == status for row in some) for status in STATUSES]
        programs = len({(row.family, row.seed) for row in some})
        if some:
            table.add_row(family, *map(str, (len(some), programs, *counts)))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    bad = [row for row in rows if row.status not in (RIGHT, NOTHING)]
    for row in bad:
        where = f"{row.family} {row.seed}.{row.number} {row.program}"
        text = f"{where}: {row.status}: {row.reason}; {'; '.join(row.schedules)}"
        console.print(text, markup=False)
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=5000, help="how many, over all families")
    parser.add_argument("--each", type=int, default=5, help="of them for a program")
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for a program")
    parser.add_argument("--out", type=Path, help="JSON lines; what is there is not checked again")
    options = parser.parse_args()
    count = -(-options.schedules // (options.each * len(options.families)))
    seeds = range(options.seed, options.seed + count)
    batches = [
        Batch(family, seed, tuple(range(options.each)))
        for seed in seeds
        for family in options.families
    ]
    journal = None
    rows: list[Checked] = []
    if options.out:
        journal = Journal(options.out, {"features": sorted(host_features())})
        rows = [Checked(**{**row, "schedules": tuple(row["schedules"])}) for row in journal.read()]
    done = {(row.family, row.seed) for row in rows}
    left = [batch for batch in batches if (batch.family, batch.seed) not in done]
    for found in checked(left, options.limit):
        rows += found
        if journal:
            journal.add(map(asdict, found))
        for row in found:
            print(
                f"[{len(rows)}] {row.family} {row.seed}.{row.number} {row.program}: {row.status}"
                f" {row.reason}",
                file=sys.stderr,
                flush=True,
            )
    return report(rows)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except TlmError as error:
        print(f"values: error: {error}", file=sys.stderr)
        raise SystemExit(1) from None

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can be learned from files of records: how many are used, and why the others are not.

    tlm-mlir records model/records/*.jsonl.xz
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from .rows import VERDICTS, Reader


def table(counts: Iterable[tuple[str, Counter[str]]]) -> str:
    """One line for each file, with the share of its schedules that each verdict has."""
    lines: list[tuple[str, ...]] = [("file", "schedules", *VERDICTS)]
    for name, found in counts:
        total = found.total()
        cells = (f"{found[v]} ({found[v] / total:.1%})" if found[v] else "0" for v in VERDICTS)
        lines.append((name, str(total), *cells))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Count what generator and cost model learn from each file of records."""
    parser = argparse.ArgumentParser(prog="tlm-mlir records", description=main.__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="F.jsonl.xz")
    parser.add_argument("--iree", metavar="VERSION", help="whose records (the installed one's)")
    options = parser.parse_args(arguments)
    reader = Reader(options.files, options.iree)
    for _ in reader:
        pass
    counts = [(path.name, found) for path, found in reader.counts.items()]
    total: Counter[str] = sum((found for _, found in counts), Counter())
    print(f"records of IREE {reader.iree}, of a vocabulary that today's begins with")
    print(table([*counts, ("all", total)]))
    return 0

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of `benchmarks/peers.py` in markdown, from the JSON of a run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

TITLES = {
    "resnet50": "ResNet-50",
    "bert_base_128": "BERT-base, 128 tokens",
    "gpt2_128": "GPT-2, 128 tokens",
    "llama7b_layer_128": "LLaMA-7B layer, 128 tokens",
    "mobilenet_v2_b1_r224": "MobileNetV2",
}
COLUMNS = (
    *("stock default", "best stock flags", "tlm-mlir", "eager torch", "torch.compile"),
    *("ONNX Runtime", "OpenVINO"),
)
OURS, PEAK = "tlm-mlir", "FLOPs / peak"
NONE = "–"


def markdown(report: Mapping[str, Any]) -> str:
    """A row for each network: the median of each side in milliseconds and, in brackets, how many
    times tlm-mlir's that is. Below it what the figures are of, and what failed."""
    head = ("network", *COLUMNS, PEAK)
    rows = [head, ["---"] * len(head), *(_cells(row) for row in report["networks"])]
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([*lines, "", *_notes(report)]) + "\n"


def median_ms(side: Mapping[str, Any] | None) -> float:
    """Milliseconds of a call; NaN where there are none."""
    seconds = side["seconds"] if side else ()
    return 1e3 * statistics.median(seconds) if seconds else math.nan


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    ours = median_ms(row["sides"].get(OURS))
    cells = [TITLES.get(row["network"], row["network"])]
    for name in COLUMNS:
        cells.append(_cell(row["sides"].get(name), ours, bold=name == OURS))
    if not row["peak"]:
        return [*cells, NONE]
    least = 1e3 * row["operations"] / row["peak"]
    return [*cells, _with_ratio(least, ours)]


def _cell(side: Mapping[str, Any] | None, ours: float, bold: bool) -> str:
    if side is None:
        return NONE
    if side["problem"]:
        return "fails"
    own = median_ms(side)
    return f"**{_figure(own)} ms**" if bold else _with_ratio(own, ours)


def _with_ratio(own: float, ours: float) -> str:
    ratio = "" if math.isnan(ours) else f" ({own / ours:.2f}x)"
    return f"{_figure(own)} ms{ratio}"


def _figure(value: float) -> str:
    """Three digits, as far as they stand behind the point."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f}"


def _notes(report: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    noun = "thread" if report["threads"] == 1 else "threads"
    lines = [
        f"{report['machine']}, {report['threads']} {noun} a side, medians of {report['rounds']}"
        " interleaved samples; in brackets the time over tlm-mlir's. "
        f"Versions: {versions}.",
        "",
    ]
    for row in report["networks"]:
        title = TITLES.get(row["network"], row["network"])
        best = row["sides"].get("best stock flags")
        if best and not best["problem"]:
            lines.append(f"- {title}: best stock flags `{' '.join(best['flags'])}`.")
        for name, side in row["sides"].items():
            if side["problem"]:
                lines.append(f"- {title}: {name}: {side['problem']}.")
        errors = [side["error"] for side in row["sides"].values() if side["error"] is not None]
        peak = f"; peak {row['peak'] / 1e9:.0f} GFLOP/s" if row["peak"] else ""
        worst = f"{max(errors):.1e}" if errors else "unknown"
        lines.append(
            f"- {title}: {row['operations'] / 1e9:.2f} GFLOP{peak}; values within {worst} of the"
            " largest of IREE's default."
        )
    lines += [f"- {name}: {problem}." for name, problem in report["failed"].items()]
    return lines

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measured records beside eager torch (cuBLAS, cuDNN), op by op, on the machine that measured them.

    python benchmarks/records_torch.py records.jsonl --device cuda

For the contractions, convolutions and attentions among the records' workloads: microseconds of
IREE's default, of the best schedule, and of torch's call for the root op alone, in the same types.
Needs torch and the records of a bundle; nothing is compiled.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as functional
from rich.console import Console
from rich.table import Table

from tlm_mlir.files import write_text
from tlm_mlir.ir.analysis import contraction, window
from tlm_mlir.ir.workload import Operand, Workload
from tlm_mlir.targets.cuda.attention_dims import Dims
from tlm_mlir.targets.cuda.attention_dims import dims as attention_dims
from tlm_mlir.training.records.rows import Reader

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
CALLS, ROUNDS = 32, 11
"""Calls that are timed together, as a bundle's programs run their dispatch, and how often."""
Call = Callable[[], torch.Tensor]


def call_of(workload: Workload, device: str) -> tuple[str, Call] | None:
    """What the root op is, and torch's call for it on random inputs; None where torch has none."""
    root = workload.root_op
    if any(operand.dtype not in TYPES for operand in root.inputs[:2]):
        return None
    if found := attention_dims(workload):
        return "attention", _attention(workload, found, device)
    if contraction(workload):
        left, right = (_tensor(workload, operand, device) for operand in root.inputs)
        names = [_letters(operand) for operand in (*root.inputs, *root.outputs)]
        equation = f"{names[0]},{names[1]}->{names[2]}"
        return "contraction", lambda: torch.einsum(equation, left, right)
    if len(window(workload)) == 2 and any(line.startswith("mulf") for line in root.body):
        return _convolution(workload, device)
    return None


def _tensor(workload: Workload, operand: Operand, device: str) -> torch.Tensor:
    shape = [
        1 + sum(factor * (workload.extents[dim] - 1) for dim, factor in index.terms)
        for index in operand.indices
    ]
    return torch.randn(shape, dtype=torch.float32).to(device, TYPES[operand.dtype])


def _letters(operand: Operand) -> str:
    return "".join(string.ascii_letters[index.dim or 0] for index in operand.indices)


def _attention(workload: Workload, dims: Dims, device: str) -> Call:
    query, key, value = workload.root_op.inputs[:3]
    outer = [i.dim for i in query.indices if i.dim not in (dims.rows, dims.head)]

    def ordered(operand: Operand, *last: int) -> torch.Tensor:
        """With the outer dims first; heads that share keys each see them."""
        there = [index.dim for index in operand.indices]
        order = [there.index(dim) for dim in (*outer, *last) if dim in there]
        tensor = _tensor(workload, operand, device).permute(order)
        for place, dim in enumerate(outer):
            if dim not in there:
                tensor = tensor.unsqueeze(place)
        return tensor.expand(*(workload.extents[dim or 0] for dim in outer), -1, -1)

    q, k = ordered(query, dims.rows, dims.head), ordered(key, dims.keys, dims.head)
    v = ordered(value, dims.keys, dims.columns)
    return lambda: functional.scaled_dot_product_attention(q, k, v)


def _convolution(workload: Workload, device: str) -> tuple[str, Call] | None:
    """A convolution of images, channels anywhere; None for one that is not two-dimensional."""
    root, pairs = workload.root_op, window(workload)
    if len(root.inputs) != 2:
        return None
    image, weights = sorted(root.inputs, key=lambda o: all(len(i.terms) < 2 for i in o.indices))
    along = {index.dim: place for place, index in enumerate(weights.indices)}
    spatial = [place for place, index in enumerate(image.indices) if len(index.terms) > 1]
    shared = [index.dim for index in image.indices if index.dim in root.dims("reduction")]
    outer = [i.dim for i in image.indices if i.dim in root.dims("parallel") and i.dim not in along]
    out = [dim for dim in along if dim in root.dims("parallel")]
    if len(spatial) != 2 or len(shared) != 1 or len(outer) > 1 or len(out) != 1:
        return None
    places = {index.dim: place for place, index in enumerate(image.indices)}
    order = [*(places[dim] for dim in outer), places[shared[0]], *spatial]
    picture = _tensor(workload, image, device).permute(order)
    picture = picture if outer else picture.unsqueeze(0)
    kernel = _tensor(workload, weights, device)
    kernel = kernel.permute([along[dim] for dim in (out[0], shared[0], *(w for _, w in pairs))])
    factors = [dict(image.indices[place].terms) for place in spatial]
    strides = [found[o] for found, (o, _) in zip(factors, pairs, strict=True)]
    dilations = [found[w] for found, (_, w) in zip(factors, pairs, strict=True)]
    return "convolution", lambda: functional.conv2d(
        picture, kernel, stride=strides, dilation=dilations
    )


def seconds_of(call: Call, device: str) -> float:
    """Seconds of one call, of CALLS after each other: the median of ROUNDS."""
    found = []
    with torch.inference_mode():
        for _ in range(ROUNDS + 1):
            start = time.perf_counter()
            for _ in range(CALLS):
                call()
            if device != "cpu":
                torch.cuda.synchronize()
            found.append((time.perf_counter() - start) / CALLS)
    return statistics.median(found[1:])


def rows(records: list[Path], device: str) -> Iterator[dict[str, Any]]:
    """A row for each workload that was measured and that torch has a call for."""
    for known in Reader(records):
        ran = [row for row in known.measured if row.seconds is not None]
        workload = known.task.workload
        found = call_of(workload, device)
        if not ran or not found:
            continue
        kind, call = found
        yield {
            "workload": workload.digest,
            "kind": f"{kind} of {workload.root_op.inputs[0].dtype}",
            "extents": [workload.extents[dim] for dim in workload.root_op.loops],
            "default": statistics.median(row.default_seconds for row in ran),
            "best": min(row.seconds for row in ran),
            "torch": seconds_of(call, device),
        }


def main() -> int:
    """Prints a table; with --report-out, writes the rows as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--device", default="cuda", help="torch's name of it")
    parser.add_argument("--report-out", type=Path, metavar="F.json")
    options = parser.parse_args()
    found = list(rows(options.records, options.device))
    table = Table("op", "extents", "IREE us", "best us", "torch us", "best / IREE", "torch / best")
    for row in found:
        times = [row[name] for name in ("default", "best", "torch")]
        ratios = (times[0] / times[1], times[2] / times[1])
        cells = [*(f"{1e6 * each:.1f}" for each in times), *(f"{each:.2f}x" for each in ratios)]
        table.add_row(row["kind"], " ".join(map(str, row["extents"])), *cells)
    for kind in sorted({row["kind"] for row in found}):
        some = [row for row in found if row["kind"] == kind]
        means = [
            math.exp(statistics.fmean(math.log(row[a] / row["best"]) for row in some))
            for a in ("default", "torch")
        ]
        table.add_row(kind, f"mean of {len(some)}", "", "", "", *(f"{m:.2f}x" for m in means))
    Console().print(table)
    if options.report_out:
        write_text(options.report_out, json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

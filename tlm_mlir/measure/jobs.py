# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The measuring job for schedules of one dispatch, and the records of what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..ir.workload import Workload
from ..language.schedule import DEFAULT, END
from ..targets.target import CpuTarget
from .arithmetic import is_exact, reduction_length
from .database import Record
from .runner import Job, JobResult

APPLIER = "tlm_mlir.decisions.apply:apply_tokens"
CYCLES_PER_SECOND = 4.2e9


def job(
    source: str,
    workload: Workload,
    target: CpuTarget,
    texts: Iterable[str],
    flags: Sequence[str],
    tag: object = None,
) -> Job:
    """The job for schedules, as token text, of the dispatch whose executable `source` holds."""
    base = {"workload": workload.to_json(), "target": target.to_json()}
    # Of the narrowest input: an instruction may multiply pairs of 16-bit floats.
    narrowest = min((operand.bytes for operand in workload.root_op.inputs), default=1)
    lanes = target.vector_bytes // min(4, narrowest)
    return Job(
        source=source,
        candidates=tuple({**base, "schedule": text} for text in texts),
        applier=APPLIER,
        flags=tuple(flags),
        threads=target.cores,
        exact=is_exact(workload),
        # Two fused multiply-adds a lane and cycle is the most that a core can do.
        min_seconds=workload.flops / (target.cores * lanes * 4 * CYCLES_PER_SECOND),
        reduction=reduction_length(workload),
        tag=tag,
    )


def records(
    result: JobResult, workload: str, target: str, round_: int, versions: str
) -> Iterator[Record]:
    """Records of a batch, none where other programs disturbed its measure, IREE's default."""
    if result.error or result.default.disturbed:
        return
    rows = [(f"{DEFAULT} {END}", result.default)]
    for candidate, measured in zip(result.job.candidates, result.candidates, strict=True):
        assert isinstance(candidate, dict)
        rows.append((candidate["schedule"], measured))
    for text, measured in rows:
        yield Record(
            workload=workload,
            target=target,
            schedule=text,
            status=measured.status,
            seconds=measured.seconds if measured.status == "ok" else None,
            default_seconds=result.default.seconds,
            runs=measured.runs,
            round=round_,
            versions=versions,
        )

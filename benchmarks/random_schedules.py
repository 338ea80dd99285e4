# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Do all schedules that the grammar admits work?

    python benchmarks/random_schedules.py model/corpus/held_out.jsonl.xz --compiles 500

Draws schedules token by token with no model (what a model with random weights would write). Each
is decoded, encoded back, written as a script, verified and applied to its dispatch. A sample of
them is compiled, and the configurations that IREE reports are compared with those asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from iree.compiler import ir
from rich.console import Console
from rich.progress import track

from tlm_mlir.decisions.apply import apply_tokens
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.errors import MeasureError
from tlm_mlir.ir.reader import read_function
from tlm_mlir.ir.workload import Workload
from tlm_mlir.iree.executables import functions_of
from tlm_mlir.iree.module import symbol
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import DEFAULT
from tlm_mlir.measure.builder import build
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import CpuTarget
from tlm_mlir.training.corpus.entries import Entry, read_for_host
from tlm_mlir.training.corpus.settings import BASE_FLAGS


def apply_all(session: Session, entry: Entry, target: CpuTarget, texts: list[str]) -> None:
    """Decodes, scripts, verifies and applies schedules; raises whatever goes wrong."""
    workload = Workload.from_json(entry.workload)
    task = registry.task(workload, target)
    source = session.parse_text(entry.source)
    reading = read_function(functions_of(source)[0])
    name = symbol(functions_of(source)[0])
    for text in texts:
        schedule = task.parse(text)
        assert task.text(schedule) == text
        dispatch = ScheduledDispatch(name, workload, reading.names, schedule)
        script = build_script([dispatch], target, session.context)
        module = source.clone().operation
        SchedulePass(script).run(module)
        module.verify()
        scheduled = "translation_info" in functions_of(module)[0].attributes
        assert scheduled != schedule.is_default


def compile_some(
    session: Session, entry: Entry, target: CpuTarget, texts: list[str]
) -> Counter[str]:
    """Compiles schedules in one batch; counts outcomes."""
    task = registry.task(Workload.from_json(entry.workload), target)
    base = {"workload": entry.workload, "target": target.to_json()}

    def applier(text: str) -> Callable[[ir.Operation], None]:
        return lambda function: apply_tokens(function, {**base, "schedule": text})

    try:
        batch = build(entry.source, [applier(text) for text in texts], BASE_FLAGS)
    except MeasureError:  # A copy between buffers: the builder takes tensors only.
        return Counter()
    outcomes: Counter[str] = Counter()
    for text, export in zip(texts, batch.exports, strict=True):
        outcome = export.status if export.status == "ok" else f"{export.status}: {export.message}"
        if outcome == "ok":
            asked = task.configuration(task.parse(text)).ops
            # Parsed and printed again: IREE prints the levels in an order of its own.
            printed = [
                str(ir.Attribute.parse(config, session.context))
                for attributes in asked
                for config in attributes.values()
            ]
            if not all(config in export.configuration for config in printed):
                outcome = "another configuration than asked for"
        outcomes[outcome] += 1
        if outcome != "ok":
            print(f"{entry.network} {task.workload.extents} {text}: {outcome}", file=sys.stderr)
    return outcomes


def main() -> int:
    """Prints the counts as JSON; fails unless all applied and 99.5% compiled as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--decodes", type=int, default=10_000)
    parser.add_argument("--compiles", type=int, default=500)
    options = parser.parse_args()
    entries, target = read_for_host(options.corpus)
    rng = np.random.default_rng(0)
    share = -(-options.decodes // len(entries))
    session = Session([*BASE_FLAGS])
    drawn: list[list[str]] = []
    stderr = Console(stderr=True)
    for entry in track(entries, "decoding and applying", console=stderr):
        grammar = registry.task(Workload.from_json(entry.workload), target).grammar()
        drawn.append([" ".join(grammar.sample(rng)) for _ in range(share)])
        apply_all(session, entry, target, drawn[-1])
    outcomes: Counter[str] = Counter()
    each = -(-options.compiles // len(entries))
    for entry, texts in track(list(zip(entries, drawn, strict=True)), "compiling", console=stderr):
        some = [text for text in texts if not text.startswith(DEFAULT)][:each]
        if some:
            outcomes += compile_some(session, entry, target, some)
    total = sum(outcomes.values())
    figures = {"decoded_and_applied": share * len(entries), "compiled": total}
    print(json.dumps({**figures, "outcomes": dict(outcomes)}, indent=1))
    return 0 if outcomes["ok"] >= 0.995 * total else 1


if __name__ == "__main__":
    raise SystemExit(main())

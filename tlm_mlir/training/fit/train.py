# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir train`: trains the model on unmeasured schedules or on records.

    tlm-mlir train RUN_DIR --records model/records/*.jsonl.xz [--from CHECKPOINT]

Ctrl-C ends the run after the current step; the same command resumes it.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tlm_mlir.errors import InputError
from tlm_mlir.ir.workload import Workload
from tlm_mlir.language.vocabulary import SIZE, TOKENS
from tlm_mlir.training.corpus.entries import QUOTAS, classify
from tlm_mlir.training.fit.dataset import Group, keep, load_groups, special_tokens, split
from tlm_mlir.training.fit.gpt2 import load_grown, load_network, new_network, publish_network
from tlm_mlir.training.fit.loop import Report, Settings, Workers, train
from tlm_mlir.training.records.rows import Reader


def main(arguments: Sequence[str] | None = None) -> int:
    """Train from the command line and publish the checkpoint as RUN_DIR/checkpoint."""
    options = _parser().parse_args(arguments)
    times = dict(map(_times, options.repeat))
    special = special_tokens()
    reader = Reader(options.records, options.iree)
    groups = load_groups(reader, limit=options.positions)
    print(reader.summary())
    training, validation = split(groups, options.validation)
    training = repeated(training, times)
    settings = Settings(**{f.name: getattr(options, f.name) for f in dataclasses.fields(Settings)})
    teacher = None
    if options.keep:
        teacher = load_network(options.keep)
        training = keep(training, teacher.config.vocab_size)
    if options.start:
        network = load_grown(options.start, TOKENS)
    else:
        network = new_network(
            SIZE,
            layers=options.layers,
            embedding=options.embedding,
            heads=options.embedding // 32,
            positions=options.positions,
            seed=options.seed,
        )
    with _progress_bar(settings.steps) as report:
        progress = train(
            *(network, training, validation, settings, options.run),
            special=special,
            teacher=teacher,
            report=report,
        )
    if progress.step < settings.steps:
        print(f"stopped after step {progress.step}; the same command resumes {options.run}")
        return 130
    if Workers.join().rank == 0:
        print(f"published {publish_network(network, options.run / 'checkpoint')}")
    return 0


def repeated(groups: Sequence[Group], times: Mapping[str, int]) -> list[Group]:
    """The groups, those of some classes (`corpus.QUOTAS`, or graph) as many times more.

    A graph-level question has two answers where a dispatch has dozens, and some classes have few
    workloads: they are asked more often.
    """
    result = list(groups)
    for group in groups:
        graph = group.question == "graph"
        kind = "graph" if graph else classify(Workload.from_json(group.workload))
        result += times.get(kind, 0) * [group]
    return result


def _times(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if name not in (*QUOTAS, "graph") or not count.isdigit():
        known = ", ".join((*QUOTAS, "graph"))
        raise InputError(f"--repeat {text}: expected CLASS=TIMES with a class of {known}")
    return name, int(count)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tlm-mlir train", description=main.__doc__)
    parser.add_argument("run", type=Path, metavar="RUN_DIR")
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--iree", metavar="VERSION", help="whose records (the installed one's)")
    parser.add_argument("--from", dest="start", type=Path, metavar="CHECKPOINT")
    text = "what to go on writing as this checkpoint does: all that it has the words for"
    parser.add_argument("--keep", type=Path, metavar="CHECKPOINT", help=text)
    parser.add_argument("--validation", type=float, default=0.05, help="share of workloads")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--embedding", type=int, default=288, help="a multiple of 32")
    parser.add_argument("--positions", type=int, default=640, help="longest prompt and schedule")
    more = "extra times per epoch for a rare class of workloads"
    parser.add_argument(
        "--repeat", nargs="+", default=["graph=4"], metavar="CLASS=TIMES", help=more
    )
    for field in dataclasses.fields(Settings):
        kind = {"int": int, "float": float}.get(str(field.type), str)
        flag = "--" + field.name.replace("_", "-")
        parser.add_argument(flag, dest=field.name, type=kind, default=field.default)
    return parser


def _progress_bar(steps: int) -> contextlib.AbstractContextManager[Report]:
    """A context that gives a `Report` drawing a bar and printing evaluations above it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    @contextlib.contextmanager
    def bar() -> Iterator[Report]:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        with Progress(*columns, TimeRemainingColumn()) as progress:
            task = progress.add_task("", total=steps)

            def report(found: dict[str, float]) -> None:
                if "validation_loss" in found:
                    progress.console.print(
                        ", ".join(f"{name} {value:.4g}" for name, value in found.items())
                    )
                    return
                text = f"loss {found['loss']:.3f}, {found['tokens_per_second']:.0f} tokens/s"
                progress.update(task, completed=found["step"], description=text)
                if not progress.console.is_terminal and found["step"] % 20 == 0:
                    print(f"step {found['step']:.0f} of {steps}, {text}", flush=True)

            yield report

    return bar()

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line `tlm-mlir`. Each command only calls the library."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import TlmError
from .files import STANDARD, STANDARD_OUTPUT, check_writable, regular, shown, write_text

if TYPE_CHECKING:
    from rich.console import Console

    from .measure.database import Database


_OUT = "- is standard output"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Errors of ours are one sentence on stderr and exit status 1."""
    options = _parser().parse_args(arguments)
    try:
        status = int(options.run(options) or 0)
    except TlmError as error:
        status = _failed(str(error))
    except OSError as error:
        status = _failed(_refused(error))
    except KeyboardInterrupt:
        print("tlm-mlir: interrupted; what was finished is kept", file=sys.stderr)
        status = 130
    return _flushed(status)


def _failed(reason: str) -> int:
    print(f"tlm-mlir: error: {reason}", file=sys.stderr)
    return 1


def _refused(error: OSError) -> str:
    """A sentence. Printing is what fails in these ways without naming a file."""
    printing = error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)
    if printing and not error.filename:
        return f"{STANDARD_OUTPUT} cannot be written: {error.strerror}; choose another place"
    return f"the system refused an operation: {error}; see to it and try again"


def _flushed(status: int) -> int:
    """The status once all that was printed has left, 1 where it cannot."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if not status:
            status = _failed(_refused(error))
        # What is left in the buffer would fail once more when the interpreter ends.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tlm-mlir", description="Schedules for IREE by a model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_compile(commands)
    _add_script(commands)
    _add_tokens(commands)
    _add_bench(commands)
    _add_eval(commands)
    _add_collect(commands)
    _add_bundle(commands)
    _add_stages(commands)
    return parser


def _command(commands, name: str, run, text: str) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _target_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("module", type=Path, metavar="IN.mlir", help="- is standard input")
    command.add_argument("--target", default="llvm-cpu", help="llvm-cpu, cuda or vulkan")
    command.add_argument("--cpu", default="host", help="host, or a CPU that iree-compile knows")
    command.add_argument("--arch", default="", help="of a GPU: sm_90, ampere, ...")
    command.add_argument("--cores", type=int, default=0, help="threads that will run the program")
    command.add_argument(
        "--iree-arg", action="append", default=[], metavar="FLAG", help="a flag for iree-compile"
    )
    command.add_argument(
        "--no-graph", action="store_true", help="no layouts or data tiling, only dispatch schedules"
    )
    _model_arguments(command)


def _model_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint of your own")
    command.add_argument(
        "--samples",
        type=int,
        help="schedules drawn and compared besides the greedy one (0 for CPUs, 7 for GPUs)",
    )


def _options(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    from .compiler.driver import Options

    return Options(
        target=options.target,
        cpu=options.cpu,
        arch=options.arch,
        cores=options.cores,
        iree_args=tuple(options.iree_arg),
        model=options.model,
        samples=options.samples,
        graph=not options.no_graph,
    )


def _add_compile(commands) -> None:  # type: ignore[no-untyped-def]
    command = _command(commands, "compile", _compile, "compile a module with the model's schedules")
    _target_arguments(command)
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.vmfb", help=_OUT)
    command.add_argument("--script-out", type=Path, metavar="F.mlir", help="keep the script")
    command.add_argument("--report-out", type=Path, metavar="F.json", help="what was done, and why")


def _compile(options: argparse.Namespace) -> None:
    from .compiler.driver import compile_file

    compile_file(
        options.module,
        options.output,
        _options(options),
        script_out=options.script_out,
        report_out=options.report_out,
    )


def _add_script(commands) -> None:  # type: ignore[no-untyped-def]
    text = "write the schedules as a transform library for stock iree-compile"
    command = _command(commands, "script", _script, text)
    _target_arguments(command)
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="F.mlir", help=_OUT
    )


def _script(options: argparse.Namespace) -> None:
    from .compiler.driver import write_script

    write_script(options.module, options.output, _options(options))


def _add_tokens(commands) -> None:  # type: ignore[no-untyped-def]
    text = "show each dispatch as the model reads it, and what it answers"
    _target_arguments(_command(commands, "tokens", _tokens, text))


def _tokens(options: argparse.Namespace) -> None:
    from .compiler.driver import plan
    from .targets.registry import task

    result = plan(options.module, _options(options))
    assert result.target is not None
    for dispatch, row in zip(result.dispatches, result.report.dispatches, strict=True):
        print(f"{dispatch.name}: {row.outcome}{f' ({row.reason})' if row.reason else ''}")
        if workload := dispatch.reading.workload:
            print(f"  workload {workload.digest}")
            print(f"  prompt   {' '.join(task(workload, result.target).prompt_tokens)}")
        if row.schedule:
            print(f"  schedule {row.schedule}")


def _add_bench(commands) -> None:  # type: ignore[no-untyped-def]
    text = "compare stock IREE with ours: values, interleaved timings, compile times"
    command = _command(commands, "bench", _bench, text)
    _target_arguments(command)
    command.add_argument("--parameters", action="append", default=[], metavar="SCOPE=FILE")
    command.add_argument("--function", default="", help="which to call (main)")
    text = "an input as iree-run-module takes it: 4x8xf32, 4x8xf32=0.5, 7, @values.npy (repeatable)"
    command.add_argument("--input", action="append", default=[], metavar="INPUT", help=text)
    command.add_argument("--rounds", type=int, default=20, help="interleaved calls of each program")
    command.add_argument(
        "--baseline-arg",
        action="append",
        default=[],
        metavar="FLAG[;;FLAG...]",
        help="one more stock row with these flags (repeatable; ';;' between flags)",
    )
    command.add_argument("--report-out", type=Path, metavar="F.json")


def _bench(options: argparse.Namespace) -> None:
    from .bench.bench import bench
    from .bench.table import print_bench
    from .errors import MeasureError

    check_writable([options.report_out])
    with regular(options.module) as module:
        result = bench(
            module,
            _options(options),
            baselines=[tuple(text.split(";;")) for text in options.baseline_arg],
            inputs=options.input,
            parameters=options.parameters,
            function=options.function,
            rounds=options.rounds,
        )
    print_bench(result, _console(options))
    if options.report_out:
        write_text(options.report_out, result.to_json() + "\n")
    if result.ours.status != "ok":
        raise MeasureError(f"{options.module} by tlm-mlir: {result.ours.status}; see above")


def _console(options: argparse.Namespace) -> Console:
    """Where a table goes: beside a report on standard output, to standard error."""
    from rich.console import Console

    return Console(stderr=options.report_out == STANDARD)


def _add_eval(commands) -> None:  # type: ignore[no-untyped-def]
    text = "measure the model's schedules on dispatches of the held-out networks"
    command = _command(commands, "eval", _eval, text)
    _model_arguments(command)
    command.add_argument("--corpus", type=Path, required=True, metavar="F.jsonl.xz")
    command.add_argument("--reference", type=Path, metavar="F.jsonl.xz", help="random schedules")
    command.add_argument("--network", action="append", default=[], help="only these networks")
    command.add_argument("--share", type=float, help="only what `train --validation SHARE` leaves")
    command.add_argument("--margin", type=float, help="lead (log latency) to replace the default")
    command.add_argument("--report-out", type=Path, metavar="F.json")


def _eval(options: argparse.Namespace) -> None:
    from .bench import held_out
    from .compiler.scheduler import Scheduler
    from .training.corpus.entries import read_for_host
    from .training.corpus.split import share

    check_writable([options.report_out])
    entries, target = read_for_host(options.corpus)
    if options.network:
        entries = [entry for entry in entries if entry.network in options.network]
    if options.share is not None:
        entries = [entry for entry in entries if share(entry.workload) < options.share]
    reference = held_out.reference_speedups(options.reference) if options.reference else {}
    scheduler = Scheduler(options.model)
    if options.margin is not None:
        scheduler.margin = options.margin
    rows = held_out.evaluate(entries, target, scheduler, reference, options.samples)
    held_out.print_rows(rows, _console(options))
    if options.report_out:
        write_text(options.report_out, held_out.to_json(rows) + "\n")


def _add_collect(commands) -> None:  # type: ignore[no-untyped-def]
    text = "measure schedules of corpus workloads into a database (resumable)"
    command = _command(commands, "collect", _collect, text)
    command.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help="what to measure")
    command.add_argument("--database", type=Path, required=True, metavar="F.db")
    text = "take records measured elsewhere: exported ones, or those of a bundle's runner"
    command.add_argument(
        "--import", type=Path, action="append", default=[], dest="merge", metavar="F", help=text
    )
    command.add_argument("--round", type=int, default=0, help="0 searches, later ones ask")
    command.add_argument("--batches", type=int, default=1, help="batches of ten per workload")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--max-flops", type=float, default=1.2e9, help="skip larger contractions, others at a tenth"
    )
    command.add_argument("--export", type=Path, metavar="F.jsonl.xz", help="write all records")
    command.add_argument("--proposer", choices=("search", "random", "model"), default="search")
    _model_arguments(command)


def _collect(options: argparse.Namespace) -> None:
    from .errors import InputError
    from .measure.database import Database

    if not options.corpus and not options.merge:
        raise InputError("collect has nothing to do; give --corpus to measure or --import to merge")
    check_writable([options.export])
    with Database(options.database) as database:
        written = sum(database.merge(path) for path in options.merge)
        if options.corpus:
            written += _measure(options, database)
        note = f"{written} records written, {len(database)} in {options.database}"
        print(note, file=sys.stderr)
        if options.export:
            database.export(options.export)


def _measure(options: argparse.Namespace, database: Database) -> int:
    from .training.corpus.entries import read_for_host
    from .training.records import collect

    entries, target = read_for_host(options.corpus)
    chosen = collect.affordable(entries, options.max_flops)
    propose = collect.proposer(options.proposer, database, options.seed, options.model)
    return collect.collect(
        chosen, target, database, propose, round_=options.round, batches=options.batches
    )


def _add_bundle(commands) -> None:  # type: ignore[no-untyped-def]
    text = "compile candidates into one file, to be measured by a machine that has the device"
    command = _command(commands, "bundle", _bundle, text)
    command.add_argument("module", type=Path, nargs="?", metavar="IN.mlir")
    command.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help="its dispatches, too")
    command.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.zip", help=_OUT
    )
    command.add_argument("--target", default="vulkan", help="vulkan or cuda")
    command.add_argument("--arch", required=True, help="ampere, sm_90, ... as IREE knows them")
    command.add_argument("--candidates", type=int, default=9, help="schedules of each")
    command.add_argument("--proposer", choices=("random", "model"), default="random")
    command.add_argument("--model", type=Path, metavar="DIR", help="a checkpoint of your own")
    command.add_argument("--dispatches", type=int, default=0, help="only the first so many")
    text = "how often a program runs its dispatch, so that short ones can be timed (32; llvmpipe 1)"
    command.add_argument("--repeat", type=int, metavar="N", help=text)
    text = "of the corpus, skip larger contractions, others at a tenth"
    command.add_argument("--max-flops", type=float, metavar="N", help=text)
    command.add_argument("--seed", type=int, default=0)


def _bundle(options: argparse.Namespace) -> None:
    import itertools

    from .errors import InputError
    from .iree.devices import gpu_flags
    from .measure import bundle
    from .measure.bundle_builder import ModelCandidates, Propose, RandomCandidates
    from .training.corpus import entries as corpus
    from .training.records.collect import affordable

    check_writable([options.output])
    if not options.module and not options.corpus:
        raise InputError("bundle has nothing to compile; give a module or --corpus")
    flags = gpu_flags(options.target, options.arch)
    sources = bundle.sources_of(options.module, flags) if options.module else []
    if options.corpus:
        entries = corpus.read(options.corpus)
        if options.max_flops is not None:
            entries = affordable(entries, options.max_flops)
        sources += [entry.source for entry in entries]
    some = itertools.islice(sources, options.dispatches or None)
    propose: Propose = RandomCandidates(options.candidates, options.seed)
    if options.proposer == "model":
        propose = ModelCandidates(options.candidates, options.seed, options.model)
    usual = 1 if options.arch == "llvmpipe" else bundle.REPEAT
    contents = bundle.gather(some, flags, propose, options.repeat or usual)
    bundle.write(contents, options.output, options.target)
    count = len(contents.programs)
    note = f"{contents.candidates} programs of {count} dispatches in {shown(options.output)}"
    print(note, file=sys.stderr)
    for reason in sorted(set(contents.left_out)):
        print(f"left out ({contents.left_out.count(reason)}): {reason}", file=sys.stderr)


def _add_stages(commands) -> None:  # type: ignore[no-untyped-def]
    """The stages of learning, each of which reads its own arguments."""
    from .training.stages import STAGES

    for stage in STAGES:
        command = commands.add_parser(
            stage.name, help=stage.text, add_help=False, prefix_chars="\0"
        )
        command.add_argument("rest", nargs=argparse.REMAINDER)
        command.set_defaults(run=lambda options, stage=stage: stage.run(options.rest))


if __name__ == "__main__":
    raise SystemExit(main())

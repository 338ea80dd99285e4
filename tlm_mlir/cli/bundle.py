# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`tlm-mlir bundle`: candidates for a device that is elsewhere, in one file."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

from ..errors import InputError
from ..files import check_writable, shown
from .arguments import OUT, Commands, add_command


def add(commands: Commands) -> None:
    """Adds the command."""
    text = "compile candidates into one file, to be measured by a machine that has the device"
    command = add_command(commands, "bundle", run, text)
    command.add_argument("module", type=Path, nargs="?", metavar="IN.mlir")
    command.add_argument("--corpus", type=Path, metavar="F.jsonl.xz", help="its dispatches, too")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.zip", help=OUT)
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


def run(options: argparse.Namespace) -> None:
    """Compiles the candidates and writes the bundle."""
    from ..iree.devices import gpu_flags
    from ..measure import bundle
    from ..measure.bundle_builder import ModelCandidates, Propose, RandomCandidates
    from ..training.corpus import entries as corpus
    from ..training.records.collect import affordable

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

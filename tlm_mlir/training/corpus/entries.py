# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The corpus: training workloads taken from the dispatches of exported networks.

Networks are compiled under several settings, since the layout chosen for a graph changes its
dispatches. Whatever shares a root op with a held-out network under any of these settings stays out.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from pebble import ProcessPool
from rich.console import Console
from rich.progress import track

from ...errors import InputError, TlmError
from ...ir.analysis import panels, strided_contraction, window
from ...ir.workload import Workload
from ...iree.executable_target import attribute_of, exchanged
from ...measure.lines import write_lines
from ...targets.cpu.attention import default_is_right
from ...targets.cpu.host import cpu_target, usable_cores
from ...targets.target import CpuTarget
from .networks import HELD_OUT, HELD_OUT_HALF, TRAINING
from .settings import BASE_FLAGS, SETTINGS, Setting, read_network

QUOTAS = {
    **{"contraction": 800, "strided": 60, "window": 230, "attention": 110},
    **{"reduction": 140, "parallel": 200, "panels": 900},
}
"""How many workloads of each class a corpus holds."""
MAX_FLOPS = 4.5e9
MIN_POINTS = 1 << 12


@dataclass(frozen=True)
class Entry:
    """One corpus row. `source` is MLIR text of the dispatch's executable alone."""

    workload: str
    network: str
    kind: str
    source: str


def classify(workload: Workload) -> str:
    """The class of a workload's root op, one of QUOTAS."""
    root = workload.root_op
    if root.kind == "attention":
        return "attention"
    if panels(workload):
        return "panels"
    if "reduction" not in root.iterators:
        return "parallel"
    if window(workload):
        return "window"
    if strided_contraction(workload):
        return "strided"
    return "contraction" if len(root.inputs) > 1 else "reduction"


def root_key(workload: Workload) -> str:
    """What identifies a root op apart from the ops fused around it."""
    root = workload.root_op
    operands = [(o.dtype, o.indices) for o in (*root.inputs, *root.outputs)]
    text = repr((root.kind, workload.op_extents(root), root.iterators, operands))
    return hashlib.sha256(text.encode()).hexdigest()


def occurs(entry: Entry, roots: set[str]) -> bool:
    """Whether an entry's root op is among root keys."""
    return root_key(Workload.from_json(entry.workload)) in roots


def held_out(
    folder: Path, settings: Sequence[Setting] = SETTINGS
) -> tuple[list[Entry], set[str]]:
    """The held-out networks' distinct dispatches under stock defaults, and their root keys under
    some settings, in 16-bit floats as well. Equal dispatches of two networks count for the first.
    """
    entries: dict[str, Entry] = {}
    roots = set()
    for name in HELD_OUT | HELD_OUT_HALF:
        for setting in settings:
            for workload, source in read_network(
                folder / f"{name}.mlir", setting, rewrite=False
            ):
                roots.add(root_key(workload))
                if name in HELD_OUT and setting == SETTINGS[0]:
                    entry = Entry(workload.to_json(), name, classify(workload), source)
                    entries.setdefault(workload.digest, entry)
    return list(entries.values()), roots


def gather(
    folder: Path, excluded: set[str], settings: Sequence[Setting] = SETTINGS
) -> list[Entry]:
    """All distinct training workloads of the networks in a folder without `excluded` root keys.

    A process per core reads; a script that calls this needs the usual `__main__` guard.
    """
    entries: dict[str, Entry] = {}
    paths = [path for name in TRAINING if (path := folder / f"{name}.mlir").is_file()]
    if not paths:
        raise InputError(f"{folder} holds no exported training network; run the export first")
    asked = [(path, setting) for path in paths for setting in settings]
    with ProcessPool(max_tasks=40, context=get_context("spawn")) as pool:
        answers = [pool.schedule(_entries, args=each) for each in asked]
        for answer in track(answers, "reading networks", console=Console(stderr=True)):
            found, problem = answer.result()
            if problem:
                print(problem, file=sys.stderr)
            for digest, entry in found.items():
                if digest not in entries and not occurs(entry, excluded):
                    entries[digest] = entry
    return [entries[digest] for digest in sorted(entries)]


def _entries(path: Path, setting: Setting) -> tuple[dict[str, Entry], str]:
    """Entries of a network by their workload's digest, and what kept it from being read."""
    found: dict[str, Entry] = {}
    try:
        for workload, source in read_network(path, setting):
            entry = Entry(workload.to_json(), path.stem, classify(workload), source)
            found.setdefault(workload.digest, entry)
    except TlmError as error:
        return {}, f"{path.name}: {error}"
    return found, ""


def select(entries: Iterable[Entry], kept: Sequence[Entry] = ()) -> list[Entry]:
    """A diverse part: per class, networks take turns, and no root op twice.

    `kept` is a corpus that grows: its entries come first and count towards the quotas.
    """
    waiting: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    roots = {root_key(Workload.from_json(entry.workload)) for entry in kept}
    for entry in entries:
        workload = Workload.from_json(entry.workload)
        key = root_key(workload)
        if key in roots or not _measurable(workload):
            continue
        roots.add(key)
        waiting[entry.kind][entry.network].append(entry)
    chosen = list(kept)
    for kind, quota in QUOTAS.items():
        left = max(0, quota - sum(entry.kind == kind for entry in kept))
        queues = [waiting[kind][network] for network in sorted(waiting[kind])]
        taken: list[Entry] = []
        while len(taken) < left and any(queues):
            taken += [queue.pop() for queue in queues if queue]
        chosen += taken[:left]
    return chosen


def _measurable(workload: Workload) -> bool:
    points = 1
    for extent in workload.op_extents(workload.root_op):
        points *= extent
    return points >= MIN_POINTS and workload.flops <= MAX_FLOPS and default_is_right(workload)


def write(entries: Iterable[Entry], path: Path) -> None:
    """Writes a corpus. Raises RecordError when the file cannot be written."""
    write_lines(path, map(asdict, entries))


def read(path: Path) -> list[Entry]:
    """Reads a corpus. Raises InputError when it is missing or damaged."""
    try:
        with lzma.open(path, "rt") as file:
            return [Entry(**json.loads(line)) for line in file]
    except (OSError, ValueError, TypeError, lzma.LZMAError, EOFError) as error:
        raise InputError(f"{path} is no readable corpus ({error}); make it again") from error


def read_for_host(path: Path, cores: int = 0) -> tuple[list[Entry], CpuTarget]:
    """A corpus whose sources are for this machine, and this machine as a target.

    A corpus may come from another machine: code for its CPU would not run here. `cores` is this
    machine's unless given. Raises InputError for a corpus that is missing, damaged or empty.
    """
    entries = read(path)
    if not entries:
        raise InputError(f"the corpus {path} is empty; make it again or choose other networks")
    attribute = attribute_of(BASE_FLAGS)
    rewritten = [replace(entry, source=exchanged(entry.source, attribute)) for entry in entries]
    return rewritten, cpu_target(attribute, cores or usable_cores())

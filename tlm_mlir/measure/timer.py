# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Timer: runs the exports of a built batch on pinned threads and times them, interleaved.

Every candidate gets one cold run that is thrown away, unless it shows the candidate to be far too
slow for any further run. Then it gets up to `ROUNDS` slices of time in turn with the others, so
that a disturbance of the machine hits all alike. A slice in which
the system keeps taking a core away from us (involuntary context switches) counts as disturbed.
Slices are ordered, undisturbed before disturbed and then by the median of their runs; a candidate's
figure is the median over all runs of the better half of its slices. A candidate with fewer than two
undisturbed slices gets up to `ROUNDS` more.
"""

import ctypes
import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from tlm_mlir.errors import MeasureError
from tlm_mlir.measure import native
from tlm_mlir.measure.builder import BuiltBatch, BuiltExport

ROUNDS = 4
MAX_RUNS_PER_SLICE = 4096
SLOWER_THAN_BEST = 3.0
COLD_FACTOR = 2.0
"""How much slower a cold run may be: beyond this times `SLOWER_THAN_BEST` it is the only run."""
# Involuntary context switches a second: some 5 on a quiet machine, over 100 beside a busy program.
DISTURBING_RATE = 20.0
_PATIENCE = 4.0
_ALIGNMENT = 64
_GUARD = 4096
_GUARD_BYTE = 0xAB


class Buffer:
    """A 64-byte aligned block with a guard behind it that shows writes past the end."""

    def __init__(self, nbytes: int) -> None:
        self._block = np.empty(nbytes + _GUARD + _ALIGNMENT, np.uint8)
        offset = -self._block.ctypes.data % _ALIGNMENT
        self.data = self._block[offset : offset + nbytes]
        self._guard = self._block[offset + nbytes : offset + nbytes + _GUARD]
        self._guard[:] = _GUARD_BYTE

    def overrun(self) -> bool:
        """Whether something wrote behind the block; the guard is whole again afterwards."""
        broken = bool((self._guard != _GUARD_BYTE).any())
        self._guard[:] = _GUARD_BYTE
        return broken


class Pool:
    """Threads pinned to the first `threads` cores that this process may use.

    The calling thread is one of them and stays pinned. Idle threads sleep.

    Raises:
      MeasureError: there are fewer cores than threads, or the system is not Linux.
    """

    def __init__(self, threads: int) -> None:
        native.check_linux()
        cores = sorted(os.sched_getaffinity(0))
        if not 1 <= threads <= len(cores):
            raise MeasureError(
                f"{threads} threads are asked for and {len(cores)} cores may be used; choose a"
                " target with no more cores than the machine"
            )
        self._allowed = set(cores)
        self.threads = threads
        self._lib = native.load()
        self.pointer = self._lib.tlm_pool_new(threads, (ctypes.c_int * threads)(*cores[:threads]))
        if not self.pointer:
            raise MeasureError(f"{threads} threads could not be started; check the process limit")

    def close(self) -> None:
        """Ends the threads and lifts the pinning."""
        if self.pointer:
            self._lib.tlm_pool_free(self.pointer)
            self.pointer = None
            os.sched_setaffinity(0, self._allowed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Executable:
    """A built batch, opened for running on given buffers (one for each binding, in order).

    Raises:
      MeasureError: the ELF cannot be opened, needs imports, or disagrees with the batch.
    """

    def __init__(self, batch: BuiltBatch, buffers: Sequence[Buffer]) -> None:
        self._lib = native.load()
        self._buffers = list(buffers)
        count = len(buffers)
        self._pointers = (ctypes.c_void_p * count)(*[b.data.ctypes.data for b in buffers])
        self._lengths = (ctypes.c_size_t * count)(*[b.data.nbytes for b in buffers])
        self.pointer: int | None = self._open(batch.elf)
        built = [export for export in batch.exports if export.ordinal >= 0]
        held = self._lib.tlm_export_count(self.pointer)
        if any(export.ordinal >= held for export in built):
            raise MeasureError(
                f"the ELF holds only {held} exports, fewer than its batch; rebuild it"
            )
        for export in built:
            self._check(export, count)

    def _open(self, elf: bytes) -> int:
        if not elf:
            raise MeasureError("no candidate of the batch compiled; there is nothing to run")
        error = native.open_error()
        words = (ctypes.c_uint64 * 8)(*native.processor_words())
        with tempfile.TemporaryDirectory(prefix="tlm-") as folder:
            path = Path(folder) / "batch.so"
            path.write_bytes(elf)
            # dlopen maps the file: it may be removed at once.
            pointer = self._lib.tlm_open(str(path).encode(), words, error, len(error))
        if not pointer:
            raise MeasureError(
                f"the ELF cannot be run here: {error.value.decode()}; build it for"
                " this machine without ukernels that import functions"
            )
        return pointer

    def _check(self, export: BuiltExport, bindings: int) -> None:
        info = (ctypes.c_uint32 * 3)()
        self._lib.tlm_export_info(self.pointer, export.ordinal, info)
        if info[0] != bindings or info[1]:
            raise MeasureError(
                f"export {export.ordinal} wants {info[0]} bindings and {info[1]} constants, the"
                f" batch has {bindings} and none; rebuild it"
            )

    def run(
        self, pool: Pool, export: BuiltExport, *, threads: int, budget: float = 0.0, limit: int = 1
    ) -> list[float]:
        """Runs all workgroups again and again; returns the seconds of each run (at least one).

        Args:
          threads: 1 for the calling thread alone, else all of the pool's.
          budget: seconds after which no further run starts.
          limit: the most runs.

        Raises:
          MeasureError: the code reported a failure, or the workgroup count is out of range.
        """
        x, y, z = export.workgroups
        if min(x, y, z) < 1 or max(x, y) >= 2**32 or z >= 2**16:
            raise MeasureError(f"the workgroup count {export.workgroups} cannot be run")
        samples = (ctypes.c_double * limit)()
        runs = self._lib.tlm_run(
            pool.pointer, self.pointer, export.ordinal, (ctypes.c_uint32 * 3)(x, y, z),
            self._pointers, self._lengths, len(self._buffers), threads, budget, limit, samples,
        )  # fmt: skip
        if runs < 0:
            reason = "the code reported a failure" if runs == -1 else "out of memory"
            raise MeasureError(f"export {export.ordinal} could not be run: {reason}")
        return samples[:runs]

    def close(self) -> None:
        """Unloads the code."""
        if self.pointer:
            self._lib.tlm_close(self.pointer)
            self.pointer = None


@dataclass(frozen=True)
class Slice:
    """Consecutive runs of one export: the seconds of each, and whether the system interfered."""

    disturbed: bool
    samples: tuple[float, ...]

    def rank(self) -> tuple[bool, float]:
        """What slices are ordered by: the lower, the more they are to be believed."""
        return self.disturbed, statistics.median(self.samples)


@dataclass
class Timing:
    """One candidate's runs: `seconds` (the statistic above), how many runs, and its slices."""

    seconds: float = float("inf")
    runs: int = 0
    spent: float = 0.0
    slices: list[Slice] = field(default_factory=list)

    def add(self, part: Slice) -> None:
        """Takes in the runs of one slice."""
        self.slices.append(part)
        self.runs += len(part.samples)
        self.spent += sum(part.samples)
        better = sorted(self.slices, key=Slice.rank)[: (len(self.slices) + 1) // 2]
        self.seconds = statistics.median([sample for piece in better for sample in piece.samples])

    @property
    def disturbed(self) -> bool:
        """Whether fewer than two slices (or the only one) ran undisturbed: the figure is then an
        upper bound."""
        undisturbed = sum(not piece.disturbed for piece in self.slices)
        return undisturbed < min(2, len(self.slices))

    def settled(self, budget: float, rounds: int) -> bool:
        """Whether further slices are not worth their time."""
        if len(self.slices) < 2 or (self.spent < budget and rounds < ROUNDS):
            return False
        return not self.disturbed or self.spent > _PATIENCE * budget

    def hopeless(self, limit: float) -> bool:
        """Whether even the fastest run took longer than `limit` seconds, not by a disturbance."""
        fastest = min(min(piece.samples) for piece in self.slices)
        believed = len(self.slices) > 1 or not self.slices[0].disturbed
        return believed and fastest > limit


def _time_slice(executable: Executable, pool: Pool, export: BuiltExport, budget: float) -> Slice:
    before = native.preemptions()
    samples = executable.run(
        pool, export, threads=pool.threads, budget=budget, limit=MAX_RUNS_PER_SLICE
    )
    after = native.preemptions()
    return Slice(after - before > DISTURBING_RATE * sum(samples), tuple(samples))


def time_exports(
    executable: Executable,
    pool: Pool,
    exports: Sequence[BuiltExport],
    *,
    budget: float = 0.02,
    reference: int = -1,
    on_export: Callable[[int], None] = lambda _index: None,
) -> list[Timing]:
    """Times exports against each other.

    Every export gets about `budget` seconds in `ROUNDS` slices; at least two slices of one run,
    however slow, unless every run takes more than `SLOWER_THAN_BEST` times the best candidate's
    time so far, when it is not run again. That one cold run is slow tells nothing of the
    `reference`: all others are compared with it. `on_export` is told an export's index before it
    runs.
    """
    timings = [Timing() for _ in exports]
    colds = []
    for index, export in enumerate(exports):
        on_export(index)
        colds.append(executable.run(pool, export, threads=pool.threads)[0])
    active = []
    for index, cold in enumerate(colds):
        if index != reference and cold > COLD_FACTOR * SLOWER_THAN_BEST * min(colds):
            timings[index].add(Slice(True, (cold,)))
        else:
            active.append(index)
    for done in range(1, 2 * ROUNDS + 1):
        for index in list(active):
            timing = timings[index]
            on_export(index)
            timing.add(_time_slice(executable, pool, exports[index], budget / ROUNDS))
            best = min(other.seconds for other in timings)
            if timing.settled(budget, done) or timing.hopeless(SLOWER_THAN_BEST * best):
                active.remove(index)
    return timings

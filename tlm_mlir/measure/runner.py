# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runner: measures batches of candidates in processes that may crash or hang.

Jobs are taken in groups. A group is first compiled, in as many processes as asked for; then its
batches are timed one after another in a process of its own, while nothing else runs. A candidate
that kills or stalls a process is struck off its job, and the others are tried again.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from tlm_mlir.errors import MeasureError, TlmError
from tlm_mlir.measure import worker
from tlm_mlir.measure.builder import BuiltBatch
from tlm_mlir.measure.native import check_linux
from tlm_mlir.measure.oracle import Rule
from tlm_mlir.measure.worker import Mark, Measured, RunPlan

# A worker's MLIR contexts leave some memory behind; a fresh process does not.
_TASKS_PER_WORKER = 200
_DEFAULT = -1

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One dispatch and the candidates to measure on it.

    Args:
      source: MLIR of one `hal.executable` at phase executable-sources, for a CPU of this machine.
      candidates: whatever the applier understands (text, a dict of JSON values; not None); about
        ten are best. IREE's default is added by itself.
      applier: `module:function`, called in a worker with (func_op, candidate).
      flags: IREE's compiler flags.
      threads: how many cores run the workgroups.
      exact: see `oracle.Rule`; so are `reduction` and `ranges` (binding, low, high).
      min_seconds: no run on this machine can be faster (operations / peak rate).
      budget: seconds of timing for each candidate.
      tag: the caller's own, handed back.
    """

    source: str
    candidates: tuple[object, ...]
    applier: str
    flags: tuple[str, ...] = ()
    threads: int = 2
    exact: bool = False
    min_seconds: float = 0.0
    reduction: int = 1024
    ranges: tuple[tuple[int, int, int], ...] = ()
    budget: float = 0.02
    tag: object = None


@dataclass(frozen=True)
class JobResult:
    """The default's measurement and the candidates', in the job's order.

    If `error` is not empty the job as a whole could not be measured (a dynamic dispatch, a default
    that does not compile, too few cores) and `candidates` is empty.
    """

    job: Job
    default: Measured
    candidates: tuple[Measured, ...]
    error: str = ""


@dataclass(frozen=True)
class Limits:
    """How the work is spread: processes, jobs compiled before timing begins, time limits (s)."""

    compile_workers: int = 2
    group: int = 8
    compile_timeout: float = 30.0
    run_timeout: float = 120.0


@dataclass
class _State:
    """A job under way: the candidates still in play (`_DEFAULT` first) and those struck off."""

    job: Job
    alive: list[int] = field(default_factory=list)
    struck: dict[int, Measured] = field(default_factory=dict)
    batch: BuiltBatch | None = None
    error: str = ""

    def texts(self) -> list[object]:
        return [None if i == _DEFAULT else self.job.candidates[i] for i in self.alive]

    def strike(self, position: int, status: str, message: str) -> None:
        number = self.alive.pop(position)
        self.struck[number] = Measured(status, message=message)
        if number == _DEFAULT:
            self.error = f"IREE's default schedule could not be measured: {status}, {message}"


class Fault(Exception):
    """A worker died or was stopped; carries the status and the reason."""

    def __init__(self, status: str, message: str, stage: str, position: int) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.stage, self.position = stage, position


class Processes:
    """A pool of workers and the marks by which they tell how far they came."""

    def __init__(self, workers: int, timeout: float, folder: Path) -> None:
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=_TASKS_PER_WORKER,
            initializer=worker.initialize,
            context=get_context("spawn"),
        )
        self._timeout = timeout
        self._folder = folder
        self._numbers = itertools.count()

    def submit(self, function: Callable[..., T], *arguments: object) -> Callable[[], T]:
        """Schedules `function(*arguments, mark)`; the answer waits for it.

        The answer raises Fault if the worker died or ran out of time, TlmError as the function.
        """
        mark = self._folder / f"{id(self)}-{next(self._numbers)}"
        future = self._pool.schedule(function, args=[*arguments, str(mark)], timeout=self._timeout)
        return lambda: self._wait(future, Mark(str(mark)))

    def _wait(self, future: Future[T], mark: Mark) -> T:
        try:
            return future.result()
        except FutureTimeout:
            reason = f"stopped after {self._timeout:g} s"
            raise Fault("timeout", reason, *mark.read()) from None
        except ProcessExpired as error:
            reason = f"the process ended with code {error.exitcode}"
            words = mark.last_words()
            reason = f"{reason}: {words}" if words else reason
            raise Fault("crashed", reason, *mark.read()) from None
        finally:
            mark.path.unlink(missing_ok=True)
            Path(f"{mark.path}.log").unlink(missing_ok=True)

    def close(self) -> None:
        self._pool.stop()
        self._pool.join()


def measure_batches(
    jobs: Iterable[Job],
    *,
    on_result: Callable[[JobResult], None],
    limits: Limits | None = None,
) -> None:
    """Measures jobs and hands each result to `on_result`, in the order of the jobs.

    Jobs with the same flags should follow each other: other flags mean new compiling processes. The
    calling script needs the usual `if __name__ == "__main__":` guard (workers are spawned).

    Raises:
      MeasureError: the machine cannot measure at all.
    """
    check_linux()
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="tlm-measure-") as name:
        runners = Processes(1, limits.run_timeout, Path(name))
        compilers: Processes | None = None
        try:
            for _, same in itertools.groupby(jobs, key=lambda job: job.flags):
                if compilers:
                    compilers.close()
                compilers = Processes(limits.compile_workers, limits.compile_timeout, Path(name))
                for group in _groups(same, limits.group):
                    states = _compile_group(compilers, group)
                    for state in states:
                        on_result(_run_state(runners, state))
        finally:
            if compilers:
                compilers.close()
            runners.close()


def _groups(jobs: Iterable[Job], size: int) -> Iterator[list[Job]]:
    iterator = iter(jobs)
    while group := list(itertools.islice(iterator, size)):
        yield group


def _compile_group(compilers: Processes, jobs: Sequence[Job]) -> list[_State]:
    states = [_State(job, [_DEFAULT, *range(len(job.candidates))]) for job in jobs]
    pending = [(state, _submit(compilers, state, state.texts())) for state in states]
    while pending:
        again = []
        for state, answer in pending:
            try:
                state.batch = answer()
            except TlmError as error:
                state.error = str(error)
            except Fault as fault:
                _blame(compilers, state, fault)
                if not state.error:
                    again.append(state)
        pending = [(state, _submit(compilers, state, state.texts())) for state in again]
    return states


def _submit(compilers: Processes, state: _State, texts: list[object]) -> Callable[[], BuiltBatch]:
    job = state.job
    return compilers.submit(worker.compile_batch, job.source, job.applier, texts, job.flags)


def _blame(compilers: Processes, state: _State, fault: Fault) -> None:
    """Strikes off the candidate at whose turn a compiling process ended."""
    if fault.stage == "translate":
        state.strike(fault.position, fault.status, fault.message)
    elif fault.stage == "link":
        _probe(compilers, state, fault)
    else:
        state.error = f"the compiling process ended before it began: {fault.message}"


def _probe(compilers: Processes, state: _State, fault: Fault) -> None:
    """LLVM fell over the batch as a whole: compile each candidate alone, drop the culprits."""
    answers = [_submit(compilers, state, [text]) for text in state.texts()]
    guilty: list[tuple[int, Fault]] = []
    for position, answer in enumerate(answers):
        try:
            answer()
        except Fault as own:
            guilty.append((position, own))
    for position, culprit in reversed(guilty):
        state.strike(position, culprit.status, culprit.message)
    if not guilty:
        state.error = f"the batch cannot be compiled as a whole: {fault.message}"


def _run_state(runners: Processes, state: _State) -> JobResult:
    """Times and checks a compiled job, again without the culprit whenever the process ends."""
    found: list[Measured] = []
    while state.batch and not state.error and not found:
        if state.batch.exports[0].status != "ok":
            reason = state.batch.exports[0].message
            state.error = f"IREE's default schedule does not compile: {reason}"
            break
        try:
            found = runners.submit(worker.run_batch, state.batch, _plan(state.job, state.batch))()
        except TlmError as error:
            state.error = str(error)
        except Fault as fault:
            _strike_run(state, state.batch, fault)
    if found and found[0].status != "ok":
        state.error = f"IREE's default schedule is no reference: {found[0].message}"
    if state.error:
        default = found[0] if found else Measured("crashed", message=state.error)
        return JobResult(state.job, default, (), state.error)
    measured = dict(zip(state.alive, found, strict=True)) | state.struck
    candidates = tuple(measured[i] for i in range(len(state.job.candidates)))
    return JobResult(state.job, measured[_DEFAULT], candidates)


def _plan(job: Job, batch: BuiltBatch) -> RunPlan:
    ranges = {binding: (low, high) for binding, low, high in job.ranges}
    rule = Rule(job.exact, job.reduction, ranges, batch.indexed)
    return RunPlan(job.threads, rule, job.min_seconds, job.budget)


def _strike_run(state: _State, batch: BuiltBatch, fault: Fault) -> None:
    """Strikes off the candidate at whose turn the timing process ended."""
    if fault.stage not in ("time", "check"):
        state.error = f"the timing process ended before it began: {fault.message}"
        return
    number = state.alive[fault.position]
    state.strike(fault.position, fault.status, fault.message)
    # The ELF still holds the culprit; the others keep their ordinals in it.
    exports = list(batch.exports)
    export = exports.pop(fault.position)
    state.batch = replace(batch, exports=tuple(exports))
    state.struck[number] = replace(
        state.struck[number], workgroups=export.workgroups, configuration=export.configuration
    )


__all__ = ["Job", "JobResult", "Limits", "MeasureError", "measure_batches"]

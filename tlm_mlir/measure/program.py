# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measuring small programs as wholes: the same program under different graph decisions.

Graph decisions change how many dispatches a program has and what happens when it loads. So programs
are timed through the IREE runtime, all variants in turn, in processes that may crash or hang. A
variant that does so is struck off, and the others are tried again.
"""

import itertools
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tlm_mlir.errors import CompileError, TlmError
from tlm_mlir.measure import program_worker
from tlm_mlir.measure.native import check_linux
from tlm_mlir.measure.program_worker import SKETCHED, Built, Plan, Variant
from tlm_mlir.measure.runner import Fault, Limits, Processes
from tlm_mlir.measure.worker import Measured

_DEFAULT = -1


@dataclass(frozen=True)
class ProgramJob:
    """One program and the variants to measure.

    Args:
      source: MLIR text with one public function over static tensors; weights are parameters.
      variants: decisions; leaving everything to IREE is measured by itself.
      flags: IREE's compiler flags.
      threads: how many cores run the program.
      reduction: terms of the longest sum; scales the tolerance on values.
      min_seconds: no run on this machine can be faster (operations / peak rate).
      budget: seconds of timing for each variant.
      archive: a parameter archive (.irpa, .safetensors); without one, weights are random.
      tag: the caller's own, handed back.
    """

    source: str
    variants: tuple[Variant, ...]
    flags: tuple[str, ...] = ()
    threads: int = 2
    reduction: int = 1024
    min_seconds: float = 0.0
    budget: float = 0.2
    archive: str = ""
    tag: object = None


@dataclass(frozen=True)
class ProgramResult:
    """The measurement with everything left to IREE, and the variants', in the job's order.

    If `error` is not empty the program could not be measured and `variants` is empty.
    """

    job: ProgramJob
    default: Measured
    variants: tuple[Measured, ...]
    error: str = ""


@dataclass
class _State:
    """A job under way: the compiled variants still in play and those struck off."""

    job: ProgramJob
    built: dict[int, Built] = field(default_factory=dict)
    struck: dict[int, Measured] = field(default_factory=dict)

    def variant(self, number: int) -> Variant:
        return {} if number == _DEFAULT else self.job.variants[number]

    def strike(self, number: int, status: str, message: str) -> None:
        self.built.pop(number, None)
        self.struck[number] = Measured(status, message=message)

    @property
    def error(self) -> str:
        bad = self.struck.get(_DEFAULT)
        return f"the program could not be measured: {bad.status}, {bad.message}" if bad else ""


def measure_programs(
    jobs: Iterable[ProgramJob],
    *,
    on_result: Callable[[ProgramResult], None],
    limits: Limits | None = None,
) -> None:
    """Measures jobs and hands each result to `on_result`, in the order of the jobs.

    Jobs with the same number of threads should follow each other. The calling script needs the
    usual `if __name__ == "__main__":` guard (workers are spawned). Raises MeasureError where the
    machine cannot measure at all.
    """
    check_linux()
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="tlm-programs-") as name:
        compilers = Processes(limits.compile_workers, limits.compile_timeout, Path(name))
        try:
            for _, same in itertools.groupby(jobs, key=lambda job: job.threads):
                runners = Processes(1, limits.run_timeout, Path(name))
                try:
                    for job in same:
                        state = _State(job)
                        _compile(compilers, state)
                        on_result(_run(runners, state))
                finally:
                    runners.close()
        finally:
            compilers.close()


def _compile(compilers: Processes, state: _State) -> None:
    numbers = [_DEFAULT, *range(len(state.job.variants))]
    answers = {
        number: compilers.submit(
            program_worker.compile_variant,
            state.job.source,
            state.variant(number),
            state.job.flags,
            state.job.threads,
        )
        for number in numbers
    }
    for number, answer in answers.items():
        try:
            state.built[number] = answer()
        except CompileError as error:
            state.strike(number, "compile_failed", str(error))
        except TlmError as error:
            state.strike(number, "refused", str(error))
        except Fault as fault:
            state.strike(number, fault.status, fault.message)


def _run(runners: Processes, state: _State) -> ProgramResult:
    """Times what compiled, again without the culprit whenever the process ends."""
    job = state.job
    plan = Plan(job.threads, job.reduction, job.min_seconds, job.budget, job.archive)
    found: dict[int, Measured] = {}
    while not found and not state.error:
        numbers = list(state.built)
        try:
            measured = runners.submit(
                program_worker.time_variants, [state.built[n] for n in numbers], plan
            )()
            found = dict(zip(numbers, measured, strict=True))
        except TlmError as error:
            state.strike(_DEFAULT, "refused", str(error))
        except Fault as fault:
            culprit = numbers[max(fault.position, 0)]
            state.strike(culprit, fault.status, fault.message)
    found |= state.struck
    if state.error or found[_DEFAULT].status != "ok":
        reason = state.error or f"the reference is {found[_DEFAULT].status}"
        return ProgramResult(job, found[_DEFAULT], (), reason)
    variants = tuple(found[number] for number in range(len(job.variants)))
    return ProgramResult(job, found[_DEFAULT], variants)


__all__ = ["SKETCHED", "Limits", "ProgramJob", "ProgramResult", "Variant", "measure_programs"]

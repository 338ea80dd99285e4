# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs inside the processes that measure whole programs: compile one variant, or time all.

Programs run on the IREE runtime's `local-task` device, one worker thread pinned to each core. Their
weights are parameters, so that what a variant does to them (packing, transposing) happens at load.
"""

import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tlm_mlir.decisions import walk
from tlm_mlir.decisions.point import DecisionPoint, Site
from tlm_mlir.decisions.points import POINTS
from tlm_mlir.errors import CompileError, InputError, MeasureError
from tlm_mlir.iree.module import block, named, symbol
from tlm_mlir.iree.ops import FUNCTION
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import Schedule
from tlm_mlir.measure import native, oracle
from tlm_mlir.measure.cores import pin_workers
from tlm_mlir.measure.timer import DISTURBING_RATE, ROUNDS, Slice, Timing
from tlm_mlir.measure.worker import Mark, Measured

_MAX_RUNS_PER_SLICE = 512
_PARAMETER = re.compile(r'#flow\.parameter\.named<(?:"([^"]*)"::)?"([^"]*)"> : tensor<([^>]+)>')

_TENSOR = re.compile(r"tensor<([^>]+)>")

Shaped = tuple[tuple[int, ...], str]
"""Shape and element type of a tensor."""


SKETCHED = "sketched"
"""Stands for the text of a site's sketch with the least estimate, if it has one."""
Variant = Mapping[str, str | tuple[str, ...]]
"""Decisions for a program by the name of their decision point: the text of a schedule for each
site, or one for all of them. Points that it does not name leave everything to IREE."""


@dataclass(frozen=True)
class Built:
    """A compiled variant: the .vmfb, its entry, its inputs and its parameters by (scope, key)."""

    binary: bytes
    entry: str
    inputs: tuple[Shaped, ...]
    parameters: tuple[tuple[str, str, Shaped], ...]


@dataclass(frozen=True)
class Plan:
    """How built variants are run: see `program.ProgramJob`."""

    threads: int
    reduction: int
    min_seconds: float
    budget: float
    archive: str


def compile_variant(
    source: str, variant: Variant, flags: Sequence[str], cores: int, mark: str
) -> Built:
    """Compiles a program under a variant's decisions, to run on some cores.

    Raises CompileError when IREE refuses it, InputError for decisions that do not fit.
    """
    marker = Mark(mark)
    marker.capture_stderr()
    marker("translate", 0)
    points = [point for name, point in POINTS.items() if name in variant]
    session = Session([*flags, *walk.flags(points)])
    module = session.parse_text(source, "the program")
    entry, inputs = _signature(module)

    def decide(point: DecisionPoint, module: Any, sites: Sequence[Site]) -> list[Schedule | None]:
        return _schedules(point, sites, variant[point.name])

    at = walk.walk(session, module, None, points, decide, cores)
    with tempfile.TemporaryDirectory(prefix="tlm-program-") as folder:
        path = Path(folder) / "program.vmfb"
        session.finish(module, at, path)
        binary = path.read_bytes()
    parameters = tuple(
        (scope or "", key, _shaped(text)) for scope, key, text in _PARAMETER.findall(source)
    )
    return Built(binary, entry, inputs, parameters)


def _schedules(
    point: DecisionPoint, sites: Sequence[Site], texts: str | tuple[str, ...]
) -> list[Schedule | None]:
    """The schedules that texts spell for the sites of a point."""
    if texts == SKETCHED:
        return [_sketch(site) for site in sites]
    if not sites:
        raise InputError(f"the program has no {point.name} to decide; measure it without")
    each = [texts] * len(sites) if isinstance(texts, str) else texts
    if len(each) != len(sites):
        raise InputError(f"{len(each)} schedules for {len(sites)} sites; give one for each site")
    found: list[Schedule | None] = []
    for site, text in zip(sites, each, strict=True):
        if site.task is None:
            raise InputError(f"{site.name} {site.reason}; nothing can be decided about it")
        found.append(site.task.parse(text))
    return found


def _sketch(site: Site) -> Schedule | None:
    """The sketch of a site with the least estimate; None where there is none."""
    if site.task is None:
        return None
    return min(site.task.sketches(), key=site.task.estimate, default=None)


def _signature(module: Any) -> tuple[str, tuple[Shaped, ...]]:
    """Name and inputs of the program's one public function."""
    found = [
        operation
        for operation in named(module, FUNCTION, "func.func")
        if "public" in str(operation.attributes.get("sym_visibility", "public"))
    ]
    if len(found) != 1:
        raise CompileError(f"the program has {len(found)} public functions; give it one")
    name = symbol(found[0])
    arguments = block(found[0]).arguments
    texts = [_TENSOR.search(str(argument.type)) for argument in arguments]
    if not all(texts):
        raise CompileError(f"@{name} takes something other than static tensors; give it tensors")
    return name, tuple(_shaped(text.group(1)) for text in texts if text)


def _shaped(text: str) -> Shaped:
    """Reads `2x3xf32`, or torch's `[2,3],f32`. Raises CompileError for a dynamic shape."""
    *sizes, element = re.split("[x,]", text.replace("[", "").replace("]", ""))
    if not all(size.isdigit() for size in sizes):
        raise CompileError(f"tensor<{text}> has no static shape; measure programs with one")
    return tuple(map(int, sizes)), element


def time_variants(built: Sequence[Built], plan: Plan, mark: str) -> list[Measured]:
    """Times variants in turn, then compares their values with the first one's.

    Raises MeasureError: an element type or the machine cannot be used.
    """
    marker = Mark(mark)
    marker.capture_stderr()
    marker("start", -1)
    programs = _load(built, plan, marker)
    rng = np.random.default_rng(0)
    inputs = _draw_all(rng, built[0].inputs)
    timings = _time(programs, inputs, plan, marker)
    fresh = _draw_all(rng, built[0].inputs)
    wanted: list[np.ndarray] = []
    found = []
    for position, (program, timing) in enumerate(zip(programs, timings, strict=True)):
        marker("check", position)
        got = program.values(fresh)
        wanted = wanted or got
        fault = _fault(got, wanted, plan.reduction)
        found.append(_judged(timing, fault, plan.min_seconds))
    return found


def _judged(timing: Timing, fault: str, least: float) -> Measured:
    status, message = ("wrong_values", fault) if fault else ("ok", "")
    if not fault and timing.seconds < least:
        status = "refused"
        message = f"{timing.seconds:.3g} s is less than the machine's limit of {least:.3g} s"
    return Measured(
        status, timing.seconds, timing.runs, message=message, disturbed=timing.disturbed
    )


class _Program:
    """One variant loaded on the device."""

    def __init__(self, runtime: Any, config: Any, parameters: Sequence[Any], built: Built) -> None:
        self._rt, self._config = runtime, config
        module = runtime.VmModule.copy_buffer(config.vm_instance, built.binary)
        context = runtime.SystemContext(vm_modules=[*parameters, module], config=config)
        self._context = context.vm_context
        self._function = module.lookup_function(built.entry)
        self._invoker = context.modules[module.name][built.entry]

    def start(self, inputs: Sequence[np.ndarray]) -> Callable[[], None]:
        """A call with inputs that are on the device already."""
        arguments = self._rt.VmVariantList(len(inputs))
        for array in inputs:
            device_array = self._rt.asdevicearray(self._config.device, array)
            arguments.push_ref(device_array._buffer_view)

        def call() -> None:
            results = self._rt.VmVariantList(1)
            self._context.invoke(self._function, arguments, results)

        return call

    def values(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The results as arrays."""
        results = self._invoker(*inputs)
        several = results if isinstance(results, (tuple, list)) else (results,)
        return [np.array(result.to_host()) for result in several]


_DEVICES: dict[int, Any] = {}


def _load(built: Sequence[Built], plan: Plan, marker: Mark) -> list[_Program]:
    import iree.runtime as rt

    if plan.threads not in _DEVICES:
        if _DEVICES:
            raise MeasureError("a process runs one number of threads; start another for more")
        pin_workers(plan.threads)
        _DEVICES[plan.threads] = rt.Config("local-task")
    config = _DEVICES[plan.threads]
    parameters = _parameters(rt, config, built[0], plan.archive)
    programs = []
    for position, item in enumerate(built):
        marker("load", position)
        programs.append(_Program(rt, config, parameters, item))
    return programs


def _parameters(rt: Any, config: Any, built: Built, archive: str) -> list[Any]:
    """The parameters' VM module: from an archive, or drawn at random."""
    if not built.parameters:
        return []
    rng = np.random.default_rng(1)
    indices: dict[str, Any] = {}
    for scope, key, shaped in built.parameters:
        if scope not in indices:
            indices[scope] = rt.ParameterIndex()
            if archive:
                indices[scope].load(archive)
        if not archive:
            indices[scope].add_buffer(key, _draw(rng, shaped))
    providers = [index.create_provider(scope=scope) for scope, index in indices.items()]
    return [rt.create_io_parameters_module(config.vm_instance, *providers)]


def _draw_all(rng: np.random.Generator, inputs: Sequence[Shaped]) -> list[np.ndarray]:
    return [_draw(rng, shaped) for shaped in inputs]


def _draw(rng: np.random.Generator, shaped: Shaped) -> np.ndarray:
    shape, element = shaped
    kind = oracle.dtype(element)
    if oracle.is_float(element):
        return rng.standard_normal(prod(shape), np.float32).reshape(shape).astype(kind)
    return rng.integers(0, 2 if element == "i1" else 8, shape).astype(kind)


def _time(
    programs: Sequence[_Program], inputs: Sequence[np.ndarray], plan: Plan, marker: Mark
) -> list[Timing]:
    calls = [program.start(inputs) for program in programs]
    timings = [Timing() for _ in calls]
    for position, call in enumerate(calls):
        marker("time", position)
        call()
    for done in range(1, 2 * ROUNDS + 1):
        for position, call in enumerate(calls):
            if done > ROUNDS and timings[position].settled(plan.budget, done):
                continue
            marker("time", position)
            timings[position].add(_slice(call, plan.budget / ROUNDS))
    return timings


def _slice(call: Callable[[], None], budget: float) -> Slice:
    """Runs until the budget is spent, after one that warms the caches."""
    call()
    before = native.preemptions()
    samples: list[float] = []
    start = time.perf_counter()
    while not samples or (
        time.perf_counter() - start < budget and len(samples) < _MAX_RUNS_PER_SLICE
    ):
        begin = time.perf_counter()
        call()
        samples.append(time.perf_counter() - begin)
    after = native.preemptions()
    return Slice(after - before > DISTURBING_RATE * sum(samples), tuple(samples))


def _fault(got: Sequence[np.ndarray], wanted: Sequence[np.ndarray], reduction: int) -> str:
    """What is wrong with the results, or nothing."""
    for number, (mine, want) in enumerate(zip(got, wanted, strict=True)):
        if mine.shape != want.shape:
            return f"result {number} has the shape {mine.shape} instead of {want.shape}"
        if want.dtype.kind in "iub":
            wrong = mine != want
        else:
            epsilon = float(np.finfo(np.float16 if want.dtype.itemsize < 4 else np.float32).eps)
            wrong = oracle.beyond(mine, want, epsilon, reduction)
        if wrong.any():
            return f"{int(wrong.sum())} of {want.size} values of result {number} are wrong"
    return ""

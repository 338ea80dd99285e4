# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running compiled programs on the IREE runtime, for benchmarks."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from iree import runtime
from iree.compiler import ir

from ..compiler.session import Session
from ..errors import InputError, MeasureError

_DTYPES = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32,
    "i16": np.int16, "i8": np.int8, "i1": np.bool_,
}  # fmt: skip
_TENSOR = re.compile(r"^(?:tensor<((?:[\d?]+x)*)(\w+)>|!torch\.vtensor<\[([\d?,]*)\],(\w+)>)$")

Input = tuple[tuple[int, ...], np.dtype]
"""Shape and element type of one input."""


class Program:
    """A loaded .vmfb and one of its functions.

    `inputs` are those given, or as the program declares them.
    """

    def __init__(
        self,
        path: Path,
        parameters: Sequence[str] = (),
        function: str = "",
        inputs: Sequence[Input] | None = None,
    ) -> None:
        """`parameters` are `scope=file` texts as `iree-run-module --parameters` takes them.

        A program that was exported from torch declares no inputs: give those of `source_inputs`.
        Raises InputError for a missing file or function, or inputs that benchmarks cannot make.
        """
        self._config = runtime.Config("local-task")
        weights = _parameter_modules(self._config, parameters)
        modules = [*weights, self._config.default_vm_modules[0]]
        instance = self._config.vm_instance
        module = runtime.VmModule.mmap(instance, str(path))
        context = runtime.SystemContext(vm_modules=[*modules, module], config=self._config)
        name = function or _default_function(module)
        loaded = context.modules[module.name]
        try:
            self._call = loaded[name]
        except KeyError:
            known = ", ".join(module.function_names)
            raise InputError(f"the program has no function '{name}'; it has {known}") from None
        self._context = context
        reflection = self._call.vm_function.reflection
        self.inputs = _declared_inputs(reflection) if inputs is None else list(inputs)

    def arguments(self, seed: int = 0) -> list[np.ndarray]:
        """Deterministic inputs: normal floats, small non-negative integers."""
        rng = np.random.default_rng(seed)
        made = []
        for shape, dtype in self.inputs:
            if np.issubdtype(dtype, np.floating):
                made.append(rng.standard_normal(shape, np.float32).astype(dtype))
            else:
                made.append(rng.integers(0, 2, shape).astype(dtype))
        return made

    def upload(self, arguments: Sequence[np.ndarray]) -> list[object]:
        """The arguments on the device, so that timing does not count the copy."""
        return [runtime.asdevicearray(self._config.device, argument) for argument in arguments]

    def run(self, arguments: Sequence[object]) -> list[np.ndarray]:
        """Calls the function; its results on the host."""
        results = self._call(*arguments)
        if not isinstance(results, (list, tuple)):
            results = [results]
        return [np.asarray(result.to_host()) for result in results]

    def time(self, arguments: Sequence[object]) -> float:
        """Seconds of one call."""
        start = time.perf_counter()
        results = self._call(*arguments)
        first = results[0] if isinstance(results, (list, tuple)) else results
        first.to_host()
        return time.perf_counter() - start


def _parameter_modules(config: runtime.Config, parameters: Sequence[str]) -> list[object]:
    if not parameters:
        return []
    providers = []
    for text in parameters:
        scope, _, file = text.rpartition("=")
        if not Path(file).is_file():
            raise InputError(f"the parameter file {file} does not exist; give scope=file")
        index = runtime.ParameterIndex()
        index.load(file)
        providers.append(index.create_provider(scope=scope))
    return [runtime.create_io_parameters_module(config.vm_instance, *providers)]


def _default_function(module: runtime.VmModule) -> str:
    """`main` where there is one, else the first function that is not an internal."""
    names = [name for name in module.function_names if not name.startswith("__")]
    if not names:
        raise InputError("the program exports no function; compile a module with a public one")
    plain = [name for name in names if not name.endswith("$async")]
    return "main" if "main" in names else (plain or names)[0]


def source_inputs(source: Path, function: str = "") -> list[Input]:
    """The inputs of a module's function (`main`, or the first public one), read from its MLIR.

    Raises InputError for a missing function, or inputs that benchmarks cannot make.
    """
    session = Session([])
    module = session.parse(source)
    types = {}
    for view in module.regions[0].blocks[0].operations:
        attributes = view.operation.attributes
        if "function_type" in attributes and '"private"' not in _visibility(view.operation):
            name = ir.StringAttr(attributes["sym_name"]).value
            types[name] = ir.FunctionType(ir.TypeAttr(attributes["function_type"]).value)
    name = function or ("main" if "main" in types else next(iter(types), ""))
    if name not in types:
        known = ", ".join(types) or "none"
        raise InputError(f"{source} has no public function '{name}'; it has {known}")
    return [_input(str(type_)) for type_ in types[name].inputs]


def _visibility(operation: ir.Operation) -> str:
    attributes = operation.attributes
    return str(attributes["sym_visibility"]) if "sym_visibility" in attributes else ""


def _declared_inputs(reflection: dict[str, str]) -> list[Input]:
    if "iree.abi.declaration" not in reflection:
        raise InputError("the program does not declare its inputs; give those of its source")
    arguments = reflection["iree.abi.declaration"].split("->")[0]
    texts = re.findall(r"%input\d+: ([^,){]+(?:<[^>]*>)?)", arguments)
    return [_input(text.strip()) for text in texts]


def _input(text: str) -> Input:
    """The input that a type's text means: `tensor<4x8xf32>`, `!torch.vtensor<[4,8],f32>`, `i32`."""
    match = _TENSOR.match(text)
    extents, dtype = [], text
    if match:
        extents = re.findall(r"[\d?]+", match[1] or match[3] or "")
        dtype = (match[2] or match[4]).removeprefix("s")
    if dtype not in _DTYPES or "?" in extents:
        raise InputError(f"inputs of type {text} cannot be made up; benchmark a static program")
    return tuple(map(int, extents)), np.dtype(_DTYPES[dtype])


def interleave(
    programs: Sequence[Program], arguments: Sequence[np.ndarray], rounds: int
) -> list[list[float]]:
    """Seconds per program and round, one call of each in turn, after one call to warm up.

    Raises MeasureError when rounds is not positive.
    """
    if rounds < 1:
        raise MeasureError(f"{rounds} rounds measure nothing; ask for one or more")
    uploaded = [program.upload(arguments) for program in programs]
    for program, values in zip(programs, uploaded, strict=True):
        program.time(values)
    seconds: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for place, (program, values) in enumerate(zip(programs, uploaded, strict=True)):
            seconds[place].append(program.time(values))
    return seconds


def relative_error(got: Sequence[np.ndarray], want: Sequence[np.ndarray]) -> float:
    """Largest absolute difference over the largest magnitude, over all results.

    Infinite where only one side has a NaN or an infinity, or they are in other places.
    """
    worst = 0.0
    for left, right in zip(got, want, strict=True):
        a, b = left.astype(np.float64), right.astype(np.float64)
        finite = np.isfinite(b)
        if a.shape != b.shape or not np.isfinite(a[finite]).all():
            return math.inf
        # NaN compares with nothing: two programs agree on it only where both have it.
        if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
            return math.inf
        scale = float(np.max(np.abs(b[finite]), initial=0.0)) or 1.0
        worst = max(worst, float(np.max(np.abs(a[finite] - b[finite]), initial=0.0)) / scale)
    return worst

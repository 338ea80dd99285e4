# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running compiled programs on the IREE runtime, for benchmarks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
from iree import runtime

from ..errors import InputError, MeasureError
from .elements import IEEE, element_of_code
from .inputs import Declared, declared
from .signature import declaration_inputs
from .values import Value, value_of

_USAGE = runtime.BufferUsage.DEFAULT | runtime.BufferUsage.MAPPING


class Program:
    """A loaded .vmfb and one of its functions, in a context of its own: it shares no state."""

    def __init__(
        self,
        path: Path,
        parameters: Sequence[str] = (),
        function: str = "",
        device: str = "local-task",
    ) -> None:
        """`parameters` are `scope=file` texts as `iree-run-module --parameters` takes them.

        On the device `local-sync` the calling thread does all work. Raises InputError for a missing
        file or function.
        """
        config = runtime.Config(device)
        weights = _parameter_modules(config, parameters)
        modules = [*weights, config.default_vm_modules[0]]
        module = runtime.VmModule.mmap(config.vm_instance, str(path))
        self._context = runtime.SystemContext(vm_modules=[*modules, module], config=config)
        self._config = config
        self._module = module
        self._function = self._lookup(function or _default_function(module))

    def _lookup(self, name: str) -> runtime.VmFunction:
        found = self._module.lookup_function(name)
        if found is None:
            known = ", ".join(self._module.function_names)
            raise InputError(f"the program has no function '{name}'; it has {known}")
        return found

    def sibling(self, function: str) -> Program:
        """Another function of the same loaded program, which shares its state.

        Raises InputError for a missing function.
        """
        found = copy(self)
        found._function = self._lookup(function)
        return found

    def inputs(self) -> list[Declared]:
        """The inputs that the program declares; one that was exported from torch declares none."""
        reflection = self._function.reflection
        if "iree.abi.declaration" not in reflection:
            raise InputError("the program does not declare its inputs; read them from its source")
        return [declared(text) for text in declaration_inputs(reflection["iree.abi.declaration"])]

    def upload(self, arguments: Sequence[Value]) -> Uploaded:
        """The arguments on the device, so that timing does not count the copy."""
        return Uploaded(self._config.device, arguments)

    def run(self, arguments: Uploaded) -> list[Value]:
        """Calls the function; its results on the host, and after them arguments that it changed.

        Raises MeasureError when the runtime refuses the call.
        """
        results = self._call(arguments)
        found = [_result(results, place) for place in range(results.size)]
        return found + arguments.changed()

    def time(self, arguments: Uploaded, calls: int = 1) -> float:
        """Seconds of one call, the mean of several after each other."""
        start = time.perf_counter()
        for _ in range(calls):
            self._call(arguments)
        return (time.perf_counter() - start) / calls

    def _call(self, arguments: Uploaded) -> runtime.VmVariantList:
        results = runtime.VmVariantList(1)
        try:
            self._context.vm_context.invoke(self._function, arguments.values, results)
        except (RuntimeError, ValueError) as error:
            why = str(error).split(";")[1:2] or [str(error)]
            raise MeasureError(f"the program cannot be called:{why[0]}") from None
        return results


class Uploaded:
    """Arguments on a device, as a call takes them."""

    def __init__(self, device: runtime.HalDevice, arguments: Sequence[Value]) -> None:
        self.values = runtime.VmVariantList(len(arguments))
        self._tensors: list[tuple[Value, runtime.HalBufferView]] = []
        for value in arguments:
            if value.shape is None:
                self._push_scalar(value)
                continue
            buffer = device.allocator.allocate_buffer_copy(
                memory_type=runtime.MemoryType.DEVICE_LOCAL,
                allowed_usage=_USAGE,
                device=device,
                buffer=value.raw if value.raw.size else np.zeros(1, np.uint8),
            )
            view = runtime.HalBufferView(buffer, value.shape, value.element.code)
            self._tensors.append((value, view))
            self.values.push_ref(view)

    def _push_scalar(self, value: Value) -> None:
        number = value.array().item()
        if value.element.kind == IEEE and value.element.bits >= 32:
            self.values.push_float(number)
        elif value.element.is_float:
            raise InputError(
                f"a scalar of type {value.element.name} cannot be handed over; use a tensor or f32"
            )
        else:
            self.values.push_int(int(number))

    def changed(self) -> list[Value]:
        """The tensors that hold other bytes than they were given."""
        found = []
        for value, view in self._tensors:
            raw = _bytes(view)
            if not np.array_equal(raw[: value.raw.size], value.raw):
                found.append(replace(value, raw=raw))
        return found


def _bytes(view: runtime.HalBufferView) -> np.ndarray:
    size = view.byte_length
    if not size:
        return np.zeros(0, np.uint8)
    # A copy: the buffer may be the program's own, which its next call changes.
    return np.array(view.map().asarray((size,), np.dtype(np.uint8)))


def _result(results: runtime.VmVariantList, place: int) -> Value:
    found = results.get_variant(place)
    if not isinstance(found, runtime.VmRef):
        return value_of(np.asarray(found))
    view = results.get_as_object(place, runtime.HalBufferView)
    return Value(element_of_code(view.element_type), tuple(view.shape), _bytes(view))


def check_parameters(parameters: Sequence[str]) -> None:
    """Raises InputError where a `scope=file` text names no file."""
    for text in parameters:
        file = text.rpartition("=")[2]
        if not Path(file).is_file():
            raise InputError(f"the parameter file {file} does not exist; give scope=file")


def _parameter_modules(config: runtime.Config, parameters: Sequence[str]) -> list[object]:
    check_parameters(parameters)
    if not parameters:
        return []
    providers = []
    for text in parameters:
        scope, _, file = text.rpartition("=")
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

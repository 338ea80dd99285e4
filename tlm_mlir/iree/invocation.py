# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IREE's compiler in process: phases, captured diagnostics and the serialized executable.

IREE's Python API wraps neither the phases nor the output of a `hal.executable`; its C API
(`iree/compiler/embedding_api.h`) exports both, and ctypes reaches them. Every signature is declared
here, because ctypes cuts an undeclared pointer to 32 bits.
"""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iree.compiler import ir
from iree.compiler.api import Invocation, Output, Session, ctypes_dl

from ..errors import CompileError, InputError
from .empty import fold_empty
from .phases import BEFORE_PREPROCESSING, HAL, PREPROCESSING, TRANSLATED

_ERROR_SEVERITY = 2
_MESSAGE_LIMIT = 300
_DIAGNOSTIC = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)
_POINTER = ctypes.c_void_p
_lib = ctypes_dl._dylib


def _declare(name: str, result: object, *arguments: object) -> None:
    function = getattr(_lib, name)
    function.restype, function.argtypes = result, list(arguments)


_declare("ireeCompilerInvocationSetCompileFromPhase", None, _POINTER, ctypes.c_char_p)
_declare("ireeCompilerInvocationSetCompileToPhase", None, _POINTER, ctypes.c_char_p)
_declare(
    "ireeCompilerInvocationEnableCallbackDiagnostics",
    None,
    _POINTER,
    ctypes.c_int,
    _DIAGNOSTIC,
    _POINTER,
)
_declare("ireeCompilerInvocationOutputHALExecutable", _POINTER, _POINTER, _POINTER)


class InvocationError(CompileError):
    """IREE refused one module; the text is its first error, on one line."""


class Diagnostics:
    """Collects what an invocation reports instead of letting it reach stderr."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        # The compiler keeps this pointer: it must live as long as the invocation.
        self.callback = _DIAGNOSTIC(self._add)

    def _add(self, severity: int, text: int, length: int, _user: int) -> None:
        if severity == _ERROR_SEVERITY:
            self.errors.append(ctypes.string_at(text, length).decode(errors="replace"))

    def first(self) -> str:
        return first_line(self.errors[0]) if self.errors else "IREE gave no reason"


@contextmanager
def refusals() -> Iterator[None]:
    """Raises InvocationError for what IREE's bindings raise in a block."""
    try:
        yield
    except ir.MLIRError as error:
        raise InvocationError(first_error(error)) from error
    except (RuntimeError, ValueError) as error:
        raise InvocationError(first_line(str(error))) from error


def first_line(diagnostic: str) -> str:
    """The first line of a diagnostic without its source location, at most 300 characters."""
    line = diagnostic.strip().split("\n", 1)[0]
    location, separator, rest = line.partition(": ")
    if separator and location.startswith("-:"):
        line = rest
    return line[:_MESSAGE_LIMIT]


def first_error(error: ir.MLIRError) -> str:
    """The first diagnostic of an error that the bindings raise, on one line."""
    found = error.error_diagnostics
    return first_line(found[0].message if found else str(error))


_global_flags: tuple[str, ...] = ()


def open_session(flags: Sequence[str], *, threads: bool = True) -> Session:
    """A session with `flags`; about 1 ms after the process's first.

    A flag that a session does not know (for example `--iree-llvmcpu-number-of-threads=2`) belongs
    to the process: it is set once, and a process cannot change it later. Without `threads` a
    session compiles on one core.

    Raises:
      InputError: IREE knows no such flag, or a second, different set of process-wide flags.
    """
    session = Session()
    rest = [flag for flag in flags if not _set_flag(session, flag)]
    if tuple(rest) != _global_flags:
        _set_global_flags(tuple(rest))
        session.close()
        session = Session()
        session.set_flags(*[flag for flag in flags if flag not in rest])
    try:
        session.context.enable_multithreading(threads)
    except RuntimeError as error:
        raise InputError(
            f"IREE opens no session with the flags {' '.join(flags)}; correct them"
        ) from error
    return session


def _set_flag(session: Session, flag: str) -> bool:
    try:
        session.set_flags(flag)
    except ValueError as error:
        if "option not found" not in str(error):
            raise InputError(f"compiler flag {flag!r} was refused: {error}; correct it") from None
        return False
    return True


def _set_global_flags(flags: tuple[str, ...]) -> None:
    global _global_flags
    if _global_flags:
        raise InputError(
            f"process-wide compiler flags {list(flags)} differ from {list(_global_flags)}, which"
            " this process already has; use another process"
        )
    ctypes_dl._initializeGlobalCL("tlm-mlir", *flags)
    _global_flags = flags


def open_invocation(session: Session) -> tuple[Invocation, Diagnostics]:
    """A fresh invocation whose diagnostics are captured."""
    invocation = session.invocation()
    diagnostics = Diagnostics()
    # The callback must outlive the invocation, which may report while it is destroyed.
    invocation._tlm_diagnostics = diagnostics
    _lib.ireeCompilerInvocationEnableCallbackDiagnostics(
        invocation._inv_p, 0, diagnostics.callback, None
    )
    return invocation, diagnostics


def invoke(
    session: Session, module: ir.Operation, start: str | None, stop: str | None
) -> tuple[Invocation, Diagnostics]:
    """Runs the phases after `start` up to `stop` (None: from the input, to the end).

    Ops over nothing are folded on the way (`fold_empty`), but where `stop` is `preprocessing`.

    Raises:
      CompileError: IREE reported an error; `module` is then in an unusable state.
    """
    if start in BEFORE_PREPROCESSING and stop not in (*BEFORE_PREPROCESSING[1:], PREPROCESSING):
        run_phases(session, module, start, PREPROCESSING)
        start = PREPROCESSING
    invocation, diagnostics = open_invocation(session)
    if start:
        _lib.ireeCompilerInvocationSetCompileFromPhase(invocation._inv_p, start.encode())
    if stop:
        _lib.ireeCompilerInvocationSetCompileToPhase(invocation._inv_p, stop.encode())
    try:
        invocation.import_module(module)
        succeeded = invocation.execute()
    except RuntimeError:
        succeeded = False
    if not succeeded:
        invocation.close()
        raise InvocationError(diagnostics.first())
    return invocation, diagnostics


def run_phases(session: Session, module: ir.Operation, start: str | None, stop: str | None) -> None:
    """Compiles `module` in place from after phase `start` up to and with phase `stop`.

    Ops over nothing are folded at the end of `preprocessing` (`fold_empty`).

    Raises:
      CompileError: IREE reported an error; `module` is then in an unusable state.
    """
    invoke(session, module, start, stop)[0].close()
    if stop == PREPROCESSING:
        fold_empty(module)


def serialize(session: Session, module: ir.Operation) -> bytes:
    """Links and serializes the public executables of `module` (at `executable-targets`).

    IREE numbers the exports in the order in which the executables stand in the module.

    Raises:
      InvocationError: IREE's linking, LLVM's code generation or the embedded linker failed.
    """
    invocation, diagnostics = invoke(session, module, TRANSLATED, HAL)
    try:
        output = Output.open_membuffer()
        error = _lib.ireeCompilerInvocationOutputHALExecutable(invocation._inv_p, output._output_p)
        if error:
            _lib.ireeCompilerErrorDestroy(error)
            raise InvocationError(diagnostics.first())
        data = bytes(output.map_memory())
        output.close()
        return data
    finally:
        invocation.close()

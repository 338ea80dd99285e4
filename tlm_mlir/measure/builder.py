# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builder: one dispatch under many schedules, compiled by IREE into one ELF.

Each candidate is a clone of the dispatch that is scheduled and lowered to LLVM's dialect on its
own, so that a candidate which IREE refuses costs no other candidate anything. The rest is linked
by IREE's own linking pass into one executable, and LLVM and the linker run once for all. Measured:
0.07 to 0.1 s of CPU per candidate of a matmul, in a batch of ten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from iree.compiler import ir
from iree.compiler.api import Session

from tlm_mlir.errors import MeasureError
from tlm_mlir.iree.executables import FUNCTION, configuration
from tlm_mlir.iree.invocation import (
    InvocationError,
    first_line,
    open_session,
    run_phases,
    serialize,
)
from tlm_mlir.iree.module import block, body, set_symbol
from tlm_mlir.iree.ops import EXECUTABLE, EXPORT, VARIANT
from tlm_mlir.iree.phases import CONFIGURED, SOURCES, TRANSLATED
from tlm_mlir.measure import interface
from tlm_mlir.measure.interface import Binding

Applier = Callable[[ir.Operation], None]
OnStage = Callable[[str, int], None]


@dataclass(frozen=True)
class BuiltExport:
    """What became of one candidate.

    `status` is ok or compile_failed (then `message` says why and `ordinal` is -1); `ordinal` is the
    export's number in the ELF; `workgroups` is (x, y, z); `local_memory` is in bytes;
    `configuration` is what IREE chose (`iree.executables.configuration`), also if it failed later.
    """

    status: str
    message: str = ""
    ordinal: int = -1
    workgroups: tuple[int, int, int] = (0, 0, 0)
    local_memory: int = 0
    configuration: str = ""


@dataclass(frozen=True)
class BuiltBatch:
    """An ELF (IREE's embedded kind) and its exports, one for each applier in order.

    `indexed` says that integer operands may be positions in other operands. `elf` is empty if no
    candidate compiled.
    """

    elf: bytes
    bindings: tuple[Binding, ...]
    exports: tuple[BuiltExport, ...]
    indexed: bool


@dataclass
class _Lowered:
    number: int
    module: ir.Operation


def build(
    source: str,
    appliers: Sequence[Applier | None],
    flags: Sequence[str],
    *,
    on_stage: OnStage | None = None,
) -> BuiltBatch:
    """Compiles one dispatch once for every applier.

    Args:
      source: MLIR of one `hal.executable` (phase executable-sources) with one export.
      appliers: called with the candidate's `func.func`, which it may annotate or rewrite;
        None leaves the choice to IREE.
      flags: IREE's compiler flags; the target itself stands in the source.
      on_stage: told ("translate", candidate) before each candidate and ("link", -1) before linking,
        so that an observer of a crashed process knows whom to blame.

    Raises:
      MeasureError: the source is not such a module, or is dynamic.
    """
    stage = on_stage or (lambda _name, _candidate: None)
    session = open_session(flags, threads=False)
    try:
        template = _parse(source, session)
        bindings = interface.isolate(template)
        indexed = interface.is_indexed(template)
        exports: list[BuiltExport] = []
        lowered: list[_Lowered] = []
        for number, applier in enumerate(appliers):
            stage("translate", number)
            module = _clone(template, number)
            exports.append(_translate(session, module, applier))
            if exports[-1].status == "ok":
                lowered.append(_Lowered(number, module))
        stage("link", -1)
        elf = _link(session, lowered, exports)
        return BuiltBatch(elf, bindings, tuple(exports), indexed)
    finally:
        session.close()


def _parse(source: str, session: Session) -> ir.Operation:
    context = session.context
    try:
        module = ir.Module.parse(source, context).operation.clone().operation
    except ir.MLIRError as error:
        diagnostics = error.error_diagnostics
        reason = first_line(diagnostics[0].message if diagnostics else str(error))
        raise MeasureError(
            f"the source is not MLIR that IREE reads: {reason}; print it at executable-sources"
        ) from None
    interface.single(module, VARIANT)
    for operation in body(module):
        if operation.name != EXECUTABLE:
            operation.erase()
    # A private executable that no host code calls is pruned before it is serialized.
    executable = interface.single(module, EXECUTABLE)
    executable.attributes["sym_visibility"] = ir.StringAttr.get("public", context)
    return module


def _clone(template: ir.Operation, number: int) -> ir.Operation:
    module = template.clone().operation
    names = {
        EXECUTABLE: f"executable_{number}",
        EXPORT: f"candidate_{number}",
        FUNCTION: f"candidate_{number}",
    }
    for kind, name in names.items():
        set_symbol(interface.single(module, kind), name)
    return module


def _translate(session: Session, module: ir.Operation, applier: Applier | None) -> BuiltExport:
    """Schedules one candidate and lowers it to LLVM's dialect, in place."""
    export = BuiltExport("ok")
    try:
        if applier is not None:
            with module.context, ir.Location.unknown(module.context):
                applier(interface.single(module, FUNCTION))
        run_phases(session, module, SOURCES, CONFIGURED)
        function = interface.single(module, FUNCTION)
        export = replace(export, configuration=configuration(function))
        run_phases(session, module, CONFIGURED, TRANSLATED)
        return replace(
            export,
            workgroups=interface.workgroup_count(module),
            local_memory=interface.local_memory(module),
        )
    except InvocationError as error:
        return replace(export, status="compile_failed", message=str(error))
    except Exception as error:  # noqa: BLE001 (an applier is foreign code: the fault is its own)
        message = f"{type(error).__name__}: {first_line(str(error))}"
        return replace(export, status="compile_failed", message=message)


def _link(session: Session, lowered: list[_Lowered], exports: list[BuiltExport]) -> bytes:
    """Links candidates into one ELF and numbers their exports; halves the set while it fails."""
    if not lowered:
        return b""
    try:
        elf = serialize(session, _merge(lowered))
    except InvocationError as error:
        if len(lowered) == 1:
            number = lowered[0].number
            exports[number] = replace(exports[number], status="compile_failed", message=str(error))
            return b""
        half = len(lowered) // 2
        for part in (lowered[:half], lowered[half:]):
            _link(session, part, exports)
        rest = [item for item in lowered if exports[item.number].status == "ok"]
        return _link(session, rest, exports) if len(rest) < len(lowered) else _incompatible(rest)
    for ordinal, item in enumerate(lowered):
        exports[item.number] = replace(exports[item.number], ordinal=ordinal)
    return elf


def _incompatible(lowered: list[_Lowered]) -> bytes:
    raise MeasureError(
        f"{len(lowered)} candidates compile one by one but not together; measure them in"
        " smaller batches"
    )


def _merge(lowered: list[_Lowered]) -> ir.Operation:
    """A new module with a copy of every candidate's executable, in order."""
    merged = lowered[0].module.clone().operation
    together = block(merged)
    for item in lowered[1:]:
        together.append(interface.single(item.module, EXECUTABLE).clone())
    return merged

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a script may hold. A transform script is a program that can run any registered pass."""

from __future__ import annotations

from iree.compiler import ir

from ..errors import InputError
from ..iree import attributes, library
from ..iree.library import SEQUENCE
from ..iree.module import body, symbol, walk
from .script_header import check_release

ALLOWED_OPS = frozenset(
    [SEQUENCE, library.INCLUDE, "transform.yield", "transform.foreach"]
    + ["transform.structured.match", "transform.split_handle", "transform.merge_handles"]
    + [library.PARAMETER]
)
"""Ops that a script's own sequences may hold: they find, and leave the rest to the library's."""


def check_script(module: ir.Operation) -> None:
    """Raises InputError for a script with anything that schedules are not made of, and for one of
    another release of IREE's.

    Its own sequences hold ALLOWED_OPS. Others are the library's, to the letter.
    """
    check_release(module)
    for operation in body(module):
        if operation.name == SEQUENCE and symbol(operation) in library.sequences():
            _check_copy(operation)
        else:
            for inner in walk(operation, outer_first=True):
                _check_op(inner)


def _check_copy(operation: ir.Operation) -> None:
    name = symbol(operation)
    if not library.is_own(operation):
        file = library.sequences()[name].file
        raise InputError(f"the script's @{name} is not that of passes/{file}; write it anew")


def _check_op(operation: ir.Operation) -> None:
    name = operation.name
    if name not in ALLOWED_OPS:
        raise InputError(f"the script holds {name}, which schedules are not made of; write it anew")
    if name == library.PARAMETER and not attributes.lowered_by_known_passes(
        operation.attributes["value"], library.pass_lists()
    ):
        raise InputError(
            "the script lowers a dispatch by passes that are no list of passes/; write it anew"
        )

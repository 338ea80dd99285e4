# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Places in a source: where the ops of a program, and IREE's diagnostics, come from."""

from __future__ import annotations

import re

from iree.compiler import ir

from .module import walk

_PLACE = re.compile(r'"((?:[^"\\]|\\.)*)"(?::(\d+):(\d+))?')
_DIAGNOSED = re.compile(r"^(.+?):(\d+):(\d+): ")


def source_places(operation: ir.Operation) -> frozenset[str]:
    """All places that an op and the ops nested in it come from: `file:line:column`, or names."""
    texts = {str(inner.location) for inner in walk(operation)}
    return frozenset(place for text in texts for place in _places(text))


def location(operation: ir.Operation) -> str:
    """The first place that an op comes from; empty where none is known."""
    found = _places(str(operation.location))
    return found[0] if found else ""


def diagnosed_places(diagnostic: str) -> frozenset[str]:
    """The place that a diagnostic of IREE's is about, as far as it says one."""
    found = _DIAGNOSED.match(diagnostic)
    return frozenset([":".join(found.groups())]) if found else frozenset()


def _places(text: str) -> list[str]:
    return [":".join(filter(None, found)) for found in _PLACE.findall(text)]

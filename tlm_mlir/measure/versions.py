# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What every figure depends on besides workload, target and schedule: the versions of a record."""

from __future__ import annotations

import json

from tlm_mlir.iree.release import installed_iree
from tlm_mlir.language import vocabulary


def versions() -> dict[str, object]:
    """The versions of what is measured now: IREE's, and the digest of the vocabulary as it is.

    Words are only ever appended, so that an earlier digest is that of a first part of today's
    vocabulary (`vocabulary.prefixes`), and a record stays valid.
    """
    return {"iree": installed_iree(), "vocabulary": vocabulary.digest()}


def words_of(text: str) -> int | None:
    """How many words the vocabulary has that the JSON text of some versions names; None where it is
    not one that today's begins with."""
    return vocabulary.prefixes().get(json.loads(text).get("vocabulary"))


def iree_of(text: str) -> str | None:
    """The IREE that the JSON text of some versions names; None where it names none."""
    found = json.loads(text)
    name = found.get("iree") if isinstance(found, dict) else None
    return name if isinstance(name, str) and name else None

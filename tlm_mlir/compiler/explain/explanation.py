# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A report made readable: as text, or as a page of HTML."""

from __future__ import annotations

from dataclasses import dataclass

from ..report import Report
from .page import page
from .text import WIDTH, text


@dataclass(frozen=True)
class Explanation:
    """What a report says, for people."""

    report: Report

    def text(self, width: int = WIDTH) -> str:
        """A paragraph for each decision, the one with the largest share of the work first."""
        return text(self.report, width)

    def html(self) -> str:
        """A self-contained page with shares, a roofline and the decisions.

        Raises InputError where what draws it (the extra `explain`) is not installed.
        """
        return page(self.report)

    def __str__(self) -> str:
        return self.text()

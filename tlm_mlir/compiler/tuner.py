# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a compile asks to measure its dispatches; `measure/tuning.py` has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..policy.deciding import Outcome, Policy
from .options import Options


class Tuner(Protocol):
    """Decides about dispatches by measuring them."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence about each reason why something was not measured."""

    def tune(
        self, outcomes: Sequence[Outcome], policy: Policy, options: Options
    ) -> Sequence[Outcome]:
        """The outcomes of a program's dispatches as measurements have them; what cannot be measured
        stays as it is."""

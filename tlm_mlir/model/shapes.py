# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fixed shapes of the exported step: (rows, tokens) per call. The cache length is dynamic.

Chosen by measuring a 6 x 256 model on two cores. A wider prefill gains nothing. Decoding costs
0.41 ms a row in a batch of 8 and 0.29 ms in one of 32. Static shapes beat dynamic ones by a
quarter; a dynamic cache length costs nothing.
"""

PREFILL = (1, 64)
"""What all prompts begin with, the description of the target; sees no cache, gives no logits."""

ROW = 256
EXTEND_ROWS = (1, 2)
"""A chunk that continues what is cached, so many rows of ROW tokens: the rest of prompts, and
questions that one token answers. Two rows cost twice what one does, but for how often weights are
read, so what is left over goes alone."""

DECODE_WIDTHS = (8, 16, 32)
"""One token for each of so many rows."""


def extend_name(rows: int) -> str:
    """Name of the exported function that continues `rows` rows."""
    return f"extend_{rows}"


def decode_name(width: int) -> str:
    """Name of the exported function that decodes `width` rows."""
    return f"decode_{width}"

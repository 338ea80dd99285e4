# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The fixed shapes of the exported step: (rows, tokens) per call. The cache length is dynamic.

Chosen by measuring a 6 x 256 model on two cores: a wider prefill gains nothing, decoding costs
0.41 ms a row in a batch of 8 and 0.29 ms in one of 32, static shapes beat dynamic ones by a
quarter, and a dynamic cache length costs nothing.
"""

PREFILL = (1, 64)
"""What all prompts begin with, the description of the target; sees no cache, gives no logits."""

EXTEND = (2, 256)
"""A chunk that continues what is cached: the rest of prompts, and long questions of one answer."""

JUDGE = (8, 48)
"""The same for short questions, one or few after each of several prompts: 30 ms for eight prompts,
where EXTEND takes 34 ms for two. Named after what the model was asked first."""

DECODE_WIDTHS = (8, 16, 32)
"""One token for each of so many rows."""


def decode_name(width: int) -> str:
    """Name of the exported function that decodes `width` rows."""
    return f"decode_{width}"

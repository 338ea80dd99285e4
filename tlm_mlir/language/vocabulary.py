# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The vocabulary: every token of prompts and schedules, fixed and versioned.

Tokens are only ever appended. That changes `digest()`, which checkpoints, records and caches carry;
what carries the digest of an earlier vocabulary stays valid (`prefixes`).
Words that are not tokens (an unusual element type, an op that nobody foresaw) are spelled letter by
letter between `"` tokens, so nothing is ever unknown.
"""

from __future__ import annotations

import hashlib
import string
from functools import cache

from . import integers

VERSION = 1
PAD, BOS, END = "<pad>", "<bos>", "<end>"
UNMEASURED, FAILED = "perf:?", "perf:fail"
PERF = tuple(f"perf:{bin_}" for bin_ in range(10))
"""Relative performance bins, the best first."""

DIMS = tuple(f"d{i}" for i in range(32))
BACKENDS = ("target:llvm-cpu", "target:cuda", "target:vulkan-spirv")
HARDWARE = ("hw:vector", "hw:cores", "hw:l1", "hw:l2", "hw:l3", "hw:stack")
FEATURES = (
    *("feature:fma", "feature:avx512vnni", "feature:avx512bf16", "feature:avx512fp16"),
    *("feature:amx-int8", "feature:amx-bf16"),
)
STRUCTURE = (
    *("dims", "parallel", "reduction", "root", "op", "in", "out", "from", "body", "buffers"),
    *("generic", "attention", "index", "plus", "times", "opaque", "decide", "graph", '"'),
)
DTYPES = (
    *("f64", "f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "i64", "i32", "i16", "i8", "i4", "i1"),
    "index.t",
)
BODY = (
    *("addf", "subf", "mulf", "divf", "negf", "maximumf", "minimumf", "maxnumf", "minnumf", "addi"),
    *("subi", "muli", "divsi", "divui", "remsi", "remui", "maxsi", "minsi", "andi", "ori", "xori"),
    *("cmpf", "cmpi", "select", "exp", "exp2", "log", "log1p", "sqrt", "rsqrt", "erf", "tanh"),
    *("sin", "cos", "powf", "fpowi", "absf", "absi", "ceil", "floor", "extf", "truncf", "extsi"),
    *("extui", "trunci", "sitofp", "uitofp", "fptosi", "fptoui", "index_cast", "extract", "yield"),
    *("constant", "bitcast", "roundeven", "shli", "shrsi", "shrui", "copysign", "fma", "other"),
)
LETTERS = tuple(f"'{letter}" for letter in string.ascii_lowercase + string.digits + "_.-<>x,! ")
SCHEDULE = (
    *("pipeline:default", "pipeline:tile", "pipeline:conv", "pipeline:ext", "pipeline:copy"),
    *("peel:no", "peel:yes", "cache:no", "cache:yes", "order:plain", "order:chosen"),
    *("@vector", "@reduce", "@inner", "@distribute"),
    *("graph:leave", "graph:channels-last", "graph:im2col", "graph:tiled", "graph:im2col-tiled"),
)

GPU = (
    *("hw:units", "hw:subgroup", "hw:threads", "hw:shared"),
    *("feature:fp64", "feature:fp16", "feature:int64"),
    *("pipeline:vector", "pipeline:promote", "@thread", "@group"),
    *("store:0", "store:1", "depth:1", "depth:2", "depth:3"),
)
"""Words for GPUs: hardware and schedules."""
MATRIX = (
    *("feature:mma-f16", "feature:mma-bf16", "pipeline:matrix", "@subgroup"),
    *("banks:plain", "banks:padded"),
)
"""Words for GPUs with matrix units."""

SHARED = ("pipeline:lanes",)
"""Words for GPUs: sums that invocations share."""
PANELS = ("weights", "graph:packed", "@block", "pipeline:panel")
"""Words for products whose weights are packed in panels of columns."""
ATTENTIONS = ("graph:decomposed",)
"""Words for attentions before dispatches are formed."""
ARGUMENTS = ("graph:steps",)
"""Words for argmaxes before dispatches are formed."""


def _tokens() -> tuple[str, ...]:
    groups = (
        *((PAD, BOS, END, UNMEASURED, FAILED), PERF, integers.TOKENS, DIMS, BACKENDS, HARDWARE),
        *(FEATURES, STRUCTURE, DTYPES, BODY, LETTERS, SCHEDULE, GPU, MATRIX, SHARED, PANELS),
        *(ATTENTIONS, ARGUMENTS),
    )
    seen: dict[str, None] = {}
    for group in groups:
        for token in group:
            seen.setdefault(token)
    return tuple(seen)


TOKENS: tuple[str, ...] = _tokens()
SIZE = len(TOKENS)
ID: dict[str, int] = {token: place for place, token in enumerate(TOKENS)}


def digest(tokens: tuple[str, ...] | None = None) -> str:
    """Sixteen hex digits that identify a vocabulary; this one unless `tokens` are given."""
    text = "\n".join((str(VERSION), *(TOKENS if tokens is None else tokens)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _prefixes(tokens: tuple[str, ...]) -> dict[str, int]:
    return {digest(tokens[:count]): count for count in range(1, len(tokens) + 1)}


def prefixes() -> dict[str, int]:
    """How many words a vocabulary has, by its digest, of those that this one begins with.

    Words are only appended: every earlier vocabulary is one of these. A checkpoint or a record
    that carries one of these digests is valid.
    """
    return _prefixes(TOKENS)


def word(text: str, group: tuple[str, ...]) -> list[str]:
    """The token for a word of a group, or its letters between quotes where it has none.

    Letters outside of the alphabet (none occur in MLIR's names) become spaces.
    """
    if text in group:
        return [text]
    letters = (f"'{letter}" for letter in text.lower())
    return ['"', *(letter if letter in ID else "' " for letter in letters), '"']

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prompts: a workload and a target as tokens."""

from __future__ import annotations

from ..ir.workload import Index, Op, Operand, Workload
from ..targets.target import Target
from .integers import encode, encode_extent
from .known import spelled
from .vocabulary import BODY, BOS, DTYPES, ID, word

MAX_TOKENS = 448
"""Longest prompt that the model reads; a longer one leaves its dispatch to IREE."""


DECIDE = "decide"
"""The word that asks about a dispatch; any other is about an op of a program before dispatches."""


def prompt(workload: Workload, target: Target, question: str = DECIDE) -> list[int]:
    """Token ids of the question "how should this target run this workload?".

    The question "decide" is about a dispatch, "graph" about one op of a program before dispatches
    are formed.
    """
    return [ID[token] for token in prompt_tokens(workload, target, question)]


def readable(workload: Workload, target: Target, question: str = DECIDE) -> bool:
    """Whether the model can read the question: of a long prompt it cannot."""
    return len(prompt_tokens(workload, target, question)) <= MAX_TOKENS


def header(target: Target, words: int | None = None) -> list[int]:
    """Token ids that every prompt about a target begins with, for a model of the first `words`."""
    return spelled((BOS, *_target(target)), words)


def prompt_tokens(workload: Workload, target: Target, question: str = DECIDE) -> list[str]:
    """The prompt as token strings, which people can read."""
    tokens = [BOS, *_target(target), "dims"]
    kinds = dict(zip(workload.root_op.loops, workload.root_op.iterators, strict=True))
    for dim, extent in enumerate(workload.extents):
        tokens += [kinds.get(dim, f"d{dim}"), *encode_extent(extent)]
    if workload.buffers:
        tokens.append("buffers")
    for position, op in enumerate(workload.ops):
        tokens += ["root" if position == workload.root else "op", *_op(op, position)]
    return [*tokens, question]


def _target(target: Target) -> list[str]:
    tokens = [f"target:{target.backend}"]
    for name, value in target.sizes():
        tokens += [f"hw:{name}", *encode(_rounded(value))]
    return tokens + [f"feature:{feature}" for feature in target.features]


def _rounded(size: int) -> int:
    """Sizes to their two leading bits: 480 MiB and 512 MiB of cache schedule alike."""
    shift = max(0, size.bit_length() - 2)
    return size >> shift << shift


def _op(op: Op, position: int) -> list[str]:
    tokens = word(op.kind, ("generic", "attention"))
    for dim, kind in zip(op.loops, op.iterators, strict=True):
        tokens += [f"d{dim}"] if kind == "parallel" else ["reduction", f"d{dim}"]
    for operand in op.inputs:
        tokens += ["in", *_operand(operand, position)]
    for operand in op.outputs:
        tokens += ["out", *_operand(operand, position)]
    tokens.append("body")
    for line in op.body:
        name = line.split("(")[0].split("[")[0]
        if name != "yield":
            tokens += word(name, (*BODY, "index"))
    return tokens


def _operand(operand: Operand, position: int) -> list[str]:
    tokens = word("index.t" if operand.dtype == "index" else operand.dtype, DTYPES)
    if operand.source >= 0:
        tokens += ["from", *encode(position - operand.source)]
    for index in operand.indices:
        tokens += _index(index)
    return tokens


def _index(index: Index) -> list[str]:
    if index.dim is not None:
        return [f"d{index.dim}"]
    tokens = ["opaque" if index.opaque else "index"]
    for dim, factor in index.terms:
        tokens += [f"d{dim}"] if factor == 1 else [f"d{dim}", "times", *encode(factor)]
    return tokens + (["plus", *encode(index.offset)] if index.offset else [])

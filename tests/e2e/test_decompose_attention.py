# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attentions that are decomposed before dispatches are formed: values against numpy, what stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import loaded

from tlm_mlir.decisions.attention import DECOMPOSED, QUESTION
from tlm_mlir.decisions.decompose_attention import decompose_attentions
from tlm_mlir.ir.graph import find_attentions
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.module import walk
from tlm_mlir.iree.ops import ATTENTION
from tlm_mlir.iree.phases import PREPROCESSING
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import LEAVE

EXTENTS = {"b": 3, "m": 7, "n": 8, "k": 16, "l": 13}
"""Heads, queries, columns of the values, the head dim, keys."""
CASES: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    "plain": ({}, {}),
    "one query": ({}, {"m": 1}),
    "one of each": ({}, dict.fromkeys(EXTENTS, 1)),
    "a head of 160": ({}, {"k": 160}),
    "a mask": ({"mask": "bml"}, {}),
    "one mask for all heads": ({"mask": "ml"}, {}),
    "heads that share keys": ({"key": "lk", "value": "ln"}, {}),
    "heads behind rows": ({"query": "mbk", "key": "lbk", "value": "lbn"}, {}),
    "values by columns": ({"value": "bnl"}, {}),
}
"""Dims of the operands that are not as usual, and extents."""
CAPPED = "%t = math.tanh %s : f32\n iree_linalg_ext.yield %t : f32"


def operands(some: dict[str, str]) -> dict[str, str]:
    return {"query": "bmk", "key": "blk", "value": "bln", **some}


def program(some: dict[str, str], extents: dict[str, int], body: str, kind: str = "f32") -> str:
    """A program of one attention."""

    def affine(dims: str) -> str:
        return f"affine_map<(b, m, n, k, l) -> ({', '.join(dims)})>"

    def tensor(dims: str) -> str:
        return f"tensor<{'x'.join(str(extents[dim]) for dim in dims)}x{kind}>"

    named = operands(some)
    order = [*list(named)[:3], "scale", *list(named)[3:]]
    maps = [affine(named.get(name, "")) for name in order]
    kinds = [tensor(named[name]) if name in named else kind for name in order]
    arguments = ", ".join(f"%{name}: {tensor(dims)}" for name, dims in named.items())
    out = tensor("bmn")
    return f"""
func.func @main({arguments}) -> {out} {{
  %scale = arith.constant 0.25 : {kind}
  %e = tensor.empty() : {out}
  %0 = iree_linalg_ext.attention <{{indexing_maps = [{", ".join(maps)}, {affine("bmn")}]}}>
    ins({", ".join(f"%{name}" for name in order)} : {", ".join(kinds)}) outs(%e : {out}) {{
  ^bb0(%s: f32):
    {body}
  }} -> {out}
  return %0 : {out}
}}
"""


def stopped(text: str) -> tuple[Session, object]:
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"])
    return session, session.run(session.parse_text(text), None, PREPROCESSING)


@pytest.mark.parametrize("capped", [False, True], ids=["scores", "capped"])
@pytest.mark.parametrize("name", CASES)
def test_values_are_right(name: str, capped: bool, tmp_path: Path) -> None:
    some, other = CASES[name]
    extents = {**EXTENTS, **other}
    text = program(some, extents, CAPPED if capped else "iree_linalg_ext.yield %s : f32")
    session, module = stopped(text)
    decompose_attentions(module, [op.operation for op in find_attentions(module)])
    assert module.verify() and not [op for op in walk(module) if op.name == ATTENTION]
    session.finish(module, PREPROCESSING, tmp_path / "out.vmfb")
    named = operands(some)
    random = np.random.default_rng(0)
    given = {
        name: random.standard_normal([extents[dim] for dim in dims], np.float32)
        for name, dims in named.items()
    }
    found = np.asarray(loaded(tmp_path / "out.vmfb")["main"](*given.values()).to_host())
    scores = 0.25 * np.einsum(f"{named['query']},{named['key']}->bml", given["query"], given["key"])
    # IREE's region sees scores for base 2 (`exp2`), decomposed or not.
    scores = np.tanh(scores / np.log(2)) * np.log(2) if capped else scores
    scores = scores + given.get("mask", np.float32(0))
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    wanted = np.einsum(f"bml,{named['value']}->bmn", weights, given["value"])
    np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-5)


def test_what_is_not_chosen_stays() -> None:
    text = program({}, EXTENTS, "iree_linalg_ext.yield %s : f32")
    _, module = stopped(text)
    before = str(module)
    decompose_attentions(module, [])
    assert str(module) == before


def test_only_static_floats_are_asked_about() -> None:
    for kind, options in (("f32", (LEAVE, DECOMPOSED)), ("f16", (LEAVE,))):
        body = "iree_linalg_ext.yield %s : f32"
        _, module = stopped(program({}, EXTENTS, body, kind))
        (op,) = find_attentions(module)
        assert QUESTION.options(op.workload) == options

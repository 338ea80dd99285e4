# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The estimate of an attention: decomposed where that was measured to be faster."""

from dataclasses import replace

import pytest
from samples import op, operand
from test_graph_estimate import ZEN3, ZEN4

from tlm_mlir.ir.workload import Workload
from tlm_mlir.targets.cpu.attention_clocks import decomposed_clocks, one_dispatch_clocks


def attention(heads: int, rows: int, keys: int, head: int) -> Workload:
    """An attention of a program; its last factor is the scale."""
    inputs = [operand(0, 1, 3), operand(0, 4, 3), operand(0, 4, 2), operand()]
    root = replace(op("0p 1p 2p 3r 4r", inputs, [operand(0, 1, 2)], ()), kind="attention")
    return Workload((heads, rows, head, head, keys), (root,), 0)


def gain(sizes: tuple[int, int, int, int], target) -> float:
    workload = attention(*sizes)
    return one_dispatch_clocks(workload, target) / decomposed_clocks(workload, target)


@pytest.mark.parametrize(
    ("sizes", "least", "most"),
    [
        ((12, 128, 128, 64), 1.5, 2.2),  # 1.38 ms over 0.75
        ((12, 197, 197, 64), 1.1, 2.4),  # 5.38 over 3.74
        ((32, 128, 128, 128), 2.0, 4.0),  # 17.2 over 5.2
        ((12, 1024, 1024, 64), 0.6, 0.95),  # 85 over 104: the scores lie in memory
        ((2, 4096, 4096, 40), 0.6, 1.0),  # 230 over 263
    ],
)
def test_what_was_measured_on_one_core(sizes, least, most):
    assert least < gain(sizes, replace(ZEN4, cores=1)) < most


def test_narrow_vectors_gain_more():
    """One core running code for AVX2: 5.68 ms over 0.88."""
    assert gain((12, 128, 128, 64), replace(ZEN3, cores=1)) > 3


def test_long_heads_gain_more():
    assert gain((12, 128, 128, 160), ZEN4) > gain((12, 128, 128, 64), ZEN4)

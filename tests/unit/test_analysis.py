# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is told of workloads without a target."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import (
    ARGMAX,
    MULTIPLY_ADD,
    WORKLOADS,
    argmax,
    attention,
    convolution,
    elementwise,
    gather,
    matmul,
    norm,
    op,
    operand,
    softmax,
    strided,
)

from tlm_mlir.ir import analysis
from tlm_mlir.ir.analysis import (
    Contraction,
    contraction,
    once,
    recurrent,
    sums,
    sums_products,
    window,
)
from tlm_mlir.ir.workload import Workload


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (MULTIPLY_ADD, True),
        (("muli(a0,a1)", "addi(a2,v0)", "yield(v1)"), True),
        (("extf[f32](a0)", "extf[f32](a1)", "mulf(v0,v1)", "addf(a2,v2)", "yield(v3)"), True),
        # The product is cast, which no kernel of IREE's does.
        (("mulf(a0,a1)", "extf[f32](v0)", "addf(a2,v1)", "yield(v2)"), False),
        # A sum of squares of differences.
        (("subf(a0,a1)", "mulf(v0,v0)", "addf(a2,v1)", "yield(v2)"), False),
        (("mulf(a0,a1)", "addf(a2,v0)", "mulf(v1,v1)", "yield(v2)"), False),
        (("mulf(a0,a1)", "addf(v0,v0)", "yield(v1)"), False),
        (("mulf(a0,a0)", "addf(a2,v0)", "yield(v1)"), False),
        (("mulf(a0,a1)", "maximumf(a2,v0)", "yield(v1)"), False),
        (("addf(a0,a1)", "yield(v0)"), False),
        (("yield(a0)",), False),
        ((), False),
    ],
)
def test_the_body_of_a_matmul(body: tuple[str, ...], expected: bool) -> None:
    inputs = [operand(0, 2), operand(2, 1)]
    assert sums_products(op("0p 1p 2r", inputs, [operand(0, 1)], body)) == expected


def test_what_has_two_results_is_no_contraction() -> None:
    """Found in ShuffleNet: an average pooling, which sums and counts, was a traceback."""
    root = op("0p 1r", [operand(1), operand(0, 1)], [operand(0), operand()])
    assert contraction(Workload((480, 49), (root,), 0)) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ARGMAX, True),
        # Two combiners side by side, and a combiner beside what is not summed.
        (("mulf(a0,a0)", "addf(a1,v0)", "maximumf(a0,a2)", "yield(v1,v2)"), False),
        (("addf(a0,a1)", "yield(v0,c:i64)"), False),
        # What is added depends on another result, on the result itself, or is taken away.
        (("addf(a0,a1)", "addf(a2,v0)", "yield(v0,v1)"), True),
        (("mulf(a0,a1)", "addf(a1,v0)", "addf(a0,a2)", "yield(v1,v2)"), True),
        (("subf(a1,a0)", "addf(a0,a2)", "yield(v0,v1)"), True),
        (("addf(a1,a1)", "addf(a0,a2)", "yield(v0,v1)"), True),
        # A maximum that is spelled out.
        (("cmpf[2](a0,a1)", "select(v0,a0,a1)", "addf(a0,a2)", "yield(v1,v2)"), True),
    ],
)
def test_reductions_whose_steps_depend_on_each_other(body: tuple[str, ...], expected: bool) -> None:
    workload = argmax()
    (root,) = workload.ops
    assert recurrent(replace(workload, ops=(replace(root, body=body),))) == expected
    # Where nothing is reduced, nothing depends on another step.
    whole = [operand(0, 1)]
    free = op("0p 1p", whole, whole * 2, body)
    assert not recurrent(Workload((12, 30), (free,), 0))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (("addf(a0,a1)", "yield(v0)"), True),
        (("mulf(a0,a0)", "addi(a1,v0)", "yield(v1)"), True),
        (("maximumf(a0,a1)", "yield(v0)"), False),
        (("mulf(a0,a1)", "yield(v0)"), False),
        (("addf(a0,a1)", "subf(v0,a0)", "yield(v1)"), False),
    ],
)
def test_what_is_a_sum(body: tuple[str, ...], expected: bool) -> None:
    row = op("0p 1r", [operand(0, 1)], [operand(0)], body)
    assert sums(Workload((12, 30), (row,), 0)) == expected
    free = op("0p 1p", [operand(0, 1)], [operand(0, 1)], body)
    assert sums(Workload((12, 30), (free,), 0))


@pytest.mark.parametrize("name", sorted(set(WORKLOADS) - {"argmax"}))
def test_sums_are_not_called_dependent(name: str) -> None:
    assert not recurrent(WORKLOADS[name])


def test_the_dims_of_a_contraction() -> None:
    assert contraction(matmul()) == Contraction((), (0,), (1,), (2,))
    batched = op("3p 0p 1p 2r", [operand(3, 0, 2), operand(3, 2, 1)], [operand(3, 0, 1)])
    workload = Workload((96, 64, 200, 8), (replace(batched, body=MULTIPLY_ADD),), 0)
    assert contraction(workload) == Contraction((3,), (0,), (1,), (2,))
    for other in (convolution(), attention(), elementwise((8, 8)), strided()):
        assert contraction(other) is None


def test_the_first_factor_is_that_of_the_ir() -> None:
    """Canonical inputs do not tell, but for a flag of the op."""
    product = matmul().root_op
    swapped = replace(product, inputs=product.inputs[::-1])
    for inputs in (product, swapped):
        for columns_first in (False, True):
            root = replace(inputs, columns_first=columns_first)
            found = contraction(replace(matmul(), ops=(root, *matmul().ops[1:])))
            assert found is not None and (found.m, found.n) == (
                ((1,), (0,)) if columns_first else ((0,), (1,))
            )


def test_windows() -> None:
    assert window(convolution()) == [(1, 4), (2, 5)]
    assert window(matmul()) == []


def test_loops_that_the_root_op_has_not() -> None:
    assert analysis.inner_dims(softmax()) == [1] and analysis.spread(softmax()) == 1000
    assert analysis.inner_dims(matmul()) == [] and analysis.spread(matmul()) == 1


def test_heads_of_attentions() -> None:
    assert analysis.head_dims(attention()) == [3] and analysis.head_dims(matmul()) == []


def test_what_is_read_one_by_one() -> None:
    assert any(map(analysis.gathers, gather().ops))
    assert not any(map(analysis.gathers, norm().ops))
    found = {name for name, some in WORKLOADS.items() if analysis.strided_contraction(some)}
    assert found == {"strided"}


def test_an_analysis_is_made_once_for_a_workload() -> None:
    calls = []

    @once
    def counted(workload: Workload) -> int:
        calls.append(workload)
        return len(calls)

    first, second = matmul(), matmul()
    assert [counted(first), counted(first), counted(second)] == [1, 1, 2]
    # Others of the same name, and copies, are others.
    assert counted(replace(first)) == 3
    assert first == second and hash(first) == hash(second)
    assert first.to_json() == second.to_json()

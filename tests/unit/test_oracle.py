# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle's inputs and comparisons, with computations in numpy in place of compiled code."""

import numpy as np
import pytest

from tlm_mlir.errors import MeasureError
from tlm_mlir.measure.interface import Binding
from tlm_mlir.measure.oracle import Oracle, Rule, dtype


class Program:
    """Stands in for an executable: `run` calls a function of the oracle."""

    def __init__(self, oracle, function):
        self.oracle, self.function = oracle, function

    def run(self, _pool, export, *, threads):
        (export or self.function)(self.oracle)


class Pool:
    threads = 2


def bindings(element="f32", access="writeonly"):
    size = dtype(element).itemsize
    return (
        Binding(0, "readonly", element, (8, 16), 128 * size),
        Binding(1, "readonly", element, (16, 4), 64 * size),
        Binding(2, access, element, (8, 4), 32 * size),
    )


def product(oracle):
    a, b, c = (oracle.values(i) for i in range(3))
    c[:] = (a.astype(np.float64) @ b.astype(np.float64)).astype(c.dtype)


def accumulate(oracle):
    a, b, c = (oracle.values(i) for i in range(3))
    c += a @ b


def verdict(oracle, good, tried):
    program = Program(oracle, good)
    reference = oracle.reference(program, Pool, None)
    return oracle.fault(program, Pool, tried, reference)


def shortened(oracle):
    a, b, c = (oracle.values(i) for i in range(3))
    c[:] = a[:, :15] @ b[:15]


def tail_skipped(oracle):
    a, b, c = (oracle.values(i) for i in range(3))
    c[:7] = a[:7] @ b


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("wrong", [shortened, tail_skipped])
def test_wrong_programs_are_found(exact, wrong):
    oracle = Oracle(bindings(), Rule(exact=exact, reduction=16))
    assert "values are wrong" in verdict(oracle, product, wrong)


def test_a_program_that_writes_nothing_is_found():
    oracle = Oracle(bindings(), Rule(exact=True))
    assert "nan" in verdict(oracle, product, lambda _oracle: None)


def test_writing_past_the_end_is_found():
    def overrun(oracle):
        product(oracle)
        oracle.buffers[2]._guard[0] = 0

    assert "past its end" in verdict(Oracle(bindings(), Rule()), product, overrun)


def test_rounding_is_tolerated_only_where_it_may_occur():
    def rounded(oracle):
        product(oracle)
        oracle.values(2)[:] *= np.float32(1 + 1e-6)

    assert verdict(Oracle(bindings(), Rule(reduction=16)), product, rounded) is None
    assert verdict(Oracle(bindings(), Rule(exact=True)), product, rounded)


def test_readwrite_operands_are_fresh_in_every_run():
    oracle = Oracle(bindings(access="readwrite"), Rule(exact=True))
    assert verdict(oracle, accumulate, accumulate) is None


def test_refilling_changes_the_inputs():
    oracle = Oracle(bindings(), Rule(exact=True))
    before = oracle.values(0).copy()
    oracle.refill()
    assert not np.array_equal(before, oracle.values(0))
    assert np.array_equal(oracle.values(0), np.rint(oracle.values(0)))


@pytest.mark.parametrize("element", ["f16", "bf16", "f32", "f64", "i8", "i16", "i32", "i64", "i1"])
def test_every_element_type_has_inputs(element):
    if element == "bf16":
        pytest.importorskip("ml_dtypes")
    oracle = Oracle(bindings(element), Rule(exact=True))
    assert verdict(oracle, lambda o: o.poison(), lambda o: o.poison()) is None
    assert len(np.unique(oracle.values(0).astype(np.float64))) > 1


def test_indices_stay_in_range():
    oracle = Oracle(bindings("i64"), Rule(indexed=True))
    assert oracle.values(0).min() >= 0
    assert oracle.values(0).max() < 4
    oracle = Oracle(bindings("i64"), Rule(ranges={0: (5, 7)}))
    assert set(np.unique(oracle.values(0))) == {5, 6}


def test_unknown_element_types_are_refused():
    with pytest.raises(MeasureError, match="element type i4"):
        dtype("i4")

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is read as an argmax or an argmin."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import ARGMAX, WORKLOADS, argmax

from tlm_mlir.ir.extreme import Extreme, extreme
from tlm_mlir.ir.workload import Workload


def with_body(*lines: str) -> Workload:
    (op,) = argmax().ops
    return replace(argmax(), ops=(replace(op, body=lines),))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", Extreme(1, True)),
        ("cmpf[2](a0,a1)", "cmpf[4](a1,a0)", Extreme(1, True)),
        ("index_cast[i64](v0)", "constant()", None),
        # The least by what compares, the largest by what is kept; ties go to the last; not strict.
        ("cmpf[2]", "cmpf[4]", None),
        ("cmpf[2]", "cmpf[3]", None),
        ("cmpf[2](a0,a1)", "cmpf[2](a1,a0)", None),
        ("maximumf", "minimumf", None),
        ("maximumf", "maxnumf", None),
        ("index[1]", "index[0]", None),
        ("select(v3,v1,a2)", "select(v3,a2,v1)", None),
        ("select(v3,v1,a2)", "addi(v1,a2)", None),
        ("yield(v2,v4)", "yield(v2,v1)", None),
        ("yield(v2,v4)", "yield(v2,v2)", None),
        ("yield(v2,v4)", "yield(v4,v2)", None),
    ],
)
def test_bodies(old: str, new: str, found: Extreme | None) -> None:
    lines = [line.replace(old, new) if old else line for line in ARGMAX]
    assert extreme(with_body(*lines)) == found


def test_an_argmin_of_integers() -> None:
    lines = ("index[1]()", "minsi(a0,a1)", "cmpi[2](a0,a1)", "select(v2,v0,a2)", "yield(v1,v3)")
    assert extreme(with_body(*lines)) == Extreme(1, False)


def test_no_other_workload_is_one() -> None:
    assert [name for name in WORKLOADS if extreme(WORKLOADS[name])] == ["argmax"]
    (op,) = argmax().ops
    assert extreme(replace(argmax(), ops=(op, op))) is None
    assert extreme(with_body()) is None
    flat = replace(op, inputs=(replace(op.inputs[0], indices=op.inputs[0].indices[:1]),))
    assert extreme(replace(argmax(), ops=(flat,))) is None

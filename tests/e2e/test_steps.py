# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Argmaxes that are computed in steps: the values of the one op, step by step in numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import loaded

from tlm_mlir.decisions.steps import QUESTION, STEPS, Steps
from tlm_mlir.iree.flags import CPU_FLAGS
from tlm_mlir.iree.phases import GLOBAL_OPTIMIZATION
from tlm_mlir.iree.session import Session
from tlm_mlir.language.schedule import LEAVE

TYPES: dict[str, Any] = {"f32": np.float32, "i8": np.int8, "i32": np.int32}
SHAPES: dict[str, tuple[tuple[int, ...], int]] = {
    "rows": ((12, 203), 1),
    "columns": ((203, 37), 0),
    "between": ((5, 70, 9), 1),
    "one row": ((333,), 0),
    "two steps": ((40, 2), 1),
}


def program(
    shape: tuple[int, ...], axis: int, kind: str, largest: bool, number: str = "i64"
) -> str:
    """A program of one argmax, which reads what its results begin with."""
    dims = [f"d{dim}" for dim in range(len(shape))]
    kept = [dim for place, dim in enumerate(dims) if place != axis]
    sizes = [str(size) for place, size in enumerate(shape) if place != axis]
    whole = f"tensor<{'x'.join(map(str, shape))}x{kind}>"
    value, place = (f"tensor<{'x'.join([*sizes, each])}>" for each in (kind, number))
    kinds = ", ".join('"reduction"' if each == axis else '"parallel"' for each in range(len(shape)))
    suffix = ("maximum" if largest else "minimum") + "f" if kind == "f32" else ""
    combined = suffix or ("maxsi" if largest else "minsi")
    compared = ("cmpf o" if kind == "f32" else "cmpi s") + ("gt" if largest else "lt")
    given = f"affine_map<({', '.join(dims)}) -> ({', '.join(dims)})>"
    out = f"affine_map<({', '.join(dims)}) -> ({', '.join(kept)})>"
    return f"""
func.func @main(%x: {whole}, %v: {value}, %p: {place}) -> ({value}, {place}) {{
  %r:2 = linalg.generic {{indexing_maps = [{given}, {out}, {out}], iterator_types = [{kinds}]}}
      ins(%x : {whole}) outs(%v, %p : {value}, {place}) {{
  ^bb0(%a: {kind}, %m: {kind}, %i: {number}):
    %k = linalg.index {axis} : index
    %n = arith.index_cast %k : index to {number}
    %b = arith.{combined} %a, %m : {kind}
    %c = arith.{compared}, %a, %m : {kind}
    %s = arith.select %c, %n, %i : {number}
    linalg.yield %b, %s : {kind}, {number}
  }} -> ({value}, {place})
  return %r#0, %r#1 : {value}, {place}
}}
"""


def stopped(text: str) -> tuple[Session, Any]:
    session = Session([*CPU_FLAGS, "--iree-llvmcpu-target-cpu=x86-64-v3"])
    return session, session.run(session.parse_text(text), None, GLOBAL_OPTIMIZATION)


def expected(x: Any, axis: int, largest: bool, value: Any, place: Any) -> tuple[Any, Any]:
    """The results, one step after the other."""
    combine = np.maximum if largest else np.minimum
    for step in range(x.shape[axis]):
        here = x.take(step, axis)
        better = here > value if largest else here < value
        place = np.where(better, step, place)
        value = combine(here, value)
    return value, place


def elements(shape: tuple[int, ...], kind: str) -> Any:
    """Elements many of which are equal; of floats some are NaN, infinite, or a zero of a sign."""
    random = np.random.default_rng(7)
    found = random.integers(-3, 4, shape).astype(TYPES[kind])
    if kind == "f32":
        for special in (np.nan, np.inf, -np.inf, -0.0):
            found[random.random(shape) < 0.004] = special
    return found


@pytest.mark.parametrize("largest", [True, False], ids=["argmax", "argmin"])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", SHAPES)
def test_values_are_those_of_one_op(name: str, kind: str, largest: bool, tmp_path: Path) -> None:
    shape, axis = SHAPES[name]
    session, module = stopped(program(shape, axis, kind, largest))
    (site,) = Steps().find(module, 2)
    assert site.task is not None
    Steps().apply(module, [site], QUESTION.sketches(site.task))
    assert module.verify() and not Steps().find(module, 2)
    session.finish(module, GLOBAL_OPTIMIZATION, tmp_path / "out.vmfb")
    x = elements(shape, kind)
    kept = x.take(0, axis).shape
    lowest = {"f32": np.inf, "i8": 127, "i32": 2**31 - 1}[kind]
    starts = [-lowest if largest else lowest, 1]
    main = loaded(tmp_path / "out.vmfb")["main"]
    for start in starts:
        value, place = np.full(kept, start, TYPES[kind]), np.full(kept, 5, np.int64)
        found = [each.to_host() for each in main(x, value, place)]
        with np.errstate(invalid="ignore"):
            wanted = expected(x, axis, largest, value, place)
        np.testing.assert_array_equal(found[1], wanted[1])
        np.testing.assert_array_equal(found[0], wanted[0])


def test_a_row_of_nothing_but_nan_and_of_infinities(tmp_path: Path) -> None:
    session, module = stopped(program((4, 50), 1, "f32", True, "i32"))
    sites = Steps().find(module, 1)
    assert sites[0].task is not None
    Steps().apply(module, sites, QUESTION.sketches(sites[0].task))
    session.finish(module, GLOBAL_OPTIMIZATION, tmp_path / "out.vmfb")
    x = np.full((4, 50), np.nan, np.float32)
    x[1], x[2], x[3, 9] = -np.inf, np.inf, 1
    value, place = np.full(4, -np.inf, np.float32), np.zeros(4, np.int32)
    found = [each.to_host() for each in loaded(tmp_path / "out.vmfb")["main"](x, value, place)]
    with np.errstate(invalid="ignore"):
        wanted = expected(x, 1, True, value, place)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


def test_what_is_left_stays_as_it_is() -> None:
    _, module = stopped(program((12, 203), 1, "f32", True))
    before = str(module)
    sites = Steps().find(module, 2)
    Steps().apply(module, sites, [None])
    assert str(module) == before


def test_what_is_asked_about() -> None:
    for text, options in (
        (program((12, 203), 1, "f32", True), [(LEAVE, STEPS)]),
        (program((12, 203), 1, "f32", True).replace("f32", "f16"), [(LEAVE,)]),
        # Of equal elements the last counts; another dim's place; a dynamic shape.
        (program((12, 203), 1, "f32", True).replace("ogt", "oge"), []),
        (program((12, 203), 1, "f32", True).replace("linalg.index 1", "linalg.index 0"), []),
        (program((12, 203), 1, "f32", True).replace("tensor<12x", "tensor<?x")
         .replace("tensor<12x", "tensor<?x"), []),
    ):  # fmt: skip
        _, module = stopped(text)
        sites = Steps().find(module, 1)
        assert [QUESTION.options(site.workload) for site in sites] == options


@pytest.mark.parametrize(
    ("shape", "axis", "chosen"),
    [((12, 32003), 1, True), ((384, 500), 1, True), ((500, 384), 0, True), ((4, 10), 1, False)],
)
def test_steps_are_chosen_where_they_are_worth_it(
    shape: tuple[int, ...], axis: int, chosen: bool
) -> None:
    _, module = stopped(program(shape, axis, "f32", True))
    (site,) = Steps().find(module, 1)
    assert site.task is not None and site.task.default is not None
    (steps,) = QUESTION.sketches(site.task)
    assert (site.task.estimate(steps) < 0.95 * site.task.estimate(site.task.default)) == chosen

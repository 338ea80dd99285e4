# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The line that a compile ends with, and what is known of the hardware in it."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from tlm_mlir.cli.version import versions
from tlm_mlir.compiler.explain.details import Details
from tlm_mlir.compiler.report import Report, Row
from tlm_mlir.compiler.summary import EARLY, details, plural, summary, written
from tlm_mlir.decisions.graph import NAME
from tlm_mlir.iree.devices import gpu_flags
from tlm_mlir.iree.executable_target import attribute_of
from tlm_mlir.iree.flags import TRIPLE, VMVX_FLAGS, cpu
from tlm_mlir.iree.hardware import hardware_name
from tlm_mlir.language.schedule import LEAVE
from tlm_mlir.language.vocabulary import TOKENS
from tlm_mlir.model.checkpoint import load


def row(point: str, outcome: str, schedule: str = "", predicted: float | None = None) -> Row:
    by = "a static estimate" if predicted is not None else ""
    return Row(point, f"{point}_0", outcome, "", "", schedule, predicted, by, "m.mlir:3:5")


def report(*rows: Row) -> Report:
    """A compile for two cores of this machine that took 13.84 s, 12.9 s of them IREE's."""
    seconds = {"iree: to dispatches": 10.0, "iree: dispatches to program": 2.9, "graph": 0.94}
    return Report(
        *("m.mlir", "llvm-cpu", "0123", rows, seconds, ()),
        hardware=("znver4",),
        host=True,
        cores=2,
        total_seconds=13.84,
    )


MIXED = report(
    *[row("layout", "scheduled", "graph:channels-last <end>", -0.7)] * 53,
    *[row("layout", "default", "graph:leave <end>", -0.01)] * 2,
    *[row("weights", "scheduled", "graph:packed @block m5 z5 <end>")] * 40,
    *[row("packing", "scheduled", "graph:tiled <end>")],
    *[row("dispatch", "scheduled", "pipeline:tile <end>", -math.log(2))] * 23,
    *[row("dispatch", "default")] * 7,
    *[row("dispatch", "left")] * 12,
)


def test_all_that_happened_is_in_the_line() -> None:
    assert summary(MIXED, "resnet.vmfb") == (
        "resnet.vmfb: 53 convolutions channels last, 40 products with packed weights, 1 matmul"
        " tiled; 23 dispatches scheduled, 7 at IREE's default, 12 left; built for znver4 (this"
        " machine), 2 cores; 13.8 s, 0.9 s of it ours"
    )


def test_what_did_not_happen_is_not() -> None:
    one = report(row("dispatch", "default"))
    assert summary(one, "a").startswith("a: 1 dispatch at IREE's default; built for znver4")
    elsewhere = replace(report(), hardware=("sm_90", "a generic aarch64"), host=False, cores=0)
    assert "built for sm_90 and a generic aarch64; 13.8 s" in summary(elsewhere, "a")
    nowhere = replace(report(), hardware=())
    assert summary(nowhere, "a") == "a: no dispatches; 13.8 s, 0.9 s of it ours"
    unasked = replace(report(), model="")
    assert summary(unasked, "a").startswith("a: compiled as IREE does; built for")
    others = report(row("dispatch", "at load"), row("dispatch", "fallback"))
    assert "1 dispatch run at load, 1 fell back;" in summary(others, "a")


def test_every_choice_of_the_language_has_words() -> None:
    choices = {word for word in TOKENS if word.startswith(f"{NAME}:")}
    # Some records hold the last one, and no decision point offers it any more.
    assert set(EARLY) == choices - {LEAVE, "graph:im2col-tiled"}


def test_details_are_what_differs_from_iree() -> None:
    found = details(MIXED)
    assert len(found) == 53 + 40 + 1 + 23
    assert found[-1] == (
        "dispatch dispatch_0 at m.mlir:3:5: pipeline:tile <end>"
        " (predicted 2.00x as fast as IREE's by a static estimate)"
    )
    assert found[53] == "weights weights_0 at m.mlir:3:5: graph:packed @block m5 z5 <end>"


def of(author: str, share: float | None, point: str = "dispatch") -> Row:
    return replace(row(point, "scheduled"), author=author, details=Details(share=share))


def test_who_wrote_how_much_is_told() -> None:
    """Of the dispatches whose share is known: what runs once, or is dynamic, counts for nothing."""
    some = report(
        *(of("model", 0.25), of("model", 0.25), of("others", 0.1), of("iree", 0.2)),
        *(of("left", 0.2), of("at load", 0.0), of("left", None), of("model", 0.9, "layout")),
    )
    assert some.written == pytest.approx({"model": 0.5, "others": 0.1, "iree": 0.2, "left": 0.2})
    assert json.loads(some.to_json())["written"] == pytest.approx(some.written)
    told = (
        "of the least time, 50% is in dispatches whose schedule the model wrote; 10% a sketch or a"
        " script; 20% IREE's default; 20% left to IREE"
    )
    assert written(some.written) == told
    assert details(some)[-1] == told


def test_shares_add_up_where_some_are_not_known() -> None:
    some = report(of("model", 0.3), of("left", 0.1), of("iree", None))
    assert sum(some.written.values()) == pytest.approx(1.0)
    assert some.written["model"] == pytest.approx(0.75)


def test_nothing_is_told_of_who_wrote_what_is_not_known() -> None:
    assert MIXED.written == {}
    assert written(MIXED.written) == ""


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [(0, "core", "0 cores"), (1, "dispatch", "1 dispatch"), (2, "dispatch", "2 dispatches")],
)
def test_plurals(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (cpu("znver3"), "znver3"),
        (cpu("generic"), "a generic x86_64"),
        ((*cpu("generic"), f"{TRIPLE}=aarch64-linux-gnu"), "a generic aarch64"),
        (gpu_flags("cuda", "sm_90"), "sm_90"),
        (VMVX_FLAGS, "vmvx"),
    ],
)
def test_hardware_is_called_as_iree_calls_it(flags: tuple[str, ...], name: str) -> None:
    assert hardware_name(attribute_of(flags)) == name


def test_versions_name_all_that_a_fault_may_depend_on() -> None:
    assert load().identity in versions()
    assert versions().startswith("tlm-mlir 0.1.0, model ")
    assert ", IREE 3.13.0, Python 3." in versions()

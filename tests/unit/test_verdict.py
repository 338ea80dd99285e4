# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whose values are right where programs disagree, and how a benchmark's compiles are described."""

from __future__ import annotations

import argparse
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.bench.checking import check
from tlm_mlir.bench.compiling import option_arguments, why
from tlm_mlir.bench.runner import ending
from tlm_mlir.bench.values import value_of
from tlm_mlir.bench.verdict import RIGHT, UNDECIDED, WRONG, judge, limit
from tlm_mlir.cli.arguments import options_of
from tlm_mlir.cli.parser import make_parser
from tlm_mlir.compiler.options import Options

STOCK, OURS = "stock default", "tlm-mlir"
BOUND = 1e-3


def calls(*numbers: float) -> list:
    """Results of calls that return one number each."""
    return [[value_of(np.array([number], np.float32))] for number in numbers]


def statuses(programs: dict, references: dict) -> dict[str, str]:
    return {name: each.status for name, each in judge(programs, references, BOUND).items()}


def test_programs_that_agree_are_right() -> None:
    found = judge({STOCK: calls(1, 2), OURS: calls(1, 2.0001)}, {}, BOUND)
    assert {each.status for each in found.values()} == {RIGHT}
    assert found[OURS].against == STOCK
    assert found[OURS].error == pytest.approx(5e-5, rel=1e-2)


def test_nobody_is_convicted_without_a_reference() -> None:
    """Found with `c05` at O3: tlm-mlir was blamed for stock's wrong values."""
    found = statuses({STOCK: calls(1), OURS: calls(2)}, {})
    assert found == {STOCK: UNDECIDED, OURS: UNDECIDED}


@pytest.mark.parametrize("truth", [1, 2])
def test_the_reference_convicts_whom_it_contradicts(truth: float) -> None:
    found = statuses({STOCK: calls(1), OURS: calls(2)}, {"vmvx": calls(truth)})
    assert found == {STOCK: RIGHT if truth == 1 else WRONG, OURS: WRONG if truth == 1 else RIGHT}


def test_all_may_be_wrong_together() -> None:
    """`c05` at O3 again: IREE's own values are wrong, and ours are the same."""
    references = {"vmvx": calls(2), "llvm-cpu-O0": calls(2)}
    found = statuses({STOCK: calls(1), OURS: calls(1)}, references)
    assert found == {STOCK: WRONG, OURS: WRONG}


def test_a_reference_that_nothing_agrees_with_decides_nothing() -> None:
    programs = {STOCK: calls(1), OURS: calls(2)}
    assert set(statuses(programs, {"vmvx": calls(3)}).values()) == {UNDECIDED}
    found = statuses(programs, {"vmvx": calls(3), "llvm-cpu-O0": calls(2)})
    assert found == {STOCK: WRONG, OURS: RIGHT}


def test_the_interpreter_is_believed_before_what_shares_code_generation_with_stock() -> None:
    """Attention with a head of 256: LLVM's backend is wrong at O0 as well."""
    references = {"vmvx": calls(2), "llvm-cpu-O0": calls(1)}
    found = statuses({STOCK: calls(1), OURS: calls(2)}, references)
    assert found == {STOCK: WRONG, OURS: RIGHT}


def test_later_calls_count() -> None:
    """A program that keeps state may lose it."""
    found = statuses({STOCK: calls(1, 2), OURS: calls(1, 1)}, {"vmvx": calls(1, 2)})
    assert found == {STOCK: RIGHT, OURS: WRONG}


def test_functions_without_results_agree() -> None:
    assert statuses({STOCK: [[], []], OURS: [[], []]}, {}) == {STOCK: RIGHT, OURS: RIGHT}
    assert judge({}, {"vmvx": calls(1)}, BOUND) == {}


def test_the_limit_is_of_all_types_of_a_call() -> None:
    integers = [value_of(np.zeros(2, np.int8))]
    assert limit(integers, [integers]) == 0
    assert limit(integers, calls(1)) == BOUND
    assert limit([value_of(np.zeros(2, np.float16))], calls(1)) == 4 * 2**-10


def parsed(arguments: list[str]) -> Options:
    given = make_parser().parse_args(["compile", *arguments, "in.mlir", "-o", "out.vmfb"])
    assert isinstance(given, argparse.Namespace)
    return options_of(given)


def test_options_reach_the_command_as_they_are() -> None:
    """Each field, since a forgotten one would benchmark another program."""
    other = {
        "target": "cuda", "cpu": "znver4", "arch": "sm_90", "cores": 3, "model": Path("m"),
        "iree_args": ("--iree-opt-level=O2", "--x y"), "samples": 0, "graph": False,
        "triple": "aarch64-linux-gnu", "caches": (32768, 1048576, 33554432),
    }  # fmt: skip
    assert set(other) == {field.name for field in fields(Options)}
    assert parsed(option_arguments(Options())) == Options()
    for name, value in other.items():
        changed = replace(Options(), **{name: value})
        assert parsed(option_arguments(changed)) == changed


@pytest.mark.parametrize(
    ("status", "text"),
    [(1, "status 1"), (-11, "SIGSEGV"), (139, "SIGSEGV"), (248, "SIGFPE"), (-63, "signal 63")],
)
def test_a_process_ends_by_a_status_or_a_signal(status: int, text: str) -> None:
    """`iree-compile` is a script: a signal of the program it starts comes as a byte."""
    assert ending(status) == text


@pytest.mark.parametrize(
    ("status", "stderr", "reason"),
    [
        (0, "f.mlir:1:1: warning: odd", ""),
        (1, "\nWARNING: changed\nf.mlir:2:3: error: 'x' op bad\nmore", "f.mlir:2:3: error: 'x' op"),
        (1, "tlm-mlir: error: f.mlir does not compile: why", "f.mlir does not compile: why"),
        (1, "iree-compile: Unknown command line argument '--x'.", "iree-compile: Unknown command"),
        (248, "f.mlir:6:8: warning: reads\nStack dump:", "the compiler ended its process (SIGFPE)"),
    ],
)
def test_why_a_compile_failed(status: int, stderr: str, reason: str) -> None:
    """Found with `c10`: a warning was given as the reason of a crash."""
    assert why(subprocess.CompletedProcess([], status, "", stderr)).startswith(reason)
    assert bool(reason) == bool(why(subprocess.CompletedProcess([], status, "", stderr)))


class Asked:
    """References whose results are given, and the names of those that were asked, with calls."""

    def __init__(self, iree_args: tuple[str, ...] = (), **results: list) -> None:
        self.options = Options(iree_args=iree_args)
        self.results = results
        self.names: list[tuple[str, int]] = []

    def call(self, references: list, calls: int) -> tuple[dict, list[str]]:
        names = [each.name for each in references]
        self.names += [(name, calls) for name in names]
        found = {name: self.results[name.replace("-", "_")] for name in names}
        return {name: values[:calls] for name, values in found.items() if values}, []


def asked(programs: dict, references: Asked) -> tuple[dict[str, str], list[tuple[str, int]]]:
    verdicts, _ = check(programs, BOUND, references)  # type: ignore[arg-type]
    return {name: each.status for name, each in verdicts.items()}, references.names


FLAGS = ("--iree-opt-level=O3",)
QUICK_ONCE, BOTH_ONCE = [("llvm-cpu-O0", 1)], [("llvm-cpu-O0", 1), ("vmvx", 1)]


def test_references_are_asked_where_there_is_a_doubt() -> None:
    """The interpreter takes minutes for a large network: it is the last to be asked."""
    agreed = {STOCK: calls(1, 1), OURS: calls(1, 1)}
    differ = {STOCK: calls(1, 1), OURS: calls(2, 2)}
    right, wrong = {STOCK: RIGHT, OURS: RIGHT}, {STOCK: WRONG, OURS: WRONG}
    assert asked(agreed, Asked()) == (right, [])
    assert asked({}, Asked(FLAGS)) == ({}, [])
    assert asked(agreed, Asked(FLAGS, llvm_cpu_O0=calls(1), vmvx=[])) == (right, QUICK_ONCE)
    assert asked(agreed, Asked(FLAGS, llvm_cpu_O0=calls(2), vmvx=calls(2))) == (wrong, BOTH_ONCE)
    assert asked(agreed, Asked(FLAGS, llvm_cpu_O0=[], vmvx=calls(1))) == (right, BOTH_ONCE)
    found = asked(differ, Asked(llvm_cpu_O0=calls(1), vmvx=calls(2)))
    assert found == ({STOCK: WRONG, OURS: RIGHT}, BOTH_ONCE)


def test_references_of_a_program_with_state_are_called_as_often() -> None:
    programs = {STOCK: calls(1, 2), OURS: calls(1, 1)}
    found = asked(programs, Asked(llvm_cpu_O0=calls(1, 2), vmvx=[]))
    assert found == ({STOCK: RIGHT, OURS: WRONG}, [("llvm-cpu-O0", 2), ("vmvx", 2)])

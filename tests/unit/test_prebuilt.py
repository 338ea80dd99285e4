# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled steps that come with the package."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from tlm_mlir.model import cache, entry, prebuilt, step
from tlm_mlir.model.checkpoint import load
from tlm_mlir.model.prebuilt import LEVELS, Level, find
from tlm_mlir.model.shapes import PREFILL
from tlm_mlir.targets.cpu.host import processor_flags

RELEASED = load()
TEXT = RELEASED.step.read_bytes()
ALL = frozenset(name for level in LEVELS for name in level.needs)
HERE = [
    level
    for level in LEVELS
    if platform.machine() in level.machines and processor_flags() >= set(level.needs)
]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_the_released_step_is_compiled_for_every_level(level: Level) -> None:
    """`make steps` compiles it again after a change of the step or of IREE.

    It does not tell where it was compiled.
    """
    found = entry.read(level.path(TEXT))
    assert found is not None and b"step.mlir" not in found


@pytest.mark.parametrize(
    ("machine", "flags", "name"),
    [
        ("x86_64", ALL, "x86-64-v4"),
        ("AMD64", ALL - {"avx512vl"}, "x86-64-v3"),
        ("x86_64", ALL - {"avx2"}, "x86-64-v2"),
        ("aarch64", frozenset(), "aarch64"),
        ("arm64", frozenset(), "aarch64"),
    ],
)
def test_the_best_level_that_a_machine_has_is_taken(
    machine: str, flags: frozenset[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(prebuilt, "processor_flags", lambda: flags)
    (level,) = (level for level in LEVELS if level.name == name)
    assert find(TEXT) == level.path(TEXT)


@pytest.mark.parametrize(("machine", "flags"), [("x86_64", frozenset()), ("riscv64", ALL)])
def test_nothing_is_taken_that_may_not_run(
    machine: str, flags: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(prebuilt, "processor_flags", lambda: flags)
    assert find(TEXT) is None


def test_another_step_is_not_mistaken_for_it() -> None:
    assert find(TEXT + b"\n") is None


def test_what_is_damaged_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "step.vmfb"
    damaged.write_bytes(b"rubbish")
    monkeypatch.setattr(prebuilt, "find", lambda text: damaged)
    monkeypatch.setattr(cache, "_compile", lambda source: b"bytecode")
    assert cache.compiled_step(RELEASED.step, tmp_path / "cache") == b"bytecode"
    assert cache.step_state(RELEASED.step, tmp_path / "cache").startswith("compiled for this")


@pytest.mark.skipif(len(HERE) < 2, reason="needs a CPU of two levels")
def test_levels_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = np.random.default_rng(0).integers(0, 90, PREFILL, np.int32)
    positions = np.broadcast_to(np.arange(PREFILL[1], dtype=np.int32), PREFILL)
    mask = np.broadcast_to(
        np.triu(np.full((PREFILL[1],) * 2, step.HIDDEN), 1), (1, *[PREFILL[1]] * 2)
    )
    found = []
    for level in HERE:
        binary = entry.read(level.path(TEXT))
        monkeypatch.setattr(step, "compiled_step", lambda *_, binary=binary: binary)
        opened = step.Step.open(RELEASED)
        found.append(opened.prefill(tokens, positions.copy(), mask.copy()))
    for other in found[1:]:
        assert np.allclose(other, found[0], rtol=1e-3, atol=1e-3)

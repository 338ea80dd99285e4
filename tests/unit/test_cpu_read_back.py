# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configurations read back as schedules: ours come back the same, IREE's own as near as may be."""

from __future__ import annotations

from hypothesis import given
from samples import TARGETS, matmul, walks, written

from tlm_mlir.language.schedule import Schedule
from tlm_mlir.targets import registry

INFO = "func.func translation_info = #iree_codegen.translation_info<pipeline = {}>"
MATMUL = registry.task(matmul(), TARGETS["avx512"])
TILE = INFO.format("#iree_cpu.pipeline<DoubleTilingExpert>")


def sizes(schedule: Schedule) -> dict[tuple[str, int], int]:
    """Tile sizes by knob and dim, those that are not used left out."""
    return {
        (d.name, d.dim): d.value for d in schedule.decisions if isinstance(d.value, int) and d.value
    }


@given(walks())
def test_what_a_schedule_wrote_is_read_back(walk) -> None:
    task, tokens = walk
    schedule = task.decode(tokens)
    if schedule.is_default:
        return
    found = task.read_back(written(task, schedule))
    assert found is not None
    assert sizes(found) == sizes(schedule)
    assert found.pipeline == schedule.pipeline
    assert found.choice("peel") == schedule.choice("peel")


def test_sizes_outside_of_the_space_become_the_nearest() -> None:
    config = "distribution = [96, 32, 0], vector_common_parallel = [8, 64, 0], vector_reduction = "
    text = f"{TILE}\nlinalg.matmul lowering_config = #iree_cpu.lowering_config<{config}[0, 0, 999]>"
    found = MATMUL.read_back(text)
    assert found is not None
    # A tile of the whole extent is none; a workgroup holds a vector; a body has its registers.
    assert found.size("distribute", 0) == 0
    assert found.size("vector", 1) == 64 and found.size("distribute", 1) == 0
    assert 1 <= found.size("reduce", 2) < 999


def test_other_pipelines_and_loops_are_not_read_back() -> None:
    foreign = INFO.format("#iree_cpu.pipeline<Mmt4dTilingExpert>")
    config = "linalg.mmt4d lowering_config = #iree_cpu.lowering_config<distribution = [1, 1]>"
    assert MATMUL.read_back(f"{foreign}\n{config}") is None
    assert MATMUL.read_back(f"{TILE}\n{config}") is None
    assert MATMUL.read_back("") is None

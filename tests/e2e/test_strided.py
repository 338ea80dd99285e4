# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of strided 1x1 convolutions, whose schedules rewrite the dispatch before they tile it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from running import loaded, target_of

from tlm_mlir.compiler.driver import plan
from tlm_mlir.compiler.options import Options
from tlm_mlir.decisions.schedule_pass import SchedulePass
from tlm_mlir.decisions.script import ScheduledDispatch, build_script
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu.tile import SLICE, TILE

PROGRAM = Path(__file__).resolve().parents[2] / "lit" / "strided.mlir"
DRAWS = 4


def random_schedules(result, seed: int) -> list[ScheduledDispatch]:  # type: ignore[no-untyped-def]
    """A random schedule for each dispatch, none of them IREE's default."""
    random, target = np.random.default_rng(seed), target_of(result)
    found = []
    for dispatch in result.dispatches:
        workload, tokens = dispatch.reading.workload, [""]
        while tokens[0] != TILE.token:
            tokens = registry.task(workload, target).grammar().sample(random)
        schedule = registry.task(workload, target).decode(tokens)
        found.append(ScheduledDispatch(dispatch.name, workload, dispatch.reading.names, schedule))
    return found


def test_values_under_random_schedules(tmp_path: Path) -> None:
    x, f, w = (
        np.random.default_rng(seed).standard_normal(shape, np.float32)
        for seed, shape in enumerate([(1, 32, 14, 14), (128, 32, 1, 1), (16, 32, 1, 1)])
    )
    a = np.exp(x[0])
    wanted = [
        np.einsum("fc,chw->fhw", f[:, :, 0, 0], a[:, ::2, ::2])[None],
        np.einsum("fc,chw->fhw", w[:, :, 0, 0], a)[None],
    ]
    for seed in range(DRAWS):
        result = plan(PROGRAM, Options(graph=False))
        some = random_schedules(result, seed)
        script = build_script(some, target_of(result), result.session.context)
        assert str(script).count(f"include @{SLICE}") == 1
        SchedulePass(script).run(result.module)
        result.session.finish(result.module, SOURCES, tmp_path / "out.vmfb")
        found = loaded(tmp_path / "out.vmfb")["first"](x, f, w)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one.to_host(), other, rtol=1e-4, atol=1e-4)

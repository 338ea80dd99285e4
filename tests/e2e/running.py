# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Running what the tests have compiled, on one core."""

from pathlib import Path
from typing import Any

import iree.runtime as rt

from tlm_mlir.compiler.steps import Plan
from tlm_mlir.targets import registry
from tlm_mlir.targets.target import Target


def loaded(path: Path) -> Any:
    """The module `module` of a .vmfb: call its functions by name."""
    config = rt.Config("local-sync")
    context = rt.SystemContext(config=config)
    context.add_vm_module(rt.VmModule.copy_buffer(config.vm_instance, path.read_bytes()))
    return context.modules.module


def target_of(plan: Plan) -> Target:
    """The target of a plan's first dispatch, on two cores."""
    return registry.read_target(plan.dispatches[0].target, 2, plan.session.context)

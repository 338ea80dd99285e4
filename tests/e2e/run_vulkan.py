# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs programs on the Vulkan device of this process's environment.

    run_vulkan.py INPUTS.npz OUT.npz MODULE.vmfb...

Each module's `main` gets the arrays of INPUTS in the order of their names. OUT holds the results by
the modules' place. A process of its own, since a driver is chosen by environment variables.
"""

import sys

import iree.runtime as rt
import numpy as np


def main(inputs: str, out: str, *modules: str) -> None:
    """Runs all modules on the same inputs."""
    with np.load(inputs) as stored:
        arrays = [stored[name] for name in sorted(stored.files)]
    config = rt.Config("vulkan")
    results = {}
    for place, path in enumerate(modules):
        context = rt.SystemContext(config=config)
        vm = rt.VmModule.mmap(context.instance, path)
        context.add_vm_module(vm)
        results[str(place)] = context.modules[vm.name].main(*arrays).to_host()
    np.savez(out, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A device, and programs on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

_SUBGROUPS = re.compile(r"^subgroup: .*minSubgroupSize=(\d+) maxSubgroupSize=(\d+)", re.MULTILINE)
"""What IREE tells of a Vulkan device."""


def describe(uri: str) -> dict[str, str]:
    """The `name` of the device that IREE's URI means, and what else IREE tells of it (`told`).

    Raises RuntimeError or ValueError where there is no such driver or device.
    """
    import iree.runtime as rt

    name, _, place = uri.partition("://")
    driver = rt.get_driver(name)
    found = driver.query_available_devices()
    if place.isdigit():
        found = found[int(place) :]
    elif place:
        found = [each for each in found if each["path"] == place]
    if not found:
        raise RuntimeError(f"{name} has no such device")
    told = ""
    # Not every driver tells more than the name.
    with suppress(RuntimeError):
        told = driver.dump_device_info(found[0]["device_id"])
    return {"name": found[0]["name"], "told": told}


def misfit(target: dict[str, Any], device: dict[str, str]) -> str:
    """Why a device would compute wrong values of programs for a target; nothing where it fits.

    A driver refuses what it has no feature for, but runs code for subgroups of another size.
    """
    sizes = _SUBGROUPS.search(device["told"])
    wanted = target.get("subgroup", 0)
    if sizes is None or not wanted or int(sizes[1]) <= wanted <= int(sizes[2]):
        return ""
    there = f"of {sizes[1]}" if sizes[1] == sizes[2] else f"of {sizes[1]} to {sizes[2]}"
    return (
        f"{device['name']} has subgroups {there} invocations and the programs are for {wanted};"
        " bundle for its own --arch"
    )


class Loaded:
    """A program on a device, with its inputs there."""

    def __init__(self, content: bytes, device: str, inputs: Sequence[Any]) -> None:
        import iree.runtime as rt

        self._config = rt.Config(device=rt.get_device(device))
        context = rt.SystemContext(config=self._config)
        context.add_vm_module(rt.VmModule.copy_buffer(context.instance, content))
        self._main = context.modules.module["main"]
        self._inputs = [rt.asdevicearray(self._config.device, array) for array in inputs]

    def call(self) -> Any:
        """Runs the program to its end."""
        return self._main(*self._inputs)

    def values(self) -> list[Any]:
        """The results of a call, on the host."""
        found = self.call()
        many = found if isinstance(found, (tuple, list)) else [found]
        return [_to_host(self._config.device, item) for item in many]


def _to_host(device: Any, array: Any) -> Any:
    """A copy by way of a buffer that is mapped.

    `DeviceArray.to_host` would import memory that numpy has allocated, at any address, and Vulkan
    drivers want whole pages.
    """
    import iree.runtime as rt
    import numpy as np

    view = array._buffer_view
    source = view.get_buffer()
    staging = device.allocator.allocate_buffer(
        memory_type=int(rt.MemoryType.HOST_LOCAL | rt.MemoryType.DEVICE_VISIBLE),
        allowed_usage=int(rt.BufferUsage.TRANSFER_TARGET | rt.BufferUsage.MAPPING_SCOPED),
        allocation_size=source.byte_length(),
    )
    done = device.create_semaphore(0)
    device.queue_copy(
        source,
        staging,
        wait_semaphores=rt.HalFence.create_at(done, 0),
        signal_semaphores=rt.HalFence.create_at(done, 1),
    )
    rt.HalFence.create_at(done, 1).wait()
    kind = rt.HalElementType.map_to_dtype(view.element_type)
    return np.array(staging.map().asarray(view.shape, kind))

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles one SPIR-V kernel by Mesa's RADV for hardware that is not there.

    RADV_FORCE_FAMILY=navi31 python -m tlm_mlir.measure.radv_worker KERNEL.spv SUBGROUP

prints what the driver tells of the pipeline as a JSON object
(VK_KHR_pipeline_executable_properties), with the `threads` of a workgroup; without a kernel it only
looks for the hardware. A process of its own, since drivers end theirs over what they do not like
and the loader reads its environment only once. Status 1, and one sentence, where there is none.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import vulkan as vk

NULL_HARDWARE = "Null hardware"
"""Begins the name of a device that RADV makes up."""
EXTENSIONS = ("VK_KHR_pipeline_executable_properties", "VK_KHR_cooperative_matrix")
"""Vulkan extensions that are asked for; a device without the first is of no use."""
_MAGIC_WORDS, _ENTRY, _MODE, _DECORATE = 5, 15, 16, 71
_LOCAL_SIZE, _BINDING, _SET = 17, 33, 34
"""SPIR-V 1.6, 3.2: words of a header, opcodes, and their operands."""
_CAPTURE_STATISTICS = 0x40
_PUSH_CONSTANT_BYTES = 128


class Kernel:
    """What a SPIR-V module of one kernel says of itself: its entry, the threads of a workgroup, and
    the bindings of each descriptor set."""

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.entry, self.threads = "", 0
        sets: dict[int, int] = {}
        bindings: dict[int, int] = {}
        for opcode, operands in _instructions(code):
            if opcode == _ENTRY:
                text = struct.pack(f"<{len(operands) - 2}I", *operands[2:])
                self.entry = text.split(b"\0")[0].decode()
            elif opcode == _MODE and operands[1] == _LOCAL_SIZE:
                self.threads = math.prod(operands[2:])
            elif opcode == _DECORATE and operands[1] in (_SET, _BINDING):
                (sets if operands[1] == _SET else bindings)[operands[0]] = operands[2]
        self.bindings: dict[int, set[int]] = {}
        for variable, place in sets.items():
            self.bindings.setdefault(place, set()).add(bindings[variable])


def _instructions(code: bytes) -> Iterator[tuple[int, Sequence[int]]]:
    words = struct.unpack(f"<{len(code) // 4}I", code)
    at = _MAGIC_WORDS
    while at < len(words):
        count, opcode = words[at] >> 16, words[at] & 0xFFFF
        yield opcode, words[at + 1 : at + count]
        at += count


def _device():  # type: ignore[no-untyped-def]
    """The hardware that is not there, opened. Raises LookupError where RADV makes none up."""
    application = vk.VkApplicationInfo(apiVersion=vk.VK_MAKE_VERSION(1, 3, 0))
    instance = vk.vkCreateInstance(vk.VkInstanceCreateInfo(pApplicationInfo=application), None)
    for physical in vk.vkEnumeratePhysicalDevices(instance):
        if vk.vkGetPhysicalDeviceProperties(physical).deviceName.startswith(NULL_HARDWARE):
            break
    else:
        raise LookupError("the Vulkan loader finds no hardware of RADV's that is not there")
    features = vk.VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR(
        pipelineExecutableInfo=True
    )
    features = vk.VkPhysicalDeviceVulkan11Features(
        pNext=features, storageBuffer16BitAccess=True, uniformAndStorageBuffer16BitAccess=True
    )
    features = vk.VkPhysicalDeviceVulkan12Features(
        pNext=features,
        shaderFloat16=True,
        shaderInt8=True,
        storageBuffer8BitAccess=True,
        uniformAndStorageBuffer8BitAccess=True,
        vulkanMemoryModel=True,
    )
    features = vk.VkPhysicalDeviceVulkan13Features(
        pNext=features, subgroupSizeControl=True, computeFullSubgroups=True
    )
    types = vk.VkPhysicalDeviceFeatures(shaderInt64=True, shaderInt16=True, shaderFloat64=True)
    queue = vk.VkDeviceQueueCreateInfo(queueFamilyIndex=0, pQueuePriorities=[1.0])
    there = vk.vkEnumerateDeviceExtensionProperties(physical, None)
    names = {each.extensionName for each in there}
    wanted = vk.VkDeviceCreateInfo(
        pNext=features,
        pQueueCreateInfos=[queue],
        ppEnabledExtensionNames=[name for name in EXTENSIONS if name in names],
        pEnabledFeatures=types,
    )
    return vk.vkCreateDevice(physical, wanted, None)


def _pipeline(device, kernel: Kernel, subgroup: int):  # type: ignore[no-untyped-def]
    """The kernel as the driver compiles it for subgroups of so many invocations."""
    stages = vk.VK_SHADER_STAGE_COMPUTE_BIT
    layouts = []
    for place in range(max(kernel.bindings, default=-1) + 1):
        buffers = [
            vk.VkDescriptorSetLayoutBinding(
                binding=binding,
                descriptorType=vk.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                descriptorCount=1,
                stageFlags=stages,
            )
            for binding in sorted(kernel.bindings.get(place, ()))
        ]
        layout = vk.VkDescriptorSetLayoutCreateInfo(pBindings=buffers)
        layouts.append(vk.vkCreateDescriptorSetLayout(device, layout, None))
    constants = vk.VkPushConstantRange(stageFlags=stages, offset=0, size=_PUSH_CONSTANT_BYTES)
    layout = vk.vkCreatePipelineLayout(
        device,
        vk.VkPipelineLayoutCreateInfo(pSetLayouts=layouts, pPushConstantRanges=[constants]),
        None,
    )
    code = vk.VkShaderModuleCreateInfo(codeSize=len(kernel.code), pCode=kernel.code)
    stage = vk.VkPipelineShaderStageCreateInfo(
        pNext=vk.VkPipelineShaderStageRequiredSubgroupSizeCreateInfo(requiredSubgroupSize=subgroup),
        stage=stages,
        module=vk.vkCreateShaderModule(device, code, None),
        pName=kernel.entry,
    )
    wanted = vk.VkComputePipelineCreateInfo(flags=_CAPTURE_STATISTICS, stage=stage, layout=layout)
    (pipeline,) = vk.vkCreateComputePipelines(device, None, 1, [wanted], None)
    return pipeline


def told(device, path: Path, subgroup: int) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """What the driver tells of a kernel, by its own names; and the threads of a workgroup."""
    kernel = Kernel(path.read_bytes())
    pipeline = _pipeline(device, kernel, subgroup)
    statistics = vk.vkGetDeviceProcAddr(device, "vkGetPipelineExecutableStatisticsKHR")
    executable = vk.VkPipelineExecutableInfoKHR(pipeline=pipeline, executableIndex=0)
    found = {each.name: int(each.value.u64) for each in statistics(device, executable)}
    return {**found, "threads": kernel.threads}


def main(arguments: Sequence[str]) -> int:
    """Status 1, and one sentence on stderr, where the driver refuses."""
    try:
        device = _device()
        print(json.dumps(told(device, Path(arguments[0]), int(arguments[1])) if arguments else {}))
    except (LookupError, vk.VkError) as error:
        print(repr(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

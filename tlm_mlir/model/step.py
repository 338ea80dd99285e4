# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The schedule model's forward step on the IREE runtime. No torch.

The key-value cache lives in host memory that IREE's CPU device uses in place (`KeyValues`), so a
decoding step writes one slot instead of copying the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tlm_mlir.errors import CheckpointError
from tlm_mlir.language.vocabulary import SIZE
from tlm_mlir.model.cache import compiled_step
from tlm_mlir.model.checkpoint import Checkpoint
from tlm_mlir.model.shapes import EXTEND_ROWS, PREFILL, ROW, decode_name, extend_name

PARAMETER_SCOPE = "model"
HIDDEN = np.float32(-1e9)
"""Additive attention mask of a slot that a token must not see (0 for one it may)."""
_ALIGNMENT = 64


@dataclass(frozen=True)
class Dimensions:
    """Sizes of a GPT-2 as its config.json gives them."""

    layers: int
    heads: int
    depth: int
    positions: int
    vocabulary: int


class KeyValues:
    """Cached keys [rows, heads, depth, slots] and values [rows, heads, slots, depth] per layer.

    The arrays are writable and shared with the device: no call may be under way while writing.
    """

    def __init__(self, device: Any, size: Dimensions, rows: int, slots: int) -> None:
        self.rows, self.slots = rows, slots
        self.keys: list[np.ndarray] = []
        self.values: list[np.ndarray] = []
        self.views: list[Any] = []
        for _ in range(size.layers):
            for shape, arrays in (
                ((rows, size.heads, size.depth, slots), self.keys),
                ((rows, size.heads, slots, size.depth), self.values),
            ):
                array = _aligned_zeros(shape)
                arrays.append(array)
                self.views.append(_shared_view(device, array))

    def write(self, slot: int, made: np.ndarray) -> None:
        """Store one new token per row, `made` [2*layers, rows, heads, 1, depth], at `slot`."""
        for layer, (keys, values) in enumerate(zip(self.keys, self.values, strict=True)):
            keys[:, :, :, slot] = made[2 * layer, :, :, 0]
            values[:, :, slot] = made[2 * layer + 1, :, :, 0]


class Step:
    """The compiled step with its weights. Opened by `Step.open`; not for use by several threads.

    `size.vocabulary` is how many words the model knows. Its logits are over `words`, as many as the
    vocabulary has now: those of words appended since are -inf.
    """

    def __init__(
        self, functions: Any, device: Any, size: Dimensions, words: int | None = None
    ) -> None:
        self._functions = functions
        self._device = device
        self.size = size
        self._unknown = 0 if words is None else words - size.vocabulary

    @classmethod
    def open(
        cls, checkpoint: Checkpoint, *, cache: Path | None = None, words: int | None = None
    ) -> Step:
        """Compile (or take from the cache directory) the step and load the weights.

        `words` is the vocabulary's size, unless given that of today's.

        Raises CompileError if IREE refuses the step, CheckpointError if step and weights do not
        fit together.
        """
        import iree.runtime as rt

        binary = compiled_step(checkpoint.step, cache)
        config = rt.Config("local-task")
        instance = config.vm_instance
        try:
            index = rt.ParameterIndex()
            index.load(str(checkpoint.weights))
            provider = index.create_provider(scope=PARAMETER_SCOPE)
            parameters = rt.create_io_parameters_module(instance, provider)
            program = rt.VmModule.copy_buffer(instance, binary)
            context = rt.SystemContext(vm_modules=[parameters, program], config=config)
        except (RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"the step and the weights of checkpoint {checkpoint.directory} do not fit "
                f"({str(error).splitlines()[0]}); export the step again"
            ) from None
        functions = context.modules[program.name]
        return cls(functions, config.device, dimensions(checkpoint), words or SIZE)

    def allocate(self, rows: int, slots: int) -> KeyValues:
        """A cache of zeros for `rows` rows of `slots` >= 2 slots."""
        return KeyValues(self._device, self.size, rows, slots)

    def warm_up(self) -> None:
        """Runs prompts of nothing: the first calls touch all weights, which takes 40 ms longer."""
        nothing = np.zeros(PREFILL, np.int32)
        self.prefill(nothing, nothing, np.zeros((*PREFILL, PREFILL[1]), np.float32))
        past = self.allocate(max(EXTEND_ROWS), 16)
        more = np.zeros((past.rows, ROW), np.int32)
        mask = np.zeros((*more.shape, ROW), np.float32)
        self.extend(more, more, mask, mask[:, :, : past.slots].copy(), past)

    def prefill(self, tokens: np.ndarray, positions: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Keys and values [2*layers, P, heads, Q, depth] of P x Q tokens (shapes.PREFILL).

        `tokens`, `positions` int32 [P, Q]; `mask` float32 [P, Q, Q], additive.
        """
        return _host(self._functions["prefill"](tokens, positions, mask))

    def extend(
        self,
        tokens: np.ndarray,
        positions: np.ndarray,
        mask: np.ndarray,
        past_mask: np.ndarray,
        past: KeyValues,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits [P, Q, vocabulary] and keys and values as `prefill`, P in EXTEND_ROWS, Q = ROW.

        `past_mask` float32 [P, Q, past.slots] says which slots of `past` each token sees.
        """
        name = extend_name(past.rows)
        return self._with_past(name, tokens, positions, mask, past_mask, past)

    def decode(
        self, tokens: np.ndarray, positions: np.ndarray, past_mask: np.ndarray, past: KeyValues
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits [P, vocabulary] and keys and values [2*layers, P, heads, 1, depth] of one token
        per row; `tokens`, `positions` [P], `past_mask` [P, past.slots], P in DECODE_WIDTHS."""
        name = decode_name(past.rows)
        mask = np.zeros((past.rows, 1, 1), np.float32)
        logits, made = self._with_past(
            name, tokens[:, None], positions[:, None], mask, past_mask[:, None], past
        )
        return logits[:, 0], made

    def _with_past(self, name: str, *arguments: Any) -> tuple[np.ndarray, np.ndarray]:
        *arrays, past = arguments
        logits, made = (_host(a) for a in self._functions[name](*arrays, *past.views))
        # NaN would pass for the first token that the grammar admits, and nobody would notice.
        if not np.isfinite(logits).all():
            raise CheckpointError(
                "the model's logits are not all numbers, so its weights or its step are damaged; "
                "use another checkpoint"
            )
        if self._unknown:
            more = np.full((*logits.shape[:-1], self._unknown), -np.inf, np.float32)
            logits = np.concatenate([logits, more], axis=-1)
        return logits, made


def dimensions(checkpoint: Checkpoint) -> Dimensions:
    """The sizes in a checkpoint's config.json."""
    config = checkpoint.config
    return Dimensions(
        layers=config["n_layer"],
        heads=config["n_head"],
        depth=config["n_embd"] // config["n_head"],
        positions=config["n_positions"],
        vocabulary=config["vocab_size"],
    )


def _host(array: Any) -> np.ndarray:
    """The result's own memory, kept alive by the returned array's base."""
    return np.asarray(array.to_host())


def _aligned_zeros(shape: Sequence[int]) -> np.ndarray:
    size = int(np.prod(shape)) * 4
    raw = np.zeros(size + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size].view(np.float32).reshape(shape)


def _shared_view(device: Any, array: np.ndarray) -> Any:
    import iree.runtime as rt

    flat = array.reshape(-1).view(np.uint8)
    buffer = device.allocator.import_host_allocation(
        flat,
        memory_type=int(rt.MemoryType.HOST_LOCAL | rt.MemoryType.DEVICE_VISIBLE),
        allowed_usage=int(rt.BufferUsage.DEFAULT | rt.BufferUsage.MAPPING_PERSISTENT),
    )
    view = rt.HalBufferView(buffer, array.shape, rt.HalElementType.FLOAT_32)
    return rt.DeviceArray(device, view)

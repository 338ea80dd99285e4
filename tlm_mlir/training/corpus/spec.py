# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a row of a table of networks says: an architecture, its configuration and input shapes.

A row is data: `build.build` makes a torch module of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Input:
    """One input tensor of a network.

    `shape` is in elements, batch first. `kind` is "float" (of the network's own element type) or
    "token" (64-bit indices, all below any vocabulary in the table).
    """

    name: str
    shape: tuple[int, ...]
    kind: str = "float"


@dataclasses.dataclass(frozen=True)
class Variant:
    """One choice of input shapes: a label for the file name, and the tensors.

    `image_size` is the height and width in pixels where the configuration must know it, else 0.
    """

    label: str
    inputs: tuple[Input, ...]
    image_size: int = 0


@dataclasses.dataclass(frozen=True)
class Network:
    """One architecture at one choice of input shapes.

    `model` is a class of transformers, or `torch_models.NAME` for a class of that file.
    `options` are the keyword arguments of its configuration. `dtype` is the element type of weights
    and activations: "f32", "f16" or "bf16".
    """

    name: str
    family: str
    model: str
    options: Mapping[str, Any]
    variant: Variant
    dtype: str = "f32"

    def in_half(self) -> Network:
        """This network in 16-bit floats."""
        return dataclasses.replace(self, name=f"{self.name}_f16", dtype="f16")


def images(*sizes: tuple[int, int], name: str = "pixel_values") -> tuple[Variant, ...]:
    """Variants for vision: each of `sizes` is (batch, height = width in pixels), three channels."""
    return tuple(
        Variant(f"b{batch}_r{size}", (Input(name, (batch, 3, size, size)),), size)
        for batch, size in sizes
    )


def tokens(*sizes: tuple[int, int]) -> tuple[Variant, ...]:
    """Variants for text: each of `sizes` is (batch, sequence length in tokens)."""
    return tuple(
        Variant(f"b{batch}_s{length}", (Input("input_ids", (batch, length), "token"),))
        for batch, length in sizes
    )


def translation(*sizes: tuple[int, int, int]) -> tuple[Variant, ...]:
    """Variants for encoder and decoder: each is (batch, source tokens, target tokens)."""
    return tuple(
        Variant(
            f"b{batch}_s{source}_t{target}",
            (
                Input("input_ids", (batch, source), "token"),
                Input("decoder_input_ids", (batch, target), "token"),
            ),
        )
        for batch, source, target in sizes
    )


def tensors(label: str, **shapes: tuple[int, ...]) -> tuple[Variant, ...]:
    """One variant with float tensors of the given shapes; a name ending in `_ids` is of tokens."""
    return (
        Variant(
            label,
            tuple(
                Input(name, shape, "token" if name.endswith("_ids") else "float")
                for name, shape in shapes.items()
            ),
        ),
    )


def tabulate(
    name: str,
    family: str,
    model: str,
    variants: tuple[Variant, ...],
    dtype: str = "f32",
    /,
    **options: Any,
) -> list[Network]:
    """One network per variant; `options` are those of the architecture's configuration."""
    suffix = "" if dtype == "f32" else f"_{dtype}"
    return [
        Network(f"{name}_{variant.label}{suffix}", family, model, options, variant, dtype)
        for variant in variants
    ]

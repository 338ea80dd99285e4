# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of one depthwise or grouped convolution, for `never_worse.py`.

    python benchmarks/windows.py build/windows
    python benchmarks/never_worse.py --sets cases --cases build/windows/*.mlir --out windows.jsonl

Layouts, strides, dilations, element types, odd sizes and several images; each convolution has
padding, constant filters and a maximum with zero.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SUMS = {"f32": "f32", "bf16": "f32", "f16": "f32", "i8": "i32"}
NAMES = {
    "dw_nchw": "depthwise_conv_2d_nchw_chw",
    "dw_nhwc": "depthwise_conv_2d_nhwc_hwc",
    "dw_ncw": "depthwise_conv_1d_ncw_cw",
    "dw_nwc": "depthwise_conv_1d_nwc_wc",
    "groups": "conv_2d_ngchw_gfchw",
}


@dataclass(frozen=True)
class Window:
    """A convolution of `groups` groups (the channels of a depthwise one) to `points` points a side,
    each group from `channels` to `filters`."""

    kind: str
    groups: int
    points: int
    size: int = 3
    stride: int = 1
    dilation: int = 1
    channels: int = 1
    filters: int = 1
    batch: int = 1
    dtype: str = "f32"

    @property
    def name(self) -> str:
        """A name that says all of it."""
        each = f"x{self.channels}x{self.filters}" if self.kind == "groups" else ""
        more = f"_s{self.stride}_d{self.dilation}_b{self.batch}_{self.dtype}"
        return f"{self.kind}_{self.groups}{each}_{self.points}_{self.size}{more}"

    def shapes(self) -> tuple[list[int], list[int], list[int]]:
        """Shapes of the image, padding included, the filters and the result."""
        sides = 1 if self.kind in ("dw_ncw", "dw_nwc") else 2
        inner = [(self.points - 1) * self.stride + (self.size - 1) * self.dilation + 1] * sides
        outer, window = [self.points] * sides, [self.size] * sides
        if self.kind == "groups":
            image = [self.batch, self.groups, self.channels, *inner]
            filters = [self.groups, self.filters, self.channels, *window]
            return image, filters, [self.batch, self.groups, self.filters, *outer]
        if self.kind in ("dw_nchw", "dw_ncw"):
            first = [self.batch, self.groups]
            return [*first, *inner], [self.groups, *window], [*first, *outer]
        shapes = ([self.batch, *inner], window, [self.batch, *outer])
        image, filters, result = ([*shape, self.groups] for shape in shapes)
        return image, filters, result

    def text(self) -> str:
        """The program."""
        image, filters, result = self.shapes()
        total, zero = SUMS[self.dtype], "0" if self.dtype == "i8" else "0.0"
        x, w = _tensor(image, self.dtype), _tensor(filters, self.dtype)
        y = _tensor(result, total)
        sides = len(filters) - (3 if self.kind == "groups" else 1)
        first = len(image) - sides - (1 if self.kind in ("dw_nhwc", "dw_nwc") else 0)
        edges = [int(first <= dim < first + sides) for dim in range(len(image))]
        given = _tensor([n - 2 * edge for n, edge in zip(image, edges, strict=True)], self.dtype)
        sizes = ", ".join(map(str, edges))
        steps = f"dense<{self.stride}> : tensor<{sides}xi64>"
        spread = f"dense<{self.dilation}> : tensor<{sides}xi64>"
        dims = ", ".join(f"d{dim}" for dim in range(len(result)))
        same = f"affine_map<({dims}) -> ({dims})>"
        kinds = ", ".join(['"parallel"'] * len(result))
        maximum = "arith.maxsi" if self.dtype == "i8" else "arith.maximumf"
        indices = ", ".join(f"%i{dim}: index" for dim in range(len(image)))
        return f"""func.func @main(%x: {given}) -> {y} {{
  %w = arith.constant dense<"0x{self._filters(filters)}"> : {w}
  %z = arith.constant {zero} : {self.dtype}
  %zero = arith.constant {zero} : {total}
  %p = tensor.pad %x low[{sizes}] high[{sizes}] {{
  ^bb0({indices}):
    tensor.yield %z : {self.dtype}
  }} : {given} to {x}
  %e = tensor.empty() : {y}
  %f = linalg.fill ins(%zero : {total}) outs(%e : {y}) -> {y}
  %c = linalg.{NAMES[self.kind]} {{dilations = {spread}, strides = {steps}}}
    ins(%p, %w : {x}, {w}) outs(%f : {y}) -> {y}
  %r = linalg.generic {{indexing_maps = [{same}, {same}], iterator_types = [{kinds}]}}
    ins(%c : {y}) outs(%e : {y}) {{
  ^bb0(%a: {total}, %b: {total}):
    %m = {maximum} %a, %zero : {total}
    linalg.yield %m : {total}
  }} -> {y}
  return %r : {y}
}}
"""

    def _filters(self, shape: list[int]) -> str:
        drawn = np.random.default_rng(0).standard_normal(shape, np.float32)
        if self.dtype == "i8":
            return np.rint(20 * drawn).clip(-128, 127).astype(np.int8).tobytes().hex().upper()
        if self.dtype == "bf16":
            return (drawn.view(np.uint32) >> 16).astype(np.uint16).tobytes().hex().upper()
        return drawn.astype({"f32": "<f4", "f16": "<f2"}[self.dtype]).tobytes().hex().upper()


def _tensor(shape: list[int], dtype: str) -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{dtype}>"


PROGRAMS = (
    *(Window(kind, 32, 112) for kind in ("dw_nchw", "dw_nhwc")),
    *(Window(kind, 96, 57, 5, 2) for kind in ("dw_nchw", "dw_nhwc")),
    *(Window(kind, 37, 45, 3, 1, 2) for kind in ("dw_nchw", "dw_nhwc")),
    *(
        Window(kind, 144, 28, dtype=dtype)
        for kind, dtype in itertools.product(("dw_nchw", "dw_nhwc"), ("f16", "bf16", "i8"))
    ),
    Window("dw_ncw", 256, 500, 7),
    Window("dw_nwc", 256, 500, 7),
    Window("groups", 13, 28, channels=8, filters=8),
    Window("groups", 6, 56, stride=2, channels=8, filters=8),
    Window("groups", 32, 28, channels=4, filters=4),
    Window("groups", 4, 29, channels=48, filters=48),
    Window("groups", 3, 17, channels=5, filters=12),
    Window("groups", 7, 33, channels=6, filters=3),
    Window("groups", 5, 23, 5, channels=10, filters=20),
    Window("groups", 2, 28, channels=64, filters=64),
    Window("groups", 2, 28, channels=64, filters=96),
    Window("groups", 8, 15, 3, 2, 2, channels=8, filters=16),
    Window("groups", 8, 15, 3, 1, 3, channels=8, filters=16),
    Window("groups", 8, 15, 3, 3, channels=8, filters=16),
    Window("groups", 8, 14, channels=8, filters=8, batch=4),
    Window("groups", 8, 14, stride=2, channels=8, filters=8, batch=4),
    Window("groups", 4, 28, 1, channels=32, filters=32),
    *(Window("groups", 8, 28, channels=8, filters=8, dtype=t) for t in ("f16", "bf16", "i8")),
)


def main() -> None:
    """Writes the programs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out_dir", type=Path)
    folder: Path = parser.parse_args().out_dir
    folder.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        (folder / f"{program.name}.mlir").write_text(program.text(), encoding="utf-8")
    print(f"{len(PROGRAMS)} programs in {folder}")


if __name__ == "__main__":
    main()

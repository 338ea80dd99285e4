# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Boosted regression trees, evaluated with numpy: they predict how fast a schedule is.

A file cost-model-<backend>.safetensors holds, for T trees of at most N inner nodes and L leaves:

    feature    int16   [T, N]   column that a node looks at
    threshold  float64 [T, N]   a value of at most this goes left
    left,right int16   [T, N]   the next node, or ~leaf
    value      float32 [T, L]   what a leaf adds to the result

and as metadata two JSON lists: `names`, what the columns are called, and `targets`, whose
measurements the trees learned from. A tree of a single leaf has one node with both ways to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tlm_mlir.errors import CheckpointError

_ARRAYS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True)
class CostModel:
    """An ensemble of trees; the arrays are those of the file."""

    names: tuple[str, ...]
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    targets: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> CostModel:
        """Raises CheckpointError for a file that is none of the above."""
        try:
            with safe_open(path, framework="numpy") as file:
                arrays = [file.get_tensor(name) for name in _ARRAYS]
                told = file.metadata()
                names = tuple(map(str, json.loads(told["names"])))
                targets = tuple(map(str, json.loads(told.get("targets", "[]"))))
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(
                f"{path} holds no trees ({error}); copy the checkpoint again"
            ) from None
        feature, threshold, left, right, value = arrays
        return cls(names, feature, threshold, left, right, value, targets)

    def to_bytes(self) -> bytes:
        """The content of the file."""
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        told = {"names": json.dumps(self.names), "targets": json.dumps(self.targets)}
        return save(arrays, told)

    def rows(self, facts: Sequence[Mapping[str, float]]) -> np.ndarray:
        """float32 [len(facts), columns]: each row's facts by name.

        Raises CheckpointError for a column that a row has no fact for.
        """
        try:
            table = [[row[name] for name in self.names] for row in facts]
        except KeyError as error:
            raise CheckpointError(
                f"the cost model asks for {error}, which this version of tlm-mlir does not work"
                " out; use the checkpoint of this version"
            ) from None
        return np.array(table, np.float32).reshape(len(facts), len(self.names))

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """float64 [n] for float32 [n, columns]."""
        trees = np.arange(len(self.feature))
        node = np.zeros((len(rows), len(trees)), np.int16)
        # Those that have not reached a leaf: row, tree.
        row, tree = (part.ravel() for part in np.indices(node.shape))
        while len(row):
            at = node[row, tree]
            low = rows[row, self.feature[tree, at]] <= self.threshold[tree, at]
            then = np.where(low, self.left[tree, at], self.right[tree, at])
            node[row, tree] = then
            row, tree = row[then >= 0], tree[then >= 0]
        return np.asarray(self.value[trees, ~node].sum(-1, dtype=np.float64))

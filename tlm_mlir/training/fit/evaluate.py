# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a network is worth on validation workloads: loss, and how well it predicts outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlm_mlir.model.performance import expected_log_latency
from tlm_mlir.training.fit.dataset import Group, Segment, Special
from tlm_mlir.training.fit.gpt2 import autocast, logits, to_tensors, weighted_loss
from tlm_mlir.training.fit.packing import (
    Batches,
    collate,
    documents,
    fill_rows,
    outcome_form,
)
from tlm_mlir.training.fit.ranks import spearman

_LEAST_FOR_RANKS = 5


@dataclass(frozen=True)
class Ranking:
    """One validation group: rank correlation of expected and measured latency over the candidates
    that ran, share of exactly predicted outcomes, and how much slower than the best measured
    candidate the one is that the network likes best."""

    spearman: float
    accuracy: float
    regret: float


def validation_loss(network: Any, batches: Batches, *, precision: Any = "auto") -> float:
    """Weighted loss over one fixed epoch of `batches`."""
    import torch

    device = next(network.parameters()).device
    total = weight = 0.0
    network.eval()
    with torch.no_grad(), autocast(device, precision):
        for rows in batches.epoch(seed=0):
            tensors = to_tensors(batches.collate(rows), device)
            amount = float(tensors["weights"].sum())
            total += float(weighted_loss(logits(network, tensors), tensors)) * amount
            weight += amount
    return total / weight if weight else float("nan")


def predict_segments(
    network: Any,
    group: Group,
    segments: Sequence[Segment],
    special: Special,
    *,
    length: int = 1024,
    precision: Any = "auto",
) -> np.ndarray:
    """Distribution [len(segments), 11] over perf:0..9, perf:fail, with torch (form B)."""
    import torch

    device = next(network.parameters()).device
    forms = [outcome_form(s, special, 1.0) for s in segments]
    place = {id(form): i for i, form in enumerate(forms)}
    rows = fill_rows(list(documents(group.prompt, forms, length)), length)
    result = np.zeros((len(segments), len(special.perf)))
    network.eval()
    with torch.no_grad(), autocast(device, precision):
        for row in rows:
            tensors = to_tensors(collate([row], length, special.pad), device)
            scores = logits(network, tensors)[0][:, list(special.perf)].double()
            chances = torch.softmax(scores, -1).cpu().numpy()
            start = 0
            for prompt, members in row:
                start += len(prompt)
                for form in members:
                    start += len(form.tokens)
                    # The last token is the bin itself, the one before it (<end>) predicts it.
                    result[place[id(form)]] = chances[start - 2]
    return result


def rank_group(
    network: Any, group: Group, special: Special, *, cap: int = 200, precision: Any = "auto"
) -> Ranking | None:
    """How the network ranks a measured group, or None if too few of its candidates ran."""
    measured = [s for s in group.segments if s.outcome is not None][:cap]
    ran = [i for i, s in enumerate(measured) if s.relative is not None]
    if len(ran) < _LEAST_FOR_RANKS:
        return None
    found = predict_segments(network, group, measured, special, precision=precision)
    expected = expected_log_latency(found)[ran]
    relative = np.array([measured[i].relative for i in ran], np.float64)
    outcomes = np.array([s.outcome for s in measured])
    chosen = relative[int(np.argmin(expected))]
    return Ranking(
        spearman=spearman(expected, relative),
        accuracy=float(np.mean(found.argmax(1) == outcomes)),
        regret=float(chosen / relative.min()),
    )


def rank_groups(
    network: Any, groups: Sequence[Group], special: Special, *, precision: Any = "auto"
) -> dict[str, float]:
    """Means over validation groups: `spearman`, `accuracy`, `regret` (geometric), `groups`."""
    ranked = [rank_group(network, g, special, precision=precision) for g in groups]
    found = [j for j in ranked if j is not None]
    if not found:
        return {"groups": 0.0}
    return {
        "groups": float(len(found)),
        "spearman": float(np.nanmean([j.spearman for j in found])),
        "accuracy": float(np.mean([j.accuracy for j in found])),
        "regret": float(np.exp(np.mean(np.log([j.regret for j in found])))),
    }

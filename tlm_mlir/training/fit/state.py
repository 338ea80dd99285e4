# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The state of a training run on disk, to resume from: safetensors and JSON, never pickles.

RUN/state-00001200/   model.safetensors, config.json, optimizer.safetensors, state.json
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlm_mlir.errors import CheckpointError

_PREFIX = "state-"
_STATE = "state.json"
_OPTIMIZER = "optimizer.safetensors"


@dataclass
class Progress:
    """Where a run stands: optimizer steps, epoch, batches done in it, seconds, tokens, history."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    tokens: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)


def latest(run: Path) -> Path | None:
    """The newest complete state of a run, or None."""
    found = sorted(p for p in run.glob(f"{_PREFIX}*") if (p / _STATE).is_file())
    return found[-1] if found else None


def save(run: Path, network: Any, optimizer: Any, progress: Progress) -> Path:
    """Publish the state by one rename, then drop older ones."""
    import torch
    from safetensors.torch import save_file

    run.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".state-", dir=run))
    try:
        network.save_pretrained(aside, safe_serialization=True)
        tensors = {"rng": torch.get_rng_state()}
        for name, values in _named_state(network, optimizer):
            for key, value in values.items():
                tensors[f"{key}/{name}"] = torch.as_tensor(value).detach().cpu().contiguous()
        save_file(tensors, aside / _OPTIMIZER)
        text = json.dumps(dataclasses.asdict(progress), indent=1)
        (aside / _STATE).write_text(text, encoding="utf-8")
        target = run / f"{_PREFIX}{progress.step:08d}"
        shutil.rmtree(target, ignore_errors=True)
        os.replace(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    for old in run.glob(f"{_PREFIX}*"):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    return target


def load(state: Path, network: Any, optimizer: Any) -> Progress:
    """Load weights, optimizer and random state into the given objects; return the progress."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        progress = Progress(**json.loads((state / _STATE).read_text(encoding="utf-8")))
        weights = load_file(state / "model.safetensors")
        tensors = load_file(state / _OPTIMIZER)
    except (OSError, ValueError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"the training state {state} is damaged ({error}); delete it to start again"
        ) from None
    network.load_state_dict(weights, strict=False)
    network.tie_weights()
    names = {name: parameter for name, parameter in network.named_parameters()}
    rng = tensors.pop("rng")
    for key, value in tensors.items():
        kind, name = key.split("/", 1)
        if name not in names or (kind != "step" and value.shape != names[name].shape):
            raise CheckpointError(
                f"the training state {state} is of another network; use a new run directory"
            )
        optimizer.state[names[name]][kind] = (
            value if kind == "step" else value.to(names[name].device)
        )
    torch.set_rng_state(rng)
    return progress


def _named_state(network: Any, optimizer: Any) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, optimizer.state[parameter])
        for name, parameter in network.named_parameters()
        if parameter in optimizer.state
    ]

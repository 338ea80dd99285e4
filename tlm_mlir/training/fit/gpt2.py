# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The GPT-2 that is trained: construction, packed forward pass, precision, publishing."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tlm_mlir.errors import CheckpointError
from tlm_mlir.model import checkpoint
from tlm_mlir.training.fit.packing import NO_OUTCOME, Batch, attention_mask

Precision = Literal["auto", "fp32", "bf16"]


def new_network(
    vocabulary: int,
    *,
    layers: int = 6,
    embedding: int = 256,
    heads: int = 8,
    positions: int = 1024,
    seed: int = 0,
) -> Any:
    """A GPT2LMHeadModel with random weights from `seed`."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=vocabulary,
        n_layer=layers,
        n_embd=embedding,
        n_head=heads,
        n_positions=positions,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,
    )
    network = GPT2LMHeadModel(config)
    network.set_attn_implementation("sdpa")
    return _fuse(network)


def _fuse(network: Any) -> Any:
    """Replaces GPT-2's activation by torch's own kernel for the same formula, which is faster."""
    import torch

    for block in network.transformer.h:
        block.mlp.act = torch.nn.GELU(approximate="tanh")
    return network


def load_network(directory: Path | str) -> Any:
    """The GPT2LMHeadModel of a checkpoint or Hugging Face directory, safetensors only."""
    from transformers import GPT2LMHeadModel

    path = Path(directory)
    if not (path / checkpoint.WEIGHTS).is_file():
        raise CheckpointError(f"{path} has no {checkpoint.WEIGHTS}; give a checkpoint directory")
    return _fuse(
        GPT2LMHeadModel.from_pretrained(path, attn_implementation="sdpa", use_safetensors=True)
    )


def load_grown(directory: Path, tokens: tuple[str, ...]) -> Any:
    """A checkpoint's network, with random rows for words appended to the vocabulary since.

    Raises CheckpointError where its words are not the first of `tokens`.
    """
    import torch

    network = load_network(directory)
    known = json.loads((directory / checkpoint.VOCABULARY).read_text())["tokens"]
    if known != list(tokens[: len(known)]):
        raise CheckpointError(
            f"{directory} was trained with other words than those this version begins with; train"
            " from the start"
        )
    torch.manual_seed(0)
    network.resize_token_embeddings(len(tokens), mean_resizing=False)
    return network


def to_tensors(batch: Batch, device: Any) -> dict[str, Any]:
    """The batch on `device`, with its attention mask."""
    import torch

    def move(array: np.ndarray) -> Any:
        return torch.from_numpy(array).to(device)

    return {
        "tokens": move(batch.tokens),
        "positions": move(batch.positions),
        "targets": move(batch.targets),
        "weights": move(batch.weights),
        "bins": move(batch.bins),
        "kept": move(batch.kept),
        "mask": move(attention_mask(batch.documents, batch.segments)),
    }


def logits(network: Any, tensors: dict[str, Any]) -> Any:
    """float32 logits [rows, length, vocabulary] of a packed batch."""
    output = network(
        input_ids=tensors["tokens"],
        position_ids=tensors["positions"],
        attention_mask=tensors["mask"],
        use_cache=False,
    )
    return output.logits.float()


def weighted_loss(scores: Any, tensors: dict[str, Any], taught: Any = None) -> Any:
    """Mean cross entropy, in nats, over the tokens that bear loss, by their weights.

    `taught` are a teacher's logits [rows, length, words] of the rows that are `kept`, of the first
    words alone: there it is the divergence from what the teacher predicts.
    """
    import torch

    losses = torch.nn.functional.cross_entropy(
        scores.flatten(0, 1), tensors["targets"].flatten(), reduction="none"
    )
    if taught is not None:
        wanted = torch.log_softmax(taught, -1)
        kept = tensors["kept"].any(-1)
        ours = torch.log_softmax(scores[kept], -1)[..., : taught.shape[-1]]
        losses = losses.view(scores.shape[:2]).clone()
        losses[kept] = (wanted.exp() * (wanted - ours)).sum(-1)
        losses = losses.flatten()
    weights = tensors["weights"].flatten()
    return (losses * weights).sum() / weights.sum().clamp_min(1e-6)


def teach(teacher: Any, tensors: dict[str, Any], words: int) -> Any:
    """What a teacher predicts in the rows that are kept (`weighted_loss`); None without such."""
    import torch

    kept = tensors["kept"].any(-1)
    if not bool(kept.any()):
        return None
    part = {name: tensors[name][kept] for name in ("tokens", "positions", "mask")}
    with torch.no_grad():
        return logits(teacher, part)[..., :words]


def value_loss(scores: Any, tensors: dict[str, Any], perf: Sequence[int]) -> Any:
    """Mean cross entropy, in nats, of predicting the performance bin at every decision.

    Only the logits of the tokens `perf` count, so that the grammar's next token and the outcome
    share a position. It tells the network at which decision a schedule went wrong, where the
    token predicted at the end alone says little.
    """
    import torch

    bins = tensors["bins"].flatten()
    predicted = bins != NO_OUTCOME
    chosen = scores.flatten(0, 1)[predicted][:, list(perf)]
    losses = torch.nn.functional.cross_entropy(chosen, bins[predicted], reduction="sum")
    return losses / predicted.sum().clamp_min(1)


def autocast(device: Any, precision: Precision) -> Any:
    """The context of a forward pass. "auto": bfloat16 where the hardware multiplies it natively
    (on a CPU with AMX, 1.8 times the tokens per second of float32), otherwise float32."""
    import torch

    if precision == "auto":
        precision = "bf16" if _has_bf16(device) else "fp32"
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def _has_bf16(device: Any) -> bool:
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return device.type == "cpu" and ("amx_bf16" in flags or "avx512_bf16" in flags)


def publish_network(
    network: Any,
    directory: Path | str,
    *,
    tokens: tuple[str, ...] | None = None,
    vocabulary: str | None = None,
    extra: dict[str, bytes | Path] | None = None,
) -> Path:
    """Publish a trained network as a checkpoint, with its exported step. Returns `directory`."""
    from tlm_mlir.training.fit.export_step import export_bytes

    if tokens is None or vocabulary is None:
        from tlm_mlir.language import vocabulary as current

        tokens, vocabulary = current.TOKENS, current.digest()
    if len(tokens) != network.config.vocab_size:
        raise CheckpointError(
            f"the network has {network.config.vocab_size} tokens, the vocabulary {len(tokens)}; "
            "publish with the vocabulary it was trained with"
        )
    with tempfile.TemporaryDirectory() as scratch:
        network.save_pretrained(scratch, safe_serialization=True)
        files: dict[str, bytes | Path] = {
            checkpoint.CONFIG: Path(scratch) / checkpoint.CONFIG,
            checkpoint.WEIGHTS: Path(scratch) / checkpoint.WEIGHTS,
            checkpoint.STEP: export_bytes(network.cpu()),
        }
        return checkpoint.publish(directory, files, tokens, vocabulary=vocabulary, extra=extra)

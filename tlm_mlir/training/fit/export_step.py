# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports the schedule model's forward step to MLIR, for the IREE runtime (model/step.py).

The step is GPT-2's forward pass over a chunk of tokens that sees a cache of keys and values from
before, in the shapes of `model/shapes.py`. It is written out here rather than traced from
transformers, since four things decide its speed on IREE's CPU backend (measured):

- The cache comes as one argument per layer. A slice of a stacked one is copied on each call (5 ms).
- GELU is a product with a sigmoid. `torch.pow` and `tanh` took a third of the time.
- Attention is two batched matrix products, over the old and the new part, without concatenation.
- Its scores are bounded instead of reduced by their maximum (8% of `extend`). Those of a trained
  model are far below the bound, which only keeps a sum from overflowing.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlm_mlir.errors import CheckpointError
from tlm_mlir.model.checkpoint import WEIGHTS
from tlm_mlir.model.shapes import DECODE_WIDTHS, EXTEND_ROWS, PREFILL, ROW, decode_name, extend_name

PARAMETER_SCOPE = "model"
_SIGMOID_SCALE = -1.5957691216057308  # -2 sqrt(2/pi): tanh written as a sigmoid
_GELU_CUBE = 0.044715
_TOP = 60.0
"""Bound of attention scores: the sum of exp() of as many as there are positions is a float32."""
_LEAST = 1e-30
"""Bound of such a sum, for tokens that see nothing."""


def _step_module(gpt2: Any) -> Any:
    """A torch module with GPT2LMHeadModel's parameter names and the step as its forward."""
    import torch

    config = gpt2.config
    layers, heads = config.n_layer, config.n_head
    embedding = config.n_embd
    depth = embedding // heads

    def gelu(x: Any) -> Any:
        return x / (1 + torch.exp(_SIGMOID_SCALE * (x + _GELU_CUBE * x * x * x)))

    def linear(x: Any, layer: Any) -> Any:
        return torch.addmm(layer.bias, x, layer.weight)

    def attend(q: Any, k: Any, v: Any, mask: Any, past: Sequence[Any]) -> Any:
        new = torch.exp((q @ k.transpose(-1, -2) + mask).clamp(max=_TOP))
        total, result = new.sum(-1, keepdim=True), new @ v
        if past:
            past_mask, past_k, past_v = past
            old = torch.exp((q @ past_k + past_mask).clamp(max=_TOP))
            total, result = total + old.sum(-1, keepdim=True), result + old @ past_v
        # Padding sees nothing; NaN in its values would spread, since 0 * NaN is NaN.
        return result / total.clamp(min=_LEAST)

    class Step(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = gpt2.transformer

        def forward(self, tokens: Any, positions: Any, mask: Any, *past: Any) -> Any:
            """tokens, positions [P,Q]; mask [P,Q,Q]; past: mask [P,Q,L], then keys [P,H,D,L] and
            values [P,H,L,D] per layer. Returns logits [P,Q,V] (only with past) and the new keys
            and values [2*layers,P,H,Q,D]."""
            net = self.transformer
            rows, length = tokens.shape
            mask = mask[:, None]
            past_mask = past[0][:, None] if past else None
            x = (net.wte(tokens) + net.wpe(positions)).reshape(rows * length, embedding)
            made = []
            for i, block in enumerate(net.h):
                qkv = linear(block.ln_1(x), block.attn.c_attn)
                qkv = qkv.reshape(rows, length, 3, heads, depth).permute(2, 0, 3, 1, 4)
                q, k, v = qkv[0] * depth**-0.5, qkv[1], qkv[2]
                made += [k, v]
                old = (past_mask, past[1 + 2 * i], past[2 + 2 * i]) if past else ()
                a = attend(q, k, v, mask, old).transpose(1, 2).reshape(rows * length, embedding)
                x = x + linear(a, block.attn.c_proj)
                x = x + linear(gelu(linear(block.ln_2(x), block.mlp.c_fc)), block.mlp.c_proj)
            cache = torch.stack(made)
            if not past:
                return cache
            logits = net.ln_f(x) @ net.wte.weight.T
            return logits.reshape(rows, length, -1), cache

    assert len(gpt2.transformer.h) == layers
    return Step().eval()


def _arguments(config: Any, rows: int, length: int, past: bool) -> tuple[Any, ...]:
    import torch

    heads, depth = config.n_head, config.n_embd // config.n_head
    # No tensor twice: torch.export takes two arguments that are one object for one argument.
    arguments = [torch.zeros(rows, length, dtype=torch.int32) for _ in ("tokens", "positions")]
    arguments.append(torch.zeros(rows, length, length))
    if past:
        slots = 64  # only an example: the dimension is dynamic
        arguments.append(torch.zeros(rows, length, slots))
        for _ in range(config.n_layer):
            arguments.append(torch.zeros(rows, heads, depth, slots))
            arguments.append(torch.zeros(rows, heads, slots, depth))
    return tuple(arguments)


def export_step(gpt2: Any, path: Path | str) -> Path:
    """Write the step of a `GPT2LMHeadModel` to `path` as MLIR; weights stay outside.

    Their names in the MLIR, scope "model", are the keys of the checkpoint's model.safetensors. The
    given model is not changed.
    """
    import copy

    import torch
    from iree.turbine.aot import export, externalize_module_parameters
    from iree.turbine.aot.fx_programs import FxProgramsBuilder

    if gpt2.config.activation_function != "gelu_new":
        raise CheckpointError(
            f"the model's activation is {gpt2.config.activation_function!r}, the step knows "
            "'gelu_new'; train with GPT-2's own"
        )
    module = _step_module(copy.deepcopy(gpt2).float())
    externalize_module_parameters(module, external_scope=PARAMETER_SCOPE)
    builder = FxProgramsBuilder(module)
    slots = torch.export.Dim("slots", min=2, max=4 * gpt2.config.n_positions)
    layer_dims = [{3: slots}, {2: slots}] * gpt2.config.n_layer

    def add(name: str, rows: int, length: int, past: bool) -> None:
        dims = (None, None, None, *([{2: slots}, *layer_dims] if past else []))

        def call(root: Any, *a: Any) -> Any:
            return root(*a)

        builder.export_program(
            call,
            name=name,
            args=_arguments(gpt2.config, rows, length, past),
            dynamic_shapes={"a": dims},
            strict=False,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        add("prefill", *PREFILL, past=False)
        for rows in EXTEND_ROWS:
            add(extend_name(rows), rows, ROW, past=True)
        for width in DECODE_WIDTHS:
            add(decode_name(width), width, 1, past=True)
        export(builder).save_mlir(Path(path))
    return Path(path)


def export_bytes(gpt2: Any) -> bytes:
    """The step of a `GPT2LMHeadModel` as MLIR text, what `model.checkpoint.publish` takes."""
    with tempfile.TemporaryDirectory() as scratch:
        return export_step(gpt2, Path(scratch) / "step.mlir").read_bytes()


def main(arguments: Sequence[str] | None = None) -> int:
    """Export the forward step of the GPT-2 in a checkpoint as MLIR."""
    parser = argparse.ArgumentParser(prog="tlm-mlir export-step", description=main.__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args(arguments)
    if not (options.checkpoint / WEIGHTS).is_file():
        parser.error(f"{options.checkpoint} has no {WEIGHTS}; give a Hugging Face directory")
    from transformers import GPT2LMHeadModel

    export_step(GPT2LMHeadModel.from_pretrained(options.checkpoint), options.output)
    return 0

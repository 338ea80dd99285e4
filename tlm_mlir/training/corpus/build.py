# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns a row of `corpus/networks.py` or `corpus/sizes.py` into a torch module.

Imports torch: others import this file where they build a network, not at their head."""

from __future__ import annotations

import logging

import torch
from torch import nn
from torch.nn.utils import parametrize

from . import torch_models
from .spec import Network

_DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}

OWN = "torch_models."
"""How the name of a class of `torch_models` begins in the tables."""

# Every vocabulary in the table is larger than this, so that a random token is always in range.
_SMALLEST_VOCABULARY = 100


class OneTensor(nn.Module):
    """A model of transformers with tensors by position as inputs and one tensor as its result."""

    def __init__(self, model: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        result = self.model(**dict(zip(self.names, inputs, strict=True)))
        while not isinstance(result, torch.Tensor):
            result = result[0]
        return result


def build(network: Network, seed: int = 0) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """Return the network's module in inference mode and example inputs.

    The module's result is one tensor. Weights and inputs are random and depend only on `seed`.
    """
    torch.manual_seed(seed)
    dtype = _DTYPES[network.dtype]
    if network.model.startswith(OWN):
        module = getattr(torch_models, network.model.removeprefix(OWN))(**network.options)
    else:
        names = tuple(tensor.name for tensor in network.variant.inputs)
        module = OneTensor(_transformers_model(network), names)
    inputs = tuple(
        torch.randint(3, _SMALLEST_VOCABULARY, tensor.shape)
        if tensor.kind == "token"
        else torch.randn(tensor.shape, dtype=dtype)
        for tensor in network.variant.inputs
    )
    return module.eval().requires_grad_(False).to(dtype), inputs


def _transformers_model(network: Network) -> nn.Module:
    import transformers
    from transformers import masking_utils
    from transformers.utils import logging as messages

    messages.set_verbosity(logging.ERROR)  # small vocabularies lack the special tokens

    # The mask of packed sequences needs torch.aten.diff, which IREE cannot legalize; nothing here
    # is packed, and for such inputs transformers itself returns None outside of tracing.
    masking_utils.find_packed_sequence_indices = lambda position_ids: None
    model_class = getattr(transformers, network.model)
    config = model_class.config_class(**network.options)
    config.use_cache = False
    if network.variant.image_size and hasattr(config, "image_size"):
        config.image_size = network.variant.image_size
    attention = "sdpa" if getattr(model_class, "_supports_sdpa", False) else "eager"
    model: nn.Module = model_class._from_config(config, attn_implementation=attention)
    for module in list(model.modules()):  # weight norm: fold it into the weight
        for name in list(getattr(module, "parametrizations", ())):
            parametrize.remove_parametrizations(module, name)
    return model

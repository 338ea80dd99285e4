# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The commonest architectures at many sizes: more shapes of the ops that most networks consist of.

Tables like `networks`, which joins them to its own. No row is a held-out network, and what still
occurs in one (a 1x1 convolution of equal shape, say) stays out of the corpus by its root key.
"""

from __future__ import annotations

from .spec import Network, images, tabulate, tensors, tokens

_BOTTLENECK = (
    *((32, 224), (40, 256), (48, 224), (48, 288), (56, 192), (64, 160), (64, 288), (64, 320)),
    *((72, 224), (80, 192), (80, 256), (96, 160), (96, 224)),
    *((24, 224), (32, 192), (32, 288), (40, 224), (48, 192), (48, 256), (56, 224), (56, 256)),
    *((64, 128), (64, 192), (64, 208), (64, 240), (72, 256), (80, 224), (88, 224), (96, 192)),
    *((112, 224), (128, 160), (128, 224)),
)
"""(channels of the first stage's 3x3 convolutions, image size in pixels)."""
_BASIC = (
    *((32, 192), (32, 256), (48, 224), (64, 192), (64, 256), (64, 288), (80, 160), (80, 224)),
    *((96, 224), (112, 192)),
)
"""(channels of the first stage, image size in pixels)."""
_ENCODER = (
    *((256, 128), (384, 192), (512, 64), (512, 256), (640, 128), (768, 48), (768, 96), (768, 192)),
    *((768, 320), (768, 512), (896, 160), (1024, 128), (1024, 512), (1280, 128)),
)
_DECODER = (
    *((512, 128), (768, 64), (768, 160), (768, 256), (768, 384), (1024, 128), (1280, 96)),
    (1600, 128),
)
"""(width, tokens); heads are of 64 and the inner layer is four times as wide, here and above."""
_LLAMA = (
    *((2048, 5632, 96), (2048, 8192, 192), (2560, 6912, 128), (3072, 8192, 64), (3072, 8192, 160)),
    *((3584, 9728, 128), (4096, 11008, 16), (4096, 11008, 48), (4096, 11008, 64)),
    *((4096, 14336, 96), (5120, 13824, 32)),
)
"""(width, inner width, tokens); heads are of 128."""


def _resnets() -> list[Network]:
    model, depths = "ResNetForImageClassification", [2, 2, 2, 2]
    found = []
    for width, size in _BOTTLENECK:
        found += tabulate(
            f"bottleneck_{width}", "resnet", model, images((1, size)), embedding_size=width,
            hidden_sizes=[width * scale for scale in (4, 8, 16, 32)], depths=depths,
        )  # fmt: skip
    for width, size in _BASIC:
        found += tabulate(
            f"basic_{width}", "resnet", model, images((1, size)), layer_type="basic",
            embedding_size=width, hidden_sizes=[width * scale for scale in (1, 2, 4, 8)],
            depths=depths,
        )  # fmt: skip
    return found


def _transformers() -> list[Network]:
    found = []
    for width, length in _ENCODER:
        found += tabulate(
            f"encoder_{width}", "bert", "BertModel", tokens((1, length)), hidden_size=width,
            num_attention_heads=width // 64, intermediate_size=4 * width, num_hidden_layers=1,
            vocab_size=1000,
        )  # fmt: skip
    for width, length in _DECODER:
        found += tabulate(
            f"decoder_{width}", "gpt2", "GPT2Model", tokens((1, length)), n_embd=width,
            n_head=width // 64, n_layer=1, vocab_size=1000,
        )  # fmt: skip
    for width, inner, length in _LLAMA:
        found += tabulate(
            f"llama_{width}_{inner}", "llama", "torch_models.LlamaLayer",
            tensors(f"b1_s{length}", hidden_states=(1, length, width)), hidden_size=width,
            intermediate_size=inner, num_attention_heads=width // 128,
        )  # fmt: skip
    return found


SIZES: tuple[Network, ...] = (*_resnets(), *_transformers())
HALF: tuple[Network, ...] = tuple(network.in_half() for network in SIZES[::3])
"""Some of them in 16-bit floats, which matrix units multiply."""

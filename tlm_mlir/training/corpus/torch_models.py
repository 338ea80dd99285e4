# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models written by hand, for architectures that transformers lacks; their parameters are random.

Imports torch: others import this file where they build a network, not at their head."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class LlamaLayer(nn.Module):
    """One decoder layer of a LLaMA, without cache.

    Input and result: hidden states, batch x tokens x hidden size.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        from transformers import LlamaConfig
        from transformers.models.llama import modeling_llama

        config = LlamaConfig(num_hidden_layers=1, use_cache=False, **options)
        config._attn_implementation = "sdpa"
        self.layer = modeling_llama.LlamaDecoderLayer(config, 0)
        self.rotary = modeling_llama.LlamaRotaryEmbedding(config)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(hidden_states.shape[1]).unsqueeze(0)
        result: torch.Tensor = self.layer(
            hidden_states, position_embeddings=self.rotary(hidden_states, positions)
        )
        return result


def _convolution(
    inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """A "same" convolution, batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(),
    )


class _Classifier(nn.Sequential):
    """Layers over an image, the mean over its pixels and a linear layer of 1000 classes."""

    def __init__(self, *layers: nn.Module, channels: int) -> None:
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
        super().__init__(*layers, *pool)


class VGG(nn.Sequential):
    """VGG-11: convolutions with bias and no norm, max pools, three big linear layers."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = 3
        for width, depth in ((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)):
            for _ in range(depth):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 4096), nn.ReLU()]
        super().__init__(*layers, nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))


class _Fire(nn.Module):
    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze, self.left = nn.Conv2d(channels, squeeze, 1), nn.Conv2d(squeeze, expand, 1)
        self.right = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.left(x), self.right(x)], 1))


class SqueezeNet(_Classifier):
    """SqueezeNet 1.1's fire modules: few channels, concatenated convolutions."""

    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(_Fire(64, 16, 64), _Fire(128, 16, 64), nn.MaxPool2d(3, 2)),
            *(_Fire(128, 32, 128), _Fire(256, 32, 128), nn.MaxPool2d(3, 2)),
            *(_Fire(256, 48, 192), _Fire(384, 64, 256)),
            channels=512,
        )


class _Dense(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            _convolution(channels, 4 * growth, 1),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, self.layers(x)], 1)


class DenseNet(_Classifier):
    """DenseNet with three dense layers a block: norm before convolution, growing channels."""

    def __init__(self, growth: int = 32) -> None:
        layers: list[nn.Module] = [_convolution(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for _ in range(4):
            for _ in range(3):
                layers.append(_Dense(channels, growth))
                channels += growth
            layers += [nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.AvgPool2d(2)]
            channels *= 2
        super().__init__(*layers, channels=channels)


class _Branches(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        half = width // 2
        self.one = _convolution(channels, width, 1)
        self.three = nn.Sequential(_convolution(channels, width, 1), _convolution(width, width, 3))
        narrow = _convolution(channels, half // 2, 1)
        self.five = nn.Sequential(narrow, _convolution(half // 2, half, 5))
        wide = nn.Conv2d(channels, half, (1, 7), padding=(0, 3))
        self.seven = nn.Sequential(wide, nn.Conv2d(half, half, (7, 1), padding=(3, 0)), nn.ReLU())
        self.pool = nn.Sequential(nn.AvgPool2d(3, 1, 1), _convolution(channels, width, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.seven(x), self.pool(x)], 1)


class Inception(_Classifier):
    """Inception's parallel branches, with 5x5, 1x7 and 7x1 convolutions."""

    def __init__(self) -> None:
        super().__init__(
            *(_convolution(3, 32, 3, 2), _convolution(32, 64, 3), nn.MaxPool2d(3, 2, 1)),
            *(_convolution(64, 192, 5, 2), _Branches(192, 64), nn.MaxPool2d(3, 2, 1)),
            *(_Branches(256, 128), nn.MaxPool2d(3, 2, 1), _Branches(512, 192)),
            channels=768,
        )


class _Shuffle(nn.Module):
    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        inner = channels // 4
        self.groups = groups
        self.reduce = _convolution(channels, inner, 1, groups=groups)
        depthwise = nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=False)
        self.depthwise = nn.Sequential(depthwise, nn.BatchNorm2d(inner))
        self.expand = nn.Conv2d(inner, channels, 1, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.reduce(x).unflatten(1, (self.groups, -1)).transpose(1, 2).flatten(1, 2)
        return F.relu(x + self.expand(self.depthwise(y)))


class ShuffleNet(_Classifier):
    """ShuffleNet's grouped 1x1 convolutions and channel shuffles."""

    def __init__(self, groups: int = 3) -> None:
        layers: list[nn.Module] = [_convolution(3, 24, 3, 2), nn.MaxPool2d(3, 2, 1)]
        channels = 24
        for width in (240, 480, 960):
            layers += [_convolution(channels, width, 3, 2), _Shuffle(width, groups)]
            channels = width
        super().__init__(*layers, channels=channels)


class _MixerBlock(nn.Module):
    def __init__(self, patches: int, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix = nn.Sequential(nn.Linear(patches, 256), nn.GELU(), nn.Linear(256, patches))
        self.channels = nn.Sequential(nn.Linear(width, 2048), nn.GELU(), nn.Linear(2048, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.mix(self.first(x).transpose(1, 2)).transpose(1, 2)
        result: torch.Tensor = x + self.channels(self.second(x))
        return result


class Mixer(nn.Module):
    """MLP-Mixer S/16 with two blocks, for 224 x 224 pixels."""

    def __init__(self, patches: int = 196, width: int = 512) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, width, 16, 16)
        self.blocks = nn.Sequential(_MixerBlock(patches, width), _MixerBlock(patches, width))
        self.head = nn.Linear(width, 1000)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.embed(pixels).flatten(2).transpose(1, 2))
        result: torch.Tensor = self.head(x.mean(1))
        return result


class _Attention(nn.Module):
    """Attention of batch x tokens x width over a context of its own or of another width."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width, bias=False), nn.Linear(width, width)
        self.keys = nn.Linear(context, width, bias=False)
        self.values = nn.Linear(context, width, bias=False)

    def forward(self, x: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.query(x), self.keys(context), self.values(context))
        )
        y = F.scaled_dot_product_attention(query, key, value)
        result: torch.Tensor = self.out(y.transpose(1, 2).flatten(2))
        return result


class _UNetResidual(nn.Module):
    def __init__(self, inner: int, outer: int, time: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(width, outer, 3, padding=1) for width in (inner, outer))
        self.first = nn.Sequential(nn.GroupNorm(32, inner), nn.SiLU(), first)
        self.time = nn.Linear(time, outer)
        self.second = nn.Sequential(nn.GroupNorm(32, outer), nn.SiLU(), second)
        self.skip = nn.Conv2d(inner, outer, 1)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        y = self.first(x) + self.time(time)[:, :, None, None]
        result: torch.Tensor = self.second(y) + self.skip(x)
        return result


class _UNetTransformer(nn.Module):
    def __init__(self, width: int, text: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.own, self.cross = _Attention(width, 8, width), _Attention(width, 8, text)
        self.gate, self.out = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, image: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        x: torch.Tensor = image.flatten(2).transpose(1, 2)
        y = self.norms[0](x)
        x = x + self.own(y, y)
        x = x + self.cross(self.norms[1](x), text)
        y, gate = self.gate(self.norms[2](x)).chunk(2, -1)
        x = x + self.out(y * F.gelu(gate))
        result: torch.Tensor = x.transpose(1, 2).reshape(image.shape)
        return result


class UNet(nn.Module):
    """A latent diffusion U-Net of two levels: group norm, cross attention, a skip connection.

    Inputs: sample batch x 4 x height x width, time embedding batch x width, text batch x tokens x
    text width. Result: like the sample.
    """

    def __init__(self, width: int = 320, text_width: int = 768) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU())
        self.enter = nn.Conv2d(4, width, 3, padding=1)
        self.leave = nn.Conv2d(width, 4, 3, padding=1)
        self.down = nn.Conv2d(width, width, 3, 2, 1)
        self.outer = _UNetResidual(width, width, 4 * width)
        self.outer_text = _UNetTransformer(width, text_width)
        self.inner = _UNetResidual(width, 2 * width, 4 * width)
        self.inner_text = _UNetTransformer(2 * width, text_width)
        self.last = _UNetResidual(3 * width, width, 4 * width)

    def forward(self, sample: torch.Tensor, time: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        time = self.time(time)
        outer = self.outer_text(self.outer(self.enter(sample), time), text)
        inner = self.inner_text(self.inner(self.down(outer), time), text)
        x = torch.cat([outer, F.interpolate(inner, scale_factor=2.0, mode="nearest")], 1)
        result: torch.Tensor = self.leave(self.last(x, time))
        return result


class DiTBlock(nn.Module):
    """A diffusion transformer's block: its norms are scaled and shifted by a condition.

    Inputs: tokens batch x length x width, condition batch x width. Result: like the tokens.
    """

    def __init__(self, width: int = 768, heads: int = 12) -> None:
        super().__init__()
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = _Attention(width, heads, width)
        up, down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.inner = nn.Sequential(up, nn.GELU("tanh"), down)

    def forward(self, tokens: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        a, b, c, d, e, f = self.modulation(condition).unsqueeze(1).chunk(6, -1)
        x = self.norm(tokens) * (1 + a) + b
        tokens = tokens + c * self.attention(x, x)
        result: torch.Tensor = tokens + f * self.inner(self.norm(tokens) * (1 + d) + e)
        return result


class DecodeStep(nn.Module):
    """One decoder layer on one new token, with the keys and values of the earlier ones as inputs.

    Inputs: hidden batch x 1 x width; keys and values batch x heads x length x width / heads.
    Result: like hidden.
    """

    def __init__(self, width: int = 2048, heads: int = 32, inner: int = 5632) -> None:
        super().__init__()
        self.heads, self.first, self.second = heads, nn.RMSNorm(width), nn.RMSNorm(width)
        self.query, self.out = (nn.Linear(width, width, bias=False) for _ in range(2))
        self.gate, self.up = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, width, bias=False)

    def forward(
        self, hidden: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        query = self.query(self.first(hidden)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(query, keys, values)
        hidden = hidden + self.out(y.transpose(1, 2).flatten(2))
        y = self.second(hidden)
        result: torch.Tensor = hidden + self.down(F.silu(self.gate(y)) * self.up(y))
        return result

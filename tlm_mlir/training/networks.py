# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks whose dispatches form the training corpus, and those held out of it.

This file is a table: a row says which architecture, with which configuration, at which shapes.
Nothing is downloaded, weights are random; only shapes and operations matter. Big models are
truncated to one or a few layers, because a repeated layer adds no new workload.

Importing this file imports neither torch nor transformers; `Network.build` does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


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

    `model` is a class of transformers, or `plain.NAME` for a class of `training/plain.py`.
    `options` are the keyword arguments of its configuration. `dtype` is the element type of weights
    and activations: "f32", "f16" or "bf16".
    """

    name: str
    family: str
    model: str
    options: Mapping[str, Any]
    variant: Variant
    dtype: str = "f32"

    def build(self, seed: int = 0) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
        """Return the module in inference mode, with one tensor as its result, and example inputs.

        Weights and inputs are random and depend only on `seed`.
        """
        from tlm_mlir.training import plain

        return plain.build(self, seed)


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


def _networks(
    name: str,
    family: str,
    model: str,
    variants: tuple[Variant, ...],
    dtype: str = "f32",
    /,
    **options: Any,
) -> list[Network]:
    suffix = "" if dtype == "f32" else f"_{dtype}"
    return [
        Network(f"{name}_{variant.label}{suffix}", family, model, options, variant, dtype)
        for variant in variants
    ]


def _held_out(
    name: str, family: str, model: str, variants: tuple[Variant, ...], **options: Any
) -> Network:
    (network,) = _networks(name, family, model, variants, **options)
    return dataclasses.replace(network, name=name)


HELD_OUT: dict[str, Network] = {
    network.name: network
    for network in (
        _held_out(
            "resnet50",
            "resnet",
            "ResNetForImageClassification",
            images((1, 224)),
            num_labels=1000,
        ),
        _held_out("bert_base_128", "bert", "BertModel", tokens((1, 128))),
        _held_out("gpt2_128", "gpt2", "GPT2Model", tokens((1, 128))),
        _held_out(
            "llama7b_layer_128",
            "llama",
            "plain.LlamaLayer",
            tensors("b1_s128", hidden_states=(1, 128, 4096)),
            hidden_size=4096,
            intermediate_size=11008,
            num_attention_heads=32,
        ),
    )
}
"""Never trained on, nor any workload that occurs in them."""

_BERT = {"num_hidden_layers": 2, "vocab_size": 1000}
_SMALL = {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536}
_DECODER = {"num_hidden_layers": 1, "vocab_size": 1000, "pad_token_id": 0}
_CLASSES = {"num_labels": 1000}

_VISION = (
    *_networks("resnet18", "resnet", "ResNetForImageClassification", images((1, 224), (4, 160)),
               layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
               **_CLASSES),
    *_networks("resnet_bottleneck", "resnet", "ResNetForImageClassification",
               images((1, 256), (4, 192)), depths=[2, 2, 2, 2], **_CLASSES),
    *_networks("resnet18", "resnet", "ResNetForImageClassification", images((1, 224)), "f16",
               layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
               **_CLASSES),
    *_networks("regnet_y_004", "regnet", "RegNetForImageClassification", images((1, 224), (4, 192)),
               hidden_sizes=[48, 104, 208, 440], depths=[1, 3, 6, 6], groups_width=8, **_CLASSES),
    *_networks("regnet_x_032", "regnet", "RegNetForImageClassification", images((1, 224)),
               hidden_sizes=[96, 192, 432, 1008], depths=[2, 2, 3, 2], groups_width=48,
               layer_type="x", **_CLASSES),
    *_networks("convnext_tiny", "convnext", "ConvNextForImageClassification",
               images((1, 224), (4, 160)), depths=[2, 2, 2, 2], **_CLASSES),
    *_networks("convnextv2_nano", "convnext", "ConvNextV2ForImageClassification", images((1, 256)),
               depths=[2, 2, 2, 2], hidden_sizes=[80, 160, 320, 640], **_CLASSES),
    *_networks("mobilenet_v1", "mobilenet", "MobileNetV1ForImageClassification",
               images((1, 224), (4, 192), (1, 160)), **_CLASSES),
    *_networks("mobilenet_v2", "mobilenet", "MobileNetV2ForImageClassification",
               images((1, 224), (4, 160)), **_CLASSES),
    *_networks("mobilenet_v2_140", "mobilenet", "MobileNetV2ForImageClassification",
               images((1, 192)), depth_multiplier=1.4, **_CLASSES),
    *_networks("efficientnet_b0", "efficientnet", "EfficientNetModel", images((1, 224), (2, 192)),
               width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280),
    *_networks("poolformer_s12", "poolformer", "PoolFormerForImageClassification",
               images((1, 224), (4, 160)), **_CLASSES),
    *_networks("segformer_b0", "segformer", "SegformerForSemanticSegmentation", images((1, 256)),
               num_labels=150),
    *_networks("mobilevit_small", "mobilevit", "MobileViTForImageClassification",
               images((1, 256), (2, 192)), **_CLASSES),
    *_networks("levit_128s", "levit", "LevitForImageClassification", images((1, 224), (4, 224)),
               **_CLASSES),
    *_networks("cvt13", "cvt", "CvtForImageClassification", images((1, 224)), depth=[1, 2, 3],
               **_CLASSES),
    *_networks("bit_r26", "bit", "BitForImageClassification", images((1, 192)), depths=[2, 2, 2, 2],
               **_CLASSES),
    *_networks("focalnet_tiny", "focalnet", "FocalNetForImageClassification", images((1, 224)),
               depths=[1, 1, 2, 1], **_CLASSES),
    *_networks("pvt_v2_b0", "pvt", "PvtV2ForImageClassification", images((1, 224)),
               depths=[1, 1, 1, 1], **_CLASSES),
    *_networks("swiftformer_xs", "swiftformer", "SwiftFormerForImageClassification",
               images((1, 224)), **_CLASSES),
    *_networks("vit_base", "vit", "ViTForImageClassification", images((1, 224), (4, 224)),
               num_hidden_layers=2, **_CLASSES),
    *_networks("vit_base", "vit", "ViTForImageClassification", images((1, 224)), "f16",
               num_hidden_layers=2, **_CLASSES),
    *_networks("vit_small", "vit", "ViTForImageClassification", images((1, 256), (4, 160)),
               num_hidden_layers=2, **_SMALL, **_CLASSES),
    *_networks("vit_large", "vit", "ViTForImageClassification", images((1, 192)),
               num_hidden_layers=1, hidden_size=1024, num_attention_heads=16,
               intermediate_size=4096, **_CLASSES),
    *_networks("deit_tiny", "deit", "DeiTForImageClassification", images((1, 224), (4, 224)),
               num_hidden_layers=2, hidden_size=192, num_attention_heads=3, intermediate_size=768,
               **_CLASSES),
    *_networks("swin_tiny", "swin", "SwinForImageClassification", images((1, 224), (2, 224)),
               depths=[2, 2, 2, 2], **_CLASSES),
    *_networks("swinv2_tiny", "swin", "Swinv2ForImageClassification", images((1, 256)),
               depths=[2, 2, 2, 2], window_size=8, **_CLASSES),
    *_networks("beit_base", "beit", "BeitForImageClassification", images((1, 224)),
               num_hidden_layers=2, **_CLASSES),
    *_networks("dinov2_small", "dinov2", "Dinov2Model", images((1, 224), (2, 280)),
               num_hidden_layers=2, hidden_size=384, num_attention_heads=6, patch_size=14),
    *_networks("clip_vision_b32", "clip", "CLIPVisionModel", images((1, 224), (4, 224)),
               num_hidden_layers=2),
    *_networks("siglip_b16", "clip", "SiglipVisionModel", images((1, 224)), num_hidden_layers=2),
    *_networks("swin2sr", "superresolution", "Swin2SRForImageSuperResolution", images((1, 64)),
               depths=[2, 2], num_heads=[6, 6]),
    *_networks("vgg11", "vgg", "plain.VGG", images((1, 224), (2, 192))),
    *_networks("squeezenet", "squeezenet", "plain.SqueezeNet", images((1, 224), (4, 192))),
    *_networks("densenet", "densenet", "plain.DenseNet", images((1, 224))),
    *_networks("inception", "inception", "plain.Inception", images((1, 224), (2, 160))),
    *_networks("shufflenet", "shufflenet", "plain.ShuffleNet", images((1, 224))),
    *_networks("mixer_s16", "mixer", "plain.Mixer", images((1, 224), (4, 224))),
    *_networks("unet_320", "diffusion", "plain.UNet",
               tensors("b1_r32", sample=(1, 4, 32, 32), time=(1, 320), text=(1, 77, 768))),
    *_networks("unet_128", "diffusion", "plain.UNet",
               tensors("b2_r64", sample=(2, 4, 64, 64), time=(2, 128), text=(2, 77, 512)),
               width=128, text_width=512),
    *_networks("dit_b4", "diffusion", "plain.DiTBlock",
               tensors("b2_s256", tokens=(2, 256, 768), condition=(2, 768))),
)  # fmt: skip

_TEXT = (
    *_networks("bert_large", "bert", "BertModel", tokens((1, 64), (1, 256), (1, 384)),
               hidden_size=1024, num_attention_heads=16, intermediate_size=4096, **_BERT),
    *_networks("minilm", "bert", "BertModel", tokens((4, 64), (1, 256)), hidden_size=384,
               intermediate_size=1536, **_BERT),
    *_networks("roberta_base", "roberta", "RobertaForSequenceClassification", tokens((1, 197)),
               num_hidden_layers=2, vocab_size=1000),
    *_networks("distilbert", "distilbert", "DistilBertForMaskedLM", tokens((1, 256), (4, 64)),
               n_layers=2),
    *_networks("albert_base", "albert", "AlbertModel", tokens((1, 256), (2, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, **_BERT),
    *_networks("electra_small", "electra", "ElectraModel", tokens((1, 128), (4, 384)), **_BERT),
    *_networks("mobilebert", "mobilebert", "MobileBertModel", tokens((1, 128), (2, 384)), **_BERT),
    *_networks("deberta_v2", "deberta", "DebertaV2Model", tokens((1, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, relative_attention=True,
               pos_att_type=["p2c", "c2p"], position_buckets=256, **_BERT),
    *_networks("mpnet", "mpnet", "MPNetModel", tokens((1, 384)), **_BERT),
    *_networks("squeezebert", "squeezebert", "SqueezeBertModel", tokens((1, 128)), **_BERT),
    *_networks("modernbert", "modernbert", "ModernBertModel", tokens((1, 256)), num_hidden_layers=3,
               vocab_size=1000, pad_token_id=0),
    *_networks("roformer", "roformer", "RoFormerModel", tokens((1, 256)), embedding_size=768,
               **_BERT),
    *_networks("convbert", "convbert", "ConvBertModel", tokens((1, 128)), **_BERT),
    *_networks("xlnet", "xlnet", "XLNetModel", tokens((1, 128)), n_layer=1, vocab_size=1000),
    *_networks("gpt2_medium", "gpt2", "GPT2Model", tokens((1, 64), (2, 256)), n_embd=1024,
               n_head=16, n_layer=2, vocab_size=1000),
    *_networks("opt_125m", "opt", "OPTModel", tokens((1, 64), (1, 256)), num_hidden_layers=2,
               vocab_size=1000),
    *_networks("pythia_160m", "gpt_neox", "GPTNeoXForCausalLM", tokens((1, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, num_hidden_layers=2),
    *_networks("bloom_560m", "bloom", "BloomModel", tokens((1, 128)), hidden_size=1024, n_head=16,
               n_layer=2, vocab_size=1000),
    *_networks("falcon_1b", "falcon", "FalconModel", tokens((1, 128)), hidden_size=2048,
               num_attention_heads=32, alibi=False, **_DECODER),
    *_networks("phi_1_5", "phi", "PhiModel", tokens((1, 128)), **_DECODER),
    *_networks("phi3_mini", "phi", "Phi3Model", tokens((1, 64)), **_DECODER),
    *_networks("qwen2_05b", "qwen", "Qwen2Model", tokens((1, 1), (1, 128), (1, 384)),
               hidden_size=896, num_attention_heads=14, num_key_value_heads=2,
               intermediate_size=4864, **_DECODER),
    *_networks("qwen2_05b", "qwen", "Qwen2Model", tokens((1, 128)), "bf16", hidden_size=896,
               num_attention_heads=14, num_key_value_heads=2, intermediate_size=4864, **_DECODER),
    *_networks("qwen3_06b", "qwen", "Qwen3Model", tokens((1, 1), (1, 256)), hidden_size=1024,
               num_attention_heads=16, num_key_value_heads=8, head_dim=128, intermediate_size=3072,
               **_DECODER),
    *_networks("gemma_2b", "gemma", "GemmaModel", tokens((1, 64)), hidden_size=2048,
               num_attention_heads=8, num_key_value_heads=1, intermediate_size=16384, **_DECODER),
    *_networks("gemma2_2b", "gemma", "Gemma2Model", tokens((1, 128)), **_DECODER),
    *_networks("tinyllama", "llama", "LlamaModel", tokens((1, 1), (1, 128), (1, 384)),
               hidden_size=2048, num_attention_heads=32, num_key_value_heads=4,
               intermediate_size=5632, **_DECODER),
    *_networks("llama_1b", "llama", "LlamaModel", tokens((1, 64), (4, 1)), hidden_size=2048,
               num_attention_heads=32, num_key_value_heads=8, intermediate_size=8192, **_DECODER),
    *_networks("smollm", "llama", "LlamaForCausalLM", tokens((1, 1), (1, 197)), hidden_size=576,
               num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536,
               num_hidden_layers=1, vocab_size=49152),
    *_networks("stablelm_3b", "stablelm", "StableLmModel", tokens((1, 64)), **_DECODER),
    *_networks("olmo2_1b", "olmo", "Olmo2Model", tokens((1, 128)), hidden_size=2048,
               num_attention_heads=16, intermediate_size=8192, **_DECODER),
    *_networks("decode", "llama", "plain.DecodeStep",
               tensors("b1_s512", hidden=(1, 1, 2048), keys=(1, 32, 512, 64),
                       values=(1, 32, 512, 64))),
    *_networks("decode_small", "llama", "plain.DecodeStep",
               tensors("b8_s128", hidden=(8, 1, 768), keys=(8, 12, 128, 64),
                       values=(8, 12, 128, 64)), width=768, heads=12, inner=3072),
    *_networks("clip_text", "clip", "CLIPTextModel", tokens((1, 77)), num_hidden_layers=2),
    *_networks("t5_small", "t5", "T5Model", translation((1, 128, 64)), num_layers=2,
               vocab_size=1000, decoder_start_token_id=0),
    *_networks("bart_base", "bart", "BartModel", translation((1, 128, 64)), d_model=768,
               encoder_layers=2, decoder_layers=2, encoder_ffn_dim=3072, decoder_ffn_dim=3072,
               encoder_attention_heads=12, decoder_attention_heads=12, vocab_size=1000),
)  # fmt: skip

_AUDIO = (
    *_networks("whisper_tiny", "whisper", "WhisperModel",
               tensors("b1", input_features=(1, 80, 3000), decoder_input_ids=(1, 32)), d_model=384,
               encoder_layers=2, decoder_layers=2, encoder_attention_heads=6,
               decoder_attention_heads=6, encoder_ffn_dim=1536, decoder_ffn_dim=1536),
    *_networks("wav2vec2_base", "wav2vec2", "Wav2Vec2Model", tensors("b1", input_values=(1, 16000)),
               num_hidden_layers=2),
    *_networks("ast", "ast", "ASTModel", tensors("b1", input_values=(1, 512, 128)),
               num_hidden_layers=2, max_length=512),
    *_networks("hifigan", "vocoder", "SpeechT5HifiGan", tensors("b1", spectrogram=(1, 64, 80))),
)  # fmt: skip

TRAINING: dict[str, Network] = {network.name: network for network in _VISION + _TEXT + _AUDIO}
"""Everything the corpus is taken from; no network has more than 200 million parameters."""

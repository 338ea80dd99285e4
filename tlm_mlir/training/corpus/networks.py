# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks whose dispatches form the training corpus, and those held out of it.

This file is a table: a row says which architecture, with which configuration, at which shapes.
Nothing is downloaded, weights are random; only shapes and operations matter. Big models are
truncated to one or a few layers, because a repeated layer adds no new workload.

The same few architectures at many more sizes are in `network_sizes`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from .sizes import HALF, SIZES
from .spec import Network, Variant, images, tabulate, tensors, tokens, translation


def _held_out(
    name: str, family: str, model: str, variants: tuple[Variant, ...], **options: Any
) -> Network:
    (network,) = tabulate(name, family, model, variants, **options)
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
            "torch_models.LlamaLayer",
            tensors("b1_s128", hidden_states=(1, 128, 4096)),
            hidden_size=4096,
            intermediate_size=11008,
            num_attention_heads=32,
        ),
    )
}
"""Networks that are never trained on, nor any workload that occurs in them."""
HELD_OUT_HALF = {half.name: half for half in map(Network.in_half, HELD_OUT.values())}
"""The held-out networks in 16-bit floats, which are held out, too."""

_BERT = {"num_hidden_layers": 2, "vocab_size": 1000}
_SMALL = {"hidden_size": 384, "num_attention_heads": 6, "intermediate_size": 1536}
_DECODER = {"num_hidden_layers": 1, "vocab_size": 1000, "pad_token_id": 0}
_CLASSES = {"num_labels": 1000}

_VISION = (
    *tabulate("resnet18", "resnet", "ResNetForImageClassification", images((1, 224), (4, 160)),
               layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
               **_CLASSES),
    *tabulate("resnet_bottleneck", "resnet", "ResNetForImageClassification",
               images((1, 256), (4, 192)), depths=[2, 2, 2, 2], **_CLASSES),
    *tabulate("resnet18", "resnet", "ResNetForImageClassification", images((1, 224)), "f16",
               layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
               **_CLASSES),
    *tabulate("regnet_y_004", "regnet", "RegNetForImageClassification", images((1, 224), (4, 192)),
               hidden_sizes=[48, 104, 208, 440], depths=[1, 3, 6, 6], groups_width=8, **_CLASSES),
    *tabulate("regnet_x_032", "regnet", "RegNetForImageClassification", images((1, 224)),
               hidden_sizes=[96, 192, 432, 1008], depths=[2, 2, 3, 2], groups_width=48,
               layer_type="x", **_CLASSES),
    *tabulate("convnext_tiny", "convnext", "ConvNextForImageClassification",
               images((1, 224), (4, 160)), depths=[2, 2, 2, 2], **_CLASSES),
    *tabulate("convnextv2_nano", "convnext", "ConvNextV2ForImageClassification", images((1, 256)),
               depths=[2, 2, 2, 2], hidden_sizes=[80, 160, 320, 640], **_CLASSES),
    *tabulate("mobilenet_v1", "mobilenet", "MobileNetV1ForImageClassification",
               images((1, 224), (4, 192), (1, 160)), **_CLASSES),
    *tabulate("mobilenet_v2", "mobilenet", "MobileNetV2ForImageClassification",
               images((1, 224), (4, 160)), **_CLASSES),
    *tabulate("mobilenet_v2_140", "mobilenet", "MobileNetV2ForImageClassification",
               images((1, 192)), depth_multiplier=1.4, **_CLASSES),
    *tabulate("efficientnet_b0", "efficientnet", "EfficientNetModel", images((1, 224), (2, 192)),
               width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280),
    *tabulate("poolformer_s12", "poolformer", "PoolFormerForImageClassification",
               images((1, 224), (4, 160)), **_CLASSES),
    *tabulate("segformer_b0", "segformer", "SegformerForSemanticSegmentation", images((1, 256)),
               num_labels=150),
    *tabulate("mobilevit_small", "mobilevit", "MobileViTForImageClassification",
               images((1, 256), (2, 192)), **_CLASSES),
    *tabulate("levit_128s", "levit", "LevitForImageClassification", images((1, 224), (4, 224)),
               **_CLASSES),
    *tabulate("cvt13", "cvt", "CvtForImageClassification", images((1, 224)), depth=[1, 2, 3],
               **_CLASSES),
    *tabulate("bit_r26", "bit", "BitForImageClassification", images((1, 192)), depths=[2, 2, 2, 2],
               **_CLASSES),
    *tabulate("focalnet_tiny", "focalnet", "FocalNetForImageClassification", images((1, 224)),
               depths=[1, 1, 2, 1], **_CLASSES),
    *tabulate("pvt_v2_b0", "pvt", "PvtV2ForImageClassification", images((1, 224)),
               depths=[1, 1, 1, 1], **_CLASSES),
    *tabulate("swiftformer_xs", "swiftformer", "SwiftFormerForImageClassification",
               images((1, 224)), **_CLASSES),
    *tabulate("vit_base", "vit", "ViTForImageClassification", images((1, 224), (4, 224)),
               num_hidden_layers=2, **_CLASSES),
    *tabulate("vit_base", "vit", "ViTForImageClassification", images((1, 224)), "f16",
               num_hidden_layers=2, **_CLASSES),
    *tabulate("vit_small", "vit", "ViTForImageClassification", images((1, 256), (4, 160)),
               num_hidden_layers=2, **_SMALL, **_CLASSES),
    *tabulate("vit_large", "vit", "ViTForImageClassification", images((1, 192)),
               num_hidden_layers=1, hidden_size=1024, num_attention_heads=16,
               intermediate_size=4096, **_CLASSES),
    *tabulate("deit_tiny", "deit", "DeiTForImageClassification", images((1, 224), (4, 224)),
               num_hidden_layers=2, hidden_size=192, num_attention_heads=3, intermediate_size=768,
               **_CLASSES),
    *tabulate("swin_tiny", "swin", "SwinForImageClassification", images((1, 224), (2, 224)),
               depths=[2, 2, 2, 2], **_CLASSES),
    *tabulate("swinv2_tiny", "swin", "Swinv2ForImageClassification", images((1, 256)),
               depths=[2, 2, 2, 2], window_size=8, **_CLASSES),
    *tabulate("beit_base", "beit", "BeitForImageClassification", images((1, 224)),
               num_hidden_layers=2, **_CLASSES),
    *tabulate("dinov2_small", "dinov2", "Dinov2Model", images((1, 224), (2, 280)),
               num_hidden_layers=2, hidden_size=384, num_attention_heads=6, patch_size=14),
    *tabulate("clip_vision_b32", "clip", "CLIPVisionModel", images((1, 224), (4, 224)),
               num_hidden_layers=2),
    *tabulate("siglip_b16", "clip", "SiglipVisionModel", images((1, 224)), num_hidden_layers=2),
    *tabulate("swin2sr", "superresolution", "Swin2SRForImageSuperResolution", images((1, 64)),
               depths=[2, 2], num_heads=[6, 6]),
    *tabulate("vgg11", "vgg", "torch_models.VGG", images((1, 224), (2, 192))),
    *tabulate("squeezenet", "squeezenet", "torch_models.SqueezeNet", images((1, 224), (4, 192))),
    *tabulate("densenet", "densenet", "torch_models.DenseNet", images((1, 224))),
    *tabulate("inception", "inception", "torch_models.Inception", images((1, 224), (2, 160))),
    *tabulate("shufflenet", "shufflenet", "torch_models.ShuffleNet", images((1, 224))),
    *tabulate("mixer_s16", "mixer", "torch_models.Mixer", images((1, 224), (4, 224))),
    *tabulate("unet_320", "diffusion", "torch_models.UNet",
               tensors("b1_r32", sample=(1, 4, 32, 32), time=(1, 320), text=(1, 77, 768))),
    *tabulate("unet_128", "diffusion", "torch_models.UNet",
               tensors("b2_r64", sample=(2, 4, 64, 64), time=(2, 128), text=(2, 77, 512)),
               width=128, text_width=512),
    *tabulate("dit_b4", "diffusion", "torch_models.DiTBlock",
               tensors("b2_s256", tokens=(2, 256, 768), condition=(2, 768))),
)  # fmt: skip

_TEXT = (
    *tabulate("bert_large", "bert", "BertModel", tokens((1, 64), (1, 256), (1, 384)),
               hidden_size=1024, num_attention_heads=16, intermediate_size=4096, **_BERT),
    *tabulate("minilm", "bert", "BertModel", tokens((4, 64), (1, 256)), hidden_size=384,
               intermediate_size=1536, **_BERT),
    *tabulate("roberta_base", "roberta", "RobertaForSequenceClassification", tokens((1, 197)),
               num_hidden_layers=2, vocab_size=1000),
    *tabulate("distilbert", "distilbert", "DistilBertForMaskedLM", tokens((1, 256), (4, 64)),
               n_layers=2),
    *tabulate("albert_base", "albert", "AlbertModel", tokens((1, 256), (2, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, **_BERT),
    *tabulate("electra_small", "electra", "ElectraModel", tokens((1, 128), (4, 384)), **_BERT),
    *tabulate("mobilebert", "mobilebert", "MobileBertModel", tokens((1, 128), (2, 384)), **_BERT),
    *tabulate("deberta_v2", "deberta", "DebertaV2Model", tokens((1, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, relative_attention=True,
               pos_att_type=["p2c", "c2p"], position_buckets=256, **_BERT),
    *tabulate("mpnet", "mpnet", "MPNetModel", tokens((1, 384)), **_BERT),
    *tabulate("squeezebert", "squeezebert", "SqueezeBertModel", tokens((1, 128)), **_BERT),
    *tabulate("modernbert", "modernbert", "ModernBertModel", tokens((1, 256)), num_hidden_layers=3,
               vocab_size=1000, pad_token_id=0),
    *tabulate("roformer", "roformer", "RoFormerModel", tokens((1, 256)), embedding_size=768,
               **_BERT),
    *tabulate("convbert", "convbert", "ConvBertModel", tokens((1, 128)), **_BERT),
    *tabulate("xlnet", "xlnet", "XLNetModel", tokens((1, 128)), n_layer=1, vocab_size=1000),
    *tabulate("gpt2_medium", "gpt2", "GPT2Model", tokens((1, 64), (2, 256)), n_embd=1024,
               n_head=16, n_layer=2, vocab_size=1000),
    *tabulate("opt_125m", "opt", "OPTModel", tokens((1, 64), (1, 256)), num_hidden_layers=2,
               vocab_size=1000),
    *tabulate("pythia_160m", "gpt_neox", "GPTNeoXForCausalLM", tokens((1, 128)), hidden_size=768,
               num_attention_heads=12, intermediate_size=3072, num_hidden_layers=2),
    *tabulate("bloom_560m", "bloom", "BloomModel", tokens((1, 128)), hidden_size=1024, n_head=16,
               n_layer=2, vocab_size=1000),
    *tabulate("falcon_1b", "falcon", "FalconModel", tokens((1, 128)), hidden_size=2048,
               num_attention_heads=32, alibi=False, **_DECODER),
    *tabulate("phi_1_5", "phi", "PhiModel", tokens((1, 128)), **_DECODER),
    *tabulate("phi3_mini", "phi", "Phi3Model", tokens((1, 64)), **_DECODER),
    *tabulate("qwen2_05b", "qwen", "Qwen2Model", tokens((1, 1), (1, 128), (1, 384)),
               hidden_size=896, num_attention_heads=14, num_key_value_heads=2,
               intermediate_size=4864, **_DECODER),
    *tabulate("qwen2_05b", "qwen", "Qwen2Model", tokens((1, 128)), "bf16", hidden_size=896,
               num_attention_heads=14, num_key_value_heads=2, intermediate_size=4864, **_DECODER),
    *tabulate("qwen3_06b", "qwen", "Qwen3Model", tokens((1, 1), (1, 256)), hidden_size=1024,
               num_attention_heads=16, num_key_value_heads=8, head_dim=128, intermediate_size=3072,
               **_DECODER),
    *tabulate("gemma_2b", "gemma", "GemmaModel", tokens((1, 64)), hidden_size=2048,
               num_attention_heads=8, num_key_value_heads=1, intermediate_size=16384, **_DECODER),
    *tabulate("gemma2_2b", "gemma", "Gemma2Model", tokens((1, 128)), **_DECODER),
    *tabulate("tinyllama", "llama", "LlamaModel", tokens((1, 1), (1, 128), (1, 384)),
               hidden_size=2048, num_attention_heads=32, num_key_value_heads=4,
               intermediate_size=5632, **_DECODER),
    *tabulate("llama_1b", "llama", "LlamaModel", tokens((1, 64), (4, 1)), hidden_size=2048,
               num_attention_heads=32, num_key_value_heads=8, intermediate_size=8192, **_DECODER),
    *tabulate("smollm", "llama", "LlamaForCausalLM", tokens((1, 1), (1, 197)), hidden_size=576,
               num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536,
               num_hidden_layers=1, vocab_size=49152),
    *tabulate("stablelm_3b", "stablelm", "StableLmModel", tokens((1, 64)), **_DECODER),
    *tabulate("olmo2_1b", "olmo", "Olmo2Model", tokens((1, 128)), hidden_size=2048,
               num_attention_heads=16, intermediate_size=8192, **_DECODER),
    *tabulate("decode", "llama", "torch_models.DecodeStep",
               tensors("b1_s512", hidden=(1, 1, 2048), keys=(1, 32, 512, 64),
                       values=(1, 32, 512, 64))),
    *tabulate("decode_small", "llama", "torch_models.DecodeStep",
               tensors("b8_s128", hidden=(8, 1, 768), keys=(8, 12, 128, 64),
                       values=(8, 12, 128, 64)), width=768, heads=12, inner=3072),
    *tabulate("clip_text", "clip", "CLIPTextModel", tokens((1, 77)), num_hidden_layers=2),
    *tabulate("t5_small", "t5", "T5Model", translation((1, 128, 64)), num_layers=2,
               vocab_size=1000, decoder_start_token_id=0),
    *tabulate("bart_base", "bart", "BartModel", translation((1, 128, 64)), d_model=768,
               encoder_layers=2, decoder_layers=2, encoder_ffn_dim=3072, decoder_ffn_dim=3072,
               encoder_attention_heads=12, decoder_attention_heads=12, vocab_size=1000),
)  # fmt: skip

_AUDIO = (
    *tabulate("whisper_tiny", "whisper", "WhisperModel",
               tensors("b1", input_features=(1, 80, 3000), decoder_input_ids=(1, 32)), d_model=384,
               encoder_layers=2, decoder_layers=2, encoder_attention_heads=6,
               decoder_attention_heads=6, encoder_ffn_dim=1536, decoder_ffn_dim=1536),
    *tabulate("wav2vec2_base", "wav2vec2", "Wav2Vec2Model", tensors("b1", input_values=(1, 16000)),
               num_hidden_layers=2),
    *tabulate("ast", "ast", "ASTModel", tensors("b1", input_values=(1, 512, 128)),
               num_hidden_layers=2, max_length=512),
    *tabulate("hifigan", "vocoder", "SpeechT5HifiGan", tensors("b1", spectrogram=(1, 64, 80))),
)  # fmt: skip

_ALL = _VISION + _TEXT + _AUDIO + SIZES + HALF
TRAINING: dict[str, Network] = {network.name: network for network in _ALL}
"""Everything the corpus is taken from; no network has more than 320 million parameters."""

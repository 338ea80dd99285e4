# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints: publishing, verifying, and the sentence for each way of being wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlm_mlir.errors import CheckpointError
from tlm_mlir.language import vocabulary
from tlm_mlir.model import cache, checkpoint

CONFIG = {"n_layer": 1, "n_embd": 8, "n_head": 2, "n_positions": 16, "vocab_size": 3}
TOKENS = ["<pad>", "a", "b"]
V1 = {"v1": len(TOKENS)}


def _files(weights: bytes = b"weights") -> dict[str, bytes | Path]:
    return {
        "config.json": json.dumps(CONFIG).encode(),
        "model.safetensors": weights,
        "step.mlir": b"module {}",
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return checkpoint.publish(tmp_path / "ck", _files(), TOKENS, vocabulary="v1")


def test_round_trip(directory: Path) -> None:
    found = checkpoint.load(directory, vocabularies=V1)
    assert found.config["n_embd"] == 8
    assert found.weights.read_bytes() == b"weights"
    assert found.vocabulary_digest == "v1"
    assert json.loads((directory / "vocabulary.json").read_text())["tokens"] == TOKENS


def test_replacing_changes_identity_and_leaves_nothing_aside(directory: Path) -> None:
    before = checkpoint.load(directory, vocabularies=V1).identity
    checkpoint.publish(directory, _files(b"other"), TOKENS, vocabulary="v1")
    assert checkpoint.load(directory, vocabularies=V1).identity != before
    assert [p.name for p in directory.parent.iterdir()] == ["ck"]


def test_a_link_to_a_checkpoint_stays(directory: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(directory)
    checkpoint.publish(link, _files(b"other"), TOKENS, vocabulary="v1")
    assert link.is_symlink()
    assert checkpoint.load(directory, vocabularies=V1).weights.read_bytes() == b"other"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ck", "link"]


def test_what_is_no_folder_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    with pytest.raises(CheckpointError, match="is no folder"):
        checkpoint.publish(path, _files(), TOKENS, vocabulary="v1")
    assert path.read_text() == "kept"


def test_extra_files_are_covered(tmp_path: Path) -> None:
    made = checkpoint.publish(
        tmp_path / "ck", _files(), TOKENS, vocabulary="v1", extra={"README.md": b"card"}
    )
    assert "README.md" in checkpoint.load(made, vocabularies=V1).manifest["files"]


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist; give"):
        checkpoint.load(tmp_path / "no", vocabularies=V1)


def test_a_judge_is_added_and_covered(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "prefixes", lambda: V1)
    before = checkpoint.load(directory)
    assert before.cost_models() == []
    checkpoint.add(directory, {"README.md": b"card"})
    checkpoint.add(directory, {checkpoint.cost_model_file("llvm-cpu"): b"trees"})
    found = checkpoint.load(directory)
    assert found.cost_models() == ["llvm-cpu"]
    assert found.cost_model("llvm-cpu").read_bytes() == b"trees"
    assert found.manifest["files"].items() > before.manifest["files"].items()
    assert (directory / "README.md").read_bytes() == b"card"
    found.cost_model("llvm-cpu").write_bytes(b"other")
    with pytest.raises(CheckpointError, match="is damaged"):
        found.cost_model("llvm-cpu")


@pytest.mark.parametrize("name", [*checkpoint.FILES, checkpoint.MANIFEST])
def test_missing_file(directory: Path, name: str) -> None:
    (directory / name).unlink()
    with pytest.raises(CheckpointError, match=f"lacks {name}"):
        checkpoint.load(directory, vocabularies=V1)


@pytest.mark.parametrize("name", checkpoint.FILES)
def test_damaged_file(directory: Path, name: str) -> None:
    data = bytearray((directory / name).read_bytes())
    data[len(data) // 2] ^= 1
    (directory / name).write_bytes(data)
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.load(directory, vocabularies=V1)


def test_truncated_manifest(directory: Path) -> None:
    path = directory / checkpoint.MANIFEST
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoint.load(directory, vocabularies=V1)


def test_other_vocabulary(directory: Path) -> None:
    with pytest.raises(CheckpointError, match="trained with vocabulary v1"):
        checkpoint.load(directory, vocabularies={"v2": 3})


def test_a_vocabulary_that_ours_begins_with_is_known(tmp_path: Path) -> None:
    count = len(vocabulary.TOKENS) - 3
    earlier = vocabulary.TOKENS[:count]
    for size, digest in ((count, vocabulary.digest(earlier)), (count, vocabulary.digest())):
        files = {**_files(), "config.json": json.dumps({**CONFIG, "vocab_size": size}).encode()}
        made = checkpoint.publish(tmp_path / digest, files, earlier, vocabulary=digest)
        if digest == vocabulary.digest():
            with pytest.raises(CheckpointError, match=f"has {size} words, its vocabulary"):
                checkpoint.load(made)
        else:
            assert checkpoint.load(made).words == count
    other = (*vocabulary.TOKENS[:-1], "another")
    made = checkpoint.publish(
        tmp_path / "other", files, other, vocabulary=vocabulary.digest(other)
    )
    with pytest.raises(CheckpointError, match="not what that of this version .* begins with"):
        checkpoint.load(made)


def test_config_without_sizes(tmp_path: Path) -> None:
    files = {**_files(), "config.json": b"{}"}
    made = checkpoint.publish(tmp_path / "ck", files, TOKENS, vocabulary="v1")
    with pytest.raises(CheckpointError, match="lacks n_layer"):
        checkpoint.load(made, vocabularies=V1)


def test_publish_refuses_incomplete(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="needs exactly"):
        checkpoint.publish(tmp_path / "ck", {"config.json": b"{}"}, TOKENS, vocabulary="v1")
    assert not list(tmp_path.iterdir())


def test_compile_cache_rebuilds_damaged_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def fake(source: Path) -> bytes:
        built.append(source)
        return b"bytecode"

    monkeypatch.setattr(cache, "_compile", fake)
    source = tmp_path / "step.mlir"
    source.write_text("module {}")
    store = tmp_path / "cache"
    assert cache.compiled_step(source, store) == b"bytecode"
    assert cache.compiled_step(source, store) == b"bytecode"
    assert len(built) == 1
    (entry,) = store.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    assert cache.compiled_step(source, store) == b"bytecode"
    assert len(built) == 2
    source.write_text("module { }")
    cache.compiled_step(source, store)
    assert len(built) == 3


def test_compile_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_compile", lambda source: b"bytecode")
    source = tmp_path / "step.mlir"
    source.write_text("module {}")
    assert cache.compiled_step(source, source / "not-a-directory") == b"bytecode"

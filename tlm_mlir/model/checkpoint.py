# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints: a plain Hugging Face directory plus vocabulary, exported step and manifest.

config.json         GPT2Config
model.safetensors   float32 weights, keys `transformer.*`; lm_head is tied to `transformer.wte`
vocabulary.json     the tokens, their digest and version
step.mlir           the forward step (training/fit/export_step.py), reads its weights by these keys
cost-model-*.safetensors  a backend's cost model (policy/cost_model.py); may be missing
manifest.json       sha256 of each file above, vocabulary digest, format version
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlm_mlir.errors import CheckpointError
from tlm_mlir.language.vocabulary import prefixes

FORMAT = 3
"""3: the step has the shapes of model/shapes.py as they are now. 2: what the model predicts is
relative to IREE's default (model/performance.py)."""
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
VOCABULARY = "vocabulary.json"
STEP = "step.mlir"
MANIFEST = "manifest.json"
FILES = (CONFIG, WEIGHTS, VOCABULARY, STEP)
_CONFIG_KEYS = ("n_layer", "n_embd", "n_head", "n_positions", "vocab_size")


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint. `manifest` is the parsed manifest.json, `config` config.json."""

    directory: Path
    config: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def weights(self) -> Path:
        """Path of model.safetensors."""
        return self.directory / WEIGHTS

    @property
    def step(self) -> Path:
        """Path of step.mlir."""
        return self.directory / STEP

    def cost_models(self) -> list[str]:
        """The backends that there is a cost model for."""
        start, end = cost_model_file("\n").split("\n")
        names = [name for name in self.manifest["files"] if name.startswith(start)]
        return [name.removeprefix(start).removesuffix(end) for name in names]

    def cost_model(self, backend: str) -> Path:
        """Path of the cost model for one of them. Raises CheckpointError if damaged."""
        name = cost_model_file(backend)
        _check_file(self.directory, name, self.manifest["files"][name])
        return self.directory / name

    @property
    def vocabulary_digest(self) -> str:
        """Digest of the vocabulary that the model was trained with."""
        return str(self.manifest["vocabulary"])

    @property
    def words(self) -> int:
        """How many words of the vocabulary the model knows: the first ones."""
        return int(self.config["vocab_size"])

    @property
    def identity(self) -> str:
        """Hash over all files: what a cache key or a record names the model by."""
        text = json.dumps(self.manifest["files"], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cost_model_file(backend: str) -> str:
    """The file with the cost model of a backend."""
    return f"cost-model-{backend}.safetensors"


def default_dir() -> Path:
    """The checkpoint that comes with the package.

    In a wheel this is the package data `tlm_mlir/_model`; in a source tree (editable install)
    `model/checkpoint` beside the package. The path is returned whether or not it exists, so that
    `load` can say what is missing.
    """
    package = Path(__file__).resolve().parent.parent
    packaged = package / "_model"
    return packaged if packaged.is_dir() else package.parent / "model" / "checkpoint"


def load(
    directory: Path | str | None = None, *, vocabularies: Mapping[str, int] | None = None
) -> Checkpoint:
    """Verify and open a checkpoint.

    `directory` defaults to `default_dir()`. `vocabularies` holds the sizes of the vocabularies that
    are known, by digest; they default to those that today's begins with, itself among them. Raises
    CheckpointError if the directory or a file is missing, a file is damaged, or the checkpoint
    belongs to another vocabulary or format.
    """
    directory = default_dir() if directory is None else Path(directory)
    if not directory.is_dir():
        raise CheckpointError(
            f"checkpoint directory {directory} does not exist; give the directory of a trained "
            "model or reinstall tlm-mlir"
        )
    manifest = _read_json(directory, MANIFEST)
    _check_manifest(directory, manifest)
    known = prefixes() if vocabularies is None else vocabularies
    if manifest["vocabulary"] not in known:
        raise CheckpointError(
            f"checkpoint {directory} was trained with vocabulary {manifest['vocabulary']}, which is"
            " not what that of this version of tlm-mlir begins with; use another checkpoint or"
            " train again"
        )
    for name in FILES:
        _check_file(directory, name, manifest["files"][name])
    config = _read_json(directory, CONFIG)
    absent = [key for key in _CONFIG_KEYS if not isinstance(config.get(key), int)]
    if absent:
        raise CheckpointError(
            f"{directory / CONFIG} lacks {', '.join(absent)}; save the model again as GPT-2"
        )
    if config["vocab_size"] != known[manifest["vocabulary"]]:
        raise CheckpointError(
            f"{directory / CONFIG} has {config['vocab_size']} words, its vocabulary"
            f" {known[manifest['vocabulary']]}; publish the checkpoint again"
        )
    return Checkpoint(directory, config, manifest)


def publish(
    directory: Path | str,
    files: Mapping[str, bytes | Path],
    tokens: Sequence[str],
    *,
    vocabulary: str,
    version: int | str = 1,
    extra: Mapping[str, bytes | Path] | None = None,
) -> Path:
    """Write a checkpoint to `directory` so that no reader sees half of it; return `directory`.

    `files` holds config.json, model.safetensors and step.mlir as bytes or as a path to copy,
    `extra` further files (a card, a recipe), covered by the manifest too. `vocabulary` is the
    digest of `tokens`. A checkpoint that is there already is replaced by renaming; of a symbolic
    link, what it names. Raises CheckpointError if a file is missing, or something else than a
    folder is there.
    """
    place = Path(os.path.realpath(directory))
    if place.exists() and not place.is_dir():
        raise CheckpointError(f"{directory} is no folder; give another one for the checkpoint")
    wanted = {CONFIG, WEIGHTS, STEP}
    if set(files) != wanted:
        raise CheckpointError(
            f"a checkpoint needs exactly {', '.join(sorted(wanted))}, not "
            f"{', '.join(sorted(files))}; pass these files"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        aside.chmod(0o755)
        entry = {"version": version, "digest": vocabulary, "tokens": list(tokens)}
        contents = {**files, **(extra or {}), VOCABULARY: _json(entry)}
        for name, content in contents.items():
            _write(aside / name, content)
        manifest = {
            "format": FORMAT,
            "vocabulary": vocabulary,
            "files": {name: _sha256(aside / name) for name in sorted(contents)},
        }
        _write(aside / MANIFEST, _json(manifest))
        _swap(aside, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Path(directory)


def add(
    directory: Path | str, extra: Mapping[str, bytes | Path], at: Path | str | None = None
) -> Path:
    """Publish a checkpoint again with further files, or other ones; return where: in its own place,
    or `at` another one.

    Raises CheckpointError if it is not complete as it is.
    """
    found = load(directory)
    vocabulary = _read_json(found.directory, VOCABULARY)
    kept = {name: found.directory / name for name in found.manifest["files"]}
    return publish(
        directory if at is None else at,
        {name: kept.pop(name) for name in (CONFIG, WEIGHTS, STEP)},
        vocabulary["tokens"],
        vocabulary=found.vocabulary_digest,
        version=vocabulary["version"],
        extra={**{name: path for name, path in kept.items() if name != VOCABULARY}, **extra},
    )


def _swap(aside: Path, directory: Path) -> None:
    """Put `aside` where `directory` is. Two renames: a reader in between finds no checkpoint and
    says so, but never a mixture."""
    if not directory.exists():
        aside.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}.old.", dir=directory.parent))
    try:
        directory.rename(old / "it")
        aside.rename(directory)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, content: bytes | Path) -> None:
    data = content.read_bytes() if isinstance(content, Path) else content
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _check_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"checkpoint {directory} has format {manifest.get('format')!r}, this version of "
            f"tlm-mlir reads format {FORMAT}; use a matching checkpoint"
        )
    files = manifest.get("files")
    if not isinstance(files, dict) or any(name not in files for name in FILES):
        raise CheckpointError(
            f"{directory / MANIFEST} does not list {', '.join(FILES)}; publish the checkpoint again"
        )
    if not isinstance(manifest.get("vocabulary"), str):
        raise CheckpointError(
            f"{directory / MANIFEST} names no vocabulary; publish the checkpoint again"
        )


def _check_file(directory: Path, name: str, digest: object) -> None:
    path = directory / name
    if not path.is_file():
        raise CheckpointError(f"checkpoint {directory} lacks {name}; copy it again as a whole")
    try:
        found = _sha256(path)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror}); check its permissions"
        ) from None
    if found != digest:
        raise CheckpointError(
            f"{path} is damaged (its sha256 differs from the manifest's); copy the checkpoint again"
        )


def _read_json(directory: Path, name: str) -> dict[str, Any]:
    path = directory / name
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(
            f"checkpoint {directory} lacks {name}; copy it again as a whole"
        ) from None
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged (not a JSON object); copy the checkpoint again")
    return value


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

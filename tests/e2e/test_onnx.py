# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models: what they compute, and one sentence where they cannot be read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from running import loaded

from tlm_mlir.cli import main
from tlm_mlir.compiler.source import Source
from tlm_mlir.errors import InputError
from tlm_mlir.iree.session import Session

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")


def model(path: Path, opset: int, weights: np.ndarray) -> Path:
    """A model that adds up the products of its input [4, 8] with some weights [8, 5]."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 5])],
        [numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    onnx.save(made, path)
    return path


@pytest.mark.parametrize("opset", [9, 21])
def test_a_model_computes_what_it_says(opset: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((8, 5)).astype(np.float32)
    x = rng.standard_normal((4, 8)).astype(np.float32)
    out = tmp_path / "out.vmfb"
    assert main(["compile", str(model(tmp_path / "in.onnx", opset, weights)), "-o", str(out)]) == 0
    assert np.allclose(loaded(out).main(x).to_host(), x @ weights, atol=1e-5)


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "in.onnx"
    for content in (b"", b"no model"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="in.onnx is no ONNX model that IREE imports"):
            Source.of(path)
    with pytest.raises(InputError, match="missing.onnx does not exist"):
        Source.of(tmp_path / "missing.onnx").parse(Session([]))


def test_without_the_extra_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.onnx", tmp_path / "out.vmfb"
    path.write_bytes(b"a model")
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "tlm_mlir.iree.from_onnx.find_spec", lambda name: None if name == "onnx" else found(name)
    )
    assert main(["compile", str(path), "-o", str(out)]) == 1
    said = capsys.readouterr().err
    assert "pip install tlm-mlir[onnx]" in said and len(said.splitlines()) == 1
    assert not out.exists()

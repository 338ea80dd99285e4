# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX models as MLIR, by the importer that comes with IREE's compiler."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from iree.compiler import ir

from ..errors import InputError

SUFFIX = ".onnx"
OPSET = 17
"""Older models are brought to this opset first, as IREE's guide to ONNX advises."""


def import_onnx(path: Path) -> bytes:
    """The bytecode of the module that an ONNX model becomes; weights that lie beside it are read.

    Raises InputError where the package `onnx` is not installed, or the file is no ONNX model that
    IREE imports.
    """
    if find_spec("onnx") is None:
        raise InputError(
            f"{path} is an ONNX model, which IREE imports with the package onnx; install it by"
            " `pip install tlm-mlir[onnx]`, or give MLIR that iree-import-onnx wrote"
        )
    try:
        return _imported(path)
    # The importer, the checker and protobuf each raise errors of their own.
    except Exception as error:
        raise InputError(
            f"{path} is no ONNX model that IREE imports ({_first_line(error)}); check it with"
            " onnx.checker"
        ) from error


def _imported(path: Path) -> bytes:
    from iree.compiler.extras import onnx_importer

    with ir.Context() as context:
        info = onnx_importer.ModelInfo(_loaded(path))
        module = info.create_module(context=context).operation
        onnx_importer.NodeImporter.define_function(info.main_graph, module).import_all()
        module.verify()
        stream = BytesIO()
        module.write_bytecode(stream)
        return stream.getvalue()


def _loaded(path: Path):  # type: ignore[no-untyped-def]
    """The model with the shapes of all that it computes."""
    import onnx
    from iree.compiler.tools.import_onnx.__main__ import load_onnx_model, parse_arguments

    as_it_is = [str(path)]
    try:
        newer = [*as_it_is, "--opset-version", str(OPSET)]
        return load_onnx_model(parse_arguments(newer))
    except (RuntimeError, onnx.version_converter.ConvertError):
        # There is no way from every opset to a newer one; IREE imports many older ones, too.
        return load_onnx_model(parse_arguments(as_it_is))


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0].rstrip(".:")[:200]

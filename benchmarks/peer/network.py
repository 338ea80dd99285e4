# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One network in every form that a side reads: MLIR with parameters, ONNX, and inputs as a file.

    python -m peer.network resnet50 build/peers/resnet50

All forms come from the same torch module with the same random weights. Needs the extra `peers`.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from tlm_mlir.bench.values import save_values, value_of
from tlm_mlir.files import write_text
from tlm_mlir.training.corpus.networks import HELD_OUT, TRAINING
from tlm_mlir.training.corpus.spec import Network

NETWORKS = HELD_OUT | TRAINING
ABOUT, INPUTS = "about.json", "inputs.npz"


def main() -> None:
    """Writes all forms, unless they are there; `about.json` comes last, and says that they are."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    about = folder / ABOUT
    # Without ONNX all is tried again: what was missing may be installed by now.
    if about.exists() and not json.loads(about.read_text())["no_onnx"]:
        return
    from tlm_mlir.training.corpus.build import build
    from tlm_mlir.training.corpus.export import export

    warnings.simplefilter("ignore")
    network = NETWORKS[name]
    export(network, folder, weights=True)
    module, inputs = build(network)
    save_values(folder / INPUTS, [value_of(tensor.numpy()) for tensor in inputs])
    found = {
        "flops": _flops(module, inputs),
        "no_onnx": _write_onnx(network, module, inputs, folder),
    }
    write_text(about, json.dumps(found) + "\n")


def _flops(module: Any, inputs: Any) -> int:
    """FLOPs of products, convolutions and attention."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    # torch counts no attention that is one op on a CPU, but the products that it is made of.
    with torch.inference_mode(False), sdpa_kernel(SDPBackend.MATH):
        with FlopCounterMode(display=False) as counter:
            module(*inputs)
    return int(counter.get_total_flops())


def _write_onnx(network: Network, module: Any, inputs: Any, folder: Path) -> str:
    """Writes NAME.onnx; why there is none, or nothing."""
    import torch

    names = [tensor.name for tensor in network.variant.inputs]
    try:
        torch.onnx.export(
            module,
            inputs,
            str(folder / f"{network.name}.onnx"),
            input_names=names,
            dynamo=True,
            external_data=True,
            verbose=False,
        )
    except Exception as error:  # any of torch's or onnx's: a side that has no program says why
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"no export to ONNX: {reason[:200]}"
    return ""


if __name__ == "__main__":
    main()

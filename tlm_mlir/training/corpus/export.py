# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports networks to MLIR with external weights, as a user of iree-turbine would.

    tlm-mlir export-networks [--weights] OUT_DIR [NAME...]

Without names: everything, the held-out networks first. What exists already is kept, so that an
interrupted run can be resumed; a network that fails is reported in a sentence and passed over.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import warnings
from pathlib import Path

from tlm_mlir.files import aside
from tlm_mlir.training.corpus.networks import HELD_OUT, HELD_OUT_HALF, TRAINING
from tlm_mlir.training.corpus.spec import Network

PARAMETER_SCOPE = "model"


def export(network: Network, out_dir: Path, *, weights: bool = False, seed: int = 0) -> Path:
    """Write `<name>.mlir` into `out_dir` and return its path.

    The weights stay outside, in the parameter scope "model". With `weights`, they are written to
    `<name>.irpa`, random from `seed`; otherwise only their shapes and types are kept.
    """
    import torch
    from iree.turbine import aot

    from .build import build

    aten = torch.ops.aten
    # Aliases that torch.export leaves in place and IREE's importer does not know.
    aliases = {aten.__and__.Tensor: aten.bitwise_and, aten.multiply.Tensor: aten.mul}
    module, inputs = build(network, seed)
    aot.externalize_module_parameters(module, external_scope=PARAMETER_SCOPE)
    out_dir.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, inputs, strict=False)
        decompositions = aot.decompositions.current_aot_decompositions() | aliases
        output = aot.export(program.run_decompositions(decompositions))
    if weights:
        archive = out_dir / f"{network.name}.irpa"
        with aside(archive) as place:
            aot.save_module_parameters(place, module)
    path = out_dir / f"{network.name}.mlir"
    with aside(path) as place:
        output.save_mlir(place)
    return path


def main(arguments: list[str] | None = None) -> int:
    """Export the named networks to MLIR with external weights; all of them where none is named."""
    parser = argparse.ArgumentParser(prog="tlm-mlir export-networks", description=main.__doc__)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("names", nargs="*", metavar="name")
    parser.add_argument("--weights", action="store_true", help="also write NAME.irpa, random")
    options = parser.parse_args(arguments)
    networks = HELD_OUT | HELD_OUT_HALF | TRAINING
    unknown = [name for name in options.names if name not in networks]
    if unknown:
        parser.error(f"there is no network called {', '.join(unknown)}")
    failed = 0
    for name in options.names or networks:
        target = options.out_dir / f"{name}.mlir"
        if target.exists() and (not options.weights or target.with_suffix(".irpa").exists()):
            continue
        start = time.monotonic()
        try:
            path = export(networks[name], options.out_dir, weights=options.weights)
        except Exception as error:  # any of torch's, transformers' or IREE's: report it and go on
            failed += 1
            reason = (str(error).strip().splitlines() or ["no message"])[0][:300]
            print(f"{name}: cannot be exported: {type(error).__name__}: {reason}", file=sys.stderr)
        else:
            seconds = time.monotonic() - start
            print(f"{name}: {path.stat().st_size >> 10} KiB in {seconds:.1f} s", flush=True)
        gc.collect()
    return 1 if failed else 0

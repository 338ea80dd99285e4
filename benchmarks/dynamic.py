# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What does a dynamic length cost, by stock IREE and by tlm-mlir?

    python benchmarks/dynamic.py --out dynamic.json
    python benchmarks/dynamic.py --only layers --lengths 1 7

Programs with a dynamic number of rows are compiled once, and their static twins once for each
length. All run in turn on one core; what counts is the least CPU time of a call of the one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tlm_mlir.bench.inputs import arguments, resolve
from tlm_mlir.bench.program import Program, Uploaded
from tlm_mlir.compiler.clock import Clock
from tlm_mlir.compiler.driver import compile_file
from tlm_mlir.compiler.options import Options
from tlm_mlir.compiler.road import as_iree_does
from tlm_mlir.compiler.source import Source
from tlm_mlir.errors import TlmError
from tlm_mlir.ir.lengths import LENGTHS
from tlm_mlir.measure.cores import first_cores
from tlm_mlir.policy.scheduler import Scheduler

SECONDS, ROUNDS = 4e-3, 15
"""Of a sample, and how many of them."""
MAPS = (
    "affine_map<(b, m, n, k, p) -> (b, m, k)>, affine_map<(b, m, n, k, p) -> (b, p, k)>,"
    " affine_map<(b, m, n, k, p) -> (b, p, n)>, affine_map<(b, m, n, k, p) -> ()>,"
    " affine_map<(b, m, n, k, p) -> (b, m, n)>"
)


def constant(seed: int, *shape: int) -> str:
    """Normal values that are not all equal, so that IREE keeps them."""
    values = np.random.default_rng(seed).standard_normal(shape, np.float32) / 16
    sizes = "x".join(map(str, shape))
    return f'arith.constant dense<"0x{values.astype("<f4").tobytes().hex()}"> : tensor<{sizes}xf32>'


def product(name: str, x: str, weights: str, m: str, n: int, k: int) -> str:
    out = f"tensor<{m}x{n}xf32>"
    size = "%n" if m == "?" else ""
    return f"""
  %{name}_e = tensor.empty({size}) : {out}
  %{name}_f = linalg.fill ins(%zero : f32) outs(%{name}_e : {out}) -> {out}
  %{name} = linalg.matmul ins({x}, {weights} : tensor<{m}x{k}xf32>, tensor<{k}x{n}xf32>)
      outs(%{name}_f : {out}) -> {out}"""


def head(m: str, kind: str, dim: int) -> str:
    """What all programs begin with; `%n` is the length."""
    length = f"  %n = tensor.dim %x, %place : {kind}" if m == "?" else ""
    return f"""  %place = arith.constant {dim} : index
  %zero = arith.constant 0.0 : f32
{length}"""


def one_product(m: str, n: int = 768, k: int = 768) -> str:
    kind, out = f"tensor<{m}x{k}xf32>", f"tensor<{m}x{n}xf32>"
    return f"""func.func @main(%x: {kind}) -> {out} {{
{head(m, kind, 0)}
  %w = {constant(0, k, n)}{product("r", "%x", "%w", m, n, k)}
  return %r : {out}
}}"""


def layers(m: str, wide: int = 1024, k: int = 512) -> str:
    """A product with a bias and a gelu, and another product."""
    kind, out = f"tensor<{m}x{k}xf32>", f"tensor<{m}x{wide}xf32>"
    return f"""#id = affine_map<(m, n) -> (m, n)>
#row = affine_map<(m, n) -> (n)>
func.func @main(%x: {kind}) -> {kind} {{
{head(m, kind, 0)}
  %half = arith.constant 0.5 : f32
  %root = arith.constant 0.70710678 : f32
  %one = arith.constant 1.0 : f32
  %w = {constant(0, k, wide)}
  %b = {constant(1, wide)}
  %v = {constant(2, wide, k)}{product("p", "%x", "%w", m, wide, k)}
  %g = linalg.generic {{
      indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}}
      ins(%p, %b : {out}, tensor<{wide}xf32>) outs(%p_e : {out}) {{
  ^body(%a: f32, %c: f32, %o: f32):
    %0 = arith.addf %a, %c : f32
    %1 = arith.mulf %0, %root : f32
    %2 = math.erf %1 : f32
    %3 = arith.addf %2, %one : f32
    %4 = arith.mulf %0, %half : f32
    %5 = arith.mulf %4, %3 : f32
    linalg.yield %5 : f32
  }} -> {out}{product("r", "%g", "%v", m, k, wide)}
  return %r : {kind}
}}"""


def attention(m: str, heads: int = 4, width: int = 64) -> str:
    kind = f"tensor<{heads}x{m}x{width}xf32>"
    return f"""func.func @main(%x: {kind}, %k: {kind}, %v: {kind}) -> {kind} {{
{head(m, kind, 1)}
  %scale = arith.constant 0.125 : f32
  %e = tensor.empty({"%n" if m == "?" else ""}) : {kind}
  %r = iree_linalg_ext.attention <{{indexing_maps = [{MAPS}]}}>
      ins(%x, %k, %v, %scale : {kind}, {kind}, {kind}, f32) outs(%e : {kind}) {{
  ^body(%s: f32):
    iree_linalg_ext.yield %s : f32
  }} -> {kind}
  return %r : {kind}
}}"""


PROGRAMS = {"product": one_product, "layers": layers, "attention": attention}


def compiled(text: str, options: Options, scheduler: Scheduler | None, out: Path) -> Program:
    """A program by stock IREE, or by tlm-mlir where there is a scheduler."""
    if scheduler is None:
        as_iree_does(Source.of(text), options, Clock(), out)
    else:
        compile_file(text, out, options, scheduler=scheduler)
    return Program(out, device="local-sync")


def timed(programs: Mapping[str, tuple[Program, Uploaded]]) -> dict[str, float]:
    """Least CPU seconds of a call of each, a sample of each in turn."""
    least: dict[str, float] = {}
    calls = {
        name: min(1000, max(1, round(SECONDS / max(1e-7, program.time(given, 2)))))
        for name, (program, given) in programs.items()
    }
    for _ in range(ROUNDS):
        for name, (program, given) in programs.items():
            start = time.thread_time()
            program.time(given, calls[name])
            found = (time.thread_time() - start) / calls[name]
            least[name] = min(found, least.get(name, found))
    return least


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS))
    parser.add_argument("--cpu", default="host")
    parser.add_argument("--out", type=Path, help="JSON: seconds by program, length and side")
    arguments_ = parser.parse_args()
    first_cores(1)
    options, scheduler = Options(cpu=arguments_.cpu, cores=1), Scheduler()
    sides = {"stock": None, "ours": scheduler}
    rows: dict[str, dict[int, dict[str, float]]] = {}
    print("| program | length | stock | ours | twin by stock | by ours | ours over the best twin |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments_.only:
            text = PROGRAMS[name]
            dynamic = {
                side: compiled(text("?"), options, asked, Path(folder, f"{name}_{side}.vmfb"))
                for side, asked in sides.items()
            }
            for length in arguments_.lengths:
                programs = dict(dynamic)
                for side, asked in sides.items():
                    out = Path(folder, f"{name}_{length}_{side}.vmfb")
                    programs[f"static {side}"] = compiled(text(str(length)), options, asked, out)
                twin = programs["static stock"].inputs()
                values = arguments(resolve(twin)[0])
                given = {side: (p, p.upload(values)) for side, p in programs.items()}
                found = timed(given)
                rows.setdefault(name, {})[length] = found
                times = " | ".join(f"{seconds * 1e6:.4g} us" for seconds in found.values())
                over = found["ours"] / min(found["static stock"], found["static ours"])
                print(f"| {name} | {length} | {times} | {over:.2f}x |", flush=True)
    if arguments_.out:
        arguments_.out.write_text(json.dumps(rows, indent=1))
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except TlmError as error:
        print(f"dynamic: error: {error}", file=sys.stderr)
        raise SystemExit(1) from None

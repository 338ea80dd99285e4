# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tlm-mlir beside the runtimes that one would take instead, network by network, in one run.

    python benchmarks/peers.py --out peers.json
    python benchmarks/peers.py resnet50 --rounds 5 --threads 1
    python benchmarks/peers.py --table peers.json

Each network is built once, with random weights, and handed to stock IREE (its default, and the
fastest of several sets of flags), tlm-mlir, eager PyTorch, torch.compile, ONNX Runtime and
OpenVINO. Each side runs in a process of its own on the same pinned cores. One sample of each in
turn is timed, and with them fused multiply-adds in registers, which are the peak. Values are
compared with those of IREE's default. A side that is missing or fails is a cell that says so. Needs
the extra `peers` (`make peers` installs it). Exit status 1 where a network has no figure of
tlm-mlir.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from peer.measure import OURS, measure
from peer.network import NETWORKS
from peer.table import TITLES, markdown

from tlm_mlir.errors import TlmError
from tlm_mlir.files import write_text
from tlm_mlir.targets.cpu.host import host_features

VERSIONS = {"IREE": "iree-base-compiler", "torch": "torch", "ONNX Runtime": "onnxruntime"}
VERSIONS |= {"OpenVINO": "openvino", "onnx": "onnx", "transformers": "transformers"}


def machine() -> str:
    """The CPU, and the widest vectors that it has."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    widest = next((name for name in ("avx512f", "avx2") if name in host_features()), "")
    name = found.group(1) if found else "unknown CPU"
    return " ".join(filter(None, (name, {"avx512f": "(AVX-512)", "avx2": "(AVX2)"}.get(widest))))


def versions() -> dict[str, str]:
    """Of the packages that are installed."""
    found = {}
    for name, package in VERSIONS.items():
        try:
            found[name] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures networks one after another; what is there is written after each."""
    report: dict[str, Any] = {
        "machine": machine(),
        "threads": options.threads,
        "rounds": options.rounds,
        "versions": versions(),
        "networks": [],
        "failed": {},
    }
    for name in options.networks:
        folder = (options.folder / name).resolve()

        def tell(what: str, name: str = name) -> None:
            print(f"{name}: {what}", file=sys.stderr, flush=True)

        try:
            row = measure(name, folder, options.threads, options.rounds, tell)
            report["networks"].append(asdict(row))
        except TlmError as error:
            report["failed"][name] = str(error)
            tell(str(error))
        if options.out:
            write_text(options.out, json.dumps(report, indent=1) + "\n")
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", default=list(TITLES))
    parser.add_argument("--rounds", type=int, default=20, help="samples of each side")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, default=Path("build/peers"), help="for the networks")
    parser.add_argument("--out", type=Path, help="JSON of all samples")
    parser.add_argument(
        "--table", type=Path, metavar="JSON", help="print the table of an earlier run"
    )
    options = parser.parse_args()
    if options.table:
        print(markdown(json.loads(options.table.read_text())), end="")
        return 0
    unknown = [name for name in options.networks if name not in NETWORKS]
    if unknown:
        parser.error(f"there is no network called {', '.join(unknown)}")
    if options.rounds < 1:
        parser.error("--rounds is how many samples are taken; give 1 or more")
    if not 1 <= options.threads <= len(os.sched_getaffinity(0)):
        parser.error(f"--threads is at most {len(os.sched_getaffinity(0))} here, one for a core")
    report = run(options)
    print(markdown(report), end="")
    ours = [row["sides"][OURS]["problem"] for row in report["networks"]]
    return 1 if report["failed"] or any(ours) else 0


if __name__ == "__main__":
    raise SystemExit(main())

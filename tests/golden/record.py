# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The golden record: hashes that hold the decisions' behaviour fixed while the code is moved.

    python tests/golden/record.py             # prints what it is today
    python tests/golden/record.py --check     # exit status 1 where golden.json says otherwise
    python tests/golden/record.py --write     # renews golden.json: the commit says what changed
    python tests/golden/record.py --dump F    # writes all that is hashed, to compare with later
    python tests/golden/record.py --check --against F    # tells besides what differs first

`--quick` does the part that the test suite checks (tests/unit/test_golden.py). All calls into the
code under test are in adapter.py: the API may change, the hashes must not.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
sys.path[:0] = [str(ROOT), str(FOLDER)]

import adapter  # noqa: E402

GOLDEN = FOLDER / "golden.json"
WORKLOADS = FOLDER / "workloads.json"
"""The samples of tests/unit/samples.py, as they were when the record was begun."""
NETWORKS = ROOT / "model" / "corpus" / "held_out.jsonl.xz"
RESNET = ROOT / "examples" / "resnet50" / "resnet50.mlir"
DRAWS = 12
"""Random schedules for each sample and target: 2,000 in all."""
DRAWS_OF_NETWORKS = 2
QUICK_DRAWS, QUICK_ENTRIES = 2, 8
"""Of the part that the suite checks: schedules of each sample and target, and one dispatch of a
network out of so many."""
WORDS = 373
"""Words of the vocabulary when the record was begun. New ones come after them."""
CUDA = ("--iree-hal-target-device=cuda", "--iree-cuda-target=sm_80")
VULKAN = ("--iree-hal-target-device=vulkan", "--iree-vulkan-target=ampere")
DEVICES = {
    "cuda sm_80": CUDA,
    "cuda sm_86": ("--iree-hal-target-device=cuda", "--iree-cuda-target=sm_86"),
    **{
        f"vulkan {arch}": ("--iree-hal-target-device=vulkan", f"--iree-vulkan-target={arch}")
        for arch in ("ampere", "rdna3", "valhall", "adreno", "llvmpipe")
    },
}


def cpu(bits: int, cores: int, caches: tuple[int, int, int], *features: str) -> str:
    l1, l2, l3 = caches
    sizes = {"vector_bits": bits, "cores": cores, "l1": l1, "l2": l2, "l3": l3}
    return json.dumps({"backend": "llvm-cpu", "features": features, "stack_bytes": 32768, **sizes})


def gpu(backend: str, units: int, subgroup: int, threads: int, z: int, shared: int, *features: str):  # type: ignore[no-untyped-def]
    sizes = {"units": units, "subgroup": subgroup, "threads": threads, "shared": shared}
    group = [threads, threads, z]
    return json.dumps({"backend": backend, "features": features, "group": group, **sizes})


_COMPUTE = ("fp64", "fp16", "int64")
CPUS = {
    "avx512": cpu(512, 2, (48 << 10, 2 << 20, 32 << 20), "fma", "avx512vnni"),
    "avx2": cpu(256, 8, (32 << 10, 1 << 20, 16 << 20), "fma"),
    "baseline": cpu(128, 1, (0, 0, 0)),
}
GPUS = {
    "cuda ampere": gpu("cuda", 0, 32, 1024, 1024, 166912, *_COMPUTE, "mma-f16", "mma-bf16"),
    "cuda hopper": gpu("cuda", 132, 32, 1024, 64, 232448, "mma-f16", "mma-bf16"),
    "cuda tight": gpu("cuda", 0, 32, 256, 64, 16384, "mma-f16"),
    "vulkan large": gpu("vulkan-spirv", 0, 32, 1024, 1024, 166912, *_COMPUTE, "mma-f16"),
    "vulkan small": gpu("vulkan-spirv", 0, 16, 128, 64, 16384),
    "vulkan adreno": gpu("vulkan-spirv", 0, 64, 1024, 64, 32768),
}
TARGETS = {name: adapter.target(text) for name, text in (CPUS | GPUS).items()}
"""As records name them: they stay readable."""


class Record:
    """Items by section and group, each a name and a text."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.items: dict[str, list[tuple[str, str]]] = {}

    def add(self, section: str, group: str, name: str, value: object) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.items.setdefault(f"{section}/{group}", []).append((name, text))

    def hashes(self) -> dict[str, str]:
        return {
            key: hashlib.sha256(json.dumps(self.items[key]).encode()).hexdigest()
            for key in sorted(self.items)
        }


def number(value: float) -> str:
    """Nine significant digits, and nothing of what rounding leaves of zero."""
    return f"{0.0 if abs(value) < 1e-12 else value:.9g}"


def rows(found: dict[str, float]) -> str:
    """Features in their order: the cost model takes them as columns."""
    return "\n".join(f"{name}: {number(float(value))}" for name, value in found.items())


def drawn(about, on, *seed: str | int) -> tuple[list[str], list[str]]:  # type: ignore[no-untyped-def]
    """Tokens of a random walk and what was open at each, independent of the code's own order.

    It does not leave the dispatch to IREE unless nothing else is open.
    """
    rng = np.random.default_rng([zlib.crc32(str(part).encode()) for part in seed])
    walk, tokens, opened = adapter.Walk(about, on), [], []
    while not walk.done:
        allowed = sorted(walk.allowed())
        opened.append(" ".join(allowed))
        others = [token for token in allowed if token != adapter.default(on)] or allowed
        tokens.append(others[int(rng.integers(len(others)))])
        walk.push(tokens[-1])
    return tokens, opened


def schedules(record: Record, group: str, name: str, about, on, draws: int, own=None) -> None:  # type: ignore[no-untyped-def]
    """Random schedules of a workload, and all that follows from each."""
    record.add("prompts", group, name, " ".join(adapter.prompt(about, on, "decide")))
    for draw in range(draws):
        place = f"{name} #{draw}"
        tokens, opened = drawn(about, on, group, name, draw)
        record.add("grammar", group, place, "\n".join(opened))
        found = adapter.schedule(about, on, tokens)
        record.add("tokens", group, place, " ".join(adapter.tokens(about, on, found)))
        if tokens[0] == adapter.default(on):
            break
        one_schedule(record, group, place, about, on, found, own)
        own = own or found


def one_schedule(record: Record, group: str, place: str, about, on, found, own) -> None:  # type: ignore[no-untyped-def]
    ops = [dict(sorted(op.items())) for op in adapter.op_attributes(about, on, found)]
    function = dict(sorted(adapter.function_attributes(about, on, found).items()))
    record.add("attributes", group, place, [function, *ops])
    record.add("restructuring", group, place, adapter.restructuring(about, on, found))
    lines = [f"func.func {key} = {text}" for key, text in function.items()]
    lines += [f"linalg.generic {key} = {text}" for op in ops for key, text in op.items()]
    back = adapter.read_back(about, on, "\n".join(lines))
    record.add("readback", group, place, adapter.values(back))
    for other in (None, own or found):
        record.add("features", group, place, rows(adapter.features(about, on, found, other)))
    if adapter.has_estimate(on):
        record.add("estimate", group, place, number(adapter.estimate(about, on, found)))


def samples(record: Record) -> None:
    """Random schedules of the samples on all targets."""
    workloads = {
        name: adapter.workload(json.dumps(data))
        for name, data in json.loads(WORKLOADS.read_text()).items()
    }
    for target, on in TARGETS.items():
        for name, about in workloads.items():
            schedules(record, target, name, about, on, QUICK_DRAWS if record.quick else DRAWS)
            if target in CPUS:
                graph(record, target, name, about, on)


def graph(record: Record, group: str, name: str, about, on) -> None:  # type: ignore[no-untyped-def]
    """What is asked about an op before dispatches are formed, and what may be answered."""
    record.add("graph", group, name, " ".join(adapter.prompt(about, on, "graph")))
    allowed = adapter.Walk(about, on, graph=True).allowed()
    record.add("graph", group, name, " ".join(sorted(allowed)))


def networks(record: Record) -> None:
    """The dispatches of the held-out networks: as they are read, and IREE's own choices."""
    entries = adapter.entries(NETWORKS)
    for place, (network, text, source) in enumerate(entries):
        if record.quick and place % QUICK_ENTRIES:
            continue
        name, about = f"{network} {place}", adapter.workload(text)
        for target in CPUS:
            on = TARGETS[target]
            read, configuration = adapter.dispatch_on_cpu(source, on, about)
            own = adapter.own_on_cpu(source, about, on)
            group = f"{network} {target}"
            _chosen(record, group, name, read, on, configuration, own)
            graph(record, group, name, about, on)
        for device, flags in (("cuda", CUDA), ("vulkan", VULKAN)):
            found = adapter.dispatch_on_gpu(source, flags)
            group = f"{network} {device}"
            if found is None:
                record.add("reading", group, name, "refused")
                continue
            read, on, configuration = found
            own = adapter.read_back(read, on, configuration)
            _chosen(record, group, name, read, on, configuration, own)


def _chosen(record: Record, group: str, name: str, about, on, configuration: str, own) -> None:  # type: ignore[no-untyped-def]
    record.add("reading", group, name, about.to_json())
    record.add("iree", group, name, configuration)
    record.add("readback", group, name, adapter.values(own))
    if own and adapter.has_estimate(on):
        record.add("estimate", group, name, number(adapter.estimate(about, on, own)))
    schedules(record, group, name, about, on, DRAWS_OF_NETWORKS, own)


def rest(record: Record) -> None:
    """What is no dispatch's: words, devices, the ops of a program before its dispatches."""
    record.add("vocabulary", "words", "words", " ".join(adapter.vocabulary()[:WORDS]))
    for name, flags in DEVICES.items():
        on = adapter.device(flags)
        record.add("targets", "devices", name, on.to_json())
    for target, text in (CPUS | GPUS).items():
        same = json.loads(TARGETS[target].to_json()) == json.loads(text)
        record.add("targets", "records", target, TARGETS[target].to_json() if same else "differs")
    for decision, ops in adapter.graph_ops(RESNET).items():
        for place, (kind, about) in enumerate(ops):
            name, on = f"{place} {kind}", TARGETS["avx2"]
            record.add("reading", f"resnet50 {decision}", name, about.to_json())
            graph(record, f"resnet50 {decision}", name, about, on)


def made(quick: bool) -> Record:
    """The record of the code as it is."""
    record = Record(quick)
    parts: tuple[Callable[[Record], None], ...] = (rest, samples, networks)
    for part in parts:
        part(record)
    return record


def recorded(quick: bool) -> dict[str, str]:
    """The hashes that golden.json holds."""
    found: dict[str, str] = json.loads(GOLDEN.read_text())["quick" if quick else "whole"]
    return found


def differing(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """The sections and groups that differ."""
    return sorted(key for key in found | wanted if found.get(key) != wanted.get(key))


def first_difference(key: str, record: Record, before: dict[str, list[list[str]]]) -> list[str]:
    """What differs first in a section and group, told in lines."""
    old, new = before.get(key, []), [list(item) for item in record.items.get(key, [])]
    for was, now in zip_longest(old, new, fillvalue=["nothing", ""]):
        for line, other in zip_longest(was[1].split("\n"), now[1].split("\n"), fillvalue="nothing"):
            if was[0] != now[0] or line != other:
                return [f"  before: {was[0]}: {line}", f"  now:    {now[0]}: {other}"]
    return ["  nothing differs from that file; it is of another version"]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare with golden.json")
    arguments.add_argument("--write", action="store_true", help="renew golden.json")
    arguments.add_argument("--quick", action="store_true", help="only what the test suite checks")
    arguments.add_argument("--dump", type=Path, help="write all that is hashed here (gzip)")
    arguments.add_argument("--against", type=Path, help="such a file, to tell what differs first")
    options = arguments.parse_args()
    record = made(options.quick)
    found = record.hashes()
    if options.dump:
        options.dump.write_bytes(gzip.compress(json.dumps(record.items).encode()))
    if options.write:
        whole = found if not options.quick else recorded(False)
        quick = found if options.quick else made(True).hashes()
        GOLDEN.write_text(json.dumps({"quick": quick, "whole": whole}, indent=1) + "\n")
    elif options.check:
        keys = differing(found, recorded(options.quick))
        before = {}
        if options.against and keys:
            before = json.loads(gzip.decompress(options.against.read_bytes()))
        for key in keys:
            print(f"differs: {key}")
            if before:
                print("\n".join(first_difference(key, record, before)))
        print(f"{len(found) - len(keys)} of {len(found)} groups are as recorded")
        return 1 if keys else 0
    else:
        print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

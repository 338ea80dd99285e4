# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets as IREE's attributes describe them and as records hold them, and their backends."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
from iree.compiler import ir
from samples import TARGETS

from tlm_mlir.errors import InputError, TargetError
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.phases import SOURCES
from tlm_mlir.iree.session import Session
from tlm_mlir.targets import registry
from tlm_mlir.targets.cpu import host
from tlm_mlir.targets.cpu.host import cache_sizes, cpu_target, host_features
from tlm_mlir.targets.dispatches import normalize
from tlm_mlir.targets.target import GpuTarget, Target

HERE = platform.machine()
ATTRIBUTE = (
    '#hal.executable.target<"llvm-cpu", "embedded-elf-{0}", {{cpu = "some", cpu_features = "{1}",'
    ' target_triple = "{0}-unknown-unknown-eabi-elf"}}>'
)


def test_vectors_and_features() -> None:
    found = cpu_target(ATTRIBUTE.format("x86_64", "+fma,+avx2,+avx512f,-avx512f,+sse2"), 3)
    assert (found.vector_bits, found.cores, found.features) == (256, 3, ("fma",))
    assert cpu_target(ATTRIBUTE.format("x86_64", "+avx512f"), 1).vector_bits == 512
    assert cpu_target(ATTRIBUTE.format("aarch64", "+neon"), 1).vector_bits == 128


def test_caches_of_other_cpus_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Named after a find: an AVX-512 CPU was described by the caches of a machine without."""
    monkeypatch.setattr(host, "host_features", lambda: frozenset({"fma", "avx2"}))
    monkeypatch.setattr(host, "cache_sizes", lambda: (1, 2, 3))
    caches = [
        (found.l1, found.l2, found.l3)
        for found in (
            cpu_target(ATTRIBUTE.format(HERE, "+avx2,+fma,+sse2"), 1),
            cpu_target(ATTRIBUTE.format(HERE, ""), 1),
            cpu_target(ATTRIBUTE.format(HERE, "+avx512f,+avx2,+fma"), 1),
            cpu_target(ATTRIBUTE.format("riscv64", ""), 1),
        )
    ]
    assert caches == [(1, 2, 3), (1, 2, 3), (0, 0, 0), (0, 0, 0)]


def test_this_machine_has_its_own_caches() -> None:
    session = Session(cpu("host"))
    program = "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n" \
        "  %r = math.exp %x : tensor<4xf32>\n  return %r : tensor<4xf32>\n}"
    module = session.run(session.parse_text(program), None, SOURCES)
    attribute = str(module.regions[0].blocks[0].operations[0])
    found = cpu_target(attribute[attribute.index("#hal.executable.target") :], 2)
    assert (found.l1, found.l2, found.l3) == cache_sizes()


def test_features_as_linux_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nflags\t\t: fpu fma avx2 avx512f avx512_vnni amx_int8\n")
    assert host_features(path) == {"fma", "avx2", "avx512f", "avx512vnni", "amx-int8"}
    assert host_features(tmp_path / "none") == frozenset()


@pytest.mark.parametrize("attribute", ['#hal.executable.target<"vmvx", "x">', "nothing"])
def test_other_backends_are_refused(attribute: str) -> None:
    with pytest.raises(TargetError, match="expected an llvm-cpu executable target"):
        cpu_target(attribute, 1)
    with pytest.raises(TargetError, match="unknown executable target .*; known are llvm-cpu, "):
        registry.read_target(attribute, 1, ir.Context())


def test_records_hold_both_kinds() -> None:
    gpu = GpuTarget("cuda", 132, 32, 1024, (1024, 1024, 64), 232448, features=("mma-f16",))
    for target in (*TARGETS.values(), gpu):
        assert Target.from_json(target.to_json()) == target
    damaged = {**json.loads(gpu.to_json()), "vector_bits": 512}
    for text in (json.dumps(damaged), "{}", "[]", "3", "x", '{"backend": "cuda"}'):
        with pytest.raises(InputError, match="target record is damaged"):
            Target.from_json(text)


def test_every_backend_names_itself() -> None:
    for name, backend in registry.BACKENDS.items():
        assert backend.name == name and registry.named(name) is backend
        attribute = f'#hal.executable.target<"{name}", "format">'
        assert registry.of_attribute(attribute) is backend


def test_pipelines_that_share_a_token_are_told_apart_by_the_root_op() -> None:
    for backend in registry.BACKENDS.values():
        numbers: dict[str, set[int]] = {}
        for pipeline in backend.pipelines:
            numbers.setdefault(pipeline.token, set()).add(pipeline.number)
        assert all(len(some) == 1 for some in numbers.values())


SOFTMAX = """func.func @f(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %r = linalg.softmax dimension(1) ins(%x : tensor<8x8xf32>)
    outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}"""


def test_dispatches_for_unknown_backends_stay_as_they_are() -> None:
    session = Session(cpu("x86-64-v3"))
    text = str(session.run(session.parse_text(SOFTMAX), None, SOURCES))
    for backend, left in (("llvm-cpu", 0), ("vmvx", 1)):
        module = session.parse_text(text.replace('<"llvm-cpu"', f'<"{backend}"'))
        normalize(module)
        assert str(module).count("linalg.softmax") == left


def test_each_dispatch_is_normalized_for_its_own_backend() -> None:
    session = Session(cpu("x86-64-v3"))
    text = str(session.run(session.parse_text(SOFTMAX), None, SOURCES))
    alias, _, rest = text.partition("\n")
    executable = rest[rest.index("hal.executable private") : rest.index("util.func")]
    other = executable.replace("@f_dispatch_0", "@g_dispatch_0")
    other = other.replace("target(#executable_target", "target(#other", 1)
    unknown = alias.replace("#executable_target", "#other").replace('<"llvm-cpu"', '<"vmvx"')
    both = f"{alias}\n{unknown}\n{rest.replace(executable, executable + other)}"
    module = session.parse_text(both)
    normalize(module)
    assert str(module).count("linalg.softmax") == 1

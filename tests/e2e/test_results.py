# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache of finished compiles: what is taken from it, what is not, and what it survives."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import tlm_mlir
from tlm_mlir.cli import main
from tlm_mlir.compiler import results
from tlm_mlir.compiler.options import Options
from tlm_mlir.compiler.report import Report
from tlm_mlir.compiler.results import Results, compile_or_find, key_of
from tlm_mlir.compiler.source import Source
from tlm_mlir.model import entry, kept
from tlm_mlir.model.kept import BOUND, OFF

MATMUL = Path(__file__).resolve().parents[2] / "lit" / "matmul.mlir"
HERE = Options(cores=1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(OFF, raising=False)
    monkeypatch.setattr(results, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "results"


def compiled(out: Path, options: Options = HERE, source: Path = MATMUL) -> Report:
    return compile_or_find(source, out, options)


def key(options: Options = HERE, source: Path = MATMUL) -> str:
    return key_of(Source.of(source), options)


def test_the_second_compile_comes_from_the_cache(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    first, second, report = (tmp_path / name for name in ("a.vmfb", "b.vmfb", "r.json"))
    arguments = ["compile", str(MATMUL), "--cores", "1"]
    assert main([*arguments, "-o", str(first)]) == 0
    assert b"s of it ours" in capsysbinary.readouterr().err
    assert main([*arguments, "-o", str(second), "--json", "--report-out", str(report)]) == 0
    told = capsysbinary.readouterr()
    assert told.err.decode().startswith(f"{second}: ") and b"; from the cache, " in told.err
    assert first.read_bytes() == second.read_bytes()
    assert json.loads(told.out)["cached"] and Report.read(report).cached
    assert main([*arguments, "-o", "-"]) == 0
    assert capsysbinary.readouterr().out == first.read_bytes()


def test_what_is_told_of_decisions_is_the_same(tmp_path: Path) -> None:
    first, second = compiled(tmp_path / "a.vmfb"), compiled(tmp_path / "b.vmfb")
    assert (first.cached, second.cached) == (False, True)
    assert replace(second, cached=False, seconds={}, total_seconds=0.0) == replace(
        first, seconds={}, total_seconds=0.0
    )


@pytest.mark.parametrize(
    "changed",
    [
        replace(HERE, cores=2),
        replace(HERE, cpu="x86-64-v3"),
        replace(HERE, graph=False),
        replace(HERE, samples=3),
        replace(HERE, caches=(1 << 15, 1 << 19, 0)),
        replace(HERE, iree_args=("--iree-opt-level=O2",)),
    ],
    ids=lambda options: str(options)[8:60],
)
def test_other_options_are_another_compile(changed: Options) -> None:
    assert key() and key(changed) and key(changed) != key()


def test_all_that_code_depends_on_is_in_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = key()
    copy = tmp_path / "matmul.mlir"
    copy.write_text(MATMUL.read_text())
    moved = key(source=copy)
    copy.write_text(MATMUL.read_text() + "\n// Changed.\n")
    keys = [same, moved, key(source=copy)]
    with monkeypatch.context() as patch:
        patch.setenv("IREE_SOMETHING", "1")
        keys.append(key())
    for name, found in (("host", "another"), ("version", "9"), ("cache_sizes", (1, 2, 3))):
        with monkeypatch.context() as patch:
            patch.setattr(kept, name, lambda *_, found=found: found)
            keys.append(key())
    with monkeypatch.context() as patch:
        patch.setattr(kept, "_states", lambda _: [("file.py", 1, 2)])
        keys.append(key())
    assert len(set(keys)) == len(keys) and key() == same


@pytest.mark.parametrize(
    "flag",
    [
        "--iree-opt-import-parameters=weights.irpa",
        "--iree-opt-splat-parameters=out.irpa",
        "--iree-hal-dump-executable-files-to=dump",
        "--iree-codegen-transform-dialect-library=script.mlir",
        "--iree-llvmcpu-target-cpu=./file",
    ],
)
def test_flags_that_may_name_files_are_compiled_each_time(flag: str) -> None:
    assert not key(replace(HERE, iree_args=(flag,)))


def test_a_model_that_is_missing_has_no_key(tmp_path: Path) -> None:
    assert not key(replace(HERE, model=tmp_path / "none"))


def test_it_can_be_turned_off(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "out.vmfb")
    assert main(["compile", str(MATMUL), "-o", out, "--no-cache"]) == 0
    monkeypatch.setenv(OFF, "1")
    assert main(["compile", str(MATMUL), "-o", out]) == 0
    monkeypatch.delenv(OFF)
    tlm_mlir.compile(MATMUL, out)
    assert not folder.exists()
    assert not tlm_mlir.compile(MATMUL, out, cache=True).cached
    assert tlm_mlir.compile(MATMUL, out, cache=True).cached


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _other(path: Path) -> None:
    entry.write(path, (3).to_bytes(8, "little") + b"{}?")


@pytest.mark.parametrize("damage", [_cut, _other, Path.touch, lambda path: path.write_bytes(b"")])
def test_a_damaged_entry_is_compiled_and_replaced(
    tmp_path: Path, folder: Path, damage: Callable[[Path], None]
) -> None:
    compiled(tmp_path / "a.vmfb")
    (path,) = folder.iterdir()
    whole = damage is Path.touch
    damage(path)
    assert compiled(tmp_path / "b.vmfb").cached is whole
    assert compiled(tmp_path / "c.vmfb").cached
    assert (tmp_path / "a.vmfb").read_bytes() == (tmp_path / "c.vmfb").read_bytes()


def test_a_folder_that_cannot_be_used_costs_time_alone(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.parent.write_text("a file")
    assert not compiled(tmp_path / "a.vmfb").cached and not compiled(tmp_path / "a.vmfb").cached
    folder.parent.unlink()

    def full(path: Path, binary: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(entry, "write", full)
    assert not compiled(tmp_path / "a.vmfb").warnings and not folder.exists()


def test_what_is_warned_of_is_compiled_and_warned_of_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        report = compiled(tmp_path / "out.vmfb", Options(target="vmvx"))
        assert report.warnings and not report.cached
        assert "there are no schedules for vmvx" in capsys.readouterr().err


def sample(text: str) -> Report:
    return Report(text, "llvm-cpu", "model", (), {}, ())


def test_the_least_recently_used_entries_go_first(folder: Path) -> None:
    some = Results(folder, bound=5000)
    for place, name in enumerate(("a", "b", "c")):
        some.keep(name, sample(name), bytes(1000))
        os.utime(folder / f"{name}.result", (place, place))
    assert some.find("a")
    stale, busy = folder / ".1.x.result", folder / ".2.y.result"
    stale.touch()
    os.utime(stale, (0, 0))
    busy.touch()
    some.keep("d", sample("d"), bytes(1500))
    assert [bool(some.find(name)) for name in "abcd"] == [True, False, True, True]
    assert not stale.exists() and busy.exists()
    some.keep("e", sample("e"), bytes(6000))
    assert not some.find("e") and some.find("a") and some.store.usage().bytes <= 5000


def test_many_may_use_it_at_once(folder: Path) -> None:
    def use(number: int) -> None:
        mine, name = Results(folder, bound=9000), f"k{number % 5}"
        for _ in range(20):
            mine.keep(name, sample(name), name.encode() * 500)
            if found := mine.find(name):
                assert found[0].module == name and found[1] == name.encode() * 500

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(16)))
    assert Results(folder, bound=9000).store.usage().bytes <= 9000


def test_a_bound_that_is_no_size_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(BOUND, "much")
    assert main(["compile", str(MATMUL), "-o", str(tmp_path / "out.vmfb")]) == 1
    assert f"{BOUND} is 'much', which is no size; give it such as" in capsys.readouterr().err
    monkeypatch.setenv(BOUND, "2g")
    assert Results().store.bound == 2 << 30


def test_doctor_tells_where_it_is_and_how_large(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlm_mlir.compiler.doctor import examine

    monkeypatch.setattr("tlm_mlir.model.cache.cache_dir", lambda: tmp_path / "cache")
    Results().keep("a", sample("a"), bytes(1 << 20))
    told = next(finding.text for finding in examine() if finding.check == "cache")
    assert f"{folder.parent} can be written" in told
    assert told.endswith("; 1 finished compile, 1.0 MiB of at most 1024 MiB in results")

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What README and the walk-through show is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tlm_mlir.cli import main
from tlm_mlir.iree import attributes
from tlm_mlir.iree.executables import configuration, functions_of
from tlm_mlir.iree.flags import cpu
from tlm_mlir.iree.phases import CONFIGURED
from tlm_mlir.iree.session import Session

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PIPELINE = (ROOT / "docs" / "add-a-pipeline.md").read_text()
ATTENTION = ROOT / "lit" / "attention.mlir"


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def printed(*arguments: str) -> list[str]:
    """The lines that the command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(list(arguments)) == 0
    return out.getvalue().splitlines()


def of_any_machine(line: str) -> str:
    """A line of a prompt without the sizes of caches, which are those of the machine at hand."""
    return re.sub(r"(hw:l\d)( [mzgn]\d+)+", r"\1", line)


def test_the_command_prints_what_readme_shows() -> None:
    """All but the schedule, which is the model's and changes with it."""
    command, *shown = blocks(README, "console")[0].splitlines()
    words = shlex.split(command.removeprefix("$ tlm-mlir "))
    pipe = words.index("|")
    width = int(words[-1].removeprefix("-"))
    assert words[pipe:-1] == ["|", "cut", "-c"]
    arguments = [str(ROOT / word) if word.endswith(".mlir") else word for word in words[:pipe]]
    lines = [line[:width] for line in printed(*arguments)]
    assert len(lines) == len(shown) == 4
    assert lines[:2] == shown[:2]
    prompt, told = of_any_machine(lines[2]), of_any_machine(shown[2])
    assert prompt.startswith(told) or told.startswith(prompt)
    assert all(line.startswith("  schedule pipeline:ext @vector") for line in (lines[3], shown[3]))


def test_iree_chooses_what_readme_shows() -> None:
    iree, ours = re.findall(r"lowering_config<(.*)>$", blocks(README, "mlir")[0], re.MULTILINE)
    session = Session(cpu("znver3"))
    module = session.run(session.parse(ATTENTION), None, CONFIGURED)
    (function,) = functions_of(module)
    assert f"lowering_config<{iree}>" in configuration(function)
    assert attributes.read(f"iree_linalg_ext.x lowering_config = #iree_cpu.lowering_config<{ours}>")


def test_the_schedule_of_readme_is_the_configuration_beside_it(tmp_path: Path) -> None:
    schedule = blocks(README, "console")[0].splitlines()[-1].split("schedule ")[1]
    _, ours = re.findall(r"#iree_cpu.*>$", blocks(README, "mlir")[0], re.MULTILINE)
    directive = f"// SCHEDULE: attention {schedule}\n"
    found = applied(directive + _without_tests(ATTENTION.read_text()), ROOT, tmp_path)
    assert ours in found


def test_the_python_of_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "lit" / "softmax.mlir", tmp_path / "model.mlir")
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(README, "python")
    exec(compile(block, "README.md", "exec"), {})
    assert (tmp_path / "model.vmfb").stat().st_size > 0


def test_the_pipeline_of_the_walk_through_works(tmp_path: Path) -> None:
    """The edits of docs/add-a-pipeline.md, made in a copy of the tree; then its lit file."""
    for folder in ("tlm_mlir", "passes", "lit"):
        skipped = shutil.ignore_patterns("__pycache__", "Output")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    (source,), edits, (test,) = (blocks(PIPELINE, name) for name in ("python", "diff", "mlir"))
    for text in (source, test):
        first, _, rest = text.partition("\n")
        (tmp_path / first.split(" ")[1]).write_text(rest)
    for edit in edits:
        first, _, lines = edit.partition("\n")
        change(tmp_path / first.split(" ")[1], lines.splitlines())
    found = applied(test, tmp_path, tmp_path)
    expected = re.findall(r"// CHECK(?:-NEXT)?: (.*)", test)
    assert expected and all(line in found for line in expected)


def change(path: Path, lines: list[str]) -> None:
    """Exchanges the lines that begin with `-` for those with `+` behind them, once each."""
    text = path.read_text()
    for part in re.findall(r"(?:^-.*\n)+(?:^\+.*\n)+", "\n".join([*lines, ""]), re.MULTILINE):
        old, new = (
            "".join(f"{line[1:]}\n" for line in part.splitlines() if line[0] == sign)
            for sign in "-+"
        )
        assert text.count(old) == 1, f"{path.name} has not once: {old}"
        text = text.replace(old, new)
    path.write_text(text)


def applied(text: str, tree: Path, folder: Path) -> str:
    """What IREE makes of the schedules that a lit file holds, by a tree's sources."""
    path = folder / "example.mlir"
    path.write_text(text)
    command = [sys.executable, "-m", "tlm_mlir.cli", "opt", str(path), "--cpu=x86-64-v4"]
    done = subprocess.run(
        [*command, "--cores=2", "--emit=config"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tree)},
        cwd=tree,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _without_tests(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names, files, flags and commands in the documents exist."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import (
    DOCUMENTS,
    MADE,
    ROOT,
    drawn_paths,
    missing,
    path_exists,
    shell_lines,
    ticked,
    wrong_command,
)

NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_what_stands_in_backticks_exists(document: Path) -> None:
    texts = sorted(set(ticked(document.read_text())))
    found = {text: missing(text, document) for text in texts}
    assert {text: reason for text, reason in found.items() if reason} == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_paths_in_pictures_exist(document: Path) -> None:
    paths = [path for path in drawn_paths(document.read_text()) if path not in MADE]
    assert [path for path in paths if not path_exists(path, document)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_commands_of_documents_are_understood(document: Path) -> None:
    found = {line: wrong_command(line) for line in shell_lines(document.read_text())}
    assert {line: reason for line, reason in found.items() if reason} == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("_fixed", "nothing of that name"),
        ("NORMALIZATION", "nothing of that name"),
        ("Options.flagz", "nothing of that name"),
        ("Nobody.flags", "nothing of that name"),
        ("ir.dispatch.nothing", "nothing of that name"),
        ("linalg.nothing", "nothing of that name"),
        ("pipeline:nothing", "nothing of that name"),
        ("ir/nothing.py", "no such file"),
        ("nothing.jsonl.xz", "no such file"),
        ("results/nothing/", "no such file"),
        ("--no-such-flag", "no such flag"),
        ("--iree-no-such-flag", "no such flag"),
        ("make nothing", "no target nothing"),
        ("tlm-mlir nothing", "tlm-mlir has no command nothing"),
        ("tlm-mlir bench --graph", "tlm-mlir bench has no --graph"),
        ("collect --nothing", "tlm-mlir collect has no --nothing"),
        ("tests/golden/record.py --nothing", "tests/golden/record.py has no --nothing"),
        ("python -m tlm_mlir.nothing", "no module tlm_mlir.nothing"),
    ],
)
def test_what_is_gone_is_found(text: str, reason: str) -> None:
    """CONTRIBUTING named `_fixed` and `NORMALIZATION` long after they were gone."""
    assert missing(text, DOCUMENTS[0]) == reason


@pytest.mark.parametrize(
    "text",
    [
        *("Options.flags", "targets.target.Target", "resolve(inputs, given)", "ir/reader.py"),
        *("linalg.generic", "#hal.executable.target", "pipeline:lanes", "m7 z3 g25", "mmt4d"),
        *("--iree-arg=--x", "--iree-opt-level=O3", "--margin=-99", "make demo", "results/zen3/"),
        *("tlm-mlir train --from OLD", "tests/golden/record.py --check", "lit/<kind>.mlir"),
        *("executable-configurations", "translation_info", "compiler", "python bundle.zip"),
    ],
)
def test_what_is_there_is_found(text: str) -> None:
    assert missing(text, ROOT / "benchmarks" / "README.md") == ""


@pytest.mark.parametrize(
    "line",
    [
        "tlm-mlir bench in.mlir --no-such-flag",
        "tlm-mlir nothing",
        "python benchmarks/nothing.py NETWORK",
        "python benchmarks/random_schedules.py corpus --no-such-flag",
        "python bundle.zip --no-such-flag",
        ".venv/bin/python -m pytest tests/nothing",
        "BUNDLES=x make nothing",
        "nothing --help",
    ],
)
def test_a_wrong_command_is_found(line: str) -> None:
    assert wrong_command(line)


def test_a_command_over_several_lines_is_one() -> None:
    text = "```sh\ntlm-mlir bench a.mlir \\\n    --rounds 3   # more\n```\n```mlir\nno shell\n```\n"
    (line,) = shell_lines(text)
    assert line == "tlm-mlir bench a.mlir --rounds 3   # more"
    assert not wrong_command(line)


def test_a_path_in_a_picture_is_found() -> None:
    text = "```\nmodule\n   │  iree/session.py  IREE\n├── ir/    reads\n```\n```sh\nls a.py\n```\n"
    assert list(drawn_paths(text)) == ["iree/session.py", "ir/"]
    assert path_exists("ir/", ROOT) and not path_exists("ir/nothing.py", ROOT)

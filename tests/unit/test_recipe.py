# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The recipe as data: its stages fit together, and resuming asks nobody to trust what is there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tlm_mlir.cli import main
from tlm_mlir.errors import InputError
from tlm_mlir.training import recipe
from tlm_mlir.training.recipe import LOG, TINY, Settings, Stage, resume, stages
from tlm_mlir.training.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "model" / "corpus"
RELEASED = Settings(
    ROOT / "model" / "records", CORPUS / "training.jsonl.xz", CORPUS / "held_out.jsonl.xz"
)


@pytest.mark.parametrize("settings", [RELEASED, dataclasses.replace(RELEASED, **TINY)])
def test_every_stage_has_what_it_needs_by_then(settings: Settings, tmp_path: Path) -> None:
    made: set[Path] = set()
    some = stages(tmp_path, settings)
    for stage in some:
        assert stage.command[0] in {each.name for each in STAGES}
        assert all(path in made or path.exists() for path in stage.inputs), stage.name
        named = [Path(word) for word in stage.command if word.startswith("/")]
        assert {path for path in named if path not in stage.inputs} <= {
            stage.output, stage.output.parent,
        }  # fmt: skip
        made.add(stage.output)
    assert len({stage.name for stage in some}) == len(made) == len(some) == 11
    used = {path for stage in some for path in stage.inputs}
    assert set(settings.records.glob("*.xz")) < used


def test_the_list_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["recipe", str(tmp_path / "run"), "--list", "--records", str(RELEASED.records)]
    assert main([*arguments, "--until", "first", "--first-steps", "7"]) == 0
    said = capsys.readouterr().out
    assert [line.split(":")[0] for line in said.splitlines()[::3]] == [
        "unmeasured", "pretrain", "first",
    ]  # fmt: skip
    assert said.splitlines()[-1].endswith("--steps 7") and not (tmp_path / "run").exists()
    assert main([*arguments, "--until", "last"]) == 1
    assert "there is no stage last; there are unmeasured, pretrain" in capsys.readouterr().err
    assert main([*arguments[:3], "--records", str(tmp_path)]) == 1
    assert "lacks dispatch.jsonl.xz" in capsys.readouterr().err


def test_the_card_names_the_stages_in_their_order() -> None:
    card = (ROOT / "model" / "README.md").read_text().split("## Recipe")[1].split("## ")[0]
    rows = [line.split("|")[1].strip() for line in card.splitlines() if line.startswith("| `")]
    assert [row.strip("`") for row in rows] == [stage.name for stage in stages(ROOT, RELEASED)]


def _writing(folder: Path, *names: str) -> list[Stage]:
    """Stages that write their names, each needing what the one before wrote."""
    made = []
    for name in names:
        before = (made[-1].output,) if made else ()
        made.append(Stage(name, "", (name,), before, folder / name))
    return made


def test_resuming_goes_on_behind_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = _writing(tmp_path, "a", "b", "c")
    ran: list[str] = []
    fails: set[str] = {"b"}

    def run(stage: Stage) -> int:
        ran.append(stage.name)
        if stage.name in fails:
            return 130
        stage.output.write_text("")
        return 0

    monkeypatch.setattr(recipe, "_run", run)
    assert resume(tmp_path, some) == 130 and ran == ["a", "b"]
    fails.clear()
    assert resume(tmp_path, some) == 0 and ran == ["a", "b", "b", "c"]
    assert resume(tmp_path, some) == 0 and ran == ["a", "b", "b", "c"]
    assert json.loads((tmp_path / LOG).read_text()) == {"a": ["a"], "b": ["b"], "c": ["c"]}
    (tmp_path / "b").unlink()
    assert resume(tmp_path, some[:2]) == 0 and ran[4:] == ["b"]
    other = dataclasses.replace(some[1], command=("b", "--steps", "7"))
    with pytest.raises(InputError, match=r"b was made with other settings \(tlm-mlir b\)"):
        resume(tmp_path, [some[0], other])


def test_a_stage_without_its_input_or_output_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _writing(tmp_path, "a", "b")
    with pytest.raises(InputError, match="the stage b needs .*/a; give it"):
        resume(tmp_path, [second])
    monkeypatch.setattr(recipe, "_run", lambda stage: 0)
    with pytest.raises(InputError, match="the stage a left no .*/a"):
        resume(tmp_path, [first])
    (tmp_path / LOG).write_text("{")
    with pytest.raises(InputError, match="recipe.json is damaged"):
        resume(tmp_path, [first])

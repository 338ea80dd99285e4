# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The recipe of the released model: its stages as data, run one after the other.

    tlm-mlir recipe build/run            # runs what is missing; the same command resumes
    tlm-mlir recipe build/run --list     # says what is there, and the commands of the others

A stage is done when its output is there: outputs appear by one rename, and an interrupted training
goes on from its own state. What a stage was run with is kept beside them, so that nobody takes the
result of other settings for that of these.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import write_text
from ..model.checkpoint import cost_model_file

VALIDATION = "0.08"
"""Share of the workloads that nothing learns from, by their hash."""
FIRST = ("dispatch.jsonl.xz", "graph.jsonl.xz")
"""The first machine's records."""
LATER = (
    *("dispatch_zen3.jsonl.xz", "dispatch_zen4_panels.jsonl.xz"),
    *("dispatch_zen5.jsonl.xz", "graph_zen5.jsonl.xz"),
)
DRAWN = "graph_zen4_drawn.jsonl.xz"
"""Records for the cost model alone: a prompt does not say where inputs come from, as these do."""
"""Records that are later than what the second and the third training saw."""
GPUS = ("cuda:sm_80,sm_86,sm_89,sm_90", "vulkan:llvmpipe,ampere,ada,rdna3,valhall,adreno")
LOG = "recipe.json"
"""The command of each finished stage, by its name."""


@dataclass(frozen=True)
class Settings:
    """What the recipe works on, and how much it does. Steps are those of the optimizer."""

    records: Path = Path("model/records")
    corpus: Path = Path("model/corpus/training.jsonl.xz")
    held_out: Path = Path("model/corpus/held_out.jsonl.xz")
    pretrain: int = 600_000
    pretrain_steps: int = 2250
    first_steps: int = 2600
    more: int = 25_000
    second_steps: int = 500
    third_steps: int = 600
    panels: int = 30_000
    last_steps: int = 2200
    rounds: int = 500
    gpus: tuple[str, ...] = GPUS
    network: tuple[str, ...] = ()
    """More arguments of the first training, which makes the network."""
    training: tuple[str, ...] = ()
    """More arguments of every training."""
    search: tuple[str, ...] = ()
    """More arguments of the search."""


TINY: dict[str, Any] = {
    **{"pretrain": 40, "more": 20, "rounds": 3, "panels": 3, "gpus": ("cuda:sm_90",)},
    **{f"{name}_steps": 2 for name in ("pretrain", "first", "second", "third", "last")},
    **{"network": ("--layers", "1", "--embedding", "32"), "training": ("--rows", "2")},
    "search": ("--workloads", "2"),
}
"""Settings to try the recipe with: two steps of each training, of a small network."""
ARGUMENTS = ("network", "training", "search")
"""Settings that are arguments of commands."""


@dataclass(frozen=True)
class Stage:
    """One stage: the command makes the output out of the inputs. `why` is for the list."""

    name: str
    why: str
    command: tuple[str, ...]
    inputs: tuple[Path, ...]
    output: Path

    @property
    def done(self) -> bool:
        """Whether the output is there."""
        return self.output.exists()


def stages(run: Path, settings: Settings) -> list[Stage]:
    """The stages in their order; `run` is the folder that holds the outputs.

    Raises InputError where the records are missing.
    """
    records = sorted(settings.records.glob("*.jsonl.xz"))
    names = {path.name for path in records}
    if absent := [name for name in (*FIRST, *LATER, DRAWN) if name not in names]:
        raise InputError(f"{settings.records} lacks {', '.join(absent)}; give the released records")
    dispatches = [path for path in records if path.name.startswith("dispatch")]
    first = [path for path in records if path.name in FIRST]
    compared = [path for path in records if path in dispatches or path.name == DRAWN]
    learned = [path for path in records if path.name != DRAWN]
    earlier = [path for path in learned if path.name not in LATER]
    unmeasured, more, examples, panels = (
        run / f"{name}.jsonl.xz" for name in ("unmeasured", "more", "examples", "panels")
    )

    def train(name: str, why: str, some: Sequence[Path], steps: int, *flags: str) -> Stage:
        begin = trained[-1:]
        command = (
            *("train", str(run / name), "--records", *map(str, some)),
            *(("--from", str(begin[0])) if begin else settings.network),
            *("--validation", VALIDATION, *flags, "--steps", str(steps), *settings.training),
        )
        trained.append(run / name / "checkpoint")
        return Stage(name, why, command, (*some, *begin), trained[-1])

    def cost_model(name: str, why: str) -> Stage:
        checkpoint = trained[-1]
        inputs = (checkpoint, settings.corpus, *compared)
        command = (
            *("cost-model", str(checkpoint), "--corpus", str(settings.corpus)),
            *("--records", *map(str, compared), "--rounds", str(settings.rounds)),
        )
        return Stage(name, why, command, inputs, checkpoint / cost_model_file("llvm-cpu"))

    def draw(output: Path, why: str, count: int, *flags: str) -> Stage:
        command = ("unmeasured", str(settings.corpus), str(output), "--count", str(count), *flags)
        return Stage(output.name.split(".")[0], why, command, (settings.corpus,), output)

    def distill(output: Path, why: str) -> Stage:
        checkpoint = trained[-1]
        gpus = [word for gpu in settings.gpus for word in ("--gpu", gpu)]
        command = (
            *("distill", str(checkpoint), str(output), "--corpus", str(settings.corpus)),
            *("--records", *map(str, dispatches), *gpus, *settings.search),
        )
        asked = (checkpoint, checkpoint / cost_model_file("llvm-cpu"))
        inputs = (*asked, settings.corpus, *dispatches)
        return Stage("distill", why, command, inputs, output)

    def judge(output: Path, why: str) -> Stage:
        checkpoint = trained[-1]
        command = (
            *("panels", str(output), "--corpus", str(settings.corpus)),
            *("--held-out", str(settings.held_out), "--records", *map(str, dispatches)),
            *("--judge", str(checkpoint), "--resized", str(settings.panels), *settings.search),
        )
        asked = (checkpoint, checkpoint / cost_model_file("llvm-cpu"))
        inputs = (*asked, settings.corpus, settings.held_out, *dispatches)
        return Stage("panels", why, command, inputs, output)

    trained: list[Path] = []
    rate = ("--learning-rate", "4e-4")
    return [
        draw(unmeasured, "legal schedules that nobody measured", settings.pretrain),
        train(
            "pretrain", "the language, from these alone", [unmeasured],
            settings.pretrain_steps, "--final-rate", "0.3",
        ),
        train(
            "first", "the first machine's records", first,
            settings.first_steps, "--learning-rate", "8e-4",
        ),
        draw(more, "other schedules that nobody measured", settings.more, "--seed", "1"),
        train(
            "second", "the earlier records, and these, so that the language is not forgotten",
            [*earlier, more], settings.second_steps, *rate,
        ),
        train(
            "third", "the earlier records, rare kinds of workloads more often", earlier,
            settings.third_steps, *rate, "--repeat", "graph=16", "strided=15",
        ),
        cost_model("third-cost-model", "what the search asks"),
        distill(examples, "what a search that measures nothing finds, for all machines and GPUs"),
        judge(panels, "packed weights: what estimate and cost model like best, at many sizes"),
        train(
            "train", "all records, and what was found", [*learned, examples, panels],
            settings.last_steps, *rate, "--repeat", "graph=16",
        ),
        cost_model("cost-model", "what compares the schedules that the model writes"),
    ]  # fmt: skip


def resume(run: Path, some: Sequence[Stage]) -> int:
    """Runs the stages whose outputs are missing; returns the exit status of one that fails, else 0.

    Raises InputError for an output of other settings, or an input that is missing.
    """
    finished = _finished(run / LOG)
    for number, stage in enumerate(some, 1):
        head = f"[{number}/{len(some)}] {stage.name}"
        if stage.done:
            _check(stage, finished, run)
            print(f"{head}: {stage.output} is there", flush=True)
            continue
        if absent := [str(path) for path in stage.inputs if not path.exists()]:
            raise InputError(f"the stage {stage.name} needs {', '.join(absent)}; give it")
        print(f"{head}: tlm-mlir {shlex.join(stage.command)}", flush=True)
        if status := _run(stage):
            return status
        if not stage.done:
            raise InputError(f"the stage {stage.name} left no {stage.output}; look at what it said")
        finished[stage.name] = list(stage.command)
        write_text(run / LOG, json.dumps(finished, indent=1) + "\n")
    return 0


def _finished(log: Path) -> dict[str, list[str]]:
    try:
        return dict(json.loads(log.read_text())) if log.exists() else {}
    except ValueError as error:
        raise InputError(f"{log} is damaged ({error}); remove it") from None


def _check(stage: Stage, finished: dict[str, list[str]], run: Path) -> None:
    before = finished.get(stage.name, list(stage.command))
    if before != list(stage.command):
        raise InputError(
            f"{stage.output} was made with other settings (tlm-mlir {shlex.join(before)}); remove"
            f" it, or use another folder than {run}"
        )


def _run(stage: Stage) -> int:
    """Runs a stage in a process of its own, so that its memory is free afterwards."""
    stage.output.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen([sys.executable, "-m", "tlm_mlir", *stage.command]) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                # The stage was interrupted as well, and saves what it has.
                continue


def show(some: Sequence[Stage]) -> str:
    """The stages, what each is for, and whether it is done."""
    return "\n".join(
        f"{stage.name}{' (done)' if stage.done else ''}: {stage.why}\n"
        f"    {stage.output}\n    tlm-mlir {shlex.join(stage.command)}"
        for stage in some
    )


def _settings(options: argparse.Namespace) -> Settings:
    given = {name: value for name, value in vars(options).items() if value is not None}
    names = {field.name for field in dataclasses.fields(Settings)}
    chosen: dict[str, Any] = {name: given[name] for name in names & given.keys()}
    if "gpus" in chosen:
        chosen["gpus"] = tuple(chosen["gpus"])
    return Settings(**{**(TINY if options.tiny else {}), **chosen})


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the model from the released records, stage by stage; the same command resumes."""
    parser = argparse.ArgumentParser(prog="tlm-mlir recipe", description=main.__doc__)
    parser.add_argument("run", type=Path, metavar="RUN_DIR", help="what is made is kept there")
    parser.add_argument("--list", action="store_true", help="show the stages and run none")
    parser.add_argument("--until", metavar="STAGE", help="the last stage to run")
    parser.add_argument("--tiny", action="store_true", help="two steps each: to try the recipe")
    parser.add_argument("--gpus", nargs="*", metavar="TARGET:ARCH,..", help="to search for")
    for field in dataclasses.fields(Settings):
        if field.name not in (*ARGUMENTS, "gpus"):
            flag, kind = "--" + field.name.replace("_", "-"), type(field.default)
            metavar = "N" if kind is int else "PATH"
            parser.add_argument(flag, type=kind, metavar=metavar, help=f"({field.default})")
    options = parser.parse_args(arguments)
    some = stages(options.run, _settings(options))
    if options.until is not None:
        names = [stage.name for stage in some]
        if options.until not in names:
            raise InputError(f"there is no stage {options.until}; there are {', '.join(names)}")
        some = some[: names.index(options.until) + 1]
    if options.list:
        print(show(some))
        return 0
    status = resume(options.run, some)
    if not status:
        print(f"made {some[-1].output}; try a checkpoint with --model")
    return status

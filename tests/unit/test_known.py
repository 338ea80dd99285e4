# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Words that a checkpoint or a record does not know yet: the released ones, and words made up."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import TARGETS, WORKLOADS, convolution, matmul

from tlm_mlir.errors import InputError
from tlm_mlir.language import vocabulary
from tlm_mlir.language.grammar import Grammar
from tlm_mlir.language.known import Known, spelled
from tlm_mlir.language.schedule import END, Decision, decode, encode
from tlm_mlir.language.space import Choice, Mark, Order, Pick, Size, Space
from tlm_mlir.language.vocabulary import ID, SIZE, TOKENS
from tlm_mlir.measure.versions import versions
from tlm_mlir.policy.scheduler import Scheduler
from tlm_mlir.targets import registry
from tlm_mlir.targets.backend import Backend
from tlm_mlir.targets.target import CpuTarget
from tlm_mlir.targets.task import Task
from tlm_mlir.training.records.rows import OUTSIDE, USED, Reader

NEW = ("pipeline:new", "unroll:no", "unroll:yes", "@panel", "feature:sve", "newf", "ask")
CPU = TARGETS["avx512"]
EARLIER = SIZE
"""How many words the released checkpoint knows."""


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Appends NEW to the vocabulary, wherever it has been imported."""
    tokens = (*TOKENS, *NEW)
    for name, module in list(sys.modules.items()):
        if name.startswith("tlm_mlir"):
            if getattr(module, "TOKENS", None) == TOKENS:
                monkeypatch.setattr(module, "TOKENS", tokens)
            if getattr(module, "SIZE", None) == SIZE:
                monkeypatch.setattr(module, "SIZE", len(tokens))
    for place, token in enumerate(NEW, SIZE):
        monkeypatch.setitem(ID, token, place)


def _all() -> Space:
    """A space with something new of every kind, between what was there before."""
    pipeline = yield Choice("pipeline", ("pipeline:default", "pipeline:tile", "pipeline:new"))
    if pipeline == "pipeline:default":
        return
    yield Mark("@vector")
    yield Size("vector", 0, 1, 8)
    yield Choice("unroll", ("unroll:no", "unroll:yes"))
    yield Mark("@panel")
    yield Size("panel", 0, 2, 16)
    yield Size("panel", 1, 1, 16, zero=True)
    yield Pick("depth", 0, (4, 8))
    yield Order("panels", (1, 0, 2))
    yield Mark("@reduce")
    yield Size("reduce", 2, 1, 4)


OLD = "pipeline:tile @vector m2 z2 @reduce m1 z1 <end>"
TODAY = (
    "pipeline:tile @vector m2 z2 unroll:no @panel m1 z1 n0 m2 z2 d1 d0 d2 @reduce m1 z1 <end>"
)


def _cursor_of(text: str, space: Callable[[], Space], words: int | None) -> Any:
    cursor = Grammar(space).cursor(words)
    for token in text.split():
        cursor.push(ID[token])
    return cursor


@pytest.mark.usefixtures("extended")
def test_what_there_is_no_word_for_takes_its_first_value() -> None:
    schedule = decode(OLD.split(), _all, EARLIER)
    assert " ".join(encode(schedule, _all)) == TODAY
    assert schedule == decode(TODAY.split(), _all)
    panel = [("panel", 0, 2), ("panel", 1, 0), ("depth", 0, 4), ("panels", -1, (1, 0, 2))]
    assert {Decision(*each) for each in panel} < set(schedule.decisions)
    cursor = _cursor_of(OLD, _all, EARLIER)
    assert cursor.done and cursor.schedule() == schedule
    with pytest.raises(InputError):
        decode(OLD.split(), _all)
    with pytest.raises(InputError):
        _cursor_of(TODAY, _all, EARLIER)
    assert decode([END], _all, words=0) == decode(["pipeline:default", END], _all)


@pytest.mark.usefixtures("extended")
def test_of_some_known_options_these_are_offered() -> None:
    assert Grammar(_all).cursor(EARLIER).allowed() == ["pipeline:default", "pipeline:tile"]
    assert Grammar(_all).cursor().allowed()[-1] == "pipeline:new"
    mask = Grammar(_all).cursor(EARLIER).mask()
    assert len(mask) == EARLIER + len(NEW) and not mask[EARLIER:].any()
    rng = np.random.default_rng(0)
    for _ in range(50):
        cursor = Grammar(_all).cursor(EARLIER)
        while not cursor.done:
            allowed = cursor.allowed()
            token = ID[allowed[int(rng.integers(len(allowed)))]]
            assert token < EARLIER
            cursor.push(token)
        assert cursor.schedule().choice("unroll", "unroll:no") == "unroll:no"


@pytest.mark.usefixtures("extended")
def test_sizes_are_known_again_behind_a_known_mark() -> None:
    knobs = [
        *(Size("a", 0, 1, 2), Mark("@panel"), Size("b", 0, 1, 2), Order("c", (0, 1))),
        *(Choice("d", ("unroll:no",)), Size("e", 0, 1, 2), Choice("f", ("order:plain",))),
        *(Size("g", 0, 1, 2), Mark("@panel"), Mark("@vector"), Pick("h", 0, (1, 2))),
    ]
    known, all_ = Known(EARLIER), Known()
    asked = [knob.name for knob in knobs if known.asks(knob)]
    assert asked == ["a", "f", "g", "@vector", "h"]
    assert all(all_.asks(knob) for knob in knobs)


@pytest.mark.usefixtures("extended")
def test_a_prompt_spells_new_words() -> None:
    assert spelled(["addf", "newf"], SIZE) == [
        ID["addf"], ID['"'], ID["'n"], ID["'e"], ID["'w"], ID["'f"], ID['"'],
    ]  # fmt: skip
    assert spelled(["addf", "newf"]) == [ID["addf"], ID["newf"]]


def _widened(inner: Space) -> Space:
    """A CPU's space with one more pipeline, which has sizes of its own, and a choice at its end."""
    knob = next(inner)
    assert isinstance(knob, Choice) and knob.name == "pipeline"
    pipeline = yield Choice(knob.name, (*knob.options, "pipeline:new"))
    if pipeline == "pipeline:new":
        yield Mark("@panel")
        yield Size("panel", 0, 1, 16)
        return
    value = pipeline
    while True:
        try:
            knob = inner.send(value)
        except StopIteration:
            break
        value = yield knob
    if pipeline != "pipeline:default":
        yield Choice("unroll", ("unroll:no", "unroll:yes"))


@pytest.fixture
def widened(monkeypatch: pytest.MonkeyPatch, extended: None) -> None:
    plain = Backend.space
    monkeypatch.setattr(Backend, "space", lambda self, task: _widened(plain(self, task)))


@pytest.fixture(scope="module")
def answers() -> Iterator[tuple[list[Task[CpuTarget]], list[str]]]:
    """Tasks, and what the released checkpoint answers without any new word."""
    tasks = [registry.task(WORKLOADS[name], CPU) for name in ("matmul", "norm", "convolution")]
    written = Scheduler()._writer.write(tasks, [0.0], 0)
    yield tasks, [task.text(some[0]) for task, some in zip(tasks, written, strict=True)]


def test_the_released_checkpoint_answers_as_before(
    answers: tuple[list[Task[CpuTarget]], list[str]], widened: None
) -> None:
    """What is new is decided as if it was not there, and nothing else changes."""
    _, before = answers
    tasks = [registry.task(WORKLOADS[name], CPU) for name in ("matmul", "norm", "convolution")]
    scheduler = Scheduler()
    written = scheduler._writer.write(tasks, [0.0], 0)
    for task, (schedule,), text in zip(tasks, written, before, strict=True):
        more = "" if schedule.is_default else "unroll:no "
        assert task.text(schedule) == text.replace(END, f"{more}{END}")
        assert "pipeline:new" in task.grammar().cursor().allowed()
    drawn = scheduler.sample(tasks[0], 16, 0)
    assert drawn and {s.choice("unroll") for s in drawn} == {"unroll:no"}
    (answer,) = scheduler.ask(tasks[:1], [None])
    assert answer.schedule.is_default or answer.schedule.choice("unroll") == "unroll:no"


def _only(*options: str) -> Callable[[Any, Any], Space]:
    def space(self: Backend, task: Any) -> Space:
        pipeline = yield Choice("pipeline", options)
        if pipeline != "pipeline:default":
            yield Mark("@panel")
            yield Size("panel", 0, 2, 16)

    return space


@pytest.mark.usefixtures("extended")
def test_where_only_unknown_pipelines_are_open_irees_default_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where that is not open, the first of them, unasked."""
    scheduler = Scheduler()
    monkeypatch.setattr(Backend, "space", _only("pipeline:default", "pipeline:new"))
    (answer,) = scheduler.ask([registry.task(matmul(), CPU)], [None])
    assert answer.schedule.is_default
    monkeypatch.setattr(Backend, "space", _only("pipeline:new"))
    task = registry.task(matmul(), CPU)
    ((schedule,),) = scheduler._writer.write([task], [0.0, 1.0], 0)
    assert task.text(schedule) == "pipeline:new @panel m1 z1 <end>"


class _Another:
    """A question of its own, about what schedules of dispatches say."""

    token = "ask"

    def space(self, task: Any) -> Space:
        return registry.CPU.space(task)


@pytest.mark.usefixtures("extended")
def test_a_question_that_the_model_does_not_know_is_not_asked() -> None:
    question: Any = _Another()
    tasks = [Task(workload, CPU, question) for workload in (matmul(), convolution())]
    written = Scheduler()._writer.write(tasks, [0.0, 1.0], 0)
    assert [len(some) for some in written] == [1, 1]
    assert all(some[0].is_default for some in written)


def _row(text: str, digest: str) -> dict[str, Any]:
    return {
        **{"workload": matmul().to_json(), "target": CPU.to_json(), "schedule": text},
        **{"status": "ok", "seconds": 1.0, "default_seconds": 2.0},
        "versions": {**versions(), "vocabulary": digest},
    }


def test_records_of_before_a_word_stay_valid(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """They keep the digest of the vocabulary that the measuring tool had."""
    plain = registry.task(matmul(), CPU)
    text = plain.text(plain.random(np.random.default_rng(1)))
    before = vocabulary.digest()
    request.getfixturevalue("widened")
    assert vocabulary.digest() != before and before in vocabulary.prefixes()
    path = tmp_path / "rows.jsonl"
    more = text.replace(END, f"unroll:yes {END}")
    rows = [_row(text, before), _row(more, vocabulary.digest()), _row(text, vocabulary.digest())]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = Reader([path])
    (found,) = reader
    assert [row.text for row in found.measured] == [more.replace("unroll:yes", "unroll:no"), more]
    assert [row.schedule for row in found.measured] == [
        found.task.parse(row.text) for row in found.measured
    ]
    # One that could have said it and did not is of another space.
    assert reader.counts[path] == {USED: 2, OUTSIDE: 1}

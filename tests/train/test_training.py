# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packing equals separate sequences; a run can be stopped, resumed, and learns."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra train)")
pytest.importorskip("transformers", reason="transformers is not installed (extra train)")

from tlm_mlir.errors import CheckpointError, InputError
from tlm_mlir.ir.workload import Index, Op, Operand, Workload
from tlm_mlir.language.vocabulary import TOKENS
from tlm_mlir.model import checkpoint
from tlm_mlir.training.fit import state
from tlm_mlir.training.fit.dataset import Group, Segment, Special, keep
from tlm_mlir.training.fit.evaluate import predict_segments, rank_groups
from tlm_mlir.training.fit.gpt2 import (
    load_grown,
    load_network,
    logits,
    new_network,
    teach,
    to_tensors,
    weighted_loss,
)
from tlm_mlir.training.fit.loop import Settings, train
from tlm_mlir.training.fit.packing import collate, generator_form, outcome_form
from tlm_mlir.training.fit.train import main, repeated

SPECIAL = Special(pad=0, end=1, perf_unknown=2, perf=tuple(range(3, 14)))
VOCABULARY = 40
SMALL = Settings(steps=6, rows=2, length=128, precision="fp32", seed=3)


def _network(seed: int = 0) -> Any:
    return new_network(VOCABULARY, layers=2, embedding=32, heads=2, positions=128, seed=seed)


def _segment(body: tuple[int, ...]) -> Segment:
    slow = body.count(20)
    return Segment((*body, 1), 3 * slow, 1.0 + slow, 3 * slow)


def _groups(count: int = 6) -> list[Group]:
    """Groups whose schedules of three tokens are the slower the more often token 20 occurs."""
    random = np.random.default_rng(0)
    made = []
    for i in range(count):
        bodies = {tuple(random.integers(20, 24, size=3).tolist()) for _ in range(20)}
        segments = tuple(_segment(body) for body in sorted(bodies))
        made.append(Group(f"w{i}", "t", (30, 31, 32 + i % 4), segments))
    return made


def test_packed_equals_separate() -> None:
    network = _network().eval()
    group = _groups(1)[0]
    forms = [outcome_form(s, SPECIAL, 4.0) for s in group.segments[:3]]
    forms += [generator_form(s, SPECIAL) for s in group.segments[3:6]]
    packed = [[(group.prompt, forms[:4]), (group.prompt, forms[4:])]]
    alone = [[(group.prompt, [form])] for form in forms]
    losses = []
    for rows in (packed, alone):
        tensors = to_tensors(collate(rows, 64, SPECIAL.pad), torch.device("cpu"))
        with torch.no_grad():
            losses.append(float(weighted_loss(logits(network, tensors), tensors)))
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    with torch.no_grad():
        first = forms[0].tokens
        plain = network(torch.tensor([[*group.prompt, *first]])).logits[0, len(group.prompt) :]
        tensors = to_tensors(collate(packed, 64, SPECIAL.pad), torch.device("cpu"))
        found = logits(network, tensors)[0, len(group.prompt) :][: len(first)]
    torch.testing.assert_close(found, plain, atol=1e-4, rtol=0)


def test_stopped_and_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole = _network()
    train(whole, _groups(), [], SMALL, tmp_path / "whole", special=SPECIAL)
    stopped = _network()

    def interrupt(found: dict[str, float]) -> None:
        if found["step"] == 2:
            signal.raise_signal(signal.SIGINT)

    run = tmp_path / "run"
    progress = train(stopped, _groups(), [], SMALL, run, special=SPECIAL, report=interrupt)
    assert progress.step == 2
    assert [p.name for p in run.iterdir()] == ["state-00000002"]
    assert not list(run.rglob("*.bin")) + list(run.rglob("*.pt"))
    resumed = _network(seed=9)
    assert train(resumed, _groups(), [], SMALL, run, special=SPECIAL).step == 6
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


def test_second_interrupt_is_immediate(tmp_path: Path) -> None:
    def interrupt(found: dict[str, float]) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(_network(), _groups(), [], SMALL, tmp_path, special=SPECIAL, report=interrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_settings_are_refused(tmp_path: Path) -> None:
    train(_network(), _groups(), [], SMALL, tmp_path, special=SPECIAL)
    other = Settings(steps=7, rows=2, length=128, precision="fp32", seed=3)
    with pytest.raises(CheckpointError, match="other settings"):
        train(_network(), _groups(), [], other, tmp_path, special=SPECIAL)


def test_damaged_state_is_refused(tmp_path: Path) -> None:
    train(_network(), _groups(), [], SMALL, tmp_path, special=SPECIAL)
    found = state.latest(tmp_path)
    assert found is not None
    path = found / "optimizer.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(CheckpointError, match="damaged"):
        train(_network(), _groups(), [], SMALL, tmp_path, special=SPECIAL)


def test_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        train(_network(), [], [], SMALL, tmp_path, special=SPECIAL)


def test_learns_to_judge_and_reports(tmp_path: Path) -> None:
    settings = Settings(
        steps=150, rows=4, length=128, precision="fp32", learning_rate=5e-3, outcome_share=0.7
    )
    network = _network()
    groups = _groups(8)
    seen: list[dict[str, float]] = []
    train(
        network,
        groups[:6],
        groups[6:],
        settings,
        tmp_path,
        special=SPECIAL,
        report=seen.append,
        evaluate_steps=75,
    )
    reports = [s for s in seen if "validation_loss" in s]
    assert [r["step"] for r in reports] == [75, 150]
    assert reports[-1]["validation_loss"] < reports[0]["validation_loss"] + 0.05
    found = rank_groups(network, groups[6:], SPECIAL, precision="fp32")
    assert found["groups"] == 2
    assert found["spearman"] > 0.8
    assert found["regret"] < 1.5
    chances = predict_segments(
        network, groups[7], groups[7].segments, SPECIAL, length=128, precision="fp32"
    )
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-6)



def test_rare_classes_are_repeated() -> None:
    matmul = Operand("f32", (Index(((0, 1),)), Index(((2, 1),))))
    other = Operand("f32", (Index(((2, 1),)), Index(((1, 2),))))
    out = Operand("f32", (Index(((0, 1),)), Index(((1, 1),))))
    kinds: tuple[Any, ...] = ("parallel", "parallel", "reduction")
    op = Op("generic", (0, 1, 2), kinds, (matmul, other), (out,), ("mulf(a0,a1)",))
    strided = Workload((8, 8, 8), (op,), 0).to_json()
    groups = [
        Group(strided, "t", (30,), (), question) for question in ("decide", "graph", "decide")
    ]
    counted = [g.question for g in repeated(groups, {"graph": 1, "strided": 2})]
    assert counted.count("graph") == 2
    assert counted.count("decide") == 6
    with pytest.raises(InputError, match="--repeat windy=3: expected CLASS=TIMES"):
        main(["run", "--records", "none.jsonl.xz", "--repeat", "windy=3"])


def test_what_a_teacher_has_the_words_for_is_kept() -> None:
    known = Group("w", "t", (30, 31), (Segment((20, 1)), Segment((21, 1))))
    new = Group("w", "t", (30, 31), (Segment((20, 1)), Segment((25, 1))))
    asked = Group("w", "t", (30, 32), (Segment((20, 1)),))
    assert [group.kept for group in keep([known, new, asked], 32)] == [True, True, False]
    assert [group.kept for group in keep([known, new, asked], 25)] == [False, False, False]


def test_a_teacher_has_nothing_to_say_to_its_equal() -> None:
    """Of what is kept the loss is the divergence from the teacher, of the rest as it was."""
    groups = [replace(group, kept=place % 2 == 0) for place, group in enumerate(_groups(4))]
    batches = replace(SMALL, outcome_share=0.0, rows=8).batches(groups, SPECIAL)
    (rows,) = batches.epoch(0)
    assert all(len({form.kept for _, forms in row for form in forms}) == 1 for row in rows)
    tensors = to_tensors(batches.collate(rows), torch.device("cpu"))
    kept = tensors["kept"].any(-1)
    assert 0 < int(kept.sum()) < len(rows)
    teacher, other = _network().eval(), _network(1).eval()
    with torch.no_grad():
        for network in (teacher, other):
            scores, taught = logits(network, tensors), teach(teacher, tensors, VOCABULARY)
            alone = {name: part[kept] for name, part in tensors.items()}
            loss = float(weighted_loss(scores[kept], alone, taught))
            assert (loss < 1e-6) == (network is teacher)
            rest = {name: part[~kept] for name, part in tensors.items()}
            assert teach(teacher, rest, VOCABULARY) is None
            plain = float(weighted_loss(scores[~kept], rest))
            # The mean of the two by the weights of their tokens.
            share = float(tensors["weights"][kept].sum() / tensors["weights"].sum())
            whole = float(weighted_loss(scores, tensors, taught))
            assert whole == pytest.approx(share * loss + (1 - share) * plain, abs=1e-5)


def test_new_words_are_learned_and_old_answers_kept(tmp_path: Path) -> None:
    """The teacher has no word for what the new groups write, and goes on as before elsewhere."""
    settings = replace(SMALL, steps=60, rows=4, learning_rate=3e-3, outcome_share=0.0)
    old = [replace(group, kept=True) for group in _groups(4)]
    new = [Group(f"n{i}", "t", (34, 31, 32 + i % 2), (Segment((27, 28, 1)),)) for i in range(4)]
    teacher = _network()
    student = _network()
    train(student, [*old, *new], [], settings, tmp_path, special=SPECIAL, teacher=teacher)
    batches = settings.batches(old, SPECIAL)
    tensors = to_tensors(batches.collate(batches.epoch(0)[0]), torch.device("cpu"))
    with torch.no_grad():
        taught = teach(teacher, tensors, VOCABULARY)
        assert float(weighted_loss(logits(student, tensors), tensors, taught)) < 0.1
        likely = student(torch.tensor([[34, 31, 32, SPECIAL.perf_unknown]])).logits[0, -1]
    assert int(likely.argmax()) == 27


def test_appended_words_leave_what_the_network_knows() -> None:
    released = checkpoint.default_dir()
    tokens = torch.tensor([[1, 2, 3]])
    before = load_network(released)(tokens).logits
    after = load_grown(released, (*TOKENS, "one more", "and another"))(tokens).logits
    assert after.shape[-1] == len(TOKENS) + 2
    torch.testing.assert_close(after[..., : len(TOKENS)], before)


def test_a_checkpoint_of_other_words_is_refused() -> None:
    with pytest.raises(CheckpointError, match="other words than those this version begins with"):
        load_grown(checkpoint.default_dir(), ("new", *TOKENS))

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a helper works on together, what it remembers, and what filters note for their command."""

from __future__ import annotations

import queue
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from tlm_mlir.frontends import tally
from tlm_mlir.frontends.helper import Known, Request, serve


def request(text: str, *, again: bool = False) -> tuple[Request, socket.socket]:
    """A request, and where its answer arrives."""
    ours, theirs = socket.socketpair()
    return Request(ours, text.encode(), 2, again), theirs


def batches(requests: Sequence[Request]) -> list[list[bytes]]:
    """What is worked on together, of requests that wait all at once."""
    found: list[list[bytes]] = []
    waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    for each in requests:
        waiting.put(each)
    serve(waiting, 0.01, lambda batch: found.append([each.text for each in batch]))
    return found


def test_all_that_wait_are_worked_on_at_once() -> None:
    assert batches([request(text)[0] for text in "abc"]) == [[b"a", b"b", b"c"]]


def test_what_ended_a_helper_is_worked_on_alone_and_last() -> None:
    requests = [request(text, again=text in "bd")[0] for text in "abcd"]
    assert batches(requests) == [[b"a", b"c"], [b"b"], [b"d"]]


def test_a_helper_that_is_stopped_leaves_nothing_half_done() -> None:
    waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    waiting.put(None)
    waiting.put(request("a")[0])
    serve(waiting, 0.01, lambda batch: pytest.fail("works on"))


class Disk:
    """What outlasts a helper."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.entries.get(key)

    def put(self, key: str, body: bytes) -> None:
        self.entries[key] = body


def test_an_answer_outlasts_a_helper() -> None:
    disk, worked = Disk(), []

    def asked(known: Known) -> bytes:
        def work(batch: Sequence[Request]) -> None:
            for each in batch:
                worked.append(each.text)
                known.keep(each, b"answer")

        question, answer = request("a")
        known.answer([question], work)
        return answer.recv(100)

    assert [asked(Known(disk, "here")) for _ in range(2)] == [b"answer"] * 2
    assert worked == [b"a"]
    # Another version, or another machine.
    assert asked(Known(disk, "there")) == b"answer" and worked == [b"a", b"a"]


def test_an_answer_is_remembered() -> None:
    known, worked = Known(), []

    def work(batch: Sequence[Request]) -> None:
        for each in batch:
            worked.append(each.text)
            known.keep(each, b"answer")

    for _ in range(2):
        asked, answer = request("a")
        known.answer([asked], work)
        assert answer.recv(100) == b"answer"
    assert worked == [b"a"]


def test_an_error_of_ours_is_told_to_all_who_wait() -> None:
    def work(batch: Sequence[Request]) -> None:
        raise RuntimeError("a\nmistake")

    asked, answer = request("a")
    Known().answer([asked], work)
    assert answer.recv(100) == b"! RuntimeError: a mistake\n"


def test_filters_note_what_they_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally.scheduled(1, 2)
    path = tmp_path / "tally"
    path.touch()
    monkeypatch.setenv(tally.VARIABLE, str(path))
    assert tally.summary("") == "0 of 0 dispatches scheduled"
    tally.scheduled(1, 2)
    tally.scheduled(3, 3)
    assert tally.summary(path.read_text()) == "4 of 5 dispatches scheduled"
    monkeypatch.setenv(tally.VARIABLE, str(tmp_path / "none"))
    tally.passed("lost")
    monkeypatch.setenv(tally.VARIABLE, str(path))
    tally.early(2)
    tally.passed("a reason")
    found = tally.summary(path.read_text())
    assert found == (
        "4 of 5 dispatches scheduled, 2 choices of layout and packing;"
        " 1 executables passed through unchanged (a reason)"
    )

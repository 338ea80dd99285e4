# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The helper process of filters: it holds a loaded model, and answers all who wait at once.

A filter starts `python -m tlm_mlir.frontends.helper SOCKET [SECONDS]` under its lock. It takes
requests before anything slow is imported, and ends when nobody has asked for some seconds.
"""

from __future__ import annotations

import hashlib
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from ..errors import TlmError
from . import meeting

if TYPE_CHECKING:
    from ..policy.deciding import Policy

IDLE_SECONDS = 600.0
_WAITING = 128
"""Filters that may wait to be greeted: `iree-compile` runs as many as it has threads."""
_REQUEST_SECONDS = 60.0
_KNOWN = 1000
"""Answers that are held: some ten thousand bytes each."""
_KEPT_BYTES = 100 << 20
"""The most that answers take on the disk."""


@dataclass(frozen=True)
class Request:
    """An executable that a filter waits for, worked on alone where a helper has ended over it."""

    connection: socket.socket
    text: bytes
    cores: int
    again: bool

    def reply(self, content: bytes) -> None:
        """Answers. A filter that has gone is none to care about."""
        with suppress(OSError), self.connection:
            self.connection.sendall(content)

    def refuse(self, reason: str) -> None:
        """Tells why there is no answer."""
        self.reply(meeting.REFUSAL + " ".join(reason.split()).encode() + b"\n")


Work = Callable[[Sequence[Request]], None]
"""Answers some requests."""


def main() -> int:
    """Serves until nobody has asked for a while."""
    path = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else IDLE_SECONDS
    with suppress(FileNotFoundError):
        # Nobody listens there any more: a filter has tried, under the lock.
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        own = os.stat(path).st_ino
        listener.listen(_WAITING)
        print("ready", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        waiting: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        threading.Thread(target=_accept, args=(listener, waiting), daemon=True).start()
        try:
            serve(waiting, seconds, _opened())
        finally:
            with suppress(OSError):
                # Unless another helper has taken its place.
                if os.stat(path).st_ino == own:
                    os.unlink(path)
    sys.stderr.flush()
    # Threads may still wait for filters, and IREE takes its time to close.
    os._exit(0)


def serve(waiting: queue.SimpleQueue[Request | None], seconds: float, work: Work) -> None:
    """Works on what waits, all of it together, until nothing comes for some seconds, or None."""
    held: list[Request] = []
    while True:
        try:
            held += [] if held else [_wanted(waiting.get(timeout=seconds))]
            while True:
                held.append(_wanted(waiting.get_nowait()))
        except queue.Empty:
            if not held:
                return
        except EOFError:
            return
        batch = [request for request in held if not request.again] or held[:1]
        work(batch)
        held = [request for request in held if request not in batch]


def _wanted(request: Request | None) -> Request:
    if request is None:
        raise EOFError
    return request


def _accept(listener: socket.socket, waiting: queue.SimpleQueue[Request | None]) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_receive, args=(connection, waiting), daemon=True).start()


def _receive(connection: socket.socket, waiting: queue.SimpleQueue[Request | None]) -> None:
    """Greets a filter of this user and takes its request; others are sent away."""
    try:
        connection.settimeout(_REQUEST_SECONDS)
        if not meeting.same_user(connection):
            connection.close()
            return
        connection.sendall(meeting.GREETING)
        content = meeting.receive(connection)
        if content == meeting.STOP:
            waiting.put(None)
            return
        head, _, text = content.partition(b"\n")
        cores, attempt = map(int, head.split())
        waiting.put(Request(connection, text, cores, attempt > 0))
    except (OSError, ValueError):
        connection.close()


def _opened() -> Work:
    """Answers what is known; for the rest the model is loaded. Whatever keeps it from that is told
    to all who ask."""
    known = _known()

    @cache
    def policy() -> Policy:
        from ..policy.remembering import Remembering
        from ..policy.scheduler import Scheduler

        # The text of an executable changes with every line before it, its task does not.
        return Remembering(Scheduler())

    def work(batch: Sequence[Request]) -> None:
        if not batch:
            return
        try:
            opened = policy()
        except Exception as error:
            _refuse(batch, str(error))
            return
        from .executables import Answered, schedule

        texts = [request.text.decode(errors="replace") for request in batch]
        answers = schedule(texts, [request.cores for request in batch], opened)
        for request, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Answered):
                text = answer.text.encode()
                counts = (answer.scheduled, answer.dispatches, len(text))
                known.keep(request, b"%d %d %d\n%s" % (*counts, text))
            else:
                request.refuse(str(answer))

    return lambda batch: known.answer(batch, work)


def _known() -> Known:
    """What is known of earlier helpers' answers, unless nothing is to be kept."""
    from ..model import kept
    from ..model.cache import cache_dir

    if kept.off():
        return Known()
    with suppress(OSError, TlmError):
        store = kept.Store(cache_dir() / "answers", min(_KEPT_BYTES, kept.bound()), ".answer", 64)
        return Known(store, kept.surroundings(None))
    return Known()


class Kept(Protocol):
    """What outlasts a helper: `model.kept.Store`."""

    def get(self, key: str) -> bytes | None:
        """What is kept; None where nothing is."""

    def put(self, key: str, body: bytes) -> None:
        """Keeps something, if it can be kept."""


class Known:
    """The answers that were given, by their request: a program is compiled more than once.

    The last ones are in memory, and all of them `kept`, if they are.
    """

    def __init__(self, kept: Kept | None = None, around: str = "") -> None:
        """`around` is what an answer depends on besides its request."""
        self._replies: dict[str, bytes] = {}
        self._kept, self._around = kept, around

    def keep(self, request: Request, reply: bytes) -> None:
        """Answers a request, now and the next time."""
        request.reply(reply)
        self._remember(request, reply)
        if self._kept is not None:
            self._kept.put(self._key(request), reply)

    def _remember(self, request: Request, reply: bytes) -> None:
        self._replies[self._key(request)] = reply
        if len(self._replies) > _KNOWN:
            del self._replies[next(iter(self._replies))]

    def _find(self, request: Request) -> bytes | None:
        reply = self._replies.get(self._key(request))
        if reply is None and self._kept is not None:
            reply = self._kept.get(self._key(request))
            if reply is not None:
                self._remember(request, reply)
        return reply

    def _key(self, request: Request) -> str:
        text = hashlib.sha256(request.text).hexdigest()
        told = f"{request.cores} {text} {self._around}"
        return hashlib.sha256(told.encode(errors="backslashreplace")).hexdigest()[:32]

    def answer(self, batch: Sequence[Request], work: Work) -> None:
        """Answers what is known, and works on the rest."""
        new = []
        for request in batch:
            reply = self._find(request)
            if reply is None:
                new.append(request)
            else:
                request.reply(reply)
        try:
            work(new)
        except Exception as error:
            # What was answered already takes no harm.
            _refuse(new, f"{type(error).__name__}: {error}")


def _refuse(batch: Sequence[Request], reason: str) -> None:
    for request in batch:
        request.refuse(reason)


if __name__ == "__main__":
    raise SystemExit(main())

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A function over many items, in processes that may crash: one item's crash costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from tlm_mlir.errors import MeasureError, TlmError

T = TypeVar("T")
R = TypeVar("R")


def isolated(
    function: Callable[[T], R], items: Sequence[T], *, timeout: float, workers: int = 1
) -> Iterator[tuple[T, R | TlmError]]:
    """Each item with what the function returns, in order, or the TlmError that it raises: a
    MeasureError where it ends its process twice, or takes more than `timeout` seconds.

    An item whose process ended is tried once more, since IREE has ended one over a program that it
    compiled the next time. The processes are spawned (the calling script needs the usual `if
    __name__ == "__main__":` guard) and stopped as soon as the caller stops asking.
    """
    with _processes(workers) as pool:
        found = pool.map(function, items, timeout=timeout).result()
        for item in items:
            try:
                answer = _answer(partial(next, found), timeout)
            except ProcessExpired:
                answer = _again(function, item, timeout)
            yield item, answer


def _again(function: Callable[[T], R], item: T, timeout: float) -> R | TlmError:
    with _processes(1) as pool:
        future = pool.schedule(function, args=[item], timeout=timeout)
        try:
            return _answer(future.result, timeout)
        except ProcessExpired as error:
            return MeasureError(f"IREE ended its process (code {error.exitcode})")


def _answer(ask: Callable[[], R], timeout: float) -> R | TlmError:
    try:
        return ask()
    except TimeoutError:
        return MeasureError(f"it took more than {timeout:g} s")
    except TlmError as error:
        return error


@contextmanager
def _processes(workers: int) -> Iterator[ProcessPool]:
    pool = ProcessPool(workers, context=get_context("spawn"))
    try:
        yield pool
    finally:
        pool.stop()
        pool.join()

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A function over many items, in processes that may crash: one item's crash costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError
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
    MeasureError where it ends its process, or takes more than `timeout` seconds.

    The processes are spawned (the calling script needs the usual `if __name__ == "__main__":`
    guard) and stopped as soon as the caller stops asking.
    """
    pool = ProcessPool(workers, context=get_context("spawn"))
    try:
        found = pool.map(function, items, timeout=timeout).result()
        for item in items:
            answer: R | TlmError
            try:
                answer = next(found)
            except ProcessExpired as error:
                answer = MeasureError(f"IREE ended its process (code {error.exitcode})")
            except TimeoutError:
                answer = MeasureError(f"it took more than {timeout:g} s")
            except TlmError as error:
                answer = error
            yield item, answer
    finally:
        pool.stop()
        pool.join()

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Command lines as people hold them: IREE's flags among our own, and response files.

A flag of IREE's becomes the value of `--iree-arg`, so that what follows knows one form alone.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

IREE_ARG = "--iree-arg"
_PREFIX = "--iree-"
_FLAG = re.compile(r"^  (--?[\w.-]+)(=<| <)?", re.MULTILINE)
"""A flag in IREE's help, and what follows the name of one that needs a value."""


def rewritten(command: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """The arguments of a command that takes `--iree-arg`, in its own form.

    Response files (`@FILE`) are replaced by their words, as LLVM has them. A flag is IREE's where
    it begins with `--iree-`, or where the command has no such option and IREE knows it. Everything
    else stays as it is. Ends the process with a usage error for a response file that names itself.
    """
    words = deque(_expanded(command, arguments, ()))
    found: list[str] = []
    while words:
        word = words.popleft()
        if word == "--":
            return [*found, word, *words]
        name, given, _ = word.partition("=")
        if not _is_option(word):
            found.append(word)
        elif own := _own(command, name):
            found.append(word)
            if words and not given and _needs_value(own, name):
                found.append(words.popleft())
        elif _is_irees(name):
            follows = words and not given and not _is_option(words[0])
            value = f"={words.popleft()}" if follows and _irees().get(_full(name)) else ""
            found.append(f"{IREE_ARG}={_full(word)}{value}")
        else:
            found.append(word)
    return found


def _expanded(
    command: argparse.ArgumentParser, arguments: Sequence[str], within: tuple[Path, ...]
) -> Iterator[str]:
    """Arguments with the words of response files in their places; those of `within` are open.

    What is the value of an option is no response file, and neither is what names no file.
    """
    is_value = False
    for word in arguments:
        path = Path(word[1:])
        if is_value or not word.startswith("@") or not path.is_file():
            yield word
        elif path.resolve() in within:
            command.error(f"{word} names itself; leave that out")
        else:
            yield from _expanded(command, _words(command, path), (*within, path.resolve()))
        own = _own(command, word) if _is_option(word) and not is_value else None
        is_value = own is not None and _needs_value(own, word)


def _words(command: argparse.ArgumentParser, path: Path) -> list[str]:
    try:
        return shlex.split(path.read_text())
    except (OSError, ValueError) as error:
        command.error(f"{path} cannot be read as arguments ({error}); correct it")


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _own(command: argparse.ArgumentParser, name: str) -> argparse.Action | None:
    """The option of a command that a name stands for, which may be shortened."""
    # argparse has no public table of its options.
    options = command._option_string_actions
    if name in options or name.startswith(_PREFIX):
        return options.get(name)
    if not name.startswith("--"):
        short = options.get(name[:2])
        return short if short and (short.nargs is None or not _is_irees(name)) else None
    return next((action for text, action in options.items() if text.startswith(name)), None)


def _needs_value(action: argparse.Action, name: str) -> bool:
    """Whether the next argument is the value of an option; `-oFILE` has its own."""
    short = not name.startswith("--") and len(name) > 2
    return action.nargs is None and not short


def _is_irees(name: str) -> bool:
    full = _full(name)
    return full.startswith(_PREFIX) or (len(full) > len("--x") and full in _irees())


def _full(name: str) -> str:
    """A flag with two dashes: LLVM takes one as well."""
    return f"--{name.lstrip('-')}"


@cache
def _irees() -> dict[str, bool]:
    """The flags that IREE knows, and whether each needs a value. Another process is asked."""
    from ..iree.session import iree_compile

    told = iree_compile("--help-hidden", []).stdout
    return {_full(name): bool(value) for name, value in _FLAG.findall(told)}

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an earlier vocabulary can say: that of a checkpoint or of a record from before some words.

Words are only appended, so an earlier vocabulary is the first words of today's. What it has no word
for is not asked: such a knob takes its first value, which is what was done before the knob was
there. A prompt spells the words that are new, as it did before they were words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .space import Choice, Knob, Mark
from .vocabulary import ID, SIZE, word


class Known:
    """Which knobs of a space the first `words` of the vocabulary can speak about.

    A knob is one of these if a token that it may begin with is. Sizes and orders follow a mark that
    says what they are about: after an unknown mark they are as unknown.
    """

    def __init__(self, words: int | None = None) -> None:
        self._words = SIZE if words is None else words
        self._all = self._words >= SIZE
        self._after_unknown = self._words == 0

    def asks(self, knob: Knob) -> bool:
        """Whether a knob is asked; call it once for each knob of a walk, in their order."""
        if self._all:
            return True
        if isinstance(knob, Mark | Choice):
            known = bool(self.open(knob.allowed([])))
            if known or isinstance(knob, Mark):
                self._after_unknown = not known
            return known
        return not self._after_unknown

    def open(self, tokens: list[str]) -> list[str]:
        """The known ones of some tokens, in their order."""
        return tokens if self._all else [token for token in tokens if ID[token] < self._words]


def spelled(tokens: Iterable[str], words: int | None = None) -> list[int]:
    """Ids of a prompt's tokens, all of the first `words`: others are spelled letter by letter."""
    most = SIZE if words is None else words
    found: list[int] = []
    for token in tokens:
        known: Sequence[str] = [token] if ID[token] < most else word(token, ())
        found += [ID[each] for each in known]
    return found

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Decision spaces: what a target lets a schedule decide, as a generator of knobs.

A target describes its space by a generator function that yields one knob after the other and is
sent the value that was chosen, so later knobs can depend on earlier values:

    def space(workload, target):
        pipeline = yield Choice("pipeline", ("pipeline:default", "pipeline:tile"))
        if pipeline == "pipeline:tile":
            for dim, extent in enumerate(workload.extents):
                yield Size("vector", dim, 1, min(extent, 64))

The grammar, the schedules and their tokens all follow from that generator alone: adding a decision
is adding a yield. A knob must leave at least one value open whatever came before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import InputError
from .integers import Interval, decode, encode

Value = str | int | tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    """One of some named options; each option is a token of the vocabulary."""

    name: str
    options: tuple[str, ...]
    dim: int = -1

    @property
    def first(self) -> Value:
        """What is taken unasked, where an earlier vocabulary has no word for any option."""
        return self.options[0]

    def tokens(self, value: Value) -> list[str]:
        """The option itself."""
        return [str(value)]

    def allowed(self, prefix: list[str]) -> list[str]:
        """All options at the start, nothing after one."""
        return [] if prefix else list(self.options)

    def parse(self, tokens: Iterator[str]) -> Value:
        """Reads the option. Raises InputError when it is none."""
        token = next(tokens, "")
        if token not in self.options:
            raise InputError(f"'{token}' is no choice of {self.name}; one of {self.options} is")
        return token


@dataclass(frozen=True)
class Size:
    """A tile size for one dim: low..high, or 0 for "not at this level" where `zero`."""

    name: str
    dim: int
    low: int
    high: int
    zero: bool = False

    @property
    def first(self) -> Value:
        """What is taken unasked: not at this level, or the least."""
        return 0 if self.zero else self.low

    def tokens(self, value: Value) -> list[str]:
        """The number's tokens."""
        assert isinstance(value, int)
        return encode(value)

    def allowed(self, prefix: list[str]) -> list[str]:
        """Tokens that keep the number inside its bounds; empty after a whole number."""
        return Interval(self.low, self.high, self.zero).allowed(prefix)

    def parse(self, tokens: Iterator[str]) -> Value:
        """Reads the number. Raises InputError out of bounds."""
        value = decode(tokens)
        if not (self.low <= value <= self.high or (self.zero and value == 0)):
            raise InputError(f"{self.name} size {value} of dim {self.dim} is outside of "
                             f"{self.low}..{self.high}")
        return value


@dataclass(frozen=True)
class Pick:
    """A size for one dim out of some sizes, for instance the divisors of its extent."""

    name: str
    dim: int
    sizes: tuple[int, ...]

    @property
    def first(self) -> Value:
        """What is taken unasked: the first of the sizes."""
        return self.sizes[0]

    def tokens(self, value: Value) -> list[str]:
        """The number's tokens."""
        assert isinstance(value, int)
        return encode(value)

    def allowed(self, prefix: list[str]) -> list[str]:
        """Tokens that lead to one of the sizes; empty after a whole number."""
        place = len(prefix)
        spelled = (encode(size) for size in self.sizes)
        return list(dict.fromkeys(s[place] for s in spelled if s[:place] == prefix and s[place:]))

    def parse(self, tokens: Iterator[str]) -> Value:
        """Reads the number. Raises InputError when it is not among the sizes."""
        value = decode(tokens)
        if value not in self.sizes:
            raise InputError(f"{self.name} size {value} of dim {self.dim} is none of {self.sizes}")
        return value


@dataclass(frozen=True)
class Order:
    """A permutation of some dims, outermost first. The last one is implied by the others."""

    name: str
    items: tuple[int, ...]
    dim: int = -1

    @property
    def first(self) -> Value:
        """What is taken unasked: the dims as they are given."""
        return self.items

    def tokens(self, value: Value) -> list[str]:
        """One token a dim."""
        assert isinstance(value, tuple)
        return [f"d{item}" for item in value]

    def allowed(self, prefix: list[str]) -> list[str]:
        """The dims not named yet."""
        return [f"d{item}" for item in self.items if f"d{item}" not in prefix]

    def parse(self, tokens: Iterator[str]) -> Value:
        """Reads the dims. Raises InputError when they are no permutation."""
        numbers = {f"d{item}": item for item in self.items}
        words = [next(tokens, "") for _ in self.items]
        if set(words) != set(numbers):
            raise InputError(f"'{' '.join(words)}' is no order of the dims {self.items}")
        return tuple(numbers[word] for word in words)


@dataclass(frozen=True)
class Mark:
    """A token with no choice in it, which tells the model where in the schedule it is."""

    name: str
    dim: int = -1

    @property
    def first(self) -> Value:
        """The mark."""
        return self.name

    def tokens(self, value: Value) -> list[str]:
        """The mark."""
        return [self.name]

    def allowed(self, prefix: list[str]) -> list[str]:
        """The mark, once."""
        return [] if prefix else [self.name]

    def parse(self, tokens: Iterator[str]) -> Value:
        """Reads the mark. Raises InputError when it is missing."""
        token = next(tokens, "")
        if token != self.name:
            raise InputError(f"'{token}' stands where '{self.name}' belongs; the text is damaged")
        return token


Knob = Choice | Size | Pick | Order | Mark
T = TypeVar("T")
Step = Generator[Knob, Any, T]
"""A part of a space, which another one runs by `yield from`; it returns what that goes on with."""
Space = Generator[Knob, Value, None]

# Copyright 2026 The tlm-mlir Authors
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integers as tokens: lossless to 2^32 - 1 and carrying what a model needs to know about them.

n >= 1 is written `m<k>` (k = floor(log2 n)), `z<j>` (2^j is the largest power of two that divides
n), then the odd part n >> j. That is in base-64 digits `g<d>`, most significant first; an odd part
of one has no digits. So 1 is `m0 z0`, 768 = 3 * 2^8 is `m9 z8 g3`, 197 is `m7 z0 g3 g5`.
Zero is `n0`, a dynamic extent `n?`, a minus sign `n-`.

`Interval` gives, digit by digit, the tokens that keep a number inside of [low, high]; it is exact
and needs no table of the numbers in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import InputError

MAX_BITS = 32
DIGIT_BITS = 6
ZERO, DYNAMIC, MINUS = "n0", "n?", "n-"
_MAGNITUDES = tuple(f"m{k}" for k in range(MAX_BITS))
_TWOS = tuple(f"z{j}" for j in range(MAX_BITS))
_DIGITS = tuple(f"g{d}" for d in range(1 << DIGIT_BITS))
TOKENS: tuple[str, ...] = (ZERO, DYNAMIC, MINUS, *_MAGNITUDES, *_TWOS, *_DIGITS)


def encode(number: int) -> list[str]:
    """Tokens of a number; -1 is a dynamic extent only through `encode_extent`.

    Raises InputError beyond 2^32 - 1.
    """
    if number == 0:
        return [ZERO]
    if number < 0:
        return [MINUS, *encode(-number)]
    magnitude = number.bit_length() - 1
    if magnitude >= MAX_BITS:
        raise InputError(f"the number {number} exceeds 2^32 - 1, the largest that can be written")
    twos = (number & -number).bit_length() - 1
    return [f"m{magnitude}", f"z{twos}", *(f"g{d}" for d in _digits(number >> twos))]


def encode_extent(extent: int) -> list[str]:
    """Tokens of an extent, where a negative one means dynamic."""
    return [DYNAMIC] if extent < 0 else encode(extent)


def _digit_count(odd_bits: int) -> int:
    return 0 if odd_bits == 1 else -(-odd_bits // DIGIT_BITS)


def _digits(odd: int) -> list[int]:
    count = _digit_count(odd.bit_length())
    return [(odd >> DIGIT_BITS * i) & 63 for i in reversed(range(count))]


def decode(tokens: Iterator[str]) -> int:
    """Reads one number off the front. Raises InputError where the tokens are not one."""
    first = next(tokens, "")
    if first == ZERO:
        return 0
    if first == MINUS:
        return -decode(tokens)
    second = next(tokens, "")
    if first not in _MAGNITUDES or second not in _TWOS:
        raise InputError(f"'{first} {second}' do not begin a number; the text is damaged")
    magnitude, twos = int(first[1:]), int(second[1:])
    odd = 0
    count = _digit_count(magnitude - twos + 1)
    for _ in range(count):
        digit = next(tokens, "")
        if digit not in _DIGITS:
            raise InputError(f"the token '{digit}' is not a digit; the text is damaged")
        odd = odd << DIGIT_BITS | int(digit[1:])
    number = (odd if count else 1) << twos
    if encode(number) != [first, second, *(f"g{d}" for d in _digits(number >> twos))]:
        raise InputError(f"'{first} {second}' and its digits disagree; the text is damaged")
    return number


@dataclass(frozen=True)
class Interval:
    """The numbers low..high (1 <= low <= high), and 0 as well when `zero`."""

    low: int
    high: int
    zero: bool = False

    def allowed(self, prefix: Sequence[str]) -> list[str]:
        """Tokens that may follow `prefix` so that a number of the interval can still be written.

        Empty exactly when the prefix is a whole number.
        """
        if not prefix:
            heads = [f"m{k}" for k in range(self.low.bit_length() - 1, self.high.bit_length())]
            return [ZERO, *heads] if self.zero else heads
        if prefix[0] == ZERO:
            return []
        magnitude = int(prefix[0][1:])
        if len(prefix) == 1:
            return [f"z{j}" for j in range(magnitude + 1) if self._odd_range(magnitude, j)]
        twos = int(prefix[1][1:])
        bounds = self._odd_range(magnitude, twos)
        count = _digit_count(magnitude - twos + 1)
        done = [int(token[1:]) for token in prefix[2:]]
        if len(done) == count or bounds is None:
            return []
        return [f"g{d}" for d in _next_digits(done, count, *bounds)]

    def _odd_range(self, magnitude: int, twos: int) -> tuple[int, int] | None:
        """Smallest and largest odd m with floor(log2(m << twos)) = magnitude, m << twos inside."""
        low = max(-(-self.low >> twos), 1 << (magnitude - twos)) | 1
        high = min(self.high >> twos, (1 << (magnitude - twos + 1)) - 1)
        high -= 1 - (high & 1)
        return (low, high) if low <= high else None


def _next_digits(done: Sequence[int], count: int, low: int, high: int) -> list[int]:
    """Digits that may follow `done` so that some odd number in low..high has them in front."""
    head = 0
    for digit in done:
        head = head << DIGIT_BITS | digit
    shift = DIGIT_BITS * (count - len(done) - 1)
    first = (head << DIGIT_BITS) << shift
    found = []
    for digit in range(1 << DIGIT_BITS):
        smallest = first + (digit << shift)
        largest = smallest + (1 << shift) - 1
        smallest, largest = max(smallest, low) | 1, min(largest, high)
        if smallest <= largest:
            found.append(digit)
    return found

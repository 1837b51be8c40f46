"""A stream of integers from a seed, which is the same on every platform and for every version of Python and NumPy.

The stream is SplitMix64: G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA
2014, with the constants of S. Vigna's splitmix64.c (public domain). Streams of neighbouring seeds are unrelated, as
each number is a hash of the state. Normal numbers are made of it with decimal arithmetic, whose operations are all
correctly rounded: no mathematical library of a system has a part in them.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import TypeVar

__all__ = ["Stream"]

_MASK = 2**64 - 1
_GAMMA = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio, made odd
_FINE = 10**15  # numbers from 0 to 1 are multiples of its reciprocal
_CONTEXT = Context(prec=28)

_Item = TypeVar("_Item")


class Stream:
    """Integers, choices and normal numbers from a seed."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK
        self._spare: Decimal | None = None

    def word(self) -> int:
        """Return the next integer from 0 to 2**64 - 1."""
        self._state = (self._state + _GAMMA) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """Return an integer from 0 to n - 1, each with the same probability; n is from 1 to 2**64."""
        fair = 2**64 - 2**64 % n
        while (word := self.word()) >= fair:
            pass
        return word % n

    def choice(self, items: Sequence[_Item]) -> _Item:
        """Return one of some items, each with the same probability."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[_Item]) -> list[_Item]:
        """Return items in random order (R. Fisher and F. Yates, in the form of D. Knuth's algorithm P)."""
        shuffled = list(items)
        for last in range(len(shuffled) - 1, 0, -1):
            other = self.below(last + 1)
            shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
        return shuffled

    def normal(self) -> Decimal:
        """Return a number from the standard normal distribution, with 28 digits.

        It is the polar method: G. Marsaglia and T. Bray, "A convenient method for generating normal variables", SIAM
        Review 6 (1964), pages 260-264.
        """
        if self._spare is not None:
            number, self._spare = self._spare, None
            return number
        multiply, add = _CONTEXT.multiply, _CONTEXT.add
        while True:
            u, v = self._signed(), self._signed()
            square = add(multiply(u, u), multiply(v, v))
            if 0 < square < 1:
                break
        log = _CONTEXT.ln(square)
        factor = _CONTEXT.sqrt(_CONTEXT.divide(multiply(Decimal(-2), log), square))
        self._spare = multiply(v, factor)
        return multiply(u, factor)

    def _signed(self) -> Decimal:
        """Return a number from -1 to 1."""
        return Decimal(2 * self.below(_FINE) + 1 - _FINE) / _FINE

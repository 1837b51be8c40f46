"""The sets of numbers that friendly problems are drawn from, from small numbers to larger ones."""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["NUMBER_SETS", "NumberSet", "Unfit"]


class Unfit(Exception):  # noqa: N818 (it is caught where the next draw begins)
    """No numbers were found for a part of a problem."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition  # the key of the one that fails


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NumberSet:
    """The numbers that are drawn, each positive or negative."""

    inputs: tuple[Fraction, ...]
    weights: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]  # integers, and with one decimal
    upstream: tuple[Fraction, ...]
    most_z: int  # the largest pre-activation where no activation saturates
    # The same where activations saturate
    small_inputs: tuple[Fraction, ...]
    small_weights: tuple[Fraction, ...]


def _signed(text: str) -> tuple[Fraction, ...]:
    sizes = [Fraction(word) for word in text.split()]
    return tuple(sign * size for size in sizes for sign in (1, -1))


NUMBER_SETS = (
    NumberSet(
        inputs=_signed("1 2 3"),
        weights=(_signed("1 2 3"), _signed("0.5 1 1.5 2")),
        upstream=_signed("1 2 2 3 3 4"),
        most_z=12,
        small_inputs=_signed("0.5 1 1.5 2"),
        small_weights=_signed("0.2 0.4 0.5 0.6 0.8 1 1.2 1.5"),
    ),
    NumberSet(
        inputs=_signed("1 2 3 4"),
        weights=(_signed("1 2 3"), _signed("0.2 0.4 0.5 1 1.5 2")),
        upstream=_signed("1 2 2 3 3 4 5"),
        most_z=30,
        small_inputs=_signed("0.5 1 1.5 2 3"),
        small_weights=_signed("0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.2 1.5"),
    ),
    NumberSet(
        inputs=_signed("1 2 3 4 5"),
        weights=(_signed("1 2 3 4"), _signed("0.1 0.2 0.3 0.4 0.5 0.6 0.8 1 1.5 2")),
        upstream=_signed("2 3 4 5 6 8"),
        most_z=100,
        small_inputs=_signed("0.5 1 1.5 2 2.5 3"),
        small_weights=_signed("0.2 0.5 0.8 1 1.2 1.5 2 2.5 3"),
    ),
    NumberSet(
        inputs=_signed("1 2 3 4 5 6 7 8 9"),
        weights=(_signed("1 2 3 4 5"), _signed("0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.2 1.5 2 2.5")),
        upstream=_signed("2 3 4 5 6 7 8 9 10"),
        most_z=1000,
        small_inputs=_signed("0.1 0.2 0.3 0.4 0.5 1 1.5 2 3"),
        small_weights=_signed("0.5 1 1.5 2 2.5 3 4 5"),
    ),
)

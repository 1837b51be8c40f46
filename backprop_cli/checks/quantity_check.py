"""The records of a comparison with expected values."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from backprop_cli.checks.whole_array import Tightness, WholeArray

__all__ = ["Difference", "EntryVerdict", "QuantityCheck"]

EntryVerdict: TypeAlias = Literal["right", "follows", "wrong", "open"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One entry that differs from the expected value."""

    place: str
    index: tuple[int, ...]
    expected: float | Fraction
    value: float | Fraction  # the computed one
    allowed: float | Fraction  # the greatest difference that is accepted
    absolute: float  # the difference
    relative: float  # the difference divided by the computed value, infinite if that is zero
    written: str | None = None  # the expected value as it was written, if it is rounded
    digits: int | None = None  # how many of its significant digits are right


@dataclass(frozen=True, kw_only=True)
class QuantityCheck:
    """The comparison of one expected quantity.

    Of its `entries`, `different` differ from the computed values, `follows` of them agree with what follows from the
    expected values of the quantity's operands, and `open` are open.
    """

    place: str
    entries: int
    different: int = 0
    follows: int = 0
    follows_from: tuple[str, ...] = ()  # the wrong quantities that those follow from; none: they follow from rounding
    first: Difference | None = None  # the first wrong one
    listed: tuple[Difference, ...] = ()  # the largest that are wrong, by index; those that follow if none is
    greatest_relative: Difference | None = None
    where: str | None = None  # the rows or columns that the wrong ones fill
    stored: str = "float64"  # the type of the expected values
    problem: str | None = None  # why it cannot be compared
    explanations: tuple[str, ...] = ()  # mistakes that lead to exactly these expected values
    open: int = 0  # entries without an expected value
    undecided: int = 0  # entries that are right only if rounding changes the derivative of a unit
    hidden: int = 0  # entries whose rounding error is too large to tell
    whole: WholeArray | None = None  # the array as a whole; None for float64, and with a given tolerance
    whole_follows: bool = False  # whether a whole array that is wrong follows from other expected values
    tightness: Tightness | None = None  # how close the compared entries are
    numbers_in: str | None = None  # the type that the numbers of the problem were rounded to, if that agrees better
    digits: int | None = None  # the decimals that count of expected values, if their file says so

    @property
    def compared(self) -> int:
        """How many entries are right or wrong."""
        return self.entries - self.open - self.undecided - self.hidden

    @property
    def wrong(self) -> int:
        """How many entries are wrong, and do not follow from other expected values."""
        return self.different - self.follows

    @property
    def right(self) -> int:
        """How many entries are right, or off by no more than rounding explains."""
        return self.entries - self.different - self.open

    @property
    def passed(self) -> bool:
        """Whether every entry is as expected, and the whole array."""
        return not self.different and self.problem is None and (self.whole is None or self.whole.passed)

    @property
    def verdict(self) -> EntryVerdict:
        """The worst of the entries: wrong, then follows, then open, then right."""
        is_whole_wrong = self.whole is not None and not self.whole.passed and not self.whole_follows
        if self.wrong or self.problem is not None or is_whole_wrong:
            return "wrong"
        if not self.passed:
            return "follows"
        return "open" if self.open else "right"

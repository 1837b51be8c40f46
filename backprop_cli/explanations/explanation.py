"""The records of an explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = float | Fraction


@dataclass(frozen=True, kw_only=True)
class Notation:
    """The rule behind an entry in symbols."""

    rule: str  # in the words of the files
    tex: str
    chain: str | None = None  # for a gradient, the partial derivatives that it is the product of
    chain_tex: str | None = None


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A number in a term, with the name of the entry whose value it is."""

    name: str
    value: Number


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a sum."""

    factors: tuple[Factor, ...] = ()  # none where the term stands for the `rest`
    value: Number = 0.0
    running: Number = 0.0  # the sum so far
    coefficient: Number | None = None  # multiplies the factors: the derivative of an activation at z, or -1 in a step
    derivative: str | None = None  # the name of that derivative
    function: str | None = None  # what is applied to the one factor, with a place for {z}
    inactive: bool = False  # whether the term is zero because a unit is inactive
    rest: int = 0  # how many smaller terms this one stands for

    @property
    def subtracted(self) -> bool:
        """Whether the product of the factors is subtracted."""
        return self.coefficient == -1 and self.derivative is None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an entry has its value."""

    entry: str
    value: Number
    notation: Notation
    terms: tuple[Term, ...] = ()
    passed_on: tuple[Factor, ...] = ()  # the gradients that a sum passes on unchanged to its terms
    sources: tuple["Explanation", ...] = ()  # of the factors, one level down
    repeated: bool = False  # whether the entry has been explained already, so that terms are left out here
    cut: bool = False  # whether sources are left out, as there are more than anybody would read
    total: Number = 0.0  # what the terms add up to, rounded once; `value` may be off from it by rounding
    more_passed_on: int = 0


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The explanations of a whole problem in working order."""

    title: str | None
    steps: tuple[Explanation, ...]
    not_computed: Mapping[str, str]  # by place, what a quantity that does not follow would need


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How far to explain."""

    terms: int = 20  # of a sum, at most
    depth: int = 1  # levels of where factors come from
    whole: bool = False  # whether that is meant to be all levels, so that the page says what is left out

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
    """An entry that is a factor of a term, and its value."""

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
    sources: tuple["Explanation", ...] = ()  # of the computed factors, one level down
    repeated: bool = False  # whether the entry was explained before, so that its terms are left out
    cut: bool = False  # whether sources are left out because the tree would be too long
    total: Number = 0.0  # the sum of the terms, rounded once; `value` may differ from it by rounding
    more_passed_on: int = 0  # how many more of them are not listed


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The explanations of a whole problem in working order."""

    title: str | None
    steps: tuple[Explanation, ...]
    not_computed: Mapping[str, str]  # by place, what each quantity that was not computed needs
    entries: int  # computed ones, of which a large problem shows one of each quantity

    @property
    def not_shown(self) -> int:
        """How many computed entries have no step."""
        return self.entries - len(self.steps)


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How far to explain."""

    terms: int = 20  # of a sum, at most
    depth: int = 1  # levels of sources
    whole: bool = False  # whether all levels are wanted, so that sources below `depth` are reported as left out

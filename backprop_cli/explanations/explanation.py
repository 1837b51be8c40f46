"""The records of an explanation."""

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
    where: tuple[str, ...] = ()  # what a function in the rule is, or what else a reader may ask
    divided_by: str | None = None  # the divisor of a mean in words: `n_samples`


@dataclass(frozen=True, kw_only=True)
class Factor:
    """An entry, or what is computed from entries, that is a factor of a term or an argument of a function."""

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
    function: str | None = None  # what is applied to the factors, with the places {0}, {1} for them
    arguments: tuple[str, ...] = ()  # short names of the factors in a function: z, or y and t
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
    divisor: int = 1  # of the sum of the terms: more than 1 for a mean
    # Where the derivative of a loss and an activation is taken in one step: the same by the chain rule
    through_upstream: "Explanation | None" = None
    has_no_cancellation: bool = False  # whether `value` was computed in a form that loses no digits, unlike the terms
    passed_on: tuple[Factor, ...] = ()  # the gradients that a sum passes on unchanged to its terms
    sources: tuple["Explanation", ...] = ()  # of the computed factors, one level down
    repeated: bool = False  # whether the entry was explained before, so that its terms are left out
    cut: bool = False  # whether sources are left out because the tree would be too long
    total: Number = 0.0  # the sum of the terms, rounded once; `value` may differ from it, divided, by rounding
    more_passed_on: int = 0  # how many more of them are not listed


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How far to explain."""

    terms: int = 20  # of a sum, at most
    depth: int = 1  # levels of sources
    whole: bool = False  # whether all levels are wanted, so that sources below `depth` are reported as left out
    every_entry: bool = False  # of a worked solution, not only one of each quantity

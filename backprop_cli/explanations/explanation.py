"""The records of an explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """A rule in the words of the files and as TeX, and for a gradient the chain of derivatives behind it."""

    rule: str
    tex: str
    chain: str | None = None
    chain_tex: str | None = None


Number: TypeAlias = float | Fraction


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A number in a term, with the name of the entry whose value it is."""

    name: str
    value: Number


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a sum: its factors, their product, and the sum so far.

    `coefficient` multiplies the product where it is not one of entries alone: the slope of an activation, which
    `slope` names, or the -1 of a step downhill. `function` is what is applied to the one factor, with z for its place.
    `closed` is whether a closed ReLU makes the term zero. A term without factors stands for the `rest`, the number of
    terms that are too small to be shown one by one.
    """

    factors: tuple[Factor, ...]
    value: Number
    running: Number
    coefficient: Number | None = None
    slope: str | None = None
    function: str | None = None
    closed: bool = False
    rest: int = 0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an entry has its value.

    `phrases` hold the rule and the chain of derivatives. `total` is what the terms add up to, rounded once, which the
    value need not be. `passed_on` are the gradients that a sum passes on unchanged to its terms, and `more_passed_on`
    how many more there are. `sources` explain the factors, one level down; one that has been explained already is there
    without terms, as `repeated`. Where there is more to explain than anybody would read, an explanation is `cut`.
    """

    entry: str
    value: Number
    phrases: Phrases
    terms: tuple[Term, ...] = ()
    passed_on: tuple[Factor, ...] = ()
    sources: tuple["Explanation", ...] = ()
    repeated: bool = False
    cut: bool = False
    total: Number = 0.0
    more_passed_on: int = 0


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The explanations of a whole problem in working order, and what each quantity that does not follow would need."""

    title: str | None
    steps: tuple[Explanation, ...]
    not_computed: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How far to explain: `terms` of a sum at the most, and `depth` levels of where factors come from.

    `whole` is whether that is meant to be all of them, so that what is left out has to be said.
    """

    terms: int = 20
    depth: int = 1
    whole: bool = False

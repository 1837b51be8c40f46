"""Compare the float64 result with the exact one, which the same solver computes from the decimals as written.

Rounding errors are measured in units in the last place, and as a share of the bound that they cannot exceed. A
pre-activation that is on another side of a kink than the exact one gets the wrong derivative: 0.1 + 0.2 - 0.3 is 0 in
exact arithmetic and 5.55e-17 in float64.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from backprop_cli.checks.rounding import bounds
from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import to_float, to_fraction
from backprop_cli.core.places import entry_place
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution


@dataclass(frozen=True, kw_only=True)
class WrongSide:
    """A pre-activation that float64 puts on the wrong side of its kink."""

    place: str
    value: float
    exact: Fraction


@dataclass(frozen=True, kw_only=True)
class ExactCheck:
    """The errors of the float64 result."""

    entries: int
    ulps: float  # the largest error, in units in the last place
    ulps_at: str  # the entry with that error
    share: float | None  # the largest error divided by its bound; None with a wrong side: no bound holds then
    share_at: str
    wrong_side: tuple[WrongSide, ...]
    binary: tuple[str, ...]  # the places that held floats, not decimals: their exact values are those of the floats
    digits: int | None = None  # how many digits of the compared numbers are right; None for all

    @property
    def passed(self) -> bool:
        """Whether every pre-activation is on the right side of the kinks and no error exceeds its bound."""
        return not self.wrong_side and self.share is not None and self.share <= 1


def check_exactly(solution: Solution, exact: Solution) -> ExactCheck:
    """Compare everything that was computed from a problem in float64 with the same in fractions, or in 50 digits."""
    allowed, true = bounds(solution), dict(exact.matrices())
    entries, ulps, share = 0, (0.0, ""), (0.0, "")
    for place, value in solution.matrices():
        for name, got, want, bound in _entries(place, value, true[place], allowed[place]):
            entries += 1
            error = abs(Fraction(got) - want)
            if error:
                ulp = Fraction(math.ulp(max(abs(got), min(abs(to_float(want)), sys.float_info.max))))
                ulps = max(ulps, (to_float(error / ulp), name))
                share = max(share, (to_float(error / Fraction(bound)) if bound else math.inf, name))
    wrong_side = tuple(_wrong_side(solution, exact))
    return ExactCheck(
        entries=entries,
        ulps=ulps[0],
        ulps_at=ulps[1],
        share=None if wrong_side else share[0],
        share_at="" if wrong_side else share[1],
        wrong_side=wrong_side,
        binary=exact.problem.binary,
        digits=exact.problem.digits,
    )


def _entries(place: str, value: Array, true: Array, bound: Array) -> Iterator[tuple[str, float, Fraction, float]]:
    for index in np.ndindex(value.shape):
        numbers = float(value.item(*index)), to_fraction(true.item(*index)), float(bound.item(*index))
        yield entry_place(place, index), *numbers


def _wrong_side(solution: Solution, exact: Solution) -> Iterator[WrongSide]:
    for i, (layer, true) in enumerate(zip(solution.layers, exact.layers, strict=True)):
        if "z" not in layer.computed:
            continue
        z, exact_z = layer.computed["z"], true.computed["z"]
        differs = np.zeros(z.shape, bool)
        for kink in solution.problem.layers[i].activation.kinks:
            differs |= (z > kink) != (exact_z > kink)
        for index in np.argwhere(differs).tolist():
            yield WrongSide(
                place=solution.problem.entry(Node(i, "z"), index),
                value=float(z.item(*index)),
                exact=to_fraction(exact_z.item(*index)),
            )

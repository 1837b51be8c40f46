"""Judge an array of expected values as a whole: how tight it agrees, and whether rounding explains what is left.

Rounding errors of many entries cancel out, a wrong factor does not. The expected values e of an array, whose right
values are v, are off by the common factor <e, v> / <v, v>, which is the nearest multiple of v, and by the relative
distance |e - v| / |v|. Both must be within what the likely rounding errors explain, so that a uniform factor shows
that is within the allowance of each single entry.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from backprop_cli.checks.rounding import MARGIN, Likely
from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import FLOAT64, Precision

_MORE_BITS = 16  # beyond those of a type: significands that agree so far are the same number, but for rounding errors

__all__ = ["Tightness", "WholeArray", "judge_whole", "tightness"]


@dataclass(frozen=True, kw_only=True)
class WholeArray:
    """How far an array of expected values is off as a whole."""

    factor: float  # the common factor
    factor_allowed: float  # how far it may be from 1
    distance: float  # the relative distance
    distance_allowed: float

    @property
    def passed(self) -> bool:
        """Whether rounding explains both."""
        return abs(self.factor - 1) <= self.factor_allowed and self.distance <= self.distance_allowed


@dataclass(frozen=True, kw_only=True)
class Tightness:
    """How close the expected values are that were compared."""

    stored: str  # the type of the expected values
    ulps: float  # the largest difference, in units in the last place of that type
    share: float  # the largest difference, as a part of what was allowed


def tightness(accepted: Accepted, value: Array, decided: Array) -> Tightness | None:
    """Return how close values (any shape) are to the expected ones, in the same shape, where `decided` is True.

    None for expected decimals, which are right or wrong to their last digit, and where there is nothing to compare.
    """
    counts = decided & ~accepted.not_finite
    if accepted.expected.dtype.kind != "f" or not counts.any():
        return None
    stored, expected = accepted.given.stored, accepted.expected[counts]
    off, allowed = np.abs(expected - value[counts]), accepted.allowed(value)[counts]
    return Tightness(
        stored=stored.name,
        ulps=float(np.max(off / stored.ulp(np.maximum(np.abs(expected), np.abs(value[counts]))))),
        share=float(np.max(np.where(off == 0, 0, off / allowed))),
    )


def judge_whole(accepted: Accepted, value: Array, rounding: Likely, decided: Array) -> WholeArray | None:
    """Return how far expected values are off as a whole; None in float64, where printed decimals may be compared.

    Errors of storing an entry, and of its own sum, are independent from one significand to the next; entries with the
    same significand are rounded alike. What else entries share, they may share in full: then it does not cancel out.

    Args:
        accepted: The expected values.
        value: The computed ones, in the same shape.
        rounding: The likely errors, in the same shape.
        decided: Which entries count, in the same shape.
    """
    stored: Precision = accepted.given.stored
    scale = float(np.max(np.abs(value[decided]), initial=0.0))
    if stored == FLOAT64 or not scale or accepted.not_finite.any():
        return None
    v, off, alone, shared, flips = (
        array[decided] / scale
        for array in (value, accepted.expected - value, rounding.alone, rounding.shared, rounding.flips)
    )
    square, size = float(v @ v), np.abs(v)
    storing = stored.unit_roundoff * size + stored.smallest / 2 / scale
    rounded = np.rint(np.ldexp(np.frexp(size)[0], stored.bits + _MORE_BITS))
    significands = np.frexp(rounded)[0]  # just below a power of two as at it
    groups = np.unique(significands, return_inverse=True)[1].ravel()

    def in_groups(errors: Array) -> float:
        return _norm(np.bincount(groups, errors * size))

    # Of n independent errors, the root of the sum of squares is off by a part of 1/sqrt(n) at most.
    spread = 1 + MARGIN * in_groups(size) / square
    own = min(MARGIN * in_groups(storing) / sqrt(3), float(storing @ size))
    others = MARGIN * (in_groups(alone) + float(shared @ size)) + _norm(flips) * sqrt(square)
    own_distance = _norm(storing) * min(spread / sqrt(3), 1)
    other_distance = _norm(alone) * min(spread, MARGIN) + MARGIN * _norm(shared) + _norm(flips)
    return WholeArray(
        factor=1 + float(off @ v) / square,
        factor_allowed=(own + others) / square,
        distance=_norm(off) / sqrt(square),
        distance_allowed=(own_distance + other_distance) / sqrt(square),
    )


def _norm(array: Array) -> float:
    return float(np.linalg.norm(array))

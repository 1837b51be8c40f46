"""Compare gradients with difference quotients, for many entries at a time.

Each checked number theta is moved by a step h to both sides. h is a power of two, so that neither the product with it
nor the quotient is rounded.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.finite_differences import Entries, ForwardPass
from backprop_cli.checks.moving import moved
from backprop_cli.checks.quotient_errors import Estimates, QuotientErrors, divided
from backprop_cli.core.arrays import Array

_SHRINKINGS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
_LENGTHENINGS = (1e3, 1e6, 1e9, 1e12, 1e15, 1e18)
_PRECISE_ENOUGH = 1e-6  # of a gradient: with a smaller rounding error the step is long enough
_HIDING = 5e-5  # of a gradient: with a larger rounding error, one that is 1e-4 off would pass
_HIDING_ZERO = 0.1  # of the largest gradient of an array: the same for a gradient of 0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Checked:
    """Entries to check; all arrays have the shape (n_entries,)."""

    entries: Entries
    widest: Array  # the first step
    gradient: Array
    error: Array  # the likely rounding error of the gradient
    largest: Array  # the largest gradient of its array


class Compared(NamedTuple):
    """What the comparison found; all arrays have the shape (n_entries,)."""

    slope: Array
    rounding: Array  # of the slope and the gradient
    allowed: Array  # the largest difference between the two that is accepted
    is_wrong: Array
    is_hidden: Array
    is_kink: Array
    left: Array  # the slopes on both sides of a kink
    right: Array


class Comparison:
    """The comparison of gradients with difference quotients."""

    def __init__(self, forward: ForwardPass, *, rtol: float, atol: float) -> None:
        """Take a forward pass, and how far a gradient may be off: atol + rtol * slope + rounding errors."""
        self._forward, self._rtol, self._atol = forward, rtol, atol
        self._errors = QuotientErrors(forward)

    def of(self, checked: Checked) -> Compared:
        """Return what to report about some gradients."""
        n = len(checked.gradient)
        step, above, below = np.zeros(n), np.zeros(n), np.zeros(n)
        crossing = np.arange(n)
        for shrinking in _SHRINKINGS:
            step[crossing] = _power_of_two(shrinking * checked.widest[crossing])
            above[crossing], below[crossing], crosses = self._both(checked.entries.at(crossing), step[crossing])
            crossing = crossing[crosses]
            if not len(crossing):
                break
        is_kink = np.zeros(n, bool)
        is_kink[crossing] = True
        found = self._smooth(checked, step, above - below, is_kink)
        if len(crossing):
            found.left[crossing] = divided(-below[crossing], step[crossing], self._forward.exponent)
            found.right[crossing] = divided(above[crossing], step[crossing], self._forward.exponent)
            found.is_wrong[crossing] = ~self._accepted(checked, crossing, step[crossing], found)
        return found

    def _both(self, entries: Entries, step: Array) -> tuple[Array, Array, Array]:
        """Return the changes of L by a step up and a step down, and whether one crosses a kink, (n_entries,) each."""
        above, below = moved(self._forward, entries, step), moved(self._forward, entries, -step)
        return above.loss, below.loss, above.crosses | below.crosses

    def _smooth(self, checked: Checked, step: Array, difference: Array, is_kink: Array) -> Compared:
        """Compare gradients away from kinks, with longer steps where the rounding error is large."""
        estimates = self._errors.of(checked.entries)
        slope, rounding = self._central(difference, step, estimates)
        size = np.abs(checked.gradient)
        short = np.flatnonzero(~is_kink)
        for lengthening in _LENGTHENINGS:
            short = short[~(rounding[short] <= _PRECISE_ENOUGH * size[short])]
            if not len(short):
                break
            longer = _power_of_two(lengthening * step[short])
            above, below, crosses = self._both(checked.entries.at(short), longer)
            quotient, error = self._central(above - below, longer, estimates.at(short))
            better = ~crosses & (error < rounding[short])
            slope[short[better]], rounding[short[better]] = quotient[better], error[better]
            short = short[~crosses]
        rounding += estimates.relative + checked.error
        allowed = rounding + self._atol + self._rtol * np.abs(slope)
        hides_zero = (slope != 0) & ~(rounding <= _HIDING_ZERO * checked.largest)
        is_hidden = np.where(size > 0, ~(rounding <= _HIDING * size), hides_zero)
        is_wrong = ~(np.abs(checked.gradient - slope) <= allowed)
        return Compared(
            slope=slope,
            rounding=rounding,
            allowed=allowed,
            is_wrong=is_wrong & ~is_kink,
            is_hidden=is_hidden & ~is_wrong & ~is_kink,
            is_kink=is_kink,
            left=np.zeros(len(step)),
            right=np.zeros(len(step)),
        )

    def _central(self, difference: Array, step: Array, estimates: Estimates) -> tuple[Array, Array]:
        """Return slopes, and the part of their errors that becomes smaller with the step, (n_entries,) each."""
        slope = divided(difference, step, self._forward.exponent - 1)
        is_finite = np.isfinite(slope)
        return np.where(is_finite, slope, 0), np.where(is_finite, estimates.of_kept(step), np.inf)

    def _accepted(self, checked: Checked, at: Array, step: Array, found: Compared) -> Array:
        """Return which gradients at kinks, (n_kinks,), are between the slopes there or the slope of the tangents."""
        gradient, left, right = checked.gradient[at], found.left[at], found.right[at]
        entries, widest = checked.entries.at(at), _power_of_two(checked.widest[at])
        estimates = self._errors_across_kinks.of(entries)
        rounding = estimates.of_kept(step) + estimates.relative + checked.error[at] + self._atol
        allowed = rounding + self._rtol * np.abs(gradient)
        is_between = (np.minimum(left, right) - allowed <= gradient) & (gradient <= np.maximum(left, right) + allowed)
        change = moved(self._forward, entries, widest, linearized=True).loss
        tangent = divided(change, widest, self._forward.exponent)
        estimates = self._errors.of(entries)
        rounding = estimates.of_kept(widest) + estimates.relative + checked.error[at] + self._atol
        is_by_convention = np.abs(gradient - tangent) <= rounding + self._rtol * np.abs(tangent)
        shows_nothing = ~(np.isfinite(left) & np.isfinite(right))  # a slope overflowed
        accepted: Array = is_between | is_by_convention | shows_nothing
        return accepted

    @cached_property
    def _errors_across_kinks(self) -> QuotientErrors:
        return QuotientErrors(self._forward, across_kinks=True)


def _power_of_two(number: Array) -> Array:
    """Return the powers of two that are nearest to positive numbers, (n,), and normal numbers."""
    mantissa, exponent = np.frexp(number)
    power: Array = np.ldexp(1.0, np.clip(exponent - (mantissa < 0.5**0.5), -1021, 1023))
    return power

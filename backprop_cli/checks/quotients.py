"""Compare gradients with difference quotients, for many entries at a time.

Each checked number theta is moved by a step h to both sides. h is a power of two, so that neither the product with it
nor the quotient is rounded.

Where L is a polynomial of degree 2 between kinks, the central difference D(h) is exact but for rounding. Where it is
curved otherwise, D(h) is off by c * h**2 + ..., or by c * h where the second derivative jumps. Then D(h/2) is off by no
more than |D(h) - D(h/2)|, and four times that is allowed for terms of higher order. Curved functions bend on a scale of
1: steps that move a z farther than an eighth are not taken, as L may bend there and back.
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
# Where L is curved, other steps are tried in these ratios.
_SHORTENINGS = tuple(2.0**-k for k in (4, 8, 12, 16))
_LENGTHENINGS_WHERE_CURVED = tuple(2.0**k for k in (4, 8, 12, 20, 30, 40, 50, 60))
_SAFETY = 4.0
_PRECISE_ENOUGH = 1e-6  # of a gradient: with a smaller rounding error the step is long enough
_HIDING = 5e-5  # of a gradient: with a larger rounding error, one that is 1e-4 off would pass
_HIDING_ZERO = 0.1  # of the largest gradient of an array: the same for a gradient of 0


@dataclass(frozen=True, eq=False, repr=False)
class Checked:
    """Entries to check; all arrays have the shape (n_entries,)."""

    entries: Entries
    widest: Array  # the first step
    gradient: Array  # of L: the gradient times `divisor`, as are the next two
    error: Array  # the likely rounding error of the gradient
    largest: Array  # the largest gradient of its array
    divisor: Array  # L is so many times the one that it is a gradient of


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


class _Both(NamedTuple):
    """What a step up and a step down do to L; all arrays have the shape (n_entries,)."""

    above: Array
    below: Array
    noise: Array  # what rounding does to both in the loss function
    crosses: Array
    is_far: Array

    @property
    def is_blocked(self) -> Array:
        """Which entries show no slope, as a number crosses a kink or moves too far, (n_entries,)."""
        blocked: Array = self.crosses | self.is_far
        return blocked

    def at(self, chosen: Array) -> "_Both":
        """Return those of some of the entries, by indices, (n_chosen,)."""
        return _Both(*(array[chosen] for array in self))

    def put(self, chosen: Array, other: "_Both") -> None:
        """Replace those of some of the entries, by indices, (n_chosen,)."""
        for array, values in zip(self, other, strict=True):
            array[chosen] = values


class _Quotients(NamedTuple):
    """Difference quotients; all arrays have the shape (n_entries,)."""

    slope: Array
    error: Array  # the part of the error that depends on the step
    bends: Array  # whether most of it comes from the curvature of L
    is_blocked: Array


class Comparison:
    """The comparison of gradients with difference quotients."""

    def __init__(self, forward: ForwardPass, *, rtol: float, atol: float) -> None:
        """Take a forward pass, and how far a gradient may be off: atol + rtol * slope + rounding errors."""
        self._forward, self._rtol, self._atol = forward, rtol, atol
        self._errors = QuotientErrors(forward)

    def of(self, checked: Checked) -> Compared:
        """Return what to report about some gradients."""
        n = len(checked.gradient)
        step, both = np.zeros(n), _Both(*np.zeros((3, n)), *np.zeros((2, n), bool))
        blocked = np.arange(n)
        for shrinking in _SHRINKINGS:
            step[blocked] = _power_of_two(shrinking * checked.widest[blocked])
            both.put(blocked, self._both(checked.entries.at(blocked), step[blocked]))
            blocked = blocked[both.is_blocked[blocked]]
            if not len(blocked):
                break
        found = self._smooth(checked, step, both)
        at = np.flatnonzero(found.is_kink)
        if len(at):
            found.left[at] = divided(-both.below[at], step[at], self._forward.exponent)
            found.right[at] = divided(both.above[at], step[at], self._forward.exponent)
            found.is_wrong[at] = ~self._accepted(checked, at, step[at], both.at(at), found)
        by = checked.divisor
        return found._replace(
            slope=found.slope / by,
            rounding=found.rounding / by,
            allowed=found.allowed / by,
            left=found.left / by,
            right=found.right / by,
        )

    def _both(self, entries: Entries, step: Array) -> _Both:
        """Return the changes of L by a step up and a step down."""
        above, below = moved(self._forward, entries, step), moved(self._forward, entries, -step)
        noise = above.noise + below.noise
        return _Both(above.loss, below.loss, noise, above.crosses | below.crosses, above.is_far | below.is_far)

    def _smooth(self, checked: Checked, step: Array, both: _Both) -> Compared:
        """Compare gradients away from kinks, with other steps where the error is large."""
        estimates = self._errors.of(checked.entries)
        found = self._quotients(checked.entries, step, both, estimates)
        self._improve(checked, step, found, estimates)
        slope, size = found.slope, np.abs(checked.gradient)
        is_kink = both.crosses & ~both.is_far
        rounding = np.where(both.is_far, np.inf, found.error + estimates.relative + checked.error)
        allowed = rounding + self._atol * checked.divisor + self._rtol * np.abs(slope)
        hides_zero = (slope != 0) & ~(rounding <= _HIDING_ZERO * checked.largest)
        is_hidden = np.where(size > 0, ~(rounding <= _HIDING * size), hides_zero) | both.is_far
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

    def _improve(self, checked: Checked, step: Array, found: _Quotients, estimates: Estimates) -> None:
        """Take shorter steps where L bends too much within a step, and longer ones where rounding errors are large."""
        enough = _PRECISE_ENOUGH * np.abs(checked.gradient)
        pending = np.flatnonzero(~found.is_blocked & ~(found.error <= enough))
        bends = found.bends[pending]
        lengthenings = _LENGTHENINGS_WHERE_CURVED if self._forward.is_curved else _LENGTHENINGS
        for factors, tried in ((_SHORTENINGS, pending[bends]), (lengthenings, pending[~bends])):
            for factor in factors:
                tried = tried[~(found.error[tried] <= enough[tried])]
                if not len(tried):
                    break
                entries, other = checked.entries.at(tried), _power_of_two(factor * step[tried])
                quotients = self._quotients(entries, other, self._both(entries, other), estimates.at(tried))
                better = ~quotients.is_blocked & (quotients.error < found.error[tried])
                found.slope[tried[better]], found.error[tried[better]] = (
                    quotients.slope[better],
                    quotients.error[better],
                )
                tried = tried[~quotients.is_blocked]

    def _quotients(self, entries: Entries, step: Array, both: _Both, estimates: Estimates) -> _Quotients:
        """Return the quotients of some steps; where L is curved, those of half the steps."""
        slope, error = self._central(both, step, estimates)
        if not self._forward.is_curved:
            return _Quotients(slope, error, np.zeros(len(step), bool), both.is_blocked)
        half, error = self._central(self._both(entries, step / 2), step / 2, estimates)
        truncation = _SAFETY * np.abs(slope - half)
        truncation[np.isnan(truncation)] = np.inf
        return _Quotients(half, error + truncation, truncation > error, both.is_blocked)

    def _central(self, both: _Both, step: Array, estimates: Estimates) -> tuple[Array, Array]:
        """Return slopes, and the part of their errors that becomes smaller with the step, (n_entries,) each."""
        exponent = self._forward.exponent - 1
        slope = divided(both.above - both.below, step, exponent)
        error = estimates.of_kept(step) + divided(both.noise, step, exponent)
        is_finite = np.isfinite(slope) & np.isfinite(error)
        return np.where(is_finite, slope, 0), np.where(is_finite, error, np.inf)

    def _accepted(self, checked: Checked, at: Array, step: Array, both: _Both, found: Compared) -> Array:
        """Return which gradients at kinks, (n_kinks,), are between the slopes there or the slope of the tangents."""
        gradient, left, right = checked.gradient[at], found.left[at], found.right[at]
        entries, widest = checked.entries.at(at), _power_of_two(checked.widest[at])
        estimates, atol = self._errors_across_kinks.of(entries), self._atol * checked.divisor[at]
        rounding = estimates.of_kept(step) + estimates.relative + checked.error[at] + atol
        allowed = rounding + self._rtol * np.abs(gradient)
        if not self._forward.is_linear:
            halves = self._both(entries, step / 2)
            changes = (both.above - 2 * halves.above, both.below - 2 * halves.below)
            bend = np.fmax(*map(np.abs, changes))
            allowed = allowed + divided(both.noise + _SAFETY * bend, step, self._forward.exponent)
        is_between = (np.minimum(left, right) - allowed <= gradient) & (gradient <= np.maximum(left, right) + allowed)
        change = moved(self._forward, entries, widest, linearized=True).loss
        tangent = divided(change, widest, self._forward.exponent)
        estimates = self._errors.of(entries)
        rounding = estimates.of_kept(widest) + estimates.relative + checked.error[at] + atol
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

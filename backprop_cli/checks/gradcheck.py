"""Finite differences: are the gradients the slopes of L = sum(upstream * outputs)?

Each checked number theta is moved by a step h to both sides, and the central difference (L(theta + h) - L(theta - h)) /
2h is compared with the gradient of the backward pass. If every activation is linear between its kinks, L is linear in
theta between kinks: there the difference is exact except for rounding errors, which are bounded.

If a pre-activation crosses a kink within the step, the step is made smaller. If the smallest step still crosses one,
theta is taken to be at a kink of L, where the derivative need not exist. A gradient there is accepted in two cases:

- It lies between the slopes to the left and to the right. These values are the generalized gradient of L as a function
  of theta alone (F. H. Clarke, "Optimization and Nonsmooth Analysis", 1983, theorem 2.5.1).
- It is the slope of L with each activation replaced by its tangent. The tangent at a kink has the derivative that the
  activation's row gives it, such as relu'(0) = 0. With several kinks at once, this may lie outside the two slopes.

Either way the entry is reported as a kink, and does not count as agreement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from backprop_cli.checks.finite_differences import Differences, Parameter, Point
from backprop_cli.core.arrays import unraveled
from backprop_cli.core.solution import Solution

_MOST_EVALUATIONS = 10_000
_SHRINKING = 10.0
_SHRINKINGS = 4
_LENGTHENINGS = (1e3, 1e6, 1e9, 1e12, 1e15, 1e18)
_HIDING = 0.1  # of the largest gradient of an array: a larger rounding error hides the slope
_PRECISE_ENOUGH = 1e-6  # of a gradient: with a smaller rounding error the step is long enough


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How to take finite differences."""

    eps: float = 1e-4  # the step, relative to the number that is moved or, if that is 0, to the others of its array
    rtol: float = 1e-6  # a gradient may be off by atol + rtol * slope + rounding errors
    atol: float = 0.0
    samples: int = 100  # entries of each array to check where all would take more than 10,000 evaluations
    seed: int = 0  # for the choice of those entries


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A gradient that does not agree with the slope that finite differences give."""

    place: str
    gradient: float
    slope: float
    allowed: float


@dataclass(frozen=True, kw_only=True)
class Kink:
    """A gradient at a kink, with the slopes on both sides of it."""

    place: str
    gradient: float
    left: float
    right: float
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A gradient whose slope cannot be measured, because its rounding error may be as large as `rounding`."""

    place: str
    gradient: float
    rounding: float


@dataclass(frozen=True, kw_only=True)
class GradientCheck:
    """The result of finite differences for all gradients of a problem.

    `checked` of all `entries` were compared. Neither `kinks` nor `hidden` entries count as agreement.
    """

    entries: int
    checked: int
    wrong: tuple[Slope, ...]
    kinks: tuple[Kink, ...]
    hidden: tuple[Hidden, ...]

    @property
    def passed(self) -> bool:
        """Whether no gradient is wrong."""
        return not self.wrong and all(kink.accepted for kink in self.kinks)

    @property
    def told(self) -> int:
        """How many of the checked entries have a slope that could be measured."""
        return self.checked - len(self.kinks) - len(self.hidden)

    @property
    def untold(self) -> str | None:
        """Why no checked entry has a slope that could be measured; None if one has."""
        if self.told:
            return None
        if not self.hidden:
            return "every entry is at a kink"
        return f"every entry is {'at a kink or ' if self.kinks else ''}hidden by rounding"


@np.errstate(all="ignore")  # a number moved far enough may overflow, which gives no slope
def check_gradients(solution: Solution, steps: Steps) -> GradientCheck:
    """Compare dinputs of the first layer and the dweights and dbiases of every layer with finite differences.

    Args:
        solution: Everything that follows from a problem, in float64.
        steps: How to take the differences.

    Raises:
        CannotDifferentiateError: There is no forward pass from the inputs to L.
    """
    differences = Differences(solution)
    comparison = _Comparison(differences, steps)
    parameters = list(differences.parameters())
    entries = sum(parameter.array.size for parameter in parameters)
    rng = np.random.default_rng(steps.seed)
    findings = [
        comparison.finding(parameter, unraveled(flat, parameter.array.shape))
        for parameter in parameters
        for flat in _chosen(parameter.array.size, entries, steps.samples, rng)
    ]
    return GradientCheck(
        entries=entries,
        checked=len(findings),
        wrong=tuple(finding for finding in findings if isinstance(finding, Slope)),
        kinks=tuple(finding for finding in findings if isinstance(finding, Kink)),
        hidden=tuple(finding for finding in findings if isinstance(finding, Hidden)),
    )


def _chosen(size: int, entries: int, samples: int, rng: np.random.Generator) -> Iterable[int]:
    if 2 * entries <= _MOST_EVALUATIONS or size <= samples:
        return range(size)
    return sorted(rng.choice(size, samples, replace=False).tolist())


class _Comparison:
    """The comparison of gradients with difference quotients, one entry at a time."""

    def __init__(self, differences: Differences, steps: Steps) -> None:
        self._differences, self._steps = differences, steps

    def finding(self, parameter: Parameter, index: tuple[int, ...]) -> Slope | Kink | Hidden | None:
        """Return what to report about one gradient; None where it agrees."""
        value = float(parameter.array[index])
        widest = self._steps.eps * (abs(value) or float(np.sqrt(np.mean(np.square(parameter.array)))) or 1.0)
        for shrinking in range(_SHRINKINGS + 1):
            step = widest / _SHRINKING**shrinking
            below, above = (self._differences.at(parameter, index, theta) for theta in (value - step, value + step))
            if not (self._differences.crosses(below) or self._differences.crosses(above)):
                return self._smooth(parameter, index, below, above)
        return self._kink(parameter, index, below, above, widest)

    def _smooth(
        self, parameter: Parameter, index: tuple[int, ...], below: Point, above: Point
    ) -> Slope | Hidden | None:
        """Compare a gradient away from kinks, with longer steps where the rounding error is large."""
        gradient, value = float(parameter.gradient[index]), float(parameter.array[index])
        step = above.theta - value
        slope, rounding = self._differences.slope(parameter, index, below, above)
        for lengthening in _LENGTHENINGS:
            if rounding <= _PRECISE_ENOUGH * abs(gradient):
                break
            points = [self._differences.at(parameter, index, value + sign * step * lengthening) for sign in (-1, 1)]
            if any(map(self._differences.crosses, points)):
                break
            longer, less = self._differences.slope(parameter, index, *points)
            if np.isfinite(longer) and less < rounding:
                slope, rounding = longer, less
        allowed = self._allowed(slope, rounding + float(parameter.allowed[index]))
        if not abs(gradient - slope) <= allowed:
            return Slope(place=parameter.entry(index), gradient=gradient, slope=slope, allowed=allowed)
        largest = float(np.max(np.abs(parameter.gradient))) or float(np.max(np.abs(self._differences.upstream)))
        hidden = (gradient or slope) and not rounding <= _HIDING * largest
        return Hidden(place=parameter.entry(index), gradient=gradient, rounding=rounding) if hidden else None

    def _kink(self, parameter: Parameter, index: tuple[int, ...], below: Point, above: Point, step: float) -> Kink:
        gradient, value = float(parameter.gradient[index]), float(parameter.array[index])
        differences = self._differences
        here = differences.here(value)
        left, left_rounding = differences.slope(parameter, index, below, here)
        right, right_rounding = differences.slope(parameter, index, here, above)
        off = float(parameter.allowed[index])
        allowed = self._allowed(gradient, max(left_rounding, right_rounding) + off)
        between = min(left, right) - allowed <= gradient <= max(left, right) + allowed
        tangent_points = (differences.at(parameter, index, value + s, linearized=True) for s in (-step, step))
        tangent, tangent_rounding = differences.slope(parameter, index, *tangent_points)
        by_convention = abs(gradient - tangent) <= self._allowed(tangent, tangent_rounding + off)
        accepted = between or by_convention
        return Kink(place=parameter.entry(index), gradient=gradient, left=left, right=right, accepted=accepted)

    def _allowed(self, slope: float, rounding: float) -> float:
        return rounding + self._steps.atol + self._steps.rtol * abs(slope)

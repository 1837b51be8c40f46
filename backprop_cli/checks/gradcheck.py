"""Finite differences: are the gradients the slopes of L = sum(upstream * outputs)?

Each checked number theta is moved by a step h to both sides, and the central difference (L(theta + h) - L(theta - h)) /
2h is compared with the gradient that the backward pass gives. A network of dense layers whose activations are linear
between kinks is so, too, in any single number: within one piece a difference is exact but for rounding, which is
bounded.

Where a pre-activation crosses a kink within the step, L has a kink. The step is made smaller until it crosses none; an
entry that crosses one even then is at a kink itself. There the slopes to the left and to the right differ and the
derivative does not exist: a gradient is accepted if it lies between the two (an element of the subdifferential, as in
Clarke, "Optimization and Nonsmooth Analysis", 1983, chapter 2), or if it is the slope with every activation held to
its own derivative (the convention of the table, relu'(0) = 0). It is reported as a kink, and never counts as agreement.
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
_TELLING = 0.1  # of the largest gradient of an array: rounding beyond that hides the slope
_PRECISE_ENOUGH = 1e-6  # of a gradient: with less rounding the step is long enough


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How to take finite differences."""

    eps: float = 1e-4  # the step, relative to the number that is moved or, if that is 0, to the others of its array
    rtol: float = 1e-6  # a gradient may be off by atol + rtol * slope, and by what rounding may do
    atol: float = 0.0
    samples: int = 100  # entries of each array to check where all would take more than 10,000 evaluations
    seed: int = 0  # for the choice of those entries


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A gradient beside the slope that finite differences give, which it does not agree with."""

    place: str
    gradient: float
    slope: float
    allowed: float


@dataclass(frozen=True, kw_only=True)
class Kink:
    """A gradient at a kink, with the slopes to both sides of it."""

    place: str
    gradient: float
    left: float
    right: float
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A gradient whose slope is too small to measure: `rounding` may put it off by as much."""

    place: str
    gradient: float
    rounding: float


@dataclass(frozen=True, kw_only=True)
class GradientCheck:
    """What finite differences say of a problem's gradients: `checked` of all `entries` were compared.

    Neither `kinks` nor what is `hidden` by rounding counts as agreement.
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
        """How many of the checked entries finite differences could measure."""
        return self.checked - len(self.kinks) - len(self.hidden)


def check_gradients(solution: Solution, steps: Steps) -> GradientCheck:
    """Compare dinputs of the first layer and the dweights and dbiases of every layer with finite differences.

    Args:
        solution: Everything that follows from a problem, in float64.
        steps: How to take the differences.

    Raises:
        CannotDifferentiateError: There is no forward pass from the inputs to L.
    """
    with np.errstate(all="ignore"):  # a number moved far enough may overflow, which is then no slope
        return _checked(solution, steps)


def _checked(solution: Solution, steps: Steps) -> GradientCheck:
    differences = Differences(solution)
    comparison = _Comparison(differences, steps)
    parameters = list(differences.parameters())
    entries = sum(parameter.array.size for parameter in parameters)
    rng = np.random.default_rng(steps.seed)
    findings = [
        comparison.of(parameter, unraveled(flat, parameter.array.shape))
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
    """Gradients beside difference quotients, one entry at a time."""

    def __init__(self, differences: Differences, steps: Steps) -> None:
        self._differences, self._steps = differences, steps

    def of(self, parameter: Parameter, index: tuple[int, ...]) -> Slope | Kink | Hidden | None:
        """Return what is to be reported of one gradient; None where it agrees."""
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
        """Compare a gradient away from kinks, with longer steps where rounding would hide the slope."""
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
        hidden = (gradient or slope) and not rounding <= _TELLING * largest
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
        held_points = (differences.at(parameter, index, value + s, held=True) for s in (-step, step))
        held, held_rounding = differences.slope(parameter, index, *held_points)
        by_convention = abs(gradient - held) <= self._allowed(held, held_rounding + off)
        return Kink(
            place=parameter.entry(index),
            gradient=gradient,
            left=left,
            right=right,
            accepted=between or by_convention,
        )

    def _allowed(self, slope: float, rounding: float) -> float:
        return rounding + self._steps.atol + self._steps.rtol * abs(slope)

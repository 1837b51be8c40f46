"""Finite differences: are the gradients the slopes of L, the loss or sum(upstream * outputs)?

Each checked number theta is moved by a step h to both sides, and the central difference (L(theta + h) - L(theta - h)) /
2h is compared with the gradient of the backward pass. Its errors, of rounding and of the curvature of L, are estimated
(`checks.quotients`). Where a gradient that is 1e-4 off would still be within the errors of both sides, the entry is
hidden: it shows nothing. With `mean_gradients`, L is the sum over the samples, which dinputs are the derivatives of;
dweights and dbiases are those of the mean.

If a pre-activation crosses a kink within the step, the step is made smaller. If the smallest step still crosses one,
theta is taken to be at a kink of L, where the derivative need not exist. A gradient there is accepted in two cases:

- It lies between the slopes to the left and to the right. These values are the generalized gradient of L as a function
  of theta alone (F. H. Clarke, "Optimization and Nonsmooth Analysis", 1983, theorem 2.5.1).
- It is the slope of L with each activation replaced by its tangent. The tangent at a kink has the derivative that the
  activation's row gives it, such as relu'(0) = 0. With several kinks at once, this may lie outside the two slopes.

Either way the entry is reported as a kink, and does not count as agreement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backprop_cli.checks.finite_differences import Entries, ForwardPass
from backprop_cli.checks.quotients import Checked, Compared, Comparison
from backprop_cli.checks.sampling import Chunk, chosen, chunks
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.problem import Problem
from backprop_cli.core.solution import Solution


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How to take finite differences."""

    eps: float = 1e-4  # the step, relative to the number that is moved or, if that is 0, to the others of its array
    rtol: float = 1e-6  # a gradient may be off by atol + rtol * slope + rounding errors
    atol: float = 0.0
    # Entries of each array to check where all would take more than 10,000 evaluations; None for all of them.
    samples: int | None = 100
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
    forward = ForwardPass.of(solution)
    comparison = Comparison(forward, rtol=steps.rtol, atol=steps.atol)
    parameters = list(forward.parameters(solution))
    findings: list[Slope | Kink | Hidden] = []
    checked = 0
    for chunk in chunks(chosen(parameters, forward, samples=steps.samples, seed=steps.seed)):
        found = comparison.of(_to_check(chunk, forward, steps.eps))
        findings += _findings(solution.problem, chunk, found)
        checked += len(found.slope)
    return GradientCheck(
        entries=sum(parameter.array.size for parameter in parameters),
        checked=checked,
        wrong=tuple(finding for finding in findings if isinstance(finding, Slope)),
        kinks=tuple(finding for finding in findings if isinstance(finding, Kink)),
        hidden=tuple(finding for finding in findings if isinstance(finding, Hidden)),
    )


def _to_check(chunk: Chunk, forward: ForwardPass, eps: float) -> Checked:
    """Return the entries of a chunk with the first step, the gradient and its error of each."""
    upstream = float(np.ldexp(np.max(np.abs(forward.upstream)), forward.exponent))
    parts = []
    for parameter, flat in chunk:
        most = float(np.max(np.abs(parameter.gradient))) or upstream
        numbers = np.abs(parameter.array.flat[flat])
        numbers[numbers == 0] = _typical(parameter.array)
        divisor = np.full(len(flat), parameter.divisor)
        own = (parameter.gradient.flat[flat], parameter.error.flat[flat], np.full(len(flat), most))
        parts.append((*parameter.entries(flat), eps * numbers, *(divisor * array for array in own), divisor))
    columns = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return Checked(Entries(*columns[:4]), *columns[4:])


def _typical(array: Array) -> float:
    """Return the root of the mean square of an array of any shape, such as (n,), or 1 if it is 0."""
    largest = float(np.max(np.abs(array))) or 1.0
    return largest * float(np.sqrt(np.mean(np.square(array / largest)))) or 1.0


def _findings(problem: Problem, chunk: Chunk, found: Compared) -> Iterator[Slope | Kink | Hidden]:
    """Yield what to report about the entries of a chunk, in their order."""
    ends = np.cumsum([len(flat) for _, flat in chunk])
    for k in np.flatnonzero(found.is_kink | found.is_wrong | found.is_hidden).tolist():
        part = int(np.searchsorted(ends, k, side="right"))
        parameter, flat = chunk[part]
        index = unraveled(int(flat[k - ends[part]]), parameter.array.shape)
        place, gradient = problem.entry(parameter.node, index), float(parameter.gradient[index])
        wrong, slope, rounding = bool(found.is_wrong[k]), float(found.slope[k]), float(found.rounding[k])
        if found.is_kink[k]:
            left, right = float(found.left[k]), float(found.right[k])
            yield Kink(place=place, gradient=gradient, left=left, right=right, accepted=not wrong)
        elif wrong:
            yield Slope(place=place, gradient=gradient, slope=slope, allowed=float(found.allowed[k]))
        else:
            yield Hidden(place=place, gradient=gradient, rounding=rounding)

"""Finite differences: are the gradients the slopes of L = sum(upstream * outputs)?

Each checked number theta is moved by a step h to both sides, and the central difference (L(theta + h) - L(theta - h)) /
2h is compared with the gradient that the backward pass gives. A network of dense ReLU layers is piecewise linear in any
single number, so that a difference within one piece is exact but for rounding, which is bounded.

Where a ReLU opens or closes within the step, L has a kink. The step is made smaller until none is in the way; what is
left is at a kink itself. There the slopes to the left and to the right differ and the derivative does not exist: a
gradient is accepted if it lies between the two, or if it is the slope with every ReLU held as it is, by the convention
relu'(0) = 0. It is reported as a kink, and never counts as agreement.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.rounding import likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES, operands
from backprop_cli.core.solution import Solution

_MOST_EVALUATIONS = 10_000
_SHRINKING = 10.0
_SHRINKINGS = 4
_LENGTHENINGS = (1e3, 1e6, 1e9, 1e12, 1e15, 1e18)
_TELLING = 0.1  # of the largest gradient of an array, for rounding to leave anything to tell
_PRECISE_ENOUGH = 1e-6  # of a gradient, for rounding to leave no doubt of its slope
_NEEDS = "inputs, the weights and biases of every layer, and upstream"


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How to take finite differences.

    `eps` is the step, relative to the number that is moved or, where that is zero, to the others of its array. A
    gradient may be off by what rounding may do, and by `atol` + `rtol` times the slope. `samples` entries of each
    array, drawn with `seed`, are checked where all would take more than 10,000 evaluations.
    """

    eps: float = 1e-4
    rtol: float = 1e-6
    atol: float = 0.0
    samples: int = 100
    seed: int = 0


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
    """A gradient of which finite differences tell nothing, because `rounding` may put the slope off by as much."""

    place: str
    gradient: float
    rounding: float


@dataclass(frozen=True, kw_only=True)
class GradientCheck:
    """What finite differences say of a problem's gradients: of `entries`, `checked` were looked at.

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
        """Of how many checked entries the finite differences tell something."""
        return self.checked - len(self.kinks) - len(self.hidden)


class CannotDifferentiateError(Exception):
    """The problem lacks what a forward pass needs; the message says what."""


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
    differences = _Differences(solution, steps)
    parameters = list(differences.parameters(solution))
    entries = sum(parameter.array.size for parameter in parameters)
    rng = np.random.default_rng(steps.seed)
    findings = [
        differences.judge(parameter, tuple(map(int, np.unravel_index(flat, parameter.array.shape))))
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parameter:
    """An array to move, its gradient, and how far rounding may have put that off; weights as (n_inputs, n_neurons)."""

    layer: int
    array: Array
    place: str
    gradient: Array
    allowed: Array
    turned: bool

    def reach(self, index: tuple[int, ...], last: int) -> tuple[slice | int, slice | int]:
        """Return which outputs of the `last` layer an entry can change: a sample's, a neuron's, or all."""
        if self.place.endswith("dinputs"):
            return index[0], slice(None)
        return slice(None), index[-1] if self.layer == last else slice(None)

    def entry(self, index: tuple[int, ...]) -> str:
        """Return the name of an entry as the problem's author would write it."""
        return f"{self.place}[{','.join(map(str, reversed(index) if self.turned else index))}]"


def _chosen(size: int, entries: int, samples: int, rng: np.random.Generator) -> Iterable[int]:
    if 2 * entries <= _MOST_EVALUATIONS or size <= samples:
        return range(size)
    return sorted(rng.choice(size, samples, replace=False).tolist())


class _Differences:
    """A forward pass whose numbers can be moved, and differences of L along one of them.

    `arrays` are (inputs, weights, biases) of each layer: copies, for to move a number is to change it in place.
    """

    def __init__(self, solution: Solution, steps: Steps) -> None:
        self._steps = steps
        self._problem = problem = solution.problem
        solved = [layer.computed for layer in solution.layers]
        last = len(solved) - 1
        upstream = _upstream(problem, last)
        if isinstance(problem.upstream, str) and problem.upstream == "outputs":
            upstream = solved[last].get("outputs")
        layers = [
            (problem.inputs if i == 0 else solved[i - 1].get("outputs"), layer.weights, layer.biases)
            for i, layer in enumerate(problem.layers)
        ]
        if upstream is None or any(array is None for layer in layers for array in layer):
            raise CannotDifferentiateError(f"finite differences need {_NEEDS}")
        if any(layer.z is not None for layer in problem.layers):
            raise CannotDifferentiateError("finite differences need a z that follows from the inputs, not a given one")
        self._upstream = upstream
        self._arrays = [tuple(array.copy() for array in layer if array is not None) for layer in layers]
        self._z = [computed["z"] for computed in solved]
        self._outputs = solved[last]["outputs"]
        self._rounding = likely(solution)

    def parameters(self, solution: Solution) -> Iterator[_Parameter]:
        """Yield the inputs of the first layer, and the weights and biases of every layer."""
        for i, (arrays, solved) in enumerate(zip(self._arrays, solution.layers, strict=True)):
            for name, array in zip(("dinputs", "dweights", "dbiases"), arrays, strict=True):
                if name == "dinputs" and i > 0:
                    continue
                place = self._problem.place(i, name)
                turned = name == "dweights" and self._problem.weight_layout == "out-in"
                gradient, allowed = solved.computed[name], self._rounding[place]
                yield _Parameter(
                    layer=i,
                    array=array,
                    place=place,
                    gradient=gradient.T if turned else gradient,
                    allowed=allowed.T if turned else allowed,
                    turned=turned,
                )

    def judge(self, parameter: _Parameter, index: tuple[int, ...]) -> Slope | Kink | Hidden | None:
        """Return what is to be said of one gradient; nothing where it agrees."""
        value = float(parameter.array[index])
        widest = self._steps.eps * (abs(value) or float(np.sqrt(np.mean(np.square(parameter.array)))) or 1.0)
        for shrinking in range(_SHRINKINGS + 1):
            step = widest / _SHRINKING**shrinking
            below, above = (self._at(parameter, index, theta) for theta in (value - step, value + step))
            if not (self._crosses(below.z) or self._crosses(above.z)):
                return self._smooth(parameter, index, below, above)
        return self._kink(parameter, index, below, above, widest)

    def _smooth(
        self, parameter: _Parameter, index: tuple[int, ...], below: "_Point", above: "_Point"
    ) -> Slope | Hidden | None:
        """Judge a gradient away from kinks, with longer steps where rounding would hide the slope."""
        gradient, value = float(parameter.gradient[index]), float(parameter.array[index])
        step = above.theta - value
        slope, rounding = self._slope(parameter, index, below, above)
        for lengthening in _LENGTHENINGS:
            if rounding <= _PRECISE_ENOUGH * abs(gradient):
                break
            points = [self._at(parameter, index, value + sign * step * lengthening) for sign in (-1, 1)]
            if any(self._crosses(point.z) for point in points):
                break
            longer, less = self._slope(parameter, index, *points)
            if np.isfinite(longer) and less < rounding:
                slope, rounding = longer, less
        allowed = self._allowed(slope, rounding + float(parameter.allowed[index]))
        if not abs(gradient - slope) <= allowed:
            return Slope(place=parameter.entry(index), gradient=gradient, slope=slope, allowed=allowed)
        said = float(np.max(np.abs(parameter.gradient))) or float(np.max(np.abs(self._upstream)))
        hidden = (gradient or slope) and not rounding <= _TELLING * said
        return Hidden(place=parameter.entry(index), gradient=gradient, rounding=rounding) if hidden else None

    def _kink(
        self, parameter: _Parameter, index: tuple[int, ...], below: "_Point", above: "_Point", step: float
    ) -> Kink:
        gradient, value = float(parameter.gradient[index]), float(parameter.array[index])
        here = _Point(value, self._z, self._outputs)
        left, left_rounding = self._slope(parameter, index, below, here)
        right, right_rounding = self._slope(parameter, index, here, above)
        rounding = max(left_rounding, right_rounding) + float(parameter.allowed[index])
        allowed = self._allowed(gradient, rounding)
        between = min(left, right) - allowed <= gradient <= max(left, right) + allowed
        held_below, held_above = (self._at(parameter, index, value + s, held=True) for s in (-step, step))
        held, held_rounding = self._slope(parameter, index, held_below, held_above)
        by_convention = abs(gradient - held) <= self._allowed(held, held_rounding + float(parameter.allowed[index]))
        return Kink(
            place=parameter.entry(index),
            gradient=gradient,
            left=left,
            right=right,
            accepted=between or by_convention,
        )

    def _allowed(self, slope: float, rounding: float) -> float:
        return rounding + self._steps.atol + self._steps.rtol * abs(slope)

    def _at(self, parameter: _Parameter, index: tuple[int, ...], theta: float, *, held: bool = False) -> "_Point":
        """Return the forward pass with one number moved to `theta`, with activations held to their slopes if asked."""
        value = parameter.array[index]
        parameter.array[index] = theta
        x, passed = self._arrays[parameter.layer][0], []
        for i in range(parameter.layer, len(self._arrays)):
            activation, (_, weights, biases) = self._problem.layers[i].activation, self._arrays[i]
            z = RULES["z"].formula(x, weights, biases)
            x = activation.value(z)
            if held:
                x = activation.value(self._z[i]) + activation.slope(self._z[i]) * (z - self._z[i])
            passed.append(z)
        parameter.array[index] = value
        return _Point(theta, [*self._z[: parameter.layer], *passed], x)

    def _crosses(self, moved: Sequence[Array]) -> bool:
        """Tell whether a pre-activation of a layer with kinks has another sign than before the move."""
        return any(
            layer.activation.needs_z and not np.array_equal(np.sign(z), np.sign(base))
            for layer, z, base in zip(self._problem.layers, moved, self._z, strict=True)
        )

    def _slope(
        self, parameter: _Parameter, index: tuple[int, ...], below: "_Point", above: "_Point"
    ) -> tuple[float, float]:
        """Return the difference quotient of L between two points, and how far rounding may have put it off."""
        width = above.theta - below.theta
        last = len(self._arrays) - 1
        off = 2 * np.abs(self._upstream) * self._rounding[self._problem.place(last, "outputs")]
        difference = (self._upstream * (above.outputs - below.outputs)).sum()
        if not width or not np.isfinite(width):
            return 0.0, np.inf
        return float(difference / width), float(2 * off[parameter.reach(index, last)].sum() / abs(width))


class _Point(NamedTuple):
    theta: float
    z: Sequence[Array]
    outputs: Array


def _upstream(problem: Problem, last: int) -> Array | None:
    found = [operand for operand in operands(problem, Node(last, "dz")) if isinstance(operand, np.ndarray)]
    return found[0] if found else None

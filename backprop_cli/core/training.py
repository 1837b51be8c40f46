"""Several gradient steps: the problem with the parameters that the last step finds.

A step is a pass, and an update of the weights and biases. A small problem repeats the same few calls on arrays that
stay in their places; their results have the same bits as those of `blocks.evaluate`. A large problem, or one in exact
arithmetic, is evaluated step by step.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.blocks import evaluate, fits_one_block, may_overflow
from backprop_cli.core.digits import require_short
from backprop_cli.core.floating import no_warnings
from backprop_cli.core.plan import plan
from backprop_cli.core.problem import Layer, Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import AXES, SUMMED_OVER_SAMPLES, Node
from backprop_cli.core.rules import RULES, Rules, operands
from backprop_cli.core.scratch import scratch_array
from backprop_cli.errors import InputError
from backprop_cli.messages import counted

__all__ = ["at_last_step", "named_step"]

_UPDATED = {"new_weights": "weights", "new_biases": "biases"}


def at_last_step(
    problem: Problem, rules: Rules = RULES, *, with_losses: bool = True, progress: Progress = no_progress
) -> Problem:
    """Return a problem with the weights and biases that its last step finds, and the losses of the steps before.

    Without a loss, or if not `with_losses`, there are no losses. A problem that is at its last step stays as it is.

    Raises:
        InputError: A parameter cannot be stepped, a result overflows, or exact arithmetic would take too long; with the
            step.
    """
    if problem.at_step >= problem.steps:
        return problem
    updated = tuple(node for node in problem.nodes if node.quantity in _UPDATED)
    loss = Node(len(problem.layers) - 1, "loss")
    wanted = (*updated, loss) if with_losses and problem.loss is not None else updated
    _require_steps(problem, wanted)
    step: _Program | _Evaluated
    if problem.dtype.kind == "f" and fits_one_block(problem):
        step = _Program(problem, updated, wanted)
    else:
        step = _Evaluated(_Parameters(problem, updated), wanted, rules)
    n_earlier = problem.steps - problem.at_step
    losses = scratch_array((n_earlier,), problem.dtype) if loss in wanted else None
    with no_warnings():
        for k in range(n_earlier):
            value = step(problem.at_step + k)
            if losses is not None and value is not None:
                losses[k] = value[()]  # an array of objects would hold the array
            progress("steps", k + 1, n_earlier)
    return replace(step.parameters.problem, at_step=problem.steps, earlier_losses=losses)


@contextmanager
def named_step(problem: Problem, step: int) -> Iterator[None]:
    """Name the step in the errors of a block, where the problem has several."""
    try:
        yield
    except InputError as error:
        if problem.steps > 1:
            error.place = f"step {step}" + (f": {error.place}" if error.place else "")
            error.hint = error.hint or "a smaller learning_rate makes smaller steps"
        raise


def _require_steps(problem: Problem, wanted: Sequence[Node]) -> None:
    """Check that each step has parameters that the next one can begin with.

    Raises:
        InputError: It has not.
    """
    several = counted(problem.steps, "step")
    for i, layer in enumerate(problem.layers):
        if layer.z is not None:
            reason = f"belongs to the weights of one step, so it cannot be given for {several}"
            raise InputError(reason, place=problem.place(i, "z"))
        if layer.weights is None:
            raise InputError(f"{several} need it in every layer", place=problem.place(i, "weights"))
    if problem.inputs is None:
        raise InputError(f"{several} need them", place="inputs")
    for node, missing in plan(problem, wanted).missing.items():
        if node in wanted:
            raise InputError(f"{several} need {problem.place(*node)}, which needs {missing.words()}")


class _Parameters:
    """A copy of all weights and biases, one after the other in one array, and the problem that has them.

    After them the array has `room` for other numbers.
    """

    def __init__(self, problem: Problem, updated: Sequence[Node], room: int = 0) -> None:
        given = {node: getattr(problem.layers[node.layer], _UPDATED[node.quantity]) for node in updated}
        size = sum(array.size for array in given.values())
        self.all = np.zeros(size + room, problem.dtype)
        self.flat, self.room = self.all[:size], self.all[size:]
        self.arrays: dict[Node, Array] = {}
        start = 0
        for node, array in given.items():
            # In the same order in memory: a matrix product of transposed weights may have other last bits.
            is_transposed = array.flags.f_contiguous and not array.flags.c_contiguous
            own = self.flat[start : start + array.size].reshape(array.shape[::-1] if is_transposed else array.shape)
            self.arrays[node] = own.T if is_transposed else own
            self.arrays[node][...] = array
            start += array.size
        self.problem = replace(problem, layers=tuple(map(self._layer, range(len(problem.layers)), problem.layers)))

    def _layer(self, i: int, layer: Layer) -> Layer:
        weights, biases = (self.arrays.get(Node(i, name)) for name in _UPDATED)
        return replace(layer, weights=weights, biases=biases)

    def update(self, values: Mapping[Node, Array]) -> None:
        """Put new values, of any nodes, in place of the old ones."""
        for node, array in self.arrays.items():
            array[...] = values[node]


class _Evaluated:
    """A step of any problem."""

    def __init__(self, parameters: _Parameters, wanted: Sequence[Node], rules: Rules = RULES) -> None:
        self.parameters, self.wanted, self.rules = parameters, wanted, rules
        self.order = plan(parameters.problem, wanted).order
        self.work = 0.0

    def __call__(self, number: int) -> Array | None:
        """Make the step with a number, counted from 1, and return the loss () before it, if that is wanted."""
        problem = self.parameters.problem
        with named_step(problem, number):
            if problem.exact and problem.digits is None:
                self.work = require_short(problem, self.order, self.work)
            values = evaluate(problem, self.order, self.wanted, self.rules).values
        self.parameters.update(values)
        return values.get(self.wanted[-1]) if self.wanted[-1].quantity == "loss" else None


class _Program:
    """A step of a small problem: calls that take no arguments, because every operand and result has its place.

    The parameters and all results that may overflow are one array. Its product with zeros is NaN as soon as one of them
    is infinite or NaN. Then the step is made again by `_Evaluated`, which says where.
    """

    def __init__(self, problem: Problem, updated: Sequence[Node], wanted: Sequence[Node]) -> None:
        others = [node for node in plan(problem, wanted).order if node not in updated]
        checked = {node: _shape(problem, node) for node in others if may_overflow(problem, node)}
        self.parameters = _Parameters(problem, updated, sum(map(prod, checked.values())))
        self.fallback = _Evaluated(self.parameters, wanted)
        self.values = {node: np.zeros(_shape(problem, node), problem.dtype) for node in others if node not in checked}
        start = 0
        for node, shape in checked.items():
            self.values[node] = self.parameters.room[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        self.calls: list[Callable[[], object]] = []
        for node in self.fallback.order:
            self._compile(node)
        self.before, self.zeros = self.parameters.flat.copy(), np.zeros_like(self.parameters.all)
        self.loss = self.values.get(wanted[-1])
        self.refused = self._refused(problem, len(problem.layers) - 1)

    def __call__(self, number: int) -> Array | None:
        """Make the step with a number, counted from 1, and return the loss () before it, if that is wanted."""
        self.before[:] = self.parameters.flat
        for call in self.calls:
            call()
        if self.parameters.all.dot(self.zeros) == 0 and (self.refused is None or self.refused() is None):
            return self.loss
        self.parameters.flat[:] = self.before
        return self.fallback(number)

    def _refused(self, problem: Problem, last: int) -> Callable[[], object] | None:
        """Return a call that tells which output the loss refuses; None where it takes them from z, or accepts all."""
        outputs = self.values.get(Node(last, "outputs"))
        if problem.loss is None or problem.targets is None or outputs is None or problem.matched(last) is not None:
            return None
        return partial(problem.loss.refused, outputs, problem.targets)

    def _compile(self, node: Node) -> None:
        problem = self.parameters.problem
        if (given := problem.given(node)) is not None:
            self.values[node] = given
            return
        takes: list[Any] = [self.values[part] if isinstance(part, Node) else part for part in operands(problem, node)]
        formula, divisor = RULES[node.quantity].formula, problem.divisor(node)
        if node in self.parameters.arrays:
            self.calls.append(_bound(formula, takes, self.parameters.arrays[node]))
            return
        buffer = self.values[node]
        if problem.dtype == np.float32 and node.quantity in SUMMED_OVER_SAMPLES:
            self.calls.append(partial(_rounded, formula, takes, divisor, buffer))
            return
        if node.quantity == "dz" and isinstance(activation := takes[0], Activation):
            read = dict(zip(activation.reads, takes[2:], strict=True))
            formula, takes = activation.backward, [takes[1], read.get("z"), read.get("outputs")]
        value = formula(*takes, out=buffer)
        if any(value is operand for operand in takes):  # as of a linear layer, whose outputs are z
            self.values[node] = value
            return
        self.calls.append(_bound(formula, takes, buffer))
        if divisor > 1:
            self.calls.append(_bound(np.divide, [buffer, divisor], buffer))


def _bound(formula: Callable[..., object], takes: Sequence[Any], out: Array) -> Callable[[], object]:
    """Return a call of a formula that takes no arguments, which is faster than `partial` with keywords.

    `out` (any shape) is the buffer for its result.
    """
    match takes:
        case [one, two]:
            return lambda: formula(one, two, out=out)
        case [one, two, three]:
            return lambda: formula(one, two, three, out=out)
        case _:
            return partial(formula, *takes, out=out)


def _shape(problem: Problem, node: Node) -> tuple[int, ...]:
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    return tuple(sizes[axis] or 0 for axis in AXES[node.quantity])


def _rounded(formula: Callable[..., Array], takes: Sequence[object], divisor: int, buffer: Array) -> None:
    """Round a sum, which may be float64, to the type of its buffer (any shape), after the division."""
    value = formula(*takes)
    buffer[...] = value / divisor if divisor > 1 else value

"""The problem after its steps, and with the parameters of another."""

from dataclasses import replace

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError

__all__ = ["next_problem", "with_parameters_of"]


def next_problem(problem: Problem, solution: Solution) -> Problem:
    """Return the same problem after its last step: new weights and biases in place of the old, and nothing expected.

    Raises:
        InputError: A new parameter was not computed, there is none, a given z belongs to the old ones, or an exact
            parameter has an exponent or digits that no problem may have.
    """
    layers = []
    for i, (layer, solved) in enumerate(zip(problem.layers, solution.layers, strict=True)):
        if layer.z is not None:
            raise InputError(
                "belongs to the weights before the step, so the next problem cannot keep it",
                place=problem.place(i, "z"),
            )
        for name in ("weights", "biases"):
            if getattr(layer, name) is not None and f"new_{name}" not in solved.computed:
                needs = solved.not_computed[f"new_{name}"]
                raise InputError(f"{problem.place(i, f'new_{name}')} cannot be computed (needs {needs})")
        new_weights = solved.computed.get("new_weights")
        layers.append(
            replace(
                layer,
                weights=None if new_weights is None else problem.as_written("weights", new_weights),
                biases=solved.computed.get("new_biases"),
            )
        )
    if all(layer.weights is None and layer.biases is None for layer in layers):
        raise InputError("there are no weights or biases to step")
    following = replace(problem, layers=tuple(layers), expected={}, at_step=1, earlier_losses=None)
    if problem.exact:
        _require_readable(following)
    return following


def with_parameters_of(exact: Problem, problem: Problem) -> Problem:
    """Return a problem in exact arithmetic with the weights and biases that its last step has in float64.

    At the first step, both have the parameters that were given, and the decimals stay as they were written. Rounding
    errors of the steps before are none of the last one.
    """
    if problem.at_step == 1:
        return exact
    from backprop_cli.core.exact import exactly  # slow to import

    def in_full(array: Array | None) -> Array | None:
        return None if array is None else exactly(array)

    places = [problem.place(i, name) for i in range(len(problem.layers)) for name in ("weights", "biases")]
    layers = tuple(
        replace(layer, weights=in_full(own.weights), biases=in_full(own.biases))
        for layer, own in zip(exact.layers, problem.layers, strict=True)
    )
    return replace(
        exact,
        layers=layers,
        binary=(*exact.binary, *(place for place in places if place not in exact.binary)),
        at_step=problem.at_step,
        earlier_losses=in_full(problem.earlier_losses),
    )


def _require_readable(problem: Problem) -> None:
    from backprop_cli.core.exact import literal, to_decimal  # slow to import

    for i, layer in enumerate(problem.layers):
        for name in ("weights", "biases"):
            array = getattr(layer, name)
            for index, number in () if array is None else np.ndenumerate(array):
                if to_decimal(literal(number)) is None:
                    reason = "is out of the range of exact arithmetic, so the next problem could not be read"
                    raise InputError(reason, place=problem.entry(Node(i, name), index))

"""Make new problems from specifications."""

from dataclasses import replace
from typing import Any

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import OF_THE_LOSS
from backprop_cli.core.solve import solve
from backprop_cli.exercises.assembly import floats, in_floats
from backprop_cli.exercises.friendly import friendly
from backprop_cli.exercises.normal import normal
from backprop_cli.exercises.specification import Specification

__all__ = ["new"]


def new(spec: Specification) -> Problem:
    """Return a problem: of fractions if its numbers are to be friendly, else in float64, with expected values.

    The same specification gives the same problem on every platform. The expected values are those of exact arithmetic,
    or have 50 right digits, rounded once.

    Raises:
        UsageError: There are no such numbers; with the reason.
        InputError: Exact arithmetic would take too long.
    """
    spec.require_possible()
    if spec.numbers == "friendly":
        return friendly(spec)
    problem = normal(spec)
    return replace(in_floats(problem), expected=_expected(problem))


def _expected(problem: Problem) -> dict[str, Any]:
    """Return everything that follows from a problem of fractions, rounded to float64, as files hold it."""
    solution = solve(problem)
    layers = [{name: floats(values) for name, values in layer.computed.items()} for layer in solution.layers]
    if not problem.layered:
        return layers[0]
    return {**{name: layers[-1].pop(name) for name in OF_THE_LOSS if name in layers[-1]}, "layers": layers}

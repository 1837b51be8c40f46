"""Make an exercise of a problem: what is given, what is asked for, and the exact answers."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import prod

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_objects
from backprop_cli.core.plan import plan
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.exercises.rounding import digits_for, is_rounded_to_zero
from backprop_cli.exercises.specification import seed_of
from backprop_cli.exercises.statement import is_of_backward, statement
from backprop_cli.explanations.worked import Worked, matrix, working_order

__all__ = ["asked_nodes", "exercise", "notes"]

_MOST_ASKED = 2_000  # numbers to fill in
_MOST_GIVEN = 10_000  # numbers to copy from
_ROUNDING = Fraction(1, 10**9)  # relative


def asked_nodes(problem: Problem, wanted: Sequence[Node] = (), *, every: bool = False) -> tuple[Node, ...]:
    """Return the quantities that are asked for, in the order of work by hand.

    With `every`, it is also every quantity that can be computed; of a matched pair without the upstream, which its work
    by hand does without. Without any that is wanted, it is those of them that are gradients and updated parameters.

    Raises:
        InputError: A wanted quantity is given, or cannot be computed; or there are too many numbers for a sheet.
    """
    if every or not wanted:
        wanted = [*wanted, *_computable(problem, every=every)]
    has_some = {node.quantity for node in wanted if problem.has(node)}  # such as new_biases, of a layer with biases
    kept = {node for node in wanted if problem.has(node) or node.quantity not in has_some}
    for node, lacking in plan(problem, tuple(kept)).missing.items():
        if node in kept:
            raise InputError(f"cannot be asked for: it needs {lacking.words()}", place=problem.place(*node))
    for node in kept:
        if problem.given(node) is not None or problem.origin(*node) != node:
            raise InputError("cannot be asked for: it is given", place=problem.place(*node))
    _require_few(problem, kept)
    return tuple(node for node in working_order(len(problem.layers)) if node in kept)


def _computable(problem: Problem, *, every: bool) -> Sequence[Node]:
    """Return the quantities that can be computed by hand, or without `every` those of the backward pass and the step.

    If there are none, it is those that lack what they are computed from.
    """
    by_hand = [
        node
        for node in problem.nodes
        if (every or is_of_backward(node)) and problem.given(node) is None and not _is_skipped(problem, node)
    ]
    missing = plan(problem, by_hand).missing
    return [node for node in by_hand if node not in missing] or by_hand


def _is_skipped(problem: Problem, node: Node) -> bool:
    return node.quantity == "upstream" and problem.matched(node.layer) is not None


def _require_few(problem: Problem, wanted: Iterable[Node]) -> None:
    """Check that people can copy what is given, and fill in what is asked for.

    Raises:
        InputError: There are too many numbers.
    """
    asked = sum(_size(problem, node) for node in wanted)
    if asked > _MOST_ASKED:
        hint = "--ask names fewer quantities, such as dbiases"
        raise InputError(f"there are {asked:,} numbers to fill in (at most {_MOST_ASKED:,})", hint=hint)
    parameters = [array for layer in problem.layers for array in (layer.weights, layer.biases, layer.z)]
    given = sum(array.size for array in (*parameters, problem.inputs, problem.targets) if array is not None)
    given += problem.upstream.size if isinstance(problem.upstream, np.ndarray) else 0
    if given > _MOST_GIVEN:
        raise InputError(f"{given:,} numbers are given, too many for a sheet (at most {_MOST_GIVEN:,})")


def _size(problem: Problem, node: Node) -> int:
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons, "s": problem.steps}
    return prod(sizes[axis] or 1 for axis in AXES[node.quantity])


def exercise(
    found: Worked, exact: Solution, solution: Solution, *, title: str, identity: str, digits: int | None = None
) -> Exercise:
    """Return a problem as a question.

    Args:
        found: The worked solution of the whole problem.
        exact: The quantities that are asked for, in exact numbers.
        solution: The same in float64.
        title: The title of the section if the problem has none, or a blank one.
        identity: What tells the problem from others.
        digits: The decimals of an answer; as many as `digits_for` says for None.

    Raises:
        InputError: A quantity does not fit float64.
    """
    problem = found.problem
    order = [node for node in working_order(len(problem.layers)) if node.quantity in exact.layers[node.layer].computed]
    asked = tuple(_asked(node, exact, solution) for node in order)
    if digits is None:
        digits = digits_for(each.answers for each in asked)
    takes_step = any(node.quantity.startswith("new_") for node in order)
    return Exercise(
        title=(problem.title or "").strip() or title,
        source=problem.source if seed_of(problem.source) is None else None,
        identity=identity,
        statement=statement(problem, {node: each.matrix for node, each in zip(order, asked, strict=True)}, digits),
        given=tuple(each for each in found.given if takes_step or each.place != "learning_rate"),
        asked=asked,
        digits=digits,
        solution=found,
    )


def notes(found: Exercise) -> Iterable[str]:
    """Yield notes on answers that are all 0 with the decimals of an exercise, or differ from the worked solution."""
    for each in found.asked:
        if is_rounded_to_zero(each.answers, found.digits):
            yield f"{each.matrix.place} is 0 everywhere with {found.digits} decimals (--digits asks for more)"
        if _is_rounded_otherwise(each, found.digits):
            reason = "a number is rounded from one side of a kink to the other, or is lost in a sum"
            yield f"{each.matrix.place}: the worked solution, in float64, differs from the exact answers: {reason}"


def _is_rounded_otherwise(asked: Asked, digits: int) -> bool:
    """Tell whether float64 differs from the exact answers by more than an answer may, and than a rounding error."""
    half = Fraction(1, 2 * 10**digits)
    return any(
        abs(Fraction(value) - Fraction(right)) > max(half, _ROUNDING * abs(Fraction(right)))
        for value, right in zip(asked.matrix.grid.flat, asked.answers.flat, strict=True)
    )


def _asked(node: Node, exact: Solution, solution: Solution) -> Asked:
    problem, computed = solution.problem, solution.layers[node.layer].computed
    if node.quantity not in computed:
        reason = solution.layers[node.layer].not_computed[node.quantity]
        raise InputError(f"cannot be asked for: {reason}", place=problem.place(*node))
    values = problem.as_written(node.quantity, np.asarray(computed[node.quantity]))
    answers = _in_full(np.asarray(exact.layers[node.layer].computed[node.quantity]))
    return Asked(matrix=matrix(problem, node, values, node.quantity), answers=answers)


def _in_full(answers: Array) -> Array:
    """Return answers (any shape) as fractions, or as the decimals that they are, in the same shape."""
    exact = [number if isinstance(number, Decimal) else Fraction(number) for number in answers.flat]
    return as_objects(exact).reshape(answers.shape)

"""Solve a problem whose activations or loss are not rational in decimals: 50 digits of each result are right.

The solver works on arrays of `Decimal` as it does on floats. It works with more digits than 50, and then again with
still more, until the results agree: where terms cancel, digits are lost. A result that only has digits which change
with the number of digits is 0.

What cannot be told apart from 0 so is smaller than about 1e-130 of the terms that cancel.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
    Underflow,
    localcontext,
)
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from backprop_cli.core.activations import Activation, name_of_activation
from backprop_cli.core.arrays import Array, first_index
from backprop_cli.core.blocks import evaluate
from backprop_cli.core.decimal_functions import ACTIVATIONS, LOSSES, MATCHED, Functions
from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import DIGITS, Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Rules
from backprop_cli.errors import InputError

__all__ = ["evaluate_in_decimals", "in_decimals"]

_WORKING_DIGITS = (80, 130, 300, 600)
_RIGHT = Decimal(10) ** -(DIGITS + 1)  # two results that differ by so much of their size agree
_SPARE = 20  # digits, which a result that is 0 may not lose as fast as others are added

_Evaluated = tuple[Mapping[Node, Array], Mapping[int, Array]]


def evaluate_in_decimals(
    problem: Problem, order: Sequence[Node], kept: Collection[Node], rules: Rules, **options: Any
) -> _Evaluated:
    """Return what `blocks.evaluate` returns, of a problem of fractions, as decimals that are rounded to 50 digits.

    Shapes: as for `blocks.evaluate`, such as (n_samples, n_neurons).

    Raises:
        InputError: A number is beyond the range of decimals, or 600 digits are too few.
    """
    watched = [node for node in order if _has_kinks(problem, node)]

    def evaluated(digits: int) -> _Evaluated:
        with localcontext(_context(digits)):
            return evaluate(in_decimals(problem), order, {*kept, *watched}, rules, **options)

    try:
        return _settled(problem, kept, watched, evaluated)
    except (Overflow, Underflow, InvalidOperation, DivisionByZero) as error:
        what = "is beyond the range of decimals (about 1e-1e18 to 1e+1e18), or has no logarithm"
        raise InputError(f"a number on the way {what}") from error


def _settled(
    problem: Problem, kept: Collection[Node], watched: Sequence[Node], evaluated: Callable[[int], _Evaluated]
) -> _Evaluated:
    """Evaluate with more and more digits, until each result has agreed once, and the sides of all kinks are known."""
    found: dict[Node, Array] = {}
    values, _ = evaluated(_WORKING_DIGITS[0])
    place = ""
    for digits, more in pairwise(_WORKING_DIGITS):
        before = values
        values, inactive = evaluated(more)
        with localcontext(_context(more)):
            for node in kept & values.keys():
                agreed = _agreed(before[node], values[node], more - digits - _SPARE)
                found[node] = _first(found.get(node, agreed), agreed)
            place = _near_kink(problem, watched, before, values) or _unsettled(problem, found)
        if not place:
            return found, inactive
    reason = "its terms cancel, or it is too close to a kink to tell the side"
    raise InputError(f"{_WORKING_DIGITS[-1]} digits are too few: {reason}", place=place)


def in_decimals(problem: Problem) -> Problem:
    """Return a problem of fractions as one of decimals, with the digits of the current context."""
    layers = tuple(
        replace(
            layer,
            weights=_decimals(layer.weights),
            biases=_decimals(layer.biases),
            z=_decimals(layer.z),
            activation=_activation(layer.activation),
        )
        for layer in problem.layers
    )
    return replace(
        problem,
        inputs=_decimals(problem.inputs),
        layers=layers,
        upstream=_decimals(problem.upstream) if isinstance(problem.upstream, np.ndarray) else problem.upstream,
        targets=_decimals(problem.targets),
        learning_rate=_decimal(Fraction(problem.learning_rate)),
        loss=None if problem.loss is None else _loss(problem.loss),
    )


def _context(digits: int) -> Context:
    """Return a context in which floats are refused, too."""
    traps = [InvalidOperation, DivisionByZero, Overflow, Underflow, FloatOperation]
    return Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=traps)


_ROUNDING = _context(DIGITS)


def _decimals(array: Array | None) -> Any:
    """Return an array of fractions (any shape) as decimals in the same shape."""
    if array is None:
        return None
    return np.array([_decimal(Fraction(number)) for number in array.flat], dtype=object).reshape(array.shape)


def _decimal(number: Fraction) -> Any:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _activation(row: Activation) -> Activation:
    found = ACTIVATIONS.get(name_of_activation(row.name))
    if found is None:
        return row
    functions = found if isinstance(found, Functions) else found(row.parameter or "")
    return replace(row, value=functions.value, backward=functions.derivative)


def _loss(row: Loss) -> Loss:
    name, _, parameter = row.name.rstrip(")").partition("(")
    matched = {
        name: pair._replace(value=MATCHED[name].value, dz=MATCHED[name].derivative)
        for name, pair in row.matched.items()
    }
    found = LOSSES.get(name)
    if found is None:
        return replace(row, matched=matched)
    functions = found if isinstance(found, Functions) else found(parameter)
    return replace(row, matched=matched, value=functions.value, gradient=functions.derivative)


def _has_kinks(problem: Problem, node: Node) -> bool:
    """Tell whether a derivative depends on the side of a kink on which a node is."""
    is_last = node.layer == len(problem.layers) - 1
    of_loss = node.quantity == "outputs" and is_last and problem.loss is not None and bool(problem.loss.kinks)
    return of_loss or (node.quantity == "z" and bool(problem.layers[node.layer].activation.kinks))


def _near_kink(
    problem: Problem, watched: Sequence[Node], before: Mapping[Node, Array], values: Mapping[Node, Array]
) -> str:
    """Return an entry that is on a side of a kink that the digits do not tell; an empty text if there is none."""
    for node in watched:
        kinks, centre = problem.layers[node.layer].activation.kinks, 0
        if node.quantity == "outputs" and problem.loss is not None:
            kinks, centre = problem.loss.kinks, _decimals(problem.targets)
        for kink in kinks:
            first, second = (array[node] - centre - Decimal.from_float(kink) for array in (before, values))
            unknown = 2 * np.abs(first - second) > np.abs(second)
            if unknown.any():
                return problem.entry(node, first_index(unknown))
    return ""


def _agreed(before: Array, after: Array, spare: int) -> Array:
    """Return the numbers (any shape) that two evaluations agree on, in the same shape, and None for the others."""
    shrinks = Decimal(10) ** -spare

    def agreed(a: Decimal, b: Decimal) -> Decimal | None:
        if a == b or abs(a - b) <= _RIGHT * abs(b):
            return _ROUNDING.plus(b)
        return Decimal(0) if abs(b) <= shrinks * abs(a) else None

    result: Array = np.asarray(np.frompyfunc(agreed, 2, 1)(before, after), dtype=object)
    return result


def _is_none(array: Array) -> Array:
    unknown: Array = np.asarray(array == np.array(None), dtype=bool)
    return unknown


def _first(found: Array, agreed: Array) -> Array:
    """Return numbers that were found (any shape), with those agreed on now in place of None, in the same shape."""
    return np.where(_is_none(found), agreed, found)


def _unsettled(problem: Problem, found: Mapping[Node, Array]) -> str:
    """Return an entry that no two evaluations agree on; an empty text if there is none."""
    unknown = [(node, mask) for node, array in found.items() if (mask := _is_none(array)).any()]
    return problem.entry(unknown[0][0], first_index(unknown[0][1])) if unknown else ""

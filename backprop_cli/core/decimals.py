"""Solve a problem whose activations or loss are not rational in decimals: 50 digits of each result are right.

The solver works on arrays of `Decimal` as it does on floats. It works with more digits than 50, and then again with
still more, until the results agree: where terms cancel, digits are lost. A result whose digits all change is 0, and so
is a pre-activation: it is at a kink then, not beside it. What is smaller than about 1e-115 of the terms that cancel
cannot be told from 0.
"""

from collections.abc import Callable, Mapping, Sequence
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
from backprop_cli.core.blocks import Evaluated
from backprop_cli.core.decimal_functions import ACTIVATIONS, LOSSES, MATCHED, Functions, negligible
from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import DIGITS, Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES, Rule, Rules
from backprop_cli.errors import InputError

__all__ = ["in_decimals", "solve_in_decimals"]

_WORKING_DIGITS = (80, 130, 300, 600)
_RIGHT = Decimal(10) ** -(DIGITS + 1)  # two results that differ by so much of their size agree
_Solve = Callable[[Problem, Rules, Rules], tuple[Problem, Evaluated]]
_SPARE = 20  # digits, which a result that is 0 may not lose as fast as others are added


def solve_in_decimals(
    problem: Problem, rules: Rules, solved: _Solve, *, working_digits: Sequence[int] = _WORKING_DIGITS
) -> tuple[Problem, Evaluated]:
    """Return a problem of fractions at its last step, and values that are rounded to 50 digits.

    Args:
        problem: The problem.
        rules: The formulas.
        solved: Returns a problem of decimals at its last step, and the values, from one at its first step, from the
            formulas of its last step, and from those of the steps before.
        working_digits: With how many digits to work, from few to many.

    Raises:
        InputError: A number is beyond the range of decimals, or the most digits are too few; or as for `solved`.
    """
    found: dict[Node, Array] = {}
    unsettled: list[tuple[Node, tuple[int, ...]]] = []
    before: Mapping[Node, Array] = {}
    for fewer, digits in pairwise((0, *working_digits)):
        last, evaluated = _with_digits(digits, problem, rules, solved)
        for node in before:
            agreed = _agreed(before[node], evaluated.values[node], digits - fewer - _SPARE)
            found[node] = np.where(_unknown(found[node]), agreed, found[node]) if node in found else agreed
        unsettled = [(node, first_index(mask)) for node in found if (mask := _unknown(found[node])).any()]
        if fewer and not unsettled:
            return _at_step_of(last, problem), evaluated._replace(values=found)
        before = evaluated.values
    node, index = unsettled[0]
    reason = f"its terms cancel, and {working_digits[-1]} digits are too few for {DIGITS} that are right"
    raise InputError(reason, place=problem.entry(node, index))


def _with_digits(digits: int, problem: Problem, rules: Rules, solved: _Solve) -> tuple[Problem, Evaluated]:
    """Return a problem at its last step, and values, as decimals of so many digits, of which some may be wrong."""
    z = Rule(rules["z"].operands, _affine)
    try:
        with localcontext(_context(digits)):
            return solved(in_decimals(problem), {**rules, "z": z}, {**RULES, "z": z})
    except (Overflow, Underflow, InvalidOperation, DivisionByZero) as error:
        what = "is beyond the range of decimals (exponents of 18 digits), or has no logarithm"
        raise InputError(f"a number on the way {what}") from error


def _at_step_of(last: Problem, problem: Problem) -> Problem:
    """Return a problem of fractions with the parameters, which are decimals, that it has at its last step."""
    if problem.at_step == last.at_step:
        return problem
    layers = tuple(
        replace(layer, weights=stepped.weights, biases=stepped.biases)
        for layer, stepped in zip(problem.layers, last.layers, strict=True)
    )
    return replace(problem, layers=layers, at_step=last.at_step, earlier_losses=last.earlier_losses)


def _affine(inputs: Array, weights: Array, biases: Array | None = None, out: Array | None = None) -> Array:
    """Return z (n_samples, n_neurons), with 0 for the entries that are as small as the rounding errors of their sum."""
    z = np.matmul(inputs, weights, out=out)
    sizes = np.matmul(np.abs(inputs), np.abs(weights))
    if biases is not None:
        z += biases
        sizes += np.abs(biases)
    z[np.abs(z) <= sizes * negligible()] = Decimal(0)
    return z


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
        earlier_losses=_decimals(problem.earlier_losses),
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


def _agreed(before: Array, after: Array, spare: int) -> Array:
    """Return the numbers (any shape) that two evaluations agree on, in the same shape, and None for the others."""
    shrinks = Decimal(10) ** -spare

    def agreed(a: Decimal, b: Decimal) -> Decimal | None:
        if a == b or abs(a - b) <= _RIGHT * abs(b):
            return _ROUNDING.plus(b)
        return Decimal(0) if abs(b) <= shrinks * abs(a) else None

    result: Array = np.asarray(np.frompyfunc(agreed, 2, 1)(before, after), dtype=object)
    return result


def _unknown(array: Array) -> Array:
    """Return which numbers (any shape) are None, in the same shape."""
    mask: Array = np.asarray(array == np.array(None), dtype=bool)
    return mask

"""The conditions of friendly numbers: each refuses a problem that was friendly before one thing was changed."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.problem import Problem
from backprop_cli.exercises.assembly import matrix
from backprop_cli.exercises.conditions import CONDITIONS
from backprop_cli.exercises.drawn import Drawn
from backprop_cli.exercises.new import new
from backprop_cli.exercises.specification import Specification

RELU = Specification(shape=(3, 2, 1), activations=("relu", "relu"))
SQUARE = Specification(shape=(2, 2), activations=("relu",))
SIGMOID = Specification(shape=(2, 2, 1), activations=("sigmoid", "sigmoid"), loss="squared_error")
SOFTMAX = Specification(shape=(2, 3), activations=("softmax",), loss="cross_entropy")
ABSOLUTE = Specification(shape=(2, 2), activations=("relu",), loss="absolute_error")


def with_layer(problem: Problem, i: int, **changes: Any) -> Problem:
    layers = list(problem.layers)
    layers[i] = replace(layers[i], **changes)
    return replace(problem, layers=tuple(layers))


def filled(array: Any, number: int | Fraction) -> Any:
    return matrix([[Fraction(number)] * array.shape[1]] * array.shape[0])


def biased(problem: Problem, i: int, number: int | Fraction) -> Problem:
    """Return the problem with a number added to the biases of a layer."""
    biases: Any = problem.layers[i].biases
    return with_layer(problem, i, biases=biases + Fraction(number))


def scaled(problem: Problem, i: int, number: int | Fraction) -> Problem:
    """Return the problem with the weights of a layer multiplied by a number."""
    weights: Any = problem.layers[i].weights
    return with_layer(problem, i, weights=Fraction(number) * weights)


def outputs_flow_back(problem: Problem) -> Problem:
    """Return the problem with dz that is the outputs: to take one for the other changes nothing by chance."""
    return replace(problem, upstream=Drawn(problem=problem, digits=3, rational=True).layers[0]["outputs"])


def at_a_kink(problem: Problem) -> Problem:
    z = Drawn(problem=problem, digits=3, rational=True).z(0)
    return biased(problem, 0, Fraction(9, 100) - z[0, 0])


def symmetric(problem: Problem) -> Problem:
    weights: Any = problem.layers[0].weights
    return with_layer(problem, 0, weights=(weights + weights.T) / 2)


PLANTED: list[tuple[str, Specification, Callable[[Problem], Problem]]] = [
    ("kinks", RELU, at_a_kink),
    ("masks", RELU, lambda p: biased(biased(p, 0, 100), 1, 1000)),
    ("masks", RELU, lambda p: biased(biased(p, 0, -100), 1, -1000)),
    ("saturation", SIGMOID, lambda p: biased(p, 0, 4)),
    ("saturation", SOFTMAX, lambda p: scaled(p, 0, 10)),
    ("short", RELU, lambda p: replace(p, learning_rate=Fraction(1, 10**4))),
    ("gradients", RELU, lambda p: replace(p, upstream=filled(p.upstream, 0))),
    ("trivial", SQUARE, lambda p: replace(p, upstream=filled(p.upstream, 0))),
    ("trivial", ABSOLUTE, lambda p: replace(p, targets=filled(p.targets, -100))),
    ("symmetric", SQUARE, symmetric),
    ("visible", SIGMOID, lambda p: scaled(p, 1, Fraction(1, 1000))),
    ("mistakes", SQUARE, lambda p: replace(p, learning_rate=Fraction(1, 10**6))),
    ("mistakes", SQUARE, outputs_flow_back),
]


@pytest.mark.parametrize(("key", "spec", "planted"), PLANTED, ids=[key for key, _, _ in PLANTED])
def test_a_problem_that_fails_a_condition_is_refused(
    key: str, spec: Specification, planted: Callable[[Problem], Problem]
) -> None:
    problem = new(spec)
    before, after = (Drawn(problem=each, digits=3, rational=spec.rational) for each in (problem, planted(problem)))
    assert [name for name, condition in CONDITIONS.items() if not condition.holds(before)] == []
    assert not CONDITIONS[key].holds(after)


def test_the_last_bits_of_floats_decide_nothing() -> None:
    """A sum of products that is 2 on paper is larger than 2 where it is added up in another order."""
    problem = new(SIGMOID)
    drawn = Drawn(problem=problem, digits=3, rational=False)
    for layer in drawn.layers:
        for values in layer.values():
            assert np.array_equal(values, np.round(values + 1e-15, 9))


def test_every_condition_is_tested() -> None:
    assert {key for key, _, _ in PLANTED} == set(CONDITIONS)

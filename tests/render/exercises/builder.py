"""Exercises made of the worked solutions of problems."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from backprop_cli.cli.html_page import shown
from backprop_cli.core.arrays import Array
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import Matrix, worked
from backprop_cli.load.schema import build
from backprop_cli.render.html.view import Shown
from tests.any_problem import any_problem

STATEMENT = (
    "A network of 2 layers with 3 inputs; all units are relu units.",
    "The loss is half the squared error, summed over the samples.",
    "Compute every gradient and the weights after one step, to 3 decimals.",
)
NETWORK: dict[str, Any] = {
    "title": "Two layers",
    "source": "made by hand",
    "inputs": [[1, -0.5, 2], [0.25, 3, -1]],
    "layers": [
        {"weights": [[0.5, -1], [0.75, 1.5], [-2, 4]], "biases": [0.125, -6], "activation": "relu"},
        {"weights": [[2.5], [-3.5]], "biases": [7], "activation": "linear"},
    ],
    "targets": [[0.375], [-8]],
    "loss": "half_squared_error",
    "learning_rate": 0.0625,
}


def exercise(draft: Mapping[str, Any], ask: Sequence[str] | None = None, **fields: Any) -> Exercise:
    """Return an exercise that asks for the gradients of a problem and its step, or for some quantities."""
    found = worked(build(dict(draft)), Extent(depth=0))
    results = [step.result for step in found.steps if ask is not None or step.phase in ("backward", "step")]
    asked = [asks(each) for each in results if ask is None or each.place.rpartition(".")[2] in ask]
    made = Exercise(
        title=found.title or "Exercise 1",
        source=found.source,
        identity="a digest",
        statement=STATEMENT,
        given=found.given,
        asked=tuple(asked),
        digits=3,
        solution=found,
    )
    return replace(made, **fields)


def asks(matrix: Matrix) -> Asked:
    """Return a quantity as asked for, with its exact answers."""
    return Asked(matrix=matrix, answers=exact(matrix.values))


def exact(values: Array) -> Array:
    """Return numbers as fractions, in an array of the same shape."""
    return np.array([Fraction(value) for value in values.ravel().tolist()], dtype=object).reshape(values.shape)


def with_other_answers(made: Exercise) -> Exercise:
    """Return the same exercise with other answers, and another solution."""
    others = [replace(asked.matrix, values=asked.matrix.values + 1234.5) for asked in made.asked]
    solution = worked(build({"inputs": [[77]], "weights": [[88]], "biases": [99]}), Extent(depth=0))
    return replace(made, asked=tuple(map(asks, others)), solution=solution)


def shown_of(made: Exercise) -> Shown:
    """Return what a page shows of a solution."""
    return shown(made.solution, Extent(depth=0), 20)


def wide(n_samples: int, *sizes: int) -> dict[str, Any]:
    """Return a network of large matrices."""
    rng = np.random.default_rng(5)

    def numbers(*shape: int) -> Any:
        return np.round(rng.normal(size=shape), 3).tolist()

    layers = [{"weights": numbers(a, b), "biases": numbers(b), "activation": "relu"} for a, b in pairwise(sizes)]
    targets = numbers(n_samples, sizes[-1])
    return {"inputs": numbers(n_samples, sizes[0]), "layers": layers, "targets": targets, "loss": "squared_error"}


SEVERAL = [
    exercise(NETWORK),
    *(exercise(any_problem(seed), title=f"Problem {seed}") for seed in range(12)),
    exercise(NETWORK, ("z", "outputs", "loss", "dbiases")),
    exercise(wide(40, 9, 21), title="Large"),
    exercise(wide(2, 8, 16, 4), title="Wide"),
]

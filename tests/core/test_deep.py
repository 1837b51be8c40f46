"""The work for a deep network grows with the number of layers, not with its square. Work is counted in calls."""

import dataclasses
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from backprop_cli.core.blocks import BLOCK_ROWS
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.core.step import next_problem
from backprop_cli.errors import InputError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.draft import to_draft
from backprop_cli.load.schema import build

LAYERS = {
    "all is given": {"weights": [[1]], "biases": [0]},
    "no weights": {"biases": [0]},
    "no biases": {"weights": [[1]]},
    "a given z": {"weights": [[1]], "biases": [0], "z": [[1]]},
}
WORK: dict[str, Callable[[Problem], object]] = {
    "build": lambda problem: build(to_draft(problem)),
    "solve": lambda problem: solve(problem),
    "solve for one": lambda problem: solve(problem, [Node(0, "dweights")]),
    "step": lambda problem: next_problem(problem, solve(problem)),
    "explain": lambda problem: explain(problem, Node(0, "dweights"), (0, 0), Extent()),
    "worked": lambda problem: worked(problem, Extent()),
}


def network(kind: str, n_layers: int) -> Problem:
    return build({"inputs": [[1]], "layers": [LAYERS[kind]] * n_layers, "upstream": "ones"})


def calls(action: Callable[[], object]) -> int:
    """Return how many functions an action calls, and how often generators go on."""
    count, before = 0, sys.getprofile()

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        action()
    except InputError:
        pass
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("kind", LAYERS)
def test_work_grows_with_the_number_of_layers(kind: str, work: str) -> None:
    few, many = (calls(partial(WORK[work], network(kind, n_layers))) for n_layers in (100, 300))
    assert many < 3.5 * few


def test_work_that_grows_with_the_square_is_noticed() -> None:
    def square(n: int) -> list[int]:
        return [sum(1 for _ in range(n)) for _ in range(n)]

    few, many = (calls(partial(square, n)) for n in (100, 300))
    assert many > 8 * few


def test_what_is_missing_in_very_deep_networks_is_counted_up_to_a_limit() -> None:
    layers = [{"weights": [[1]], "biases": [0]}, *[LAYERS["no weights"]] * 100]
    problem = build({"inputs": [[1]], "layers": layers, "upstream": "ones"})
    solved = solve(problem).layers
    first = ", ".join(f"layers[{i}].weights" for i in range(1, 8))
    assert solved[10].not_computed["z"].endswith(".weights, 3 more")
    assert solved[-1].not_computed["outputs"] == f"layers[100].z (or {first} and at least 57 more)"


def test_upstream_of_ones_takes_no_memory_for_each_sample() -> None:
    def peak(blocks: int) -> int:
        inputs = np.broadcast_to(np.ones((1, 2)), (blocks * BLOCK_ROWS, 2))
        problem = build({"inputs": np.ones((1, 2)), "weights": np.ones((2, 50)), "upstream": "ones"})
        problem = dataclasses.replace(problem, inputs=inputs, n_samples=len(inputs))
        tracemalloc.start()
        solve(problem, [Node(0, "dweights"), Node(0, "dbiases")])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # what is done once is no part of it
    assert peak(20) < peak(2) + 2**16

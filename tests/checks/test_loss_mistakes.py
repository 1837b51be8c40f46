"""Mistakes with losses, targets and derivatives, planted in random problems of every kind, are found and named."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.checks.loss_passes import RIGHT, ROWS, Draft, Values
from tests.checks.other_causes import CHANGES
from tests.checks.passes import checked
from tests.conftest import sized


def draft_of(seed: int) -> Draft:
    """Return a random problem whose layers all have biases."""
    draft = any_problem(seed) | {"learning_rate": 0.125}
    rng, out_in = np.random.default_rng(seed), draft["weight_layout"] == "out-in"
    for layer in draft["layers"]:
        if "biases" not in layer:
            n_neurons = np.array(layer["weights"]).shape[0 if out_in else 1]
            layer["biases"] = rng.normal(size=(n_neurons,)).tolist()
    return draft


def solved(draft: Draft) -> Solution:
    return solve(build(draft))


def different(values: Array, right: Array) -> Array:
    return ~np.isclose(values, right, rtol=1e-5, atol=1e-10)


def planted(name: str, n_problems: int, *, first: int = 0) -> Iterator[tuple[Draft, Values, dict[Node, Array]]]:
    """Yield problems with the right values, and the wrong ones of quantities with two wrong entries or more."""
    row, found, seed = ROWS[name], 0, first
    while found < n_problems:
        seed += 1
        draft = draft_of(seed)
        if not row.when(draft):
            continue
        right, wrong = RIGHT(draft), row.wrong(draft)
        struck = {
            Node(*node): array
            for node, array in wrong.items()
            if node[1] in row.strikes.split()
            and np.isfinite(array).all()
            and array.any()
            and different(array, right[node]).sum() > 1
        }
        if struck:
            found += 1
            yield draft, right, struck


def shares(name: str, n_problems: int) -> tuple[int, int, Counter[str]]:
    """Return how many wrong quantities were named, of how many, and what was named in their place."""
    named, total, others = 0, 0, Counter[str]()
    for draft, right, struck in planted(name, n_problems):
        solution = solved(draft)
        for node, values in struck.items():
            beside = {Node(i, quantity): array for (i, quantity), array in right.items() if quantity == "z"}
            if name.endswith("alone"):
                other = node.quantity.replace("biases", "?").replace("weights", "biases").replace("?", "weights")
                beside[Node(node.layer, other)] = right[node.layer, other]
            check = checked(solution, beside | {node: values}, digits=9)[node]
            assert not check.passed
            is_named = any(ROWS[name].words in text for text in check.explanations)
            named, total = named + is_named, total + 1
            if not is_named:
                others[f"{node}: {check.explanations}"] += 1
    return named, total, others


def test_the_pass_is_right() -> None:
    for seed in range(1, 60):
        draft = draft_of(seed)
        solution = solved(draft)
        for (i, quantity), array in RIGHT(draft).items():
            np.testing.assert_allclose(solution.layers[i].computed[quantity], array, rtol=1e-9, atol=1e-12)


@sized("n_problems", 3, 20)
@pytest.mark.parametrize("name", ROWS)
def test_a_planted_mistake_is_named(name: str, n_problems: int) -> None:
    named, total, others = shares(name, n_problems)
    assert named >= 0.95 * total, others


@sized("n_values", 300, 20_000)
def test_mistakes_that_nobody_made_are_not_named(n_values: int) -> None:
    """Slips, noise and exchanged entries in one quantity of a problem."""
    wrong, named, seed = 0, Counter[str](), 0
    while wrong < n_values:
        seed += 1
        draft, rng = draft_of(seed), np.random.default_rng(seed)
        right = {node: array for node, array in RIGHT(draft).items() if array.ndim}
        solution, nodes = solved(draft), list(right)
        for name, change in CHANGES.items():
            node = nodes[rng.integers(len(nodes))]
            (check,) = checked(solution, {Node(*node): change(right[node], rng)}, digits=9).values()
            wrong += not check.passed
            named += Counter(f"{name}, {node}: {explanation}" for explanation in check.explanations[:1])
    assert named.total() <= max(2, n_values / 500), named

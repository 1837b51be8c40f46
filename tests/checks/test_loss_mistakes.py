"""Mistakes with losses, targets and derivatives, planted in random problems of every kind, are found and named."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.checks.loss_passes import RIGHT, ROWS, Draft, Values
from tests.checks.other_causes import CHANGES, SLIPS, slipped
from tests.checks.passes import checked
from tests.checks.test_mistakes import is_true
from tests.conftest import sized


def draft_of(seed: int) -> Draft:
    """Return a random problem whose layers all have biases."""
    draft = any_problem(seed) | {"learning_rate": 0.125}
    rng, axis = np.random.default_rng(seed), 0 if draft["weight_layout"] == "out-in" else 1
    for layer in draft["layers"]:
        if "biases" not in layer:
            layer["biases"] = rng.normal(size=np.shape(layer["weights"])[axis])
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
            check = checked(solution, beside | {node: values})[node]
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


@sized("n_problems", 2, 20)
@pytest.mark.parametrize("name", ROWS)
def test_a_planted_mistake_is_named(name: str, n_problems: int) -> None:
    named, total, others = shares(name, n_problems)
    assert named >= 0.95 * total, others


def copied_wrongly(draft: Draft, rng: np.random.Generator) -> dict[str, Draft]:
    """Return the problem without biases, with doubled ones, with a number copied wrongly, or another activation."""
    first = {key: np.array(value, float) if key != "activation" else value for key, value in draft["layers"][0].items()}
    others: dict[str, Draft] = {
        "bias forgotten": first | {"biases": 0 * first["biases"]},
        "bias added twice": first | {"biases": 2 * first["biases"]},
        "a weight copied wrongly": first | {"weights": slipped(SLIPS["any slip"])(first["weights"], rng)},
        "another activation": first | {"activation": "tanh" if first["activation"] == "sigmoid" else "sigmoid"},
    }
    drafts = {name: draft | {"layers": [layer, *draft["layers"][1:]]} for name, layer in others.items()}
    inputs = slipped(SLIPS["any slip"])(np.array(draft["inputs"]), rng)
    return drafts | {"an input copied wrongly": draft | {"inputs": inputs}}


@sized("n_values", 60, 20_000)
def test_mistakes_that_nobody_made_are_not_named(n_values: int) -> None:
    """Slips and noise in one quantity of a problem, and everything worked on from wrong numbers.

    Exchanged entries are left out: of two neurons under a softmax, they are the sign turned round.
    """
    wrong, named, seed = 0, Counter[str](), 0
    changes = {name: change for name, change in CHANGES.items() if "order" not in name and "exchanged" not in name}
    while wrong < n_values:
        seed += 1
        draft, rng = draft_of(seed), np.random.default_rng(seed)
        right = {node: array for node, array in RIGHT(draft).items() if array.ndim}
        solution, nodes = solved(draft), list(right)
        causes = []
        for name, change in changes.items():
            node = nodes[rng.integers(len(nodes))]
            causes.append((name, node, change(right[node], rng)))
        for name, copy in copied_wrongly(draft, rng).items():
            if draft["loss"] in ("cross_entropy", "binary_cross_entropy") and len(draft["layers"]) == 1:
                continue  # whose outputs must be probabilities
            node = nodes[rng.integers(len(nodes))]
            causes.append((name, node, RIGHT(copy)[node]))
        for name, node, values in causes:
            (check,) = checked(solution, {Node(*node): values}).values()
            wrong += not check.passed
            untrue = [text for text in check.explanations if not is_true(name, text)]
            named += Counter(f"{seed} {name}, {node}: {text}" for text in untrue[:1])
    assert named.total() <= max(2, n_values / 500), named


@pytest.mark.parametrize(
    ("loss", "reduction", "factor", "words"),
    [
        ("squared_error", "sum", 0.5, "half squared error"),
        ("half_squared_error", "mean", 2, "squared error: "),
        ("squared_error", "sum", 1 / 3, "the loss divided by n_neurons = 3"),
        ("squared_error", "mean", 3, "the loss multiplied by n_neurons = 3"),
        ("absolute_error", "sum", 1 / 3, "the loss divided by n_neurons = 3"),
        ("absolute_error", "sum", 0.5, None),  # two samples; of one number it may be a slip of the pen
        ("absolute_error", "sum", -1, None),
    ],
)
def test_factors_of_a_loss(loss: str, reduction: str, factor: float, words: str | None) -> None:
    """One number is enough unless a slip of the pen leads to it; a factor of 2 between squared errors is none."""
    draft = {
        "inputs": np.array([[1.3, 2.1], [0.7, -0.4]]),
        "weights": np.array([[0.31, 0.57, -0.22], [0.13, -0.71, 0.45]]),
        "biases": np.array([0.11, 0.23, 0.37]),
        "activation": "tanh",
        "targets": np.array([[0.3, 0.7, 0.1], [0.9, 0.2, 0.4]]),
    }
    solution, node = solved(draft | {"loss": loss, "reduction": reduction}), Node(0, "loss")
    wrong = factor * solution.layers[0].computed["loss"]
    explanations = checked(solution, {node: wrong})[node].explanations
    assert explanations == () if words is None else any(text.startswith(words) for text in explanations)


def test_a_mistake_that_changes_nothing_is_not_named() -> None:
    """Of a linear layer no derivative can be forgotten, and of one neuron no mean over neurons taken."""
    draft = {"inputs": np.array([[1.0, 2], [3, 5]]), "weights": np.array([[0.5], [0.25]]), "activation": "linear"}
    draft |= {"targets": np.array([[1.0], [2]]), "loss": "huber(9)", "reduction": "mean"}
    solution, node = solved(draft), Node(0, "dweights")
    right = solution.layers[0].computed["dweights"]
    for factor, words in ((2, {"doubled", "multiplied"}), (1 / 2, {"1/n_samples"}), (-1, {"sign"})):
        explanations = checked(solution, {node: factor * right})[node].explanations
        assert len(explanations) == len(words), explanations
        assert all(any(word in text for text in explanations) for word in words)


Z = np.array([[0.3127, 1.2046, -0.7319], [0.1173, -0.4882, 0.9121]])
T = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("loss", "activation", "quantity", "wrong", "text"),
    [
        ("cross_entropy_with_logits", "linear", "loss", -(T * Z).sum(), "the logarithm forgotten: nll of logits"),
        (
            "cross_entropy_with_logits",
            "linear",
            "loss",
            -(T * softmax(Z)).sum(),
            "the logarithm forgotten: nll of probabilities",
        ),
        ("nll", "log_softmax", "loss", -(T * softmax(Z)).sum(), "the logarithm forgotten: nll of probabilities"),
        ("cross_entropy", "softmax", "loss", -(T * softmax(Z)).sum(), "the logarithm forgotten"),
        (
            "cross_entropy_with_logits",
            "linear",
            "loss",
            -(T * np.log(softmax(softmax(Z)))).sum(),
            "softmax twice: cross_entropy_with_logits of probabilities",
        ),
        (
            "binary_cross_entropy_with_logits",
            "linear",
            "dz",
            (sigmoid(Z) - T) * sigmoid(Z) * (1 - sigmoid(Z)),
            "upstream sent through sigmoid, which binary_cross_entropy_with_logits contains",
        ),
    ],
)
def test_mistakes_with_logits_are_named(loss: str, activation: str, quantity: str, wrong: Any, text: str) -> None:
    """The wrong values are worked out by NumPy alone."""
    draft = {"inputs": Z, "weights": np.eye(3), "activation": activation, "targets": T, "loss": loss}
    node = Node(0, quantity)
    check = checked(solve(build(draft)), {Node(0, "z"): Z, node: np.array(wrong)})[node]
    assert not check.passed
    assert any(text in explanation for explanation in check.explanations), check.explanations


@pytest.mark.parametrize("quantity", ["dz", "dweights"])
def test_an_upstream_that_overflows_names_no_mistake_of_the_chain(quantity: str) -> None:
    """sigmoid(-800) is 0 in float64, so that upstream is infinite, and dz is -1."""
    draft = {"inputs": [[-800.0]], "weights": [[1.0]], "activation": "sigmoid", "targets": [[1.0]]}
    solution = solve(build(draft | {"loss": "binary_cross_entropy"}))
    assert "upstream" not in solution.layers[0].computed
    check = checked(solution, {Node(0, quantity): np.array([[0.123]])})[Node(0, quantity)]
    assert (check.passed, check.explanations) == (False, ())


def test_targets_as_upstream_are_the_turned_sign_of_a_sum_of_likelihoods() -> None:
    """The gradient of -t * y is -t: both names would be right, and the plainer one is given."""
    draft = {"inputs": Z, "weights": np.eye(3), "activation": "linear", "targets": 0.1 + 0.7 * T, "loss": "nll"}
    node = Node(0, "dweights")
    wrong = Z.T @ (0.1 + 0.7 * T)
    check = checked(solve(build(draft)), {Node(0, "z"): Z, node: wrong})[node]
    assert any("the sign is turned round" in text for text in check.explanations)
    assert not any("upstream = targets" in text for text in check.explanations)


def test_twice_a_gradient_of_half_squared_errors_is_that_of_squared_errors() -> None:
    draft = {"inputs": Z, "weights": np.eye(3), "activation": "linear", "targets": T, "loss": "half_squared_error"}
    node = Node(0, "dweights")
    check = checked(solve(build(draft)), {Node(0, "z"): Z, node: 2 * Z.T @ (Z - T)})[node]
    assert any("squared" in text for text in check.explanations), check.explanations

"""A wrong derivative in some of several layers is named with the layers, and the others are right."""

import json
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.checks.passes import checked
from tests.conftest import ROOT

MAZUR: dict[str, Any] = json.loads((ROOT / "samples" / "mazur_sigmoid.json").read_text())
BEFORE = "dweights made of layers[0].z, the pre-activations of the layer before, not of its outputs"


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def mazur(wrong: str) -> dict[Node, Array]:
    """Return what follows from a derivative of the hidden layer that is wrong, or from z as the inputs of the last."""
    x, t, rate = np.array(MAZUR["inputs"]), np.array(MAZUR["targets"]), MAZUR["learning_rate"]
    (w0, b0), (w1, b1) = ((np.array(layer["weights"]), np.array(layer["biases"])) for layer in MAZUR["layers"])
    z0 = x @ w0 + b0
    a0 = sigmoid(z0)
    a1 = sigmoid(a0 @ w1 + b1)
    dz1 = (a1 - t) * a1 * (1 - a1)
    derivative = {
        "forgotten": 1.0,
        "at outputs": sigmoid(a0) * (1 - sigmoid(a0)),
        "of z": z0 * (1 - z0),
        "outputs": a0,
    }.get(wrong, a0 * (1 - a0))
    dz0 = (dz1 @ w1.T) * derivative
    found = {Node(0, "dz"): dz0, Node(0, "dweights"): x.T @ dz0, Node(0, "new_weights"): w0 - rate * x.T @ dz0}
    dweights = z0.T @ dz1
    of_last = {Node(1, "dweights"): dweights, Node(1, "new_weights"): w1 - rate * dweights}
    return of_last if wrong == "z before" else found


@pytest.mark.parametrize("digits", [None, 9])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("forgotten", "the derivative of sigmoid forgotten in layers[0]: dz = upstream"),
        ("at outputs", "the derivative of sigmoid taken at the outputs, not at z, in layers[0]"),
        ("of z", "z in place of outputs in the derivative of sigmoid, in layers[0]"),
        ("outputs", "the outputs in place of the derivative of sigmoid in layers[0]: dz = upstream * outputs"),
        ("z before", BEFORE),
        ("", None),
    ],
)
def test_a_wrong_derivative_in_the_hidden_layer_alone_is_named(wrong: str, named: str | None, digits: int) -> None:
    solution = solve(build({key: value for key, value in MAZUR.items() if key != "expected"}))
    for node, values in mazur(wrong).items():
        check = checked(solution, {node: values}, digits=digits)[node]
        assert check.explanations == (() if named is None else (named,)), node
        assert check.passed == (named is None)


@pytest.mark.parametrize(
    ("forgotten", "named"),
    [
        ((0,), "the derivative of tanh forgotten in layers[0]: dz = upstream"),
        ((1,), "the derivative of sigmoid forgotten in layers[1]: dz = upstream"),
        ((0, 1), "the derivative of tanh and sigmoid forgotten in the hidden layers: dz = upstream"),
        ((2,), "the derivative of the last activation (sigmoid) forgotten: dz = upstream"),
        ((0, 1, 2), "the derivatives of the activations forgotten in all layers: dz = upstream"),
    ],
)
def test_the_layers_without_a_derivative_are_named(forgotten: tuple[int, ...], named: str) -> None:
    weights = [[[0.5, -1.25], [2.0, 0.75]], [[1.5, 0.25], [-0.5, 1.0]], [[0.7, -0.3], [0.9, 1.1]]]
    names = ("tanh", "sigmoid", "sigmoid")
    x, upstream = np.array([[0.3, -0.8], [1.1, 0.4]]), np.array([[0.6, -1.7], [0.2, 0.9]])
    outputs, ws = [x], [np.array(w) for w in weights]
    for w, name in zip(ws, names, strict=True):
        outputs.append((np.tanh if name == "tanh" else sigmoid)(outputs[-1] @ w))
    flowing = upstream
    for i in (2, 1, 0):
        y = outputs[i + 1]
        derivative = 1 - y**2 if names[i] == "tanh" else y * (1 - y)
        dz = flowing * (1 if i in forgotten else derivative)
        flowing = dz @ ws[i].T
    layers = [{"weights": w, "activation": name} for w, name in zip(weights, names, strict=True)]
    solution = solve(build({"inputs": x, "layers": layers, "upstream": upstream}))
    for quantity, values in {"dz": dz, "dinputs": flowing, "dweights": x.T @ dz}.items():
        node = Node(0, quantity)
        assert checked(solution, {node: values})[node].explanations == (named,)

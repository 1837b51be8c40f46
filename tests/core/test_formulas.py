"""The formula of a quantity for whole matrices says what is computed, in the layout of the problem."""

from typing import Any

import numpy as np
import pytest

from backprop_cli.core.formulas import matrix_form
from backprop_cli.core.quantities import Node
from backprop_cli.load.schema import build

TWO: dict[str, Any] = {"inputs": [[1, 2], [3, 4]], "weights": [[1, 0], [0, 1]], "biases": [0, 0]}
COLUMNS = TWO | {"samples": "columns"}
ONE_HOT = [[1, 0], [0, 1]]
SQUARES = TWO | {"activation": "linear", "targets": [[0, 0], [0, 0]], "loss": "half_squared_error"}
NETWORK = {"inputs": TWO["inputs"], "targets": ONE_HOT, "loss": "mse", "layers": [{"weights": ONE_HOT}] * 2}


def pair(activation: str, loss: str, **more: Any) -> dict[str, Any]:
    return TWO | {"activation": activation, "loss": loss, "targets": ONE_HOT} | more


@pytest.mark.parametrize(
    ("draft", "quantity", "form"),
    [
        (TWO, "z", "inputs @ weights + biases"),
        (TWO | {"biases": None}, "z", "inputs @ weights"),
        (COLUMNS, "z", "weights @ inputs + biases"),
        (COLUMNS | {"upstream": ONE_HOT}, "dweights", "dz @ inputs.T"),
        (COLUMNS | {"upstream": ONE_HOT, "mean_gradients": True}, "dweights", "dz @ inputs.T / 2"),
        (COLUMNS | {"upstream": ONE_HOT, "mean_gradients": True}, "dbiases", "(sum of dz over samples) / 2"),
        (COLUMNS, "dinputs", "weights.T @ dz"),
        (TWO | {"upstream": "outputs"}, "upstream", "outputs"),
        (TWO | {"upstream": ONE_HOT}, "upstream", "as given"),
        (SQUARES, "loss", "sum of (outputs - targets)^2 / 2 over samples and neurons"),
        (SQUARES | {"reduction": "mean"}, "loss", "(sum of (outputs - targets)^2 / 2 over samples and neurons) / 4"),
        (SQUARES | {"loss": "huber(0.5)"}, "loss", "sum of huber(outputs - targets, 0.5) over samples and neurons"),
        (SQUARES, "upstream", "outputs - targets"),
        (SQUARES | {"reduction": "mean"}, "upstream", "(outputs - targets) / 4"),
        (SQUARES | {"loss": "mse"}, "upstream", "2 * (outputs - targets) / 4"),
        (pair("sigmoid", "binary_cross_entropy"), "dz", "outputs - targets"),
        (pair("softmax", "cross_entropy", reduction="mean"), "dz", "(outputs - targets) / 2"),
        (
            pair("softmax", "cross_entropy", targets=[[1, 1], [0, 1]]),
            "dz",
            "outputs * (sum of targets over neurons) - targets",
        ),
        (pair("log_softmax", "nll"), "dz", "softmax(z) - targets"),
        (pair("linear", "cross_entropy_with_logits"), "upstream", "softmax(outputs) - targets"),
        (pair("softmax", "half_squared_error"), "dz", "upstream @ softmax'(z) for each sample"),
        (pair("softmax", "half_squared_error", samples="columns"), "dz", "softmax'(z).T @ upstream for each sample"),
        (pair("softmax", "half_squared_error"), "outputs", "softmax(z) for each sample"),
        (pair("elu(2)", "half_squared_error"), "dz", "upstream * elu'(z, 2)"),
        (pair("elu(2)", "half_squared_error"), "outputs", "elu(z, 2)"),
    ],
)
def test_the_formula_of_a_layer(draft: dict[str, Any], quantity: str, form: str) -> None:
    given = {name: value for name, value in draft.items() if value is not None}
    assert matrix_form(build(given), Node(0, quantity)) == form


@pytest.mark.parametrize(
    ("node", "form"),
    [
        (Node(1, "loss"), "(sum of (layers[1].outputs - targets)^2 over samples and neurons) / 4"),
        (Node(1, "upstream"), "2 * (layers[1].outputs - targets) / 4"),
        (Node(0, "dz"), "layers[1].dinputs * (z > 0)"),
        (Node(1, "z"), "layers[0].outputs @ weights"),
    ],
)
def test_the_formula_in_a_network(node: Node, form: str) -> None:
    assert matrix_form(build(NETWORK), node) == form


def test_the_jacobian_stands_on_the_side_that_the_formula_says() -> None:
    """upstream @ softmax'(z), where the rows of the Jacobian are the outputs, is what is computed."""
    from backprop_cli.core.activations import ACTIVATIONS

    softmax = ACTIVATIONS["log_softmax"]
    z, upstream = np.array([[0.3, -1.0, 2.0]]), np.array([[1.0, -2.0, 0.5]])
    assert softmax.coupled_derivative is not None
    np.testing.assert_allclose(upstream @ softmax.coupled_derivative(z)[0], softmax.backward(upstream, z))

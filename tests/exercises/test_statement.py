"""The statement of an exercise: sentences, compared with what a teacher would write for the problem."""

import re
from typing import Any

import pytest

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.core.training import at_last_step
from backprop_cli.exercises.sheet import asked_nodes
from backprop_cli.exercises.statement import statement
from backprop_cli.explanations.worked import matrix
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.conftest import sized

LAYER: dict[str, Any] = {"inputs": [[1, 2]], "weights": [[1, 2, 3], [4, 5, 6]], "biases": [1, 2, 3]}
NETWORK: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4], [5, 6]],
    "layers": [
        {"weights": [[1, 2], [3, 4]], "biases": [0, 1], "activation": "tanh"},
        {"weights": [[1], [2]], "activation": "linear"},
    ],
}
SQUARED = {"targets": [[1], [2], [3]], "loss": "squared_error"}
CLASSES = {"targets": [2], "loss": "cross_entropy"}


def sentences(problem: Problem, digits: int = 3, *names: str) -> tuple[str, ...]:
    problem = at_last_step(problem)
    wanted = tuple(node for node in problem.nodes if node.quantity in names)
    nodes = asked_nodes(problem, wanted)
    found = solve(problem, nodes)
    values = {node: found.layers[node.layer].computed[node.quantity] for node in nodes}
    matrices = {
        node: matrix(problem, node, problem.as_written(node.quantity, value), node.quantity)
        for node, value in values.items()
    }
    return statement(problem, matrices, digits)


@pytest.mark.parametrize(
    ("problem", "names", "expected"),
    [
        (
            LAYER,
            ["z"],
            "The dense layer has 2 inputs and 3 neurons: z = inputs @ weights + biases, outputs = max(z, 0).",
        ),
        (LAYER, ["z"], "There is 1 sample."),
        (LAYER, ["z"], "Each row of inputs, outputs and their gradients is a sample."),
        (LAYER, ["z"], "Each row of weights belongs to an input."),
        (LAYER, ["z"], "Compute z (1 x 3): the pre-activations."),
        (LAYER, ["z"], "Signs: @ matrix product, indices count from 0."),
        (LAYER | {"upstream": "ones"}, ["dz"], "The derivative of ReLU at 0 is 0."),
        (LAYER | {"upstream": "ones", "activation": "elu(1.5)"}, ["dz"], "The derivative of ELU at 0 is 1.5."),
        (
            LAYER | {"upstream": "ones", "activation": "leaky_relu(0.2)"},
            ["dz"],
            "leaky_relu(z, 0.2) = z if z > 0, else 0.2 * z.",
        ),
        (
            LAYER | {"upstream": "ones"},
            ["dz"],
            "The loss L is the sum of outputs: upstream, its gradient, is 1 everywhere.",
        ),
        (
            LAYER | {"upstream": "outputs"},
            ["dz"],
            "The loss L is half the sum of the squared outputs: upstream, its gradient, is outputs.",
        ),
        (
            LAYER | {"upstream": [[1, 2, 3]]},
            ["dz"],
            "upstream is the gradient of a loss L with respect to outputs.",
        ),
        (
            LAYER | {"upstream": "ones"},
            ["dbiases"],
            "Compute dbiases (3 numbers): the gradient of L with respect to biases.",
        ),
        (
            LAYER | {"upstream": "ones", "learning_rate": 0.25},
            ["new_weights"],
            "Compute new_weights (2 x 3): the weights after the step, weights - learning_rate * dweights.",
        ),
        (LAYER | {"upstream": "ones", "learning_rate": 0.25}, ["new_weights"], "The learning_rate is 0.25."),
        (LAYER | {"upstream": "ones", "learning_rate": 1}, ["new_weights"], "The learning_rate is 1."),
        (
            {"z": [[1, -1]], "upstream": "ones"},
            ["dz"],
            "The dense layer has 2 neurons: z is given, outputs = max(z, 0).",
        ),
        (NETWORK | SQUARED, ["z"], "The network has 2 dense layers."),
        (
            NETWORK | SQUARED,
            ["z"],
            "layers[0] has 2 inputs and 2 neurons: z = inputs @ weights + biases, outputs = tanh(z).",
        ),
        (
            NETWORK | SQUARED,
            ["z"],
            "layers[1] has 2 inputs and 1 neuron: z = layers[0].outputs @ weights, outputs = z.",
        ),
        (NETWORK | SQUARED, ["z"], "tanh(z) = (exp(z) - exp(-z)) / (exp(z) + exp(-z))."),
        (
            NETWORK | SQUARED,
            ["loss"],
            "The loss L is squared error: L = sum of (layers[1].outputs - targets)^2 over samples and neurons.",
        ),
        (NETWORK | SQUARED, ["loss"], "Compute loss: the value of L."),
        (
            NETWORK | SQUARED | {"reduction": "mean"},
            ["loss"],
            "The loss L is squared error, a mean over all entries: L = (sum of (layers[1].outputs - targets)^2 over"
            " samples and neurons) / 3.",
        ),
        (
            NETWORK | SQUARED | {"reduction": "batch_mean"},
            ["loss"],
            "The loss L is squared error, a mean over samples: L = (sum of (layers[1].outputs - targets)^2 over samples"
            " and neurons) / 3.",
        ),
        (
            NETWORK | SQUARED,
            ["upstream"],
            "Compute upstream (3 x 1): the gradient of L with respect to layers[1].outputs.",
        ),
        (
            NETWORK | SQUARED,
            ["dz"],
            "Compute layers[1].dz (3 x 1) and layers[0].dz (3 x 2): the gradient of L with respect to z.",
        ),
        (
            NETWORK | SQUARED | {"mean_gradients": True},
            ["dz"],
            "Compute layers[1].dz (3 x 1) and layers[0].dz (3 x 2): the gradient of the loss of each sample with"
            " respect to z.",
        ),
        (
            NETWORK | SQUARED | {"mean_gradients": True},
            ["dbiases"],
            "Compute layers[1].dbiases (1 number) and layers[0].dbiases (2 numbers): the gradient of L with respect to"
            " biases.",
        ),
        (
            NETWORK | SQUARED | {"mean_gradients": True},
            ["loss"],
            "The loss L is squared error, a mean over samples: L = (sum of (layers[1].outputs - targets)^2 over samples"
            " and neurons) / 3.",
        ),
        (
            NETWORK | SQUARED | {"mean_gradients": True},
            ["dz"],
            "upstream, dz and dinputs are gradients of the loss of each sample; dweights and dbiases, means.",
        ),
        (NETWORK | SQUARED | {"steps": 3}, ["dz"], "Step 3 of 3: weights and biases are those before this step."),
        (
            NETWORK | SQUARED | {"steps": 3},
            ["losses"],
            "Compute losses (3 numbers): the value of L before each of 3 steps.",
        ),
        (
            NETWORK | SQUARED | {"loss": "absolute_error"},
            ["dz"],
            "The derivative of absolute error is 0 where layers[1].outputs = targets.",
        ),
        (
            NETWORK | SQUARED | {"loss": "huber(2)"},
            ["loss"],
            "huber(y - t, 2) = (y - t)^2 / 2 if |y - t| <= 2 else 2 * (|y - t| - 2 / 2).",
        ),
        (
            LAYER | CLASSES | {"activation": "softmax"},
            ["dz"],
            "outputs[n,j] = exp(z[n,j]) / (sum over neurons k of exp(z[n,k])).",
        ),
        (
            LAYER | CLASSES | {"activation": "softmax"},
            ["dz"],
            "targets[n,j] is 1 if j is the class of sample n, else 0.",
        ),
        (LAYER | CLASSES | {"activation": "softmax"}, ["dz"], "log is the natural logarithm."),
        (
            LAYER | {"targets": [2], "loss": "nll", "activation": "log_softmax"},
            ["dz"],
            "outputs[n,j] = z[n,j] - log(sum over neurons k of exp(z[n,k])).",
        ),
        (
            LAYER | {"targets": [2], "loss": "CrossEntropyLoss", "activation": "linear"},
            ["loss"],
            "softmax(outputs)[n,j] = exp(outputs[n,j]) / (sum over neurons k of exp(outputs[n,k])).",
        ),
        (
            LAYER | {"targets": [[0, 1, 1]], "loss": "BCEWithLogitsLoss", "activation": "linear"},
            ["loss"],
            "sigmoid(z) = 1 / (1 + exp(-z)).",
        ),
        (
            {
                "inputs": [[1], [2]],
                "weights": [[1, 2]],
                "samples": "columns",
                "activation": "softmax",
                "upstream": "ones",
            },
            ["z"],
            "outputs[j,n] = exp(z[j,n]) / (sum over neurons k of exp(z[k,n])).",
        ),
        (
            {"inputs": [[1], [2]], "weights": [[1, 2]], "samples": "columns", "upstream": "ones"},
            ["z"],
            "Each column of inputs, outputs and their gradients is a sample.",
        ),
        (
            {"inputs": [[1], [2]], "weights": [[1, 2]], "samples": "columns", "upstream": "ones"},
            ["z"],
            "Each row of weights belongs to a neuron.",
        ),
    ],
)
def test_a_sentence_of_a_problem(problem: dict[str, Any], names: list[str], expected: str) -> None:
    assert expected in sentences(build(problem), 3, *names)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        (0, "Go on with unrounded numbers, and round each answer to a whole number."),
        (1, "Go on with unrounded numbers, and round each answer to 1 decimal."),
        (4, "Go on with unrounded numbers, and round each answer to 4 decimals."),
    ],
)
def test_the_last_sentence_says_how_to_round(digits: int, expected: str) -> None:
    assert sentences(build(LAYER), digits, "z")[-1] == expected


def test_what_is_not_asked_for_is_not_said() -> None:
    text = " ".join(sentences(build(LAYER | {"upstream": "ones"}), 3, "z"))
    assert "derivative" not in text
    assert "learning_rate" not in text
    assert "Compute outputs" not in text


@sized("n_problems", 60, 2000)
def test_any_problem_has_whole_sentences_on_everything_that_is_asked_for(n_problems: int) -> None:
    for seed in range(n_problems):
        problem = build(any_problem(seed))
        found = sentences(problem)
        assert len(set(found)) == len(found)
        for sentence in found:
            assert re.fullmatch(r"\S.*[^.]\.", sentence), sentence
            assert not re.search(r"None|[{}]|  | \.$|\(0 ", sentence), sentence
        tasks = " ".join(sentence for sentence in found if sentence.startswith("Compute "))
        for node in asked_nodes(problem):
            assert re.search(rf"(^|[ ,]){re.escape(problem.place(*node))}( \(|:)", tasks), (seed, node)
        assert Node(len(problem.layers) - 1, "dz") in asked_nodes(problem)

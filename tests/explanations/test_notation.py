"""The rule of every quantity in words, as a chain of partial derivatives, and both in TeX, written out by hand."""

from typing import Any

import pytest

from backprop_cli.core.quantities import OF_A_LAYER, Node, Position
from backprop_cli.explanations.explanation import Notation
from backprop_cli.explanations.notation import notation
from backprop_cli.load.schema import build

AT = Position(n=1, i=2, j=0)
LAYER: dict[str, Any] = {
    "inputs": [[1, 2, 3], [4, 5, 6]],
    "weights": [[1, 1], [1, 1], [1, 1]],
    "biases": [0, 0],
    "upstream": [[1, 1], [1, 1]],
}
TRANSPOSED = LAYER | {"weights": [[1, 1, 1], [1, 1, 1]], "weight_layout": "out-in"}
NETWORK = {
    "inputs": LAYER["inputs"],
    "layers": [{"weights": LAYER["weights"], "biases": [0, 0]}, {"weights": [[1], [1]], "biases": 0}],
    "upstream": "outputs",
}


# The same in both layouts of the weights.
IN_BOTH = {
    "outputs": Notation(rule="outputs[1,0] = max(z[1,0], 0)", tex=r"y_{1,0} = \max(z_{1,0}, 0)"),
    "dz": Notation(
        rule="dz[1,0] = upstream[1,0] * relu'(z[1,0])",
        tex=r"\frac{\partial L}{\partial z_{1,0}} = \frac{\partial L}{\partial y_{1,0}} \, [z_{1,0} > 0]",
        chain="dL/dz[1,0] = dL/dy[1,0] * dy[1,0]/dz[1,0]",
        chain_tex=r"\frac{\partial L}{\partial z_{1,0}} = \frac{\partial L}{\partial y_{1,0}}"
        r" \cdot \frac{\partial y_{1,0}}{\partial z_{1,0}}",
    ),
    "dbiases": Notation(
        rule="dbiases[0] = sum over samples n of dz[n,0]",
        tex=r"\frac{\partial L}{\partial b_{0}} = \sum_{n} \frac{\partial L}{\partial z_{n,0}}",
        chain="dL/db[0] = sum over n of dL/dy[n,0] * dy[n,0]/dz[n,0] * dz[n,0]/db[0]",
        chain_tex=r"\frac{\partial L}{\partial b_{0}} = \sum_{n} \frac{\partial L}{\partial y_{n,0}}"
        r" \cdot \frac{\partial y_{n,0}}{\partial z_{n,0}} \cdot \frac{\partial z_{n,0}}{\partial b_{0}}",
    ),
    "new_biases": Notation(
        rule="new_biases[0] = biases[0] - learning_rate * dbiases[0]",
        tex=r"b'_{0} = b_{0} - \eta \, \frac{\partial L}{\partial b_{0}}",
    ),
}
IN_OUT = IN_BOTH | {
    "z": Notation(
        rule="z[1,0] = sum over inputs i of inputs[1,i] * weights[i,0], plus biases[0]",
        tex=r"z_{1,0} = \sum_{i} x_{1,i} \, w_{i,0} + b_{0}",
    ),
    "dinputs": Notation(
        rule="dinputs[1,2] = sum over neurons j of dz[1,j] * weights[2,j]",
        tex=r"\frac{\partial L}{\partial x_{1,2}} = \sum_{j} \frac{\partial L}{\partial z_{1,j}} \, w_{2,j}",
        chain="dL/dx[1,2] = sum over j of dL/dy[1,j] * dy[1,j]/dz[1,j] * dz[1,j]/dx[1,2]",
        chain_tex=r"\frac{\partial L}{\partial x_{1,2}} = \sum_{j} \frac{\partial L}{\partial y_{1,j}}"
        r" \cdot \frac{\partial y_{1,j}}{\partial z_{1,j}} \cdot \frac{\partial z_{1,j}}{\partial x_{1,2}}",
    ),
    "dweights": Notation(
        rule="dweights[2,0] = sum over samples n of inputs[n,2] * dz[n,0]",
        tex=r"\frac{\partial L}{\partial w_{2,0}} = \sum_{n} x_{n,2} \, \frac{\partial L}{\partial z_{n,0}}",
        chain="dL/dw[2,0] = sum over n of dL/dy[n,0] * dy[n,0]/dz[n,0] * dz[n,0]/dw[2,0]",
        chain_tex=r"\frac{\partial L}{\partial w_{2,0}} = \sum_{n} \frac{\partial L}{\partial y_{n,0}}"
        r" \cdot \frac{\partial y_{n,0}}{\partial z_{n,0}} \cdot \frac{\partial z_{n,0}}{\partial w_{2,0}}",
    ),
    "new_weights": Notation(
        rule="new_weights[2,0] = weights[2,0] - learning_rate * dweights[2,0]",
        tex=r"w'_{2,0} = w_{2,0} - \eta \, \frac{\partial L}{\partial w_{2,0}}",
    ),
}
OUT_IN = IN_BOTH | {
    "z": Notation(
        rule="z[1,0] = sum over inputs i of inputs[1,i] * weights[0,i], plus biases[0]",
        tex=r"z_{1,0} = \sum_{i} x_{1,i} \, w_{0,i} + b_{0}",
    ),
    "dinputs": Notation(
        rule="dinputs[1,2] = sum over neurons j of dz[1,j] * weights[j,2]",
        tex=r"\frac{\partial L}{\partial x_{1,2}} = \sum_{j} \frac{\partial L}{\partial z_{1,j}} \, w_{j,2}",
        chain="dL/dx[1,2] = sum over j of dL/dy[1,j] * dy[1,j]/dz[1,j] * dz[1,j]/dx[1,2]",
        chain_tex=r"\frac{\partial L}{\partial x_{1,2}} = \sum_{j} \frac{\partial L}{\partial y_{1,j}}"
        r" \cdot \frac{\partial y_{1,j}}{\partial z_{1,j}} \cdot \frac{\partial z_{1,j}}{\partial x_{1,2}}",
    ),
    "dweights": Notation(
        rule="dweights[0,2] = sum over samples n of inputs[n,2] * dz[n,0]",
        tex=r"\frac{\partial L}{\partial w_{0,2}} = \sum_{n} x_{n,2} \, \frac{\partial L}{\partial z_{n,0}}",
        chain="dL/dw[0,2] = sum over n of dL/dy[n,0] * dy[n,0]/dz[n,0] * dz[n,0]/dw[0,2]",
        chain_tex=r"\frac{\partial L}{\partial w_{0,2}} = \sum_{n} \frac{\partial L}{\partial y_{n,0}}"
        r" \cdot \frac{\partial y_{n,0}}{\partial z_{n,0}} \cdot \frac{\partial z_{n,0}}{\partial w_{0,2}}",
    ),
    "new_weights": Notation(
        rule="new_weights[0,2] = weights[0,2] - learning_rate * dweights[0,2]",
        tex=r"w'_{0,2} = w_{0,2} - \eta \, \frac{\partial L}{\partial w_{0,2}}",
    ),
}


@pytest.mark.parametrize("quantity", OF_A_LAYER)
@pytest.mark.parametrize(("draft", "expected"), [(LAYER, IN_OUT), (TRANSPOSED, OUT_IN)], ids=["in-out", "out-in"])
def test_the_rule_of_a_quantity(draft: dict[str, Any], expected: dict[str, Notation], quantity: str) -> None:
    assert notation(build(draft), Node(0, quantity), AT) == expected[quantity]


@pytest.mark.parametrize(
    ("draft", "node", "rule", "tex"),
    [
        (LAYER | {"z": [[1, 1], [1, 1]]}, Node(0, "z"), "z[1,0] is given", r"z_{1,0} \text{ is given}"),
        (
            {name: value for name, value in LAYER.items() if name != "biases"},
            Node(0, "z"),
            "z[1,0] = sum over inputs i of inputs[1,i] * weights[i,0]",
            r"z_{1,0} = \sum_{i} x_{1,i} \, w_{i,0}",
        ),
        (LAYER | {"activation": "linear"}, Node(0, "outputs"), "outputs[1,0] = z[1,0]", "y_{1,0} = z_{1,0}"),
        (
            LAYER | {"activation": "linear"},
            Node(0, "dz"),
            "dz[1,0] = upstream[1,0] * 1",
            r"\frac{\partial L}{\partial z_{1,0}} = \frac{\partial L}{\partial y_{1,0}} \, 1",
        ),
        (
            LAYER | {"upstream": "outputs"},
            Node(0, "dz"),
            "dz[1,0] = outputs[1,0] * relu'(z[1,0])",
            r"\frac{\partial L}{\partial z_{1,0}} = \frac{\partial L}{\partial y_{1,0}} \, [z_{1,0} > 0]",
        ),
        (
            NETWORK,
            Node(1, "z"),
            "layers[1].z[1,0] = sum over inputs i of layers[0].outputs[1,i] * layers[1].weights[i,0], plus"
            " layers[1].biases[0]",
            r"z^{(1)}_{1,0} = \sum_{i} x^{(1)}_{1,i} \, w^{(1)}_{i,0} + b^{(1)}_{0}",
        ),
        (
            NETWORK,
            Node(0, "dz"),
            "layers[0].dz[1,0] = layers[1].dinputs[1,0] * relu'(layers[0].z[1,0])",
            r"\frac{\partial L}{\partial z^{(0)}_{1,0}} = \frac{\partial L}{\partial y^{(0)}_{1,0}} \, "
            r"[z^{(0)}_{1,0} > 0]",
        ),
    ],
    ids=[
        "given",
        "without biases",
        "linear outputs",
        "linear dz",
        "upstream of outputs",
        "second layer",
        "layer before",
    ],
)
def test_the_rule_in_other_problems(draft: dict[str, Any], node: Node, rule: str, tex: str) -> None:
    found = notation(build(draft), node, AT)
    assert (found.rule, found.tex) == (rule, tex)

"""The chain rule for dense layers, as a table with one row for each computed quantity.

For one layer, with a loss L, samples as rows and `@` the matrix product,

    z = inputs @ weights + biases        outputs = f(z)

that is, z[n,j] = sum over i of inputs[n,i] * weights[i,j], plus biases[j]. Given upstream = dL/doutputs,

    dz       = upstream * f'(z)          because outputs[n,j] depends on z[n,j] alone, with slope f'(z[n,j])
    dinputs  = dz @ weights.T            because inputs[n,i] enters every z[n,j], multiplied by weights[i,j]
    dweights = inputs.T @ dz             because weights[i,j] enters z[n,j] of every sample, multiplied by inputs[n,i]
    dbiases  = sum of dz over samples    because biases[j] enters z[n,j] of every sample as it is

Gradients are summed over samples, never averaged; relu'(0) = 0; a step goes downhill: parameter - learning_rate *
gradient. In a network, a layer's outputs are the next one's inputs and its dinputs the previous one's upstream.

Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
in matrix form, section 6.5 of Goodfellow, Bengio and Courville, "Deep Learning" (2016).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from backprop_cli.core.activations import Activation, where
from backprop_cli.core.arrays import Array
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node

if TYPE_CHECKING:
    from fractions import Fraction


class Rule(NamedTuple):
    """How one quantity follows from others: the names of its operands, the formula that takes them, and in words."""

    operands: tuple[str, ...]
    formula: Callable[..., Array]
    written: str
    written_out_in: str | None = None  # where the other layout of the weights reads differently
    takes_room: bool = False  # whether the formula takes an array `out` to put its result in


def _through_activation(
    activation: Activation, upstream: Array, z: Array | None = None, out: Array | None = None
) -> Array:
    if z is None:  # the slope is 1 everywhere
        return upstream
    # Not a product with slopes of 1 and 0: a closed ReLU gives exactly zero, and no negative zero.
    return where(activation.slope(z), upstream, out)


def _affine(inputs: Array, weights: Array, biases: Array, out: Array | None = None) -> Array:
    z: Array = np.matmul(inputs, weights, out=out)
    z += biases  # in place, which spares a pass through memory
    return z


def _step_downhill(parameter: Array, learning_rate: "float | Fraction", gradient: Array) -> Array:
    result: Array = parameter - learning_rate * gradient
    return result


Rules: TypeAlias = Mapping[str, Rule]

RULES: Rules = MappingProxyType(
    {
        "z": Rule(
            ("inputs", "weights", "biases"),
            _affine,
            "inputs @ weights + biases",
            "inputs @ weights.T + biases",
            takes_room=True,
        ),
        "outputs": Rule(
            ("activation", "z"),
            lambda activation, z, out=None: activation.value(z, out),
            "{activation.value_written}",
            takes_room=True,
        ),
        "dz": Rule(
            ("activation", "upstream", "z"),
            _through_activation,
            "upstream * {activation.slope_written}",
            takes_room=True,
        ),
        "dinputs": Rule(
            ("dz", "weights"),
            lambda dz, weights, out=None: np.matmul(dz, weights.T, out=out),
            "dz @ weights.T",
            "dz @ weights",
            takes_room=True,
        ),
        "dweights": Rule(
            ("inputs", "dz"),
            lambda inputs, dz, out=None: np.matmul(inputs.T, dz, out=out),
            "inputs.T @ dz",
            "dz.T @ inputs",
            takes_room=True,
        ),
        "dbiases": Rule(
            ("dz",),
            lambda dz: dz.sum(axis=0),
            "sum of dz over samples",
        ),
        "new_weights": Rule(
            ("weights", "learning_rate", "dweights"),
            _step_downhill,
            "weights - learning_rate * dweights",
        ),
        "new_biases": Rule(
            ("biases", "learning_rate", "dbiases"),
            _step_downhill,
            "biases - learning_rate * dbiases",
        ),
    }
)
_FORWARD = ("z", "outputs")


Operand: TypeAlias = "Node | Array | Activation | float | Fraction | Missing"


def working_order(n_layers: int) -> tuple[Node, ...]:
    """Return every node of a network such that each comes after its operands: forward, then backward."""
    forward = [Node(i, quantity) for i in range(n_layers) for quantity in _FORWARD]
    backward = [Node(i, quantity) for i in reversed(range(n_layers)) for quantity in RULES if quantity not in _FORWARD]
    return (*forward, *backward)


def written(problem: Problem, node: Node) -> str:
    """Return the formula of a node in the words of the files: `dz @ weights.T`."""
    layer, rule = problem.layers[node.layer], RULES[node.quantity]
    if node.quantity == "z" and layer.z is not None:
        return "as given"
    out_in = rule.written_out_in if problem.weight_layout == "out-in" else None
    return (out_in or rule.written).format(activation=layer.activation)


def operands(problem: Problem, node: Node, rules: Rules = RULES) -> tuple[Operand, ...]:
    """Return what the formula of a node takes: values that were given, other nodes, or what is missing.

    A `z` that was given has none, and a `dz` whose slope is the same everywhere takes no `z`.
    """
    layer = problem.layers[node.layer]
    names = rules[node.quantity].operands
    if node.quantity == "z" and layer.z is not None:
        names = ()
    elif node.quantity == "dz" and not layer.activation.needs_z:
        names = tuple(name for name in names if name != "z")
    return tuple(_operand(problem, node.layer, name) for name in names)


def _operand(problem: Problem, i: int, name: str) -> Operand:
    layer = problem.layers[i]
    match name:
        case "inputs" if i > 0:
            return Node(i - 1, "outputs")
        case "inputs":
            return Missing((name,)) if problem.inputs is None else problem.inputs
        case "weights" | "biases":
            parameter: Array | None = getattr(layer, name)
            return Missing((problem.place(i, name),)) if parameter is None else parameter
        case "upstream" if i < len(problem.layers) - 1:
            return Node(i + 1, "dinputs")
        case "upstream":
            return _upstream(problem, i)
        case "activation":
            return layer.activation
        case "learning_rate":
            return problem.learning_rate
        case _:
            return Node(i, name)


def _upstream(problem: Problem, last: int) -> Operand:
    n_samples, n_neurons = problem.n_samples, problem.layers[last].n_neurons
    if problem.upstream is None:
        return Missing(("upstream",))
    if isinstance(problem.upstream, np.ndarray):
        return problem.upstream
    if problem.upstream == "outputs":
        return Node(last, "outputs")
    if n_samples is None:  # upstream is "ones"
        return Missing(("inputs or z, for the number of samples",))
    if n_neurons is None:
        return Missing((f"{problem.place(last, 'weights')}, for the number of neurons",))
    return np.ones((n_samples, n_neurons), dtype=problem.dtype)

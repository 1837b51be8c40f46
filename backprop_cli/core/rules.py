"""The fast formula of each quantity, and where its operands come from.

`quantities` defines the quantities; a test compares each formula here with `np.einsum` of the notation there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.losses import Loss, Matched
from backprop_cli.core.missing import Missing, missing_input
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import (
    AXES,
    CHAIN_RULE,
    FORWARD,
    MATCHED,
    NOUNS,
    OF_THE_LOSS,
    QUANTITIES,
    Factor,
    Node,
    Product,
    operand_names,
)
from backprop_cli.core.written import Difference, difference, divided, sums_to_one, value_in_one

__all__ = ["RULES", "Operand", "Rule", "Rules", "matrix_form", "operands", "working_order"]

_FEW_ROWS = 64  # fewer are added in order: BLAS would add in an order that depends on the processor
_SHORT_SUM = 16  # terms
_FEW_TERMS = 128  # of float32, which are added up in float32
_FEW_PRODUCTS = 2048  # entries of a matrix product: BLAS adds up the terms of so few one after the other


@dataclass(frozen=True)
class Rule:
    """How a quantity is computed: the names of its operands, and the formula that takes them.

    `formula(*operands, out=None)` puts its result in `out` where that is given. A sum over float32 samples may be
    float64, as long as other samples are to be added. A wrong rule gives the values that a mistake leads to.
    """

    operands: tuple[str, ...]
    formula: Callable[..., Array]


Rules: TypeAlias = Mapping[str, Rule]
Operand: TypeAlias = "Node | Array | Activation | Loss | Matched | float | Fraction | Missing"


def _affine(inputs: Array, weights: Array, biases: Array | None = None, out: Array | None = None) -> Array:
    z: Array = np.matmul(inputs, weights, out=out)
    if biases is not None:
        z += biases  # in place, which saves a pass through memory
    return z


def _loss(function: Loss | Matched, outputs: Array, targets: Array, out: Array | None = None) -> Array:
    terms = function.value(outputs, targets)
    dtype = np.float64 if terms.dtype.kind == "f" else None
    return np.asarray(np.add.reduce(terms, axis=None, dtype=dtype, out=out))


def _backward(activation: Activation | Matched, upstream: Array, *read: Array, out: Array | None = None) -> Array:
    if isinstance(activation, Matched):
        (targets,) = read
        return activation.dz(upstream, targets, out=out)  # of z, in place of upstream
    known = {"z": None, "outputs": None} | dict(zip(activation.reads, read, strict=True))
    return activation.backward(upstream, **known, out=out)


def _weight_gradients(inputs: Array, dz: Array, out: Array | None = None) -> Array:
    """Return inputs.T @ dz (n_inputs, n_neurons); of float32, many terms of few entries are added up in float64.

    Of many entries, BLAS itself adds up the terms in parts of a few hundred.
    """
    n_parts = len(dz) // _FEW_TERMS
    if dz.dtype != np.float32 or n_parts < 2 or inputs.shape[1] * dz.shape[1] > _FEW_PRODUCTS:
        return np.matmul(inputs.T, dz, out=out)
    rest = n_parts * _FEW_TERMS
    x, y = (array[:rest].reshape(n_parts, _FEW_TERMS, -1) for array in (inputs, dz))
    result: Array = np.add.reduce(np.matmul(x.transpose(0, 2, 1), y), axis=0, dtype=np.float64, out=out)
    if rest < len(dz):
        result += np.matmul(inputs[rest:].T, dz[rest:])
    return result


def _sum_over_samples(dz: Array, out: Array | None = None) -> Array:
    """Return the sums of the columns of dz (n_samples, n_neurons); those of float32 are float64, not rounded yet."""
    dtype = np.float64 if dz.dtype == np.float32 else None
    if len(dz) < _FEW_ROWS or dz.dtype.kind == "O":
        return np.add.reduce(dz, axis=0, dtype=dtype, out=out)
    # Sums of short sums lose less than one long sum; float32 is added up in float32 in the short ones only.
    rest = len(dz) // _SHORT_SUM * _SHORT_SUM
    short = np.matmul(np.ones(_SHORT_SUM, dz.dtype), dz[:rest].reshape(-1, _SHORT_SUM, dz.shape[1]))
    result: Array = np.add.reduce(short, axis=0, dtype=dtype, out=out)
    if rest < len(dz):
        result += np.add.reduce(dz[rest:], axis=0)
    return result


def _step(parameter: Array, learning_rate: "float | Fraction", gradient: Array) -> Array:
    result: Array = parameter - learning_rate * gradient
    return result


_FORMULAS: Mapping[str, Callable[..., Array]] = {
    "z": _affine,
    "outputs": lambda activation, z, out=None: activation.value(z, out),
    "loss": _loss,
    "upstream": lambda loss, outputs, targets, out=None: loss.gradient(outputs, targets, out=out),
    "dz": _backward,
    "dinputs": lambda dz, weights, out=None: np.matmul(dz, weights.T, out=out),
    "dweights": _weight_gradients,
    "dbiases": _sum_over_samples,
    "new_weights": _step,
    "new_biases": _step,
}
RULES: Rules = MappingProxyType({name: Rule(CHAIN_RULE[name].operands, _FORMULAS[name]) for name in QUANTITIES})


def working_order(n_layers: int) -> tuple[Node, ...]:
    """Return every node of a network such that each comes after its operands: forward, then backward."""
    forward = [Node(i, quantity) for i in range(n_layers) for quantity in FORWARD]
    of_loss = [Node(n_layers - 1, quantity) for quantity in OF_THE_LOSS]
    rest = [quantity for quantity in QUANTITIES if quantity not in (*FORWARD, *OF_THE_LOSS)]
    return (*forward, *of_loss, *(Node(i, quantity) for i in reversed(range(n_layers)) for quantity in rest))


def operands(problem: Problem, node: Node, rules: Rules = RULES) -> tuple[Operand, ...]:
    """Return what the formula of a node takes: values that were given, other nodes, or what is missing.

    A node that was given has no operands. The operands of dz depend on what the activation's `backward` reads.
    """
    if problem.given(node) is not None:
        return ()
    if node.quantity == "upstream" and problem.loss is None:
        origin = problem.origin(*node)
        return (missing_input(problem, node) if origin == node else origin,)
    names = rules[node.quantity].operands
    if rules[node.quantity] is RULES[node.quantity] and node.quantity in MATCHED:  # as dz is, whose line varies
        names = operand_names(problem.products(node))
    if node.quantity == "z" and problem.layers[node.layer].biases is None:
        names = tuple(name for name in names if name != "biases")
    if node.quantity == "dz" and "activation" in names:
        reads = problem.layers[node.layer].activation.reads
        names = tuple(part for name in names for part in (reads if name == "z" else (name,)))
    return tuple(_operand(problem, node.layer, name) for name in names)


def _operand(problem: Problem, layer: int, name: str) -> Operand:
    match name:
        case "activation":
            return problem.layers[layer].activation
        case "matched":
            matched = problem.matched(layer)
            assert matched is not None, "the products of a node say so"  # noqa: S101
            return matched
        case "loss_function":
            return Missing(("a loss function",)) if problem.loss is None else problem.loss
        case _:
            pass
    origin = problem.origin(layer, name)
    if origin.quantity in QUANTITIES:
        return origin
    given = problem.given(origin)
    return missing_input(problem, origin) if given is None else given


def matrix_form(problem: Problem, node: Node) -> str:
    """Return the formula of a node in matrix form, in the words and the layout of the problem: `dz @ weights.T`.

    A value of another layer has its place: `layers[1].dinputs`.
    """
    if problem.given(node) is not None:
        return "as given"
    text, found = "", difference(problem, node)
    if found is not None:
        text = _difference_form(problem, node, found)
    else:
        for product in problem.products(node):
            sign = " - " if product.sign < 0 else " + " if text else ""
            text += sign + _product_form(problem, node, product)
    divisor = problem.divisor(node)
    return text if divisor == 1 else divided(text, divisor)


def _difference_form(problem: Problem, node: Node, found: Difference) -> str:
    of = _named(problem, node, Factor("outputs" if found.is_outputs else found.of, (), ""))
    probability = of if found.is_outputs else found.probability.value_written.format(z=of)
    if found.probability.couples and not sums_to_one(problem.targets):
        probability += " * (sum of targets over neurons)"
    return f"{probability} - targets"


def _product_form(problem: Problem, node: Node, product: Product) -> str:
    factors, axes = product.factors, problem.axes(node.quantity)
    activation, last = problem.layers[node.layer].activation, factors[-1]
    if last.function and last.second:
        text = _of_the_loss(problem, node, last)
    elif last.function and activation.couples:
        text = _of_each_sample(problem, node, product)
    elif len(factors) == 1 or not product.summed:
        text = " * ".join(_with_function(factor, _named(problem, node, factor), activation) for factor in factors)
    else:
        left, right = factors if axes[0] in AXES[factors[0].name] else factors[::-1]
        row, column = (
            _named(problem, node, factor) + ("" if problem.axes(factor.name) == wanted else ".T")
            for factor, wanted in ((left, (axes[0], *product.summed)), (right, (*product.summed, axes[1])))
        )
        return f"{row} @ {column}"
    if not product.summed or (last.function and activation.couples and not last.second):
        return text
    return f"sum of {text} over {' and '.join(f'{NOUNS[axis]}s' for axis in product.summed)}"


def _of_the_loss(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the loss function, or its derivative, of outputs and targets."""
    outputs = _named(problem, node, factor._replace(name="outputs"))
    loss = problem.loss
    assert loss is not None, "there is no such node without one"  # noqa: S101
    template = loss.gradient_written if factor.function == "l'" else value_in_one(loss)
    return template.format(y=outputs, t="targets")


def _of_each_sample(problem: Problem, node: Node, product: Product) -> str:
    """Return the formula of an activation that couples the neurons of a sample, or of its derivative."""
    *others, last = product.factors
    name, z = problem.layers[node.layer].activation.name, _named(problem, node, last)
    if not others:
        return f"{name}({z}) for each sample"
    upstream = _named(problem, node, others[0])
    is_turned = problem.axes("z") != AXES["z"]
    return (f"{name}'({z}).T @ {upstream}" if is_turned else f"{upstream} @ {name}'({z})") + " for each sample"


def _named(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the name of the value that is a factor of a node: upstream may be the dinputs of the next layer."""
    origin = problem.origin(node.layer, factor.name)
    is_of_layer = origin.layer == node.layer and node.quantity not in OF_THE_LOSS
    return origin.quantity if is_of_layer else problem.place(*origin)


def _with_function(factor: Factor, name: str, activation: Activation) -> str:
    templates = {"": "{z}", "f": activation.value_written, "f'": activation.derivative_written}
    return templates[factor.function].format(z=name)

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
    CHAIN_RULE,
    FORWARD,
    MATCHED,
    OF_THE_LOSS,
    QUANTITIES,
    Node,
    operand_names,
)

__all__ = ["RULES", "Operand", "Rule", "Rules", "operands", "working_order"]

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
    known = dict(zip(activation.reads, read, strict=True))
    return activation.backward(upstream, known.get("z"), known.get("outputs"), out=out)


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


def _losses(earlier: Array, loss: Array, out: Array | None = None) -> Array:
    del out
    return np.append(earlier, loss)


def _step(parameter: Array, learning_rate: "float | Fraction", gradient: Array, out: Array | None = None) -> Array:
    result: Array = np.subtract(parameter, learning_rate * gradient, out=out)
    return result


_FORMULAS: Mapping[str, Callable[..., Array]] = {
    "z": _affine,
    "outputs": lambda activation, z, out=None: activation.value(z, out),
    "loss": _loss,
    "losses": _losses,
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
    if node.quantity == "losses":
        earlier = np.empty(0, problem.dtype) if problem.earlier_losses is None else problem.earlier_losses
        return (earlier, Node(node.layer, "loss"))
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

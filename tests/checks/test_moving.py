"""Changes that are passed on are those of two whole forward passes, in exact fractions."""

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.checks.finite_differences import ForwardPass, Parameter
from backprop_cli.checks.moving import BLOCK_NUMBERS, moved
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.reference import ExactNetwork, as_draft, backpropagate, random_network

STEP = Fraction(1, 1024)  # the networks are of small whole numbers, so that nothing is rounded


def solved(seed: int) -> tuple[ExactNetwork, Solution]:
    network = random_network(random.Random(seed), denominator=1)
    problem = build(as_draft(network, random.Random(seed).choice(("in-out", "out-in"))))
    return network, solve(problem)


def with_step(network: ExactNetwork, parameter: Parameter, index: tuple[int, ...], step: Fraction) -> ExactNetwork:
    """Return the network with one number moved."""
    layers = list(network.layers)
    layer = layers[parameter.node.layer]
    if parameter.node.quantity == "dinputs":
        rows = [list(row) for row in network.inputs]
        rows[index[0]][index[1]] += step
        return replace(network, inputs=rows)
    weights, biases = [list(row) for row in layer.weights], list(layer.biases)
    if parameter.node.quantity == "dweights":
        weights[index[0]][index[1]] += step
    else:
        biases[index[0]] += step
    layers[parameter.node.layer] = replace(layer, weights=weights, biases=biases)
    return replace(network, layers=layers)


def loss(network: ExactNetwork) -> Fraction:
    outputs = backpropagate(network)[-1]["outputs"]
    return sum(
        (u * y for rows in zip(network.upstream, outputs, strict=True) for u, y in zip(*rows, strict=True)), Fraction(0)
    )


def sides(network: ExactNetwork) -> Iterator[int]:
    """Yield on which side of its kink each pre-activation of a ReLU is."""
    for layer, result in zip(network.layers, backpropagate(network), strict=True):
        yield from ((z > 0) - (z < 0) for row in result["z"] for z in row if layer.activation == "relu")


@pytest.mark.parametrize("block_numbers", [1, 7, BLOCK_NUMBERS])
@pytest.mark.parametrize("seed", range(6))
def test_a_moved_number_changes_the_loss_as_in_a_whole_forward_pass(seed: int, block_numbers: int) -> None:
    network, solution = solved(seed)
    forward = ForwardPass.of(solution)
    before, signs = loss(network), list(sides(network))
    for parameter in forward.parameters(solution):
        for sign in (1, -1):
            entries, n = parameter.entries(np.arange(parameter.array.size)), parameter.array.size
            found = moved(forward, entries, np.full(n, float(sign * STEP)), block_numbers=block_numbers)
            there = [with_step(network, parameter, index, sign * STEP) for index in np.ndindex(parameter.array.shape)]
            assert np.ldexp(found.loss, forward.exponent).tolist() == [loss(one) - before for one in there]
            assert found.crosses.tolist() == [list(sides(one)) != signs for one in there]


@pytest.mark.parametrize("seed", range(12))
def test_entries_of_all_layers_can_be_moved_together(seed: int) -> None:
    _, solution = solved(seed)
    forward = ForwardPass.of(solution)
    parts = [parameter.entries(np.arange(parameter.array.size)) for parameter in forward.parameters(solution)]
    together = type(parts[0])(*map(np.concatenate, zip(*parts, strict=True)))
    apart = [moved(forward, part, np.full(len(part.layer), 0.25)) for part in parts]
    found = moved(forward, together, np.full(len(together.layer), 0.25))
    assert found.loss.tolist() == np.concatenate([change.loss for change in apart]).tolist()
    assert found.crosses.tolist() == np.concatenate([change.crosses for change in apart]).tolist()


@pytest.mark.parametrize("seed", range(12))
def test_with_tangents_the_change_is_the_gradient_times_the_step(seed: int) -> None:
    """A step of 64 would cross kinks."""
    network, solution = solved(seed)
    forward, exact = ForwardPass.of(solution), backpropagate(network)
    for parameter in forward.parameters(solution):
        n = parameter.array.size
        found = moved(forward, parameter.entries(np.arange(n)), np.full(n, 64.0), linearized=True)
        gradient = [value for row in exact[parameter.node.layer][parameter.node.quantity] for value in row]
        assert np.ldexp(found.loss, forward.exponent).tolist() == [64 * value for value in gradient]
        assert not found.crosses.any()

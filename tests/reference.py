"""A reference: backpropagation in exact fractions, written as sums over indices, without NumPy.

It shares no code with the package. Lists hold `Fraction`, and each sum in a textbook formula is one loop.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

Matrix = list[list[Fraction]]

UNIT_ROUNDOFF = Fraction(1, 2**53)


@dataclass
class ExactLayer:
    """Parameters of a layer; weights are [input][neuron]."""

    weights: Matrix
    biases: list[Fraction]
    activation: str


@dataclass
class ExactNetwork:
    inputs: Matrix
    layers: list[ExactLayer]
    upstream: Matrix
    learning_rate: Fraction


def backpropagate(network: ExactNetwork) -> list[dict[str, Matrix]]:
    """Return the inputs of each layer and every quantity, by name; gradients and new values of biases are one row."""
    results: list[dict[str, Matrix]] = []
    x = network.inputs
    for layer in network.layers:
        n_neurons = len(layer.biases)
        z = [
            [sum((row[i] * layer.weights[i][j] for i in range(len(row))), layer.biases[j]) for j in range(n_neurons)]
            for row in x
        ]
        relu = layer.activation == "relu"
        y = [[max(value, Fraction(0)) if relu else value for value in row] for row in z]
        results.append({"inputs": x, "z": z, "outputs": y})
        x = y
    upstream = network.upstream
    for layer, result in zip(reversed(network.layers), reversed(results), strict=True):
        inactive = [[layer.activation == "relu" and value <= 0 for value in row] for row in result["z"]]
        dz = [
            [Fraction(0) if is_inactive else value for value, is_inactive in zip(*rows, strict=True)]
            for rows in zip(upstream, inactive, strict=True)
        ]
        x, n_samples, n_inputs, n_neurons = result["inputs"], len(dz), len(layer.weights), len(layer.biases)
        result["dz"] = dz
        result["dinputs"] = [
            [sum((dz[n][j] * layer.weights[i][j] for j in range(n_neurons)), Fraction(0)) for i in range(n_inputs)]
            for n in range(n_samples)
        ]
        result["dweights"] = [
            [sum((x[n][i] * dz[n][j] for n in range(n_samples)), Fraction(0)) for j in range(n_neurons)]
            for i in range(n_inputs)
        ]
        result["dbiases"] = [[sum((dz[n][j] for n in range(n_samples)), Fraction(0)) for j in range(n_neurons)]]
        rate = network.learning_rate
        result["new_weights"] = [
            [w - rate * dw for w, dw in zip(*rows, strict=True)]
            for rows in zip(layer.weights, result["dweights"], strict=True)
        ]
        result["new_biases"] = [[b - rate * db for b, db in zip(layer.biases, result["dbiases"][0], strict=True)]]
        upstream = result["dinputs"]
    return results


def random_network(rng: random.Random, denominator: int, activations: Sequence[str] | None = None) -> ExactNetwork:
    """Return a network of 1 to 4 small layers with multiples of 1 / `denominator`, rounded to float64.

    For the first sample, the pre-activation of about one neuron in four is exactly zero, which is a kink.
    """
    n_layers = rng.randint(1, 4) if activations is None else len(activations)
    n_samples, widths = rng.randint(1, 5), [rng.randint(1, 5) for _ in range(n_layers + 1)]

    def number() -> Fraction:
        return Fraction(rng.randint(-3 * denominator, 3 * denominator) / denominator)

    def matrix(rows: int, columns: int) -> Matrix:
        return [[number() for _ in range(columns)] for _ in range(rows)]

    inputs = matrix(n_samples, widths[0])
    layers: list[ExactLayer] = []
    for k, (n_inputs, n_neurons) in enumerate(pairwise(widths)):
        activation = activations[k] if activations else rng.choice(("relu", "linear"))
        layer = ExactLayer(matrix(n_inputs, n_neurons), [number() for _ in range(n_neurons)], activation)
        network = ExactNetwork(inputs, [*layers, layer], matrix(n_samples, n_neurons), Fraction(1, 8))
        first_z = backpropagate(network)[-1]["z"][0]
        for j in range(n_neurons):
            bias = layer.biases[j] - first_z[j]
            if rng.random() < 0.25:
                if float(bias) == bias and denominator == 1:
                    layer.biases[j] = bias
                else:  # with weights, rounding would make the sum differ from zero
                    layer.biases[j] = Fraction(0)
                    for row in layer.weights:
                        row[j] = Fraction(0)
        layers.append(layer)
    return ExactNetwork(inputs, layers, matrix(n_samples, widths[-1]), Fraction(1, 8))


def as_draft(network: ExactNetwork, layout: str = "in-out") -> dict[str, object]:
    """Return the network as a problem file holds it, in floats."""

    def floats(matrix: Matrix) -> list[list[float]]:
        return [[float(value) for value in row] for row in matrix]

    def laid_out(matrix: Matrix) -> list[list[float]]:
        return floats(matrix) if layout == "in-out" else floats(list(map(list, zip(*matrix, strict=True))))

    return {
        "inputs": floats(network.inputs),
        "layers": [
            {
                "weights": laid_out(layer.weights),
                "biases": [float(b) for b in layer.biases],
                "activation": layer.activation,
            }
            for layer in network.layers
        ],
        "weight_layout": layout,
        "upstream": floats(network.upstream),
        "learning_rate": float(network.learning_rate),
    }

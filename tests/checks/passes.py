"""A forward and backward pass written for these tests, which can be wrong in many ways, on random networks."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution

Draft: TypeAlias = dict[str, Any]
Values: TypeAlias = list[dict[str, Array]]
Numbers: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], Array]


@dataclass(frozen=True)
class Pass:
    """The formulas of a pass; those that are not given are right."""

    biases: Callable[[Array], Array] = lambda b: b
    weights: Callable[[Array], Array] = lambda w: w
    inputs: Callable[[Array], Array] = lambda x: x
    activation: Callable[[Array], Array] = lambda z: np.maximum(z, 0)
    mask: Callable[[Array, Array], Array] = lambda z, _upstream: z > 0
    scale: Callable[[int], float] = lambda _n_samples: 1
    bias_sum: Callable[[Array], Array] = lambda dz: dz.sum(axis=0)
    back: Callable[[Array, Array, Array], Array] = lambda dz, w, _dw: dz @ w.T
    rate: Callable[[float], float] = lambda rate: rate
    product: Callable[[Array, Array], Array] = lambda x, dz: x.T @ dz
    # dz of a ReLU layer from z, upstream and inputs, in place of the mask; dbiases from inputs and dz
    gradient: Callable[[Array, Array, Array], Array] | None = None
    bias_of: Callable[[Array, Array], Array] | None = None
    step: Callable[[Array], Array] = lambda gradient: gradient
    only: tuple[int, ...] | None = None  # the layers whose biases and weights are changed

    def __call__(self, draft: Draft) -> Values:
        """Return every quantity of each layer."""
        x, values, rate = self.inputs(draft["inputs"]), [], self.rate(draft["learning_rate"])
        for k, layer in enumerate(draft["layers"]):
            here = self.only is None or k in self.only
            w, b = (
                (self.weights(layer["weights"]), self.biases(layer["biases"]))
                if here
                else (layer["weights"], layer["biases"])
            )
            z = x @ w + b
            y = self.activation(z) if layer["activation"] == "relu" else z
            values.append({"inputs": x, "weights": w, "z": z, "outputs": y})
            x = y
        flowing = draft["upstream"][: len(x)] * self.scale(len(x))
        for layer, found in zip(reversed(draft["layers"]), reversed(values), strict=True):
            inputs, dz = found.pop("inputs"), flowing
            if layer["activation"] == "relu":
                mask = self.gradient or (lambda z, upstream, _x: upstream * self.mask(z, upstream))
                dz = mask(found["z"], flowing, inputs)
            dweights = self.product(inputs, dz)
            dbiases = self.bias_sum(dz) if self.bias_of is None else self.bias_of(inputs, dz)
            flowing = self.back(dz, found.pop("weights"), rate * dweights)
            found |= {"dz": dz, "dinputs": flowing, "dweights": dweights, "dbiases": dbiases}
            found["new_weights"] = layer["weights"] - rate * self.step(dweights)
            if dbiases.ndim == 2 or dbiases.shape == layer["biases"].shape:
                found["new_biases"] = layer["biases"] - rate * self.step(dbiases)
        return values


RIGHT = Pass()


def _floats(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.normal(size=shape)


def _integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-3, 4, shape).astype(float)


def _tenths(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-20, 21, shape) / 10


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-8, 9, shape) / 8


NUMBERS: tuple[Numbers, ...] = (_floats, _integers, _tenths)


def random_network(seed: int, numbers: Numbers | None = None, *, square: bool = False, kink: bool = False) -> Draft:
    """Return 1 to 3 layers for 2 to 30 samples, the last one ReLU or linear.

    Of square layers, all have as many inputs and neurons as there are samples. With a kink, one z of the first layer is
    0, and the first layer is ReLU.
    """
    rng = np.random.default_rng(seed)
    numbers = numbers or NUMBERS[seed % len(NUMBERS)]
    n_layers, n_samples = int(rng.integers(1, 4)), int(rng.integers(2, 31))
    sizes = rng.integers(1, 6, n_layers + 1).tolist()
    if square:
        n_samples = max(2, sizes[0])
        sizes = [n_samples] * (n_layers + 1)
    last = "relu" if rng.random() < 0.5 or (kink and n_layers == 1) else "linear"
    of_first = _eighths if kink else numbers  # whose sums are exact, so that one can be made zero
    inputs = of_first(rng, (n_samples, sizes[0]))
    layers: list[dict[str, Any]] = [
        {
            "weights": (numbers if k else of_first)(rng, (m, n)),
            "biases": (numbers if k else of_first)(rng, (n,)),
            "activation": "relu" if k < n_layers - 1 else last,
        }
        for k, (m, n) in enumerate(pairwise(sizes))
    ]
    if kink:
        layers[0]["biases"][0] = -(inputs[0] @ layers[0]["weights"][:, 0])
    rate = float(rng.choice([0.1, 0.01, 0.5, 0.125, 0.05]))
    return {"inputs": inputs, "layers": layers, "upstream": numbers(rng, (n_samples, sizes[-1])), "learning_rate": rate}


def checked(solution: Solution, values: dict[Node, Array], *, digits: int | None = None) -> dict[Node, QuantityCheck]:
    """Return the checks of expected values, rounded to significant digits if these are given."""
    expected = {
        node: Expected(
            values=array if digits is None else _decimals(array, digits), is_open=np.zeros(array.shape, bool)
        )
        for node, array in values.items()
    }
    checks = check_expected(solution, expected, Tolerance(), exact=None if digits is None else solution)
    return dict(zip(expected, checks, strict=True))


def _decimals(array: Array, digits: int) -> Array:
    return np.array([Decimal(f"{value:.{digits}g}") for value in array.ravel()], object).reshape(array.shape)


def _transposed(draft: Draft) -> Values:
    return [{name: array.T for name, array in layer.items()} for layer in RIGHT(draft)]


def _of_the_next_layer(draft: Draft) -> Values:
    values = RIGHT(draft)
    return [*values[1:], values[0]]


# Every mistake of the table.
PLANTED: dict[str, Callable[[Draft], Values]] = {
    "transposed": _transposed,
    "sign": Pass(scale=lambda _: -1),
    "uphill": Pass(rate=np.negative),
    "doubled": Pass(scale=lambda _: 2),
    "divided by n_samples": Pass(scale=lambda n: 1 / n),
    "multiplied by n_samples": Pass(scale=lambda n: n),
    "not summed": Pass(bias_sum=lambda dz: dz),
    "wrong axis": Pass(bias_sum=lambda dz: dz.sum(axis=1)),
    "mask forgotten": Pass(mask=lambda z, _upstream: np.ones_like(z)),
    "mask from upstream": Pass(mask=lambda _z, upstream: upstream > 0),
    "derivative beyond the kink": Pass(mask=lambda z, _upstream: z >= 0),
    "mean derivative at the kink": Pass(mask=lambda z, _upstream: np.heaviside(z, 0.5)),
    "weights untransposed": Pass(back=lambda dz, w, _step: dz @ w),
    "weights after the update": Pass(back=lambda dz, w, step: dz @ (w - step).T),
    "another learning rate": Pass(rate=lambda _: 0.03),
    "another layer": _of_the_next_layer,
}
WORDS = {
    "transposed": "the transpose of",
    "sign": "the sign is turned round",
    "uphill": "a step uphill",
    "doubled": "the gradient doubled",
    "divided by n_samples": "a mean, not a sum",
    "multiplied by n_samples": "the gradient multiplied by n_samples",
    "not summed": "dbiases not summed over samples",
    "wrong axis": "dbiases summed over neurons",
    "mask forgotten": "the ReLU's mask forgotten",
    "mask from upstream": "the ReLU's mask taken from the upstream gradient",
    "derivative beyond the kink": "relu'(0) = 1, where it is 0",
    "mean derivative at the kink": "relu'(0) = 1/2",
    "weights untransposed": "dinputs as dz @ weights, not dz @ weights.T",
    "weights after the update": "dinputs with the weights after the step",
    "another learning rate": "a step with the learning rate 0.03",
    "another layer": "the values of another layer",
}

"""Every known mistake is planted in every quantity that it changes, and must be found and named.

The planted values come from a backward pass written for these tests, which can be wrong in one way at a time.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pytest

from backprop_cli.checks.expected import QuantityCheck, check_expected
from backprop_cli.checks.mistakes import MISTAKES
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.cli.entries import nodes
from backprop_cli.core.arrays import Array
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.schema import build

RATE = 0.125
N_NETWORKS = 12

Draft: TypeAlias = dict[str, Any]
Values: TypeAlias = list[dict[str, Array]]


@cache
def network(seed: int) -> Draft:
    """Return 2 or 3 square layers, the last one linear; one z of the first layer is 0, which is a kink."""
    rng = np.random.default_rng(seed)
    n_samples, n_layers = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    width = n_samples if seed % 2 else int(rng.integers(2, 5))
    # Eighths in the first layer, so that its sums are exact and one can be made zero.
    inputs = rng.integers(-8, 9, (n_samples, width)) / 8
    weights = [rng.integers(-8, 9, (width, width)) / 8, *rng.normal(size=(n_layers - 1, width, width))]
    biases = [rng.integers(-8, 9, width) / 8, *rng.normal(size=(n_layers - 1, width))]
    biases[0][0] = -(inputs[0] @ weights[0][:, 0])
    layers = [
        {"weights": w, "biases": b, "activation": "relu" if k < n_layers - 1 else "linear"}
        for k, (w, b) in enumerate(zip(weights, biases, strict=True))
    ]
    return {
        "inputs": inputs,
        "layers": layers,
        "upstream": rng.normal(size=(n_samples, width)),
        "learning_rate": RATE,
    }


def backpropagated(
    draft: Draft,
    mask: Callable[[Array, Array], Array] = lambda z, _upstream: z > 0,
    scale: float = 1,
    bias_sum: Callable[[Array], Array] = lambda dz: dz.sum(axis=0),
    back: Callable[[Array, Array, Array], Array] = lambda dz, w, _dw: dz @ w.T,
    rate: float = RATE,
) -> Values:
    """Return every quantity of each layer, computed with the arguments in place of the right formulas."""
    x, values = draft["inputs"], []
    for layer in draft["layers"]:
        z = x @ layer["weights"] + layer["biases"]
        y = np.maximum(z, 0) if layer["activation"] == "relu" else z
        values.append({"inputs": x, "z": z, "outputs": y})
        x = y
    flowing = draft["upstream"] * scale
    for layer, found in zip(reversed(draft["layers"]), reversed(values), strict=True):
        relu = layer["activation"] == "relu"
        dz = flowing * mask(found["z"], flowing) if relu else flowing
        dweights, dbiases = found["inputs"].T @ dz, bias_sum(dz)
        flowing = back(dz, layer["weights"], dweights)
        found |= {"dz": dz, "dinputs": flowing, "dweights": dweights, "dbiases": dbiases}
        found["new_weights"] = layer["weights"] - rate * dweights
        if dbiases.ndim == 2 or dbiases.shape == layer["biases"].shape:
            found["new_biases"] = layer["biases"] - rate * dbiases
    return values


def n_samples(draft: Draft) -> int:
    return len(draft["inputs"])


def transposed(draft: Draft) -> Values:
    return [{name: array.T for name, array in layer.items()} for layer in backpropagated(draft)]


def of_the_next_layer(draft: Draft) -> Values:
    values = backpropagated(draft)
    return [*values[1:], values[0]]


PLANTED: dict[str, Callable[[Draft], Values]] = {
    "transposed": transposed,
    "sign": lambda d: backpropagated(d, scale=-1),
    "uphill": lambda d: backpropagated(d, rate=-RATE),
    "doubled": lambda d: backpropagated(d, scale=2),
    "divided by n_samples": lambda d: backpropagated(d, scale=1 / n_samples(d)),
    "multiplied by n_samples": lambda d: backpropagated(d, scale=n_samples(d)),
    "not summed": lambda d: backpropagated(d, bias_sum=lambda dz: dz),
    "wrong axis": lambda d: backpropagated(d, bias_sum=lambda dz: dz.sum(axis=1)),
    "mask forgotten": lambda d: backpropagated(d, mask=lambda z, _upstream: np.ones_like(z)),
    "mask from upstream": lambda d: backpropagated(d, mask=lambda _z, upstream: upstream > 0),
    "derivative beyond the kink": lambda d: backpropagated(d, mask=lambda z, _upstream: z >= 0),
    "mean derivative at the kink": lambda d: backpropagated(d, mask=lambda z, _upstream: np.heaviside(z, 0.5)),
    "weights untransposed": lambda d: backpropagated(d, back=lambda dz, w, _dw: dz @ w),
    "weights after the update": lambda d: backpropagated(d, back=lambda dz, w, dw: dz @ (w - RATE * dw).T),
    "another learning rate": lambda d: backpropagated(d, rate=0.03),
    "another layer": of_the_next_layer,
}
STRUCK = [(mistake.name, quantity) for mistake in MISTAKES for quantity in mistake.strikes]


# On how many of the networks, at most, a mistake changes nothing: a ReLU layer may be inactive for every sample, and
# a bias gradient that is summed over neurons allows a step only if there are as many neurons as samples.
LEFT_OUT = {("wrong axis", "new_biases"): N_NETWORKS // 2 + 1}


@cache
def solved(seed: int) -> Solution:
    draft = network(seed)
    return solve(build(draft), nodes(None, len(draft["layers"])))


def checked(solution: Solution, layer: int, quantity: str, values: Array) -> QuantityCheck:
    expected: list[dict[str, Array]] = [{} for _ in solution.layers]
    expected[layer][quantity] = values
    (check,) = check_expected(solution, validate_expected({"layers": expected}, solution.problem), Tolerance())
    return check


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
    "another learning rate": "a step with the learning rate 0.03, not 0.125",
    "another layer": "the values of another layer",
}


def test_every_known_mistake_is_planted() -> None:
    assert PLANTED.keys() == {mistake.name for mistake in MISTAKES}
    assert len(STRUCK) == 78


@pytest.mark.parametrize(("name", "quantity"), STRUCK)
def test_a_planted_mistake_is_found_and_named(name: str, quantity: str) -> None:
    words = WORDS[name]
    harmless = 0
    for seed in range(N_NETWORKS):
        draft = network(seed)
        layer = 0  # the backward pass reaches it last, so it shows the mistakes of all layers
        right, wrong = backpropagated(draft)[layer], PLANTED[name](draft)[layer]
        if quantity not in wrong:  # the bias gradient has a shape that allows no step
            harmless += 1
            continue
        values = wrong[quantity]
        if values.shape == right[quantity].shape:
            differs = ~np.isclose(values, right[quantity], rtol=1e-7, atol=1e-13)
            if not differs.any():
                harmless += 1
                continue
        else:
            differs = np.ones(values.shape, bool)
        check = checked(solved(seed), layer, quantity, values)
        assert not check.passed
        assert check.different == differs.sum()
        where = {f"layers[{layer}].{quantity}[{','.join(map(str, index))}]" for index in np.argwhere(differs).tolist()}
        assert {difference.place for difference in check.listed} <= where
        assert len(check.listed) == min(10, differs.sum()) or values.shape != right[quantity].shape
        assert any(words in explanation for explanation in check.explanations), (seed, check.explanations)
    assert harmless <= LEFT_OUT.get((name, quantity), 2), "too many networks on which the mistake changes nothing"

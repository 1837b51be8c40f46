"""Sums over samples are close to the exact sums of their terms, however many samples there are."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import Dtype, Node
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.schema import build

TERMS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Any]] = {
    "all the same": lambda _, shape: np.full(shape, 0.1),
    "of one sign": lambda rng, shape: rng.random(shape),
    "of both signs": lambda rng, shape: rng.normal(size=shape),
    "large, then small": lambda rng, shape: rng.random(shape) * np.linspace(1e6, 1e-6, shape[0])[:, None],
}
SHAPES = [
    (63, 3, 2),
    (64, 3, 2),
    (200, 3, 70),
    (257, 3, 2),
    (4096, 1, 1),
    (100_001, 2, 2),
    (40_000, 10, 10),
    (20_000, 64, 64),
]


def gradients(dtype: Dtype, inputs: Any, upstream: Any, block_rows: int | None = None) -> tuple[Any, Any]:
    """Return dweights and dbiases of a linear layer, of which dz is the upstream gradient."""
    draft = {"inputs": inputs, "upstream": upstream, "activation": "linear"}
    wanted = [Node(0, "dweights"), Node(0, "dbiases")]
    computed = solve(build(draft, dtype=dtype), wanted, block_rows=block_rows).layers[0].computed
    return computed["dweights"], computed["dbiases"]


def units(got: Any, terms: Any) -> float:
    """Return the error of a sum in units in the last place of the sum of the absolute values of its terms."""
    error = abs(math.fsum((float(got), *(-terms).tolist())))
    return error / float(np.spacing(got.dtype.type(math.fsum(np.abs(terms).tolist()))))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", TERMS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_over_samples_are_close_to_the_exact_sums(dtype: Dtype, kind: str, shape: tuple[int, int, int]) -> None:
    rng, (n_samples, n_inputs, n_neurons) = np.random.default_rng(0), shape
    inputs, upstream = (TERMS[kind](rng, (n_samples, n)).astype(dtype) for n in (n_inputs, n_neurons))
    dweights, dbiases = gradients(dtype, inputs, upstream)
    assert dweights.dtype == dbiases.dtype == dtype
    i, j, dz = n_inputs - 1, n_neurons // 2, upstream.astype(np.float64)
    assert units(dbiases[j], dz[:, j]) <= (4 if dtype == "float32" else 32)
    if dtype == "float32":  # products of two float32 numbers are float64 numbers
        assert units(dweights[i, j], inputs.astype(np.float64)[:, i] * dz[:, j]) <= 18


def test_two_million_samples_lose_no_more_than_a_few_thousand() -> None:
    """In float32 one after the other, they would give 201,916.7; in blocks that are added in float32, 200,004.06."""
    ones = np.broadcast_to(np.float32(0.1), (2_000_000, 2))
    dweights, dbiases = gradients("float32", ones[:, :1], ones)
    assert np.allclose(dbiases, 200_000.00298, rtol=3e-7, atol=0)
    assert np.allclose(dweights, 2_000_000 * float(np.float32(0.1)) ** 2, rtol=1e-6, atol=0)


def test_blocks_of_float32_are_added_up_in_float64() -> None:
    terms = np.full((20_000, 1), 0.1, np.float32)
    for total in gradients("float32", terms / terms, terms, block_rows=64):
        assert units(total.ravel()[0], terms[:, 0].astype(np.float64)) <= 8


def test_a_wrong_sum_is_told_from_the_exact_one() -> None:
    """The comparison above can fail: a sum in float32, one term after the other, is off by more."""
    terms = np.full(4096, 0.1, np.float32)
    assert units(np.add.accumulate(terms)[-1], terms.astype(np.float64)) > 100


def test_a_sum_that_leaves_float32_on_the_way_is_right_if_its_end_is_in_range() -> None:
    upstream = [[3e38], [3e38], [-3e38]]
    problem = build({"upstream": upstream, "activation": "linear"}, dtype="float32")
    (layer,) = solve(problem, [Node(0, "dbiases")], block_rows=1).layers
    assert layer.computed["dbiases"].tolist() == [float(np.float32(3e38))]


@pytest.mark.parametrize("block_rows", [None, 1])
def test_a_sum_that_ends_outside_float32_is_named(block_rows: int | None) -> None:
    problem = build({"upstream": [[1, 3e38], [1, 3e38]], "activation": "linear"}, dtype="float32")
    with pytest.raises(InputError) as refused:
        solve(problem, [Node(0, "dbiases")], block_rows=block_rows)
    assert refused.value.place == "dbiases[1]"
    assert refused.value.reason.startswith("overflows float32")


def test_sums_are_the_same_bytes_each_time() -> None:
    rng = np.random.default_rng(0)
    inputs, upstream = (rng.normal(size=(10_000, n)).astype(np.float32) for n in (30, 20))
    first, second = (gradients("float32", inputs, upstream) for _ in range(2))
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]

"""Rounding errors stay within the bound, which is compared with exact fractions and tight enough to fail."""

import random
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.checks.rounding import bounds, likely
from backprop_cli.cli.entries import nodes
from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.reference import as_draft, backpropagate, random_network


@pytest.mark.parametrize("seed", range(40))
def test_every_entry_is_within_its_bound(seed: int) -> None:
    """The networks are linear, so that rounding cannot move a pre-activation across a kink."""
    rng = random.Random(seed)
    network = random_network(rng, denominator=10, activations=["linear"] * rng.randint(1, 4))
    solution = solve(build(as_draft(network)), nodes(None, len(network.layers)))
    allowed, computed = bounds(solution), dict(solution.matrices())
    for i, exact in enumerate(backpropagate(network)):
        for quantity in QUANTITIES:
            place = f"layers[{i}].{quantity}"
            for got, true, bound in zip(
                np.ravel(computed[place]).tolist(),
                [value for row in exact[quantity] for value in row],
                np.ravel(allowed[place]).tolist(),
                strict=True,
            ):
                assert abs(Fraction(got) - true) <= Fraction(bound), place


def test_the_bound_is_tight_enough_to_fail() -> None:
    """0.1 + 0.2 has an error of 2.8e-17; the bound allows only a few units in the last place of 0.3."""
    draft = {"inputs": [[1, 1]], "weights": [[0.1], [0.2]], "biases": [0], "activation": "linear"}
    solution = solve(build(draft), nodes(None, 1)[:1])
    bound = bounds(solution)["z"][0, 0]
    assert 2.8e-17 < bound < 10 * np.spacing(0.3)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_is_finite_where_the_sizes_of_terms_overflow(sign: int) -> None:
    """(1 + 1.7e308) - 1.7e308 is 1 exactly and 0 in float64; the absolute values of its terms sum to infinity."""
    draft = {
        "inputs": [[1, 1.7e308, -1.7e308]],
        "weights": [[1, 1], [sign, 0], [sign, 0]],
        "biases": [0, 0],
        "activation": "linear",
        "upstream": [[1, 1]],
    }
    solution = solve(build(draft), nodes(None, 1))
    z = solution.layers[0].computed["z"]
    assert z.tolist() == [[0, 1]]
    for allowed in (bounds(solution), likely(solution)):
        assert (np.abs(z - 1) <= allowed["z"]).all()
        assert np.isfinite(allowed["z"]).all()
        assert allowed["z"][0, 1] < 1e-13  # the bound of an entry that does not overflow stays tight

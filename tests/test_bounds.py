"""The bound holds for whole networks, against the reference in exact fractions; and it is not idle."""

import random
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.bounds import bounds
from backprop_cli.draft import build
from backprop_cli.names import QUANTITIES, nodes
from backprop_cli.solve import solve
from tests.reference import as_draft, backpropagate, random_network


@pytest.mark.parametrize("seed", range(100))
def test_every_entry_is_within_its_bound(seed: int) -> None:
    """Linear networks, so that no rounding moves a pre-activation to the wrong side of a kink."""
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
    """0.1 + 0.2 is off by 2.8e-17 and may be off by a few units in the last place of 0.3, not more."""
    draft = {"inputs": [[1, 1]], "weights": [[0.1], [0.2]], "biases": [0], "activation": "linear"}
    solution = solve(build(draft), nodes(None, 1)[:1])
    bound = bounds(solution)["z"][0, 0]
    assert 2.8e-17 < bound < 10 * np.spacing(0.3)

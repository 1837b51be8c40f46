"""All checks of one problem, in one call."""

import numpy as np
import pytest

from backprop_cli.checks.gradcheck import Steps
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.checks.verdict import check_alone, compare
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build

NEURON = {"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "activation": "linear", "upstream": [[1]]}


@pytest.mark.parametrize(("z", "outcome"), [(16.0, "ok"), (15.0, "wrong")])
def test_a_problem_is_compared_with_what_is_expected_of_it(z: float, outcome: str) -> None:
    """z = 1*3 + 2*4 + 5 = 16."""
    solution, tolerance = solve(build(NEURON)), Tolerance()
    expected = {Node(0, "z"): Expected(values=np.array([[z]]), is_open=np.array([[False]]))}
    alone = check_alone("p.json", solution, steps=Steps())
    whole = compare(alone, solution, expected, tolerance)
    assert (alone.file, alone.outcome, alone.expected) == ("p.json", "ok", ())
    assert (whole.outcome, whole.gradients) == (outcome, alone.gradients)

"""Mistakes worked by hand: what is named, in which words, and what is not."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.schema import build

Draft = dict[str, Any]


def explanations(draft: Draft, **expected: Any) -> tuple[str, ...]:
    """Return what is said about the last of the expected quantities."""
    place = list(expected)[-1]
    return next(check.explanations for check in checks(draft, expected) if check.place == place)


def checks(draft: Draft, expected: Draft, tolerance: Tolerance | None = None) -> tuple[QuantityCheck, ...]:
    solution = solve(build(draft))
    return check_expected(solution, validate_expected(expected, solution.problem), tolerance or Tolerance())


# z are the inputs: the weights are those of the identity.
PEN: Draft = {
    "inputs": [[11.844, 0.5, 2.0], [-3.25, 10.375, 0.0523]],
    "weights": np.eye(3).tolist(),
    "activation": "linear",
}


@pytest.mark.parametrize(
    ("row", "column", "written", "text"),
    [
        (0, 0, 11.884, "a digit as its neighbour, 11.884 for 11.844"),  # tfjs
        (0, 0, 11.448, None),  # two digits are others
        (0, 0, -11.844, "the sign, -11.844 for 11.844"),
        (0, 0, 1.1844, "the decimal point, 1.1844 for 11.844"),
        (0, 0, 11844.0, "the decimal point, 11844 for 11.844"),
        (0, 0, 18.144, "two digits exchanged, 18.144 for 11.844"),
        (0, 0, 1.844, "a digit left out, 1.844 for 11.844"),
        (0, 0, 11.84, None),  # rounded
        (1, 1, 10.75, "a digit left out, 10.75 for 10.375"),
        (1, 1, 10.3755, None),  # too near: many other causes lead there
        (1, 1, 10.3375, "a digit doubled, 10.3375 for 10.375"),
        (1, 1, 100.375, "a digit doubled, 100.375 for 10.375"),
        (1, 0, -2.35, None),  # three digits
        (1, 0, 3.25, "the sign, 3.25 for -3.25"),
        (0, 1, -0.5, None),  # one digit
        (0, 2, 0.0, None),
        (0, 2, 7.31, None),
        (1, 2, 0.523, "the decimal point, 0.523 for 0.0523"),
    ],
)
def test_slips_of_the_pen(row: int, column: int, written: float, text: str | None) -> None:
    z = np.array(PEN["inputs"])
    z[row, column] = written
    place = f"a slip of the pen in z[{row},{column}]: "
    assert explanations(PEN, z=z.tolist()) == (() if text is None else (place + text,))


def test_a_slip_is_one_wrong_entry_among_right_ones() -> None:
    two = [[-11.844, 0.5, 2.0], [3.25, 10.375, 0.0523]]
    assert explanations(PEN, z=two) == ()
    other_shape = np.array(PEN["inputs"])[:, :2].tolist()
    assert explanations(PEN, z=other_shape) == ()
    one: Draft = {"inputs": [[1.375]], "weights": [[2.0]], "activation": "linear", "upstream": [[1.5]]}
    assert explanations(one, z=[[-2.75]]) == ()
    assert explanations(one, dz=[[1.5]], z=[[-2.75]])[0].startswith("a slip of the pen in z[0,0]: the sign")
    assert explanations(one, dz=[[1.625]], z=[[-2.75]]) == ()


def test_a_slip_in_a_narrow_type_and_in_rounded_numbers() -> None:
    solution, node = solve(build(PEN)), Node(0, "z")
    wrong = np.array(PEN["inputs"])
    wrong[0, 0] = 18.144
    stored = Expected(
        values=PRECISIONS["float32"].round(wrong), is_open=np.zeros((2, 3), bool), stored=PRECISIONS["float32"]
    )
    rounded = np.array([[Decimal(f"{value:.3f}") for value in row] for row in wrong], object)
    decimals = Expected(values=rounded, is_open=np.zeros((2, 3), bool))
    text = "a slip of the pen in z[0,0]: two digits exchanged, 18.144 for 11.844"
    for expected, exact in ((stored, None), (decimals, solution)):
        (check,) = check_expected(solution, {node: expected}, Tolerance(), exact=exact)
        assert check.explanations == (text,)


# The sums over samples of inputs, dz and their products are as below.
SUMS: Draft = {
    "inputs": [[1.5, 0.25], [2.0, 0.75], [1.5, 0.0]],
    "weights": [[1.0, -1.0], [2.0, -2.0]],
    "biases": [0.25, -0.5],
    "activation": "linear",
    "upstream": [[2.5, 0.8125], [3.0, -1.25], [0.5, 4.5]],
}
DWEIGHTS = np.array([[10.5, 5.46875], [2.875, -0.734375]])


@pytest.mark.parametrize(
    ("draft", "expected", "text"),
    [
        (SUMS, {"dbiases": 10.0625}, "dbiases summed over everything"),
        (SUMS, {"dbiases": [[10.0625]]}, "dbiases summed over everything"),
        (SUMS, {"dweights": [[0.1875 * 6, 0.1875 * 4]] * 2}, None),
        (SUMS, {"dweights": (DWEIGHTS * 2 / 3).tolist()}, "2/3 times the right values: 2/3 may be 2 / n_samples"),
        (SUMS, {"dweights": (DWEIGHTS * 0.7).tolist()}, "0.7 times the right values"),
        (SUMS, {"dweights": [[5.46875, 10.5], [-0.734375, 2.875]]}, "columns 0 and 1 of dweights exchanged"),
        (SUMS, {"dweights": [[2.875, -0.734375], [10.5, 5.46875]]}, "rows 0 and 1 of dweights exchanged"),
        (SUMS, {"dz": [[0.5, 4.5], [2.5, 0.8125], [3.0, -1.25]]}, "the rows of dz in another order"),
        (SUMS, {"dz": [[0.5, 4.5], [2.5, 0.8125], [3.0, None]]}, None),
        (SUMS, {"dz": [[4.5, 0.5], [2.5, 0.8125], [3.0, -1.25]]}, None),
    ],
)
def test_names_of_mistakes(draft: Draft, expected: Draft, text: str | None) -> None:
    found = explanations(draft, **expected)
    assert found == () if text is None else any(name.startswith(text) for name in found), found


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("more", "with_z", "dz", "text"),
    [
        # z is inputs @ weights = [[2, -2], [3.5, -3.5], [1.5, -1.5]] without the biases.
        ({"activation": "sigmoid"}, False, lambda s, u: u * s * (1 - s), "the biases forgotten"),
        ({"activation": "sigmoid"}, True, lambda s, u: u * s * (1 - s), None),
        (
            {"activation": "sigmoid", "upstream": "outputs"},
            False,
            lambda s, _u: s * s * (1 - s),
            "the biases forgotten",
        ),
        # Of a linear layer dz is upstream whatever its biases, and masks may be others for many reasons.
        ({"activation": "relu"}, False, lambda _s, u: u * [1, 1], None),
    ],
)
def test_gradients_of_forgotten_biases(more: Draft, *, with_z: bool, dz: Any, text: str | None) -> None:
    draft = SUMS | more
    z = np.array([[2.0, -2.0], [3.5, -3.5], [1.5, -1.5]])
    expected: Draft = {"z": (z + draft["biases"]).tolist()} if with_z else {}
    found = explanations(draft, **expected, dz=dz(sigmoid(z), np.array(SUMS["upstream"])).tolist())
    assert (text is None and not any("biases" in name for name in found)) or found[0].startswith(str(text)), found


def test_two_mistakes_in_a_large_problem_are_named_if_one_is_a_factor() -> None:
    """The others would be worked out hundreds of times."""
    rng = np.random.default_rng(0)
    draft: Draft = {"inputs": rng.normal(size=(2000, 40)), "weights": rng.normal(size=(40, 20)), "biases": np.ones(20)}
    draft |= {"upstream": rng.normal(size=(2000, 20)), "learning_rate": 0.1}
    z = draft["inputs"] @ draft["weights"] + 1
    dweights = draft["inputs"].T @ draft["upstream"]
    given = {key: value if key == "learning_rate" else value.tolist() for key, value in draft.items()}
    (text,) = explanations(given, z=z.tolist(), dweights=(-dweights).tolist())
    assert text.endswith("which always holds); and the sign is turned round")
    last = np.outer(draft["inputs"][-1], draft["upstream"][-1])
    assert explanations(given, z=z.tolist(), dweights=last.tolist()) == ()


def test_rows_of_a_large_matrix_are_not_compared_with_all_others() -> None:
    array = np.arange(3000.0 * 20).reshape(3000, 20) + 0.5
    assert explanations({"inputs": array.tolist(), "weights": np.eye(20).tolist()}, z=array[::-1].tolist()) == ()

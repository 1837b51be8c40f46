"""`--exact` and `--rounded` where a function is not rational: 17 significant digits, from 50."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Run

# 1 / (1 + exp(-1)), and its derivative 1 / (2 + 2 cosh(1))
SIGMOID_1 = "0.73105857863000487925"
SLOPE_1 = "0.19661193324148185"
ONE = {"inputs": [[0.5, 2]], "weights": [[1], [0.25]], "biases": [0], "activation": "sigmoid", "upstream": [[1]]}


@pytest.fixture
def problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("p.json")
    path.write_text(json.dumps(ONE))
    return path


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**ONE, **values}))


def test_json_says_how_many_digits_are_right(problem: Path, backprop: Run) -> None:
    text = backprop("run", problem, "--exact", "--format", "json").out
    found = json.loads(text, parse_float=Decimal)
    assert (found["exact"], found["digits"], found["binary"]) == (False, 50, [])
    assert str(found["outputs"][0][0]) == "0.73105857863000488"  # 17 digits of SIGMOID_1
    assert str(found["dz"][0][0]) == SLOPE_1
    assert found["z"] == [[1]]
    assert '"learning_rate": 0.001' in text


def test_csv_and_tables_have_the_same_digits(problem: Path, backprop: Run) -> None:
    assert backprop("run", problem, "--exact", "--format", "csv", "--only", "outputs").out == "0.73105857863000488\n"
    assert "0.73105857863000488" in backprop("run", problem, "--exact", "--only", "outputs").out
    assert "0.73105857863000488\n" in backprop("run", problem, "--exact", "--only", "outputs", "--precision", "17").out
    assert "0.731\n" in backprop("run", problem, "--exact", "--only", "outputs", "--precision", "3").out


def test_rational_problems_have_all_digits(problem: Path, backprop: Run) -> None:
    change(problem, activation="linear", inputs=[[0.1, 1e-30]])
    found = backprop("run", problem, "--exact", "--format", "json").out
    assert '"exact": true' in found
    assert "digits" not in found
    assert "0.10000000000000000000000000000025" in found


def test_tiny_and_huge_exponents_are_written(problem: Path, backprop: Run) -> None:
    """gelu(-1e4) is about -1e4 * exp(-5e7) / sqrt(2 pi) / 1e4, and -0.3989 * exp(-5e7) is -8.6e-21714725."""
    change(problem, activation="gelu", inputs=[[-1e4, 0]])
    ran = backprop("run", problem, "--exact", "--format", "csv", "--only", "outputs")
    logarithm = Decimal("5e7") / Decimal(10).ln() + (2 * Decimal("3.14159265358979")).log10() / 2
    mantissa, exponent = ran.out.split("e")
    assert int(exponent) == -int(logarithm) - 1
    assert float(mantissa) == pytest.approx(-float(10 ** (1 - logarithm % 1)), rel=1e-6)
    for option in ("--exact", "--rounded"):
        change(problem, activation="gelu", inputs=[[-1e4, 0]], expected={"outputs": [[0.0]]})
        assert backprop("check", problem, option).status == 0


def test_errors_are_told_in_units_in_the_last_place(problem: Path, backprop: Run) -> None:
    ran = backprop("check", problem, "--exact")
    assert ran.status == 0
    assert "exact: within 1 unit in the last place, from 50 digits, " in " ".join(ran.out.split())
    found = json.loads(backprop("check", problem, "--exact", "--format", "json").out)["files"][0]["exact"]
    assert (found["passed"], found["digits"]) == (True, 50)
    change(problem, activation="linear")
    assert "digits" not in backprop("check", problem, "--exact", "--format", "json").out


def test_many_units_are_written_with_three_digits(problem: Path, backprop: Run) -> None:
    """0.1 + 0.2 - 0.3 is 5.55e-17 in float64 and 0 exactly: 5.55e-17 / 2^-107 units."""
    change(problem, inputs=[[0.1, 0.2, 0.3]], weights=[[1], [1], [-1]])
    text = " ".join(backprop("check", problem, "--exact").out.split())
    assert "exact: within 4.5e+15 units in the last place, from 50 digits, " in text


def test_a_wrong_side_is_told_with_17_digits(problem: Path, backprop: Run) -> None:
    layers = [
        {"weights": [[1, 1, 1]], "activation": "sigmoid"},
        {"weights": [[0.1], [0.2], [-0.3]], "activation": "leaky_relu(0.1)"},
    ]
    problem.write_text(json.dumps({"inputs": [[0.7]], "layers": layers, "upstream": "ones"}))
    ran = backprop("check", problem, "--exact")
    assert ran.status == 1
    text = " ".join(ran.out.split())
    assert "exact: 1 pre-activation on the wrong side of a kink" in text
    assert " in float64 and 0 exactly: on the wrong side of a kink" in text


@pytest.mark.parametrize(
    ("written", "right"), [("0.731", True), ("0.7311", True), ("0.73", True), ("0.7310", False), ("0.8", False)]
)
def test_rounded_values_are_held_to_their_digits(problem: Path, backprop: Run, written: str, right: bool) -> None:
    text = json.dumps({**ONE, "expected": {"outputs": [["?"]]}}).replace('"?"', written)
    problem.write_text(text)
    assert backprop("check", problem, "--rounded").status == (0 if right else 1)


@pytest.mark.parametrize(("more", "right"), [("", True), ("5", False), ("1", True)])
def test_rounded_values_of_more_digits_than_floats_have_are_compared(
    problem: Path, backprop: Run, more: str, right: bool
) -> None:
    text = json.dumps({**ONE, "expected": {"outputs": [["?"]]}}).replace('"?"', SIGMOID_1 + more)
    problem.write_text(text)
    assert backprop("check", problem, "--rounded").status == (0 if right else 1)


def test_explain_says_why_it_shows_no_numbers(problem: Path, backprop: Run) -> None:
    ran = backprop("explain", problem, "--exact")
    assert ran.status == 3
    assert "p.json: explain --exact shows fractions, and a function is not rational" in ran.err
    assert backprop("explain", problem).status == 0


def test_numbers_out_of_range_are_an_error(problem: Path, backprop: Run) -> None:
    change(problem, inputs=[[-1e300, 0]])
    ran = backprop("run", problem, "--exact")
    assert ran.status == 3
    assert "p.json: a number on the way is beyond the range of decimals" in ran.err


def test_the_next_problem_can_be_read(problem: Path, backprop: Run) -> None:
    assert backprop("run", problem, "--exact", "--next", "next.json").status == 0
    found = json.loads(Path("next.json").read_text(), parse_float=Decimal)
    assert len(found["weights"][0][0].as_tuple().digits) == 17
    assert backprop("run", "next.json", "--exact").status == 0
    change(problem, activation="gelu", inputs=[[-1e4, 0]], weights=[[1], [0]], biases=[0], learning_rate=1)
    assert backprop("run", problem, "--exact", "--next", "next.json").status == 3  # a bias of 1e-21714721

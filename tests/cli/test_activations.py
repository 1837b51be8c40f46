"""Activations with and without a parameter, in files and options, in every command that takes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.core.activations import ACTIVATIONS
from tests.conftest import Run

# z = [[3, -1]], exactly.
PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2]],
    "weights": [[1, -1], [1, 0.5]],
    "biases": [0, -1],
    "upstream": [[0.5, 4]],
    "learning_rate": 0.5,
}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(PROBLEM | {"activation": "leaky_relu(0.25)"}))
    return path


def test_a_parameter_in_a_file(problem: Path, backprop: Run) -> None:
    result = json.loads(backprop("run", problem, "--format", "json").out)
    assert (result["outputs"], result["dz"]) == ([[3, -0.25]], [[0.5, 1]])
    page = backprop("run", problem).out
    assert "outputs (1, 2) = leaky_relu(z, 0.25)\n" in page
    assert "dz (1, 2) = upstream * leaky_relu'(z, 0.25)\n" in page


def test_a_parameter_in_an_option(problem: Path, backprop: Run) -> None:
    result = json.loads(backprop("run", problem, "--activation", "leaky_relu(-0.5)", "--format", "json").out)
    assert (result["outputs"], result["dz"]) == ([[3, 0.5]], [[0.5, -2]])


def test_a_step_keeps_the_parameter(problem: Path, backprop: Run, tmp_path: Path) -> None:
    assert backprop("run", problem, "--next", tmp_path / "next.json").status == 0
    assert json.loads((tmp_path / "next.json").read_text())["activation"] == "leaky_relu(0.25)"


def test_a_parameter_is_exact(problem: Path, backprop: Run) -> None:
    """0.01 is 1/100: in binary, the sixteenth decimal would differ."""
    problem.write_text(json.dumps(PROBLEM | {"activation": "leaky_relu"}))
    printed = backprop("run", problem, "--exact", "--format", "csv", "--only", "outputs").out
    assert printed == "3,-0.01\n"
    assert backprop("check", problem, "--exact").status == 0


def test_explain_names_the_derivative(problem: Path, backprop: Run) -> None:
    found = json.loads(backprop("explain", problem, "dz[0,1]", "--format", "json").out)
    assert found["rule"] == "dz[0,1] = upstream[0,1] * leaky_relu'(z[0,1], 0.25)"
    (term,) = found["terms"]
    assert (term["slope"], term["coefficient"], term["value"]) == ("leaky_relu'(z[0,1], 0.25)", 0.25, 1.0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_is_an_option(problem: Path, backprop: Run, activation: str) -> None:
    ran = backprop("run", problem, "--activation", activation, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    help_page = backprop("run", "--help").out
    assert activation in help_page


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_exact_arithmetic(problem: Path, backprop: Run, activation: str) -> None:
    floats, exact = (
        json.loads(backprop("run", problem, "--activation", activation, "--format", "json", *option).out)
        for option in ((), ("--exact",))
    )
    assert exact["exact"] is (activation in ("relu", "leaky_relu", "linear"))
    for name in ("outputs", "dz"):
        assert exact[name] == [pytest.approx(row, rel=1e-13, abs=1e-15) for row in floats[name]]

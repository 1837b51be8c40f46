"""Notes on a result at a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.cli import notes
from tests.conftest import Run

# By hand: neuron 0 is inactive for both samples; z[0,1] is 0.1 + 0.2 - 0.3, which is 5.55e-17 in float64.
PROBLEM: dict[str, Any] = {
    "inputs": [[0.1, 0.2, -0.3], [1, 1, 1]],
    "weights": [[-1, 1], [-1, 1], [-1, 1]],
    "biases": [-1, 0],
    "upstream": [[1, 1], [1, 1]],
}


def noted(backprop: Run, tmp_path: Path, problem: dict[str, Any], *argv: object) -> list[str]:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(problem), encoding="utf-8")
    ran = backprop("run", path, *argv)
    assert ran.status == 0
    return ran.err.splitlines()


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "are_wanted", lambda *, quiet: not quiet)


@pytest.mark.usefixtures("_terminal")
def test_inactive_units_and_kinks_are_named(backprop: Run, tmp_path: Path) -> None:
    assert noted(backprop, tmp_path, PROBLEM) == [
        "backprop: neuron 0 is inactive for every sample: its gradients are zero",
        "backprop: z[0,1] is within rounding of 0, where the derivative of ReLU jumps: rounding decides its side",
    ]
    assert noted(backprop, tmp_path, PROBLEM, "--quiet") == []
    assert noted(backprop, tmp_path, PROBLEM, "--only", "dbiases") == []
    assert len(noted(backprop, tmp_path, PROBLEM, "--exact")) == 1
    assert noted(backprop, tmp_path, {**PROBLEM, "inputs": [[1, 2, 3], [-1, -2, -3]], "biases": [0, 0]}) == []


@pytest.mark.usefixtures("_terminal")
def test_layers_and_many_units_are_named(backprop: Run, tmp_path: Path) -> None:
    layers: list[dict[str, Any]] = [
        {"weights": [[1] * 7], "biases": [-1] * 7},
        {"weights": [[1, 1]] * 7, "activation": "linear", "z": [[0, 0]]},
    ]
    told = noted(backprop, tmp_path, {"inputs": [[0.5]], "layers": layers, "upstream": "ones"})
    names = "neuron 0, neuron 1, neuron 2, neuron 3, neuron 4 and 2 more of layers[0]"
    assert told == [f"backprop: {names} are inactive for every sample: their gradients are zero"]
    del layers[1]["z"]
    problem = {"inputs": [[1.0]], "layers": [layers[0], {"weights": [[1]] * 7}], "upstream": "ones"}
    told = noted(backprop, tmp_path, problem)
    assert "layers[0].z[0,4] and 2 more are within rounding of 0" in told[1]


@pytest.mark.usefixtures("_terminal")
def test_an_upstream_that_flows_again_is_named(backprop: Run, tmp_path: Path) -> None:
    problem = {**PROBLEM, "activation": "linear"}
    assert noted(backprop, tmp_path, problem, "--next", tmp_path / "next.json", "--steps", 2) == [
        "backprop: the same upstream flows back in each of 2 steps",
        "backprop: the next problem keeps the upstream matrix: the same upstream flows again",
    ]
    assert noted(backprop, tmp_path, {**problem, "upstream": "ones"}, "--next", tmp_path / "next.json") == []


def test_a_pipe_gets_no_notes(backprop: Run, tmp_path: Path) -> None:
    assert noted(backprop, tmp_path, PROBLEM) == []

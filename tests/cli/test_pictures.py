"""`explain --format svg` and `--format tikz`: what is drawn, and what is refused."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

SAMPLES = ROOT / "samples"
GOLDEN = ROOT / "tests" / "golden" / "pictures"
FORMATS = {".svg": "svg", ".tex": "tikz"}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("sample", ["dense_relu", "mazur_sigmoid", "two_layers"])
def test_golden(sample: str, ending: str, backprop: Run) -> None:
    """These pictures were looked at; BACKPROP_GOLDEN=write writes what is printed now."""
    path = GOLDEN / f"{sample}{ending}"
    standalone = ["--standalone"] * (ending == ".tex")
    ran = backprop("explain", SAMPLES / f"{sample}.json", "--format", FORMATS[ending], *standalone)
    if os.environ.get("BACKPROP_GOLDEN") == "write":
        path.write_text(ran.out, encoding="utf-8")
    assert ran.status == 0
    assert ran.out == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("dense_relu.json", "dz[0,0]", "--format", "svg"),
            "--format svg draws the whole network, and takes no entry\nhint: the other formats explain an entry",
        ),
        (
            ("dense_relu.json", "loss", "--format", "tikz"),
            "--format tikz draws the whole network, and takes no entry\nhint: the other formats explain an entry",
        ),
        (
            ("dense_relu.json", "--format", "svg", "--sample", "3"),
            "there is no sample 3: the problem has 3 samples, counted from 0",
        ),
        (
            ("single_neuron.json", "--format", "tikz", "--sample", "1"),
            "there is no sample 1: the problem has 1 sample, counted from 0",
        ),
        (("dense_relu.json", "--sample", "0"), "--sample is for --format svg and tikz, got table"),
        (
            ("dense_relu.json", "--format", "svg", "--standalone"),
            "--standalone is for --format latex and tikz, got svg",
        ),
    ],
)
def test_usage_errors(backprop: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = backprop("explain", SAMPLES / arguments[0], *arguments[1:])
    assert (ran.status, ran.out, ran.err) == (2, "", f"backprop: {message}\n")


@pytest.mark.parametrize("output", ["svg", "tikz"])
def test_exact_arithmetic_has_the_limits_of_explain(backprop: Run, output: str) -> None:
    exact, not_rational = (
        backprop("explain", SAMPLES / name, "--format", output, "--exact")
        for name in ("dense_relu.json", "mazur_sigmoid.json")
    )
    assert exact.status == 0
    assert not_rational.status == 3
    assert "a function is not rational" in not_rational.err


@pytest.mark.parametrize("output", ["svg", "tikz"])
def test_too_little_is_told_as_everywhere(backprop: Run, tmp_path: Path, output: str) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"inputs": [[1]]}')
    ran = backprop("explain", path, "--format", output)
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith(f"backprop: {path}: too little was given: ")


@pytest.mark.parametrize("output", ["svg", "tikz"])
def test_a_large_network_is_drawn_from_its_shapes(backprop: Run, tmp_path: Path, output: str) -> None:
    """Nothing is computed for it but the loss, if there is one: z would overflow."""
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"weights": [[1e308] * 50], "inputs": [[1e308]]}))
    ran = backprop("explain", path, "--format", output)
    assert (ran.status, ran.err) == (0, "")
    assert "(1, 50)" in ran.out


def test_no_neurons_are_drawn_if_their_number_is_not_known(backprop: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"layers": [{}, {"z": [[1, 2]]}]}))
    ran = backprop("explain", path, "--format", "svg")
    assert (ran.status, ran.err) == (0, "")
    assert ">relu, neurons of unknown number<" in ran.out
    assert ">The number of neurons of a layer is not known, and so none are drawn.<" in ran.out


def test_the_last_step_is_drawn(backprop: Run, tmp_path: Path) -> None:
    """w = 1, x = 1, t = 0 with the loss y^2 / 2: each step of 0.5 halves w."""
    path = tmp_path / "p.json"
    given = {"inputs": [[1]], "weights": [[1]], "activation": "linear", "targets": [[0]], "learning_rate": 0.5}
    path.write_text(json.dumps(given | {"loss": "half_squared_error", "steps": 3}))
    ran = backprop("explain", path, "--format", "svg")
    assert 'data-entry="weights[0,0]">0.25<' in ran.out
    assert ">Step 3 of 3.<" in ran.out


def test_names_of_a_header_are_those_of_units(backprop: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("height,a very long name of an input\n1,2\n")
    (tmp_path / "w.csv").write_text("left,right\n1,2\n3,4\n")
    ran = backprop(*("explain", "--inputs", tmp_path / "x.csv", "--weights", tmp_path / "w.csv", "--format", "svg"))
    assert ran.status == 0
    for name in (">height<", ">a very long name...<", ">right<", "<title>a very long name of an input\n"):
        assert name in ran.out

"""An activation is one row: a made-up one works in every command without another edit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, Activation
from backprop_cli.core.arrays import Array
from tests.conftest import Run


def factor(z: Array) -> Array:
    """Return the derivative of the made-up activation: 1 above its kink at 1, and 1/4 up to it."""
    one = 0 * z + 1
    return np.where(z > 1, one, one / 4)


def value(z: Array, out: Array | None = None) -> Array:
    """Return z above 1, and (z + 3) / 4 up to it: a leaky ReLU whose kink is not at 0."""
    result: Array = np.add(factor(z) * z, 1 - factor(z), out=out)
    return result


BENT = Activation(
    name="bent",
    title="bent line",
    value=value,
    backward=lambda upstream, z, outputs, out=None: np.multiply(upstream, factor(z), out=out),  # noqa: ARG005
    value_written="bent({z})",
    derivative_written="bent'({z})",
    value_tex=r"\operatorname{{bent}}({z})",
    derivative_tex=r"\operatorname{{bent}}'({z})",
    kinks=(1.0,),
    roundings=2,
    exact=True,
)

# z = [[3, 1], [-1, 2]]: above the kink, at it, below it, above it.
PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2], [1, 0]],
    "weights": [[-2, 1], [2, -0.5]],
    "biases": [1, 1],
    "activation": "bent",
    "upstream": [[1, 2], [4, -1]],
    "learning_rate": 0.5,
}
# By hand: outputs = [[3, 1], [1/2, 2]], f' = [[1, 1/4], [1/4, 1]], and so on.
EXPECTED = {
    "z": [[3, 1], [-1, 2]],
    "outputs": [[3, 1], [0.5, 2]],
    "dz": [[1, 0.5], [1, -1]],
    "dinputs": [[-1.5, 1.75], [-3, 2.5]],
    "dweights": [[2, -0.5], [2, 1]],
    "dbiases": [2, -0.5],
    "new_weights": [[-3, 1.25], [1, -1]],
    "new_biases": [0, 1.25],
}


@pytest.fixture
def problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setitem(ACTIVATIONS, "bent", BENT)
    path = tmp_path / "bent.json"
    path.write_text(json.dumps(PROBLEM | {"expected": EXPECTED}))
    return path


@pytest.mark.parametrize("option", [[], ["--exact"], ["--dtype", "float32"]], ids=str)
def test_run_computes_it(problem: Path, backprop: Run, option: list[str]) -> None:
    result = json.loads(backprop("run", problem, "--format", "json", *option).out)
    assert {name: result[name] for name in EXPECTED} == EXPECTED


def test_run_shows_it_in_tables(problem: Path, backprop: Run) -> None:
    page = backprop("run", problem).out
    assert "outputs (2, 2) = bent(z)\n" in page
    assert "dz (2, 2) = upstream * bent'(z)\n" in page


def test_it_is_an_option_too(problem: Path, backprop: Run) -> None:
    problem.write_text(json.dumps(PROBLEM | {"activation": "linear"}))
    result = json.loads(backprop("run", problem, "--activation", "bent", "--format", "json").out)
    assert result["dz"] == EXPECTED["dz"]


def test_check_compares_it_kinks_and_all(problem: Path, backprop: Run) -> None:
    found = json.loads(backprop("check", problem, "--exact", "--format", "json").out)["files"][0]
    assert found["passed"]
    differences = found["finite_differences"]
    kinks = {kink["place"]: kink for kink in differences["kinks"]}
    # z[0,1] is at the kink: whatever moves it has a slope to each side, of 1/4 and of 1 times upstream.
    assert kinks.keys() == {"dinputs[0,0]", "dinputs[0,1]", "dweights[0,1]", "dweights[1,1]", "dbiases[1]"}
    assert (kinks["dbiases[1]"]["left"], kinks["dbiases[1]"]["right"]) == pytest.approx((0.5 - 1, 2 - 1))
    assert differences["told"] == 10 - len(kinks)
    assert found["exact"]["passed"]


def test_check_finds_a_wrong_value_and_names_the_mistake(problem: Path, backprop: Run) -> None:
    dz = [[1, 2.0625], [1, -1]]  # the derivative beyond the kink, at the kink
    upstream = [[1, 2.0625], [4, -1]]
    problem.write_text(json.dumps(PROBLEM | {"upstream": upstream, "expected": {"z": EXPECTED["z"], "dz": dz}}))
    ran = backprop("check", problem)
    assert ran.status == 1
    assert "bent'(1) = 1, where it is 0.25: z >= 1 in place of z > 1" in ran.out


@pytest.mark.parametrize("option", [[], ["--exact"]], ids=str)
@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_explain_shows_it_in_every_format(problem: Path, backprop: Run, output: str, option: list[str]) -> None:
    for entry in (["dz[1,0]"], ["outputs[1,0]"], ["dweights[0,0]", "--depth", "all"], []):
        ran = backprop("explain", problem, *entry, "--format", output, *option)
        assert (ran.status, ran.err) == (0, "")
        assert "bent" in ran.out


def test_the_terms_of_an_explanation_name_its_derivative(problem: Path, backprop: Run) -> None:
    found = json.loads(backprop("explain", problem, "dz[1,0]", "--format", "json").out)
    assert found["rule"] == "dz[1,0] = upstream[1,0] * bent'(z[1,0])"
    (term,) = found["terms"]
    assert (term["slope"], term["coefficient"], term["value"]) == ("bent'(z[1,0])", 0.25, 1.0)
    assert [source["entry"] for source in found["from"]] == ["z[1,0]"]


@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_blocks_of_any_size_give_the_same(problem: Path, backprop: Run, rows: int) -> None:
    inputs = np.tile(PROBLEM["inputs"], (rows, 1)).tolist()
    upstream = np.tile(PROBLEM["upstream"], (rows, 1)).tolist()
    problem.write_text(json.dumps(PROBLEM | {"inputs": inputs, "upstream": upstream}))
    result = json.loads(backprop("run", problem, "--format", "json", "--only", "dweights").out)
    assert result["dweights"] == (rows * np.array(EXPECTED["dweights"])).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_rounding_stays_within_its_bounds(problem: Path, backprop: Run, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = [
        {"weights": rng.normal(size=(3, 3)).round(2).tolist(), "biases": rng.normal(size=3).round(2).tolist()}
        | {"activation": "bent"}
        for _ in range(4)
    ]
    inputs, upstream = (rng.normal(size=(5, 3)).round(2).tolist() for _ in range(2))
    problem.write_text(json.dumps({"inputs": inputs, "layers": layers, "upstream": upstream}))
    found = json.loads(backprop("check", problem, "--exact", "--format", "json").out)["files"][0]
    assert found["passed"]
    assert 0 < found["exact"]["share"] < 1
    assert not found["finite_differences"]["hidden"]

"""One problem, written in every format, prints the same bytes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run
from tests.load.conftest import PROBLEM, as_csv


@pytest.fixture(autouse=True)
def _files(_folder: None) -> None:
    np.savez("p.npz", **PROBLEM)
    big_endian: Any = {name: np.asfortranarray(np.array(value, ">f8")) for name, value in PROBLEM.items()}
    np.savez("q.npz", **big_endian)
    for name, value in PROBLEM.items():
        Path(f"{name}.csv").write_text(as_csv(value))
        Path(f"{name}.tsv").write_text(as_csv(value, "\t"))
        Path(f"{name}.json").write_text(json.dumps(value))
        np.save(f"{name}.npy", np.array(value))
    Path("wrong.json").write_text(json.dumps(PROBLEM | {"inputs": [[9, 9, 9, 9]] * 3, "biases": [7, 7, 7]}))
    Path("layered.json").write_text(
        json.dumps({key: PROBLEM[key] for key in ("inputs", "upstream")} | {"layers": [{"activation": "relu"}]})
    )


def options(ending: str, *names: str) -> list[str]:
    return [f"--{name}={name}.{ending}" for name in names or PROBLEM]


@pytest.mark.parametrize("output", ["json", "table"])
@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["p.npz"], id="npz"),
        pytest.param(["q.npz"], id="npz in Fortran order and big-endian"),
        pytest.param(options("csv"), id="csv"),
        pytest.param(options("tsv"), id="tsv"),
        pytest.param(options("json"), id="json matrices"),
        pytest.param(options("npy"), id="npy"),
        pytest.param(["wrong.json", *options("csv", "inputs", "biases")], id="file and options"),
        pytest.param(["p.json", "--activation=relu", "--lr=0.001", "--weight-layout=in-out"], id="defaults said"),
    ],
)
def test_every_format_prints_the_same_bytes(backprop: Run, argv: list[str], output: str) -> None:
    expected = backprop("run", "p.json", "--format", output)
    assert expected.status == 0
    assert backprop("run", *argv, "--format", output) == expected


@pytest.mark.parametrize("name", PROBLEM)
def test_a_matrix_on_standard_input_prints_the_same_bytes(process: Any, name: str) -> None:
    others = options("npy", *(other for other in PROBLEM if other != name))
    piped = process("run", *others, f"--{name}", "-", "--format", "json", input=Path(f"{name}.csv").read_bytes())
    assert piped.stdout == process("run", "p.json", "--format", "json").stdout != b""


def test_a_problem_on_standard_input_prints_the_same_bytes(process: Any) -> None:
    piped = process("run", "-", input=Path("p.json").read_bytes())
    assert piped.stdout == process("run", "p.json").stdout != b""


def test_options_reach_into_the_only_layer(backprop: Run) -> None:
    layered = backprop("run", "layered.json", *options("csv", "weights", "biases"), "--format=json")
    flat = json.loads(backprop("run", "p.json", "--format=json").out)
    layer = json.loads(layered.out)["layers"][0]
    assert layer == {name: flat[name] for name in layer}
    assert len(layer) == 8


def test_both_layouts_give_the_same_numbers_each_in_its_own(backprop: Run) -> None:
    transposed = PROBLEM | {"weights": np.transpose(PROBLEM["weights"]).tolist(), "weight_layout": "out-in"}
    Path("transposed.json").write_text(json.dumps(transposed))
    in_out = json.loads(backprop("run", "p.json", "--format=json").out)
    out_in = json.loads(backprop("run", "transposed.json", "--format=json").out)
    assert out_in["weight_layout"] == "out-in"
    for name in ("dweights", "new_weights"):
        np.testing.assert_allclose(np.transpose(out_in[name]), in_out[name], rtol=1e-14)
    for name in ("z", "outputs", "dz", "dinputs", "dbiases", "new_biases"):
        np.testing.assert_allclose(out_in[name], in_out[name], rtol=1e-14)

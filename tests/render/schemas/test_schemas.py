"""The JSON Schemas: files that are good pass, others fail; every test checks what it prints, too."""

import json
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.load.schema import PROBLEM_KEYS
from backprop_cli.render.schemas.schema import SCHEMAS, schema
from tests.conftest import ROOT, Run
from tests.json_schemas import errors

FILES = [path for folder in ("samples", "tests/data", "tests/data/textbook") for path in ROOT.glob(f"{folder}/*.json")]
X, W = {"inputs": [[1, 2]]}, {"weights": [[0.5], [0.25]]}


def test_every_kind_is_printed_as_it_is(backprop: Run) -> None:
    for kind in SCHEMAS:
        ran = backprop("schema", kind)
        assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", schema(kind))


def test_the_schema_of_a_problem_has_every_key_of_one() -> None:
    assert set(schema("problem")["properties"]) == {"$schema", *PROBLEM_KEYS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_problems_follow_the_schema(path: Path) -> None:
    if path.stem != "index":
        assert errors("problem", json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("tree", "is_valid"),
    [
        ({**X, **W}, True),
        ({"inputs": [1, 2], "weights": [0.5, 0.25], "biases": 1, "upstream": 2}, True),
        ({**X, "layers": [W, {"weights": [[1]], "activation": "leaky_relu(0.2)"}]}, True),
        ({**X, **W, "activation": "elu(1e-2)"}, True),
        ({**X, **W, "loss": "huber(.5)", "targets": [1]}, True),
        ({**X, **W, "loss": "huber", "targets": [1]}, True),
        ({**X, **W, "loss": "CrossEntropyLoss", "targets": 1}, True),
        ({**X, **W, "expected": {"z": [[None]], "dweights": None}}, True),
        ({"$schema": "problem.schema.json", **X, **W}, True),
        ({"names": "pytorch", "input": [[1]], "0.weight": [[1]], "activation": "relu", "expected": {"z": [[1]]}}, True),
        ({"names": "pytorch", "input": [[1]], "0.weight": [[1]], "2.weight": [[1]], "activation": "relu,tanh"}, True),
        ({"names": "flax", **X, "params": {"Dense_0": {"kernel": [[1]]}}, "activation": ["relu"]}, True),
        ({"names": "torch", "input": [[1]]}, False),
        ({"names": "pytorch", "0.weight": [["1"]]}, False),
        ({**X, **W, "activation": "relu,tanh"}, False),
        ({**X, "weight": [[0.5]]}, False),
        ({**X, **W, "layers": [W]}, False),
        ({**X, "layers": []}, False),
        ({**X, "layers": [{"inputs": [[1]]}]}, False),
        ({**X, **W, "activation": "rellu"}, False),
        ({**X, **W, "activation": "leaky_relu(a)"}, False),
        ({**X, **W, "activation": "leaky_relu(0.1"}, False),
        ({**X, **W, "loss": "mse2"}, False),
        ({**X, **W, "loss": "mse", "upstream": "ones"}, False),
        ({**X, **W, "reduction": "mean"}, False),
        ({**X, **W, "steps": 0}, False),
        ({**X, **W, "steps": 1.5}, False),
        ({**X, **W, "mean_gradients": 1}, False),
        ({"inputs": [[["1"]]]}, False),
        ({"inputs": "1,2"}, False),
        ({**X, **W, "expected": {"weights": [[1]]}}, False),
        ({**X, **W, "expected": {"layers": [{"loss": 1}]}}, False),
        ({**X, **W, "learning_rate": "0.1"}, False),
    ],
)
def test_problems_pass_or_fail(tree: dict[str, Any], is_valid: bool) -> None:
    assert (errors("problem", tree) == []) == is_valid


@pytest.mark.parametrize(
    ("argv", "change", "is_valid"),
    [
        (["run"], {}, True),
        (["run"], {"learning_rate": "0.1"}, False),
        (["run"], {"dbiases": [["1"]]}, False),
        (["run"], {"more": 1}, False),
        (["run"], {"names": "pytorch", "0.weight.grad": [[1]]}, True),
        (["run"], {"names": "pytorch", "0.weight.grad": "1"}, False),
        (["run"], {"schema": "backprop.result/2"}, False),
        (["run", "--exact"], {"exact": 1}, False),
        (["check"], {"files": [{"file": "a", "passed": True, "outcome": "ok"}]}, False),
        (["check"], {"files": [{"file": "a", "passed": False, "outcome": "bad", "error": "", "hint": None}]}, False),
        (["check"], {"files": [{"file": "a", "passed": False, "outcome": "error", "error": "", "hint": None}]}, True),
        (["check", "--rounded"], {"passed": 1}, False),
        (["explain"], {"walk": [{}]}, False),
        (["explain"], {"matrices": [{"place": "z", "shape": [1, 1], "values": [[[1]]]}]}, False),
        (["explain", "dweights[2,1]"], {"terms": [{"value": 1}]}, False),
        (["explain", "dweights[2,1]", "--depth", "all"], {"value": "1"}, False),
    ],
)
def test_what_is_printed_passes_and_a_change_fails(
    backprop: Run, argv: list[str], change: dict[str, Any], is_valid: bool
) -> None:
    command, *rest = argv
    file = ROOT / "samples/dense_relu.json"
    ran = backprop(command, file, *rest, "--format", "json")  # which is validated
    tree = json.loads(ran.out)
    kind = tree["schema"].removeprefix("backprop.").removesuffix("/1")
    assert (errors(kind, {**tree, **change}) == []) == is_valid


def test_answers_may_be_open_and_name_their_problem() -> None:
    head = {"schema": "backprop.answers/1", "problem": "p", "digits": 3}
    assert errors("answers", {**head, "dweights": [[None, 1]], "layers": [{"dz": None}]}) == []
    assert errors("answers", {**head, "weights": [[1]]}) != []
    assert errors("answers", {"dweights": [[1]]}) != []


def test_the_key_for_editors_is_read_over_and_must_be_a_text(backprop: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"$schema": "problem.schema.json", **X, **W}))
    assert backprop("run", file).status == 0
    file.write_text(json.dumps({"$schema": 1, **X, **W}))
    assert backprop("run", file).err == f"backprop: {file}: $schema: expected a text, got 1\n"

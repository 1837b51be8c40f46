"""`check --accept`: what becomes of a file, what is printed, and when nothing is written."""

import json
import os
import random
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.precision import type_name
from backprop_cli.core.rules import RULES, Rule
from backprop_cli.core.solve import solve
from backprop_cli.load.safetensors import contents
from tests.any_problem import any_problem
from tests.conftest import Run, sized
from tests.safetensors_files import whole

# One linear neuron, worked by hand: z = 1*3 + 2*4 + 5 = 16.
NEURON: dict[str, Any] = {
    "inputs": [[1, 2]],
    "weights": [[3], [4]],
    "biases": [5],
    "activation": "linear",
    "upstream": [[1]],
    "learning_rate": 1,
}
BY_HAND: dict[str, Any] = {
    "z": [[16]],
    "outputs": [[16]],
    "dz": [[1]],
    "dinputs": [[3, 4]],
    "dweights": [[1], [2]],
    "dbiases": [1],
    "new_weights": [[2], [2]],
    "new_biases": [4],
}
# Two linear neurons, one after the other, under (6 - 5)^2 / 2.
CHAIN: dict[str, Any] = {
    "inputs": [[1]],
    "layers": [{"weights": [[2]], "activation": "linear"}, {"weights": [[3]], "activation": "linear"}],
    "targets": [[5]],
    "loss": "half_squared_error",
    "learning_rate": 1,
}
# Two samples through a matrix of ones: dweights = inputs.T @ ones.
SQUARE = '{"inputs":[[1,2],[3,4]],"weights":[[1,1],[1,1]],"activation":"linear","upstream":"ones"'
CHAIN_BY_HAND: dict[str, Any] = {
    "loss": 0.5,
    "upstream": [[1]],
    "layers": [
        *[{"z": [[2]], "outputs": [[2]], "dz": [[3]], "dinputs": [[6]], "dweights": [[3]], "dbiases": [3]}],
        *[{"z": [[6]], "outputs": [[6]], "dz": [[1]], "dinputs": [[3]], "dweights": [[2]], "dbiases": [1]}],
    ],
}
CHAIN_BY_HAND["layers"][0]["new_weights"] = [[-1]]
CHAIN_BY_HAND["layers"][1]["new_weights"] = [[1]]


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def text(problem: dict[str, Any], without: str = "", indent: int | None = None) -> str:
    return json.dumps({key: value for key, value in problem.items() if key != without}, indent=indent)


# Each with the end that --accept gives it: expected values that are absent, or name no quantity.
ADDED = {
    "one line": (
        '{"weights": [[1, 1]], "inputs": [[1]]}',
        ', "expected": {"z": [[1.0, 1.0]], "outputs": [[1.0, 1.0]]}}',
    ),
    "one line, packed": (
        '{"weights":[[1,1]],"inputs":[[1]]}',
        ',"expected":{"z":[[1.0,1.0]],"outputs":[[1.0,1.0]]}}',
    ),
    "one line, no list of two numbers": (
        '{"weights":[[1]],"inputs":[[1]]}\n',
        ',"expected":{"z":[[1.0]],"outputs":[[1.0]]}}\n',
    ),
    "indented": (
        '{\n    "inputs": [[1]],\n    "weights": [[1, 1]]\n}\n',
        ',\n    "expected": {\n        "z": [\n            [1.0, 1.0]\n        ],\n'
        '        "outputs": [\n            [1.0, 1.0]\n        ]\n    }\n}\n',
    ),
    "tabs and CRLF": (
        '{\r\n\t"inputs": [[1]],\r\n\t"weights": [[1,  1]]\r\n}',
        ',\r\n\t"expected": {\r\n\t\t"z": [\r\n\t\t\t[1.0,  1.0]\r\n\t\t],\r\n'
        '\t\t"outputs": [\r\n\t\t\t[1.0,  1.0]\r\n\t\t]\r\n\t}\r\n}',
    ),
    "CR, and no indent": (
        '{\r"inputs" :[[1]],\r"weights" :[[1]]\r}\r',
        ',\r"expected" :{\r"z" :[\r[1.0]\r],\r"outputs" :[\r[1.0]\r]\r}\r}\r',
    ),
    "keys that share a line": (
        '{"inputs": [[1]],\n "weights": [[1]], "activation": "linear" }',
        ', "expected": {"z": [[1.0]], "outputs": [[1.0]]} }',
    ),
    "the value on the line after its key": (
        '{"inputs":\n[[1]], "weights":\n[[1]]}',
        ', "expected": {"z": [[1.0]], "outputs": [[1.0]]}}',
    ),
}


@pytest.mark.parametrize(("before", "end"), ADDED.values(), ids=ADDED)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "with a byte order mark"])
def test_all_quantities_are_added_in_the_style_of_the_file(backprop: Run, before: str, end: str, mark: str) -> None:
    Path("p.json").write_bytes((mark + before).encode())
    assert backprop("check", "p.json", "--accept").status == 0
    beginning = before.rstrip()[:-1].rstrip()
    assert Path("p.json").read_bytes().decode() == mark + beginning + end
    assert backprop("check", "p.json").out.startswith("ok    p.json  expected values ")


@pytest.mark.parametrize(
    ("problem", "by_hand"), [(NEURON, BY_HAND), (CHAIN, CHAIN_BY_HAND)], ids=["one layer", "layers"]
)
@pytest.mark.parametrize("indent", [None, 2])
def test_all_quantities_are_laid_out_as_in_a_result(
    backprop: Run, problem: dict[str, Any], by_hand: dict[str, Any], indent: int | None
) -> None:
    Path("p.json").write_text(text(problem, indent=indent))
    assert backprop("check", "p.json", "--accept").status == 0
    assert json.loads(Path("p.json").read_text()) == problem | {"expected": by_hand}
    shown = json.loads(backprop("run", "p.json", "--format", "json").out)
    assert [*json.loads(Path("p.json").read_text())["expected"]] == [key for key in shown if key in by_hand]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"z": [[16.0]], "outputs": [[16.0]]}'),
        ("{ }", '{"z": [[16.0]], "outputs": [[16.0]]}'),
        ('{"z": [[ 15.50 ]]}', '{"z": [[ 16.0 ]]}'),
        ('{"z": [[16]], "outputs": [[1.5e1]]}', '{"z": [[16]], "outputs": [[16.0]]}'),
        ('{"z": [[null]]}', '{"z": [[16.0]]}'),
        ('{"z": null}', '{"z": [[16.0]]}'),
        ('{"z": NaN}', '{"z": 16.0}'),
        ('{"z": [-1e999]}', '{"z": [16.0]}'),
        ('{"z": [[1, 2]]}', '{"z": [[16.0]]}'),
        ('{"\\u007a": [[\n1\n]\n]\n}', '{"\\u007a": [[\n16.0\n]\n]\n}'),
        ('{\n  "z": [[1], [2]]\n}', '{\n  "z": [\n    [16.0]\n  ]\n}'),
    ],
)
@pytest.mark.parametrize("place", ["first", "in between", "last"])
def test_values_are_replaced_where_they_stand(backprop: Run, before: str, after: str, place: str) -> None:
    around = {
        "first": ("{", ', "inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "activation": "linear"}\n'),
        "in between": (
            '{"title": "\u2202 {[, 1 \\" ]}",\t"inputs":[[1, 2.00]], ',
            ',"weights": [[3], [4e0]], "biases": [5], "activation": "linear" }',
        ),
        "last": ('{"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "activation": "linear", ', "}"),
    }[place]
    Path("p.json").write_text(f'{around[0]}"expected": {before}{around[1]}', encoding="utf-8")
    assert backprop("check", "p.json", "--accept").status == 0
    assert Path("p.json").read_text(encoding="utf-8") == f'{around[0]}"expected": {after}{around[1]}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"layers": [{}, {"dz": [[2]]}]}', '{"layers": [{}, {"dz": [[1.0]]}]}'),
        ('{"layers": [{"dz": [[3]]}], "loss": null}', '{"layers": [{"dz": [[3]]}], "loss": 0.5}'),
        ('{"loss": [[0.25]], "upstream": 2}', '{"loss": [[0.5]], "upstream": 1.0}'),
        ('{"layers": [ {"dz":[[0]]} , {"dz":[[0]]} ]}', '{"layers": [ {"dz":[[3.0]]} , {"dz":[[1.0]]} ]}'),
    ],
)
def test_values_are_replaced_in_layers(backprop: Run, before: str, after: str) -> None:
    beginning = text(CHAIN)[:-1] + ', "expected": '
    Path("p.json").write_text(beginning + before + "}")
    assert backprop("check", "p.json", "--accept").status == 0
    assert Path("p.json").read_text() == beginning + after + "}"


@pytest.mark.parametrize("before", ['{"layers": []}', '{"layers": [{}, {}]}', "{}"])
def test_layers_without_a_quantity_get_all(backprop: Run, before: str) -> None:
    Path("p.json").write_text(f'{text(CHAIN)[:-1]}, "expected": {before}}}')
    assert backprop("check", "p.json", "--accept").status == 0
    assert json.loads(Path("p.json").read_text())["expected"] == CHAIN_BY_HAND


def test_what_changes_is_printed(backprop: Run) -> None:
    expected = {
        "z": [[3, 3], [7, 7.0]],
        "dz": [[1, 3], [5, 1]],
        "dinputs": [[None, 2], [None, 2]],
        "dweights": [[None, 4], [-1, None]],
        "dbiases": None,
        "outputs": [[1, 2, 3]],
        "new_weights": [[0.996, 0.996], [0.994, 0.9940000001]],
    }
    Path("p.json").write_text(f'{SQUARE},"expected":{json.dumps(expected)}}}')
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.err) == (0, "")
    first, *lines = ran.out.splitlines()
    assert first == "ok    p.json  expected values 26 of 26 (to the last bit); finite differences 10 of 10"
    assert lines == [
        "  z: nothing changed",
        "  outputs: was of shape (1, 3), is of shape (2, 2)",
        "  dz: 2 of 4 entries changed, most at [1,0]: was 5, is 1",
        "  dinputs: 2 of 4 entries changed, first at [0,0]: was open, is 2",
        "  dweights: 3 of 4 entries changed, most at [1,0]: was -1, is 6",
        "  dbiases: was open, is of shape (2,)",
        "  new_weights: 1 of 4 entries changed, most at [1,1]: was 0.9940000001, is 0.994",
    ]
    assert backprop("check", "p.json").out == first + "\n"


@pytest.mark.parametrize("wrong", ["NaN", "-Infinity", "1e999"])
def test_a_value_that_is_not_finite_is_the_largest_change(backprop: Run, wrong: str) -> None:
    Path("p.json").write_text(f'{SQUARE},"expected":{{"dz":[[1e300,0],[{wrong},null]]}}}}')
    was = {"NaN": "nan", "-Infinity": "-inf", "1e999": "inf"}[wrong]
    assert (
        f"  dz: 4 of 4 entries changed, most at [1,0]: was {was}, is 1\n" in backprop("check", "p.json", "--accept").out
    )


def test_new_quantities_and_a_loss_are_printed(backprop: Run) -> None:
    Path("p.json").write_text(text(CHAIN))
    lines = backprop("check", "p.json", "--accept").out.splitlines()
    assert lines[1] == "  layers[0].z: new, shape (1, 1)"
    assert "  loss: new, one number" in lines
    Path("p.json").write_text(Path("p.json").read_text().replace('"loss": 0.5', '"loss": 0.75'))
    assert "  loss: was 0.75, is 0.5\n" in backprop("check", "p.json", "--accept").out


@pytest.mark.parametrize(
    "expected",
    [
        '{"z": [[1.6e1]], "dinputs": [[3.000, 4.0000000000000001]]}',
        '{"z": 16, "dweights": [1, 2], "dbiases": [[1]]}',
        '{"dz": [[1]]}',
    ],
)
def test_where_nothing_changes_the_file_is_not_touched(backprop: Run, expected: str) -> None:
    Path("p.json").write_text(f'{text(NEURON)[:-1]}, "expected": {expected}}}')
    os.utime("p.json", ns=(1, 1))
    before, status = Path("p.json").read_bytes(), os.stat("p.json")
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.err, ran.out.splitlines()[1:]) == (0, "", ["  nothing changed"])
    after = os.stat("p.json")
    assert (after.st_mtime_ns, after.st_ino, Path("p.json").read_bytes()) == (status.st_mtime_ns, status.st_ino, before)


def test_zeros_of_both_signs_are_the_same_number(backprop: Run) -> None:
    """A weight of -0 stays as it is under a gradient of 0: -0 - 0 is -0."""
    begin = '{"inputs": [[1]], "weights": [[-0.0]], "upstream": [[0]], "activation": "linear", "expected": '
    Path("p.json").write_text(begin + '{"new_weights": [[0]]}}')
    assert backprop("check", "p.json", "--accept").out.endswith("  nothing changed\n")
    Path("p.json").write_text(begin + '{"new_weights": [[1]]}}')
    assert backprop("check", "p.json", "--accept").out.endswith("most at [0,0]: was 1, is 0\n")
    assert Path("p.json").read_text() == begin + '{"new_weights": [[-0.0]]}}'


def test_the_values_are_those_of_the_last_step(backprop: Run) -> None:
    """The weight goes from 1 to 0, and then to -1."""
    problem = {"inputs": [[1]], "weights": [[1]], "activation": "linear", "upstream": "ones", "learning_rate": 1}
    Path("p.json").write_text(text(problem | {"steps": 2, "expected": {"z": 5, "new_weights": None}}))
    assert backprop("check", "p.json", "--accept").status == 0
    assert json.loads(Path("p.json").read_text())["expected"] == {"z": 0, "new_weights": [[-1]]}


@pytest.fixture
def wrong_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of the biases that are twice as large."""
    rule = Rule(RULES["dbiases"].operands, lambda dz, out=None: np.multiply(2, dz.sum(axis=0), out=out))
    monkeypatch.setattr("backprop_cli.cli.accept.solve", partial(solve, rules={**RULES, "dbiases": rule}))


@pytest.mark.usefixtures("wrong_rule")
@pytest.mark.parametrize("expected", ["", ', "expected": {"dbiases": [2]}', ', "expected": {"dz": [[5]]}'])
def test_nothing_is_written_where_finite_differences_fail(backprop: Run, expected: str) -> None:
    Path("p.json").write_text(text(NEURON)[:-1] + expected + "}")
    before = Path("p.json").read_bytes()
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.err) == (1, "")
    assert ran.out.startswith("FAIL  p.json  expected values ")
    assert "finite differences 4 of 5" in ran.out
    assert ran.out.endswith("\np.json stays as it is\n")
    assert Path("p.json").read_bytes() == before


def test_what_cannot_be_computed_is_not_accepted(backprop: Run) -> None:
    Path("p.json").write_text(text(NEURON | {"expected": {"dz": [[1]], "z": [[1]]}}, "upstream"))
    before = Path("p.json").read_bytes()
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.err) == (1, "")
    assert "  dz: cannot be computed, for it needs upstream\n" in ran.out
    assert ran.out.endswith("\np.json stays as it is\n")
    assert Path("p.json").read_bytes() == before


def test_what_cannot_be_computed_stays_open(backprop: Run) -> None:
    Path("p.json").write_text(text(NEURON | {"expected": {"dz": None, "z": [[1]]}}, "upstream"))
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.out.splitlines()[1:]) == (0, ["  z: 1 of 1 entry changed, most at [0,0]: was 1, is 16"])
    assert json.loads(Path("p.json").read_text())["expected"] == {"dz": None, "z": [[16]]}


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["p.json", "p.json"], "--accept is for one problem, got 2"),
        (["-"], "--accept needs a file to write to, and <stdin> is none"),
        (["."], "--accept needs a file to write to, and . is none"),
        (["p.json", "--expect", "p.json"], "--accept and --expect exclude each other"),
        (["p.json", "--rounded"], "--accept and --rounded exclude each other"),
        (["p.json", "--exact"], "--accept and --exact exclude each other"),
        (["p.json", "--format", "json"], "--accept and --format exclude each other"),
        (["p.json", "--steps", "2"], "--accept and --steps exclude each other"),
        (["p.json", "--inputs", "x.csv"], "--accept and --inputs exclude each other"),
        (["p.json", "--no-biases"], "--accept and --no-biases exclude each other"),
        (["p.json", "--header", "skip"], "--accept and --header exclude each other"),
        (["--inputs", "x.csv"], "--accept needs a file to write to (expected a PROBLEM)"),
        ([], "there is nothing to check (expected a PROBLEM, or matrices)"),
        (["p.json", "--rtol", "0"], "--accept and --rtol exclude each other"),
        (["p.json", "--stored", "float32"], "--accept and --stored exclude each other"),
    ],
)
def test_options_that_do_not_go_with_it(backprop: Run, argv: list[str], reason: str) -> None:
    Path("p.json").write_text(text(NEURON))
    ran = backprop("check", *argv, "--accept")
    assert (ran.status, ran.out, ran.err.splitlines()[0]) == (2, "", f"backprop: {reason}")
    assert Path("p.json").read_text() == text(NEURON)


def test_options_of_finite_differences_go_with_it(backprop: Run) -> None:
    Path("p.json").write_text(text(NEURON))
    options = "--eps 1e-3 --fd-rtol 1e-5 --fd-atol 1e-9 --samples all --seed 1 --color never --quiet --format table"
    assert backprop("check", "p.json", "--accept", *options.split()).status == 0
    assert "expected" in Path("p.json").read_text()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "p.json:1:2: not JSON: the text ends before its last bracket is closed"),
        ('{"inputs": [[1]], "expected": {"x": 1}}', "p.json: expected.x: no such quantity is computed"),
        ('{"inputs": [[1]], "expected": {"z": 1, "z": 2}}', "p.json: expected.z: the key is given twice"),
        ('{"inputs": [[1]], "weights": [[1e400]]}', "p.json: weights[0][0]: expected a number, got 1e400"),
        ('{"weights": [[1]]}', "p.json: "),
        ('{"inputs": [[1e200]], "weights": [[1e200]]}', "p.json: z[0,0]: "),
    ],
)
def test_a_problem_that_is_wrong_is_not_written(backprop: Run, content: str, reason: str) -> None:
    Path("p.json").write_text(content)
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith(f"backprop: {reason}")
    assert Path("p.json").read_text() == content


def members(path: str) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_keeps_its_other_members(backprop: Run, save: Any) -> None:
    expected = {
        "expected.layers.0.dz": np.array([[1]], np.float32),
        "expected.layers.1.dz": np.array([[1]]),
        "expected.layers.1.z": np.array([1.5, 2.5]),
        "expected.loss": np.array([0.25]),
    }
    layers = {"layers.0.weights": np.array([[2]]), "layers.1.weights": np.array([[3]], np.float32)}
    names = {"layers.0.activation": "linear", "layers.1.activation": "linear", "loss": "half_squared_error"}
    save("p.npz", title="\u2202", inputs=[[1.0]], targets=[[5]], **layers, **names, **expected)
    with zipfile.ZipFile("p.npz", "a") as archive:
        archive.comment = b"kept"
        sizes = [member.compress_type for member in archive.infolist()]
    before = members("p.npz")
    ran = backprop("check", "p.npz", "--accept")
    assert (ran.status, ran.err) == (0, "")
    assert "  layers[0].dz: 1 of 1 entry changed, most at [0,0]: was 1, is 3; float32 becomes float64\n" in ran.out
    assert "\n  layers[1].z: was of shape (2,), is of shape (1, 1)\n  layers[1].dz: nothing changed\n" in ran.out
    after = members("p.npz")
    assert [*after] == [*before]
    changed = {"expected.layers.0.dz.npy", "expected.layers.1.z.npy", "expected.loss.npy"}
    assert {name for name in after if after[name] != before[name]} == changed
    with np.load("p.npz") as loaded, zipfile.ZipFile("p.npz") as archive:
        assert (archive.comment, [member.compress_type for member in archive.infolist()]) == (b"kept", sizes)
        for name, value in {"0.dz": [[3.0]], "1.z": [[6.0]], "1.dz": [[1]]}.items():
            assert loaded[f"expected.layers.{name}"].tolist() == value
        assert (loaded["expected.loss"].tolist(), loaded["expected.layers.0.dz"].dtype) == ([0.5], np.float64)
    os.utime("p.npz", ns=(1, 1))
    assert backprop("check", "p.npz", "--accept").out.endswith("  nothing changed\n")
    assert os.stat("p.npz").st_mtime_ns == 1


@pytest.mark.parametrize("name", ["float16", "float32", "int64", "uint8", ">f8", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (2,)])
def test_the_type_of_an_array_that_becomes_another_is_named(backprop: Run, name: str, shape: tuple[int, ...]) -> None:
    expected: dict[str, Any] = {"expected.z": np.ones(shape, name), "expected.dz": np.ones((1, 1), name)}
    np.savez("p.npz", **NEURON, **expected)
    lines = backprop("check", "p.npz", "--accept").out.splitlines()
    is_same = np.dtype(name).name == "float64"
    assert lines[1].endswith("" if is_same else f"; {name} becomes float64")
    assert [line.count("becomes") for line in lines] == [0, 0 if is_same else 1, 0]
    with np.load("p.npz") as loaded:
        assert (loaded["expected.z"].dtype.name, loaded["expected.z"].tolist()) == ("float64", [[16.0]])
        assert loaded["expected.dz"].dtype == np.dtype(name)


@pytest.mark.parametrize(("bfloat16", "was"), [(True, "; bfloat16 becomes float64"), (False, "")])
def test_safetensors_keep_their_other_tensors_and_metadata(backprop: Run, bfloat16: bool, was: str) -> None:
    arrays = {key: np.array(value, float) for key, value in NEURON.items() if isinstance(value, list)}
    settings = {"activation": "linear", "learning_rate": "1", "format": "pt", "title": "\u2202"}
    expected = {"expected.z": np.ones(1), "expected.dz": np.ones((1, 1))}
    Path("p.safetensors").write_bytes(whole(arrays | expected, settings, bfloat16=bfloat16))
    before = contents(Path("p.safetensors").read_bytes())
    ran = backprop("check", "p.safetensors", "--accept")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[1:] == [
        f"  z: 1 of 1 entry changed, most at [0,0]: was 1, is 16{was}",
        "  dz: nothing changed",
    ]
    after = contents(Path("p.safetensors").read_bytes())
    assert after.metadata == before.metadata == settings
    assert after.tensors.keys() == before.tensors.keys()
    for key, array in after.tensors.items():
        is_new = key == "expected.z"
        assert type_name(array) == ("float64" if is_new else type_name(before.tensors[key]))
        assert array.tolist() == ([16.0] if is_new else before.tensors[key].tolist())
    os.utime("p.safetensors", ns=(1, 1))
    assert backprop("check", "p.safetensors", "--accept").out.endswith("  nothing changed\n")
    assert os.stat("p.safetensors").st_mtime_ns == 1


def test_safetensors_without_expected_values_get_all(backprop: Run) -> None:
    arrays = {key: np.array(value, float) for key, value in NEURON.items() if isinstance(value, list)}
    Path("p.safetensors").write_bytes(whole(arrays, {"activation": "linear", "learning_rate": "1"}))
    assert backprop("check", "p.safetensors", "--accept").status == 0
    after = contents(Path("p.safetensors").read_bytes()).tensors
    assert {key: after[f"expected.{key}"].tolist() for key in BY_HAND} == BY_HAND


def test_a_text_has_no_types(backprop: Run) -> None:
    Path("p.json").write_text(text(NEURON | {"expected": {"z": [[1]]}}))
    assert "becomes" not in backprop("check", "p.json", "--accept").out


@pytest.mark.parametrize("mode", [0o444, 0o466])
def test_a_read_only_file_stays_as_it_is(backprop: Run, mode: int) -> None:
    """For root, too, whom the system lets write to it."""
    before = text(NEURON | {"expected": {"z": [[1]]}})
    Path("p.json").write_text(before)
    Path("p.json").chmod(mode)
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.out, ran.err) == (4, "", "backprop: p.json: cannot write: it is read-only\n")
    assert (Path("p.json").read_text(), os.stat("p.json").st_mode & 0o777) == (before, mode)
    Path("p.json").chmod(mode | 0o200)
    assert backprop("check", "p.json", "--accept").status == 0
    Path("p.json").chmod(mode)
    assert backprop("check", "p.json", "--accept").status == 0  # nothing changes


def test_an_archive_without_expected_values_gets_all(backprop: Run) -> None:
    np.savez("p.npz", **NEURON)
    assert backprop("check", "p.npz", "--accept").status == 0
    with np.load("p.npz") as loaded:
        found = {name: loaded[name].tolist() for name in loaded if name.startswith("expected.")}
    assert found == {f"expected.{name}": value for name, value in BY_HAND.items()}


def written(tree: Any, rng: random.Random, *, wrong: float) -> Any:
    """Return a tree of numbers in which some are wrong, open, or in another notation."""
    if isinstance(tree, list):
        return [written(item, rng, wrong=wrong) for item in tree]
    if rng.random() < wrong:
        return rng.choice([None, 0.5, tree + 1, float("nan")])
    return rng.choice([tree, Written(f"{tree:.25e}"), Written(f"{tree:.3f}")])


class Written(float):
    """A number in a notation of its own."""

    def __new__(cls, literal: str) -> "Written":
        """Keep the literal."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number

    literal: str

    def __repr__(self) -> str:
        return self.literal


def dumped(tree: Any, colon: str, comma: str, line: str) -> str:
    """Return a tree as JSON with separators; `line` is put before every member and closing brace."""
    if isinstance(tree, dict):
        parts = (f"{line}{json.dumps(key)}{colon}{dumped(item, colon, comma, line)}" for key, item in tree.items())
        return "{" + ("," if line else comma).join(parts) + line + "}"
    if isinstance(tree, list):
        return "[" + comma.join(dumped(item, colon, comma, line) for item in tree) + "]"
    return repr(tree) if isinstance(tree, Written) else json.dumps(tree)


@sized("count", 30, 2000)
def test_any_problem_is_right_to_the_last_bit_and_otherwise_unchanged(backprop: Run, count: int) -> None:
    n_changed = 0
    for seed in range(count):
        rng, problem = random.Random(seed), any_problem(seed)
        Path("p.json").write_text(json.dumps(problem))
        result = json.loads(backprop("run", "p.json", "--format", "json").out)
        computed = {name: result[name] for name in ("loss", "upstream", "layers") if rng.random() < 0.8}
        for layer in computed.get("layers", []):
            for name in [name for name in layer if rng.random() < 0.3]:
                del layer[name]
        wrong = rng.choice([0, 0.3, 1])
        for part in (computed, *computed.get("layers", [])):
            for name in part:
                if name != "layers":
                    part[name] = None if rng.random() < wrong / 3 else written(part[name], rng, wrong=wrong)
        style = [rng.choice(choices) for choices in ([":", ": ", " : "], [",", ", ", ",  "], ["", "\n", "\r\n\t"])]
        items = [*problem.items()]
        at = rng.randrange(len(items) + 1)
        head, tail = (dumped(dict(part), *style) for part in (items[:at], items[at:]))
        comma = style[1]
        before = rng.choice(["", "\ufeff"]) + head[:-1].rstrip() + (comma if at else "") + '"expected"' + style[0]
        after = (comma if at < len(items) else "") + tail[1:] + rng.choice(["", "\n", "\r\n"])
        old = (before + dumped(computed, *style) + after).encode()
        Path("p.json").write_bytes(old)
        ran = backprop("check", "p.json", "--accept", "--quiet")
        assert (ran.status, ran.err) == (0, ""), seed
        new = Path("p.json").read_bytes()
        n_changed += new != old
        assert new.startswith(before.encode()), seed
        assert new.endswith(after.encode()), seed
        tree = json.loads(new.decode("utf-8-sig"))["expected"]
        named = any(name in computed for name in ("loss", "upstream")) or any(computed.get("layers", []))
        assert_same(tree, json.loads(backprop("run", "p.json", "--format", "json").out), computed if named else None)
        assert "(to the last bit)" in backprop("check", "p.json").out, seed
    assert n_changed > count / 2


def assert_same(tree: Any, result: Any, named: Any) -> None:
    """Assert that expected values are those of a result, for the quantities that were named."""
    names = [name for name in ("loss", "upstream") if named is None or name in named]
    for name in names:
        np.testing.assert_array_equal(np.ravel(tree[name]), np.ravel(result[name]))
    for i, layer in enumerate(result["layers"]):
        wanted = layer if named is None else named["layers"][i] if "layers" in named else {}
        for name in wanted:
            np.testing.assert_array_equal(np.ravel(tree["layers"][i][name]), np.ravel(layer[name]))

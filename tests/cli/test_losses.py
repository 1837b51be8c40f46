"""Losses, targets and the conventions of courses, through the options of `run` and in every format.

The expected numbers are worked by hand.
"""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run

# Two samples, two inputs, one neuron, squared error: outputs 4 and 5, differences 1 and -1, dz 2 and -2
LAYER: dict[str, Any] = {
    "inputs": [[1, 2], [3, 1]],
    "weights": [[1], [1]],
    "biases": [1],
    "activation": "linear",
    "targets": [[3], [6]],
    "loss": "squared_error",
    "learning_rate": 0.5,
}
# As columns: z is [[4, 5]], dweights 2 * [1, 2] - 2 * [3, 1] = [-4, 2]
IN_COLUMNS = LAYER | {"samples": "columns", "inputs": [[1, 3], [2, 1]], "weights": [[1, 1]], "targets": [[3, 6]]}
NETWORK: dict[str, Any] = {
    "inputs": [[1]],
    "layers": [
        {"weights": [[2]], "biases": [0], "activation": "linear"},
        {"weights": [[3]], "activation": "linear"},
    ],
    "targets": [[5]],
    "loss": "half_squared_error",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(problem: dict[str, Any]) -> None:
    Path("p.json").write_text(json.dumps(problem))


@pytest.mark.parametrize(
    ("options", "loss", "dweights"),
    [
        ("", 2, [[-4], [2]]),
        ("--loss half_squared_error", 1, [[-2], [1]]),
        ("--loss absolute_error", 2, [[-2], [1]]),
        ("--loss 'huber(0.5)'", 0.75, [[-1], [0.5]]),
        ("--reduction mean", 1, [[-2], [1]]),
        ("--loss MSELoss", 1, [[-2], [1]]),
        ("--loss MSELoss --reduction sum", 2, [[-4], [2]]),
        ("--mean-gradients", 1, [[-2], [1]]),
        ("--targets t.csv", 5, [[10], [10]]),  # differences 2 and 1: dz 4 and 2
        ("--no-biases", 4, [[-12], [-4]]),  # differences 0 and -2: dz 0 and -4
        ("--upstream ones", None, [[4], [3]]),
    ],
)
def test_options_change_the_loss(backprop: Run, options: str, loss: Any, dweights: Any) -> None:
    write(LAYER)
    Path("t.csv").write_text("2\n4\n")
    result = json.loads(backprop("run", "p.json", *shlex.split(options), "--format", "json").out)
    assert (result.get("loss"), result["dweights"]) == (loss, dweights)


def test_a_loss_replaces_the_upstream_of_the_file(backprop: Run) -> None:
    problem = {key: value for key, value in LAYER.items() if key != "loss"} | {"upstream": [[7], [7]]}
    write(problem)
    result = json.loads(backprop("run", "p.json", "--loss", "squared_error", "--format", "json").out)
    assert (result["loss"], result["upstream"]) == (2, [[2], [-2]])


def test_no_biases_drops_those_of_every_layer(backprop: Run) -> None:
    write(NETWORK)
    result = json.loads(backprop("run", "p.json", "--no-biases", "--format", "json").out)
    assert ["new_biases" in layer for layer in result["layers"]] == [False, False]
    assert result["not_computed"] == {}
    Path("p.json").write_text('{"layers": 3}')
    assert (
        backprop("run", "p.json", "--no-biases").err == "backprop: p.json: layers: expected a list of layers, got 3\n"
    )


@pytest.mark.parametrize(
    "text", ["0\n2\n1\n", "0.0\n2.0\n1.0\n", "0,2,1\n", "label\n0\n2\n1\n", "1,0,0\n0,0,1\n0,1,0\n"]
)
@pytest.mark.parametrize("samples", ["rows", "columns"])
def test_class_numbers_are_a_column_or_a_row_of_a_file(backprop: Run, text: str, samples: str) -> None:
    """dz of three equal logits is 1/3 everywhere but at the class, where it is 1/3 - 1."""
    write({"z": [[0, 0, 0]] * 3, "activation": "softmax", "loss": "cross_entropy"})
    Path("t.csv").write_text(text)
    ran = backprop("run", "p.json", "--targets", "t.csv", "--samples-in", samples, "--format", "json")
    signs = np.sign(json.loads(ran.out)["dz"])
    assert signs.tolist() == [[-1, 1, 1], [1, 1, -1], [1, -1, 1]]
    assert json.loads(ran.out)["loss"] == pytest.approx(3 * np.log(3))


def test_one_class_number_is_taken_from_a_json_file(backprop: Run) -> None:
    write({"z": [[0, 0]], "activation": "softmax", "loss": "cross_entropy"})
    Path("t.json").write_text("1")
    ran = backprop("run", "p.json", "--targets", "t.json", "--only", "dz", "--format", "csv")
    assert ran == (0, "0.5,-0.5\n", "")


def test_a_result_has_the_loss_and_its_settings_at_the_top(backprop: Run) -> None:
    write(NETWORK | {"mean_gradients": True})
    result = json.loads(backprop("run", "p.json", "--format", "json").out)
    assert list(result) == [
        *("schema", "learning_rate", "weight_layout", "mean_gradients", "loss_function", "reduction"),
        *("loss", "upstream", "layers", "not_computed"),
    ]
    assert (result["loss"], result["upstream"]) == (0.5, [[1]])
    assert (result["loss_function"], result["reduction"], result["mean_gradients"]) == (
        *("half_squared_error", "sum", True),
    )
    assert result["layers"][0]["dz"] == [[3]]


def test_a_given_upstream_is_in_a_result_only_if_it_is_named(backprop: Run) -> None:
    problem = {key: value for key, value in LAYER.items() if key not in ("loss", "targets")}
    for upstream, rows in ([[7], [8]], "7\n8\n"), ("outputs", "4\n5\n"), ("ones", "1\n1\n"):
        write(problem | {"upstream": upstream})
        assert "upstream" not in json.loads(backprop("run", "p.json", "--format", "json").out)
        named = backprop("run", "p.json", "--only", "upstream", "--format", "csv")
        assert [float(line) for line in named.out.split()] == [float(row) for row in rows.split()]


@pytest.mark.parametrize(
    "problem",
    [LAYER, IN_COLUMNS, NETWORK, LAYER | {"mean_gradients": True}, NETWORK | {"reduction": "mean"}],
    ids=["layer", "columns", "network", "means", "reduction"],
)
@pytest.mark.parametrize("path", ["r.json", "r.npz", "r.safetensors", "csv", "npy"])
def test_a_saved_result_is_read_as_expected_values(backprop: Run, problem: dict[str, Any], path: str) -> None:
    from backprop_cli.core.solve import solve
    from backprop_cli.load.expected import load_expected
    from backprop_cli.load.problem import load_problem

    write(problem)
    save_format = path if path in ("csv", "npy") else "csv"
    assert backprop("run", "p.json", "--save", path, "--save-format", save_format).status == 0
    solution = solve(load_problem("p.json"))
    expected = load_expected(path, solution.problem)
    assert len(expected) == sum(len(layer.computed) for layer in solution.layers)
    for node, found in expected.items():
        computed = solution.layers[node.layer].computed[node.quantity]
        assert found.values.shape == () if node.quantity == "loss" else found.values.size == computed.size
        assert np.array_equal(found.values.ravel(), computed.ravel()), node


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": "columns", "weight_layout": "in-out"}, "samples: expected the problem's 'columns', got 'rows'"),
        ({"mean_gradients": True}, "mean_gradients: expected the problem's true, got false"),
        ({"loss": "absolute_error"}, "loss_function: expected the problem's 'absolute_error', got 'squared_error'"),
        ({"reduction": "mean"}, "reduction: expected the problem's 'mean', got 'sum'"),
        ({"steps": 2}, "steps: expected the problem's 2, got 1"),
    ],
)
@pytest.mark.parametrize("path", ["r.json", "r.npz", "r.safetensors"])
def test_a_result_of_other_conventions_is_refused(
    backprop: Run, change: dict[str, Any], message: str, path: str
) -> None:
    square = LAYER | {"inputs": [[1, 2], [3, 1]], "weights": [[1, 0], [0, 1]], "biases": [1, 1]}
    square |= {"targets": [[3, 3], [6, 6]]}
    write(square)
    assert backprop("run", "p.json", "--save", path).status == 0
    write(square | change)
    ran = backprop("check", "p.json", "--expect", path)
    assert (ran.status, ran.err) == (3, f"backprop: {path}: {message}\n")


def test_expected_values_of_the_loss_stand_beside_layers(backprop: Run) -> None:
    for expected, message in (
        ({"layers": [{"loss": 1}]}, "expected.layers[0].loss: belongs to no layer (expected beside layers)"),
        ({"dz": [[1]]}, "expected.dz: expected layers here, as the problem has them"),
        ({"los": 1}, "expected.los: no such quantity is computed\nhint: did you mean 'loss'?"),
    ):
        write(NETWORK | {"expected": expected})
        ran = backprop("check", "p.json")
        assert (ran.status, ran.err) == (3, f"backprop: p.json: {message}\n")


@pytest.mark.parametrize("name", ["n.json", "n.npz", "n.safetensors"])
@pytest.mark.parametrize(
    "problem",
    [
        IN_COLUMNS | {"mean_gradients": True},
        {**LAYER, "weights": [[1, 0], [1, 1]], "biases": [0, 0], "activation": "softmax", "targets": [1, 0]}
        | {"loss": "CrossEntropyLoss"},
    ],
    ids=["columns", "classes"],
)
def test_the_next_problem_keeps_the_conventions(backprop: Run, problem: dict[str, Any], name: str) -> None:
    write(problem)
    assert backprop("run", "p.json", "--next", name).status == 0
    first = json.loads(backprop("run", "p.json", "--format", "json").out)
    following = json.loads(backprop("run", name, "--format", "json").out)
    kept = ("weight_layout", "samples", "mean_gradients", "loss_function", "reduction")
    assert [following.get(key) for key in kept] == [first.get(key) for key in kept]
    weights = Path("w.csv")
    weights.write_text("\n".join(",".join(map(repr, row)) for row in first["new_weights"]) + "\n")
    Path("b.csv").write_text(",".join(map(repr, first["new_biases"])) + "\n")
    again = json.loads(backprop("run", "p.json", "--weights", "w.csv", "--biases", "b.csv", "--format", "json").out)
    assert following == again


def test_one_matrix_as_csv_may_be_the_loss(backprop: Run) -> None:
    write(LAYER)
    assert backprop("run", "p.json", "--only", "loss", "--format", "csv") == (0, "2.0\n", "")
    assert backprop("run", "p.json", "--save", "r").status == 0
    assert Path("r/loss.csv").read_text() == "2.0\n"


def test_a_dotted_name_is_the_name_of_an_archive(backprop: Run) -> None:
    write(NETWORK)
    dotted = backprop("run", "p.json", "--only", "layers.0.dz,loss", "--format", "json")
    assert dotted == backprop("run", "p.json", "--only", "layers[0].dz,loss", "--format", "json")
    assert json.loads(dotted.out)["layers"] == [{"dz": [[3]]}, {}]


@pytest.mark.parametrize("kind", ["csv", "npy"])
def test_samples_in_columns_of_large_files_give_the_same(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """In blocks of 32 samples, and transposed, the numbers are those of rows in one block."""
    rng = np.random.default_rng(1)
    x, w, t = rng.integers(-4, 5, (100, 3)), rng.integers(-2, 3, (3, 2)), rng.integers(0, 2, (100, 2))

    def save(name: str, array: Any) -> str:
        if kind == "npy":
            np.save(f"{name}.npy", array.astype(float))
        else:
            np.savetxt(f"{name}.csv", array, "%d", delimiter=",")
        return f"{name}.{kind}"

    common = ["run", "--loss", "half_squared_error", "--activation", "relu", "--mean-gradients", "--format", "json"]
    rows = backprop(
        *common, "--inputs", save("x", x), "--weights", save("w", w), "--targets", save("t", t), "--header", "none"
    )
    monkeypatch.setattr("backprop_cli.core.blocks.BLOCK_ROWS", 32)
    files = ["--inputs", save("xt", x.T), "--weights", save("wt", w.T), "--targets", save("tt", t.T)]
    columns = backprop(*common, *files, "--samples-in", "columns", "--header", "none")
    assert (rows.status, columns.status) == (0, 0), columns.err
    mine, theirs = json.loads(columns.out), json.loads(rows.out)
    for name in ("z", "outputs", "upstream", "dz", "dinputs", "dweights", "new_weights"):
        assert np.array_equal(np.transpose(mine[name]), theirs[name]), name
    assert (mine["loss"], mine["dbiases"]) == (theirs["loss"], theirs["dbiases"])


@pytest.mark.parametrize(
    ("neurons", "targets"),
    [(1, [[1], [0]]), (1, [1, 0]), (2, [1, 0]), (2, [[1], [0]]), (2, [[0.5, 0.5], [1, 0]]), (2, [[1, 0], [0, 1]])],
)
def test_targets_are_read_without_a_loss_too(backprop: Run, neurons: int, targets: Any) -> None:
    write({"inputs": [[1], [2]], "weights": [[1] * neurons], "targets": targets})
    assert backprop("run", "p.json", "--only", "z", "--quiet").status == 0


@pytest.mark.parametrize("targets", [[1, 0, 1], [[0, 1, 0]], [[0, 1], [1, 0], [0, 1]]])
def test_targets_are_read_without_the_number_of_samples_too(backprop: Run, targets: Any) -> None:
    neurons = len(targets[0]) if isinstance(targets[0], list) else 2
    write({"weights": [[1] * neurons], "targets": targets, "loss": "cross_entropy", "activation": "softmax"})
    ran = backprop("run", "p.json")
    assert (ran.status, ran.err) == (3, "backprop: p.json: too little was given: z needs inputs\n")


@pytest.mark.parametrize("loss", [2, [2], [[2]], [[2.0]]])
def test_an_expected_loss_is_one_number(loss: Any) -> None:
    from backprop_cli.load.expected import validate_expected
    from backprop_cli.load.schema import build

    (found,) = validate_expected({"loss": loss}, build(NETWORK)).values()
    assert (found.values.shape, float(found.values)) == ((), 2)

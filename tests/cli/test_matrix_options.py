"""`check` and `explain` take what makes a problem, or overrides its file, as options, as `run` does.

The layer is worked by hand: x = [[1, 2], [3, 4]], w = identity, b = 0, linear, upstream = x. So z = outputs = dz =
dinputs = x, dweights = x.T @ x = [[10, 14], [14, 20]], dbiases = [4, 6].
"""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Ran, Run
from tests.process.command import Process, refusal

X = [[1, 2], [3, 4]]
LAYER = {"inputs": X, "weights": [[1, 0], [0, 1]], "biases": [0, 0], "activation": "linear", "upstream": X}
MATRICES = ["--inputs", "x.csv", "--weights", "w.csv", "--biases", "b.csv"]
OF_THE_LAYER = [*MATRICES, "--upstream", "x.csv", "--activation", "linear"]
FILES = {
    "x.csv": "1,2\n3,4\n",
    "w.csv": "1,0\n0,1\n",
    "b.csv": "0,0\n",
    "more.csv": "1,2\n3,4\n5,6\n",
    "out_in.csv": "1,2\n-3,1\n0.5,-1\n",
    "b3.csv": "0.5,-1,2\n",
    "u3.csv": "1,-2,3\n0.5,1,-1\n",
    "numbers.csv": "7,7\n1,2\n3,4\n",
    "classes.csv": "1\n0\n",
    "halves.csv": "0.5,0.25\n1,0.75\n",
}
OUT_IN = [[1, 2], [-3, 1], [0.5, -1]]
HALVES = [[0.5, 0.25], [1, 0.75]]
OF_THREE = ["--inputs", "x.csv", "--weights", "out_in.csv", "--biases", "b3.csv"]
U3 = [[1, -2, 3], [0.5, 1, -1]]


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    Path("p.json").write_text(json.dumps(LAYER))


# What the options are, and the same problem as JSON.
PROBLEMS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "matrices": (OF_THE_LAYER, LAYER),
    "relu": (
        [*MATRICES, "--upstream", "halves.csv"],
        LAYER | {"activation": "relu", "upstream": HALVES},
    ),
    "out-in": (
        [*OF_THREE, "--upstream", "u3.csv", "--weight-layout", "out-in"],
        {"inputs": X, "weights": OUT_IN, "biases": [0.5, -1, 2], "upstream": U3, "weight_layout": "out-in"},
    ),
    "columns": (
        [*OF_THREE, "--upstream", "ones", "--samples-in", "columns"],
        {"inputs": X, "weights": OUT_IN, "biases": [0.5, -1, 2], "upstream": "ones", "samples": "columns"},
    ),
    "z": (
        ["--inputs", "x.csv", "--weights", "w.csv", "--z", "x.csv", "--upstream", "halves.csv", "--activation", "tanh"],
        {"inputs": X, "weights": [[1, 0], [0, 1]], "z": X, "upstream": HALVES, "activation": "tanh"},
    ),
    "loss": (
        [
            *MATRICES,
            "--targets",
            "halves.csv",
            "--loss",
            "squared_error",
            "--reduction",
            "mean",
            "--activation",
            "elu(2)",
        ],
        {key: LAYER[key] for key in ("inputs", "weights", "biases")}
        | {"targets": HALVES, "loss": "squared_error", "reduction": "mean", "activation": "elu(2)"},
    ),
    "classes": (
        [*MATRICES, "--targets", "classes.csv", "--loss", "CrossEntropyLoss", "--activation", "linear"],
        {key: LAYER[key] for key in ("inputs", "weights", "biases")}
        | {"targets": [1, 0], "loss": "CrossEntropyLoss", "activation": "linear"},
    ),
    "means": (
        [*MATRICES, "--targets", "halves.csv", "--loss", "half_squared_error", "--mean-gradients"],
        {key: LAYER[key] for key in ("inputs", "weights", "biases")}
        | {"targets": HALVES, "loss": "half_squared_error", "mean_gradients": True},
    ),
    "no biases": (
        ["--inputs", "x.csv", "--weights", "w.csv", "--upstream", "outputs", "--no-biases"],
        {"inputs": X, "weights": [[1, 0], [0, 1]], "upstream": "outputs"},
    ),
    "steps": (
        [*MATRICES, "--upstream", "outputs", "--learning-rate", "0.125", "--steps", "3", "--activation", "softplus"],
        LAYER | {"activation": "softplus", "upstream": "outputs", "learning_rate": 0.125, "steps": 3},
    ),
    "header": (
        ["--inputs", "numbers.csv", "--weights", "numbers.csv", "--upstream", "numbers.csv", "--header", "skip"],
        {"inputs": X, "weights": X, "upstream": X},
    ),
}
each_problem = pytest.mark.parametrize(("options", "problem"), PROBLEMS.values(), ids=PROBLEMS)


def without_file(ran: Ran) -> tuple[int, str, Any]:
    """Return what `check` found, without the name of the problem."""
    (found,) = json.loads(ran.out)["files"]
    return ran.status, ran.err, {key: value for key, value in found.items() if key != "file"}


@each_problem
@pytest.mark.parametrize("exact", [[], ["--exact"], ["--rounded", "--exact"]], ids=" ".join)
def test_a_check_of_matrices_is_that_of_the_same_problem_in_json(
    backprop: Run, options: list[str], problem: dict[str, Any], exact: list[str]
) -> None:
    Path("same.json").write_text(json.dumps(problem))
    of_options = backprop("check", *options, *exact, "--format", "json")
    assert json.loads(of_options.out)["files"][0]["file"] == "<options>"
    assert without_file(of_options) == without_file(backprop("check", "same.json", *exact, "--format", "json"))
    assert of_options.status == ("--z" in options and "--exact" not in exact)  # it has no finite differences


@each_problem
@pytest.mark.parametrize("output", ["table", "markdown", "json"])
@pytest.mark.parametrize("entry", [[], ["dz[1,0]"]], ids=["walk", "entry"])
def test_an_explanation_of_matrices_is_that_of_the_same_problem_in_json(
    backprop: Run, options: list[str], problem: dict[str, Any], output: str, entry: list[str]
) -> None:
    Path("same.json").write_text(json.dumps(problem))
    of_options = backprop("explain", *options, *entry, "--format", output)
    assert of_options == backprop("explain", "same.json", *entry, "--format", output)
    assert (of_options.status, of_options.err) == (0, "")


@each_problem
def test_options_override_a_file_for_all_commands(backprop: Run, options: list[str], problem: dict[str, Any]) -> None:
    """The file has other numbers of every kind, and biases that `--no-biases` drops."""
    other = {"inputs": [[9, 9]], "weights": [[9], [9]], "biases": [9], "learning_rate": 9}
    Path("other.json").write_text(json.dumps(other))
    Path("same.json").write_text(json.dumps({"learning_rate": 9} | problem))
    options = [*options, *["--no-biases"] * ("biases" not in problem)]
    for command in "check", "explain", "run":
        overridden, plain = (
            backprop(command, *argv, "--format", "json") for argv in (["other.json", *options], ["same.json"])
        )
        expected = plain.out.replace("same.json", "other.json")
        status = command == "check" and "--z" in options
        assert (overridden.status, overridden.out, overridden.err) == (status, expected, plain.err)


@pytest.mark.parametrize("entry", ["dweights[0,1]", "layers[0].dweights[0,1]", "layers.0.dweights[0, 1]"])
@pytest.mark.parametrize("is_last", [True, False])
def test_beside_matrices_a_single_argument_may_be_the_entry(backprop: Run, entry: str, is_last: bool) -> None:
    """dweights[0,1] = 1 * 2 + 3 * 4."""
    ran = backprop("explain", *([*OF_THE_LAYER, entry] if is_last else [entry, *OF_THE_LAYER]))
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("dweights[0,1] = 14\n")


def test_beside_matrices_a_single_argument_may_be_the_problem(backprop: Run) -> None:
    Path("dz").write_text(json.dumps(LAYER))
    Path("layers[0].z.json").write_text(json.dumps(LAYER))
    for path in "p.json", "layers[0].z.json", "./dz":
        ran = backprop("explain", path, "--inputs", "halves.csv", "z[1,1]")
        assert ran.out.startswith("z[1,1] = 0.75\n")
        assert "\nz = inputs @ weights + biases" in backprop("explain", path, "--inputs", "halves.csv").out
    assert backprop("explain", "dz").status == 0  # without matrices it is always the problem


@pytest.mark.parametrize(
    ("argument", "status", "said"),
    [
        ("dz[:,2]", 2, "dz[0,2]: dz has 2 rows (0 to 1) and 2 columns (0 to 1)"),
        ("dz[2,0]", 2, "dz[2,0]: dz has 2 rows (0 to 1) and 2 columns (0 to 1)"),
        ("weights", 2, "weights is given, not computed"),
        ("dzz[0,0]", 2, "no quantity is called 'dzz'"),
        ("dz[0", 2, "'dz[0' is no entry (expected one like dweights[2,1], counted from 0)"),
        ("layers.1.dz[0,0]", 2, "there is no layers[1].dz (the problem has 1 layer, numbered from 0)"),
        ("missing.json", 3, "missing.json: cannot read: no such file or directory"),
        ("missing", 3, "missing: cannot read: no such file or directory"),
    ],
)
def test_an_argument_is_an_entry_by_its_form(backprop: Run, argument: str, status: int, said: str) -> None:
    assert refusal(backprop("explain", *OF_THE_LAYER, argument), status).startswith(f"backprop: {said}")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["check", "p.json", "p.json", "--inputs", "x.csv"], "--inputs is for one problem, got 2"),
        (
            ["check", "p.json", "p.json", "--z", "x.csv", "--inputs", "x.csv"],
            "--inputs and --z are for one problem, got 2",
        ),
        (["check", "--activation", "relu"], "there is nothing to check (expected a PROBLEM, or matrices)"),
        (["check", "--upstream", "ones"], "there is nothing to check (expected a PROBLEM, or matrices)"),
        (["check", "--expect", "x.csv"], "there is nothing to check (expected a PROBLEM, or matrices)"),
        (["explain", "--upstream", "ones"], "there is nothing to explain (expected a PROBLEM, or matrices)"),
        (["check", *MATRICES, "--no-biases"], "--biases and --no-biases exclude each other"),
        (["explain", *MATRICES, "--no-biases"], "--biases and --no-biases exclude each other"),
        (
            ["check", "p.json", "--upstream", "ones", "--targets", "x.csv"],
            "--upstream and --targets exclude each other",
        ),
        (["explain", "p.json", "--upstream", "ones", "--loss", "mse"], "--upstream and --loss exclude each other"),
        (["check", *MATRICES, "--reduction", "mean"], "--reduction needs a loss (expected --loss NAME, too)"),
        (["check", "p.json", "--activation", "rleu"], "--activation: expected relu, leaky_relu,"),
        (["explain", "p.json", "--loss", "mes"], "--loss: "),
        (
            ["check", "--inputs", "-", "--weights", "-"],
            "standard input (-) can be read once, and --inputs and --weights both",
        ),
        (["check", "-", "--inputs", "-"], "standard input (-) can be read once, and PROBLEM and --inputs both name it"),
        (
            ["check", "--inputs", "-", "--expect", "-"],
            "standard input (-) can be read once, and --expect and --inputs both",
        ),
        (["check", "net.json", "--weights", "w.csv"], "--weights: the problem has 2 layers, each with its own weights"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(backprop: Run, argv: list[str], said: str) -> None:
    layer = {"weights": [[1]], "biases": [0]}
    Path("net.json").write_text(json.dumps({"inputs": [[1]], "layers": [layer, layer], "upstream": "ones"}))
    assert refusal(backprop(*argv), 2).startswith(f"backprop: {said}")


def test_values_that_are_no_matrices_override_several_files(backprop: Run) -> None:
    Path("q.json").write_text(json.dumps(LAYER | {"expected": {"dbiases": [2, 2]}}))
    ran = backprop("check", "q.json", "q.json", "--upstream", "ones", "--activation", "linear")
    assert (ran.status, ran.out.count("expected values 2 of 2")) == (0, 2)


@pytest.mark.parametrize("command", ["check", "explain"])
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--inputs", "more.csv"], "x.csv: upstream: "),
        (["--inputs", "b3.csv"], "w.csv: weights: "),
        (["--weights", "missing.csv"], "missing.csv: cannot read: no such file or directory"),
        (["--inputs", "huge.csv", "--weights", "huge.csv"], "z[0,0]: overflows float64"),
    ],
)
def test_an_error_names_the_file_of_the_matrix(backprop: Run, command: str, argv: list[str], said: str) -> None:
    Path("huge.csv").write_text("1e200,0\n0,1\n")
    ran = backprop(command, *OF_THE_LAYER, *argv)
    assert (ran.status, ran.err.partition("\n")[0].startswith(f"backprop: {said}")) == (3, True), ran.err


def test_an_error_in_what_the_problem_expects_names_the_problem(backprop: Run) -> None:
    Path("q.json").write_text(json.dumps(LAYER | {"expected": {"z": "x"}}))
    ran = backprop("check", "q.json", "--z", "x.csv")
    assert (ran.status, ran.err) == (3, "backprop: q.json: expected.z: expected numbers, got 'x'\n")


@pytest.mark.parametrize("options", [[], ["--exact"], ["--rounded"], ["--rounded", "--exact"]], ids=" ".join)
@pytest.mark.parametrize("text", ["1,2\n3,4\n", "1\t2\n3\t4\n", "[[1, 2], [3, 4]]"], ids=["csv", "tsv", "json"])
def test_a_matrix_may_come_through_a_pipe(process: Process, text: str, options: list[str]) -> None:
    """`--exact` and `--rounded` read each number twice, and a pipe can be read once only."""
    argv = [*OF_THE_LAYER, "--inputs", "-"]
    Path("e.json").write_text('{"dweights": [[10, 14], [14, 20]]}')
    ran = process("check", *argv, *options, "--expect", "e.json", input=text.encode())
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"ok    <options>  expected values 4 of 4")
    explained = process("explain", *argv, "dweights[1,1]", *options[1:], input=text.encode())
    assert explained.stdout.startswith(b"dweights[1,1] = 20\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("name", ["x", "x.npy"])
def test_a_matrix_may_come_through_a_named_pipe(backprop: Run, tmp_path: Path, name: str) -> None:
    pipe = tmp_path / "pipes" / name
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    np.save("saved.npy", np.array(X))
    content = Path("saved.npy").read_bytes() if name == "x.npy" else b"1,2\n3,4\n"
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    ran = backprop("check", *OF_THE_LAYER, "--inputs", pipe, "--exact")
    writer.join()
    assert (ran.status, ran.err) == (0, "")


QUANTITIES = {
    "z": X,
    "outputs": X,
    "dz": X,
    "dinputs": X,
    "dweights": [[10, 14], [14, 20]],
    "dbiases": [4, 6],
    "new_biases": [-0.004, -0.006],
}


def as_csv(path: str, values: Any) -> None:
    rows = values if isinstance(values[0], list) else [values]
    between = "\t" if path.endswith(".tsv") else ","
    Path(path).write_text("".join(between.join(map(str, row)) + "\n" for row in rows))


def as_json(path: str, values: Any) -> None:
    Path(path).write_text(json.dumps(values))


def as_npy(path: str, values: Any) -> None:
    np.save(path, np.array(values, float))


WRITERS: dict[str, Callable[[str, Any], None]] = {".csv": as_csv, ".tsv": as_csv, ".json": as_json, ".npy": as_npy}


@pytest.mark.parametrize("ending", [*WRITERS, ".CSV"])
@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("prefix", ["", "layers[0].", "layers.0."])
def test_a_single_matrix_is_expected_by_its_name(backprop: Run, quantity: str, ending: str, prefix: str) -> None:
    Path("golden").mkdir()
    path = f"golden/{prefix}{quantity}{ending}"
    right = np.array(QUANTITIES[quantity])
    WRITERS[ending.lower()](path, right.tolist())
    ran = backprop("check", "p.json", "--expect", path)
    assert (ran.status, ran.err) == (0, "")
    assert f"expected values {right.size} of {right.size}" in ran.out
    right.flat[-1] += 1
    WRITERS[ending.lower()](path, right.tolist())
    ran = backprop("check", "p.json", "--expect", path, "--format", "json")
    assert ran.status == 1
    (verdict,) = json.loads(ran.out)["files"]
    assert (list(verdict["expected"]), verdict["expected"][quantity]["different"]) == ([quantity], 1)


@pytest.mark.parametrize("name", ["layers[1].dz.csv", "layers.1.dz.npy", "layers[1].dz.json"])
def test_a_matrix_of_a_layer_of_a_network(backprop: Run, name: str) -> None:
    """The upstream of a last layer that is linear is its dz."""
    layer = {"weights": [[2]], "biases": [0], "activation": "linear"}
    Path("net.json").write_text(json.dumps({"inputs": [[1]], "layers": [layer, layer], "upstream": [[3]]}))
    for value, status in (3, 0), (4, 1):
        WRITERS[os.path.splitext(name)[1]](name, [[value]])
        ran = backprop("check", "net.json", "--expect", name)
        assert (ran.status, ran.err) == (status, "")
        assert ("layers[1].dz[0,0] is wrong: yours 4, correct 3" in ran.out) is bool(status)


@pytest.mark.parametrize("name", ["dz.csv", "layers[0].dz.csv"])
def test_the_layer_of_a_network_of_one_layer_may_be_left_out(backprop: Run, name: str) -> None:
    layer = {"weights": [[2]], "biases": [0], "activation": "linear"}
    Path("net.json").write_text(json.dumps({"inputs": [[1]], "layers": [layer], "upstream": [[3]]}))
    as_csv(name, [[3]])
    ran = backprop("check", "net.json", "--expect", name)
    assert (ran.status, "expected values 1 of 1" in ran.out) == (0, True)


@pytest.mark.parametrize("name", ["loss.csv", "loss.json", "loss.npy"])
@pytest.mark.parametrize(("value", "status"), [(30, 0), (31, 1)])
def test_a_loss_in_a_file_of_one_number(backprop: Run, name: str, value: float, status: int) -> None:
    """The sum of the squares 1 + 4 + 9 + 16 of the differences from targets of 0."""
    Path("zero.csv").write_text("0,0\n0,0\n")
    if name.endswith(".csv"):
        Path(name).write_text(f"{value}\n")
    elif name.endswith(".json"):
        Path(name).write_text(f" {value}")
    else:
        np.save(name, np.array(float(value)))
    ran = backprop("check", "p.json", "--targets", "zero.csv", "--loss", "squared_error", "--expect", name)
    assert (ran.status, ran.err) == (status, "")


NAMES = "z, outputs, loss, losses, upstream, dz, dinputs, dweights, dbiases, new_weights or new_biases"


@pytest.mark.parametrize(
    ("problem", "name", "text", "said"),
    [
        ("p", "x.csv", "1,2\n3,4\n", f"x.csv: 'x' is no quantity (a matrix file is named after its own: {NAMES})"),
        ("p", "dW.csv", "1\n", f"dW.csv: 'dW' is no quantity (a matrix file is named after its own: {NAMES})\n"
         "hint: give dW as dweights"),
        ("p", "g.json", "[[1]]", f"g.json: 'g' is no quantity (a matrix file is named after its own: {NAMES})"),
        ("p", "weights.csv", "1\n", "weights.csv: 'weights' is no quantity (a matrix file is named after its own:"
         f" {NAMES})"),
        ("p", "layers[1].dz.csv", "1\n", "layers[1].dz.csv: layers[1].dz: the problem has 1 layer, numbered from 0"),
        ("net", "layers[2].dz.csv", "1\n", "layers[2].dz.csv: layers[2].dz: the problem has 2 layers, numbered from 0"),
        ("net", "dz.csv", "1\n", "dz.csv: of which layer is dz? The problem has 2 (expected a name from layers[0].dz to"
         " layers[1].dz)"),
        ("net", "layers[1].loss.csv", "1\n", "layers[1].loss.csv: loss belongs to no layer (expected the name loss)"),
        ("p", "dz.csv", "1,x\n", "dz.csv:1:2: expected a number, got 'x'"),
        ("p", "dz.txt", "1 2\n", "dz.txt: unknown file type '.txt' (expected .json, .npz, .safetensors, .csv, .tsv"
         " or .npy)\nhint: a table of spaces"
         " becomes a .csv with awk -v OFS=, '{$1=$1} 1', or np.savetxt with delimiter=\",\""),
        ("p", "dz.json", '"x"', "dz.json: expected.dz: expected numbers, got 'x'"),
        ("p", "g.json", '"x"', "g.json: expected a result (an object), got 'x'\nhint: a matrix is read from a file"
         " that is named after its quantity, such as dweights.csv"),
        ("p", "dz.json", None, "dz.json: cannot read: no such file or directory"),
        ("p", "dz.csv", None, "dz.csv: cannot read: no such file or directory"),
    ],
)  # fmt: skip
def test_a_single_matrix_that_cannot_be_expected(
    backprop: Run, problem: str, name: str, text: str | None, said: str
) -> None:
    layer = {"weights": [[2]], "biases": [0], "activation": "linear"}
    Path("net.json").write_text(json.dumps({"inputs": [[1]], "layers": [layer, layer], "upstream": [[3]]}))
    Path("golden").mkdir()
    if text is not None:
        Path("golden", name).write_text(text)
    ran = backprop("check", f"{problem}.json", "--expect", f"golden/{name}")
    assert (ran.status, ran.err) == (3, f"backprop: golden/{said}\n")


def test_a_json_object_named_after_a_quantity_is_a_result(backprop: Run) -> None:
    Path("dz.json").write_text('\ufeff {"dbiases": [4, 6]}', encoding="utf-8")
    ran = backprop("check", "p.json", "--expect", "dz.json")
    assert (ran.status, "expected values 2 of 2" in ran.out) == (0, True)


def test_a_single_matrix_is_rounded_as_in_a_folder(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(LAYER | {"inputs": [[1.25, 0], [0, 1]]}))
    for written, status in ("1.2", 0), ("1.3", 0), ("1.1", 1):
        Path("z.csv").write_text(f"{written},0\n0,1\n")
        assert backprop("check", "p.json", "--expect", "z.csv", "--rounded").status == status


def test_a_single_matrix_with_an_index_is_refused_as_in_a_folder(backprop: Run) -> None:
    """pandas writes its column numbers above."""
    Path("dweights.csv").write_text("0,1\n10,14\n14,20\n")
    ran = backprop("check", "p.json", "--expect", "dweights.csv")
    assert (ran.status, "shape (3, 2) does not fit" in ran.err) == (3, True)
    assert backprop("check", "p.json", "--expect", "dweights.csv", "--header", "skip").status == 0


FOLDER = {
    "dbiases.csv": "4,6\n",
    "layers[0].z.csv": "1,2\n3,4\n",
    "README.md": "gradients\n",
    "dweights.txt": "10 14\n14 20\n",
    "inputs.csv": "1,2\n3,4\n",
    "layers.0.weights.csv": "1\n",
    ".hidden.txt": "",
}
NAMED = "backprop: golden: passed over {} (expected names of quantities, such as dweights.csv)\n"


def write_folder(names: dict[str, str]) -> None:
    Path("golden").mkdir(exist_ok=True)
    for name, text in names.items():
        Path("golden", name).write_text(text)


def test_a_folder_says_once_which_files_it_passes_over(backprop: Run) -> None:
    layered = {key: value for key, value in FOLDER.items() if key != "layers[0].z.csv"}
    write_folder(layered)
    Path("golden/more").mkdir()
    named = "README.md, dweights.txt, inputs.csv, layers.0.weights.csv and more/"
    ran = backprop("check", "p.json", "--expect", "golden")
    assert (ran.status, ran.err) == (0, NAMED.format(named))
    assert "expected values 2 of 2" in ran.out
    assert backprop("check", "p.json", "--expect", "golden", "--quiet") == ran._replace(err="")
    Path("golden/script.py").write_text("")
    ran = backprop("check", "p.json", "--expect", "golden")
    assert ran.err == NAMED.format("README.md, dweights.txt, inputs.csv, layers.0.weights.csv and 2 more")
    Path("golden/dbiases.csv").write_text("4,7\n")
    assert backprop("check", "p.json", "--expect", "golden").status == 1


def test_a_saved_folder_has_no_other_files(backprop: Run) -> None:
    backprop("run", "p.json", "--save", "golden")
    backprop("run", "p.json", "--save", "golden_npy", "--save-format", "npy")
    for folder in "golden", "golden_npy":
        ran = backprop("check", "p.json", "--expect", folder)
        assert (ran.status, ran.err) == (0, "")


def test_brackets_of_layers_are_understood_in_a_folder(backprop: Run) -> None:
    layer = {"weights": [[2]], "biases": [0], "activation": "linear"}
    Path("net.json").write_text(json.dumps({"inputs": [[1]], "layers": [layer, layer], "upstream": [[3]]}))
    write_folder({"layers[1].dz.csv": "3\n", "layers.0.dz.csv": "6\n"})
    ran = backprop("check", "net.json", "--expect", "golden")
    assert (ran.status, ran.err, "expected values 2 of 2" in ran.out) == (0, "", True)


@pytest.mark.parametrize(
    ("names", "reason", "hint"),
    [
        (["README.md"], "(passed over README.md)", "a matrix file is named after its quantity, such as dweights.csv"),
        (["a.txt", "inputs.csv"], "(passed over a.txt and inputs.csv)", "a table of spaces becomes a .csv with"),
        (["inputs.csv"], "(passed over inputs.csv)", "a matrix file is named after its quantity, such as dweights.csv"),
    ],
)
def test_a_folder_of_other_files_alone_is_an_error(backprop: Run, names: list[str], reason: str, hint: str) -> None:
    write_folder(dict.fromkeys(names, "1\n"))
    ran = backprop("check", "p.json", "--expect", "golden")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: golden: there are no expected values in it {reason}\nhint: {hint}")


@pytest.mark.parametrize(
    ("name", "meant"), [("dW.csv", "give dW as dweights"), ("dwieghts.npy", "did you mean 'dweights'?")]
)
def test_a_name_that_probably_means_a_quantity_is_not_passed_over(backprop: Run, name: str, meant: str) -> None:
    write_folder({"dbiases.csv": "4,6\n"})
    WRITERS[os.path.splitext(name)[1]](f"golden/{name}", [[10, 14], [14, 20]])
    ran = backprop("check", "p.json", "--expect", "golden")
    assert (ran.status, f"hint: {meant}\n" in ran.err) == (3, True)


@pytest.mark.parametrize("name", ["dbiases.csv", "dbiases.json", "dbiases.npy"])
def test_nan_in_a_single_matrix_is_a_wrong_value(backprop: Run, name: str) -> None:
    if name.endswith(".npy"):
        np.save(name, np.array([4, np.nan]))
    else:
        Path(name).write_text({"dbiases.csv": "4,nan\n", "dbiases.json": "[4, NaN]"}[name])
    ran = backprop("check", "p.json", "--expect", name)
    assert (ran.status, ran.err, "dbiases[1]" in ran.out) == (1, "", True)


def test_null_in_a_single_matrix_is_open(backprop: Run) -> None:
    Path("dbiases.json").write_text("[4, null]")
    ran = backprop("check", "p.json", "--expect", "dbiases.json")
    assert (ran.status, ran.err, "1 right, 0 wrong, 1 open of 2" in ran.out) == (0, "", True)


def test_an_explanation_of_matrices_may_be_exact(backprop: Run) -> None:
    """0.1 * 3 is 0.3 in decimals, and 0.30000000000000004 in float64."""
    Path("tenth.csv").write_text("0.1\n")
    Path("three.csv").write_text("3\n")
    argv = ["--inputs", "tenth.csv", "--weights", "three.csv", "--no-biases", "z[0,0]", "--format", "json"]
    assert json.loads(backprop("explain", *argv, "--exact").out)["value"] == 0.3
    assert json.loads(backprop("explain", *argv).out)["value"] != 0.3

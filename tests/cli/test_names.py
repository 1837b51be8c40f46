"""Names of frameworks and courses: problems, results, expected values, entries and messages in them.

The names come from the code of the frameworks and courses (`tests.foreign`), the numbers from calculations by hand.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.any_problem import any_problem
from tests.conftest import ROOT, Run, sized
from tests.foreign import FOREIGN, problem_in, result_in
from tests.safetensors_files import whole

every_name = pytest.mark.parametrize("name", FOREIGN)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, tree: dict[str, Any]) -> None:
    if path.endswith(".json"):
        Path(path).write_text(json.dumps(tree))
        return
    arrays: Any = {key: np.array(value) for key, value in tree.items()}
    if path.endswith(".npz"):
        np.savez(path, **arrays)
        return
    settings = {key: value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()}
    tensors = {key: array for key, array in sorted(arrays.items()) if array.dtype.kind in "fi" and array.ndim}
    metadata = {key: settings[key] for key in settings if key not in tensors}
    Path(path).write_bytes(whole(tensors, metadata))


def quantities(result: dict[str, Any]) -> dict[str, Any]:
    settings = "schema names learning_rate weight_layout samples mean_gradients loss_function reduction not_computed"
    return {key: value for key, value in result.items() if key not in settings.split()}


@sized("n", 6, 100)
@every_name
@pytest.mark.parametrize("container", ["json", "npz", "safetensors"])
def test_a_problem_in_foreign_names_is_the_same_bit_for_bit(backprop: Run, name: str, container: str, n: int) -> None:
    for seed in range(n):
        problem = any_problem(seed)
        write("ours.json", problem)
        ran = backprop("run", "ours.json", "--format", "json")
        assert ran.status == 0
        ours = json.loads(ran.out)
        file = f"theirs.{container}"
        write(file, problem_in(name, problem))
        ran = backprop("run", file, "--names", name, "--format", "json", "--save", "saved.npz", "-q")
        assert (ran.status, ran.err) == (0, ""), seed
        theirs = json.loads(ran.out)
        assert theirs["names"] == name
        assert quantities(theirs) == result_in(name, quantities(ours)), seed
        # the result that was written, and one in our names, are what the problem expects
        Path("theirs_result.json").write_text(ran.out)
        write("ours_result.json", ours)
        for expected in ("theirs_result.json", "saved.npz", "ours_result.json") if seed % 10 == 0 else ():
            ran = backprop("check", file, "--names", name, "--expect", expected, "-q")
            assert "(to the last bit)" in ran.out, (seed, expected, ran)


# nn.Sequential(Linear(2, 3), ReLU(), Linear(3, 1)): z of the first layer is [5, 11, -0.5], so that its third unit is
# inactive; the last output is 5 + 11 = 16, and its gradient 1.
SEQUENTIAL: dict[str, Any] = {
    "input": [[1, 2]],
    "0.weight": [[1, 2], [3, 4], [-1, 0]],
    "0.bias": [0, 0, 0.5],
    "2.weight": [[1, 1, 2]],
    "2.bias": [0],
    "activation": "relu,linear",
    "grad_output": [[1]],
}
GRADIENTS: dict[str, Any] = {
    "0.weight": [[1, 2], [1, 2], [0, 0]],
    "0.bias": [1, 1, 0],
    "2.weight": [[5, 11, 0]],
    "2.bias": [1],
}
# Samples are columns; Z = W X + b = [-1, -1], dZ = A - Y = [-1, -2], dW = 1/2 dZ X.T, cost = 1/2 (1/2 + 4/2)
COLUMNS: dict[str, Any] = {
    "X": [[1, 3], [2, 4]],
    "W": [[1, -1]],
    "b": [[0]],
    "Y": [[0, 1]],
    "activation": "linear",
    "loss": "half_squared_error",
    "expected": {
        "Z": [[-1, -1]],
        "A": [[-1, -1]],
        "cost": 1.25,
        "dA": [[-1, -2]],
        "dZ": [[-1, -2]],
        "dW": [[-3.5, -5]],
        "db": [[-1.5]],
        "dA_prev": [[-1, -2], [1, 2]],
        "W": [[1.0035, -0.995]],
        "b": [[0.0015]],
    },
}
HAND: dict[str, tuple[str, dict[str, Any]]] = {
    "a state_dict and grads": (
        "pytorch",
        SEQUENTIAL | {"expected": {f"{key}.grad": value for key, value in GRADIENTS.items()}},
    ),
    "gradients under the parameters' names": ("pytorch", SEQUENTIAL | {"expected": GRADIENTS}),
    "grads and the parameters after a step": (
        "pytorch",
        SEQUENTIAL | {"lr": 1, "expected": {"2.bias.grad": [1], "2.bias": [-1], "2.weight": [[-4, -10, 2]]}},
    ),
    "parameters of a module in a module": (
        "pytorch",
        {"input": [[1, 2]], "net.fc.weight": [[3, 4]], "grad_output": [[2]], "expected": {"net.fc.weight": [[2, 4]]}},
    ),
    "a module that is called layers": (
        "pytorch",
        {
            "input": [[1, 2]],
            "layers.0.weight": [[3, 4]],
            "layers.2.weight": [[2]],
            "grad_output": [[1]],
            "expected": {"layers.0.weight": [[2, 4]], "layers.2.weight": [[11]]},
        },
    ),
    "a layer of its own": (
        "pytorch",
        {"input": [[1, 2]], "weight": [[3, 4]], "grad_output": [[2]], "expected": {"weight": [[2, 4]]}},
    ),
    "ten layers and more": (
        "pytorch",
        {
            "input": [[1]],
            **{f"{i}.weight": [[2 if i == 10 else 1]] for i in (10, 0, 2, 4, 6, 8)},
            "grad_output": [[1]],
            "expected": {"0.weight": [[2]], "10.weight": [[1]]},
        },
    ),
    "variables of TensorFlow": (
        "keras",
        {
            "inputs": [[1, 2]],
            "dense/kernel:0": [[1, 0], [0, 1]],
            "dense/bias:0": [0, 0],
            "dense_1/kernel:0": [[3], [4]],
            "upstream": [[1]],
            "expected": {"dense/kernel:0": [[3, 4], [6, 8]], "dense_1/kernel:0": [[1], [2]]},
        },
    ),
    "a tree of parameters": (
        "flax",
        {
            "inputs": [[1, 2]],
            "params": {"Dense_0": {"kernel": [[3], [4]], "bias": [0]}},
            "upstream": [[2]],
            "expected": {"params": {"Dense_0": {"kernel": [[2], [4]], "bias": [2]}}},
        },
    ),
    "a layer of the book": (
        "nnfs",
        {
            "inputs": [[1, 2]],
            "weights": [[3], [-4]],
            "biases": [[0]],
            "dvalues": [[2]],
            "expected": {"z": [[-5]], "output": [[0]], "dweights": [[0], [0]], "dbiases": [[0]]},
        },
    ),
    "objects of the book": (
        "nnfs",
        {
            "X": [[1, 2]],
            "dense1.weights": [[3], [4]],
            "dense1.biases": [[-10]],
            "dense2.weights": [[2]],
            "activation": ["relu", "linear"],
            "dvalues": [[1]],
            "expected": {
                "dense1.output": [[1]],
                "activation1.output": [[1]],
                "activation1.dinputs": [[2]],
                "dense1.dweights": [[2], [4]],
                "dense2.dinputs": [[2]],
                "dense2.weights": [[1.999]],
            },
        },
    ),
    "affine_backward": (
        "cs231n",
        {
            "x": [[1, 2]],
            "w": [[1], [2]],
            "b": [1],
            "dout": [[1]],
            "expected": {"out": [[6]], "dx": [[1, 2]], "dw": [[1], [2]], "db": [1]},
        },
    ),
    "grads of a TwoLayerNet": (
        "cs231n",
        {
            "X": [[1, 2]],
            "W1": [[3], [4]],
            "b1": [0],
            "W2": [[2]],
            "b2": [0],
            "dout": [[1]],
            "expected": {"W1": [[2], [4]], "b1": [2], "W2": [[11]], "b2": [1]},
        },
    ),
    "samples in columns and means": ("deeplearning", COLUMNS),
    "a network of the course": (
        "deeplearning",
        {
            "X": [[1], [2]],
            "W1": [[3, 4]],
            "b1": [[0]],
            "W2": [[2]],
            "b2": [[0]],
            "dAL": [[1]],
            "activation": "relu,linear",
            "expected": {
                "A1": [[11]],
                "AL": [[22]],
                "dA0": [[6], [8]],
                "dA1": [[2]],
                "dA2": [[1]],
                "dW1": [[2, 4]],
                "db1": [[2]],
                "dW2": [[11]],
                "W2": [[1.989]],
            },
        },
    ),
}


def count(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(map(count, tree.values()))
    return int(np.size(tree))


def one_more(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: one_more(value) for key, value in tree.items()}
    return (np.array(tree) + 1).tolist()


@pytest.mark.parametrize("case", HAND.values(), ids=HAND)
@pytest.mark.parametrize("is_in_file", [True, False])
def test_results_by_hand(backprop: Run, case: tuple[str, dict[str, Any]], is_in_file: bool) -> None:
    name, problem = case
    expected = problem["expected"]
    given = {key: value for key, value in problem.items() if key != "expected"}
    if is_in_file:
        write("p.json", {"names": name, **problem})
        ran = backprop("check", "p.json", "-q")
    else:
        write("p.json", given)
        write("e.json", expected)
        ran = backprop("check", "p.json", "--names", name, "--expect", "e.json", "-q")
    assert (ran.status, ran.err) == (0, ""), ran
    assert f"expected values {count(expected)} of {count(expected)} " in ran.out
    write("wrong.json", one_more(expected))
    write("p.json", given)
    ran = backprop("check", "p.json", "--names", name, "--expect", "wrong.json", "-q")
    assert ran.status == 1
    assert "expected values 0 " in ran.out


FC = {"input": [[1, 2]], "fc1.weight": [[3, 4]], "fc2.weight": [[2]], "grad_output": [[1]]}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a gap": ("deeplearning", {"X": [1], "W1": [[1]], "b1": [1], "W3": [[1]]}, "W3: expected W2 (layers are numbered"),
    "a layer 0": ("cs231n", {"X": [1], "W0": [[1]]}, "W0: expected W1 (layers are numbered from 1, without gaps)"),
    "a layer without a number": (
        "deeplearning",
        {"X": [1], "W1": [[1]], "b": [1]},
        "W1: names a layer, and b does not (expected names of one kind)",
    ),
    "layers of both kinds": (
        "pytorch",
        {"input": [1], "0.weight": [[1]], "layers": [{"weights": [[1]]}]},
        "0.weight: names a layer, and layers does not (expected names of one kind)",
    ),
    "weights under both names": (
        "pytorch",
        {"input": [1], "weight": [[1]], "weights": [[1]]},
        "weight: is the same as weights (expected one of them)",
    ),
    "inputs under two names": (
        "deeplearning",
        {"X": [1], "A0": [1], "W1": [[1]]},
        "A0: is the same as X (expected one of them)",
    ),
    "a buffer": ("pytorch", {"input": [1], "0.weight": [[1]], "1.running_mean": [1]}, "1.running_mean: unknown key"),
    "a shape": (
        "pytorch",
        {"input": [[1, 2, 3]], "0.weight": [[1, 2]]},
        "0.weight: shape (1, 2) does not fit the 3 features of input (expected (n_neurons, 3))",
    ),
    "a transposed matrix": (
        "keras",
        {"inputs": [[1, 2]], "dense/kernel": [[1, 2]], "dense_1/kernel": [[1], [2]]},
        "dense/kernel: shape (1, 2) does not fit the 2 features of inputs (expected (2, n_neurons))\n"
        "hint: weights or inputs may be transposed",
    ),
    "a text": ("flax", {"inputs": [1], "Dense_0": {"kernel": [["a"]]}}, "Dense_0.kernel[0][0]: expected a number, got"),
    "too many activations": (
        "pytorch",
        FC | {"activation": "relu,relu,linear"},
        "activation: expected one activation, or one for each of 2 layers, got 3",
    ),
    "an activation that is no text": ("pytorch", FC | {"activation": [1, 2]}, "activation: expected 'relu',"),
    "an unknown activation": ("pytorch", FC | {"activation": "relu,rleu"}, "activation: expected 'relu',"),
    "a layer that is expected": (
        "pytorch",
        FC | {"expected": {"fc3.weight": [[1, 2]]}},
        "expected.fc3.weight: there is no such layer (the problem has 2 layers: fc1 and fc2)",
    ),
    "a quantity of no layer": (
        "deeplearning",
        {"X": [1], "W1": [[1]], "W2": [[1]], "expected": {"dW": [[1]]}},
        "expected.dW: of which of the 2 layers is it?",
    ),
    "the same twice in expected values": (
        "pytorch",
        FC | {"expected": {"fc1.weight.grad": [[1, 2]], "layers": [{"dweights": [[1, 2]]}]}},
        "expected.fc1.weight.grad: is the same as dweights (expected one of them)",
    ),
    "another quantity in expected values": (
        "pytorch",
        FC | {"expected": {"fc1.momentum": [[1, 2]]}},
        "expected.fc1.momentum: no such quantity is computed",
    ),
    "an overflow": ("cs231n", {"x": [1e300], "w": [[1e300]]}, "a[0,0]: overflows"),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_an_error_has_the_place_in_the_names_of_the_file(backprop: Run, row: tuple[str, dict[str, Any], str]) -> None:
    name, problem, message = row
    write("p.json", problem)
    ran = backprop("check" if "expected" in problem else "run", "p.json", "--names", name, "-q")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: p.json: {message}"), ran.err
    assert len(ran.err.splitlines()) <= 2


@pytest.mark.parametrize("names", ["torch", 3])
def test_unknown_names_are_refused(backprop: Run, names: object) -> None:
    write("p.json", FC | {"names": names})
    ran = backprop("run", "p.json")
    known = "'pytorch', 'keras', 'flax', 'nnfs', 'cs231n' or 'deeplearning'"
    got = repr(names)
    assert (ran.status, ran.err) == (3, f"backprop: p.json: names: expected {known}, got {got}\n")


@pytest.mark.parametrize("names", [["pytorch", "keras"], [7.0], [[1, 2]]])
@pytest.mark.parametrize("role", ["problem", "result"])
def test_an_array_of_names_is_refused(backprop: Run, names: object, role: str) -> None:
    write("p.json", FC)
    write("a.npz", FC | {"names": names} if role == "problem" else {"names": names, "fc1.weight.grad": [[2, 4]]})
    command = ["run", "a.npz"] if role == "problem" else ["check", "p.json", "--names", "pytorch", "--expect", "a.npz"]
    ran = backprop(*command)
    assert ran.status == 3
    assert "backprop: a.npz: names: expected 'pytorch', " in ran.err


def test_names_given_twice_in_an_archive_are_refused(backprop: Run) -> None:
    import warnings
    import zipfile

    np.savez("p.npz", input=np.ones((1, 2)), weight=np.ones((1, 2)))
    with warnings.catch_warnings(), zipfile.ZipFile("p.npz", "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("weight.npy", archive.read("weight.npy"))
    ran = backprop("run", "p.npz", "--names", "pytorch")
    assert (ran.status, ran.err) == (3, "backprop: p.npz: weight: the key is given twice\n")


def test_a_file_without_the_option_is_told_whose_names_it_has(backprop: Run) -> None:
    write("p.json", {"X": [[1, 2]], "W1": [[1], [2]]})
    ran = backprop("run", "p.json")
    assert ran.err == (
        "backprop: p.json: unknown keys X and W1\n"
        "hint: give X as inputs; X and W1 are names of --names cs231n or deeplearning\n"
    )


def test_activations_that_are_not_given_are_told(backprop: Run) -> None:
    write("p.json", FC)
    ran = backprop("run", "p.json", "--names", "pytorch")
    assert (
        ran.err == "backprop: p.json: no activation is given, and relu, linear is taken (--activation names another)\n"
    )
    for option in ("relu,linear", "linear"):
        ran = backprop("run", "p.json", "--names", "pytorch", "--activation", option, "--format", "json")
        assert (ran.status, ran.err) == (0, "")
        assert json.loads(ran.out)["fc1.weight.grad"] == [[2, 4]]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            "--activation relu,linear,relu",
            2,
            "--activation: expected one activation, or one for each of 2 layers, got 3",
        ),
        ("--activation relu,rleu", 2, "--activation: expected relu, leaky_relu,"),
        ("--activation tanh(1),relu", 2, "--activation: tanh takes no parameter, got 'tanh(1)'"),
        ("--only W1", 2, "no quantity is called 'W1' (expected one such as fc1.weight.grad or fc2.weight.grad)"),
        ("--only fc1.hidden", 2, "no quantity is called 'fc1.hidden'"),
        ("--only grad_output,input", 2, "input is given, not computed"),
    ],
)
def test_options_are_refused(backprop: Run, options: str, status: int, message: str) -> None:
    write("p.json", FC)
    ran = backprop("run", "p.json", "--names", "pytorch", *options.split())
    assert ran.status == status
    assert ran.err.startswith(f"backprop: {message}")


def test_a_name_of_others_needs_the_option(backprop: Run) -> None:
    write("p.json", {"inputs": [[1, 2]], "weights": [[3], [4]], "upstream": "ones"})
    ran = backprop("run", "p.json", "--only", "W1")
    assert (ran.status, ran.err.splitlines()[1]) == (2, "hint: it is a name of --names cs231n or deeplearning")


@pytest.mark.parametrize("text", ["fc1.weight.grad", "layers[0].dweights", "layers.0.dweights"])
def test_only_and_entries_take_either(backprop: Run, text: str) -> None:
    write("p.json", FC)
    ran = backprop("run", "p.json", "--names", "pytorch", "-q", "--only", text, "--format", "csv")
    assert ran.out == "2.0,4.0\n"
    ran = backprop("explain", "p.json", f"{text}[0,1]", "--names", "pytorch", "-q")
    assert ran.out.startswith("fc1.weight.grad[0,1] = 4\n")
    assert "fc1.weight.grad[0,1] = sum over samples n of input[n,1] * fc1.dz[n,0]" in ran.out
    assert "fc1.dz[0,0] = fc2.grad_input[0,0] * relu'(fc1.z[0,0]) = 2 * 1 = 2" in ran.out


def test_a_single_argument_beside_matrices_may_be_an_entry(backprop: Run) -> None:
    Path("x.csv").write_text("1,2\n")
    Path("w.csv").write_text("3,4\n")  # out-in, as PyTorch has it
    options = ["--inputs", "x.csv", "--weights", "w.csv", "--upstream", "ones", "--names", "pytorch", "-q"]
    assert backprop("explain", "weight.grad", *options).out.splitlines()[-1].startswith("  weight.grad[0,1]")


def test_tables_speak_the_names(backprop: Run) -> None:
    write("p.json", COLUMNS)
    out = backprop("run", "p.json", "--names", "deeplearning").out
    formulas = [line for line in out.splitlines() if " = " in line]
    assert formulas == [
        "Z (1, 2) = W @ X + b",
        "A (1, 2) = Z",
        "cost = 1.25 = (sum of (A - Y)^2 / 2 over samples and neurons) / 2",
        "dA (1, 2) = A - Y",
        "dZ (1, 2) = dA * 1",
        "dA_prev (2, 2) = W.T @ dZ",
        "dW (1, 2) = dZ @ X.T / 2",
        "db (1,) = (sum of dZ over samples) / 2",
        "W (1, 2) = W - learning_rate * dW",
        "b (1,) = b - learning_rate * db",
    ]


def test_mistakes_speak_the_names(backprop: Run) -> None:
    x, w = [[1, 2], [3, -1], [0.5, 4]], [[1, 2], [0.5, 3]]
    problem = {"x": x, "w": w, "b": [0.25, 1], "dout": [[1, 2], [3, 5], [-2, 1]]}
    write("p.json", problem | {"expected": {"dx": (np.array(problem["dout"]) @ np.array(w)).tolist()}})
    ran = backprop("check", "p.json", "--names", "cs231n", "-q")
    assert "dx as da @ w, not da @ w.T (square weights fit both ways)" in ran.out


def test_a_file_in_the_names_here_keeps_its_conventions(backprop: Run) -> None:
    write("p.json", {"inputs": [[1, 2], [3, 5]], "weights": [[1, 2], [3, 4]], "upstream": "ones"})
    ours = json.loads(backprop("run", "p.json", "--format", "json").out)
    ran = backprop("run", "p.json", "--names", "deeplearning", "--format", "json", "--next", "next.json")
    assert ran.err == ""
    theirs = json.loads(ran.out)
    assert (theirs["weight_layout"], theirs["dW"], theirs["W"]) == ("in-out", ours["dweights"], ours["new_weights"])
    assert json.loads(Path("next.json").read_text())["weights"] == ours["new_weights"]


@pytest.mark.parametrize("ending", ["json", "npz", "safetensors"])
@every_name
def test_the_next_problem_is_in_the_same_names(backprop: Run, name: str, ending: str) -> None:
    for seed in range(5):
        problem = any_problem(seed)
        write("p.json", problem_in(name, problem))
        write("ours.json", problem)
        assert backprop("run", "p.json", "--names", name, "-q", "--next", f"n.{ending}").status == 0
        assert backprop("run", "ours.json", "-q", "--next", "ours_next.json").status == 0
        theirs = json.loads(backprop("run", f"n.{ending}", "-q", "--format", "json").out)
        ours = json.loads(backprop("run", "ours_next.json", "-q", "--format", "json").out)
        assert quantities(theirs) == result_in(name, quantities(ours))


def test_other_names_than_those_of_the_file(backprop: Run) -> None:
    write("p.json", FC | {"names": "pytorch", "expected": {"fc1.weight": [[2, 4]]}})
    result = json.loads(backprop("run", "p.json", "--names", "keras", "-q", "--format", "json").out)
    assert (result["names"], result["dense/dweights"]) == ("keras", [[2, 4]])
    assert "2 of 2" in backprop("check", "p.json", "--names", "keras", "-q").out


@pytest.mark.parametrize(
    ("file", "status", "message"),
    [
        ("2.weigth.csv", 3, "backprop: f: expected.2.weigth: no such quantity is computed\n"),
        ("0.biass.csv", 3, "backprop: f: expected.0.biass: no such quantity is computed\n"),
        ("W1.csv", 3, "backprop: f: expected.W1: no such quantity is computed\nhint: W1 is a name of --names "),
        ("input.csv", 0, "backprop: f: passed over input.csv "),
        ("target.csv", 0, "backprop: f: passed over target.csv "),
        ("remarks.csv", 0, "backprop: f: passed over remarks.csv "),
    ],
)
def test_other_files_in_a_folder(backprop: Run, file: str, status: int, message: str) -> None:
    """What is nearly a name is not left out; what the problem gives is."""
    write("p.json", SEQUENTIAL)
    Path("f").mkdir()
    Path("f/0.weight.csv").write_text("1,2\n1,2\n0,0\n")
    Path("f", file).write_text("1,2\n")
    ran = backprop("check", "p.json", "--names", "pytorch", "--expect", "f")
    assert ran.status == status
    assert ran.err.startswith(message), ran.err


@pytest.mark.parametrize("ending", ["json", "npz"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, None),
        ({"lr": 0.001}, None),
        ({"activation": "relu,relu"}, "layers[1].activation: expected the problem's 'linear', got 'relu'"),
        ({"input": [[1, 3]]}, "inputs[0][1]: expected the problem's 2, got 3"),
        ({"0.bias": [0, 0, 0.75]}, "layers[0].biases[2]: expected the problem's 0.5, got 0.75"),
    ],
)
def test_a_copy_of_the_problem_with_expected_values(
    backprop: Run, ending: str, changed: dict[str, Any], message: str | None
) -> None:
    write("p.json", SEQUENTIAL)
    expected = {"expected": GRADIENTS} if ending == "json" else {f"expected.{key}": GRADIENTS[key] for key in GRADIENTS}
    write(f"e.{ending}", SEQUENTIAL | changed | expected)
    ran = backprop("check", "p.json", "--names", "pytorch", "--expect", f"e.{ending}", "-q")
    assert (ran.status, ran.err.splitlines()[:1]) == (
        (0, []) if message is None else (3, [f"backprop: e.{ending}: {message}"])
    )


@pytest.mark.parametrize("names", ["pytorch", None])
@pytest.mark.parametrize("ending", ["json", "npz"])
def test_gradients_may_say_whose_names_they_have(backprop: Run, names: str | None, ending: str) -> None:
    write("p.json", SEQUENTIAL | ({} if names is None else {"names": names}))
    write(f"e.{ending}", GRADIENTS | {"names": "pytorch"})
    ran = backprop("check", "p.json", "--names", "pytorch", "--expect", f"e.{ending}", "-q")
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("ending", ["json", "npz", "safetensors"])
def test_a_step_alone_is_read_back(backprop: Run, ending: str) -> None:
    write("p.json", SEQUENTIAL | {"lr": 1, "names": "pytorch"})
    assert backprop("run", "p.json", "--only", "0.weight", "--save", f"s.{ending}", "-q").status == 0
    ran = backprop("check", "p.json", "--expect", f"s.{ending}", "-q")
    assert (ran.status, ran.err) == (0, "")
    assert "expected values 6 of 6 (to the last bit)" in ran.out


@pytest.mark.parametrize("layout", ["csv", "npy"])
def test_a_folder_in_their_names_is_read_back(backprop: Run, layout: str) -> None:
    write("p.json", {"inputs": [[1, 2]], "dense/kernel": [[3], [4]], "upstream": "ones"})
    ran = backprop("run", "p.json", "--names", "keras", "-q", "--save", "out", "--save-format", layout)
    assert ran.status == 0
    assert (Path("out") / f"dense.kernel.{layout}").exists()
    ran = backprop("check", "p.json", "--names", "keras", "--expect", "out", "-q")
    assert (ran.status, ran.err) == (0, "")
    matrix = f"out/dense.dweights.{layout}"
    assert "2 of 2" in backprop("check", "p.json", "--names", "keras", "--expect", matrix, "-q").out


# Linear(2, 1), ReLU, Linear(1, 1): gradients [2, 4] and [11]
OURS: dict[str, Any] = {
    "inputs": [[1, 2]],
    "upstream": [[1]],
    "weight_layout": "out-in",
    "layers": [{"weights": [[3, 4]]}, {"weights": [[2]], "activation": "linear"}],
}


@pytest.mark.parametrize(
    ("problem", "names", "expected"),
    [
        (FC, "pytorch", {"module.fc1.weight": [[2, 4]], "module.fc2.weight": [[11]]}),
        (OURS, "pytorch", {"hidden1.weight": [[2, 4]], "hidden2.weight": [[11]]}),
        (OURS, "pytorch", {"10.weight": [[11]], "9.weight": [[2, 4]]}),
        (OURS, "pytorch", {"2.weight": [[11]]}),
        (OURS, None, {"names": "cs231n", "dW1": [[2, 4]], "W2": [[1.989]]}),
        (OURS, "pytorch", {"names": "cs231n", "dW1": [[2, 4]], "W2": [[1.989]]}),
        (OURS, "pytorch", {**OURS, "expected": {"0.weight.grad": [[2, 4]]}}),
        (FC, "pytorch", {**FC, "expected": {"fc1.weight": [[2, 4]]}}),
        (OURS, "pytorch", {"layers": [{"dweights": [[2, 4]]}, {}]}),
        (OURS, "pytorch", {"0.weight.grad": [[2, 4]], "layers": [{}, {"dweights": [[11]]}]}),
    ],
)
def test_layers_of_a_result_are_found(
    backprop: Run, problem: dict[str, Any], names: str | None, expected: dict[str, Any]
) -> None:
    write("p.json", problem)
    write("e.json", expected)
    options = [] if names is None else ["--names", names]
    ran = backprop("check", "p.json", "--expect", "e.json", "-q", *options)
    assert (ran.status, ran.err) == (0, ""), ran


@pytest.mark.parametrize("ending", ["json", "npz", "safetensors"])
def test_a_step_that_was_saved_alone_is_no_gradient(backprop: Run, ending: str) -> None:
    write("p.json", FC)
    ran = backprop("run", "p.json", "--names", "pytorch", "--only", "fc1.weight", "--save", f"step.{ending}", "-q")
    assert ran.status == 0
    ran = backprop("check", "p.json", "--names", "pytorch", "--expect", f"step.{ending}", "-q")
    assert (ran.status, "expected values 2 of 2" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"one.weight": [[2, 4]], "two.weight": [[1]], "three.weight": [[1]]}, "expected.one.weight: there is no such"),
        ({"0.weight.grad": [[2, 4]], "layers": 3}, "expected.layers: expected a list of objects, got 3"),
        ({"0.weight.grad": [[2, 4]], "layers": [3]}, "expected.layers: expected a list of objects, got a list"),
        ({**OURS, "expected": 3}, "expected: expected an object, got 3"),
    ],
)
def test_a_result_that_does_not_fit_is_refused(backprop: Run, expected: dict[str, Any], message: str) -> None:
    write("p.json", OURS)
    write("e.json", expected)
    ran = backprop("check", "p.json", "--names", "pytorch", "--expect", "e.json", "-q")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: e.json: {message}"), ran.err


def test_exact_results_tell_what_was_binary_in_their_names(backprop: Run) -> None:
    write("p.npz", {"x": [[1.0, 2.0]], "w": [[0.5], [0.25]], "dout": [[1.0]]})
    ran = backprop("run", "p.npz", "--names", "cs231n", "--exact", "-q", "--format", "json")
    assert json.loads(ran.out)["binary"] == ["x", "w", "dout"]


def test_an_entry_of_a_single_layer_has_no_number(backprop: Run) -> None:
    write("p.json", {"x": [[1, 2]], "w": [[3], [4]], "dout": [[1]]})
    ran = backprop("explain", "p.json", "W1[0,0]", "--names", "cs231n", "-q")
    assert (ran.status, ran.err[:48]) == (2, "backprop: no quantity is called 'W1' (expected z")


@every_name
def test_answers_to_an_exercise_are_in_its_names(backprop: Run, name: str) -> None:
    write("p.json", {"names": name, "title": "t", **problem_in(name, any_problem(6))})
    asked = backprop("exercise", "p.json", "--format", "json")
    assert asked.status == 0
    assert set(json.loads(asked.out)) >= {"names", FOREIGN[name].of_layer["dz"](0)}
    Path("key.json").write_text(backprop("exercise", "p.json", "--format", "json", "--key").out)
    ran = backprop("check", "p.json", "--expect", "key.json", "-q")
    assert (ran.status, " 0 wrong" in ran.out or ran.out.startswith("ok")) == (0, True), ran
    Path("open.json").write_text(asked.out)
    assert backprop("check", "p.json", "--expect", "open.json", "-q").out.startswith("OPEN")


def test_accept_does_not_write_other_names(backprop: Run) -> None:
    write("p.json", FC | {"names": "pytorch"})
    ran = backprop("check", "p.json", "--accept")
    assert (ran.status, ran.err.splitlines()[0]) == (
        2,
        "backprop: --accept does not write the names of pytorch",
    )


DATA = ROOT / "tests" / "data"
MODEL = (
    *("check", DATA / "sequential.safetensors", "--names", "pytorch", "--loss", "MSELoss", "-q"),
    *("--inputs", DATA / "sequential_inputs.safetensors", "--targets", DATA / "sequential_targets.safetensors"),
)


def test_a_state_dict_with_the_gradients_of_pytorch_passes(backprop: Run) -> None:
    ran = backprop(*MODEL, "--expect", DATA / "sequential_grads.safetensors")
    assert (ran.status, ran.err) == (0, "")
    assert "expected values 35 of 35" in ran.out


@pytest.mark.parametrize(
    ("key", "wrong", "mistake"),
    [
        ("0.weight", lambda g: g["0.weight"].T, "the transpose of 0.weight.grad"),
        ("2.weight", lambda g: g["2.weight"] * 2, "the gradient doubled"),
        ("0.weight", lambda g: g["0.weight"][[1, 0, 2, 3]], "rows"),
        ("0.bias", lambda g: g["0.bias"] / 18, "1/18 times the right values"),
    ],
)
def test_a_mistake_in_gradients_is_named(backprop: Run, key: str, wrong: Any, mistake: str) -> None:
    from backprop_cli.load.safetensors import parse_safetensors

    gradients = {
        name: np.array(value, np.float64)
        for name, value in parse_safetensors((DATA / "sequential_grads.safetensors").read_bytes(), exact=False)
    }
    np.savez("wrong.npz", **{**gradients, key: wrong(gradients)})
    ran = backprop(*MODEL, "--expect", "wrong.npz", "--rtol", "1e-4")
    assert ran.status == 1
    assert mistake in ran.out, ran.out


def test_a_layer_in_the_wrong_layout_is_named(backprop: Run) -> None:
    ran = backprop(*MODEL, "--expect", DATA / "sequential_grads.safetensors", "--weight-layout", "in-out")
    assert ran.status == 3
    assert "2.weight: shape (3, 4) does not fit" in ran.err
    assert "hint: weights or 2.weight may be transposed" in ran.err


def test_a_single_layer_has_no_names_of_layers_to_suggest(backprop: Run) -> None:
    ran = backprop("run", ROOT / "samples" / "dense_relu.json", "--names", "pytorch", "--only", "fc1.weight.grads")
    assert ran.status == 2
    assert ran.err.startswith("backprop: no quantity is called 'fc1.weight.grads' (expected z, outputs,")


def test_an_activation_for_something_that_is_no_layer_leaves_the_error_to_the_layer(backprop: Run) -> None:
    Path("p.json").write_text('{"inputs": [[1]], "layers": [1]}')
    ran = backprop("run", "p.json", "--activation", "relu")
    assert (ran.status, ran.err) == (3, "backprop: p.json: layers[0]: expected a layer (an object), got 1\n")

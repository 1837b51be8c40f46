"""`backprop run`: the JSON result, saved files, and the next problem."""

import contextlib
import io
import json
import os
import stat
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.cli.app import main
from backprop_cli.core import blocks, scratch
from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.load import files as source
from backprop_cli.load.safetensors import contents
from tests.conftest import ROOT, Run
from tests.reference import ExactLayer, ExactNetwork, as_draft, backpropagate

DENSE = ROOT / "samples" / "dense_relu.json"
TWO_LAYERS = ROOT / "samples" / "two_layers.json"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def result(backprop: Run, *argv: object) -> Any:
    ran = backprop("run", *argv, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_a_result_mirrors_a_single_layer(backprop: Run) -> None:
    keys = ["schema", "learning_rate", "weight_layout", *OF_A_LAYER, "not_computed"]
    found = result(backprop, DENSE)
    assert list(found) == keys
    assert found["schema"] == "backprop.result/1"
    assert found["not_computed"] == {}


def test_a_result_mirrors_a_network(backprop: Run) -> None:
    found = result(backprop, TWO_LAYERS, "--only", "layers[0].z,dweights")
    assert list(found) == ["schema", "learning_rate", "weight_layout", "layers", "not_computed"]
    assert [list(layer) for layer in found["layers"]] == [["z", "dweights"], ["dweights"]]


def test_not_computed_names_what_a_quantity_needs(backprop: Run) -> None:
    found = result(backprop, ROOT / "samples" / "dbiases.json", "--only", "dbiases,dweights")
    assert found["not_computed"] == {"dweights": "inputs"}


def test_negative_zero_is_kept_in_machine_formats_only(backprop: Run) -> None:
    Path("p.json").write_text('{"upstream": [[-0, -0.0]], "activation": "linear"}')
    assert backprop("run", "p.json", "--format", "csv", "--only", "dz").out == "-0.0,-0.0\n"
    assert '"dz": [\n    [-0.0, -0.0]\n  ]' in backprop("run", "p.json", "--format", "json").out
    assert "-0" not in backprop("run", "p.json", "--only", "dz").out.splitlines()[-1]


@pytest.mark.parametrize("problem", [DENSE, TWO_LAYERS], ids=lambda path: path.stem)
@pytest.mark.parametrize("target", ["out.json", "out.npz", "out.safetensors", "out", "out/npy"])
def test_saved_files_hold_the_result_bit_for_bit(backprop: Run, problem: Path, target: str) -> None:
    found = result(backprop, problem, "--save", target, *["--save-format=npy"] * (target == "out/npy"))
    layers = found.get("layers", [found])
    expected = {
        (f"layers.{i}.{name}" if "layers" in found else name): np.array(layer[name])
        for i, layer in enumerate(layers)
        for name in OF_A_LAYER
    }
    saved: dict[str, Any]
    match target:
        case "out.json":
            assert json.loads(Path(target).read_text()) == found
            return
        case "out.npz":
            saved = dict(np.load(target))
            assert saved.pop("learning_rate") == 0.001
            assert saved.pop("weight_layout") == "in-out"
        case "out.safetensors":
            metadata, tensors = contents(Path(target).read_bytes())
            saved = dict(tensors)
            assert metadata == {"learning_rate": "0.001", "weight_layout": "in-out"}
        case "out":
            saved = {path.stem: np.loadtxt(path, delimiter=",", ndmin=2) for path in Path(target).glob("*.csv")}
            expected = {name: np.atleast_2d(matrix) for name, matrix in expected.items()}
        case _:
            saved = {path.stem: np.load(path) for path in Path(target).glob("*.npy")}
    assert saved.keys() == expected.keys()
    for name, matrix in saved.items():
        assert matrix.shape == expected[name].shape
        assert (matrix == expected[name]).all()


def test_only_limits_what_is_saved(backprop: Run) -> None:
    result(backprop, DENSE, "--save", "out", "--only", "dz,dbiases")
    assert sorted(path.name for path in Path("out").iterdir()) == ["dbiases.csv", "dz.csv"]


@pytest.mark.parametrize("ending", ["json", "npz", "safetensors"])
@pytest.mark.parametrize("layout", ["in-out", "out-in"])
def test_the_next_problem_is_the_same_after_the_step(backprop: Run, ending: str, layout: str) -> None:
    network = ExactNetwork(
        inputs=[[Fraction(1), Fraction(2)], [Fraction(-3), Fraction(1)]],
        layers=[
            ExactLayer([[Fraction(1), Fraction(-1)], [Fraction(2), Fraction(1)]], [Fraction(0), Fraction(1)], "relu"),
            ExactLayer([[Fraction(3)], [Fraction(-2)]], [Fraction(1)], "linear"),
        ],
        upstream=[[Fraction(1)], [Fraction(2)]],
        learning_rate=Fraction(1, 4),
    )
    Path("p.json").write_text(json.dumps(as_draft(network, layout) | {"title": "a title", "expected": {}}))
    following = f"n.{ending}"
    for current in ("p.json", following):
        ran = backprop("run", current, "--next", following)
        assert ran.status == 0
        assert ran.out.startswith("a title\n")
        for layer, exact in zip(network.layers, backpropagate(network), strict=True):
            layer.weights, layer.biases = exact["new_weights"], exact["new_biases"][0]
    last = result(backprop, following, "--only", "new_weights,new_biases")
    for layer, exact in zip(last["layers"], backpropagate(network), strict=True):
        weights = layer["new_weights"] if layout == "in-out" else np.transpose(layer["new_weights"]).tolist()
        assert weights == exact["new_weights"]
        assert [layer["new_biases"]] == exact["new_biases"]


def test_the_next_problem_keeps_what_was_given_and_drops_what_was_expected(backprop: Run) -> None:
    result(backprop, DENSE, "--lr=0.5", "--next=n.json", "--only", "z")
    before, after = json.loads(DENSE.read_text()), json.loads(Path("n.json").read_text())
    assert after["learning_rate"] == 0.5
    assert "expected" not in after
    for key in ("title", "source", "inputs", "upstream", "activation"):
        assert after[key] == before[key]


def test_an_existing_file_keeps_its_permissions_and_a_link_stays_a_link(backprop: Run) -> None:
    Path("real.json").write_text("old")
    os.chmod("real.json", 0o640)
    os.symlink("real.json", "link.json")
    result(backprop, DENSE, "--save", "link.json")
    assert Path("link.json").is_symlink()
    assert stat.S_IMODE(os.stat("real.json").st_mode) == 0o640
    assert json.loads(Path("real.json").read_text())["schema"] == "backprop.result/1"
    assert sorted(os.listdir()) == ["link.json", "real.json"]


def test_a_new_file_has_the_permissions_of_the_umask(backprop: Run) -> None:
    old = os.umask(0o027)
    try:
        result(backprop, DENSE, "--save", "out.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat("out.json").st_mode) == 0o640


def test_an_error_leaves_no_file(backprop: Run) -> None:
    Path("p.json").write_text('{"inputs": [[1e300]], "weights": [[1e300]], "biases": [0], "upstream": "ones"}')
    assert backprop("run", "p.json", "--save", "out.json", "--next", "n.json").status == 3
    assert backprop("run", DENSE, "--format", "csv", "--save", "out.json").status == 2
    assert os.listdir() == ["p.json"]


def test_the_same_run_writes_the_same_bytes(backprop: Run) -> None:
    for ending in ("npz", "safetensors"):
        for name in ("a", "b"):
            result(backprop, DENSE, "--save", f"{name}.{ending}")
        assert Path(f"a.{ending}").read_bytes() == Path(f"b.{ending}").read_bytes()


def test_main_prints_to_a_redirected_standard_output() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["run", str(DENSE), "--format", "csv", "--only", "dbiases"]) == 0
    assert printed.getvalue().startswith("15.11,")


def test_the_longest_possible_file_name_can_be_written(backprop: Run) -> None:
    name = "n" * 250 + ".json"
    result(backprop, DENSE, "--next", name)
    assert os.listdir() == [name]


def test_an_error_in_a_given_z_names_its_file(backprop: Run) -> None:
    Path("z.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    assert backprop("run", DENSE, "--z", "z.csv", "--next", "n.json").err.startswith("backprop: z.csv: z: belongs")


def test_exact_values_of_binary_numbers_are_announced(backprop: Run) -> None:
    """0.1 in binary is not 0.1, and an archive does not say which was meant."""
    np.savez("p.npz", upstream=[[0.1]], activation="linear")
    page = backprop("run", "p.npz", "--exact", "--only", "dz").out
    assert page.startswith("exact values of the binary numbers in upstream, where no decimals were written\n")
    assert "0.1000000000000000055511151231257827021181583404541015625" in page


@pytest.mark.parametrize(
    ("problem", "needs"),
    [
        ({"upstream": "ones", "activation": "linear"}, "dz needs inputs or z, for the number of samples"),
        ({"inputs": [[1]], "upstream": "ones", "activation": "linear"}, "dz needs weights, for the number of neurons"),
        (
            {"inputs": [[1]], "layers": [{"biases": [1]}, {}], "upstream": "ones"},
            "layers[1].weights, for the number of neurons",
        ),
    ],
)
def test_ones_need_a_shape(backprop: Run, problem: dict[str, Any], needs: str) -> None:
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("run", "p.json", "--only", "dz")
    assert ran.status == 3
    assert needs in ran.err


@pytest.mark.parametrize(("n_layers", "last", "more"), [(8, 1, ""), (9, 3, ", 2 more")])
def test_the_needs_of_deep_networks_are_listed_in_part(backprop: Run, n_layers: int, last: int, more: str) -> None:
    layers = [{"activation": "linear", **({} if i else {"z": [[1]]})} for i in range(n_layers)]
    Path("p.json").write_text(json.dumps({"layers": layers}))
    result = json.loads(backprop("run", "p.json", "--format", "json").out)
    weights = "".join(f", layers[{i}].weights" for i in range(n_layers - 1, last - 1, -1))
    assert result["not_computed"]["layers[0].dz"] == f"upstream{weights}{more}"


def test_a_given_z_is_marked_as_given(backprop: Run) -> None:
    Path("p.json").write_text('{"z": [[1, -2]]}')
    assert backprop("run", "p.json").out.startswith("z (1, 2) = as given\n")


@pytest.mark.parametrize("layered", [False, True], ids=["layer", "network"])
def test_results_do_not_depend_on_the_size_of_chunks_and_blocks(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, layered: bool
) -> None:
    """Integers, whose sums are exact: in temporary files, in blocks of a row or two, in chunks of a row."""
    rng = np.random.default_rng(5)
    layer = {"weights": rng.integers(-3, 4, (3, 3)).tolist(), "biases": [1, 0, -1]}
    rest = {"inputs": rng.integers(-9, 10, (11, 3)).tolist(), "upstream": "outputs", "learning_rate": 1}
    Path("p.json").write_text(json.dumps({**rest, **({"layers": [layer, layer]} if layered else layer)}))
    for name, dtype in (("f.npy", ">f4"), ("x.npy", "<f8")):
        np.save(name, np.asfortranarray(rest["inputs"], dtype))
    Path("x.csv").write_text("\n".join(",".join(map(str, row)) for row in np.load("x.npy").tolist()))

    def everything(folder: str) -> list[Any]:
        runs = [
            backprop("run", "p.json", *options, "--format", output, "--save", f"{folder}/{save}", "--only", only)
            for options in ([], ["--inputs", "x.npy"], ["--inputs", "f.npy"], ["--inputs", "x.csv"])
            for output, only in (("json", "z,dz,dinputs,dweights,new_biases"), ("table", "z,dweights"))
            for save in ("r.json", "r.npz", "r.safetensors", "csv", "npy")
        ]
        assert {ran.status for ran in runs} == {0}
        return [runs, {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*.*")}]

    Path("whole").mkdir()
    Path("parts").mkdir()
    whole = everything("whole")
    for module, name, value in (
        (scratch, "FILE_BYTES", 1),
        (scratch, "CHUNK_NUMBERS", 1),
        (blocks, "BLOCK_ROWS", 2),
        (source, "FIRST_CHUNK", 16),
        (source, "CHUNK", 16),
    ):
        monkeypatch.setattr(module, name, value)
    assert everything("parts") == whole


SINGLE = {"inputs": [[0.1, 2], [3, -0.7]], "weights": [[0.3, 1], [-1, 0.9]], "biases": [0.2, 1], "upstream": "outputs"}


def test_float32_results_equal_numpy_and_say_so(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(SINGLE))
    x, w, b = (np.array(SINGLE[name], np.float32) for name in ("inputs", "weights", "biases"))
    z = x @ w + b
    dz = np.where(z > 0, z, np.float32(0))
    expected = {"z": z, "dz": dz, "dweights": x.T @ dz, "dinputs": dz @ w.T, "dbiases": dz.sum(axis=0)}
    expected["new_biases"] = b - np.float32(0.001) * expected["dbiases"]
    ran = backprop("run", "p.json", "--dtype", "float32", "--format", "json", "--save", "r.npz", "--next", "n.json")
    result = json.loads(ran.out)
    assert list(result)[:3] == ["schema", "dtype", "learning_rate"]
    assert (result["dtype"], result["learning_rate"]) == ("float32", 0.001)
    with np.load("r.npz") as saved:
        for name, value in expected.items():
            assert np.array(result[name], np.float32).tobytes() == value.tobytes()
            assert saved[name].dtype == np.float32
            assert saved[name].tobytes() == value.tobytes()
    assert json.loads(Path("n.json").read_text())["inputs"] == x.tolist()
    assert backprop("run", "p.json", "--dtype", "float32").out.startswith("computed in float32\n\n")
    assert "float32" not in backprop("run", "p.json").out
    page = backprop("run", "p.json", "--dtype", "float32", "--only", "z", "--precision", "17").out
    assert page.splitlines()[-2].split() == ["sample", "0", "-1.77", "2.9"]  # and not 2.9000000953674316
    Path("r.json").write_text(ran.out)
    assert backprop("check", "p.json", "--expect", "r.json").status == 0
    assert backprop("check", "p.json", "--expect", "r.npz").status == 0
    assert backprop("run", "p.json", "--dtype", "float32", "--save", "r.safetensors").status == 0
    tensors = contents(Path("r.safetensors").read_bytes()).tensors
    assert {name: tensors[name].tobytes() for name in expected} == {k: v.tobytes() for k, v in expected.items()}
    assert backprop("check", "p.json", "--expect", "r.safetensors").status == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1e39", "p.json: inputs[0][1]: 1e+39 is out of the range of float32\n"),
        ("3e38", "p.json: z[0,0]: overflows float32 (its largest number is about 3.4e+38)\n"),
    ],
)
def test_float32_overflow_is_an_error(backprop: Run, text: str, said: str) -> None:
    Path("p.json").write_text(f'{{"inputs": [[1, {text}]], "weights": [[2], [2]], "biases": [0]}}')
    ran = backprop("run", "p.json", "--dtype", "float32")
    assert (ran.status, ran.err) == (3, f"backprop: {said}")


def test_float32_and_exact_exclude_each_other(backprop: Run) -> None:
    ran = backprop("run", "p.json", "--dtype", "float32", "--exact")
    assert (ran.status, ran.err) == (2, "backprop: --exact and --dtype float32 exclude each other\n")


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<i8", "<f2"])
@pytest.mark.parametrize("option", ["float32", "float64"])
def test_matrices_of_any_type_are_converted_to_dtype(backprop: Run, dtype: str, option: str) -> None:
    np.save("u.npy", np.array([[1.5, -2], [3, 0.25]]).astype(dtype))
    argv = ["run", "--upstream", "u.npy", "--activation", "linear", "--only", "dz", "--dtype", option]
    assert backprop(*argv, "--save", "s", "--save-format", "npy").status == 0
    saved = np.load("s/dz.npy")
    assert saved.dtype == option
    assert saved.tolist() == np.load("u.npy").tolist()


@pytest.mark.parametrize("kind", ["csv", "npy"])
def test_an_error_in_the_last_row_leaves_no_output(backprop: Run, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(source, "FIRST_CHUNK", 64)
    monkeypatch.setattr(source, "CHUNK", 64)
    Path("z.csv").write_text("1,2\n" * 999 + "1,2x\n")
    z = np.ones((1000, 2))
    z[999, 1] = np.nan
    np.save("z.npy", z)
    before = sorted(os.listdir())
    ran = backprop("run", "--z", f"z.{kind}", "--upstream", "ones", "--save", "out", "--next", "next.json")
    place = "z.csv:1000:2: expected a number" if kind == "csv" else "z.npy: z[999][1]: expected a finite number"
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith(f"backprop: {place}, got ")
    assert sorted(os.listdir()) == before

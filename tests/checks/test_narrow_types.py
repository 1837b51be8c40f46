"""Right results in a narrow type pass, in whatever order they were added up, and wrong ones fail.

The expected values come from `tests.kernels`, which adds up term by term in the narrow type.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS, Precision, type_name
from backprop_cli.core.quantities import Node, every_node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.files import read
from backprop_cli.load.safetensors import contents
from backprop_cli.load.schema import build
from backprop_cli.render import safetensors
from tests.conftest import ROOT, Run, sized
from tests.kernels import ORDERS, narrow_layer, random_layer
from tests.safetensors_files import whole

SHAPES = [(8, 4, 3), (64, 3, 2), (64, 16, 8), (1024, 8, 4), (8192, 3, 2), (65_536, 3, 2)]
MANY_ROWS = 5000  # in full size only
FACTORS = {"float64": 1 + 1e-6, "float32": 1.0005, "float16": 1.01, "bfloat16": 1.01}
SHARES = {"float64": 1e-6, "float32": 1e-3, "float16": 0.02, "bfloat16": 0.02}  # of the largest entry
GRADIENTS = ("dinputs", "dweights", "dbiases")


def checked(solution: Solution, values: Mapping[str, Array], stored: Precision) -> tuple[QuantityCheck, ...]:
    expected = {
        Node(0, name): Expected(values=array, is_open=np.zeros(array.shape, bool), stored=stored)
        for name, array in values.items()
    }
    return check_expected(solution, expected, Tolerance())


def passed(found: tuple[QuantityCheck, ...]) -> bool:
    return all(quantity.passed for quantity in found)


def wrong_values(right: Array, stored: Precision, rng: np.random.Generator) -> list[Array]:
    """Return values with a uniform factor, and with one wrong entry."""
    typo = right.copy()
    typo.flat[rng.integers(typo.size)] += SHARES[stored.name] * np.abs(right).max() * rng.choice([-1, 1])
    wrong = [stored.round(FACTORS[stored.name] * right), stored.round(typo)]
    return [values for values in wrong if not np.array_equal(values, right)]  # where all units are inactive


def one_layer(stored: Precision, shape: tuple[int, int, int], seed: int, *, as_stored: bool) -> None:
    """Check one layer in all ways; the problem has the numbers of the program, or those before they were stored."""
    rng = np.random.default_rng(seed)
    given = random_layer(rng, *shape)
    narrow = {name: stored.round(array) for name, array in given.items()}
    solution = solve(build(narrow if as_stored else given))
    for order in ORDERS:
        right = narrow_layer(given, stored, order)
        found = checked(solution, right, stored)
        assert passed(found), (order, [quantity for quantity in found if not quantity.passed])
    for name in GRADIENTS:
        for values in wrong_values(right[name], stored, rng):
            assert not passed(checked(solution, right | {name: values}, stored)), name


@pytest.mark.parametrize("as_stored", [True, False], ids=["as stored", "as written"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PRECISIONS)
@sized("n_layers", 1, 200)
def test_right_layers_pass_and_wrong_ones_fail(
    n_layers: int, name: str, shape: tuple[int, int, int], as_stored: bool
) -> None:
    if n_layers > 1 or shape[0] < MANY_ROWS:
        for seed in range(n_layers):
            one_layer(PRECISIONS[name], shape, seed, as_stored=as_stored)


@pytest.mark.parametrize(("name", "factor"), [("float32", 1.0005), ("float16", 1.01)])
def test_a_uniform_factor_shows_with_many_rows(name: str, factor: float) -> None:
    stored = PRECISIONS[name]
    given = random_layer(np.random.default_rng(0), 16_384, 3, 2)
    solution = solve(build(given))
    right = narrow_layer(given, stored, "one after the other")
    for gradient in ("dweights", "dbiases"):
        assert passed(checked(solution, {gradient: right[gradient]}, stored))
        assert not passed(checked(solution, {gradient: stored.round(factor * right[gradient])}, stored))


def test_a_factor_within_the_allowance_of_every_entry_shows_in_the_whole_array() -> None:
    """In bfloat16, a dz that was stored may be off by 0.4 %, and a sum of it, entry by entry, by several times that."""
    stored = PRECISIONS["bfloat16"]
    rng = np.random.default_rng(0)
    draft: dict[str, Any] = {
        "inputs": rng.standard_normal((64, 30)),
        "layers": [
            {"weights": rng.standard_normal((30, 30)), "biases": np.zeros(30), "activation": "linear"},
            {"weights": rng.standard_normal((30, 30)) / 6, "biases": np.zeros(30), "activation": "linear"},
        ],
        "upstream": rng.standard_normal((64, 30)),
    }
    solution = solve(build(draft))
    right = solution.layers[0].computed["dweights"]
    for factor, good in ((1.0, True), (1.03, False)):
        values = Expected(values=stored.round(factor * right), is_open=np.zeros(right.shape, bool), stored=stored)
        (found,) = check_expected(solution, {Node(0, "dweights"): values}, Tolerance())
        assert found.passed == good
        assert found.whole is not None
        assert found.whole.factor == pytest.approx(factor, rel=1e-3)
        assert found.different < found.entries


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("upstream", [0.1, 0.3, 0.7, 1.3])
def test_entries_that_are_all_alike_are_rounded_alike(name: str, upstream: float) -> None:
    """The same number in every row is off by the same part in every row, and nothing cancels out."""
    stored, n = PRECISIONS[name], 1000
    given = {"inputs": np.full((n, 3), 0.9), "weights": np.full((3, 2), 0.1), "biases": np.full(2, 0.2)}
    draft = given | {"upstream": np.full((n, 2), upstream)}
    right = narrow_layer({key: stored.round(array) for key, array in draft.items()}, stored, "pairwise")
    found = checked(solve(build(draft)), right, stored)
    assert passed(found), [quantity for quantity in found if not quantity.passed]


def test_the_numbers_of_the_problem_in_the_type_of_the_program_are_reported() -> None:
    given = random_layer(np.random.default_rng(0), 64, 3, 2)
    right = narrow_layer(given, PRECISIONS["float16"], "pairwise")
    solution = solve(build(given))
    assert {found.numbers_in for found in checked(solution, right, PRECISIONS["float16"])} == {"float16"}


def test_numbers_too_large_for_the_type_are_compared_as_they_are() -> None:
    """65,536 overflows float16; the program cannot have read it in that type."""
    draft = {"inputs": [[65_536, 0.1]], "weights": [[0], [1]], "biases": [0], "upstream": "ones"}
    solution = solve(build(draft))
    stored = PRECISIONS["float16"]
    (found,) = checked(solution, {"z": np.array([[0.2]])}, stored)
    assert (found.passed, found.numbers_in) == (False, None)


def test_numbers_that_a_loss_refuses_in_the_type_are_compared_as_they_are() -> None:
    """1e-9 is 0 in float16, and log(0) is an error; the problem itself is fine."""
    draft = {"inputs": [[1e-9, 1]], "weights": [[1, 0], [0, 1]], "activation": "linear"}
    solution = solve(build(draft | {"targets": [[1, 0]], "loss": "cross_entropy"}))
    (found,) = checked(solution, {"dz": np.array([[-9.0, 9]])}, PRECISIONS["float16"])
    assert (found.passed, found.numbers_in) == (False, None)


def test_values_that_do_not_overflow_float64_may_overflow_their_type() -> None:
    """1e5 overflows float16; the program stored infinity, which is a wrong value."""
    solution = solve(build({"inputs": [[1e5]], "weights": [[1]], "biases": [0]}), every_node(1)[:2])
    (found,) = checked(solution, {"z": np.array([[np.inf]])}, PRECISIONS["float16"])
    assert (found.passed, found.different) == (False, 1)


TORCH = ROOT / "tests" / "data" / "torch"  # made by `tests.make_torch_goldens`
TORCH_NETWORKS = {
    "float32_30_layers": [],
    "float32_60_layers": [],
    "float16_2_layers": ["--stored", "float16"],
    "bfloat16_2_layers": ["--stored", "bfloat16"],
}


@pytest.mark.parametrize(("name", "options"), TORCH_NETWORKS.items())
def test_gradients_of_pytorch_pass(name: str, options: list[str], backprop: Run) -> None:
    golden = TORCH / f"{name}_expected.npz"
    ran = backprop("check", TORCH / f"{name}.npz", "--expect", golden, "--samples", "1", *options)
    assert (ran.status, ran.err) == (0, "")
    assert "undecided" not in ran.out


WRONG = [
    ("float32_30_layers", "layers.0.dweights", 1.0005),
    ("float32_60_layers", "layers.50.dweights", 1.0005),
    ("float16_2_layers", "layers.1.dweights", 1.01),
    ("float16_2_layers", "layers.0.dweights", 1.01),
    ("bfloat16_2_layers", "layers.1.dweights", 1.02),
]


@pytest.mark.parametrize(("name", "key", "factor"), WRONG)
def test_wrong_gradients_of_pytorch_fail(name: str, key: str, factor: float, backprop: Run, tmp_path: Path) -> None:
    with np.load(TORCH / f"{name}_expected.npz") as golden:
        arrays = dict(golden)
    arrays[key] = (factor * arrays[key]).astype(np.float32)
    np.savez(tmp_path / "wrong.npz", **arrays)
    ran = backprop(
        "check", TORCH / f"{name}.npz", "--expect", tmp_path / "wrong.npz", "--samples", "1", *TORCH_NETWORKS[name]
    )
    assert ran.status == 1


PARTS = ("", "_inputs", "_targets", "_grads")  # of `tests/data/sequential*.safetensors`


def stored_by_type(name: str, path: Path, key: str = "", factor: float = 1.0) -> None:
    """Write the gradients of PyTorch as safetensors, in the type that they had there, one of them times a factor."""
    kind = name.partition("_")[0]
    with np.load(TORCH / f"{name}_expected.npz") as golden:
        arrays = {each: golden[each] for each in golden if each != "weight_layout"}
    if key:
        arrays[key] = PRECISIONS[kind].round(factor * arrays[key].astype(np.float64)).astype(np.float32)
    narrow = {each: array.astype("float32" if kind == "bfloat16" else kind) for each, array in arrays.items()}
    path.write_bytes(whole(narrow, {"weight_layout": "out-in"}, bfloat16=kind == "bfloat16"))


@pytest.mark.parametrize("name", TORCH_NETWORKS)
def test_safetensors_bring_their_type(name: str, backprop: Run, tmp_path: Path) -> None:
    """The same gradients as in NPZ, without the option that names the type."""
    stored_by_type(name, tmp_path / "e.safetensors")
    ran = backprop("check", TORCH / f"{name}.npz", "--expect", tmp_path / "e.safetensors", "--samples", "1")
    assert (ran.status, ran.err) == (0, "")
    assert "undecided" not in ran.out
    assert f" ulp of {name.partition('_')[0]}" in ran.out


@pytest.mark.parametrize(("name", "key", "factor"), WRONG)
def test_wrong_gradients_in_safetensors_fail(name: str, key: str, factor: float, backprop: Run, tmp_path: Path) -> None:
    stored_by_type(name, tmp_path / "e.safetensors", key, factor)
    ran = backprop("check", TORCH / f"{name}.npz", "--expect", tmp_path / "e.safetensors", "--samples", "1")
    assert (ran.status, ran.err) == (1, "")


@pytest.mark.parametrize("name", ["sequential", "sequential_bfloat16"])
@pytest.mark.parametrize("factor", [1.0, 1.02])
def test_a_sequential_of_pytorch_in_files_of_the_package(
    backprop: Run, tmp_path: Path, name: str, factor: float
) -> None:
    """Its tensors under the names here; `0.weight` is the layer's, out-in, and what is wrong is found."""
    parts = {part: contents(read(str(TORCH.parent / f"{name}{part}.safetensors"))).tensors for part in PARTS}
    names = {"0.weight": "layers.0.{}weights", "0.bias": "layers.0.{}biases"}
    names |= {"2.weight": "layers.1.{}weights", "2.bias": "layers.1.{}biases"}
    tensors = {names[key].format(""): array for key, array in parts[""].items()}
    metadata = {"weight_layout": "out-in", "loss": "MSELoss", "layers.1.activation": "linear"}
    write(tmp_path / "p.safetensors", {**tensors, **parts["_inputs"], **parts["_targets"]}, metadata)
    gradients = {names[key].format("d"): array for key, array in parts["_grads"].items()}
    stored = PRECISIONS[type_name(gradients["layers.0.dweights"])]
    wrong = stored.round(factor * gradients["layers.0.dweights"].astype(np.float64)).astype(np.float32)
    gradients["layers.0.dweights"] = wrong.view(type(gradients["layers.0.dweights"]))
    write(tmp_path / "e.safetensors", gradients, {})
    ran = backprop("check", tmp_path / "p.safetensors", "--expect", tmp_path / "e.safetensors")
    assert (ran.status, ran.err) == (0 if factor == 1 else 1, "")


def write(path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    with path.open("wb") as file:
        safetensors.safetensors(file, tensors, metadata)


def test_a_transposed_gradient_is_named_where_a_unit_is_inactive() -> None:
    """The right values of an inactive unit are exactly 0, and allow nothing: those of a mistake there are rounded."""
    problem = build(
        {
            "inputs": [[1.1, 0.7, 0.4], [0.3, 1.9, 2.3]],
            "weights": [[0.9, -1.3, 0.2], [0.37, -0.71, 1.4], [0.6, -0.2, 0.5]],
            "upstream": [[0.77, 0.31, 0.47], [0.59, 0.83, 1.21]],
        }
    )
    solution = solve(problem)
    right = solution.layers[0].computed["dweights"]
    assert right[:, 1].tolist() == [0, 0, 0]  # z of neuron 1 is negative for both samples
    stored = right.T.astype(np.float32)
    own = np.where(stored == 0, 0, np.nextafter(stored, np.float32(9))).astype(np.float64)  # off by one rounding
    expected = Expected(values=own, is_open=np.zeros(own.shape, bool), stored=PRECISIONS["float32"])
    (found,) = check_expected(solution, {Node(0, "dweights"): expected}, Tolerance())
    assert found.explanations == ("the transpose of dweights",)

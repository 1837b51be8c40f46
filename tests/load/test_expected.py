"""Expected values are validated when `check` asks for them, and every error names its own file."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.errors import InputError
from backprop_cli.load.expected import load_expected, validate_expected
from backprop_cli.load.schema import build
from tests.conftest import Run

LAYER = {"upstream": [[1, 2]], "activation": "linear"}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ([[1, 2]], "float64"),
        (np.array([[1, 2]]), "float64"),
        (np.array([[1, 2]], ">f4"), "float32"),
        (np.array([[1, 2]], np.float16), "float16"),
        (np.array([[1.0, 2.0]]), "float64"),
    ],
)
def test_values_are_float64_and_remember_their_type(raw: Any, name: str) -> None:
    ((node, expected),) = validate_expected({"dz": raw}, build(LAYER)).items()
    assert node == Node(0, "dz")
    assert (expected.values.dtype.name, expected.values.tolist()) == ("float64", [[1, 2]])
    assert expected.stored.name == name


def test_rounded_values_keep_their_digits() -> None:
    values = validate_expected({"dz": [[Decimal("1.0"), Decimal("2.50")]]}, build(LAYER), rounded=True)
    assert [str(value) for value in values[Node(0, "dz")].values.flat] == ["1.0", "2.50"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[Decimal(1), "x"]], "expected.dz[0][1]: expected a number, got 'x'"),
        (np.ones((1, 2)), "expected.dz: rounded values have to be written as text, not in binary"),
    ],
)
def test_a_value_that_cannot_be_rounded_is_named(raw: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        validate_expected({"dz": raw}, build(LAYER), rounded=True)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("raw", "values", "is_open"),
    [
        ([[1, None]], [[1, 0]], [[False, True]]),
        (None, 0, True),
        ([float("inf"), None], [float("inf"), 0], [False, True]),
        (np.array([[1, -np.inf]]), [[1, -np.inf]], [[False, False]]),
        (np.array([[1, -np.inf]], np.float16), [[1, -np.inf]], [[False, False]]),
        (np.array(np.inf), np.inf, False),
    ],
)
def test_null_is_open_and_infinity_a_value(raw: Any, values: Any, is_open: Any) -> None:
    (expected,) = validate_expected({"dz": raw}, build(LAYER)).values()
    assert (expected.values.tolist(), expected.is_open.tolist()) == (values, is_open)
    assert expected.stored.name == (raw.dtype.name if isinstance(raw, np.ndarray) else "float64")


def test_rounded_values_may_be_open_or_not_finite() -> None:
    raw = [[None, Decimal("1e309")]]
    (expected,) = validate_expected({"dz": raw}, build(LAYER), rounded=True).values()
    assert (expected.values.tolist(), expected.is_open.tolist()) == ([[0, Decimal("inf")]], [[True, False]])
    assert expected.not_finite.tolist() == [[False, True]]


def test_a_result_in_float32_is_float32() -> None:
    """0.1 in float32 is 0.10000000149."""
    Path("r.json").write_text('{"dtype": "float32", "dz": [[0.1, 2]], "not_computed": {}}')
    expected = load_expected("r.json", build(LAYER))[Node(0, "dz")]
    assert (expected.stored.name, expected.values.tolist()) == ("float32", [[float(np.float32(0.1)), 2]])


def test_settings_of_a_result_may_be_of_any_type() -> None:
    np.savez("r.npz", dtype=np.ones(2), dz=[[1, 2]])
    assert load_expected("r.npz", build(LAYER))[Node(0, "dz")].stored.name == "float64"
    np.savez("r.npz", weight_layout=np.ones(2), dz=[[1, 2]])
    with pytest.raises(InputError) as refused:
        load_expected("r.npz", build(LAYER))
    assert str(refused.value) == "r.npz: weight_layout: expected the problem's 'in-out', got an array of shape (2,)"


@pytest.mark.parametrize("expected", [{"dz": "x"}, {"dx": 1}, {"layers": 3}])
def test_run_ignores_what_is_expected(backprop: Run, expected: Any) -> None:
    Path("p.json").write_text(json.dumps(LAYER))
    plain = backprop("run", "p.json")
    Path("p.json").write_text(json.dumps(LAYER | {"expected": expected}))
    assert backprop("run", "p.json") == plain
    assert backprop("check", "p.json").status == 3


@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"]])
def test_an_error_names_the_file_in_which_it_is(backprop: Run, options: list[str]) -> None:
    Path("p.json").write_text(json.dumps(LAYER | {"expected": {"dz": [["x", 2]]}}))
    Path("good.json").write_text('{"dz": [[1, 2]]}')
    Path("bad.json").write_text('{"dz": [[1, true]]}')
    Path("worse.json").write_text('{"upstream": [[1]], "activation": "linear", "expected": {"dz": [[true]]}}')
    for argv, line in (
        (["p.json"], "p.json: expected.dz[0][0]: expected a number, got 'x'"),
        (["p.json", "--expect", "bad.json"], "bad.json: expected.dz[0][1]: expected a number, got true"),
        (["worse.json", "--expect", "no.json"], "no.json: cannot read: no such file or directory"),
    ):
        ran = backprop("check", *argv, *options)
        assert (ran.status, ran.err) == (3, f"backprop: {line}\n")
    Path("p.json").write_text('{"inputs": [[1e200]], "weights": [[1e200]], "biases": [0]}')
    ran = backprop("check", "p.json", "--expect", "good.json")
    assert ran.err.startswith("backprop: p.json: z[0,0]: overflows float64")

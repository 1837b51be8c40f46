"""Numbers of every format: exact ones, of any length, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core import scratch
from backprop_cli.errors import InputError
from backprop_cli.load.json_of_tools import cure_of
from backprop_cli.load.numbers import Kind, describe, to_array
from tests.conftest import Run


def test_exact_takes_integers_from_every_format_as_they_are(backprop: Run) -> None:
    """2**53 + 1, which float64 does not hold."""
    Path("u.json").write_text("[[9007199254740993]]")
    Path("u.csv").write_text("9007199254740993\n")
    np.save("u.npy", np.array([[2**53 + 1]]))
    for name in ("u.json", "u.csv", "u.npy"):
        ran = backprop("run", "--upstream", name, "--activation=linear", "--exact", "--format=csv", "--only=dz")
        assert ran.out == "9007199254740993\n"


@pytest.mark.parametrize(
    ("literal", "shown", "rounded"),
    [
        ("1e300", "1e+300", "1e+300"),
        ("1.23456789e-350", "1.23456789e-350", "1.235e-350"),
        ("0." + 4400 * "3", None, "0.333"),
        ("1e10000000000000000000", "refused", "refused"),
        ("1e-10000000000000000000", "refused", "refused"),
    ],
)
def test_exact_numbers_of_any_length(backprop: Run, literal: str, shown: str | None, rounded: str) -> None:
    Path("u.csv").write_text(f"{literal}\n")
    Path("q.json").write_text(f'{{"upstream": [[{literal}]], "activation": "linear"}}')
    options = ["--exact", "--only=dz"]
    for problem in (["q.json"], ["--upstream=u.csv", "--activation=linear"]):
        full = backprop("run", *problem, *options, "--format=csv")
        page = backprop("run", *problem, *options, "--precision=3")
        if shown == "refused":
            assert full.status == page.status == 3
            assert "out of the range of exact arithmetic" in full.err
        else:
            assert full.out.strip() == (shown or literal)
            assert page.out.split()[-1] == rounded


@pytest.mark.parametrize(
    ("value", "shape"), [(1, ()), ([1, 2.5], (2,)), ([[1], [2]], (2, 1)), (np.ones((2, 3), ">i4"), (2, 3))]
)
def test_numbers_become_a_read_only_array_of_float64(value: Any, shape: tuple[int, ...]) -> None:
    array = to_array(value, "z")
    assert (array.dtype.name, array.shape, array.flags.writeable) == ("float64", shape, False)
    assert array.tolist() == np.asarray(value).tolist()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, True], "z[1]: expected a number, got true"),
        ([[1], [None]], "z[1][0]: expected a number, got null"),
        ([[1], 2], "z[1]: expected a row, got 2"),
        ([[]], "z[0]: no numbers in it"),
        (np.array([[1, 1e300]]), "z[0][1]: 1e+300 is out of the range of float32"),
        (np.array(1e300), "z: 1e+300 is out of the range of float32"),
    ],
)
def test_a_number_that_is_refused_is_named(value: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        to_array(value, "z", "float32")
    assert str(refused.value) == message


def with_one(dtype: str, number: float) -> Any:
    """Return zeros with one other number, which is not in the first chunk."""
    array = np.zeros((10, 2), dtype)
    array[7, 1] = number
    return array


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (with_one("f8", np.nan), "expected a finite number, got nan"),
        (with_one("f4", np.inf), "expected a finite number, got inf"),
        (with_one("f8", 1e300), "1e+300 is out of the range of float32"),
        (with_one("i8", 2**53 + 1), "the integer 9007199254740993 is not a float64 number (the nearest is 90071992547"),
        (with_one("u8", 2**64 - 1), "the integer 18446744073709551615 is not a float64 number (the nearest is 1844674"),
        (with_one("i8", -(2**53) - 1), "the integer -9007199254740993 is not a float64 number (the nearest is -90071"),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_a_number_in_a_later_chunk_is_refused_at_its_place(
    monkeypatch: pytest.MonkeyPatch, value: Any, message: str, flat: bool
) -> None:
    monkeypatch.setattr(scratch, "CHUNK_NUMBERS", 4)
    kind: Kind = "float32" if "float32" in message else "float64"
    with pytest.raises(InputError) as refused:
        to_array(value.ravel() if flat else value, "z", kind)
    assert str(refused.value).startswith(f"{'z[15]' if flat else 'z[7][1]'}: {message}")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (False, "false"),
        ([1], "a list"),
        ({}, "an object"),
        (1.5, "1.5"),
        ("a" * 40, repr("a" * 40)),
        ("a" * 41, repr("a" * 37 + "...")),
    ],
)
def test_a_value_in_a_message(value: Any, words: str) -> None:
    assert describe(value) == words


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        (
            {"shape": [2], "data": [1, 2], "stride": [1]},
            "write the data as a list of rows, without its shape beside it",
        ),
        (
            {"mathjs": "DenseMatrix", "data": [[1]], "size": [1, 1]},
            "write the data as a list of rows, without its shape beside it",
        ),
        ({"columns": ["a"], "index": [0], "data": [[1]]}, "take the list of rows out of it: jq .data"),
        ({"inputs": [[1]], "weights": [[1]]}, "a problem is for PROBLEM, without an option before it"),
        ({"weights": [[1]]}, "take the list out of it: jq .weights"),
        ({"a": [1], "b": [2]}, 'a matrix is a list of rows: to_json(orient="values") in pandas writes one'),
        (
            {"0": 1.5, "1": 2},
            'a row is a list of numbers: to_json(orient="values") in pandas, Array.from(row) in JavaScript',
        ),
        ("-1.5e3", "write it without quotes"),
        ("[[1, 2],\n [3, 4]]", "write it without quotes"),
        ("1,5", None),
        ("ones", None),
        ({"name": "a"}, None),
        ({"a": 1, "b": [2]}, None),
        ({}, None),
        ([1], None),
    ],
)
def test_an_object_of_another_tool_is_answered_with_the_cure(value: Any, cure: str | None) -> None:
    assert cure_of(value, "layers[0].weights") == cure

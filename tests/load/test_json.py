"""JSON: what is stricter than Python's json module, and numbers that keep their value."""

from decimal import Decimal
from typing import Any

import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2.5, -3e2]", [1, 2.5, -300.0]),
        ('{"a": {"b": [null, true, "x"]}}', {"a": {"b": [None, True, "x"]}}),
        ("\ufeff[1]", [1]),
        ("1e300", 1e300),
        (f"{10**250}", 10**250),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    assert json.parse(text.encode()) == value


def test_negative_zero_keeps_its_sign() -> None:
    assert [str(number) for number in json.parse(b"[-0, -0.0, 0]")] == ["-0.0", "-0.0", "0"]


def test_exact_numbers_keep_their_digits() -> None:
    assert str(json.parse(b"[0.10, 1]", exact=True)) == str([Decimal("0.10"), Decimal(1)])


@pytest.mark.parametrize("literal", ["NaN", "-Infinity", "1e400", "9" * 400])
def test_a_literal_that_is_no_float64_is_no_number(literal: str) -> None:
    """It stays in the tree, for an error with its place."""
    (value,) = json.parse(f"[{literal}]".encode())
    assert not isinstance(value, int | float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "a: the key is given twice"),
        ('[{"b": {"c": 1, "c": 1}}]', "[0].b.c: the key is given twice"),
        ("[1 2]", "1:4: not JSON: expecting ',' delimiter"),
        ("  ", "the file is empty (expected JSON)"),
        ("[" * 10**5, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        json.parse(text.encode())
    assert str(refused.value) == message

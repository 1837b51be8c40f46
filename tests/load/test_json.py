"""JSON: what is stricter than Python's json module, and numbers that keep their value."""

from decimal import Decimal
from typing import Any

import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import json

NUMBERS = "numbers are written like -1.5, 0.5 or 2e-3"


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
        ("[1 2]", "1:4: not JSON: expected a comma or ], got '2'"),
        ("  ", "the file is empty (expected JSON)"),
        ("[" * 10**5, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        json.parse(text.encode())
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[1,]", "1:3: a comma before ]", "remove the comma"),
        ('{"a": [1 , \n] }', "1:10: a comma before ]", "remove the comma"),
        ('{"a": {"b": 1,}}', "1:14: a comma before }", "remove the comma"),
        ("[1,,2]", "1:4: expected a value, got ','", None),
        ("[,1]", "1:2: expected a value, got ','", None),
        ('{,"a": 1}', "1:2: expected a key in double quotes, got ','", None),
        ("['a']", "1:2: ' in place of a double quote", 'keys and texts stand in double quotes: "inputs"'),
        (
            "{\u201ca\u201d: 1}",
            "1:2: \u201c in place of a double quote",
            'keys and texts stand in double quotes: "inputs"',
        ),
        ("[1, # one\n2]", "1:5: a comment, which JSON does not have", "remove it"),
        ("/* a */ [1]", "1:1: a comment, which JSON does not have", "remove it"),
        ("[1] # one", "1:5: a comment, which JSON does not have", "remove it"),
        ("1/2", "1:1: expected a number, got '1/2'", NUMBERS),
        ("[2, -1/2]", "1:5: expected a number, got '-1/2'", NUMBERS),
        ("[-.5]", "1:2: expected a number, got '-.5'", NUMBERS),
        ("[5.]", "1:2: expected a number, got '5.'", NUMBERS),
        ("[01.5]", "1:2: expected a number, got '01.5'", NUMBERS),
        ("[0x10]", "1:2: expected a number, got '0x10'", NUMBERS),
        ("[1_000]", "1:2: expected a number, got '1_000'", NUMBERS),
        ("[50%]", "1:2: expected a number, got '50%'", NUMBERS),
        ("[1, nan]", "1:5: expected a finite number, got 'nan'", None),
        ("[-inf]", "1:2: expected a finite number, got '-inf'", None),
        ("[True]", "1:2: expected a value, got 'True'", "JSON has true for it"),
        ("[array([1])]", "1:2: expected a value, got 'array'", "in Python, json.dumps(X.tolist()) writes an array"),
        ("[1;2]", "1:3: expected a comma or ], got ';'", None),
        ('{"a": [1, 2], "]": {} "b": 2}', "1:23: expected a comma or }, got a text", None),
        ("[[1], {}}", "1:9: expected a comma or ], got '}'", None),
        ("[1, [2]", "1:8: the text ends before its last bracket is closed", None),
        ('{"a": 1,', "1:9: the text ends before its last bracket is closed", None),
        ("[1]]", "1:4: one ] too many", None),
        ("[1],]", "1:4: ',' after the end of the value", None),
        (
            "1,2\n3,4\n",
            "1:2: numbers without brackets around them",
            "a table with commas between its cells is named .csv",
        ),
        ("[1,2]\n[3,4]\n", "2:1: several values, one on each line", "make one list of them: jq -s '.'"),
        ("1\n2\n", "2:1: several values, one on each line", "make one list of them: jq -s '.'"),
        ('{"a":1}\n{"a":2}\n', "2:1: several values, one on each line", "make one list of them: jq -s 'map([.[]])'"),
        (r'["\x"]', "1:3: a backslash that escapes nothing", r"write \\ for a backslash"),
        ('["a\tb"]', "1:4: a line break or a tab inside a text", r"write \n or \t for it"),
    ],
)
def test_what_is_wrong_with_json_is_said_in_plain_words(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError) as refused:
        json.parse(text.encode())
    assert (str(refused.value).replace("not JSON: ", ""), refused.value.hint) == (message, hint)


def test_every_slip_in_a_text_is_named() -> None:
    """A character is lost, or another one comes in, anywhere; the error has a line and a column within the text."""
    text = '{"a": [1.5, -2e3, "x\\"]"], "b": {"c": [[null], []]},\n "d": true}'
    slips = {
        text[:i] + char + text[i + lost :]
        for i in range(len(text))
        for lost in (0, 1)
        for char in ["", *"]},:/'.0 x\"\n"]
    }
    outside = []
    for slip in slips:
        lines = slip.split("\n")
        try:
            json.parse(slip.encode())
        except InputError as error:
            line, column = error.line or 1, error.column or 1
            if line > len(lines) or not 1 <= column <= len(lines[line - 1]) + 1:
                outside.append((slip, str(error)))
    assert not outside

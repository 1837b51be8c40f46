"""Texts that are no CSV are named where they begin; other delimiters, and delimiters too many, in a hint."""

import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import csv
from backprop_cli.load.files import HeaderMode

BRACKETS = "this is an array in brackets (JSON, or an array that was printed), not CSV"
PRINTED = "this is an array that was printed, not CSV"
DRAWN = "this is a table that was drawn, not CSV"


def refused(text: str, delimiter: str = ",") -> InputError:
    with pytest.raises(InputError) as error:
        csv.parse([text.encode()], delimiter)
    return error.value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[ 0.1 -1.25]\n [ 1.5  0.7]]\n", BRACKETS),
        ("\n[[0.1, -1.25],\n [1.5, 0.7]]\n", BRACKETS),
        ("[0.1 -1.25; 2 3]\n", BRACKETS),
        ("[nan, 1]\n", BRACKETS),
        ("[1] 0.5 0.25\n", PRINTED),
        ("     [,1] [,2]\n[1,]  0.1    2\n", PRINTED),
        ("array([[1., 2.],\n       [3., 4.]])\n", PRINTED),
        ("tensor([[1., 2.]])\n", PRINTED),
        ("<tf.Tensor: shape=(1, 2), dtype=float32, numpy=array([[1., 2.]])>\n", PRINTED),
        ("Tensor\n     [[1.5],\n      [2]]\n", PRINTED),
        ("X =\n\n   1   2\n   3   4\n", PRINTED),
        ("ans =\n   1   2\n", PRINTED),
        ("2\u00d72 Matrix{Float64}:\n 1.0  2.0\n 3.0  4.0\n", PRINTED),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", DRAWN),
        ("+---+---+\n| a | b |\n", DRAWN),
        ("\u250c\u2500\u252c\u2500\u2510\n", DRAWN),
        ("# Created by Octave 7.3.0\n# name: X\n", "this is Octave's text format, not CSV"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "none"])
@pytest.mark.parametrize("size", [3, 1000])
def test_it_is_named_where_it_begins(text: str, reason: str, mode: HeaderMode, size: int) -> None:
    data = text.encode()
    with pytest.raises(InputError) as error:
        csv.parse([data[i : i + size] for i in range(0, len(data), size)], ",", mode=mode)
    line = 1 + len(text) - len(text.lstrip("\n"))
    assert (error.value.line, error.value.column, error.value.reason) == (line, 1, reason)
    assert error.value.hint


@pytest.mark.parametrize("text", ["Tensor\n1\n", "X\n1\n", "|x|,|y|\n1,2\n", "[x],[y]\n1,2\n", "arrays,tensor\n1,2\n"])
def test_names_like_these_are_a_header(text: str) -> None:
    assert csv.parse([text.encode()], ",")[1] == tuple(text.partition("\n")[0].split(","))


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('"a";"b"\n1;2\n', "1", "semicolons"),
        ('"1,5";"2"\n', "1", "semicolons"),
        ("x;y\n1,5;2\n", "2:2", "semicolons"),
        ("1,5;2\n", "1:2", "semicolons"),
        ("1;2\n", "1:1", "semicolons"),
        ('"a" "b"\n"1" 2 3\n', "1", "spaces"),
        ("1 2 3\n", "1:1", "spaces"),
        ("a b c\nx 1 2\n", "2:1", "spaces"),
        ('"a"|"b"\n1|2\n', "1", "bars"),
        ("0.5|1\n2|3\n", "1:1", "bars"),
        ("a|b\n2|3\n", "2:1", "bars"),
        ('"a"\t"b"\n1\t2\n', "1", "tabs"),
        ("1\t2\n", "1:1", "tabs"),
        (" a | b \n---+---\n 1 | 2 \n", "2:1", "drawn"),
        ("1,2,\n3,4,\n", "1:3", "ends with a comma"),
        ("x,y\n1,2,\n", "2:3", "ends with a comma"),
        ("1,2,,\n", "1:3", "ends with a comma"),
        ("1,2\n,\n", "2:1", "only commas"),
        ("a\n1,5\n2,25\n", "2", "decimal comma"),
        ("a,b\n1,5,-2,5\n", "2", "decimal comma"),
        ("a,b\n1,5,-2,-5\n", "2", None),
        ("a\n1,0.5\n2,0.25\n", "2", "index"),
        ("2\n#1\n", "2:1", "no comments"),
        ("2,3\n#N/A,1\n", "2:1", None),
        ("2,3\n#DIV/0!,1\n", "2:1", None),
        ("2\nC#\n", "2:1", None),
        ("2\nsemi;colon\n", "2:1", None),
        ("2\nwell\u2013known\n", "2:1", None),
        ("2\n- 1\n", "2:1", None),
        ("1,,2\n", "1:2", None),
        ('1,"2"x\n', "1", None),
    ],
)
def test_delimiters_are_named(text: str, place: str, hint: str | None) -> None:
    error = refused(text)
    assert str(error).startswith(f"{place}: ")
    assert error.hint is None if hint is None else hint in (error.hint or "")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('"a","b"\n1,2\n', "commas"),
        ('"a";"b"\n', "semicolons"),
        ("1\t\n", "ends with a tab"),
        ("1\t2\n\t\n", "only tabs"),
    ],
)
def test_delimiters_are_named_in_a_tsv(text: str, hint: str) -> None:
    assert hint in (refused(text, "\t").hint or "")

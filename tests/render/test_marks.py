"""The table of marks as a spreadsheet reads it."""

import csv
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from backprop_cli.checks.exactness import ExactCheck, WrongSide
from backprop_cli.checks.gradcheck import GradientCheck, Slope
from backprop_cli.checks.quantity_check import Difference, QuantityCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.errors import InputError
from backprop_cli.render.marks import COLUMNS, notes, table

HEADER = "file,quantity,entries,right,follows,wrong,open,first_wrong,mistake,marks\n"
SLIP = Difference(place="z[0,1]", index=(0, 1), expected=1.0, value=2.0, allowed=0.1, absolute=1.0, relative=0.5)
RIGHT = QuantityCheck(place="z", entries=4)
WRONG = QuantityCheck(place="z", entries=6, different=3, follows=1, open=1, first=SLIP, listed=(SLIP,))
FOLLOWS = QuantityCheck(place="layers[1].dz", entries=2, different=2, follows=2, first=SLIP, listed=(SLIP,))
UNFIT = QuantityCheck(place="dweights", entries=6, different=6, problem="the expected values have another shape")
NAMED = replace(WRONG, explanations=("the sign is turned round", "a mean, not a sum"))
SLOPE = Slope(place="dweights[0,0]", gradient=1.0, slope=2.0, allowed=0.1)
GRADIENTS = GradientCheck(entries=1, checked=1, wrong=(), kinks=(), hidden=())
EXACT = ExactCheck(entries=1, ulps=1.0, ulps_at="z[0,0]", share=0.5, share_at="z[0,0]", wrong_side=(), binary=())
SIDE = WrongSide(place="z[0,0]", value=1e-17, exact=Fraction(0))


@pytest.mark.parametrize(
    ("found", "rows"),
    [
        ([], []),
        ([RIGHT], ["z,4,4,0,0,0,,,4", "total,4,4,0,0,0,,,4"]),
        (
            [WRONG, FOLLOWS],
            [
                'z,6,2,1,2,1,"z[0,1]",,3',
                "layers[1].dz,2,0,2,0,0,,,2",
                'total,8,2,3,2,1,"z[0,1]",,5',
            ],
        ),
        (
            [NAMED, NAMED, UNFIT],
            [
                'z,6,2,1,2,1,"z[0,1]","the sign is turned round; or a mean, not a sum",3',
                'z,6,2,1,2,1,"z[0,1]","the sign is turned round; or a mean, not a sum",3',
                "dweights,6,0,0,6,0,dweights,the expected values have another shape,0",
                'total,18,4,2,10,2,"z[0,1]",'
                '"the sign is turned round; or a mean, not a sum; and the expected values have another shape",6',
            ],
        ),
        (
            [replace(UNFIT, explanations=("the transpose of dweights",))],
            [
                "dweights,6,0,0,6,0,dweights,the transpose of dweights,0",
                "total,6,0,0,6,0,dweights,the transpose of dweights,0",
            ],
        ),
    ],
    ids=["nothing", "right", "wrong", "named", "transposed"],
)
def test_rows_of_counts(found: list[QuantityCheck], rows: list[str]) -> None:
    rows = rows or ["total,0,0,0,0,0,,,0"]
    assert table([Verdict(file="a.json", expected=tuple(found))]) == HEADER + "".join(f"a.json,{row}\n" for row in rows)


def test_strict_marks_are_for_what_is_right() -> None:
    verdict = Verdict(file="a.json", expected=(WRONG, FOLLOWS))
    rows = list(csv.DictReader(table([verdict], strict=True).splitlines()))
    assert [row["marks"] for row in rows] == ["2", "0", "2"]


def test_what_could_not_be_checked_has_a_row_without_numbers() -> None:
    verdict = Verdict(file="a.json", error=InputError("not JSON", file="a.json", line=3, hint="look"))
    assert table([verdict, verdict]) == HEADER + "a.json,total,,,,,,,not checked: a.json:3: not JSON,\n" * 2


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("a.json", "a.json"),
        ("=1+1.json", "'=1+1.json"),
        ("+a.json", "'+a.json"),
        ("-a.json", "'-a.json"),
        ("@a.json", "'@a.json"),
        ("\ta.json", r"'\ta.json"),
        ("\ra.json", r"'\ra.json"),
        ("\n=a.json", r"'\n=a.json"),
        ("  =a.json", "'  =a.json"),
        ("\uff1da.json", "'\uff1da.json"),
        ("a=b+c-d@e.json", "a=b+c-d@e.json"),
        ("'a.json", "'a.json"),
        ("a, b.json", "a, b.json"),
        ('a "b".json', 'a "b".json'),
        ("a\n=b.json", r"a\n=b.json"),
        ("J\u00fcrgen \u6587.json", "J\u00fcrgen \u6587.json"),
        ("\udcff.json", r"\udcff.json"),
        ("\u202egnp.json", r"\u202egnp.json"),
        ("", ""),
    ],
)
def test_no_text_is_a_formula_or_breaks_a_row(name: str, cell: str) -> None:
    found = [Verdict(file=name, expected=(RIGHT,)), Verdict(file=name, error=InputError("unreadable", file=name))]
    text = table(found)
    assert (text.count("\n"), "\r" in text, "\t" in text) == (4, False, False)
    rows = list(csv.reader(text.encode("utf-8").decode("utf-8").splitlines(), strict=True))
    assert [row[0] for row in rows] == ["file", cell, cell, cell]
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_quotes_are_those_of_rfc_4180() -> None:
    assert table([Verdict(file='a "b", c.json')]) == HEADER + '"a ""b"", c.json",total,0,0,0,0,0,,,0\n'


@pytest.mark.parametrize("column", [7, 8])
def test_a_place_or_a_mistake_is_no_formula_either(column: int) -> None:
    """Both may hold words from a file, such as a key."""
    check = replace(UNFIT, place="=dz", problem="@here")
    rows = list(csv.reader(table([Verdict(file="a.json", expected=(check,))]).splitlines()))
    assert rows[1][column] == rows[2][column] == ("'=dz" if column == 7 else "'@here")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"gradients": GRADIENTS, "exact": EXACT, "expected": (WRONG,)}, None),
        ({"error": InputError("unreadable")}, None),
        (
            {"gradients": replace(GRADIENTS, wrong=(SLOPE,)), "expected": (RIGHT,)},
            "finite differences do not agree with every gradient",
        ),
        (
            {"gradients": GRADIENTS, "exact": replace(EXACT, wrong_side=(SIDE,)), "expected": (RIGHT,)},
            "exact arithmetic does not agree with the float64 result",
        ),
        ({"undifferentiable": "they need inputs"}, "nothing was tested: no expected values, and they need inputs"),
        (
            {"gradients": GRADIENTS, "expected": (replace(RIGHT, hidden=4),)},
            "no expected value was tested: rounding may explain any difference of every expected value",
        ),
    ],
)
def test_a_failure_that_has_no_place_in_the_table_is_told_once(found: dict[str, Any], reason: str | None) -> None:
    alone = Verdict(file="p.json", **found)
    many = [Verdict(file=name, problem="p.json", **found) for name in ("a.json", "b.json")]
    expected = [] if reason is None else [f"p.json: {reason}; --format table tells more"]
    assert list(notes([alone])) == list(notes(many)) == expected

"""Verdicts that correct gradients never get list what is wrong, worst first, and count the rest."""

from fractions import Fraction

import pytest

from backprop_cli.checks.exactness import ExactCheck, WrongSide
from backprop_cli.checks.gradcheck import GradientCheck, Hidden, Kink, Slope
from backprop_cli.checks.verdict import Verdict
from backprop_cli.render.terminal.page import Look
from backprop_cli.render.terminal.verdict import verdicts


def page(verdict: Verdict) -> list[str]:
    return verdicts([verdict], Look(width=100, wraps=False, color=False, ascii_only=True)).splitlines()


def gradients(wrong: int = 0, kinks: int = 0) -> GradientCheck:
    return GradientCheck(
        entries=30,
        checked=20,
        wrong=tuple(Slope(place=f"dz[0,{i}]", gradient=i, slope=2.0 * i, allowed=0.5) for i in range(wrong)),
        kinks=tuple(Kink(place=f"dz[1,{i}]", gradient=1, left=2, right=3, accepted=False) for i in range(kinks)),
        hidden=(),
    )


@pytest.mark.parametrize("n", [1, 10, 11, 12])
def test_the_ten_worst_gradients_are_listed(n: int) -> None:
    lines = page(Verdict(file="p.json", gradients=gradients(wrong=n)))
    assert lines[0] == f"FAIL  p.json  finite differences {20 - n} of 20 (of 30)"
    assert lines[3] == f"  {n} gradient{'s' * (n > 1)} of 20 not the slope of the loss"
    places = [line.split()[0] for line in lines if line.startswith("    dz")]
    assert places == [f"dz[0,{i}]" for i in reversed(range(n))][:10]
    assert lines[6].split() == [f"dz[0,{n - 1}]", str(n - 1), str(2 * n - 2), str(n - 1), "0.5"]
    assert [line for line in lines if "more" in line] == ([f"    and {n - 10} more"] if n > 10 else [])


@pytest.mark.parametrize("n", [1, 10, 13])
def test_the_first_ten_wrong_kinks_are_listed(n: int) -> None:
    lines = page(Verdict(file="p.json", gradients=gradients(kinks=n)))
    assert lines[0].startswith("FAIL ")
    assert lines[3] == f"  {n} gradient{'s' * (n > 1)} at kinks, and wrong"
    assert lines[6].split() == ["dz[1,0]", "1", "2", "3"]
    assert [line for line in lines if "more" in line] == ([f"    and {n - 10} more"] if n > 10 else [])


@pytest.mark.parametrize("n", [1, 10, 13])
def test_the_first_ten_units_on_the_wrong_side_are_listed(n: int) -> None:
    sides = tuple(WrongSide(place=f"z[{i},0]", value=1e-17, exact=Fraction(0)) for i in range(n))
    check = ExactCheck(entries=20, ulps=1.0, ulps_at="z[0,0]", share=None, share_at="", wrong_side=sides, binary=())
    lines = page(Verdict(file="p.json", exact=check))
    assert lines[0].startswith("FAIL  p.json  ")
    assert lines[3] == "  z[0,0] is 1e-17 in float64 and 0 exactly: on the wrong side of a kink"
    assert lines[4:] == [line.replace("z[0", f"z[{i}") for i in range(1, min(n, 10)) for line in lines[3:4]] + (
        [f"  and {n - 10} more"] if n > 10 else []
    )


def test_an_error_above_its_bound_is_named() -> None:
    check = ExactCheck(entries=20, ulps=9.0, ulps_at="z[0,0]", share=1.25, share_at="z[0,1]", wrong_side=(), binary=())
    assert page(Verdict(file="p.json", exact=check))[3:] == ["  z[0,1] is off by 1.25 times its rounding bound"]


@pytest.mark.parametrize(
    ("kinks", "reason"),
    [(0, "every entry is hidden by rounding"), (1, "every entry is at a kink or hidden by rounding")],
)
def test_gradients_that_could_not_be_measured_are_no_pass(kinks: int, reason: str) -> None:
    check = GradientCheck(
        entries=2,
        checked=2,
        wrong=(),
        kinks=(Kink(place="dz[0,0]", gradient=1, left=0, right=1, accepted=True),) * kinks,
        hidden=(Hidden(place="dz[0,1]", gradient=1, rounding=2),) * (2 - kinks),
    )
    words = " ".join(" ".join(page(Verdict(file="p.json", gradients=check))).split())
    assert words.startswith("EMPTY p.json finite differences 0 of 0, ")
    assert f"; nothing was tested: {reason}" in words

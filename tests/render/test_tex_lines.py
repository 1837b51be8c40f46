"""Equations break between sides, between terms, and within a long term."""

import pytest

from backprop_cli.render.tex_lines import Equation, Unit, aligned_lines, flowing_lines, unit, width

ONES = [Unit("a", 10.0), Unit(" + b", 10.0), Unit(" - c", 10.0)]


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (60.0, ["L &= r = a + b - c = 3"]),
        (42.0, ["L &= r = a + b - c", "&= 3"]),
        (34.0, ["L &= r", "&= a + b - c", "&= 3"]),
        (24.0, ["L &= r", "&= a + b", r"&\quad - c = 3"]),
        (12.0, ["L &= r", "&= a", r"&\quad + b", r"&\quad - c", "&= 3"]),
        (1.0, ["L &= r", "&= a", r"&\quad + b", r"&\quad - c", "&= 3"]),
    ],
)
def test_lines(most: float, lines: list[str]) -> None:
    equation = Equation("L", [[Unit("r", 5.0)], ONES, [Unit("3", 5.0)]])
    assert list(aligned_lines([equation], most)) == lines


def test_an_equation_stands_beside_the_one_before_it_if_it_fits() -> None:
    first, second = Equation("a", [[Unit("1", 5.0)]]), Equation("b", [[Unit("2", 5.0)]], is_rounded=True)
    assert list(aligned_lines([first, second], 30.0)) == [r"a &= 1, \qquad b \approx 2"]
    assert list(aligned_lines([first, second], 12.0)) == ["a &= 1", r"b &\approx 2"]
    assert list(aligned_lines([], 12.0)) == []


def test_a_long_term_breaks_at_its_signs_outside_braces() -> None:
    term = unit(r"-(0.123 \cdot \log(0.456) + \frac{1 + 2}{3} - \left( 1 - 0.123 \right) \cdot \log(0.544))")
    assert list(aligned_lines([Equation("L", [[term]])], 12.0)) == [
        r"L &= -(0.123 \cdot \log(0.456)",
        r"&\quad + \frac{1 + 2}{3}",
        r"&\quad - \left( 1 - 0.123 \right) \cdot \log(0.544))",
    ]


def test_given_matrices_flow() -> None:
    units = [Unit("A", 4.0), Unit("B", 4.0), Unit("C", 4.0)]
    assert list(flowing_lines(units, 100.0)) == [r"A, \quad B, \quad C"]
    assert list(flowing_lines(units, 10.0)) == [r"A, \quad B", "C"]


@pytest.mark.parametrize(
    ("tex", "em"),  # measured: \settowidth of LaTeX in Computer Modern at 10 pt, in display style
    [
        ("12.5", 1.78),
        ("-0.25", 2.56),
        (r"1 \cdot 4.8 + 2 \cdot 8.9 - 1.5 \cdot 1.41", 11.22),
        (r"\frac{\partial L}{\partial W}", 1.91),
        (r"w^{(0)}_{0,0} - \eta", 3.57),
        (r"\sum_{n} x_{n,0}", 3.36),
        (r"5 \times 10^{-7}", 3.8),
        (r"\operatorname{softmax}(Z)", 4.98),
    ],
)
def test_widths_are_those_of_latex_or_a_little_more(tex: str, em: float) -> None:
    assert em - 0.1 <= width(tex) <= 1.15 * em + 0.5

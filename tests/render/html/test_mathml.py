"""TeX of formulas becomes MathML, for every activation, loss and quantity."""

from xml.etree import ElementTree

import pytest

from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.schema import build
from backprop_cli.render.mathml import mathml
from tests.any_problem import any_problem

X, ONE = "<mi>x</mi>", "<mn>1</mn>"
MINUS, PRIME = "<mo>\N{MINUS SIGN}</mo>", "<mo>\N{PRIME}</mo>"
PREFIX_MINUS = '<mo form="prefix">\N{MINUS SIGN}</mo>'
THIN = '<mspace width=".17em"/>'


def bracket(sign: str) -> str:
    form = "prefix" if sign in "([" else "postfix"
    return f'<mo form="{form}" stretchy="false">{sign}</mo>'


def bar(form: str) -> str:
    return f'<mo form="{form}" stretchy="false">|</mo>'


N, IN_BRACKETS = "<mi>n</mi>", f"{bracket('(')}{ONE}{bracket(')')}"


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("x", X),
        ("x + 1", f"{X}<mo>+</mo>{ONE}"),
        ("0.25 x", f"<mn>0.25</mn>{X}"),
        ("1e-07", "<mn>1e-07</mn>"),
        ("x_1", f"<msub>{X}{ONE}</msub>"),
        ("x_ 1", f"<msub>{X}{ONE}</msub>"),
        ("x^{2}", f"<msup>{X}<mn>2</mn></msup>"),
        ("x^{(1)}_{n,0}", f"<msubsup>{X}<mrow>{N}<mo>,</mo><mn>0</mn></mrow><mrow>{IN_BRACKETS}</mrow></msubsup>"),
        ("x'", f"<msup>{X}{PRIME}</msup>"),
        ("x'^{2}", f"<msup>{X}<mrow>{PRIME}<mn>2</mn></mrow></msup>"),
        (r"{x_1}^{\top}", f"<msup><mrow><msub>{X}{ONE}</msub></mrow><mi>\N{DOWN TACK}</mi></msup>"),
        (r"x \, x", f"{X}{THIN}{X}"),
        (r"\frac{\partial x}{x}", f"<mfrac><mrow><mi>\N{PARTIAL DIFFERENTIAL}</mi>{X}</mrow>{X}</mfrac>"),
        (r"\sum_{n} x", f"<munder><mo>\N{N-ARY SUMMATION}</mo><mi>n</mi></munder>{X}"),
        (r"\sum x", f"<mo>\N{N-ARY SUMMATION}</mo>{X}"),
        (r"x \odot x", f"{X}<mo>\N{CIRCLED DOT OPERATOR}</mo>{X}"),
        (r"\log x", f"<mi>log</mi>{THIN}{X}"),
        (r"\log(x)", f"<mi>log</mi>{bracket('(')}{X}{bracket(')')}"),
        (r"\max(x, 1)", f"<mi>max</mi>{bracket('(')}{X}<mo>,</mo>{ONE}{bracket(')')}"),
        ("[x > 1]", f"{bracket('[')}{X}<mo>&gt;</mo>{ONE}{bracket(']')}"),
        ("|x| - |x|", f"{bar('prefix')}{X}{bar('postfix')}{MINUS}{bar('prefix')}{X}{bar('postfix')}"),
        ("x - 1", f"{X}{MINUS}{ONE}"),
        ("-x", f"{PREFIX_MINUS}{X}"),
        ("(-1)", f"{bracket('(')}{PREFIX_MINUS}{ONE}{bracket(')')}"),
        ("x = -1", f"{X}<mo>=</mo>{PREFIX_MINUS}{ONE}"),
        (r"x \cdot -1", f"{X}<mo>\N{DOT OPERATOR}</mo>{PREFIX_MINUS}{ONE}"),
        (r"\sum_{n} -x", f"<munder><mo>\N{N-ARY SUMMATION}</mo><mi>n</mi></munder>{PREFIX_MINUS}{X}"),
        (r"\left( x \right)^{\top}", f"<msup><mrow><mo>(</mo>{X}<mo>)</mo></mrow><mi>\N{DOWN TACK}</mi></msup>"),
        (r"x \text{ is given}", f"{X}<mtext>\N{NO-BREAK SPACE}is\N{NO-BREAK SPACE}given</mtext>"),
        (r"\operatorname{ELU}_{1.5}'(1)", f"<msubsup><mi>ELU</mi><mn>1.5</mn>{PRIME}</msubsup>{IN_BRACKETS}"),
        (r"\mathrm{sign}(x)", f"<mi>sign</mi>{bracket('(')}{X}{bracket(')')}"),
        (
            r"\begin{cases} x & x \le 1 \\ 1 & \text{otherwise} \end{cases}",
            '<mrow><mo>{</mo><mtable><mtr><mtd style="text-align:left"><mi>x</mi></mtd><mtd style="text-align:left">'
            "<mi>x</mi><mo>\N{LESS-THAN OR EQUAL TO}</mo><mn>1</mn></mtd></mtr>"
            '<mtr><mtd style="text-align:left"><mn>1</mn></mtd>'
            '<mtd style="text-align:left"><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>',
        ),
    ],
)  # fmt: skip
def test_a_formula(tex: str, expected: str) -> None:
    assert mathml(tex) == f"<math>{expected}</math>"
    assert mathml(tex, display=True) == f'<math display="block">{expected}</math>'


def test_every_formula_of_a_problem_is_well_formed() -> None:
    """Nothing is left of TeX, and scripts and fractions have as many parts as they need."""
    parts = {"msub": 2, "msup": 2, "munder": 2, "mfrac": 2, "msubsup": 3}
    for seed in range(60):
        for step in worked(build(any_problem(seed)), Extent()).steps:
            symbols = step.example.notation
            for tex in (step.result.symbol, step.rule_tex, symbols.tex, symbols.chain_tex or ""):
                found = ElementTree.fromstring(mathml(tex))  # noqa: S314 (of our own rules)
                assert not set("\\{}^_&") & (set("".join(found.itertext())) - ({"{"} if "cases" in tex else set())), tex
                for element in found.iter():
                    assert len(element) == parts.get(element.tag, len(element)), tex

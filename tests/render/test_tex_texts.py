"""No character of a title or a name is a command of TeX."""

import re

import pytest

from backprop_cli.render.tex_texts import code, document, escaped
from tests.render.tex import faults


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("", ""),
        ("two words", "two words"),
        (r"a\b", r"a\textbackslash{}b"),
        ("{x}", r"\{x\}"),
        ("$x_1$", r"\$x\_1\$"),
        ("5 % & #", r"5 \% \& \#"),
        ("a^b~c", r"a\textasciicircum{}b\textasciitilde{}c"),
        ("<script>", r"\textless{}script\textgreater{}"),
        ("a|b`c", r"a\textbar{}b\textasciigrave{}c"),
        ('"q"', r"{\ttfamily\char34}q{\ttfamily\char34}"),
        ("a -- b --- c", "a -{}- b -{}-{}- c"),
        ("'' ,, ?` !`", r"'{}' ,{}, ?{}\textasciigrave{} !{}\textasciigrave{}"),
        ("\x1b[2J", r"\textbackslash{}x1b[2J"),
        ("a\nb", r"a\textbackslash{}nb"),
        ("\u202e", r"\textbackslash{}u202e"),
        ("Übung é", "Übung é"),
        ("∂L/∂w \N{MINUS SIGN} 2", r"\ensuremath{\partial}L/\ensuremath{\partial}w \ensuremath{-} 2"),
        ("αβ", r"\ensuremath{\alpha \beta}"),
        ("żę", r"ż\ifdefined\Umathcode ę\else{\fontencoding{T1}\selectfont ę}\fi{}"),
        ("中文", r"\ifdefined\Umathcode 中文\else{\ttfamily U+4E2D U+6587}\fi{}"),
        (
            "https://example.org/one/two_three",
            r"https://|example.|org/|one/|two\_|three".replace("|", r"\allowbreak{}"),
        ),
    ],
)
def test_escapes(text: str, tex: str) -> None:
    assert escaped(text) == tex


@pytest.mark.parametrize("text", [r"\input{/etc/passwd}", r"\end{document}", "$$ % {", "}" * 9, "^^5cpar", "\\" * 3])
def test_nothing_is_left_of_commands(text: str) -> None:
    allowed = r"\\(?:text\w+\{\}|ttfamily\\char34|allowbreak\{\}|[{}$&#%_])"
    assert not re.search(r"[\\$&#%_^~]", re.sub(allowed, "", escaped(text)))
    assert faults(escaped(text)) == []


def test_a_long_word_may_break_after_signs_or_anywhere() -> None:
    pieces = ["https://", "example.", "org/", "one/", r"two\_", "three"]
    assert escaped("https://example.org/one/two_three") == r"\allowbreak{}".join(pieces)
    assert escaped("x" * 50) == r"\allowbreak{}".join(["x" * 20, "x" * 20, "x" * 10])


def test_code_has_straight_quotes() -> None:
    assert code("'z[0,0]'") == r"\texttt{\textquotesingle{}z[0,0]\textquotesingle{}}"


def test_a_document_names_its_packages() -> None:
    page = document(["amsmath"], "body\n")
    assert page.endswith("\\usepackage{amsmath}\n\\begin{document}\nbody\n\\end{document}\n")
    assert faults(page) == []


@pytest.mark.parametrize(
    "wrong", ["{", "}", r"\begin{a}", r"\begin{a}\end{b}", r"\left[ {\right]}", "$x", r"\begingroup", r"{\endgroup}"]
)
def test_faults_are_found(wrong: str) -> None:
    assert faults(wrong)
    assert not faults(r"\begin{a} {\{ $x$} \left[ % {" + "\n" + r"\right] \end{a} \begingroup \endgroup")

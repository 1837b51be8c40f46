"""The picture in TikZ: its numbers are those of `run`; texts stay texts; LaTeX accepts it, where there is a LaTeX."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backprop_cli.render import tikz
from backprop_cli.render.numbers import number
from tests.conftest import Run
from tests.render.networks import CASES, draft, from_tikz, pictured, write_any

HOSTILE = (
    r"""50 % of $x_1$ & #2 {a} \input{/etc/passwd} ~ ^^M -- ,, ?` !` << >> "d" 'q' | [a] """
    + "\x1b \u00fc \u7f51 \u00f0"
)


@pytest.mark.parametrize("seed", range(40))
def test_every_number_is_that_of_run(seed: int, backprop: Run, tmp_path: Path) -> None:
    any_of = write_any(seed, tmp_path, backprop)
    ran = backprop("explain", any_of.path, "--format", "tikz", "--sample", any_of.sample, "--precision", 4)
    assert ran.status == 0
    assert from_tikz(ran.out) == {name: number(value, 4) for name, value in any_of.entries.items()}


def test_numbers_of_lines_without_labels_stand_in_comments() -> None:
    text = tikz.picture(pictured(draft(CASES["without numbers at lines"])), None)
    assert len(re.findall(r"^% layers\[0\]\.weights\[\d+,\d+\] = \S+$", text, re.MULTILINE)) == 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % & #2_{a}$", r"50 \% \& \#2\_\{a\}\$"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("^^M~", r"\textasciicircum{}\textasciicircum{}M\textasciitilde{}"),
        ("a-b -- ''", "a-b -{}- '{}'"),
        ("\u22121", "$-$1"),
        ("<|>", r"\textless{}\textbar{}\textgreater{}"),
        ("\u00fc\u7f51", r"ü\texttt{U+7F51}"),
        ("\x1b", r"\textbackslash{}x1b"),
    ],
)
def test_a_text_is_escaped(text: str, expected: str) -> None:
    assert tikz.escaped(text) == expected


@pytest.mark.parametrize("name", CASES)
def test_the_same_picture_has_the_same_bytes(name: str) -> None:
    first, second = (tikz.picture(pictured(draft(CASES[name])), None, standalone=True) for _ in range(2))
    assert first == second


def test_a_part_and_a_document_have_the_same_picture() -> None:
    shown = pictured(draft(CASES["2-3-1"]))
    part, document = tikz.picture(shown, None), tikz.picture(shown, None, standalone=True)
    begin = part.index(r"\begin{tikzpicture}")
    assert part[begin:] in document
    assert all(line.startswith("%") for line in part[:begin].splitlines())
    assert document.endswith("\\end{tikzpicture}%\n\\end{document}\n")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["3-4-2", "boxes"])
@pytest.mark.parametrize("standalone", [False, True])
def test_latex_makes_one_page_without_a_warning(name: str, standalone: bool, tmp_path: Path) -> None:
    problem = draft(CASES[name]) | {"title": HOSTILE}
    text = tikz.picture(pictured(problem), None, standalone=standalone)
    if not standalone:
        text = f"\\documentclass{{article}}\\usepackage{{tikz}}\\begin{{document}}\\noindent\n{text}\\end{{document}}\n"
    (tmp_path / "p.tex").write_text(text, encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "p.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    log = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, log
    assert "Output written on p.pdf (1 page" in log
    assert not re.search(r"LaTeX (Font )?Warning", log)
    assert ("Overfull" in log) <= (not standalone)  # the margins of `article` are for a narrower picture

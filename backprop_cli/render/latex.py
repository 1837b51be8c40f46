"""Explanations in LaTeX: a fragment that compiles inside `article` with amsmath, or a whole document."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.worked import Matrix, Worked, WorkedStep
from backprop_cli.render.latex_entries import equation, remarks
from backprop_cli.render.latex_matrices import Matrices, number
from backprop_cli.render.latex_notes import legend, not_shown
from backprop_cli.render.latex_rules import filled
from backprop_cli.render.tex_lines import EQUAL, Equation, Unit, aligned_lines, flowing_lines, unit, width
from backprop_cli.render.tex_texts import code, document, escaped

__all__ = ["explanation", "solutions", "worked"]

# The width of a line in em: of `article` on A4 paper at 12 pt, where that is least, and of a document of its own.
_OF_ARTICLE, _OF_DOCUMENT = 32.5, 50.5
_BESIDE_MATRIX = 8.0  # em of a line that are left to the symbol of the result
_PHASES = {"forward": "Forward pass", "loss": "Loss", "backward": "Backward pass", "step": "Gradient step"}
_ROUNDING = 0.3  # em that estimates of widths may be off
_BETWEEN = r" \\[4pt]"  # quantities
_BEGIN = (
    r"\begingroup % a worked solution: needs \usepackage{amsmath}",
    r"\allowdisplaybreaks \raggedright \hyphenpenalty=10000 \exhyphenpenalty=10000 \def\minalignsep{0pt}\jot=1.5pt",
    r"\abovedisplayskip=3pt plus 2pt \belowdisplayskip=2pt plus 2pt",
)


def worked(found: Worked, precision: int | None, max_rows: int, *, standalone: bool = False) -> str:
    """Return the worked solution of a problem, or of a part of it.

    `max_rows` is the most rows and columns of a matrix to show, 0 for all rows, and for all columns that fit a line.
    """
    return solutions([found], precision, max_rows, standalone=standalone)


def solutions(
    found: Sequence[Worked],
    precision: int | None,
    max_rows: int,
    *,
    standalone: bool = False,
    before: Sequence[str] = (),
) -> str:
    """Return the worked solutions of several problems, each on pages of its own.

    `before` has what stands below the title of each.
    """
    parts = [
        _solution(each, text, _Page(precision, max_rows, standalone=standalone))
        for each, text in zip(found, before or [""] * len(found), strict=True)
    ]
    return _whole("\n\\clearpage\n".join(parts), standalone=standalone)


def _solution(found: Worked, before: str, page: "_Page") -> str:
    """Write the worked solution of a problem on an empty page, and return it."""
    if found.title:
        page.add(rf"\section*{{{escaped(found.title)}}}")
    if found.source:
        page.add(rf"{{\small Source: {escaped(found.source)}\par}}")
    if before:
        page.add(before)
    page.given(found.given)
    for (phase, layer), steps in groupby(found.steps, lambda step: (step.phase, step.layer)):
        of_layer = f", layer {layer}" if found.problem.layered and phase != "loss" else ""
        page.steps(_PHASES[phase] + of_layer, list(steps))
    page.notes([*not_shown(found, page.matrices.notes), ("Letters", legend(found, page.text))])
    return page.ended()


def explanation(found: Explanation, precision: int | None, *, standalone: bool = False) -> str:
    """Return the worked solution for one entry."""
    page = _Page(precision, 0, standalone=standalone)
    page.entries(rf"{code(found.entry)}${{}} = {number(found.value, precision)}$", [found])
    if (chain := found.through_upstream) is not None:
        page.entries(f"The same by the chain rule, through {code('upstream')}", [chain])
    sources = list(_sources(found))
    if sources:
        page.entries("Where the factors come from", sources)
    if any(each.cut for each in [found, *sources]):
        page.add("Further sources are left out.")
    page.notes([("Letters", legend(None, page.text))])
    return _whole(page.ended(), standalone=standalone)


def _whole(body: str, *, standalone: bool) -> str:
    return document(["amsmath"], body) if standalone else f"{body}\n"


def _sources(found: Explanation) -> Iterator[Explanation]:
    """Yield the entries that an entry is made of, each followed by its own sources."""
    for source in found.sources:
        if not source.repeated:
            yield source
            if source.through_upstream is not None:
                yield source.through_upstream
            yield from _sources(source)


def _capital(sentence: str) -> str:
    """Return a sentence with a capital, unless it begins with a name or a formula."""
    first = re.split(r"\W", sentence, maxsplit=1)[0]
    return sentence if first in QUANTITIES else sentence[:1].upper() + sentence[1:]


class _Page:
    """The lines of a page in the making."""

    def __init__(self, precision: int | None, max_rows: int, *, standalone: bool) -> None:
        self._precision = precision
        self._width = _OF_DOCUMENT if standalone else _OF_ARTICLE
        self.matrices = Matrices(self._width - _BESIDE_MATRIX, precision, max_rows)
        self._lines: list[str] = [*_BEGIN]
        self._told: set[str] = set()  # what is said once

    @property
    def text(self) -> str:
        """The page so far."""
        return "\n".join(self._lines)

    def ended(self) -> str:
        """Return the page, after which the text is as before."""
        self.add(r"\par\endgroup")
        return self.text

    def add(self, *lines: str) -> None:
        """Add lines."""
        self._lines += lines

    def paragraph(self, title: str, sentences: Iterable[str]) -> None:
        """Begin a paragraph with what was not said before."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._told]
        self._told.update(new)
        heading = title if title.endswith("$") else f"{title}."
        self.add("", " ".join([rf"\medskip\textbf{{{heading}}}", *(f"{_capital(text)}." for text in new)]))

    def notes(self, notes: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Add small paragraphs at the end."""
        self.add("", r"\footnotesize")
        for title, sentences in notes:
            self.paragraph(title, sentences)

    def given(self, matrices: Sequence[Matrix]) -> None:
        """Add what the work begins with."""
        if not matrices:
            return
        self.paragraph("Given", [])
        units = []
        for matrix in matrices:
            right = self.matrices.unit(matrix)
            self.matrices.note(matrix)
            units.append(Unit(f"{matrix.symbol} = {right.tex}", width(matrix.symbol) + EQUAL + right.width))
        *others, last = (f"& {line}" for line in flowing_lines(units, self._width))
        names = ", ".join(matrix.place for matrix in matrices)
        lines = [*(line + _BETWEEN for line in others), f"{last} &&"]
        self.add(r"\begin{flalign*}", f"% {names}", *lines, r"\end{flalign*}")

    def steps(self, title: str, steps: Sequence[WorkedStep]) -> None:
        """Add quantities: the rule of each with its matrices, and entries of it."""
        examples = [example for step in steps for example in step.examples]
        self.paragraph(title, (text for each in examples for text in remarks(each, self._precision)))
        most = self._right_of(step.result.symbol for step in steps)
        self._display({step.node_place: [*self._rule(step, most), *self._entries(step.examples)] for step in steps})

    def entries(self, title: str, entries: Sequence[Explanation]) -> None:
        """Add entries term by term."""
        self.paragraph(title, (text for each in entries for text in remarks(each, self._precision)))
        self._display({each.entry: self._entries([each], with_chain=True) for each in entries})

    def _right_of(self, lefts: Iterable[str]) -> float:
        """Return the width to the right of symbols."""
        return self._width - max(map(width, lefts), default=0) - _ROUNDING

    def _rule(self, step: WorkedStep, most: float) -> Iterator[Equation]:
        """Yield what a matrix is equal to: its rule, the rule with numbers, and its own numbers."""
        self.matrices.note(step.result)
        if step.phase != "loss" or step.result.values.ndim:  # else the entry says the same
            operands = filled(step, self.matrices, most)
            sides = [[unit(step.rule_tex)], operands, [self.matrices.unit(step.result)]]
            yield Equation(step.result.symbol, [side for side in sides if side])

    def _entries(self, entries: Iterable[Explanation], *, with_chain: bool = False) -> list[Equation]:
        return [equation(each, self._precision, with_chain=with_chain) for each in entries]

    def _display(self, groups: Mapping[str, Sequence[Equation]]) -> None:
        """Add groups of equations, each with a comment, at the left margin."""
        most = self._right_of(each.left for equations in groups.values() for each in equations)
        lines = []
        for comment, equations in groups.items():
            *others, last = aligned_lines(equations, most)
            stay = [rf"{line} \\*" for line in others[:1]]  # on the page of the next line
            lines += [f"% {comment}", *stay, *(rf"{line} \\" for line in others[1:]), last + _BETWEEN]
        lines[-1] = lines[-1].removesuffix(_BETWEEN) + " &&"
        self.add(r"\begin{flalign*}", *lines, r"\end{flalign*}")

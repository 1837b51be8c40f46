"""Explanations as Markdown: a worked solution to hand out, its rules in TeX and its terms as tables."""

import re
from collections.abc import Iterable, Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.worked import Matrix, Worked, WorkedStep
from backprop_cli.messages import clean
from backprop_cli.render.edges import edges
from backprop_cli.render.notes import conventions, left_out
from backprop_cli.render.numbers import number
from backprop_cli.render.steps import adds_up, equations, steps, term_names, term_numbers, tree
from backprop_cli.render.tex import aligned_rule, bmatrix

__all__ = ["escaped", "explanation", "worked"]

_WIDTH = 80  # of code
_LETTERS = (
    "Here $L$ is the loss; $x$, $w$, $b$, $z$ and $y$ are inputs, weights, biases, pre-activations and outputs; and"
    r" $\eta$ is the learning rate, which leads from $w$ and $b$ to $w'$ and $b'$."
)
_MATRICES = (
    r" Capital letters are whole matrices; $\odot$ multiplies entry by entry, and $b$ is added to every sample. Indices"
    " count from 0."
)
_OF_LAYERS = (
    " Layers are numbered from 0: the inputs $X^{(k)}$ of layer $k$ are the outputs $Y^{(k-1)}$ of the layer before."
)
_MORE_LETTERS = {
    r"(?<![a-zA-Z\\])[tT](_\{|\b)": " The targets are $t$.",
    r"L_(\{|n)": " $L_n$ is the loss of sample $n$, and $L$ is their mean.",
}


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the worked solution for one entry."""
    heading, *parts = _entry(found, precision, "##")
    return _page([heading], "", parts)


def worked(found: Worked, precision: int | None, max_rows: int, *, level: int = 1, before: Sequence[str] = ()) -> str:
    """Return the worked solution of a problem, step by step.

    `max_rows` is the most rows or columns of a matrix to show; 0 shows all. The heading of the title has a `level`, and
    the paragraphs `before` stand below it.
    """
    part = "#" * (level + 1)
    title = [f"{'#' * level} {escaped(clean(found.title))}"] if found.title else []
    legend = (
        _MATRICES
        + _OF_LAYERS * (len(found.problem.layers) > 1)
        + "".join(f" {escaped(line[:1].upper() + line[1:])}." for line in conventions(found))
    )
    parts = [f"{part} Given"]
    for matrix in found.given:
        parts.append(f"`{matrix.place}`")
        parts.append(_display(f"{matrix.symbol} = {bmatrix(matrix, precision, max_rows)}"))
        parts += _edges(matrix, max_rows)
    for step in found.steps:
        parts += _step(step, precision, max_rows, part)
    if lines := left_out(found):
        parts += [f"{part} Not shown", _code(lines)]
    if found.not_computed:
        needs = [f"- `{place}` needs `{needs}`" for place, needs in found.not_computed.items()]
        parts += [f"{part} Not computed", "\n".join(needs)]
    return _page([*title, *before], legend, parts)


def _page(title: Iterable[str], legend: str, parts: Iterable[str]) -> str:
    """Return a page: its title, what the letters mean, and its parts."""
    text = "\n\n".join(parts)
    formulas = " ".join(re.findall(r"\$\$.*?\$\$", text, re.DOTALL))
    more = "".join(meaning for letter, meaning in _MORE_LETTERS.items() if re.search(letter, formulas))
    return "\n\n".join([*title, _LETTERS + more + legend, text]) + "\n"


def _step(step: WorkedStep, precision: int | None, max_rows: int, level: str) -> Iterator[str]:
    """Yield a quantity: its rule with all matrices, and entries of it."""
    yield f"{level} `{step.node_place}`"
    yield _display(aligned_rule(step, precision, max_rows))
    yield from _edges(step.result, max_rows)
    for example in step.examples:
        yield from _entry(example, precision, f"{level}#")


def _edges(matrix: Matrix, max_rows: int) -> Iterator[str]:
    note = edges(matrix.grid.shape, max_rows, square=True).note
    if note:
        yield f"`{matrix.place}` shows {note}; `--rows 0` shows all."


def _entry(found: Explanation, precision: int | None, level: str) -> Iterator[str]:
    shown = number(found.value, precision)
    yield f"{level} `{found.entry}` = {shown}"
    if found.notation.chain_tex is not None:
        yield _display(found.notation.chain_tex)
    yield _display(found.notation.tex)
    if found.notation.where:
        yield _where(found)
    yield _terms(found, precision)
    yield adds_up(found, precision, f"`{found.entry}`", f"**{shown}**")
    if (chain := found.through_upstream) is not None:
        yield "The same by the chain rule, through `upstream`:"
        yield _display(chain.notation.tex)
        yield _code(equations(chain.entry, list(steps(chain, precision)), _WIDTH))
        yield _where(chain)
    if found.passed_on:
        terms = [f"`{factor.name}`: {number(factor.value, precision)}" for factor in found.passed_on]
        terms += [f"and {found.more_passed_on} more"] * bool(found.more_passed_on)
        yield f"A sum passes its gradient on unchanged to each of its terms: {'; '.join(terms)}."
    if found.sources:
        yield "Where the factors come from:"
        yield _code(tree(found.sources, precision, "", _WIDTH))


def _terms(found: Explanation, precision: int | None) -> str:
    """Return the table of the terms of an entry."""
    rows = ["| term | | value | sum so far |", "| --- | ---: | ---: | ---: |"]
    for term in found.terms:
        names, numbers = term_names(term), term_numbers(term, precision)
        code = "" if term.rest else "`"
        inactive = " (inactive)" if term.inactive else ""
        value, running = number(term.value, precision), number(term.running, precision)
        names, numbers = names.replace("|", r"\|"), numbers.replace("|", r"\|")
        rows.append(f"| {code}{names}{code} | {numbers} | {value}{inactive} | {running} |")
    return "\n".join(rows)


def _display(tex: str) -> str:
    return f"$$\n{tex}\n$$"


def _code(lines: Iterable[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def _where(found: Explanation) -> str:
    return "\n".join(f"- {escaped(line)}" for line in found.notation.where)


def escaped(text: str) -> str:
    """Return a text with a backslash before each character that means something in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|$&~])", r"\\\1", text)

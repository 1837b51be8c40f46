"""Explanations as Markdown: a worked solution to hand out, its rules in TeX and its terms as tables."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.explain import Explanation
from backprop_cli.render.numbers import number
from backprop_cli.render.working import steps, term_names, term_numbers
from backprop_cli.text import clean, counted

_LETTERS = (
    "Here $L$ is the loss, and $x$, $w$, $b$, $z$ and $y$ are inputs, weights, biases, pre-activations and outputs."
)


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the worked solution for one entry."""
    parts = [f"## `{found.entry}` = {number(found.value, precision)}", *_body(found, precision)]
    if found.sources:
        parts += ["Where the factors come from:", "\n".join(_tree(found.sources, precision, ""))]
    return "\n\n".join([*parts, _LETTERS]) + "\n"


def walk(title: str | None, found: Sequence[Explanation], precision: int | None) -> str:
    """Return the worked solution of a problem, step by step."""
    parts = [f"# {_escaped(clean(title))}"] if title else []
    for step in found:
        parts += [f"## `{step.entry}` = {number(step.value, precision)}", *_body(step, precision)]
        if step.passed_on:
            names = "; ".join(f"`{factor.name}`: {number(factor.value, precision)}" for factor in step.passed_on)
            parts.append(f"A sum passes its gradient on unchanged to each of its terms: {names}.")
    return "\n\n".join([*parts, _LETTERS]) + "\n"


def _body(found: Explanation, precision: int | None) -> Iterator[str]:
    if found.phrases.chain_tex is not None:
        yield f"${found.phrases.chain_tex}$"
    yield f"${found.phrases.tex}$"
    rows = ["| term | | value | sum so far |", "| --- | ---: | ---: | ---: |"]
    for term in found.terms:
        numbers = term_numbers(term, precision, "·")
        names = term_names(term, "·") if term.rest else f"`{term_names(term, '·')}`"
        closed = " (ReLU closed)" if term.closed else ""
        value, running = (number(x, precision) for x in (term.value, term.running))
        rows.append(f"| {names} | {numbers} | {value}{closed} | {running} |")
    yield "\n".join(rows)
    n = sum(max(term.rest, 1) for term in found.terms)
    rounding = "" if found.total == found.value else ", but for rounding"
    subject = f"The {counted(n, 'term')} add" if n > 1 else "The term adds"
    yield f"{subject} up to `{found.entry}` = **{number(found.value, precision)}**{rounding}."


def _tree(sources: Sequence[Explanation], precision: int | None, indent: str) -> Iterator[str]:
    for source in sources:
        if source.repeated:
            yield f"{indent}- `{source.entry}` = {number(source.value, precision)}, as above"
            continue
        yield f"{indent}- `{' = '.join([source.entry, *steps(source, precision, '·')])}`"
        yield from _tree(source.sources, precision, indent + "  ")


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|$])", r"\\\1", text)

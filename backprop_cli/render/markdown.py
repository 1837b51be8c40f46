"""Explanations as Markdown: a worked solution to hand out, its rules in TeX and its terms as tables."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation, Walk
from backprop_cli.messages import clean
from backprop_cli.render.numbers import number
from backprop_cli.render.steps import adds_up, steps, term_names, term_numbers

_LETTERS = (
    "Here $L$ is the loss; $x$, $w$, $b$, $z$ and $y$ are inputs, weights, biases, pre-activations and outputs; and"
    r" $\eta$ is the learning rate, which leads from $w$ and $b$ to $w'$ and $b'$."
)


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the worked solution for one entry."""
    parts = [f"## `{found.entry}` = {number(found.value, precision)}", *_body(found, precision)]
    if found.sources:
        parts += ["Where the factors come from:", "\n".join(_tree(found.sources, precision, ""))]
    return "\n\n".join([*parts, _LETTERS]) + "\n"


def walk(found: Walk, precision: int | None) -> str:
    """Return the worked solution of a problem, step by step."""
    parts = [f"# {_escaped(clean(found.title))}"] if found.title else []
    for step in found.steps:
        parts += [f"## `{step.entry}` = {number(step.value, precision)}", *_body(step, precision)]
        if step.passed_on:
            names = [
                f"`{factor.name.replace('*', '·')}`: {number(factor.value, precision)}" for factor in step.passed_on
            ]
            names += [f"and {step.more_passed_on} more"] * bool(step.more_passed_on)
            parts.append(f"A sum passes its gradient on unchanged to each of its terms: {'; '.join(names)}.")
    if found.not_computed:
        needs = [f"- `{place}` needs `{needs}`" for place, needs in found.not_computed.items()]
        parts += ["Not computed:", "\n".join(needs)]
    return "\n\n".join([*parts, _LETTERS]) + "\n"


def _body(found: Explanation, precision: int | None) -> Iterator[str]:
    if found.notation.chain_tex is not None:
        yield f"${found.notation.chain_tex}$"
    yield f"${found.notation.tex}$"
    rows = ["| term | | value | sum so far |", "| --- | ---: | ---: | ---: |"]
    for term in found.terms:
        numbers = term_numbers(term, precision, "·")
        names = term_names(term, "·") if term.rest else f"`{term_names(term, '·')}`"
        inactive = " (inactive)" if term.inactive else ""
        value, running = (number(x, precision) for x in (term.value, term.running))
        rows.append(f"| {names} | {numbers} | {value}{inactive} | {running} |")
    yield "\n".join(rows)
    yield adds_up(found, precision, f"`{found.entry}`", f"**{number(found.value, precision)}**")


def _tree(sources: Sequence[Explanation], precision: int | None, indent: str) -> Iterator[str]:
    for source in sources:
        if not source.repeated:
            inactive = " (inactive)" if len(source.terms) == 1 and source.terms[0].inactive else ""
            yield f"{indent}- `{' = '.join([source.entry, *steps(source, precision, '·')])}`{inactive}"
            yield from _tree(source.sources, precision, indent + "  ")
            if source.cut:
                yield f"{indent}  - what is behind that is left out"
    above = [f"`{source.entry}` = {number(source.value, precision)}" for source in sources if source.repeated]
    if above:
        yield f"{indent}- {', '.join(above)}: as above"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|$])", r"\\\1", text)

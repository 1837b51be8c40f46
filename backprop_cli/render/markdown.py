"""Explanations as Markdown: a worked solution to hand out, its rules in TeX and its terms as tables."""

import re
from collections.abc import Iterable, Iterator

from backprop_cli.explanations.explanation import Explanation, Walk
from backprop_cli.messages import clean
from backprop_cli.render.numbers import number
from backprop_cli.render.steps import adds_up, not_shown_note, steps, term_names, term_numbers, tree

_LETTERS = (
    "Here $L$ is the loss; $x$, $w$, $b$, $z$ and $y$ are inputs, weights, biases, pre-activations and outputs; and"
    r" $\eta$ is the learning rate, which leads from $w$ and $b$ to $w'$ and $b'$."
)

_MORE_LETTERS = {"t": " The targets are $t$.", "L": " $L_n$ is the loss of sample $n$, and $L$ is their mean."}


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the worked solution for one entry."""
    return _page(_entry(found, precision))


def walk(found: Walk, precision: int | None) -> str:
    """Return the worked solution of a problem, step by step."""
    parts = [f"# {_escaped(clean(found.title))}"] if found.title else []
    for step in found.steps:
        parts += _entry(step, precision)
    if found.not_shown:
        parts.append(not_shown_note(found))
    if found.not_computed:
        needs = [f"- `{place}` needs `{needs}`" for place, needs in found.not_computed.items()]
        parts += ["Not computed:", "\n".join(needs)]
    return _page(parts)


def _page(parts: Iterable[str]) -> str:
    page = "\n\n".join(parts)
    letters = _LETTERS
    for letter, meaning in _MORE_LETTERS.items():
        if re.search(rf"(?<![a-z]){letter}_\{{", page):
            letters += meaning
    return f"{page}\n\n{letters}\n"


def _entry(found: Explanation, precision: int | None) -> Iterator[str]:
    shown = number(found.value, precision)
    yield f"## `{found.entry}` = {shown}"
    if found.notation.chain_tex is not None:
        yield f"${found.notation.chain_tex}$"
    yield f"${found.notation.tex}$"
    if found.notation.where:
        yield _where(found)
    rows = ["| term | | value | sum so far |", "| --- | ---: | ---: | ---: |"]
    for term in found.terms:
        names, numbers = term_names(term), term_numbers(term, precision)
        code = "" if term.rest else "`"
        inactive = " (inactive)" if term.inactive else ""
        value, running = number(term.value, precision), number(term.running, precision)
        names, numbers = names.replace("|", r"\|"), numbers.replace("|", r"\|")
        rows.append(f"| {code}{names}{code} | {numbers} | {value}{inactive} | {running} |")
    yield "\n".join(rows)
    yield adds_up(found, precision, f"`{found.entry}`", f"**{shown}**")
    if (chain := found.through_upstream) is not None:
        equal = " = ".join([chain.entry, *steps(chain, precision)])
        yield f"The same by the chain rule, through `upstream`: ${chain.notation.tex}$, in numbers `{equal}`."
        yield _where(chain)
    if found.passed_on:
        terms = [f"`{factor.name}`: {number(factor.value, precision)}" for factor in found.passed_on]
        terms += [f"and {found.more_passed_on} more"] * bool(found.more_passed_on)
        yield f"A sum passes its gradient on unchanged to each of its terms: {'; '.join(terms)}."
    if found.sources:
        yield "Where the factors come from:"
        yield "\n".join(tree(found.sources, precision, "", bullet="- ", quote="`"))


def _where(found: Explanation) -> str:
    return "\n".join(f"- {_escaped(line)}" for line in found.notation.where)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|$])", r"\\\1", text)

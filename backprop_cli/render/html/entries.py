"""Entries in HTML, term by term: a section that is shown when its link is followed."""

from collections.abc import Iterator

from backprop_cli.explanations.explanation import Explanation, Term
from backprop_cli.messages import clean
from backprop_cli.render.html.matrices import alignment
from backprop_cli.render.html.sources import chain_rule, tree
from backprop_cli.render.html.text import Links, code, entry_links, figure, formula_text, safe
from backprop_cli.render.mathml import mathml
from backprop_cli.render.steps import adds_up, term_names, term_numbers

__all__ = ["entry", "entry_parts"]


def entry(found: Explanation, precision: int | None, links: Links, *, is_shown: bool, has_rule: bool, back: str) -> str:
    """Return the section of an entry; unless `is_shown`, a reader sees it only as the target of a link.

    Names of entries become `links`, and `back` is where the link at its end leads.
    """
    value = figure(found.value, precision)
    classes = "entry shown" if is_shown else "entry"
    lines = [
        f'<section class="{classes}" id="{links.prefix}{found.entry}" tabindex="-1">',
        f"<h4>{code(found.entry)} = {value}</h4>",
        *entry_parts(found, precision, links, has_rule=has_rule),
        *_more(found, precision, links),
        f'<a class="back" href="#{links.prefix}{back}">Back to the number</a>',
        "</section>",
    ]
    return "\n".join(lines)


def _more(found: Explanation, precision: int | None, links: Links) -> Iterator[str]:
    if (chain := found.through_upstream) is not None:
        yield "<p>The same by the chain rule, through <code>upstream</code>:</p>"
        yield from chain_rule(chain, precision, links)
    if found.sources:
        yield "<p>Where the factors come from:</p>"
        yield from tree(found.sources, precision, links, is_named=False)


def entry_parts(found: Explanation, precision: int | None, links: Links, *, has_rule: bool) -> Iterator[str]:
    """Yield the rule of an entry, the table of its terms, and the sentence about their sum where it says more."""
    if has_rule:
        symbols = found.notation
        formulas = [symbols.tex]
        if symbols.chain_tex is not None:
            formulas = [symbols.chain_tex, "= " + symbols.tex.partition(" = ")[2]]
        yield f'<p class="rule">{"".join(mathml(tex, display=True) for tex in formulas)}</p>'
        if symbols.where:
            yield f'<ul class="where">{"".join(f"<li>{safe(line)}</li>" for line in symbols.where)}</ul>'
    yield from _terms(found, precision, links)
    name, value = clean(found.entry), figure(found.value, precision)
    sentence = adds_up(found, precision, "\0", value)
    is_plain = sentence.endswith(f" add up to \0 = {value}.") or sentence.startswith("That is")
    if not is_plain:
        yield f"<p>{safe(sentence.replace(chr(0), name)).replace('-', chr(0x2212))}</p>"


def _terms(found: Explanation, precision: int | None, links: Links) -> Iterator[str]:
    if len(found.terms) == 1:
        value = figure(found.terms[0].value, precision)
        yield f'<p class="term">{_words(found.terms[0], precision, links)} = {value}</p>'
        return
    values = [figure(term.value, precision) for term in found.terms]
    sums = [figure(term.running, precision) for term in found.terms]
    yield f'<table class="terms"><thead><tr>{_HEAD}'
    yield "<tbody>"
    columns = zip(found.terms, values, alignment(values), sums, alignment(sums), strict=True)
    for term, value, of_value, total, of_total in columns:
        cells = f"<td>{_words(term, precision, links)}{_number(value, of_value)}{_number(total, of_total)}"
        yield f"<tr{_class('inactive' * term.inactive)}>{cells}"  # rows and cells need no end, and there are many
    yield "</table>"


_HEAD = '<th scope="col">term<th scope="col">value<th scope="col">sum so far'


def _words(term: Term, precision: int | None, links: Links) -> str:
    """Return a term as the product of the names of its factors, and as that of their values."""
    names = term_names(term)
    words = names if term.rest else entry_links(names, links)
    numbers = formula_text(term_numbers(term, precision))
    equal = f" = <span>{numbers}</span>" if numbers else ""
    return words + equal + " <i>(inactive)</i>" * term.inactive


def _number(text: str, pad: str) -> str:
    return f"<td{_class(pad)}>{text}"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""

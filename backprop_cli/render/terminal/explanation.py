"""Explanations for people at a terminal: the rule, a table of its terms, and a tree of where the factors come from."""

from collections.abc import Sequence

from rich.text import Text

from backprop_cli.explanations.explanation import Explanation, Term, Walk
from backprop_cli.messages import clean
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.steps import adds_up, steps, term_names, term_numbers
from backprop_cli.render.terminal.page import Column, Look, Page, width_of

_LETTERS = "L the loss; x, w, b, z, y: inputs, weights, biases, pre-activations, outputs"


def explanation(found: Explanation, look: Look, precision: int | None) -> str:
    """Return the page that explains one entry."""
    page = Page(look)
    page.line((f"{found.entry} = {number(found.value, precision)}", "bold"))
    page.line()
    page.line(f"  {found.notation.rule}")
    if found.notation.chain is not None:
        page.line(f"  {found.notation.chain}")
        page.line((f"  ({_LETTERS})", "dim"))
    page.line()
    _terms(page, found.terms, precision)
    page.line()
    page.line(adds_up(found, precision, found.entry, number(found.value, precision)))
    if found.sources:
        page.line()
        page.line(("where the factors come from", "bold"))
        _tree(page, found.sources, precision, "  ")
    return page.text()


def walk(found: Walk, look: Look, precision: int | None) -> str:
    """Return the page that works through a problem, one entry after the other."""
    page = Page(look)
    if found.title:
        page.line((clean(found.title), "bold"))
        page.line()
    for step in found.steps:
        entry, _, said = step.notation.rule.partition(" = ")
        page.line((entry, "bold"), f" = {said}" if said else "")
        *before, last = steps(step, precision, said=said)
        for line in (*before, last + _if_inactive(step)):
            page.line(f"{' ' * width_of(step.entry)} = {line}")
        for factor in step.passed_on:
            page.line(f"    passed on to {factor.name}: {number(factor.value, precision)}")
        if step.more_passed_on:
            page.line(f"    and to {step.more_passed_on} more")
        page.line()
    for i, (place, needs) in enumerate(found.not_computed.items()):
        if i == 0:
            page.line(("not computed", "bold"))
        page.line(f"  {place} needs {needs}")
    return page.text()


def _terms(page: Page, terms: Sequence[Term], precision: int | None) -> None:
    products = [number(term.value, precision) for term in terms]
    sums = [number(term.running, precision) for term in terms]
    numbers = [term_numbers(term, precision) for term in terms]
    styles = ["dim" if term.inactive else "" for term in terms]
    columns = [_column("numbers", [text.rjust(max(map(len, numbers))) for text in numbers], styles)] * any(numbers)
    columns += [_column("term", aligned(products), styles), _column("sum so far", aligned(sums), styles)]
    if any(term.inactive for term in terms):
        columns.append(_column("", ["inactive" if term.inactive else "" for term in terms], styles))
    page.table([f"  {term_names(term)}" for term in terms], columns)


def _column(heading: str, texts: Sequence[str], styles: Sequence[str]) -> Column:
    width = max(width_of(heading), *map(width_of, texts))
    return Column(heading, [Text(text.rjust(width), style) for text, style in zip(texts, styles, strict=True)])


def _tree(page: Page, sources: Sequence[Explanation], precision: int | None, indent: str) -> None:
    for source in sources:
        if not source.repeated:
            _worked(page, source, precision, indent)
            _tree(page, source.sources, precision, indent + "  ")
            if source.cut:
                page.line(f"{indent}  (what is behind that is left out)")
    above = [f"{source.entry} = {number(source.value, precision)}" for source in sources if source.repeated]
    if above:
        page.line(f"{indent}{', '.join(above)}: as above")


def _worked(page: Page, found: Explanation, precision: int | None, indent: str) -> None:
    page.line(f"{indent}{' = '.join([found.entry, *steps(found, precision)])}{_if_inactive(found)}")


def _if_inactive(found: Explanation) -> str:
    return " (inactive)" if len(found.terms) == 1 and found.terms[0].inactive else ""

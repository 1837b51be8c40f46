"""Explanations for people at a terminal: the rule, a table of its terms, and a tree of where the factors come from."""

from collections.abc import Sequence

from rich.cells import cell_len

from backprop_cli.explanations.explanation import Explanation, Term, Walk
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.steps import adds_up, inactive_note, not_shown_note, steps, term_names, term_numbers, tree
from backprop_cli.render.terminal.page import Column, Look, Page


def explanation(found: Explanation, look: Look, precision: int | None) -> str:
    """Return the page that explains one entry."""
    page = Page(look)
    value = number(found.value, precision)
    page.line((f"{found.entry} = {value}", "bold"))
    page.line()
    page.line(f"  {found.notation.rule}")
    if found.notation.chain is not None:
        page.line(f"  {found.notation.chain}")
        page.line(("  (L the loss; x, w, b, z, y: inputs, weights, biases, pre-activations, outputs)", "legend"))
    page.line()
    _terms(page, found.terms, precision)
    page.line()
    page.line(adds_up(found, precision, found.entry, value))
    if found.sources:
        page.line()
        page.line(("where the factors come from", "bold"))
        for line in tree(found.sources, precision, "  ", bullet="", quote=""):
            page.line(line)
    return page.text()


def walk(found: Walk, look: Look, precision: int | None) -> str:
    """Return the page that works through a problem, one entry after the other."""
    page = Page(look, found.title)
    for step in found.steps:
        entry, _, said = step.notation.rule.partition(" = ")
        indent = cell_len(step.entry) + 3
        page.line((entry, "bold"), f" = {said}" if said else "", indent=indent)
        *before, last = steps(step, precision, said)
        for line in (*before, last + inactive_note(step)):
            page.line(f"{' ' * cell_len(step.entry)} = {line}", indent=indent)
        for factor in step.passed_on:
            page.line(f"    passed on to {factor.name}: {number(factor.value, precision)}")
        if step.more_passed_on:
            page.line(f"    and to {step.more_passed_on} more")
        page.line()
    if found.not_shown:
        page.line(not_shown_note(found))
        page.line()
    page.not_computed(found.not_computed)
    return page.text()


def _terms(page: Page, terms: Sequence[Term], precision: int | None) -> None:
    styles = ["inactive" if term.inactive else "" for term in terms]
    products = aligned([number(term.value, precision) for term in terms])
    sums = aligned([number(term.running, precision) for term in terms])
    columns = [Column("term", products, styles), Column("sum so far", sums, styles)]
    numbers = [term_numbers(term, precision) for term in terms]
    if any(numbers):
        columns.insert(0, Column("numbers", numbers, styles))
    if any(term.inactive for term in terms):
        columns.append(Column("", ["inactive" if term.inactive else "" for term in terms], styles))
    page.table([f"  {term_names(term)}" for term in terms], columns)

"""Explanations for people at a terminal: the rule, a table of its terms, and a tree of where the factors come from."""

from collections.abc import Sequence

from backprop_cli.explanations.explanation import Explanation, Term
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.steps import adds_up, equations, steps, term_names, term_numbers, tree
from backprop_cli.render.terminal.page import Column, Look, Page

_FEW = 3  # terms, which no table is split for


def explanation(found: Explanation, look: Look, precision: int | None) -> str:
    """Return the page that explains one entry."""
    page = Page(look)
    value = number(found.value, precision)
    page.line((f"{found.entry} = {value}", "bold"))
    page.line()
    _rule(page, found)
    page.line()
    _terms(page, found.terms, precision)
    page.line()
    page.line(adds_up(found, precision, found.entry, value))
    if (chain := found.through_upstream) is not None:
        page.line()
        page.line(("the same by the chain rule, through upstream", "bold"))
        said = chain.notation.rule.partition(" = ")[2]
        for line in equations(chain.entry, [said, *steps(chain, precision, said)], look.width - 2):
            page.line(f"  {line}")
        for line in chain.notation.where:
            page.line((f"  ({line})", "legend"))
    if found.sources:
        page.line()
        page.line(("where the factors come from", "bold"))
        for line in tree(found.sources, precision, "  ", look.width):
            page.line(line)
    return page.text()


def _rule(page: Page, found: Explanation) -> None:
    chain = found.notation.chain
    if chain is not None:
        of_one = "L[n] that of sample n; " if "dL[" in chain else ""
        letters = "x, w, b, z, y: inputs, weights, biases, pre-activations, outputs"
        page.line((f"  (L the loss; {of_one}{letters})", "legend"))
    page.line(f"  {found.notation.rule}")
    if chain is not None:
        page.line(f"  {chain}")
    for line in found.notation.where:
        page.line((f"  ({line})", "legend"))


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
    labels = [f"  {term_names(term)}" for term in terms]
    if page.fits(labels, columns, whole=len(terms) <= _FEW):
        page.table(labels, columns)
        return
    for term, style in zip(terms, styles, strict=True):
        names, figures, value = term_names(term), term_numbers(term, precision), number(term.value, precision)
        parts = [part for part in (names, figures, value) if part]
        note = f"; sum so far {number(term.running, precision)}" if len(terms) > 1 else ""
        page.line((f"  {' = '.join(parts)}{note}{' (inactive)' * term.inactive}", style))

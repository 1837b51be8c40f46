"""One entry as a page of HTML: its rule, its terms, and where their factors come from."""

from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.render.html.document import document
from backprop_cli.render.html.entries import entry_parts
from backprop_cli.render.html.sources import chain_rule, tree
from backprop_cli.render.html.text import Links, code, figure

__all__ = ["explanation"]


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the page of an entry."""
    value = figure(found.value, precision)
    links = Links(frozenset(_names(found.sources)))
    parts = [f"<main>\n<h1>{code(found.entry)} = {value}</h1>", '<section class="entry shown">']
    parts += [*entry_parts(found, precision, links, has_rule=True), "</section>"]
    if (chain := found.through_upstream) is not None:
        parts.append("<h2>The same by the chain rule, through <code>upstream</code></h2>")
        parts += chain_rule(chain, precision, links)
    if found.sources:
        parts += ["<h2>Where the factors come from</h2>", *tree(found.sources, precision, links, is_named=True)]
    return document(f"{found.entry} = {value}", "\n".join([*parts, "</main>"]))


def _names(sources: Sequence[Explanation]) -> Iterator[str]:
    for source in sources:
        if not source.repeated:
            yield source.entry
            yield from _names(source.sources)

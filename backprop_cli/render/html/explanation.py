"""One entry as a page of HTML: its rule, its terms, and where their factors come from."""

from collections.abc import Container, Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.render.html.document import document
from backprop_cli.render.html.entries import entry_parts
from backprop_cli.render.html.text import code, entry_links, figure, formula_text, safe
from backprop_cli.render.mathml import mathml
from backprop_cli.render.steps import inactive_note, steps

__all__ = ["explanation"]


def explanation(found: Explanation, precision: int | None) -> str:
    """Return the page of an entry."""
    value = figure(found.value, precision)
    known = frozenset(_names(found.sources))
    parts = [f"<main>\n<h1>{code(found.entry)} = {value}</h1>", '<section class="entry shown">']
    parts += [*entry_parts(found, precision, known, has_rule=True), "</section>"]
    if (chain := found.through_upstream) is not None:
        parts.append("<h2>The same by the chain rule, through <code>upstream</code></h2>")
        parts.append(f'<p class="rule">{mathml(chain.notation.tex, display=True)}</p>')
        parts.append(_equal(chain, precision, known))
        parts += [f'<p class="note">{safe(line)}</p>' for line in chain.notation.where]
    if found.sources:
        parts += ["<h2>Where the factors come from</h2>", *_tree(found.sources, precision, known)]
    return document(f"{found.entry} = {value}", "\n".join([*parts, "</main>"]))


def _names(sources: Sequence[Explanation]) -> Iterator[str]:
    for source in sources:
        if not source.repeated:
            yield source.entry
            yield from _names(source.sources)


def _tree(sources: Sequence[Explanation], precision: int | None, known: Container[str]) -> Iterator[str]:
    yield '<ul class="tree">'
    for source in sources:
        if source.repeated:
            value = figure(source.value, precision)
            yield f"<li>{entry_links(source.entry, known)} = {value}: as above</li>"
            continue
        yield f'<li id="{source.entry}">{_equal(source, precision, known)}{safe(inactive_note(source))}'
        if (chain := source.through_upstream) is not None:
            yield f"<p>through <code>upstream</code>:</p>{_equal(chain, precision, known)}"
        if source.sources:
            yield from _tree(source.sources, precision, known)
        yield f"{'(further sources are left out)' * source.cut}</li>"
    yield "</ul>"


def _equal(found: Explanation, precision: int | None, known: Container[str]) -> str:
    """Return what an entry is equal to, a step a line."""
    lines = [entry_links(line, known) if "[" in line else formula_text(line) for line in steps(found, precision)]
    return f"<div>{code(found.entry)}</div>" + "".join(f'<div class="equal">= {line}</div>' for line in lines)

"""Where the factors of an entry come from, in HTML: lists in lists, of an entry and what it is equal to."""

from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.render.html.text import Links, code, entry_links, figure, formula_text, safe
from backprop_cli.render.mathml import mathml
from backprop_cli.render.steps import inactive_note, steps

__all__ = ["chain_rule", "tree"]


def chain_rule(chain: Explanation, precision: int | None, links: Links) -> Iterator[str]:
    """Yield the way to an entry through upstream, where its own rule is shorter."""
    yield f'<p class="rule">{mathml(chain.notation.tex, display=True)}</p>'
    yield _equal(chain, precision, links)
    yield from (f'<p class="note">{safe(line)}</p>' for line in chain.notation.where)


def tree(sources: Sequence[Explanation], precision: int | None, links: Links, *, is_named: bool) -> Iterator[str]:
    """Yield the sources as a list; `is_named` makes each the target of links with its name.

    Names of other entries are `links`.
    """
    yield '<ul class="tree">'
    for source in sources:
        if source.repeated:
            value = figure(source.value, precision)
            yield f"<li>{entry_links(source.entry, links)} = {value}: as above</li>"
            continue
        name = f' id="{links.prefix}{source.entry}"' if is_named else ""
        yield f"<li{name}>{_equal(source, precision, links)}{safe(inactive_note(source))}"
        if (chain := source.through_upstream) is not None:
            yield f"<p>through <code>upstream</code>:</p>{_equal(chain, precision, links)}"
        if source.sources:
            yield from tree(source.sources, precision, links, is_named=is_named)
        yield f"{'(further sources are left out)' * source.cut}</li>"
    yield "</ul>"


def _equal(found: Explanation, precision: int | None, links: Links) -> str:
    """Return what an entry is equal to, a step a line."""
    lines = [entry_links(line, links) if "[" in line else formula_text(line) for line in steps(found, precision)]
    return f"<div>{code(found.entry)}</div>" + "".join(f'<div class="equal">= {line}</div>' for line in lines)

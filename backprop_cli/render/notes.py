"""Sentences of a worked solution: what its signs mean, and what it does not show."""

from collections.abc import Iterator, Sequence

from backprop_cli.explanations.conventions import conventions as of_problem
from backprop_cli.explanations.conventions import signs as meanings
from backprop_cli.explanations.worked import LeftOut, Worked
from backprop_cli.messages import counted

__all__ = ["conventions", "left_out", "signs"]


def signs(found: Worked) -> str:
    """Return what the signs in the rules mean."""
    return meanings(step.rule for step in found.steps)


def conventions(found: Worked) -> Sequence[str]:
    """Return what else a reader has to know before the first rule."""
    return of_problem(found.problem)


def left_out(found: Worked) -> Sequence[str]:
    """Return lines that name the entries which are not worked out, and say how to see them; none where all are."""
    some = [each for each in found.left_out if each.entries < each.of]
    lines = []
    if some:
        n = sum(each.entries for each in some)
        total, names = counted(found.entries, "entry"), list(_by_layer(some))
        is_one = len(names) == 1
        lines.append(f"the terms of {n} of {total}:" + f" {names[0]}" * is_one)
        lines += [] if is_one else [f"  {line}" for line in names]
        grid = max((step.result for step in found.steps), key=lambda matrix: matrix.values.size)
        entry = grid.entry(*(size - 1 for size in grid.grid.shape))
        row = f", '{entry.rpartition(',')[0]},:]' a row" if "," in entry else ""
        lines.append(f"backprop explain PROBLEM '{entry}' shows one{row}, {grid.place} all; or --every-entry")
    for each in found.left_out:
        if each.entries == each.of:
            lines.append(f"{each.place} ({counted(each.of, 'entry')}): backprop explain PROBLEM '{each.shown_by}'")
    if any(term.rest for step in found.steps for example in step.examples for term in example.terms):
        lines.append("the smaller terms of long sums: --terms N shows more")
    return lines


def _by_layer(some: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a line for the quantities of each layer, and one for those of none."""
    lines: dict[str, list[str]] = {}
    for each in some:
        layer, _, quantity = each.place.rpartition(".")
        lines.setdefault(layer, []).append(f"{each.entries} of {quantity}")
    yield from (f"{layer}: {', '.join(names)}" if layer else ", ".join(names) for layer, names in lines.items())

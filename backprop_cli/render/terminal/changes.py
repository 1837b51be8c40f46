"""What has changed in expected values: a line for each quantity."""

from collections.abc import Sequence

from backprop_cli.checks.changes import Change
from backprop_cli.core.places import entry_place
from backprop_cli.messages import counted
from backprop_cli.render.numbers import number
from backprop_cli.render.terminal.page import Look, Page

_PRECISION = 17


def changes(found: Sequence[Change], look: Look) -> str:
    """Return a page with what has changed in each quantity."""
    page = Page(look)
    if not any(change.changed.any() for change in found):
        page.line("  nothing changed")
        return page.text()
    for change in found:
        retyped = "" if change.old_type is None else f"; {change.old_type} becomes float64"
        page.line(f"  {change.place}: {_words(change)}{retyped}")
    return page.text()


def _words(change: Change) -> str:
    entries, n_changed = counted(change.value.size, "entry"), int(change.changed.sum())
    if change.old is None:
        shape = f"shape {change.value.shape}" if change.value.ndim else "one number"
        return f"new, {shape}" if change.was is None else f"was {change.was}, is of {shape}"
    if not n_changed:
        return "nothing changed"
    index, old, new = change.largest(change.old)
    was, now = "open" if old is None else number(old, _PRECISION), number(new, _PRECISION)
    if change.value.ndim == 0:
        return f"was {was}, is {now}"
    which = "first" if old is None else "most"
    return f"{n_changed} of {entries} changed, {which} at {entry_place('', index)}: was {was}, is {now}"

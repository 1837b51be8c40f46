"""The verdicts of a check: one line for each problem, a summary, and the details of what is wrong."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean
from backprop_cli.render.checks.details import LARGEST, RELATIVE, Detail, Entries, details
from backprop_cli.render.checks.words import WORDS, in_short, summary
from backprop_cli.render.numbers import aligned
from backprop_cli.render.terminal.page import Column, Look, Page

__all__ = ["plain", "verdicts"]

_WIDTH = 120  # of tables in plain text
_STYLES = {"ok": "right", "open": "open"}


def verdicts(found: Sequence[Verdict], look: Look) -> str:
    """Return the page for the verdicts on any number of problems."""
    page = Page(look)
    names = [clean(verdict.file) for verdict in found]
    width = max(map(cell_len, names))
    for verdict, name in zip(found, names, strict=True):
        style = _STYLES.get(verdict.outcome, "wrong")
        padding = " " * (width - cell_len(name))
        page.line(
            (f"{WORDS[verdict.outcome]:<5}", style),
            f" {name}{padding}  {'; '.join(in_short(verdict))}",
            indent=width + 8,
        )
    if len(found) > 1:
        page.line()
        page.line((summary(found), "bold"))
    for verdict, name in zip(found, names, strict=True):
        check = verdict.gradients
        shows_kinks = check is not None and check.kinks and (len(found) == 1 or not check.told)
        shows_undecided = len(found) == 1 and any(quantity.undecided for quantity in verdict.expected)
        if shows_kinks or shows_undecided or verdict.outcome == "wrong":
            page.line()
            page.line((name, "bold"))
            _print(page, details(verdict, shows_undecided=len(found) == 1))
    return page.text()


def plain(found: Iterable[Detail]) -> str:
    """Return details as text without colours, in lines that are not wrapped and not indented."""
    page = Page(Look(width=_WIDTH, wraps=False))
    _print(page, found)
    return "\n".join(line.removeprefix("  ") for line in page.text().splitlines())


def _print(page: Page, found: Iterable[Detail]) -> None:
    for detail in found:
        if isinstance(detail, Entries):
            _entries(page, detail)
        else:
            page.line(*[(f"  {detail.heading}", "bold"), detail.text] if detail.heading else [f"  {detail.text}"])


def _entries(page: Page, found: Entries) -> None:
    """Print a table of entries; `>` marks the one that is furthest off."""
    columns = [Column(heading, aligned(cells)) for heading, cells in found.columns.items()]
    labels = [f"  {'>' if k == found.largest else ' '} {place}" for k, place in enumerate(found.places)]
    if not page.fits(labels, columns, whole=True):
        columns = [column for column in columns if column.heading != RELATIVE]
    page.table(labels, columns)
    if found.largest is not None:
        page.line((f"  (> {LARGEST})", "legend"))
    if found.more:
        page.line(f"    and {found.more} more")

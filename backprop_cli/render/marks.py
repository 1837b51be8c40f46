"""Verdicts as a CSV table for a spreadsheet: a row for each quantity, and one for the whole of each file.

Quoting is that of RFC 4180. Texts that a spreadsheet would take for a formula begin with an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean
from backprop_cli.render.checks.words import nothing_tested, refutations

__all__ = ["COLUMNS", "notes", "table"]

COLUMNS = ("file", "quantity", "entries", "right", "follows", "wrong", "open", "first_wrong", "mistake", "marks")

# What a formula begins with, also in full width (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def table(found: Iterable[Verdict], *, strict: bool = False) -> str:
    """Return the table of verdicts; the marks are the entries that are right or, unless `strict`, follow from others.

    A file that could not be checked has no numbers, and the reason in place of its mistake.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for verdict in found:
        for quantity, counts, first_wrong, mistake in _rows(verdict):
            numbers = (*counts, counts[1] + (0 if strict else counts[2])) if counts else ("",) * 6
            file, *texts = map(_cell, (verdict.file, first_wrong, mistake))
            writer.writerow([file, quantity, *numbers[:-1], *texts, numbers[-1]])
    return text.getvalue()


def notes(found: Iterable[Verdict]) -> Iterator[str]:
    """Yield why files fail that may be right in every entry, which the table has no place for; each reason once."""
    yield from dict.fromkeys(
        f"{verdict.problem or verdict.file}: {reason}; --format table tells more"
        for verdict in found
        for reason in _other_reasons(verdict)
    )


def _other_reasons(verdict: Verdict) -> Iterator[str]:
    yield from refutations(verdict)
    if verdict.outcome == "empty":
        yield nothing_tested(verdict)


def _rows(verdict: Verdict) -> Iterator[tuple[str, Sequence[int], str, str]]:
    """Yield the rows of a file: the quantity, its counts of entries, the first wrong entry, and the mistake."""
    if verdict.error is not None:
        yield "total", (), "", f"not checked: {verdict.error}"
        return
    rows = [(check.place, _counts(check), _first_wrong(check), _mistake(check)) for check in verdict.expected]
    yield from rows
    _, counts, first_wrong, mistakes = zip(*rows, strict=True) if rows else ((), (), (), ())
    totals = [sum(column) for column in zip(*counts, strict=True)] or [0] * 5
    yield "total", totals, next(filter(None, first_wrong), ""), "; and ".join(dict.fromkeys(filter(None, mistakes)))


def _counts(check: QuantityCheck) -> tuple[int, ...]:
    return check.entries, check.right, check.follows, check.wrong, check.open


def _first_wrong(check: QuantityCheck) -> str:
    if check.problem is not None:
        return check.place
    return check.first.place if check.wrong and check.first is not None else ""


def _mistake(check: QuantityCheck) -> str:
    return "; or ".join(check.explanations) or check.problem or ""


def _cell(text: str) -> str:
    """Return a text without control characters, with an apostrophe before what would be a formula."""
    return "'" * text.lstrip(" ").startswith(_FORMULA) + clean(text)

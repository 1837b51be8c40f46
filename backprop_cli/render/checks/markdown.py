"""Verdicts as Markdown of GitHub and GitLab: a table of the problems, and the details of each that is wrong.

No name in it is markup: not of a table, nor HTML, a link, a mention or an emoji.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean, counted
from backprop_cli.render.checks.details import LARGEST, Entries, details
from backprop_cli.render.checks.words import WORDS, in_short, summary

__all__ = ["report"]

_SIGNS = {"ok": "✅", "wrong": "❌", "open": "⚠️", "empty": "⚠️", "error": "❌"}
_PLAIN = re.compile(r"[^`|\\\s]+(?: [^`|\\\s]+)*")  # what a code span in a table shows as it is
_NOT_PLAIN = re.compile(r"[^\w ./-]|(?<![^ ]) |_", re.ASCII)
_MARKUP = re.compile(r"[\\`*<>|$~&]|(?<!\w)_|_(?!\w)")
_RESERVED = 500  # bytes for the heading and for the lines that say what is left out


def report(found: Sequence[Verdict], most: int | None = None) -> str:
    """Return the report, of at most `most` bytes of UTF-8 if that is 1,000 or more; what is left out is counted.

    The table has half of them: where that is not enough, it leaves out the problems that pass, and then the last ones.
    """
    limit = None if most is None else most - _RESERVED
    rows = list(map(_row, found))
    if limit is not None and sum(map(_size, rows)) > limit // 2:
        failed = (row for row, verdict in zip(rows, found, strict=True) if not verdict.passed)
        rows = list(_fitting(failed, limit // 2))
    noun = "problem" if found[0].problem is None else "submission"
    parts = [f"## backprop check: {summary(found)}"]
    parts.append("\n".join([f"| | {noun} | found |", "| --- | --- | --- |", *rows]))
    if len(rows) < len(found):
        parts.append(f"The table leaves out {counted(len(found) - len(rows), noun)}.")
    wrong = [verdict for verdict in found if verdict.outcome == "wrong"]
    left = None if limit is None else limit - sum(map(_size, rows))
    shown = list(_fitting(map(_details, wrong), left))
    parts += shown
    if len(shown) < len(wrong):
        parts.append(f"The details of {counted(len(wrong) - len(shown), f'more {noun}')} are left out.")
    return "\n\n".join(parts) + "\n"


def _fitting(texts: Iterable[str], most: int | None) -> Iterator[str]:
    """Yield texts while they fit into so many bytes together."""
    size = 0
    for text in texts:
        size += _size(text)
        if most is not None and size > most:
            return
        yield text


def _size(text: str) -> int:
    return len(text.encode("utf-8")) + 2  # and the line breaks after it


def _row(verdict: Verdict) -> str:
    outcome = f"{_SIGNS[verdict.outcome]} {WORDS[verdict.outcome]}"
    return f"| {outcome} | {_code(verdict.file)} | {_found(verdict)} |"


def _found(verdict: Verdict) -> str:
    error = verdict.error
    if error is None:
        return _text("; ".join(in_short(verdict)))
    reason = _code(str(error).removeprefix(f"{clean(verdict.file)}:").lstrip())
    return f"{reason} (hint: {_code(error.hint)})" if error.hint else reason


def _details(verdict: Verdict) -> str:
    parts = [f"### {_code(verdict.file)}"]
    for detail in details(verdict):
        if isinstance(detail, Entries):
            parts += _entries(detail)
        else:
            heading = f"**{_text(detail.heading.strip())}**" if detail.heading else ""
            parts.append(" ".join(filter(None, [heading, _text(detail.text)])))
    return "\n\n".join(parts)


def _entries(found: Entries) -> Iterator[str]:
    rows = [f"| | {' | '.join(found.columns)} |", f"| --- |{' ---: |' * len(found.columns)}"]
    for k, (place, *cells) in enumerate(zip(found.places, *found.columns.values(), strict=True)):
        name = f"**{_code(place)}**" if k == found.largest else _code(place)
        rows.append(f"| {name} | {' | '.join(map(_text, cells))} |")
    yield "\n".join(rows)
    notes = [f"Bold: {LARGEST}."] * (found.largest is not None) + [f"And {found.more} more."] * bool(found.more)
    if notes:
        yield " ".join(notes)


def _code(text: str) -> str:
    """Return a text of a file, or its name, as code: in it, nothing is markup."""
    text = clean(text)
    if _PLAIN.fullmatch(text):
        return f"`{text}`"
    return f"<code>{_NOT_PLAIN.sub(lambda found: f'&#{ord(found[0])};', text)}</code>"


def _text(text: str) -> str:
    """Return words and numbers, with a backslash before what would be markup."""
    return _MARKUP.sub(r"\\\g<0>", text)

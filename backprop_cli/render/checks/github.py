"""Verdicts as workflow commands of GitHub Actions, which makes annotations of them.

A command is a line `::error file=...,line=...,title=...::message`. The runner takes every line for one that begins
with `::` after blanks or, in its older form, has `##[` anywhere; it turns `%25`, `%0D` and `%0A` back, and in
properties `%3A` and `%2C` too (actions/runner, ActionCommand.cs). It cuts a message off after 4,096 characters
(ExecutionContext.cs).
"""

from collections.abc import Sequence
from typing import NamedTuple

from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean, counted
from backprop_cli.render.checks.details import details
from backprop_cli.render.checks.words import WORDS, in_short, summary, title
from backprop_cli.render.terminal.verdict import plain

__all__ = ["Location", "annotations"]

_LEVELS = {"wrong": "error", "error": "error", "open": "warning", "empty": "warning"}
_MOST_CHARACTERS = 4000  # of a message, and some for the line that says what is left out


class Location(NamedTuple):
    """A place in the files of a repository, as far as it is known."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


def annotations(found: Sequence[Verdict], locations: Sequence[Location]) -> str:
    """Return a command with its location for each problem that fails, a line for each other one, and a summary."""
    lines = []
    for verdict, location in zip(found, locations, strict=True):
        level = _LEVELS.get(verdict.outcome)
        line = f"{WORDS[verdict.outcome]:<5} {clean(verdict.file)}  {'; '.join(in_short(verdict))}"
        lines.append(_no_command(line) if level is None else _command(level, verdict, location))
    return "\n".join([*lines, summary(found)]) + "\n"


def _command(level: str, verdict: Verdict, location: Location) -> str:
    values = {"file": location.file, "line": location.line, "col": location.column, "title": title(verdict)}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values.items() if value is not None)
    return f"::{level} {properties}::{_data(_shortened(_message(verdict)))}"


def _message(verdict: Verdict) -> str:
    error = verdict.error
    if error is not None:
        return "\n".join([clean(str(error)), *([f"hint: {clean(error.hint)}"] if error.hint else [])])
    name = "" if verdict.problem is None else f"{clean(verdict.file)}: "
    lines = [name + "; ".join(in_short(verdict))]
    return "\n".join([*lines, plain(details(verdict))] if verdict.outcome == "wrong" else lines)


def _shortened(text: str) -> str:
    """Return the first lines of a message that GitHub shows, and how many there are more."""
    lines, size = text.split("\n"), 0
    for k, line in enumerate(lines):
        size += len(line) + 1
        if k and size > _MOST_CHARACTERS:
            return "\n".join([*lines[:k], f"({counted(len(lines) - k, 'more line')}: --format table shows all)"])
    return text


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")


def _no_command(line: str) -> str:
    """Return a line of the log in which no name is a command of the older form."""
    return line.replace("##[", r"##\x5b")

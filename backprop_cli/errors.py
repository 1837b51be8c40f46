"""Everything that can go wrong, as one family of exceptions, and the exit statuses they lead to.

A module deep inside raises a short reason and, where it knows one, a place (`layers[1].weights`). Whoever
opened the file adds its name once, with `at`, on the way out. Nothing is ever said twice.
"""

from enum import IntEnum
from typing import ClassVar, Self

from backprop_cli.messages import clean


class ExitStatus(IntEnum):
    """What the process tells its caller."""

    OK = 0
    DIFFERENT = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_WRITTEN = 4
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141


class BackpropError(Exception):
    """An error that is the user's to mend: where it is, what is wrong, and a hint if a likely cause is known.

    `rival` is the place of what it does not agree with, where that may be in another file. `str(error)` is one line
    without control characters: `FILE:LINE:COLUMN: PLACE: REASON`, each part only where it is known.
    """

    status: ClassVar[ExitStatus]

    def __init__(
        self,
        reason: str,
        *,
        place: str | None = None,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        rival: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column
        self.rival = rival

    def at(self, file: str | None) -> Self:
        """Return this error with the name of the file it is in, unless it has one already."""
        if self.file is None:
            self.file = file
        return self

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        position = ":".join(([self.file] if self.file is not None else []) + numbers)
        return clean(": ".join(part for part in (position, self.place, self.reason) if part))


class UsageError(BackpropError):
    """The command line itself makes no sense."""

    status = ExitStatus.USAGE


class InputError(BackpropError):
    """The input is unreadable, malformed, of the wrong shape, or leads to numbers that do not fit."""

    status = ExitStatus.BAD_INPUT


class OutputError(BackpropError):
    """The output could not be written."""

    status = ExitStatus.NOT_WRITTEN


class ClosedPipeError(BackpropError):
    """The reader of standard output went away: nothing to say, and nobody to say it to."""

    status = ExitStatus.CLOSED_PIPE

"""The exceptions of the package, and the exit statuses.

The code that finds an error raises a short reason and, if it knows it, the place (`layers[1].weights`). The code that
opened the file adds the file name with `at`.
"""

from enum import IntEnum
from typing import ClassVar, Self

from backprop_cli.messages import clean


class ExitStatus(IntEnum):
    """The exit statuses of the process."""

    OK = 0
    DIFFERENT = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_WRITTEN = 4
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141


class BackpropError(Exception):
    """An error that the user can correct: where it is, what is wrong, and a hint if a likely cause is known.

    `rival` is the place of the value that contradicts the one at `place`; it may be in another file. `str(error)` is
    one line without control characters: `FILE:LINE:COLUMN: PLACE: REASON`, with the parts that are known.
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
        """Return this error with the name of its file, unless it already has one."""
        if self.file is None:
            self.file = file
        return self

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number is not None]
        position = ":".join(([self.file] if self.file is not None else []) + numbers)
        return clean(": ".join(part for part in (position, self.place, self.reason) if part))


class UsageError(BackpropError):
    """The command line is wrong."""

    status = ExitStatus.USAGE


class InputError(BackpropError):
    """The input is unreadable, malformed or of the wrong shape, or a result overflows."""

    status = ExitStatus.BAD_INPUT


class OutputError(BackpropError):
    """The output cannot be written."""

    status = ExitStatus.NOT_WRITTEN


class ClosedPipeError(BackpropError):
    """The reader of standard output has closed the pipe; this is not reported."""

    status = ExitStatus.CLOSED_PIPE

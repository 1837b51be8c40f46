"""The report that `check --summary` appends to a file."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import IO

from backprop_cli.checks.verdict import Verdict
from backprop_cli.cli.atomic import pending

_MOST = 2**20  # bytes of a file that GitHub shows as the summary of a step


def append_summary(found: Sequence[Verdict], path: str) -> None:
    """Append a report to a file, which is made if it is missing; others may have written into it before.

    The report is made short enough that GitHub shows the file.

    Raises:
        OutputError: The file could not be written; it is as it was.
    """
    from backprop_cli.render.checks import markdown

    size = 0
    with suppress(OSError, ValueError):
        size = os.stat(path).st_size
    report = markdown.report(found, max(_MOST - size - 2, 0))
    with pending({path: partial(_write, path, report)}):
        pass


def _write(path: str, report: str, file: IO[bytes]) -> None:
    with suppress(FileNotFoundError), open(path, "rb") as old:
        shutil.copyfileobj(old, file)
        if file.tell():  # a heading begins after an empty line
            old.seek(-1, os.SEEK_END)
            file.write(b"\n" if old.read(1) == b"\n" else b"\n\n")
    file.write(report.encode("utf-8"))

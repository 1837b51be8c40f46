"""Properties of standard output: width, colour, characters."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from backprop_cli.render.terminal.page import Look

Color: TypeAlias = Literal["auto", "always", "never"]


def wants_color(option: Color) -> bool:
    """Return whether to use colour, by the option, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, then the terminal."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if (force := os.environ.get("FORCE_COLOR", "")) != "":
        return force not in ("0", "false")
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stdout is not None and sys.stdout.isatty()


def takes_ascii_only() -> bool:
    """Return whether the encoding of standard output lacks the line characters of tables."""
    try:
        "\N{BOX DRAWINGS LIGHT HORIZONTAL}".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def look(color: Color) -> "Look":
    """Return the look of a page on standard output; its width is COLUMNS, else that of the terminal, else 80.

    Lines wrap on a terminal, or if COLUMNS is set. Otherwise they stay whole, for programs such as grep.
    """
    from backprop_cli.render.terminal.page import Look

    return Look(
        width=shutil.get_terminal_size().columns,
        wraps=bool(os.environ.get("COLUMNS")) or (sys.stdout is not None and sys.stdout.isatty()),
        color=wants_color(color),
        ascii_only=takes_ascii_only(),
    )

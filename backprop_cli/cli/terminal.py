"""What standard output is: how wide, in colour or not, and which characters it takes. Each is decided once."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from backprop_cli.render.terminal.page import Look

Color: TypeAlias = Literal["auto", "always", "never"]

_DEFAULT_SIZE = (80, 24)


def wants_color(option: Color) -> bool:
    """Tell whether to use colour: the option decides, then NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, the terminal."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if (force := os.environ.get("FORCE_COLOR", "")) != "":
        return force not in ("0", "false")
    if os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """Return the columns of a page: COLUMNS, or else the terminal's own, or 80 off a terminal."""
    return shutil.get_terminal_size(_DEFAULT_SIZE).columns


def takes_ascii_only() -> bool:
    """Tell whether standard output's encoding has no lines to draw tables with."""
    try:
        "\N{BOX DRAWINGS LIGHT HORIZONTAL}".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def look(color: Color) -> "Look":
    """Return how a page on standard output is to look."""
    from backprop_cli.render.terminal.page import Look

    return Look(width=width(), color=wants_color(color), ascii_only=takes_ascii_only())

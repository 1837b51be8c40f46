"""What a shell offers as the value of an option or argument; each function takes the part that is typed."""

import os
import re

from backprop_cli.core.quantities import OF_A_LAYER, QUANTITIES, UPSTREAM_RULES
from backprop_cli.load.files import MATRIX_SUFFIXES, PROBLEM_SUFFIXES

_PLAIN = re.compile(r"[\w./+@%-]*")  # what no shell needs quotes for


def activations() -> list[str]:
    """Return the names of the activations; this loads NumPy."""
    from backprop_cli.core.activations import ACTIVATIONS

    return list(ACTIVATIONS)


def losses() -> list[str]:
    """Return the names of the losses, then those of frameworks; this loads NumPy."""
    from backprop_cli.core.loss_names import FRAMEWORK_NAMES
    from backprop_cli.core.losses import LOSSES

    return [*LOSSES, *FRAMEWORK_NAMES]


def quantities(incomplete: str) -> list[str]:
    """Return the words that end with another quantity, after the last comma, and in the layer that is named."""
    before, comma, last = incomplete.rpartition(",")
    layer, dot, _ = last.rpartition(".")
    named, known = before.split(","), OF_A_LAYER if layer else QUANTITIES
    return [f"{before}{comma}{layer}{dot}{quantity}" for quantity in known if f"{layer}{dot}{quantity}" not in named]


def asked(incomplete: str) -> list[str]:
    """Return the words that end with another quantity, and `all`."""
    before, comma, _ = incomplete.rpartition(",")
    return [*quantities(incomplete), f"{before}{comma}all"]


def upstream(incomplete: str) -> list[str]:
    """Return the rules for upstream, and matrix files."""
    return [*UPSTREAM_RULES, *_files(incomplete, MATRIX_SUFFIXES)]


def problems(incomplete: str) -> list[str]:
    """Return files that may hold a problem."""
    return _files(incomplete, PROBLEM_SUFFIXES)


def _files(incomplete: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the folders and the files of a type whose paths start with `incomplete`.

    A folder that is the only choice is replaced by what it holds, because a shell puts a blank after the only choice.
    A shell completes files itself, in quotes, where this returns none: so it does where a name needs quotes.
    """
    folder, name = os.path.split(incomplete)
    try:
        with os.scandir(folder or ".") as entries:
            paths = [
                os.path.join(folder, entry.name, "") if entry.is_dir() else os.path.join(folder, entry.name)
                for entry in entries
                if entry.name.startswith(name) and (name or not entry.name.startswith("."))
            ]
    except OSError:
        return []
    found = sorted(path for path in paths if path.endswith(("/", *suffixes)))
    if len(found) == 1 and found[0].endswith("/") and found[0] != incomplete:
        return _files(found[0], suffixes)
    return found if all(map(_PLAIN.fullmatch, found)) else []

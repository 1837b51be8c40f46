"""What the places of wrong entries have in common."""

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.messages import listed

__all__ = ["described"]

_MOST_LINES = 3  # that are named; scattered over more, entries have nothing in common


def described(wrong: Array) -> str | None:
    """Return the rows or columns that wrong entries fill, in words; None where they fill none.

    Args:
        wrong: Which entries are wrong, of a matrix (n, m), a vector (m,) or a number ().
    """
    if wrong.size < 2 or not wrong.any():
        return None
    if wrong.all():
        return f"all {wrong.size} entries"
    if wrong.ndim < 2:
        return None
    for axis, name in enumerate(("row", "column")):
        length, lines = wrong.shape[1 - axis], np.flatnonzero(wrong.all(axis=1 - axis))
        if 0 < len(lines) <= _MOST_LINES and length > 1 and len(lines) * length == wrong.sum():
            return f"all of {name}{'s' * (len(lines) > 1)} {listed([str(line) for line in lines])}"
    return None

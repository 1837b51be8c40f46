"""One bare matrix as CSV, its numbers written so that they read back bit for bit."""

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.render.numbers import literals


def matrix(array: Array) -> str:
    """Return a matrix (m, n) as m lines of n cells, or a list (n,) as one line."""
    return "".join(",".join(literals(row)) + "\n" for row in np.atleast_2d(array))

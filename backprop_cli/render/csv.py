"""One bare matrix as CSV, its numbers written so that they read back bit for bit."""

from collections.abc import Iterator

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.scratch import chunks
from backprop_cli.render.numbers import literals


def matrix(array: Array) -> Iterator[str]:
    """Yield the text of a matrix (m, n) as m lines of n cells, or of a list (n,) as one line."""
    table = np.atleast_2d(array)
    for rows in chunks(table):
        yield "".join(",".join(literals(row)) + "\n" for row in table[rows])

"""The type of arrays, and indices of their entries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

__all__ = ["Array", "all_finite", "bracketed", "first_index", "in_whole", "unraveled"]

if TYPE_CHECKING:
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[Any]
else:
    Array: TypeAlias = np.ndarray


def in_whole(index: Sequence[int], first_row: int) -> tuple[int, ...]:
    """Return the index in a whole array of an entry whose index counts rows from `first_row`."""
    return (index[0] + first_row, *index[1:])


def all_finite(array: Array) -> bool:
    """Tell whether an array of floats, of any shape such as (n,), has no infinity and no NaN."""
    return bool(np.isfinite(array).all())


def first_index(mask: Array) -> tuple[int, ...]:
    """Return the index of the first true entry of `mask`, (m, n) or (n,), row by row."""
    return unraveled(int(np.argmax(mask)), mask.shape)


def unraveled(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the index of the entry at a flat position, counted row by row, of an array with a shape."""
    return tuple(map(int, np.unravel_index(flat, shape)))


def bracketed(index: tuple[int, ...]) -> str:
    """Return an index as it is written in a key path: `[1][2]`."""
    return "".join(f"[{i}]" for i in index)

"""The type of arrays, and questions that are asked of any array."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

__all__ = ["Array", "all_finite", "bracketed", "first_index", "in_whole"]

if TYPE_CHECKING:
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[Any]
else:
    Array: TypeAlias = np.ndarray


def in_whole(index: Sequence[int], first_row: int) -> tuple[int, ...]:
    """Return the index in a whole array of an entry that has an index in some rows of it, from `first_row` on."""
    return (index[0] + first_row, *index[1:])


def all_finite(array: Array) -> bool:
    """Tell whether an array of floats, (n,) or of any other shape, has no infinity and no NaN in it."""
    return bool(np.isfinite(array).all())


def first_index(mask: Array) -> tuple[int, ...]:
    """Return the index of the first true entry of `mask`, (m, n) or (n,), row by row."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def bracketed(index: tuple[int, ...]) -> str:
    """Return an index as it is written in a key path: `[1][2]`."""
    return "".join(f"[{i}]" for i in index)

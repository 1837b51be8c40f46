"""The values that a quantity is expected to have."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["Expected"]

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Expected:
    """Validated expected values of one quantity, of at most two dimensions.

    Entries without an expected value are open: they are neither right nor wrong. One open entry of shape () stands for
    the whole quantity.
    """

    values: Array  # float64, or decimals as they were written; NaN and infinity are wrong values; 0 where open
    is_open: Array  # bool, in the same shape
    dtype: np.dtype[Any] = _FLOAT64  # of the floats that were stored: float32 values have fewer digits

    @cached_property
    def not_finite(self) -> Array:
        """Which values are NaN or infinite, bool in the same shape."""
        return ~np.isfinite(self.values.astype(np.float64))

"""The values that a quantity is expected to have."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import FLOAT64, Precision

__all__ = ["Expected"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Expected:
    """Validated expected values of one quantity, of at most two dimensions.

    Entries without an expected value are open: they are neither right nor wrong. One open entry of shape () stands for
    the whole quantity.
    """

    values: Array  # float64, or decimals as they were written; NaN and infinity are wrong values; 0 where open
    is_open: Array  # bool, in the same shape
    stored: Precision = FLOAT64  # the type that the values were stored in, before they became float64
    digits: int | None = None  # of decimals as they were written: the places after the point that count; None for all

    @property
    def is_rounded(self) -> bool:
        """Whether the values are decimals, which stand for all numbers that round to them."""
        return self.values.dtype.kind == "O"

    @cached_property
    def not_finite(self) -> Array:
        """Which values are NaN or infinite, bool in the same shape."""
        return ~np.isfinite(self.values.astype(np.float64))

    def stored_as(self, precision: Precision) -> "Expected":
        """Return the same values, rounded to the type that they were stored in."""
        return replace(self, values=precision.round(self.values), stored=precision)

"""The binary floating-point types that numbers may be stored in, and rounding to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.scratch import chunks, release, scratch_array

__all__ = ["FLOAT64", "PRECISIONS", "BFloat16", "Precision", "from_bfloat16", "type_name"]


@dataclass(frozen=True)
class Precision:
    """A binary floating-point type, rounded to nearest, ties to even."""

    name: str
    bits: int  # of the significand, with the implicit one
    emin: int  # the smallest normal number is 2**emin
    emax: int  # numbers from 2**(emax + 1) on overflow

    @property
    def unit_roundoff(self) -> float:
        """The largest relative error of one rounding."""
        return 2.0**-self.bits

    @property
    def smallest(self) -> float:
        """The smallest positive number."""
        return 2.0 ** (self.emin - self.bits + 1)

    def is_wider_than(self, other: "Precision") -> bool:
        """Tell whether this type has more digits and more range."""
        return self.bits > other.bits and self.emax >= other.emax

    def ulp(self, values: Array) -> Array:
        """Return the unit in the last place of each value (float64, any shape), in the same shape."""
        units: Array = np.ldexp(1.0, self._last_bits(values))
        return units

    def round(self, values: Array) -> Array:
        """Return values (float64, any shape) rounded to this type, as float64 in the same shape.

        What is too large becomes infinite.
        """
        if self == FLOAT64:
            return values
        last = self._last_bits(values)
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = np.ldexp(np.rint(np.ldexp(values, -last)), last)
        fits = ~(np.abs(rounded) >= 2.0 ** (self.emax + 1))
        return np.where(fits, rounded, np.copysign(np.inf, values))

    def _last_bits(self, values: Array) -> Array:
        """Return the exponent of the last bit of each value (any shape), in the same shape."""
        has_exponent = np.isfinite(values) & (values != 0)
        exponents = np.frexp(np.where(has_exponent, values, self.smallest))[1]
        last: Array = np.maximum(exponents - self.bits, self.emin - self.bits + 1)
        return last


# IEEE 754-2019, table 3.5; bfloat16 has the exponents of float32 and 8 bits of significand.
FLOAT64 = Precision("float64", bits=53, emin=-1022, emax=1023)
PRECISIONS: Mapping[str, Precision] = MappingProxyType(
    {
        precision.name: precision
        for precision in (
            FLOAT64,
            Precision("float32", bits=24, emin=-126, emax=127),
            Precision("float16", bits=11, emin=-14, emax=15),
            Precision("bfloat16", bits=8, emin=-126, emax=127),
        )
    }
)


class BFloat16(np.ndarray[Any, np.dtype[np.float32]]):
    """Numbers that were stored in bfloat16, which NumPy lacks: float32, in any shape, that hold the same values."""


def type_name(array: Array) -> str:
    """Return the name of the type that the numbers of an array, of any shape such as (m, n), were stored in."""
    return "bfloat16" if isinstance(array, BFloat16) else array.dtype.name


def from_bfloat16(stored: Array) -> BFloat16:
    """Return the numbers (n,) whose bits are given, uint16 (n,): a bfloat16 is the first half of a float32."""
    bits = scratch_array(stored.shape, np.uint32)
    for rows in chunks(stored):
        np.left_shift(stored[rows], 16, out=bits[rows], dtype=np.uint32)
        release(bits)
    return bits.view(np.float32).view(BFloat16)

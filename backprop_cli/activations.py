"""The activation functions: each a row with its name, f(z) and f'(z).

A row works entry by entry on any numeric dtype, floats and exact fractions alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[Any]
else:
    Array: TypeAlias = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activation:
    """One activation function: `value(z)` is f(z) and `slope(z)` is f'(z), both shaped like z.

    Both are also written out, in the words of the files and as TeX with a place for z. `needs_z` is False where the
    slope is the same everywhere, so that dz follows from upstream alone; `selects` is True where every value is z or 0
    and every slope 1 or 0.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    value_written: str
    slope_written: str
    value_tex: str
    slope_tex: str
    needs_z: bool = True
    selects: bool = False


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            name="relu",
            value=lambda z: np.where(z > 0, z, z.dtype.type(0)),
            slope=lambda z: z > 0,  # not >=: the kink at 0 belongs to the closed side, relu'(0) = 0
            value_written="max(z, 0)",
            slope_written="(z > 0)",
            value_tex=r"\max({z}, 0)",
            slope_tex=r"[{z} > 0]",
            selects=True,
        ),
        Activation(
            name="linear",
            value=lambda z: z,
            slope=np.ones_like,
            value_written="z",
            slope_written="1",
            value_tex="{z}",
            slope_tex="1",
            needs_z=False,
            selects=True,
        ),
    )
}

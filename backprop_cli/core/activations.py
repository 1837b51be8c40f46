"""The activation functions: each a row with its name, f(z) and f'(z).

A row works entry by entry on any numeric dtype, floats and exact fractions alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backprop_cli.core.arrays import Array


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activation:
    """One activation function, a row of the table below.

    `value(z, out)` is f(z), put in `out` if there is room, and `slope(z)` is f'(z), both shaped like z. Both are also
    written out, in the words of the files and as TeX with a place for z. `needs_z` is False where the slope is the same
    everywhere, so that dz follows from upstream alone; `selects` is True where values are z or 0, and slopes, as
    truth values, 1 or 0.
    """

    name: str
    value: Callable[..., Array]
    slope: Callable[[Array], Array]
    value_written: str
    slope_written: str
    value_tex: str
    slope_tex: str
    needs_z: bool = True
    selects: bool = False


_INTEGERS = {8: np.int64, 4: np.int32}


def where(is_open: Array, values: Array, out: Array | None = None) -> Array:
    """Return values, and zero where nothing is open; both and the result, for which there may be room, have one shape.

    For floats it is done on their bits, with all of them or none: a choice for each entry would leave the processor
    guessing, which took an eighth of a pass. Signs of zeros are kept, and infinity is closed off.
    """
    if values.dtype.kind != "f":
        return np.where(is_open, values, values.dtype.type(0))
    integer = _INTEGERS[values.dtype.itemsize]
    out = np.empty(values.shape, values.dtype) if out is None else out
    bits = out.view(integer)
    np.copyto(bits, np.negative(is_open.view(np.int8)))  # -1 has all bits, 0 has none
    bits &= values.view(integer)
    return out


DEFAULT_ACTIVATION = "relu"
ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            name="relu",
            value=lambda z, out=None: where(z > 0, z, out),
            slope=lambda z: z > 0,  # not >=: the kink at 0 belongs to the closed side, relu'(0) = 0
            value_written="max(z, 0)",
            slope_written="(z > 0)",
            value_tex=r"\max({z}, 0)",
            slope_tex=r"[{z} > 0]",
            selects=True,
        ),
        Activation(
            name="linear",
            value=lambda z, out=None: z,  # noqa: ARG005 (no room is needed)
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

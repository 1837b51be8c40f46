"""The activation functions: everything that the package knows about one is in its row.

The functions of a row work entry by entry, on arrays of floats and of exact fractions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["ACTIVATIONS", "DEFAULT_ACTIVATION", "Activation"]

DEFAULT_ACTIVATION = "relu"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activation:
    """One activation function f, of pre-activations z (n_samples, n_neurons), with a derivative f'."""

    name: str
    title: str  # the name in sentences
    value: Callable[..., Array]  # value(z, out=None): f(z), shaped like z; put in `out` where that is given
    # backward(upstream, z, outputs, out=None): upstream * f'(z), shaped like z
    backward: Callable[..., Array]
    # f(z) and f'(z) in the words of problem files and as TeX, where {z} stands for the name of z
    value_written: str
    derivative_written: str
    value_tex: str
    derivative_tex: str
    reads: tuple[str, ...] = ("z",)  # which of z and outputs `backward` reads: none where f' is the same everywhere
    kinks: tuple[float, ...] = ()  # the z at which f' jumps; f' there is the left derivative
    inactive: Callable[[Array], Array] | None = None  # inactive(z): where f and f' are 0
    roundings: int = 0  # that f(z) adds to those of z, and upstream * f'(z) to those of upstream
    exact: bool = False  # whether f and f' of fractions are fractions
    grows: bool = True  # whether |f(z)| may exceed |z|, or |f'(z)| exceed 1: the result may then overflow
    couples: bool = False  # whether f of a neuron depends on the other neurons of its sample
    in_place: bool = False  # whether f(z), and then the result of `backward`, may be written to the memory of z

    def derivative(self, z: Array) -> Array:
        """Return f'(z), in the shape of z (n_samples, n_neurons)."""
        return self.backward(np.ones_like(z), z, self.value(z))


def _relu_backward(upstream: Array, z: Array, outputs: Array | None = None, out: Array | None = None) -> Array:
    """Return upstream where z > 0, and 0 elsewhere; all arrays have the shape (n_samples, n_neurons).

    relu'(0) = 0, as in PyTorch. A comparison and a product take less time than `np.where`. The product of a negative
    upstream and 0 is -0; adding 0 makes it 0.
    """
    del outputs
    dz: Array = np.multiply(upstream, np.greater(z, 0), out=out)
    dz += 0
    return dz


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation(
            name="relu",
            title="ReLU",
            value=lambda z, out=None: np.maximum(z, 0, out=out),
            backward=_relu_backward,
            value_written="max({z}, 0)",
            derivative_written="({z} > 0)",
            value_tex=r"\max({z}, 0)",
            derivative_tex=r"[{z} > 0]",
            kinks=(0.0,),
            inactive=lambda z: ~(z > 0),
            exact=True,
            grows=False,
            in_place=True,
        ),
        Activation(
            name="linear",
            title="linear",
            value=lambda z, out=None: z,  # noqa: ARG005 (no buffer is needed)
            backward=lambda upstream, z=None, outputs=None, out=None: upstream,  # noqa: ARG005
            value_written="{z}",
            derivative_written="1",
            value_tex="{z}",
            derivative_tex="1",
            reads=(),
            exact=True,
            grows=False,
        ),
    )
}

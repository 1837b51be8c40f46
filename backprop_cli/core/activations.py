"""The activation functions: everything that the package knows about one is in its row.

The functions of a row work on arrays of floats and, if it is exact, of fractions. Most work entry by entry. Some couple
the neurons of a sample, which are the last axis.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from backprop_cli.core import activation_functions as functions
from backprop_cli.core import coupled_functions as coupled
from backprop_cli.core import inverse_functions as inverse
from backprop_cli.core.arrays import Array

__all__ = ["ACTIVATIONS", "DEFAULT_ACTIVATION", "Activation", "activation", "name_of_activation"]

DEFAULT_ACTIVATION = "relu"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_MOST_SHOWN = 40  # characters of a wrong parameter


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Activation:
    """One activation function f, of pre-activations z (n_samples, n_neurons), with a derivative f'."""

    name: str  # as in files, with its parameter if one was written
    title: str  # the name in sentences
    value: Callable[..., Array]  # value(z, out=None): f(z), shaped like z; put in `out` where that is given
    # backward(upstream, z, outputs, out=None): upstream * f'(z), shaped like z. Where f couples neurons, it is the sum
    # of upstream[n,k] * d outputs[n,k] / d z[n,j] over k.
    backward: Callable[..., Array]
    # f(z) and f'(z) in the words of problem files and as TeX, where {z} stands for the name of z
    value_written: str
    derivative_written: str
    value_tex: str
    derivative_tex: str
    parameter: str | None = None  # the parameter in use, as it was written
    with_parameter: "Callable[[str], Activation] | None" = None  # the same function with another parameter
    reads: tuple[str, ...] = ("z",)  # which of z and outputs `backward` reads: none where f' is the same everywhere
    kinks: tuple[float, ...] = ()  # the z at which f' jumps; f' there is the left derivative
    inactive: Callable[[Array], Array] | None = None  # inactive(z): where f and f' are 0
    # that f(z) adds to those of z, and upstream * f'(z) to those of upstream; where f' is a difference, relative to the
    # larger part of it; without those of sums over neurons
    roundings: int = 0
    exact: bool = False  # whether f and f' of fractions are fractions
    grows: bool = True  # whether f(z) or upstream * f'(z) may overflow: where |f(z)| > |z| + 1 or |f'(z)| > 1
    in_place: bool = False  # whether f(z), and then the result of `backward`, may be written to the memory of z
    # backward_of_outputs(upstream, y): the same by the outputs y, where textbooks have a formula such as y * (1 - y)
    backward_of_outputs: Callable[[Array, Array], Array] | None = None
    # inverse(y): the z with f(z) = y, NaN where there is none; of several such z, one with the same derivatives. None
    # where f is not monotonic.
    inverse: Callable[[Array], Array] | None = None
    # coupled_derivative(z): d outputs[n,k] / d z[n,j] (n_samples, k, j), where f couples the neurons of a sample
    coupled_derivative: Callable[[Array], Array] | None = None

    @property
    def couples(self) -> bool:
        """Whether an output depends on the pre-activations of all neurons of its sample."""
        return self.coupled_derivative is not None

    @property
    def derivative_named(self) -> str:
        """f'(z) with the name of f, where {z} stands for the name of z: `elu'({z}, 1.5)`."""
        parameter = "" if self.parameter is None else f", {self.parameter}"
        return f"{name_of_activation(self.name)}'({{z}}{parameter})"

    def derivative(self, z: Array) -> Array:
        """Return f'(z), in the shape of z (n_samples, n_neurons).

        Raises:
            TypeError: f couples the neurons of a sample: `coupled_derivative` returns its derivatives.
        """
        if self.couples:
            raise TypeError(f"{self.name} has a derivative for each pair of neurons")
        return self.backward(np.ones_like(z), z, self.value(z))


def name_of_activation(text: str) -> str:
    """Return the name in the text of an activation, without a parameter: `elu` of `elu(1.5)`."""
    return text.partition("(")[0].strip()


def activation(text: str) -> Activation:
    """Return the activation with a name, or with a name and a parameter in brackets: `leaky_relu(0.2)`.

    Raises:
        ValueError: The name is unknown, or the parameter is not a finite number, or not one that the activation takes;
            with the reason.
    """
    name, bracket, rest = text.strip().partition("(")
    row = ACTIVATIONS.get(name.strip())
    if row is None:
        raise ValueError(f"unknown activation {text[:_MOST_SHOWN]!r}")
    if not bracket:
        return row
    if row.with_parameter is None:
        raise ValueError(f"{row.name} takes no parameter, got {text[:_MOST_SHOWN]!r}")
    parameter = rest[:-1].strip()
    if not rest.endswith(")") or not _is_finite(parameter):
        raise ValueError(f"expected {row.name}(NUMBER) with a finite number, got {text[:_MOST_SHOWN]!r}")
    return row.with_parameter(parameter)


def _is_finite(text: str) -> bool:
    """Tell whether a text is a decimal that both floats and fractions can hold."""
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        return False
    from backprop_cli.core.exact import to_decimal

    return to_decimal(text) is not None


def _number(parameter: str, z: Array) -> Any:
    """Return a parameter as the kind of number that z (n_samples, n_neurons) holds."""
    if z.dtype.kind != "O":
        return float(parameter)
    from fractions import Fraction

    return Fraction(parameter)


def _functions(value: Callable[..., Array], backward: Callable[..., Array]) -> Any:
    """Return the functions of a row, of which `backward` reads z."""
    return {
        "value": lambda z, out=None: value(z, out=out),
        "backward": lambda upstream, z, outputs=None, out=None: backward(upstream, z, out=out),  # noqa: ARG005
    }


def _written(name: str, tex: str, parameter: str = "") -> Any:
    """Return the words of a row, from the function's name, its letter in TeX, and its parameter."""
    more = f", {parameter}" * bool(parameter)
    return {
        "value_written": f"{name}({{z}}{more})",
        "derivative_written": f"{name}'({{z}}{more})",
        "value_tex": f"{tex}({{z}})",
        "derivative_tex": f"{tex}'({{z}})",
    }


def _operator(name: str, index: str = "") -> str:
    """Return the name of a function in TeX, with braces doubled."""
    return rf"\operatorname{{{{{name}}}}}" + f"_{{{{{index}}}}}" * bool(index)


def _leaky_relu(parameter: str, name: str | None = None) -> Activation:
    slope = float(parameter)
    return Activation(
        name=name or f"leaky_relu({parameter})",
        title="leaky ReLU",
        value=lambda z, out=None: functions.leaky_relu(z, slope=_number(parameter, z), out=out),
        backward=lambda upstream, z, outputs=None, out=None: functions.leaky_relu_backward(  # noqa: ARG005
            upstream, z, slope=_number(parameter, z), out=out
        ),
        **_written("leaky_relu", _operator("LeakyReLU", parameter), parameter),
        parameter=parameter,
        with_parameter=_leaky_relu,
        kinks=(0.0,) * (slope != 1),
        roundings=2,  # of the slope, and of the product
        exact=True,
        grows=abs(slope) > 1,
        in_place=slope >= 0,  # then outputs are positive where z is
        inverse=partial(inverse.leaky_relu, slope=slope) if slope > 0 else None,
    )


def _elu(parameter: str, name: str | None = None) -> Activation:
    alpha = float(parameter)
    return Activation(
        name=name or f"elu({parameter})",
        title="ELU",
        value=lambda z, out=None: functions.elu(z, alpha=alpha, out=out),
        backward=lambda upstream, z, outputs=None, out=None: functions.elu_backward(  # noqa: ARG005
            upstream, z, alpha=alpha, out=out
        ),
        **_written("elu", _operator("ELU", parameter), parameter),
        parameter=parameter,
        with_parameter=_elu,
        kinks=(0.0,) * (alpha != 1),
        roundings=12,
        grows=abs(alpha) > 1,
        inverse=partial(inverse.elu, alpha=alpha) if alpha > 0 else None,
    )


_RELU = Activation(
    name="relu",
    title="ReLU",
    **_functions(functions.relu, functions.relu_backward),
    value_written="max({z}, 0)",
    derivative_written="({z} > 0)",
    value_tex=r"\max({z}, 0)",
    derivative_tex=r"[{z} > 0]",
    kinks=(0.0,),
    inactive=lambda z: ~(z > 0),
    exact=True,
    grows=False,
    in_place=True,
    inverse=inverse.relu,
)
_LINEAR = Activation(
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
    inverse=inverse.linear,
)


def _smooth(name: str, title: str, tex: str, *, roundings: int, grows: bool = False, **more: Any) -> Activation:
    """Return the row of a function without kinks and parameters, whose functions have its name."""
    module = coupled if "coupled_derivative" in more else functions
    found = _functions(getattr(module, name), getattr(module, f"{name}_backward")) | _written(name, tex) | more
    return Activation(name=name, title=title, roundings=roundings, grows=grows, **found)


# The roundings are those of the formulas, where exp, expm1, log1p and tanh are off by up to 4 units roundoff.
ACTIVATIONS = {
    row.name: row
    for row in (
        _RELU,
        _leaky_relu("0.01", "leaky_relu"),
        _LINEAR,
        _smooth(
            "sigmoid",
            "sigmoid",
            r"\sigma",
            roundings=24,
            inverse=inverse.sigmoid,
            backward_of_outputs=inverse.sigmoid_backward,
        ),
        _smooth(
            "tanh", "tanh", r"\tanh", roundings=24, inverse=inverse.tanh, backward_of_outputs=inverse.tanh_backward
        ),
        _smooth("softplus", "softplus", _operator("softplus"), roundings=24, inverse=inverse.softplus),
        _elu("1", "elu"),
        _smooth("silu", "SiLU", _operator("SiLU"), roundings=32, grows=True),
        _smooth("gelu", "GELU", _operator("GELU"), roundings=32, grows=True),
        _smooth(
            "softmax",
            "softmax",
            _operator("softmax"),
            backward=lambda upstream, z, outputs, out=None: coupled.softmax_backward(upstream, z, outputs, out=out),
            reads=("z", "outputs"),
            roundings=32,
            grows=True,
            coupled_derivative=coupled.softmax_jacobian,
            inverse=inverse.softmax,
            backward_of_outputs=inverse.softmax_backward,
        ),
        _smooth(
            "log_softmax",
            "log-softmax",
            _operator("logsoftmax"),
            roundings=32,
            grows=True,
            coupled_derivative=coupled.log_softmax_jacobian,
            inverse=inverse.linear,
        ),
    )
}

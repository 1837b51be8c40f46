"""The functions of activations and losses on arrays of `Decimal`, with the digits of the current context.

A result is off by a few units of the last digit where its terms do not cancel, also in the tails: the formulas are
those of `activation_functions`, `coupled_functions` and `loss_functions`. Only rows are here whose own functions do not
make decimals of decimals. All matrices have the shape (n_samples, n_neurons).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, getcontext, localcontext
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["ACTIVATIONS", "LOSSES", "MATCHED", "Functions", "negligible"]

_UNCERTAIN = 15  # of the digits of a sum whose terms carry rounding errors, too

_ZERO: Any = Decimal(0)
_ONE: Any = Decimal(1)


class Functions(NamedTuple):
    """The two functions of a row, on arrays of decimals."""

    value: Callable[..., Array]  # as in the row
    derivative: Callable[..., Array]  # `backward` of an activation, `gradient` of a loss, `dz` of a matched pair


def negligible() -> Decimal:
    """Return the size below which a sum is a rounding error, relative to its terms."""
    return Decimal(10) ** (_UNCERTAIN - getcontext().prec)


def _with_buffer(function: Callable[..., Array]) -> Callable[..., Array]:
    """Return a function that puts its result in `out` where that is given, in the same shape."""

    def whole(*arrays: Array, out: Array | None = None) -> Array:
        result = function(*arrays)
        if out is None:
            return result
        out[...] = result
        return out

    return whole


def _activation(value: Callable[[Array], Array], backward: Callable[[Array, Array], Array]) -> Functions:
    whole, back = _with_buffer(value), _with_buffer(backward)
    return Functions(
        lambda z, out=None: whole(z, out=out),
        lambda upstream, z, outputs=None, out=None: back(upstream, z, out=out),  # noqa: ARG005
    )


def _by_entry(value: Callable[[Decimal], Decimal], derivative: Callable[[Decimal], Decimal]) -> Functions:
    """Return the functions of an activation from f(z) and f'(z) of one number."""
    f, slopes = np.frompyfunc(value, 1, 1), np.frompyfunc(derivative, 1, 1)
    return _activation(f, lambda upstream, z: upstream * slopes(z))


def _loss(value: Callable[[Array, Array], Array], gradient: Callable[[Array, Array], Array]) -> Functions:
    put = _with_buffer(gradient)
    return Functions(value, lambda y, t, out=None: put(y, t, out=out))


def _loss_by_entry(
    value: Callable[[Decimal, Decimal], Decimal], gradient: Callable[[Decimal, Decimal], Decimal]
) -> Functions:
    return _loss(np.frompyfunc(value, 2, 1), np.frompyfunc(gradient, 2, 1))


# Of one number.


def _log1p(x: Decimal) -> Decimal:
    """Return log(1 + x).

    The rounding error of 1 + x cancels in the quotient: D. Goldberg, "What every computer scientist should know about
    floating-point arithmetic", ACM Computing Surveys 23 (1991), theorem 4.
    """
    u = 1 + x
    return x if u == 1 else u.ln() * x / (u - 1)


def _expm1(x: Decimal) -> Decimal:
    """Return exp(x) - 1; as in `_log1p`, the rounding error of exp(x) cancels."""
    u = x.exp()
    return x if u == 1 else (u - 1) * x / u.ln()


def _sigmoid(z: Decimal) -> Decimal:
    small = (-abs(z)).exp()
    return (small if z < 0 else 1) / (1 + small)


def _sigmoid_derivative(z: Decimal) -> Decimal:
    small = (-abs(z)).exp()
    return small / (1 + small) ** 2


def _tanh(z: Decimal) -> Decimal:
    less = _expm1(-2 * abs(z))
    return (less if z < 0 else -less) / (2 + less)


def _softplus(z: Decimal) -> Decimal:
    return max(z, Decimal(0)) + _log1p((-abs(z)).exp())


@cache
def _pi(digits: int) -> Decimal:
    """Return pi from 16 arctan(1/5) - 4 arctan(1/239) (Machin, 1706)."""

    def arctan_of_inverse(x: int) -> Decimal:
        power, total, n = Decimal(1) / x, Decimal(0), 1
        while total + power / n != total:
            total += power / n if n % 4 == 1 else -power / n
            power, n = power / (x * x), n + 2
        return total

    with localcontext(prec=digits + 10):
        return 16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)


def _density(z: Decimal) -> Decimal:
    """Return exp(-z^2 / 2) / sqrt(2 pi), the density of the standard normal distribution."""
    with localcontext() as context:
        context.prec += 10 + max(2 * z.adjusted(), 0)  # exp magnifies the rounding error of z^2
        return (-z * z / 2).exp() / (2 * _pi(context.prec)).sqrt()


def _tail(a: Decimal) -> Decimal:
    """Return the probability that a standard normal variable exceeds a.

    For a large a by Laplace's continued fraction, for a small one by the series for the interval from 0 to a:
    M. Abramowitz and I. Stegun, Handbook of Mathematical Functions (1964), 26.2.14 and 26.2.11.
    """
    if a < 0:
        return 1 - _tail(-a)
    with localcontext() as context:
        digits = context.prec
        context.prec += 10
        if a * a > digits:
            fraction = a
            for k in range(2 * digits, 0, -1):
                fraction = a + k / fraction
            return _density(a) / fraction
        context.prec += int(a * a / 4)  # the digits that the difference loses, and more
        term = total = a
        k = 1
        while total + term != total:
            k += 2
            term *= a * a / k
            total += term
        return Decimal("0.5") - _density(a) * total


def _sign(y: Decimal, t: Decimal) -> Decimal:
    """Return the sign of y - t, 0 where that is as small as its rounding error."""
    difference = y - t
    sign: Decimal = _ZERO if abs(difference) <= negligible() * abs(t) else _ONE.copy_sign(difference)
    return sign


def _binary_cross_entropy(y: Decimal, t: Decimal) -> Decimal:
    return (-t * y.ln() if t else _ZERO) - ((1 - t) * _log1p(-y) if t != 1 else _ZERO)


def _binary_cross_entropy_gradient(y: Decimal, t: Decimal) -> Decimal:
    return (y - t) / (y * (1 - y)) if y and y != 1 else 1 - 2 * y


def _sigmoid_cross_entropy(z: Decimal, t: Decimal) -> Decimal:
    return _log1p((-abs(z)).exp()) + abs(z) * (t if z < 0 else 1 - t)


def _sigmoid_cross_entropy_gradient(z: Decimal, t: Decimal) -> Decimal:
    return _sigmoid(z) * (1 - t) - _sigmoid(-z) * t


def _cross_entropy(y: Decimal, t: Decimal) -> Decimal:
    return -t * y.ln() if t else _ZERO


def _cross_entropy_gradient(y: Decimal, t: Decimal) -> Decimal:
    return -t / y if t else _ZERO


# Of arrays.


def _sum(array: Array) -> Array:
    return np.add.reduce(array, axis=-1, keepdims=True)


def _without(array: Array, top: Array) -> Array:
    """Return a copy of an array in which one entry of each row is 0."""
    rest = array.copy()
    np.put_along_axis(rest, top, _ZERO, axis=-1)
    return rest


def _from_largest(z: Array) -> tuple[Array, Array, Array]:
    """Return z - max(z) of each row, its exp with 0 in place of 1 at the maximum, and the index of that."""
    top = np.argmax(z, axis=-1, keepdims=True)
    below = z - np.take_along_axis(z, top, axis=-1)
    return below, _without(np.exp(below), top), top


def _softmax(z: Array) -> Array:
    _, exponentials, top = _from_largest(z)
    rest = _sum(exponentials)
    np.put_along_axis(exponentials, top, _ONE, axis=-1)
    result: Array = exponentials / (1 + rest)
    return result


def _softmax_backward(upstream: Array, z: Array) -> Array:
    y, top = _softmax(z), np.argmax(z, axis=-1, keepdims=True)
    centred = upstream - np.take_along_axis(upstream, top, axis=-1)
    dz: Array = (centred - _sum(centred * y)) * y
    return dz


def _log_softmax(z: Array) -> Array:
    below, exponentials, _ = _from_largest(z)
    result: Array = below - np.frompyfunc(_log1p, 1, 1)(_sum(exponentials))
    return result


def _log_softmax_backward(upstream: Array, z: Array) -> Array:
    _, exponentials, top = _from_largest(z)
    rest = _sum(exponentials)
    at_top, others = np.take_along_axis(upstream, top, axis=-1), _sum(_without(upstream, top))
    dz: Array = upstream - (at_top + others) * exponentials / (1 + rest)
    np.put_along_axis(dz, top, (at_top * rest - others) / (1 + rest), axis=-1)
    return dz


# Of rows with a parameter.


def _leaky_relu(parameter: str) -> Functions:
    slope = Decimal(parameter)
    return _by_entry(lambda z: z if z > 0 else slope * z, lambda z: _ONE if z > 0 else slope)


def _elu(parameter: str) -> Functions:
    alpha = Decimal(parameter)
    return _by_entry(lambda z: z if z > 0 else alpha * _expm1(z), lambda z: _ONE if z > 0 else alpha * z.exp())


def _huber(parameter: str) -> Functions:
    delta = Decimal(parameter)

    def value(y: Decimal, t: Decimal) -> Decimal:
        distance = abs(y - t)
        smaller = min(distance, delta)
        return smaller * (distance - smaller / 2)

    return _loss_by_entry(value, lambda y, t: max(-delta, min(y - t, delta)))


_SIGMOID = _loss_by_entry(_sigmoid_cross_entropy, _sigmoid_cross_entropy_gradient)
_SOFTMAX = _loss(lambda z, t: -t * _log_softmax(z), lambda z, t: _log_softmax_backward(-t, z))

# By the name of the row, without its parameter.
ACTIVATIONS: Mapping[str, Functions | Callable[[str], Functions]] = MappingProxyType(
    {
        "relu": _by_entry(lambda z: max(z, _ZERO), lambda z: _ONE if z > 0 else _ZERO),
        "leaky_relu": _leaky_relu,
        "sigmoid": _by_entry(_sigmoid, _sigmoid_derivative),
        "tanh": _by_entry(_tanh, lambda z: 4 * _sigmoid_derivative(2 * z)),
        "softplus": _by_entry(_softplus, _sigmoid),
        "elu": _elu,
        "silu": _by_entry(lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z))),
        "gelu": _by_entry(lambda z: z * _tail(-z), lambda z: _tail(-z) + z * _density(z)),
        "softmax": _activation(_softmax, _softmax_backward),
        "log_softmax": _activation(_log_softmax, _log_softmax_backward),
    }
)
LOSSES: Mapping[str, Functions | Callable[[str], Functions]] = MappingProxyType(
    {
        "absolute_error": _loss_by_entry(lambda y, t: abs(y - t), _sign),
        "huber": _huber,
        "binary_cross_entropy": _loss_by_entry(_binary_cross_entropy, _binary_cross_entropy_gradient),
        "binary_cross_entropy_with_logits": _SIGMOID,
        "cross_entropy": _loss_by_entry(_cross_entropy, _cross_entropy_gradient),
        "cross_entropy_with_logits": _SOFTMAX,
    }
)
MATCHED: Mapping[str, Functions] = MappingProxyType(
    {"sigmoid": _SIGMOID, "softmax": _SOFTMAX, "log_softmax": _SOFTMAX}  # by the name of the activation
)

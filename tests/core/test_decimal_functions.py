"""Functions of decimals against other formulas: series, continued fractions, published constants, finite differences.

The references work with many more digits, so that they may lose some.
"""

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.decimal_functions import ACTIVATIONS, LOSSES, MATCHED, Functions

DIGITS = 80
MORE = 300
# Sums and products of few numbers with 80 digits, and a derivative that loses a digit near its zero
ALLOWED = Decimal(10) ** -76
NUMBERS = [
    "0",
    "1e-60",
    "-1e-60",
    "0.001",
    "-0.001",
    "0.7",
    "-0.7",
    "1",
    "-1",
    "2.5",
    "-3",
    "-8.5",
    "11",
    "-11.5",
    "40",
    "-40",
]


def exp(x: Decimal) -> Decimal:
    """Return exp(x) by its power series, from x / 2^k."""
    k = max(x.adjusted() + 1, 0) * 4 + 8
    part, term, total, n = x / 2**k, Decimal(1), Decimal(1), 0
    while total + term != total or n < 3:
        n += 1
        term *= part / n
        total += term
    for _ in range(k):
        total *= total
    return total


def ln(x: Decimal) -> Decimal:
    """Return the logarithm by Newton's method from `exp` above."""
    y = Decimal(0) if Decimal("0.5") < x < 2 else Decimal(x.adjusted()) * Decimal("2.3")
    for _ in range(60):
        e = exp(y)
        step = 2 * (x - e) / (x + e)
        y += step
        if abs(step) < Decimal(10) ** (-MORE // 2):
            break
    return y


def tanh(x: Decimal) -> Decimal:
    """Return the hyperbolic tangent by Lambert's continued fraction."""
    fraction = Decimal(0)
    for k in range(601, 0, -2):
        fraction = x * x / (k + fraction)
    return fraction / x if x else x


def normal(x: Decimal) -> Decimal:
    """Return the standard normal distribution by the Taylor series of erf, with the pi of Gauss and Legendre."""
    a, b, t, p = Decimal(1), 1 / Decimal(2).sqrt(), Decimal("0.25"), 1
    for _ in range(10):
        mean = (a + b) / 2
        b, t, a, p = (a * b).sqrt(), t - p * (a - mean) ** 2, mean, 2 * p
    pi = (a + b) ** 2 / (4 * t)
    term, total, n = x, x, 0
    while abs(term) > Decimal(10) ** -600:
        n += 1
        term *= -x * x / (2 * n)
        total += term / (2 * n + 1)
    return Decimal("0.5") + total / (2 * pi).sqrt()


VALUES: dict[str, Callable[[Decimal], Decimal]] = {
    "relu": lambda z: (z + abs(z)) / 2,
    "leaky_relu": lambda z: z if z > 0 else z / 4,
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
    "tanh": tanh,
    "softplus": lambda z: ln(1 + exp(z)),
    "elu": lambda z: z if z > 0 else (exp(z) - 1) / 4,
    "silu": lambda z: z / (1 + exp(-z)),
    "gelu": lambda z: z * normal(z),
}
WHOLE = ("softmax", "log_softmax")


def functions(name: str, parameter: str = "0.25") -> Functions:
    found = {**ACTIVATIONS, **LOSSES}[name]
    return found if isinstance(found, Functions) else found(parameter)


def decimals(texts: list[Any]) -> Array:
    return np.array([Decimal(text) for text in texts], dtype=object).reshape(1, -1)


def close(found: Array, wanted: list[Decimal], allowed: Decimal = ALLOWED) -> None:
    for number, right in zip(found.flat, wanted, strict=True):
        assert isinstance(number, Decimal)
        assert abs(number - right) <= allowed * abs(right), (number, right)


def test_every_function_that_is_not_tested_by_name_is_a_loss() -> None:
    assert {*VALUES, *WHOLE} == set(ACTIVATIONS)


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    with localcontext(prec=DIGITS):
        found = functions(name).value(decimals(NUMBERS))
    with localcontext(prec=900 if name == "gelu" else MORE):  # the series of erf has terms of 1e347 at 40
        close(found, [VALUES[name](Decimal(text)) for text in NUMBERS])


def test_values_in_the_tails() -> None:
    """exp(-z) alone is left of sigmoid(-z), log(1 + exp(-z)) and 1 - tanh(z / 2)^2 = 4 exp(-z)."""
    z = decimals(["300", "1e4", "123456.789"])
    with localcontext(prec=DIGITS):
        small = [(-x).exp() for x in z.flat]
        close(functions("sigmoid").value(-z), small)
        close(functions("softplus").value(-z), small)
        close(functions("silu").value(-z), [-x * e for x, e in zip(z.flat, small, strict=True)])
        close(functions("tanh").derivative(decimals([1, 1, 1]), z / 2), [4 * e for e in small])
        close(functions("sigmoid").derivative(decimals([1, 1, 1]), z), small)
        close(functions("elu").value(-z), [Decimal("-0.25")] * 3)
        close(functions("elu").derivative(decimals([1, 1, 1]), -z), [e / 4 for e in small])


@pytest.mark.parametrize("z", ["30", "200", "1e4", "3" * 9 + "." + "3" * 71])
def test_the_tail_of_gelu(z: str) -> None:
    """Against the asymptotic series of Laplace: density / z * (1 - 1/z^2 + 3/z^4 - 15/z^6 + ...)."""
    pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211707")
    with localcontext(prec=DIGITS):
        found = functions("gelu").value(decimals(["-" + z]))
    with localcontext(prec=DIGITS + 20):
        a = Decimal(z)
        term = total = Decimal(1)
        for k in range(1, 200):
            term *= -(2 * k - 1) / (a * a)
            total += term
        close(found, [-(-a * a / 2).exp() / (2 * pi).sqrt() * total])


def test_published_constants() -> None:
    """From the On-Line Encyclopedia of Integer Sequences: A002162 and A073744."""
    ln_2 = Decimal(
        "0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586332699641868754"
    )
    tanh_1 = Decimal(
        "0.761594155955764888119458282604793590412768597257936551596810500121953244576638483458947521673676714421902759701554"
    )
    with localcontext(prec=DIGITS):
        close(functions("softplus").value(decimals([0])), [ln_2])
        close(functions("tanh").value(decimals([1])), [tanh_1])
        close(functions("sigmoid").value(decimals([ln_2])), [Decimal(2) / 3])
        close(functions("softmax").value(decimals([0, ln_2, 2 * ln_2])), [Decimal(k) / 7 for k in (1, 2, 4)])
        close(functions("log_softmax").value(decimals([ln_2, ln_2])), [-ln_2, -ln_2])
        close(functions("cross_entropy").value(decimals(["0.5", "0.3"]), decimals([1, 0])), [ln_2, Decimal(0)])


def slope(function: Callable[[Array], Array], at: Array, j: int) -> Decimal:
    """Return the central difference of the sum of a function's values, in the j-th number."""
    h = Decimal(10) ** -60
    step = np.zeros_like(at)
    step[0, j] = h
    above, below = function(at + step), function(at - step)
    return Decimal(sum((above - below).flat)) / (2 * h)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_are_the_slopes_of_the_values(name: str) -> None:
    z = decimals([text for text in NUMBERS if abs(Decimal(text)) > Decimal("1e-6")])
    upstream = decimals([(k * 7 % 5 - 2) or "0.5" for k in range(z.size)])
    with localcontext(prec=DIGITS):
        found = functions(name).derivative(upstream, z)
    with localcontext(prec=MORE):
        wanted = [slope(lambda at: upstream * functions(name).value(at), z, j) for j in range(z.size)]
        for number, right in zip(found.flat, wanted, strict=True):
            assert abs(number - right) <= Decimal("1e-70") * abs(right)


LOSS_CASES = {
    "absolute_error": (["0.1", "0.2", "-3", "4"], ["0", "0.3", "1", "2"]),
    "huber": (["0.1", "0.2", "-3", "4"], ["0", "0.3", "1", "2"]),
    "binary_cross_entropy": (["0.1", "0.5", "0.999", "1e-30"], ["0", "0.3", "1", "0.25"]),
    "binary_cross_entropy_with_logits": (["-3", "0.5", "40", "-90"], ["0", "0.3", "1", "0.25"]),
    "cross_entropy": (["0.1", "0.5", "0.999", "1e-30"], ["0", "0.3", "1", "0.25"]),
    "cross_entropy_with_logits": (["-3", "0.5", "4", "-90"], ["0", "0.3", "0.5", "0.25"]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_the_slopes_of_the_losses(name: str) -> None:
    y, t = map(decimals, LOSS_CASES[name])
    with localcontext(prec=DIGITS):
        found = functions(name).derivative(y, t)
    with localcontext(prec=MORE):
        wanted = [slope(lambda at: functions(name).value(at, t), y, j) for j in range(y.size)]
        for number, right in zip(found.flat, wanted, strict=True):
            assert abs(number - right) <= Decimal("1e-55") * abs(right)  # an output of 1e-30 is close to the step


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (
            "huber",
            lambda y, t: (y - t) ** 2 / 2 if abs(y - t) <= Decimal("0.25") else (abs(y - t) - Decimal("0.125")) / 4,
        ),
        ("absolute_error", lambda y, t: abs(y - t)),
        ("binary_cross_entropy", lambda y, t: -(t * ln(y) + (1 - t) * ln(1 - y))),
        ("binary_cross_entropy_with_logits", lambda y, t: (1 - t) * y + ln(1 + exp(-y))),
        ("cross_entropy", lambda y, t: -t * ln(y)),
    ],
)
def test_losses(name: str, written: Callable[[Decimal, Decimal], Decimal]) -> None:
    y, t = map(decimals, LOSS_CASES[name])
    with localcontext(prec=DIGITS):
        found = functions(name).value(y, t)
    with localcontext(prec=MORE):
        close(found, [written(*pair) for pair in zip(y.flat, t.flat, strict=True)])


def test_a_softmax_and_its_losses_are_those_of_their_definition() -> None:
    z, t = map(decimals, LOSS_CASES["cross_entropy_with_logits"])
    with localcontext(prec=DIGITS):
        y, log_y = functions("softmax").value(z), functions("log_softmax").value(z)
        terms = functions("cross_entropy_with_logits").value(z, t)
    with localcontext(prec=MORE):
        exponentials = [exp(x) for x in z.flat]
        wanted = [e / sum(exponentials) for e in exponentials]
        close(y, wanted)
        close(log_y, [ln(p) for p in wanted])
        close(terms, [-target * ln(p) for target, p in zip(t.flat, wanted, strict=True)])


def test_saturated_outputs_lose_nothing() -> None:
    """The largest probability is 1 - exp(-1e4), as far as 80 digits tell; the derivative by it is exp(-1e4)."""
    z, t = decimals(["1e4", "0"]), decimals([1, 0])
    with localcontext(prec=DIGITS):
        e = Decimal("-1e4").exp()
        for name, dz in (("softmax", [-e, e]), ("log_softmax", [-e, e])):
            close(MATCHED[name].derivative(z, t), dz)
            close(MATCHED[name].value(z, t), [e, Decimal(0)])
        close(MATCHED["sigmoid"].derivative(z, decimals([1, 0])), [-e, Decimal("0.5")])
        close(functions("softmax").derivative(t, z), [e, -e])
        close(functions("log_softmax").derivative(t, z), [e, -e])


@pytest.mark.parametrize(("name", "value"), [("softmax", 1), ("log_softmax", 0)])
def test_one_neuron_has_the_probability_1(name: str, value: int) -> None:
    with localcontext(prec=DIGITS):
        close(functions(name).value(decimals([3])), [Decimal(value)])
        close(functions(name).derivative(decimals([3]), decimals([3])), [Decimal(0)])


@pytest.mark.parametrize(("y", "t", "gradient"), [(0, 0, 1), (1, 1, -1)])
def test_probabilities_of_0_and_1_have_the_gradient_of_the_term_that_is_left(y: int, t: int, gradient: int) -> None:
    found = functions("binary_cross_entropy")
    with localcontext(prec=DIGITS):
        assert found.value(decimals([y]), decimals([t])).item() == 0
        assert found.derivative(decimals([y]), decimals([t])).item() == gradient


@pytest.mark.parametrize("name", [*ACTIVATIONS, *LOSSES, *(f"matched {name}" for name in MATCHED)])
def test_results_are_put_in_a_buffer(name: str) -> None:
    if name in ACTIVATIONS:
        first, second = decimals([1, 2]), decimals(["0.5", "-3"])
    else:
        first, second = decimals(["0.25", "0.5"]), decimals(["1", "0"])
    found = MATCHED[name.split()[1]] if " " in name else functions(name)
    out = np.empty_like(first)
    with localcontext(prec=DIGITS):
        wanted = found.derivative(first, second)
        assert found.derivative(first, second, out=out) is out
        assert out.tolist() == wanted.tolist()
        if name in ACTIVATIONS:
            assert found.value(second, out=out) is out
            assert out.tolist() == found.value(second).tolist()

"""The values and gradients of the losses against decimals of 400 digits, also of saturated outputs.

The values come from the definitions, whose cancellation 400 digits survive; the gradients are central differences of
these values, so that no derivative is worked out by hand here.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Context, Decimal, localcontext
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.loss_names import loss
from backprop_cli.core.losses import LOSSES

Terms = Callable[[Sequence[Decimal], Sequence[Decimal]], list[Decimal]]

DIGITS = Context(prec=400, Emin=-(10**9), Emax=10**9)
STEP = Decimal("1e-40")  # central differences are then right to 30 digits and more
SMALLEST = Decimal("5e-324")


@cache
def exp(x: Decimal) -> Decimal:
    return DIGITS.exp(x)


@cache
def ln(x: Decimal) -> Decimal:
    return DIGITS.ln(x)


@cache
def softplus(x: Decimal) -> Decimal:
    return DIGITS.ln(DIGITS.add(1, exp(x)))


def times_log(factor: Decimal, x: Decimal) -> Decimal:
    return factor * ln(x) if factor else Decimal(0)


def of_sigmoid(z: Sequence[Decimal], t: Sequence[Decimal]) -> list[Decimal]:
    return [b * softplus(-a) + (1 - b) * softplus(a) for a, b in zip(z, t, strict=True)]


def of_softmax(z: Sequence[Decimal], t: Sequence[Decimal]) -> list[Decimal]:
    total = sum((exp(a) for a in z), Decimal(0)).ln()
    return [b * (total - a) for a, b in zip(z, t, strict=True)]


def entrywise(term: Callable[[Decimal, Decimal], Decimal]) -> Terms:
    return lambda y, t: [term(a, b) for a, b in zip(y, t, strict=True)]


def huber(delta: str) -> Callable[[Decimal, Decimal], Decimal]:
    d = Decimal(float(delta))
    return lambda y, t: (y - t) ** 2 / 2 if abs(y - t) <= d else d * (abs(y - t) - d / 2)


DEFINITIONS: dict[str, Terms] = {
    "squared_error": entrywise(lambda y, t: (y - t) ** 2),
    "half_squared_error": entrywise(lambda y, t: (y - t) ** 2 / 2),
    "absolute_error": entrywise(lambda y, t: abs(y - t)),
    "huber(1)": entrywise(huber("1")),
    "huber(0.1)": entrywise(huber("0.1")),
    "binary_cross_entropy": entrywise(lambda y, t: -times_log(t, y) - times_log(1 - t, 1 - y)),
    "binary_cross_entropy_with_logits": of_sigmoid,
    "cross_entropy": entrywise(lambda y, t: -times_log(t, y)),
    "cross_entropy_with_logits": of_softmax,
    "nll": entrywise(lambda y, t: -t * y),
}
FROM_Z = {"sigmoid": of_sigmoid, "softmax": of_softmax}
PAIRS = [("binary_cross_entropy", "sigmoid"), ("cross_entropy", "softmax")]


def derivatives(terms: Terms, y: Sequence[Decimal], t: Sequence[Decimal]) -> list[Decimal]:
    def moved(j: int, step: Decimal) -> Decimal:
        return sum(terms([a + step if i == j else a for i, a in enumerate(y)], t), Decimal(0))

    return [(moved(j, STEP) - moved(j, -STEP)) / (2 * STEP) for j in range(len(y))]


def in_decimal(row: Any) -> list[Decimal]:
    return [Decimal(float(number)) for number in row]


def terms_of_dz(activation: str, z: Sequence[Decimal], t: Sequence[Decimal]) -> list[Decimal]:
    """Return the sums of the sizes of the two terms of dz, each without cancellation; for one class this is |dz|."""
    if activation == "sigmoid":
        return [(1 - b) / (1 + exp(-a)) + b / (1 + exp(a)) for a, b in zip(z, t, strict=True)]
    sizes, total = [exp(a) for a in z], sum((exp(a) for a in z), Decimal(0))
    others = [
        (sum(sizes[:j] + sizes[j + 1 :], Decimal(0)), sum(map(abs, (*t[:j], *t[j + 1 :])))) for j in range(len(z))
    ]
    return [(e * of_t + abs(b) * of_e) / total for e, b, (of_e, of_t) in zip(sizes, t, others, strict=True)]


def assert_close(got: Any, exact: Sequence[Decimal], sizes: Sequence[Decimal], relative: str) -> None:
    for number, wanted, size in zip(in_decimal(got), exact, sizes, strict=True):
        assert abs(number - wanted) <= Decimal(relative) * size + SMALLEST, (float(number), float(wanted), float(size))


def logits() -> Iterator[tuple[np.ndarray, int]]:
    """Yield samples z (n_neurons,), from balanced to saturated, and the number of a class."""
    rng = np.random.default_rng(15)
    for scale, n in product([1e-3, 1, 30, 300, 1e4], [1, 2, 4]):
        yield rng.normal(scale=scale, size=n).clip(-1e4, 1e4), int(rng.integers(n))
    for row in ([40, -40], [36.7, 0], [-36.7, 0], [745, 0], [-745, 0], [708.3, 0], [1e4, -1e4], [1e4, 1e4 - 1, -1e4]):
        yield from ((np.array(row, float), number) for number in range(2))
    yield np.array([0.0, -0.0, 0.0]), 1
    yield rng.normal(scale=30, size=16), 7


def samples() -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """Yield samples z and targets, both (n_neurons,), and whether the targets are those of one class."""
    rng = np.random.default_rng(16)
    for z, number in logits():
        hard = np.zeros(len(z))
        hard[number] = 1
        yield z, hard, True
        yield z, rng.dirichlet(np.ones(len(z))), False
        yield z, rng.uniform(size=len(z)), False  # the sum is not 1
        near = np.exp(z - z.max())
        yield z, near / near.sum(), False  # close to the softmax
        yield z, 1 / (1 + np.exp(-z.clip(-700))), False  # close to the sigmoid
        yield z, hard * (1 - 1e-12) + (1 - hard) * 1e-12, False


@pytest.mark.parametrize(("name", "activation"), PAIRS)
def test_a_matched_pair_loses_nothing(name: str, activation: str) -> None:
    """The exponential of a difference of logits takes on the rounding error of the difference, 6e-14 at 708."""
    pair = LOSSES[name].matched[activation]
    within = "1e-15" if activation == "sigmoid" else "1e-13"
    cases = list(samples())
    with localcontext(DIGITS), np.errstate(all="raise"):
        for z, t, is_class in cases:
            z_exact, t_exact = in_decimal(z), in_decimal(t)
            exact = derivatives(FROM_Z[activation], z_exact, t_exact)
            sizes = terms_of_dz(activation, z_exact, t_exact)
            if is_class:
                assert all(
                    abs(size - abs(dz)) <= abs(dz) * Decimal("1e-60") + SMALLEST
                    for size, dz in zip(sizes, exact, strict=True)
                )
            assert_close(pair.dz(z[np.newaxis], t[np.newaxis])[0], exact, sizes, "1e-13")
            values = FROM_Z[activation](z_exact, t_exact)
            assert_close(pair.value(z[np.newaxis], t[np.newaxis])[0], values, values, within)


def test_every_pair_is_tested() -> None:
    """The losses of logits, and nll, have the functions of the pairs."""
    for name, activation in PAIRS:
        pair = LOSSES[name].matched[activation]
        assert LOSSES[f"{name}_with_logits"].value is pair.value
        assert LOSSES[f"{name}_with_logits"].gradient is pair.dz
    nll = LOSSES["nll"].matched["log_softmax"]
    assert nll == LOSSES["cross_entropy"].matched["softmax"]
    assert sum(len(row.matched) for row in LOSSES.values()) == len(PAIRS) + 1


def outputs(name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield outputs and targets, both (n_neurons,), that a loss accepts, no output at a kink."""
    rng = np.random.default_rng(17)
    for scale, n in product([1e-20, 1e-10, 1e-3, 1, 1e4], range(1, 6)):
        if name.startswith("binary") and not name.endswith("logits"):
            y = np.minimum(rng.uniform(size=n) * scale, 1 - 1e-16)
        elif name == "cross_entropy":
            y = rng.uniform(size=n) * scale
        else:
            y = rng.normal(scale=scale, size=n)
        t = rng.uniform(size=n) if "cross" in name else rng.normal(size=n)
        if name == "binary_cross_entropy":
            yield np.minimum(1 - y, 1 - 1e-16), t
        yield y, t
        yield y, t.round().clip(0, 1)
        yield y, (y * (1 + 1e-12)).clip(0, 1)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_values_and_gradients_are_those_of_the_definition(name: str) -> None:
    row, terms = loss(name), DEFINITIONS[name]
    with localcontext(DIGITS):
        for y, t in outputs(name):
            y_exact, t_exact = in_decimal(y), in_decimal(t)
            if name.startswith(("absolute", "huber")) and (np.abs(y - t) < 1e-30).any():
                continue
            values, gradient = terms(y_exact, t_exact), derivatives(terms, y_exact, t_exact)
            assert_close(row.value(y[np.newaxis], t[np.newaxis])[0], values, [abs(v) for v in values], "1e-15")
            sizes = [abs(g) for g in gradient]
            if name == "binary_cross_entropy_with_logits":
                sizes = terms_of_dz("sigmoid", y_exact, t_exact)
            if name == "cross_entropy_with_logits":
                sizes = terms_of_dz("softmax", y_exact, t_exact)
            assert_close(row.gradient(y[np.newaxis], t[np.newaxis])[0], gradient, sizes, "1e-13")

"""The activation functions in decimals of 60 digits or more: textbook forms, in other arithmetic than the package's."""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, localcontext
from functools import cache

DIGITS = Context(prec=90, Emin=-(10**15), Emax=10**15)
ONE, HALF = Decimal(1), Decimal("0.5")


_PI: dict[int, Decimal] = {}


def expm1(x: Decimal) -> Decimal:
    if abs(x) > Decimal("0.01"):
        return x.exp() - 1
    total = ONE
    for k in range(40, 1, -1):
        total = ONE + x * total / k
    return x * total


def log1p(x: Decimal) -> Decimal:
    if abs(x) > Decimal("0.01"):
        return (1 + x).ln()
    return -sum(((-x) ** k / k for k in range(50, 0, -1)), Decimal())


def sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def tanh(x: Decimal) -> Decimal:
    return -expm1(-2 * x) / (1 + (-2 * x).exp())


def softplus(x: Decimal) -> Decimal:
    return log1p(x.exp()) if x < 0 else x + log1p((-x).exp())


def density(x: Decimal) -> Decimal:
    return (-x * x / 2).exp() / (2 * pi(90)).sqrt()


@cache
def normal(x: Decimal) -> Decimal:
    """The standard normal distribution: Abramowitz and Stegun, formula 26.2.11; 0 and 1 in the far tails."""
    if abs(x) > 45:
        return Decimal(int(x > 0))
    with localcontext(DIGITS) as context:
        context.prec = 100 + int(x * x / 2)  # the series cancels 1/2 in the tail
        term = total = x
        k = 1
        while abs(term) > abs(total) * Decimal(10) ** -context.prec:
            k += 2
            term = term * x * x / k
            total += term
        root = (2 * pi(context.prec)).sqrt()
        result = HALF + (-x * x / 2).exp() / root * total
    return +result


def pi(digits: int) -> Decimal:
    """Machin's formula, 16 arctan(1/5) - 4 arctan(1/239)."""
    if digits not in _PI:
        with localcontext(DIGITS) as context:
            context.prec = digits + 10
            _PI[digits] = 16 * _arctan(5, digits) - 4 * _arctan(239, digits)
    return _PI[digits]


def _arctan(n: int, digits: int) -> Decimal:
    power, total, k = ONE / n, Decimal(), 0
    while power > Decimal(10) ** -(digits + 10):
        total += (-1) ** k * power / (2 * k + 1)
        power, k = power / (n * n), k + 1
    return total


VALUES: dict[str, Callable[[Decimal], Decimal]] = {
    "relu": lambda x: max(x, Decimal()),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "linear": lambda x: x,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": softplus,
    "elu": lambda x: x if x > 0 else expm1(x),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * normal(x),
}
# The terms that a derivative is the sum of.
DERIVATIVES: dict[str, Callable[[Decimal], tuple[Decimal, ...]]] = {
    "relu": lambda x: (Decimal(int(x > 0)),),
    "leaky_relu": lambda x: (ONE if x > 0 else ONE / 100,),
    "linear": lambda _: (ONE,),
    "sigmoid": lambda x: (sigmoid(x) * sigmoid(-x),),
    "tanh": lambda x: (4 * sigmoid(2 * x) * sigmoid(-2 * x),),
    "softplus": lambda x: (sigmoid(x),),
    "elu": lambda x: (ONE if x > 0 else x.exp(),),
    "silu": lambda x: (sigmoid(x), x * sigmoid(x) * sigmoid(-x)),
    "gelu": lambda x: (normal(x), x * density(x)),
}


def softmax(z: Sequence[Decimal]) -> list[Decimal]:
    powers = [(x - max(z)).exp() for x in z]
    return [power / sum(powers) for power in powers]


def log_softmax(z: Sequence[Decimal]) -> list[Decimal]:
    largest = max(range(len(z)), key=z.__getitem__)
    rest = sum(((x - z[largest]).exp() for k, x in enumerate(z) if k != largest), Decimal())
    return [x - z[largest] - log1p(rest) for x in z]


def jacobian(name: str, z: Sequence[Decimal]) -> list[list[Decimal]]:
    """The derivative of output k by z j, at [k][j]."""
    y, n = softmax(z), range(len(z))
    others = [sum((y[k] for k in n if k != j), Decimal()) for j in n]
    if name == "softmax":
        return [[y[k] * (others[k] if j == k else -y[j]) for j in n] for k in n]
    return [[others[k] if j == k else -y[j] for j in n] for k in n]

"""How much work exact arithmetic is, estimated before it begins.

A product has the digits of both factors, so that numbers become long in a deep network, and the time of an operation
grows with the square of their length. Where many terms cancel, the numbers are shorter than estimated here. Decimals
of a fixed number of digits stay short; there, functions such as exp take most of the time.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Factor, Node, Product
from backprop_cli.errors import InputError

__all__ = ["estimate", "exponentials", "require_short"]

_MOST_WORK = 5e12  # about ten seconds on a processor of 2021
_MOST_EXPONENTIALS = 2e4  # with what goes with each, about ten seconds, too
_TWO = math.log10(2)
_PRODUCTS = 100  # of decimals, which take as long as an exponential


class Length(NamedTuple):
    """How long numbers are: the decimal logarithms of the largest one and of their common denominator."""

    size: float  # -infinity where all of them are 0
    denominator: float

    @property
    def digits(self) -> float:
        """How many digits the numerator and the denominator have."""
        return max(self.size + self.denominator, 0.0) + self.denominator


def require_short(problem: Problem, order: Sequence[Node], done: float = 0.0) -> float:
    """Check that exact arithmetic can evaluate some nodes, each after its operands, in about ten seconds.

    `done` is the work of the steps before. Returned is the work with that of this step. In decimals, all steps are
    estimated at once, before the first one.

    Raises:
        InputError: The message says how much work it is, and how much is accepted.
    """
    if problem.digits is not None:
        n = exponentials(problem, order) * (problem.steps - problem.at_step + 1)
        if n > _MOST_EXPONENTIALS:
            reason = f"decimals of {problem.digits} digits would take as long as {n:.1e} exponentials"
            hint = "fewer samples, neurons or steps take less"
            raise InputError(f"{reason} (at most {_MOST_EXPONENTIALS:.0e})", hint=hint)
        return done
    work, digits = estimate(problem, order)
    work += done
    if work > _MOST_WORK:
        reason = (
            f"exact numbers would have up to {digits:,.0f} digits, and take about {work:.1e} products of two digits"
            f" (at most {_MOST_WORK:.0e})"
        )
        raise InputError(reason, hint="numbers with fewer digits, or fewer layers or steps, take less")
    return work


def estimate(problem: Problem, order: Sequence[Node]) -> tuple[float, float]:
    """Return how many products of two digits nodes take, each after its operands, and the digits of the longest number.

    The digits of a fraction are those of its numerator and its denominator.
    """
    lengths: dict[Node, Length] = {}
    work = 0.0
    for node in order:
        given = problem.given(node)
        if given is not None:
            lengths[node] = _length_of(given)
            continue
        parts = []
        for product in problem.products(node):
            entries, terms = _counts(problem, node, product)
            size, denominator = _length_of_product(problem, node.layer, product, lengths)
            parts.append(Length(size + math.log10(terms), denominator + math.log10(problem.divisor(node))))
            work += terms * entries * parts[-1].digits ** 2
        parts = [part for part in parts if part.size != -math.inf] or parts[:1]
        more = math.log10(len(parts))
        lengths[node] = Length(max(part.size for part in parts) + more, max(part.denominator for part in parts))
    return work, max(length.digits for length in lengths.values())


def exponentials(problem: Problem, order: Sequence[Node]) -> float:
    """Return how many exponentials of decimals take as long as some nodes do, each after its operands."""
    n = 0.0
    for node in order:
        for product in () if problem.given(node) is not None else problem.products(node):
            is_short = all(_is_rational(problem, node.layer, factor) for factor in product.factors)
            n += math.prod(_counts(problem, node, product)) / (_PRODUCTS if is_short else 1)
    return n


def _is_rational(problem: Problem, layer: int, factor: Factor) -> bool:
    match factor.function[:1]:
        case "f":
            return problem.layers[layer].activation.exact
        case "l" | "m":
            return problem.loss is not None and problem.loss.exact
        case _:
            return True


def _counts(problem: Problem, node: Node, product: Product) -> tuple[int, int]:
    """Return how many entries a quantity has, and how many terms of one product each of them is the sum of."""
    layer = problem.layers[node.layer]
    n_neurons = layer.n_neurons or 1
    sizes = {
        "n": problem.n_samples or 1,
        "i": layer.n_inputs or 1,
        "j": n_neurons,
        "k": n_neurons,
        "s": problem.at_step,
    }
    return math.prod(sizes[axis] for axis in AXES[node.quantity]), math.prod(sizes[axis] for axis in product.summed)


def _length_of_product(problem: Problem, layer: int, product: Product, lengths: dict[Node, Length]) -> Length:
    """Return the length of one term. The lengths of what was given are added to `lengths`."""

    def of(name: str) -> Length:
        origin = problem.origin(layer, name)
        if origin not in lengths:
            lengths[origin] = _length_of(problem.given(origin))
        return lengths[origin]

    factors = []
    for factor in product.factors:
        if factor.function.startswith("f"):
            parameter = problem.layers[layer].activation.parameter
            factors += [] if parameter is None else [_at_least_1(_length_of(Fraction(parameter)))]
            factors += [of(factor.name)] if factor.function == "f" else []
        elif factor.function:
            factors.append(_length_of_loss(problem, factor, of(factor.name), of(factor.second)))
        else:
            factors.append(of(factor.name))
    return Length(*map(sum, zip(*factors, strict=True)))


def _at_least_1(length: Length) -> Length:
    """Return the length of a factor that is 1 for some entries."""
    return length._replace(size=max(length.size, 0.0))


def _length_of_loss(problem: Problem, factor: Factor, outputs: Length, targets: Length) -> Length:
    """Return the length of a loss, whose numbers are at most those of (y - t)^2 / 2 and 2 (y - t)."""
    parts = [outputs, targets]
    parameter = "" if problem.loss is None else problem.loss.name.rstrip(")").partition("(")[2]
    if parameter:
        parts.append(_length_of(Fraction(parameter)))
    size, denominator = max(part.size for part in parts) + _TWO, max(part.denominator for part in parts)
    return Length(2 * size, 2 * denominator + _TWO) if factor.function == "l" else Length(size + _TWO, denominator)


def _length_of(given: Any) -> Length:
    """Return the length of the numbers in an array (any shape) of fractions, or of one number."""
    numbers = given.ravel().tolist() if hasattr(given, "ravel") else [given]
    largest = max(map(abs, numbers))
    size = math.log10(largest.numerator) - math.log10(largest.denominator) if largest else -math.inf
    return Length(size, math.log10(math.lcm(*{number.denominator for number in numbers})))

"""How much work exact arithmetic is, estimated before it begins.

A product has the digits of both factors, so that numbers become long in a deep network, and the time of an operation
grows with the square of their length. Where many terms cancel, the numbers are shorter than estimated here.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node, Product
from backprop_cli.errors import InputError

__all__ = ["estimate", "require_short"]

_MOST_WORK = 5e12  # about ten seconds on a processor of 2021


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

    `done` is the work of the steps before. Returned is the work with that of this step.

    Raises:
        InputError: The message says how much work it is, and how much is accepted.
    """
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
        layer, parts = problem.layers[node.layer], []
        sizes = {"n": problem.n_samples or 1, "i": layer.n_inputs or 1, "j": layer.n_neurons or 1, "s": problem.at_step}
        for product in problem.products(node):
            terms = math.prod(sizes[axis] for axis in product.summed)
            size, denominator = _length_of_product(problem, node.layer, product, lengths)
            parts.append(Length(size + math.log10(terms), denominator))
            work += terms * math.prod(sizes[axis] for axis in AXES[node.quantity]) * parts[-1].digits ** 2
        parts = [part for part in parts if part.size != -math.inf] or parts[:1]
        more = math.log10(len(parts))
        lengths[node] = Length(max(part.size for part in parts) + more, max(part.denominator for part in parts))
    return work, max(length.digits for length in lengths.values())


def _length_of_product(problem: Problem, layer: int, product: Product, lengths: dict[Node, Length]) -> Length:
    """Return the length of one term; a derivative is short. The lengths of what was given are added to `lengths`."""
    origins = [problem.origin(layer, factor.name) for factor in product.factors if factor.function != "f'"]
    for origin in origins:
        if origin not in lengths:
            lengths[origin] = _length_of(problem.given(origin))
    return Length(*map(sum, zip(*(lengths[origin] for origin in origins), strict=True)))


def _length_of(given: Any) -> Length:
    """Return the length of the numbers in an array (any shape) of fractions, or of one number."""
    numbers = given.ravel().tolist() if hasattr(given, "ravel") else [given]
    largest = max(map(abs, numbers))
    size = math.log10(largest.numerator) - math.log10(largest.denominator) if largest else -math.inf
    return Length(size, math.log10(math.lcm(*{number.denominator for number in numbers})))

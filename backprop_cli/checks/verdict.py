"""The verdict on one problem: whatever the three proofs found."""

from collections.abc import Mapping
from dataclasses import dataclass

from backprop_cli.checks.exactness import ExactCheck, check_exactly
from backprop_cli.checks.expected import QuantityCheck, check_expected
from backprop_cli.checks.finite_differences import CannotDifferentiateError
from backprop_cli.checks.gradcheck import GradientCheck, Steps, check_gradients
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found about one problem.

    `error` is why it could not be checked at all, and `undifferentiable` why finite differences could not be taken.
    """

    file: str
    error: InputError | None = None
    gradients: GradientCheck | None = None
    undifferentiable: str | None = None
    expected: tuple[QuantityCheck, ...] = ()
    exact: ExactCheck | None = None

    @property
    def passed(self) -> bool:
        """Whether the problem was checked and nothing is wrong."""
        proofs = (self.gradients, *self.expected, self.exact)
        return self.error is None and all(proof.passed for proof in proofs if proof is not None)


def check_problem(
    file: str,
    solution: Solution,
    exact: Solution | None,
    expected: Mapping[Node, Expected],
    *,
    steps: Steps,
    tolerance: Tolerance,
    rounded: bool,
    prove_exact: bool,
) -> Verdict:
    """Check a problem's gradients in every way that it allows.

    Args:
        file: What the problem is called.
        solution: Everything that follows from it, in float64.
        exact: The same in exact fractions, where values are rounded or the exact proof is asked for.
        expected: The expected values, as decimals where they are rounded.
        steps: How to take finite differences.
        tolerance: How far expected values may be off that are not rounded.
        rounded: Whether expected values stand for all that round to them.
        prove_exact: Whether to compare the float64 result with the exact one.

    Raises:
        InputError: There is nothing to check.
    """
    gradients, undifferentiable = None, None
    try:
        gradients = check_gradients(solution, steps)
    except CannotDifferentiateError as error:
        undifferentiable = str(error)
    quantities = check_expected(solution, expected, tolerance, exact=exact if rounded else None)
    exactly = check_exactly(solution, exact) if prove_exact and exact is not None else None
    if gradients is None and not quantities and exactly is None:
        raise InputError(f"there is nothing to check: no expected values, and {undifferentiable}")
    return Verdict(
        file=file, gradients=gradients, undifferentiable=undifferentiable, expected=quantities, exact=exactly
    )

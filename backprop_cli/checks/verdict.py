"""The verdict on one problem, from three checks: finite differences, expected values and exact arithmetic."""

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
    """The results of all checks of one problem."""

    file: str
    error: InputError | None = None  # why it could not be checked
    gradients: GradientCheck | None = None
    undifferentiable: str | None = None  # why finite differences could not be taken
    expected: tuple[QuantityCheck, ...] = ()
    exact: ExactCheck | None = None

    @property
    def passed(self) -> bool:
        """Whether the problem was checked and nothing is wrong."""
        checks = (self.gradients, *self.expected, self.exact)
        return self.error is None and all(check.passed for check in checks if check is not None)


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
    """Check a problem's gradients in every way that is possible.

    Args:
        file: The name of the problem.
        solution: Everything that follows from it, in float64.
        exact: The same in exact fractions, if `rounded` or `prove_exact`.
        expected: The expected values, as decimals if `rounded`.
        steps: How to take finite differences.
        tolerance: How far expected values may be off that are not rounded.
        rounded: Whether expected values accept all values that round to them.
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

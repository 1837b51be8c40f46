"""The verdict on one problem, from three checks: finite differences, expected values and exact arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from backprop_cli.checks.exactness import ExactCheck, check_exactly
from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.finite_differences import CannotDifferentiateError
from backprop_cli.checks.gradcheck import GradientCheck, Steps, check_gradients
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import CHAIN_RULE, Node
from backprop_cli.core.rules import working_order
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError

# open: all expected values are open; empty: nothing was tested, or none of the expected values
Outcome: TypeAlias = Literal["ok", "wrong", "open", "empty", "error"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The results of all checks of one problem, or of one submission of many that are compared with it."""

    file: str
    problem: str | None = None  # the name of the problem, if `file` is a submission
    error: InputError | None = None  # why it could not be checked
    gradients: GradientCheck | None = None
    undifferentiable: str | None = None  # why finite differences could not be taken
    expected: tuple[QuantityCheck, ...] = ()  # in the order of work
    exact: ExactCheck | None = None
    inactive: str | None = None  # the units that are all inactive and make every gradient zero: `every unit`

    @property
    def outcome(self) -> Outcome:
        """What the checks say together."""
        if self.error is not None:
            return "error"
        if self.expected and all(quantity.open == quantity.entries for quantity in self.expected):
            return "open"
        if not all(check.passed for check in (self.gradients, *self.expected, self.exact) if check is not None):
            return "wrong"
        return "ok" if self.untested is None else "empty"

    @property
    def passed(self) -> bool:
        """Whether something was tested and nothing is wrong."""
        return self.outcome == "ok"

    @property
    def untested(self) -> str | None:
        """Why none of the expected values was tested or, without any, nothing at all; None if something was."""
        if self.exact is not None or any(quantity.compared for quantity in self.expected):
            return None
        if self.expected:
            return "rounding may explain any difference of every expected value"
        if self.gradients is None:
            return f"no expected values, and {self.undifferentiable}"
        return self.gradients.untold or self.all_zero

    @property
    def all_zero(self) -> str | None:
        """Why finite differences would agree with any mask: inactive units make every gradient zero."""
        return self.inactive and f"{self.inactive} is inactive and every gradient is zero"


def check_alone(file: str, solution: Solution, *, steps: Steps, proof: Solution | None = None) -> Verdict:
    """Check a problem's gradients in every way that needs no expected values.

    Args:
        file: The name of the problem.
        solution: Everything that follows from it, in float64.
        steps: How to take finite differences.
        proof: What follows in exact fractions from the parameters of the last step, to compare the float64 result with.
    """
    gradients, undifferentiable = None, None
    try:
        gradients = check_gradients(solution, steps)
    except CannotDifferentiateError as error:
        undifferentiable = str(error)
    return Verdict(
        file=file,
        gradients=gradients,
        undifferentiable=undifferentiable,
        exact=None if proof is None else check_exactly(solution, proof),
        inactive=_inactive(solution),
    )


def compare(
    alone: Verdict,
    solution: Solution,
    expected: Mapping[Node, Expected],
    tolerance: Tolerance,
    *,
    exact: Solution | None = None,
) -> Verdict:
    """Return the verdict on a problem together with one set of expected values.

    Args:
        alone: The verdict on the problem without them.
        solution: Everything that follows from it, in float64.
        expected: The expected values, as decimals if they are rounded.
        tolerance: How far they may be off that are not rounded.
        exact: The solution in exact fractions, if the expected values accept all values that round to them.
    """
    ordered = {node: expected[node] for node in working_order(len(solution.layers)) if node in expected}
    return replace(alone, expected=check_expected(solution, ordered, tolerance, exact=exact))


def _inactive(solution: Solution) -> str | None:
    """Return which units are all inactive, if every gradient is zero: `every unit`, `every unit of layers[1]`."""
    computed = [(quantity, matrix) for layer in solution.layers for quantity, matrix in layer.computed.items()]
    if any(CHAIN_RULE[quantity].is_gradient and matrix.any() for quantity, matrix in computed):
        return None
    inactive = [layer.inactive is not None and bool(layer.inactive.all()) for layer in solution.layers]
    if all(inactive):
        return "every unit"
    return f"every unit of {solution.problem.layer_title(inactive.index(True))}" if any(inactive) else None

"""What follows from expected pre-activations and outputs: a wrong one makes gradients wrong without another mistake."""

from collections.abc import Mapping

import numpy as np

from backprop_cli.checks.candidates import other_biases
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.missing import Missing
from backprop_cli.core.quantities import FORWARD, Node
from backprop_cli.core.rules import RULES, operands, working_order
from backprop_cli.core.solution import Solution


class Forward:
    """The expected values of the forward pass, in place of the computed ones."""

    def __init__(self, solution: Solution, expected: Mapping[Node, Expected]) -> None:
        """Take the solution, and all expected values (in any shape) by layer and quantity."""
        given = {node: values for node, values in expected.items() if node.quantity in FORWARD}
        self._solution = solution
        self._values: dict[Node, Array] = {}
        for node, values in given.items():
            right = solution.layers[node.layer].computed.get(node.quantity)
            if right is not None and right.shape == values.values.shape and not values.not_finite.any():
                self._values[node] = np.where(values.is_open, right, values.values).astype(np.float64)
        self._misfits = len(self._values) < len(given)

    def leads_to(self, case: Case) -> bool:
        """Tell whether the right formulas lead from these values to the expected ones of a quantity.

        Expected pre-activations may be rounded. What follows from them is to come ten times as close as the right
        values do.
        """
        follows = self._followed().get(case.node) if self._values else None
        accepted = case.accepted
        if follows is None or follows.shape != accepted.expected.shape or follows.shape != case.right.shape:
            return False
        far = np.abs(accepted.expected - case.right)
        near = np.abs(accepted.expected - follows) <= 10 * accepted.allowed(follows) + far / 10
        return bool(np.all(near | accepted.is_open))

    def allows(self, candidate: Candidate, case: Case) -> bool:
        """Tell whether other pre-activations are an unlikely cause of the derivatives that a mistake changes.

        They are if the expected ones have the right derivatives. Where none are expected, those without biases, or
        with doubled or subtracted ones, are tried.
        """
        if candidate.flipped is None:
            return True
        right = [self._has_right_derivatives(layer) for layer, flips in candidate.flipped.items() if flips.any()]
        if self._misfits or False in right:
            return False
        if None not in right:
            return True
        return not candidate.needs_z and not any(
            value is not None and case.agrees(value) for value in other_biases(case)
        )

    def _has_right_derivatives(self, layer: int) -> bool | None:
        """Tell whether the expected pre-activations of a layer are on the same sides of kinks as the computed ones."""
        z, activation = self._values.get(Node(layer, "z")), self._solution.problem.layers[layer].activation
        if z is None:
            return None
        right = self._solution.layers[layer].computed["z"]
        return all(np.array_equal(z > kink, right > kink) for kink in activation.kinks)

    def _followed(self) -> Mapping[Node, Array]:
        """Return the values of every node that can be computed, in the shapes of `LayerSolution`."""
        problem = self._solution.problem
        found: dict[Node, Array] = {}
        for node in working_order(len(problem.layers)):
            taken = operands(problem, node)
            if node in self._values:
                found[node] = problem.as_written(node.quantity, self._values[node])
            elif problem.given(node) is not None:
                found[node] = problem.given(node)
            elif problem.has(node) and all(
                part in found if isinstance(part, Node) else not isinstance(part, Missing) for part in taken
            ):
                value = RULES[node.quantity].formula(
                    *(found[part] if isinstance(part, Node) else part for part in taken)
                )
                found[node] = value / problem.divisor(node)
        return {node: problem.as_written(node.quantity, value) for node, value in found.items()}

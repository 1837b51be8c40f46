"""Problems of all kinds: no false alarm, no planted error that passes, and errors within their estimates."""

from collections.abc import Callable
from dataclasses import replace
from decimal import DivisionByZero, InvalidOperation
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.finite_differences import CannotDifferentiateError, ForwardPass
from backprop_cli.checks.functions import Coupling
from backprop_cli.checks.gradcheck import GradientCheck, Steps, check_gradients
from backprop_cli.checks.moving import moved
from backprop_cli.checks.rounding import MARGIN, bounds, likely
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.activations import activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.schema import build
from tests.checks.in_decimals import backpropagate, exactly
from tests.checks.kinds import random_problem
from tests.checks.test_scales import GRADIENTS, found_in, is_alarm, off_by
from tests.conftest import sized


def solved(seed: int) -> tuple[Problem, Solution] | None:
    """Return a problem of some kind and its solution; None if something overflows, or its loss is infinite."""
    try:
        problem = build(random_problem(seed))
        return problem, solve(problem)
    except InputError:
        return None


@sized("count", 25, 1000)
def test_no_false_alarm_and_no_error_that_passes_for_measured(count: int) -> None:
    n_solved, found, measured = 0, 0, 0
    for seed in range(count):
        if (both := solved(seed)) is None:
            continue
        problem, solution = both
        n_solved += 1
        right = found_in(solution)
        assert not [finding for finding in right.values() if is_alarm(finding)], seed
        wrong_solution = off_by(1e-4, solution)
        wrong = found_in(wrong_solution)
        for i, (layer, off) in enumerate(zip(solution.layers, wrong_solution.layers, strict=True)):
            for name in GRADIENTS[i > 0 :]:
                pair = (problem.as_written(name, one.computed[name]) for one in (layer, off))
                for index in np.argwhere(np.not_equal(*pair)).tolist():
                    place = problem.entry(Node(i, name), index)
                    assert place in wrong, (seed, place)
                    found += is_alarm(wrong[place])
                    measured += place not in right
    assert n_solved > 0.9 * count
    assert found > 0.95 * measured > 10 * n_solved


def in_decimals(problem: Problem) -> dict[Node, Array] | None:
    """Return a pass with 120 digits; None where there is none."""
    if any(layer.activation.name == "gelu" for layer in problem.layers):
        return None
    try:
        return backpropagate(problem)
    except (DivisionByZero, InvalidOperation):  # log(0), with a target of 0
        return None


@sized("count", 25, 1000)
def test_errors_are_within_their_estimates(count: int) -> None:
    """The root of the mean square of error / likely error is about 0.3."""
    shares, n_compared = list[Array](), 0
    for seed in range(count):
        if (both := solved(seed)) is None or (true := in_decimals(both[0])) is None:
            continue
        problem, solution = both
        rounding, allowed = likely(solution), bounds(solution)
        for node, exact in true.items():
            value = solution.layers[node.layer].computed.get(node.quantity)
            if value is None:  # an upstream that overflows
                continue
            off = np.asarray(abs(exactly(value) - problem.as_written(node.quantity, exact))).astype(float)
            assert (off <= allowed[problem.place(*node)]).all(), (seed, node)
            error = rounding[node].total
            with np.errstate(over="ignore"):
                assert (off <= MARGIN * error + rounding[node].flips).all(), (seed, node)
            shares.append(np.divide(off, error, out=np.zeros(off.shape), where=error > 0).ravel())
            n_compared += off.size
    assert n_compared > 20 * count
    assert 0.1 < np.sqrt(np.mean(np.square(np.concatenate(shares)))) < 1


def in_float32(problem: Problem) -> dict[Node, Array]:
    """Return the gradients of a classifier, computed in float32 by NumPy alone, in the formulas of a textbook."""
    kind, passed = np.float32, []
    x, targets = np.asarray(problem.inputs, kind), np.asarray(problem.targets, kind)
    for layer in problem.layers:
        weights = np.asarray(layer.weights, kind)
        z = x @ weights + np.asarray(layer.biases, kind)
        passed.append((x, weights, layer.activation.name))
        if layer.activation.name == "softmax":
            numerators = np.exp(z - z.max(axis=1, keepdims=True))
            x = numerators / numerators.sum(axis=1, keepdims=True)
        else:
            x = 1 / (1 + np.exp(-z)) if layer.activation.name == "sigmoid" else np.tanh(z)
    last = len(passed) - 1
    surprise = targets * np.log(x) + (0 if passed[-1][2] == "softmax" else (1 - targets) * np.log(1 - x))
    found = {Node(last, "loss"): np.asarray(-surprise.sum()), Node(last, "outputs"): x}
    dz = x - targets
    for i in range(last, -1, -1):
        x, weights, _ = passed[i]
        values = {"dz": dz, "dinputs": dz @ weights.T, "dweights": x.T @ dz, "dbiases": dz.sum(axis=0)}
        found |= {Node(i, name): value for name, value in values.items()}
        dz = values["dinputs"] * (x * (1 - x) if passed[i - 1][2] == "sigmoid" else 1 - x * x)
    return {node: np.asarray(value, np.float64) for node, value in found.items()}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("last", "loss"), [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")])
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
def test_a_classifier_in_float32_passes_and_a_wrong_one_fails(hidden: str, last: str, loss: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_samples, widths = (3, 200)[seed % 2], [5, 8, 6, 4]
    sizes = list(zip(widths, widths[1:], [hidden, hidden, last], strict=False))
    targets = np.eye(4)[rng.integers(0, 4, n_samples)]
    problem = build(
        {
            "inputs": rng.normal(size=(n_samples, 5)),
            "layers": [
                {"weights": rng.normal(size=(a, b)), "biases": rng.normal(size=b), "activation": name}
                for a, b, name in sizes
            ],
            "loss": loss,
            "targets": targets,
        }
    )
    solution, values = solve(problem), in_float32(problem)

    def passed(values: dict[Node, Array]) -> list[bool]:
        stored = PRECISIONS["float32"]
        expected = {
            node: Expected(values=array, is_open=np.zeros(array.shape, bool), stored=stored)
            for node, array in values.items()
        }
        return [check.passed for check in check_expected(solution, expected, Tolerance())]

    assert all(passed(values))
    for node, array in list(values.items())[seed::3]:  # each search for a mistake takes a while
        assert not all(passed({node: 1.0005 * array})), node


def checked(draft: dict[str, Any], change: Callable[[Solution], Solution] = lambda s: s) -> GradientCheck:
    return check_gradients(change(solve(build(draft))), Steps())


AT_TARGET = {"inputs": [[1], [2]], "weights": [[3]], "targets": [[3], [5]], "activation": "linear"}


def test_a_loss_has_kinks_where_outputs_are_the_targets() -> None:
    """y = [[3], [6]] and t = [[3], [5]]: the first term has a slope of -1 or 1, and 0 by convention."""
    found = checked(AT_TARGET | {"loss": "absolute_error"})
    kinks = {kink.place: (kink.left, kink.gradient, kink.right) for kink in found.kinks}
    assert found.passed
    assert kinks["dinputs[0,0]"] == pytest.approx((-3, 0, 3))
    assert kinks["dweights[0,0]"] == pytest.approx((2 - 1, 2, 2 + 1))
    assert kinks["dbiases[0]"] == pytest.approx((1 - 1, 1, 1 + 1))
    assert not checked(AT_TARGET | {"loss": "absolute_error"}, lambda s: off_by(0.6, s)).passed


@pytest.mark.parametrize("name", ["relu", "elu(2)", "leaky_relu(0.5)"])
def test_a_kink_under_a_curved_loss_is_accepted(name: str) -> None:
    draft = {"inputs": [[1, 1]], "weights": [[1], [-1]], "activation": name, "loss": "squared_error", "targets": [[3]]}
    found = checked(draft)
    assert found.passed
    assert len(found.kinks) == 5
    layers = [{"weights": [[1], [-1]], "activation": name}, {"weights": [[2]], "activation": "tanh"}]
    two = {"inputs": [[1, 1]], "layers": layers, "loss": "squared_error", "targets": [[3]]}
    assert checked(two).passed


def test_huber_has_no_kink_where_its_parts_meet() -> None:
    """|y - t| is 1 = delta."""
    draft = {"inputs": [[1]], "weights": [[3]], "targets": [[2]], "loss": "huber(1)", "activation": "linear"}
    found = checked(draft)
    assert (found.passed, found.told, found.kinks) == (True, 3, ())
    assert len(checked(draft, lambda s: off_by(1e-4, s)).wrong) == 3


def test_a_step_that_is_too_long_for_a_curved_function_hides_the_entry() -> None:
    """The smallest step from 1e12 is 1e4, where a sigmoid bends on a scale of 1."""
    found = checked({"inputs": [[1e12]], "weights": [[1e-12]], "upstream": [[1]], "activation": "sigmoid"})
    assert found.passed
    steep = checked({"inputs": [[1e12, 1e12]], "weights": [[1], [-1]], "upstream": [[1]], "activation": "sigmoid"})
    assert steep.passed
    assert {hidden.place for hidden in steep.hidden} == {
        "dinputs[0,0]",
        "dinputs[0,1]",
        "dweights[0,0]",
        "dweights[1,0]",
    }


@pytest.mark.parametrize("reduction", ["sum", "mean", "batch_mean"])
def test_with_mean_gradients_parameters_have_those_of_the_mean(reduction: str) -> None:
    rng = np.random.default_rng(0)
    draft = {
        "inputs": rng.normal(size=(7, 3)),
        "weights": rng.normal(size=(3, 4)),
        "biases": rng.normal(size=4),
        "activation": "sigmoid",
        "loss": "squared_error",
        "targets": rng.random((7, 4)),
        "reduction": reduction,
        "mean_gradients": True,
    }
    found = checked(draft)
    assert (found.passed, found.told) == (True, 21 + 12 + 4)
    without_mean = lambda s: replace(s, layers=solve(build(draft | {"mean_gradients": False})).layers)  # noqa: E731
    assert not checked(draft, without_mean).passed
    slopes = checked(draft, lambda s: off_by(0.5, s)).wrong
    assert all(slope.gradient == pytest.approx(1.5 * slope.slope, rel=1e-6) for slope in slopes)


def test_a_saturated_matched_pair_is_measured() -> None:
    """p is 1 - 1e-9; the loss and dz are -log p = 1e-9, which y = p would lose."""
    draft = {"inputs": [[1]], "weights": [[20.7]], "targets": [[1]], "loss": "binary_cross_entropy"}
    found = checked(draft | {"activation": "sigmoid"})
    assert (found.passed, found.told) == (True, 3)
    assert len(checked(draft | {"activation": "sigmoid"}, lambda s: off_by(1e-3, s)).wrong) == 3


def test_a_small_loss_beside_a_large_one_is_measured() -> None:
    """The terms are 1e24 and 1e-4: in their sum, the second one would be lost."""
    draft = {"inputs": [[1e12], [0.01]], "weights": [[1]], "targets": [[0], [0]], "loss": "squared_error"}
    found = checked(draft | {"activation": "linear"})
    assert found.passed
    assert "dinputs[1,0]" not in {hidden.place for hidden in found.hidden}


def test_a_loss_needs_targets() -> None:
    draft = {"inputs": [[1]], "weights": [[1]], "loss": "squared_error", "activation": "linear"}
    with pytest.raises(CannotDifferentiateError, match=r"and targets$"):
        check_gradients(solve(build(draft)), Steps())


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_derivatives_of_coupled_neurons_are_those_of_the_row(name: str) -> None:
    rng = np.random.default_rng(0)
    row, z = activation(name), rng.normal(size=(6, 5)) * [[1], [1], [5], [5], [30], [300]]
    assert row.coupled_derivative is not None
    matrices, coupling, sizes = row.coupled_derivative(z), Coupling.of(row, z), rng.random((6, 5))
    change = sizes - 0.5
    close: Any = {"rtol": 1e-12, "atol": 1e-300}
    np.testing.assert_allclose(coupling.change(change), np.einsum("nkj,nj->nk", matrices, change), atol=1e-15)
    np.testing.assert_allclose(coupling.outputs(sizes), np.einsum("nkj,nj->nk", abs(matrices), sizes), **close)
    np.testing.assert_allclose(coupling.back(sizes), np.einsum("nkj,nk->nj", abs(matrices), sizes), **close)
    squares = np.square(matrices), np.square(sizes)
    roots = (np.sqrt(np.einsum(path, *squares)) for path in ("nkj,nj->nk", "nkj,nk->nj"))
    for found, root in zip((coupling.outputs, coupling.back), roots, strict=True):
        np.testing.assert_allclose(found(sizes, squares=True), root, rtol=1e-12, atol=1e-150)


@pytest.mark.parametrize("block_numbers", [1, 7, 2**17])
def test_changes_of_coupled_neurons_do_not_depend_on_blocks(block_numbers: int) -> None:
    for seed in range(30):
        if (both := solved(seed)) is not None:
            forward = ForwardPass.of(both[1])
            for parameter in forward.parameters(both[1]):
                entries, step = parameter.entries(np.arange(parameter.array.size)), np.full(parameter.array.size, 0.01)
                whole, part = (moved(forward, entries, step, block_numbers=n) for n in (2**20, block_numbers))
                assert part.loss == pytest.approx(whole.loss, rel=1e-9, abs=1e-12)


def test_a_sign_of_nearly_zero_is_undecided() -> None:
    """0.1 + 0.2 - 0.3 is 5.55e-17 in float64 and 0 on paper, where sign(0) is 0; 1 - 1 is 0 in both."""
    draft = {
        "inputs": [[0.1], [1]],
        "weights": [[1]],
        "biases": [0.2],
        "targets": [[0.3], [1.2]],
        "loss": "absolute_error",
        "activation": "linear",
    }
    solution = solve(build(draft))
    (found,) = check_expected(solution, validate_expected({"upstream": [[0], [0]]}, solution.problem), Tolerance())
    assert (found.undecided, found.different) == (1, 0)
    whole = solve(build(draft | {"inputs": [[1], [2]], "biases": [0], "targets": [[1], [1]]}))
    (found,) = check_expected(whole, validate_expected({"upstream": [[1], [1]]}, whole.problem), Tolerance())
    assert (found.undecided, found.different) == (0, 1)


@pytest.mark.parametrize(("value", "passed"), [(0.5, True), ([[0.5]], True), (0.5001, False)])
def test_a_loss_is_one_number(value: object, passed: bool) -> None:
    draft = {"inputs": [[1]], "weights": [[2]], "targets": [[1]], "loss": "half_squared_error", "activation": "linear"}
    solution = solve(build(draft))
    (found,) = check_expected(solution, validate_expected({"loss": value}, solution.problem), Tolerance())
    assert (found.passed, found.entries) == (passed, 1)


def test_targets_may_have_been_read_in_a_narrow_type() -> None:
    draft = {"inputs": [[1]], "weights": [[1]], "targets": [[0.3]], "loss": "squared_error", "activation": "linear"}
    solution, stored = solve(build(draft)), PRECISIONS["float16"]
    upstream = stored.round(np.array([[2 * (1 - float(np.float16(0.3)))]]))
    expected = {Node(0, "upstream"): Expected(values=upstream, is_open=np.zeros((1, 1), bool), stored=stored)}
    (found,) = check_expected(solution, expected, Tolerance())
    assert found.passed


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_with_tangents_coupled_neurons_change_by_the_gradient(name: str) -> None:
    """A unit at its kink under a softmax: the slope of the tangents is 0, as the gradient is."""
    layers = [{"weights": [[1], [1]], "biases": [0]}, {"weights": [[1, -2, 3]], "activation": name}]
    draft = {"inputs": [[1, -1], [2, 1]], "layers": layers, "upstream": [[1, 2, -1], [3, 0, 1]]}
    solution = solve(build(draft))
    forward = ForwardPass.of(solution)
    for parameter in forward.parameters(solution):
        n = parameter.array.size
        found = moved(forward, parameter.entries(np.arange(n)), np.full(n, 64.0), linearized=True)
        slope = np.ldexp(found.loss, forward.exponent) / 64
        np.testing.assert_allclose(slope, parameter.gradient.ravel(), rtol=1e-12, atol=1e-15)
    assert check_gradients(solution, Steps()).passed


def test_an_upstream_that_is_the_outputs_has_their_errors() -> None:
    draft = {"inputs": [[0.1, 0.3]], "weights": [[0.7], [0.2]], "activation": "sigmoid", "upstream": "outputs"}
    found = likely(solve(build(draft), [Node(0, name) for name in ("outputs", "upstream")]))
    assert found[Node(0, "upstream")].total.tolist() == found[Node(0, "outputs")].total.tolist()


@pytest.mark.parametrize("loss", ["squared_error", "half_squared_error", "absolute_error"])
def test_rounding_errors_of_large_terms_raise_no_alarm(loss: str) -> None:
    """The square of an error is 1e20, with a last place of 16384; the first step changes it by 1e6."""
    draft = {"inputs": [[1]], "weights": [[1.3]], "targets": [[1e10]], "loss": loss, "activation": "linear"}
    found = checked(draft)
    assert (found.passed, found.told) == (True, 3)


@pytest.mark.parametrize("seed", range(20))
def test_rounding_errors_of_a_perfect_fit_raise_no_alarm(seed: int) -> None:
    """Where y = t, the gradients are 0, and so is what errors of y make of the loss to first order."""
    rng = np.random.default_rng(seed)
    layers = [{"weights": rng.normal(size=(4, 3)), "activation": "tanh"}, {"weights": rng.normal(size=(3, 2))}]
    draft: dict[str, Any] = {"inputs": rng.normal(size=(3, 4)), "layers": layers, "upstream": "ones"}
    outputs = solve(build(draft)).layers[-1].computed["outputs"]
    del draft["upstream"]
    assert checked(draft | {"targets": outputs, "loss": "half_squared_error"}).passed

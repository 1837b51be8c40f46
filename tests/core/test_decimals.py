"""Whole problems in decimals of 50 digits, and in fractions where every function is rational."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Context, Decimal, FloatOperation, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core import decimal_functions, decimals
from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.arrays import Array
from backprop_cli.core.blocks import Evaluated, evaluate
from backprop_cli.core.decimals import solve_in_decimals
from backprop_cli.core.losses import LOSSES, REDUCTIONS
from backprop_cli.core.plan import plan
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES, Rules
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build
from tests.reference import as_draft, backpropagate, random_network

RATIONAL_LOSSES = [name for name, row in LOSSES.items() if row.exact] + ["huber(0.25)"]
RATIONAL_ACTIVATIONS = ["relu", "leaky_relu(0.3)", "linear"]


def exact(draft: Mapping[str, Any]) -> Problem:
    return build(parse(json.dumps(draft).encode(), exact=True), exact=True)


def in_decimals(problem: Problem, wanted: Sequence[Node], **options: Any) -> Mapping[Node, Array]:
    """Return what is wanted of a problem of one step, in decimals even if it is rational."""

    def one_pass(problem: Problem, rules: Rules, stepping: Rules) -> tuple[Problem, Evaluated]:
        del stepping
        return problem, evaluate(problem, plan(problem, wanted).order, wanted, rules)

    return solve_in_decimals(problem, RULES, one_pass, **options)[1].values


def solved(draft: Mapping[str, Any]) -> dict[str, Array]:
    return dict(solve(exact(draft)).matrices())


def network(activation: str, loss: str, **more: Any) -> dict[str, Any]:
    """Return a network whose targets every loss takes, and whose outputs are probabilities where they must be."""
    last = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "nll": "log_softmax"}.get(loss, activation)
    hidden = {"weights": [[0.5, -0.25, 0.3], [0.1, 0.7, -0.6]], "biases": [0.1, -0.2, 0.3], "activation": activation}
    layer = {"weights": [[0.2, -0.3], [0.4, 0.9], [-0.8, 0.35]], "biases": [0.05, -0.15], "activation": last}
    return {
        "inputs": [[1.5, -0.5], [-0.3, 2], [0.25, 0.75]],
        "layers": [hidden, layer],
        "loss": loss,
        "targets": [[0.25, 0.75], [1, 0], [0.5, 0.5]],
        **more,
    }


@pytest.mark.parametrize("loss", [*LOSSES, "huber(0.25)"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "leaky_relu(0.3)", "elu(1.5)"])
def test_gradients_are_the_slopes_of_the_loss_to_30_digits(activation: str, loss: str) -> None:
    """By central differences of the 50 digits of the loss: h^2 and the digits that cancel are 1e-30 and less."""
    draft = network(activation, loss, reduction="mean")
    found, h = solved(draft), Decimal("1e-16")

    def loss_at(layer: int, i: int, j: int, step: Decimal) -> Decimal:
        problem = exact(draft)
        weights = problem.layers[layer].weights
        assert weights is not None
        weights[i, j] += Fraction(step)
        return _decimal(dict(solve(problem).matrices())["loss"].item())

    for layer, i, j in ((0, 1, 0), (1, 2, 1))[: 2 if "soft" in activation else 1]:
        with localcontext(prec=60):
            slope = (loss_at(layer, i, j, h) - loss_at(layer, i, j, -h)) / (2 * h)
        gradient = _decimal(found[f"layers[{layer}].dweights"][i, j])
        assert abs(slope - gradient) < Decimal("1e-26") * max(abs(gradient), Decimal("0.01"))


def _decimal(number: Any) -> Decimal:
    context = Context(prec=60)
    return number if isinstance(number, Decimal) else context.divide(Decimal(number.numerator), number.denominator)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("mean_gradients", [False, True])
@pytest.mark.parametrize("loss", RATIONAL_LOSSES)
def test_rational_problems_stay_exact(loss: str, reduction: str, mean_gradients: bool) -> None:
    """A float, which an integer divided by an integer gives, would not be exact."""
    for activation in RATIONAL_ACTIVATIONS:
        problem = exact(network(activation, loss, reduction=reduction, mean_gradients=mean_gradients))
        assert problem.digits is None
        for place, matrix in solve(problem).matrices():
            assert all(type(number) in (int, Fraction) for number in matrix.flat), place


def test_means_of_integers_are_fractions() -> None:
    draft = {"inputs": [[1], [1], [2]], "weights": [[1]], "biases": [0], "activation": "linear"}
    found = solved({**draft, "loss": "absolute_error", "reduction": "mean", "targets": [[0], [1], [3]]})
    assert found["upstream"].ravel().tolist() == [Fraction(1, 3), 0, Fraction(-1, 3)]
    assert found["loss"].item() == Fraction(2, 3)
    assert solved({**draft, "upstream": "ones", "mean_gradients": True})["dweights"].item() == Fraction(4, 3)
    classes = solved(
        {
            "inputs": [[1], [2], [4]],
            "weights": [[1, 2]],
            "loss": "nll",
            "reduction": "mean",
            "activation": "linear",
            "targets": [0, 1, 1],
        }
    )
    assert classes["loss"].item() == Decimal("-4.3333333333333333333333333333333333333333333333333")


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "gelu"])
def test_other_results_are_decimals(activation: str, loss: str, reduction: str) -> None:
    for mean_gradients in (False, True)[: 2 if reduction == "mean" else 1]:
        problem = exact(network(activation, loss, reduction=reduction, mean_gradients=mean_gradients))
        assert problem.digits == 50
        for place, matrix in solve(problem).matrices():
            assert all(type(number) is Decimal for number in matrix.flat), place
            assert all(len(number.as_tuple().digits) <= 50 for number in matrix.flat), place


@pytest.mark.parametrize("function", ["_sigmoid", "_sigmoid_derivative", "of a float"])
def test_a_float_among_decimals_is_refused(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """The row is planted with a function that takes the way over floats."""
    row = decimal_functions.ACTIVATIONS["sigmoid"]
    assert isinstance(row, decimal_functions.Functions)
    planted = {
        "of a float": row._replace(value=lambda z, out=None: np.frompyfunc(lambda x: Decimal(float(x)), 1, 1)(z)),  # noqa: ARG005
        "_sigmoid": row._replace(value=lambda z, out=None: np.array(row.value(z), float)),  # noqa: ARG005
        "_sigmoid_derivative": row._replace(
            derivative=lambda upstream, z, outputs=None, out=None: np.array(row.derivative(upstream, z), float)  # noqa: ARG005
        ),
    }
    monkeypatch.setattr(decimals, "ACTIVATIONS", {"sigmoid": planted[function]})
    with pytest.raises((TypeError, FloatOperation)):
        solved({"inputs": [[1]], "weights": [[0.5]], "biases": [0.25], "activation": "sigmoid", "upstream": "outputs"})


@pytest.mark.parametrize("seed", range(30))
def test_rational_problems_in_decimals_are_the_fractions_to_50_digits(seed: int) -> None:
    """Against a reference in pure Python, which shares no code with the package."""
    network = random_network(random.Random(seed), denominator=8 if seed % 2 else 1)
    problem = exact(as_draft(network))
    values = in_decimals(problem, problem.nodes)
    for node, matrix in values.items():
        wanted = backpropagate(network)[node.layer][node.quantity]
        flat = [number for row in wanted for number in row]
        for number, right in zip(matrix.flat, flat, strict=True):
            assert abs(Fraction(number) - right) <= Fraction(1, 2 * 10**49) * abs(right)


def test_terms_that_cancel_lose_no_digits() -> None:
    """sigmoid(250) - sigmoid(400) is -exp(-250) and a little: the first 108 digits cancel."""
    layer = {"weights": [[250, 400]], "activation": "sigmoid"}
    found = solved({"inputs": [[1]], "layers": [layer, {"weights": [[1], [-1]], "activation": "linear"}]})
    e = Decimal(-250).exp()
    number = found["layers[1].z"].item()
    assert abs(number + e) <= Decimal("1e-26") * e  # of the default context of 28 digits
    assert len(number.as_tuple().digits) == 50


def test_what_cancels_in_every_digit_is_zero() -> None:
    """tanh is odd, and the derivatives of a softmax sum to 0; the rounding errors of some of the sums are 0, too."""
    softmax = {"inputs": [[k / 8] for k in range(1, 60)], "weights": [[1, 1, 1]], "biases": [0.1, 0.7, -0.4]}
    found = solved({**softmax, "activation": "softmax", "upstream": [[1, 2, 4]] * 59})
    assert found["dinputs"].ravel().tolist() == [0] * 59
    many = {"inputs": [[1]] * 3, "weights": [[k / 64 for k in range(1, 200)]], "activation": "tanh"}
    found = solved({**many, "upstream": [[0.1] * 199, [0.2] * 199, [-0.3] * 199]})
    assert found["dbiases"].ravel().tolist() == [0] * 199
    layer = {"weights": [[0.1, 0.3, -0.1, -0.3]], "activation": "tanh"}
    weights = [[0.7], [0.9], [0.7], [0.9]]
    found = solved({"inputs": [[1], [3]], "layers": [layer, {"weights": weights, "activation": "linear"}]})
    assert found["layers[1].z"].ravel().tolist() == [0, 0]
    # softmax sums to 1 however many digits it has
    third = {"weights": [[0.1, 0.7, -0.4]], "activation": "softmax"}
    following = {"weights": [[1], [1], [1]], "biases": [-1], "activation": "linear"}
    found = solved({"inputs": [[k] for k in range(1, 20)], "layers": [third, following]})
    assert found["layers[1].z"].ravel().tolist() == [0] * 19


def test_a_sum_that_cancels_is_at_a_kink() -> None:
    """A softmax sums to 1, and relu'(0) = 0: a last digit of the sum would make some of the units active."""
    softmax = {"weights": [[0.1, 0.7, -0.4]], "activation": "softmax"}
    relu = {"weights": [[1, -1], [1, -1], [1, -1]], "biases": [-1, 1], "activation": "relu"}
    inputs = [[k] for k in range(1, 60)]
    solution = solve(exact({"inputs": inputs, "layers": [softmax, relu], "upstream": "ones"}))
    found = dict(solution.matrices())
    assert found["layers[1].dz"].ravel().tolist() == [0] * 118
    inactive = solution.layers[1].inactive
    assert inactive is not None
    assert inactive.all()


def test_a_difference_that_cancels_is_at_the_kink_of_the_absolute_error() -> None:
    softmax = {"weights": [[0.1, 0.7, -0.4]], "activation": "softmax"}
    sums = {"weights": [[1], [1], [1]], "activation": "linear"}
    draft = {"inputs": [[k] for k in range(1, 20)], "layers": [softmax, sums], "loss": "absolute_error"}
    found = solved({**draft, "targets": [[1]] * 19})
    assert found["upstream"].ravel().tolist() == [0] * 19
    assert found["loss"].item() == 0
    assert solved({**draft, "targets": [[1.5]] * 19})["upstream"].ravel().tolist() == [-1] * 19


@pytest.mark.parametrize(("sign", "active"), [(1, [1]), (-1, [0])])
def test_a_side_of_a_kink_that_takes_many_digits_is_found(sign: int, active: list[int]) -> None:
    """sigmoid(250) - sigmoid(400) is -2.7e-109; 80 digits do not tell it from 0."""
    sigmoid = {"weights": [[250, 400]], "activation": "sigmoid"}
    relu = {"weights": [[-sign], [sign]], "activation": "relu"}
    found = solved({"inputs": [[1]], "layers": [sigmoid, relu], "upstream": "ones"})
    assert found["layers[1].dz"].ravel().tolist() == active


def test_too_few_digits_are_an_error() -> None:
    layer = {"weights": [[250, 400]], "activation": "sigmoid"}
    problem = exact({"inputs": [[1]], "layers": [layer, {"weights": [[1], [-1]], "activation": "linear"}]})
    last = [Node(1, "z")]
    assert in_decimals(problem, last, working_digits=(80, 170, 300))[last[0]].size == 1
    with pytest.raises(InputError, match=r"^layers\[1\].z\[0,0\]: its terms cancel, and 130 digits are too few for 50"):
        in_decimals(problem, last, working_digits=(80, 130))


def test_a_kink_that_is_met_exactly_has_a_side() -> None:
    """Equal outputs cancel exactly; relu'(0) = 0."""
    sigmoid = {"weights": [[0.3, 0.3]], "activation": "sigmoid"}
    relu = {"weights": [[1], [-1]], "activation": "relu"}
    found = solved({"inputs": [[1]], "layers": [sigmoid, relu], "upstream": "ones"})
    assert found["layers[1].dz"].item() == 0


def test_what_is_smaller_than_1e_130_of_its_terms_is_zero() -> None:
    """sigmoid(2000) is 1 - exp(-2000), which is 1e-868."""
    layer = {"weights": [[2000, 3000]], "activation": "sigmoid"}
    residue = {"weights": [[1], [-1]], "activation": "linear"}
    draft = {"inputs": [[1]], "layers": [layer, residue]}
    assert solved(draft)["layers[1].z"].item() == 0


@pytest.mark.parametrize("z", ["-1e300", "1e999"])
def test_numbers_beyond_the_range_of_decimals_are_an_error(z: str) -> None:
    draft = f'{{"z": [[{z}]], "activation": "sigmoid", "upstream": "ones"}}'
    with pytest.raises(InputError, match="a number on the way is beyond the range of decimals"):
        solve(build(parse(draft.encode(), exact=True), exact=True))


def test_long_inputs_and_binary_floats_keep_50_digits() -> None:
    draft = {"z": [[Decimal("0." + "3" * 500)]], "activation": "sigmoid"}
    third = build(draft, exact=True)
    found = dict(solve(third).matrices())["outputs"].item()
    short = dict(solve(build({**draft, "z": [[Decimal("0." + "3" * 60)]]}, exact=True)).matrices())["outputs"].item()
    assert abs(found - short) <= Decimal("1e-50")
    binary = build({"z": np.array([[0.1]]), "activation": "sigmoid"}, exact=True)
    assert binary.binary == ("z",)
    assert (
        dict(solve(binary).matrices())["outputs"].item()
        != dict(solve(build({"z": [[Decimal("0.1")]], "activation": "sigmoid"}, exact=True)).matrices())[
            "outputs"
        ].item()
    )


@pytest.mark.parametrize("block_rows", [1, 2])
def test_blocks_of_samples_are_the_whole(block_rows: int) -> None:
    for activation, loss in (("softplus", "cross_entropy"), ("elu(1.5)", "huber(0.25)"), ("softmax", "squared_error")):
        problem = exact(network(activation, loss, reduction="batch_mean"))
        whole, blocks = solve(problem), solve(problem, block_rows=block_rows)
        for (place, first), (_, second) in zip(whole.matrices(), blocks.matrices(), strict=True):
            for a, b in zip(first.flat, second.flat, strict=True):
                assert abs(a - b) <= Decimal("1e-48") * abs(a), place


def test_float_problems_have_no_digits() -> None:
    assert build(network("sigmoid", "cross_entropy")).digits is None


@pytest.mark.parametrize(("activation", "loss"), [("sigmoid", "cross_entropy"), ("softplus", "absolute_error")])
def test_steps_are_single_steps_one_after_the_other(activation: str, loss: str) -> None:
    """Three steps against three problems of one step, each with 50 digits of the parameters of the one before."""
    draft = network(activation, loss, learning_rate=0.25)
    solution = solve(exact({**draft, "steps": 3}))
    problem, losses = exact(draft), []
    for _ in range(3):
        single = solve(problem)
        losses.append(dict(single.matrices())["loss"].item())
        found = [layer.computed for layer in single.layers]
        layers = tuple(
            replace(layer, weights=each["new_weights"], biases=each["new_biases"])
            for layer, each in zip(problem.layers, found, strict=True)
        )
        problem = replace(problem, layers=layers)
    whole = dict(solution.matrices())
    assert (solution.problem.at_step, solution.problem.digits) == (3, 50)
    for place, matrix in single.matrices():
        for a, b in zip(matrix.flat, whole[place].flat, strict=True):
            assert abs(a - b) <= Decimal("1e-46") * abs(a), place
    for a, b in zip(losses, whole["losses"].tolist(), strict=True):
        assert abs(a - b) <= Decimal("1e-46") * abs(a)


def test_the_steps_before_the_last_have_sides_of_kinks_too() -> None:
    """0.1 s + 0.2 s - 0.3 s is 0: the unit is inactive in every step, and no weight changes."""
    sigmoid = {"weights": [[k / 8] * 3 for k in range(1, 2)], "activation": "sigmoid"}
    relu = {"weights": [[0.1, -0.1], [0.2, -0.2], [-0.3, 0.3]], "activation": "relu"}
    draft = {"inputs": [[k / 16] for k in range(1, 40)], "layers": [sigmoid, relu]}
    found = solved({**draft, "loss": "squared_error", "targets": [[1, 2]] * 39, "steps": 2, "learning_rate": 1})
    assert found["layers[1].new_weights"].tolist() == [[Decimal(str(w)) for w in row] for row in relu["weights"]]

"""Numbers from the normal distribution: their scale, and expected values that other arithmetic gives, too."""

import json
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run, sized
from tests.exercises.friendly_checker import read, results


def made(backprop: Run, *options: object) -> dict[str, Any]:
    ran = backprop("new", "--numbers", "normal", *options)
    assert (ran.status, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize(
    ("options", "variance"),
    [
        (("--activation", "relu"), 2 / 200),
        (("--activation", "gelu"), 2 / 200),
        (("--activation", "tanh"), 2 / 250),
        (("--activation", "tanh", "--init", "he"), 2 / 200),
        (("--activation", "relu", "--init", "glorot"), 2 / 250),
    ],
    ids=["relu", "gelu", "tanh", "he", "glorot"],
)
def test_weights_have_the_variance_of_he_or_glorot(
    backprop: Run, options: tuple[str, ...], variance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backprop_cli.exercises.new._expected", lambda _: {})  # in decimals they would take too long
    problem = made(backprop, "--shape", "200,50", *options)
    weights = np.array(problem["weights"])
    assert abs(weights.var() / variance - 1) < 3 * (2 / weights.size) ** 0.5
    assert abs(weights.mean()) < 3 * (variance / weights.size) ** 0.5
    biases = np.array(problem["biases"])
    assert 0.05 < biases.std() < 0.2
    given = [*weights.ravel(), *biases, *np.ravel(problem["inputs"]), *np.ravel(problem["upstream"])]
    assert all(round(value, 4) == value for value in given)


@pytest.mark.parametrize(
    "options",
    [
        ("--activation", "relu"),
        ("--activation", "leaky_relu(0.2)", "--loss", "squared_error", "--reduction", "mean"),
        ("--activation", "relu,linear", "--loss", "huber", "--reduction", "batch_mean"),
        ("--activation", "relu", "--loss", "absolute_error", "--no-biases"),
    ],
    ids=" ".join,
)
@sized("n_seeds", 2, 100)
def test_expected_values_are_fractions_rounded_once(backprop: Run, options: tuple[str, ...], n_seeds: int) -> None:
    for seed in range(n_seeds):
        text = backprop("new", "--numbers", "normal", "--shape", "4,3,2", "--seed", seed, *options).out
        problem, expected = read(text), json.loads(text)["expected"]
        exact = results(problem)
        for (i, name), matrix in exact.items():
            rounded = [[float(value) for value in row] for row in matrix]
            held = expected[name] if name in ("loss", "upstream") else expected["layers"][i][name]
            assert held == (rounded[0][0] if name == "loss" else rounded[0] if name.endswith("biases") else rounded)
            assert name != "z" or all(
                abs(value) > Fraction(1, 1000) for row in matrix for value in row if value or i < 1
            )
        n_held = len(expected.keys() - {"layers"}) + sum(map(len, expected["layers"]))
        assert n_held == len(exact)


def test_expected_values_that_are_not_rational_are_rounded_once_from_many_digits(backprop: Run) -> None:
    problem = made(backprop, "--shape", "2,1", "--activation", "sigmoid", "--n-samples", 1)
    with localcontext(prec=60):
        (x,), weights, (bias,) = problem["inputs"], problem["weights"], problem["biases"]
        z = sum((Decimal(str(a)) * Decimal(str(w)) for a, (w,) in zip(x, weights, strict=True)), Decimal(str(bias)))
        y = 1 / (1 + (-z).exp())
        dz = Decimal(str(problem["upstream"][0][0])) * y * (1 - y)
        assert problem["expected"]["outputs"] == [[float(y)]]
        assert problem["expected"]["dz"] == [[float(dz)]]
        assert problem["expected"]["dweights"] == [[float(dz * Decimal(str(a)))] for a in x]


@pytest.mark.parametrize(
    "options",
    [
        ("--activation", "relu"),
        ("--activation", "linear"),
        ("--activation", "leaky_relu(0.25)", "--loss", "MSELoss"),
        ("--activation", "sigmoid", "--loss", "BCELoss"),
        ("--activation", "relu", "--loss", "cross_entropy"),
        ("--loss", "nll", "--mean-gradients"),
        ("--loss", "binary_cross_entropy_with_logits", "--samples-in", "columns"),
        ("--activation", "tanh,gelu", "--loss", "huber(0.5)", "--weight-layout", "out-in"),
        ("--activation", "softplus", "--no-biases"),
    ],
    ids=" ".join,
)
def test_check_finds_every_expected_value_right(backprop: Run, options: tuple[str, ...], tmp_path: Any) -> None:
    for ending in ("json", "npz"):
        path = tmp_path / f"p.{ending}"
        common = ("--shape", "4,3,2", "--numbers", "normal", "--seed", "3")
        assert backprop("new", *common, *options, "--save", path) == (0, "", "")
        ran = backprop("check", path, "--format", "json")
        (found,) = json.loads(ran.out)["files"]
        assert found["outcome"] == "ok"
        assert all(each["passed"] for each in found["expected"].values())
        assert len(found["expected"]) >= 14


def test_no_target_is_where_the_loss_has_a_kink(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = made(backprop, "--shape", "1,1", "--activation", "linear", "--loss", "absolute_error", "--n-samples", "1")
    ((x,),), ((w,),), (b,), ((t,),) = (problem[name] for name in ("inputs", "weights", "biases", "targets"))
    numbers = iter(
        [x, w / 1, b * 10, x * w + b, t]
    )  # the fourth number would be the target y, where the loss has a kink
    monkeypatch.setattr("backprop_cli.exercises.stream.Stream.normal", lambda _: Decimal(str(round(next(numbers), 6))))
    monkeypatch.setattr("backprop_cli.exercises.normal._deviation", lambda *_: 1)
    again = made(backprop, "--shape", "1,1", "--activation", "linear", "--loss", "absolute_error", "--n-samples", "1")
    assert again["targets"] == [[t]]


def test_a_neuron_that_is_always_near_a_kink_is_refused(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_cli.exercises.stream.Stream.normal", lambda _: Decimal(0))
    ran = backprop("new", "--shape", "1,1", "--numbers", "normal")
    assert ran.status == 2
    assert ran.err.startswith("backprop: in 200 draws of a neuron, a pre-activation was nearer to a kink than 0.001\n")


def test_exact_values_that_take_too_long_are_refused(backprop: Run) -> None:
    ran = backprop("new", "--shape", "1,200", "--n-samples", "101", "--activation", "tanh", "--numbers", "normal")
    assert ran.status == 3
    assert "as long as" in ran.err

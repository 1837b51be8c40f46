"""Friendly numbers: every condition, for many seeds, measured by code that shares nothing with the one that draws."""

import json
from fractions import Fraction
from math import exp, log1p, tanh
from typing import Any

import pytest

from tests.conftest import Run, sized
from tests.exercises.friendly_checker import layers_of, read, unmet

SHAPES = ("2,2", "3,2,1", "4,3,2", "2,2,2,1", "5,4", "1,1")
RATIONAL: tuple[tuple[str, ...], ...] = (
    ("--activation", "relu"),
    ("--activation", "leaky_relu"),
    ("--activation", "linear", "--loss", "half_squared_error"),
    ("--activation", "relu", "--loss", "squared_error", "--reduction", "mean"),
    ("--activation", "leaky_relu(0.2)", "--loss", "huber"),
    ("--activation", "relu", "--loss", "absolute_error", "--n-samples", "1"),
    ("--activation", "relu", "--n-samples", "3", "--digits", "2"),
)
CURVED: tuple[tuple[str, ...], ...] = (
    ("--activation", "sigmoid", "--loss", "squared_error"),
    ("--activation", "tanh"),
    ("--loss", "binary_cross_entropy"),
    ("--activation", "softplus", "--loss", "half_squared_error"),
)
shapes = pytest.mark.parametrize("shape", SHAPES)


def option(options: tuple[str, ...], name: str, default: str) -> str:
    return options[options.index(name) + 1] if name in options else default


@shapes
@pytest.mark.parametrize("options", RATIONAL, ids=" ".join)
@sized("n_seeds", 1, 1000)
def test_rational_problems_meet_every_condition(
    backprop: Run, shape: str, options: tuple[str, ...], n_seeds: int
) -> None:
    failed, digits = [], int(option(options, "--digits", "3"))
    for seed in range(n_seeds):
        ran = backprop("new", "--shape", shape, *options, "--seed", seed)
        if ran.status == 2 and ran.err.startswith("backprop: no friendly numbers were found"):
            failed.append((seed, ran.err))
            continue
        assert (ran.status, ran.err) == (0, "")
        assert list(unmet(read(ran.out), digits)) == [], f"seed {seed}"
    assert len(failed) <= n_seeds / 1000, failed[:3]


def outputs_of(name: str, z: float) -> float:
    curves = {"sigmoid": 1 / (1 + exp(-z)), "tanh": tanh(z), "relu": max(z, 0.0), "softplus": log1p(exp(z))}
    return curves[name]


@shapes
@pytest.mark.parametrize("options", CURVED, ids=" ".join)
@sized("n_seeds", 1, 1000)
def test_other_problems_stay_away_from_saturation(
    backprop: Run, shape: str, options: tuple[str, ...], n_seeds: int
) -> None:
    for seed in range(n_seeds):
        ran = backprop("new", "--shape", shape, *options, "--seed", seed)
        assert (ran.status, ran.err) == (0, "")
        problem: dict[str, Any] = json.loads(ran.out)
        x = problem["inputs"]
        for layer in layers_of(problem):
            given = [*layer["biases"], *(w for row in layer["weights"] for w in row), *(a for row in x for a in row)]
            weights = zip(*layer["weights"], strict=True)
            columns = list(zip(weights, layer["biases"], strict=True))
            z = [[sum(map(lambda a, w: a * w, row, column)) + b for column, b in columns] for row in x]
            most = 4 if layer["activation"] == "relu" else 2
            assert all(0.1 - 1e-9 <= abs(value) <= most + 1e-9 for row in z for value in row)
            assert x is not problem["inputs"] or all(Fraction(str(value)).denominator <= 10 for value in given)
            x = [[outputs_of(layer["activation"], value) for value in row] for row in z]


@pytest.mark.parametrize("shape", ["3,3", "2,3,3", "4,2"])
@pytest.mark.parametrize("loss", ["cross_entropy", "cross_entropy_with_logits", "nll"])
@sized("n_seeds", 1, 1000)
def test_classes_stay_probable(backprop: Run, shape: str, loss: str, n_seeds: int) -> None:
    """Of a softmax, the pre-activations of a sample are at most 2 apart: each has a tenth of another at least."""
    for seed in range(n_seeds):
        path = ("new", "--shape", shape, "--loss", loss, "--seed", seed, "--n-samples", 3)
        ran = backprop(*path)
        assert (ran.status, ran.err) == (0, "")
        problem = json.loads(ran.out)
        targets = problem["targets"]
        assert layers_of(problem)[-1]["activation"] == {"cross_entropy": "softmax", "nll": "log_softmax"}.get(
            loss, "linear"
        )
        classes = [row.index(1) for row in targets] if loss == "cross_entropy" else targets
        assert len(set(classes)) > 1
        if loss == "cross_entropy":
            assert [sorted(row) for row in targets] == [[0] * (len(row) - 1) + [1] for row in targets]


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (lambda p: p["inputs"][0].__setitem__(0, Fraction(1, 7)), "more than 3 decimals"),
        (lambda p: [row.__setitem__(0, Fraction(0)) for row in p["upstream"]], "is zero"),
        (lambda p: p["layers"][0]["biases"].__setitem__(slice(None), [Fraction(100)] * 2), "none is inactive"),
        (
            lambda p: [layer.update(biases=[Fraction(0)] * len(layer["biases"])) for layer in p["layers"]],
            "changes nothing",
        ),
        (lambda p: p.update(learning_rate=Fraction(1, 10**4)), "less than two tolerances"),
    ],
    ids=["decimals", "zero", "masks", "silent", "small"],
)
def test_the_checker_finds_what_is_not_friendly(backprop: Run, planted: Any, found: str) -> None:
    problem = read(backprop("new", "--shape", "3,2,1").out)
    assert list(unmet(problem, 3)) == []
    planted(problem)
    assert [line for line in unmet(problem, 3) if found in line]

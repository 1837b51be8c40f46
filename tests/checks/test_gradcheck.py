"""Finite differences: no false alarm, no silent pass, and planted bugs found."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.finite_differences import CannotDifferentiateError
from backprop_cli.checks.gradcheck import GradientCheck, Steps, check_gradients
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.cli.entries import nodes
from backprop_cli.core.arrays import Array
from backprop_cli.core.rules import RULES, Rule
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.reference import as_draft, random_network

SMOOTH: dict[str, Any] = {
    "inputs": [[1, 2], [3, -1]],
    "layers": [
        {"weights": [[1, -2, 1], [1, 1, 3]], "biases": [1, 1, -1]},
        {"weights": [[1, 2], [3, 4], [5, -6]], "biases": [1, 2], "activation": "linear"},
    ],
    "upstream": [[1, -2], [3, 4]],
}


def solved(draft: dict[str, Any], **rules: Rule) -> Solution:
    problem = build(draft)
    return solve(problem, nodes(None, len(problem.layers)), {**RULES, **rules})


def checked(draft: dict[str, Any], steps: Steps = Steps(), **rules: Rule) -> GradientCheck:  # noqa: B008 (frozen)
    return check_gradients(solved(draft, **rules), steps)


@pytest.mark.parametrize("seed", range(300))
def test_a_correct_network_raises_no_alarm(seed: int) -> None:
    network = random_network(random.Random(seed), denominator=1)
    found = checked(as_draft(network, random.Random(seed).choice(("in-out", "out-in"))))
    assert found.passed
    assert found.hidden == ()
    assert found.checked == found.entries


def test_the_networks_above_have_kinks_to_handle() -> None:
    networks = (random_network(random.Random(seed), denominator=1) for seed in range(50))
    assert sum(len(checked(as_draft(network)).kinks) for network in networks) > 100


def test_every_entry_is_checked() -> None:
    found = checked(SMOOTH)
    assert (found.entries, found.checked, found.wrong, found.kinks) == (4 + 6 + 3 + 6 + 2, 21, (), ())


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(
            {"dbiases": Rule(("dz",), lambda dz: dz.mean(axis=0))},
            id="a mean over samples",
        ),
        pytest.param(
            {"dweights": Rule(("inputs", "dz"), lambda inputs, dz: -inputs.T @ dz)},
            id="a sign",
        ),
        pytest.param(
            {"dz": Rule(("upstream",), lambda upstream: upstream)},
            id="the mask forgotten",
        ),
        pytest.param(
            {"dinputs": Rule(("dz", "weights"), lambda dz, weights: dz @ abs(weights).T)},
            id="the wrong weights",
        ),
    ],
)
@pytest.mark.parametrize("layout", ["in-out", "out-in"])
def test_a_planted_bug_is_found(rules: dict[str, Rule], layout: str) -> None:
    draft = SMOOTH | {"weight_layout": layout}
    if layout == "out-in":
        draft["layers"] = [layer | {"weights": np.transpose(layer["weights"]).tolist()} for layer in SMOOTH["layers"]]
    right, wrong = solved(draft), solved(draft, **rules)
    expected = {
        f"{place}[{','.join(map(str, index))}]"
        for (place, a), (_, b) in zip(right.matrices(), wrong.matrices(), strict=True)
        if place.split(".")[1] in ("dinputs", "dweights", "dbiases") and place != "layers[1].dinputs"
        for index in np.argwhere(a != b).tolist()
    }
    found = check_gradients(wrong, Steps())
    assert not found.passed
    assert {slope.place for slope in found.wrong} == expected


def test_what_a_finding_says() -> None:
    draft = {"inputs": [[2]], "weights": [[3]], "biases": [1], "upstream": [[5]]}
    (slope,) = checked(draft, dbiases=Rule(("dz",), lambda dz: 2 * dz.sum(axis=0))).wrong
    assert slope.place == "dbiases[0]"
    assert slope.gradient == 10
    assert slope.slope == pytest.approx(5, rel=1e-9)
    assert slope.allowed < 1e-5


KINK = {"inputs": [[1], [2]], "weights": [[3, 0]], "biases": [-3, -1], "upstream": [[5, 1], [7, 1]]}


def test_a_kink_is_reported_with_the_slopes_to_both_sides() -> None:
    """z = [[0, -1], [3, -1]]: moving inputs[0,0] opens or closes the first neuron, whose slope is then 5 * 3 or 0."""
    kinks = {kink.place: kink for kink in checked(KINK).kinks}
    assert kinks["dinputs[0,0]"].gradient == 0
    assert kinks["dinputs[0,0]"].left == pytest.approx(0)
    assert kinks["dinputs[0,0]"].right == pytest.approx(15)
    assert kinks["dweights[0,0]"].left == pytest.approx(7 * 2)
    assert kinks["dweights[0,0]"].right == pytest.approx(7 * 2 + 5)
    assert kinks.keys() == {"dinputs[0,0]", "dweights[0,0]", "dbiases[0]"}


def test_a_gradient_that_is_wrong_only_at_a_kink_is_reported_and_does_not_count_as_agreement() -> None:
    slope_one = Rule(("activation", "upstream", "z"), lambda _activation, upstream, z: np.where(z >= 0, upstream, 0.0))
    found = checked(KINK, dz=slope_one)
    assert {kink.place: kink.gradient for kink in found.kinks}["dinputs[0,0]"] == 15
    assert found.checked - len(found.kinks) == 3
    assert found.passed  # it is the slope to one side, and the derivative does not exist


def test_a_gradient_outside_the_slopes_of_its_kink_is_wrong() -> None:
    found = checked(KINK, dbiases=Rule(("dz",), lambda dz: 9 * dz.sum(axis=0)))
    assert not found.passed
    assert [kink.place for kink in found.kinks if not kink.accepted] == ["dbiases[0]"]


def test_two_relus_that_open_to_different_sides_are_no_alarm() -> None:
    """The slope is 1 on both sides, and 0 by convention: not between the two, and right all the same."""
    draft = {"inputs": [[1], [-1]], "weights": [[0]], "biases": [0], "upstream": [[1], [-1]]}
    kink = next(kink for kink in checked(draft).kinks if kink.place == "dweights[0,0]")
    assert (kink.gradient, kink.accepted) == (0, True)
    assert kink.left == pytest.approx(1)
    assert kink.right == pytest.approx(1)


def test_a_network_with_nothing_but_kinks_says_so() -> None:
    found = checked({"inputs": [[1]], "weights": [[1]], "biases": [-1], "upstream": [[1]]})
    assert (found.checked, found.told) == (len(found.kinks), 0)
    assert found.passed


def test_a_large_problem_is_sampled_the_same_way_for_the_same_seed() -> None:
    rng = np.random.default_rng(1)
    draft = {
        "inputs": rng.normal(size=(70, 60)),
        "weights": rng.normal(size=(60, 20)),
        "biases": rng.normal(size=20),
        "upstream": rng.normal(size=(70, 20)),
    }
    found = checked(draft, Steps(samples=30))
    assert (found.entries, found.checked) == (70 * 60 + 60 * 20 + 20, 30 + 30 + 20)
    assert found.passed
    assert checked(draft, Steps(samples=30)) == found


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({"inputs": None}, "inputs, the weights and biases of every layer, and upstream"),
        ({"biases": None}, "inputs, the weights and biases of every layer, and upstream"),
        ({"upstream": None}, "inputs, the weights and biases of every layer, and upstream"),
        ({"z": [[1, 1], [1, 1]]}, "a z that follows from the inputs, not a given one"),
    ],
)
def test_where_there_is_no_forward_pass_it_says_what_is_needed(lacking: dict[str, Any], reason: str) -> None:
    draft = {key: value for key, value in (KINK | {"activation": "linear"} | lacking).items() if value is not None}
    with pytest.raises(CannotDifferentiateError, match=f"^finite differences need {reason}$"):
        checked(draft)


SCALES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "mixed": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-9, 9, shape),
    "all large": lambda rng, shape: rng.normal(size=shape) * 1e12,
    "all small": lambda rng, shape: rng.normal(size=shape) * 1e-12,
    "layers of different scale": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-6, 6),
    "float32": lambda rng, shape: rng.normal(size=shape).astype(np.float32).astype(float),
}


@pytest.mark.parametrize("scale", SCALES)
def test_numbers_of_any_size_raise_no_alarm(scale: str) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        widths = rng.integers(1, 6, int(rng.integers(2, 5)))
        n = int(rng.integers(1, 5))
        draft = {
            "inputs": SCALES[scale](rng, (n, widths[0])),
            "layers": [
                {"weights": SCALES[scale](rng, (a, b)), "biases": SCALES[scale](rng, (b,))}
                for a, b in pairwise(widths.tolist())
            ],
            "upstream": SCALES[scale](rng, (n, widths[-1])),
        }
        found = checked(draft)
        assert found.passed, (seed, found.wrong, [kink for kink in found.kinks if not kink.accepted])


def test_what_rounding_hides_does_not_count_as_agreement() -> None:
    """The output is 1e16 + 1, and a step of more than 1 would close the second neuron: its bias cannot be told."""
    layers = [
        {"weights": [[1, 0], [0, 1]], "biases": [0, 0]},
        {"weights": [[1], [1]], "biases": [0], "activation": "linear"},
    ]
    found = checked({"inputs": [[1e16, 1]], "layers": layers, "upstream": [[1]]})
    assert found.passed
    assert "layers[0].dbiases[1]" in {hidden.place for hidden in found.hidden}
    assert found.told == found.checked - len(found.hidden) - len(found.kinks) < found.checked


@pytest.mark.parametrize("bias", [1.0, 1e100, 1e200])
def test_a_step_longer_than_the_numbers_reach_tells_nothing(bias: float) -> None:
    """Made long enough to show beside the bias, the step from 1e300 would overflow."""
    draft = {"inputs": [[1e300]], "weights": [[1e-300]], "biases": [bias], "upstream": [[1]], "activation": "linear"}
    found = checked(draft)
    assert found.passed
    assert [hidden.place for hidden in found.hidden if hidden.place == "dinputs[0,0]"] == ["dinputs[0,0]"] * (bias > 1)


def test_numbers_whose_squares_overflow_raise_no_false_alarm() -> None:
    """A last place of the output is about 1e164: no step from 1e130 shows beside it."""
    found = checked({"inputs": [[1e90]], "weights": [[1e90]], "biases": [1e130], "upstream": [[1]]})
    assert found.passed
    assert [hidden.place for hidden in found.hidden] == ["dbiases[0]"]


def test_a_step_that_rounding_would_swallow_is_made_longer() -> None:
    draft = {"inputs": [[1700000000000, 3]], "weights": [[2], [0.25]], "biases": [0.1], "upstream": [[1]]}
    assert checked(draft).passed
    wrong = checked(draft, dbiases=Rule(("dz",), lambda dz: 1.001 * dz.sum(axis=0)))
    assert [slope.place for slope in wrong.wrong] == ["dbiases[0]"]


@pytest.mark.parametrize(("n_layers", "width"), [(12, 32), (24, 16), (40, 8)])
def test_a_deep_network_lets_nothing_pass(n_layers: int, width: int) -> None:
    """A bound for the worst case would have grown beyond the gradients themselves."""
    rng = np.random.default_rng(1)
    draft = {
        "inputs": rng.normal(size=(4, width)),
        "layers": [
            {"weights": rng.normal(size=(width, width)) * (2 / width) ** 0.5, "biases": rng.normal(size=width) / 10}
            for _ in range(n_layers)
        ],
        "upstream": rng.normal(size=(4, width)),
    }
    steps = Steps(samples=20)
    found = checked(draft, steps)
    assert found.passed
    assert found.told > 0.9 * found.checked
    off = checked(draft, steps, dweights=Rule(("inputs", "dz"), lambda inputs, dz: 1.01 * inputs.T @ dz))
    right = solved(draft)
    alive = sum(bool(layer.computed["dweights"].any()) for layer in right.layers)
    assert {slope.place.split(".")[0] for slope in off.wrong} == {f"layers[{i}]" for i in range(n_layers)}
    assert alive == n_layers
    for factor in (-1, 0, 2, 1 + 1e-6):
        values = [{"dweights": factor * layer.computed["dweights"]} for layer in right.layers]
        checks = check_expected(right, {"layers": values}, Tolerance())
        assert not any(check.passed for check in checks), factor


@pytest.mark.parametrize("rule", ["outputs", "ones"])
def test_upstream_by_rule_is_held_while_the_numbers_move(rule: str) -> None:
    assert checked(SMOOTH | {"upstream": rule}).passed


@pytest.mark.parametrize(("factor", "accepted"), [(0, True), (0.5, True), (1, True), (1.001, False), (-0.001, False)])
def test_a_gradient_at_a_kink_may_be_any_between_its_slopes(factor: float, accepted: bool) -> None:
    """To the left of the kink the slope of the loss is 0, and to its right 5."""
    draft = {"inputs": [[0]], "weights": [[3]], "biases": [0], "upstream": [[5]]}
    found = checked(draft, dbiases=Rule(("dz",), lambda _: np.array([5.0 * factor])))
    assert {kink.place: kink.accepted for kink in found.kinks}["dbiases[0]"] is accepted
    assert found.passed is accepted


def _all_kinks(n: int) -> dict[str, Any]:
    return {"inputs": [[0]] * n, "weights": [[1]], "biases": [0], "upstream": [[1]] * n}


def test_the_seed_says_which_entries_are_drawn_and_none_is_drawn_twice() -> None:
    def drawn(seed: int) -> list[str]:
        return [kink.place for kink in checked(_all_kinks(6000), Steps(samples=50, seed=seed)).kinks]

    first = drawn(1)
    assert len(set(first)) == len(first) == 50 + 1
    assert drawn(1) == first
    assert drawn(2) != first


@pytest.mark.parametrize(("n_samples", "n_checked"), [(4998, 5000), (4999, 102)])
def test_all_entries_are_checked_up_to_10_000_evaluations(n_samples: int, n_checked: int) -> None:
    found = checked(_all_kinks(n_samples))
    assert (found.entries, found.checked) == (n_samples + 2, n_checked)


def test_arrays_no_larger_than_the_sample_are_checked_whole() -> None:
    draft = _all_kinks(5001)
    assert checked(draft, Steps(samples=5001)).checked == 5003


@pytest.mark.parametrize(("atol", "passed"), [(0.0, False), (0.4, False), (0.6, True)])
def test_the_absolute_tolerance_is_allowed(atol: float, passed: bool) -> None:
    draft = {"inputs": [[2]], "weights": [[3]], "biases": [1], "upstream": [[5]]}
    found = checked(draft, Steps(atol=atol), dbiases=Rule(("dz",), lambda dz: dz.sum(axis=0) + 0.5))
    assert found.passed is passed


def test_what_is_hidden_says_by_how_much() -> None:
    """A last place of 1e16 is 2, which a step of less than 1 is divided by."""
    layers = [
        {"weights": [[1, 0], [0, 1]], "biases": [0, 0]},
        {"weights": [[1], [1]], "biases": [0], "activation": "linear"},
    ]
    found = checked({"inputs": [[1e16, 1]], "layers": layers, "upstream": [[1]]})
    hidden = {entry.place: entry for entry in found.hidden}["layers[0].dbiases[1]"]
    assert hidden.gradient == 1
    assert hidden.rounding > 1

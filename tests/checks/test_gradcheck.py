"""Finite differences raise no false alarm, find planted bugs, and count no entry that they cannot measure."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.finite_differences import CannotDifferentiateError, Entries, ForwardPass
from backprop_cli.checks.gradcheck import GradientCheck, Steps, check_gradients
from backprop_cli.checks.quotients import Checked, Comparison
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.rules import RULES, Rule
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.schema import build
from tests.conftest import sized
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
    return solve(problem, rules={**RULES, **rules})


def checked(draft: dict[str, Any], steps: Steps = Steps(), **rules: Rule) -> GradientCheck:  # noqa: B008 (frozen)
    return check_gradients(solved(draft, **rules), steps)


@sized("count", 60, 300)
def test_a_correct_network_passes_although_it_has_kinks(count: int) -> None:
    kinks = 0
    for seed in range(count):
        network = random_network(random.Random(seed), denominator=1)
        found = checked(as_draft(network, random.Random(seed).choice(("in-out", "out-in"))))
        assert found.passed, seed
        assert found.hidden == (), seed
        assert found.checked == found.entries, seed
        kinks += len(found.kinks)
    assert kinks > 100


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
            id="the opposite sign",
        ),
        pytest.param(
            {"dz": Rule(("upstream",), lambda upstream: upstream)},
            id="dz without the derivative of ReLU",
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


def test_a_wrong_gradient_is_reported_with_its_slope() -> None:
    draft = {"inputs": [[2]], "weights": [[3]], "biases": [1], "upstream": [[5]]}
    (slope,) = checked(draft, dbiases=Rule(("dz",), lambda dz: 2 * dz.sum(axis=0))).wrong
    assert slope.place == "dbiases[0]"
    assert slope.gradient == 10
    assert slope.slope == pytest.approx(5, rel=1e-9)
    assert slope.allowed < 1e-5


@pytest.mark.parametrize(("power", "told"), [(-20, 3), (-25, 3), (-28, 0)])
def test_a_kink_near_the_point_is_avoided_by_a_smaller_step(power: int, told: int) -> None:
    """The first step is about 2^-13, which z is smaller than; the smallest is about 2^-27."""
    found = checked({"inputs": [[1]], "weights": [[1]], "biases": [-1 + 2.0**power], "upstream": [[1]]})
    assert found.passed
    assert (found.told, found.entries) == (told, 3)


@pytest.mark.parametrize(("bias", "hidden"), [(1e-22, 0), (1e-26, 1)])
def test_a_step_is_made_longer_up_to_a_limit(bias: float, hidden: int) -> None:
    """A step of 1e-26 is made 1e18 times as long; 1e15 times, the error would be 6e-5 of the gradient."""
    draft = {"inputs": [[1]], "weights": [[1]], "biases": [bias], "upstream": [[1]], "activation": "linear"}
    assert len(checked(draft).hidden) == hidden


@pytest.mark.parametrize(
    ("gradient", "error", "largest", "hidden"),
    [
        # 5e-5 of a gradient: beyond it, one that is 1e-4 off would pass.
        (1, 4.99e-5, 1, False),
        (1, 5.01e-5, 1, True),
        # A tenth of the largest gradient, for a gradient of 0; the slope is 1.
        (0, 1, 10.1, False),
        (0, 1, 9.9, True),
    ],
)
def test_an_error_hides_a_gradient(gradient: float, error: float, largest: float, hidden: bool) -> None:
    forward = ForwardPass.of(
        solved({"inputs": [[1]], "weights": [[1]], "biases": [1], "upstream": [[1]], "activation": "linear"})
    )
    to_check = Checked(
        entries=Entries(*(np.array([each]) for each in (0, False, -1, 0))),
        widest=np.array([1e-4]),
        gradient=np.array([gradient]),
        error=np.array([error]),
        largest=np.array([largest]),
        divisor=np.array([1]),
    )
    found = Comparison(forward, rtol=1e-6, atol=0).of(to_check)
    assert (found.is_wrong.tolist(), found.is_hidden.tolist()) == ([False], [hidden])


KINK = {"inputs": [[1], [2]], "weights": [[3, 0]], "biases": [-3, -1], "upstream": [[5, 1], [7, 1]]}


def test_a_kink_is_reported_with_the_slopes_on_both_sides() -> None:
    """z = [[0, -1], [3, -1]]: moving inputs[0,0] activates or deactivates neuron 0; the slope is 5 * 3 or 0."""
    kinks = {kink.place: kink for kink in checked(KINK).kinks}
    assert kinks["dinputs[0,0]"].gradient == 0
    assert kinks["dinputs[0,0]"].left == pytest.approx(0)
    assert kinks["dinputs[0,0]"].right == pytest.approx(15)
    assert kinks["dweights[0,0]"].left == pytest.approx(7 * 2)
    assert kinks["dweights[0,0]"].right == pytest.approx(7 * 2 + 5)
    assert kinks.keys() == {"dinputs[0,0]", "dweights[0,0]", "dbiases[0]"}


def test_a_gradient_that_differs_only_at_a_kink_is_reported_as_a_kink() -> None:
    slope_one = Rule(("activation", "upstream", "z"), lambda _activation, upstream, z: np.where(z >= 0, upstream, 0.0))
    found = checked(KINK, dz=slope_one)
    assert {kink.place: kink.gradient for kink in found.kinks}["dinputs[0,0]"] == 15
    assert found.checked - len(found.kinks) == 3
    assert found.passed  # it is the slope on one side; the derivative does not exist


def test_a_gradient_outside_the_slopes_of_its_kink_is_wrong() -> None:
    found = checked(KINK, dbiases=Rule(("dz",), lambda dz: 9 * dz.sum(axis=0)))
    assert not found.passed
    assert [kink.place for kink in found.kinks if not kink.accepted] == ["dbiases[0]"]


def test_units_that_become_active_on_different_sides_raise_no_alarm() -> None:
    """The slope is 1 on both sides and the gradient 0 by convention, which is accepted although not between them."""
    draft = {"inputs": [[1], [-1]], "weights": [[0]], "biases": [0], "upstream": [[1], [-1]]}
    kink = next(kink for kink in checked(draft).kinks if kink.place == "dweights[0,0]")
    assert (kink.gradient, kink.accepted) == (0, True)
    assert kink.left == pytest.approx(1)
    assert kink.right == pytest.approx(1)


def test_a_network_of_kinks_only_counts_no_entry_as_agreement() -> None:
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
    whole = checked(draft, Steps(samples=None))
    assert whole.passed
    assert whole.checked == whole.entries == found.entries


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({"inputs": None}, "inputs, the weights of every layer, and upstream"),
        ({"weights": None}, "inputs, the weights of every layer, and upstream"),
        ({"upstream": None}, "inputs, the weights of every layer, and upstream"),
        ({"z": [[1, 1], [1, 1]]}, "a z that follows from the inputs, not a given one"),
    ],
)
def test_without_a_forward_pass_the_message_says_what_is_needed(lacking: dict[str, Any], reason: str) -> None:
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
    for seed in range(30):
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


def test_entries_hidden_by_rounding_do_not_count_as_agreement() -> None:
    """The output is 1e16 + 1; a step above 1 deactivates the second unit, so no step measures its bias."""
    layers = [
        {"weights": [[1, 0], [0, 1]], "biases": [0, 0]},
        {"weights": [[1], [1]], "biases": [0], "activation": "linear"},
    ]
    found = checked({"inputs": [[1e16, 1]], "layers": layers, "upstream": [[1]]})
    assert found.passed
    assert "layers[0].dbiases[1]" in {hidden.place for hidden in found.hidden}
    assert found.told == found.checked - len(found.hidden) - len(found.kinks) < found.checked


@pytest.mark.parametrize("bias", [1.0, 1e100, 1e200])
def test_a_gradient_is_hidden_where_the_step_would_overflow(bias: float) -> None:
    """A step from 1e300 that is large enough to change the output would overflow."""
    draft = {"inputs": [[1e300]], "weights": [[1e-300]], "biases": [bias], "upstream": [[1]], "activation": "linear"}
    found = checked(draft)
    assert found.passed
    assert [hidden.place for hidden in found.hidden if hidden.place == "dinputs[0,0]"] == ["dinputs[0,0]"] * (bias > 1)


def test_numbers_whose_squares_overflow_raise_no_false_alarm() -> None:
    """The last place of the output is about 1e164, so no step from 1e130 changes it."""
    found = checked({"inputs": [[1e90]], "weights": [[1e90]], "biases": [1e130], "upstream": [[1]]})
    assert found.passed
    assert [hidden.place for hidden in found.hidden] == ["dbiases[0]"]


def test_a_step_smaller_than_rounding_is_made_longer() -> None:
    draft = {"inputs": [[1700000000000, 3]], "weights": [[2], [0.25]], "biases": [0.1], "upstream": [[1]]}
    assert checked(draft).passed
    wrong = checked(draft, dbiases=Rule(("dz",), lambda dz: 1.001 * dz.sum(axis=0)))
    assert [slope.place for slope in wrong.wrong] == ["dbiases[0]"]


@pytest.mark.parametrize(("n_layers", "width"), [(12, 32), (24, 16), pytest.param(40, 8, marks=pytest.mark.full)])
def test_a_wrong_gradient_is_found_in_every_layer_of_a_deep_network(n_layers: int, width: int) -> None:
    """A bound for the worst case would be larger than the gradients themselves."""
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
    values: list[dict[str, Array]] = [{} for _ in range(n_layers)]
    for i, factor in zip(range(0, n_layers, n_layers // 4), (1 + 1e-6, -1, 0, 2), strict=True):
        values[i]["dweights"] = factor * right.layers[i].computed["dweights"]
    assert [
        check.passed
        for check in check_expected(right, validate_expected({"layers": values}, right.problem), Tolerance())
    ] == [False] * 4


@pytest.mark.parametrize("rule", ["outputs", "ones"])
def test_upstream_stays_the_same_while_numbers_are_moved(rule: str) -> None:
    assert checked(SMOOTH | {"upstream": rule}).passed


@pytest.mark.parametrize(("factor", "accepted"), [(0, True), (0.5, True), (1, True), (1.001, False), (-0.001, False)])
def test_a_gradient_at_a_kink_may_lie_anywhere_between_its_slopes(factor: float, accepted: bool) -> None:
    """The slope of the loss is 0 on the left of the kink, and 5 on its right."""
    draft = {"inputs": [[0]], "weights": [[3]], "biases": [0], "upstream": [[5]]}
    found = checked(draft, dbiases=Rule(("dz",), lambda _: np.array([5.0 * factor])))
    assert {kink.place: kink.accepted for kink in found.kinks}["dbiases[0]"] is accepted
    assert found.passed is accepted


def _all_kinks(n: int) -> dict[str, Any]:
    return {"inputs": [[0]] * n, "weights": [[1]], "biases": [0], "upstream": [[1]] * n}


def test_the_seed_determines_the_sample_and_no_entry_is_drawn_twice() -> None:
    def drawn(seed: int) -> list[str]:
        return [kink.place for kink in checked(_all_kinks(6000), Steps(samples=50, seed=seed)).kinks]

    first = drawn(1)
    assert len(set(first)) == len(first) == 50 + 1
    assert drawn(1) == first
    assert drawn(2) != first


@pytest.mark.parametrize(("n_samples", "n_checked"), [(4998, 5000), (4999, 102)])
def test_all_entries_are_checked_up_to_10_000_evaluations(n_samples: int, n_checked: int) -> None:
    found = checked(_all_kinks(n_samples) | {"activation": "linear"})
    assert (found.entries, found.checked) == (n_samples + 2, n_checked)


def test_arrays_no_larger_than_the_sample_are_checked_whole() -> None:
    draft = _all_kinks(5001) | {"activation": "linear"}
    assert checked(draft, Steps(samples=5001)).checked == 5003


@pytest.mark.parametrize(("atol", "passed"), [(0.0, False), (0.4, False), (0.6, True)])
def test_the_absolute_tolerance_is_applied(atol: float, passed: bool) -> None:
    draft = {"inputs": [[2]], "weights": [[3]], "biases": [1], "upstream": [[5]]}
    found = checked(draft, Steps(atol=atol), dbiases=Rule(("dz",), lambda dz: dz.sum(axis=0) + 0.5))
    assert found.passed is passed


def test_a_hidden_entry_states_the_rounding_error() -> None:
    """The last place of 1e16 is 2, and the difference is divided by a step below 1."""
    layers = [
        {"weights": [[1, 0], [0, 1]], "biases": [0, 0]},
        {"weights": [[1], [1]], "biases": [0], "activation": "linear"},
    ]
    found = checked({"inputs": [[1e16, 1]], "layers": layers, "upstream": [[1]]})
    hidden = {entry.place: entry for entry in found.hidden}["layers[0].dbiases[1]"]
    assert hidden.gradient == 1
    assert hidden.rounding > 1


@pytest.mark.parametrize("layout", ["in-out", "out-in"])
def test_a_network_without_biases_is_checked_and_so_are_its_bias_gradients(layout: str) -> None:
    """A bias of 0 is moved in place of the missing one."""
    draft = SMOOTH | {"layers": [{key: layer[key] for key in layer if key != "biases"} for layer in SMOOTH["layers"]]}
    draft["weight_layout"] = layout
    if layout == "out-in":
        draft["layers"] = [layer | {"weights": np.transpose(layer["weights"]).tolist()} for layer in draft["layers"]]
    found = checked(draft)
    assert (found.passed, found.entries, found.told) == (True, 21, found.checked - len(found.kinks))
    wrong = checked(draft, dbiases=Rule(("dz",), lambda dz: 2 * dz.sum(axis=0)))
    assert {slope.place.split("[")[1][3:] for slope in wrong.wrong} == {"dbiases"}

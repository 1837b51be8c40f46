"""The work of exact arithmetic is estimated before it begins, and refused where it would take too long."""

import json
import random
from math import log10
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.core.digits import estimate, exponentials
from backprop_cli.core.plan import plan
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import working_order
from backprop_cli.core.solve import solve
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build
from tests.conftest import Run
from tests.reference import as_draft, random_network


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def deep(n_layers: int, weight: str) -> str:
    layer = f'{{"weights": [[{weight}]], "activation": "linear"}}'
    return f'{{"inputs": [[1]], "layers": [{", ".join([layer] * n_layers)}], "upstream": "ones", "expected": {{}}}}'


def problem_of(text: str) -> Any:
    return build(parse(text.encode(), exact=True), exact=True)


def test_digits_of_products_add_up() -> None:
    """A weight of 1/1000 has 3 digits; 1 has none: the third outputs have 9, and each z takes the square of its own."""
    problem = problem_of(deep(3, "0.001"))
    work, digits = estimate(problem, [node for node in working_order(3) if node.quantity in ("z", "outputs")])
    assert digits == pytest.approx(9)
    assert work == pytest.approx(2 * (3**2 + 6**2 + 9**2))


def test_digits_of_sums_are_those_of_the_longest_term_and_of_their_number() -> None:
    text = '{"inputs": [[0.1, 0.1]], "weights": [[0.01], [0.01]], "biases": [0], "activation": "linear"}'
    work, digits = estimate(problem_of(text), [Node(0, "z")])
    assert digits == pytest.approx(3.30103)
    assert work == pytest.approx(2 * 3.30103**2)
    text = '{"inputs": [[1e5]], "weights": [[1]], "biases": [0.00001], "activation": "linear"}'
    assert estimate(problem_of(text), [Node(0, "z")])[1] == pytest.approx(15.30103)  # 10000000001 / 100000


@pytest.mark.parametrize(
    ("loss", "size", "denominator"),
    [("squared_error", 0.001, 1e4), ("huber(0.00001)", 0.001, 1e5), ("huber(10)", 10, 1e4)],
)
def test_digits_of_a_loss_are_those_of_its_squares(loss: str, size: float, denominator: float) -> None:
    """Outputs of 0.001 and targets of 0.0001, 20 terms: the size is at most 20 (2 s)^2, the denominator 2 d^2."""
    outputs = {"inputs": [[0.1]] * 20, "weights": [[0.01]], "activation": "linear", "targets": [[0.0001]] * 20}
    for reduction, divisor in (("sum", 1), ("mean", 20)):
        problem = problem_of(json.dumps({**outputs, "loss": loss, "reduction": reduction}))
        _, digits = estimate(problem, plan(problem, [Node(0, "loss")]).order)
        assert digits == pytest.approx(log10(20 * (2 * size) ** 2) + 2 * log10(2 * denominator**2 * divisor))


def test_a_given_z_and_zeros_take_no_work() -> None:
    assert estimate(problem_of('{"z": [[0, 0.01]]}'), [Node(0, "z")]) == (0, 2)
    assert estimate(problem_of('{"z": [[0, 0]]}'), [Node(0, "z")]) == (0, 0)


LOSSES = ["squared_error", "half_squared_error", "absolute_error", "huber(0.037)", "huber(120)"]


@pytest.mark.parametrize("seed", range(60))
def test_no_number_is_longer_than_estimated(seed: int) -> None:
    rng = random.Random(seed)
    draft = as_draft(random_network(rng, denominator=10))
    if seed % 2:
        targets = draft.pop("upstream")
        loss, reduction = rng.choice(LOSSES), rng.choice(["sum", "mean", "batch_mean"])
        draft |= {"loss": loss, "targets": targets, "reduction": reduction, "mean_gradients": rng.random() < 0.5}
        for layer in draft["layers"]:  # type: ignore[attr-defined]
            layer["activation"] = rng.choice(["relu", "linear", "leaky_relu(0.031)", "leaky_relu(-30)"])
    problem = problem_of(json.dumps(draft))
    _, digits = estimate(problem, plan(problem, problem.nodes).order)
    for _, matrix in solve(problem).matrices():
        for number in matrix.flat:
            assert number.numerator == 0 or len(str(abs(number.numerator * number.denominator))) - 1 <= 1.1 * digits


@pytest.mark.parametrize("command", ["run --exact", "check --exact", "check --rounded", "explain --exact"])
def test_numbers_that_would_become_too_long_are_refused(backprop: Run, command: str) -> None:
    Path("p.json").write_text(deep(600, "0." + "7" * 300))
    ran = backprop(*command.split(), "p.json")
    assert ran.status == 3
    assert "p.json: exact numbers would have up to " in ran.err + ran.out
    assert " products of two digits (at most 5e+12)" in (ran.err + ran.out).replace("\n", " ")


def test_deep_networks_of_short_numbers_are_taken(backprop: Run) -> None:
    Path("p.json").write_text(deep(300, "0.5"))
    ran = backprop("run", "p.json", "--exact", "--only", "layers[299].outputs", "--format", "csv")
    assert (ran.status, ran.out[:4]) == (0, "4.90")


def test_what_is_not_rational_is_counted_in_exponentials() -> None:
    """Of 6 entries in 2 samples and 3 neurons; 100 products, of which z has 12 and 6 biases, count as one."""
    text = '{"inputs": [[1, 2], [3, 4]], "weights": [[1, 2, 3], [4, 5, 6]], "biases": [0, 0, 0], "upstream": "ones"'
    problem = problem_of(text + ', "activation": "sigmoid"}')
    order = plan(problem, [Node(0, name) for name in ("outputs", "dz", "dinputs", "dweights", "dbiases")]).order
    assert exponentials(problem, order) == pytest.approx(6 + 6 + (12 + 6 + 12 + 12 + 6) / 100)
    problem = problem_of(
        text.replace('"upstream": "ones"', '"loss": "cross_entropy", "targets": [0, 1]') + ', "activation": "softmax"}'
    )
    order = plan(problem, [Node(0, "loss"), Node(0, "upstream"), Node(0, "dz")]).order
    assert exponentials(problem, order) == pytest.approx(6 + 6 + 6 + 6 + (12 + 6) / 100)


@pytest.mark.parametrize("command", ["run --exact", "check --exact", "check --rounded"])
def test_too_many_functions_are_refused(backprop: Run, command: str) -> None:
    draft = {"inputs": [[0.5]] * 200, "weights": [[0.25] * 110], "activation": "tanh", "expected": {}}
    Path("p.json").write_text(json.dumps(draft))
    ran = backprop(*command.split(), "p.json")
    assert ran.status == 3
    text = " ".join((ran.err + ran.out).split())
    assert "p.json: decimals of 50 digits would take as long as 2.2e+04 exponentials (at most 2e+04)" in text


def test_too_many_steps_are_refused_before_the_first(backprop: Run) -> None:
    draft = {"inputs": [[0.5]], "weights": [[0.25]], "activation": "tanh", "loss": "squared_error", "targets": [[1]]}
    Path("p.json").write_text(json.dumps({**draft, "steps": 50_000}))
    ran = backprop("run", "p.json", "--exact")
    assert ran.status == 3
    assert "p.json: decimals of 50 digits would take as long as 1.0e+05 exponentials (at most 2e+04)" in ran.err

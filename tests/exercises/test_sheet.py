"""The record of an exercise: exact answers worked out by hand, what is asked for by default, and what is refused."""

from decimal import Decimal
from fractions import Fraction
from json import dumps
from math import factorial
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.sheet import asked_nodes, exercise, notes
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.conftest import sized

# z = 0.5 and 1; dz = outputs - targets = -0.5 and 1.
NEURON = """{
  "inputs": [[1, 2], [3, 4]], "weights": [[0.5], [-0.25]], "biases": [0.5], "activation": "relu",
  "targets": [[1], [0]], "loss": "half_squared_error", "learning_rate": 0.1,
  "expected": {"dz": [[123.456789], [7]]}
}"""
THIRDS = """{
  "inputs": [[1], [2], [4]], "weights": [[2]], "activation": "linear",
  "targets": [[1], [1], [1]], "loss": "mse", "learning_rate": 0.5
}"""
MATCHED = """{
  "inputs": [[1, 2]], "weights": [[1, 0], [0, 1]], "activation": "softmax", "targets": [0], "loss": "cross_entropy"
}"""


def problems(text: str) -> tuple[Problem, Problem]:
    return build(parse(text.encode())), build(parse(text.encode(), exact=True), exact=True)


def made(text: str, *names: str, digits: int | None = None) -> Exercise:
    problem, exact = problems(text)
    nodes = asked_nodes(problem, tuple(Node(0, name) for name in names))
    solution = solve(problem, (*problem.nodes, *nodes))
    found = worked(problem, Extent(depth=0))
    return exercise(found, solve(exact, nodes), solution, title="Exercise 1", identity="id", digits=digits)


@pytest.mark.parametrize(
    ("text", "names", "digits", "expected"),
    [
        (
            NEURON,
            [],
            3,
            {
                "upstream": [["-1/2"], ["1"]],
                "dz": [["-1/2"], ["1"]],
                "dweights": [["5/2"], ["3"]],
                "dbiases": ["1/2"],
                "dinputs": [["-1/4", "1/8"], ["1/2", "-1/4"]],
                "new_weights": [["1/4"], ["-11/20"]],
                "new_biases": ["9/20"],
            },
        ),
        (NEURON, ["loss", "z"], 3, {"z": [["1/2"], ["1"]], "loss": "5/8"}),
        # y - t is 1, 3 and 7; the mean of the squares is 59/3, and its gradient 2/3 (y - t).
        (
            THIRDS,
            [],
            3,
            {
                "upstream": [["2/3"], ["2"], ["14/3"]],
                "dz": [["2/3"], ["2"], ["14/3"]],
                "dweights": [["70/3"]],
                "dbiases": ["22/3"],
                "dinputs": [["4/3"], ["4"], ["28/3"]],
                "new_weights": [["-29/3"]],
            },
        ),
        (THIRDS, ["loss"], 3, {"loss": "59/3"}),
    ],
)
def test_the_answers_are_exact(text: str, names: list[str], digits: int, expected: dict[str, Any]) -> None:
    found = made(text, *names)
    answers = {asked.matrix.place: asked.answers for asked in found.asked}
    assert list(answers) == list(expected)
    for place, values in expected.items():
        wanted = np.vectorize(Fraction, otypes=[object])(np.array(values))
        assert np.array_equal(answers[place], wanted), place
        assert all(isinstance(answer, Fraction) for answer in answers[place].flat)
        floats = {asked.matrix.place: asked.matrix.values for asked in found.asked}[place]
        assert np.allclose(floats, wanted.astype(float))
    assert found.digits == digits


def test_the_answers_of_other_functions_are_decimals_of_50_digits() -> None:
    (asked,) = made(MATCHED, "outputs").asked
    answers = asked.answers
    assert all(isinstance(answer, Decimal) for answer in answers.flat)
    right = 1 / (1 + sum((Fraction(1, factorial(k)) for k in range(60)), Fraction()))  # 1 / (1 + e)
    assert abs(Fraction(answers[0, 0]) / right - 1) < Fraction(1, 10**49)
    assert len(answers[0, 0].as_tuple().digits) == 50


def test_the_upstream_of_a_matched_pair_is_asked_for_only_by_its_name() -> None:
    assert [asked.matrix.place for asked in made(MATCHED).asked] == [
        *("dz", "dweights", "dbiases", "dinputs", "new_weights")
    ]
    assert [asked.matrix.place for asked in made(MATCHED, "upstream").asked] == ["upstream"]


def test_the_learning_rate_is_given_where_the_step_is_asked_for() -> None:
    assert "learning_rate" in [matrix.place for matrix in made(NEURON).given]
    assert [matrix.place for matrix in made(NEURON, "dz").given] == ["inputs", "weights", "biases", "targets"]


def test_what_an_exercise_says_of_its_problem() -> None:
    found = made(NEURON, digits=2)
    assert (found.title, found.source, found.identity, found.digits) == ("Exercise 1", None, "id", 2)
    titled = NEURON.replace('"learning_rate"', '"title": "A neuron", "source": "a book", "learning_rate"')
    assert (made(titled).title, made(titled).source) == ("A neuron", "a book")
    drawn = titled.replace("a book", "backprop 0.1.0: backprop new --shape 2,1 --seed 7")
    assert made(drawn).source is None


@pytest.mark.parametrize("title", ["", " ", "\\n\\t"])
def test_a_blank_title_is_none(title: str) -> None:
    assert made(NEURON.replace('"learning_rate"', f'"title": "{title}", "learning_rate"')).title == "Exercise 1"


@pytest.mark.parametrize(
    ("text", "names", "reason"),
    [
        ('{"weights": [[1]], "upstream": [[1]]}', ["dweights"], "dweights: cannot be asked for: it needs inputs"),
        ('{"inputs": [[1]], "weights": [[1]]}', ["z", "loss"], "loss: cannot be asked for: it needs a loss function"),
        ('{"inputs": [[1]], "weights": [[1]]}', [], "dz: cannot be asked for: it needs upstream"),
        ('{"z": [[1]], "upstream": [[1]]}', ["z"], "z: cannot be asked for: it is given"),
        ('{"z": [[1]], "upstream": [[1]]}', ["upstream"], "upstream: cannot be asked for: it is given"),
        ('{"z": [[1]], "upstream": "outputs"}', ["upstream"], "upstream: cannot be asked for: it is given"),
        (
            '{"inputs": [[1]], "weights": [[1]], "upstream": "ones"}',
            ["new_biases"],
            "new_biases: cannot be asked for: it needs biases",
        ),
    ],
)
def test_what_cannot_be_asked_for(text: str, names: list[str], reason: str) -> None:
    with pytest.raises(InputError) as raised:
        made(text, *names)
    assert str(raised.value).startswith(reason)


def test_a_quantity_that_float64_cannot_hold_cannot_be_asked_for() -> None:
    tiny = MATCHED.replace("[[1, 2]]", "[[0, 2]]").replace("[[1, 0], [0, 1]]", "[[0, 0], [0, 400]]")
    assert made(tiny).asked
    with pytest.raises(InputError, match="upstream: cannot be asked for: more than float64"):
        made(tiny, "upstream", "dz")


WITHOUT_LOSS = '{"inputs": [[1, 2]], "weights": [[1], [2]], "upstream": [[0.5]]}'
FORWARD, BACKWARD = ["z", "outputs"], ["dz", "dweights", "dbiases", "dinputs", "new_weights"]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (NEURON, [], [*FORWARD, "loss", "upstream", *BACKWARD, "new_biases"]),
        (
            NEURON.replace("{", '{"steps": 2, ', 1),
            [],
            [*FORWARD, "loss", "losses", "upstream", *BACKWARD, "new_biases"],
        ),
        (NEURON, ["losses", "z"], [*FORWARD, "loss", "losses", "upstream", *BACKWARD, "new_biases"]),
        (MATCHED, [], [*FORWARD, "loss", *BACKWARD]),
        (MATCHED, ["upstream"], [*FORWARD, "loss", "upstream", *BACKWARD]),
        (WITHOUT_LOSS, [], [*FORWARD, *BACKWARD]),
        ('{"inputs": [[1]], "weights": [[1]]}', [], FORWARD),
        ('{"z": [[1]], "upstream": "ones"}', [], ["outputs", "dz", "dbiases"]),
    ],
)
def test_every_quantity_that_is_computed(text: str, names: list[str], expected: list[str]) -> None:
    nodes = asked_nodes(problems(text)[0], [Node(0, name) for name in names], every=True)
    assert sorted(node.quantity for node in nodes) == sorted(expected)


def test_where_nothing_can_be_computed_every_quantity_is_refused() -> None:
    with pytest.raises(InputError, match=r"^z: cannot be asked for: it needs inputs"):
        asked_nodes(build({"weights": [[1]]}), every=True)


def test_updated_biases_of_the_layers_that_have_biases() -> None:
    layer: dict[str, Any] = {"weights": [[1]]}
    problem = build({"inputs": [[1]], "layers": [layer, layer | {"biases": [1]}, layer], "upstream": "ones"})
    every = tuple(Node(i, "new_biases") for i in range(3))
    assert asked_nodes(problem, every) == (Node(1, "new_biases"),)


@pytest.mark.parametrize(
    ("n_samples", "n_neurons", "reason"),
    [
        (50, 20, None),  # with dz, dinputs, dweights and so on: 1000 + 50 + 2 * 20 + 20
        (100, 20, "there are 2,160 numbers to fill in (at most 2,000)"),
        (1_000, 8, None),
        (1_000, 11, "12,011 numbers are given, too many for a sheet (at most 10,000)"),
    ],
)
def test_a_sheet_that_nobody_can_fill_in_is_refused(n_samples: int, n_neurons: int, reason: str | None) -> None:
    problem = build(
        {
            "inputs": np.ones((n_samples, 1)),
            "weights": np.ones((1, n_neurons)),
            "upstream": np.ones((n_samples, n_neurons)),
        }
    )
    names = ("dz", "dinputs", "dweights", "dbiases", "new_weights") if n_samples < 1000 else ("dbiases",)
    if reason is None:
        assert asked_nodes(problem, tuple(Node(0, name) for name in names))
        return
    with pytest.raises(InputError) as raised:
        asked_nodes(problem, tuple(Node(0, name) for name in names))
    assert str(raised.value) == reason


def test_answers_that_all_round_to_0_have_a_note() -> None:
    small = NEURON.replace("[[1], [0]]", "[[0.5], [1.001]]")  # dz is 0 and -0.001
    assert list(notes(made(small, "dz", "dweights", digits=2))) == [
        "dz is 0 everywhere with 2 decimals (--digits asks for more)",
        "dweights is 0 everywhere with 2 decimals (--digits asks for more)",
    ]
    assert list(notes(made(small, "dz", digits=3))) == []
    assert made(small, "dz").digits == 3


@sized("n_problems", 40, 1000)
def test_any_problem_asks_for_every_gradient_and_the_step_in_the_order_of_work(n_problems: int) -> None:
    for seed in range(n_problems):
        text = dumps(any_problem(seed))
        found = made(text)
        by_hand = [step.node_place for step in found.solution.steps if step.phase in ("backward", "step")]
        has_upstream = [place for place in ["upstream"] if place in [step.node_place for step in found.solution.steps]]
        assert [asked.matrix.place for asked in found.asked] == has_upstream + by_hand
        for asked in found.asked:
            (step,) = (step for step in found.solution.steps if step.node_place == asked.matrix.place)
            assert asked.answers.shape == asked.matrix.values.shape == step.result.values.shape
            assert np.array_equal(asked.matrix.grid, step.result.grid)
            assert asked.matrix.symbol == step.result.symbol
            assert np.allclose(asked.answers.astype(float), asked.matrix.values, rtol=1e-9, atol=1e-12)

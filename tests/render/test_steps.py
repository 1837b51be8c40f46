"""An entry is worked as one writes it by hand: names, numbers, products, value, and no step twice."""

import json
from decimal import Decimal
from typing import Any

import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.load.schema import build
from backprop_cli.render.steps import adds_up, equations, steps, tree

LINEAR: dict[str, Any] = {"inputs": [[2, -3]], "weights": [[-4], [5]], "biases": [-1], "activation": "linear"}
# float64 loses the 1 on the way.
ROUNDED = {"inputs": [[1e16, 1, -1e16]], "weights": [[1], [1], [1]], "biases": [0.5], "activation": "linear"}


def found(draft: dict[str, Any], quantity: str, index: tuple[int, ...], *, exact: bool = False, **extent: Any) -> Any:
    written = json.loads(json.dumps(draft), parse_float=Decimal, parse_int=Decimal) if exact else draft
    return explain(build(written, exact=exact), Node(0, quantity), index, Extent(**extent))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            found(LINEAR, "z", (0, 0)),
            [
                "inputs[0,0] * weights[0,0] + inputs[0,1] * weights[1,0] + biases[0]",
                "2 * (-4) + (-3) * 5 + (-1)",
                "-8 - 15 - 1",
                "-24",
            ],
        ),
        (found(LINEAR, "outputs", (0, 0)), ["z[0,0]", "-24"]),
        (
            found({"z": [[-2]], "upstream": [[-3]]}, "dz", (0, 0)),
            ["upstream[0,0] * relu'(z[0,0])", "-3 * 0", "0"],
        ),
        (found({"z": [[-2]]}, "outputs", (0, 0)), ["max(z[0,0], 0)", "max(-2, 0)", "0"]),
        (
            found({"biases": [1], "upstream": [[-3]], "activation": "linear"}, "new_biases", (0,)),
            ["biases[0] - learning_rate * dbiases[0]", "1 - 0.001 * (-3)", "1 + 0.003", "1.003"],
        ),
        (
            found({"biases": [1], "upstream": [[-3000]], "activation": "linear"}, "new_biases", (0,), terms=1),
            ["-learning_rate * dbiases[0] + 1 other term", "-0.001 * (-3000) + 1", "3 + 1", "4"],
        ),
        (
            found({"upstream": [[4], [-1]], "activation": "linear"}, "dbiases", (0,), terms=1),
            ["dz[0,0] + 1 other term", "4 + (-1)", "4 - 1", "3"],
        ),
        (found({"upstream": [[1]] * 9, "activation": "linear"}, "dbiases", (0,)), ["the sum of 9 terms", "9"]),
    ],
    ids=["products", "linear", "inactive", "function", "step", "step first", "rest", "long"],
)
def test_the_steps_to_an_entry(entry: Explanation, expected: list[str]) -> None:
    assert list(steps(entry, None)) == expected


def test_a_step_that_repeats_the_rule_is_left_out() -> None:
    assert list(steps(found(LINEAR, "outputs", (0, 0)), None, said="z[0,0]")) == ["-24"]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (found(LINEAR, "z", (0, 0)), "The 3 terms add up to NAME = VALUE."),
        (found(LINEAR, "outputs", (0, 0)), "That is NAME = VALUE."),
        (found(LINEAR, "z", (0, 0), terms=1), "The 3 terms add up to NAME = VALUE."),
        (
            found(ROUNDED, "z", (0, 0)),
            "The 4 terms add up to 1.5, and float64, which rounds on the way, to NAME = VALUE.",
        ),
        (found(ROUNDED, "z", (0, 0), exact=True), "The 4 terms add up to NAME = VALUE."),
    ],
    ids=["sum", "one term", "rest", "rounded", "exact"],
)
def test_what_the_terms_add_up_to_is_said_truly(entry: Explanation, sentence: str) -> None:
    assert adds_up(entry, None, "NAME", "VALUE") == sentence


@pytest.mark.parametrize(
    ("draft", "lines"),
    [
        (
            {"inputs": [[2]], "weights": [[3]], "biases": [1], "upstream": "outputs"},
            [
                "> dbiases[0] = dz[0,0] = 7",
                ">   dz[0,0] = outputs[0,0] * relu'(z[0,0]) = 7 * 1 = 7",
                ">     z[0,0] = inputs[0,0] * weights[0,0] + biases[0]",
                ">            = 2 * 3 + 1",
                ">            = 6 + 1",
                ">            = 7",
                ">     outputs[0,0] = max(z[0,0], 0) = max(7, 0) = 7",
                ">       z[0,0] = 7: as above",
            ],
        ),
        (
            {"z": [[-1]], "biases": [1], "upstream": [[5]]},
            [
                "> dbiases[0] = dz[0,0] = 0 (inactive)",
                ">   dz[0,0] = upstream[0,0] * relu'(z[0,0]) = 5 * 0 = 0 (inactive)",
                ">     z[0,0] = -1",
            ],
        ),
    ],
    ids=["as above", "inactive"],
)
def test_the_tree_of_sources(draft: dict[str, Any], lines: list[str]) -> None:
    entry = found(draft, "new_biases", (0,), depth=9)
    assert list(tree(entry.sources, None, "> ", 70)) == lines


def test_sources_that_are_left_out_are_told() -> None:
    layers = [{"weights": [[1]], "biases": [0], "activation": "linear"}] * 3
    problem = build({"inputs": [[1]], "layers": layers, "upstream": "ones"})
    entry = explain(problem, Node(0, "dbiases"), (0,), Extent(depth=1, whole=True))
    assert list(tree(entry.sources, None, "", 70)) == [
        "layers[0].dz[0,0] = layers[1].dinputs[0,0] = 1",
        "  (further sources are left out)",
    ]


TERMS, NUMBERS = "a[0] * b[0] + c[0] - d[0]", "1 * 2 + 3 - 4"


@pytest.mark.parametrize(
    ("sides", "width", "packed", "lines"),
    [
        ([TERMS, NUMBERS, "1"], 80, True, [f"z = {TERMS} = {NUMBERS} = 1"]),
        ([TERMS, NUMBERS, "1"], 30, False, [f"z = {TERMS}", f"  = {NUMBERS}", "  = 1"]),
        ([TERMS, NUMBERS, "1"], 30, True, [f"z = {TERMS}", f"  = {NUMBERS} = 1"]),
        (
            [f"({TERMS}) / 3", f"({NUMBERS}) / 3", "0.25"],
            26,
            True,
            ["z = (a[0] * b[0] + c[0]", "    - d[0]) / 3", "  = (1 * 2 + 3 - 4) / 3", "  = 0.25"],
        ),
        (["-(a + b) - log(c - d)", "3"], 16, False, ["z = -(a + b)", "    - log(c - d)", "  = 3"]),
        (["-(a + b) - log(c - d)", "3"], 12, False, ["z = -(a + b)", "    - log(c", "    - d)", "  = 3"]),
        (["softmax(a)[0] * total", "3"], 20, False, ["z = softmax(a)[0]", "    * total", "  = 3"]),
    ],
    ids=["in one line", "a side a line", "packed", "split at a sign", "not in brackets", "in brackets", "factors"],
)
def test_equations_stand_below_each_other(sides: list[str], width: int, packed: bool, lines: list[str]) -> None:
    assert list(equations("z", sides, width, packed=packed)) == lines

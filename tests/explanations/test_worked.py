"""A worked solution has every matrix, every rule, and an entry of each quantity, in the order of work by hand."""

import json
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.errors import UsageError
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import EVERYTHING, Matrix, Scope, Worked, worked
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.conftest import ROOT

SAMPLES = ROOT / "samples"
LAYER: dict[str, Any] = {"inputs": [[1, 2], [3, 4], [5, 6]], "weights": [[1, 0], [0, 1]], "biases": [1, 2]}
COLUMNS = LAYER | {"inputs": [[1, 3, 5], [2, 4, 6]], "samples": "columns"}
SOLVED = LAYER | {"upstream": [[1, 2], [3, 4], [5, 6]]}


def sample(name: str) -> dict[str, Any]:
    draft: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return draft


def solution(draft: dict[str, Any], scope: Scope = EVERYTHING, **extent: Any) -> Worked:
    return worked(build(draft), Extent(**extent), scope)


def entries(found: Worked) -> list[str]:
    return [example.entry for step in found.steps for example in step.examples]


def test_the_single_neuron_is_the_notebooks_cell() -> None:
    """Cell 12 prints 1.0, then 1.0 1.0 1.0 1.0, then -3.0; on the way it computes -3, 2, 6, and 6 twice."""
    steps = {step.example.entry: step.example for step in solution(sample("single_neuron")).steps}
    assert [term.value for term in steps["z[0,0]"].terms] == [-3, 2, 6, 1]
    assert [steps[entry].value for entry in ("z[0,0]", "outputs[0,0]", "dz[0,0]", "dinputs[0,0]")] == [6, 6, 1, -3]
    assert [(factor.name, factor.value) for factor in steps["dz[0,0]"].passed_on] == [
        *((f"inputs[0,{i}] * weights[{i},0]", 1) for i in range(3)),
        ("biases[0]", 1),
    ]


def test_layers_are_worked_forward_then_backward_then_forward() -> None:
    layer = {"weights": [[1]], "biases": [1]}
    found = solution({"title": "Two", "inputs": [[1]], "layers": [layer, layer], "upstream": "ones"})
    backward = ("dz", "dweights", "dbiases", "dinputs")
    assert [step.node_place for step in found.steps] == [
        *(f"layers[{i}].{name}" for i in (0, 1) for name in ("z", "outputs")),
        *(f"layers[{i}].{name}" for i in (1, 0) for name in backward),
        *(f"layers[{i}].{name}" for i in (0, 1) for name in ("new_weights", "new_biases")),
    ]
    assert [step.phase for step in found.steps] == ["forward"] * 4 + ["backward"] * 8 + ["step"] * 4
    assert [matrix.place for matrix in found.given] == [
        *("inputs", "layers[0].weights", "layers[0].biases", "layers[1].weights", "layers[1].biases"),
        *("upstream", "learning_rate"),
    ]
    assert (found.title, found.not_computed) == ("Two", {})


@pytest.mark.parametrize(
    ("z", "positions"),
    [
        ([[1] * 6], ("[0,0]", "[0]")),
        ([[-1] * 12, [-1] * 11 + [1]], ("[1,11]", "[11]")),  # of a unit that is active if there is one
        ([[-1] * 12, [-1] * 12], ("[0,0]", "[0]")),
    ],
    ids=["all active", "one active", "none"],
)
def test_one_entry_of_each_quantity_is_worked_out(z: list[list[int]], positions: tuple[str, str]) -> None:
    found = solution({"z": z, "upstream": [[1] * len(row) for row in z]})
    in_matrix, in_list = positions
    assert entries(found) == [f"outputs{in_matrix}", f"dz{in_matrix}", f"dbiases{in_list}"]
    assert [(each.place, each.entries, each.of) for each in found.left_out] == [
        ("outputs", np.size(z) - 1, np.size(z)),
        ("dz", np.size(z) - 1, np.size(z)),
        ("dbiases", len(z[0]) - 1, len(z[0])),
    ]
    assert (found.entries, found.not_shown) == (2 * np.size(z) + len(z[0]), 2 * np.size(z) + len(z[0]) - 3)


def test_the_input_of_a_network_leads_to_a_gradient_that_is_not_zero() -> None:
    first = {"weights": [[1, -1, 1] * 5], "biases": [-2] * 4 + [2] * 11}
    second = {"weights": [[1]] * 15, "biases": [1]}
    found = solution({"inputs": [[1]], "layers": [first, second], "upstream": "ones"})
    assert "layers[1].dweights[4,0]" in entries(found)


@pytest.mark.parametrize(("terms", "named"), [(2, 2), (4, 4), (5, 4)])
def test_a_gradient_that_is_passed_on_to_many_says_to_how_many_more(terms: int, named: int) -> None:
    """dz[0,0] goes on to the three products and the bias that z[0,0] is the sum of."""
    draft = {"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [0], "upstream": [[1]]}
    (dz,) = (step.example for step in solution(draft, terms=terms).steps if step.node_place == "dz")
    every = [*(f"inputs[0,{i}] * weights[{i},0]" for i in range(3)), "biases[0]"]
    assert [factor.name for factor in dz.passed_on] == every[:named]
    assert dz.more_passed_on == 4 - named


@pytest.mark.parametrize("draft", [{"z": [[1]], "upstream": [[1]]}, {"activation": "linear", "upstream": [[1]]}])
def test_nothing_is_passed_on_through_a_z_that_is_not_computed(draft: dict[str, Any]) -> None:
    (dz,) = (step.example for step in solution(draft).steps if step.node_place == "dz")
    assert (dz.passed_on, dz.more_passed_on) == ((), 0)


def test_what_is_missing_is_listed_but_not_the_new_biases_of_a_layer_without_biases() -> None:
    found = solution({"activation": "linear", "upstream": [[1]]})
    assert found.not_computed["dweights"] == "inputs"
    assert set(found.not_computed) == {"z", "outputs", "dinputs", "dweights", "new_weights"}
    assert [matrix.place for matrix in found.given] == ["upstream"]  # nothing takes a learning rate


@pytest.mark.parametrize(
    ("draft", "quantity", "rule", "tex"),
    [
        (SOLVED, "z", "inputs @ weights + biases", r"Z = X \, W + b"),
        (SOLVED, "outputs", "max(z, 0)", r"Y = \max(Z, 0)"),
        (
            SOLVED,
            "dz",
            "upstream * (z > 0)",
            r"\frac{\partial L}{\partial Z} = \frac{\partial L}{\partial Y} \odot [Z > 0]",
        ),
        (
            SOLVED,
            "dweights",
            "inputs.T @ dz",
            r"\frac{\partial L}{\partial W} = X^{\top} \, \frac{\partial L}{\partial Z}",
        ),
        (
            SOLVED | {"mean_gradients": True},
            "dbiases",
            "(sum of dz over samples) / 3",
            r"\frac{\partial L}{\partial b} = \frac{1}{3} \sum_{\text{samples}} \frac{\partial L_n}{\partial Z}",
        ),
        (
            COLUMNS | {"upstream": COLUMNS["inputs"]},
            "dweights",
            "dz @ inputs.T",
            r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial Z} \, X^{\top}",
        ),
        (
            COLUMNS | {"upstream": COLUMNS["inputs"], "weight_layout": "in-out"},
            "dweights",
            "inputs @ dz.T",
            r"\frac{\partial L}{\partial W} = X \, \left( \frac{\partial L}{\partial Z} \right)^{\top}",
        ),
        (
            SOLVED,
            "new_weights",
            "weights - learning_rate * dweights",
            r"W' = W - \eta \cdot \frac{\partial L}{\partial W}",
        ),
        (
            LAYER | {"activation": "linear", "targets": [[0, 0]] * 3, "loss": "huber(2)", "reduction": "mean"},
            "loss",
            "(sum of huber(outputs - targets, 2) over samples and neurons) / 6",
            r"L = \frac{1}{6} \sum_{\text{samples, neurons}} \operatorname{huber}_{2}(Y - T)",
        ),
        (
            LAYER | {"activation": "linear", "targets": [[0, 0]] * 3, "loss": "mse"},
            "upstream",
            "2 * (outputs - targets) / 6",
            r"\frac{\partial L}{\partial Y} = \frac{1}{6} 2 (Y - T)",
        ),
        (
            LAYER | {"activation": "softmax", "targets": [[1, 1]] * 3, "loss": "cross_entropy", "reduction": "mean"},
            "dz",
            "(outputs * (sum of targets over neurons) - targets) / 3",
            r"\frac{\partial L}{\partial Z} = \frac{1}{3} \left( Y"
            r" \cdot \text{(sum of targets over neurons)} - T \right)",
        ),
        (
            SOLVED | {"activation": "softmax"},
            "dz",
            "upstream @ softmax'(z) for each sample",
            r"\frac{\partial L}{\partial Z} = \frac{\partial L}{\partial Y} \, \operatorname{softmax}'(Z)"
            r" \text{ for each sample}",
        ),
        (
            COLUMNS | {"activation": "softmax", "upstream": COLUMNS["inputs"]},
            "dz",
            "softmax'(z).T @ upstream for each sample",
            r"\frac{\partial L}{\partial Z} = \operatorname{softmax}'(Z)^{\top} \, \frac{\partial L}{\partial Y}"
            r" \text{ for each sample}",
        ),
    ],
)
def test_a_rule_in_words_and_in_symbols(draft: dict[str, Any], quantity: str, rule: str, tex: str) -> None:
    (step,) = (step for step in solution(draft).steps if step.node_place == quantity)
    assert (step.rule, f"{step.result.symbol} = {step.rule_tex}") == (rule, tex)
    assert "".join(part if isinstance(part, str) else part.name for part in step.parts) == rule


def test_the_letters_of_a_network_have_their_layers() -> None:
    layer = {"weights": [[1, 2], [3, 4]], "biases": [1, 2]}
    found = solution({"inputs": [[1, 2]], "layers": [layer, layer], "targets": [[0, 1]], "loss": "mse"})
    rules = {step.node_place: f"{step.result.symbol} = {step.rule_tex}" for step in found.steps}
    assert rules["layers[1].z"] == r"Z^{(1)} = Y^{(0)} \, W^{(1)} + b^{(1)}"
    dinputs = r"\frac{\partial L}{\partial X^{(1)}}"
    assert rules["layers[1].dinputs"] == dinputs + r" = \frac{\partial L}{\partial Z^{(1)}} \, {W^{(1)}}^{\top}"
    assert rules["layers[0].dz"] == rf"\frac{{\partial L}}{{\partial Z^{{(0)}}}} = {dinputs} \odot [Z^{{(0)}} > 0]"
    assert rules["layers[0].new_biases"].startswith(r"b'^{(0)} = b^{(0)} - \eta \cdot \frac")
    assert rules["loss"].endswith(r"(Y^{(1)} - T)^2")


def filled(step: Any) -> Any:
    """Return what the rule of a step gives for the numbers of its matrices, if it is a product of matrices."""
    names = {f"m{k}": operand.grid for k, operand in enumerate(step.operands)}
    parts, k = "", 0
    for part in step.parts:
        parts += part if isinstance(part, str) else f"m{k}"
        k += isinstance(part, Matrix)
    return eval(parts.replace("max(", "maximum("), {"maximum": np.maximum}, names)  # noqa: S307 (of our own rules)


@pytest.mark.parametrize("draft", [SOLVED, COLUMNS | {"upstream": COLUMNS["inputs"], "weight_layout": "in-out"}])
def test_the_numbers_of_a_rule_give_the_result(draft: dict[str, Any]) -> None:
    found = solution(draft | {"mean_gradients": True, "learning_rate": 0.5})
    steps = {step.node_place: step for step in found.steps}
    for place in ("z", "outputs", "dz", "dinputs", "dweights", "new_weights", "new_biases"):
        np.testing.assert_allclose(filled(steps[place]), steps[place].result.grid)


def test_the_results_are_those_of_the_solver() -> None:
    for seed in range(40):
        problem = build(any_problem(seed))
        solved = dict(solve(problem).matrices())
        found = worked(problem, Extent())
        places = [step.node_place for step in found.steps]
        assert {*places, *(each.place for each in found.left_out)} == solved.keys()
        for step in found.steps:
            np.testing.assert_array_equal(step.result.values, solved[step.node_place])
        assert found.entries == sum(matrix.size for matrix in solved.values())


def test_entries_have_the_names_that_explain_takes() -> None:
    for draft in (SOLVED, COLUMNS | {"upstream": COLUMNS["inputs"]}):
        found = solution(draft, every_entry=True)
        assert found.left_out == ()
        for step in found.steps:
            grid = step.result.grid
            names = [step.result.entry(*index) for index in np.ndindex(grid.shape)]
            assert dict(zip(names, grid.flat, strict=True)) == {e.entry: e.value for e in step.examples}


def test_a_list_is_a_column_where_samples_are() -> None:
    rows, columns = (solution(draft).steps[0].operands[2] for draft in (LAYER, COLUMNS))
    assert (rows.grid.tolist(), columns.grid.tolist()) == ([[1, 2]], [[1], [2]])


@pytest.mark.parametrize(
    ("more", "mark"),
    [
        ({"weights": [[1, -1]], "upstream": [[3, 4]]}, [[False, True]]),
        ({"weights": [[1], [-1]], "upstream": [[3], [4]], "samples": "columns"}, [[False], [True]]),
    ],
)
def test_an_inactive_unit_is_marked_where_it_makes_a_zero(more: dict[str, Any], mark: list[list[bool]]) -> None:
    marks = {step.node_place: step.result.inactive for step in solution({"inputs": [[1]]} | more).steps}
    found = {name: mark.tolist() for name, mark in marks.items() if mark is not None}
    assert found == {"outputs": mark, "dz": mark}


@pytest.mark.parametrize(
    ("scope", "expected", "given"),
    [
        (Scope(nodes=(Node(0, "dbiases"),)), ["dbiases[0]", "dbiases[1]"], ["dz"]),
        (
            Scope(nodes=(Node(0, "dweights"),), index=(1, None)),
            ["dweights[1,0]", "dweights[1,1]"],
            ["inputs", "dz"],
        ),
        (Scope(nodes=(Node(0, "dweights"),), index=(None, 0)), ["dweights[0,0]", "dweights[1,0]"], ["inputs", "dz"]),
        (
            Scope(layer=0),
            [
                *("z[0,0]", "outputs[0,0]", "dz[0,0]", "dweights[0,0]", "dbiases[0]", "dinputs[0,0]"),
                *("new_weights[0,0]", "new_biases[0]"),
            ],
            ["inputs", "weights", "biases", "upstream", "learning_rate"],
        ),
    ],
    ids=["quantity", "row", "column", "layer"],
)
def test_a_part_of_a_problem(scope: Scope, expected: list[str], given: list[str]) -> None:
    found = solution(SOLVED, scope)
    assert entries(found) == expected
    assert [matrix.place for matrix in found.given] == given
    assert found.entries == sum(step.result.values.size for step in found.steps)


def test_of_a_large_quantity_the_first_entries_are_worked_out() -> None:
    draft = {"inputs": [[1] * 11], "weights": [[1] * 11] * 11, "upstream": "ones"}
    scope = Scope(nodes=(Node(0, "dweights"),))
    found = solution(draft, scope)
    assert (len(entries(found)), found.not_shown) == (100, 21)
    assert len(entries(solution(draft, scope, every_entry=True))) == 121


def test_a_row_that_there_is_not_is_told() -> None:
    with pytest.raises(UsageError, match=r"dweights\[2,0\]: dweights has 2 rows \(0 to 1\) and 2 columns \(0 to 1\)"):
        solution(SOLVED, Scope(nodes=(Node(0, "dweights"),), index=(2, None)))


def test_the_last_layer_of_a_network_says_what_its_loss_does_without() -> None:
    layer = {"weights": [[1, 2], [3, 4]], "activation": "softmax"}
    draft = {"inputs": [[1, 2]], "layers": [layer, layer], "targets": [1], "loss": "cross_entropy"}
    unasked = [[e.place for e in solution(draft, Scope(layer=i)).left_out if e.entries == e.of] for i in (0, 1)]
    assert unasked == [[], ["upstream"]]


def test_several_steps_leave_out_the_losses() -> None:
    draft = LAYER | {"activation": "linear", "targets": [[0, 0]] * 3, "loss": "mse", "steps": 4}
    (losses,) = (each for each in solution(draft).left_out if each.place == "losses")
    assert (losses.entries, losses.of, losses.shown_by) == (4, 4, "losses[0]")

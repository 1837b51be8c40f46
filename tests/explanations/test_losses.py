"""A loss, its derivatives and softmax: special cases of their explanations, worked by hand."""

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, activation
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.errors import InputError, UsageError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.formulas import FORMULAS, derivative_formula, value_formula
from backprop_cli.explanations.worked import worked
from backprop_cli.load.schema import build

SOFTMAX: dict[str, Any] = {"z": [[0, math.log(3)]], "activation": "softmax", "targets": [1], "loss": "cross_entropy"}
SATURATED = SOFTMAX | {"z": [[1000, 1]]}
SQUARES = {"inputs": [[1], [2]], "weights": [[3]], "activation": "linear", "targets": [[1], [2]], "loss": "mse"}


def explained(draft: dict[str, Any], quantity: str, *index: int, layer: int = 0, **extent: Any) -> Explanation:
    return explain(build(draft), Node(layer, quantity), index, Extent(**extent))


def said(found: Explanation) -> list[str]:
    """Return the terms of an explanation: the names of factors, filled into the function if there is one."""
    names = [[factor.name for factor in term.factors] for term in found.terms]
    return [
        " * ".join([*each, *filter(None, [term.derivative])]) if term.function is None else term.function.format(*each)
        for each, term in zip(names, found.terms, strict=True)
    ]


def test_a_mean_is_the_sum_of_its_terms_divided() -> None:
    """The outputs are 3 and 6, so that the loss is (2^2 + 4^2) / 2, and its derivative at the second 2 * 4 / 2."""
    loss = explained(SQUARES, "loss")
    assert ([term.value for term in loss.terms], loss.total, loss.divisor, loss.value) == ([4, 16], 20, 2, 10)
    assert loss.notation.divided_by == "n_samples * n_neurons"
    upstream = explained(SQUARES, "upstream", 1, 0)
    assert ([term.value for term in upstream.terms], upstream.divisor, upstream.value) == ([8], 2, 4)


@pytest.mark.parametrize(
    ("changes", "rule", "divided_by"),
    [
        ({}, "(sum over samples n of inputs[n,0] * dz[n,0]) / n_samples", "n_samples"),
        ({"samples": "columns", "inputs": [[1, 2]], "targets": [[1, 2]]}, None, "n_samples"),
    ],
)
def test_mean_gradients(changes: dict[str, Any], rule: str | None, divided_by: str) -> None:
    """With mean_gradients dz is 2 * 2 and 2 * 4, per sample, and dweights (1 * 4 + 2 * 8) / 2."""
    found = explained(SQUARES | changes | {"mean_gradients": True}, "dweights", 0, 0)
    assert ([term.value for term in found.terms], found.divisor, found.value) == ([4, 16], 2, 10)
    assert found.notation.divided_by == divided_by
    rule = rule or "(sum over samples n of inputs[0,n] * dz[0,n]) / n_samples"
    assert found.notation.rule == f"dweights[0,0] = {rule}"


def test_a_matched_pair_is_explained_in_one_step_and_then_by_the_chain_rule() -> None:
    """The softmax of 0 and log 3 is 1/4 and 3/4; with the class 1, dz is 1/4 and 3/4 - 1."""
    found = explained(SOFTMAX, "dz", 0, 1)
    assert said(found) == ["outputs[0,1]", "targets[0,1]"]
    assert [term.value for term in found.terms] == pytest.approx([0.75, -1])
    assert found.has_no_cancellation
    chain = found.through_upstream
    assert chain is not None
    assert said(chain) == [f"upstream[0,{k}] * softmax'(z[0])[{k},1]" for k in range(2)]
    assert [term.value for term in chain.terms] == pytest.approx([0, -1 / 0.75 * 0.75 * 0.25])
    assert {source.entry for source in found.sources} == {
        "outputs[0,1]",
        "outputs[0,0]",
        "upstream[0,0]",
        "upstream[0,1]",
    }
    assert explained(SOFTMAX, "dz", 0, 1, depth=0).through_upstream is None


def test_targets_that_do_not_sum_to_1_multiply_the_probability() -> None:
    found = explained(SOFTMAX | {"targets": [[1, 2]]}, "dz", 0, 1)
    assert found.notation.rule == "dz[0,1] = outputs[0,1] * (sum over neurons k of targets[0,k]) - targets[0,1]"
    assert said(found) == ["outputs[0,1] * (sum over k of targets[0,k])", "targets[0,1]"]
    assert [term.value for term in found.terms] == pytest.approx([2.25, -2])


def test_nll_of_log_softmax_takes_the_softmax_of_z() -> None:
    found = explained(SOFTMAX | {"activation": "log_softmax", "loss": "nll"}, "dz", 0, 1)
    assert said(found) == ["softmax(z[0])[1]", "targets[0,1]"]
    assert [term.value for term in found.terms] == pytest.approx([0.75, -1])


@pytest.mark.parametrize(
    ("loss", "terms", "line"),
    [
        (
            "cross_entropy_with_logits",
            ["softmax(outputs[0])[1]", "targets[0,1]"],
            "softmax(outputs[0])[1] = exp(outputs[0,1]) / (sum over neurons k of exp(outputs[0,k]))",
        ),
        (
            "binary_cross_entropy_with_logits",
            ["sigmoid(outputs[0,1])", "targets[0,1]"],
            "sigmoid(z) = 1 / (1 + exp(-z))",
        ),
    ],
)
def test_upstream_of_logits(loss: str, terms: list[str], line: str) -> None:
    found = explained({**SOFTMAX, "activation": "linear", "loss": loss, "targets": [[0, 1]]}, "upstream", 0, 1)
    assert said(found) == terms
    assert line in found.notation.where
    assert [term.value for term in found.terms] == pytest.approx([0.75, -1])


def test_saturated_outputs_are_told() -> None:
    """The output 1 is exp(-999), which is 0: the loss is 999 all the same, and upstream is infinite."""
    loss, dz = explained(SATURATED, "loss"), explained(SATURATED, "dz", 0, 1)
    assert loss.value == 999
    assert any(line.startswith("outputs are rounded to 0 or 1 here") for line in loss.notation.where)
    assert dz.through_upstream is None
    assert any(line.startswith("upstream is not shown") for line in dz.notation.where)
    for draft in (SOFTMAX, SQUARES):
        assert not any("rounded" in line for line in explained(draft, "loss").notation.where)


@pytest.mark.parametrize(
    ("name", "z", "term", "values"),
    [
        ("softmax", [1, 2, 3], "exp(z[0,0]) / (exp(z[0,0]) + exp(z[0,1]) + exp(z[0,2]))", [1, 1, 2, 3]),
        ("softmax", [0] * 4, "exp(z[0,0]) / (sum over k of exp(z[0,k]))", [0, 4]),
        ("log_softmax", [0] * 4, "z[0,0] - log(sum over k of exp(z[0,k]))", [0, 4]),
        (
            "softmax",
            [900, 900],
            "exp(z[0,0] - max(z[0])) / (sum over k of exp(z[0,k] - max(z[0])))",
            [900, 900, 2],
        ),
        (
            "log_softmax",
            [-900, -900],
            "z[0,0] - max(z[0]) - log(sum over k of exp(z[0,k] - max(z[0])))",
            [-900, -900, 2],
        ),
    ],
)
def test_outputs_of_a_softmax(name: str, z: list[int], term: str, values: list[float]) -> None:
    found = explained({"z": [z], "activation": name}, "outputs", 0, 0)
    assert said(found) == [term]
    assert [factor.value for factor in found.terms[0].factors] == values
    assert len(found.sources) == len(z)


def test_the_sum_of_many_large_exponentials_does_not_overflow() -> None:
    """exp(700) is 1e304, of which 20,000 are no float64."""
    found = explained({"z": [[700] * 20_000], "activation": "softmax"}, "outputs", 0, 0)
    assert [factor.value for factor in found.terms[0].factors] == [700, 700, 20_000]


def test_of_a_sample_of_many_neurons_only_the_own_z_is_explained() -> None:
    found = explained({"z": [[0] * 30], "activation": "softmax"}, "outputs", 0, 7)
    assert [source.entry for source in found.sources] == ["z[0,7]"]


def test_dz_of_a_softmax_of_very_many_neurons_is_explained_in_blocks() -> None:
    n = 2500
    z, upstream = np.linspace(-1, 1, n)[None], np.linspace(0, 1, n)[None]
    found = explained({"z": z, "activation": "softmax", "upstream": upstream}, "dz", 0, 3)
    assert found.total == pytest.approx(found.value, rel=1e-9)


def test_one_output_of_a_large_softmax_is_not_taken_from_a_whole_matrix() -> None:
    problem = build({"inputs": np.ones((4, 2000)), "weights": np.zeros((2000, 2000)), "activation": "softmax"})
    assert explain(problem, Node(0, "outputs"), (0, 0), Extent(depth=0)).value == pytest.approx(1 / 2000)


def test_dz_of_a_large_matched_pair_is_not_taken_from_a_whole_matrix() -> None:
    draft = {"inputs": np.ones((1100, 100)), "weights": np.zeros((100, 100)), "activation": "softmax"}
    problem = build(draft | {"targets": np.zeros(1100), "loss": "cross_entropy"})
    found = explain(problem, Node(0, "dz"), (7, 1), Extent())
    assert (found.value, found.through_upstream is not None) == (0.01, True)


def test_the_sum_of_a_large_loss_shows_the_largest_terms() -> None:
    y = np.zeros((3000, 2))
    y[[5, 7], [0, 1]] = 3, 2
    found = explained(
        {"z": y, "activation": "linear", "targets": np.zeros_like(y), "loss": "squared_error"}, "loss", terms=2
    )
    assert said(found)[:2] == ["(outputs[5,0] - targets[5,0])^2", "(outputs[7,1] - targets[7,1])^2"]
    assert [term.rest for term in found.terms] == [0, 0, 5998]


@pytest.mark.parametrize(("difference", "case"), [(0.5, "({0} - {1})^2 / 2"), (3, "1 * (|{0} - {1}| - 1 / 2)")])
@pytest.mark.parametrize("exact", [True, False])
def test_of_two_cases_the_one_that_applies_is_shown(difference: float, case: str, exact: bool) -> None:
    draft = {"z": [[difference]], "activation": "linear", "targets": [[0]], "loss": "huber"}
    written = json.loads(json.dumps(draft), parse_float=Decimal, parse_int=Decimal) if exact else draft
    found = explain(build(written, exact=exact), Node(0, "loss"), (), Extent())
    assert [term.function for term in found.terms] == [case]


def test_a_kink_of_the_loss_and_class_numbers_are_told() -> None:
    kink = explained(SQUARES | {"loss": "absolute_error"}, "upstream", 0, 0)
    assert kink.notation.where == ("the derivative is 0 where outputs[0,0] = targets[0,0]",)
    classes = "targets[n,j] is 1 if j is the class of sample n, else 0"
    assert explained(SOFTMAX, "loss").notation.where == (classes,)
    columns = SOFTMAX | {"z": [[0], [1]], "samples": "columns"}
    assert explained(columns, "loss").notation.where == (classes.replace("n,j", "j,n"),)
    assert explained(columns, "dz", 1, 0).through_upstream is not None


def test_a_loss_without_exact_arithmetic_is_refused_where_it_is_needed() -> None:
    draft = {"z": [[1, 2]], "activation": "linear", "targets": [[0, 1]], "loss": "cross_entropy_with_logits"}
    problem: Problem = build(json.loads(json.dumps(draft), parse_int=Decimal), exact=True)
    with pytest.raises(
        InputError, match=r"loss: cross_entropy_with_logits has no exact arithmetic \(leave out --exact\)"
    ):
        explain(problem, Node(0, "loss"), (), Extent())
    assert explain(problem, Node(0, "outputs"), (0, 0), Extent()).value == 1


def test_the_loss_has_no_index() -> None:
    with pytest.raises(UsageError, match=r"loss\[0\]: loss is one number \(expected loss without an index\)"):
        explained(SQUARES, "loss", 0)


def test_an_upstream_that_is_the_outputs_is_explained_as_such() -> None:
    found = explained({"z": [[4]], "upstream": "outputs"}, "upstream", 0, 0)
    assert (found.entry, found.value) == ("outputs[0,0]", 4)


def test_the_worked_solution_of_a_matched_pair_needs_no_upstream_and_says_how_to_see_it() -> None:
    found = worked(build(SOFTMAX), Extent())
    assert [step.node_place for step in found.steps] == ["outputs", "loss", "dz", "dbiases"]
    (upstream,) = (each for each in found.left_out if each.place == "upstream")
    assert (upstream.entries, upstream.of, upstream.shown_by) == (2, 2, "upstream[0,0]")
    assert "upstream" in [step.node_place for step in worked(build(SQUARES), Extent()).steps]


@pytest.mark.parametrize("name", [name for name, row in ACTIVATIONS.items() if row.reads and name != "relu"])
@pytest.mark.parametrize("z", [-1.5, 0.75])
def test_the_formula_of_an_activation_is_true(name: str, z: float) -> None:
    """ReLU and a linear activation are written out in every rule; softmax has lines of its own."""
    row = activation(f"{name}(0.3)") if ACTIVATIONS[name].with_parameter else ACTIVATIONS[name]
    if row.couples:
        assert name not in FORMULAS
        return
    functions = {**vars(math), "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "z": z}
    at = np.array([z])
    for (line,), true in ((value_formula(row), row.value(at)), (derivative_formula(row), row.derivative(at))):
        formula = line.partition(" = ")[2].replace(",", "").replace("^", "**")
        assert eval(formula, functions) == pytest.approx(true.item(), rel=1e-12)  # noqa: S307

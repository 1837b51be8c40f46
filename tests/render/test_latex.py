"""A worked solution in LaTeX is well formed, has the numbers of the JSON, and says what it does not show."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import Scope, Worked, worked
from backprop_cli.load.schema import build
from backprop_cli.render import json as render_json
from backprop_cli.render import latex
from backprop_cli.render.numbers import number
from tests.any_problem import any_problem
from tests.render.tex import faults

SEEDS = range(40)
ARRAY = re.compile(r"\\left\[\\begin\{array\}\{([^&]*?)\} (.*?) \\end\{array\}\\right\]")
A_NUMBER = r"-?\d+(?:\.\d+)?(?: \\times 10\^\{-?\d+\})?"
# The symbol of an entry at the beginning of an equation, and its index
AN_ENTRY = re.compile(
    r"(?:^|, \\qquad )(L|(?:\\partial L(?:_\{\d+\})? / \\partial )?[a-z]'?(?:\^\{\(\d+\)\})?_\{([\d,]+)\}) &?= ",
    re.MULTILINE,
)
RELU: dict[str, Any] = {
    "title": "One neuron is inactive",
    "inputs": [[1, 2], [-3, 0.5]],
    "weights": [[1, 0.25], [0.5, -1.75]],
    "biases": [0, 0.5],
    "upstream": [[1, 2], [3, 4]],
}


def work(draft: Mapping[str, Any], **extent: Any) -> Worked:
    return worked(build(draft), Extent(**{"depth": 0} | extent))


def tree_of(found: Worked) -> Any:
    return json.loads("".join(render_json.worked(found)))


def plain(tex: str) -> str:
    """Return a number as tables have it."""
    mantissa, _, exponent = tex.partition(r" \times 10^{")
    return f"{mantissa}e{int(exponent.removesuffix('}')):+03d}" if exponent else mantissa


def cells(letters: str, body: str) -> list[list[str]]:
    """Return the cells of an array; some of its columns are split at the decimal point."""
    columns = re.findall(r"r@\{\}l|r", letters)
    rows = []
    for line in body.split(r" \\ "):
        parts = [part.strip() for part in line.split("&")]
        rows.append([parts.pop(0) + (parts.pop(0) if column != "r" else "") for column in columns])
        assert not parts
    return [[plain(cell.removesuffix("^{*}")) for cell in row] for row in rows]


def sections(page: str) -> Iterator[tuple[str, str]]:
    """Yield the equations of each quantity, with its place."""
    yield from re.findall(r"^% (\S+)\n(.*?)(?=^% |\n\\end\{flalign\*\})", page, re.MULTILINE | re.DOTALL)


def printed(values: Any) -> list[list[str]]:
    return [[number(value, None) for value in row] for row in np.atleast_2d(values).tolist()]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_numbers_are_those_of_json(seed: int) -> None:
    found = work(any_problem(seed))
    page, tree = latex.worked(found, None, 0, standalone=True), tree_of(found)
    matrices = {each["place"]: each["values"] for each in tree["matrices"]}
    values = {step["entry"]: step["value"] for step in tree["walk"]}
    given, equations = re.findall(r"^% ([^\n]*)\n(.*?)\\end\{flalign\*\}", page, re.MULTILINE | re.DOTALL)[0]
    assert list(matrices)[: len(found.given)] == given.split(", ")
    numbers = re.findall(rf"{ARRAY.pattern}|= ({A_NUMBER})", equations)
    for place, (letters, body, single) in zip(given.split(", "), numbers, strict=True):
        shown = [[plain(single)]] if single else cells(letters, body)
        assert np.ravel(shown).tolist() == np.ravel(printed(matrices[place])).tolist(), place
    quantities = dict(sections(page))
    assert list(quantities)[-len(found.steps) :] == [step.node_place for step in found.steps]
    for place, text in list(quantities.items())[-len(found.steps) :]:
        if place != "loss":
            *filled_in, array = (cells(*found.groups()) for found in ARRAY.finditer(text))
            assert np.ravel(array).tolist() == np.ravel(printed(matrices[place])).tolist(), place
            (step,) = (step for step in found.steps if step.node_place == place)
            operands = [printed(each.grid) for each in step.operands if each.values.ndim]
            assert filled_in in ([], operands), place
        (entry,) = AN_ENTRY.finditer(text)
        name = f"{place}[{entry[2]}]" if entry[2] else place
        result = re.search(rf"({A_NUMBER})(?:\^\{{\*\}})?(?: \\\\\[4pt\]| &&)?$", text.rstrip())
        assert result is not None, text
        assert plain(result[1]) == number(values[name], None), name


@pytest.mark.parametrize("seed", SEEDS)
def test_every_entry_is_worked_out_or_named_as_left_out(seed: int) -> None:
    found = work(any_problem(seed) | {"steps": 1 + seed % 2})
    page, tree = latex.worked(found, None, 20), tree_of(found)
    equations, _, notes = page.replace(r"\_", "_").partition(r"\footnotesize")
    said = re.search(r"The terms of (\d+) of (\d+) entr", notes)
    named = sum(map(int, re.findall(r"(\d+) of [a-z_]+", notes)))
    alone = sum(map(int, re.findall(r"\w+ \((\d+) entr", notes)))
    assert (int(said[1]), int(said[2])) if said else (named, len(tree["walk"]) + tree["not_shown"]) == (0, 0)
    assert len(AN_ENTRY.findall(equations)) == len(tree["walk"])
    assert named + alone == tree["not_shown"]


@pytest.mark.parametrize("standalone", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_page_is_well_formed(seed: int, *, standalone: bool) -> None:
    found = work(any_problem(seed), every_entry=seed % 4 == 0)
    page = latex.worked(found, None, 20, standalone=standalone)
    assert faults(page) == []
    assert page == latex.worked(found, None, 20, standalone=standalone)
    assert page.startswith(r"\documentclass" if standalone else r"\begingroup")
    assert page.endswith("\\end{document}\n" if standalone else "\\endgroup\n")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_entry_is_well_formed(seed: int) -> None:
    problem = build(any_problem(seed))
    for depth in (0, 1, 20):
        found = explain(problem, Node(0, "dweights"), (0, 0), Extent(depth=depth))
        page = latex.explanation(found, None, standalone=depth == 1)
        assert faults(page) == []
        assert f"= {latex_number(number(found.value, None))}$" in page


def latex_number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa


def test_a_large_matrix_shows_its_edges_and_says_which() -> None:
    draft = {"inputs": np.arange(1200.0).reshape(40, 30) / 7, "weights": np.ones((30, 2)), "upstream": "ones"}
    found = work(draft | {"activation": "linear"}, terms=3)
    for standalone, left, right in ((False, "0 to 1", "29 to 29"), (True, "0 to 2", "28 to 29")):
        page = latex.worked(found, None, 6, standalone=standalone)
        note = rf"\texttt{{inputs}} shows rows 0 to 2 and 37 to 39 of 40 and columns {left} and {right} of 30."
        assert note in page
    assert r"\texttt{z} shows rows 0 to 2 and 37 to 39 of 40." in page
    assert r"\texttt{backprop run PROBLEM -{}-rows 0} shows all of a computed matrix." in page
    assert "The smaller terms of long sums" in page
    assert r"\text{27 other terms}" in page
    assert r" \cdots " in page
    assert r"\ddots" in page
    assert r"\vdots" in page


def test_all_rows_are_shown_if_asked() -> None:
    found = work({"inputs": np.ones((40, 2)), "weights": [[1], [1]], "biases": [0]})
    assert "shows rows" in latex.worked(found, None, 20)
    assert "shows rows" not in latex.worked(found, None, 0)


def test_an_inactive_unit_is_marked() -> None:
    page = latex.worked(work(RELU, every_entry=True), None, 20)
    outputs = dict(sections(page))["outputs"]
    (z, y) = ARRAY.finditer(outputs)
    assert cells(*z.groups()) == [["2", "-2.75"], ["-2.75", "-1.125"]]
    assert cells(*y.groups()) == [["2", "0"], ["0", "0"]]
    assert [row.count("^{*}") for row in y[2].split(r"\\")] == [1, 2]
    assert "$0^{*}$: zero because the unit is inactive." in page
    assert r"\partial z_{0,1} &= \partial L / \partial y_{0,1} \cdot [z_{0,1} > 0] = 2 \cdot 0 = 0^{*}" in page
    assert "^{*}" not in latex.worked(work(RELU | {"activation": "tanh"}), None, 20)


def test_a_term_that_an_inactive_unit_makes_zero_is_marked() -> None:
    page = latex.explanation(explain(build(RELU), Node(0, "dweights"), (0, 0), Extent()), None)
    assert "= 1 \\cdot 1 - 3 \\cdot 0 \\\\*\n&= 1 + 0^{*} = 1 &&\n" in page


def test_a_solution_by_hand() -> None:
    """z = 1*1 + 2*0.5 + 0 = 2; L = (1/2) * (2 - 1)^2 = 0.5 in the first of two samples; gradients are means."""
    draft = RELU | {"targets": [[1, 0], [0, 0]], "loss": "half_squared_error", "reduction": "batch_mean"}
    del draft["upstream"]
    page = latex.worked(work(draft), None, 20)
    assert (
        r"z_{0,0} &= \sum\nolimits_{i} x_{0,i} \, w_{i,0} + b_{0} = 1 \cdot 1 + 2 \cdot 0.5 + 0 = 1 + 1 + 0 = 2" in page
    )
    assert r"= \frac{1}{2} \bigl( \frac{(2 - 1)^{2}}{2} + \frac{(0 - 0)^{2}}{2}" in page.replace("&= ", "= ")
    assert r"= \frac{0.5}{2} = 0.25" in page
    assert "One neuron is inactive" in page


def test_the_letters_are_told() -> None:
    page = latex.worked(work(any_problem(1) | {"steps": 3}), None, 20)
    assert "Step 3 of 3: weights and biases are those before this step." in page
    assert r"Exponents in brackets are layers: $W^{(1)}$ are the weights of \texttt{layers[1]}." in page
    assert "The inputs $X^{(k)}$ of layer $k$ are the outputs $Y^{(k-1)}$ of the layer before." in page
    page = latex.worked(work(RELU), None, 20)
    assert "$X$: inputs, $W$: weights, $b$: biases, $Z$: pre-activations, $Y$: outputs, $L$: the loss" in page
    assert "$T$" not in page
    assert "layers" not in page
    assert r"$b$ is added for every sample. \texttt{dweights} is" in page.replace(
        r" $0^{*}$: zero because the unit is inactive.", ""
    )
    columns = latex.worked(
        work({"samples": "columns", "z": [[1, 2], [3, 4]], "mean_gradients": True, "upstream": "ones"}), None, 20
    )
    assert "Each column of inputs, outputs and their gradients is a sample." in columns
    assert "$L_n$: the loss of sample $n$; $L$ is their mean." in columns
    entry = latex.explanation(explain(build(any_problem(1)), Node(0, "dweights"), (0, 0), Extent(depth=9)), None)
    assert "The inputs $x^{(k)}$ of layer $k$ are the outputs $y^{(k-1)}$ of the layer before." in entry


def test_precision_and_terms() -> None:
    page = latex.worked(work({"inputs": [[1 / 3, 2 / 3, 1]], "weights": [[1], [1], [1e-9]]}, terms=1), 3, 20)
    assert r"\left[\begin{array}{@{}r@{\quad}r@{\quad}r@{}} 0.333 & 0.667 & 1 \end{array}\right]" in page
    assert r"0.667 \cdot 1 + \text{2 other terms} = 0.667 + 0.333 = 1" in page
    assert r"{@{}r@{}l@{}} 1& \\ 1& \\ 1& \times 10^{-9} \end{array}" in page


def test_exact_numbers_have_at_most_40_digits() -> None:
    draft = {
        "inputs": [[Decimal("0.1234567890123456789")]],
        "weights": [[Decimal("1.00000000000000000000000000000001")]],
    }
    page = latex.worked(worked(build(draft, exact=True), Extent(depth=0)), None, 20)
    assert "0.1234567890123456789" in page
    assert "1.00000000000000000000000000000001" in page
    assert r"Z &= X \, W" in page
    assert max(len(text) for text in re.findall(r"[\d.]+", page)) <= 42


def test_a_part_of_a_problem() -> None:
    problem = build(RELU)
    page = latex.worked(worked(problem, Extent(depth=0), Scope(nodes=(Node(0, "dweights"),))), None, 20)
    assert len(AN_ENTRY.findall(page)) == 4
    assert r"\textbf{Gradient step" not in page
    only = latex.worked(worked(build({"z": [[1]], "upstream": [[2]]}), Extent(depth=0)), None, 20)
    assert r"\textbf{Not computed.} \texttt{dinputs} needs weights." in only


def test_an_entry_that_is_given() -> None:
    page = latex.explanation(explain(build({"z": [[1.5]], "upstream": [[2]]}), Node(0, "z"), (0, 0), Extent()), None)
    assert r"z_{0,0} &= 1.5 \quad \text{(given)} &&" in page
    assert "Where the factors" not in page


def test_a_quantity_that_is_given() -> None:
    scope = Scope(nodes=(Node(0, "z"),))
    page = latex.worked(worked(build({"z": [[1.5]], "upstream": [[2]]}), Extent(depth=0), scope), None, 20)
    assert r"Z &= \text{as given} = \left[\begin{array}{@{}r@{}} 1.5 \end{array}\right]" in page
    assert "Given" not in page


def test_sources_that_are_left_out_are_told() -> None:
    layers = [{"weights": [[1]], "biases": [0], "activation": "linear"}] * 400
    problem = build({"inputs": [[1]], "layers": layers, "upstream": "ones"})
    page = latex.explanation(explain(problem, Node(0, "dweights"), (0, 0), Extent(depth=100, whole=True)), None)
    assert page.count("Further sources are left out.") == 1


def test_an_entry_by_the_chain_rule() -> None:
    draft = {"z": [[0.0, 0.0]], "activation": "softmax", "targets": [1], "loss": "cross_entropy"}
    page = latex.explanation(explain(build(draft), Node(0, "dz"), (0, 0), Extent()), None)
    assert r"y_{0,0} - t_{0,0} = 0.5 - 0 = 0.5" in page
    assert r"The same by the chain rule, through \texttt{upstream}." in page
    assert "Cross-entropy of softmax: most factors of the chain rule cancel out." in page
    assert "$t_{n,j}$ is 1 if j is the class of sample n, else 0." in page


def test_terms_that_add_up_to_something_else_are_told() -> None:
    """sigmoid(40) - 1 is 0 in float64; without cancellation it is -exp(-40) = -4.24835426e-18."""
    draft = {"z": [[40.0]], "activation": "sigmoid", "targets": [[1.0]], "loss": "binary_cross_entropy"}
    page = latex.worked(work(draft), None, 20)
    assert r"= 1 - 1 \approx -4.24835426 \times 10^{-18}" in page
    assert "The 2 terms add up to 0, and a form without cancellation, to dz[0,0] = -4.24835426e-18." in page

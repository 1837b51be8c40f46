"""Explanations as JSON say what is repeated, what is left out, and to what a gradient is passed on."""

import json
from typing import Any

import numpy as np

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.schema import build
from backprop_cli.render import json as render_json

LAYER: dict[str, Any] = {"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [0], "upstream": [[1]]}


def read(found: Explanation) -> Any:
    return json.loads(render_json.explanation(found))


def test_optional_keys_stand_where_they_apply() -> None:
    found = read(explain(build(LAYER), Node(0, "new_biases"), (0,), Extent()))
    assert list(found) == ["schema", "entry", "value", "rule", "terms", "from"]
    assert [list(term) for term in found["terms"]] == [
        ["factors", "value", "closed"],
        ["factors", "coefficient", "value", "closed"],
    ]
    (dbiases,) = found["from"]
    assert list(dbiases) == ["entry", "value", "rule", "chain", "terms", "from"]
    dz = read(explain(build(LAYER), Node(0, "dz"), (0, 0), Extent()))
    assert list(dz["terms"][0]) == ["factors", "coefficient", "slope", "value", "closed"]
    z = read(explain(build(LAYER), Node(0, "z"), (0, 0), Extent(terms=1)))
    assert list(z["terms"][1]) == ["factors", "rest", "value", "closed"]
    outputs = read(explain(build(LAYER), Node(0, "outputs"), (0, 0), Extent()))
    assert outputs["terms"][0]["function"] == "max(z, 0)"


def test_what_is_explained_already_is_repeated_by_name_and_value() -> None:
    found = read(explain(build(LAYER | {"upstream": "outputs"}), Node(0, "dz"), (0, 0), Extent(depth=9)))
    assert found["from"][1]["from"] == [{"entry": "z[0,0]", "value": 14, "repeated": True}]


def test_sources_that_are_left_out_are_told() -> None:
    found = read(explain(build(LAYER), Node(0, "new_biases"), (0,), Extent(depth=1, whole=True)))
    (dbiases,) = found["from"]
    assert (dbiases["cut"], dbiases["from"]) == (True, [])


def test_a_gradient_that_is_passed_on_to_many_says_to_how_many_more() -> None:
    found = json.loads("".join(render_json.worked(worked(build(LAYER), Extent(terms=2)))))
    (dz,) = (step for step in found["walk"] if step["entry"] == "dz[0,0]")
    assert dz["passed_on"] == [{"name": f"inputs[0,{i}] * weights[{i},0]", "value": 1} for i in range(2)]
    assert dz["more_passed_on"] == 2


def test_of_a_very_large_matrix_there_are_its_edges_with_their_indices() -> None:
    draft = {"inputs": np.arange(10_200.0).reshape(102, 100), "weights": np.ones((100, 1)), "upstream": "ones"}
    found = worked(build(draft), Extent(depth=0))
    some, whole = (json.loads("".join(render_json.worked(found, max_rows)))["matrices"][0] for max_rows in (4, 0))
    assert (some["place"], some["shape"], some["rows"], some["columns"]) == (
        "inputs",
        [102, 100],
        [0, 1, 100, 101],
        list(range(100)),
    )
    assert [row[:2] for row in some["values"]] == [[0, 1], [100, 101], [10_000, 10_001], [10_100, 10_101]]
    assert ("rows" in whole, len(whole["values"])) == (False, 102)


def test_of_a_very_long_list_there_are_its_ends() -> None:
    draft = {"upstream": np.ones((1, 10_001)), "activation": "linear"}
    found = json.loads("".join(render_json.worked(worked(build(draft), Extent(depth=0)), 20)))["matrices"]
    (dbiases,) = (each for each in found if each["place"] == "dbiases")
    assert dbiases["values"] == [1] * 20
    assert (dbiases["rows"], dbiases["columns"]) == ([0], [*range(10), *range(9991, 10_001)])
    assert dbiases["shape"] == [10_001]


def test_a_worked_solution_has_its_matrices_with_their_rules() -> None:
    """z = 1 * 1 + 2 * 2 + 3 * 3."""
    found = json.loads("".join(render_json.worked(worked(build(LAYER), Extent(depth=0)))))
    assert found["matrices"][:2] == [
        {"place": "inputs", "shape": [1, 3], "values": [[1, 2, 3]]},
        {"place": "weights", "shape": [3, 1], "values": [[1], [2], [3]]},
    ]
    assert {"place": "z", "rule": "inputs @ weights + biases", "shape": [1, 1], "values": [[14]]} in found["matrices"]
    assert {"place": "learning_rate", "shape": [], "values": 0.001} in found["matrices"]
    assert found["left_out"][0] == {"place": "dweights", "entries": 2, "of": 3, "shown_by": "dweights"}

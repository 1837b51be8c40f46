"""An explanation shows the largest terms, marks inactive units, follows factors to their sources, and has limits."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.errors import InputError, UsageError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.load.schema import build

ALL_LEVELS = Extent(depth=100, whole=True)
LINEAR = {"weights": [[1]], "biases": [0], "activation": "linear"}
RELU = {"weights": [[1, -1]], "biases": [0, 0]}
TWO_LAYERS = {
    "inputs": [[1]],
    "layers": [RELU, {"weights": [[1], [1]], "biases": [0], "activation": "linear"}],
    "upstream": "ones",
}


Build = Callable[[dict[str, Any]], Problem]


def build_exactly(draft: dict[str, Any]) -> Problem:
    return build(json.loads(json.dumps(draft), parse_float=Decimal, parse_int=Decimal), exact=True)


def every_explanation(found: Explanation) -> Iterator[Explanation]:
    yield found
    for source in found.sources:
        yield from every_explanation(source)


def test_a_long_sum_shows_its_largest_terms_and_the_rest_as_one() -> None:
    """The terms are 1 to 10,000 with signs; the ten largest are 9,991 to 10,000."""
    signed = [k if k % 2 else -k for k in range(1, 10_001)]
    problem = build({"inputs": [[k] for k in signed], "upstream": [[1]] * 10_000, "activation": "linear"})
    found = explain(problem, Node(0, "dweights"), (0, 0), Extent(terms=10))
    assert [term.value for term in found.terms] == [*signed[-10:], sum(signed[:-10])]
    assert [term.rest for term in found.terms] == [0] * 10 + [9990]
    assert found.terms[-1].running == found.value == sum(signed)


@pytest.mark.parametrize(
    ("most", "shown"), [(3, ["dz[0,0]", "dz[1,0]", "dz[2,0]"]), (2, ["dz[1,0]", "dz[2,0]"]), (1, ["dz[1,0]"])]
)
@pytest.mark.parametrize("build", [build, build_exactly])
def test_of_equal_terms_the_first_is_shown(build: Build, most: int, shown: list[str]) -> None:
    problem = build({"activation": "linear", "upstream": [[1], [3], [-3]]})
    found = explain(problem, Node(0, "dbiases"), (0,), Extent(terms=most))
    assert [factor.name for term in found.terms for factor in term.factors] == shown
    assert found.terms[-1].running == 1


@pytest.mark.parametrize(
    ("draft", "node", "index", "terms", "inactive"),
    [
        ({"z": [[3], [-1]], "upstream": [[5], [7]]}, Node(0, "dbiases"), (0,), 20, [False, True]),
        ({"z": [[3], [-1]], "upstream": [[5], [7]]}, Node(0, "outputs"), (1, 0), 20, [True]),
        ({"z": [[3], [-1], [-1]], "upstream": [[5], [7], [7]]}, Node(0, "dbiases"), (0,), 1, [False, True]),
        ({"z": [[0], [-1], [2]], "upstream": [[0], [7], [5]]}, Node(0, "dbiases"), (0,), 1, [False, True]),
        ({"z": [[1], [-1], [2]], "upstream": [[1], [7], [5]]}, Node(0, "dbiases"), (0,), 1, [False, False]),
        (TWO_LAYERS, Node(1, "dweights"), (1, 0), 20, [True]),
    ],
    ids=["terms", "outputs", "rest", "rest at a kink", "rest in part", "unit of the layer before"],
)
def test_terms_that_inactive_units_make_zero_are_marked(
    draft: dict[str, Any], node: Node, index: tuple[int, ...], terms: int, inactive: list[bool]
) -> None:
    found = explain(build(draft), node, index, Extent(terms=terms))
    assert [term.inactive for term in found.terms] == inactive


def test_the_tree_goes_all_the_way_and_explains_each_entry_once() -> None:
    found = explain(build(TWO_LAYERS), Node(0, "dweights"), (0, 0), ALL_LEVELS)
    explained = [each.entry for each in every_explanation(found) if not each.repeated]
    assert explained == [
        "layers[0].dweights[0,0]",
        "layers[0].dz[0,0]",
        "layers[0].z[0,0]",
        "layers[1].dinputs[0,0]",
        "layers[1].dz[0,0]",
    ]


@pytest.mark.parametrize(("depth", "levels"), [(0, 1), (1, 2), (2, 3), (3, 4), (100, 4)])
def test_the_tree_has_as_many_levels_as_are_asked_for(depth: int, levels: int) -> None:
    def height(tree: Explanation) -> int:
        return 1 + max(map(height, tree.sources), default=0)

    draft = {"inputs": [[1]], "weights": [[2]], "biases": [3], "upstream": [[1]]}
    found = explain(build(draft), Node(0, "new_biases"), (0,), Extent(depth=depth))
    assert height(found) == levels  # new_biases, dbiases, dz, z
    assert not any(each.cut for each in every_explanation(found))


def test_an_entry_of_given_numbers_has_nothing_behind_it() -> None:
    found = explain(build({"inputs": [[2]], "weights": [[3]], "biases": [1]}), Node(0, "z"), (0, 0), ALL_LEVELS)
    assert (found.value, found.sources) == (7, ())


def test_a_given_z_is_its_own_term() -> None:
    found = explain(build({"z": [[2]], "upstream": [[3]]}), Node(0, "dz"), (0, 0), Extent())
    (z,) = found.sources
    assert [(factor.name, factor.value) for term in z.terms for factor in term.factors] == [("z[0,0]", 2)]
    assert z.sources == ()


def test_a_very_deep_network_is_cut_off() -> None:
    problem = build({"inputs": [[1]], "layers": [LINEAR] * 400, "upstream": "ones"})
    found = list(every_explanation(explain(problem, Node(0, "dweights"), (0, 0), ALL_LEVELS)))
    assert [each.cut for each in found] == [False] * 100 + [True]


def test_a_wide_network_is_cut_off_too() -> None:
    rng = np.random.default_rng(1)
    layers = [{"weights": rng.normal(size=(20, 20)).tolist(), "biases": [0] * 20} for _ in range(20)]
    problem = build({"inputs": rng.normal(size=(30, 20)).tolist(), "layers": layers, "upstream": "ones"})
    found = list(every_explanation(explain(problem, Node(0, "dweights"), (0, 0), ALL_LEVELS)))
    assert 500 < sum(not each.repeated for each in found) < 3000
    assert any(each.cut for each in found)


@pytest.mark.parametrize(
    ("quantity", "index", "there_is"),
    [
        ("dweights", (9, 1), "dweights[9,1]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)"),
        ("dweights", (1, 3), "dweights[1,3]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)"),
        ("dweights", (1,), "dweights[1]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)"),
        ("dweights", (), "dweights: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)"),
        ("dbiases", (3,), "dbiases[3]: dbiases has 3 entries (0 to 2)"),
        ("z", (1, 0), "z[1,0]: z has 1 row (0 to 0) and 3 columns (0 to 2)"),
    ],
)
def test_an_index_beyond_the_end_is_told_what_there_is(quantity: str, index: tuple[int, ...], there_is: str) -> None:
    problem = build({"inputs": [[1] * 4], "weights": [[1] * 3] * 4, "biases": [0] * 3, "upstream": [[1] * 3]})
    with pytest.raises(UsageError) as error:
        explain(problem, Node(0, quantity), index, Extent())
    assert str(error.value) == there_is


HUGE = 1.7e308


@pytest.mark.parametrize("column", [[HUGE, -HUGE, -HUGE, HUGE], [HUGE, HUGE, -HUGE, -HUGE]], ids=["rest", "running"])
def test_sums_beyond_float64_are_an_error_and_no_bug(column: list[float]) -> None:
    draft = {"inputs": [[1]] * 4, "activation": "linear", "upstream": [[value] for value in column]}
    with pytest.raises(InputError, match=r"dbiases\[0\]: overflows float64") as error:
        explain(build(draft), Node(0, "dbiases"), (0,), Extent(terms=1))
    assert error.value.place == "dbiases[0]"
    assert explain(build_exactly(draft), Node(0, "dbiases"), (0,), Extent(terms=1)).value == 0


def test_exact_arithmetic_goes_beyond_float64() -> None:
    big = Fraction(10) ** 399
    problem = build_exactly({"activation": "linear", "upstream": [[int(big)], [int(3 * big)], [int(-big)]]})
    found = explain(problem, Node(0, "dbiases"), (0,), Extent())
    assert (found.value, found.total) == (3 * big, 3 * big)


def test_the_total_is_rounded_once() -> None:
    """1e16 + 1 - 1e16 + 0.5 is 1.5, though float64 loses the 1 on the way."""
    draft = {"inputs": [[1e16, 1, -1e16]], "weights": [[1], [1], [1]], "biases": [0.5], "activation": "linear"}
    found = explain(build(draft), Node(0, "z"), (0, 0), Extent())
    assert (found.value, found.total) == (0.5, 1.5)


@pytest.mark.parametrize(
    ("column", "overflows"), [([HUGE, HUGE, -HUGE, -HUGE], True), ([HUGE, -HUGE, HUGE, -HUGE], False)]
)
def test_one_entry_of_a_large_matrix_is_the_sum_of_its_terms(column: list[float], overflows: bool) -> None:
    """For one entry, a matrix of more than 10 million products is not computed: the terms of the entry may overflow."""
    n = 1600
    draft = {"inputs": np.tile(column, (n, 1)), "weights": np.ones((4, n)), "biases": np.ones(n)}
    if overflows:
        with pytest.raises(InputError, match="overflows float64 on the way"):
            explain(build(draft), Node(0, "z"), (0, 0), Extent())
    else:
        assert explain(build(draft), Node(0, "z"), (0, 0), Extent()).value == 1


def test_a_large_problem_that_lacks_something_says_so_too() -> None:
    draft = {"inputs": np.ones((2000, 100)), "biases": np.ones(60), "upstream": np.ones((2000, 60))}
    with pytest.raises(InputError) as error:
        explain(build(draft), Node(0, "dweights"), (0, 0), Extent())
    assert str(error.value) == "too little was given: dweights needs z (or weights)"

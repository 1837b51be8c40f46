"""The terms of an explanation add up to the entry, and each factor is the entry that it is named after."""

import json
import random
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.rounding import bounds
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node
from backprop_cli.core.solve import solve
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent, Term
from backprop_cli.load.schema import build
from tests.reference import as_draft, random_network


class Entries:
    """The value of any entry by its name: given, or computed by the solver."""

    def __init__(self, problem: Problem) -> None:
        self._arrays = dict(solve(problem).matrices())
        given = {"inputs": problem.inputs, "upstream": problem.upstream}
        for i, layer in enumerate(problem.layers):
            weights = None if layer.weights is None else problem.as_written("weights", layer.weights)
            given |= {problem.place(i, "weights"): weights, problem.place(i, "biases"): layer.biases}
        self._arrays |= {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
        self._problem = problem

    def __getitem__(self, name: str) -> Any:
        if name == "learning_rate":
            return self._problem.learning_rate
        found = re.fullmatch(r"(.*)\[([\d,]+)\]", name)
        assert found, name
        if found[1] == "upstream" and isinstance(self._problem.upstream, str):
            assert self._problem.upstream == "ones"
            return 1
        return self._arrays[found[1]][tuple(map(int, found[2].split(",")))]


def random_index(rng: random.Random, problem: Problem, node: Node) -> tuple[int, ...]:
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    axes = AXES[node.quantity]
    transposed = len(axes) == 2 and "n" not in axes and problem.weight_layout == "out-in"
    return tuple(rng.randrange(sizes[axis] or 1) for axis in (axes[::-1] if transposed else axes))


def product_of(term: Term) -> Fraction:
    product = Fraction(1 if term.coefficient is None else term.coefficient)
    for factor in term.factors:
        product *= Fraction(factor.value)
    return max(product, Fraction(0)) if term.function == "max({0}, 0)" else product


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float64"])
@pytest.mark.parametrize("seed", range(30))
def test_the_terms_add_up_and_the_factors_are_what_they_are_called(seed: int, exact: bool) -> None:
    rng = random.Random(seed)
    draft = as_draft(random_network(rng, denominator=10), rng.choice(("in-out", "out-in")))
    draft |= {"upstream": rng.choice((draft["upstream"], "outputs", "ones"))}
    written = json.loads(json.dumps(draft), parse_float=Decimal, parse_int=Decimal)
    problem = build(written, exact=True) if exact else build(draft)
    every, entries = problem.nodes, Entries(problem)
    allowed = {} if exact else bounds(solve(problem))
    for node in every:
        index = random_index(rng, problem, node)
        found = explain(problem, node, index, Extent())
        place = f"layers[{node.layer}].{node.quantity}"
        assert found.entry == f"{place}[{','.join(map(str, index))}]"
        assert found.value == entries[found.entry]
        total = sum((Fraction(term.value) for term in found.terms), Fraction(0))
        assert found.total == (total if exact else float(total))
        assert abs(total - Fraction(found.value)) <= (0 if exact else Fraction(float(allowed[place][index])))
        assert not exact or found.terms[-1].running == total
        for term in found.terms:
            assert [factor.value for factor in term.factors] == [entries[factor.name] for factor in term.factors]
            product = product_of(term)
            assert abs(product - Fraction(term.value)) <= (0 if exact else abs(product) * Fraction(1, 10**15))
            assert not (term.inactive and term.value)

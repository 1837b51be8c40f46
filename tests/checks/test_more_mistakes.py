"""The rarer mistakes, slips of the pen, and two mistakes at once: each is planted, found and named."""

from collections import Counter
from collections.abc import Iterator

import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from tests.checks.more_passes import PLANTED, Planted
from tests.checks.passes import RIGHT, Values, checked, random_network
from tests.checks.test_mistakes import by_node, different, solved_draft
from tests.conftest import sized


def networks(planted: Planted, n_networks: int) -> Iterator[tuple[Solution, Values, dict[Node, Array]]]:
    """Yield networks with the right values and the wrong ones, where the mistake changes two entries or more."""
    found = seed = 0
    while found < n_networks:
        seed += 3  # a multiple of the number of kinds of numbers: floats
        draft = random_network(seed, square=planted.square)
        right = RIGHT(draft)
        many = {
            node: values
            for node, values in by_node(planted.wrong(draft), *planted.strikes).items()
            if node.quantity in right[node.layer]
            and values.any()
            and values.shape == right[node.layer][node.quantity].shape
            and different(values, right[node.layer][node.quantity]).sum() > 1
        }
        if many:
            found += 1
            yield solved_draft(draft), right, many


@sized("n_networks", 1, 20)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_named(name: str, n_networks: int) -> None:
    planted, named, others = PLANTED[name], 0, Counter[str]()
    for solution, right, wrong in networks(planted, n_networks):
        beside = by_node(right, "z") if planted.with_z else {}
        for node, values in wrong.items():
            explanations = checked(solution, beside | {node: values})[node].explanations
            is_named = any(planted.words in text for text in explanations)
            named += is_named
            if not is_named:
                others[f"{node} {values.shape}: {explanations}"] += 1
    assert named >= 0.95 * (named + others.total()), others

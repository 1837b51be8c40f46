"""A mistake that was worked on from is named once, where it began: later quantities follow, or have the same name."""

from itertools import count, islice

import pytest

from backprop_cli.core.quantities import OF_A_LAYER, Node
from backprop_cli.core.rules import working_order
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.checks.passes import PLANTED, WORDS, checked, random_network
from tests.conftest import sized

# Each quantity has a description of its own: these change all quantities alone, and nothing was worked on from them.
_IN_EACH = ("transposed", "another layer")
_SQUARE = ("weights untransposed", "wrong axis")


@sized("n_networks", 2, 20)
@pytest.mark.parametrize("name", [name for name in PLANTED if name not in _IN_EACH])
def test_a_mistake_is_named_once(name: str, n_networks: int) -> None:
    n_named = n_once = 0
    for seed in islice(count(3, 3), n_networks):
        draft = random_network(seed, square=name in _SQUARE, kink="kink" in name)
        solution = solve(build(draft))
        planted = {
            Node(i, quantity): array
            for i, layer in enumerate(PLANTED[name](draft))
            for quantity, array in layer.items()
            if quantity in OF_A_LAYER and quantity in solution.layers[i].computed
        }
        order = [node for node in working_order(len(solution.layers)) if node in planted]
        wrong = [check for check in checked(solution, {node: planted[node] for node in order}).values() if check.wrong]
        texts = {check.explanations for check in wrong if check.explanations}
        if any(WORDS[name] in text for explanations in texts for text in explanations):
            n_named += 1
            n_once += len(texts) == 1
    assert n_named >= 0.8 * n_networks - 1  # the others change too little, or lead to the numbers of another mistake
    assert n_once >= 0.9 * n_named - 1

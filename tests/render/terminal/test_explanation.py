"""Explanations at a terminal are short pages: a rule, a table of the largest terms, and a tree of sources."""

from typing import Any

import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.load.schema import build
from backprop_cli.render.terminal import explanation
from backprop_cli.render.terminal.page import Look

LOOK = Look(ascii_only=True, wraps=False)


def explained(draft: dict[str, Any], node: Node, *index: int, **extent: Any) -> str:
    return explanation.explanation(explain(build(draft), node, index, Extent(**extent)), LOOK, None)


def test_a_page_has_a_rule_a_table_and_the_sources() -> None:
    draft = {"inputs": [[1], [2]], "z": [[3], [-1]], "upstream": [[5], [7]]}
    assert explained(draft, Node(0, "dweights"), 0, 0) == (
        "dweights[0,0] = 5\n"
        "\n"
        "  (L the loss; x, w, b, z, y: inputs, weights, biases, pre-activations, outputs)\n"
        "  dweights[0,0] = sum over samples n of inputs[n,0] * dz[n,0]\n"
        "  dL/dw[0,0] = sum over n of dL/dy[n,0] * dy[n,0]/dz[n,0] * dz[n,0]/dw[0,0]\n"
        "\n"
        "                          numbers   term   sum so far\n"
        "----------------------------------------------------------------\n"
        "  inputs[0,0] * dz[0,0]     1 * 5      5            5\n"
        "  inputs[1,0] * dz[1,0]     2 * 0      0            5   inactive\n"
        "\n"
        "The 2 terms add up to dweights[0,0] = 5.\n"
        "\n"
        "where the factors come from\n"
        "  dz[0,0] = upstream[0,0] * relu'(z[0,0]) = 5 * 1 = 5\n"
        "  dz[1,0] = upstream[1,0] * relu'(z[1,0]) = 7 * 0 = 0 (inactive)\n"
    )


def test_a_long_sum_fits_on_a_page() -> None:
    draft = {"inputs": [[k] for k in range(1, 10_001)], "upstream": [[1]] * 10_000, "activation": "linear"}
    page = explained(draft, Node(0, "dweights"), 0, 0)
    assert len(page.splitlines()) < 60
    assert "  9980 other terms" in page


@pytest.mark.parametrize(("n_layers", "n_neurons"), [(400, 1), (20, 20)], ids=["deep", "wide"])
def test_the_tree_of_a_large_network_is_cut_off_and_says_so(n_layers: int, n_neurons: int) -> None:
    layer = {"weights": [[1] * n_neurons] * n_neurons, "biases": [0] * n_neurons, "activation": "linear"}
    draft = {"inputs": [[1] * n_neurons] * 30, "layers": [layer] * n_layers, "upstream": "ones"}
    page = explained(draft, Node(0, "dweights"), 0, 0, depth=100, whole=True)
    assert "(further sources are left out)\n" in page
    assert len(page.splitlines()) < 3000
    assert len(page) < 1_000_000

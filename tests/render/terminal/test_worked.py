"""The page of a worked solution: matrices in brackets side by side, and steps below each other, on a printed page."""

from typing import Any

import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import EVERYTHING, Scope, worked
from backprop_cli.load.schema import build
from backprop_cli.render.terminal import worked as table
from backprop_cli.render.terminal.page import Look

LAYER: dict[str, Any] = {
    "title": "A layer of 2 neurons",
    "inputs": [[1, 2], [3, 4], [-1, 0.5]],
    "weights": [[0.5, -0.25], [0.1, 0.3]],
    "biases": [0.1, -0.2],
    "upstream": [[1, 2], [2, -1], [1, 0.5]],
}
WIDE: dict[str, Any] = {"inputs": [[0.123456789] * 9], "weights": [[1, 2]] * 9, "upstream": "ones"}


def page(draft: dict[str, Any], *, rows: int = 20, scope: Scope = EVERYTHING, **extent: Any) -> str:
    found = worked(build(draft), Extent(**{"depth": 0} | extent), scope)
    return table.worked(found, Look(width=80), None, rows)


def test_a_small_layer_fits_on_a_printed_page() -> None:
    """A page of a line printer has 66 lines of 80 columns."""
    lines = page(LAYER).splitlines()
    assert len(lines) <= 66
    assert max(map(len, lines)) <= 80


def test_a_network_of_two_layers_fits_on_two_printed_pages() -> None:
    layers = [{key: LAYER[key] for key in ("weights", "biases")}] * 2
    lines = page({"inputs": LAYER["inputs"], "layers": layers, "upstream": LAYER["upstream"]}).splitlines()
    assert len(lines) <= 2 * 66


def test_a_step_shows_its_rule_with_numbers_and_an_entry() -> None:
    """By hand: 1 * 0.5 + 2 * 0.1 + 0.1 = 0.8, and so on."""
    assert """
given
           [ 1 2  ]             [0.5 -0.25]
  inputs = [ 3 4  ]   weights = [0.1  0.3 ]   biases = [0.1 -0.2]
           [-1 0.5]
             [1  2  ]
  upstream = [2 -1  ]   learning_rate = 0.001
             [1  0.5]

z = inputs @ weights + biases
    [ 1 2  ]   [0.5 -0.25]                [ 0.8  0.15]
  = [ 3 4  ] @ [0.1  0.3 ] + [0.1 -0.2] = [ 2    0.25]
    [-1 0.5]                              [-0.35 0.2 ]
  z[0,0] = inputs[0,0] * weights[0,0] + inputs[0,1] * weights[1,0] + biases[0]
         = 1 * 0.5 + 2 * 0.1 + 0.1 = 0.5 + 0.2 + 0.1 = 0.8

                          [ 0.8  0.15]       [0.8 0.15]
outputs = max(z, 0) = max([ 2    0.25], 0) = [2   0.25]
                          [-0.35 0.2 ]       [0   0.2 ]
  outputs[0,0] = max(z[0,0], 0) = max(0.8, 0) = 0.8
""" in page(LAYER)


@pytest.mark.parametrize(
    ("draft", "rows", "expected"),
    [
        # The rule is too long for the numbers, so that it says where these stand.
        (
            {"inputs": [[0.123456789] * 7], "weights": [[0.123456789] * 2] * 7, "upstream": "ones"},
            20,
            "z = inputs @ weights\n    (the numbers of inputs and weights stand above)\n  = [",
        ),
        # A matrix that is wider than the page has columns with numbers, in blocks.
        (WIDE, 20, "  inputs =\n                 0            1            2            3            4\n"),
        (
            {"inputs": [[k] for k in range(30)], "weights": [[1]], "upstream": "ones"},
            4,
            "    (inputs shows rows 0 to 1 and 28 to 29 of 30; --rows 0 shows all)\n",
        ),
        (
            {"inputs": [[k] for k in range(30)], "weights": [[1]], "upstream": "ones"},
            4,
            "  inputs = [...]   weights = [1]   upstream = [...]   learning_rate",
        ),
        ({"inputs": [[k] for k in range(30)], "weights": [[1]], "upstream": "ones"}, 4, "[...]"),
        ({"inputs": [[k] for k in range(30)], "weights": [[1]], "upstream": "ones"}, 0, "[29]"),
        (
            {"inputs": [[1] * 120], "weights": [[1]] * 120, "upstream": "ones"},
            20,
            "    (inputs shows columns 0 to 9 and 110 to 119 of 120; --rows 0 shows all)\n",
        ),
        ({"inputs": [[1] * 120] * 3, "weights": [[1]] * 120, "upstream": "ones"}, 2, "\n    ...   ...   ...   ..."),
    ],
    ids=["long rule", "wide", "rows", "gap", "names", "all rows", "columns", "both"],
)
def test_a_large_matrix_says_what_it_shows(draft: dict[str, Any], rows: int, expected: str) -> None:
    assert expected in page(draft, rows=rows)


def test_a_result_that_is_wider_than_the_page_is_a_table() -> None:
    found = page({"z": [[0.123456789] * 9], "activation": "sigmoid"})
    assert "\noutputs = sigmoid(z)\n    (the numbers of z stand above)\n                 0 " in found


def test_long_sums_and_their_smaller_terms() -> None:
    draft = {"inputs": [[1] * 12], "weights": [[k] for k in range(12)], "upstream": "ones"}
    whole, some = page(draft), page(draft, terms=3)
    assert whole.count("inputs[0,11] * weights[11,0]") == 1
    assert "9 other terms" in some
    assert "  the smaller terms of long sums: --terms N shows more\n" in some
    assert "--terms" not in whole


def test_numbers_that_the_result_repeats_are_not_written_twice() -> None:
    found = page({"inputs": [[1, 2]], "weights": [[1], [1]], "activation": "linear", "upstream": [[4]]})
    assert "\noutputs = z = [3]\n" in found
    assert "\ndz = upstream * 1 = [4]\n" in found


def test_a_network_names_the_layer_in_the_heading() -> None:
    layer = {"weights": [[2]], "biases": [0.5]}
    draft = {"inputs": [[3]], "layers": [layer, layer], "targets": [[1]], "loss": "half_squared_error"}
    found = page(draft)
    assert "(names without a layer are those of the layer in the heading)\n" in found
    assert (
        """
layers[1], forward: relu, 1 input, 1 neuron
layers[1].z = layers[0].outputs @ weights + biases = [6.5] @ [2] + [0.5] = [13.5]
  z[0,0] = layers[0].outputs[0,0] * weights[0,0] + biases[0]
         = 6.5 * 2 + 0.5 = 13 + 0.5 = 13.5
""".replace(" = [6.5]", "\n  = [6.5]")
        in found
    )
    assert "loss = (layers[1].outputs[0,0] - targets[0,0])^2 / 2" in found


def test_samples_in_columns_means_and_steps_are_told_first() -> None:
    draft = {"inputs": [[1, 2]], "weights": [[1]], "activation": "linear", "targets": [[1, 0]], "loss": "mse"}
    found = page(draft | {"samples": "columns", "mean_gradients": True, "steps": 3})
    for said in ("each column of inputs", "gradients of the loss of each sample", "step 3 of 3: weights and biases"):
        assert said in found.partition("given")[0]
    assert "  losses (3 entries): backprop explain PROBLEM 'losses[0]'\n" in found


def test_sources_are_shown_where_they_are_asked_for() -> None:
    draft = {"z": [[0, 1]], "activation": "softmax", "targets": [1], "loss": "cross_entropy"}
    found = page(draft, scope=Scope(nodes=(Node(0, "dz"),)), depth=1)
    assert "    through upstream: dz[0,0] = upstream[0,0] * softmax'(z[0])[0,0]\n" in found
    assert "\n    outputs[0,0] = exp(z[0,0]) / (exp(z[0,0]) + exp(z[0,1]))" in found


def test_what_is_missing_is_listed_at_the_end() -> None:
    found = page({"title": "T", "upstream": [[1]], "activation": "linear"})
    assert found.startswith("T\n\n(* entry by entry, indices count from 0)\n\ngiven\n  upstream = [1]\n\n")
    assert "\nnot computed\n  z needs " in found
    assert found.endswith("\n  dweights needs inputs\n  new_weights needs weights, inputs\n")

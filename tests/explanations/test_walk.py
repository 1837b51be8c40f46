"""A walk explains a problem in the order in which it is worked by hand: forward, backward, step."""

import json
from typing import Any

import pytest

from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.walk import walk
from backprop_cli.load.schema import build
from tests.conftest import ROOT

SAMPLES = ROOT / "samples"


def sample(name: str) -> dict[str, Any]:
    draft: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return draft


def test_the_walk_through_the_single_neuron_is_the_notebooks_cell() -> None:
    """Cell 12 prints 1.0, then 1.0 1.0 1.0 1.0, then -3.0; on the way it computes -3, 2, 6, and 6 twice."""
    steps = {step.entry: step for step in walk(build(sample("single_neuron")), Extent()).steps}
    assert [term.value for term in steps["z[0,0]"].terms] == [-3, 2, 6, 1]
    assert [steps[entry].value for entry in ("z[0,0]", "outputs[0,0]", "dz[0,0]", "dinputs[0,0]")] == [6, 6, 1, -3]
    assert [(factor.name, factor.value) for factor in steps["dz[0,0]"].passed_on] == [
        *((f"inputs[0,{i}] * weights[{i},0]", 1) for i in range(3)),
        ("biases[0]", 1),
    ]


def test_layers_are_worked_forward_then_backward_then_forward() -> None:
    layer = {"weights": [[1]], "biases": [1]}
    found = walk(build({"title": "Two", "inputs": [[1]], "layers": [layer, layer], "upstream": "ones"}), Extent())
    assert [step.entry for step in found.steps] == [
        "layers[0].z[0,0]",
        "layers[0].outputs[0,0]",
        "layers[1].z[0,0]",
        "layers[1].outputs[0,0]",
        "layers[1].dz[0,0]",
        "layers[1].dbiases[0]",
        "layers[1].dinputs[0,0]",
        "layers[1].dweights[0,0]",
        "layers[0].dz[0,0]",
        "layers[0].dbiases[0]",
        "layers[0].dinputs[0,0]",
        "layers[0].dweights[0,0]",
        "layers[0].new_weights[0,0]",
        "layers[0].new_biases[0]",
        "layers[1].new_weights[0,0]",
        "layers[1].new_biases[0]",
    ]
    assert (found.title, found.not_computed) == ("Two", {})


@pytest.mark.parametrize(
    ("z", "entries"),
    [
        # 6 neurons have 30 entries: all are shown.
        ([[1] * 6], [*(f"{name}[0,{j}]" for name in ("z", "outputs", "dz") for j in range(6))]),
        # 24 neurons have 96: one of each is shown, of a unit that is active if there is one.
        ([[-1] * 12, [-1] * 11 + [1]], ["z[1,11]", "outputs[1,11]", "dz[1,11]"]),
        ([[-1] * 12, [-1] * 12], ["z[0,0]", "outputs[0,0]", "dz[0,0]"]),
    ],
    ids=["small", "large", "large and inactive"],
)
def test_a_large_problem_is_walked_by_one_entry_of_each_quantity(z: list[list[int]], entries: list[str]) -> None:
    found = walk(build({"z": z, "upstream": [[1] * len(row) for row in z]}), Extent())
    dbiases = [entry.replace("dz[0,", "dbiases[").replace("dz[1,", "dbiases[") for entry in entries if "dz" in entry]
    assert [step.entry for step in found.steps] == entries + dbiases


def test_the_input_of_a_large_network_leads_to_a_gradient_that_is_not_zero() -> None:
    first = {"weights": [[1, -1, 1] * 5], "biases": [-2] * 4 + [2] * 11}
    second = {"weights": [[1]] * 15, "biases": [1]}
    found = walk(build({"inputs": [[1]], "layers": [first, second], "upstream": "ones"}), Extent())
    assert "layers[1].dweights[4,0]" in [step.entry for step in found.steps]


@pytest.mark.parametrize(("terms", "named"), [(2, 2), (4, 4), (5, 4)])
def test_a_gradient_that_is_passed_on_to_many_says_to_how_many_more(terms: int, named: int) -> None:
    """dz[0,0] goes on to the three products and the bias that z[0,0] is the sum of."""
    draft = {"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [0], "upstream": [[1]]}
    (dz,) = (step for step in walk(build(draft), Extent(terms=terms)).steps if step.entry == "dz[0,0]")
    every = [*(f"inputs[0,{i}] * weights[{i},0]" for i in range(3)), "biases[0]"]
    assert [factor.name for factor in dz.passed_on] == every[:named]
    assert dz.more_passed_on == 4 - named


@pytest.mark.parametrize("draft", [{"z": [[1]], "upstream": [[1]]}, {"activation": "linear", "upstream": [[1]]}])
def test_nothing_is_passed_on_through_a_z_that_is_not_computed(draft: dict[str, Any]) -> None:
    (dz,) = (step for step in walk(build(draft), Extent()).steps if step.entry == "dz[0,0]")
    assert (dz.passed_on, dz.more_passed_on) == ((), 0)


def test_what_is_missing_is_listed_but_not_the_new_biases_of_a_layer_without_biases() -> None:
    found = walk(build({"activation": "linear", "upstream": [[1]]}), Extent())
    assert found.not_computed["dweights"] == "inputs"
    assert set(found.not_computed) == {"z", "outputs", "dinputs", "dweights", "new_weights"}

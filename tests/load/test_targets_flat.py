"""Flat lists of samples in columns, and targets of one neuron, by hand."""

from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build


def test_a_flat_list_is_one_sample_in_columns_too() -> None:
    draft = {"samples": "columns", "inputs": [1], "weights": [[1], [2]], "activation": "linear", "upstream": [3, 4]}
    assert solve(build(draft)).layers[0].computed["dz"].tolist() == [[3], [4]]


def test_values_of_one_neuron_are_not_class_numbers() -> None:
    draft = {"inputs": [[1], [2]], "weights": [[1]], "loss": "nll", "targets": [[1], [0.5]], "activation": "linear"}
    assert solve(build(draft)).layers[0].computed["loss"] == -2

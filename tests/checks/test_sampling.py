"""The entries to check are chosen before the work begins, and the work is bounded."""

from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.finite_differences import ForwardPass, Parameter
from backprop_cli.checks.sampling import chosen, chunks
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build


def parameters_of(draft: dict[str, Any]) -> tuple[ForwardPass, list[Parameter]]:
    problem = build(draft)
    solution = solve(problem)
    forward = ForwardPass.of(solution)
    return forward, list(forward.parameters(solution))


def deep(n_layers: int, n_samples: int = 1) -> tuple[ForwardPass, list[Parameter]]:
    layers = [{"weights": [[1]], "biases": [0]}] * n_layers
    return parameters_of({"inputs": [[1]] * n_samples, "layers": layers, "upstream": "ones"})


def test_the_work_of_an_entry_grows_with_samples_and_layers_behind_it() -> None:
    """A layer of one neuron computes z from one product: 1 + 1/16 numbers in each sample."""
    forward, parameters = deep(3, n_samples=5)
    work = [forward.numbers(parameter.node) for parameter in parameters]
    behind = [2 * 17 / 16, 17 / 16, 0]
    assert work == [1 + behind[0], *(5 * (1 + numbers) for numbers in behind for _ in range(2))]


@pytest.mark.parametrize("most_numbers", [1, 100, 2000])
def test_fewer_entries_are_checked_where_the_work_would_be_too_much(most_numbers: int) -> None:
    forward, parameters = deep(200)
    found = list(chosen(parameters, forward, samples=1, seed=3, most_numbers=most_numbers))
    work = [forward.numbers(parameter.node) * len(flat) for parameter, flat in found]
    assert [parameter for parameter, _ in found] == parameters
    assert sum(work) <= most_numbers or sum(len(flat) for _, flat in found) == 1
    assert sum(work) > most_numbers / 2 or most_numbers == 100  # the next entry may take up to 212
    again = chosen(parameters, forward, samples=1, seed=3, most_numbers=most_numbers)
    assert [flat.tolist() for _, flat in again] == [flat.tolist() for _, flat in found]


def test_all_entries_are_checked_if_asked_for_however_long_it_takes() -> None:
    forward, parameters = deep(20, n_samples=4)
    found = list(chosen(parameters, forward, samples=None, seed=0, most_numbers=1))
    assert [flat.tolist() for _, flat in found] == [[0, 1, 2, 3], *[[0]] * 40]


@pytest.mark.parametrize(("chunk_entries", "n_chunks"), [(1, 12), (3, 4), (4, 3), (11, 2), (12, 1), (100, 1)])
def test_chunks_hold_every_entry_once_in_order(chunk_entries: int, n_chunks: int) -> None:
    _, parameters = parameters_of(
        {"inputs": np.ones((2, 5)), "weights": np.ones((5, 3)), "biases": [1, 2, 3], "upstream": "ones"}
    )
    pairs = [(parameters[0], np.arange(10)), (parameters[1], np.array([], int)), (parameters[2], np.array([0, 2]))]
    found = list(chunks(pairs, chunk_entries))
    entries = [(id(parameter), k) for chunk in found for parameter, flat in chunk for k in flat.tolist()]
    assert entries == [(id(parameter), k) for parameter, flat in pairs for k in flat.tolist()]
    assert all(0 < sum(len(flat) for _, flat in chunk) <= chunk_entries for chunk in found)
    assert len(found) == n_chunks


def test_no_entries_are_no_chunk() -> None:
    assert list(chunks([])) == []

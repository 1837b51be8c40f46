"""Names of values in flat archives and folders become a tree, and layers a list in the order of their numbers."""

from typing import Any

import pytest

from backprop_cli.core.places import nest
from backprop_cli.errors import InputError


@pytest.mark.parametrize("gaps", [False, True])
def test_layers_are_in_the_order_of_their_numbers(gaps: bool) -> None:
    """As texts, 10 and 11 would come before 2."""
    names = [2, 11, 0, *range(3, 11), 1]
    tree = nest([(f"layers.{i}.z", i) for i in names], gaps=gaps)
    assert tree == {"layers": [{"z": i} for i in range(12)]}


def test_missing_layers_are_empty_where_gaps_are_allowed() -> None:
    assert nest([("layers.11.z", 5)], gaps=True) == {"layers": [*[{}] * 11, {"z": 5}]}


@pytest.mark.parametrize("number", ["00", "01", "\u0660", "1_0", "9" * 5000])
def test_a_number_of_a_layer_has_one_spelling(number: str) -> None:
    """Otherwise layers.00 would be another name of layers.0, and be left out without a word."""
    with pytest.raises(InputError, match=r"expected layers\.0 and layers\.1, got "):
        nest([("layers.0.z", 1), (f"layers.{number}.dz", 2)], gaps=True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("expected.layers.0.weights", None),
        ("expected.layers.0.weights.x", "nested too deeply"),
        ("layers.99999.z", None),
        ("layers.100000.z", "expected layers.0, got layers.100000"),
        ("layers.x.z", "expected layers.0, got layers.x"),
    ],
)
def test_names_have_limits(name: str, message: str | None) -> None:
    def found() -> Any:
        return nest([(name, 1)], gaps=True)

    if message is None:
        assert found()
    else:
        with pytest.raises(InputError) as refused:
            found()
        assert refused.value.reason == message

"""Names of values: in key paths (`layers[0].weights`), and dotted (`layers.0.weights`) in archives and folders.

Archives and folders are flat, so that a tree such as `{"layers": [{"weights": …}]}` becomes dotted names.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backprop_cli.errors import InputError
from backprop_cli.messages import listed

__all__ = ["PLACE", "dotted", "entry_place", "flatten", "layer_place", "leaves", "nest"]

# `dweights`, `layers[1].dweights` or `layers.1.dweights`
PLACE = re.compile(r"(?:layers(?:\[(?P<layer>[0-9]{1,6})\]|\.(?P<dotted>[0-9]{1,6}))\.)?(?P<quantity>\w+)", re.ASCII)

_LAYER = re.compile("0|[1-9][0-9]{0,5}")  # the number of a layer, which has one spelling
_MOST_LAYERS = 100_000
_MOST_PARTS = 4  # of a name: expected.layers.0.weights


def dotted(place: str) -> str:
    """Return a place as a dotted name.

    >>> dotted("layers[1].dweights")
    'layers.1.dweights'
    """
    return place.replace("[", ".").replace("]", "")


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a tree with their dotted names.

    >>> list(flatten({"upstream": 1, "layers": [{"z": 2}]}))
    [('upstream', 1), ('layers.0.z', 2)]
    """
    for key, value in tree.items():
        if key == "layers":
            for i, layer in enumerate(value):
                yield from flatten(layer, f"layers.{i}.")
        else:
            yield prefix + key, value


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a tree of objects by their paths.

    >>> list(leaves({"params": {"Dense_0": {"kernel": 1}}}))
    [('params.Dense_0.kernel', 1)]
    """
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def nest(leaves: Iterable[tuple[str, Any]], *, gaps: bool = False) -> dict[str, Any]:
    """Return the tree of leaves with dotted names; with `gaps`, missing layers are empty instead of an error.

    >>> nest([("upstream", 1), ("layers.0.z", 2)])
    {'upstream': 1, 'layers': [{'z': 2}]}

    Raises:
        InputError: A name is given twice, or is a part of another, or a layer is missing.
    """
    tree: dict[str, Any] = {}
    for name, value in leaves:
        _put(tree, name, value)
    return _with_lists(tree, gaps=gaps)


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    if len(parents) >= _MOST_PARTS:
        raise InputError("nested too deeply", place=name)
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise InputError("one of its parts is an array, and cannot hold others", place=name)
    if isinstance(tree.get(last), dict):
        raise InputError("holds others, and cannot be an array", place=name)
    if last in tree:
        raise InputError("the key is given twice", place=name)
    tree[last] = value


def _with_lists(tree: dict[str, Any], *, gaps: bool) -> dict[str, Any]:
    """Return the tree with every object under `layers` as a list."""
    result: dict[str, Any] = {}
    for key, value in tree.items():
        child = _with_lists(value, gaps=gaps) if isinstance(value, dict) else value
        if key == "layers" and isinstance(child, dict):
            numbers = [str(i) for i in range(len(child))]
            if gaps and all(_LAYER.fullmatch(name) and int(name) < _MOST_LAYERS for name in child):
                numbers = [str(i) for i in range(1 + max(map(int, child)))]
                child = {number: child.get(number, {}) for number in numbers}
            if sorted(child) != sorted(numbers):
                wanted, got = (listed(f"layers.{i}" for i in found) for found in (numbers, child))
                raise InputError(f"expected {wanted}, got {got}")
            child = [child[number] for number in numbers]
        result[key] = child
    return result


def layer_place(layer: int, name: str) -> str:
    """Return the place of a layer's value: `layers[1].weights`."""
    return f"layers[{layer}].{name}"


def entry_place(place: str, index: Sequence[object]) -> str:
    """Return the place of an entry, `dweights[2,1]`, or of the whole quantity for an empty index."""
    return f"{place}[{','.join(map(str, index))}]" if index else place

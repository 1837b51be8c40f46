"""Take the answers of somebody's own problem file: what it expects, if it gives the same as the problem."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from math import isclose
from typing import Any

import numpy as np

from backprop_cli.core.activations import Activation, activation
from backprop_cli.core.arrays import Array, bracketed, first_index
from backprop_cli.core.loss_names import FRAMEWORK_NAMES, loss
from backprop_cli.core.losses import Loss
from backprop_cli.core.precision import FLOAT64, PRECISIONS, type_name
from backprop_cli.core.problem import CONVENTIONS, Problem
from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.errors import InputError
from backprop_cli.load.draft import to_draft
from backprop_cli.load.names import unknown_keys
from backprop_cli.load.numbers import describe, to_array
from backprop_cli.load.schema import LAYER_KEYS, PROBLEM_KEYS

_NOT_COMPARED = ("title", "source", "layers", "expected")
_SAME = 1e-6  # relative: the numbers of the problem may have been stored in float32
_NAMED: Mapping[str, Callable[[str], Activation | Loss]] = {"activation": activation, "loss": loss}


def answers(tree: Mapping[str, Any], problem: Problem) -> Mapping[str, Any]:
    """Return the expected values in a tree: those of a problem under `expected`, or a result as it is.

    The quantities of a single layer may stand in `layers` or not, whether the problem is written with `layers` or not.

    Raises:
        InputError: What a problem gives differs from what this problem gives, with the place.
    """
    if "expected" not in tree:
        return _as_in(tree, problem)
    _require_same_givens(_as_in(tree, problem), problem)
    expected = tree["expected"]
    if not isinstance(expected, dict):
        raise InputError(f"expected an object, got {describe(expected)}", place="expected")
    return _as_in(expected, problem)


def _as_in(tree: Mapping[str, Any], problem: Problem) -> Mapping[str, Any]:
    """Return a tree with the values of a single layer where this problem has them: in `layers`, or beside them."""
    match tree.get("layers"):
        case [dict() as layer] if not problem.layered and not layer.keys() & tree.keys():
            return {key: value for key, value in tree.items() if key != "layers"} | layer
        case None if problem.layered and len(problem.layers) == 1:
            inside = {key: value for key, value in tree.items() if key in (*LAYER_KEYS, *OF_A_LAYER)}
            beside = {key: value for key, value in tree.items() if key not in inside}
            return beside | ({"layers": [inside]} if inside else {})
        case _:
            return tree


def _require_same_givens(tree: Mapping[str, Any], problem: Problem) -> None:
    """Check that what a problem file gives is what a problem gives; what the file leaves out is not compared.

    Raises:
        InputError: It is not, with the place.
    """
    wanted = {**CONVENTIONS, **to_draft(problem)}
    if isinstance(tree.get("loss"), str) and tree["loss"] in FRAMEWORK_NAMES:
        tree = {**tree, "reduction": tree.get("reduction", "mean")}  # the name of a framework brings it
    for prefix, part, same in _parts(tree, wanted):
        known = LAYER_KEYS if prefix else PROBLEM_KEYS
        if unknown := {key: value for key, value in part.items() if key not in known}:
            raise unknown_keys(unknown, known, prefix)
        for key, value in part.items():
            if key not in _NOT_COMPARED:
                _require_same(prefix + key, value, same.get(key))


def _parts(tree: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Yield the top and each layer of a problem file: its prefix, it, and the same part of the problem."""
    yield "", tree, wanted
    if "layers" not in tree:
        return
    layers, same = tree["layers"], wanted.get("layers")
    if same is None or not isinstance(layers, list) or len(layers) != len(same):
        n_layers = 1 if same is None else len(same)
        got = len(layers) if isinstance(layers, list) else describe(layers)
        raise InputError(f"expected as many as the problem has, {n_layers}, got {got}", place="layers")
    for i, layer in enumerate(layers):
        if not isinstance(layer, dict):
            raise InputError(f"expected a layer (an object), got {describe(layer)}", place=f"layers[{i}]")
        yield f"layers[{i}].", layer, same[i]


def _require_same(place: str, value: Any, wanted: Any) -> None:
    if wanted is None:
        raise InputError("the problem does not give it", place=place)
    key = place.rpartition(".")[2]
    if isinstance(wanted, np.ndarray) and not isinstance(value, str):
        place, value, wanted = _first_difference(place, value, wanted)
    found, same = _plain(key, value), _plain(key, wanted)
    if isinstance(found, float) and isinstance(same, float):
        is_same = isclose(found, same, rel_tol=_SAME)
    else:
        is_same = type(found) is type(same) and found == same
    if not is_same:
        raise InputError(f"expected the problem's {_words(wanted)}, got {_words(value)}", place=place)


def _words(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return "array"
    return f"{value:.16g}" if isinstance(value, float) else describe(value)


def _first_difference(place: str, value: Any, wanted: Array) -> tuple[str, Any, Any]:
    """Return the place of the first entry that differs, and both; nothing differs where both are the same.

    An array of one row or column may be a list. In a narrow type an entry may be off by a rounding, in any direction.

    Raises:
        InputError: It is no array of numbers, or one of another shape.
    """
    array = to_array(_in_floats(value), place)
    own, theirs = (np.squeeze(each) for each in (array, wanted))
    if own.shape != theirs.shape:
        raise InputError(f"expected the problem's shape {wanted.shape}, got {array.shape}", place=place)
    stored = PRECISIONS.get(type_name(value), FLOAT64) if isinstance(value, np.ndarray) else FLOAT64
    differs = np.abs(own - theirs) > max(_SAME, 2 * stored.unit_roundoff) * np.abs(theirs) + stored.smallest
    if not differs.any():
        return place, None, None
    index = first_index(np.reshape(differs, array.shape))
    return place + bracketed(index), float(array[index]), float(np.reshape(theirs, array.shape)[index])


def _in_floats(value: Any) -> Any:
    """Return a tree with its decimals as floats."""
    if isinstance(value, list):
        return [_in_floats(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def _plain(key: str, value: Any) -> Any:
    """Return a value such that equal ones compare equal: a name in full, a number as a float."""
    value = value.item() if isinstance(value, np.ndarray) and not value.ndim else value
    if isinstance(value, str) and key in _NAMED:
        with suppress(ValueError):  # an unknown name differs
            return _NAMED[key](value).name
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if is_number else value

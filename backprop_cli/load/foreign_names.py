"""Read and write problems in the names of frameworks and courses (`core.names`), as trees in the names here.

A name may be a key of its own (`0.weight`, as in archives) or a path through objects (`{"params": {"Dense_0": ...}}`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

import numpy as np

from backprop_cli.core.names import (
    FRAMEWORKS,
    Convention,
    Found,
    Names,
    Naming,
    natural_order,
)
from backprop_cli.core.places import PLACE, dotted, layer_place, leaves, nest
from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe
from backprop_cli.load.schema import LAYER_KEYS, PROBLEM_KEYS
from backprop_cli.messages import did_you_mean, listed

__all__ = ["Read", "convention_of", "in_our_names", "in_their_names", "is_ours", "nested", "paths_of", "tree_of"]

_OF_LAYERS = ("weights", "biases", "z")  # what a problem gives in its layers
_GIVEN = (*_OF_LAYERS, "inputs", "targets", "upstream", "loss", "learning_rate")


class Read(NamedTuple):
    """A draft in the names here, and how its file names things."""

    draft: dict[str, Any]
    naming: Naming | None  # None: it is written in the names here, or empty
    keys: Mapping[str, str]  # by place here, the key in the file


def tree_of(values: Iterable[tuple[str, Any]], *, names: Names | None, gaps: bool) -> dict[str, Any]:
    """Return the tree of leaves with dotted names, or all of them side by side if they have other names than here.

    Raises:
        InputError: A name is given twice, or is a part of another, or a layer is missing.
    """
    found = list(values)
    if names is None and all(name != "names" for name, _ in found):
        return nest(found, gaps=gaps)
    tree: dict[str, Any] = {}
    for name, value in found:
        parent, of_expected, key = name.rpartition("expected.")
        part = tree.setdefault("expected", {}) if of_expected and not parent else tree
        if key in part:
            raise InputError("the key is given twice", place=name)
        part[key if part is not tree else name] = value
    return tree


def convention_of(tree: dict[str, Any], names: Names | None) -> Convention | None:
    """Return the convention that a tree names, and take its name out; without one, that of `names`.

    Raises:
        InputError: It names one that is not known.
    """
    own = tree.pop("names", names)
    own = own.item() if isinstance(own, np.ndarray) and not own.ndim else own
    if own is None:
        return None
    if not (isinstance(own, str) and own in FRAMEWORKS):
        known = get_args(Names)
        hint = did_you_mean(own, known) if isinstance(own, str) else None
        raise InputError(f"expected {listed(map(repr, known), 'or')}, got {describe(own)}", place="names", hint=hint)
    return FRAMEWORKS[own]


def in_our_names(tree: Mapping[str, Any], convention: Convention) -> Read:
    """Return a problem in the names of a convention in the names here; those here are understood, too.

    What the convention says about layouts and means is added, unless the tree says another or has none of its names.

    Raises:
        InputError: Names of both kinds are mixed, a layer is missing, or a value is given twice.
    """
    ours: dict[str, Any] = {}
    theirs: list[tuple[str, Any, Found]] = []
    for key, value in paths_of(tree):
        found = None if is_ours(key, PROBLEM_KEYS, LAYER_KEYS) else convention.find(key)
        if found is None or found.quantity not in _GIVEN:
            ours[key] = value
        else:
            theirs.append((key, value, found))
    if not theirs:
        return Read(nested(ours), None, {})
    draft = nested(ours)
    keys: dict[str, str] = {}
    layers = _layers([(key, found) for key, _, found in theirs], convention, draft)
    parts: list[dict[str, Any]] = [{} for _ in layers] or [draft]
    for key, value, (quantity, layer) in theirs:
        i = 0 if layer is None else layers.index(layer)
        part, place = (draft, quantity) if layer is None else (parts[i], layer_place(i, quantity))
        if quantity in part:
            other = keys.get(place, place)
            raise InputError(f"is the same as {other} (expected one of them)", place=key)
        part[quantity], keys[place] = value, key
    if layers:
        draft["layers"] = parts
    for key in ("weight_layout", "samples", "mean_gradients"):
        draft.setdefault(key, getattr(convention, key))
    return Read(draft, Naming(convention, tuple(layers)), keys)


def _layers(found: Sequence[tuple[str, Found]], convention: Convention, draft: Mapping[str, Any]) -> list[str]:
    """Return the names of the layers in their order; none for a single layer without a name."""
    named = {each.layer: key for key, each in reversed(found) if each.layer is not None}
    alone = [key for key, each in found if each.layer is None and each.quantity in _OF_LAYERS]
    alone += [key for key in ("layers", *_OF_LAYERS) if key in draft]
    layers = natural_order([each.layer for _, each in found if each.layer in named and named.pop(each.layer)])
    if layers and alone:
        key = next(key for key, each in found if each.layer is not None)
        raise InputError(f"names a layer, and {alone[0]} does not (expected names of one kind)", place=key)
    if convention.first is not None:
        for i, layer in enumerate(layers, convention.first):
            if int(layer) != i:
                key = next(key for key, each in found if each.layer == layer)
                wanted = key.replace(layer, str(i))
                raise InputError(f"expected {wanted} (layers are numbered from 1, without gaps)", place=key)
    return layers


def paths_of(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values of a tree by their paths; expected values stay together."""
    expected = {key: value for key, value in tree.items() if key == "expected"}
    yield from leaves({key: value for key, value in tree.items() if key not in expected})
    yield from expected.items()


def is_ours(key: str, at_top: Sequence[str], in_layers: Sequence[str]) -> bool:
    """Tell whether a key has a name here, of a quantity that may stand at the top or in a layer."""
    found = PLACE.fullmatch(key)
    if found is None:
        return False
    has_layer = found["layer"] or found["dotted"]
    return found["quantity"] in (in_layers if has_layer else at_top)


def nested(values: Mapping[str, Any], *, gaps: bool = False) -> dict[str, Any]:
    """Return the tree of leaves, of which those of layers have the names here; other names with dots stay."""
    of_layers = {key: value for key, value in values.items() if is_ours(key, (), (*LAYER_KEYS, *OF_A_LAYER))}
    others = {key: value for key, value in values.items() if key not in of_layers}
    return others | nest(((dotted(key), value) for key, value in of_layers.items()), gaps=gaps)


def in_their_names(draft: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
    """Return a draft of a problem in the names in which it was written; activations are one text for all layers."""
    convention = naming.convention
    layers = draft["layers"] if naming.layers else [draft]
    written: dict[str, Any] = {"names": convention.name}
    for key, value in draft.items():
        if key == "layers":
            for i, layer in enumerate(layers):
                written |= {naming.place(i, name): matrix for name, matrix in layer.items() if name != "activation"}
        else:
            written[naming.place(0, key) if key in _GIVEN and key != "loss" else key] = value
    written["activation"] = ",".join(layer["activation"] for layer in layers)
    for key, default in (("samples", "rows"), ("mean_gradients", False)):
        if getattr(convention, key) != default:
            written.setdefault(key, default)
    return written

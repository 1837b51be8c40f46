"""Read results in the names of frameworks and courses: they become results in the names here."""

from collections.abc import Iterable, Mapping
from typing import Any

from backprop_cli.core.names import (
    GRADIENT_OF,
    STEP_OF,
    Convention,
    Found,
    Naming,
    natural_order,
    of_layer,
)
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import OF_A_LAYER, QUANTITIES
from backprop_cli.errors import InputError
from backprop_cli.load.foreign_names import is_ours, nested, paths_of
from backprop_cli.load.numbers import describe
from backprop_cli.messages import counted, listed

__all__ = ["result_in_our_names", "usual"]


def usual(convention: Convention, problem: Problem) -> Naming:
    """Return the names of a problem whose file does not name its layers."""
    activations = [layer.activation.name for layer in problem.layers]
    return Naming(convention, convention.layers(activations) if problem.layered else ())


def result_in_our_names(
    tree: Mapping[str, Any], problem: Problem, naming: Naming, *, is_written: bool = False
) -> dict[str, Any]:
    """Return a result of a problem, in the names of a convention, in the names here.

    The names of parameters stand for their gradients where there are no names of gradients, if the convention allows
    that and the result is not one that this program has written (`is_written`); else they stand for the parameters
    after the step.

    Raises:
        InputError: There is no such layer, or a value is given twice.
    """
    values, convention = dict(paths_of(tree)), naming.convention
    found = {key: each for key in values if (each := convention.find(key)) is not None}
    found = {key: each for key, each in found.items() if not is_ours(key, QUANTITIES, OF_A_LAYER)}
    has_gradients = any(each.quantity in GRADIENT_OF.values() for each in found.values())
    is_gradient = convention.gradients_as_parameters and not has_gradients and not is_written
    meaning = GRADIENT_OF if is_gradient else STEP_OF
    layers = _same_layers([each.layer for each in found.values() if each.layer is not None], problem, naming)
    result = nested({key: value for key, value in values.items() if key not in found}, gaps=True)
    keys: dict[tuple[int, str], str] = {}
    for key, each in found.items():
        layer, named = _layer_and_quantity(each, naming, layers, f"expected.{key}")
        quantity = meaning.get(named, named)
        if each.layer is None and quantity in OF_A_LAYER and len(problem.layers) > 1:
            raise InputError(f"of which of the {len(problem.layers)} layers is it?", place=f"expected.{key}")
        part = _part(result, problem, layer) if quantity in OF_A_LAYER else result
        if quantity in part:
            other = keys.get((layer, quantity), quantity)
            raise InputError(f"is the same as {other} (expected one of them)", place=f"expected.{key}")
        part[quantity] = values[key]
        keys[layer, quantity] = key
    return result


def _layer_and_quantity(found: Found, naming: Naming, layers: Mapping[str, int], place: str) -> tuple[int, str]:
    """Return the layer, 0 for a name without one, and the quantity of a name.

    Raises:
        InputError: There is no such layer.
    """
    if found.layer is None:
        return 0, found.quantity
    node = of_layer(found, naming.convention, layers)
    if node is None:
        known = f"{counted(len(naming.layers), 'layer')}: {listed(naming.layers)}" if naming.layers else "1 layer"
        raise InputError(f"there is no such layer (the problem has {known})", place=place)
    return node[0] or 0, node[1]


def _part(result: dict[str, Any], problem: Problem, layer: int) -> dict[str, Any]:
    """Return the part of a result that holds the quantities of a layer.

    Raises:
        InputError: The result has something else in the place of layers.
    """
    if not problem.layered:
        return result
    layers = result.setdefault("layers", [])
    if not isinstance(layers, list) or not all(isinstance(part, dict) for part in layers):
        raise InputError(f"expected a list of objects, got {describe(layers)}", place="expected.layers")
    layers += [{} for _ in range(layer + 1 - len(layers))]
    part: dict[str, Any] = layers[layer]
    return part


def _same_layers(names: Iterable[str], problem: Problem, naming: Naming) -> Mapping[str, int]:
    """Return the numbers of a problem's layers by the names that a result has for them.

    Their paths may have another begin (`module.0` for `0`). Where the problem itself has no names, the order counts.
    """
    own = naming.layers or naming.convention.layers([layer.activation.name for layer in problem.layers])
    found = natural_order(list(dict.fromkeys(names)))
    numbers = {name: i for i, name in enumerate(own)}
    ends = {_end(name): i for i, name in enumerate(own)}
    if naming.convention.first is not None or not set(found) - set(own):
        return numbers
    if (
        len(ends) == len(own)
        and len({_end(name) for name in found}) == len(found)
        and set(map(_end, found)) <= set(ends)
    ):
        return dict(sorted(((name, ends[_end(name)]) for name in found), key=lambda each: each[1]))
    if (problem.own_naming is None or len(own) == 1) and len(found) == len(own):
        return {name: i for i, name in enumerate(found)}
    return numbers


def _end(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2]

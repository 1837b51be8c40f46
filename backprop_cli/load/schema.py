"""From a draft to a problem: the keys of a problem file, their kinds and defaults.

A draft is the plain tree that a file holds: `{"inputs": …, "weights": …, "biases": …, "upstream": …}`, or with
`layers` in place of a layer's own keys. Part of a problem is a problem, so that any key may be missing.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from backprop_cli.core.activations import ACTIVATIONS, DEFAULT_ACTIVATION
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import DEFAULT_LEARNING_RATE, Layer, Problem
from backprop_cli.core.quantities import (
    QUANTITIES,
    UPSTREAM_RULES,
    WEIGHT_LAYOUTS,
    Dtype,
    UpstreamRule,
    WeightLayout,
)
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import FLOAT32, FLOAT64, NumberKind, describe, to_array, to_number
from backprop_cli.load.shapes import SAMPLES, fit
from backprop_cli.messages import did_you_mean, listed

if TYPE_CHECKING:
    from fractions import Fraction

LAYER_KEYS = ("weights", "biases", "activation", "z")
PROBLEM_KEYS = (
    *("title", "source", "inputs", *LAYER_KEYS, "layers"),
    *("weight_layout", "upstream", "learning_rate", "expected"),
)
_NUMERIC_KEYS = ("inputs", "weights", "biases", "z", "upstream")

Headers = Mapping[str, tuple[str, ...]]


def number_kind(*, exact: bool, dtype: Dtype = "float64") -> NumberKind:
    """Return the kind of number to read: floats, or decimals as they were written."""
    if not exact:
        return FLOAT64 if dtype == "float64" else FLOAT32
    from backprop_cli.load.numbers import DECIMAL

    return DECIMAL


def build(
    draft: Mapping[str, Any], headers: Headers | None = None, *, exact: bool = False, dtype: Dtype = "float64"
) -> Problem:
    """Validate a draft and return its problem.

    Args:
        draft: The tree that a problem file holds, with numbers, lists or arrays for matrices.
        headers: The column names of matrices that came with some, by place (`weights`, `layers[0].weights`).
        exact: Whether numbers are to be fractions: decimals as they were written, floats by their binary values.
        dtype: Which floats they are to be where they are not.

    Raises:
        InputError: A key is unknown, a value is of the wrong kind, or a shape does not fit; `place` says where.
    """
    kind = number_kind(exact=exact, dtype=dtype)
    _check_keys(draft, PROBLEM_KEYS, "")
    parts, prefixes = _layer_drafts(draft)
    if not any(key in part for part in (draft, *parts) for key in _NUMERIC_KEYS):
        raise InputError("there is nothing to compute from (expected inputs, weights, biases, upstream or z)")
    layout = cast("WeightLayout", _choice(draft, "weight_layout", WEIGHT_LAYOUTS, "in-out"))
    arrays = {
        prefix + key: array
        for part, prefix in ((draft, ""), *zip(parts, prefixes, strict=True))
        for key in _NUMERIC_KEYS
        if (array := _array(part, key, prefix + key, kind)) is not None
    }
    binary = tuple(place for place, array in arrays.items() if array.dtype.kind != "O") if exact else ()
    if exact:
        from backprop_cli.core.exact import exactly

        arrays = {place: exactly(array) for place, array in arrays.items()}
        binary += ("learning_rate",) * isinstance(draft.get("learning_rate"), np.ndarray)
    fitted, sizes = fit(arrays, prefixes, out_in=layout == "out-in")
    names = _Names(headers or {}, out_in=layout == "out-in")
    return Problem(
        title=_text(draft, "title"),
        source=_text(draft, "source"),
        inputs=fitted.get("inputs"),
        layers=tuple(
            Layer(
                weights=fitted.get(prefix + "weights"),
                biases=fitted.get(prefix + "biases"),
                z=fitted.get(prefix + "z"),
                activation=ACTIVATIONS[_choice(part, "activation", tuple(ACTIVATIONS), DEFAULT_ACTIVATION, prefix)],
                n_inputs=sizes.get(layer),
                n_neurons=sizes.get(layer + 1),
                neuron_names=names.of_neurons(prefix, last=layer == len(parts) - 1, n=sizes.get(layer + 1)),
            )
            for layer, (part, prefix) in enumerate(zip(parts, prefixes, strict=True))
        ),
        upstream=fitted.get("upstream", _upstream_rule(draft)),
        weight_layout=layout,
        learning_rate=_learning_rate(draft, number_kind(exact=exact)),
        layered="layers" in draft,
        n_samples=sizes.get(SAMPLES),
        input_names=names.of_inputs(prefixes[0], n=sizes.get(0)),
        expected=_expected(draft),
        binary=binary,
    )


def to_draft(problem: Problem) -> dict[str, Any]:
    """Return the draft that `build` makes the same problem of, in the layout in which it was written."""
    layers = [
        _given(
            weights=None if layer.weights is None else problem.as_written("weights", layer.weights),
            biases=layer.biases,
            z=layer.z,
            activation=layer.activation.name,
        )
        for layer in problem.layers
    ]
    return {
        **_given(title=problem.title, source=problem.source, inputs=problem.inputs),
        **({"layers": layers} if problem.layered else layers[0]),
        **_given(upstream=problem.upstream),
        "weight_layout": problem.weight_layout,
        "learning_rate": problem.learning_rate,
    }


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _check_keys(part: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
    for key in part:
        if key in PROBLEM_KEYS and key not in known:
            raise InputError("belongs at the top, beside layers", place=prefix + key)
        if key in QUANTITIES and key not in known:
            hint = f'{key} is computed; what it should be goes under "expected"'
            raise InputError("unknown key", place=prefix + key, hint=hint)
        if key not in known:
            known_keys = f" (expected {listed(known, 'or')})" if did_you_mean(key, known) is None else ""
            raise InputError(f"unknown key{known_keys}", place=prefix + key or "''", hint=did_you_mean(key, known))


def _layer_drafts(draft: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return each layer's own part of the draft, and what stands before its keys in a place."""
    if "layers" not in draft:
        return [draft], [""]
    layers = draft["layers"]
    for key in LAYER_KEYS:
        if key in draft:
            raise InputError("belongs inside a layer here, because layers is given", place=key)
    if not isinstance(layers, list):
        raise InputError(f"expected a list of layers, got {describe(layers)}", place="layers")
    if not layers:
        raise InputError("expected at least one layer", place="layers")
    for i, part in enumerate(layers):
        if not isinstance(part, dict):
            raise InputError(f"expected a layer (an object), got {describe(part)}", place=f"layers[{i}]")
        _check_keys(part, LAYER_KEYS, f"layers[{i}].")
    return layers, [f"layers[{i}]." for i in range(len(layers))]


def _array(part: Mapping[str, Any], key: str, place: str, kind: NumberKind) -> Array | None:
    if key not in part or (key == "upstream" and isinstance(part[key], str)):
        return None
    return to_array(part[key], place, kind)


def _learning_rate(draft: Mapping[str, Any], kind: NumberKind) -> "float | Fraction":
    given = "learning_rate" in draft
    number = to_number(draft["learning_rate"], "learning_rate", kind) if given else DEFAULT_LEARNING_RATE
    result: float | Fraction = kind.scalar(number)
    return result


def _upstream_rule(draft: Mapping[str, Any]) -> UpstreamRule | None:
    rule = draft.get("upstream")
    if not isinstance(rule, str):
        return None
    if rule not in UPSTREAM_RULES:
        raise InputError(
            f"expected a matrix, {listed(map(repr, UPSTREAM_RULES), 'or')}, got {describe(rule)}",
            place="upstream",
            hint=did_you_mean(rule, UPSTREAM_RULES),
        )
    return rule


def _choice(part: Mapping[str, Any], key: str, known: Sequence[str], default: str, prefix: str = "") -> str:
    value = part.get(key, default)
    if not isinstance(value, str) or value not in known:
        raise InputError(
            f"expected {listed(map(repr, known), 'or')}, got {describe(value)}",
            place=prefix + key,
            hint=did_you_mean(value, known) if isinstance(value, str) else None,
        )
    return value


def _text(draft: Mapping[str, Any], key: str) -> str | None:
    value = draft.get(key)
    if key in draft and not isinstance(value, str):
        raise InputError(f"expected a text, got {describe(value)}", place=key)
    return value


def _expected(draft: Mapping[str, Any]) -> Mapping[str, Any]:
    expected = draft.get("expected", {})
    if not isinstance(expected, dict):
        raise InputError(f"expected an object, got {describe(expected)}", place="expected")
    return expected


class _Names:
    """The names that headers give to inputs and neurons; where several files name the same, the first stands."""

    def __init__(self, headers: Headers, *, out_in: bool) -> None:
        self._headers = headers
        self._weights_name_inputs = out_in  # a column of weights is an input in this layout, a neuron otherwise

    def of_inputs(self, prefix: str, *, n: int | None) -> tuple[str, ...] | None:
        return self._first(["inputs"] + [prefix + "weights"] * self._weights_name_inputs, n)

    def of_neurons(self, prefix: str, *, last: bool, n: int | None) -> tuple[str, ...] | None:
        places = [prefix + "weights"] * (not self._weights_name_inputs)
        return self._first([*places, prefix + "biases", prefix + "z", *["upstream"] * last], n)

    def _first(self, places: Sequence[str], n: int | None) -> tuple[str, ...] | None:
        # A column of biases has a header of one name, which names no neuron.
        found = (self._headers[place] for place in places if len(self._headers.get(place, ())) == n)
        return next(found, None)

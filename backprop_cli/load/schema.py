"""Build a problem from a draft: the keys of a problem file, their types and defaults.

A draft is the tree in a file: `{"inputs": …, "weights": …, "biases": …, "upstream": …}`, or with `layers` instead of
the keys of a single layer. Every key may be missing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from backprop_cli.core.activations import ACTIVATIONS, DEFAULT_ACTIVATION, Activation, activation, name_of_activation
from backprop_cli.core.arrays import Array, bracketed
from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import DEFAULT_LEARNING_RATE, Layer, Problem
from backprop_cli.core.quantities import UPSTREAM_RULES, WEIGHT_LAYOUTS, Dtype, Reduction, SamplesIn
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import Kind, describe, to_array, to_number, without_brackets
from backprop_cli.load.shapes import SAMPLES, Fitted, Layout, fit
from backprop_cli.load.targets import read_targets
from backprop_cli.messages import did_you_mean, listed

LAYER_KEYS = ("weights", "biases", "activation", "z")
PROBLEM_KEYS = (
    *("title", "source", "names", "inputs", *LAYER_KEYS, "layers", "weight_layout", "samples"),
    *("targets", "loss", "reduction", "mean_gradients", "upstream", "learning_rate", "steps", "expected"),
)
_NUMERIC_KEYS = ("inputs", "weights", "biases", "z", "upstream", "targets")
_MOST_STEPS = 10**9

Headers = Mapping[str, tuple[str, ...]]


def build(
    draft: Mapping[str, Any], headers: Headers | None = None, *, exact: bool = False, dtype: Dtype = "float64"
) -> Problem:
    """Validate a draft, and return its problem with floats, or with fractions of the same values if it is exact.

    `headers` are the names in the headers of matrix files, by place (`weights`, `layers[0].weights`).

    Raises:
        InputError: A key is unknown, a value has the wrong type, or a shape does not fit; with the place.
    """
    headers = headers or {}
    parts = _parts(draft)
    if not any(key in part for part in (draft, *parts.values()) for key in _NUMERIC_KEYS):
        raise InputError("there is nothing to compute from (expected inputs, weights, biases, upstream or z)")
    layout = _layout(draft)
    arrays, binary = _arrays(draft, parts, exact=exact, dtype=dtype)
    loss, reduction = _loss(draft)
    fitted, has_classes = _fitted(arrays, tuple(parts), layout, loss)
    return Problem(
        title=_typed(draft, "title", str, "a text"),
        source=_typed(draft, "source", str, "a text"),
        inputs=fitted.arrays.get("inputs"),
        layers=_layers(parts, fitted, headers, layout),
        upstream=_upstream(draft, fitted),
        weight_layout="out-in" if layout.out_in else "in-out",
        learning_rate=_learning_rate(draft, exact=exact),
        layered="layers" in draft,
        n_samples=fitted.sizes.get(SAMPLES),
        input_names=_input_names(parts, fitted, headers, layout),
        expected=_typed(draft, "expected", dict, "an object") or {},
        binary=binary,
        loss=loss,
        reduction=reduction,
        targets=fitted.arrays.get("targets"),
        has_classes=has_classes,
        samples_in="columns" if layout.in_columns else "rows",
        mean_gradients=_flag(draft, "mean_gradients"),
        steps=_steps(draft, exact=exact),
    )


def _layout(draft: Mapping[str, Any]) -> Layout:
    """Return how the matrices of a draft are written: where samples are columns, weights are out-in by default."""
    in_columns = _choice(draft, "samples", get_args(SamplesIn)) == "columns"
    weights = _choice(draft, "weight_layout", WEIGHT_LAYOUTS) or ("out-in" if in_columns else "in-out")
    return Layout(weights == "out-in", in_columns)


def _fitted(
    arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout, loss: Loss | None
) -> tuple[Fitted, bool]:
    """Return the arrays in their full shapes, and whether the targets were class numbers."""
    if "targets" not in arrays:
        return fit(arrays, prefixes, layout), False
    others = fit({place: array for place, array in arrays.items() if place != "targets"}, prefixes, layout)
    n_samples, n_neurons = others.sizes.get(SAMPLES), others.sizes.get(len(prefixes))
    targets = read_targets(arrays["targets"], loss, n_samples, n_neurons, in_columns=layout.in_columns)
    fitted = fit({**arrays, "targets": targets.matrix}, prefixes, layout)
    refused = None if loss is None else loss.refused_targets(fitted.arrays["targets"])
    if refused is not None:
        index, reason = refused
        raise InputError(reason, place="targets" + bracketed(index[::-1] if layout.in_columns else index))
    return fitted, targets.has_classes


def _loss(draft: Mapping[str, Any]) -> tuple[Loss | None, Reduction]:
    """Return the loss and its reduction; the name of a framework brings its own, unless the draft has one."""
    own: Reduction | None = _choice(draft, "reduction", get_args(Reduction))
    if "loss" not in draft:
        if own is not None:
            raise InputError("belongs to a loss, and there is none", place="reduction")
        return None, "sum"
    if "upstream" in draft:
        raise InputError("is given beside a loss, whose gradient it would be (expected one of them)", place="upstream")
    name = draft["loss"]
    if not isinstance(name, str):
        raise InputError(
            f"expected the name of a loss, got {describe(name)}", place="loss", hint=without_brackets(name)
        )
    from backprop_cli.core.loss_names import FRAMEWORK_NAMES, loss

    try:
        return loss(name), own or ("mean" if name in FRAMEWORK_NAMES else "sum")
    except ValueError as error:
        raise InputError(str(error), place="loss") from None


def _flag(draft: Mapping[str, Any], key: str) -> bool:
    value = draft.get(key, False)
    if isinstance(value, np.ndarray) and value.shape == () and value.dtype.kind == "b":
        value = bool(value)
    if not isinstance(value, bool):
        raise InputError(f"expected true or false, got {describe(value)}", place=key)
    return value


def _steps(draft: Mapping[str, Any], *, exact: bool) -> int:
    written = draft.get("steps", 1)
    steps = to_number(written, "steps", "object" if exact and not isinstance(written, int) else "float64")
    if steps != int(steps) or not 1 <= steps <= _MOST_STEPS:
        raise InputError(f"expected a whole number of steps, 1 or more, got {describe(draft['steps'])}", place="steps")
    return int(steps)


def _check_keys(part: Mapping[str, Any], known: Sequence[str], prefix: str) -> None:
    if unknown := {key: value for key, value in part.items() if key not in (*known, *PROBLEM_KEYS)}:
        from backprop_cli.load.names import unknown_keys  # for errors only

        raise unknown_keys(unknown, known, prefix)
    for key in part:
        if key not in known:
            raise InputError("belongs at the top, beside layers", place=prefix + key)


def _parts(draft: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Check the keys of the draft, and return its part for each layer, by the prefix of its keys in places."""
    _check_keys(draft, PROBLEM_KEYS, "")
    if "layers" not in draft:
        return {"": draft}
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
    return {f"layers[{i}].": part for i, part in enumerate(layers)}


def _arrays(
    draft: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]], *, exact: bool, dtype: Dtype
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Return every array of a draft by place, in the shape in which it is written, and where fractions were floats."""
    kind: Kind = "object" if exact else dtype
    arrays = {
        prefix + key: to_array(part[key], prefix + key, kind)
        for prefix, part in {"": draft, **parts}.items()
        for key in _NUMERIC_KEYS
        if key in part and not (key == "upstream" and _is_text(part[key]))
    }
    if not exact:
        return arrays, ()
    from backprop_cli.core.exact import exactly

    binary = [place for place, array in arrays.items() if array.dtype.kind == "f"]
    if isinstance(draft.get("learning_rate"), np.ndarray):
        binary.append("learning_rate")
    return {place: exactly(array) for place, array in arrays.items()}, tuple(binary)


def _is_text(value: Any) -> bool:
    """Tell whether a value is a text, or a list of one, which other tools write for it."""
    return isinstance(value, str) or (isinstance(value, list) and len(value) == 1 and isinstance(value[0], str))


def _layers(parts: Mapping[str, Any], fitted: Fitted, headers: Headers, layout: Layout) -> tuple[Layer, ...]:
    layers = []
    for i, (prefix, part) in enumerate(parts.items()):
        n_neurons = fitted.sizes.get(i + 1)
        keys = [*["weights"] * (not layout.out_in), "biases", *["z"] * (not layout.in_columns)]
        of_outputs = ["upstream", "targets"] * (i == len(parts) - 1 and not layout.in_columns)
        neuron_places = [*(prefix + key for key in keys), *of_outputs]  # whose columns are neurons
        layers.append(
            Layer(
                weights=fitted.arrays.get(prefix + "weights"),
                biases=fitted.arrays.get(prefix + "biases"),
                z=fitted.arrays.get(prefix + "z"),
                activation=_activation(part, prefix),
                n_inputs=fitted.sizes.get(i),
                n_neurons=n_neurons,
                neuron_names=_names(headers, neuron_places, n_neurons),
            )
        )
    return tuple(layers)


def _input_names(parts: Mapping[str, Any], fitted: Fitted, headers: Headers, layout: Layout) -> tuple[str, ...] | None:
    places = [*["inputs"] * (not layout.in_columns), *[next(iter(parts)) + "weights"] * layout.out_in]
    return _names(headers, places, fitted.sizes.get(0))  # the columns in these places are inputs


def _activation(part: Mapping[str, Any], prefix: str) -> Activation:
    written, place = part.get("activation", DEFAULT_ACTIVATION), prefix + "activation"
    if not (isinstance(written, str) and name_of_activation(written) in ACTIVATIONS):
        raise _unknown(written, tuple(ACTIVATIONS), place)
    try:
        return activation(written)
    except ValueError as error:
        raise InputError(str(error), place=place) from None


def _upstream(draft: Mapping[str, Any], fitted: Fitted) -> Any:
    if "upstream" in fitted.arrays:
        return fitted.arrays["upstream"]
    return _choice(draft, "upstream", UPSTREAM_RULES, "a matrix")


def _names(headers: Headers, places: Sequence[str], n: int | None) -> tuple[str, ...] | None:
    """Return the n names in the first of the headers that has as many: a column of biases has one, of no neuron."""
    return next((headers[place] for place in places if len(headers.get(place, ())) == n), None)


def _learning_rate(draft: Mapping[str, Any], *, exact: bool) -> Any:
    number: Any = DEFAULT_LEARNING_RATE
    if "learning_rate" in draft:
        number = to_number(draft["learning_rate"], "learning_rate", "object" if exact else "float64")
    if not exact:
        return float(number)
    from fractions import Fraction

    from backprop_cli.core.exact import to_decimal

    if to_decimal(str(number)) is None:  # possible for an option only
        raise InputError(f"{str(number)[:40]} is out of the range of exact arithmetic", place="learning_rate")
    return Fraction(number)


def _choice(draft: Mapping[str, Any], key: str, known: Sequence[str], *others: str) -> Any:
    """Return the word under a key, or None without the key; the words in `others` describe what else is accepted."""
    value = draft.get(key)
    if key in draft and not (isinstance(value, str) and value in known):
        raise _unknown(value, known, key, *others)
    return value


def _unknown(value: Any, known: Sequence[str], place: str, *others: str) -> InputError:
    wanted = listed([*others, *map(repr, known)], "or")
    hint = did_you_mean(value.partition("(")[0], known) if isinstance(value, str) else without_brackets(value)
    return InputError(f"expected {wanted}, got {describe(value)}", place=place, hint=hint)


def _typed(draft: Mapping[str, Any], key: str, wanted: type, words: str) -> Any:
    value = draft.get(key)
    if key in draft and not isinstance(value, wanted):
        hint = without_brackets(value) if wanted is str else None
        raise InputError(f"expected {words}, got {describe(value)}", place=key, hint=hint)
    return value

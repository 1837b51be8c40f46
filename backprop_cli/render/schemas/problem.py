"""The JSON Schemas of a problem, a result, and answers to an exercise."""

from collections.abc import Mapping, Sequence
from typing import get_args

from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.loss_names import FRAMEWORK_NAMES
from backprop_cli.core.losses import LOSSES
from backprop_cli.core.names import Names
from backprop_cli.core.quantities import (
    AXES,
    OF_A_LAYER,
    QUANTITIES,
    UPSTREAM_RULES,
    WEIGHT_LAYOUTS,
    Reduction,
    SamplesIn,
)
from backprop_cli.render.schemas.parts import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    array,
    choice,
    obj,
    or_named,
    or_null,
    tensor,
    up_to,
    versioned,
)

__all__ = ["answers", "problem", "result"]

_PARAMETER = r"\(\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*\)"
_DESCRIPTIONS = {
    "$schema": "The path or address of this schema, for editors.",
    "title": "Free text.",
    "source": "Free text: where the problem is from.",
    "names": "The framework or course whose names, layouts and means are used: 0.weight, dense/kernel, W1.",
    "inputs": "(n_samples, n_inputs): a row for each sample; a flat list is one sample.",
    "weights": "(n_inputs, n_neurons), or (n_neurons, n_inputs) in the layout out-in; a flat list is one neuron.",
    "biases": "(n_neurons,): a list, a row, a column, or a number for one neuron. A layer may have none.",
    "activation": "The activation function; a number in brackets is its parameter.",
    "z": "(n_samples, n_neurons): pre-activations, used in place of the computed ones.",
    "layers": "The layers of a network, from the inputs on.",
    "weight_layout": "in-out is (n_inputs, n_neurons); out-in is the default where samples are columns.",
    "samples": "Whether each row or each column of a matrix is a sample.",
    "targets": "What the outputs should be: a matrix like them, or the class number of each sample, counted from 0.",
    "loss": "The loss function of the outputs of the last layer and the targets.",
    "reduction": "How the losses of entries or samples are combined: sum by default, mean for the name of a framework.",
    "mean_gradients": "Whether dweights, dbiases and the loss are means over the samples.",
    "upstream": "The gradient of the loss with respect to the outputs of the last layer; in place of a loss.",
    "learning_rate": "A step subtracts learning_rate times the gradient.",
    "steps": "How many steps of gradient descent; results are those of the last one.",
    "expected": "Known results, by name as in a result; null stands for an open value.",
}


def problem() -> Schema:
    """Return the schema of a problem."""
    matrix = up_to(2, NUMBER)
    layer = _described({"weights": matrix, "biases": matrix, "activation": _activation(), "z": matrix})
    properties = _described(
        {
            "$schema": TEXT,
            "title": TEXT,
            "source": TEXT,
            "names": choice(get_args(Names)),
            "inputs": matrix,
            "layers": {**array(obj(layer)), "minItems": 1},
            "weight_layout": choice(WEIGHT_LAYOUTS),
            "samples": choice(get_args(SamplesIn), default="rows"),
            "targets": matrix,
            "loss": _loss_function(),
            "reduction": choice(get_args(Reduction)),
            "mean_gradients": {**FLAG, "default": False},
            "upstream": up_to(2, NUMBER, choice(UPSTREAM_RULES)),
            "learning_rate": {**NUMBER, "default": 0.001},
            "steps": {"type": "integer", "minimum": 1, "default": 1},
            "expected": {"type": "object"},
        }
    )
    whole = obj(
        {**properties, **layer, "activation": {**layer["activation"], **_activations()}},
        dependentRequired={"reduction": ["loss"]},
        allOf=[
            {"not": {"required": ["loss", "upstream"]}},
            *({"not": {"required": ["layers", key]}} for key in layer),
        ],
    )
    value = {"anyOf": [*up_to(2, NUMBER)["anyOf"], {"type": "object"}]}
    return or_named(whole, value, {"expected": _open_values(), "activation": _activation()})


def _open_values() -> Schema:
    """Return the schema of values by quantity, of which any may be open."""
    value = up_to(2, or_null(NUMBER))
    in_layer = obj(dict.fromkeys(OF_A_LAYER, value))
    return obj({**dict.fromkeys(QUANTITIES, value), "layers": array(in_layer)})


def result() -> Schema:
    """Return the schema of a result."""
    settings = {
        "exact": FLAG,
        "digits": COUNT,
        "binary": array(TEXT),
        "dtype": choice(["float32"]),
        "learning_rate": NUMBER,
        "weight_layout": choice(WEIGHT_LAYOUTS),
        "samples": choice(["columns"]),
        "mean_gradients": {"const": True},
        "loss_function": TEXT,
        "reduction": choice(get_args(Reduction)),
        "steps": {"type": "integer", "minimum": 2},
    }
    not_computed = {"type": "object", "additionalProperties": TEXT}
    whole = versioned(
        "backprop.result/1",
        {"names": choice(get_args(Names)), **settings, **_quantities(), "not_computed": not_computed},
        ["learning_rate", "weight_layout", "not_computed"],
        allOf=[{"not": {"required": ["layers", name]}} for name in OF_A_LAYER],
    )
    return or_named(whole, up_to(2, NUMBER), {})


def answers() -> Schema:
    """Return the schema of answers to an exercise: those that are null are open."""
    values: Schema = _open_values()["properties"]
    own = {"names": choice(get_args(Names)), "problem": TEXT, "digits": COUNT}
    return or_named(versioned("backprop.answers/1", {**own, **values}), up_to(2, or_null(NUMBER)), {})


def _quantities() -> dict[str, Schema]:
    """Return the schemas of computed quantities: at the top, and of those of each layer."""
    own = {name: tensor(len(AXES[name]), NUMBER) for name in QUANTITIES}
    return {**own, "layers": array(obj({name: own[name] for name in OF_A_LAYER}))}


def _function(names: Sequence[str], more: Sequence[str] = ()) -> Schema:
    """Return the schema of the name of a function, with a number in brackets or not."""
    plain = [name.partition("(")[0] for name in names]
    pattern = f"^\\s*({'|'.join(plain)})\\s*({_PARAMETER})?\\s*$"
    return {"anyOf": [choice([*dict.fromkeys([*names, *plain, *more])]), {"type": "string", "pattern": pattern}]}


def _activation() -> Schema:
    return {**_function(list(ACTIVATIONS)), "default": "relu"}


def _activations() -> Schema:
    """Return the schema of the activation of a layer, or of those of all layers: a text with commas, or a list."""
    return {"anyOf": [_activation(), array(_activation()), {"type": "string", "pattern": ","}]}


def _loss_function() -> Schema:
    return _function(list(LOSSES), list(FRAMEWORK_NAMES))


def _described(properties: Mapping[str, Schema]) -> dict[str, Schema]:
    return {key: {"description": _DESCRIPTIONS[key], **part} for key, part in properties.items()}

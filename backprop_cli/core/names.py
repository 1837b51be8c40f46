"""The names of quantities in PyTorch, Keras, Flax and courses, and the conventions that go with them.

One table holds all of them. A cell is a name in a network, and after `|` that in a single layer where it does not
follow from the first. `*` stands for the layer: its number, or its name, such as `fc1` or `model.0`; `*-1` for the
number of the layer before. Where a convention has no name for a quantity, the table has the one here. The parameters
after a step have the parameters' own names where the code steps them in place (`W1 = W1 - learning_rate * dW1`).

Sources:
    pytorch       torch.nn.Linear: `input`, `weight` (out_features, in_features), `bias`; `state_dict` joins the names
                  of modules and parameters with points; `Tensor.grad`; `grad_input` and `grad_output` as in
                  `Module.register_full_backward_hook`; criteria take `input` and `target`; `lr` as in torch.optim.SGD
    keras         keras.layers.Dense: outputs = activation(dot(inputs, kernel) + bias), linear unless told; variables
                  are named by the path of their layer, `dense/kernel`, the second layer `dense_1` (`:0` in TensorFlow)
    flax          flax.linen.Dense: `kernel` (in, features), `bias`; modules are named `Dense_0` under `params`
    nnfs          Kinsley and Kukiela, Neural Networks from Scratch in Python (2020), chapters 3, 4, 9 and 10: objects
                  `dense1`, `activation1` with `inputs`, `output`, `dinputs`; `backward(dvalues)`
    cs231n        Stanford CS231n, assignments 1 and 2, layers.py, layer_utils.py, fc_net.py: affine_backward(dout,
                  cache) returns dx, dw, db; `a` and `da` between affine and ReLU; a network has W1, b1 in params, and
                  gradients under the same names
    deeplearning  DeepLearning.AI, Neural Networks and Deep Learning (Ng), weeks 2 to 4: samples are columns, W1 is
                  (n[1], n[0]), dW1 = 1/m dZ1 A0.T; LINEAR -> RELU, the last layer LINEAR -> SIGMOID

This module imports no NumPy, so that the command line can validate names before NumPy is loaded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

from backprop_cli.core.quantities import SamplesIn, WeightLayout

__all__ = ["FRAMEWORKS", "GRADIENT_OF", "STEP_OF", "Convention", "Found", "Names", "Naming"]
__all__ += ["natural_order", "of_layer"]

Names: TypeAlias = Literal["pytorch", "keras", "flax", "nnfs", "cs231n", "deeplearning"]

_TABLE = """
quantity     pytorch         keras         flax         nnfs                      cs231n      deeplearning
inputs       input           inputs        inputs       inputs                    X|x         X
weights      *.weight        */kernel      *.kernel     dense*.weights            W*|w        W*
biases       *.bias          */bias        *.bias       dense*.biases             b*          b*
z            *.z             */z           *.z          dense*.output|z           a*          Z*
outputs      *.outputs       */outputs     *.outputs    activation*.output        out*        A*
targets      target          y_true        targets      y_true                    y           Y
loss         loss            loss          loss         loss                      loss        cost
losses       losses          losses        losses       losses                    losses      costs
upstream     grad_output     upstream      upstream     dvalues                   dout        dAL|dA
dz           *.dz            */dz          *.dz         activation*.dinputs|dz    da*         dZ*
dinputs      *.grad_input    */dinputs     *.dinputs    dense*.dinputs            dx*         dA*-1|dA_prev
dweights     *.weight.grad   */dweights    *.dweights   dense*.dweights           dW*|dw      dW*
dbiases      *.bias.grad     */dbiases     *.dbiases    dense*.dbiases            db*         db*
new_weights  *.weight        */kernel      *.kernel     dense*.new_weights        W*|w        W*
new_biases   *.bias          */bias        *.bias       dense*.new_biases         b*          b*
"""
LAST = "L"  # the last layer, whatever its number is
# Other names that are read, never written; with `*` those of the last layer
_ALSO: Mapping[str, Mapping[str, str]] = {
    "pytorch": {"x": "inputs", "y": "targets", "lr": "learning_rate"},
    "keras": {"x": "inputs", "y": "targets"},
    "flax": {"x": "inputs", "y": "targets", "labels": "targets"},
    "nnfs": {"X": "inputs", "y": "targets", "drelu": "dz"},
    "cs231n": {"x": "inputs", "X": "inputs", "W": "weights", "dW": "dweights"},
    "deeplearning": {"A0": "inputs", "A_prev": "inputs", "AL": "outputs*", "w": "weights", "dw": "dweights"},
}
GRADIENT_OF = MappingProxyType({"weights": "dweights", "biases": "dbiases"})
STEP_OF = MappingProxyType({"weights": "new_weights", "biases": "new_biases"})
_PATH, _NUMBER = r"[\w-]+(?:[./][\w-]+)*", r"[0-9]{1,6}"
_BEFORE = "*-1"
_SINGLE = re.compile(r"(?:dense|activation)?\*(?:-1|[./])?")  # what a single layer leaves out
_DIGITS = re.compile(r"_?([0-9]+)")


class Found(NamedTuple):
    """What a name stands for: a quantity, and its layer as it is named; None where the name has no layer."""

    quantity: str
    layer: str | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Convention:
    """The names of a framework or course, and what else holds where they are used."""

    name: Names
    network: Mapping[str, str]  # by quantity, the name in a network, with `*` for the layer
    single: Mapping[str, str]  # that in a single layer
    also: Mapping[str, str]  # by other names that are read, the quantity
    weight_layout: WeightLayout = "in-out"
    samples: SamplesIn = "rows"
    mean_gradients: bool = False
    last_activation: str = "linear"  # of the last layer, where nothing says another; the others have relu
    first: int | None = 1  # the number of the first layer; None where layers have names
    gradients_as_parameters: bool = False  # whether gradients on their own may have the names of their parameters

    def find(self, name: str) -> Found | None:
        """Return what a name stands for, or None where it is not of this convention.

        A parameter may also stand for its gradient or its step, which depends on where the name is.
        """
        if name in self.also:
            quantity, is_last = self.also[name].removesuffix("*"), self.also[name].endswith("*")
            return Found(quantity, LAST if is_last else None)
        name = name.removesuffix(":0")  # of a variable of TensorFlow
        for quantity, pattern in self._patterns.items():
            if (found := pattern.fullmatch(name)) is not None:
                layer = found.groupdict().get("layer")
                before = found.groupdict().get("before")
                return Found(quantity, layer if before is None else str(int(before) + 1))
        return None

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[str]]:
        layer = _PATH if self.first is None else _NUMBER
        holes = {"/": "[./]", r"\*\-1": rf"(?P<before>{_NUMBER})", r"\*": rf"(?P<layer>{layer})"}
        patterns = {}
        for quantity, name in self.network.items():
            if quantity not in STEP_OF.values() or name != self.network[_parameter(quantity)]:
                text = re.escape(name)
                if self.name == "flax":  # flatten_dict takes any separator, and its documentation has both
                    text = text.replace(r"\.", "/")
                for hole, pattern in holes.items():
                    text = text.replace(hole, pattern, 1)
                patterns[quantity] = re.compile(f"{text}|{re.escape(self.single[quantity])}", re.ASCII)
        return patterns

    def layers(self, activations: Sequence[str]) -> tuple[str, ...]:
        """Return the names that layers have by default; in an nn.Sequential, activations are modules of their own."""
        n = len(activations)
        if self.first is not None:
            return tuple(str(self.first + i) for i in range(n))
        if self.name == "pytorch":
            before = [sum(2 - (name == "linear") for name in activations[:i]) for i in range(n)]
            return tuple(map(str, before))
        return tuple(f"Dense_{i}" if self.name == "flax" else f"dense_{i}".removesuffix("_0") for i in range(n))


@dataclass(frozen=True, eq=False, repr=False)
class Naming:
    """The names in which a problem is written, or its results are."""

    convention: Convention
    layers: tuple[str, ...]  # the name or number of each layer; empty for a single layer without one

    def place(self, layer: int, quantity: str) -> str:
        """Return the name of a layer's quantity: `W1`, `0.weight.grad`."""
        if not self.layers:
            return self.convention.single.get(quantity, quantity)
        name, of_layer = self.convention.network.get(quantity, quantity), self.layers[layer]
        if _BEFORE in name:
            return name.replace(_BEFORE, str(int(of_layer) - 1))
        return name.replace("*", of_layer)

    def find(self, name: str) -> tuple[int | None, str] | None:
        """Return the layer and the quantity of a name: None as the layer of a name without one.

        A name that is not known, or of a layer that does not exist, is None as a whole.
        """
        found = self.convention.find(name)
        if found is None or found.layer is None:
            return None if found is None else (None, found.quantity)
        return of_layer(found, self.convention, {layer: i for i, layer in enumerate(self.layers)})


def of_layer(found: Found, convention: Convention, layers: Mapping[str, int]) -> tuple[int | None, str] | None:
    """Return the number, from 0, of the layer that was found in a name, and the quantity; None for no such layer.

    `layers` are the numbers of the layers by name, in order. `dA2` of two layers is the gradient that flows in.
    """
    last = list(layers)[-1:]
    if found.layer == LAST:
        return max(len(layers) - 1, 0), found.quantity
    if _BEFORE in convention.network[found.quantity] and last and found.layer == str(int(last[0]) + 1):
        return None, "upstream"
    number = layers.get(found.layer or "")
    return None if number is None else (number, found.quantity)


def _parameter(quantity: str) -> str:
    return quantity.removeprefix("new_")


def natural_order(layers: Sequence[str]) -> list[str]:
    """Return the names of layers in order: those that differ in their numbers only by these, 2 before 10.

    >>> natural_order(["fc10", "fc2", "out"]), natural_order(["dense_1", "dense"])
    (['fc2', 'fc10', 'out'], ['dense', 'dense_1'])
    """
    groups: dict[str, list[str]] = {}
    for name in layers:
        groups.setdefault(_DIGITS.sub("", name), []).append(name)
    for group in groups.values():
        group.sort(key=lambda name: [int(digits) for digits in _DIGITS.findall(name)])
    return [groups[_DIGITS.sub("", name)].pop(0) for name in layers]


def _conventions() -> Mapping[str, Convention]:
    header, *rows = (line.split() for line in _TABLE.strip().splitlines())
    settings: Mapping[str, Mapping[str, object]] = {
        "pytorch": {"weight_layout": "out-in", "first": None, "gradients_as_parameters": True},
        "keras": {"first": None, "gradients_as_parameters": True},
        "flax": {"first": None, "gradients_as_parameters": True},
        "nnfs": {"last_activation": "relu"},
        "cs231n": {"gradients_as_parameters": True},
        "deeplearning": {
            "weight_layout": "out-in",
            "samples": "columns",
            "mean_gradients": True,
            "last_activation": "sigmoid",
        },
    }
    found = {}
    for column, name in enumerate(header[1:], 1):
        cells = {row[0]: row[column].partition("|") for row in rows}
        network = {quantity: cell[0] for quantity, cell in cells.items()}
        single = {quantity: cell[2] or _SINGLE.sub("", cell[0], 1) for quantity, cell in cells.items()}
        found[name] = Convention(
            name=name,  # type: ignore[arg-type]  # the table has the names of `Names`
            network=MappingProxyType(network),
            single=MappingProxyType(single),
            also=MappingProxyType(dict(_ALSO[name])),
            **settings[name],  # type: ignore[arg-type]
        )
    assert tuple(found) == get_args(Names)  # noqa: S101 (the table above is fixed)
    return MappingProxyType(found)


FRAMEWORKS = _conventions()

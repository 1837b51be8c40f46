"""The names of the computed quantities, and of one of them in one layer: `dweights`, `layers[1].dweights`.

These are the words of the files, the options and the output alike. Nothing here needs NumPy, so that the command
line can judge a name before anything heavy is loaded.
"""

import re
from typing import NamedTuple

from backprop_cli.errors import UsageError
from backprop_cli.text import counted, did_you_mean, listed

# In the order in which they are worked by hand: forward, backward, step.
QUANTITIES = ("z", "outputs", "dz", "dinputs", "dweights", "dbiases", "new_weights", "new_biases")
LIKE_WEIGHTS = ("dweights", "new_weights")  # laid out as the weights were written

_NAME = re.compile(r"(?:layers\[(?P<layer>[0-9]{1,6})\]\.)?(?P<quantity>\w+)", re.ASCII)


class Node(NamedTuple):
    """One computed quantity of one layer, counted from 0."""

    layer: int
    quantity: str


class Name(NamedTuple):
    """What a user wrote to mean a quantity: of one layer, or of every layer where `layer` is None."""

    layer: int | None
    quantity: str


def layer_place(layer: int, name: str) -> str:
    """Return where a layer's value stands in a file: `layers[1].weights`."""
    return f"layers[{layer}].{name}"


def parse_name(text: str) -> Name:
    """Read `dweights` or `layers[1].dweights`.

    Raises:
        UsageError: The text names no quantity; the hint names the nearest.
    """
    found = _NAME.fullmatch(text)
    if not found or found["quantity"] not in QUANTITIES:
        word = found["quantity"] if found else text
        raise UsageError(
            f"no quantity is called {text!r} (expected {listed(QUANTITIES, 'or')})",
            hint=did_you_mean(word, QUANTITIES),
        )
    return Name(None if found["layer"] is None else int(found["layer"]), found["quantity"])


def nodes(names: tuple[Name, ...] | None, n_layers: int) -> tuple[Node, ...]:
    """Return what `names` stand for in a network of `n_layers`, layer by layer, in the order of `QUANTITIES`.

    None stands for everything.

    Raises:
        UsageError: A name is of a layer that is not there.
    """
    for layer, quantity in names or ():
        if layer is not None and layer >= n_layers:
            known = f"the problem has {counted(n_layers, 'layer')}, numbered from 0"
            raise UsageError(f"there is no {layer_place(layer, quantity)} ({known})")
    return tuple(
        Node(layer, quantity)
        for layer in range(n_layers)
        for quantity in QUANTITIES
        if names is None or Name(layer, quantity) in names or Name(None, quantity) in names
    )

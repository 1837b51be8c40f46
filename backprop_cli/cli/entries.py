"""Names of quantities and entries, as a user writes them: `dweights`, `layers[1].dweights[2,1]`."""

import re
from typing import TYPE_CHECKING, NamedTuple

from backprop_cli.core.places import PLACE, layer_place
from backprop_cli.core.quantities import AXES, GIVEN, OF_THE_LOSS, QUANTITIES, Node, every_node
from backprop_cli.errors import UsageError
from backprop_cli.load.files import PROBLEM_SUFFIXES
from backprop_cli.messages import QUOTING, counted, did_you_mean, listed

if TYPE_CHECKING:
    from backprop_cli.core.names import Names
    from backprop_cli.core.problem import Problem  # which imports NumPy

_INDEX = r"(?:[0-9]{1,9}|:)"
_ENTRY = re.compile(rf"(?P<name>{PLACE.pattern})(?:\[(?P<index>{_INDEX}(?:,{_INDEX})?)\])?", re.ASCII)
_FOREIGN = re.compile(rf"(?P<name>[^\[\]\s]+)(?:\[(?P<index>{_INDEX}(?:,{_INDEX})?)\])?", re.ASCII)
_LAYER = re.compile(r"layers(?:\[([0-9]{1,6})\]|\.([0-9]{1,6}))", re.ASCII)


class Name(NamedTuple):
    """The name of a quantity, in one layer, or in every layer where `layer` is None."""

    layer: int | None
    quantity: str
    foreign: str = ""  # a name of a framework or course in place of a quantity, until the problem says what it means


class Entry(NamedTuple):
    """The name of one entry of a quantity, of a row or a column, of the whole quantity, or of a layer."""

    name: Name  # with the quantity "" for a layer
    indices: tuple[int | None, ...]  # counted from 0, None for all along an axis; empty for the whole quantity

    @property
    def is_one(self) -> bool:
        """Whether this is one number."""
        has_index = bool(self.indices) and None not in self.indices
        return has_index or bool(self.name.quantity and not AXES[self.name.quantity])


def parse_name(text: str) -> Name:
    """Read `dweights` or `layers[1].dweights`.

    Raises:
        UsageError: The text is not the name of a computed quantity; the hint gives the nearest one.
    """
    found = PLACE.fullmatch(text)
    if found and found["quantity"] in GIVEN:
        raise UsageError(f"{found['quantity']} is given, not computed (expected {listed(QUANTITIES, 'or')})")
    if not found or found["quantity"] not in QUANTITIES:
        if conventions_with(text):
            return Name(None, "", text)
        word = found["quantity"] if found else text
        raise UsageError(
            f"no quantity is called {text!r} (expected {listed(QUANTITIES, 'or')})",
            hint=did_you_mean(word, QUANTITIES),
        )
    layer = found["layer"] or found["dotted"]
    return Name(None if layer is None else int(layer), found["quantity"])


def conventions_with(text: str) -> tuple[str, ...]:
    """Return the frameworks and courses that have a name."""
    from backprop_cli.core.names import FRAMEWORKS

    return tuple(name for name, convention in FRAMEWORKS.items() if convention.find(text) is not None)


def with_names_here(name: Name, problem: "Problem") -> Name:
    """Return a name with what a name of a framework or course stands for.

    Raises:
        UsageError: The problem has other names, the quantity is given, or there is no such layer.
    """
    if not name.foreign:
        return name
    known, naming, hint = listed(QUANTITIES, "or"), problem.naming, None
    found = None if naming is None else naming.find(name.foreign)
    if found is None:
        if naming is None:
            hint = f"it is a name of --names {listed(conventions_with(name.foreign), 'or')}"
        elif naming.layers:
            known = listed((naming.place(i, "dweights") for i in range(len(naming.layers))), "or")
            known = f"one such as {known}"
        raise UsageError(f"no quantity is called {name.foreign!r} (expected {known})", hint=hint)
    from backprop_cli.core.names import STEP_OF

    layer, quantity = found
    quantity = STEP_OF.get(quantity, quantity)
    if quantity not in QUANTITIES:
        raise UsageError(f"{name.foreign} is given, not computed (expected {known})")
    return Name(layer, quantity)


def parse_entry(text: str) -> Entry:
    """Read `dweights[2,1]`, `layers[1].dbiases[1]`, a row `dweights[2,:]`, a quantity `dweights` or a layer.

    Blanks may stand around commas and brackets, but not between digits or letters.

    Raises:
        UsageError: The text is not an entry.
    """
    text_in_one = "".join(part.strip() for part in re.split(r"([\[\],])", text))
    if layer := _LAYER.fullmatch(text_in_one):
        return Entry(Name(int(layer[1] or layer[2]), ""), ())
    found = _ENTRY.fullmatch(text_in_one) or _FOREIGN.fullmatch(text_in_one)
    if not found:
        raise UsageError(
            f"{text!r} is no entry (expected one like dweights[2,1], counted from 0)",
            hint=QUOTING if "]" not in text else None,
        )
    index = [None if part == ":" else int(part) for part in (found["index"] or "").split(",") if part]
    return Entry(parse_name(found["name"]), tuple(index))


def is_like_an_entry(text: str, names: "Names | None" = None) -> bool:
    """Tell whether a text is written like an entry or a quantity, be it right or wrong, and not like a file."""
    if text.lower().endswith(PROBLEM_SUFFIXES):
        return False
    if names is not None and names in conventions_with(text.strip()):
        return True
    return "[" in text or text.startswith("layers.") or text.strip() in (*QUANTITIES, *GIVEN)


def node_of(name: Name, problem: "Problem") -> Node:
    """Return the only node of a problem with a name.

    Raises:
        UsageError: The layer does not exist, or the name needs one.
    """
    found, n_layers = nodes((name,), problem), len(problem.layers)
    if len(found) > 1:
        examples = listed((problem.place(i, name.quantity) for i in (0, n_layers - 1)), "to")
        raise UsageError(f"which {name.quantity}? The problem has {n_layers} layers ({examples})")
    return found[0]


def require_layer(name: Name, problem: "Problem") -> None:
    """Check that the layer of a name is one of a problem.

    Raises:
        UsageError: It is not.
    """
    n_layers = len(problem.layers)
    if name.layer is not None and name.layer >= n_layers:
        known = f"the problem has {counted(n_layers, 'layer')}, numbered from 0"
        raise UsageError(f"there is no {layer_place(name.layer, name.quantity).rstrip('.')} ({known})")


def nodes(names: tuple[Name, ...] | None, problem: "Problem") -> tuple[Node, ...]:
    """Return the nodes of a problem with one of `names`, or all that it has for None, in the order of `every_node`.

    Raises:
        UsageError: The layer of a name does not exist.
    """
    n_layers = len(problem.layers)
    names = names and tuple(with_names_here(name, problem) for name in names)
    for layer, quantity, _ in names or ():
        if layer is not None and quantity in OF_THE_LOSS:
            raise UsageError(f"{quantity} belongs to no layer (expected {quantity})")
        require_layer(Name(layer, quantity), problem)
    return tuple(
        node
        for node in every_node(n_layers)
        if (problem.has(node) if names is None else Name(*node) in names or Name(None, node.quantity) in names)
    )

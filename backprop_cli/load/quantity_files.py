"""Load matrix files that are named after quantities: `dweights.csv`, `layers[1].dz.npy` or `layers.1.dz.npy`."""

import os
from collections.abc import Iterator
from typing import Any

from backprop_cli.core.names import STEP_OF, Naming
from backprop_cli.core.places import PLACE, dotted, layer_place
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import GIVEN, OF_THE_LOSS, QUANTITIES
from backprop_cli.errors import InputError
from backprop_cli.load.files import MATRIX_SUFFIXES, HeaderMode, read, suffix
from backprop_cli.load.matrix import cure_of_ending, parse_matrix
from backprop_cli.messages import counted, listed, nearest

_MOST_NAMED = 5  # files in a note


def is_one_matrix(path: str) -> bool:
    """Tell whether a file of expected values holds one matrix: by its ending, or as JSON that begins like a list.

    A number in JSON is one, too, where the file is named after a quantity: `loss.json`.

    Raises:
        InputError: With the file, which cannot be read.
    """
    if suffix(path) != ".json":
        return suffix(path) in MATRIX_SUFFIXES and suffix(path) != ".safetensors"  # whose tensors have names
    begin = bytes(read(path)[:64]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return begin == b"[" or (begin != b"{" and _is_quantity(_stem(path)))


def load_one_matrix(path: str, problem: Problem, *, exact: bool, header: HeaderMode) -> tuple[str, dict[str, Any]]:
    """Return the place of the quantity that a matrix file is named after, and its content as part of a result.

    The content is not validated yet. The layer may be left out of the name where there is only one.

    Raises:
        InputError: The name is none of a quantity of the problem, or the file cannot be read.
    """
    if problem.naming is not None and problem.naming.convention.find(_stem(path)) is not None:
        value = parse_matrix(path, _stem(path), exact=exact, finite=False, header=header)[0]
        return _stem(path), {_stem(path): value}
    layer, quantity = _layer_and_quantity(path, problem)
    value = parse_matrix(path, quantity, exact=exact, finite=False, header=header)[0]
    if layer is None:
        return quantity, {quantity: value}
    layers = [{quantity: value} if i == layer else {} for i in range(layer + 1)]
    return layer_place(layer, quantity), {"layers": layers}


def name_in_folder(file: str, naming: Naming | None = None) -> str | None:
    """Return the dotted name of the values in a file of a folder of expected values, or None if it is passed over.

    It may be a name of a convention. A name that probably means a quantity is not passed over, so that its values are
    not left out: `dW.csv`.
    """
    stem = _stem(file)
    if file.startswith(".") or suffix(file) not in MATRIX_SUFFIXES:
        return None
    found = None if naming is None else naming.convention.find(stem)
    if found is not None:  # parameters stand for their gradients, or for those after the step
        return None if found.quantity in GIVEN and found.quantity not in STEP_OF else stem
    if _is_quantity(stem):
        return dotted(stem)
    from backprop_cli.load.names import cure_of  # for other names only

    last = stem.rpartition(".")[2]
    theirs = () if naming is None else tuple(name.rpartition(".")[2] for name in naming.convention.network.values())
    is_meant = cure_of({last: None}, QUANTITIES) is not None or nearest(last, theirs) is not None
    return stem if is_meant and last not in GIVEN else None


def passed_over(folder: str, naming: Naming | None = None) -> tuple[str, ...]:
    """Return the names of the files in a folder of expected values that are not read, but for hidden ones.

    Raises:
        OSError: The folder cannot be read.
    """
    names = sorted(
        name for name in os.listdir(folder) if name_in_folder(name, naming) is None and not name.startswith(".")
    )
    return tuple(name + "/" * os.path.isdir(os.path.join(folder, name)) for name in names)


def note_on_folder(path: str, naming: Naming | None = None) -> Iterator[str]:
    """Yield a note on the files that are not read, if `path` is a folder and has any."""
    if os.path.isdir(path) and (names := passed_over(path, naming)):
        yield f"{path}: passed over {_some(names)} (expected names of quantities, such as dweights.csv)"


def require_values(path: str, *, has_values: bool) -> None:
    """Check that there are expected values in a file or folder.

    Raises:
        InputError: There are none; it names the files in the folder that were passed over.
    """
    names = () if has_values or not os.path.isdir(path) else passed_over(path)
    if names:
        cure = next(filter(None, map(cure_of_ending, (os.path.join(path, name) for name in names))), None)
        reason = f"there are no expected values in it (passed over {_some(names)})"
        raise InputError(reason, hint=cure or "a matrix file is named after its quantity, such as dweights.csv")
    if not has_values:
        raise InputError("there are no expected values in it")


def _layer_and_quantity(path: str, problem: Problem) -> tuple[int | None, str]:
    """Return the layer and the quantity of a file's name; the layer is None for what stands at the top of a result."""
    stem, n_layers = _stem(path), len(problem.layers)
    if not _is_quantity(stem):
        from backprop_cli.load.names import cure_of

        reason = f"{stem!r} is no quantity (a matrix file is named after its own: {listed(QUANTITIES, 'or')})"
        raise InputError(reason, hint=cure_of({stem: None}, QUANTITIES))
    found = PLACE.fullmatch(stem)
    assert found is not None, "it is a quantity"  # noqa: S101
    quantity, number = found["quantity"], found["layer"] or found["dotted"]
    if quantity in OF_THE_LOSS:
        if number is not None:
            raise InputError(f"{quantity} belongs to no layer (expected the name {quantity})")
        return None, quantity
    if number is None and n_layers > 1:
        names = listed((layer_place(i, quantity) for i in (0, n_layers - 1)), "to")
        raise InputError(f"of which layer is {quantity}? The problem has {n_layers} (expected a name from {names})")
    if int(number or 0) >= n_layers:
        raise InputError(f"the problem has {counted(n_layers, 'layer')}, numbered from 0", place=stem)
    return (int(number or 0) if problem.layered else None), quantity


def _is_quantity(stem: str) -> bool:
    found = PLACE.fullmatch(stem)
    return found is not None and found["quantity"] in QUANTITIES


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _some(names: tuple[str, ...]) -> str:
    shown = names if len(names) <= _MOST_NAMED else (*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more")
    return listed(shown)

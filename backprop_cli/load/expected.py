"""Expected values from a result: a file, or a folder as `run --save` writes it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from backprop_cli.core.places import nest
from backprop_cli.core.problem import Problem
from backprop_cli.errors import InputError
from backprop_cli.load.files import _named, read, suffix
from backprop_cli.load.matrix import _MATRIX_SUFFIXES, _parse_matrix
from backprop_cli.load.numbers import FLOAT32, to_array
from backprop_cli.load.problem import _load_draft
from backprop_cli.messages import reason_of

_RESULT_SETTINGS = ("schema", "exact", "binary", "dtype", "learning_rate", "weight_layout", "not_computed")


def load_expected(path: str, problem: Problem, *, written: bool = False) -> Mapping[str, Any]:
    """Return the expected values in a result, as `run` prints it (JSON) or saves it (JSON, NPZ or a folder).

    Args:
        path: The file or the folder.
        problem: What the values are for: weights-like ones have to be in its layout.
        written: Whether the numbers of a text are to be decimals, with the digits that they were written with.

    Raises:
        InputError: With the file at fault.
    """
    with _named(path):
        if os.path.isdir(path):
            tree = nest(_folder(path, written=written), gaps=True)
        elif suffix(path) == ".npz":
            from backprop_cli.load import npy

            tree = nest(npy.leaves_npz(read(path)), gaps=True)
        else:
            tree = _load_draft(path, None, exact=written)
        layout = tree.get("weight_layout", problem.weight_layout)
        if layout != problem.weight_layout:
            raise InputError(f"expected the layout {problem.weight_layout!r}, got {layout!r}", place="weight_layout")
        expected = {key: value for key, value in tree.items() if key not in _RESULT_SETTINGS}
        if tree.get("dtype") == "float32" and not written:
            expected = _in_float32(expected, "expected")
        if not expected:
            raise InputError("there are no expected values in it")
        return expected


def _in_float32(tree: Any, place: str) -> Any:
    """Return what a result in float32 holds as arrays of that, which are held to no more."""
    match tree:
        case dict():
            return {key: _in_float32(value, f"{place}.{key}") for key, value in tree.items()}
        case [dict(), *_]:
            return [_in_float32(value, f"{place}[{i}]") for i, value in enumerate(tree)]
        case _:
            return to_array(tree, place, FLOAT32)


def _folder(path: str, *, written: bool) -> Iterator[tuple[str, Any]]:
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise InputError(f"cannot read: {reason_of(error)}") from error
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending.lower() in _MATRIX_SUFFIXES:
            file = os.path.join(path, name)
            with _named(file):
                yield stem, _parse_matrix(file, stem, exact=written)[0]

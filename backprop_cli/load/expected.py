"""Load expected values: from a problem, or from a result, which is a file or a folder as `run --save` writes it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.places import dotted, layer_place
from backprop_cli.core.precision import FLOAT64, PRECISIONS, BFloat16, type_name
from backprop_cli.core.problem import CONVENTIONS, Problem
from backprop_cli.core.quantities import AXES, OF_A_LAYER, OF_THE_LOSS, QUANTITIES, Node
from backprop_cli.core.raw_format import SCHEMA as RAW
from backprop_cli.errors import InputError
from backprop_cli.load.answer_files import is_answers, read_digits, require_known_schema, require_same_title
from backprop_cli.load.answers import answers
from backprop_cli.load.draft_names import answers_in_our_names
from backprop_cli.load.files import PROBLEM_SUFFIXES, HeaderMode, named, require_suffix, suffix
from backprop_cli.load.foreign_names import tree_of
from backprop_cli.load.matrix import cure_of_ending, is_table, parse_matrix
from backprop_cli.load.misfits import Table, variants
from backprop_cli.load.numbers import Refused, describe, to_array
from backprop_cli.load.problem import load_draft, read_problem
from backprop_cli.load.quantity_files import is_one_matrix, load_one_matrix, name_in_folder, require_values
from backprop_cli.load.schema import PROBLEM_KEYS
from backprop_cli.messages import reason_of

_NO_QUANTITIES = ("schema", "exact", "digits", "binary", "dtype", "learning_rate", *CONVENTIONS, "not_computed")
_A_PROBLEM = 'what is computed from the problem goes under "expected"'
_OF_VALUES = "raw values are read by their manifest: the file beside them of the same name that ends in .json"
_EXPECTED_SUFFIXES = (*PROBLEM_SUFFIXES, ".csv", ".tsv", ".npy")


def load_expected(
    path: str, problem: Problem, *, rounded: bool = False, header: HeaderMode = "auto"
) -> Mapping[Node, Expected]:
    """Return the expected values in a result, as `run` prints it or saves it, in any of its formats.

    A matrix file is the part of a result that it is named after. Of a problem file, its `expected` is taken, if it
    gives the same as the problem.

    The problem sets the layers and the layout of weights. If `rounded`, values are decimals with the digits as written;
    answers to an exercise always are, and say themselves how many decimals count. `header` tells what the first lines
    of CSV and TSV files are.

    Raises:
        InputError: With the file, and the place in it.
    """
    tables: dict[str, str] = {}
    names = None if problem.naming is None else problem.naming.convention.name
    with named(path):
        if os.path.isdir(path):
            leaves = _folder(path, tables, problem, exact=rounded, header=header)
            found_in = tree_of(leaves, names=names, gaps=True)
        else:
            found_in = _file(path, tables, problem, exact=rounded, header=header)
        tree = answers(answers_in_our_names(found_in, problem), problem)
        require_known_schema(tree)
        _require_same_conventions(tree, problem)
        values = {key: value for key, value in tree.items() if key not in _NO_QUANTITIES}
        if is_answers(tree):
            return _filled_in(path, tree, values, problem)
        require_values(path, has_values=bool(values))
        found = validate_expected(values, problem, rounded=rounded, in_float32=str(tree.get("dtype")) == "float32")
        for node, expected in found.items():
            if (file := _table(tables, problem, node)) is not None:
                _require_no_column_numbers(Table(file, expected.values, header == "auto"), problem, node)
        return found


def _filled_in(path: str, tree: Mapping[str, Any], values: dict[str, Any], problem: Problem) -> Mapping[Node, Expected]:
    """Return the answers in a file, with the number of decimals that count."""
    require_same_title(tree, problem)
    digits = read_digits(tree)
    values.pop("problem", None)
    require_values(path, has_values=bool(values))
    found = validate_expected(values, problem, rounded=True)
    return {node: replace(expected, digits=digits) for node, expected in found.items()}


def _table(tables: Mapping[str, str], problem: Problem, node: Node) -> str | None:
    """Return the table of a node, by whose dotted name its layer may be left out or not if there is only one."""
    names = [problem.place(*node)]
    if len(problem.layers) == 1:
        names += [node.quantity, layer_place(*node)]
    return next((tables[name] for name in map(dotted, names) if name in tables), None)


def _require_same_conventions(tree: Mapping[str, Any], problem: Problem) -> None:
    """Check that a result was computed by the conventions of a problem.

    Only a result of `run`, which has a `weight_layout`, means the defaults of what it leaves out. Where a loss was not
    named, or the problem has none, nothing is known about it.

    Raises:
        InputError: It was not.
    """
    for key, wanted in {**CONVENTIONS, **problem.conventions()}.items():
        if wanted is None:
            continue
        default = CONVENTIONS[key] if "weight_layout" in tree else None
        found = tree.get(key, wanted if default is None else default)
        found = found.item() if isinstance(found, np.ndarray) and not found.ndim else found
        is_whole = type(wanted) is int and isinstance(found, Decimal)  # where numbers are read as they are written
        if not (type(found) is type(wanted) or is_whole) or found != wanted:
            words = repr(wanted) if isinstance(wanted, str) else describe(wanted)
            raise InputError(f"expected the problem's {words}, got {describe(found)}", place=key)


def validate_expected(
    values: Mapping[str, Any], problem: Problem, *, rounded: bool = False, in_float32: bool = False
) -> Mapping[Node, Expected]:
    """Return expected values, by name or under `layers` as in a result, as validated arrays by layer and quantity.

    If `rounded`, values are decimals with the digits as written. If `in_float32`, they are float32 also in a text. Here
    alone, null stands for an open entry or quantity, and NaN and infinity are values, which are wrong.

    Raises:
        InputError: With the place, which starts with `expected`.
    """
    found: dict[Node, Expected] = {}
    for node, raw in _by_node(values, problem):
        place = f"expected.{problem.place(*node)}"
        raw = raw if AXES[node.quantity] else _single(raw)
        if isinstance(raw, np.ndarray):
            found[node] = _from_array(raw, place, rounded=rounded, in_float32=in_float32)
        else:
            found[node] = _from_tree(raw, place, rounded=rounded, in_float32=in_float32)
    return found


def _single(raw: Any) -> Any:
    """Return the number in a matrix or list of one, as a file in a folder holds it; anything else stays."""
    if isinstance(raw, np.ndarray):
        return raw.reshape(()) if raw.size == 1 else raw
    while isinstance(raw, list) and len(raw) == 1:
        raw = raw[0]
    return raw


def _from_array(raw: Array, place: str, *, rounded: bool, in_float32: bool) -> Expected:
    """Return the values of an array of at most two dimensions; NaN and infinity stay."""
    if rounded:
        raise InputError("rounded values have to be written as text, not in binary", place=place)
    finite = np.isfinite(raw) if raw.dtype.kind == "f" else np.True_
    if finite.all():
        return _in_floats(raw, place, in_float32=in_float32)
    zeroed = raw.copy()
    zeroed[~finite] = 0
    expected = _in_floats(zeroed, place, in_float32=in_float32)
    return replace(expected, values=np.where(finite, expected.values, raw))


def _from_tree(raw: Any, place: str, *, rounded: bool, in_float32: bool) -> Expected:
    """Return the values of a number, a list or a list of rows; null is open, and NaN and infinity stay."""
    special: dict[tuple[int, ...], float | None] = {}
    plain = _without_special(raw, Decimal(0) if rounded else 0, special)
    expected = _as_written(plain, place) if rounded else _in_floats(plain, place, in_float32=in_float32)
    if special:
        values = expected.values.copy()
        for index, value in special.items():
            if value is None:
                expected.is_open[index] = True
            else:
                values[index] = Decimal(value) if rounded else value
        expected = replace(expected, values=values)
    return expected


def _without_special(raw: Any, number: Any, special: dict[tuple[int, ...], float | None]) -> Any:
    """Return a tree with a number in place of every null, NaN and infinity, and put those into `special` by index."""

    def plain(item: Any, index: tuple[int, ...]) -> Any:
        value = item.value if isinstance(item, Refused) else item
        if value is None or (isinstance(value, float | Decimal) and not isfinite(value)):
            special[index] = value if value is None else float(value)
            return number
        return item

    if not isinstance(raw, list):
        return plain(raw, ())
    if not (raw and isinstance(raw[0], list)):
        return [plain(item, (i,)) for i, item in enumerate(raw)]
    rows = enumerate(raw)
    return [[plain(item, (i, j)) for j, item in enumerate(row)] if isinstance(row, list) else row for i, row in rows]


def _in_floats(raw: Any, place: str, *, in_float32: bool) -> Expected:
    stored = to_array(raw, place, "float32") if in_float32 and not isinstance(raw, BFloat16) else raw
    values = to_array(stored, place)
    is_narrow = isinstance(stored, np.ndarray) and stored.dtype.kind == "f" and stored.dtype.itemsize < 8
    own = PRECISIONS[type_name(stored)] if is_narrow else FLOAT64
    return Expected(values=values, is_open=np.zeros(values.shape, bool), stored=own)


def _as_written(raw: Any, place: str) -> Expected:
    values = to_array(raw, place, "object")
    return Expected(values=values, is_open=np.zeros(values.shape, bool))


def _by_node(values: Mapping[str, Any], problem: Problem) -> Iterator[tuple[Node, Any]]:
    last = len(problem.layers) - 1
    for i, (prefix, layer) in enumerate(_layers(values, problem).items()):
        if not isinstance(layer, dict):
            raise InputError(f"expected an object, got {describe(layer)}", place=prefix)
        known = OF_A_LAYER if problem.layered else QUANTITIES
        for key in layer:
            if key not in known:
                raise _not_expected(layer, key, prefix, known)
        yield from ((Node(i, quantity), layer[quantity]) for quantity in known if quantity in layer)
    if problem.layered:
        yield from ((Node(last, quantity), values[quantity]) for quantity in OF_THE_LOSS if quantity in values)


def _not_expected(part: Mapping[str, Any], key: str, prefix: str, known: Sequence[str]) -> InputError:
    """Return the error for a key of an object of expected values, where it stands."""
    place = f"{prefix}.{key}"
    if key in OF_THE_LOSS:
        return InputError("belongs to no layer (expected beside layers)", place=place)
    if key == "layers":
        return InputError("the problem has a single layer (expected its quantities here)", place=place)
    from backprop_cli.load.names import cure_of  # for errors only

    hint = _A_PROBLEM if key in PROBLEM_KEYS else cure_of({key: part[key]}, known)
    return InputError("no such quantity is computed", place=place, hint=hint)


def _layers(values: Mapping[str, Any], problem: Problem) -> Mapping[str, Any]:
    """Return the values of each layer by place."""
    if not problem.layered:
        return {"expected": values}
    for key in values:
        if key not in ("layers", *OF_THE_LOSS):
            if key in OF_A_LAYER:
                raise InputError("expected layers here, as the problem has them", place=f"expected.{key}")
            raise _not_expected(values, key, "expected", OF_THE_LOSS)
    layers = values.get("layers", [])
    if not isinstance(layers, list) or len(layers) > len(problem.layers):
        raise InputError(f"expected a list of at most {len(problem.layers)} layers", place="expected.layers")
    return {f"expected.layers[{i}]": layer for i, layer in enumerate(layers)}


def _require_no_column_numbers(table: Table, problem: Problem, node: Node) -> None:
    """Check that a table does not have the shape of its quantity only without column numbers, or without an index.

    Raises:
        InputError: It has.
    """
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    shape = tuple(sizes[axis] for axis in problem.axes(node.quantity))
    if table.array.shape == shape or (len(shape) < 2 and table.array.size == (shape or (1,))[0]):
        return
    for array, hint in variants(table):
        if shape in (array.shape, (array.size,)):
            reason = f"shape {table.array.shape} does not fit the computed values (expected {shape})"
            raise InputError(reason, file=table.file, hint=hint)


def _file(path: str, tables: dict[str, str], problem: Problem, *, exact: bool, header: HeaderMode) -> dict[str, Any]:
    """Return the result in a file, or its part in a matrix file; a CSV or TSV is added to `tables` by dotted name."""
    cure = _OF_VALUES if suffix(path) == ".bin" else cure_of_ending(path)
    require_suffix(path, _EXPECTED_SUFFIXES, cure)
    if not is_one_matrix(path):
        names = None if problem.naming is None else problem.naming.convention.name
        data = read_problem(path)
        tree = load_draft(path, data, exact=exact, is_result=True, names=names)
        if str(tree.get("schema")) == RAW:
            from backprop_cli.load.raw import load_raw

            return load_raw(path, tree, exact=exact)
        is_decimal = not exact and is_answers(tree)
        return load_draft(path, data, exact=True, is_result=True, names=names) if is_decimal else tree
    place, tree = load_one_matrix(path, problem, exact=exact, header=header)
    if is_table(path):
        tables[dotted(place)] = path
    return tree


def _folder(
    path: str, tables: dict[str, str], problem: Problem, *, exact: bool, header: HeaderMode
) -> Iterator[tuple[str, Any]]:
    """Yield the matrices in a folder, by stem; the files that are CSV or TSV are added to `tables`, by stem, too."""
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise InputError(f"cannot read: {reason_of(error)}") from error
    for name in names:
        stem = name_in_folder(name, problem.naming)
        if stem is not None:
            file = os.path.join(path, name)
            if is_table(file):
                tables[stem] = file
            with named(file):
                yield stem, parse_matrix(file, stem, exact=exact, finite=False, header=header)[0]

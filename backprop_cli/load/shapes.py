"""Bring every array of a problem to its full shape, and refuse one that does not fit the others.

Each array claims the sizes of its axes. The first claim on an axis counts; a later one that differs is an error that
names both. Nothing broadcasts. A hint is given if everything fits with one array transposed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from backprop_cli.core.arrays import Array
from backprop_cli.errors import InputError
from backprop_cli.messages import counted, listed

SAMPLES: Final = -1  # the axis of samples; axis k >= 0 is for the inputs of layer k, the neurons of layer k - 1


class Layout(NamedTuple):
    """How matrices are written."""

    out_in: bool = False  # weights as (n_neurons, n_inputs)
    in_columns: bool = False  # a sample is a column of inputs, z, upstream and targets


class Fitted(NamedTuple):
    """The arrays by place, weights as (n_inputs, n_neurons) and samples in rows, and the sizes of the axes."""

    arrays: Mapping[str, Array]
    sizes: Mapping[int, int]


class _Claim(NamedTuple):
    size: int
    noun: str
    place: str


def fit(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> Fitted:
    """Return all arrays of a problem in their full shapes.

    A flat list (n,) of inputs is one sample, of weights one neuron, of `z` or upstream one sample or else one neuron;
    biases may be a number (), a flat list (n,), a row (1, n) or a column (n, 1).

    Arrays are named by place: `inputs`, `upstream`, and a layer's prefix (nothing, or `layers[0].`) with `weights`,
    `biases` or `z`; `targets` are like upstream.

    Raises:
        InputError: An array does not fit the ones before, or a flat list is ambiguous.
    """
    try:
        return _fit(arrays, prefixes, layout)
    except InputError as error:
        error.hint = _cure(arrays, prefixes, layout)
        raise


def _cure(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> str | None:
    """Return the cure with which all arrays would fit, if there is one."""
    transposed = list(_fitting_if_transposed(arrays, prefixes, layout))
    if transposed == ["weights"]:
        other = "in-out" if layout.out_in else "out-in"
        return f'weights may be transposed: --weight-layout {other}, or "weight_layout": "{other}", says so'
    if transposed:
        is_of_samples = set(transposed) <= set(_of_samples(arrays))
        line = "column" if layout.in_columns else "row"
        return f"{listed(transposed, 'or')} may be transposed" + f": a {line} is a sample here" * is_of_samples
    cure = _if_samples_are_transposed(arrays, prefixes, layout)
    return cure or _if_rows_are_joined(arrays, prefixes, layout)


def _of_samples(arrays: Mapping[str, Array]) -> list[str]:
    """Return the places of the matrices with a row, or a column, for each sample."""
    names = ("inputs", "z", "upstream", "targets")
    return [place for place, array in arrays.items() if array.ndim == 2 and place.rpartition(".")[2] in names]


def _if_samples_are_transposed(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> str | None:
    other = "rows" if layout.in_columns else "columns"
    for out_in in (layout.out_in, not layout.out_in) if _of_samples(arrays) else ():
        with suppress(InputError):
            _fit(arrays, prefixes, Layout(out_in, not layout.in_columns))
            is_usual = out_in == layout.out_in == (not layout.in_columns)  # the default that comes with the samples
            and_layout = "" if is_usual else f', with "weight_layout": "{"out-in" if out_in else "in-out"}"'
            return f'samples may be in {other}: --samples-in {other}, or "samples": "{other}", says so{and_layout}'
    return None


def _if_rows_are_joined(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> str | None:
    axes = _axes(prefixes, layout)
    for place in [place for place in arrays if max(arrays[place].shape, default=0) == arrays[place].size > 1]:
        with suppress(InputError):
            fitted = _fit({other: arrays[other] for other in arrays if other != place}, prefixes, layout)
            n_rows, *rest = (fitted.sizes.get(axis, 0) for axis in axes[place])
            if rest and min(n_rows, *rest) > 1 and n_rows * rest[0] == arrays[place].size:
                return f"write {place} as {n_rows} rows of {rest[0]}, which hold its {arrays[place].size} numbers"
    return None


def _fitting_if_transposed(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> Iterator[str]:
    """Yield each array that would fit if it alone were transposed; `weights` are those of all layers."""
    matrices = {place: array for place, array in arrays.items() if array.ndim == 2 and not place.endswith("biases")}
    weights = [place for prefix in prefixes if (place := prefix + "weights") in matrices]
    alone = [(place, [place]) for place in matrices if weights != [place]]
    for name, places in (("weights", weights), *alone):
        transposed = {place: matrices[place].T for place in places}
        try:
            _fit({**arrays, **transposed}, prefixes, layout)
        except InputError:
            continue
        yield name


def _fit(arrays: Mapping[str, Array], prefixes: Sequence[str], layout: Layout) -> Fitted:
    claims: dict[int, _Claim] = {}
    fitted: dict[str, Array] = {}
    pending = {place: axes for place, axes in _axes(prefixes, layout).items() if place in arrays}
    while pending:
        ambiguous = {}  # until another array is fitted
        for place, axes in pending.items():
            readings, note = _readings(arrays[place], place, layout)
            fitting = [array for array in readings if not _rivals(array, axes, claims)]
            if len(fitting) > 1:
                ambiguous[place] = axes
                continue
            if not fitting:
                raise _mismatch(readings[0], place, note, axes, claims)
            for (axis, noun), size in zip(axes.items(), fitting[0].shape, strict=True):
                claims.setdefault(axis, _Claim(size, noun, place))
            fitted[place] = fitting[0].T if _is_transposed(place, layout) else fitting[0]
        if ambiguous == pending:
            place = next(iter(pending))
            k = arrays[place].size
            reason = f"a flat list of {k} values could be one sample of {k} neurons or {k} samples of one neuron"
            raise InputError(f"{reason} (expected rows: [[1, 2]] or [[1], [2]])", place=place)
        pending = ambiguous
    return Fitted(fitted, {axis: claim.size for axis, claim in claims.items()})


def _axes(prefixes: Sequence[str], layout: Layout) -> Mapping[str, Mapping[int, str]]:
    """Return the axes of every array by place, each with the noun for one of it, in the order of the claims."""
    axes: dict[str, dict[int, str]] = {
        "inputs": {SAMPLES: "sample", 0: "feature"},
        **{f"{prefix}weights": {i: "input", i + 1: "neuron"} for i, prefix in enumerate(prefixes)},
        **{f"{prefix}biases": {i + 1: "neuron"} for i, prefix in enumerate(prefixes)},
        **{f"{prefix}z": {SAMPLES: "sample", i + 1: "neuron"} for i, prefix in enumerate(prefixes)},
        "upstream": {SAMPLES: "sample", len(prefixes): "neuron"},
        "targets": {SAMPLES: "sample", len(prefixes): "neuron"},
    }
    return {
        place: dict(reversed(of_place.items())) if _is_transposed(place, layout) else of_place
        for place, of_place in axes.items()
    }


def _is_transposed(place: str, layout: Layout) -> bool:
    match place.rpartition(".")[2]:
        case "weights":
            return layout.out_in
        case "biases":
            return False
        case _:
            return layout.in_columns


def _readings(array: Array, place: str, layout: Layout) -> tuple[list[Array], str]:
    """Return the full shapes that an array may have, and a note for errors."""
    name = place.rpartition(".")[2]
    if name == "biases":
        if array.ndim == 2 and 1 not in array.shape:
            raise InputError(f"expected a flat list, one row or one column, got shape {array.shape}", place=place)
        return [array.reshape(-1)], ""
    if array.ndim == 2:
        return [array], ""
    if array.ndim == 0 and name in ("inputs", "weights"):
        raise InputError("expected a list of numbers or of rows, got a single number", place=place)
    row, column = array.reshape(1, -1), array.reshape(-1, 1)
    if name == "inputs":
        return [column if layout.in_columns else row], "a flat list is one sample"
    if name == "weights":
        return [row if layout.out_in else column], "a flat list is one neuron"
    if layout.in_columns:
        row, column = column, row
    note = "a flat list is one sample" if array.ndim else "a single number is one sample of one neuron"
    return [row, column] if array.size > 1 else [row], note


def _rivals(array: Array, axes: Mapping[int, str], claims: Mapping[int, _Claim]) -> list[_Claim]:
    """Return the claims that an array does not fit."""
    sizes = zip(axes, array.shape, strict=True)
    return [claims[axis] for axis, size in sizes if axis in claims and claims[axis].size != size]


def _mismatch(array: Array, place: str, note: str, axes: Mapping[int, str], claims: Mapping[int, _Claim]) -> InputError:
    rival = _rivals(array, axes, claims)[0]
    if array.ndim == 1:
        got, wanted = counted(array.size, "value"), counted(rival.size, "value")
    else:
        sizes = [str(claims[axis].size) if axis in claims else f"n_{noun}s" for axis, noun in axes.items()]
        got, wanted = f"shape {array.shape}" + (f" ({note})" if note else ""), f"({', '.join(sizes)})"
    verb = "do" if got.endswith("values") else "does"
    of_rival = f"the {counted(rival.size, rival.noun)} of {rival.place}"
    return InputError(f"{got} {verb} not fit {of_rival} (expected {wanted})", place=place, rival=rival.place)

"""Bring every array of a problem to its full shape, and refuse one that does not fit the others.

Each array claims the sizes of its axes. The first claim on an axis counts; a later one that differs is an error that
names both. Nothing broadcasts. A hint is given if everything fits with one array transposed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from backprop_cli.core.arrays import Array
from backprop_cli.errors import InputError
from backprop_cli.messages import counted, listed

SAMPLES: Final = -1  # the axis of samples; axis k >= 0 is for the inputs of layer k, the neurons of layer k - 1


class Fitted(NamedTuple):
    """The arrays by place in their full shapes, weights as (n_inputs, n_neurons), and the sizes of the axes."""

    arrays: Mapping[str, Array]
    sizes: Mapping[int, int]


def fit(arrays: Mapping[str, Array], prefixes: Sequence[str], *, out_in: bool) -> Fitted:
    """Return all arrays of a problem in their full shapes.

    A flat list (n,) of inputs is one sample, of weights one neuron, of `z` or upstream one sample or else one neuron;
    biases may be a number (), a flat list (n,), a row (1, n) or a column (n, 1).

    Args:
        arrays: The arrays by place: `inputs`, `upstream`, and a layer's prefix with `weights`, `biases` or `z`.
        prefixes: The prefix of each layer in places: nothing, or `layers[0].`.
        out_in: Whether weights are (n_neurons, n_inputs).

    Raises:
        InputError: An array does not fit the ones before, or a flat list is ambiguous.
    """
    try:
        return _Fitting(out_in=out_in).fit(arrays, prefixes)
    except InputError as error:
        transposed = list(_fitting_if_transposed(arrays, prefixes, out_in=out_in))
        if transposed == ["weights"]:
            layout = "in-out" if out_in else "out-in"
            error.hint = f'weights may be transposed: --weight-layout {layout}, or "weight_layout": "{layout}", says so'
        elif transposed:
            error.hint = f"{listed(transposed, 'or')} may be transposed"
        raise


def _fitting_if_transposed(arrays: Mapping[str, Array], prefixes: Sequence[str], *, out_in: bool) -> Iterator[str]:
    """Yield each array that would fit if it alone were transposed; `weights` are those of all layers."""
    matrices = {place: array for place, array in arrays.items() if array.ndim == 2 and not place.endswith("biases")}
    weights = [place for prefix in prefixes if (place := prefix + "weights") in matrices]
    alone = [(place, [place]) for place in matrices if weights != [place]]
    for name, places in (("weights", weights), *alone):
        transposed = {place: matrices[place].T for place in places}
        try:
            _Fitting(out_in=out_in).fit({**arrays, **transposed}, prefixes)
        except InputError:
            continue
        yield name


class _Claim(NamedTuple):
    size: int
    noun: str
    place: str


class _Fitting:
    def __init__(self, *, out_in: bool) -> None:
        self._out_in = out_in
        self._claims: dict[int, _Claim] = {}
        self._fitted: dict[str, Array] = {}

    def fit(self, arrays: Mapping[str, Array], prefixes: Sequence[str]) -> Fitted:
        if "inputs" in arrays:
            self._inputs(arrays["inputs"])
        for take, name in ((self._weights, "weights"), (self._biases, "biases")):
            for layer, prefix in enumerate(prefixes):
                if prefix + name in arrays:
                    take(arrays[prefix + name], prefix + name, layer)
        layer_of = {prefix + "z": layer for layer, prefix in enumerate(prefixes)}
        layer_of["upstream"] = len(prefixes) - 1
        pending = {place: arrays[place] for place in layer_of if place in arrays}
        while pending:  # a flat list may be ambiguous until another array is fitted
            done = [place for place, array in pending.items() if self._per_sample(array, place, layer_of[place])]
            if not done:
                raise _ambiguous(*next(iter(pending.items())))
            pending = {place: array for place, array in pending.items() if place not in done}
        return Fitted(self._fitted, {axis: claim.size for axis, claim in self._claims.items()})

    def _inputs(self, array: Array) -> None:
        _refuse_single_number(array, "inputs")
        note = "a flat list is one sample" if array.ndim == 1 else ""
        self._claim(array.reshape(-1, array.shape[-1]), "inputs", {SAMPLES: "sample", 0: "feature"}, note)

    def _weights(self, array: Array, place: str, layer: int) -> None:
        _refuse_single_number(array, place)
        note = "a flat list is one neuron" if array.ndim == 1 else ""
        if array.ndim == 1:
            array = array.reshape((1, -1) if self._out_in else (-1, 1))
        if self._out_in:
            self._fitted[place] = self._claim(array, place, {layer + 1: "neuron", layer: "input"}, note).T
        else:
            self._claim(array, place, {layer: "input", layer + 1: "neuron"}, note)

    def _biases(self, array: Array, place: str, layer: int) -> None:
        if array.ndim == 2 and 1 not in array.shape:
            raise InputError(f"expected a flat list, one row or one column, got shape {array.shape}", place=place)
        self._claim(array.reshape(-1), place, {layer + 1: "neuron"})

    def _per_sample(self, array: Array, place: str, layer: int) -> bool:
        """Fit `z` or upstream; return False for a flat list that is ambiguous so far."""
        axes = {SAMPLES: "sample", layer + 1: "neuron"}
        note = ""
        if array.ndim < 2:
            note = "a flat list is one sample" if array.ndim else "a single number is one sample of one neuron"
            fitting = {s for s in ((1, array.size), (array.size, 1)) if self._fits(s, axes)}
            if len(fitting) > 1:
                return False
            array = array.reshape(fitting.pop() if fitting else (1, array.size))
        self._claim(array, place, axes, note)
        return True

    def _fits(self, shape: tuple[int, ...], axes: Mapping[int, str]) -> bool:
        return all(
            axis not in self._claims or self._claims[axis].size == size for axis, size in zip(axes, shape, strict=True)
        )

    def _claim(self, array: Array, place: str, axes: Mapping[int, str], note: str = "") -> Array:
        """Fit an array; `axes` names an entry of each of its axes."""
        if not self._fits(array.shape, axes):
            sizes = [str(self._claims[axis].size) if axis in self._claims else f"n_{axes[axis]}s" for axis in axes]
            rival = next(
                self._claims[axis]
                for axis, size in zip(axes, array.shape, strict=True)
                if axis in self._claims and self._claims[axis].size != size
            )
            raise _mismatch(array.shape, place, note, sizes, rival)
        for (axis, noun), size in zip(axes.items(), array.shape, strict=True):
            self._claims.setdefault(axis, _Claim(size, noun, place))
        self._fitted[place] = array
        return array


def _mismatch(shape: tuple[int, ...], place: str, note: str, sizes: Sequence[str], rival: _Claim) -> InputError:
    if len(shape) == 1:
        got, wanted = counted(shape[0], "value"), counted(rival.size, "value")
    else:
        got, wanted = f"shape {shape}", f"({', '.join(sizes)})"
    if note:
        got += f" ({note})"
    verb = "do" if got.endswith("values") else "does"
    of_rival = f"the {counted(rival.size, rival.noun)} of {rival.place}"
    return InputError(f"{got} {verb} not fit {of_rival} (expected {wanted})", place=place, rival=rival.place)


def _ambiguous(place: str, array: Array) -> InputError:
    k = array.size
    return InputError(
        f"a flat list of {k} values could be one sample of {k} neurons or {k} samples of one neuron"
        " (expected rows: [[1, 2]] or [[1], [2]])",
        place=place,
    )


def _refuse_single_number(array: Array, place: str) -> None:
    if array.ndim == 0:
        raise InputError("expected a list of numbers or of rows, got a single number", place=place)

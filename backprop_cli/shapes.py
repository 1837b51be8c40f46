"""The one judge of shapes: brings each array to its full shape, and refuses what does not fit the others.

Every array claims the sizes of its axes. The first claim on an axis stands; a later one that differs is an error
that names both. Nothing broadcasts.
"""

from typing import Final, NamedTuple

from backprop_cli.activations import Array
from backprop_cli.errors import InputError
from backprop_cli.text import counted

SAMPLES: Final = -1  # the axis of samples; axis k >= 0 holds the inputs of layer k, the neurons of layer k - 1


class _Claim(NamedTuple):
    size: int
    place: str
    shape: tuple[int, ...]


class Shapes:
    """What is known so far of n_samples and of each layer's width, and which array said so."""

    def __init__(self, *, out_in: bool) -> None:
        """Start with nothing known; `out_in` says that weights come as (n_neurons, n_inputs)."""
        self._out_in = out_in
        self._claims: dict[int, _Claim] = {}
        self._weights: dict[str, tuple[int, ...]] = {}

    def size(self, axis: int) -> int | None:
        """Return the size of an axis, or None where nothing has told it."""
        claim = self._claims.get(axis)
        return claim.size if claim else None

    def inputs(self, array: Array, place: str) -> Array:
        """Return inputs as (n_samples, n_inputs); a flat list is one sample."""
        if array.ndim == 0:
            raise InputError("expected a list of numbers or of rows, got a single number", place=place)
        if array.ndim == 1:
            array = array.reshape(1, -1)
            return self._fit(array, place, (SAMPLES, 0), "a flat list is one sample")
        return self._fit(array, place, (SAMPLES, 0))

    def weights(self, array: Array, place: str, layer: int) -> Array:
        """Return weights as (n_inputs, n_neurons); a flat list is one neuron."""
        if array.ndim == 0:
            raise InputError("expected a list of numbers or of rows, got a single number", place=place)
        axes = (layer + 1, layer) if self._out_in else (layer, layer + 1)
        note = "" if array.ndim == 2 else "a flat list is one neuron"
        if array.ndim == 1:
            array = array.reshape((1, -1) if self._out_in else (-1, 1))
        self._weights[place] = array.shape
        fitted = self._fit(array, place, axes, note)
        return fitted.T if self._out_in else fitted

    def biases(self, array: Array, place: str, layer: int) -> Array:
        """Return biases as (n_neurons,), from a number, a flat list, a row or a column."""
        if array.ndim == 2 and 1 not in array.shape:
            raise InputError(f"expected a flat list, one row or one column, got shape {array.shape}", place=place)
        return self._fit(array.reshape(-1), place, (layer + 1,))

    def per_sample(self, array: Array, place: str, layer: int) -> Array | None:
        """Return `z` or `upstream` as (n_samples, n_neurons).

        A flat list or a number is one sample or else one neuron, whichever fits; None where both still could.
        """
        axes = (SAMPLES, layer + 1)
        if array.ndim == 2:
            return self._fit(array, place, axes)
        candidates = {shape for shape in ((1, array.size), (array.size, 1)) if self._fits(shape, axes)}
        if len(candidates) > 1:
            return None
        shape = candidates.pop() if candidates else (1, array.size)
        note = "a single number is one sample of one neuron" if array.ndim == 0 else "a flat list is one sample"
        return self._fit(array.reshape(shape), place, axes, note)

    def _fits(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
        return all(self.size(axis) in (None, size) for axis, size in zip(axes, shape, strict=True))

    def _fit(self, array: Array, place: str, axes: tuple[int, ...], note: str = "") -> Array:
        shape = array.shape
        for axis, size in zip(axes, shape, strict=True):
            known = self._claims.get(axis)
            if known is not None and known.size != size:
                raise InputError(
                    self._mismatch(shape, axes, axis, known, note),
                    place=place,
                    hint=self._hint(place, shape, axes, size, known),
                )
        for axis, size in zip(axes, shape, strict=True):
            self._claims.setdefault(axis, _Claim(size, place, shape))
        return array

    def _mismatch(self, shape: tuple[int, ...], axes: tuple[int, ...], axis: int, known: _Claim, note: str) -> str:
        noun = "sample" if axis == SAMPLES else "neuron" if axis else "input"
        expected = tuple(self.size(a) or size for a, size in zip(axes, shape, strict=True))
        got = f"shape {shape}" + (f" ({note})" if note else "")
        wanted = f"expected {expected}"
        if len(shape) == 1:
            got, wanted = counted(shape[0], "value"), f"expected {counted(expected[0], 'value')}"
        verb = "do" if got.endswith("values") else "does"
        return f"{got} {verb} not fit the {counted(known.size, noun)} of {known.place} ({wanted})"

    def _hint(
        self, place: str, shape: tuple[int, ...], axes: tuple[int, ...], size: int, known: _Claim
    ) -> str | None:
        other_layout = "in-out" if self._out_in else "out-in"
        for weights in (place, known.place):
            turned = weights in self._weights and (
                self._fits(shape[::-1], axes) if weights == place else size in self._weights[weights]
            )
            if turned:
                return f'{weights} may be transposed: weight_layout "{other_layout}" says so'
        if known.place == "inputs" and known.shape[0] == size != known.shape[1]:
            return "inputs may be transposed: rows are samples"
        if len(shape) == 2 and shape[0] != shape[1] and self._fits(shape[::-1], axes):
            return f"{place} may be transposed: rows are samples"
        return None

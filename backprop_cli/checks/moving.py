"""Changes of L, a loss or sum(upstream * outputs), when numbers of a problem are moved, many numbers at a time.

A number that is moved by h changes its own layer only in part: an entry of `weights` or `biases` changes z of one
neuron by h * inputs, an entry of `inputs` changes z of one sample by h * weights. From there on, the changes themselves
are passed on, of those samples that have one: f(z + change) - f(z) for the outputs of a layer, and that times the
weights for z of the next. At the end, the change of L is the sum of the changes of its terms. This takes less time than
two forward passes, and its rounding errors are smaller, as the difference of two large losses is never formed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.finite_differences import Entries, ForwardPass
from backprop_cli.checks.functions import Coupling, is_curved
from backprop_cli.core.arrays import Array

# Curved functions bend on a scale of 1: where z moves less, the higher orders of a central difference are small.
REACH = 0.125
BLOCK_NUMBERS = 2**17  # at most, in an array of changes: with more, they leave the cache


class Change(NamedTuple):
    """What moving each entry does; all arrays have the shape (n_entries,)."""

    loss: Array  # the change of L, divided by 2**exponent of the forward pass
    noise: Array  # what rounding may do to that in the loss function, which does not depend on the step
    crosses: Array  # whether a pre-activation, or an output, leaves its side of a kink of its function
    is_far: Array  # whether one moves so far that a curved function may hide its course in between


class _Rows(NamedTuple):
    """Changes of z or outputs of a layer: in each row those of one sample, by one entry."""

    entry: Array  # (n_rows,)
    sample: Array  # (n_rows,)
    change: Array  # (n_rows, n_neurons)


class _Cells(NamedTuple):
    """Changes of single outputs of a layer, each by one entry; all arrays have the shape (n_cells,)."""

    entry: Array
    sample: Array
    neuron: Array
    change: Array

    def at(self, chosen: Array) -> "_Cells":
        """Return some of the cells, by indices, (n_chosen,)."""
        return _Cells(*(array[chosen] for array in self))


def moved(
    forward: ForwardPass,
    entries: Entries,
    step: Array,
    *,
    linearized: bool = False,
    block_numbers: int = BLOCK_NUMBERS,
) -> Change:
    """Return what it does to move each entry by its step.

    Args:
        forward: The forward pass with no number moved.
        entries: What is moved, each entry alone.
        step: By how much, (n_entries,).
        linearized: Whether each activation is replaced by its tangent at the z of the problem.
        block_numbers: The most numbers in an array, unless one sample or one entry has more.
    """
    n = len(step)
    found = Change(np.zeros(n), np.zeros(n), np.zeros(n, bool), np.zeros(n, bool))
    widths = [z.shape[1] for z in forward.z]
    behind = np.array([max(widths[i + (not forward.couples(i)) :], default=1) for i in range(forward.n_layers)])
    n_rows = max(1, min(forward.n_samples, block_numbers // max(widths)))
    for block in _blocks(np.where(entries.is_input, max(widths), n_rows * behind[entries.layer]), block_numbers):
        part = Change(*(array[block] for array in found))
        for start in range(0, forward.n_samples, n_rows):
            rows = slice(start, min(start + n_rows, forward.n_samples))
            _Sweep(forward, entries.at(block), step[block], rows, linearized, part).run()
    return found


def _blocks(sizes: Array, most_numbers: int) -> Iterator[slice]:
    """Yield slices of entries whose sizes, (n_entries,), add up to no more than a block, or of one entry."""
    start, ends = 0, np.cumsum(sizes)
    while start < len(sizes):
        end = (ends[start - 1] if start else 0) + most_numbers
        stop = max(start + 1, int(np.searchsorted(ends, end, side="right")))
        yield slice(start, stop)
        start = stop


@dataclass(frozen=True, eq=False, repr=False)
class _Sweep:
    """One way through the layers, with the changes by some entries in some samples."""

    forward: ForwardPass
    entries: Entries
    step: Array  # (n_entries,)
    samples: slice
    linearized: bool
    found: Change  # what is added to

    def run(self) -> None:
        """Add to the change of L by each entry, and to which entries cross a kink."""
        forward, first = self.forward, int(self.entries.layer[0])
        ends = np.searchsorted(self.entries.layer, np.arange(first, forward.n_layers + 1))
        rows, cells = self._moved_inputs(ends[1]), self._moved_parameters(first, 0, ends[1])
        rows, cells = self._outputs(first, rows, cells)
        for layer, start, end in zip(range(first + 1, forward.n_layers), ends[1:], ends[2:], strict=False):
            rows = self._passed_on(layer, rows, cells)
            rows, cells = self._outputs(layer, rows, self._moved_parameters(layer, start, end))
        self._add(rows.entry, rows.sample, rows.change)
        self._add(cells.entry, cells.sample, cells.change, cells.neuron)

    def _moved_inputs(self, end: int) -> _Rows:
        """Return the changes of z of the first layer by entries of its inputs, up to an entry."""
        entries, samples = self.entries, self.samples
        is_here = entries.is_input[:end] & (entries.first[:end] >= samples.start) & (entries.first[:end] < samples.stop)
        entry = np.flatnonzero(is_here)
        change = self.step[entry, None] * self.forward.weights[int(entries.layer[0])][entries.second[entry]]
        return _Rows(entry, entries.first[entry], change)

    def _moved_parameters(self, layer: int, start: int, end: int) -> _Cells:
        """Return the changes of z of a layer by entries of its weights and biases, from one entry to another."""
        entry = start + np.flatnonzero(~self.entries.is_input[start:end])
        rows, first, neuron = self.samples, self.entries.first[entry], self.entries.second[entry]
        inputs = np.where(first[:, None] < 0, 1, self.forward.inputs[layer].T[first, rows])
        change = self.step[entry, None] * inputs
        k, sample = np.nonzero(change)
        return _Cells(entry[k], sample + rows.start, neuron[k], change[k, sample])

    def _passed_on(self, layer: int, rows: _Rows, cells: _Cells) -> _Rows:
        """Return the changes of z of a layer by changes of its inputs."""
        weights = self.forward.weights[layer]
        return _Rows(
            np.concatenate([rows.entry, cells.entry]),
            np.concatenate([rows.sample, cells.sample]),
            np.concatenate([rows.change @ weights, cells.change[:, None] * weights[cells.neuron]]),
        )

    def _outputs(self, layer: int, rows: _Rows, cells: _Cells) -> tuple[_Rows, _Cells]:
        """Return the changes of outputs of a layer by changes of its z; where neurons are coupled, all as rows."""
        forward = self.forward
        if forward.couples(layer):
            rows, cells = _widened(rows, cells, forward.z[layer].shape[1]), cells.at(np.zeros(0, int))
        if forward.ends_at_z and layer == forward.n_layers - 1:
            return rows, cells
        z, outputs = forward.z[layer], forward.outputs[layer]
        change = self._through(layer, rows.entry, z[rows.sample], outputs[rows.sample], rows.change)
        changed = np.flatnonzero(change.any(axis=1))
        rows = _Rows(rows.entry[changed], rows.sample[changed], change[changed])
        at = cells.sample, cells.neuron
        change = self._through(layer, cells.entry, z[at], outputs[at], cells.change)
        return rows, cells._replace(change=change).at(np.flatnonzero(change))

    def _through(self, layer: int, entry: Array, z: Array, outputs: Array, change: Array) -> Array:
        """Return the changes of outputs by changes of z, and note what crosses a kink, or moves far.

        All arrays have the same shape, but for `entry`, (n_rows,).
        """
        activation = self.forward.problem.layers[layer].activation
        if not change.size:
            return change
        if self.linearized and activation.couples:
            return Coupling.of(activation, z).change(change)
        if self.linearized:
            derivative = activation.derivative(z)
            return np.where(derivative == 0, 0, derivative * change)
        there, crosses = z + change, np.zeros(z.shape, bool)
        for kink in activation.kinks:
            crosses |= np.sign(there - kink) != np.sign(z - kink)
        self.found.crosses[entry[_any(crosses)]] = True
        if is_curved(activation):
            self.found.is_far[entry[_any(~(np.abs(change) <= REACH))]] = True
        found: Array = activation.value(there) - outputs
        return found

    def _add(self, entry: Array, sample: Array, change: Array, neuron: Array | slice = slice(None)) -> None:
        """Add the changes of L by changes of what it is a function of, as `ForwardPass.change_of_loss` takes them."""
        end, found, n = self.forward.end, self.found, len(self.step)
        if not change.size:
            return
        if self.linearized or end is None:
            loss = self.forward.linear_change(sample, change, neuron)
        else:
            loss, noise, crosses = self.forward.change_of_loss(sample, change, neuron)
            found.crosses[entry[_any(crosses)]] = True
            found.is_far[entry[_any(~(np.abs(change) <= REACH * end.function.reach))]] = True
            noise_of_entries = found.noise
            noise_of_entries += np.bincount(entry, _over_neurons(noise), minlength=n)
        total = found.loss
        total += np.bincount(entry, _over_neurons(loss), minlength=n)


def _over_neurons(array: Array) -> Array:
    """Return the sums of the rows of an array (n_rows, n_neurons); one without a second axis is returned as it is."""
    return array.sum(axis=1) if array.ndim > 1 else array


def _any(mask: Array) -> Array:
    """Return which rows of a mask, (n_rows, n_neurons) or (n_rows,), have a true entry."""
    return np.any(mask, axis=1) if mask.ndim > 1 else mask


def _widened(rows: _Rows, cells: _Cells, n_neurons: int) -> _Rows:
    """Return changes of some rows and of single neurons as rows."""
    wide = np.zeros((len(cells.entry), n_neurons))
    wide[np.arange(len(wide)), cells.neuron] = cells.change
    entry, sample = (np.concatenate(pair) for pair in ((rows.entry, cells.entry), (rows.sample, cells.sample)))
    return _Rows(entry, sample, np.concatenate([rows.change, wide]))

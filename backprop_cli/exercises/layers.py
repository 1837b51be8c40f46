"""Draw the inputs and the layers of a problem with friendly numbers.

Where all is rational, each layer may add a number of decimals to what passes through it: those of its weights, and for
an inactive unit of a leaky ReLU those of its slope. A gradient of weights has those of all layers at most, and a step
those of the learning rate more.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, isfinite
from operator import mul
from typing import NamedTuple

import numpy as np

from backprop_cli.core.activations import Activation, activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_objects
from backprop_cli.core.loss_names import loss
from backprop_cli.exercises.assembly import Parameters, matrix
from backprop_cli.exercises.conditions import FROM_KINKS, MOST_Z, may_be_inactive, saturates
from backprop_cli.exercises.number_sets import NumberSet, Unfit
from backprop_cli.exercises.rounding import decimals
from backprop_cli.exercises.specification import Specification
from backprop_cli.exercises.stream import Stream

__all__ = ["Plan", "Plans", "draw_inputs", "draw_layer", "outputs_of", "plans"]

_TRIES = 60  # for the inputs or a neuron
_LAYERS = 8  # tries for a layer
_MANY = 20  # decimals
_FEW = 3
_KEPT = 12  # decimals of outputs that are not rational, so that the last bits of a platform decide nothing
_SMALL_Z = 4  # the largest pre-activation in a network with an activation that saturates

_Rows = list[list[Fraction]]


class Plan(NamedTuple):
    """What a layer may have."""

    fine: bool  # weights with a decimal
    inactive: bool  # inactive units


class Plans(NamedTuple):
    """What each layer may have, and how many decimals are left for the gradient that flows back."""

    layers: Sequence[Plan]
    spare: int


def plans(spec: Specification, stream: Stream) -> Plans:
    """Return what each layer may have, such that results have few decimals: inactive units first, of any one layer."""
    rows, order = [activation(name) for name in spec.activations], stream.shuffled(range(spec.n_layers))
    # An inactive unit alone in its layer ends the gradient of its sample: no layer has it if another can have one
    wide = [i for i in order if may_be_inactive(rows[i]) and spec.shape[i + 1] > 1]
    tall = [i for i in order if may_be_inactive(rows[i]) and spec.n_samples > 1]
    spare = spec.digits - decimals(spec.rate) if spec.rational else _MANY
    inactive, fine = set(), set()
    for i in wide or tall[:1]:
        cost = decimals(Fraction(rows[i].parameter or 0)) if rows[i].exact else 0
        if cost <= max(spare, 0):
            inactive.add(i)
            spare -= cost
    for i in order:
        if spare > _reserved(spec):
            fine.add(i)
            spare -= 1
    return Plans([Plan(i in fine, i in inactive) for i in range(spec.n_layers)], max(spare, 0))


def _reserved(spec: Specification) -> int:
    """Return how many decimals to keep for the gradient that flows back, so that differences from targets are small."""
    if spec.loss is None:
        return 0
    return int(isfinite(loss(spec.loss).reach) or spec.reduction != "sum" or spec.mean_gradients)


def draw_inputs(spec: Specification, stream: Stream, number_set: NumberSet) -> Array:
    """Return inputs (n_samples, n_inputs); samples, features, and the numbers of a sample differ where they can."""
    numbers = number_set.inputs if spec.rational else number_set.small_inputs
    rows: _Rows = []
    for _ in range(_TRIES):
        rows = [[stream.choice(numbers) for _ in range(spec.shape[0])] for _ in range(spec.n_samples)]
        if _differ(rows) and _differ(list(zip(*rows, strict=True))) and all(map(_has_different, rows)):
            break
    return matrix(rows)


def _differ(rows: Sequence[Sequence[Fraction]]) -> bool:
    """Tell whether no row is another, or the opposite of another."""
    return len(set(map(tuple, rows)) | {tuple(-x for x in row) for row in rows}) == 2 * len(rows)


def _has_different(numbers: Sequence[Fraction]) -> bool:
    """Tell whether numbers differ: all of them if they are few, else two."""
    return len(set(numbers)) >= min(len(numbers), _FEW)


def draw_layer(
    spec: Specification, stream: Stream, number_set: NumberSet, inputs: Array, i: int, plan: Plan
) -> tuple[Parameters, Array]:
    """Return the parameters of layer i and its outputs (n_samples, n_neurons), of its inputs (n_samples, n_inputs).

    Raises:
        Unfit: Its pre-activations are never fit.
    """
    draw = _LayerDraw(spec, stream, number_set, inputs.tolist(), i, plan)
    for _ in range(_LAYERS):
        neurons = draw.neurons()
        if draw.is_fit(neurons):
            weights = matrix([neuron.weights for neuron in neurons]).T
            biases = as_objects([neuron.bias for neuron in neurons]) if spec.biases else None
            return Parameters(weights, biases), outputs_of(draw.row, matrix([neuron.z for neuron in neurons]).T)
    raise Unfit("masks")


def outputs_of(row: Activation, z: Array) -> Array:
    """Return the outputs of pre-activations of fractions, as fractions; both are (n_samples, n_neurons)."""
    if row.exact:
        return row.value(z)
    found = row.value(z.astype(np.float64))
    return matrix([[round(Fraction(number), _KEPT) for number in sample] for sample in found.tolist()])


class _Neuron(NamedTuple):
    """The parameters of a neuron, and its pre-activation of each sample."""

    weights: list[Fraction]
    bias: Fraction
    z: list[Fraction]


class _LayerDraw:
    """What the neurons of a layer are drawn from."""

    def __init__(
        self, spec: Specification, stream: Stream, number_set: NumberSet, inputs: _Rows, i: int, plan: Plan
    ) -> None:
        self.stream, self.inputs, self.plan = stream, inputs, plan
        self.row, self.size = activation(spec.activations[i]), spec.shape[i + 1]
        self.numbers = number_set.weights[plan.fine] if spec.rational else number_set.small_weights
        self.has_biases, self.has_states = spec.biases, may_be_inactive(self.row)
        self.most = Fraction(number_set.most_z if spec.rational else MOST_Z if saturates(self.row) else _SMALL_Z)
        self.edges = {Fraction(0), *map(Fraction, self.row.kinks)}

    def neurons(self) -> list[_Neuron]:
        """Return all neurons of the layer; of one sample, some of them are inactive where they may be.

        Raises:
            Unfit: The pre-activations of one are never fit.
        """
        inactive: Sequence[int] = ()
        if self.has_states and self.plan.inactive and len(self.inputs) == 1:
            inactive = self.stream.shuffled(range(self.size))[: 1 + self.stream.below(self.size // 2)]
        found: list[_Neuron] = []
        for j in range(self.size):
            found.append(self._neuron(is_active=j not in inactive, before=found))
        return found

    def _neuron(self, *, is_active: bool, before: Sequence[_Neuron]) -> _Neuron:
        for _ in range(_TRIES):
            weights = [self.stream.choice(self.numbers) for _ in self.inputs[0]]
            if not _has_different(weights):
                continue
            bias = self.stream.choice(self.numbers) if self.has_biases else Fraction(0)
            z = [sum(map(mul, sample, weights), bias) for sample in self.inputs]
            if self.has_states and self.has_biases and not self.plan.inactive and min(z) < 1:
                shift = ceil(1 - min(z))
                shift += bias == -shift  # no bias is 0
                bias, z = bias + shift, [number + shift for number in z]
            if self._is_fit(z, is_active=is_active) and self._is_near(z, before):
                return _Neuron(weights, bias, z)
        raise Unfit("saturation" if saturates(self.row) else "masks" if self.has_states else "kinks")

    def _is_fit(self, z: Sequence[Fraction], *, is_active: bool) -> bool:
        """Tell whether the pre-activations of a neuron are small, apart from kinks, and active where it is to be."""
        if any(abs(number) > self.most or any(abs(number - edge) < FROM_KINKS for edge in self.edges) for number in z):
            return False
        if not self.has_states:
            return True
        active = [number > Fraction(self.row.kinks[0]) for number in z]
        return (any(active) if is_active else not any(active)) and (self.plan.inactive or all(active))

    def _is_near(self, z: Sequence[Fraction], before: Sequence[_Neuron]) -> bool:
        """Tell whether pre-activations are not far from those of other neurons of their sample, if f couples them."""
        if not self.row.couples:
            return True
        return all(abs(mine - other) <= MOST_Z for each in before for mine, other in zip(z, each.z, strict=True))

    def is_fit(self, neurons: Sequence[_Neuron]) -> bool:
        """Tell whether some units are inactive, and not all of a sample, where that is possible."""
        if not self.has_states or not self.plan.inactive:
            return True
        kink = Fraction(self.row.kinks[0])
        samples = [[number > kink for number in sample] for sample in zip(*(each.z for each in neurons), strict=True)]
        return not all(map(all, samples)) and (self.size == 1 or all(map(any, samples)))

"""A picture of a network with the numbers of one sample: what it shows, without positions.

A network with many neurons has no numbers, only its layers with their shapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node, UpstreamRule
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import UsageError
from backprop_cli.explanations.explanation import Number
from backprop_cli.messages import counted

__all__ = ["Layer", "Picture", "Port", "Unit", "Value", "picture"]

_MOST_UNITS = 40  # inputs and neurons that are drawn one by one
_PER_SAMPLE = ("z", "outputs", "dz", "dinputs", "upstream")
_SHOWN = (*_PER_SAMPLE, "loss", "dweights", "dbiases")


@dataclass(frozen=True, kw_only=True)
class Value:
    """An entry with its name."""

    name: str  # `layers[0].weights[0,1]`
    number: Number


@dataclass(frozen=True, kw_only=True)
class Port:
    """What a neuron takes: an output of the layer before times a weight, or a bias; or what a loss takes: an output."""

    name: str  # `weight`, `bias` or `target`
    value: Value | None  # the weight, the bias or the target
    gradient: Value | None  # of the loss with respect to it; a target has none


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An input, a neuron, or the loss."""

    name: str  # `neuron 0`, or its name in the header of a file
    ports: tuple[Port, ...] = ()  # one for each unit of the layer before, then the bias
    z: Value | None = None
    dz: Value | None = None
    output: Value | None = None  # of an input its value, of the loss nothing
    gradient: Value | None = None  # of the loss with respect to the output
    loss: Value | None = None
    inactive: bool = False


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The inputs, a layer of neurons, or the loss."""

    title: str  # `inputs`, `layers[0]`, `loss`
    function: str | None  # of the activation, or of the loss
    size: int | None  # the number of units; None where it is not known
    shapes: Mapping[str, tuple[int, ...]]  # of its matrices, as the author writes them
    units: tuple[Unit, ...]  # none where they are too many to be drawn; the loss always has its one


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A network, from the inputs to the loss."""

    title: str | None
    sample: int  # that the numbers belong to, counted from 0
    n_samples: int
    means: bool  # whether the gradients of parameters are means over the samples, and not sums
    step: tuple[int, int]  # that the numbers belong to, counted from 1, of how many
    upstream: UpstreamRule | Literal["given"] | None  # where it comes from, if not from a loss
    has_units: bool  # whether inputs and neurons are drawn one by one
    layers: tuple[Layer, ...]

    @property
    def n_edges(self) -> int:
        """The number of weights, biases and targets that are drawn."""
        return sum(len(unit.ports) for layer in self.layers for unit in layer.units)


def picture(problem: Problem, sample: int = 0) -> Picture:
    """Return the picture of a network with the numbers of one sample, counted from 0.

    Raises:
        UsageError: There is no such sample.
        InputError: Nothing follows from what was given, or a result overflows.
    """
    n_samples = problem.n_samples or 1
    if sample >= n_samples:
        has = counted(n_samples, "sample")
        raise UsageError(f"there is no sample {sample}: the problem has {has}, counted from 0")
    sizes = [problem.layers[0].n_inputs, *(layer.n_neurons for layer in problem.layers)]
    has_units = None not in sizes[1:] and sum(size or 0 for size in sizes) <= _MOST_UNITS
    last = len(problem.layers) - 1
    wanted = [node for node in problem.nodes if node.quantity in (_SHOWN if has_units else ("loss",))]
    require_any(problem, problem.nodes, plan(problem, problem.nodes))
    if set(wanted) <= plan(problem, wanted).missing.keys():
        solution = Solution(problem=problem, layers=())
    else:
        solution = solve(problem, wanted)
    maker = _Maker(solution, sample)
    layers = [maker.layer(i, has_units=has_units) for i in range(last + 1)]
    if problem.layers[0].n_inputs is not None:
        layers.insert(0, maker.inputs(has_units=has_units))
    if problem.loss is not None:
        layers.append(maker.loss(has_units=has_units))
    return Picture(
        title=problem.title,
        sample=sample,
        n_samples=n_samples,
        means=problem.mean_gradients,
        step=(problem.at_step, problem.steps),
        upstream=_upstream(problem),
        has_units=has_units,
        layers=tuple(layers),
    )


def _upstream(problem: Problem) -> UpstreamRule | Literal["given"] | None:
    if problem.loss is not None or problem.upstream is None:
        return None
    return problem.upstream if isinstance(problem.upstream, str) else "given"


class _Maker:
    """Makes the layers of a picture from what was given and computed."""

    def __init__(self, solution: Solution, sample: int) -> None:
        self.problem, self.solution, self.sample = solution.problem, solution, sample
        self.last = len(self.problem.layers) - 1

    def inputs(self, *, has_units: bool) -> Layer:
        """Return the inputs as a layer."""
        problem, size = self.problem, self.problem.layers[0].n_inputs or 0
        units = (
            Unit(
                name=problem.input_names[i] if problem.input_names else f"input {i}",
                output=self._value(Node(0, "inputs"), i=i),
                gradient=self._value(Node(0, "dinputs"), i=i),
            )
            for i in range(size if has_units else 0)
        )
        return Layer(title="inputs", function=None, size=size, shapes=self._shapes(0, ["inputs"]), units=tuple(units))

    def layer(self, layer: int, *, has_units: bool) -> Layer:
        """Return a layer of neurons."""
        given = self.problem.layers[layer]
        names = [name for name in ("weights", "biases") if getattr(given, name) is not None]
        return Layer(
            title=self.problem.layer_title(layer) if self.problem.layered else "layer",
            function=given.activation.name,
            size=given.n_neurons,
            shapes=self._shapes(layer, [*names, "outputs"]),
            units=tuple(self._neuron(layer, j) for j in range((given.n_neurons or 0) if has_units else 0)),
        )

    def loss(self, *, has_units: bool) -> Layer:
        """Return the loss as a layer of one unit."""
        loss = self.problem.loss
        size = self.problem.layers[self.last].n_neurons or 0
        ports = tuple(
            Port(name="target", value=self._value(Node(self.last, "targets"), j=j), gradient=None)
            for j in range(size if has_units else 0)
        )
        unit = Unit(name="loss", ports=ports, loss=self._value(Node(self.last, "loss")))
        reduction = "" if self.problem.reduction == "sum" else f", {self.problem.reduction}"
        return Layer(
            title="loss",
            function=f"{loss.name}{reduction}" if loss else None,
            size=1,
            shapes=self._shapes(self.last, [] if self.problem.targets is None else ["targets"]),
            units=(unit,),
        )

    def _neuron(self, layer: int, j: int) -> Unit:
        given = self.problem.layers[layer]
        ports = [
            Port(
                name="weight",
                value=self._value(Node(layer, "weights"), i=i, j=j),
                gradient=self._value(Node(layer, "dweights"), i=i, j=j),
            )
            for i in range(given.n_inputs or 0)
        ]
        if given.biases is not None:
            bias, gradient = (self._value(Node(layer, name), j=j) for name in ("biases", "dbiases"))
            ports.append(Port(name="bias", value=bias, gradient=gradient))
        inactive = self.solution.layers[layer].inactive
        upstream = self.problem.origin(layer, "upstream")
        return Unit(
            name=given.neuron_names[j] if given.neuron_names else f"neuron {j}",
            ports=tuple(ports),
            z=self._value(Node(layer, "z"), j=j),
            dz=self._value(Node(layer, "dz"), j=j),
            output=self._value(Node(layer, "outputs"), j=j),
            gradient=self._value(upstream, **{"i" if upstream.quantity == "dinputs" else "j": j}),
            inactive=inactive is not None and bool(inactive[self.sample, j]),
        )

    def _value(self, node: Node, **position: int) -> Value | None:
        """Return an entry of the sample, if it was given or computed."""
        name = node.quantity
        array = self.problem.given(node)
        if array is None and self.solution.layers:
            array = self.solution.layers[node.layer].computed.get(name)
            array = None if array is None else self.problem.as_written(name, array)  # to the order in `AXES`
        if array is None:
            return None
        at = {"n": self.sample, **position}
        index = tuple(at[axis] for axis in AXES[name])
        return Value(name=self.problem.entry(node, index), number=_plain(array[index]))

    def _shapes(self, layer: int, names: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes that are known."""
        given = self.problem.layers[layer]
        sizes = {"n": self.problem.n_samples, "i": given.n_inputs, "j": given.n_neurons}
        shapes = {name: tuple(sizes[axis] for axis in self.problem.axes(name)) for name in names}
        return {name: tuple(size or 0 for size in shape) for name, shape in shapes.items() if None not in shape}


def _plain(entry: Any) -> Number:
    number: Number = entry.item() if isinstance(entry, np.generic) else entry
    return number

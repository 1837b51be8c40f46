"""The records of what was computed from a problem, layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node

__all__ = ["LayerSolution", "Solution"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LayerSolution:
    """The wanted quantities of one layer.

    Shapes: z, outputs and dz are (n_samples, n_neurons), dinputs (n_samples, n_inputs), dweights and new_weights as the
    weights were written, dbiases and new_biases (n_neurons,).
    """

    computed: Mapping[str, Array]  # by quantity
    not_computed: Mapping[str, str]  # by quantity, what it needs
    inactive: Array | None  # (n_samples, n_neurons); None where z is not known or no unit can be inactive


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Solution:
    """A problem and what follows from it, layer by layer."""

    problem: Problem
    layers: tuple[LayerSolution, ...]

    def matrices(self) -> Iterator[tuple[str, Array]]:
        """Yield every computed quantity with its place (`dz`, `layers[1].dz`), layer by layer.

        Shapes: as in `LayerSolution`, (n_samples, n_neurons) for one.
        """
        for i, layer in enumerate(self.layers):
            for quantity, matrix in layer.computed.items():
                yield self.problem.place(i, quantity), matrix

    def only(self, wanted: Sequence[Node]) -> "Solution":
        """Return the solution without the quantities that are not wanted."""
        kept = set(wanted)
        layers = tuple(
            replace(
                layer,
                computed={q: matrix for q, matrix in layer.computed.items() if Node(i, q) in kept},
                not_computed={q: needs for q, needs in layer.not_computed.items() if Node(i, q) in kept},
            )
            for i, layer in enumerate(self.layers)
        )
        return replace(self, layers=layers)

    def not_computed(self) -> Mapping[str, str]:
        """Return by place what each wanted quantity needs that cannot be computed."""
        return {
            self.problem.place(i, quantity): needs
            for i, layer in enumerate(self.layers)
            for quantity, needs in layer.not_computed.items()
        }

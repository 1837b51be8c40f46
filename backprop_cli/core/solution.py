"""What follows from a problem, layer by layer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LayerSolution:
    """What was wanted of one layer: the quantities that follow, and what each of the others would need.

    Shapes: z, outputs, dz (n_samples, n_neurons); dinputs (n_samples, n_inputs); dweights, new_weights as the
    weights were written; dbiases, new_biases (n_neurons,). `closed` is where the activation's slope is zero,
    (n_samples, n_neurons); None where z is not known or the slope never is.
    """

    computed: Mapping[str, Array]
    not_computed: Mapping[str, str]
    closed: Array | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Solution:
    """A problem and what follows from it, layer by layer."""

    problem: Problem
    layers: tuple[LayerSolution, ...]

    def matrices(self) -> Iterator[tuple[str, Array]]:
        """Yield every computed quantity with its place (`dz`, `layers[1].dz`), layer by layer."""
        for i, layer in enumerate(self.layers):
            for quantity, matrix in layer.computed.items():
                yield self.problem.place(i, quantity), matrix

    def only(self, wanted: Sequence[Node]) -> "Solution":
        """Return the solution without the quantities that are not wanted.

        Raises:
            InputError: None of what is wanted was computed.
        """
        kept = set(wanted)
        result = replace(
            self,
            layers=tuple(
                replace(
                    layer,
                    computed={q: matrix for q, matrix in layer.computed.items() if Node(i, q) in kept},
                    not_computed={q: needs for q, needs in layer.not_computed.items() if Node(i, q) in kept},
                )
                for i, layer in enumerate(self.layers)
            ),
        )
        if not any(layer.computed for layer in result.layers):
            from backprop_cli.core.solve import _too_little

            raise _too_little(result, wanted)
        return result

    def not_computed(self) -> Mapping[str, str]:
        """Return, for each wanted quantity that does not follow, by place, what it needs."""
        return {
            self.problem.place(i, quantity): needs
            for i, layer in enumerate(self.layers)
            for quantity, needs in layer.not_computed.items()
        }

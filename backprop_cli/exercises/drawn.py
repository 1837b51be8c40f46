"""A problem that was drawn, and what follows from it: what conditions are about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.exercises.assembly import in_floats

__all__ = ["Drawn"]

_DIGITS = 9  # of floats; numbers that are drawn and what is rational have fewer


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Drawn:
    """A problem of fractions that was drawn, and what follows from it."""

    problem: Problem
    digits: int
    rational: bool  # whether everything that follows is a fraction

    @cached_property
    def floats(self) -> Problem:
        """The problem in float64."""
        return in_floats(self.problem)

    @cached_property
    def solution(self) -> Solution:
        """Everything that follows, in float64."""
        return solve(self.floats)

    @cached_property
    def layers(self) -> Sequence[Mapping[str, Array]]:
        """The quantities of each layer, such as z (n_samples, n_neurons), as fractions, or as floats if not rational.

        Floats are rounded, so that their last bits, which depend on the platform, decide nothing.
        """
        if self.rational:
            return [layer.computed for layer in solve(self.problem).layers]
        with np.errstate(over="ignore"):  # as huge ones do, to infinity
            return [
                {name: np.round(values, _DIGITS) for name, values in layer.computed.items()}
                for layer in self.solution.layers
            ]

    def gradients(self) -> Iterator[Array]:
        """Yield the gradients of all layers, each in the shape of its quantity, such as (n_samples, n_neurons)."""
        for layer in self.layers:
            yield from (values for name, values in layer.items() if name.startswith("d"))

    def z(self, layer: int) -> Array:
        """Return the pre-activations (n_samples, n_neurons) of a layer."""
        return self.problem.as_written("z", self.layers[layer]["z"])

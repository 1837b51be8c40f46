"""The rule behind an entry in symbols: in the words of the files, as a chain of derivatives, and as TeX.

In the chain and in TeX, as in a textbook, L is the loss, and x, w, b, z and y are inputs, weights, biases,
pre-activations and outputs of the layer.
"""

from typing import NamedTuple

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explanation import Phrases


class Position(NamedTuple):
    """Where an entry is: its sample n, input i and neuron j, as far as it has them."""

    n: int
    i: int
    j: int


def phrases(problem: Problem, node: Node, at: Position) -> Phrases:
    """Return the rule behind the entry of a quantity at a position."""
    return getattr(_Symbols(problem, node.layer, at), node.quantity)()  # type: ignore[no-any-return]


class _Symbols:
    """The names of a layer's entries around a position; letters stand for what a sum runs over."""

    def __init__(self, problem: Problem, layer: int, at: Position) -> None:
        self._problem, self._layer, self._at = problem, layer, at
        last = layer == len(problem.layers) - 1
        self._activation = problem.layers[layer].activation
        self._inputs = problem.place(layer - 1, "outputs") if layer else "inputs"
        by_rule = last and isinstance(problem.upstream, str) and problem.upstream == "outputs"
        self._upstream = "upstream" if last else problem.place(layer + 1, "dinputs")
        if by_rule:
            self._upstream = self._name("outputs")
        self._level = f"^{{({layer})}}" if problem.layered else ""

    def z(self) -> Phrases:
        n, _, j = self._at
        z = f"{self._name('z')}[{n},{j}]"
        if self._problem.layers[self._layer].z is not None:
            return Phrases(rule=f"{z} is given", tex=f"{self._tex('z', n, j)} \\text{{ is given}}")
        weight = self._tex("w", *self._turn("i", j))
        return Phrases(
            rule=f"{z} = sum over inputs i of {self._inputs}[{n},i] * {self._weights('i', j)},"
            f" plus {self._name('biases')}[{j}]",
            tex=rf"{self._tex('z', n, j)} = \sum_{{i}} {self._tex('x', n, 'i')} \, {weight} + {self._tex('b', j)}",
        )

    def outputs(self) -> Phrases:
        n, _, j = self._at
        written = self._activation.value_written.replace("z", f"{self._name('z')}[{n},{j}]")
        tex = self._activation.value_tex.format(z=self._tex("z", n, j))
        return Phrases(rule=f"{self._name('outputs')}[{n},{j}] = {written}", tex=f"{self._tex('y', n, j)} = {tex}")

    def dz(self) -> Phrases:
        n, _, j = self._at
        slope = f"{self._activation.name}'({self._name('z')}[{n},{j}])" if self._activation.needs_z else "1"
        dl_dz, dl_dy = self._gradient("z", n, j), self._gradient("y", n, j)
        return Phrases(
            rule=f"{self._name('dz')}[{n},{j}] = {self._upstream}[{n},{j}] * {slope}",
            tex=f"{dl_dz} = {dl_dy} \\, {self._slope_tex(n, j)}",
            chain=f"dL/dz[{n},{j}] = dL/dy[{n},{j}] * dy[{n},{j}]/dz[{n},{j}]",
            chain_tex=rf"{dl_dz} = {dl_dy} \cdot {self._partial('y', 'z', (n, j))}",
        )

    def dinputs(self) -> Phrases:
        n, i, _ = self._at
        weight = self._tex("w", *self._turn(i, "j"))
        return Phrases(
            rule=f"{self._name('dinputs')}[{n},{i}] = sum over neurons j of {self._name('dz')}[{n},j] *"
            f" {self._weights(i, 'j')}",
            tex=rf"{self._gradient('x', n, i)} = \sum_{{j}} {self._gradient('z', n, 'j')} \, {weight}",
            chain=f"dL/dx[{n},{i}] = sum over j of dL/dy[{n},j] * dy[{n},j]/dz[{n},j] * dz[{n},j]/dx[{n},{i}]",
            chain_tex=rf"{self._gradient('x', n, i)} = \sum_{{j}} {self._three((n, 'j'), 'x', (n, i))}",
        )

    def dweights(self) -> Phrases:
        _, i, j = self._at
        row, column = self._turn(i, j)
        dl_dw, entry = self._gradient("w", row, column), f"[{row},{column}]"
        return Phrases(
            rule=f"{self._name('dweights')}{entry} = sum over samples n of"
            f" {self._inputs}[n,{i}] * {self._name('dz')}[n,{j}]",
            tex=rf"{dl_dw} = \sum_{{n}} {self._tex('x', 'n', i)} \, {self._gradient('z', 'n', j)}",
            chain=f"dL/dw{entry} = sum over n of dL/dy[n,{j}] * dy[n,{j}]/dz[n,{j}] * dz[n,{j}]/dw{entry}",
            chain_tex=rf"{dl_dw} = \sum_{{n}} {self._three(('n', j), 'w', (row, column))}",
        )

    def dbiases(self) -> Phrases:
        j = self._at.j
        return Phrases(
            rule=f"{self._name('dbiases')}[{j}] = sum over samples n of {self._name('dz')}[n,{j}]",
            tex=rf"{self._gradient('b', j)} = \sum_{{n}} {self._gradient('z', 'n', j)}",
            chain=f"dL/db[{j}] = sum over n of dL/dy[n,{j}] * dy[n,{j}]/dz[n,{j}] * dz[n,{j}]/db[{j}]",
            chain_tex=rf"{self._gradient('b', j)} = \sum_{{n}} {self._three(('n', j), 'b', (j,))}",
        )

    def new_weights(self) -> Phrases:
        return self._step("weights", "w", self._turn(self._at.i, self._at.j))

    def new_biases(self) -> Phrases:
        return self._step("biases", "b", (self._at.j,))

    def _step(self, parameter: str, letter: str, index: tuple[object, ...]) -> Phrases:
        at = f"[{','.join(map(str, index))}]"
        old, new, gradient = (self._name(prefix + parameter) + at for prefix in ("", "new_", "d"))
        dl_dp = self._gradient(letter, *index)
        return Phrases(
            rule=f"{new} = {old} - learning_rate * {gradient}",
            tex=rf"{letter}'{self._indices(*index)} = {self._tex(letter, *index)} - \eta \, {dl_dp}",
        )

    def _name(self, quantity: str) -> str:
        return self._problem.place(self._layer, quantity)

    def _turn(self, i: object, j: object) -> tuple[object, object]:
        return (j, i) if self._problem.weight_layout == "out-in" else (i, j)

    def _weights(self, i: object, j: object) -> str:
        row, column = self._turn(i, j)
        return f"{self._name('weights')}[{row},{column}]"

    def _indices(self, *index: object) -> str:
        return f"{self._level}_{{{','.join(map(str, index))}}}"

    def _tex(self, letter: str, *index: object) -> str:
        return letter + self._indices(*index)

    def _gradient(self, letter: str, *index: object) -> str:
        return rf"\frac{{\partial L}}{{\partial {self._tex(letter, *index)}}}"

    def _partial(self, of: str, by: str, index: tuple[object, ...], by_index: tuple[object, ...] | None = None) -> str:
        return rf"\frac{{\partial {self._tex(of, *index)}}}{{\partial {self._tex(by, *(by_index or index))}}}"

    def _three(self, at: tuple[object, ...], by: str, by_index: tuple[object, ...]) -> str:
        """Return dL/dy * dy/dz * dz/d`by`, the chain through the activation and the sum."""
        factors = (self._gradient("y", *at), self._partial("y", "z", at), self._partial("z", by, at, by_index))
        return r" \cdot ".join(factors)

    def _slope_tex(self, n: int, j: int) -> str:
        return self._activation.slope_tex.format(z=self._tex("z", n, j))

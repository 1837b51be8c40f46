"""The rule behind an entry in symbols: in the words of the files, as a chain of partial derivatives, and as TeX.

All of it follows from the chain rule in `core.quantities`. In the chain and in TeX, as in a textbook, L is the loss;
x, w, b, z and y are inputs, weights, biases, pre-activations and outputs of the layer.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise, starmap

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, CHAIN_RULE, NOUNS, Factor, Node, Position, Product
from backprop_cli.explanations.explanation import Notation

_LETTERS = {"inputs": "x", "weights": "w", "biases": "b", "z": "z", "outputs": "y"}


def notation(problem: Problem, node: Node, at: Position) -> Notation:
    """Return the rule behind the entry of a quantity at a position."""
    writer, quantity = _Writer(problem, node, at), CHAIN_RULE[node.quantity]
    entry, left = writer.entry(quantity.name, quantity.axes), writer.tex_of(quantity.name)
    if problem.given(node) is not None:
        return Notation(rule=f"{entry} is given", tex=rf"{left} \text{{ is given}}")
    products = problem.products(node)
    has_sum = any(product.summed for product in products)
    rule = _joined(products, writer.words, ", plus " if has_sum else " + ")
    tex = _joined(products, writer.tex, " + ")
    chain = chain_tex = None
    if quantity.is_gradient:
        (product,), variables = products, _chain(quantity.name)
        over = f"sum over {', '.join(product.summed)} of " if product.summed else ""
        symbols = ["L", *(f"{_LETTERS[variable]}[{writer.index(variable)}]" for variable in variables)]
        chain = f"dL/d{symbols[-1]} = {over}" + " * ".join(f"d{of}/d{by}" for of, by in pairwise(symbols))
        symbols = ["L", *map(writer.tex_symbol, variables)]
        chain_tex = f"{left} = {_tex_sum(product)}" + r" \cdot ".join(starmap(_partial, pairwise(symbols)))
    return Notation(rule=f"{entry} = {rule}", tex=f"{left} = {tex}", chain=chain, chain_tex=chain_tex)


class _Writer:
    """Writes symbols of a layer around one entry; a letter stands for an axis that its quantity is summed over."""

    def __init__(self, problem: Problem, node: Node, at: Position) -> None:
        self._problem, self._layer = problem, node.layer
        self._activation = problem.layers[node.layer].activation
        fixed = AXES[node.quantity]
        self._at = {axis: index if axis in fixed else axis for axis, index in at._asdict().items()}

    def entry(self, name: str, axes: tuple[str, ...]) -> str:
        """Return an entry in the words of the files, with the name of the layer that it comes from."""
        return self._problem.entry(self._problem.origin(self._layer, name), [self._at[axis] for axis in axes])

    def words(self, product: Product) -> str:
        over = "".join(f"sum over {NOUNS[axis]}s {axis} of " for axis in product.summed)
        return over + " * ".join(map(self._factor_in_words, product.factors))

    def tex(self, product: Product) -> str:
        return _tex_sum(product) + r" \, ".join(map(self._factor_in_tex, product.factors))

    def tex_symbol(self, variable: str, mark: str = "") -> str:
        level = f"^{{({self._layer})}}" if self._problem.layered else ""
        return f"{_LETTERS[variable]}{mark}{level}_{{{self.index(variable)}}}"

    def tex_of(self, name: str) -> str:
        """Return an entry of this layer in TeX, as a letter with indices, or as the derivative of L by one."""
        if name == "learning_rate":
            return r"\eta"
        if name in _LETTERS:
            return self.tex_symbol(name)
        variable = _variable(name)
        return self.tex_symbol(variable, "'") if name.startswith("new_") else _partial("L", self.tex_symbol(variable))

    def _factor_in_words(self, factor: Factor) -> str:
        entry, activation = self.entry(factor.name, factor.axes), self._activation
        if factor.function == "f'":
            return (activation.derivative_named if activation.reads else activation.derivative_written).format(z=entry)
        return activation.value_written.format(z=entry) if factor.function else entry

    def _factor_in_tex(self, factor: Factor) -> str:
        templates = {"": "{z}", "f": self._activation.value_tex, "f'": self._activation.derivative_tex}
        return templates[factor.function].format(z=self.tex_of(factor.name))

    def index(self, variable: str) -> str:
        return ",".join(str(self._at[axis]) for axis in self._problem.axes(variable))


def _variable(name: str) -> str:
    """Return what a gradient is the derivative by, or what a new parameter replaces: `weights` for `dweights`."""
    return "outputs" if name == "upstream" else name.removeprefix("new_").removeprefix("d")


def _chain(name: str) -> list[str]:
    """Return the variables in the chain from the loss to a gradient: outputs, z and weights for dweights."""
    if name == "upstream":
        return ["outputs"]
    factors = [factor.name for factor in CHAIN_RULE[name].products[0].factors]
    gradient = next(factor for factor in factors if factor not in _LETTERS)
    return [*_chain(gradient), _variable(name)]


def _joined(products: Sequence[Product], written: Callable[[Product], str], plus: str) -> str:
    first, *others = products
    return written(first) + "".join((" - " if each.sign < 0 else plus) + written(each) for each in others)


def _partial(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def _tex_sum(product: Product) -> str:
    return rf"\sum_{{{','.join(product.summed)}}} " if product.summed else ""

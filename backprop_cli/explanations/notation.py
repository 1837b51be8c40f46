"""The rule behind an entry in symbols: in the words of the files, as a chain of partial derivatives, and as TeX.

All of it is read off the chain rule in `core.quantities`. In the chain and in TeX, as in a textbook, L is the loss, and
x, w, b, z and y are inputs, weights, biases, pre-activations and outputs of the layer.
"""

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, CHAIN_RULE, NOUNS, Factor, Node, Position, Product
from backprop_cli.explanations.explanation import Notation

__all__ = ["notation"]

_LETTERS = {"inputs": "x", "weights": "w", "biases": "b", "z": "z", "outputs": "y"}
_LOSS = "L"


def notation(problem: Problem, node: Node, at: Position) -> Notation:
    """Return the rule behind the entry of a quantity at a position."""
    writer, quantity = _Writer(problem, node, at), CHAIN_RULE[node.quantity]
    entry, left = writer.entry(quantity.name, quantity.axes), writer.tex_of(quantity.name)
    if problem.given(node) is not None:
        return Notation(rule=f"{entry} is given", tex=f"{left} \\text{{ is given}}")
    products = problem.products(node)
    plus = ", plus " if any(product.summed for product in products) else " + "
    rule = _joined(products, [writer.words(product) for product in products], plus)
    tex = _joined(products, [writer.tex(product) for product in products], " + ")
    chain = chain_tex = None
    if quantity.is_gradient:
        (product,), links = quantity.products, _links(quantity.name)
        over = f"sum over {', '.join(product.summed)} of " if product.summed else ""
        partials = [f"d{writer.symbol(of)}/d{writer.symbol(by)}" for of, by in links]
        chain = f"d{_LOSS}/d{writer.symbol(links[-1][1])} = {over}{' * '.join(partials)}"
        partials = [_partial(writer.tex_symbol(of), writer.tex_symbol(by)) for of, by in links]
        chain_tex = f"{left} = {_tex_sum(product)}" + r" \cdot ".join(partials)
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

    def symbol(self, variable: str) -> str:
        """Return `x[0,i]`, or `L`."""
        return variable if variable == _LOSS else f"{_LETTERS[variable]}[{self._written_index(variable)}]"

    def tex_symbol(self, variable: str, mark: str = "") -> str:
        if variable == _LOSS:
            return variable
        level = f"^{{({self._layer})}}" if self._problem.layered else ""
        return f"{_LETTERS[variable]}{mark}{level}_{{{self._written_index(variable)}}}"

    def tex_of(self, name: str) -> str:
        """Return an entry of this layer in TeX, as a letter with indices, or as the derivative of L by one."""
        if not AXES[name]:
            return r"\eta"
        variable = _variable(name)
        if name in (variable, f"new_{variable}"):
            return self.tex_symbol(variable, "" if name == variable else "'")
        return _partial(_LOSS, self.tex_symbol(variable))

    def _factor_in_words(self, factor: Factor) -> str:
        entry, activation = self.entry(factor.name, factor.axes), self._activation
        if factor.function == "f'":
            return f"{activation.name}'({entry})" if activation.reads else activation.derivative_written
        return activation.value_written.format(z=entry) if factor.function else entry

    def _factor_in_tex(self, factor: Factor) -> str:
        templates = {"": "{z}", "f": self._activation.value_tex, "f'": self._activation.derivative_tex}
        return templates[factor.function].format(z=self.tex_of(factor.name))

    def _written_index(self, variable: str) -> str:
        return ",".join(str(self._at[axis]) for axis in self._problem.axes(variable))


def _variable(name: str) -> str:
    """Return what a gradient is the derivative by, or what a new parameter replaces: `weights` for `dweights`."""
    return "outputs" if name == "upstream" else name.removeprefix("new_").removeprefix("d")


def _links(name: str) -> list[tuple[str, str]]:
    """Return the partial derivatives that a gradient is the product of, each as what is derived by what."""
    factors = [factor.name for factor in CHAIN_RULE[name].products[0].factors]
    behind = next(factor for factor in factors if _variable(factor) != factor)
    before = [(_LOSS, "outputs")] if behind == "upstream" else _links(behind)
    return [*before, (_variable(behind), _variable(name))]


def _joined(products: tuple[Product, ...], texts: list[str], plus: str) -> str:
    rest = (" - " * (product.sign < 0) or plus for product in products[1:])
    return texts[0] + "".join(sign + text for sign, text in zip(rest, texts[1:], strict=True))


def _partial(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def _tex_sum(product: Product) -> str:
    return rf"\sum_{{{','.join(product.summed)}}} " if product.summed else ""

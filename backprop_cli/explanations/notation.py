"""The rule behind an entry in symbols: in the words of the files, as a chain of partial derivatives, and as TeX.

All of it follows from the chain rule in `core.quantities`. In the chain and in TeX, as in a textbook, L is the loss, or
L[n] that of sample n where gradients are means over samples; x, w, b, z and y are inputs, weights, biases,
pre-activations and outputs of the layer, and t are the targets.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, starmap

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import CHAIN_RULE, COUPLED, MATCHED, Node, Position, Product
from backprop_cli.core.written import difference, divided, is_sum, sums_to_one
from backprop_cli.explanations.explanation import Notation
from backprop_cli.explanations.remarks import where
from backprop_cli.explanations.writer import LETTERS, Writer, partial, tex_sum, variable

__all__ = ["notation"]


def notation(problem: Problem, node: Node, at: Position, *, by_chain: bool = False) -> Notation:
    """Return the rule behind the entry of a quantity at a position; for dz, with `by_chain`, that through upstream."""
    writer, quantity = Writer(problem, node, at), CHAIN_RULE[node.quantity]
    entry, left = writer.entry(quantity.name, quantity.axes), writer.tex_of(quantity.name)
    if problem.given(node) is not None:
        return Notation(rule=f"{entry} is given", tex=rf"{left} \text{{ is given}}")
    found = None if by_chain else difference(problem, node)
    if found is not None:
        has_sum = found.probability.couples and not sums_to_one(found.targets[at.n : at.n + 1])
        words, tex = writer.difference(found, has_sum=has_sum)
    else:
        products = _products(problem, node)
        has_sum = any(product.summed for product in products)
        words = _joined(products, writer.words, ", plus " if has_sum else " + ")
        tex = _joined(products, writer.tex, " + ")
    divisor, divided_by = 1 if by_chain else problem.divisor(node), None
    if divisor > 1:
        divided_by = _divisor_in_words(problem, node)
        words = divided(words, f"({divided_by})" if "*" in divided_by else divided_by)
        tex = _divided_tex(tex, divisor)
    chain, chain_tex = _chains(problem, node, writer) if node.quantity.startswith("d") else (None, None)
    return Notation(
        rule=f"{entry} = {words}",
        tex=f"{left} = {tex}",
        chain=chain,
        chain_tex=None if chain_tex is None else f"{left} = {chain_tex}",
        where=where(problem, node, writer, found),
        divided_by=divided_by,
    )


def _products(problem: Problem, node: Node) -> Sequence[Product]:
    """Return the products of a node by the chain rule, also where it is computed in one step from z."""
    if node.quantity in COUPLED and problem.layers[node.layer].activation.couples:
        return COUPLED[node.quantity].products
    return CHAIN_RULE[node.quantity].products if node.quantity in MATCHED else problem.products(node)


def _divisor_in_words(problem: Problem, node: Node) -> str:
    """Return the sizes that the divisor of a node is the product of."""
    names = []
    for name, n_samples, n_neurons in (("n_samples", 2, 1), ("n_neurons", 1, 2)):
        layers = tuple(replace(layer, n_neurons=n_neurons) for layer in problem.layers)
        if replace(problem, n_samples=n_samples, layers=layers).divisor(node) > 1:
            names.append(name)
    return " * ".join(names)


def _chains(problem: Problem, node: Node, writer: Writer) -> tuple[str, str]:
    """Return a gradient as a product of partial derivatives; and that in TeX, without the left side."""
    couples = problem.layers[node.layer].activation.couples
    variables = _variables(node.quantity, couples=couples)
    (product,) = _products(problem, node)
    over = f"sum over {', '.join(product.summed)} of " if product.summed else ""
    # Where neurons are coupled, dz is a sum over the outputs of all neurons k.
    axes = [("n", "k") if couples and name == "outputs" else () for name in variables]
    loss = "dz" if node.quantity in ("dweights", "dbiases") else node.quantity  # of one sample in a mean
    named = [(name, writer.index(name, each)) for name, each in zip(variables, axes, strict=True)]
    symbols = [writer.loss(loss), *(f"{LETTERS[name]}[{index}]" for name, index in named)]
    words = over + " * ".join(f"d{of}/d{by}" for of, by in pairwise(symbols))
    left = f"d{writer.loss(node.quantity)}/d{symbols[-1]}"
    each_tex = [writer.tex_symbol(name, axes=each) for name, each in zip(variables, axes, strict=True)]
    tex = r" \cdot ".join(starmap(partial, pairwise([writer.loss(loss, tex=True), *each_tex])))
    tex = tex_sum(product.summed) + tex
    if node.quantity != "dz" and (divisor := problem.divisor(node)) > 1:
        words, tex = divided(words, _divisor_in_words(problem, node)), _divided_tex(tex, divisor)
    return f"{left} = {words}", tex


def _divided_tex(tex: str, divisor: int) -> str:
    is_bracketed = is_sum(tex) and not tex.startswith(r"\sum")
    return rf"\frac{{1}}{{{divisor}}} " + (rf"\left( {tex} \right)" if is_bracketed else tex)


def _variables(name: str, *, couples: bool) -> list[str]:
    """Return the variables in the chain from the loss to a gradient: outputs, z and weights for dweights."""
    if name == "upstream":
        return ["outputs"]
    if couples and name != "dz":
        return ["z", variable(name)]
    factors = [factor.name for factor in CHAIN_RULE[name].products[0].factors]
    gradient = next(factor for factor in factors if factor not in LETTERS)
    return [*_variables(gradient, couples=couples), variable(name)]


def _joined(products: Sequence[Product], written: Callable[[Product], str], plus: str) -> str:
    first, *others = products
    return written(first) + "".join((" - " if each.sign < 0 else plus) + written(each) for each in others)

"""The formula of a quantity for whole matrices, in the layout of the problem: `dz @ weights.T`; in words and in TeX."""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, NOUNS, OF_THE_LOSS, Factor, Node, Product
from backprop_cli.core.written import Difference, difference, divided, is_sum, sums_to_one, value_in_one

__all__ = ["Operand", "Part", "matrix_form", "matrix_parts", "operand_name"]


class Operand(NamedTuple):
    """A matrix in a formula."""

    node: Node
    transposed: bool = False
    is_derivative: bool = False  # whether it is the derivative of the activation at the node, z


Part: TypeAlias = str | Operand


def matrix_form(problem: Problem, node: Node) -> str:
    """Return the formula of a node in matrix form, in the words and the layout of the problem: `dz @ weights.T`.

    A value of another layer has its place: `layers[1].dinputs`.
    """
    parts = matrix_parts(problem, node)
    return "".join(part if isinstance(part, str) else operand_name(problem, node, part) for part in parts)


def matrix_parts(problem: Problem, node: Node, *, tex: bool = False) -> tuple[Part, ...]:
    """Return the formula of a node in matrix form, in words or in TeX, as texts and the operands between them."""
    return _Form(problem, node, tex=tex).parts()


def operand_name(problem: Problem, node: Node, operand: Operand) -> str:
    """Return the name of an operand in the formula of a node: upstream may be the dinputs of the next layer."""
    origin = operand.node
    is_of_layer = origin.layer == node.layer and node.quantity not in OF_THE_LOSS
    name = origin.quantity if is_of_layer and problem.naming is None else problem.place(*origin)
    if operand.is_derivative:
        return problem.layers[node.layer].activation.derivative_written.format(z=name)
    return name + ".T" * operand.transposed


class _Form:
    """Writes one formula; a number between NUL characters stands for an operand."""

    def __init__(self, problem: Problem, node: Node, *, tex: bool) -> None:
        self._problem, self._node, self._tex = problem, node, tex
        self._activation = problem.layers[node.layer].activation
        self._operands: list[Operand] = []

    def parts(self) -> tuple[Part, ...]:
        pieces = re.split("\0([0-9]+)\0", self._whole())
        parts = [self._operands[int(piece)] if k % 2 else piece for k, piece in enumerate(pieces)]
        return tuple(part for part in parts if part)

    def _whole(self) -> str:
        problem, node = self._problem, self._node
        if problem.given(node) is not None:
            return r"\text{as given}" if self._tex else "as given"
        if node.quantity == "upstream" and problem.loss is None:
            return self._slot(node.quantity)
        text, found = "", difference(problem, node)
        if found is not None:
            text = self._difference(found)
        else:
            for product in problem.products(node):
                sign = " - " if product.sign < 0 else " + " if text else ""
                text += sign + self._product(product)
        divisor = problem.divisor(node)
        if divisor == 1:
            return text
        if not self._tex:
            return divided(text, divisor)
        is_bracketed = is_sum(text) and not text.startswith(r"\sum")
        return rf"\frac{{1}}{{{divisor}}} " + (rf"\left( {text} \right)" if is_bracketed else text)

    def _slot(self, name: str, *, transposed: bool = False, is_derivative: bool = False) -> str:
        """Return what stands for a value of the layer."""
        self._operands.append(Operand(self._problem.origin(self._node.layer, name), transposed, is_derivative))
        return f"\0{len(self._operands) - 1}\0"

    def _difference(self, found: Difference) -> str:
        of = self._slot("outputs" if found.is_outputs else found.of)
        p = found.probability
        probability = of if found.is_outputs else (p.value_tex if self._tex else p.value_written).format(z=of)
        if p.couples and not sums_to_one(found.targets):
            total = "(sum of targets over neurons)"
            probability += rf" \cdot \text{{{total}}}" if self._tex else f" * {total}"
        return f"{probability} - {self._slot('targets')}"

    def _product(self, product: Product) -> str:
        factors, last = product.factors, product.factors[-1]
        if last.function and last.second:
            text = self._of_the_loss(last)
        elif last.function and self._activation.couples:
            return self._of_each_sample(product)
        elif len(factors) == 1 or not product.summed:
            text = self._elementwise(factors)
        else:
            return self._matrix_product(product)
        if not product.summed:
            return text
        nouns = [f"{NOUNS[axis]}s" for axis in product.summed]
        if not self._tex:
            return f"sum of {text} over {' and '.join(nouns)}"
        bracketed = rf"\left( {text} \right)" if is_sum(text) or text.startswith("-") else text
        return rf"\sum_{{\text{{{', '.join(nouns)}}}}} {bracketed}"

    def _matrix_product(self, product: Product) -> str:
        axes = self._problem.axes(self._node.quantity)
        left, right = product.factors if axes[0] in AXES[product.factors[0].name] else product.factors[::-1]
        row, column = (
            self._slot(factor.name, transposed=self._problem.axes(factor.name) != wanted)
            for factor, wanted in ((left, (axes[0], *product.summed)), (right, (*product.summed, axes[1])))
        )
        return row + (r" \, " if self._tex else " @ ") + column

    def _elementwise(self, factors: Sequence[Factor]) -> str:
        """Return factors whose entries are multiplied each by each; a number or 1 multiplies all of them."""
        written = [self._with_function(factor) for factor in factors]
        if not self._tex:
            return " * ".join(written)
        is_number = factors[0].name == "learning_rate" or "\0" not in written[-1]
        return (r" \cdot " if is_number else r" \odot ").join(written)

    def _with_function(self, factor: Factor) -> str:
        f = self._activation
        if factor.function == "f'":
            return self._slot(factor.name, is_derivative=True) if f.reads else f.derivative_written
        slot = self._slot(factor.name)
        return (f.value_tex if self._tex else f.value_written).format(z=slot) if factor.function else slot

    def _of_the_loss(self, factor: Factor) -> str:
        """Return the loss function, or its derivative, of outputs and targets."""
        loss = self._problem.loss
        assert loss is not None, "there is no such node without one"  # noqa: S101
        y, t = self._slot("outputs"), self._slot("targets")
        if factor.function == "l'":
            template = loss.gradient_tex if self._tex else loss.gradient_written
        elif not self._tex:
            template = value_in_one(loss)
        elif r"\begin" in loss.value_tex:  # two cases
            name, _, parameter = loss.name.removesuffix(")").partition("(")
            return rf"\operatorname{{{name}}}_{{{parameter}}}({y} - {t})"
        else:
            template = loss.value_tex
        return template.format(y=y, t=t)

    def _of_each_sample(self, product: Product) -> str:
        """Return the formula of an activation that couples the neurons of a sample, or of its derivative."""
        *others, last = product.factors
        f = self._activation
        each = r" \text{ for each sample}" if self._tex else " for each sample"
        if not others:
            return (f.value_tex if self._tex else f.value_written).format(z=self._slot(last.name)) + each
        upstream = self._slot(others[0].name)
        derivative = (f.derivative_tex if self._tex else f.derivative_written).format(z=self._slot(last.name))
        is_turned = self._problem.axes("z") != AXES["z"]
        if self._tex:
            text = rf"{derivative}^{{\top}} \, {upstream}" if is_turned else rf"{upstream} \, {derivative}"
        else:
            text = f"{derivative}.T @ {upstream}" if is_turned else f"{upstream} @ {derivative}"
        return text + each

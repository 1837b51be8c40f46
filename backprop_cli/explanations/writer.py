"""Symbols around one entry, in the words of the files and as TeX."""

from collections.abc import Sequence

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, NOUNS, Factor, Node, Position, Product
from backprop_cli.core.written import Difference, is_sum
from backprop_cli.explanations.formulas import COUPLED
from backprop_cli.explanations.sums import sample_name

__all__ = ["LETTERS", "Writer", "partial", "tex_sum", "variable"]

LETTERS = {"inputs": "x", "weights": "w", "biases": "b", "z": "z", "outputs": "y", "targets": "t"}


class Writer:
    """Writes symbols of a layer around one entry; a letter stands for an axis that its quantity is summed over."""

    def __init__(self, problem: Problem, node: Node, at: Position) -> None:
        """Begin with an entry of a node."""
        self._problem, self._layer = problem, node.layer
        self._activation = problem.layers[node.layer].activation
        fixed = AXES[node.quantity]
        self._at = {axis: index if axis in fixed else axis for axis, index in at._asdict().items()}

    def entry(self, name: str, axes: Sequence[str]) -> str:
        """Return an entry in the words of the files, with the name of the layer that it comes from."""
        return self._problem.entry(self._problem.origin(self._layer, name), [self._at[axis] for axis in axes])

    def letter(self, axis: str) -> object:
        """Return the index along an axis, or its letter."""
        return self._at[axis]

    def of_sample(self, name: str) -> str:
        """Return the name of all neurons of the sample: `z[0]`."""
        return sample_name(self._problem, self._problem.origin(self._layer, name), self._at["n"])

    def words(self, product: Product) -> str:
        """Return a product in the words of the files."""
        axes = " and ".join(f"{NOUNS[axis]}s {axis}" for axis in product.summed)
        over = f"sum over {axes} of " if axes else ""
        text = " * ".join(map(self._factor_in_words, product.factors))
        return f"{over}({text})" if over and " if " in text else over + text

    def tex(self, product: Product) -> str:
        """Return a product in TeX."""
        text = r" \, ".join(map(self._factor_in_tex, product.factors))
        is_bracketed = product.summed and (is_sum(text) or text.startswith("-")) and r"\begin" not in text
        return tex_sum(product.summed) + (rf"\left( {text} \right)" if is_bracketed else text)

    def difference(self, found: Difference, *, has_sum: bool) -> tuple[str, str]:
        """Return a probability, times the sum of the targets if `has_sum`, minus a target; and that in TeX."""
        of = "outputs" if found.is_outputs else found.of
        words, tex = self.entry(of, ("n", "j")), self.tex_of(of)
        if not found.is_outputs:
            words, tex = self.probability(found.probability.name, of)
        if has_sum:
            words += f" * (sum over neurons k of {self.entry('targets', ('n', 'k'))})"
            tex += rf" \sum_{{k}} {self.tex_symbol('targets', axes=('n', 'k'))}"
        return f"{words} - {self.entry('targets', ('n', 'j'))}", f"{tex} - {self.tex_of('targets')}"

    def probability(self, name: str, of: str) -> tuple[str, str]:
        """Return sigmoid or softmax of z or outputs at the entry; and that in TeX."""
        if name == "sigmoid":
            return f"sigmoid({self.entry(of, ('n', 'j'))})", rf"\sigma({self.tex_of(of)})"
        words = f"{name}({self.of_sample(of)})[{self._at['j']}]"
        row = r"\cdot,{n}" if self._problem.samples_in == "columns" else r"{n},\cdot"
        tex = rf"\operatorname{{{name}}}({LETTERS[of]}{self._level(of)}_{{{row.format(n=self._at['n'])}}})"
        return words, f"{tex}_{{{self._at['j']}}}"

    def index(self, name: str, axes: Sequence[str] = ()) -> str:
        """Return the index of an entry, as the author writes it."""
        order = self._problem.axes(name)
        if axes and order != AXES[name]:
            axes = axes[::-1]
        return ",".join(str(self._at[axis]) for axis in axes or order)

    def tex_symbol(self, name: str, mark: str = "", axes: Sequence[str] = ()) -> str:
        """Return a letter with its layer and index."""
        return f"{LETTERS[name]}{mark}{self._level(name)}_{{{self.index(name, axes)}}}"

    def tex_of(self, name: str, axes: Sequence[str] = ()) -> str:
        """Return an entry of this layer in TeX, as a letter with indices, or as the derivative of L by one."""
        if name == "learning_rate":
            return r"\eta"
        if name == "loss":
            return "L"
        if name in LETTERS:
            return self.tex_symbol(name, axes=axes)
        by = variable(name)
        if name.startswith("new_"):
            return self.tex_symbol(by, "'")
        return partial(self.loss(name, tex=True), self.tex_symbol(by, axes=axes))

    def loss(self, name: str, *, tex: bool = False) -> str:
        """Return what a gradient is the derivative of: L, or L[n] where L is the mean of the samples' losses."""
        if not self._problem.mean_gradients or "n" not in AXES[name]:
            return "L"
        return f"L_{{{self._at['n']}}}" if tex else f"L[{self._at['n']}]"

    def _level(self, name: str) -> str:
        return f"^{{({self._layer})}}" if self._problem.layered and name != "targets" else ""

    def _factor_in_words(self, factor: Factor) -> str:
        entry, activation, loss = self.entry(factor.name, factor.axes), self._activation, self._problem.loss
        if factor.second and loss is not None:
            template = loss.gradient_written if factor.function == "l'" else loss.value_written
            if loss.couples:
                template = template.replace("softmax({y})", self.probability("softmax", "outputs")[0])
            return template.format(y=entry, t=self.entry(factor.second, factor.axes))
        if factor.function == "f'" and activation.couples:
            return f"{activation.name}'({self.of_sample('z')})[{self._at['k']},{self._at['j']}]"
        if factor.function == "f'":
            return (activation.derivative_named if activation.reads else activation.derivative_written).format(z=entry)
        if factor.function and activation.couples:
            return COUPLED[activation.name].format(own=entry, each=self.entry("z", ("n", "k")))
        return activation.value_written.format(z=entry) if factor.function else entry

    def _factor_in_tex(self, factor: Factor) -> str:
        activation, loss = self._activation, self._problem.loss
        if factor.second and loss is not None:
            template = loss.gradient_tex if factor.function == "l'" else loss.value_tex
            if loss.couples:
                probability = self.probability("softmax", "outputs")[1].replace("{", "{{").replace("}", "}}")
                template = template.replace(r"\mathrm{{softmax}}({y})", probability)
            return template.format(y=self.tex_of(factor.name), t=self.tex_of(factor.second))
        if factor.function == "f'" and activation.couples:
            return partial(self.tex_symbol("outputs", axes=("n", "k")), self.tex_symbol("z"))
        if factor.function and activation.couples:
            each, total = self.tex_symbol("z"), rf"\sum_{{k}} e^{{{self.tex_symbol('z', axes=('n', 'k'))}}}"
            is_quotient = activation.name == "softmax"
            return rf"\frac{{e^{{{each}}}}}{{{total}}}" if is_quotient else rf"{each} - \log {total}"
        templates = {"": "{z}", "f": activation.value_tex, "f'": activation.derivative_tex}
        return templates[factor.function].format(
            z=self.tex_of(factor.name, () if "k" not in factor.axes else ("n", "k"))
        )


def variable(name: str) -> str:
    """Return what a gradient is the derivative by, or what a new parameter replaces: `weights` for `dweights`."""
    return "outputs" if name == "upstream" else name.removeprefix("new_").removeprefix("d")


def partial(of: str, by: str) -> str:
    """Return a partial derivative in TeX."""
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def tex_sum(axes: Sequence[str]) -> str:
    """Return the sign of a sum over axes in TeX; nothing where there are none."""
    return rf"\sum_{{{','.join(axes)}}} " if axes else ""

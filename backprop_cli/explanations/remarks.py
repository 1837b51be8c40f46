"""What a reader may ask about a rule: what its functions are, and where a shorter rule comes from."""

from backprop_cli.core.activations import activation
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.written import Difference
from backprop_cli.explanations.formulas import COUPLED, derivative_formula, value_formula
from backprop_cli.explanations.writer import Writer

__all__ = ["where"]


def where(problem: Problem, node: Node, writer: Writer, found: Difference | None) -> tuple[str, ...]:
    """Return lines on the rule of an entry that is computed, by the difference `found` if there is one."""
    f, loss = problem.layers[node.layer].activation, problem.loss
    if node.quantity == "outputs":
        return () if f.couples else value_formula(f)
    if node.quantity == "dz" and found is None:
        return (_jacobian(writer, f.name),) if f.couples else derivative_formula(f)
    if loss is None or node.quantity not in ("loss", "upstream", "dz"):
        return ()
    lines = []
    if node.quantity == "dz":
        lines.append(f"{loss.title} of {f.title}: most factors of the chain rule cancel out")
    if found is not None and not found.is_outputs:
        lines += _probability(writer, found.probability.name, found.of)
    elif node.quantity == "loss" and loss.probability:
        lines += _probability(writer, loss.probability, "outputs")
    elif node.quantity == "upstream" and loss.kink_written:
        y, t = (writer.entry(name, ("n", "j")) for name in ("outputs", "targets"))
        lines.append(f"the derivative is {loss.kink_written.format(y=y, t=t)}")
    if problem.has_classes:
        index = "j,n" if problem.samples_in == "columns" else "n,j"
        lines.append(f"targets[{index}] is 1 if j is the class of sample n, else 0")
    return tuple(lines)


def _probability(writer: Writer, name: str, of: str) -> tuple[str, ...]:
    p = activation(name)
    if not p.couples:
        return value_formula(p)
    own, each = writer.entry(of, ("n", "j")), writer.entry(of, ("n", "k"))
    return (f"{writer.probability(name, of)[0]} = {COUPLED[name].format(own=own, each=each)}",)


def _jacobian(writer: Writer, name: str) -> str:
    """Return the derivatives of the outputs of a sample by one of its z."""
    own, each, j = writer.entry("outputs", ("n", "j")), writer.entry("outputs", ("n", "k")), writer.letter("j")
    left = f"{name}'({writer.of_sample('z')})[k,{j}] = d {each}/d {writer.entry('z', ('n', 'j'))}"
    if name == "softmax":
        return f"{left} = {own} * (1 - {own}) if k = {j}, else -{each} * {own}"
    return f"{left} = 1 - exp({own}) if k = {j}, else -exp({own})"

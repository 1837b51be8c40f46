"""The letters of whole matrices in TeX: `W^{(1)}`, and the derivative of L by one."""

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node
from backprop_cli.explanations.writer import partial, variable

__all__ = ["symbol"]

_LETTERS = {"inputs": "X", "weights": "W", "biases": "b", "z": "Z", "outputs": "Y", "targets": "T"}
_OF_STEPS = {"loss": "L", "losses": "L_s"}  # the loss, and that before each step s


def symbol(problem: Problem, node: Node) -> str:
    r"""Return the letter of a node in TeX, `\frac{\partial L}{\partial W^{(1)}}` for dweights of a network.

    Where L is the mean of the losses of the samples, the derivatives for samples are those of L_n.
    """
    name = node.quantity
    if name == "learning_rate":
        return r"\eta"
    if name in _OF_STEPS:
        return _OF_STEPS[name]
    by = variable(name) if name not in _LETTERS else name
    level = f"^{{({node.layer})}}" if problem.layered and by != "targets" else ""
    letter = _LETTERS[by] + "'" * name.startswith("new_") + level
    if name in _LETTERS or name.startswith("new_"):
        return letter
    return partial("L_n" if problem.mean_gradients and "n" in AXES[name] else "L", letter)

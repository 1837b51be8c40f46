"""The descriptions of mistakes, in the names of a framework or course."""

import re

from backprop_cli.core.problem import Problem

__all__ = ["in_names_of"]

_FORMULA = r"(?:inputs|weights|biases|outputs|upstream|targets)"  # words of a sentence, too, but for those in formulas
_NAME = re.compile(
    r"(?<![\w./])(?:dz|z|dinputs|dweights|dbiases|new_weights|new_biases"
    rf"|{_FORMULA}(?=\.T|\s[@*]\s)|(?<=[@*=]\s){_FORMULA})(?![\w/])"
)


def in_names_of(description: str, problem: Problem, layer: int) -> str:
    """Return the description of a mistake in the quantities of a layer, with the names of a problem's results.

    Nouns of a sentence stay: "the biases forgotten".
    """
    if problem.naming is None:
        return description
    return _NAME.sub(lambda found: problem.place(*problem.origin(layer, found[0])), description)

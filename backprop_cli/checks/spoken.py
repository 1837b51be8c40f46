"""The descriptions of mistakes, in the names that a problem speaks."""

import re

from backprop_cli.core.problem import Problem

__all__ = ["spoken"]

_FORMULA = r"(?:inputs|weights|biases|outputs|upstream|targets)"  # words of a sentence, too, but for those in formulas
_NAME = re.compile(
    r"(?<![\w./])(?:dz|z|dinputs|dweights|dbiases|new_weights|new_biases"
    rf"|{_FORMULA}(?=\.T|\s[@*]\s)|(?<=[@*=]\s){_FORMULA})(?![\w/])"
)


def spoken(description: str, problem: Problem, layer: int) -> str:
    """Return the description of a mistake in the quantities of a layer, with the names that a problem speaks.

    Nouns of a sentence stay: "the biases forgotten".
    """
    if problem.naming is None:
        return description
    return _NAME.sub(lambda found: problem.place(*problem.origin(layer, found[0])), description)

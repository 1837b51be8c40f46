"""The rule of a quantity with the numbers of its matrices filled in, in units between which a line may break."""

import re
from collections.abc import Iterator

from backprop_cli.explanations.worked import Matrix, WorkedStep
from backprop_cli.render.latex_matrices import Matrices
from backprop_cli.render.tex_lines import Unit, width

__all__ = ["filled"]

_OPERATORS = (" + ", " - ", r" \odot ", r" \cdot ", r" \, ")
_SLOT = "\0"
_GROWN = 0.5  # em that a bracket around a matrix is wider


def filled(step: WorkedStep, matrices: Matrices, most: float) -> list[Unit] | None:
    """Return a rule with its numbers, or None: where it adds nothing, or a unit of it is wider than `most` em.

    A loss is filled in by its only entry. Matrices do not stand in fractions.
    """
    is_loss = not step.result.values.ndim
    rule = "".join(part if isinstance(part, str) else _SLOT for part in step.tex_parts)
    if is_loss or not step.fills_in or _is_in_braces(rule):
        return None
    operands = iter([part for part in step.tex_parts if isinstance(part, Matrix)])
    units = [_unit(text, operands, matrices) for text in _split(rule)]
    return None if any(each.width > most for each in units) else units


def _is_in_braces(rule: str) -> bool:
    """Tell whether a matrix stands in a fraction or an index."""
    return any(rule[:k].count("{") > rule[:k].count("}") for k, sign in enumerate(rule) if sign == _SLOT)


def _split(rule: str) -> Iterator[str]:
    """Yield the parts of a rule, each but the first with the operator that it begins with, outside all brackets."""
    start = depth = 0
    for k, sign in enumerate(rule):
        depth += (sign in "({") - (sign in ")}")
        if depth == 0 and k > start and rule.startswith(_OPERATORS, k):
            yield rule[start:k]
            start = k
    yield rule[start:]


def _unit(text: str, operands: Iterator[Matrix], matrices: Matrices) -> Unit:
    """Return a part of a rule with the next matrices in it; brackets around them grow."""
    found = [matrices.unit(next(operands)) for _ in range(text.count(_SLOT))]
    total = width(text.replace(_SLOT, "")) + sum(each.width for each in found)
    if found:
        total += _GROWN * text.count("(") + _GROWN * text.count(")")
        text = re.sub(r"(?<!\\left)\(", r"\\left(", text)
        text = re.sub(r"(?<!\\right)\)", r"\\right)", text)
    tex = text.split(_SLOT)
    return Unit(tex[0] + "".join(each.tex + after for each, after in zip(found, tex[1:], strict=True)), total)

"""One entry in LaTeX, term by term: its rule, the numbers, the values of the terms, and the result."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation, Term
from backprop_cli.explanations.writer import LETTERS
from backprop_cli.messages import counted
from backprop_cli.render.latex_matrices import INACTIVE, number
from backprop_cli.render.numbers import number as plain_number
from backprop_cli.render.steps import adds_up
from backprop_cli.render.tex_formulas import filled, from_words, product
from backprop_cli.render.tex_lines import Equation, Unit, unit
from backprop_cli.render.tex_texts import escaped

__all__ = ["equation", "remarks"]

_GIVEN = r" \text{ is given}"
_ENTRY = re.compile(rf"(?:layers\[\d+\]\.)?\b(?:{'|'.join(LETTERS)})\[[^\[\]]+\]")
_IN_BRACES = r"((?:[^{}]|\{[^{}]*\})*)"
_DERIVATIVE = re.compile(rf"\\frac\{{(?=\\partial){_IN_BRACES}\}}\{{{_IN_BRACES}\}}")
_MOST_IN_FRACTION = 12.0  # em


def equation(found: Explanation, precision: int | None, *, with_chain: bool) -> Equation:
    """Return the equation from the symbol of an entry to its value: the chain rule if wanted, the rule, and numbers."""
    left, _, rule = found.notation.tex.removesuffix(_GIVEN).partition(" = ")
    if not rule:
        return Equation(left, [[unit(rf"{number(found.value, precision)} \quad \text{{(given)}}")]])
    chain = (found.notation.chain_tex or "").partition(" = ")[2] if with_chain else ""
    rule = re.sub(r" \\, 1$", r" \\cdot 1", rule)
    if not with_chain:
        left, rule = _low(left), _low(rule)
    sides = [[unit(side)] for side in dict.fromkeys((chain, rule)) if side]
    return Equation(left, [*sides, *_in_numbers(found, precision)], is_rounded=_has_other_sum(found, precision))


def _low(tex: str) -> str:
    r"""Return a rule as high as a line of text, but for other fractions than derivatives.

    >>> _low(r"\sum_{n} x_{n,0} \, \frac{\partial L}{\partial z_{n,0}}")
    '\\sum\\nolimits_{n} x_{n,0} \\cdot \\partial L / \\partial z_{n,0}'
    """
    low, n_derivatives = _DERIVATIVE.subn(r"\1 / \2", tex)
    if n_derivatives:
        low = low.replace(r" \, ", r" \cdot ")
    return low.replace(r"\sum_", r"\sum\nolimits_").replace(r"\frac{1}", r"\tfrac{1}")


def remarks(found: Explanation, precision: int | None) -> Iterator[str]:
    """Yield what a reader may ask about an entry: what functions are, and why the terms have another sum."""
    yield from map(_remark, found.notation.where)
    if _has_other_sum(found, precision):
        value = plain_number(found.value, precision)
        yield escaped(adds_up(found, precision, found.entry, value).removesuffix("."))


def _has_other_sum(found: Explanation, precision: int | None) -> bool:
    """Tell whether the terms as they are shown add up to another value than that of the entry."""
    n_terms = sum(max(term.rest, 1) for term in found.terms)
    total = plain_number(found.total / found.divisor, precision)
    return n_terms > 1 and total != plain_number(found.value, precision)


def _remark(text: str) -> str:
    try:
        return rf"$\displaystyle {from_words(text)}$"
    except ValueError:  # a sentence
        parts = re.split(f"({_ENTRY.pattern})", text)
        return "".join(f"${from_words(part)}$" if k % 2 else escaped(part) for k, part in enumerate(parts))


def _in_numbers(found: Explanation, precision: int | None) -> Iterator[Sequence[Unit]]:
    """Yield what an entry is equal to in numbers; a side that repeats the one before it is left out."""
    terms, divisor = found.terms, found.divisor
    total = [number(found.total, precision)] if divisor > 1 and len(terms) > 1 else []
    numbers = [_term(term, precision) for term in terms]
    values = [_value(term, precision) for term in terms]
    if numbers == [value.removesuffix(INACTIVE) for value in values]:
        numbers = []
    before = ""
    for side, by in ((numbers, divisor), (values, divisor), (total, divisor), ([number(found.value, precision)], 1)):
        units = _over(_sum(side), by)
        text = "".join(each.tex for each in units).replace(INACTIVE, "")
        if text not in ("", before):
            yield units
        before = text or before


def _term(term: Term, precision: int | None) -> str:
    """Return a term as the product of the values of its factors, or as a function of them."""
    if term.rest:
        return rf"\text{{{counted(term.rest, 'other term')}}}"
    values = [number(factor.value, precision) for factor in term.factors]
    if term.function is not None:
        return filled(term.function, values)
    if term.derivative is not None and term.coefficient is not None:
        values.append(number(term.coefficient, precision))
    return product(values, subtracted=term.subtracted)


def _value(term: Term, precision: int | None) -> str:
    """Return the value of a term; that of a zero which is subtracted keeps its sign."""
    text = number(term.value, precision)
    sign = "-" * (text == "0" and term.subtracted and len(term.factors) == 1)
    return sign + text + INACTIVE * term.inactive


def _sum(terms: Sequence[str]) -> list[Unit]:
    """Return a sum, a unit for each term."""
    joined = [f" - {term[1:]}" if term.startswith("-") else f" + {term}" for term in terms[1:]]
    return [unit(text) for text in (*terms[:1], *joined)]


def _over(units: Sequence[Unit], divisor: int) -> Sequence[Unit]:
    """Return a sum divided by something."""
    if divisor == 1 or not units:
        return units
    if len(units) == 1 and units[0].width < _MOST_IN_FRACTION:
        return [unit(rf"\frac{{{units[0].tex}}}{{{divisor}}}")]
    texts = [each.tex for each in units]
    texts[0] = rf"\frac{{1}}{{{divisor}}} \bigl( {texts[0]}"
    texts[-1] += r" \bigr)"
    return [unit(text) for text in texts]

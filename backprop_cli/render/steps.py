"""The working behind an entry, step by step as one writes it by hand: names, numbers, products, value."""

from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation, Term
from backprop_cli.messages import counted
from backprop_cli.render.numbers import number

_MOST_TERMS = 8  # written out


def steps(explanation: Explanation, precision: int | None, times: str = "*", said: str = "") -> Iterator[str]:
    """Yield what an entry is equal to, leaving out a step that says what the one before has `said`."""
    terms = explanation.terms
    if len(terms) > _MOST_TERMS:
        yield f"the sum of {sum(max(term.rest, 1) for term in terms)} terms"
        terms = ()
    values = [number(term.value, precision) for term in terms]
    for step in (
        _sum([_names(term, times) for term in terms], terms),
        _sum([_numbers(term, precision, times, first=term is terms[0]) for term in terms], terms),
        " ".join(values[:1] + [f"- {text[1:]}" if text.startswith("-") else f"+ {text}" for text in values[1:]]),
        number(explanation.value, precision),
    ):
        if step not in ("", said, explanation.entry):
            yield step
            said = step


def term_names(term: Term, times: str = "*") -> str:
    """Return a term as the product of its factors' names, with its sign."""
    return _signed(term, _names(term, times))


def adds_up(found: Explanation, precision: int | None, name: str, value: str) -> str:
    """Return the sentence that says what the terms add up to; `name` and `value` are the entry's, as they are shown."""
    n = sum(max(term.rest, 1) for term in found.terms)
    if n == 1:
        return f"That is {name} = {value}."
    total = number(found.total, precision)
    if total == number(found.value, precision):
        return f"The {n} terms add up to {name} = {value}."
    return f"The {n} terms add up to {total}, and float64, which rounds on the way, to {name} = {value}."


def _names(term: Term, times: str) -> str:
    if term.rest:
        return counted(term.rest, "other term")
    names = [factor.name for factor in term.factors]
    if term.function is not None:
        return term.function.format(z=names[0])
    return f" {times} ".join(names if term.derivative is None else [*names, term.derivative])


def term_numbers(term: Term, precision: int | None, times: str = "*") -> str:
    """Return a term as the product of its factors' values; nothing where there are not two of them."""
    alone = len(term.factors) + (term.derivative is not None) + (term.function not in (None, "{z}")) < 2
    return "" if alone else _signed(term, _numbers(term, precision, times, first=True))


def _numbers(term: Term, precision: int | None, times: str, *, first: bool) -> str:
    if term.rest:
        return _bracketed(number(term.value, precision))
    values = [number(factor.value, precision) for factor in term.factors]
    if term.function is not None:
        return term.function.format(z=values[0])
    if term.derivative is not None and term.coefficient is not None:
        values.append(number(term.coefficient, precision))
    bracketed = [_bracketed(text) for text in values]
    return f" {times} ".join([values[0], *bracketed[1:]] if first and term.coefficient != -1 else bracketed)


def _signed(term: Term, text: str) -> str:
    return f"-{text}" if term.coefficient == -1 and term.derivative is None else text


def _sum(parts: Sequence[str], terms: Sequence[Term]) -> str:
    """Return parts with the signs between them that their terms have."""
    signs = ["- " if term.coefficient == -1 and term.derivative is None else "+ " for term in terms]
    return " ".join(sign + part for sign, part in zip(signs, parts, strict=True)).removeprefix("+ ")


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text

"""An entry worked step by step, as one writes it by hand: names, numbers, products, value."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.core.written import divided
from backprop_cli.explanations.explanation import Explanation, Term, Walk
from backprop_cli.messages import counted
from backprop_cli.render.numbers import number

_MOST_TERMS = 8  # written out


def steps(found: Explanation, precision: int | None, said: str = "") -> Iterator[str]:
    """Yield what an entry is equal to; a step that repeats the one before it, or what was `said`, is left out."""
    terms, divisor = found.terms, found.divisor
    if len(terms) > _MOST_TERMS:
        yield _over(f"the sum of {_n_terms(found)} terms", divisor)
        terms = ()
    total = number(found.total, precision) if divisor > 1 and len(found.terms) > 1 else ""
    for step in (
        _over(_sum([term_names(term) for term in terms]), divisor),
        _over(_sum([_numbers(term, precision, first=term is terms[0]) for term in terms]), divisor),
        _over(_sum([_value(term, precision) for term in terms]), divisor),
        _over(total, divisor),
        number(found.value, precision),
    ):
        if step not in ("", said, found.entry):
            yield step
            said = step


def _over(text: str, divisor: int) -> str:
    return divided(text, divisor) if text and divisor > 1 else text


def tree(sources: Sequence[Explanation], precision: int | None, indent: str, bullet: str, quote: str) -> Iterator[str]:
    """Yield the lines of a tree of sources: `bullet` begins each line, `quote` stands on both sides of code."""
    for source in sources:
        if not source.repeated:
            equal = " = ".join([source.entry, *steps(source, precision)])
            yield f"{indent}{bullet}{quote}{equal}{quote}{inactive_note(source)}"
            if (chain := source.through_upstream) is not None:
                equal = " = ".join([chain.entry, *steps(chain, precision)])
                yield f"{indent}  {bullet}through upstream: {quote}{equal}{quote}"
            yield from tree(source.sources, precision, indent + "  ", bullet, quote)
            if source.cut:
                yield f"{indent}  {bullet}(further sources are left out)"
    repeated = [source for source in sources if source.repeated]
    above = [f"{quote}{source.entry}{quote} = {number(source.value, precision)}" for source in repeated]
    if above:
        yield f"{indent}{bullet}{', '.join(above)}: as above"


def inactive_note(found: Explanation) -> str:
    """Return the note that an inactive unit makes the only term of an entry zero, or nothing."""
    return " (inactive)" if len(found.terms) == 1 and found.terms[0].inactive else ""


def not_shown_note(found: Walk) -> str:
    """Return the sentence that says how many entries a walk does not show."""
    return f"{found.not_shown} of {found.entries} entries are not shown; explain shows any of them by its name."


def adds_up(found: Explanation, precision: int | None, name: str, value: str) -> str:
    """Return the sentence about the sum of the terms; `name` and `value` are those of the entry, as shown."""
    n, by, over = _n_terms(found), found.divisor, f"divided by {found.divisor} ({found.notation.divided_by}), "
    if n == 1:
        return f"{over.capitalize() if by > 1 else 'That is '}{'that is ' * (by > 1)}{name} = {value}."
    total = number(found.total, precision)
    divided_total = number(found.total / by, precision)
    said = f"The {n} terms add up to "
    if by > 1:
        said += f"{total}; {over}that is "
    if divided_total == number(found.value, precision):
        return f"{said}{name} = {value}."
    other = "a form without cancellation" if found.has_no_cancellation else "float64, which rounds on the way"
    return f"{said}{divided_total}, and {other}, to {name} = {value}."


def term_names(term: Term) -> str:
    """Return a term as the product of the names of its factors, with its sign."""
    if term.rest:
        return counted(term.rest, "other term")
    names = [factor.name for factor in term.factors]
    if term.function is not None:
        return term.function.format(*names)
    return "-" * term.subtracted + " * ".join(names if term.derivative is None else [*names, term.derivative])


def term_numbers(term: Term, precision: int | None) -> str:
    """Return a term as the product of the values of its factors, or nothing if that repeats its value."""
    numbers = _numbers(term, precision, first=True)
    return "" if numbers == _value(term, precision) else numbers


def _value(term: Term, precision: int | None) -> str:
    """Return the value of a term; that of a zero which is subtracted keeps its sign."""
    text = number(term.value, precision)
    return "-0" if text == "0" and term.subtracted and len(term.factors) == 1 else text


def _n_terms(found: Explanation) -> int:
    return sum(max(term.rest, 1) for term in found.terms)


def _numbers(term: Term, precision: int | None, *, first: bool) -> str:
    """Return the values of factors; negative ones in brackets, except at the beginning of a sum."""
    values = [number(factor.value, precision) for factor in term.factors] or [number(term.value, precision)]
    if term.function is not None:
        return _filled(term.function, values)
    if term.derivative is not None and term.coefficient is not None:
        values.append(number(term.coefficient, precision))
    bracketed = [f"({text})" if text.startswith("-") else text for text in values]
    if first and not term.subtracted:
        bracketed[0] = values[0]
    return "-" * term.subtracted + " * ".join(bracketed)


def _filled(function: str, values: Sequence[str]) -> str:
    """Return a function of some values; negative ones in brackets where a sign or an operator stands before them.

    >>> _filled("-{1} * log({0}) + {0}", ["-2", "-1"])
    '-(-1) * log(-2) + (-2)'
    """

    def value(found: re.Match[str]) -> str:
        text, before = values[int(found[1])], function[: found.start()]
        return f"({text})" if text.startswith("-") and before and not before.endswith(("(", "|")) else text

    filled = re.sub(r"\{(\d+)\}", value, function)
    return re.sub(r"(?<![\w'])\((\d[\w.+-]*)\)", r"\1", filled)  # a number needs no brackets


def _sum(terms: Sequence[str]) -> str:
    """Return a sum; the sign of a term is its minus."""
    return " ".join([*terms[:1], *(f"- {term[1:]}" if term.startswith("-") else f"+ {term}" for term in terms[1:])])

"""An entry worked step by step, as one writes it by hand: names, numbers, products, value."""

from collections.abc import Iterator, Sequence

from backprop_cli.explanations.explanation import Explanation, Term, Walk
from backprop_cli.messages import counted
from backprop_cli.render.numbers import number

_MOST_TERMS = 8  # written out


def steps(found: Explanation, precision: int | None, said: str = "") -> Iterator[str]:
    """Yield what an entry is equal to; a step that repeats the one before it, or what was `said`, is left out."""
    terms = found.terms
    if len(terms) > _MOST_TERMS:
        yield f"the sum of {_n_terms(found)} terms"
        terms = ()
    for step in (
        _sum([term_names(term) for term in terms]),
        _sum([_numbers(term, precision, first=term is terms[0]) for term in terms]),
        _sum([number(term.value, precision) for term in terms]),
        number(found.value, precision),
    ):
        if step not in ("", said, found.entry):
            yield step
            said = step


def tree(sources: Sequence[Explanation], precision: int | None, indent: str, bullet: str, quote: str) -> Iterator[str]:
    """Yield the lines of a tree of sources: `bullet` begins each line, `quote` stands on both sides of code."""
    for source in sources:
        if not source.repeated:
            equal = " = ".join([source.entry, *steps(source, precision)])
            yield f"{indent}{bullet}{quote}{equal}{quote}{inactive_note(source)}"
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
    n = _n_terms(found)
    if n == 1:
        return f"That is {name} = {value}."
    total = number(found.total, precision)
    if total == number(found.value, precision):
        return f"The {n} terms add up to {name} = {value}."
    return f"The {n} terms add up to {total}, and float64, which rounds on the way, to {name} = {value}."


def term_names(term: Term) -> str:
    """Return a term as the product of the names of its factors, with its sign."""
    if term.rest:
        return counted(term.rest, "other term")
    names = [factor.name for factor in term.factors]
    if term.function is not None:
        return term.function.format(z=names[0])
    return "-" * term.subtracted + " * ".join(names if term.derivative is None else [*names, term.derivative])


def term_numbers(term: Term, precision: int | None) -> str:
    """Return a term as the product of the values of its factors, or nothing if that repeats its value."""
    numbers = _numbers(term, precision, first=True)
    return "" if numbers == number(term.value, precision) else numbers


def _n_terms(found: Explanation) -> int:
    return sum(max(term.rest, 1) for term in found.terms)


def _numbers(term: Term, precision: int | None, *, first: bool) -> str:
    """Return the values of factors; negative ones in brackets, except at the beginning of a sum."""
    values = [number(factor.value, precision) for factor in term.factors] or [number(term.value, precision)]
    if term.function is not None:
        return term.function.format(z=values[0])
    if term.derivative is not None and term.coefficient is not None:
        values.append(number(term.coefficient, precision))
    bracketed = [f"({text})" if text.startswith("-") else text for text in values]
    if first and not term.subtracted:
        bracketed[0] = values[0]
    return "-" * term.subtracted + " * ".join(bracketed)


def _sum(terms: Sequence[str]) -> str:
    """Return a sum; the sign of a term is its minus."""
    return " ".join([*terms[:1], *(f"- {term[1:]}" if term.startswith("-") else f"+ {term}" for term in terms[1:])])

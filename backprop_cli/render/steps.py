"""An entry worked step by step, as one writes it by hand: names, numbers, products, value."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.core.written import divided
from backprop_cli.explanations.explanation import Explanation, Term
from backprop_cli.messages import counted
from backprop_cli.render.numbers import number

_MOST_TERMS = 8  # written out
_DEEPEST = 4  # brackets in which long sums are split


def steps(
    found: Explanation, precision: int | None, said: str = "", most_terms: int | None = _MOST_TERMS
) -> Iterator[str]:
    """Yield what an entry is equal to; a step that repeats the one before it, or what was `said`, is left out.

    More than `most_terms` terms are not written out; None writes out any number.
    """
    terms, divisor = found.terms, found.divisor
    if most_terms is not None and len(terms) > most_terms:
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


def equations(name: str, sides: Sequence[str], width: int, *, packed: bool = False) -> Iterator[str]:
    """Yield the lines of an equation with several sides: one if all fit, else one for each side, `=` under `=`.

    With `packed`, sides after the first stand in one line where they fit. Long sums are split at their signs.

    >>> list(equations("z", ["a + b", "1 + 2", "3"], 15, packed=True))
    ['z = a + b', '  = 1 + 2 = 3']
    """
    indent, whole = " " * len(name), " = ".join([name, *sides])
    if len(whole) <= width:
        yield whole
        return
    line, is_full = name, False
    for k, side in enumerate(sides):
        pieces = _at_signs(side, width - len(name) - 3)
        if k and (is_full or not packed or len(pieces) > 1 or len(f"{line} = {side}") > width):
            yield line
            line = indent
        line += f" = {pieces[0]}"
        for piece in pieces[1:]:
            yield line
            line = f"{indent}   {piece}"
        is_full = not k or len(pieces) > 1
    yield line


def _at_signs(text: str, width: int, depth: int | None = None) -> Sequence[str]:
    """Return a sum, which may be divided, in lines that begin with a sign, each within a width where that is possible.

    It is split at signs within at most `depth` brackets, by default outside all but those around a sum that is divided;
    a line that is still too long is split further inside, and at last between factors.

    >>> _at_signs("(a * b + c - d) / 2", 12)
    ['(a * b + c', '- d) / 2']
    """
    if depth is None:
        depth = 1 if re.fullmatch(r"\(.*\) / \d+", text) else 0
    lines, line, at = [], "", 0
    for piece in re.split(r" (?=[-+/*] )" if depth == _DEEPEST else r" (?=[-+/] )", text):
        if line and at <= depth and len(f"{line} {piece}") > width:
            lines.append(line)
            line = piece
        else:
            line += f" {piece}" if line else piece
        at += piece.count("(") - piece.count(")")
    lines.append(line)
    if depth == _DEEPEST:
        return lines
    split = ([each] if len(each) <= width else _at_signs(each, width, depth + 1) for each in lines)
    return [part for parts in split for part in parts]


def tree(sources: Sequence[Explanation], precision: int | None, indent: str, width: int) -> Iterator[str]:
    """Yield the lines of a tree of sources: the steps to each entry, and below it the sources of these."""
    for source in sources:
        if not source.repeated:
            yield from _of_the_tree(source, precision, indent, "", width)
            if (chain := source.through_upstream) is not None:
                yield from _of_the_tree(chain, precision, f"{indent}  ", "through upstream: ", width)
            yield from tree(source.sources, precision, f"{indent}  ", width)
            if source.cut:
                yield f"{indent}  (further sources are left out)"
    repeated = [source for source in sources if source.repeated]
    above = [f"{source.entry} = {number(source.value, precision)}" for source in repeated]
    if above:
        yield f"{indent}{', '.join(above)}: as above"


def _of_the_tree(found: Explanation, precision: int | None, indent: str, before: str, width: int) -> Iterator[str]:
    *others, last = steps(found, precision)
    for line in equations(before + found.entry, [*others, last + inactive_note(found)], width - len(indent)):
        yield indent + line


def inactive_note(found: Explanation) -> str:
    """Return the note that an inactive unit makes the only term of an entry zero, or nothing."""
    return " (inactive)" if len(found.terms) == 1 and found.terms[0].inactive else ""


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

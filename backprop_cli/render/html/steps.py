"""One step of a worked solution in HTML: the rule, its matrices with their numbers, and the result with its terms."""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.explanations.opened import Cell
from backprop_cli.explanations.worked import Matrix, WorkedStep
from backprop_cli.render.html.entries import entry
from backprop_cli.render.html.matrices import matrix_edges, matrix_table, single, width_of
from backprop_cli.render.html.text import Links, code, safe
from backprop_cli.render.html.view import Shown
from backprop_cli.render.mathml import mathml
from backprop_cli.render.steps import term_names

__all__ = ["Steps"]

_FEW_ENTRIES = 150  # of a page, each of which has its rule in symbols
_LONG = 56  # letters of a term, for which half a page is too narrow on a screen
_WIDE = 62  # digits beside each other, for which half a page is too narrow
_OPERATOR = re.compile(r" [-+*@] ")  # begins another unit, before which a line may break
_SCROLLS = 34  # digits beside each other, for which a telephone is too narrow


class Steps:
    """Writes the steps of a solution."""

    def __init__(self, shown: Shown, precision: int | None, prefix: str) -> None:
        """Begin; ids start with `prefix`."""
        self._opened, self._view, self._precision, self._prefix = shown.opened, shown.view, precision, prefix
        every = [explained.entry for cells in shown.opened.values() for explained in cells.values()]
        examples = [example.entry for step in shown.found.steps for example in step.examples]
        self._given = {matrix.place for matrix in shown.found.given}  # parameters after a step may have the same names
        known = [name for name in (*every, *examples) if name.partition("[")[0] not in self._given]
        self._links = Links(frozenset(known), prefix)
        self._is_small = len(self._links.entries) <= _FEW_ENTRIES

    def parts(self, step: WorkedStep) -> Iterator[str]:
        """Yield the parts of the section of a step."""
        place = step.node_place
        name = f"{self._prefix}:{place}" + "'" * (place in self._given)
        widths = [self._width(part) if isinstance(part, Matrix) else len(part) for part in step.parts]
        is_wide = max(self._width(step.result), *widths) > _WIDE
        is_long = any(len(term_names(term)) > _LONG for example in step.examples for term in example.terms)
        yield f'<section class="step{" wide" * is_wide}{" long" * is_long}" aria-labelledby="{name}">'
        yield f'<h3 id="{name}">{code(place)}</h3>'
        words = safe(f"{step.result.name} = {step.rule}")
        symbols = mathml(f"{step.result.symbol} = {step.rule_tex}", display=True)
        yield f'<div class="rule">{symbols}<code class="words">{words}</code></div>'
        yield '<div class="row">'
        if step.fills_in:
            yield from self._calculation(step)
        yield _unit(['<span class="op">=</span>', self._result(step)])
        yield "</div>"
        yield from self._entries(step)
        yield "</section>"

    def _calculation(self, step: WorkedStep) -> Iterator[str]:
        """Yield the rule with the numbers of its matrices."""
        unit: list[str] = []
        for k, part in enumerate(step.parts):
            if isinstance(part, Matrix):
                unit.append(self._matrix(part))
                continue
            before = step.parts[k - 1] if k else ""
            is_scaling = isinstance(before, Matrix) and not before.values.ndim
            if unit and _OPERATOR.match(part) and not is_scaling:
                yield _unit(unit)
                unit = []
            unit.append(f'<span class="op">{_operator(part, is_scaling=is_scaling)}</span>')
        yield _unit(unit)

    def _matrix(self, matrix: Matrix) -> str:
        name = f'<a class="name" href="#{self._prefix}:{matrix.place}">{code(matrix.name)}</a>'
        if not matrix.values.ndim:
            return f"<span>{name} {single(matrix, self._precision)}</span>"
        return self._scrolled(matrix, matrix_table(matrix, self._precision, self._view.operand_rows, name), "operand")

    def _result(self, step: WorkedStep) -> str:
        result, opened = step.result, self._opened[step.node_place]
        names = {example.entry for example in step.examples}

        def linked(cell: Cell, text: str) -> str:
            name = result.entry(*cell)
            if cell not in opened and name not in names:
                return text
            return f'<a id="{self._prefix}@{name}" href="#{self._prefix}{name}">{text}</a>'

        if not result.values.ndim:
            return f"<strong>{linked((0, 0), single(result, self._precision))}</strong>"
        caption = safe(result.name) + (f" ({note})" if (note := matrix_edges(result, self._view.rows).note) else "")
        table = matrix_table(result, self._precision, self._view.rows, f"<code>{caption}</code>", linked)
        return self._scrolled(result, table, "result")

    def _scrolled(self, matrix: Matrix, table: str, kind: str) -> str:
        width = self._width(matrix)
        focus = f' tabindex="0" role="group" aria-label="{safe(matrix.name)}"' if width > _SCROLLS else ""
        return f'<div class="scroll {kind}" style="--width:{width}"{focus}>{table}</div>'

    def _width(self, matrix: Matrix) -> int:
        return width_of(matrix, self._precision, self._view.rows)

    def _entries(self, step: WorkedStep) -> Iterator[str]:
        """Yield the examples, which are shown, and the entries that can be opened, in the order of the matrix."""
        examples = {example.entry: example for example in step.examples}
        others = self._opened[step.node_place].values()
        every = {**{each.entry: each for each in others}, **examples}
        one = " one" * (len(examples) == 1)
        yield f'<div class="entries{one}">'
        for name, each in every.items():
            yield entry(
                each,
                self._precision,
                self._links.without(name),
                is_shown=name in examples,
                has_rule=self._is_small or name in examples,
                back=f"@{name}",
            )
        yield "</div>"


def _unit(parts: Sequence[str]) -> str:
    return f'<div class="part">{"".join(parts)}</div>'


def _operator(text: str, *, is_scaling: bool) -> str:
    """Return what stands between matrices, with the signs of print."""
    if text == " @ ":
        return '<span class="sr">times</span>'
    times = "\N{DOT OPERATOR}" if is_scaling else "\N{CIRCLED DOT OPERATOR}"
    text = re.sub(r"^ \*(?=\s)", times, safe(text)).strip().replace(" * ", " \N{DOT OPERATOR} ")
    return re.sub(r"(^|\s)-(?=\s|$)", "\\1\N{MINUS SIGN}", text)

"""The worked solution of a problem as one page of HTML, which needs nothing else: no script, no font, no request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.opened import Cell
from backprop_cli.explanations.worked import LeftOut, Matrix, Worked
from backprop_cli.messages import counted
from backprop_cli.render import svg
from backprop_cli.render.html.document import document
from backprop_cli.render.html.matrices import matrix_edges, matrix_table, single, width_of
from backprop_cli.render.html.steps import Steps
from backprop_cli.render.html.style import SEVERAL
from backprop_cli.render.html.text import code, safe
from backprop_cli.render.html.view import Shown, View
from backprop_cli.render.mathml import mathml
from backprop_cli.render.notes import conventions, left_out, signs

__all__ = ["solutions", "worked"]

_PHASES = {"forward": "Forward", "loss": "Loss", "backward": "Backward", "step": "Step"}
_HOW = "{} of a result is a link, which opens the terms that the number is made of."


def worked(shown: Shown, precision: int | None, before: str = "", more_style: str = "") -> str:
    """Return the page of a worked solution; numbers have at most `precision` decimals.

    HTML that stands `before` it may have a style.
    """
    parts = [*_header(shown), "<main>", *[before] * bool(before), *_content(shown, precision, ""), "</main>"]
    return document(_title(shown.found), "\n".join(parts), more_style)


def solutions(
    title: str, several: Sequence[Shown], precision: int | None, before: Sequence[str], more_style: str
) -> str:
    """Return a page of several worked solutions, to which links at the top lead.

    HTML that stands `before` each may have a style.
    """
    names = [f"problem-{k}" for k in range(1, len(several) + 1)]
    links = [
        f'<li><a href="#{name}">{safe(_title(shown.found))}</a></li>'
        for name, shown in zip(names, several, strict=True)
    ]
    parts = [f'<nav aria-label="Problems">\n<ol>\n{chr(10).join(links)}\n</ol>\n</nav>', "<main>"]
    for k, (name, shown, first) in enumerate(zip(names, several, before, strict=True), 1):
        parts += [f'<article id="{name}">', *_header(shown), first, *_content(shown, precision, f"p{k}."), "</article>"]
    return document(title, "\n".join([*parts, "</main>"]), SEVERAL + more_style)


def _title(found: Worked) -> str:
    return found.title or "A worked solution"


def _content(shown: Shown, precision: int | None, prefix: str) -> Iterator[str]:
    """Yield what stands below the header; ids begin with `prefix`."""
    found = shown.found
    yield from _front(shown, precision, prefix)
    yield '<div class="steps">'
    steps = Steps(shown, precision, prefix)
    for (phase, layer), group in groupby(found.steps, lambda step: (step.phase, step.layer)):
        yield f"<section>\n<h2>{_heading(found, phase, layer)}</h2>"
        yield from (part for step in group for part in steps.parts(step))
        yield "</section>"
    yield "</div>"
    yield from _left_out(found, shown.opened, shown.view)


def _header(shown: Shown) -> Iterator[str]:
    found = shown.found
    yield f"<header>\n<h1>{safe(_title(found))}</h1>"
    if found.source:
        yield f'<p class="source">{safe(found.source)}</p>'
    yield f'<p class="how">{_HOW.format("Each number" if shown.view.is_open else "One number")}</p>'
    lines = [signs(found).replace("* entry", "* or \N{CIRCLED DOT OPERATOR} entry"), *conventions(found)]
    yield f'<ul class="signs">{"".join(f"<li>{safe(line)}</li>" for line in lines)}</ul>'
    yield "</header>"


def _front(shown: Shown, precision: int | None, prefix: str) -> Iterator[str]:
    """Yield what is given, beside the picture if there is one."""
    given = _given(shown, precision, prefix)
    if shown.picture is None:
        yield from given
        return
    yield '<div class="front">'
    yield '<section class="network" aria-label="The network" tabindex="0">'
    yield f"{svg.picture(shown.picture, None, prefix)}</section>"
    yield from given
    yield "</div>"


def _heading(found: Worked, phase: str, layer: int) -> str:
    name, problem = _PHASES[phase], found.problem
    if phase == "loss" or not problem.layered:
        return name
    of = problem.layers[layer]
    sizes = [counted(n, noun) for n, noun in ((of.n_inputs, "input"), (of.n_neurons, "neuron")) if n is not None]
    return f"{name}, layer {layer} <small>{safe(', '.join([*sizes, of.activation.name]))}</small>"


def _given(shown: Shown, precision: int | None, prefix: str) -> Iterator[str]:
    found, view = shown.found, shown.view
    if not found.given:
        return
    yield '<section class="given">\n<h2>Given</h2>\n<div class="row given">'
    for matrix in found.given:
        width = width_of(matrix, precision, view.rows)
        yield f'<div class="scroll" id="{prefix}:{matrix.place}" style="--width:{width}">'
        if not matrix.values.ndim:
            yield f"{mathml(matrix.symbol)} {code(matrix.place)} = {single(matrix, precision)}"
        else:
            yield matrix_table(matrix, precision, view.rows, _caption(matrix, view))
        yield "</div>"
    yield "</div>\n</section>"


def _caption(matrix: Matrix, view: View) -> str:
    """Return the name of a given matrix, and its shape if all of it is not shown."""
    note = matrix_edges(matrix, view.rows).note
    return f"{mathml(matrix.symbol)} {code(matrix.place)}" + (f" ({note})" if note else "")


def _left_out(found: Worked, opened: Mapping[str, Mapping[Cell, Explanation]], view: View) -> Iterator[str]:
    """Yield what is not computed, and what is computed and not shown."""
    if found.not_computed:
        needs = [f"<li>{code(place)} needs {code(needs)}</li>" for place, needs in found.not_computed.items()]
        yield f'<section class="left">\n<h2>Not computed</h2>\n<ul>{"".join(needs)}</ul>\n</section>'
    lines = [*_cut(found, view), *left_out(replace(found, left_out=tuple(_still_left_out(found, opened))))]
    if lines:
        items = "".join(f"<li>{safe(line)}</li>" for line in lines)
        yield f'<section class="left">\n<h2>Not shown</h2>\n<ul>{items}</ul>\n</section>'


def _cut(found: Worked, view: View) -> Iterator[str]:
    """Yield how to see all of the matrices, if only the edges of some are shown."""
    matrices = [*found.given, *(step.result for step in found.steps)]
    if any(matrix_edges(matrix, view.rows).note for matrix in matrices):
        yield "the middle of large matrices: --rows 0 shows all of them"


def _still_left_out(found: Worked, opened: Mapping[str, Mapping[Cell, Explanation]]) -> Iterator[LeftOut]:
    """Yield the entries that cannot be opened, and are no examples."""
    names = {step.node_place: {example.entry for example in step.examples} for step in found.steps}
    for each in found.left_out:
        shown = names.get(each.place, set()) | {entry.entry for entry in opened.get(each.place, {}).values()}
        if n := each.of - len(shown):
            yield replace(each, entries=n)

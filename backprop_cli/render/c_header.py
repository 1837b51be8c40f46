"""A header for C and C++ with what a problem gives and what was computed, in hexadecimal literals that lose no bit.

Hexadecimal floating literals are part of C since C99 (section 6.4.4.2), and of C++ since C++17. A line has a few
numbers, because compilers need not read more than 4,095 characters in one (C99, section 5.2.4.1).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, NOUNS
from backprop_cli.core.scratch import chunks
from backprop_cli.messages import clean, counted

__all__ = ["header"]

_PER_LINE = 4  # numbers, each of up to 25 characters
_WIDTH = 100
_FORMAT = "The literals are hexadecimal, which loses no bit: they need C99 or C++17."


def header(name: str, problem: Problem, computed: Mapping[str, Array], given: Mapping[str, Array]) -> Iterator[str]:
    """Yield the parts of a header.

    Args:
        name: The name of its file.
        problem: The problem, of which the comment tells.
        computed: The arrays that were computed, (), (n,) or (m, n), by dotted name.
        given: The arrays that the problem gives, (n,) or (m, n), by dotted name.
    """
    guard = "_".join(filter(None, ("BACKPROP", *re.findall("[A-Z0-9]+", name.rpartition(".")[0].upper()), "H")))
    real = "float" if problem.dtype == np.float32 else "double"
    yield _comment(_about(problem))
    yield f"\n#ifndef {guard}\n#define {guard}\n"
    yield "\nenum {\n" + ",\n".join(f"  {size} = {n}" for size, n in _sizes(problem).items()) + "\n};\n"
    yield "\n/* given */\n"
    yield f"\nstatic const double learning_rate = {_literal(float(problem.learning_rate), 'double')};\n"
    for place, array in given.items():
        yield from _declaration(place, array, problem, real)
    yield "\n/* computed */\n"
    for place, array in computed.items():
        yield from _declaration(place, array, problem, real)
    yield f"\n#endif /* {guard} */\n"


def _about(problem: Problem) -> Iterator[str]:
    """Yield the paragraphs of the comment at the top."""
    yield from filter(None, (problem.title, problem.source))
    n_layers = counted(len(problem.layers), "dense layer")
    yield f"Golden values of {n_layers}, computed by backprop in {problem.dtype}. {_FORMAT}"
    settings: dict[str, Any] = {"upstream": problem.upstream} if isinstance(problem.upstream, str) else {}
    settings |= problem.conventions()
    settings |= {problem.place(i, "activation"): layer.activation.name for i, layer in enumerate(problem.layers)}
    yield from (f"{key}: {str(value).lower() if value is True else value}" for key, value in settings.items())
    if problem.steps > 1:
        yield "What is given belongs to the first step, what is computed to the last one."


def _comment(paragraphs: Iterator[str]) -> str:
    lines = [line for paragraph in paragraphs for line in wrap(_harmless(paragraph), _WIDTH) or [""]]
    return "/*\n" + "".join(f" * {line}\n".replace(" \n", "\n") for line in lines) + " */\n"


def _harmless(text: str) -> str:
    """Return a text that neither ends nor begins a comment, and has no trigraphs, such as `??/`, a backslash."""
    return re.sub(r"\*(?=/)|/(?=\*)|\?(?=\?)", r"\g<0> ", clean(text))


def _sizes(problem: Problem) -> dict[str, int]:
    """Return the sizes that are known by identifier; whatever is computed has samples."""
    sizes: dict[str, Any] = {"n_samples": problem.n_samples}
    sizes |= {"n_layers": len(problem.layers)} if problem.layered else {}
    for i, layer in enumerate(problem.layers):
        of_layer = {"n_inputs": layer.n_inputs, "n_neurons": layer.n_neurons}
        sizes |= {_identifier(problem.place(i, name)): size for name, size in of_layer.items()}
    sizes |= {"n_steps": problem.steps} if problem.steps > 1 else {}
    return {name: size for name, size in sizes.items() if size is not None}


def _identifier(place: str) -> str:
    """Return the identifier of a place.

    >>> _identifier("layers[0].dweights"), _identifier("layers.0.dweights")
    ('layers_0_dweights', 'layers_0_dweights')
    """
    return "_".join(re.findall(r"\w+", place))


def _declaration(place: str, array: Array, problem: Problem, real: str) -> Iterator[str]:
    """Yield the parts of the definition of an array, (), (n,) or (m, n)."""
    name, kind = place.rpartition(".")[2], "int" if array.dtype.kind in "iu" else real
    axes = problem.axes(name) if array.ndim == len(AXES[name]) else ("n",)  # class numbers
    if axes:
        yield f"\n/* {''.join(f'[{NOUNS[axis]}]' for axis in axes)} */"
    sizes = "".join(f"[{size}]" for size in array.shape)
    yield f"\nstatic const {kind} {_identifier(place)}{sizes} = "
    if array.ndim:
        yield "{\n"
        for rows in chunks(array):
            yield ",\n" * (rows.start > 0) + _rows(array[rows], kind)
        yield "\n};\n"
    else:
        yield f"{_literal(array.item(), kind)};\n"


def _rows(array: Array, kind: str) -> str:
    """Return the numbers of rows, (m, n), or of a list, (n,)."""
    if array.ndim == 1:
        return "  " + _wrapped([_literal(number, kind) for number in array.tolist()], "  ")
    rows = ([_literal(number, kind) for number in row] for row in array.tolist())
    return ",\n".join(f"  {{{_wrapped(row, '   ')}}}" for row in rows)


def _wrapped(literals: Sequence[str], indent: str) -> str:
    lines = (", ".join(literals[i : i + _PER_LINE]) for i in range(0, len(literals), _PER_LINE))
    return f",\n{indent}".join(lines)


def _literal(number: float, kind: str) -> str:
    """Return the literal of a number of a type.

    >>> _literal(2.5, "double"), _literal(-0.0, "float"), _literal(3, "int")
    ('0x1.4p+1', '-0x0p+0f', '3')
    """
    if kind == "int":
        return str(number)
    digits, exponent = float(number).hex().split("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent}{'f' if kind == 'float' else ''}"

"""What the letters of a page in LaTeX mean, and what the page does not show."""

import re
from collections.abc import Iterator, Mapping, Sequence

from backprop_cli.explanations.worked import Worked
from backprop_cli.render.latex_matrices import INACTIVE
from backprop_cli.render.notes import conventions, left_out
from backprop_cli.render.tex_texts import code, escaped

__all__ = ["legend", "not_shown"]

_MEANINGS = {
    "X": "inputs",
    "W": "weights",
    "b": "biases",
    "Z": "pre-activations",
    "Y": "outputs",
    "T": "targets",
    "L": "the loss",
    r"\eta": "the learning rate",
}
_COMMAND = re.compile(r"backprop \w+ PROBLEM(?: '[^']*'| --rows 0)?|'[^']*'|--[a-z-]+(?: N)?")


def legend(found: Worked | None, page: str) -> Sequence[str]:
    """Return what the letters on a page mean."""
    formulas = re.sub(r"%.*|\\[a-z]+\*?|\{[a-z]+\}", lambda text: text[0] if text[0] == r"\eta" else " ", page)
    letters = {letter: name for letter, name in _MEANINGS.items() if re.search(_pattern(letter), formulas)}
    if found is None:
        letters = {letter.lower() if letter != "L" else letter: name for letter, name in letters.items()}
    sentences = [", ".join(f"${letter}$: {name}" for letter, name in letters.items())]
    if found is not None:
        sentences[0] += "; small letters: their entries"
    sentences.append("indices count from 0")
    if r"\odot" in page:
        sentences.append(r"$\odot$ multiplies entry by entry")
    if " + b" in page:
        sentences.append("$b$ is added for every sample")
    if "^{(" in page:
        sentences.append(rf"exponents in brackets are layers: $W^{{(1)}}$ are the weights of {code('layers[1]')}")
    if "X^{(1)}" in page or "x^{(1)}" in page:
        x, y = "XY" if found is not None else "xy"
        sentences.append(f"the inputs ${x}^{{(k)}}$ of layer $k$ are the outputs ${y}^{{(k-1)}}$ of the layer before")
    if "L_" in page:
        sentences.append("$L_n$: the loss of sample $n$; $L$ is their mean")
    if INACTIVE in page:
        sentences.append(f"$0{INACTIVE}$: zero because the unit is inactive")
    if r"\partial L}{\partial W" in page:
        sentences.append(rf"{code('dweights')} is $\partial L / \partial W$, and so on")
    sentences += map(escaped, conventions(found) if found is not None else ())
    return sentences


def _pattern(letter: str) -> str:
    small = letter.lower() if len(letter) == 1 else letter
    return rf"(?<![A-Za-z])[{letter}{small}](?![a-z])" if len(letter) == 1 else re.escape(letter)


def not_shown(found: Worked, cut: Mapping[str, str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield titles and sentences on what the page does not show; `cut` says which edges of large matrices it shows."""
    sentences = [_commands(sentence) for sentence in _sentences(left_out(found))]
    sentences += [f"{code(place)} shows {note}" for place, note in cut.items()]
    if cut:
        sentences.append(_commands("backprop run PROBLEM --rows 0 shows all of a computed matrix"))
    if sentences:
        yield "Not shown", sentences
    if found.not_computed:
        yield "Not computed", [f"{code(place)} needs {escaped(needs)}" for place, needs in found.not_computed.items()]


def _sentences(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines as sentences: indented ones continue the line above."""
    yield from re.sub(r"(?<=:)\n +", " ", "\n".join(lines)).replace("\n  ", "; ").split("\n") if lines else ()


def _commands(sentence: str) -> str:
    """Return a sentence in TeX, with what stands in it of commands in a typewriter font."""
    parts = re.split(f"({_COMMAND.pattern})", sentence)
    return "".join(code(part) if k % 2 else escaped(part) for k, part in enumerate(parts))

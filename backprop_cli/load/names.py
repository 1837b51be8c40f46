"""Answer unknown keys with the names here: those of other tools for the same, or the nearest ones."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from backprop_cli.core.names import FRAMEWORKS
from backprop_cli.core.places import layer_place, leaves
from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.errors import InputError
from backprop_cli.messages import listed, nearest

_MOST_LISTED = 8  # keys in a message
_MOST_CONVENTIONS = 2  # that are named in one

# In small letters, without `_`, `.` and the like, and without the part before a slash.
_OTHER_NAMES = {
    "inputs": "x a0 input features xtrain xin aprev",
    "weights": "w weight kernel theta coef coefs",
    "biases": "b bias intercept intercepts",
    "z": "z preactivation preactivations logits",
    "upstream": "u dy da dout doutput doutputs gradoutput gradoutputs dvalues upstreamgradient dldy dlda",
    "activation": "act activationfunction nonlinearity",
    "learning_rate": "lr eta alpha rate stepsize",
    "weight_layout": "layout",
    "outputs": "a out output yhat ypred predictions",
    "dz": "delta deltas",
    "dinputs": "dx dinput gradinput gradinputs dldx",
    "dweights": "dw dweight gradw gradweight gradweights weightgrad dkernel dldw",
    "dbiases": "db dbias gradb gradbias gradbiases biasgrad dldb",
    "targets": "y t target targets label labels ytrue ytrain",
    "loss": "loss lossfunction cost criterion objective",
    "steps": "epochs iterations niter nsteps numsteps numiterations",
    "reduction": "reduce lossreduction",
}
_NAMES = {other: name for name, others in _OTHER_NAMES.items() for other in others.split()}
_IN_LAYERS = ("weights", "biases", "z", "activation", "outputs", "dz", "dinputs", "dweights", "dbiases")
_AT_TOP = ("inputs", "upstream", "targets", "loss", "reduction", "learning_rate", "steps", "weight_layout")
_OUT_IN = """PyTorch's weight lies out-in: "weight_layout": "out-in" says so"""
_UNNAMED = "the arrays are without names: np.savez(path, inputs=X, weights=W, biases=b, upstream=U) names them"
_LAYERS = 'layers stand in a list, "layers": [{"weights": ..., "biases": ...}], or in NPZ as layers.0.weights'


class _Answer(NamedTuple):
    """A key, the name here that it stands for, the number of a layer in it, if any, and whether this is a guess."""

    key: str
    name: str
    number: int | None = None
    is_guess: bool = False


def unknown_keys(unknown: Mapping[str, Any], known: Sequence[str], prefix: str) -> InputError:
    """Return the error for all unknown keys, with their values, at one place (`layers[0].`, or nothing)."""
    hint = cure_of(unknown, known)
    is_answered = (hint or "").startswith((_UNNAMED, _LAYERS)) or len(_answers(unknown, known)) == len(unknown)
    conventions, _ = _conventions(unknown, known)
    wanted = "" if is_answered or conventions else f" (expected {listed(known, 'or')})"
    names = [key or "''" for key in (dict(leaves(unknown)) if conventions else unknown)]
    if len(names) == 1:
        return InputError(f"unknown key{wanted}", place=prefix + names[0], hint=hint)
    if (n_more := len(names) - _MOST_LISTED) > 0:
        names[_MOST_LISTED:] = [f"{n_more} more"]
    return InputError(f"unknown keys {listed(names)}{wanted}", place=prefix.rstrip(".") or None, hint=hint)


def cure_of(unknown: Mapping[str, Any], known: Sequence[str]) -> str | None:
    """Return the names here for unknown keys, and how to give what they stand for, or None if none is known."""
    if all(re.fullmatch(r"arr_\d+", key) for key in unknown):
        return _UNNAMED
    answers = _answers(unknown, known)
    if len(unknown) == len(answers) == 1 and answers[0].is_guess:
        return f"did you mean {answers[0].name!r}?"
    layers = [value for value in unknown.values() if isinstance(value, dict) and _answers(value, ("weights", "biases"))]
    sure = [answer for answer in answers if not answer.is_guess]
    names = [answer.name for answer in sure if answer.number is None and answer.name in ("weights", "biases")]
    has_layers = len(names) > len(set(names)) and "layers" in known  # of several layers, without their numbers
    conventions, has_numbers = _conventions(unknown, known)
    if conventions:
        layers = []
        sure = [answer for answer in sure if not (has_numbers and answer.name in _IN_LAYERS)]
    hints = [_LAYERS] * ((has_layers and not conventions) or bool(layers))
    sure = [answer for answer in sure if not (has_layers and answer.name in names)]
    hints += [_called([answer for answer in sure if answer.name in known or answer.name in _AT_TOP], known)]
    hints += [f"{key} may mean {name}" for key, name, _, is_guess in answers if is_guess][:_MOST_LISTED]
    hints += [_computed([answer for answer in answers if answer.name in QUANTITIES and answer.name not in known])]
    hints += [conventions]
    hints += [_OUT_IN] * (not conventions) * any(_last(key) == "weight" for part in (unknown, *layers) for key in part)
    return "; ".join(filter(None, hints)) or None


def _conventions(unknown: Mapping[str, Any], known: Sequence[str]) -> tuple[str, bool]:
    """Return which frameworks and courses name values of layers so, in words, and whether names have their layers.

    Nothing is said where many do, or none knows all of the keys, or where the names here for single values are enough.
    """
    keys = [*dict(leaves(unknown))]
    found = {name: [*map(convention.find, keys)] for name, convention in FRAMEWORKS.items()}
    every = {name: [each for each in parts if each is not None] for name, parts in found.items() if None not in parts}
    is_told = {"weights", "biases"} if "activation" in known else set()
    of_layers = {
        name: parts
        for name, parts in every.items()
        if any(each.layer is not None or each.quantity in is_told for each in parts)
    }
    if not of_layers or len(of_layers) > _MOST_CONVENTIONS:
        return "", False
    names = keys if len(keys) <= _MOST_LISTED else [*keys[: _MOST_LISTED - 1], f"{len(keys) - _MOST_LISTED + 1} more"]
    words = "is a name" if len(keys) == 1 else "are names"
    has_layers = any(each.layer is not None for parts in of_layers.values() for each in parts)
    return f"{listed(names)} {words} of --names {listed(of_layers, 'or')}", has_layers


def _answers(keys: Iterable[str], known: Sequence[str]) -> list[_Answer]:
    is_problem = "activation" in known
    found = filter(None, (_answer(key, known) for key in keys))
    return [answer for answer in found if is_problem or answer.name in known]


def _answer(key: str, known: Sequence[str]) -> _Answer | None:
    if key in QUANTITIES and key not in known:
        return _Answer(key, key)
    names = {**_NAMES, **{_plain(name): name for name in (*known, *_IN_LAYERS)}}
    for part in (key, _last(key)):
        if _plain(part) in names:
            return _Answer(key, names[_plain(part)])
    base = _plain(_last(key)).rstrip("0123456789")
    number = _plain(_last(key)).removeprefix(base)
    if number and names.get(base) in _IN_LAYERS:
        return _Answer(key, names[base], int(number[:9]))
    near = nearest(key, known)
    return _Answer(key, near, is_guess=True) if near else None


def _plain(key: str) -> str:
    """Return the letters and digits of a key, in small letters."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _last(key: str) -> str:
    """Return the last part of a key: `kernel` of `dense/kernel:0`, `weight` of `fc1.weight`."""
    return re.split(r"[/.]", key)[-1].partition(":")[0]


def _called(answers: Sequence[_Answer], known: Sequence[str]) -> str:
    first = min((answer.number for answer in answers if answer.number is not None), default=0)
    parts: list[str] = []
    for key, name, number, _ in answers[:_MOST_LISTED]:
        place = name if number is None or "layers" not in known else layer_place(number - first, name)
        parts.append(f"{key} as {place}" + " at the top" * (name not in known))
    if len(answers) > _MOST_LISTED:
        parts.append("so on")
    return f"give {listed(parts)}" if parts else ""


def _computed(answers: Sequence[_Answer]) -> str:
    shown = [key if key == name else f"{key} ({name} here)" for key, name, _, _ in answers[:_MOST_LISTED]]
    verb, they = ("are", "they") if len(shown) > 1 else ("is", "it")
    return f'{listed(shown)} {verb} computed; what {they} should be goes under "expected"' if shown else ""

"""The names of loss functions: our own, with a parameter where there is one, and those of frameworks."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from backprop_cli.core.exact import to_decimal
from backprop_cli.core.losses import LOSSES, Loss, huber
from backprop_cli.messages import nearest

__all__ = ["FRAMEWORK_NAMES", "loss"]

_MOST_CHARACTERS = 40  # of a parameter, and of a wrong name in a message

# The names of PyTorch, Keras, TensorFlow and nnfs.io: what they mean there, and the reduction that goes with it.
FRAMEWORK_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        theirs: (ours, "mean")
        for ours, names in {
            "squared_error": "MSELoss mse mean_squared_error",
            "absolute_error": "L1Loss mae mean_absolute_error",
            "huber(1)": "HuberLoss",
            "binary_cross_entropy": "BCELoss binary_crossentropy",
            "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
            "cross_entropy": "categorical_crossentropy sparse_categorical_crossentropy Loss_CategoricalCrossentropy",
            "cross_entropy_with_logits": "CrossEntropyLoss",
            "nll": "NLLLoss",
        }.items()
        for theirs in names.split()
    }
)
# Other names, in letters and digits only, and what to suggest for them
_SUGGESTED = {
    "bce": "binary_cross_entropy",
    "logloss": "binary_cross_entropy",
    "ce": "cross_entropy",
    "cce": "cross_entropy",
    "scce": "cross_entropy",
    "celoss": "CrossEntropyLoss",
    "l1": "absolute_error",
    "smoothl1": "huber(1)",
    "smoothl1loss": "HuberLoss",
    "sse": "squared_error",
}


def loss(text: str) -> Loss:
    """Return the loss function with a name of `LOSSES` or `FRAMEWORK_NAMES`; `huber` alone is `huber(1)`.

    Raises:
        ValueError: The text is none of these, or its parameter is not a positive number; the message is the reason.
    """
    name = FRAMEWORK_NAMES[text][0] if text in FRAMEWORK_NAMES else text
    if name in LOSSES:
        return LOSSES[name]
    base, bracket, rest = name.partition("(")
    if base != "huber":
        raise ValueError(_unknown(base if bracket and base in (*LOSSES, *FRAMEWORK_NAMES) else text, bracket))
    return huber(_parameter(rest, text)) if bracket else LOSSES["huber(1)"]


def _parameter(rest: str, text: str) -> str:
    """Return the positive decimal before the closing bracket, as it is written."""
    parameter = rest.removesuffix(")").strip()
    is_number = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", parameter)
    number = to_decimal(parameter) if is_number and rest.endswith(")") and len(parameter) <= _MOST_CHARACTERS else None
    if number is None or not 0 < float(number) < np.inf:
        raise ValueError(f"expected a positive number in brackets, as in 'huber(0.5)', got {text[:_MOST_CHARACTERS]!r}")
    return parameter


def _plain(name: str) -> str:
    """Return the letters of a name in small letters, without its parameter."""
    return re.sub("[^a-z0-9]", "", name.partition("(")[0].lower())


def _unknown(text: str, bracket: str) -> str:
    if bracket and text in (*LOSSES, *FRAMEWORK_NAMES):
        reason = f"{text} takes no number in brackets"
        return f"{reason}; write 'huber(0.5)' and the reduction 'mean'" if text == "HuberLoss" else reason
    suggested = _suggested(text)
    hint = f"; did you mean {suggested!r}?" if suggested else f" (expected one of {', '.join(LOSSES)})"
    return f"unknown loss {text[:_MOST_CHARACTERS]!r}{hint}"


def _suggested(text: str) -> str | None:
    """Return the name that a wrong one may stand for, if any."""
    plain, small = _plain(text), text.lower()
    if plain in _SUGGESTED:
        return _SUGGESTED[plain]
    frameworks = {_plain(name): name for name in FRAMEWORK_NAMES}
    known = frameworks | {_plain(name): name for name in LOSSES}
    is_class = small not in (text, *(name.partition("(")[0] for name in LOSSES))  # named as in PyTorch
    found = (nearest(plain, frameworks) if is_class else None) or nearest(plain, known)
    return known[found] if found else None

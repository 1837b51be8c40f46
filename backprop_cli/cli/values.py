"""Validate the texts of option values, before NumPy is loaded.

Every function here raises a `UsageError` if the text is invalid.
"""

import math
import os
import re

from backprop_cli.cli.entries import Name, parse_name
from backprop_cli.errors import UsageError
from backprop_cli.load.files import PROBLEM_SUFFIXES, suffix
from backprop_cli.messages import did_you_mean, listed

SAVE_SUFFIXES = (*PROBLEM_SUFFIXES, ".bin", ".h")  # of results in one file
ALL_LEVELS = 100  # stands for `--depth all`; an explanation says what is left out below it

_NEGATIVE_NUMBER = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)
_NUMBERS = re.compile(r"(?![eE])[-+\d.,;eE\s\[\]()]+", re.ASCII)


def required(name: str, text: str, *, is_option: bool, is_path: bool) -> str:
    """Return a text; refuse an empty one, or an option in place of a missing value: `--weights --lr 1`."""
    if not text:
        raise UsageError(f"{name}: expected a value, got an empty text")
    if is_option and text != "-" and text.startswith("-") and not _NEGATIVE_NUMBER.match(text):
        raise UsageError(
            f"{name}: expected a value, got the option {text}",
            hint=f"a file of that name is written ./{text}" if is_path else None,
        )
    return text


def matrix_file(option: str, text: str) -> str:
    """Return the path of a matrix, unless it is numbers, as another tool would take them."""
    if _NUMBERS.fullmatch(text) and re.search(r"\d", text) and not os.path.exists(text):
        row = text if re.fullmatch(r"[-+\d.,eE]{1,40}", text) else "1,2"
        raise UsageError(
            f"{option}: expected a file, got the numbers {text!r}",
            hint=f"write them to a file, or pipe them: echo {row} | backprop ... {option} -",
        )
    return text


def choice(option: str, text: str, known: tuple[str, ...]) -> str:
    """Return a text that is one of the known words."""
    if text not in known:
        raise UsageError(f"{option}: expected {listed(known, 'or')}, got {text!r}", hint=did_you_mean(text, known))
    return text


def activation(text: str) -> str:
    """Return the text of an activation, with or without a parameter: `elu(1.5)`, or of several; this loads NumPy."""
    from backprop_cli.core.activations import ACTIVATIONS, name_of_activation
    from backprop_cli.core.activations import activation as row_of

    for each in map(str.strip, re.split(r",(?![^(]*\))", text)):  # no comma inside brackets
        choice("--activation", name_of_activation(each), tuple(ACTIVATIONS))
        try:
            row_of(each)
        except ValueError as error:
            raise UsageError(f"--activation: {error}") from None
    return text


def loss(text: str) -> str:
    """Return the text of a loss, with or without a parameter: `huber(0.5)`; this loads NumPy."""
    from backprop_cli.core.loss_names import loss as row_of

    try:
        row_of(text)
    except ValueError as error:
        raise UsageError(f"--loss: {error}") from None
    return text


def whole_number(option: str, text: str, least: int = 0, most: int | None = None) -> int:
    """Read a whole number from `least` to `most`."""
    value = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
    if value < least or (most is not None and value > most):
        wanted = f", {least} or more" if most is None else f" from {least} to {most}"
        raise UsageError(f"{option}: expected a whole number{wanted}, got {text!r}")
    return value


def number(option: str, text: str, least: float | None = None) -> float:
    """Read a finite number, which is `least` or more."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text or not text.isascii():
        raise UsageError(f"{option}: expected a finite number, got {text!r}")
    if least is not None and value < least:
        raise UsageError(f"{option}: expected {least} or more, got {text!r}")
    return value


def rate(text: str) -> str:
    """Return a learning rate as it was written, for exact arithmetic."""
    number("--learning-rate", text)
    return text


def difference_step(text: str) -> float:
    """Read the step of finite differences."""
    if (value := number("--eps", text)) <= 0:
        raise UsageError(f"--eps: expected more than 0, got {text!r}")
    return value


def samples(text: str) -> int | None:
    """Read the number of entries to check, None for all."""
    if text != "all" and not re.fullmatch(r"0*[1-9]\d{0,8}", text, re.ASCII):
        raise UsageError(f"--samples: expected a whole number, 1 or more, or all, got {text!r}")
    return None if text == "all" else int(text)


def depth(text: str) -> int:
    """Read the number of levels to explain."""
    if text != "all" and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise UsageError(f"--depth: expected a whole number or all, got {text!r}")
    return ALL_LEVELS if text == "all" else min(int(text), ALL_LEVELS)


def names(text: str) -> tuple[Name, ...]:
    """Read names of quantities with commas between them."""
    return tuple(parse_name(name.strip()) for name in text.split(","))


def problem_target(text: str) -> str:
    """Return the value of `--next`, the path of a problem to be written."""
    if suffix(text) not in PROBLEM_SUFFIXES:
        raise UsageError(f"--next: expected a file that ends in {listed(PROBLEM_SUFFIXES, 'or')}, got {text!r}")
    return text


def save_target(text: str) -> str:
    """Return the value of `--save`, the path of a result to be written."""
    if text == "-" or suffix(text) not in ("", *SAVE_SUFFIXES):
        raise UsageError(
            f"--save: expected a file that ends in {listed(SAVE_SUFFIXES, 'or')}, or a folder, got {text!r}",
            hint="one matrix is printed with --format csv --only NAME",
        )
    return text


def summary_target(text: str) -> str:
    """Return the value of `--summary`, the path of a file to append to."""
    if text == "-":
        raise UsageError("--summary: expected a file", hint="--format markdown prints the same to standard output")
    return text

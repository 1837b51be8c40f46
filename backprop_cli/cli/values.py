"""How the values of options are validated, as texts, before NumPy is loaded.

Every function here raises a `UsageError` where a text is no such value.
"""

import math
import re

from backprop_cli.cli.entries import Name, parse_name
from backprop_cli.errors import UsageError
from backprop_cli.messages import did_you_mean, listed

ALL_LEVELS = 100  # `--depth all`: explanations say what they leave out below this level

_NEGATIVE_NUMBER = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)


def require_value(name: str, text: str, *, is_option: bool, is_path: bool) -> str:
    """Return a text that is not empty, and no option in place of a missing value: `--weights --lr 1`."""
    if not text:
        raise UsageError(f"{name}: expected a value, got an empty text")
    if is_option and text != "-" and text.startswith("-") and not _NEGATIVE_NUMBER.match(text):
        raise UsageError(
            f"{name}: expected a value, got the option {text}",
            hint=f"a file of that name is written ./{text}" if is_path else None,
        )
    return text


def parse_choice(option: str, text: str, known: tuple[str, ...]) -> str:
    """Return a text that is one of the known words."""
    if text not in known:
        raise UsageError(f"{option}: expected {listed(known, 'or')}, got {text!r}", hint=did_you_mean(text, known))
    return text


def parse_whole_number(option: str, text: str, least: float | None, most: float | None) -> int:
    """Read a whole number from `least` to `most`; None for `least` is 0, and for `most` is any."""
    number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
    if number < (least or 0) or (most is not None and number > most):
        wanted = f", {least} or more" if most is None else f" from {least} to {most}"
        raise UsageError(f"{option}: expected a whole number{wanted}, got {text!r}")
    return number


def parse_number(option: str, text: str, least: float | None = None) -> float:
    """Read a finite number, which is `least` or more."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text or not text.isascii():
        raise UsageError(f"{option}: expected a finite number, got {text!r}")
    if least is not None and number < least:
        raise UsageError(f"{option}: expected {least} or more, got {text!r}")
    return number


def parse_decimal(text: str) -> str:
    """Return the learning rate as it was written, for exact arithmetic."""
    parse_number("--learning-rate", text)
    return text


def parse_step(text: str) -> float:
    """Read the step of finite differences."""
    if (number := parse_number("--eps", text)) <= 0:
        raise UsageError(f"--eps: expected more than 0, got {text!r}")
    return number


def parse_depth(text: str) -> int:
    """Read how many levels down to explain."""
    if text != "all" and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise UsageError(f"--depth: expected a whole number or all, got {text!r}")
    return ALL_LEVELS if text == "all" else min(int(text), ALL_LEVELS)


def parse_names(text: str) -> tuple[Name, ...]:
    """Read names of quantities with commas between them."""
    return tuple(parse_name(name.strip()) for name in text.split(","))


def parse_problem_target(text: str) -> str:
    """Return the path of a problem to be written."""
    from backprop_cli.load.files import suffix

    if suffix(text) not in (".json", ".npz"):
        raise UsageError(f"--next: expected a file that ends in .json or .npz, got {text!r}")
    return text


def parse_save_target(text: str) -> str:
    """Return the path of a result to be written."""
    from backprop_cli.load.files import suffix

    if text == "-" or suffix(text) not in ("", ".json", ".npz"):
        raise UsageError(
            f"--save: expected a .json or .npz file, or a folder, got {text!r}",
            hint="one matrix is printed with --format csv --only NAME",
        )
    return text


def activation_names() -> list[str]:
    """Return the names of the activations, for completion; this loads NumPy."""
    from backprop_cli.core.activations import ACTIVATIONS

    return list(ACTIVATIONS)

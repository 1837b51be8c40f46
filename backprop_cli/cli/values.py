"""How the values of options are validated, as texts, before anything heavy is loaded."""

import math
import re
from collections.abc import Callable
from typing import Any

from backprop_cli.cli.entries import Name, parse_name
from backprop_cli.errors import UsageError
from backprop_cli.load.files import suffix
from backprop_cli.messages import did_you_mean, listed

ALL_LEVELS = 100  # more would be more than anybody reads; what is left out is said


_NEGATIVE_NUMBER = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)


def _value(option: str, text: str, *, file: bool = False) -> str:
    if not text:
        raise UsageError(f"{option}: expected a value, got an empty text")
    if text != "-" and text.startswith("-") and not _NEGATIVE_NUMBER.match(text):
        raise UsageError(
            f"{option}: expected a value, got the option {text}",
            hint=f"a file of that name is written ./{text}" if file else None,
        )
    return text


def _file(option: str) -> Any:
    return lambda text: _value(option, text, file=True)


def _problem(text: str) -> str:
    if not text:  # what starts with - stands behind --, or Typer would have taken it for an option
        raise UsageError("PROBLEM: expected a value, got an empty text")
    return text


def _choice(option: str, known: tuple[str, ...]) -> dict[str, Any]:
    def parse(text: str) -> str:
        if _value(option, text) not in known:
            expected = listed(known, "or")
            raise UsageError(f"{option}: expected {expected}, got {text!r}", hint=did_you_mean(text, known))
        return text

    return {"parser": parse, "metavar": f"[{'|'.join(known)}]", "autocompletion": lambda: list(known)}


def _whole_number(option: str, least: int = 0, most: int | None = None) -> Callable[[str | int], int]:
    wanted = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def parse(value: str | int) -> int:
        text = _value(option, str(value))  # Typer passes a default, too
        number = int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
        if number < least or (most is not None and number > most):
            raise UsageError(f"{option}: expected {wanted}, got {text!r}")
        return number

    return parse


def _number(option: str) -> Callable[[str], str]:
    """Return a judge of finite numbers that leaves them as they were written, for exact arithmetic."""

    def parse(text: str) -> str:
        try:
            number = float(_value(option, text))
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or "_" in text or not text.isascii():
            raise UsageError(f"{option}: expected a finite number, got {text!r}")
        return text

    return parse


def _depth(value: str | int) -> int:
    text = _value("--depth", str(value))
    if text == "all":
        return ALL_LEVELS
    try:
        return min(_whole_number("--depth")(text), ALL_LEVELS)
    except UsageError:
        raise UsageError(f"--depth: expected a whole number or all, got {text!r}") from None


def _tolerance(option: str) -> Callable[[str], float]:
    number = _number(option)

    def parse(text: str) -> float:
        if float(number(text)) < 0:
            raise UsageError(f"{option}: expected 0 or more, got {text!r}")
        return float(text)

    return parse


def _positive(option: str) -> Callable[[str | float], float]:
    number = _number(option)

    def parse(text: str | float) -> float:
        if float(number(str(text))) <= 0:  # Typer passes a default, too
            raise UsageError(f"{option}: expected more than 0, got {text!r}")
        return float(text)

    return parse


def _names(text: str) -> tuple[Name, ...]:
    return tuple(parse_name(name.strip()) for name in _value("--only", text).split(","))


def _problem_target(text: str) -> str:
    if suffix(_value("--next", text, file=True)) not in (".json", ".npz"):
        raise UsageError(f"--next: expected a file that ends in .json or .npz, got {text!r}")
    return text


def _save_target(text: str) -> str:
    if _value("--save", text, file=True) == "-" or suffix(text) not in ("", ".json", ".npz"):
        raise UsageError(
            f"--save: expected a .json or .npz file, or a folder, got {text!r}",
            hint="one matrix is printed with --format csv --only NAME",
        )
    return text

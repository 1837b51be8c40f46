"""The options of `backprop exercise`, with their defaults, as the fields of one record."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from typer import Argument, Option

from backprop_cli.cli import completion
from backprop_cli.cli.entries import Name, parse_name
from backprop_cli.cli.problem_options import CommonOptions
from backprop_cli.errors import UsageError
from backprop_cli.load.files import suffix

__all__ = ["ENDINGS", "EVERYTHING", "ExerciseOptions", "SheetFormat"]

SheetFormat: TypeAlias = Literal["markdown", "latex", "html", "moodle", "gift", "json"]

# The endings of the files of each format; those in a folder have the first.
ENDINGS: Mapping[SheetFormat, tuple[str, ...]] = MappingProxyType(
    {
        "markdown": (".md",),
        "latex": (".tex",),
        "html": (".html",),
        "moodle": (".xml",),
        "gift": (".gift", ".txt"),
        "json": (".json",),
    }
)


EVERYTHING = Name(None, "all")  # in place of a quantity: all that are computed


def asked_names(text: str) -> tuple[Name, ...]:
    """Read names of quantities with commas between them, of which `all` may be one."""
    return tuple(EVERYTHING if name.strip() == "all" else parse_name(name.strip()) for name in text.split(","))


def sheet_target(text: str) -> str:
    """Return the value of `--save`: the path of a file of one of the formats, or of a folder.

    Raises:
        UsageError: It is neither.
    """
    endings = [ending for every in ENDINGS.values() for ending in every]
    if text == "-" or (suffix(text) not in ("", *endings) and not os.path.isdir(text)):
        raise UsageError(f"--save: expected a folder, or a file that ends like its format, got {text!r}")
    return text


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExerciseOptions(CommonOptions):
    """The options of `backprop exercise`."""

    problems: Annotated[
        list[str],
        Argument(metavar="PROBLEM...", help="Files (.json, .npz or .safetensors), or - for JSON on standard input."),
    ] = ()  # type: ignore[assignment]  # Typer gives a list
    ask: Annotated[
        tuple[Name, ...] | None,
        Option(
            metavar="NAMES",
            parser=asked_names,
            autocompletion=completion.asked,
            help="What to ask for, such as dweights,dbiases, or all that is computed: all [default: every gradient, and"
            " the step].",
        ),
    ] = None
    format: Annotated[
        SheetFormat | None,
        Option(
            help="Sheets with empty tables as Markdown, LaTeX or a page of HTML; a quiz that marks itself as Moodle XML"
            " or GIFT; or a file of nulls to fill in, which check --expect takes [default: what --save ends in, or"
            " markdown]."
        ),
    ] = None
    key: Annotated[
        bool,
        Option("--key", help="The answers and the worked solutions in place of the sheets, or JSON with the answers."),
    ] = False
    digits: Annotated[
        int | None,
        Option(
            min=0,
            max=15,
            help="The decimals of an answer, which may be off by half a unit of the last [default: all where there are"
            " at most 6, else 3 significant digits of the smallest].",
        ),
    ] = None
    standalone: Annotated[
        bool, Option("--standalone", help="With --format latex: a LaTeX document, not a part of one.")
    ] = False
    save: Annotated[
        str | None,
        Option(
            metavar="PATH",
            parser=sheet_target,
            help="Write to a file that ends in .md, .tex, .html, .xml, .gift or .txt, or .json, or a file for each"
            " problem to a folder, named after the problem's file.",
        ),
    ] = None

    @property
    def is_file(self) -> bool:
        """Whether `--save` names a file, not a folder."""
        return self.save is not None and bool(suffix(self.save)) and not os.path.isdir(self.save)

    @property
    def output(self) -> SheetFormat:
        """The format to write: the one that is named, or that of the file to save."""
        if self.format is not None:
            return self.format
        return self.format_of_file or "markdown"

    @property
    def format_of_file(self) -> SheetFormat | None:
        """The format of a file that ends like the one to save; None without one."""
        if self.save is None or not self.is_file:
            return None
        return next(name for name, endings in ENDINGS.items() if suffix(self.save) in endings)

"""The options of the command line: each named, described and judged once, whichever commands take it.

Values are judged as texts before anything heavy is loaded. An option never takes another option, or nothing, for its
value: `--weights --lr 1` and an empty `$W` in a script are usage errors.
"""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias, get_args

import typer

from backprop_cli.cli.terminal import Color
from backprop_cli.core.quantities import ACTIVATION_NAMES, DTYPES, WEIGHT_LAYOUTS, Name, parse_entry, parse_name
from backprop_cli.errors import UsageError
from backprop_cli.messages import did_you_mean, listed, suffix

Format: TypeAlias = Literal["table", "json", "csv"]
ExplainFormat: TypeAlias = Literal["table", "markdown", "json"]
CheckFormat: TypeAlias = Literal["table", "json"]
FolderFormat: TypeAlias = Literal["csv", "npy"]

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


def _matrix(name: str, meaning: str, metavar: str = "FILE") -> Any:
    return typer.Option(f"--{name}", parser=_file(f"--{name}"), metavar=metavar, help=meaning)


ProblemArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(parser=_problem, metavar="[PROBLEM]", help="A .json or .npz file, or - for JSON on standard input."),
]
InputsOption: TypeAlias = Annotated[str | None, _matrix("inputs", "Inputs, one row for each sample.")]
WeightsOption: TypeAlias = Annotated[str | None, _matrix("weights", "Weights, as --weight-layout says.")]
BiasesOption: TypeAlias = Annotated[str | None, _matrix("biases", "Biases, one for each neuron.")]
UpstreamOption: TypeAlias = Annotated[
    str | None,
    _matrix("upstream", "Gradient of the loss with respect to the outputs.", "FILE|outputs|ones"),
]
ZOption: TypeAlias = Annotated[str | None, _matrix("z", "Cached pre-activations, in place of computed ones.")]
ActivationOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--activation", help="The activation [default: relu].", **_choice("--activation", ACTIVATION_NAMES)),
]
LayoutOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--weight-layout",
        help="Whether rows of weights are inputs (in-out) or neurons (out-in) [default: in-out].",
        **_choice("--weight-layout", WEIGHT_LAYOUTS),
    ),
]
LearningRateOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--learning-rate",
        "--lr",
        parser=_number("--learning-rate"),
        metavar="NUMBER",
        help="The size of the step downhill [default: 0.001].",
    ),
]
FormatOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--format",
        show_default=True,
        help="Tables for people; JSON, or one matrix as CSV, for programs.",
        **_choice("--format", get_args(Format)),
    ),
]
OnlyOption: TypeAlias = Annotated[
    Any,
    typer.Option("--only", parser=_names, metavar="NAMES", help="What to compute and show: dweights,dbiases for one."),
]
ExactOption: TypeAlias = Annotated[
    bool, typer.Option("--exact", help="Compute with the decimals as they are written, not in float64.")
]
DtypeOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--dtype",
        show_default=True,
        help="Compute in float32 for half the memory and about half the time; results say so.",
        **_choice("--dtype", DTYPES),
    ),
]
PrecisionOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--precision",
        parser=_whole_number("--precision", most=17),
        metavar="N",
        help="The most decimals in tables, or digits below 1 [default: 8, or all that an exact number has].",
    ),
]
RowsOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--rows",
        parser=_whole_number("--rows"),
        metavar="N",
        show_default=True,
        help="The most rows of a matrix in tables, 0 for all of it.",
    ),
]
SaveOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--save",
        parser=_save_target,
        metavar="PATH",
        help="Write the result to a .json or .npz file, or to a folder, one file for each matrix.",
    ),
]
SaveFormatOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--save-format",
        show_default=True,
        help="What the files in a folder are.",
        **_choice("--save-format", get_args(FolderFormat)),
    ),
]
NextOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--next",
        parser=_problem_target,
        metavar="FILE",
        help="Write the same problem after the step to a .json or .npz file.",
    ),
]
ColorOption: TypeAlias = Annotated[
    str,
    typer.Option("--color", show_default=True, help="Colour in tables.", **_choice("--color", get_args(Color))),
]
QuietOption: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on standard error.")]
VersionOption: TypeAlias = Annotated[bool, typer.Option("--version", help="Print the version, and only that.")]

ProblemsArgument: TypeAlias = Annotated[
    list[str],
    typer.Argument(parser=_problem, metavar="PROBLEM...", help="Any number of problems."),
]
ExpectOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--expect",
        parser=_file("--expect"),
        metavar="PATH",
        help="What is expected of one problem: a result (.json, .npz) or a folder, as run --save writes them.",
    ),
]
RoundedOption: TypeAlias = Annotated[
    bool,
    typer.Option("--rounded", help="Hold expected values to the digits they are written with: 0.18 is 0.175 to 0.185."),
]
ExactProofOption: TypeAlias = Annotated[
    bool, typer.Option("--exact", help="Compare with exact arithmetic on the decimals as they are written.")
]
EpsOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--eps", parser=_positive("--eps"), metavar="NUMBER", show_default=True, help="The step of finite differences."
    ),
]
RtolOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--rtol",
        parser=_tolerance("--rtol"),
        metavar="NUMBER",
        help="Relative tolerance [default: 1e-7 for expected values, 1e-6 for finite differences].",
    ),
]
AtolOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--atol",
        parser=_tolerance("--atol"),
        metavar="NUMBER",
        help="Absolute tolerance [default: what rounding may do, entry by entry].",
    ),
]
SamplesOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--samples",
        parser=_whole_number("--samples", least=1),
        metavar="N",
        show_default=True,
        help="Entries of each array to check where all would take more than 10,000 evaluations.",
    ),
]
SeedOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--seed", parser=_whole_number("--seed"), metavar="N", show_default=True, help="Which entries those are."
    ),
]
CheckFormatOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--format",
        show_default=True,
        help="A line for each problem and the details for people; JSON for programs.",
        **_choice("--format", get_args(CheckFormat)),
    ),
]

ExplainedProblemArgument: TypeAlias = Annotated[
    str,
    typer.Argument(parser=_problem, metavar="PROBLEM", help="A .json or .npz file, or - for JSON on standard input."),
]
EntryArgument: TypeAlias = Annotated[
    Any,
    typer.Argument(
        parser=parse_entry, metavar="[ENTRY]", help="Such as 'dweights[2,1]' or 'layers[0].dz[0,1]', in quotes."
    ),
]
TermsOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--terms",
        parser=_whole_number("--terms", least=1),
        metavar="N",
        show_default=True,
        help="The most terms of a sum; the largest are shown, the rest summed.",
    ),
]
DepthOption: TypeAlias = Annotated[
    int,
    typer.Option(
        "--depth",
        parser=_depth,
        metavar="N|all",
        show_default=True,
        help="How many levels down to say where factors come from.",
    ),
]
ExplainFormatOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--format",
        show_default=True,
        help="For people at a terminal, to hand out, or for programs.",
        **_choice("--format", get_args(ExplainFormat)),
    ),
]

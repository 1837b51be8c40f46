"""The options of the command line: each named, described and judged once, whichever commands take it.

Values are judged as texts before anything heavy is loaded. An option never takes another option, or nothing, for its
value: `--weights --lr 1` and an empty `$W` in a script are usage errors.
"""

from typing import Annotated, Any, Literal, TypeAlias, get_args

import typer

from backprop_cli.cli.entries import parse_entry
from backprop_cli.cli.terminal import Color
from backprop_cli.cli.values import (
    _choice,
    _depth,
    _file,
    _names,
    _number,
    _positive,
    _problem,
    _problem_target,
    _save_target,
    _tolerance,
    _whole_number,
)
from backprop_cli.core.quantities import DTYPES, WEIGHT_LAYOUTS

Format: TypeAlias = Literal["table", "json", "csv"]
ExplainFormat: TypeAlias = Literal["table", "markdown", "json"]
CheckFormat: TypeAlias = Literal["table", "json"]
FolderFormat: TypeAlias = Literal["csv", "npy"]


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
    typer.Option("--activation", help="The activation [default: relu].", **_choice("--activation", ("relu", "linear"))),
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

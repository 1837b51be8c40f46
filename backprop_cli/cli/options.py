"""The options of each command, with their defaults, as the fields of one record.

`cli.signature` makes the signature of a command from its record, and validates each value by the type of its field.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from typer import Argument, Option

from backprop_cli.cli import completion, values
from backprop_cli.cli.entries import Entry, Name, parse_entry
from backprop_cli.cli.problem_options import CommonOptions, ProblemOptions
from backprop_cli.core.quantities import Dtype, StorageType

if TYPE_CHECKING:
    from backprop_cli.checks.gradcheck import Steps
    from backprop_cli.checks.tolerance import Tolerance
    from backprop_cli.explanations.explanation import Extent

FolderFormat: TypeAlias = Literal["csv", "npy"]

_PROBLEM_HELP = "A .json, .npz or .safetensors file, or - for JSON on standard input."

ExactOption: TypeAlias = Annotated[
    bool, Option("--exact", help="Compute with the decimals as they are written, not in float64.")
]
PrecisionOption: TypeAlias = Annotated[
    int | None,
    Option(
        min=0,
        max=17,
        help="The most decimals in tables, or digits below 1 [default: 8, or all of an exact number; 3 in pictures].",
    ),
]
RowsOption: TypeAlias = Annotated[int, Option(min=0, help="The most rows of a matrix in tables, 0 for all of it.")]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunOptions(ProblemOptions):
    """The options of `backprop run`."""

    problem: Annotated[str | None, Argument(metavar="[PROBLEM]", help=_PROBLEM_HELP)] = None
    only: Annotated[
        tuple[Name, ...] | None,
        Option(
            metavar="NAMES",
            parser=values.names,
            autocompletion=completion.quantities,
            help="What to compute and show, such as dweights,dbiases.",
        ),
    ] = None
    format: Annotated[
        Literal["table", "json", "csv"], Option(help="Tables for people; JSON, or one matrix as CSV, for programs.")
    ] = "table"
    exact: ExactOption = False
    dtype: Annotated[
        Dtype, Option(help="Compute in float32 for half the memory and about half the time; results say so.")
    ] = "float64"
    precision: PrecisionOption = None
    rows: RowsOption = 20
    save: Annotated[
        str | None,
        Option(
            metavar="PATH",
            parser=values.save_target,
            help="Write the result to a .json, .npz or .safetensors file, or to a folder, one file for each matrix; for"
            " programs in C to a header (.h), or as raw values (.bin) with a manifest (.json) beside them.",
        ),
    ] = None
    save_format: Annotated[FolderFormat, Option(help="The format of the files in a folder.")] = "csv"
    next: Annotated[
        str | None,
        Option(
            parser=values.problem_target,
            help="Write the same problem after the step to a .json, .npz or .safetensors file.",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CheckOptions(ProblemOptions):
    """The options of `backprop check`."""

    problems: Annotated[
        list[str], Argument(metavar="[PROBLEM...]", help="Any number of problems, or none where options make one.")
    ] = ()  # type: ignore[assignment]  # Typer gives a list
    expect: Annotated[
        list[str],
        Option(
            metavar="PATH",
            help="Expected values of one problem: a result (.json, .npz, .safetensors) or a folder, as run --save"
            " writes them, a copy of the problem with expected in it, or one matrix named after its quantity:"
            " dweights.csv. Several, or a folder of results, are submissions: each has a verdict.",
        ),
    ] = ()  # type: ignore[assignment]  # Typer gives a list
    accept: Annotated[
        bool,
        Option(
            "--accept",
            help="Make the computed values the file's own expected values, unless finite differences fail.",
        ),
    ] = False
    rounded: Annotated[
        bool,
        Option("--rounded", help="Accept what rounds to the digits of an expected value: 0.18 is 0.175 to 0.185."),
    ] = False
    exact: Annotated[
        bool, Option("--exact", help="Compare with exact arithmetic on the decimals as they are written.")
    ] = False
    eps: Annotated[float, Option(parser=values.difference_step, help="The step of finite differences.")] = 1e-4
    rtol: Annotated[
        float | None,
        Option(
            min=0,
            help="An expected value may be off by atol + rtol * its size [default: what rounding explains, and 1e-7].",
        ),
    ] = None
    atol: Annotated[float | None, Option(min=0, help="See --rtol; the one that is not given is 0.")] = None
    stored: Annotated[
        StorageType | None,
        Option(help="The type that all expected values were stored in [default: the type of each array, or float64]."),
    ] = None
    accumulated: Annotated[
        Dtype | None,
        Option(help="The type that their sums were added up in [default: float32, or float64 for float64 values]."),
    ] = None
    fd_rtol: Annotated[
        float,
        Option(
            min=0, help="A gradient may be off by fd-atol + fd-rtol * its finite difference, and by rounding errors."
        ),
    ] = 1e-6
    fd_atol: Annotated[float, Option(min=0, help="See --fd-rtol.")] = 0.0
    samples: Annotated[
        int | None,
        Option(
            metavar="N|all",
            parser=values.samples,
            help="Entries of each array to check where all would take more than 10,000 evaluations.",
        ),
    ] = 100
    seed: Annotated[int, Option(min=0, help="The random seed that selects those entries.")] = 0
    format: Annotated[
        Literal["table", "json", "csv", "github", "junit", "markdown"],
        Option(
            help="A line for each problem and the details for people; JSON for programs; CSV for spreadsheets, with"
            " counts of entries and marks; annotations for GitHub Actions, JUnit XML for GitLab and others, Markdown."
        ),
    ] = "table"
    summary: Annotated[
        str | None,
        Option(
            metavar="PATH",
            parser=values.summary_target,
            help="Append the report as Markdown to a file, such as $GITHUB_STEP_SUMMARY.",
        ),
    ] = None
    marks: Annotated[
        Literal["follow", "strict"] | None,
        Option(
            help="The marks in CSV: a mark for each entry that is right or follows from others, or is right"
            " [default: follow]."
        ),
    ] = None

    @property
    def differences(self) -> "Steps":
        """How to take finite differences."""
        from backprop_cli.checks.gradcheck import Steps

        return Steps(eps=self.eps, rtol=self.fd_rtol, atol=self.fd_atol, samples=self.samples, seed=self.seed)

    @property
    def tolerance(self) -> "Tolerance":
        """How far an expected value may be off."""
        from backprop_cli.checks.tolerance import Tolerance
        from backprop_cli.core.precision import PRECISIONS

        accumulated = None if self.accumulated is None else PRECISIONS[self.accumulated]
        return Tolerance(rtol=self.rtol, atol=self.atol, accumulated=accumulated)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExplainOptions(ProblemOptions):
    """The options of `backprop explain`."""

    problem: Annotated[str | None, Argument(metavar="[PROBLEM]", help=_PROBLEM_HELP)] = None
    entry: Annotated[
        Entry | None,
        Argument(
            metavar="[ENTRY]",
            parser=parse_entry,
            help="Such as 'layers[0].dz[0,1]', a row 'dweights[2,:]', dweights or 'layers[0]', in quotes.",
        ),
    ] = None
    exact: ExactOption = False
    terms: Annotated[int, Option(min=1, help="The most terms of a sum; the largest are shown, the rest summed.")] = 20
    depth: Annotated[
        int | None,
        Option(metavar="N|all", parser=values.depth, help="Levels of sources to show [default: 1 for an entry]."),
    ] = None
    every_entry: Annotated[
        bool, Option("--every-entry", help="Work out every entry term by term, not one of each quantity.")
    ] = False
    precision: PrecisionOption = None
    rows: RowsOption = 20
    format: Annotated[
        Literal["table", "markdown", "latex", "html", "json", "svg", "tikz"],
        Option(
            help="Tables for people; Markdown, LaTeX, or a page of HTML in which numbers open, to hand out; JSON for"
            " programs; a picture of the network with the numbers of a sample, as SVG or for LaTeX."
        ),
    ] = "table"
    sample: Annotated[
        int | None, Option(min=0, metavar="N", help="The sample in a picture, counted from 0 [default: 0].")
    ] = None
    standalone: Annotated[
        bool, Option("--standalone", help="With --format latex or tikz: a LaTeX document, not a part of one.")
    ] = False

    @property
    def extent(self) -> "Extent":
        """How much to explain."""
        from backprop_cli.explanations.explanation import Extent

        depth = 1 if self.depth is None else self.depth
        return Extent(terms=self.terms, depth=depth, whole=depth == values.ALL_LEVELS, every_entry=self.every_entry)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SchemaOptions(CommonOptions):
    """The options of `backprop schema`."""

    kind: Annotated[
        Literal["problem", "result", "check", "explanation", "answers"],
        Argument(metavar="KIND", help="What the files hold: problem, result, check, explanation or answers."),
    ]

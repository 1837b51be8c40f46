"""The options of each command, with their defaults, as the fields of one record.

`cli.signature` makes the signature of a command from its record, and validates each value by the type of its field.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from typer import Argument, Option

from backprop_cli.cli import completion, values
from backprop_cli.cli.entries import Entry, Name, parse_entry
from backprop_cli.cli.terminal import Color
from backprop_cli.core.quantities import UPSTREAM_RULES, Dtype, Reduction, SamplesIn, StorageType, WeightLayout
from backprop_cli.load.files import HeaderMode

if TYPE_CHECKING:
    from backprop_cli.checks.gradcheck import Steps
    from backprop_cli.checks.tolerance import Tolerance
    from backprop_cli.explanations.explanation import Extent

FolderFormat: TypeAlias = Literal["csv", "npy"]

_PROBLEM_HELP = "A .json or .npz file, or - for JSON on standard input."

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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CommonOptions:
    """The options of every command."""

    color: Annotated[Color, Option(help="Colour in tables.")] = "auto"
    quiet: Annotated[bool, Option("--quiet", "-q", help="No notes on standard error.")] = False


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ProblemOptions(CommonOptions):
    """The options that make a problem, or override its file."""

    inputs: Annotated[str | None, Option(help="Inputs, one row for each sample.")] = None
    weights: Annotated[str | None, Option(help="Weights, in the layout of --weight-layout.")] = None
    biases: Annotated[str | None, Option(help="Biases, one for each neuron.")] = None
    upstream: Annotated[
        str | None,
        Option(
            metavar="FILE|outputs|ones",
            autocompletion=completion.upstream,
            help="Gradient of the loss with respect to the outputs.",
        ),
    ] = None
    targets: Annotated[
        str | None, Option(help="What the outputs should be, or the class number of each sample, counted from 0.")
    ] = None
    loss: Annotated[
        str | None,
        Option(
            metavar="NAME",
            autocompletion=completion.losses,
            help="The loss: squared_error, half_squared_error, absolute_error, 'huber(1)', binary_cross_entropy,"
            " cross_entropy (each of the two also with _with_logits), nll, or a framework's name such as MSELoss."
            " It replaces the upstream of the problem, and --upstream replaces its loss.",
        ),
    ] = None
    reduction: Annotated[
        Reduction | None,
        Option(
            help="The loss is a sum, a mean over all entries (over samples for cross_entropy and nll), or a mean over"
            " samples only [default: sum, or mean for a framework's name]."
        ),
    ] = None
    mean_gradients: Annotated[
        bool, Option("--mean-gradients", help="dweights, dbiases and the loss are means over the samples.")
    ] = False
    z: Annotated[str | None, Option(help="Cached pre-activations, in place of computed ones.")] = None
    no_biases: Annotated[bool, Option("--no-biases", help="Layers without biases; those of the file are dropped.")] = (
        False
    )
    samples_in: Annotated[
        SamplesIn | None,
        Option(
            help="Whether a sample is a row or a column of inputs, targets and so on; with columns, weights are out-in"
            " unless --weight-layout says in-out [default: rows]."
        ),
    ] = None
    activation: Annotated[
        str | None,
        Option(
            metavar="NAME",
            autocompletion=completion.activations,
            help="The activation: relu (the default), 'leaky_relu(0.01)', linear, sigmoid, tanh, softplus, 'elu(1)',"
            " silu, gelu, softmax or log_softmax; a number in brackets is its parameter.",
        ),
    ] = None
    weight_layout: Annotated[
        WeightLayout | None,
        Option(help="Whether rows of weights are inputs (in-out) or neurons (out-in) [default: in-out]."),
    ] = None
    learning_rate: Annotated[
        str | None,
        Option("--learning-rate", "--lr", metavar="NUMBER", parser=values.rate, help="The step size [default: 0.001]."),
    ] = None
    steps: Annotated[
        int | None,
        Option(min=1, help="The number of gradient steps; the results are those of the last one [default: 1]."),
    ] = None
    header: Annotated[
        HeaderMode,
        Option(
            help="The first line of CSV and TSV files: names or numbers, by its cells; numbers; or passed over unread."
        ),
    ] = "auto"

    @property
    def files(self) -> dict[str, str]:
        """The matrix files by key; they override the problem's own matrices."""
        upstream = None if self.upstream in UPSTREAM_RULES else self.upstream
        files = {"inputs": self.inputs, "weights": self.weights, "biases": self.biases, "z": self.z}
        files |= {"upstream": upstream, "targets": self.targets}
        return {key: path for key, path in files.items() if path is not None}

    @property
    def dropped(self) -> tuple[str, ...]:
        """The keys of the problem file that options replace by other keys, or drop."""
        replaced = {
            ("biases",): self.no_biases,
            ("upstream",): self.loss is not None,
            ("loss", "reduction", "targets"): self.upstream is not None,
        }
        return tuple(key for keys, is_given in replaced.items() if is_given for key in keys)


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
    rows: Annotated[int, Option(min=0, help="The most rows of a matrix in tables, 0 for all of it.")] = 20
    save: Annotated[
        str | None,
        Option(
            metavar="PATH",
            parser=values.save_target,
            help="Write the result to a .json or .npz file, or to a folder, one file for each matrix.",
        ),
    ] = None
    save_format: Annotated[FolderFormat, Option(help="The format of the files in a folder.")] = "csv"
    next: Annotated[
        str | None,
        Option(parser=values.problem_target, help="Write the same problem after the step to a .json or .npz file."),
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
            help="Expected values of one problem: a result (.json, .npz) or a folder, as run --save writes them, or one"
            " matrix named after its quantity: dweights.csv. Several, or a folder of results, are submissions: each has"
            " a verdict.",
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
        Literal["table", "json", "csv"],
        Option(
            help="A line for each problem and the details for people; JSON for programs; CSV for spreadsheets, with"
            " counts of entries and marks."
        ),
    ] = "table"
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
            metavar="[ENTRY]", parser=parse_entry, help="Such as 'dweights[2,1]' or 'layers[0].dz[0,1]', in quotes."
        ),
    ] = None
    exact: ExactOption = False
    terms: Annotated[int, Option(min=1, help="The most terms of a sum; the largest are shown, the rest summed.")] = 20
    depth: Annotated[
        int, Option(metavar="N|all", parser=values.depth, help="How many levels of sources to show for the factors.")
    ] = 1
    precision: PrecisionOption = None
    format: Annotated[
        Literal["table", "markdown", "json", "svg", "tikz"],
        Option(
            help="Tables for people; Markdown to hand out; JSON for programs; a picture of the network with the numbers"
            " of a sample, as SVG or for LaTeX."
        ),
    ] = "table"
    sample: Annotated[
        int | None, Option(min=0, metavar="N", help="The sample in a picture, counted from 0 [default: 0].")
    ] = None
    standalone: Annotated[
        bool, Option("--standalone", help="With --format tikz: a LaTeX document, not a part of one.")
    ] = False

    @property
    def extent(self) -> "Extent":
        """How much to explain."""
        from backprop_cli.explanations.explanation import Extent

        return Extent(terms=self.terms, depth=self.depth, whole=self.depth == values.ALL_LEVELS)

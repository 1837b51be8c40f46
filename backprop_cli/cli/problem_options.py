"""The options that several commands have in common."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from typer import Option

from backprop_cli.cli import completion, values
from backprop_cli.cli.terminal import Color
from backprop_cli.core.names import Names
from backprop_cli.core.quantities import UPSTREAM_RULES, Reduction, SamplesIn, WeightLayout
from backprop_cli.load.files import HeaderMode

__all__ = ["CommonOptions", "MeanGradientsOption", "ProblemOptions"]

MeanGradientsOption: TypeAlias = Annotated[
    bool, Option("--mean-gradients", help="dweights, dbiases and the loss are means over the samples.")
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
    mean_gradients: MeanGradientsOption = False
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
            " silu, gelu, softmax or log_softmax; a number in brackets is its parameter. One for all layers, or one"
            " for each: relu,linear.",
        ),
    ] = None
    names: Annotated[
        Names | None,
        Option(
            help="Read and write the names of a framework or course, with its layout of weights and samples:"
            " 0.weight, dense/kernel, W1."
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

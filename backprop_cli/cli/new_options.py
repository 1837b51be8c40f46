"""The options of `backprop new`, with their defaults, as the fields of one record."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from typer import Option

from backprop_cli.cli import completion, values
from backprop_cli.cli.problem_options import CommonOptions, MeanGradientsOption
from backprop_cli.core.quantities import Reduction, SamplesIn, WeightLayout
from backprop_cli.errors import UsageError
from backprop_cli.load.files import PROBLEM_SUFFIXES, suffix

__all__ = ["LARGEST_SEED", "NewOptions"]

LARGEST_SEED = 999_999_999  # of nine digits, as an option is read


def read_shape(text: str) -> tuple[int, ...]:
    """Read the sizes of a network: the number of inputs, and of the neurons of each layer.

    Raises:
        UsageError: The text is no list of two or more sizes.
    """
    if not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5})+", text, re.ASCII):
        reason = f"--shape: expected the number of inputs and of the neurons of each layer, as in 3,2,1, got {text!r}"
        raise UsageError(reason)
    return tuple(map(int, text.split(",")))


def save_target(text: str) -> str:
    """Return the value of `--save`, the path of a problem, or of a folder of problems, to be written.

    Raises:
        UsageError: It is neither.
    """
    if text == "-" or suffix(text) not in ("", *PROBLEM_SUFFIXES):
        raise UsageError(f"--save: expected a .json, .npz or .safetensors file, or a folder, got {text!r}")
    return text


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NewOptions(CommonOptions):
    """The options of `backprop new`."""

    shape: Annotated[
        tuple[int, ...] | None,
        Option(metavar="N,N,...", parser=read_shape, help="The number of inputs, and of neurons in each layer: 3,2,1."),
    ] = None
    n_samples: Annotated[int, Option(min=1, help="The number of samples.")] = 2
    activation: Annotated[
        str | None,
        Option(
            metavar="NAMES",
            autocompletion=completion.activations,
            help="The activation of all layers, or of each, with commas: relu,linear. One name is that of the hidden"
            " layers only if --loss goes with another in the last: softmax with cross_entropy, sigmoid with"
            " binary_cross_entropy, log_softmax with nll, linear with _with_logits [default: relu].",
        ),
    ] = None
    loss: Annotated[
        str | None,
        Option(
            metavar="NAME",
            autocompletion=completion.losses,
            help="The loss, by a name as for backprop run [default: none, but a given upstream gradient].",
        ),
    ] = None
    reduction: Annotated[
        Reduction | None,
        Option(help="The loss is a sum or a mean, as for backprop run [default: sum, or mean for a framework's name]."),
    ] = None
    no_biases: Annotated[bool, Option("--no-biases", help="Layers without biases.")] = False
    numbers: Annotated[
        Literal["friendly", "normal"],
        Option(help="Short decimals with short results, or numbers from the normal distribution."),
    ] = "friendly"
    digits: Annotated[
        int | None,
        Option(
            min=0,
            max=9,
            help="The most decimals of a friendly result; where results are not rational, those in which each mistake"
            " is to be seen [default: 3].",
        ),
    ] = None
    init: Annotated[
        Literal["he", "glorot"] | None,
        Option(
            help="With --numbers normal, the variance of weights: 2 / n_inputs, or 2 / (n_inputs + n_neurons)"
            " [default: he for relu, leaky_relu, elu, silu and gelu, else glorot]."
        ),
    ] = None
    learning_rate: Annotated[
        str | None,
        Option(
            "--learning-rate",
            "--lr",
            metavar="NUMBER",
            parser=values.rate,
            help="The step size [default: 0.1, or 1 for friendly numbers if results are not rational, or integers].",
        ),
    ] = None
    weight_layout: Annotated[
        WeightLayout | None,
        Option(
            help="Whether rows of weights are inputs (in-out) or neurons (out-in) [default: in-out, or out-in if"
            " samples are columns]."
        ),
    ] = None
    samples_in: Annotated[SamplesIn, Option(help="Whether a sample is a row or a column.")] = "rows"
    mean_gradients: MeanGradientsOption = False
    seed: Annotated[int, Option(min=0, help="The seed that numbers are drawn from.")] = 0
    count: Annotated[
        int, Option(min=1, max=9999, help="How many problems to make, of this seed and the next ones.")
    ] = 1
    save: Annotated[
        str | None,
        Option(
            metavar="PATH",
            parser=save_target,
            help="Write to a .json, .npz or .safetensors file, or problems to a folder: 001.json and so on.",
        ),
    ] = None
    save_format: Annotated[Literal["json", "npz"] | None, Option(help="The format of the files in a folder.")] = None

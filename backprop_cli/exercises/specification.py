"""What a new problem is to be like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from backprop_cli import __version__
from backprop_cli.core.activations import DEFAULT_ACTIVATION, activation
from backprop_cli.core.loss_names import loss
from backprop_cli.core.losses import Loss
from backprop_cli.core.quantities import Reduction, SamplesIn, WeightLayout
from backprop_cli.errors import UsageError

__all__ = ["DEFAULT_DIGITS", "DEFAULT_N_SAMPLES", "Init", "Numbers", "Specification", "activations_of", "seed_of"]

Numbers: TypeAlias = Literal["friendly", "normal"]
Init: TypeAlias = Literal["he", "glorot"]

DEFAULT_N_SAMPLES = 2  # with one, a sum over samples is no sum
DEFAULT_DIGITS = 3
_SOURCE = re.compile(r"backprop \S+: backprop new\b.*--seed[ =](\d{1,20})\b")  # as `Specification.source` has it
_MOST_BY_HAND = 400  # numbers of one matrix
_MOST_LAYERS = 10  # of friendly numbers
_MOST_NORMAL = 1_000_000  # numbers of a problem, which take about half a minute
# The activation of the last layer that a loss is made for
_LAST = {
    "binary_cross_entropy": "sigmoid",
    "binary_cross_entropy_with_logits": "linear",
    "cross_entropy": "softmax",
    "cross_entropy_with_logits": "linear",
    "nll": "log_softmax",
}


@dataclass(frozen=True, kw_only=True)
class Specification:
    """What a problem is to be like; `require_possible` validates it."""

    shape: tuple[int, ...]  # the number of inputs, and of the neurons of each layer
    activations: tuple[str, ...]  # of each layer
    n_samples: int = DEFAULT_N_SAMPLES
    loss: str | None = None  # None: the upstream gradient is given
    reduction: Reduction = "sum"
    biases: bool = True
    numbers: Numbers = "friendly"
    digits: int = DEFAULT_DIGITS  # the most decimals of friendly results, or of answers where they are not rational
    learning_rate: str | None = None  # a decimal; None: see `rate`
    seed: int = 0
    weight_layout: WeightLayout = "in-out"
    samples_in: SamplesIn = "rows"
    mean_gradients: bool = False
    init: Init | None = None  # of normal weights; None: "he" for activations like ReLU, "glorot" for others

    @property
    def n_layers(self) -> int:
        """The number of layers."""
        return len(self.shape) - 1

    @property
    def rational(self) -> bool:
        """Whether all results are fractions."""
        return all(activation(name).exact for name in self.activations) and (self.loss is None or loss(self.loss).exact)

    @property
    def rate(self) -> Fraction:
        """The learning rate; by default one that keeps decimals few, and steps visible where gradients are small."""
        if self.learning_rate is not None:
            return Fraction(self.learning_rate)
        is_large = self.numbers == "friendly" and not (self.digits and self.rational)
        return Fraction(1) if is_large else Fraction(1, 10)

    @property
    def title(self) -> str:
        """The title of the problem, as a sheet has it."""
        titles = dict.fromkeys(activation(name).title for name in self.activations)
        what = [f"{'-'.join(map(str, self.shape))} network" if self.n_layers > 1 else _layer(self.shape), *titles]
        if self.loss is not None:
            what.append(loss(self.loss).title)
        kind = "exercise" if self.numbers == "friendly" else "reference values"
        return f"Backpropagation {kind} {self.seed}: {', '.join(what)}"

    @property
    def source(self) -> str:
        """The version and the command that make the problem again."""
        return f"backprop {__version__}: {self.command}"

    @property
    def command(self) -> str:
        """The command that makes the problem, without the options whose values are the defaults."""
        return " ".join(["backprop new", *map(_quoted, self._words())])

    def require_possible(self) -> None:
        """Refuse what no numbers can make possible.

        Raises:
            UsageError: With the option.
        """
        if self.loss is not None:
            self._require_loss(loss(self.loss))
        sizes = [*(i * j for i, j in pairwise(self.shape)), *(self.n_samples * size for size in self.shape)]
        if self.numbers == "friendly":
            self._require_small(max(sizes))
        elif sum(sizes) > _MOST_NORMAL:
            reason = f"--shape: its matrices would have {sum(sizes):,} numbers (at most {_MOST_NORMAL:,})"
            raise UsageError(reason, hint="fewer inputs, neurons or samples have fewer numbers")

    def _require_small(self, largest: int) -> None:
        hint = "--numbers normal makes large problems"
        if largest > _MOST_BY_HAND:
            reason = f"--shape: a matrix would have {largest} friendly numbers (at most {_MOST_BY_HAND})"
            raise UsageError(reason, hint=hint)
        if self.n_layers > _MOST_LAYERS:
            reason = f"--shape: {self.n_layers} layers are too many for friendly numbers (at most {_MOST_LAYERS})"
            raise UsageError(reason, hint=hint)

    def _require_loss(self, row: Loss) -> None:
        if row.per_sample and self.shape[-1] == 1:
            raise UsageError(f"--loss: {row.name} needs two neurons or more in the last layer, one for each class")
        name = self.activations[-1]
        outputs = activation(name).value(np.array([[-1.0, 1.0]]))
        if row.refused(outputs, np.ones_like(outputs)) or row.refused(outputs, np.zeros_like(outputs)):
            reason = f"--loss: {row.name} is not defined for all outputs of {name}"
            raise UsageError(reason, hint=f"it is for those of {_LAST[row.name]} in the last layer")

    def of_seed(self, seed: int) -> "Specification":
        """Return the same specification with another seed."""
        return replace(self, seed=seed)

    def _words(self) -> Iterator[str]:
        yield from ("--shape", ",".join(map(str, self.shape)))
        if self.n_samples != DEFAULT_N_SAMPLES:
            yield from ("--n-samples", str(self.n_samples))
        yield from self._activation_words()
        if self.loss is not None:
            yield from ("--loss", self.loss)
        if self.reduction != "sum":
            yield from ("--reduction", self.reduction)
        if not self.biases:
            yield "--no-biases"
        if self.numbers == "normal":
            yield from ("--numbers", "normal")
            if self.init is not None:
                yield from ("--init", self.init)
        elif self.digits != DEFAULT_DIGITS:
            yield from ("--digits", str(self.digits))
        if self.learning_rate is not None and self.rate != replace(self, learning_rate=None).rate:
            yield from ("--learning-rate", self.learning_rate)
        if self.samples_in == "columns":
            yield from ("--samples-in", "columns")
        if self.weight_layout != ("out-in" if self.samples_in == "columns" else "in-out"):
            yield from ("--weight-layout", self.weight_layout)
        if self.mean_gradients:
            yield "--mean-gradients"
        yield from ("--seed", str(self.seed))

    def _activation_words(self) -> Iterator[str]:
        short = [(), *((name,) for name in dict.fromkeys(self.activations)), self.activations]
        written = next(names for names in short if activations_of(names, self.n_layers, self.loss) == self.activations)
        if written:
            yield from ("--activation", ",".join(written))


def seed_of(source: str | None) -> str | None:
    """Return the seed in the source of a problem that `backprop new` made; None for any other source, or none.

    >>> seed_of("backprop 1.0: backprop new --shape 3,2 --seed 7"), seed_of("a book")
    ('7', None)
    """
    found = _SOURCE.match(source or "")
    return None if found is None else found[1]


def activations_of(names: tuple[str, ...], n_layers: int, loss_name: str | None) -> tuple[str, ...]:
    """Return the activation of each layer, from one name for all, or a name for each; none stands for the default.

    In a network one name is that of the hidden layers if the loss is made for another one in the last layer.

    Raises:
        UsageError: There are neither one nor `n_layers` names.
    """
    last = _LAST.get(loss_name or "")
    if not names:
        hidden = (DEFAULT_ACTIVATION,) * n_layers
        return hidden if last is None else (*hidden[1:], last)
    if len(names) == n_layers:
        return names
    if len(names) > 1:
        raise UsageError(f"--activation: expected one, or {n_layers} for the {n_layers} layers, got {len(names)}")
    return names * n_layers if last is None else (*(names * (n_layers - 1)), last)


def _layer(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}-{shape[1]} layer"


def _quoted(word: str) -> str:
    return f"'{word}'" if "(" in word else word

"""The loss functions: everything that the package knows about one is in its row.

The functions of a row work on arrays of floats, of one type in each call, and those of the exact rows on arrays of
exact fractions. They raise no warning; a result beyond the range of the type is infinite.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from backprop_cli.core import loss_domains
from backprop_cli.core import loss_functions as functions
from backprop_cli.core.arrays import Array
from backprop_cli.core.loss_domains import Refused

__all__ = ["LOSSES", "REDUCTIONS", "Loss", "Matched", "Scale", "huber", "scale"]

REDUCTIONS = ("sum", "mean", "batch_mean")


class Matched(NamedTuple):
    """A loss of the outputs of one activation, from the pre-activations z of that activation."""

    value: Callable[[Array, Array], Array]  # value(z, t): the terms of the loss, shaped like z (n_samples, n_neurons)
    # dz(z, t, out=None): the derivative of the sum of `value` with respect to z, shaped like z; `out` is neither
    dz: Callable[..., Array]
    # `dz` in words and as TeX, where {z} and {t} stand for the names of z and t
    dz_written: str
    dz_tex: str
    probability: str  # the activation p with dz = p(z) - t, or p(z) * sum(t) - t where it couples neurons


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Loss:
    """One loss function of outputs y and targets t, both (n_samples, n_neurons)."""

    name: str  # with its parameter if it has one
    title: str  # the name in sentences
    per_sample: bool = False  # whether `mean` is over samples, and targets may be class numbers
    value: Callable[[Array, Array], Array]  # value(y, t): the terms of the loss, shaped like y; the loss is their sum
    # gradient(y, t, out=None): the derivative of the sum of `value` with respect to y, shaped like y; `out` is neither
    gradient: Callable[..., Array]
    # An entry of `value` and `gradient` in words and as TeX, where {y} and {t} stand for the names of y and t
    value_written: str
    gradient_written: str
    value_tex: str
    gradient_tex: str
    matched: Mapping[str, Matched] = field(default_factory=dict)  # by the name of the activation whose outputs y are
    kinks: tuple[float, ...] = ()  # the values of y - t at which `gradient` jumps
    reach: float = np.inf  # the scale of y, or of y - t, on which `gradient` bends without a jump; infinite if none
    kink_written: str = ""  # what `gradient` is there, in words, with {y} and {t}
    exact: bool = False  # whether values of fractions are fractions
    couples: bool = False  # whether `gradient` of an entry depends on other neurons of its sample
    probability: str = ""  # as in `Matched`, where `gradient` is such a difference with p(y)
    # What the loss refuses, (n_samples, n_neurons) or rather its first entry: the index, and the reason
    refused: Callable[[Array, Array], Refused | None] = lambda y, t: None  # noqa: ARG005 (of y)
    refused_targets: Callable[[Array], Refused | None] = lambda t: None  # noqa: ARG005
    targets_note: Callable[[Array], Refused | None] = lambda t: None  # noqa: ARG005 (no reason to refuse)


class Scale(NamedTuple):
    """What the sums of a row are divided by: the sum of `value`, and `gradient` (or `dz` of a matched pair)."""

    loss: int
    upstream: int


def scale(loss: Loss, reduction: str, n_samples: int, n_neurons: int, *, mean_gradients: bool = False) -> Scale:
    """Return the denominators of a reduction, in the definition of PyTorch for `mean`.

    Args:
        loss: The loss function.
        reduction: One of `REDUCTIONS`.
        n_samples: The number of samples, at least 1.
        n_neurons: The number of neurons, at least 1.
        mean_gradients: Whether the mean over samples is taken in dweights and dbiases, and not in upstream.
    """
    of_neurons = n_neurons if reduction == "mean" and not loss.per_sample else 1
    if mean_gradients:
        return Scale(of_neurons * n_samples, of_neurons)
    denominator = 1 if reduction == "sum" else of_neurons * n_samples
    return Scale(denominator, denominator)


_SIGMOID = Matched(
    value=functions.sigmoid_cross_entropy,
    dz=functions.sigmoid_cross_entropy_gradient,
    dz_written="sigmoid({z}) * (1 - {t}) - sigmoid(-{z}) * {t}",
    dz_tex=r"\sigma({z}) (1 - {t}) - \sigma(-{z}) {t}",
    probability="sigmoid",
)
_SOFTMAX = Matched(
    value=functions.softmax_cross_entropy,
    dz=functions.softmax_cross_entropy_gradient,
    dz_written="softmax({z}) * (sum of the targets) - {t}",
    dz_tex=r"\mathrm{{softmax}}({z}) \cdot \text{{(sum of the targets)}} - {t}",
    probability="softmax",
)


def huber(parameter: str) -> Loss:
    """Return the row of Huber's loss, whose parameter is a decimal such as 0.5."""
    delta = Fraction(parameter)
    return Loss(
        name=f"huber({parameter})",
        title=f"Huber loss with delta {parameter}",
        value=lambda y, t: functions.huber(y, t, delta),
        gradient=lambda y, t, out=None: functions.huber_gradient(y, t, delta, out),
        value_written=(
            f"({{y}} - {{t}})^2 / 2 if |{{y}} - {{t}}| <= {parameter} "
            f"else {parameter} * (|{{y}} - {{t}}| - {parameter} / 2)"
        ),
        gradient_written=f"max(-{parameter}, min({{y}} - {{t}}, {parameter}))",
        value_tex=(
            rf"\begin{{{{cases}}}} ({{y}} - {{t}})^2 / 2 & |{{y}} - {{t}}| \le {parameter} \\ "
            rf"{parameter} (|{{y}} - {{t}}| - {parameter} / 2) & \text{{{{otherwise}}}} \end{{{{cases}}}}"
        ),
        gradient_tex=rf"\max(-{parameter}, \min({{y}} - {{t}}, {parameter}))",
        reach=float(delta),
        exact=True,
    )


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        loss.name: loss
        for loss in (
            Loss(
                name="squared_error",
                title="squared error",
                value=functions.squared,
                gradient=functions.squared_gradient,
                value_written="({y} - {t})^2",
                gradient_written="2 * ({y} - {t})",
                value_tex="({y} - {t})^2",
                gradient_tex="2 ({y} - {t})",
                exact=True,
            ),
            Loss(
                name="half_squared_error",
                title="half squared error",
                value=functions.half_squared,
                gradient=functions.half_squared_gradient,
                value_written="({y} - {t})^2 / 2",
                gradient_written="{y} - {t}",
                value_tex=r"\frac{{1}}{{2}} ({y} - {t})^2",
                gradient_tex="{y} - {t}",
                exact=True,
            ),
            Loss(
                name="absolute_error",
                title="absolute error",
                value=functions.absolute,
                gradient=functions.absolute_gradient,
                value_written="|{y} - {t}|",
                gradient_written="sign({y} - {t})",
                value_tex="|{y} - {t}|",
                gradient_tex=r"\mathrm{{sign}}({y} - {t})",
                kinks=(0.0,),
                kink_written="0 where {y} = {t}",
                exact=True,
            ),
            huber("1"),
            Loss(
                name="binary_cross_entropy",
                title="binary cross-entropy",
                value=functions.binary_cross_entropy,
                gradient=functions.binary_cross_entropy_gradient,
                value_written="-({t} * log({y}) + (1 - {t}) * log(1 - {y}))",
                gradient_written="({y} - {t}) / ({y} * (1 - {y}))",
                value_tex=r"-({t} \log {y} + (1 - {t}) \log(1 - {y}))",
                gradient_tex=r"\frac{{{y} - {t}}}{{{y} (1 - {y})}}",
                matched={"sigmoid": _SIGMOID},
                refused=loss_domains.no_probability,
                refused_targets=loss_domains.no_binary_target,
            ),
            Loss(
                name="binary_cross_entropy_with_logits",
                title="binary cross-entropy with logits",
                value=functions.sigmoid_cross_entropy,
                gradient=functions.sigmoid_cross_entropy_gradient,
                value_written="-({t} * log(sigmoid({y})) + (1 - {t}) * log(sigmoid(-{y})))",
                gradient_written=_SIGMOID.dz_written.replace("{z}", "{y}"),
                value_tex=r"-({t} \log \sigma({y}) + (1 - {t}) \log \sigma(-{y}))",
                gradient_tex=_SIGMOID.dz_tex.replace("{z}", "{y}"),
                reach=1.0,
                probability="sigmoid",
                refused_targets=loss_domains.no_binary_target,
            ),
            Loss(
                name="cross_entropy",
                title="cross-entropy",
                per_sample=True,
                value=functions.cross_entropy,
                gradient=functions.cross_entropy_gradient,
                value_written="-{t} * log({y})",
                gradient_written="-{t} / {y}",
                value_tex=r"-{t} \log {y}",
                gradient_tex=r"-\frac{{{t}}}{{{y}}}",
                matched={"softmax": _SOFTMAX},
                refused=loss_domains.no_positive_output,
                targets_note=loss_domains.no_distribution,
            ),
            Loss(
                name="cross_entropy_with_logits",
                title="cross-entropy with logits",
                per_sample=True,
                value=functions.softmax_cross_entropy,
                gradient=functions.softmax_cross_entropy_gradient,
                value_written="-{t} * log(softmax({y}))",
                gradient_written=_SOFTMAX.dz_written.replace("{z}", "{y}"),
                value_tex=r"-{t} \log \mathrm{{softmax}}({y})",
                gradient_tex=_SOFTMAX.dz_tex.replace("{z}", "{y}"),
                reach=1.0,
                couples=True,
                probability="softmax",
                targets_note=loss_domains.no_distribution,
            ),
            Loss(
                name="nll",
                title="negative log-likelihood",
                per_sample=True,
                value=functions.likelihood,
                gradient=functions.likelihood_gradient,
                value_written="-{t} * {y}",
                gradient_written="-{t}",
                value_tex="-{t} {y}",
                gradient_tex="-{t}",
                matched={"log_softmax": _SOFTMAX},
                targets_note=loss_domains.no_distribution,
            ),
        )
    }
)

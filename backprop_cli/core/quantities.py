"""The names of the computed quantities, and of one of them in one layer: `dweights`, `layers[1].dweights`.

These are the words of the files, the options and the output alike. Nothing here needs NumPy, so that the command
line can judge a name before anything heavy is loaded.
"""

from typing import Literal, NamedTuple, TypeAlias, get_args

# In the order in which they are worked by hand: forward, backward, step.
QUANTITIES = ("z", "outputs", "dz", "dinputs", "dweights", "dbiases", "new_weights", "new_biases")
WeightLayout: TypeAlias = Literal["in-out", "out-in"]
UpstreamRule: TypeAlias = Literal["outputs", "ones"]
Precision: TypeAlias = Literal["float64", "float32"]

WEIGHT_LAYOUTS: tuple[WeightLayout, ...] = get_args(WeightLayout)
UPSTREAM_RULES: tuple[UpstreamRule, ...] = get_args(UpstreamRule)
DTYPES: tuple[Precision, ...] = get_args(Precision)
ACTIVATION_NAMES = ("relu", "linear")
LIKE_WEIGHTS = ("dweights", "new_weights")  # laid out as the weights were written


# What the axes of each quantity run over: samples n, inputs i and neurons j.
AXES = {
    **dict.fromkeys(("z", "outputs", "dz"), ("n", "j")),
    "dinputs": ("n", "i"),
    **dict.fromkeys(LIKE_WEIGHTS, ("i", "j")),
    **dict.fromkeys(("dbiases", "new_biases"), ("j",)),
}


class Node(NamedTuple):
    """One computed quantity of one layer, counted from 0."""

    layer: int
    quantity: str

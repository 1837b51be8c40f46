"""The formulas of activations and of their derivatives, for readers who know them by name only."""

from collections.abc import Mapping
from types import MappingProxyType

from backprop_cli.core.activations import Activation, name_of_activation

__all__ = ["COUPLED", "FORMULAS", "derivative_formula", "value_formula"]

# f(z) and f'(z) by the name of f; {a} stands for its parameter. For the functions of one z, not of a sample.
FORMULAS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "leaky_relu": ("z if z > 0, else {a} * z", "1 if z > 0, else {a}"),
        "sigmoid": ("1 / (1 + exp(-z))", "sigmoid(z) * (1 - sigmoid(z))"),
        "tanh": ("(exp(z) - exp(-z)) / (exp(z) + exp(-z))", "1 - tanh(z)^2"),
        "softplus": ("log(1 + exp(z))", "1 / (1 + exp(-z))"),
        "elu": ("z if z > 0, else {a} * (exp(z) - 1)", "1 if z > 0, else {a} * exp(z)"),
        "silu": ("z * sigmoid(z)", "sigmoid(z) * (1 + z * (1 - sigmoid(z)))"),
        "gelu": ("z * (1 + erf(z / sqrt(2))) / 2", "(1 + erf(z / sqrt(2))) / 2 + z * exp(-z^2 / 2) / sqrt(2 * pi)"),
    }
)
# An entry of f(z) for the functions of a sample: {own} is the z of its neuron, {each} that of neuron k.
COUPLED: Mapping[str, str] = MappingProxyType(
    {
        "softmax": "exp({own}) / (sum over neurons k of exp({each}))",
        "log_softmax": "{own} - log(sum over neurons k of exp({each}))",
    }
)


def value_formula(activation: Activation) -> tuple[str, ...]:
    """Return the line that says what f(z) is, if there is one."""
    return _line(activation, activation.value_written, 0)


def derivative_formula(activation: Activation) -> tuple[str, ...]:
    """Return the line that says what f'(z) is, if there is one."""
    return _line(activation, activation.derivative_named, 1)


def _line(activation: Activation, template: str, which: int) -> tuple[str, ...]:
    formulas = FORMULAS.get(name_of_activation(activation.name))
    if formulas is None:
        return ()
    return (f"{template.format(z='z')} = {formulas[which].format(a=activation.parameter)}",)

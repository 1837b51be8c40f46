"""What is asked for: its title, and the command that makes it again, with the options that are not the defaults."""

from fractions import Fraction

import pytest

from backprop_cli.errors import UsageError
from backprop_cli.exercises.specification import Specification, activations_of


@pytest.mark.parametrize(
    ("names", "n_layers", "loss", "activations"),
    [
        ((), 2, None, ("relu", "relu")),
        ((), 1, "cross_entropy", ("softmax",)),
        ((), 2, "squared_error", ("relu", "relu")),
        ((), 3, "cross_entropy", ("relu", "relu", "softmax")),
        ((), 2, "cross_entropy_with_logits", ("relu", "linear")),
        ((), 2, "nll", ("relu", "log_softmax")),
        (("tanh",), 2, "binary_cross_entropy", ("tanh", "sigmoid")),
        (("tanh",), 2, "squared_error", ("tanh", "tanh")),
        (("sigmoid",), 1, "cross_entropy", ("sigmoid",)),
        (("relu", "softplus"), 2, "cross_entropy", ("relu", "softplus")),
    ],
)
def test_the_last_layer_suits_the_loss(
    names: tuple[str, ...], n_layers: int, loss: str | None, activations: tuple[str, ...]
) -> None:
    assert activations_of(names, n_layers, loss) == activations


def test_neither_one_activation_nor_one_for_each_layer_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one, or 3 for the 3 layers, got 2"):
        activations_of(("relu", "tanh"), 3, None)


RELU = Specification(shape=(3, 2, 1), activations=("relu", "relu"))


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"seed": 7}, "Backpropagation exercise 7: 3-2-1 network, ReLU"),
        (
            {"activations": ("leaky_relu(0.2)", "linear")},
            "Backpropagation exercise 0: 3-2-1 network, leaky ReLU, linear",
        ),
        ({"shape": (3, 2), "activations": ("tanh",)}, "Backpropagation exercise 0: 3-2 layer, tanh"),
        ({"loss": "huber(1)"}, "Backpropagation exercise 0: 3-2-1 network, ReLU, Huber loss with delta 1"),
        ({"numbers": "normal"}, "Backpropagation reference values 0: 3-2-1 network, ReLU"),
    ],
)
def test_a_title_tells_problems_apart(changes: dict[str, object], title: str) -> None:
    assert Specification(**{**RELU.__dict__, **changes}).title == title


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, Fraction(1, 10)),
        ({"learning_rate": "0.50"}, Fraction(1, 2)),
        ({"digits": 0}, 1),
        ({"activations": ("relu", "sigmoid")}, 1),
        ({"activations": ("relu", "sigmoid"), "numbers": "normal"}, Fraction(1, 10)),
    ],
)
def test_the_default_step_size_keeps_numbers_short_and_visible(changes: dict[str, object], rate: Fraction) -> None:
    assert Specification(**{**RELU.__dict__, **changes}).rate == rate


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"loss": "cross_entropy"}, "needs two neurons or more"),
        ({"loss": "binary_cross_entropy"}, "is not defined for all outputs of relu"),
        ({"shape": (30, 20, 1)}, "600 friendly numbers"),
        ({"n_samples": 201}, "603 friendly numbers"),
        ({"shape": (1,) * 12, "activations": ("relu",) * 11}, "11 layers are too many"),
        ({"shape": (999, 1000), "numbers": "normal"}, "1,002,998 numbers"),
        ({"n_samples": 200_001, "numbers": "normal"}, "numbers"),
    ],
)
def test_what_no_numbers_make_possible_is_refused(changes: dict[str, object], refused: str) -> None:
    with pytest.raises(UsageError, match=refused):
        Specification(**{**RELU.__dict__, **changes}).require_possible()


def test_the_largest_friendly_problems_and_larger_normal_ones_are_accepted() -> None:
    Specification(shape=(20, 20), activations=("relu",)).require_possible()
    Specification(shape=(1,) * 11, activations=("relu",) * 10).require_possible()
    Specification(shape=(300, 200), activations=("relu",), numbers="normal").require_possible()
    Specification(shape=(1,) * 12, activations=("relu",) * 11, numbers="normal").require_possible()

"""The table of names against the names in the code of frameworks and courses, as `tests.foreign` has them."""

import subprocess
import sys

import pytest

from backprop_cli.core.names import FRAMEWORKS, STEP_OF, Naming, natural_order
from backprop_cli.core.quantities import GIVEN, OF_A_LAYER, OF_THE_LOSS, QUANTITIES
from tests.foreign import FOREIGN

every_name = pytest.mark.parametrize("name", FOREIGN)
# A network of three layers with ReLU and one layer, as the frameworks' own code counts them
ACTIVATIONS = ("relu", "relu", "linear")


@every_name
def test_names_are_those_of_the_code(name: str) -> None:
    naming, names = Naming(FRAMEWORKS[name], FRAMEWORKS[name].layers(ACTIVATIONS)), FOREIGN[name]
    for i in range(3):
        assert {quantity: naming.place(i, quantity) for quantity in names.of_layer} == {
            quantity: written(i) for quantity, written in names.of_layer.items()
        }
    assert {quantity: naming.place(2, quantity) for quantity in names.at_top} == names.at_top


@every_name
def test_conventions_are_those_of_the_code(name: str) -> None:
    assert {key: getattr(FRAMEWORKS[name], key) for key in FOREIGN[name].settings} == FOREIGN[name].settings


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pytorch", "weight bias weight.grad bias.grad grad_input"),
        ("keras", "kernel bias dweights dbiases dinputs"),
        ("flax", "kernel bias dweights dbiases dinputs"),
        ("nnfs", "weights biases dweights dbiases dinputs"),
        ("cs231n", "w b dw db dx"),
        ("deeplearning", "W b dW db dA_prev"),
    ],
)
def test_names_of_a_single_layer_leave_out_its_number(name: str, words: str) -> None:
    naming = Naming(FRAMEWORKS[name], ())
    quantities = ("weights", "biases", "dweights", "dbiases", "dinputs")
    assert [naming.place(0, quantity) for quantity in quantities] == words.split()


@every_name
@pytest.mark.parametrize("layered", [True, False])
def test_every_quantity_has_a_name_of_its_own(name: str, layered: bool) -> None:
    convention = FRAMEWORKS[name]
    naming = Naming(convention, convention.layers(ACTIVATIONS) if layered else ())
    layers = range(3 if layered else 1)
    for quantities in (QUANTITIES, GIVEN):
        of_layers = [q for q in quantities if q in (*OF_A_LAYER, "weights", "biases")]
        written = [naming.place(i, quantity) for i in layers for quantity in of_layers]
        written += [naming.place(0, quantity) for quantity in quantities if quantity not in of_layers]
        assert len(set(written)) == len(written)


@every_name
@pytest.mark.parametrize("layered", [True, False])
def test_a_name_that_is_written_is_read(name: str, layered: bool) -> None:
    convention = FRAMEWORKS[name]
    naming = Naming(convention, convention.layers(ACTIVATIONS) if layered else ())
    parameter = {step: quantity for quantity, step in STEP_OF.items()}
    for quantity in (*QUANTITIES, *GIVEN):
        for i in range(3 if layered else 1):
            layer = i if layered and quantity not in (*OF_THE_LOSS, "inputs", "targets") else None
            found = naming.find(naming.place(i, quantity))
            assert found in [(layer, quantity), (layer, parameter.get(quantity))]


@pytest.mark.parametrize(
    ("name", "layers", "text", "found"),
    [
        ("pytorch", "model.0 model.2", "model.2.weight.grad", (1, "dweights")),
        ("pytorch", "fc1 fc2", "fc2.bias", (1, "biases")),
        ("pytorch", "fc1 fc2", "fc3.bias", None),
        ("pytorch", "fc1 fc2", "running_mean", None),
        ("pytorch", "fc1 fc2", "x", (None, "inputs")),
        ("keras", "dense dense_1", "dense_1/kernel:0", (1, "weights")),
        ("keras", "dense dense_1", "dense_1.kernel", (1, "weights")),
        ("flax", "params.Dense_0 params.Dense_1", "params.Dense_1/kernel", (1, "weights")),
        ("deeplearning", "1 2", "dA1", (1, "dinputs")),
        ("deeplearning", "1 2", "dA2", (None, "upstream")),
        ("deeplearning", "1 2", "dA3", None),
        ("deeplearning", "1 2", "AL", (1, "outputs")),
        ("deeplearning", "", "AL", (0, "outputs")),
        ("deeplearning", "1 2", "A0", (None, "inputs")),
        ("deeplearning", "1 2", "w", (None, "weights")),
        ("cs231n", "1 2", "W3", None),
        ("nnfs", "1 2", "dense2.output", (1, "z")),
        ("nnfs", "1 2", "activation2.output", (1, "outputs")),
    ],
)
def test_names_are_found(name: str, layers: str, text: str, found: object) -> None:
    assert Naming(FRAMEWORKS[name], tuple(layers.split())).find(text) == found


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("10 2 0", "0 2 10"),
        ("fc10 fc2 out", "fc2 fc10 out"),
        ("encoder decoder", "encoder decoder"),
        ("dense_1 dense", "dense dense_1"),
        ("b.1.0 b.0.1 b.0.0", "b.0.0 b.0.1 b.1.0"),
    ],
)
def test_layers_are_in_the_order_of_their_numbers_or_of_the_file(written: str, order: str) -> None:
    assert natural_order(written.split()) == order.split()


def test_activations_are_modules_of_a_sequential() -> None:
    assert FRAMEWORKS["pytorch"].layers(("relu", "linear", "tanh", "linear")) == ("0", "2", "3", "5")


def test_names_are_known_before_numpy_is_loaded() -> None:
    code = "import sys, backprop_cli.core.names; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

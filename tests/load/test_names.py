"""Names that other tools use are answered with the names here, and nothing is suggested that is not near."""

from typing import Any

import pytest

from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.load.names import cure_of, unknown_keys
from backprop_cli.load.schema import LAYER_KEYS, PROBLEM_KEYS

LAYERS = 'layers stand in a list, "layers": [{"weights": ..., "biases": ...}], or in NPZ as layers.0.weights'
OUT_IN = """PyTorch's weight lies out-in: "weight_layout": "out-in" says so"""


@pytest.mark.parametrize(
    ("keys", "cure"),
    [
        ("X W b dY", "give X as inputs, W as weights, b as biases and dY as upstream"),
        ("x lr", "give x as inputs and lr as learning_rate"),
        ("Z", "give Z as z"),
        ("learningRate", "give learningRate as learning_rate"),
        ("weight.grad", 'weight.grad (dweights here) is computed; what it should be goes under "expected"'),
        ("fc1.weight fc1.bias", "fc1.weight and fc1.bias are names of --names pytorch"),
        ("fc1.weight fc2.weight X", f"{LAYERS}; give X as inputs; {OUT_IN}"),
        ("dense/kernel:0 dense_1/kernel:0", "dense/kernel:0 and dense_1/kernel:0 are names of --names keras or flax"),
        ("dense/kernel:0 dense/bias:0", "dense/kernel:0 and dense/bias:0 are names of --names keras or flax"),
        ("W1 b1 W2", "W1, b1 and W2 are names of --names cs231n or deeplearning"),
        ("W1", "W1 is a name of --names cs231n or deeplearning"),
        ("dense1.weights", "dense1.weights is a name of --names nnfs"),
        ("W0 b_1", "give W0 as layers[0].weights and b_1 as layers[1].biases"),
        ("weights2", "give weights2 as layers[0].weights"),
        (
            "a0 a1",
            'give a0 as inputs; a1 (outputs here) is computed; what it should be goes under "expected";'
            " a0 and a1 are names of --names cs231n",
        ),
        ("weight bias", "give weight as weights and bias as biases; weight and bias are names of --names pytorch"),
        ("dweights", 'dweights is computed; what it should be goes under "expected"'),
        (
            "dW db",
            'dW (dweights here) and db (dbiases here) are computed; what they should be goes under "expected"',
        ),
        ("target", "give target as targets"),
        ("labels cost", "give labels as targets and cost as loss"),
        (
            "arr_0 arr_1",
            "the arrays are without names: np.savez(path, inputs=X, weights=W, biases=b, upstream=U) names them",
        ),
        ("wieghts", "did you mean 'weights'?"),
        ("X wieghts", "give X as inputs; wieghts may mean weights"),
        *((key, None) for key in ("sizes", "xyzzy", "q", "x1y", "seed", "units", "optimizer", "12")),
    ],
)
def test_unknown_keys_of_a_problem_are_answered(keys: str, cure: str | None) -> None:
    assert cure_of(dict.fromkeys(keys.split()), PROBLEM_KEYS) == cure


@pytest.mark.parametrize(
    ("unknown", "cure"),
    [
        (
            {"0": {"weight": 1, "bias": 2}, "2": {"weight": 1}},
            "0.weight, 0.bias and 2.weight are names of --names pytorch",
        ),
        ({"dense": {"kernel": 1}}, "dense.kernel is a name of --names keras or flax"),
        ({"dense": {"kernel": 1, "gamma": 2}}, LAYERS),
        ({"meta": {"colour": 1}}, None),
    ],
)
def test_layers_under_names_of_their_own_are_recognised(unknown: dict[str, Any], cure: str | None) -> None:
    assert cure_of(unknown, PROBLEM_KEYS) == cure


def test_keys_of_a_layer_are_answered() -> None:
    assert cure_of({"W1": 1, "kernel": 2}, LAYER_KEYS) == "give W1 as weights and kernel as weights"


@pytest.mark.parametrize(("key", "cure"), [("dW", "give dW as dweights"), ("W", None), ("y", None)])
def test_keys_of_what_is_expected_are_answered(key: str, cure: str | None) -> None:
    assert cure_of({key: 1}, OF_A_LAYER) == cure


def test_many_unknown_keys_are_counted() -> None:
    error = unknown_keys({f"W_{i}": i for i in range(20)}, PROBLEM_KEYS, "")
    assert str(error) == "unknown keys W_0, W_1, W_2, W_3, W_4, W_5, W_6, W_7 and 12 more"
    assert error.hint is not None
    assert error.hint.endswith("W_7 as layers[7].weights and so on")
    error = unknown_keys({f"W{i}": i for i in range(20)}, PROBLEM_KEYS, "")
    assert error.hint == "W0, W1, W2, W3, W4, W5, W6 and 13 more are names of --names cs231n or deeplearning"

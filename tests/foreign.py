"""Problems and results in the names of frameworks and courses, as their own code names them; written by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple


class Names(NamedTuple):
    """How code of a framework or course names the layers and values of a network; layers count from 0 here."""

    of_layer: dict[str, Callable[[int], str]]
    at_top: dict[str, str]
    settings: dict[str, Any]


def _words(text: str) -> dict[str, str]:
    return dict(word.split("=") for word in text.split())


def _after(begin: Callable[[int], str], text: str) -> dict[str, Callable[[int], str]]:
    return {name: partial(lambda word, i: begin(i) + word, word) for name, word in _words(text).items()}


def _numbered(text: str) -> dict[str, Callable[[int], str]]:
    return {name: partial(lambda word, i: f"{word}{i + 1}", word) for name, word in _words(text).items()}


_IN_OUT = {"samples": "rows", "mean_gradients": False, "weight_layout": "in-out"}
_OURS = "z=z outputs=outputs dz=dz dinputs=dinputs dweights=dweights dbiases=dbiases"
_KERNEL = f"{_OURS} weights=kernel biases=bias new_weights=kernel new_biases=bias"
FOREIGN = {
    # nn.Sequential(Linear, ReLU, Linear): modules 0, 2, 4; state_dict(), and p.grad
    "pytorch": Names(
        _after(
            lambda i: f"{2 * i}.",
            "z=z outputs=outputs dz=dz weights=weight biases=bias dinputs=grad_input dweights=weight.grad"
            " dbiases=bias.grad new_weights=weight new_biases=bias",
        ),
        _words("inputs=input targets=target upstream=grad_output loss=loss"),
        {**_IN_OUT, "weight_layout": "out-in"},
    ),
    # layers "dense", "dense_1", ...
    "keras": Names(
        _after(lambda i: f"dense_{i}/" if i else "dense/", _KERNEL),
        _words("inputs=inputs targets=y_true upstream=upstream loss=loss"),
        _IN_OUT,
    ),
    # {"Dense_0": {"kernel": ...}}, flattened
    "flax": Names(
        _after(lambda i: f"Dense_{i}.", _KERNEL),
        _words("inputs=inputs targets=targets upstream=upstream loss=loss"),
        _IN_OUT,
    ),
    # dense1.forward(X); activation1.forward(dense1.output); ...; dense1.backward(activation1.dinputs)
    "nnfs": Names(
        _after(
            lambda i: f"dense{i + 1}.",
            "weights=weights biases=biases dinputs=dinputs dweights=dweights dbiases=dbiases z=output"
            " new_weights=new_weights new_biases=new_biases",
        )
        | _after(lambda i: f"activation{i + 1}.", "outputs=output dz=dinputs"),
        _words("inputs=inputs targets=y_true upstream=dvalues loss=loss"),
        _IN_OUT,
    ),
    # self.params["W1"]; a, fc_cache = affine_forward(...); out, relu_cache = relu_forward(a)
    "cs231n": Names(
        _numbered(
            "weights=W biases=b z=a outputs=out dz=da dinputs=dx dweights=dW dbiases=db new_weights=W new_biases=b"
        ),
        _words("inputs=X targets=y upstream=dout loss=loss"),
        _IN_OUT,
    ),
    # parameters["W1"], grads["dW1"], grads["dA0"]
    "deeplearning": Names(
        _numbered("weights=W biases=b z=Z outputs=A dz=dZ dweights=dW dbiases=db new_weights=W new_biases=b")
        | {"dinputs": lambda i: f"dA{i}"},
        _words("inputs=X targets=Y upstream=dAL loss=cost"),
        {"samples": "columns", "mean_gradients": True, "weight_layout": "out-in"},
    ),
}


def problem_in(name: str, problem: dict[str, Any]) -> dict[str, Any]:
    """Return a problem with `layers` in foreign names, with the settings that its convention does not imply."""
    names = FOREIGN[name]
    written: dict[str, Any] = {}
    for key, value in problem.items():
        if key in names.settings:
            written |= {key: value} if value != names.settings[key] else {}
        elif key != "layers":
            written["loss" if key == "loss" else names.at_top.get(key, key)] = value
    for i, layer in enumerate(problem["layers"]):
        written |= {names.of_layer[key](i): value for key, value in layer.items() if key != "activation"}
    written["activation"] = ",".join(layer["activation"] for layer in problem["layers"])
    return written


def result_in(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return the quantities of a result with `layers` in foreign names."""
    names = FOREIGN[name]
    written = {names.at_top[key]: value for key, value in result.items() if key in names.at_top}
    for i, layer in enumerate(result["layers"]):
        written |= {names.of_layer[key](i): value for key, value in layer.items()}
    return written

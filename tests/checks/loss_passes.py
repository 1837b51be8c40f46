# mypy: disable-error-code="no-any-return"
"""A pass with losses and every activation, written for these tests, which can be wrong in one way at a time.

Everything is the textbook's formula, in naive form: the numbers are small. Samples are in rows here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import erf, pi
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # of numbers
Draft: TypeAlias = dict[str, Any]
Values: TypeAlias = dict[tuple[int, str], Array]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softmax(z: Array) -> Array:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _phi(z: Array) -> Array:
    return 0.5 * (1 + np.vectorize(erf)(z / np.sqrt(2)))


def _parameter(name: str, default: float) -> float:
    return float(name.partition("(")[2].rstrip(")") or default)


def value(name: str, z: Array) -> Array:
    match name.partition("(")[0]:
        case "relu":
            return np.maximum(z, 0)
        case "leaky_relu":
            return np.where(z > 0, z, _parameter(name, 0.01) * z)
        case "elu":
            return np.where(z > 0, z, _parameter(name, 1) * (np.exp(z) - 1))
        case "log_softmax":
            return np.log(softmax(z))
        case _:
            return FUNCTIONS[name](z)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z * sigmoid(z),
    "gelu": lambda z: z * _phi(z),
    "softmax": softmax,
}


def jacobian(name: str, z: Array) -> Array:
    """Return d outputs[n,k] / d z[n,j], also where it is a diagonal matrix."""
    eye, s = np.eye(z.shape[1]), sigmoid(z)
    p = softmax(z)
    match name.partition("(")[0]:
        case "softmax":
            return p[:, :, None] * (eye - p[:, None, :])
        case "log_softmax":
            return eye - p[:, None, :]
        case "relu":
            derivative = (z > 0) * 1.0
        case "leaky_relu":
            derivative = np.where(z > 0, 1, _parameter(name, 0.01))
        case "elu":
            derivative = np.where(z > 0, 1, _parameter(name, 1) * np.exp(z))
        case _:
            derivative = {
                "linear": np.ones_like(z),
                "sigmoid": s * (1 - s),
                "tanh": 1 - np.tanh(z) ** 2,
                "softplus": s,
                "silu": s + z * s * (1 - s),
                "gelu": _phi(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * pi),
            }[name]
    return derivative[:, :, None] * eye


def back(upstream: Array, matrices: Array) -> Array:
    return np.einsum("nk,nkj->nj", upstream, matrices)


def loss_terms(name: str, y: Array, t: Array) -> Array:
    delta = _parameter(name, 1)
    match name.partition("(")[0]:
        case "squared_error":
            return (y - t) ** 2
        case "half_squared_error":
            return (y - t) ** 2 / 2
        case "absolute_error":
            return np.abs(y - t)
        case "huber":
            return np.where(np.abs(y - t) <= delta, (y - t) ** 2 / 2, delta * (np.abs(y - t) - delta / 2))
        case "binary_cross_entropy":
            return -(t * np.log(y) + (1 - t) * np.log(1 - y))
        case "binary_cross_entropy_with_logits":
            return loss_terms("binary_cross_entropy", sigmoid(y), t)
        case "cross_entropy":
            return -t * np.log(y)
        case "cross_entropy_with_logits":
            return -t * np.log(softmax(y))
        case _:
            return -t * y


def loss_gradient(name: str, y: Array, t: Array) -> Array:
    delta = _parameter(name, 1)
    match name.partition("(")[0]:
        case "squared_error":
            return 2 * (y - t)
        case "half_squared_error":
            return y - t
        case "absolute_error":
            return np.sign(y - t)
        case "huber":
            return np.clip(y - t, -delta, delta)
        case "binary_cross_entropy":
            return (y - t) / (y * (1 - y))
        case "binary_cross_entropy_with_logits":
            return sigmoid(y) - t
        case "cross_entropy":
            return -t / y
        case "cross_entropy_with_logits":
            return softmax(y) * t.sum(axis=1, keepdims=True) - t
        case _:
            return -t


def in_rows(draft: Draft, name: str) -> Array:
    matrix = np.array(draft[name], float)
    if matrix.ndim == 1:
        return np.eye(len(draft["layers"][-1]["biases"]))[matrix.astype(int)]
    return matrix.T if draft["samples"] == "columns" else matrix


def backward_of(name: str, upstream: Array, z: Array) -> Array:
    return back(upstream, jacobian(name, z))


Backward: TypeAlias = Callable[[str, Array, Array], Array]


@dataclass(frozen=True)
class LossPass:
    """The formulas of a pass; those that are not given are right."""

    loss: Callable[[Draft], str] = lambda draft: draft["loss"]
    last: Callable[[Draft], str] = lambda draft: draft["layers"][-1]["activation"]
    targets: Callable[[Array], Array] = lambda t: t
    of_loss: Callable[[Draft, int, int], float] = lambda _draft, _n, _k: 1  # a factor of the loss and upstream
    upstream: Callable[[Array, Array, Array], Array] = lambda right, _y, _t: right
    backward: Backward = backward_of
    backward_last: Backward | None = None
    backward_hidden: Backward | None = None
    backward_first: Backward | None = None
    dz: Callable[[Array, int], Array] = lambda dz, _n: dz
    parameters: Mapping[str, Callable[[int, bool], float]] = field(default_factory=dict)  # a factor of dweights, …

    def __call__(self, draft: Draft) -> Values:
        """Return every quantity, with its axes as the draft has them."""
        x, t = in_rows(draft, "inputs"), self.targets(in_rows(draft, "targets"))
        names = [*(layer["activation"] for layer in draft["layers"][:-1]), self.last(draft)]
        found, values = [], dict[tuple[int, str], Array]()
        for i, (layer, name) in enumerate(zip(draft["layers"], names, strict=True)):
            w = np.array(layer["weights"], float)
            w = w.T if draft["weight_layout"] == "out-in" else w
            z = x @ w + np.array(layer["biases"])
            found.append((x, w, z))
            values[i, "z"], x = z, value(name, z)
        (n, k), loss = x.shape, self.loss(draft)
        of_neurons = k if draft["reduction"] == "mean" and loss.partition("_")[0] not in ("cross", "nll") else 1
        of_samples = n if draft["reduction"] != "sum" or draft["mean_gradients"] else 1
        factor = self.of_loss(draft, n, k) / of_neurons
        last = len(found) - 1
        values[last, "loss"] = loss_terms(loss, x, t).sum() * factor / of_samples
        scale = factor / (1 if draft["mean_gradients"] else of_samples)
        flowing = self.upstream(loss_gradient(loss, x, t) * scale, x, t)
        values[last, "upstream"] = flowing
        for i in range(last, -1, -1):
            x, w, z = found[i]
            here = {i: self.backward_hidden, 0: self.backward_first or self.backward_hidden, last: self.backward_last}
            backward = here[i] or self.backward
            dz = self.dz(backward(names[i], flowing, z), n)
            flowing = dz @ w.T
            mean = n if draft["mean_gradients"] else 1
            values |= {(i, "dz"): dz, (i, "dinputs"): flowing}
            gradients = {"weights": x.T @ dz / mean, "biases": dz.sum(axis=0) / mean}
            for name, gradient in gradients.items():
                factor_of = self.parameters.get(name)
                changed = gradient * (factor_of(n, of_samples > 1) if factor_of else 1)
                before = w if name == "weights" else np.array(draft["layers"][i]["biases"])
                values |= {(i, f"d{name}"): changed, (i, f"new_{name}"): before - draft["learning_rate"] * changed}
        return {node: self._written(draft, node[1], array) for node, array in values.items()}

    def _written(self, draft: Draft, quantity: str, array: Array) -> Array:
        of_weights = quantity in ("dweights", "new_weights")
        transposed = draft["weight_layout"] == "out-in" if of_weights else draft["samples"] == "columns"
        return array.T if transposed else array


RIGHT = LossPass()


def _z_for_outputs(name: str, upstream: Array, z: Array) -> Array:
    match name:
        case "sigmoid":
            return upstream * z * (1 - z)
        case "tanh":
            return upstream * (1 - z**2)
        case "softmax":
            return back(upstream, z[:, :, None] * (np.eye(z.shape[1]) - z[:, None, :]))
        case _:
            return backward_of(name, upstream, z)


def _where_bent(wrong: Backward) -> Backward:
    return lambda name, upstream, z: upstream if name == "linear" else wrong(name, upstream, z)


def _one_class_less(t: Array) -> Array:
    return t[:, [*range(1, t.shape[1]), 0]]


def _half(draft: Draft, _n: int, _k: int) -> float:
    return {"squared_error": 0.5, "half_squared_error": 2}[draft["loss"]]


def _entries(draft: Draft, _n: int, k: int) -> float:
    is_mean = draft["reduction"] == "mean" and not draft["loss"].startswith(("cross", "nll"))
    return k if is_mean else 1 / k


def _of_one(n: int, is_mean: bool) -> float:
    return n if is_mean else 1 / n


def _combined_twice(draft: Draft) -> Values:
    """dz of the matched pair, sent through the activation once more; or through the one that the loss contains."""
    last = draft["layers"][-1]["activation"]
    if last == "linear":
        inside = {"cross_entropy_with_logits": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}[draft["loss"]]
        return LossPass(backward_last=lambda _name, upstream, z: backward_of(inside, upstream, z))(draft)
    written = RIGHT(draft)[len(draft["layers"]) - 1, "dz"]
    dz = written.T if draft["samples"] == "columns" else written
    return LossPass(upstream=lambda _right, _y, _t: dz)(draft)


def _with_logits(draft: Draft) -> Values:
    if draft["loss"].endswith("with_logits"):
        inside = "sigmoid" if draft["loss"].startswith("binary") else "softmax"
        return LossPass(last=lambda _: inside)(draft)
    return LossPass(loss=lambda d: f"{d['loss']}_with_logits")(draft)


def _no_logarithm(draft: Draft) -> Values:
    is_nll = draft["loss"] == "nll"
    return LossPass(loss=lambda _: "nll", last=lambda d: "softmax" if is_nll else d["layers"][-1]["activation"])(draft)


def _pair(draft: Draft, *pairs: str) -> bool:
    return f"{draft['loss']} {draft['layers'][-1]['activation']}" in pairs


_MATCHED = ("cross_entropy softmax", "binary_cross_entropy sigmoid", "nll log_softmax")
_LOGITS = ("cross_entropy_with_logits linear", "binary_cross_entropy_with_logits linear")


@dataclass(frozen=True)
class Row:
    """A planted mistake: its row of the table, its words, a wrong pass, where it can be made, and what is struck."""

    mistake: str
    words: str
    wrong: Callable[[Draft], Values]
    when: Callable[[Draft], bool] = lambda _draft: True
    strikes: str = "dz dinputs dweights dbiases new_weights new_biases"


_FROM_UPSTREAM = "upstream " + Row.strikes
_FROM_LOSS = "loss " + _FROM_UPSTREAM


def _means(draft: Draft) -> bool:
    return draft["reduction"] != "sum" and not draft["mean_gradients"]


def _bent(draft: Draft) -> list[int]:
    return [i for i, layer in enumerate(draft["layers"]) if layer["activation"] != "linear"]


def _first_of_several(draft: Draft) -> bool:
    """Forgotten masks, and what is made in all layers, have rows of their own."""
    bent = _bent(draft)
    return len(bent) > 1 and bent[0] == 0 and not draft["layers"][0]["activation"].startswith(("relu", "leaky"))


ROWS: dict[str, Row] = {
    "divided by n_samples": Row(
        "divided by n_samples",
        "a mean, not a sum",
        LossPass(of_loss=lambda _d, n, _k: 1 / n),
        lambda d: not _means(d) and not d["mean_gradients"],
        _FROM_LOSS,
    ),
    "multiplied by n_samples": Row(
        "multiplied by n_samples", "a sum, not a mean", LossPass(of_loss=lambda _d, n, _k: n), _means, _FROM_LOSS
    ),
    "sign": Row(
        "sign",
        "the sign is turned round",
        LossPass(upstream=lambda g, _y, _t: -g),
        strikes="upstream dz dinputs dweights dbiases",
    ),
    "factor of squares": Row(
        "factor of squares",
        "squared error: (y - t)^2",
        LossPass(of_loss=_half),
        lambda d: "squared" in d["loss"],
        _FROM_LOSS,
    ),
    "entries for samples": Row(
        "entries for samples", "neurons, not their", LossPass(of_loss=_entries), strikes=_FROM_LOSS
    ),
    "1/n_samples twice": Row(
        "1/n_samples twice",
        "times in the gradient",
        LossPass(upstream=lambda g, y, _t: g / len(y)),
        _means,
        _FROM_UPSTREAM,
    ),
    "1/n_samples in dz, too": Row(
        "1/n_samples twice", "times in the gradient", LossPass(dz=lambda dz, n: dz / n), _means
    ),
    "mean in biases alone": Row(
        "mean in one parameter", "alone, a", LossPass(parameters={"biases": _of_one}), strikes="dbiases new_biases"
    ),
    "mean in weights alone": Row(
        "mean in one parameter", "alone, a", LossPass(parameters={"weights": _of_one}), strikes="dweights new_weights"
    ),
    "derivative at the outputs": Row(
        "derivative at the outputs",
        "taken at the outputs, not at z",
        LossPass(backward=lambda f, u, z: backward_of(f, u, value(f, z))),
    ),
    "z for outputs": Row("z for outputs", "z in place of outputs", LossPass(backward=_z_for_outputs)),
    "outputs for the derivative": Row(
        "outputs for the derivative",
        "in place of the derivative of",
        LossPass(backward=_where_bent(lambda f, u, z: u * value(f, z))),
    ),
    "last derivative forgotten": Row(
        "last derivative forgotten",
        "the derivative of the last activation",
        LossPass(backward_last=lambda _f, u, _z: u),
        lambda d: not d["layers"][-1]["activation"].startswith(("relu", "leaky")),
    ),
    "derivative forgotten in the first layer": Row(
        "derivative in some layers",
        "forgotten in layers[0]: dz = upstream",
        LossPass(backward_first=lambda _f, u, _z: u),
        _first_of_several,
    ),
    "derivative at the outputs in the first layer": Row(
        "derivative in some layers",
        "taken at the outputs, not at z",
        LossPass(backward_first=lambda f, u, z: backward_of(f, u, value(f, z))),
        _first_of_several,
    ),
    "z for outputs in the first layer": Row(
        "derivative in some layers",
        "z in place of outputs in the derivative of",
        LossPass(backward_first=_z_for_outputs),
        lambda d: len(d["layers"]) > 1 and all(la["activation"] in ("sigmoid", "tanh") for la in d["layers"][::2]),
    ),
    "outputs for the derivative in the first layer": Row(
        "derivative in some layers",
        "the outputs in place of the derivative of",
        LossPass(backward_first=lambda f, u, z: u * value(f, z)),
        _first_of_several,
    ),
    "derivatives forgotten in the hidden layers": Row(
        "derivative in some layers",
        " forgotten",
        LossPass(backward_hidden=lambda _f, u, _z: u),
        lambda d: _bent(d) == [0, 1, 2] and _first_of_several(d),
        "dz",
    ),
    "derivatives forgotten": Row(
        "last derivative forgotten",
        "dz = upstream",
        LossPass(backward=lambda _f, u, _z: u),
        # Forgotten masks alone have a row of their own.
        lambda d: not any(layer["activation"].startswith(("relu", "leaky")) for layer in d["layers"]),
    ),
    "diagonal of the Jacobian": Row(
        "diagonal of the Jacobian",
        "the diagonal of its Jacobian",
        LossPass(backward=lambda f, u, z: u * np.einsum("njj->nj", jacobian(f, z))),
    ),
    "combined derivative twice": Row(
        "combined derivative twice",
        "sent through",
        _combined_twice,
        lambda d: _pair(d, *_MATCHED, *_LOGITS),
        _FROM_UPSTREAM,
    ),
    "softmax twice": Row(
        "softmax twice", "twice: ", _with_logits, lambda d: _pair(d, *_MATCHED[:2], *_LOGITS), _FROM_LOSS
    ),
    "no logarithm": Row(
        "no logarithm",
        "the logarithm forgotten",
        _no_logarithm,
        lambda d: d["loss"] == "cross_entropy" or _pair(d, "nll log_softmax", _LOGITS[0]),
        _FROM_LOSS,
    ),
    "classes from 1": Row(
        "classes from 1",
        "class numbers one too small",
        LossPass(targets=_one_class_less),
        lambda d: isinstance(d["targets"][0], int),
        _FROM_LOSS,
    ),
    "upstream is the outputs": Row(
        "loss forgotten", "upstream = outputs", LossPass(upstream=lambda _g, y, _t: y), strikes=_FROM_UPSTREAM
    ),
    "upstream is the targets": Row(
        "loss forgotten",
        "upstream = targets",
        LossPass(upstream=lambda _g, _y, t: t),
        lambda d: d["loss"] != "nll",
        _FROM_UPSTREAM,
    ),
    "derivative of the outputs": Row(
        "derivative of the outputs", "upstream left out", LossPass(upstream=lambda g, _y, _t: np.ones_like(g))
    ),
}

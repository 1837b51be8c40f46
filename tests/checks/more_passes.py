"""Passes with the rarer mistakes of the table, for the tests: each is wrong in one way, or in two."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array
from tests.checks.passes import RIGHT, Draft, Pass, Values

OF_DZ = ("dz", "dinputs", "dweights", "dbiases", "new_weights", "new_biases")
OF_WEIGHTS, OF_BIASES, STEPS = ("dweights", "new_weights"), ("dbiases", "new_biases"), ("new_weights", "new_biases")
GRADIENTS = ("dz", "dinputs", "dweights", "dbiases")


class Planted(NamedTuple):
    """A wrong pass, words that name the mistake, the quantities to try, and what the network is to be.

    Of several words, with | between them, each names it: two mistakes may lead to the same numbers.
    """

    wrong: Callable[[Draft], Values]
    words: str
    strikes: tuple[str, ...]
    square: bool = False
    with_z: bool = False  # whether the right z are expected, too


def _layout(draft: Draft) -> Values:
    """Work with the weights transposed; what has their shape is written the other way again."""
    turned = [layer | {"weights": layer["weights"].T} for layer in draft["layers"]]
    return [
        {name: array.T if name in OF_WEIGHTS else array for name, array in layer.items()}
        for layer in RIGHT(draft | {"layers": turned})
    ]


def _columns(draft: Draft) -> Values:
    """Work with a sample in each column: samples have their matrices transposed, before and after."""
    values = RIGHT(draft | {name: draft[name].T for name in ("inputs", "upstream")})
    return [
        {name: array.T if name in ("z", "outputs", "dz", "dinputs") else array for name, array in layer.items()}
        for layer in values
    ]


def _columns_and_layout(draft: Draft) -> Values:
    return [
        {name: array.T if name in ("z", "outputs", "dz", "dinputs") else array for name, array in layer.items()}
        for layer in _layout(draft | {name: draft[name].T for name in ("inputs", "upstream")})
    ]


def _inputs_turned(draft: Draft) -> Values:
    return RIGHT(draft | {"inputs": draft["inputs"].T})


def _z_of_the_layer_before(draft: Draft) -> Values:
    values = RIGHT(draft)
    wrong: Values = [{}]
    for layer, before, given in zip(values[1:], values, draft["layers"][1:], strict=False):
        dweights = before["z"].T @ layer["dz"]
        wrong.append({"dweights": dweights, "new_weights": given["weights"] - draft["learning_rate"] * dweights})
    return wrong


def _turned_rows(draft: Draft) -> Values:
    return [{name: array[::-1] for name, array in layer.items() if array.ndim == 2} for layer in RIGHT(draft)]


def _two_columns(draft: Draft) -> Values:
    def exchanged(array: Array) -> Array:
        order = np.arange(array.shape[1])
        order[[0, -1]] = order[[-1, 0]]
        return array[:, order]

    return [{name: exchanged(array) for name, array in layer.items() if array.ndim == 2} for layer in RIGHT(draft)]


def _stored(order_of_file: Literal["C", "F"], order_of_reader: Literal["C", "F"]) -> Callable[[Draft], Values]:
    """Return the right pass, whose matrices go through a file; square ones would be transposes."""

    def through_a_file(array: Array) -> Array:
        file = array.tobytes(order_of_file)
        return np.ndarray(array.shape, buffer=file, order=order_of_reader)

    def wrong(draft: Draft) -> Values:
        return [
            {name: through_a_file(array) for name, array in layer.items() if len({*array.shape, 1}) == 3}
            for layer in RIGHT(draft)
        ]

    return wrong


def _only(pick: Callable[[Array], Array]) -> dict[str, Any]:
    return {"product": lambda x, dz: np.outer(pick(x), pick(dz)), "bias_sum": pick}


# The formulas of mistakes that are wrong formulas.
FORMULAS: Mapping[str, dict[str, Any]] = {
    "summed over everything": {"bias_sum": lambda dz: np.full(dz.shape[1], dz.sum())},
    "sum of dweights": {"bias_of": lambda x, dz: (x.T @ dz).sum(axis=0)},
    "sum of inputs": {"bias_of": lambda x, _dz: x.sum(axis=0)},
    "mask alone": {"gradient": lambda z, _u, _x: (z > 0) * 1.0},
    "mask inverted": {"gradient": lambda z, u, _x: u * (z <= 0)},
    "applied to dz": {"gradient": lambda z, u, _x: np.maximum(u * (z > 0), 0)},
    "mask of the inputs": {"gradient": lambda _z, u, x: u * (x > 0)},
    "outputs for dz": {"gradient": lambda z, _u, _x: np.maximum(z, 0)},
    "z for dz": {"gradient": lambda z, _u, _x: z},
    "matrix product for dz": {"gradient": lambda z, u, _x: u @ (z > 0)},
    "elementwise dweights": {"product": lambda x, dz: x.T * dz},
    "elementwise dweights, not transposed": {"product": lambda x, dz: x * dz},
    "elementwise dinputs": {"back": lambda dz, w, _step: dz * w.T},
    "elementwise dinputs, not transposed": {"back": lambda dz, w, _step: dz * w},
    "inputs untransposed": {"product": lambda x, dz: x @ dz},
    "the last sample": _only(lambda array: array[-1]),
    "the first sample": _only(lambda array: array[0]),
    "summed before the product": {"product": lambda x, dz: np.outer(x.sum(axis=0), dz.sum(axis=0))},
    "the mean of inputs": {"product": lambda x, dz: np.outer(x.mean(axis=0), dz.sum(axis=0))},
    "signs alone": {"step": np.sign},
    "biases forgotten": {"biases": np.zeros_like},
    "biases doubled": {"biases": lambda b: 2 * b},
    "a factor of 0.7": {"scale": lambda _n: 0.7},
    "a factor of 2 / n": {"scale": lambda n: 2 / n if n != 2 else 4},
    # These are planted alone in `passes`.
    "mask forgotten": {"mask": lambda z, _u: np.ones_like(z)},
    "mask from upstream": {"mask": lambda _z, u: u > 0},
    "not summed": {"bias_sum": lambda dz: dz},
    "wrong axis": {"bias_sum": lambda dz: dz.sum(axis=1)},
    "weights untransposed": {"back": lambda dz, w, _step: dz @ w},
    "weights after the update": {"back": lambda dz, w, step: dz @ (w - step).T},
    "another learning rate": {"rate": lambda _rate: 0.03},
    "sign": {"scale": lambda _n: -1},
    "doubled": {"scale": lambda _n: 2},
    "divided by n_samples": {"scale": lambda n: 1 / n},
    "multiplied by n_samples": {"scale": lambda n: n},
    "uphill": {"rate": np.negative},
}


def pass_with(*names: str) -> Pass:
    """Return the pass with the wrong formulas of some mistakes, each of which changes another one."""
    changes = [FORMULAS[name] for name in names]
    assert sum(map(len, changes)) == len({key for change in changes for key in change}), names
    return replace(RIGHT, **{key: formula for change in changes for key, formula in change.items()})


def _formula(name: str, words: str, strikes: tuple[str, ...], **more: bool) -> Planted:
    return Planted(pass_with(name), words, strikes, **more)


# The rows that `passes.PLANTED` lacks, and kinds of them, by name; the name of the row comes before a colon.
PLANTED: Mapping[str, Planted] = {
    "summed over everything": _formula("summed over everything", "summed over everything", OF_BIASES),
    "sum of dweights": _formula("sum of dweights", "made of dweights", OF_BIASES),
    "sum of inputs": _formula("sum of inputs", "made of the inputs", OF_BIASES, square=True),
    "mask alone": _formula("mask alone", "alone: the derivative, not multiplied|upstream left out", OF_DZ, with_z=True),
    "mask inverted": _formula("mask inverted", "mask inverted|mask forgotten", OF_DZ, with_z=True),
    "applied to dz": _formula("applied to dz", "applied to dz|from the upstream", OF_DZ, with_z=True),
    "mask of the inputs": _formula("mask of the inputs", "from the inputs", OF_DZ, square=True, with_z=True),
    "outputs for dz": _formula("outputs for dz", "outputs in place of dz", OF_DZ, with_z=True),
    "z for dz": _formula("z for dz", "z in place of dz", OF_DZ, with_z=True),
    "matrix product for dz": _formula("matrix product for dz", "dz as the matrix", OF_DZ, square=True, with_z=True),
    "layout forgotten": Planted(_layout, '"weight_layout": "out-in"', ("z", "outputs", *OF_DZ), square=True),
    "samples in columns": Planted(_columns, '"samples": "columns"', ("z", "outputs", *OF_DZ), square=True),
    "samples in columns: and layout": Planted(
        _columns_and_layout, '"samples": "columns" and "weight_layout"', ("z", "outputs", *OF_DZ), square=True
    ),
    "samples in columns: inputs": Planted(
        _inputs_turned, "the inputs transposed", ("z", "outputs", *OF_WEIGHTS), square=True
    ),
    "elementwise dweights": _formula("elementwise dweights", "elementwise", OF_WEIGHTS, square=True),
    "elementwise dweights: not transposed": _formula(
        "elementwise dweights, not transposed", "elementwise", OF_WEIGHTS, square=True
    ),
    "elementwise dinputs": _formula("elementwise dinputs", "elementwise", OF_DZ, square=True),
    "elementwise dinputs: not transposed": _formula(
        "elementwise dinputs, not transposed", "elementwise", OF_DZ, square=True
    ),
    "inputs untransposed": _formula("inputs untransposed", "inputs @ dz", OF_WEIGHTS, square=True),
    "z of the layer before": Planted(_z_of_the_layer_before, "pre-activations of the layer before", OF_WEIGHTS),
    "one sample": _formula("the last sample", "the last sample alone", (*OF_WEIGHTS, *OF_BIASES)),
    "one sample: first": _formula("the first sample", "the first sample alone", (*OF_WEIGHTS, *OF_BIASES)),
    "summed before the product": _formula("summed before the product", "before their product", OF_WEIGHTS),
    "summed before the product: mean": _formula("the mean of inputs", "the mean of inputs", OF_WEIGHTS),
    "signs alone": _formula("signs alone", "moved by the learning rate", STEPS),
    "biases forgotten": _formula("biases forgotten", "forgotten: z = inputs @ weights", ("z", "outputs")),
    "biases doubled": _formula("biases doubled", "added twice", ("z", "outputs")),
    "factor without a name": _formula("a factor of 0.7", "0.7 times the right values", GRADIENTS),
    "common factor": _formula("a factor of 2 / n", "may be ", GRADIENTS),
    "column by column": Planted(_stored("F", "C"), "stored column by column", ("z", "outputs", *OF_DZ)),
    "column by column: read so": Planted(_stored("C", "F"), "read column by column", ("z", "outputs", *OF_DZ)),
    "exchanged": Planted(_turned_rows, "rows", ("z", "outputs", *OF_DZ)),
    "exchanged: columns": Planted(_two_columns, "exchanged: the right ones", ("z", "outputs", *OF_DZ)),
}

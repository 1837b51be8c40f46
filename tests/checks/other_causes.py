"""Wrong values that no mistake of the table made: other wrong passes, slips of the pen, noise."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from backprop_cli.core.arrays import Array
from tests.checks.passes import RIGHT, Draft, Pass, Values

Rng: TypeAlias = np.random.Generator
WrongPass: TypeAlias = Callable[[Draft, Rng], Values]
Slip: TypeAlias = Callable[[float, Rng], float]


def _some_layer(draft: Draft, rng: Rng) -> tuple[int, ...]:
    return (int(rng.integers(len(draft["layers"]))),)


def _other_inputs(draft: Draft, rng: Rng) -> Values:
    """One number of the inputs, weights or biases copied wrongly, and everything worked on from it."""
    i = _some_layer(draft, rng)[0]
    inputs, weights, biases = draft["inputs"], draft["layers"][i]["weights"], draft["layers"][i]["biases"]
    number = rng.integers(3)
    copy = slipped(SLIPS["any slip"])([inputs, weights, biases][number], rng)
    if number == 0:
        return RIGHT(draft | {"inputs": copy})
    changed = draft["layers"][i] | {["weights", "biases"][number - 1]: copy}
    return RIGHT(draft | {"layers": [*draft["layers"][:i], changed, *draft["layers"][i + 1 :]]})


def _permuted(draft: Draft, rng: Rng) -> Values:
    order = rng.permutation(draft["inputs"].shape[1])
    return Pass(inputs=lambda x: x[:, order])(draft)


# The full set of the quantities that another wrong implementation computes.
OTHER_PASSES: dict[str, WrongPass] = {
    "bias forgotten": lambda d, _: Pass(biases=np.zeros_like)(d),
    "bias forgotten in a layer": lambda d, r: Pass(biases=np.zeros_like, only=_some_layer(d, r))(d),
    "bias added twice": lambda d, _: Pass(biases=lambda b: 2 * b)(d),
    "bias added twice in a layer": lambda d, r: Pass(biases=lambda b: 2 * b, only=_some_layer(d, r))(d),
    "bias subtracted": lambda d, _: Pass(biases=np.negative)(d),
    "relu6": lambda d, _: Pass(activation=lambda z: np.clip(z, 0, 6), mask=lambda z, _u: (z > 0) & (z < 6))(d),
    "leaky ReLU": lambda d, _: Pass(
        activation=lambda z: np.where(z > 0, z, 0.01 * z), mask=lambda z, _u: np.where(z > 0, 1, 0.01)
    )(d),
    "absolute value": lambda d, _: Pass(activation=np.abs, mask=lambda z, _u: np.sign(z))(d),
    "tanh": lambda d, _: Pass(activation=np.tanh, mask=lambda z, _u: 1 - np.tanh(z) ** 2)(d),
    "last sample missing": lambda d, _: Pass(inputs=lambda x: x[:-1])(d),
    "first sample missing": lambda d, _: Pass(inputs=lambda x: x[1:])(d | {"upstream": d["upstream"][1:]}),
    "last sample zero": lambda d, _: Pass(inputs=lambda x: x * (np.arange(len(x)) < len(x) - 1)[:, None])(d),
    "columns of inputs in another order": _permuted,
    "a number copied wrongly": _other_inputs,
}


def _digits_exchanged(value: float, rng: Rng) -> float:
    text = f"{value:.4g}"
    places = [i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
    if not places or "e" in text:
        return value * 1.1 + 0.1
    i = int(rng.choice(places))
    return float(text[:i] + text[i + 1] + text[i] + text[i + 2 :])


def _digit_dropped(value: float, rng: Rng) -> float:
    text = f"{value:.4g}"
    places = [i for i, character in enumerate(text) if character.isdigit()]
    if len(places) < 2 or "e" in text:
        return value + 1
    i = int(rng.choice(places))
    return float(text[:i] + text[i + 1 :] + "0")


def _digit_changed(value: float, rng: Rng) -> float:
    scale = 10.0 ** (np.floor(np.log10(abs(value))) if value else 0)
    return value + float(rng.choice([-3, -2, -1, 1, 2, 3])) * scale / float(rng.choice([1, 10, 100]))


def _any_slip(value: float, rng: Rng) -> float:
    names = [name for name in SLIPS if name != "any slip"]
    return SLIPS[names[rng.integers(len(names))]](value, rng)


SLIPS: dict[str, Slip] = {
    "sign": lambda value, _: -value,
    "doubled": lambda value, _: 2 * value,
    "halved": lambda value, _: value / 2,
    "decimal point": lambda value, rng: value * float(rng.choice([0.1, 10, 100, 0.01])),
    "digits exchanged": _digits_exchanged,
    "digit dropped": _digit_dropped,
    "digit changed": _digit_changed,
    "another number": lambda value, rng: float(rng.normal()) * (abs(value) or 1),
    "zero": lambda _value, _: 0.0,
    "one": lambda _value, _: 1.0,
    "rounded number": lambda _value, rng: round(float(rng.normal()), 1),
    "any slip": _any_slip,
}


def slipped(slip: Slip) -> Callable[[Array, Rng], Array]:
    def change(array: Array, rng: Rng) -> Array:
        array = array.copy()
        flat = int(rng.integers(array.size))
        array.flat[flat] = slip(float(array.flat[flat]), rng)
        return array

    return change


def _a_row_of_another(array: Array, rng: Rng) -> Array:
    array = array.copy()
    to, other = rng.integers(len(array), size=2)
    array[to] = array[other]
    return array


def _two_exchanged(array: Array, rng: Rng) -> Array:
    array = array.copy()
    one, other = rng.integers(array.size, size=2)
    array.flat[one], array.flat[other] = array.flat[other], array.flat[one]
    return array


# One quantity with wrong entries.
CHANGES: dict[str, Callable[[Array, Rng], Array]] = {
    **{f"slip: {name}": slipped(slip) for name, slip in SLIPS.items() if name != "any slip"},
    "two slips": lambda array, rng: slipped(SLIPS["any slip"])(slipped(SLIPS["any slip"])(array, rng), rng),
    "noise": lambda array, rng: array * (1 + 0.1 * rng.normal(size=array.shape)),
    "random numbers": lambda array, rng: rng.normal(size=array.shape),
    "random integers": lambda array, rng: rng.integers(-5, 6, array.shape).astype(float),
    "rounded to one decimal": lambda array, _: np.round(array, 1) + 0.1,
    "a row of another sample": _a_row_of_another,
    "two entries exchanged": _two_exchanged,
    "rows in reverse order": lambda array, _: array[::-1],
    "columns in reverse order": lambda array, _: array[..., ::-1],
    "columns in another order": lambda array, rng: array[..., rng.permutation(array.shape[-1])],
    "all of it the first entry": lambda array, _: np.full_like(array, array.flat[0]),
    "all zero": lambda array, _: np.zeros_like(array),
    "all one": lambda array, _: np.ones_like(array),
}

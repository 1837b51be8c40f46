"""Backpropagation on lists of fractions, and the conditions of friendly numbers, in code of their own.

A problem is what `backprop new` prints, read as fractions. Wrong results come from wrong formulas that are written out
here, one for each mistake.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

Matrix = list[list[Fraction]]
Results = dict[tuple[int, str], Matrix]  # by layer and quantity; a vector is one row

NEAR = Fraction(1, 10)
# Mistakes in the quantities that they concern alone: what follows from them is another mistake
OF_THEIR_OWN = (
    "wrong sign",
    "doubled",
    "mean for a sum",
    "half",
    "transposed",
    "biases forgotten",
    "biases added twice",
)


def read(text: str) -> dict[str, Any]:
    """Return a problem with its numbers as fractions."""
    found: dict[str, Any] = json.loads(text, parse_float=Fraction, parse_int=Fraction)
    return found


def layers_of(problem: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(problem.get("layers", [problem]))


def times(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in zip(*right, strict=True)]
        for row in left
    ]


def turned(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def entrywise(function: Callable[..., Fraction], *matrices: Matrix) -> Matrix:
    return [[function(*entries) for entries in zip(*rows, strict=True)] for rows in zip(*matrices, strict=True)]


def slope_of(name: str) -> Fraction:
    """Return the derivative of an activation below 0; it is 1 above."""
    parameter = name.partition("(")[2].rstrip(")")
    return {"relu": Fraction(0), "linear": Fraction(1), "leaky_relu": Fraction(parameter or "0.01")}[
        name.partition("(")[0]
    ]


def loss_of(problem: Mapping[str, Any], y: Fraction, t: Fraction) -> tuple[Fraction, Fraction]:
    """Return the term of one entry, and its derivative."""
    r = y - t
    match problem["loss"]:
        case "squared_error":
            return r * r, 2 * r
        case "half_squared_error":
            return r * r / 2, r
        case "absolute_error":
            return abs(r), Fraction((r > 0) - (r < 0))
        case "huber(1)" if abs(r) <= 1:
            return r * r / 2, r
        case "huber(1)":
            return abs(r) - Fraction(1, 2), Fraction((r > 0) - (r < 0))
        case other:
            raise AssertionError(other)


def results(problem: Mapping[str, Any], **wrong: Any) -> Results:
    """Return every result; `wrong` has formulas in place of the right ones."""
    layers, x, found = layers_of(problem), problem["inputs"], Results()
    entering = []
    for i, layer in enumerate(layers):
        biases = layer.get("biases", [Fraction(0)] * len(layer["weights"][0]))
        z = [
            [a + wrong.get("biased", 1) * b for a, b in zip(row, biases, strict=True)]
            for row in times(x, layer["weights"])
        ]
        slope = slope_of(layer["activation"])
        found[i, "z"], found[i, "outputs"] = z, entrywise(lambda a, s=slope: a if a > 0 else s * a, z)
        entering.append(x)
        x = found[i, "outputs"]
    n, k, last = len(x), len(x[0]), len(layers) - 1
    upstream = problem.get("upstream")
    if upstream is None:
        divisor = {"sum": 1, "mean": n * k, "batch_mean": n}[problem["reduction"]]
        pairs = entrywise(lambda y, t: loss_of(problem, y, t), x, problem["targets"])  # type: ignore[arg-type, return-value]
        found[last, "loss"] = [[sum((pair[0] for row in pairs for pair in row), Fraction(0)) / divisor]]  # type: ignore[index]
        upstream = found[last, "upstream"] = [[pair[1] / divisor for pair in row] for row in pairs]  # type: ignore[index]
    for i in reversed(range(len(layers))):
        upstream = _backward(problem, layers[i], i, entering[i], upstream, found, wrong)
    return found


def _backward(
    problem: Mapping[str, Any],
    layer: Mapping[str, Any],
    i: int,
    x: Matrix,
    upstream: Matrix,
    found: Results,
    wrong: Mapping[str, Any],
) -> Matrix:
    """Add the gradients and the step of a layer, and return the gradient of its inputs."""
    slope, rate = slope_of(layer["activation"]), problem["learning_rate"]
    derivatives = entrywise(lambda z: Fraction(1) if z > 0 else slope, found[i, "z"])
    dz = wrong.get("dz", lambda up, d: entrywise(lambda a, b: a * b, up, d))(upstream, derivatives)
    dweights = wrong.get("dweights", lambda x, dz: times(turned(x), dz))(x, dz)
    dbiases = wrong.get("dbiases", lambda dz: [[sum(column, Fraction(0)) for column in zip(*dz, strict=True)]])(dz)
    weights = layer["weights"]
    stepped = entrywise(lambda w, d: w - wrong.get("uphill", 1) * rate * d, weights, dweights)
    dinputs: Matrix = wrong.get("dinputs", lambda dz, weights, _: times(dz, turned(weights)))(dz, weights, stepped)
    found[i, "dz"], found[i, "dinputs"], found[i, "dweights"], found[i, "dbiases"] = dz, dinputs, dweights, dbiases
    found[i, "new_weights"] = stepped
    if "biases" in layer:
        found[i, "new_biases"] = entrywise(
            lambda b, d: b - wrong.get("uphill", 1) * rate * d, [layer["biases"]], dbiases
        )
    result: Matrix = dinputs
    return result


def masks_of(problem: Mapping[str, Any], found: Results) -> list[bool]:
    """Return whether each unit that may be inactive is active."""
    bent = [i for i, layer in enumerate(layers_of(problem)) if slope_of(layer["activation"]) != 1]
    return [value > 0 for i in bent for row in found[i, "z"] for value in row]


def wrong_results(problem: Mapping[str, Any]) -> Iterator[tuple[str, Results, Sequence[str]]]:
    """Yield mistakes that change any problem: a name, the wrong results, and the quantities that it has to change.

    Left out are those that the shape, or the activations, make no mistake.
    """
    layers, n = layers_of(problem), len(problem["inputs"])
    right = results(problem)
    if "biases" in layers[0]:
        yield "biases forgotten", results(problem, biased=0), ["z"]
        yield "biases added twice", results(problem, biased=2), ["z"]
    if len(set(masks_of(problem, right))) == 2:  # some units are active, and some inactive
        yield "mask forgotten", results(problem, dz=lambda up, _d: up), ["dz"]
        yield "mask alone", results(problem, dz=lambda _up, d: d), ["dz"]
    yield "uphill", results(problem, uphill=-1), ["new_weights", "new_biases"]
    gradients = ["dz", "dinputs", "dweights", "dbiases"]
    yield "wrong sign", _scaled(right, Fraction(-1)), gradients
    yield "doubled", _scaled(right, Fraction(2)), gradients
    yield "weights after the update", results(problem, dinputs=lambda dz, _w, new: times(dz, turned(new))), ["dinputs"]
    if n > 1:
        yield "mean for a sum", _scaled(right, Fraction(1, n)), gradients
    if any(map(any, right[len(layers) - 1, "dz"][:-1])):
        yield "last sample alone", results(problem, dweights=lambda x, dz: times(turned(x[-1:]), dz[-1:])), ["dweights"]
        yield "last sample alone", results(problem, dbiases=lambda dz: dz[-1:]), ["dbiases"]
    yield "transposed", {key: turned(value) for key, value in right.items()}, ["dweights", "dinputs", "dz"]
    if all(len(layer["weights"]) == len(layer["weights"][0]) > 1 for layer in layers):
        yield "weights untransposed", results(problem, dinputs=lambda dz, w, _new: times(dz, w)), ["dinputs"]
    if "targets" in problem and problem["loss"] == "squared_error":
        yield "half", _scaled(right, Fraction(1, 2)), ["loss", *gradients]


def _scaled(right: Results, factor: Fraction) -> Results:
    return {key: entrywise(lambda value: factor * value, value) for key, value in right.items()}


def shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix), len(matrix[0])


def distance(one: Matrix, other: Matrix) -> Fraction:
    return max(abs(a - b) for rows in zip(one, other, strict=True) for a, b in zip(*rows, strict=True))


def unmet(problem: Mapping[str, Any], digits: int) -> Iterator[str]:
    """Yield every condition that a problem with rational results does not meet."""
    found = results(problem)
    unit = Fraction(1, 10**digits)
    for (i, name), matrix in found.items():
        if any((value / unit).denominator != 1 for row in matrix for value in row):
            yield f"{name} of layer {i} has more than {digits} decimals"
        if name.startswith("d") and not any(value for row in matrix for value in row):
            yield f"{name} of layer {i} is zero"
    masks = masks_of(problem, found)
    if any(abs(value) < NEAR for (_, name), matrix in found.items() if name == "z" for row in matrix for value in row):
        yield "a pre-activation is near 0"
    wide = any(len(row) * len(found[0, "z"]) > 1 for (_, name), (row, *_) in found.items() if name == "z")
    if masks and wide and len(set(masks)) < 2:
        yield "no unit is active, or none is inactive"
    for mistake, wrong, concerned in wrong_results(problem):
        for (i, name), right in found.items():
            if shape(wrong[i, name]) != shape(right) or (name not in concerned and mistake in OF_THEIR_OWN):
                continue
            away = distance(wrong[i, name], right)
            if 0 < away <= unit:
                yield f"{mistake} changes {name} of layer {i} by less than two tolerances"
        changes = [
            distance(wrong[i, name], right) > unit
            for (i, name), right in found.items()
            if name in concerned
            and shape(wrong[i, name]) == shape(right)
            and max(shape(right)) > (mistake == "transposed")
        ]
        if changes and not any(changes):
            yield f"{mistake} changes nothing"

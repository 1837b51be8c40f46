"""200 random problems with pre-activations from -1e4 to 1e4, compared with decimals of 60 digits and more.

Every activation is in a hidden and in the last layer, under every loss that takes its outputs. z is given, or the sum
of numbers of so few digits that it has no rounding error; a second layer that computes it from rounded outputs has it
compared, and the rest then follows from z as it is in float64. An entry may differ by 1e-12 of the sum of the absolute
terms of its formula, and by what such errors of its operands change: see `tests.bounded`.

A result that is refused has to be beyond float64, or undefined for outputs of float64.
"""

import random
import re
import sys
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from backprop_cli.core.activations import ACTIVATIONS, activation
from backprop_cli.core.losses import LOSSES
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import LayerSolution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.schema import build
from tests import bounded
from tests.bounded import OF_SAMPLES, Number
from tests.conftest import sized
from tests.sixty_digits import DIGITS

N_PROBLEMS = 200
NAMES = (*ACTIVATIONS, "leaky_relu(0.25)", "elu(2)")
OF_PROBABILITIES = ("binary_cross_entropy", "cross_entropy")
PAIRS = [
    (name, loss)
    for loss in (*LOSSES, "huber(0.25)")
    for name in NAMES
    if name != "log_softmax" or loss not in OF_PROBABILITIES  # no output is positive
]
SATURATED = [
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "binary_cross_entropy"),
    ("relu", "binary_cross_entropy"),
    ("sigmoid", "cross_entropy"),
    ("softmax", "cross_entropy"),
    ("log_softmax", "nll"),
    ("linear", "binary_cross_entropy_with_logits"),
    ("linear", "cross_entropy_with_logits"),
]
NATURAL = ("sigmoid", "softmax", "softplus")  # whose outputs are positive for any z
BOUNDED = ("sigmoid", "tanh", "softmax")
KINKED = tuple(name for name in NAMES if activation(name).kinks)
SATURATING = (*BOUNDED, "log_softmax")
# exp(-z) is subnormal from 708.4 on, 0 from 745.2 on, and lost beside 1 from 36.8 on
SPECIAL: tuple[float, ...] = (0.0, 0.0, 0.0, 1e4, -1e4, 1e-9, -1e-9, 22.0, -22.0, 36.5, 40.0, -40.0, 707.0, -707.0)
SPECIAL += (1e-300, 725.0, -725.0, 740.0, -715.0, -740.0, -760.0)
SPECIAL_POSITIVE = (0.25, 0.5, 1e-9)
T = TypeVar("T")
Matrix = list[list[float]]
Expected = dict[tuple[int, str], bounded.Matrix]
Computed = dict[tuple[int, str], Any]
LARGEST = Decimal(sys.float_info.max)


def one(rng: random.Random, choices: Sequence[T]) -> T:
    return choices[int(rng.random() * len(choices))]


def matrix(rng: random.Random, n_rows: int, n_columns: int, limit: float, *, positive: bool = False) -> Matrix:
    """Return rows of 0 or of multiples of 2^-20: sums of products with eighths are exact in float64."""
    least = 0 if positive else -limit

    def row(factor: float) -> list[float]:
        return [factor * int((least + (limit - least) * rng.random()) * 2**20) / 2**20 for _ in range(n_columns)]

    lone = int(3 * n_rows * rng.random())  # now and then, one input alone counts
    return [row(float(rng.random() < 0.8 if lone >= n_rows else k == lone)) for k in range(n_rows)]


def pair(seed: int) -> tuple[str, str]:
    """Return the last activation and the loss: each pair once, then those in which a saturated output counts."""
    k = seed % N_PROBLEMS
    return PAIRS[k] if k < len(PAIRS) else SATURATED[k % len(SATURATED)]


def extreme_problem(seed: int) -> dict[str, Any]:
    """Return a problem of one layer or two, as a problem file holds it."""
    rng = random.Random(seed)
    last, loss = pair(seed)
    hidden = (
        NAMES[seed * 5 % len(NAMES)]
        if seed % N_PROBLEMS < len(PAIRS)
        else SATURATING[seed // len(SATURATED) % len(SATURATING)]
    )
    activations = [last] if rng.random() < 0.35 else [hidden, last]
    n_samples, sizes = one(rng, (1, 3, 6)), [one(rng, (1, 2, 3)) for _ in activations]
    sizes.append(one(rng, (2, 3, 4) if loss in OF_SAMPLES or last in bounded.COUPLED else (1, 2, 3)))
    layers: list[dict[str, Any]] = []
    for i, name in enumerate(activations):
        is_bounded = i == 0 or activations[i - 1] in BOUNDED
        of_last = loss if i == len(activations) - 1 else ""
        layers.append(
            random_layer(rng, name, of_last, (n_samples, sizes[i], sizes[i + 1]), 1.0 if is_bounded else 1e-4)
        )
    return {
        "inputs": [[(1 + int(8 * rng.random())) / 8 for _ in range(sizes[0])] for _ in range(n_samples)],
        "layers": layers,
        "loss": loss,
        "reduction": one(rng, ("sum", "mean", "batch_mean")),
        "targets": random_targets(rng, loss, n_samples, sizes[-1], layers[-1].get("z")),
    }


def random_layer(
    rng: random.Random, name: str, loss: str, sizes: tuple[int, int, int], factor: float
) -> dict[str, Any]:
    """Return a layer under a loss, or under another layer for "".

    Its sizes are n_samples, n_inputs and n_neurons. The weights are multiplied by a factor, so that its inputs do not
    make z much larger than 1e4. Most outputs that have to be probabilities are.
    """
    n_samples, n_inputs, n_neurons = sizes
    positive = loss in OF_PROBABILITIES and name not in NATURAL and rng.random() < 0.7
    scale = one(rng, (4.0, 40.0, 750.0, 1e4, 1e4))
    if loss == "binary_cross_entropy" and (positive or name == "softplus"):
        scale = 0.5
    limit = scale / (n_inputs + 1)
    layer: dict[str, Any] = {
        "weights": matrix(rng, n_inputs, n_neurons, limit * factor, positive=positive),
        "biases": matrix(rng, 1, n_neurons, limit, positive=positive)[0],
        "activation": name,
    }
    if rng.random() < 0.6 or (positive and factor < 1):
        alike = rng.random() < 0.4 and (loss in OF_SAMPLES or loss.startswith("binary"))
        layer["z"] = given_z(rng, n_samples, n_neurons, scale, positive=positive, alike=alike)
        if name in KINKED and not (alike or positive):
            layer["z"][-1][-1] = 0.0
    return layer


def given_z(rng: random.Random, n_samples: int, n_neurons: int, scale: float, *, positive: bool, alike: bool) -> Matrix:
    """Return any numbers and special ones, or one special number with both signs: each output is then saturated."""
    special = SPECIAL_POSITIVE if positive else SPECIAL
    size: float = one(rng, special)

    def number() -> float:
        if alike:
            return abs(size) if positive else one(rng, (size, -size))
        if rng.random() < 0.5:
            return one(rng, special)
        return scale * (rng.random() if positive else 2 * rng.random() - 1)

    return [[float(number()) for _ in range(n_neurons)] for _ in range(n_samples)]


def random_targets(rng: random.Random, loss: str, n_samples: int, n_neurons: int, z: Matrix | None) -> Any:
    """Return targets that the loss takes; now and then they are what a given z says, so that the loss is small."""
    is_of_samples, is_binary = loss in OF_SAMPLES, loss.startswith("binary")
    if z is not None and is_of_samples and rng.random() < 0.5:
        return [[float(x == max(row)) for x in row] for row in z]
    if z is not None and is_binary and rng.random() < 0.5:
        return [[float(x > 0.5) for x in row] for row in z]
    if is_of_samples and n_samples > 1 and rng.random() < 0.3:
        return [int(rng.random() * n_neurons) for _ in range(n_samples)]

    def target() -> float:
        unit = is_of_samples or is_binary
        return float(one(rng, (0, 1, 0.25, rng.random()) if unit else (0, 1, -1, 0.5, 2e4 * rng.random() - 1e4)))

    return [[target() for _ in range(n_neurons)] for _ in range(n_samples)]


class Tally(NamedTuple):
    """What was compared of a problem."""

    n_entries: int
    n_unknown: int
    refusal: str
    largest_z: float


def in_rows(array: Any) -> list[list[float]]:
    rows: list[list[float]] = np.atleast_2d(array).tolist()
    return rows


def assert_close(computed: Any, expected: bounded.Matrix, of: object) -> list[Number]:
    """Compare each entry, and return the entries that are expected."""
    entries = [entry for row in expected for entry in row]
    assert [len(row) for row in in_rows(computed)] == [len(row) for row in expected], of
    for value, number in zip((x for row in in_rows(computed) for x in row), entries, strict=True):
        assert abs(Decimal(value) - number.value) <= number.error, (of, value, float(number.value))
    return entries


def refused_output(loss: str, outputs: Matrix, targets: Matrix) -> str | None:
    """Return the first output of float64 for which a loss of probabilities is not defined."""
    for n, row in enumerate(outputs):
        for j, (y, t) in enumerate(zip(row, targets[n], strict=True)):
            of_log = loss in OF_PROBABILITIES and y <= 0 and t != 0
            if of_log or (loss == "binary_cross_entropy" and (y < 0 or y > 1 or (y == 1 and t != 1))):
                return f"outputs[{n},{j}]"
    return None


def assert_beyond(place: str, expected: Expected, last: int) -> None:
    """The named entry is beyond float64, or is unknown because an output is not distinguished from 0 or 1."""
    found = re.fullmatch(r"(?:layers\[(\d)\]\.)?(\w+)\[(\d+)(?:,(\d+))?\]", place)
    assert found is not None, place
    layer = last if found[1] is None else int(found[1])
    rows = expected[layer, found[2]]
    number = rows[0][int(found[3])] if found[4] is None else rows[int(found[3])][int(found[4])]
    assert abs(number.value) + number.error > LARGEST, (place, float(number.value))


@cache
def compared(seed: int) -> Tally:
    """Compare everything that is computed of a problem, and tell how much it was."""
    draft = extreme_problem(seed)
    problem = build(draft)
    assert problem.targets is not None
    layers, last = draft["layers"], len(draft["layers"]) - 1
    computed = forward(problem)
    zs = [layer.get("z", computed.get((i, "z"))) for i, layer in enumerate(layers)]
    with localcontext(DIGITS):
        expected = bounded.backpropagate(draft, zs, problem.targets)
        if "z" not in layers[0]:
            exact = [[number.value for number in row] for row in expected[0, "z"]]
            assert [[Decimal(z) for z in row] for row in in_rows(zs[0])] == exact
        is_matched = (layers[last]["activation"], draft["loss"]) in bounded.MATCHED
        loss = "" if is_matched else draft["loss"]
        refused = refused_output(loss, in_rows(computed[last, "outputs"]), in_rows(problem.targets))
        backward, refusal = solved(problem, expected, refused)
        entries = []
        for (i, name), value in (computed | backward).items():
            if name != "z" or "z" not in layers[i]:
                entries += assert_close(value, expected[i, name], (i, name))
    n_unknown = sum(entry.error > abs(entry.value) / 1000 + Decimal("1e-6") for entry in entries)
    return Tally(len(entries), n_unknown, refusal, max(float(np.abs(z).max()) for z in zs))


def forward(problem: Problem) -> Computed:
    wanted = [Node(i, name) for i in range(len(problem.layers)) for name in ("z", "outputs")]
    layers = solve(problem, wanted).layers
    return {(i, name): value for i, layer in enumerate(layers) for name, value in layer.computed.items()}


def solved(problem: Problem, expected: Expected, refused: str | None) -> tuple[Computed, str]:
    """Return what is computed, or nothing, and the reason of a refusal, which is compared with what is expected."""
    last = len(problem.layers) - 1
    try:
        layers = solve(problem).layers
    except InputError as error:
        place, reason = error.place or "", error.reason
    else:
        return computed_backward(layers, expected, refused)
    if refused is None:
        assert_beyond(place, expected, last)
    else:
        assert place == problem.place(last, refused)
    return {}, reason


def computed_backward(layers: Sequence[LayerSolution], expected: Expected, refused: str | None) -> tuple[Computed, str]:
    """Return what is computed, and whether it lacks the upstream of a matched pair, which has to be beyond float64."""
    assert refused is None
    reasons = [layer.not_computed for layer in layers if layer.not_computed]
    for reason in reasons:
        assert list(reason) == ["upstream"]
        assert_beyond(reason["upstream"].partition(": ")[2].split()[0], expected, len(layers) - 1)
    values = {(i, name): value for i, layer in enumerate(layers) for name, value in layer.computed.items()}
    return {node: value for node, value in values.items() if node in expected}, "upstream" if reasons else ""


@sized("n_problems", N_PROBLEMS, 20_000)
def test_extreme_problems_against_sixty_digits(n_problems: int) -> None:
    for seed in range(n_problems):
        try:
            compared(seed)
        except AssertionError as error:
            error.add_note(f"problem {seed}: {extreme_problem(seed)}")
            raise


def test_the_problems_are_extreme_and_of_every_kind() -> None:
    problems = [extreme_problem(seed) for seed in range(N_PROBLEMS)]
    assert {(problem["layers"][-1]["activation"], problem["loss"]) for problem in problems} == set(PAIRS)
    hidden = {problem["layers"][0]["activation"] for problem in problems if len(problem["layers"]) == 2}
    assert hidden == set(NAMES)
    tallies = [compared(seed) for seed in range(N_PROBLEMS)]
    assert sum(tally.largest_z > 700 for tally in tallies) > N_PROBLEMS / 2
    assert sum(not tally.refusal for tally in tallies) > 0.8 * N_PROBLEMS
    for reason in ("log(0", "log(1 - 1)", "needs outputs from 0 to 1", "upstream"):
        assert any(reason in tally.refusal for tally in tallies), reason
    assert sum(tally.n_unknown for tally in tallies) < 0.02 * sum(tally.n_entries for tally in tallies)

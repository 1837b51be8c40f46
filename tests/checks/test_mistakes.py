"""Every known mistake is planted in every quantity that it changes, and must be found and named; other causes are not.

The planted values come from a pass written for these tests (`passes`), which can be wrong in one way at a time.
"""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.mistakes import MISTAKES
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import OF_A_LAYER, Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.checks.loss_passes import ROWS
from tests.checks.more_passes import PLANTED as MORE_PLANTED
from tests.checks.other_causes import CHANGES, OTHER_PASSES
from tests.checks.passes import PLANTED, RIGHT, WORDS, Draft, Values, checked, random_network
from tests.conftest import sized

N_NETWORKS = 12
# Those that need a loss, or another activation, are planted in `test_loss_mistakes`.
STRUCK = [
    (mistake.name, quantity)
    for mistake in MISTAKES
    for quantity in mistake.strikes
    if mistake.name in PLANTED and quantity in OF_A_LAYER
]


@cache
def network(seed: int) -> Draft:
    """Return 2 or 3 square layers, the last one linear; one z of the first layer is 0, which is a kink."""
    rng = np.random.default_rng(seed)
    n_samples, n_layers = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    width = n_samples if seed % 2 else int(rng.integers(2, 5))
    # Eighths in the first layer, so that its sums are exact and one can be made zero.
    inputs = rng.integers(-8, 9, (n_samples, width)) / 8
    weights = [rng.integers(-8, 9, (width, width)) / 8, *rng.normal(size=(n_layers - 1, width, width))]
    biases = [rng.integers(-8, 9, width) / 8, *rng.normal(size=(n_layers - 1, width))]
    biases[0][0] = -(inputs[0] @ weights[0][:, 0])
    layers = [
        {"weights": w, "biases": b, "activation": "relu" if k < n_layers - 1 else "linear"}
        for k, (w, b) in enumerate(zip(weights, biases, strict=True))
    ]
    return {
        "inputs": inputs,
        "layers": layers,
        "upstream": rng.normal(size=(n_samples, width)),
        "learning_rate": 0.125,
    }


# On how many of the networks, at most, a mistake changes nothing: a ReLU layer may be inactive for every sample, and
# a bias gradient that is summed over neurons allows a step only if there are as many neurons as samples.
LEFT_OUT = {("wrong axis", "new_biases"): N_NETWORKS // 2 + 1}


@cache
def solved(seed: int) -> Solution:
    return solved_draft(network(seed))


def solved_draft(draft: Draft) -> Solution:
    return solve(build(draft))


def by_node(values: Values, *quantities: str) -> dict[Node, Array]:
    every = {Node(i, quantity): array for i, layer in enumerate(values) for quantity, array in layer.items()}
    return {node: array for node, array in every.items() if not quantities or node.quantity in quantities}


def test_every_known_mistake_is_planted() -> None:
    assert PLANTED.keys() == WORDS.keys()
    rarer = {name.partition(":")[0] for name in MORE_PLANTED}
    assert PLANTED.keys() | {row.mistake for row in ROWS.values()} | rarer == {mistake.name for mistake in MISTAKES}
    assert len(STRUCK) == 78


@pytest.mark.parametrize(("name", "quantity"), STRUCK)
def test_a_planted_mistake_is_found_and_named(name: str, quantity: str) -> None:
    words = WORDS[name]
    harmless = 0
    for seed in range(N_NETWORKS):
        draft = network(seed)
        node = Node(0, quantity)  # the backward pass reaches it last, so it shows the mistakes of all layers
        right, wrong = RIGHT(draft), PLANTED[name](draft)[0]
        # The bias gradient may have a shape that allows no step. Zeros say nothing: inactive units lead to them, too.
        values = wrong.get(quantity, np.zeros(0))
        differs = different(values, right[0][quantity])
        if not values.any() or not differs.any():
            harmless += 1
            continue
        check = checked(solved(seed), by_node(right, "z") | {node: values})[node]
        assert not check.passed
        assert check.different == (differs.sum() if values.shape == right[0][quantity].shape else values.size)
        where = {f"layers[0].{quantity}[{','.join(map(str, index))}]" for index in np.argwhere(differs).tolist()}
        assert {difference.place for difference in check.listed} <= where
        assert len(check.listed) == min(10, differs.sum()) or values.shape != right[0][quantity].shape
        assert any(words in explanation for explanation in check.explanations), (seed, check.explanations)
    assert harmless <= LEFT_OUT.get((name, quantity), 2), "too many networks on which the mistake changes nothing"


def different(values: Array, right: Array) -> Array:
    """Return which entries a mistake changes; of another shape, all that are not zero."""
    return ~np.isclose(values, right if values.shape == right.shape else 0, rtol=1e-7, atol=1e-13)


def planted(name: str, n_networks: int) -> Iterator[tuple[Solution, Values, dict[Node, Array]]]:
    """Yield networks with the right values and the wrong ones, where the mistake changes two entries or more."""
    square = name in ("weights untransposed", "wrong axis", "another layer")
    found = seed = 0
    while found < n_networks:
        seed += 3  # a multiple of the number of kinds of numbers: floats
        draft = random_network(seed, square=square, kink="kink" in name)
        right, wrong = RIGHT(draft), by_node(PLANTED[name](draft))
        strikes = next(mistake.strikes for mistake in MISTAKES if mistake.name == name)
        many = {
            node: values
            for node, values in wrong.items()
            if node.quantity in strikes
            and values.any()
            and node.quantity in right[node.layer]
            and different(values, right[node.layer][node.quantity]).sum() > 1
        }
        if many:
            found += 1
            yield solved_draft(draft), right, many


def is_named(check: QuantityCheck, name: str) -> bool:
    return any(WORDS[name] in explanation for explanation in check.explanations)


@sized("n_networks", 2, 100)
@pytest.mark.parametrize("name", PLANTED)
def test_mistakes_on_random_networks_are_named(name: str, n_networks: int) -> None:
    """Alone, a quantity can have the values that forgotten or doubled biases lead to, too: then nothing is named."""
    alone = [
        is_named(checked(solution, {node: values})[node], name)
        for solution, _, wrong in planted(name, n_networks)
        for node, values in wrong.items()
    ]
    beside_z = [
        is_named(checked(solution, by_node(right, "z") | {node: values})[node], name)
        for solution, right, wrong in planted(name, n_networks)
        for node, values in wrong.items()
    ]
    # Of few networks, one may have such values.
    changes_derivatives = "mask" in name or "kink" in name
    assert np.mean(alone) >= (0.9 if changes_derivatives else 0.99)
    assert np.mean(beside_z) >= 0.99


# What other causes are in truth: they may be named so. Of rounded numbers, several slips lead to the same one.
TRUE_NAMES = {
    "bias forgotten": r"the biases( of layer \d)? forgotten: z = inputs @ weights$",
    "bias added twice": r"the biases( of layer \d)? added twice$",
    "sample": r"the gradient of the (first|last) sample alone",  # one of two is missing, or zero
    "order": r"another order$",
    "exchanged": r"another order$",
    "slip: sign": r"a slip of the pen in .*: the sign, ",
    "slip: decimal point": r"a slip of the pen in .*: the decimal point, ",
    "slip: digits exchanged": r"a slip of the pen in .*: (two digits exchanged|a digit (as its neighbour|left out)), ",
    "slip: digit dropped": r"a slip of the pen in .*: (a digit (left out|as its neighbour)|the decimal point), ",
    "slip: digit changed": r"a slip of the pen in .*: a digit as its neighbour, ",
    "two slips": r"a slip of the pen in ",
}


def is_true(cause: str, explanation: str) -> bool:
    return any(part in cause and re.search(words, explanation) for part, words in TRUE_NAMES.items())


def other_causes(seed: int) -> Iterator[tuple[str, dict[Node, Array]]]:
    """Yield wrong values that no mistake made: all quantities of a wrong pass, or one quantity of it, or slips."""
    draft, rng = random_network(seed), np.random.default_rng([seed, 7])
    for name, wrong_pass in OTHER_PASSES.items():
        values = by_node(wrong_pass(draft, rng))
        if rng.random() < 0.2:
            yield f"all of {name}", values
        for _ in range(4):
            node = list(values)[rng.integers(len(values))]
            yield name, {node: values[node]}
    right = by_node(RIGHT(draft))
    for name, change in CHANGES.items():
        for _ in range(4):
            node = list(right)[rng.integers(len(right))]
            yield name, {node: change(right[node], rng)}


@sized("n_values", 100, 20_000)
@pytest.mark.parametrize("digits", [None, 3])
def test_mistakes_that_nobody_made_are_not_named(n_values: int, digits: int | None) -> None:
    wrong, named, seed = 0, Counter[str](), 0
    while wrong < n_values:
        seed += 1
        solution = solved_draft(random_network(seed))
        for name, values in other_causes(seed):
            for node, check in checked(solution, values, digits=digits).items():
                wrong += not check.passed
                untrue = [text for text in check.explanations if not is_true(name, text)]
                named += Counter(f"{seed} {name}, {node}: {text}" for text in untrue[:1])
    # Of few values, a few more may be named by chance.
    assert named.total() <= max(3, n_values / 1000), named


ONE = {"inputs": [[1]], "weights": [[1]], "biases": [0.1], "activation": "linear", "upstream": [[1]]}
TWO = {"inputs": [[1, 2], [3, 4]], "weights": [[1, 0], [0, 1]], "biases": [0, 0], "upstream": [[1, 2], [3, 5]]}


@pytest.mark.parametrize(
    ("draft", "quantity", "expected", "explanation"),
    [
        # Some learning rate explains any one number.
        (ONE | {"learning_rate": 0.1}, "new_biases", [0.0512345], None),
        (ONE | {"learning_rate": 0.1}, "new_biases", [0.09], None),
        # One number doubled, halved, or with another sign is a slip; two are none.
        (TWO, "dbiases", [-4, 7], None),
        (TWO, "dbiases", [8, 7], None),
        (TWO, "dbiases", [2, 7], None),
        (TWO, "dbiases", [-4, -7], "the sign is turned round"),
        (TWO, "dbiases", [2, 3.5], "the gradient divided by n_samples = 2"),
        # Zeros count as one, whatever their number: an inactive unit leads to them, too.
        (TWO, "dbiases", [0, 0], None),
    ],
)
def test_how_much_evidence_names_a_mistake(
    draft: Draft, quantity: str, expected: list[float], explanation: str | None
) -> None:
    problem = build({key: np.array(value) if isinstance(value, list) else value for key, value in draft.items()})
    node = Node(0, quantity)
    check = checked(solve(problem), {node: np.array(expected, float)})[node]
    assert not check.passed
    if explanation is None:
        assert check.explanations == ()
    else:
        assert any(explanation in text for text in check.explanations)


Planted = tuple[Draft, str, list[float]]


def divided(rights: list[float], n_samples: int) -> Planted:
    """Return a linear layer with bias gradients, and those divided by the number of samples."""
    upstream = [[0.0] * len(rights)] * (n_samples - 1) + [rights]
    return {"upstream": upstream, "activation": "linear"}, "dbiases", [right / n_samples for right in rights]


def turned(rights: list[float]) -> Planted:
    return {"upstream": [rights], "activation": "linear"}, "dbiases", [-right for right in rights]


def stepped(gradients: list[float], rate: float) -> Planted:
    """Return a linear layer, and its biases of 0.1234567 after a step with another learning rate than 0.001."""
    draft = {"upstream": [gradients], "biases": [0.1234567] * len(gradients), "activation": "linear"}
    return draft, "new_biases", [0.1234567 - rate * gradient for gradient in gradients]


@pytest.mark.parametrize(
    ("planted", "least", "digits", "is_named"),
    [
        # Digits of one entry that is not a slip: 7 rows change it, and 2 + log10(7) = 2.85.
        (divided([9.42], 3), 6.28, 2.8, False),
        (divided([9.42], 3), 6.28, 2.9, True),
        # One significant digit, with sign and magnitude 2.2 at most; the other has 0.65 or 0.75. 8 rows change both.
        (divided([9, 0.3], 3), 0.2, 0.65, False),
        (divided([9, 0.3], 3), 0.2, 0.75, True),
        # A turned sign has 1.7 at most; the other has 0.95 or 1.05. Of one sample, 3 rows change both: 5 count.
        (turned([4, 0.1]), 0.2, 0.95, False),
        (turned([4, 0.1]), 0.2, 1.05, True),
        # A tenth and a hundredth are slips, too; a seventh is none.
        (divided([3.75], 10), 3.375, 5, False),
        (divided([37.5], 100), 37.125, 5, False),
        (divided([3.75 * 7], 7), 22.5, 5, True),
        # No other row changes both: 2.7. One entry has at most 7.2, less the 6 digits of the fitted rate.
        (stepped([1e6, 1], 0.123456), 0.122456, 1.45, False),
        (stepped([1e6, 1], 0.123456), 0.122456, 1.55, True),
        (stepped([1e6, 0], 0.12), 0.119 * 1e6, 9, False),  # the fitted entry alone
        (stepped([3, 1, 2], 0.12345678912), 0.12245678912, 10, True),  # with all 17 digits, by the two others
    ],
)
def test_digits_of_evidence_are_counted_as_described(
    planted: Planted, least: float, digits: float, is_named: bool
) -> None:
    """The tolerance is such that the smallest difference has so many digits."""
    draft, quantity, values = planted
    solution, node = solve(build(draft)), Node(0, quantity)
    expected = Expected(values=np.array(values), is_open=np.zeros(len(values), bool))
    (check,) = check_expected(solution, {node: expected}, Tolerance(atol=least / 10**digits))
    assert not check.passed
    assert bool(check.explanations) is is_named


@pytest.mark.parametrize(("share", "is_named"), [(0.05, False), (0.15, True)])
def test_what_follows_from_expected_outputs_comes_ten_times_as_close(share: float, is_named: bool) -> None:
    """The outputs flow back. All expected values are doubled; the outputs are off by a share of that more."""
    draft = {"inputs": [[1]], "weights": [[1, 2]], "biases": [0, 0], "activation": "linear", "upstream": "outputs"}
    z, dz = np.array([[2 + share, 4 + 2 * share]]), np.array([[2.0, 4.0]])
    check = checked(solve(build(draft)), {Node(0, "z"): z, Node(0, "dz"): dz})[Node(0, "dz")]
    assert not check.passed
    assert any(WORDS["doubled"] in text for text in check.explanations) is is_named


@pytest.mark.parametrize(
    ("literals", "is_named"), [(("2.0000000000", "6.0000000000"), True), (("2.0000000001", "6.0000000003"), False)]
)
def test_rounded_values_agree_with_a_mistake_to_their_last_digit(literals: tuple[str, str], is_named: bool) -> None:
    solution, node = solve(build({"upstream": [[1, 3]], "activation": "linear"})), Node(0, "dz")
    values = np.array([[Decimal(literal) for literal in literals]], object)
    expected = Expected(values=values, is_open=np.zeros(values.shape, bool))
    (check,) = check_expected(solution, {node: expected}, Tolerance(), exact=solution)
    assert (check.different, bool(check.explanations)) == (2, is_named)


# Without its bias of -3 the second unit is active for both samples, as if its mask was forgotten.
MASKED: dict[str, Any] = TWO | {"weights": [[1, 0], [0, 0.5]], "biases": [0, -3], "upstream": [[1, 2], [3, 5]]}
RIGHT_Z, Z_WITHOUT_BIASES = [[1, -2], [3, -1]], [[1, 1], [3, 2]]


@pytest.mark.parametrize(
    ("z", "is_named"),
    [
        (None, False),  # both causes lead to the same numbers
        (RIGHT_Z, True),
        (Z_WITHOUT_BIASES, False),  # they follow from the wrong z
        ([[1, -2], [3, 1]], False),  # the derivatives of this z are wrong, too
        ([[1, -2]], False),  # a sample is missing
        ([[1, -2], [3, np.nan]], False),
    ],
)
def test_the_mask_is_named_if_pre_activations_are_not_the_cause(z: list[list[float]] | None, is_named: bool) -> None:
    problem = build({key: np.array(value) for key, value in MASKED.items()})
    node = Node(0, "dz")
    values = {node: np.array(MASKED["upstream"], float)} | ({} if z is None else {Node(0, "z"): np.array(z, float)})
    check = checked(solve(problem), values)[node]
    assert any("mask forgotten" in text for text in check.explanations) == is_named


STEPPED: dict[str, Any] = TWO | {"weights": [[1.5, 0.25], [0.75, 0.5]], "learning_rate": 0.1}


@pytest.mark.parametrize(("with_z", "activation", "is_named"), [(0, "relu", 0), (1, "relu", 1), (0, "linear", 1)])
def test_no_step_is_named_if_inactive_units_are_not_the_cause(with_z: int, activation: str, is_named: int) -> None:
    problem = build(
        {k: v if k == "learning_rate" else np.array(v) for k, v in STEPPED.items()} | {"activation": activation}
    )
    solution, node = solve(problem), Node(0, "new_weights")
    z = {Node(0, "z"): solution.layers[0].computed["z"]} if with_z else {}
    check = checked(solution, z | {node: np.array(STEPPED["weights"])})[node]
    assert check.explanations == ("a step with the learning rate 0, not 0.1",) * is_named


def test_a_mistake_is_named_where_pre_activations_are_given() -> None:
    """A part of a network: z of the last layer is given, and nothing follows in the first one without its inputs."""
    first = {"weights": np.ones((2, 2)), "biases": np.zeros(2)}
    last = {"weights": np.array([[1.5, 2.5], [3.5, 4.5]]), "z": np.array([[1.0, -2], [3, -1]])}
    problem = build({"layers": [first, last], "upstream": np.array([[1.25, 2.25], [3.25, 5.25]])})
    solution, node = solve(problem), Node(1, "dinputs")
    right = solution.layers[1].computed["dinputs"]
    expected = {Node(1, "outputs"): np.array([[1.0, 0], [3, 0]]), node: 2 * right}
    explanations = checked(solution, expected)[node].explanations
    assert any(text.startswith("the gradient doubled") for text in explanations)

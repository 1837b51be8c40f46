"""The rarer mistakes, slips of the pen, and two mistakes at once: each is planted, found and named."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise, product

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from tests.checks.more_passes import PLANTED, Planted, pass_with
from tests.checks.passes import RIGHT, WORDS, Draft, Values, checked, random_network
from tests.checks.test_mistakes import by_node, different, solved_draft
from tests.conftest import sized


def networks(planted: Planted, n_networks: int) -> Iterator[tuple[Solution, Values, dict[Node, Array]]]:
    """Yield networks with the right values and the wrong ones, where the mistake changes two entries or more."""
    found = seed = 0
    while found < n_networks:
        seed += 3  # a multiple of the number of kinds of numbers: floats
        draft = random_network(seed, square=planted.square)
        right = RIGHT(draft)
        many = {
            node: values
            for node, values in by_node(planted.wrong(draft), *planted.strikes).items()
            if node.quantity in right[node.layer]
            and values.any()
            and values.shape == right[node.layer][node.quantity].shape
            and different(values, right[node.layer][node.quantity]).sum() > 1
        }
        if many:
            found += 1
            yield solved_draft(draft), right, many


@sized("n_networks", 2, 20)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_named(name: str, n_networks: int) -> None:
    planted, named, others = PLANTED[name], 0, Counter[str]()
    for solution, right, wrong in networks(planted, n_networks):
        beside = by_node(right, "z") if planted.with_z else {}
        for node, values in wrong.items():
            explanations = checked(solution, beside | {node: values})[node].explanations
            is_named = any(words in text for text in explanations for words in planted.words.split("|"))
            named += is_named
            if not is_named:
                others[f"{node} {values.shape}: {explanations}"] += 1
    # On some networks another mistake leads to the same numbers.
    assert named > 0
    assert others.total() <= max(3, 0.05 * named), others


# Two mistakes at once: of each two of these groups, one of each.
OF_DZ = ("mask forgotten", "mask from upstream", "mask inverted", "applied to dz", "mask of the inputs")
OF_DINPUTS = ("weights untransposed", "elementwise dinputs")
OF_WEIGHTS = ("elementwise dweights", "summed before the product", "inputs untransposed")
OF_BIASES = ("wrong axis", "summed over everything", "sum of dweights", "sum of inputs")
OF_BOTH = ("the last sample", "the first sample")
FACTORS = ("sign", "doubled", "divided by n_samples", "multiplied by n_samples")
AFTER = (*OF_DINPUTS, *OF_WEIGHTS, *OF_BIASES, *OF_BOTH)
SUMS = (*OF_WEIGHTS, *OF_BIASES, *OF_BOTH)
PAIRS = [
    pair
    for pair in (
        *product(OF_DZ, (*OF_DINPUTS, *SUMS, *FACTORS, "transposed")),
        *product(OF_DINPUTS, (*SUMS, *FACTORS, "transposed")),
        *product(SUMS, FACTORS),
        *product((*OF_WEIGHTS, *FACTORS), ["transposed"]),
    )
    # Inputs have no dz; a mask of another sign is another mask.
    if pair not in {("mask from upstream", "sign"), ("applied to dz", "sign")}
    and ("sum of inputs" not in pair or pair[1] in FACTORS)
]
NAMES = {name: row.words for name, row in PLANTED.items()} | WORDS
NAMES |= {"the last sample": "the last sample alone", "the first sample": "the first sample alone"}
NAMES |= {
    "sign": "the sign is turned round|uphill",
    "multiplied by n_samples": "multiplied by n_samples|gradient doubled",
}


def is_full(explanation: str, names: tuple[str, str]) -> bool:
    return all(any(words in explanation for words in NAMES[name].split("|")) for name in names)


def passed(names: tuple[str, ...], draft: Draft) -> dict[Node, Array]:
    values = by_node(pass_with(*(name for name in names if name != "transposed"))(draft))
    return {node: array.T if "transposed" in names and array.ndim == 2 else array for node, array in values.items()}


def pairs_on(names: tuple[str, str], n_networks: int) -> Iterator[tuple[Solution, dict[Node, Array], Node, Array]]:
    """Yield networks with quantities in which both mistakes show: what both lead to is not what one alone does."""
    for seed in range(3, 3 * n_networks + 3, 3):
        draft = random_network(seed, square=True)
        right, both = by_node(RIGHT(draft)), passed(names, draft)
        others = [right, *(passed((name,), draft) for name in names)]
        for node, values in both.items():
            shows = [values.shape != other[node].shape or different(values, other[node]).sum() > 1 for other in others]
            if node in right and values.any() and all(shows) and node.quantity not in ("z", "outputs"):
                yield solved_draft(draft), by_node(RIGHT(draft), "z"), node, values


# Other names that lead to the same numbers on some networks: these do not count.
SAME_NUMBERS = "|".join(
    (
        "a step with the learning rate",  # no gradient, or a step by a multiple of one number
        "times the right values",  # where only one unit is active, all gradients of its layer have one factor
        "the inputs transposed",  # of one layer, its mask is made of them
        "mask taken from the upstream",  # where upstream has the signs of z
        "applied to dz",  # where z has the signs of upstream
        "mask forgotten",  # where no unit is active, it is the mask inverted
        "mask inverted",
        "the mean of inputs",  # a sum, divided by n_samples
        "product of (dz and weights|inputs and dz), not their matrix product$",  # transposed, too
        '"weight_layout"',  # weights untransposed in a linear layer
    )
)


@sized("n_networks", 0, 10)
def test_two_mistakes_at_once_are_named(n_networks: int) -> None:
    """Of 60 pairs, spread over all kinds of pairs, or of 10 on one network."""
    pairs = PAIRS[:: len(PAIRS) // 60][:60] if n_networks else PAIRS[::25]
    named, others, wrong = Counter[tuple[str, str]](), Counter[str](), Counter[str]()
    for names in pairs:
        for solution, z, node, values in pairs_on(names, n_networks or 1):
            explanations = checked(solution, z | {node: values})[node].explanations
            if any(is_full(text, names) for text in explanations):
                named[names] += 1
            elif not explanations:
                others[f"{names} {node}"] += 1
            elif not any(re.search(SAME_NUMBERS, text) for text in explanations):
                wrong[f"{names} {node}: {explanations}"] += 1
    assert not wrong
    assert named.total() >= 0.8 * (named.total() + others.total()), others


def written(value: float, decimals: int) -> Decimal:
    return Decimal(f"{value:.{decimals}f}")


def digits_exchanged(number: Decimal, rng: np.random.Generator) -> Decimal:
    text = str(number)
    places = [i for i in range(len(text) - 1) if text[i : i + 2].isdigit() and text[i] != text[i + 1]]
    i = places[rng.integers(len(places))]
    return Decimal(text[:i] + text[i + 1] + text[i] + text[i + 2 :])


def digit_left_out(number: Decimal, rng: np.random.Generator) -> Decimal:
    """Leave out a digit that is not the last one, which would be rounded away."""
    text = str(number)
    places = [i for i in range(len(text) - 1) if text[i].isdigit() and text[i] not in {"0", text[i + 1]}]
    i = places[rng.integers(len(places))]
    rest = text[:i] + text[i + 1 :]
    return Decimal(rest if rest.strip("-")[0] != "." else rest.replace(".", "0."))


def digit_doubled(number: Decimal, rng: np.random.Generator) -> Decimal:
    text = str(number)
    places = [i for i, digit in enumerate(text) if digit.isdigit() and (digit != "0" or i)]
    i = places[rng.integers(len(places))]
    return Decimal(text[: i + 1] + text[i:])


SLIPS: dict[str, Callable[[Decimal, np.random.Generator], Decimal]] = {
    "the sign": lambda number, _: -number,
    "the decimal point": lambda number, rng: number.scaleb(int(rng.choice([-1, 1]))),
    "two digits exchanged": digits_exchanged,
    "a digit left out": digit_left_out,
    "a digit doubled": digit_doubled,
}


def slips(n_slips: int, *, rounded: bool) -> Iterator[tuple[str, Solution, Node, Array]]:
    """Yield slips in one entry of a quantity, of at least 4 digits, written with 3 to 5 decimals, or in full."""
    rng, found, seed = np.random.default_rng(5), 0, 2 + rounded
    while found < n_slips:
        seed += 3
        draft = random_network(seed)  # floats that are rounded, or tenths
        right = by_node(RIGHT(draft))
        node = list(right)[rng.integers(len(right))]
        array, decimals = right[node], int(rng.integers(3, 6)) if rounded else 6
        numbers = np.array([written(value, decimals) for value in array.flat], object).reshape(array.shape)
        numbers = numbers if rounded else np.vectorize(lambda number: number.normalize(), otypes=[object])(numbers)
        flat = [i for i, number in enumerate(numbers.flat) if len(f"{abs(number):f}".replace(".", "").strip("0")) > 3]
        texts = [str(abs(numbers.flat[i])) for i in flat]
        flat = [
            i for i, text in zip(flat, texts, strict=True) if any(a != b for a, b in pairwise(text.partition(".")[2]))
        ]
        if array.size < 2 or not flat or not (rounded or np.allclose(numbers.astype(float), array, rtol=1e-12)):
            continue
        name = list(SLIPS)[found % len(SLIPS)]
        i = flat[rng.integers(len(flat))]
        slip = SLIPS[name](Decimal(f"{numbers.flat[i]:f}"), rng)
        if abs(float(slip) - array.flat[i]) < 2 * 10.0**-decimals:
            continue
        numbers.flat[i] = slip
        found += 1
        yield name, solved_draft(draft), node, numbers


@sized("n_slips", 10, 200)
@pytest.mark.parametrize("rounded", [False, True])
def test_a_slip_of_the_pen_is_named(n_slips: int, rounded: bool) -> None:
    named, others = 0, Counter[str]()
    for name, solution, node, numbers in slips(n_slips, rounded=rounded):
        values = Expected(values=numbers if rounded else numbers.astype(float), is_open=np.zeros(numbers.shape, bool))
        (check,) = check_expected(solution, {node: values}, Tolerance(), exact=solution if rounded else None)
        is_named = any(f": {name}, " in text for text in check.explanations)
        named += is_named
        if not is_named:
            others[f"{name} {node}: {check.explanations} {[(d.expected, d.value) for d in check.listed]}"] += 1
    assert named >= 0.9 * n_slips, others

"""The stream of integers: published numbers, every result possible, and normal numbers that are."""

from collections import Counter
from decimal import Decimal
from math import sqrt

import pytest

from backprop_cli.exercises.stream import Stream

# Of splitmix64.c with the seed 1234567: https://rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def test_it_gives_the_published_numbers() -> None:
    stream = Stream(1234567)
    assert [stream.word() for _ in PUBLISHED] == PUBLISHED


@pytest.mark.parametrize(("seed", "first"), [(0, 0xE220A8397B1DCDAF), (2**64, 0xE220A8397B1DCDAF)])
def test_a_seed_counts_modulo_the_size_of_a_word(seed: int, first: int) -> None:
    """The first number of Java's SplittableRandom(0), too."""
    assert Stream(seed).word() == first


def test_every_integer_below_n_is_equally_likely() -> None:
    stream = Stream(1)
    counts = Counter(stream.below(6) for _ in range(6000))
    assert sorted(counts) == list(range(6))
    assert sum((n - 1000) ** 2 / 1000 for n in counts.values()) < 20.5  # chi squared, 5 degrees of freedom, p = 0.001


def test_integers_below_n_have_no_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2**64 words the last 2**64 % n would make the first remainders more likely: they are drawn again."""
    stream, words = Stream(0), iter([2**64 - 1, 2**64 - 2, 4])
    monkeypatch.setattr(stream, "word", lambda: next(words))
    assert stream.below(3) == 2  # 2**64 - 1 is a multiple of 3, and so is out of range; 2**64 - 2 is 2 more than one


def test_choices_and_orders_are_all_possible() -> None:
    stream = Stream(3)
    assert {stream.choice("abc") for _ in range(100)} == set("abc")
    counts = Counter("".join(stream.shuffled("abc")) for _ in range(600))
    assert len(counts) == 6
    assert min(counts.values()) > 60


def test_normal_numbers_are_standard_and_have_28_digits() -> None:
    stream, n = Stream(5), 4000
    drawn = [stream.normal() for _ in range(n)]
    numbers = list(map(float, drawn))
    mean = sum(numbers) / n
    assert abs(mean) < 3 / sqrt(n)
    assert abs(sum((x - mean) ** 2 for x in numbers) / n - 1) < 3 * sqrt(2 / n)
    assert abs(sum(abs(x) < 1 for x in numbers) / n - 0.6827) < 3 * sqrt(0.22 / n)
    assert {len(x.as_tuple().digits) for x in drawn} <= {26, 27, 28}
    assert Stream(5).normal() == drawn[0] == Decimal("1.484116277845150924027867179")


def test_seeds_side_by_side_give_unrelated_numbers() -> None:
    bits = [bin(Stream(seed).word() ^ Stream(seed + 1).word()).count("1") for seed in range(500)]
    assert abs(sum(bits) / 500 - 32) < 0.6  # of 64 bits, each changes with the probability 1/2
    mean = sum(float(Stream(seed).normal()) * float(Stream(seed + 1).normal()) for seed in range(2000)) / 2000
    assert abs(mean) < 0.07

"""Gaps of quizzes: answers at and between ties, and wrong answers as they follow by hand from a mistake."""

from typing import Any

import pytest

from backprop_cli.exercises.quiz import Gap
from tests.exercises.exercises import quiz_of


def neuron(**values: Any) -> dict[str, Any]:
    """Return a linear neuron with one input and a gradient of 1."""
    return {"inputs": [[1]], "weights": [[1]], "biases": [0], "activation": "linear", "upstream": [[1]]} | values


def gap_of(problem: dict[str, Any], digits: int, quantity: str = "dweights") -> Gap:
    return quiz_of(problem, digits=digits, ask=[quantity]).gaps[0][0]


def wrong_of(gap: Gap, name: str) -> set[str]:
    return {wrong.answer for wrong in gap.wrong if name in wrong.names}


# dweights is the input, doubled twice the input, and with another sign its negative.
@pytest.mark.parametrize(
    ("digits", "value", "answer", "tolerance", "doubled", "turned"),
    [
        (3, 0.25, "0.250", "0.0005", {"0.500"}, {"-0.250"}),
        (3, 0.2504, "0.250", "0.0005", {"0.501"}, {"-0.250"}),
        (3, 0.0625, "0.0625", "0.0005", {"0.125"}, {"-0.063", "-0.062"}),  # a tie, and its negative
        (3, 0.1875, "0.1875", "0.0005", {"0.375"}, {"-0.188", "-0.187"}),  # half to even would be above
        (3, -0.0625, "-0.0625", "0.0005", {"-0.125"}, {"0.063", "0.062"}),
        (2, 1.005, "1.005", "0.005", {"2.01"}, {"-1.01", "-1.00"}),  # float64 lies below the tie
        (2, 0.1025, "0.10", "0.005", {"0.20", "0.21"}, {"-0.10"}),
        (2, 0.1024999, "0.10", "0.005", {"0.20"}, {"-0.10"}),  # not a tie
        (3, 0.0002, "0.000", "0.0005", set(), set()),  # both are right after rounding
        (3, 0.0003, "0.000", "0.0005", {"0.001"}, set()),
        (3, 0.0005, "0.0005", "0.0005", set(), {"-0.001"}),  # 0.001 is right, and so is 0
        (0, 2.5, "2.5", "0.5", {"5"}, {"-3", "-2"}),
        (0, -3, "-3", "0.5", {"-6"}, {"3"}),
        (1, 1e20, "100000000000000000000.0", "0.05", {"200000000000000000000.0"}, {"-100000000000000000000.0"}),
    ],
)
def test_a_gap_of_a_number(
    digits: int, value: float, answer: str, tolerance: str, doubled: set[str], turned: set[str]
) -> None:
    gap = gap_of(neuron(inputs=[[value]]), digits)
    assert (gap.entry, gap.answer, gap.tolerance) == ("dweights[0,0]", answer, tolerance)
    assert wrong_of(gap, "doubled") == doubled
    assert wrong_of(gap, "sign") == turned


# A mean over one sample changes nothing, but its float64 and the exact value differ in the last decimal that is asked.
@pytest.mark.parametrize(("x", "upstream", "digits"), [(0.1, 0.3, 15), (1e9 / 7, 1e7 / 3, 8), (1e300, 1, 0)])
def test_a_mistake_that_changes_only_the_rounding_is_left_out(x: float, upstream: float, digits: int) -> None:
    gap = gap_of(neuron(inputs=[[x]], upstream=[[upstream]]), digits)
    assert {"doubled", "sign"} <= {name for wrong in gap.wrong for name in wrong.names}
    assert all(abs(float(wrong.answer) / (x * upstream) - 1) > 1e-9 for wrong in gap.wrong)


def test_what_is_right_in_float64_is_no_mistake() -> None:
    """0.1 + 0.2 - 0.3 is 0, and a little more in float64, where the unit is active."""
    problem = neuron(inputs=[[0.1, 0.2]], weights=[[1], [1]], biases=[-0.3], activation="relu")
    gap = gap_of(problem, 1, "dz")
    assert (gap.answer, [float(wrong.answer) for wrong in gap.wrong]) == ("0.0", [-1, 2])


def test_ties_of_a_function_that_is_not_rational() -> None:
    """The output is 1/2 exactly; its derivative 1/4 is no tie of two decimals."""
    problem = neuron(inputs=[[0]], activation="sigmoid")
    assert gap_of(problem, 0, "outputs").answer == "0.5"
    assert gap_of(problem, 1, "outputs").answer == "0.5"
    assert gap_of(problem, 1, "dz").answer == "0.25"
    assert gap_of(neuron(inputs=[[1e-15]], activation="sigmoid"), 0, "outputs").answer == "1"


def test_equal_wrong_answers_are_one_that_names_all_mistakes() -> None:
    problem = neuron(inputs=[[1], [3]], upstream=[[4], [4]])  # dweights = 16; with the first sample alone 4
    gap = gap_of(problem, 2)
    (found,) = [wrong for wrong in gap.wrong if wrong.answer == "4.00"]
    assert {"one sample", "1/n_samples twice"} <= set(found.names)
    assert "the gradient of the first sample alone, sample 0, not the sum over all" in found.descriptions
    assert len({wrong.answer for wrong in gap.wrong}) == len(gap.wrong)
    for wrong in gap.wrong:
        assert len(set(wrong.names)) == len(wrong.names) <= len(set(wrong.descriptions)) == len(wrong.descriptions)


def test_a_mistake_that_overflows_is_no_answer() -> None:
    gap = gap_of(neuron(inputs=[[1e200]], weights=[[1e-200]], upstream=[[1e100]]), 0)
    assert wrong_of(gap, "doubled") == {f"{2e300:.0f}"} or all("inf" not in wrong.answer for wrong in gap.wrong)


def test_gaps_stand_in_the_order_of_the_grid() -> None:
    problem = {
        "inputs": [[1, 2], [3, 4], [5, 6]],  # two samples, each a column
        "weights": [[1, 0, 2], [0, 1, -1]],
        "biases": [0.5, -0.5],
        "activation": "linear",
        "upstream": [[1, 10], [2, 20]],
        "weight_layout": "out-in",
        "samples": "columns",
    }
    found = quiz_of(problem, digits=1, ask=["dbiases", "dweights"])
    by_place = {asked.matrix.place: gaps for asked, gaps in zip(found.exercise.asked, found.gaps, strict=True)}
    assert [(gap.entry, gap.answer) for gap in by_place["dbiases"]] == [("dbiases[0]", "11.0"), ("dbiases[1]", "22.0")]
    assert [(gap.entry, gap.answer) for gap in by_place["dweights"]] == [
        ("dweights[0,0]", "21.0"),
        ("dweights[0,1]", "43.0"),
        ("dweights[0,2]", "65.0"),
        ("dweights[1,0]", "42.0"),
        ("dweights[1,1]", "86.0"),
        ("dweights[1,2]", "130.0"),
    ]


def test_a_loss_is_one_gap() -> None:
    problem = neuron(inputs=[[3]], loss="squared_error", targets=[[1]]) | {"upstream": None}
    del problem["upstream"]
    gap = gap_of(problem, 1, "loss")  # (3 - 1)^2
    assert (gap.entry, gap.answer) == ("loss", "4.0")
    assert wrong_of(gap, "factor of squares") == {"2.0"}

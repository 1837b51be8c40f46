"""The table of losses: names, reductions, values from publications and by hand, and what a loss refuses."""

import math
import re
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.loss_domains import no_class, one_hot
from backprop_cli.core.loss_names import FRAMEWORK_NAMES, loss
from backprop_cli.core.losses import LOSSES, Loss, scale
from backprop_cli.core.written import sums_to_one

ROWS = [pytest.param(row, id=name) for name, row in LOSSES.items()]
EXACT = [row for row in (*LOSSES.values(), loss("huber(0.1)")) if row.exact]
INF, NAN = math.inf, math.nan

ANY_VALUES = "binary_cross_entropy_with_logits takes any values, those before a sigmoid"


# Names


def test_a_row_is_found_by_its_name() -> None:
    assert all(loss(name) is row and row.name == name for name, row in LOSSES.items())
    assert loss("huber") is LOSSES["huber(1)"]
    assert [row.name for row in LOSSES.values() if row.per_sample] == [
        "cross_entropy", "cross_entropy_with_logits", "nll",
    ]  # fmt: skip
    assert [row.name for row in EXACT] == [
        "squared_error", "half_squared_error", "absolute_error", "huber(1)", "huber(0.1)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("MSELoss", "squared_error"),
        ("mse", "squared_error"),
        ("mean_squared_error", "squared_error"),
        ("L1Loss", "absolute_error"),
        ("mae", "absolute_error"),
        ("mean_absolute_error", "absolute_error"),
        ("HuberLoss", "huber(1)"),
        ("BCELoss", "binary_cross_entropy"),
        ("binary_crossentropy", "binary_cross_entropy"),
        ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
        ("CrossEntropyLoss", "cross_entropy_with_logits"),
        ("categorical_crossentropy", "cross_entropy"),
        ("sparse_categorical_crossentropy", "cross_entropy"),
        ("Loss_CategoricalCrossentropy", "cross_entropy"),
        ("NLLLoss", "nll"),
    ],
)
def test_names_of_frameworks(theirs: str, ours: str) -> None:
    assert FRAMEWORK_NAMES[theirs] == (ours, "mean")
    assert loss(theirs) is LOSSES[ours]
    assert len(FRAMEWORK_NAMES) == 15


@pytest.mark.parametrize("parameter", ["0.5", ".5", "5e-1", "0.50", " 0.5 ", "5E-01", "0.05e+1"])
def test_a_parameter_is_a_decimal(parameter: str) -> None:
    row = loss(f"huber({parameter})")
    assert row.name == f"huber({parameter.strip()})"
    assert row.value(np.array([[0.5, 2.0]]), np.zeros((1, 2))).tolist() == [[0.125, 0.5 * (2 - 0.25)]]


POSITIVE = "expected a positive number in brackets, as in 'huber(0.5)', got "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("squared", "unknown loss 'squared'; did you mean 'squared_error'?"),
        ("MSELOSS", "unknown loss 'MSELOSS'; did you mean 'MSELoss'?"),
        ("CrossEntropy", "unknown loss 'CrossEntropy'; did you mean 'CrossEntropyLoss'?"),
        ("hubert(2)", "unknown loss 'hubert(2)'; did you mean 'huber(1)'?"),
        ("Huber", "unknown loss 'Huber'; did you mean 'huber(1)'?"),
        ("bce", "unknown loss 'bce'; did you mean 'binary_cross_entropy'?"),
        ("BCE", "unknown loss 'BCE'; did you mean 'binary_cross_entropy'?"),
        ("bce(1)", "unknown loss 'bce(1)'; did you mean 'binary_cross_entropy'?"),
        ("ce", "unknown loss 'ce'; did you mean 'cross_entropy'?"),
        ("CCE", "unknown loss 'CCE'; did you mean 'cross_entropy'?"),
        ("scce", "unknown loss 'scce'; did you mean 'cross_entropy'?"),
        ("log_loss", "unknown loss 'log_loss'; did you mean 'binary_cross_entropy'?"),
        ("l1", "unknown loss 'l1'; did you mean 'absolute_error'?"),
        ("smooth_l1", "unknown loss 'smooth_l1'; did you mean 'huber(1)'?"),
        ("SmoothL1Loss", "unknown loss 'SmoothL1Loss'; did you mean 'HuberLoss'?"),
        ("sse", "unknown loss 'sse'; did you mean 'squared_error'?"),
        ("CELoss", "unknown loss 'CELoss'; did you mean 'CrossEntropyLoss'?"),
        ("mse_loss", "unknown loss 'mse_loss'; did you mean 'MSELoss'?"),
        ("bce_loss", "unknown loss 'bce_loss'; did you mean 'BCELoss'?"),
        ("nll_loss", "unknown loss 'nll_loss'; did you mean 'NLLLoss'?"),
        ("c", f"unknown loss 'c' (expected one of {', '.join(LOSSES)})"),
        ("hinge", f"unknown loss 'hinge' (expected one of {', '.join(LOSSES)})"),
        ("", f"unknown loss '' (expected one of {', '.join(LOSSES)})"),
        ("nll(1)", "nll takes no number in brackets"),
        ("mse(1)", "mse takes no number in brackets"),
        ("HuberLoss(2)", "HuberLoss takes no number in brackets; write 'huber(0.5)' and the reduction 'mean'"),
        ("x" * 1000, f"unknown loss '{'x' * 40}' (expected one of {', '.join(LOSSES)})"),
        *(
            (text, f"{POSITIVE}{text[:40]!r}")
            for text in (
                "huber()", "huber(0)", "huber(-1)", "huber(1", "huber(1)2", "huber(one)", "huber(1,2)", "huber(nan)",
                "huber(inf)", "huber(1_0)", "huber(\u0661)", "huber(1e400)", "huber(1e-400)", "huber(1e999999999)",
                f"huber({'1' * 41})",
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_loss(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as found:
        loss(text)
    assert str(found.value) == reason


# Reductions


@pytest.mark.parametrize(
    ("name", "reduction", "mean_gradients", "denominators"),
    [
        ("squared_error", "sum", False, (1, 1)),
        ("squared_error", "mean", False, (12, 12)),
        ("squared_error", "batch_mean", False, (3, 3)),
        ("squared_error", "sum", True, (3, 1)),
        ("squared_error", "mean", True, (12, 4)),
        ("squared_error", "batch_mean", True, (3, 1)),
        ("nll", "sum", False, (1, 1)),
        ("nll", "mean", False, (3, 3)),
        ("nll", "batch_mean", False, (3, 3)),
        ("nll", "sum", True, (3, 1)),
        ("nll", "mean", True, (3, 1)),
        ("nll", "batch_mean", True, (3, 1)),
    ],
)
def test_denominators_of_three_samples_and_four_neurons(
    name: str, reduction: str, mean_gradients: bool, denominators: tuple[int, int]
) -> None:
    assert scale(LOSSES[name], reduction, 3, 4, mean_gradients=mean_gradients) == denominators


# Values from publications

CANDLE = [
    [1.105, 0.3013, -1.5394, -2.1528, -0.8634],
    [1.073, -0.9419, -0.167, -0.6582, 0.5061],
    [0.8318, 1.1154, -0.361, 0.5351, 1.083],
]
CANDLE_BINARY = [
    [2.3611, -0.8813, -0.5006, -0.2178],
    [0.0419, 0.0763, -1.0457, -1.6692],
    [-1.0494, 0.8111, 1.5723, 1.2315],
    [1.3081, 0.6641, 1.1802, -0.2547],
    [0.5292, 0.7636, 0.3692, -0.8318],
]
DFDX = [
    [1.0095837, -1.0026205, -0.1126093, -0.1539351, -0.3688708],
    [2.6373475, 0.6761999, -1.3586733, 0.486154, -0.6206786],
    [-1.2967702, -0.1273358, 1.3558478, 0.0787393, 1.0921133],
]
DFDX_TARGETS = [
    [1.2569424, -1.2246597, 0.7995769, 0.0339246, -0.3688708],
    [1.472675, 0.8260061, 0.7839395, -0.0541475, -0.6206786],
    [-2.0449343, 1.8117315, 1.7505344, -1.2522424, 1.0921133],
]
DFDX_HUBER = [
    [-0.016490579, 0.014802615, -0.033333335, -0.012523981, 0],
    [0.033333335, -0.0099870805, -0.033333335, 0.033333335, 0],
    [0.033333335, -0.033333335, -0.02631244, 0.033333335, 0],
]
DFDX_ROW = [[0.87248087, -0.24252531, -1.0060949, 1.155084, 1.5545048]]
DFDX_ROW_TARGETS = [[-0.90954804, -1.0193185, -0.39221755, 2.2524886, 1.3035554]]


@pytest.mark.parametrize(
    ("name", "y", "t", "value", "gradient", "within"),
    [
        # github.com/huggingface/candle, candle-nn/tests/loss.rs: made with PyTorch, 4 decimals
        ("CrossEntropyLoss", CANDLE, [1, 0, 4], 1.1312, None, 5.1e-5),
        ("BCEWithLogitsLoss", CANDLE_BINARY, one_hot(np.array([1, 1, 3, 0, 2]), 4), 0.8224, None, 5.1e-5),
        # github.com/coreylowman/dfdx, dfdx-core/src/losses.rs: made with PyTorch in float32
        ("huber(0.5)", DFDX, DFDX_TARGETS, 0.24506615, DFDX_HUBER, 3e-8),
        ("mae", DFDX_ROW, DFDX_ROW_TARGETS, 0.9042107, [[0.2, 0.2, -0.2, -0.2, 0.2]], 1.2e-7),
        ("mse", DFDX_ROW, DFDX_ROW_TARGETS, 1.0846305,
         [[0.7128116, 0.31071725, -0.24555098, -0.43896183, 0.10037976]], 1.2e-7),
    ],
)  # fmt: skip
def test_published_means(name: str, y: Any, t: Any, value: float, gradient: Any, within: float) -> None:
    row, y, t = loss(name), np.array(y), np.array(t)
    t = one_hot(t, y.shape[1]) if t.ndim == 1 else t
    denominators = scale(row, "mean", *y.shape)
    assert row.value(y, t).sum() / denominators.loss == pytest.approx(value, abs=within, rel=0)
    if gradient is not None:
        assert row.gradient(y, t) / denominators.upstream == pytest.approx(np.array(gradient), abs=within, rel=0)


def test_published_log_softmax_and_nll() -> None:
    """candle tests that nll of log_softmax is the cross-entropy, with the same mean."""
    z, t = np.array(CANDLE), one_hot(np.array([1, 0, 4]), 5)
    log_softmax = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    assert LOSSES["nll"].value(log_softmax, t).sum() / 3 == pytest.approx(1.1312, abs=5.1e-5)
    assert LOSSES["nll"].matched["log_softmax"].value(z, t).sum() / 3 == pytest.approx(1.1312, abs=5.1e-5)


def test_published_gradients_of_soft_targets() -> None:
    """github.com/tracel-ai/burn, crates/burn-backend-tests/tests/autodiff/cross_entropy.rs: 5 decimals."""
    inputs, weights = np.array([[0.0, 1], [3, 4]]), np.array([[6.0, 7], [9, 10]])
    dz = loss("CrossEntropyLoss").gradient(inputs @ weights, np.array([[0.8, 0.2], [0.9, 0.1]])) / 2
    assert inputs.T @ dz == pytest.approx(np.array([[-1.34863, 1.34863], [-2.06371, 2.06371]]), abs=5.1e-6)
    assert dz @ weights.T == pytest.approx(np.array([[0.26553, 0.26553], [0.44954, 0.44954]]), abs=5.1e-6)


# Values by hand


@pytest.mark.parametrize(
    ("name", "y", "t", "value", "gradient"),
    [
        ("squared_error", 3, 1, 4, 4),
        ("half_squared_error", 3, 1, 2, 2),
        ("half_squared_error", 1.5e154, 0, 1.125e308, 1.5e154),  # the square is beyond the range
        ("absolute_error", 3, 1, 2, 1),
        ("absolute_error", -3, 1, 4, -1),
        ("absolute_error", 1, 1, 0, 0),
        ("absolute_error", -0.0, 0, 0, 0),
        ("huber(2)", 3, 1, 2, 2),
        ("huber(2)", -1, 1, 2, -2),
        ("huber(2)", 5, 1, 6, 2),
        ("huber(2)", -3, 1, 6, -2),
        ("huber", 1, 1, 0, 0),
        ("binary_cross_entropy", 0.5, 0.5, math.log(2), 0),
        ("binary_cross_entropy", 0.25, 1, math.log(4), -4),
        ("binary_cross_entropy", 0.75, 0, math.log(4), 4),
        ("binary_cross_entropy", 0, 0, 0, 1),  # the limit of 1 / (1 - y)
        ("binary_cross_entropy", 1, 1, 0, -1),
        ("binary_cross_entropy", 5e-324, 1, 744.4400719213812, -INF),
        ("binary_cross_entropy_with_logits", 0, 0.25, math.log(2), 0.25),
        ("cross_entropy", 0.5, 2, 2 * math.log(2), -4),
        ("cross_entropy", 0, 0, 0, 0),
        ("cross_entropy", -3, 0, 0, 0),
        ("cross_entropy", 2, 1, -math.log(2), -0.5),
        ("cross_entropy_with_logits", 7, 1, 0, 0),  # the softmax of one neuron is 1
        ("nll", -2, 3, 6, -3),
        ("nll", -2, 0, 0, 0),
        ("nll", 2, 0, 0, 0),
    ],
)
def test_values_by_hand(name: str, y: float, t: float, value: float, gradient: float) -> None:
    row, outputs, targets = loss(name), np.array([[float(y)]]), np.array([[float(t)]])
    found = np.array([row.value(outputs, targets)[0, 0], row.gradient(outputs, targets)[0, 0]])
    assert found == pytest.approx(np.array([value, gradient]), rel=1e-15, abs=0)
    assert not np.signbit(found[found == 0]).any()


def test_softmax_by_hand() -> None:
    """exp(z) is 1, 2, 5 (the sum is 8), for targets of one class, of a sum of 4, and of negative numbers."""
    z = np.log(np.array([[1.0, 2, 5]] * 3))
    t = np.array([[0.0, 1, 0], [1, 1, 2], [-1, 0, 2]])
    row = LOSSES["cross_entropy_with_logits"]
    logs = np.log(np.array([8, 4, 8 / 5]))
    assert row.value(z, t) == pytest.approx(t * logs, rel=1e-15)
    assert row.gradient(z, t) * 8 == pytest.approx(
        np.array([[1, -6, 5], [-4, 0, 4], [9, 2, -11]]), rel=1e-15, abs=1e-15
    )
    assert row.value(np.array([[1e308, -1e308]]), np.array([[1.0, 0]])).tolist() == [[0, 0]]
    assert row.gradient(np.array([[1e308, -1e308]]), np.array([[0.0, 1]])).tolist() == [[1, -1]]


def fractions(*numbers: str) -> Any:
    array = np.empty((1, len(numbers)), dtype=object)
    array[0] = [Fraction(number) for number in numbers]
    return array


@pytest.mark.parametrize(
    ("name", "values", "gradients"),
    [
        ("squared_error", ["0.01", "4.41", "0", "1/9"], ["0.2", "-4.2", "0", "2/3"]),
        ("half_squared_error", ["0.005", "2.205", "0", "1/18"], ["0.1", "-2.1", "0", "1/3"]),
        ("absolute_error", ["0.1", "2.1", "0", "1/3"], ["1", "-1", "0", "1"]),
        ("huber", ["0.005", "1.6", "0", "1/18"], ["0.1", "-1", "0", "1/3"]),
        ("huber(0.1)", ["0.005", "0.205", "0", "17/600"], ["0.1", "-0.1", "0", "0.1"]),
    ],
)
def test_fractions_stay_fractions(name: str, values: list[str], gradients: list[str]) -> None:
    """The differences are 1/10, exactly so in fractions only, -21/10, 0 and 1/3."""
    row, y, t = loss(name), fractions("0.3", "-2", "7", "1/3"), fractions("0.2", "0.1", "7", "0")
    assert row.value(y, t).tolist() == fractions(*values).tolist()
    assert row.gradient(y, t).tolist() == fractions(*gradients).tolist()
    assert row.exact


# Types and buffers


def random_case(dtype: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    y, t = (rng.uniform(0.01, 0.99, (4, 3)).astype(dtype) for _ in "yt")
    return y, t


@pytest.mark.parametrize("row", [*ROWS, loss("huber(0.1)")])
def test_float32_stays_float32(row: Loss) -> None:
    y, t = random_case(np.float32)
    functions = [row.value, row.gradient]
    functions += [function for pair in row.matched.values() for function in pair[:2]]
    for function in functions:
        found = function(y, t)
        assert found.dtype == np.float32
        assert found == pytest.approx(function(y.astype(float), t.astype(float)), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("row", ROWS)
def test_a_buffer_takes_the_same_values(row: Loss) -> None:
    y, t = random_case(np.float64)
    copies = y.copy(), t.copy()
    for function in (row.gradient, *(pair.dz for pair in row.matched.values())):
        out = np.full_like(y, 7)
        assert function(y, t, out) is out
        assert out.tolist() == function(y, t).tolist()
    row.value(y, t)
    assert (y.tolist(), t.tolist()) == (copies[0].tolist(), copies[1].tolist())


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("shape", [(2, 33_000), (601, 70), (33_001, 1)])
def test_large_arrays_have_the_same_values_as_their_rows(row: Loss, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    y, t = rng.uniform(0.01, 0.99, shape), rng.uniform(size=shape)
    functions = [row.value, row.gradient, *(function for pair in row.matched.values() for function in pair[:2])]
    for function, n in product(functions, [0, shape[0] // 2, shape[0] - 1]):
        assert function(y, t)[n] == pytest.approx(function(y[n : n + 1], t[n : n + 1])[0], rel=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_says_whether_it_couples_neurons(row: Loss) -> None:
    y, t = random_case(np.float64)
    moved = y.copy()
    moved[:, 0] += 0.005
    changed = row.gradient(moved, t) != row.gradient(y, t)
    assert changed[:, 1:].any() == row.couples


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_its_kinks(row: Loss) -> None:
    """Where the gradient jumps: between two neighbours of t, by more than the distance explains."""
    t = np.full((1, 2), 0.5)
    y = np.nextafter(t, [[0, 1]])
    left, right = row.gradient(y, t)[0]
    assert (abs(right - left) > 1e-9) == bool(row.kinks)
    assert bool(row.kinks) == bool(row.kink_written)
    assert all(row.gradient(t + kink, t).tolist() == [[0, 0]] for kink in row.kinks)


# Words


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def evaluated(text: str, total: float, probabilities: dict[str, float], **names: float) -> float:
    """Return the value of an expression in the words of a row, with `|x|` for the size of x and `^` for powers."""
    python = re.sub(r"\|([^|]*)\|", r"abs(\1)", text).replace("^", "**")
    python = python.replace("(sum of the targets)", str(total))
    known = {"log": math.log, "sign": np.sign, "abs": abs, "max": max, "min": min, "sigmoid": sigmoid}
    return float(eval(python, {"__builtins__": {}}, known | names | {"softmax": lambda z: probabilities[str(z)]}))  # noqa: S307


@pytest.mark.parametrize("row", [*ROWS, loss("huber(0.25)")])
def test_words_say_what_the_functions_do(row: Loss) -> None:
    y, t = random_case(np.float64)
    exponentials = np.exp(y)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    written = [(row.value_written, row.value), (row.gradient_written, row.gradient)]
    written += [(pair.dz_written, pair.dz) for pair in row.matched.values()]
    for text, function in written:
        expected = [
            [
                evaluated(
                    text.format(y="a", t="b", z="a"), t[n].sum(), {str(y[n, j]): softmax[n, j]}, a=y[n, j], b=t[n, j]
                )
                for j in range(y.shape[1])
            ]
            for n in range(y.shape[0])
        ]
        assert function(y, t) == pytest.approx(np.array(expected), rel=1e-13)


@pytest.mark.parametrize("row", ROWS)
def test_templates_are_whole(row: Loss) -> None:
    pairs = [(pair.dz_written, pair.dz_tex) for pair in row.matched.values()]
    for words, tex in [(row.value_written, row.value_tex), (row.gradient_written, row.gradient_tex), *pairs]:
        assert words.isascii()
        filled = tex.format(y="Y_{1}", t="T_{2}", z="Z_{3}")
        assert filled.count("{") == filled.count("}")
        assert not re.search(r"\{\{|\}\}\}", filled.replace("}}", "} }"))
        assert ("T_{2}" in filled) == ("{t}" in words)
        assert ("Y_{1}" in filled) == ("{y}" in words)
        assert ("Z_{3}" in filled) == ("{z}" in words)
    assert "{" not in row.kink_written.format(y="y", t="t")
    assert row.title


# What a loss refuses

OUTSIDE = "binary_cross_entropy needs outputs from 0 to 1, got "
SIGMOID = "binary_cross_entropy would be infinite; binary_cross_entropy_with_logits takes the values before the sigmoid"
SOFTMAX = "cross_entropy needs outputs greater than 0; cross_entropy_with_logits takes the values before the softmax"


@pytest.mark.parametrize(
    ("name", "y", "t", "index", "reason"),
    [
        ("binary_cross_entropy", [[0.5, 1.5]], [[0, 1]], (0, 1), f"{OUTSIDE}1.5; {ANY_VALUES}"),
        ("binary_cross_entropy", [[0.5], [-0.25]], [[0], [1]], (1, 0), f"{OUTSIDE}-0.25; {ANY_VALUES}"),
        ("binary_cross_entropy", [[0.5], [NAN]], [[0], [1]], (1, 0), f"{OUTSIDE}nan; {ANY_VALUES}"),
        ("binary_cross_entropy", [[0, 0]], [[0, 1]], (0, 1), f"log(0) with the target 1.0: {SIGMOID}"),
        ("binary_cross_entropy", [[0, 1]], [[0, 0.5]], (0, 1), f"log(1 - 1) with the target 0.5: {SIGMOID}"),
        ("cross_entropy", [[0, 0]], [[0, 1]], (0, 1), f"log(0) with the target 1.0: {SOFTMAX}"),
        ("cross_entropy", [[-0.0, 1]], [[0.5, 0]], (0, 0), f"log(0) with the target 0.5: {SOFTMAX}"),
        ("cross_entropy", [[1, -2]], [[0, 1]], (0, 1), f"log(-2.0) with the target 1.0: {SOFTMAX}"),
    ],
)
def test_outputs_that_a_loss_refuses(name: str, y: Any, t: Any, index: tuple[int, ...], reason: str) -> None:
    assert LOSSES[name].refused(np.array(y, float), np.array(t, float)) == (index, reason)


@pytest.mark.parametrize(
    ("name", "y", "t"),
    [
        ("binary_cross_entropy", [[0, 1, 0.5, 5e-324]], [[0, 1, 0.5, 1]]),
        ("cross_entropy", [[0, -1, 5e-324, 7]], [[0, 0, 1, 1]]),
        ("nll", [[3, -5]], [[1, 0]]),
        ("squared_error", [[-3, 0]], [[0, 1]]),
        ("binary_cross_entropy_with_logits", [[-3, 0]], [[0, 1]]),
    ],
)
def test_outputs_that_a_loss_accepts(name: str, y: Any, t: Any) -> None:
    row, outputs, targets = LOSSES[name], np.array(y, float), np.array(t, float)
    assert row.refused(outputs, targets) is None
    assert np.isfinite(row.value(outputs, targets)).all()


@pytest.mark.parametrize("row", ROWS)
def test_targets_that_a_loss_refuses(row: Loss) -> None:
    binary = row.name.startswith("binary")
    for t in (1.5, -0.25, NAN):
        expected = ((1, 0), f"binary cross-entropy needs targets from 0 to 1, got {t}") if binary else None
        assert row.refused_targets(np.array([[0.0, 1], [t, 0.5]])) == expected
    assert row.refused_targets(np.array([[0.0, 1, 0.5]])) is None


@pytest.mark.parametrize(
    ("t", "note"),
    [
        ([[0, 1], [0.25, 0.75]], None),
        ([[0.1] * 10], None),  # the sum is 0.9999999999999999
        (np.full((2, 3), 1 / 3, np.float32), None),
        (np.full((1, 100), 0.01, np.float32), None),  # the sum in float32 is 0.99999982
        ([[0.33333334, 0.33333334, 0.33333334]], None),  # the same, read from text
        ([[0, 1], [0.3333, 0.6666]], ((1,), "the targets of this sample sum to 0.9999, not 1")),
        ([[1, 1]], ((0,), "the targets of this sample sum to 2, not 1")),
        ([[0, 1], [0, 0]], ((1,), "the targets of this sample sum to 0, not 1")),
        ([[0, 1], [2, -1]], ((1,), "the targets of this sample sum to 1, but one is negative")),
        ([[1e308, 1e308]], ((0,), "the targets of this sample sum to inf, not 1")),
        (np.array([[Fraction(10) ** 400, 1]]), ((0,), "the targets of this sample sum to 1e+400, not 1")),
        (np.array([[Fraction(1, 3)] * 3]), None),
    ],
)
def test_a_note_on_targets(t: Any, note: Any) -> None:
    targets = np.asarray(t, getattr(t, "dtype", float))
    for row in LOSSES.values():
        assert row.targets_note(targets) == (note if row.per_sample else None)
    assert sums_to_one(targets) == (note is None or "sum to 1," in note[1])


# Class numbers


@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
def test_class_numbers_become_targets(dtype: Any) -> None:
    for numbers in (np.array([2, 0]), np.array([2.0, 0.0])):
        targets = one_hot(numbers, 3, dtype)
        assert targets.dtype == dtype
        assert targets.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("number", [3, -1, 0.5, NAN, INF, 1e300])
def test_a_number_of_no_class(number: float) -> None:
    classes = np.array([0, number])
    reason = f"expected a class number from 0 to 2, got {classes[1]}"
    assert no_class(classes, 3) == ((1,), reason)
    with pytest.raises(ValueError, match=re.escape(f"[1]: {reason}")):
        one_hot(classes, 3)

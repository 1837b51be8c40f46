"""Networks of every kind are explained: what a page says is worked out again, by a calculator that reads it.

The calculator knows the textbook's definition of each function; the rest is the page's own arithmetic.
"""

import json
import math
import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.losses import LOSSES
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.schema import build
from backprop_cli.render import json as render_json
from backprop_cli.render import markdown
from backprop_cli.render.terminal import explanation as terminal
from backprop_cli.render.terminal import worked as page_of
from backprop_cli.render.terminal.page import Look

HIDDEN = [
    *("relu", "leaky_relu", "leaky_relu(0.2)", "linear", "sigmoid", "tanh", "softplus", "elu", "elu(1.5)", "silu"),
    *("gelu", "softmax", "log_softmax"),
]
OF_PROBABILITIES = {"binary_cross_entropy": ["sigmoid", "softmax"], "cross_entropy": ["softmax", "sigmoid", "softplus"]}
PRECISION = 17
MOST = 12  # networks, of 100 under `pytest -m full`
BESIDE = r" \(inactive\)|; sum so far .*|^ *- |through upstream: "  # an equation, no part of it
QUANTITY = r"\b(?:d?z|d?inputs|d?weights|d?biases|learning_rate|outputs|upstream|targets|loss)\b"
IN_NAMES = rf"{QUANTITY}|[a-z\d]\[|\[[-.\d ]|terms|[$|]|n_samples"  # a side of an equation that is no number


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def gelu_derivative(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2 + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def with_derivative(name: str, value: Any, derivative: Any) -> dict[str, Any]:
    return {name: value, f"{name}_d": derivative}


FUNCTIONS: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("exp", "log")},
    "max": max,
    "min": min,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    **with_derivative("sigmoid", sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    **with_derivative("tanh", math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    **with_derivative("softplus", lambda z: math.log(1 + math.exp(z)), sigmoid),
    **with_derivative("silu", lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    **with_derivative("gelu", lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2, gelu_derivative),
    **with_derivative("relu", lambda z: max(z, 0), lambda z: float(z > 0)),
    **with_derivative("leaky_relu", lambda z, a: z if z > 0 else a * z, lambda z, a: 1 if z > 0 else a),
    **with_derivative(
        "elu", lambda z, a: z if z > 0 else a * (math.exp(z) - 1), lambda z, a: 1 if z > 0 else a * math.exp(z)
    ),
}


def evaluate(text: str, values: dict[str, float] | None = None) -> float:
    """Return the value of a formula as a page writes it; the names of entries stand for `values`."""
    for name, value in sorted((values or {}).items(), key=lambda item: -len(item[0])):
        text = text.replace(name, f"({value!r})")
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text.replace("'(", "_d(")).replace("^", "**")
    return float(eval(text, {"__builtins__": {}}, FUNCTIONS))  # noqa: S307 (of our own output)


def sizes(text: str) -> float:
    """Return the sum of the sizes of the numbers in a formula, which its rounding errors grow with."""
    return 1 + sum(abs(float(number)) for number in re.findall(r"\d+\.?\d*(?:e[-+]\d+)?", text))


def random_draft(rng: random.Random, loss: str) -> dict[str, Any]:
    n_samples, n_layers = rng.randint(1, 3), rng.choice([1, 2, 2])
    widths = [rng.randint(1, 2) for _ in range(n_layers)] + [rng.randint(2, 4)]
    columns, layout = rng.random() < 0.4, rng.choice(["in-out", "out-in"])
    probabilities = OF_PROBABILITIES.get(loss)

    def matrix(rows: int, cols: int, *, turned: bool) -> list[list[float]]:
        values = np.array([[round(rng.uniform(-1.5, 1.5), 3) for _ in range(cols)] for _ in range(rows)])
        found: list[list[float]] = (values.T if turned else values).tolist()
        return found

    layers = []
    for k in range(n_layers):
        layer: dict[str, Any] = {"weights": matrix(widths[k], widths[k + 1], turned=layout == "out-in")}
        if rng.random() < 0.7:
            layer["biases"] = matrix(1, widths[k + 1], turned=False)[0]
        layer["activation"] = rng.choice(probabilities if probabilities and k == n_layers - 1 else HIDDEN)
        layers.append(layer)
    draft = {
        "inputs": matrix(n_samples, widths[0], turned=columns),
        "layers": layers,
        "weight_layout": layout,
        "samples": "columns" if columns else "rows",
        "loss": loss,
        "reduction": rng.choice(["sum", "mean", "batch_mean"]),
        "mean_gradients": rng.random() < 0.4,
        "learning_rate": 0.25,
    }
    if LOSSES.get(loss, LOSSES["huber(1)"]).per_sample and rng.random() < 0.5:
        targets: Any = [rng.randrange(widths[-1]) for _ in range(n_samples)]
    else:
        values = np.array(matrix(n_samples, widths[-1], turned=False))
        targets = np.abs(values) % 1 if "entropy" in loss else values
        targets = (targets.T if columns else targets).tolist()
    return draft | {"targets": targets}


def every_problem() -> Iterator[Any]:
    for seed in range(100):
        loss = list(LOSSES)[seed % len(LOSSES)] if seed % 11 else "huber(0.5)"
        yield pytest.param(seed, loss, marks=[pytest.mark.full] * (seed >= MOST))


def random_index(rng: random.Random, problem: Problem, node: Node) -> tuple[int, ...]:
    layer = problem.layers[node.layer]
    size = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    return tuple(rng.randrange(size[axis] or 1) for axis in problem.axes(node.quantity))


def check_json(found: dict[str, Any], values: dict[str, float]) -> int:
    """Work out every explanation in a tree again, and return how many there are."""
    assert found["value"] == pytest.approx(values[found["entry"]], rel=1e-12)
    if "terms" not in found:
        return 1
    total = scale = 0.0
    for term in found["terms"]:
        factors = {factor["name"]: factor["value"] for factor in term["factors"]}
        for name in factors.keys() & values.keys():
            assert factors[name] == pytest.approx(values[name], rel=1e-12)
        if "function" in term:
            names = list(factors) if len(factors) != 2 or "[" in term["function"] else ["y", "t"]
            names = ["z"] if len(factors) == 1 and "[" not in term["function"] else names
            worked = evaluate(term["function"], dict(zip(names, factors.values(), strict=True)))
        else:
            worked = math.prod([term.get("coefficient", 1), *factors.values()])
        assert term["value"] == pytest.approx(worked, rel=1e-9, abs=1e-12)
        total, scale = total + term["value"], scale + abs(term["value"])
    assert total / found.get("divisor", 1) == pytest.approx(found["value"], rel=0, abs=1e-12 * scale)
    if "through_upstream" in found:
        terms = [term["value"] for term in found["through_upstream"]["terms"]]
        assert math.fsum(terms) == pytest.approx(found["value"], rel=0, abs=1e-9 * sum(map(abs, terms)))
    return 1 + sum(check_json(source, values) for source in found.get("from", []))


def check_lines(page: str) -> int:
    """Work out every equation of a page whose sides are numbers again, and return how many there are."""
    found = 0
    page = re.sub(r"\n +(?=[-=+*/] )", " ", page)  # the steps of an entry in one line
    for line in page.replace("`", "").replace(r"\|", "|").splitlines():
        parts = re.sub(BESIDE, "", line).split(" = ")
        sides = [part.strip(" .") for part in parts if not re.search(IN_NAMES, part)]
        if len(parts) > 1 and sides and re.fullmatch(r"-?[\d.e+-]+", sides[-1]):
            for side in sides[:-1]:
                assert not re.search(r"[-+*/] ?-", side.replace("e-", "")), line  # a negative number has brackets
                assert evaluate(side) == pytest.approx(float(sides[-1]), rel=1e-9, abs=1e-9 * sizes(side)), line
                found += 1
    return found


@pytest.mark.parametrize(("seed", "loss"), list(every_problem()))
def test_what_is_said_of_a_random_network_is_right(seed: int, loss: str) -> None:
    rng = random.Random(seed)
    problem = build(random_draft(rng, loss))
    solution = solve(problem)
    values = {
        f"{place}[{','.join(map(str, index))}]" if index else place: float(value)
        for place, matrix in solution.matrices()
        for index, value in np.ndenumerate(matrix)
    }
    look, checked = Look(wraps=False), 0
    for node in problem.nodes:
        found = explain(problem, node, random_index(rng, problem, node), Extent(depth=100, terms=100, whole=True))
        assert check_json(json.loads(render_json.explanation(found)), values)
        assert found.value == values[found.entry]
        checked += check_lines(terminal.explanation(found, look, PRECISION))
        checked += check_lines(markdown.explanation(found, PRECISION))
    assert checked > 3 * len(problem.nodes)
    whole = worked(problem, Extent())
    for step in json.loads("".join(render_json.worked(whole)))["walk"]:
        check_json(step, values)
    assert check_lines(page_of.worked(whole, look, PRECISION, 0)) >= len(problem.layers)
    assert markdown.worked(whole, PRECISION, 0).count("### ") == len(whole.steps)

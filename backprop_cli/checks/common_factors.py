"""A factor that all values have in common, named by what it may be."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.arrays import unraveled

_MOST_FACTORS = 3  # of a name: 2 / (n_samples * n_neurons)
_MOST_NAMES = 3


def common_factor(case: Case) -> Iterator[Candidate]:
    """Yield the right values times the factor that fits the largest: one that has a name, or any other."""
    right, expected = case.right, case.accepted.expected
    if right.shape != expected.shape:
        return
    largest = unraveled(int(np.argmax(np.where(case.accepted.is_open, 0, np.abs(right)))), right.shape)
    with np.errstate(all="ignore"):
        fitted = float(expected[largest] / right[largest])
    if not np.isfinite(fitted) or fitted in (0, 1):
        return
    named = _names(case)
    factors = [factor for factor in named if case.agrees(float(factor) * right)]
    if factors:
        factor = min(factors, key=lambda factor: abs(float(factor) - fitted))
        text = f"{factor} times the right values: the factor {factor} may be {', or '.join(named[factor])}"
        yield Candidate(description=text, value=float(factor) * right, tries=len(named))
        return
    for digits in (*range(1, 7), 17):
        factor = float(f"{fitted:.{digits}g}")
        if factor != 1 and case.agrees(factor * right):
            text = f"{factor:g} times the right values"
            yield Candidate(description=text, value=factor * right, fitted=largest, fitted_digits=digits)
            return


def _names(case: Case) -> Mapping[Fraction, list[str]]:
    """Return by factor what it may be: products of 2 and sizes and their reciprocals, the shortest alone."""
    sizes = _sizes(case)
    found: dict[Fraction, tuple[int, list[str]]] = {}
    for powers in product((0, 1, -1, 2, -2), *((0, 1, -1) for _ in sizes)):
        n = sum(map(abs, powers))
        factor = Fraction(1)
        for size, power in zip((2, *sizes.values()), powers, strict=True):
            factor *= Fraction(size) ** power
        if factor == 1 or n > _MOST_FACTORS:
            continue
        least, names = found.get(factor, (n, []))
        if n <= least:
            found[factor] = (n, [*(names if n == least else []), _name(("2", *sizes), powers)])
    return {factor: names[:_MOST_NAMES] for factor, (_, names) in found.items()}


def _sizes(case: Case) -> Mapping[str, int]:
    """Return the sizes that a factor may be, each once, by name."""
    problem, last = case.solution.problem, len(case.solution.problem.layers) - 1
    layer = problem.layers[case.node.layer]
    of_last = "n_neurons" if last == case.node.layer else "n_neurons of the last layer"
    sizes = {"n_samples": problem.n_samples, "n_neurons": layer.n_neurons, "n_inputs": layer.n_inputs}
    sizes[of_last] = problem.layers[last].n_neurons
    return {name: size for name, size in sizes.items() if size is not None and size > 1}


def _name(names: tuple[str, ...], powers: tuple[int, ...]) -> str:
    """Return the name of a product of powers: `2 / (n_samples * n_neurons)`."""
    above, below = (
        [name for name, power in zip(names, powers, strict=True) for _ in range(sign * power)] for sign in (1, -1)
    )
    under = " * ".join(below)
    over = " * ".join(above) or "1"
    return over if not below else f"{over} / {under}" if len(below) == 1 else f"{over} / ({under})"

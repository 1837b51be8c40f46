"""A factor that all values have in common, named by what it may be."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.arrays import unraveled

_MOST_FACTORS = 3  # of a name: 2 / (n_samples * n_neurons)
_MOST_NAMES = 3
_UNNAMED = 10.0  # a factor without a name needs one more digit of evidence


def common_factor(case: Case) -> Iterator[Candidate]:
    """Yield the right values times the factor with a name that is nearest to what fits the largest."""
    _, fitted = _fitted(case)
    named = _names(case) if fitted is not None else {}
    factors = [factor for factor in named if fitted is not None and case.agrees(float(factor) * case.right)]
    if factors and fitted is not None:
        factor = min(factors, key=lambda factor: abs(float(factor) - fitted))
        names = f": {factor} may be {', or '.join(named[factor])}" if named[factor] else ""
        text = f"{factor} times the right values{names}"
        yield Candidate(description=text, value=float(factor) * case.right, tries=len(named))


def factor_without_name(case: Case) -> Iterator[Candidate]:
    """Yield the right values times the factor with the fewest digits that fits all entries."""
    index, fitted = _fitted(case)
    for digits in (*range(1, 7), 17) if fitted is not None else ():
        factor = float(f"{fitted:.{digits}g}")
        value = factor * case.right
        if factor != 1 and case.agrees(value):
            text = f"{factor:g} times the right values"
            yield Candidate(description=text, value=value, fitted=index, fitted_digits=digits, tries=_UNNAMED)
            return


def _fitted(case: Case) -> tuple[tuple[int, ...], float | None]:
    """Return the index of the largest right value, and the factor that leads from it to the expected one, if any."""
    right, expected = case.right, case.accepted.expected
    if right.shape != expected.shape:
        return (), None
    largest = unraveled(int(np.argmax(np.where(case.accepted.is_open, 0, np.abs(right)))), right.shape)
    with np.errstate(all="ignore"):
        fitted = float(expected[largest] / right[largest])
    return largest, fitted if np.isfinite(fitted) and fitted not in (0, 1) else None


def _names(case: Case) -> Mapping[Fraction, list[str]]:
    """Return by factor what it may be: products of 2, of sizes, and of their reciprocals, the likeliest first."""
    sizes = _sizes(case)
    weights = [1, *(2 if name == "n_inputs" else 1 for name in sizes)]
    found: dict[Fraction, list[tuple[int, str]]] = {}
    for powers in product((0, 1, -1, 2, -2), *((0, 1, -1) for _ in sizes)):
        factor = _product(sizes, powers)
        is_quotient = {1, -1} <= set(powers[1:])  # of two sizes
        if factor == 1 or is_quotient or sum(map(abs, powers)) > _MOST_FACTORS:
            continue
        names = found.setdefault(factor, [])
        if any(powers[1:]) or abs(powers[0]) > 1:  # 2 is 2
            weight = sum(weight * abs(power) for weight, power in zip(weights, powers, strict=True))
            names.append((weight, _name(("2", *sizes), powers)))
    return {factor: [name for _, name in sorted(names)[:_MOST_NAMES]] for factor, names in found.items()}


def _product(sizes: Mapping[str, int], powers: tuple[int, ...]) -> Fraction:
    """Return the product of powers of 2 and of sizes."""
    above, below = (
        prod(size ** max(sign * power, 0) for size, power in zip((2, *sizes.values()), powers, strict=True))
        for sign in (1, -1)
    )
    return Fraction(above, below)


def _sizes(case: Case) -> Mapping[str, int]:
    """Return the sizes that a factor may be, by name."""
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

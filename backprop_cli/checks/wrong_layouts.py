"""Matrices that lie another way: another layout of weights, samples in columns, rows or columns exchanged."""

from collections.abc import Iterator
from dataclasses import replace
from math import comb, factorial
from typing import Any

import numpy as np

from backprop_cli.checks.candidates import following
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import SamplesIn, WeightLayout

_MOST_COMPARED = 5_000_000  # entries: rows of one array by rows of the other


def layout_forgotten(case: Case) -> Iterator[Candidate]:
    """Yield what follows if square weights lie the other way."""
    problem = _other_layout(case.solution.problem)
    if problem is not None:
        layout = problem.weight_layout
        text = f'the weights taken as {layout}, which square ones fit: with "weight_layout": "{layout}" it is right'
        yield from following(case, problem, text)


def samples_in_columns(case: Case) -> Iterator[Candidate]:
    """Yield what follows if square matrices have a sample in each column, or row, where a row, or column, is one."""
    problem = _other_samples(case.solution.problem)
    if problem is None:
        return
    text = f'each sample taken as one of the {problem.samples_in}, which square matrices fit: "samples": '
    text += f'"{problem.samples_in}"'
    yield from following(case, problem, text)
    other = _other_layout(problem)
    if other is not None:
        yield from following(case, other, f'{text} and "weight_layout": "{other.weight_layout}"')
    problem = case.solution.problem
    if problem.inputs is not None:
        text = "the inputs transposed (square inputs fit both ways)"
        yield from following(case, replace(problem, inputs=problem.inputs.T), text)


def column_by_column(case: Case) -> Iterator[Candidate]:
    """Yield a matrix that lies column by column, read row by row, and the reverse; a square one is transposed."""
    right = case.right
    if right.ndim != 2 or min(right.shape) < 2 or right.shape[0] == right.shape[1]:
        return
    name = case.node.quantity
    text = f"{name} stored column by column (column-major), and read row by row"
    yield Candidate(description=text, value=right.T.reshape(right.shape), tries=2)
    text = f"{name} stored row by row, and read column by column (column-major)"
    yield Candidate(description=text, value=right.reshape(right.shape[::-1]).T, tries=2)


def _other_layout(problem: Problem) -> Problem | None:
    """Return the problem with its weights transposed; None if they are not all square."""
    layers = problem.layers
    if any(layer.weights is not None and layer.n_inputs != layer.n_neurons for layer in layers):
        return None
    turned = tuple(replace(layer, weights=None if layer.weights is None else layer.weights.T) for layer in layers)
    layout: WeightLayout = "in-out" if problem.weight_layout == "out-in" else "out-in"
    return replace(problem, weight_layout=layout, layers=turned)


def _other_samples(problem: Problem) -> Problem | None:
    """Return the problem with its matrices of samples transposed; None if they are not all square."""
    given = {name: getattr(problem, name) for name in ("inputs", "upstream", "targets")}
    arrays = {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
    zs = [layer.z for layer in problem.layers if layer.z is not None]
    if any(array.shape != array.shape[::-1] for array in (*arrays.values(), *zs)):
        return None
    layers = tuple(replace(layer, z=None if layer.z is None else layer.z.T) for layer in problem.layers)
    samples_in: SamplesIn = "rows" if problem.samples_in == "columns" else "columns"
    turned: dict[str, Any] = {name: array.T for name, array in arrays.items()}
    return replace(problem, layers=layers, samples_in=samples_in, **turned)


def exchanged(case: Case) -> Iterator[Candidate]:
    """Yield the right rows, or columns, in the order of the expected ones, where each is one of them."""
    right, expected = case.right, case.accepted.expected
    if right.shape != expected.shape or not right.ndim or not _has_same_entries(case):
        return
    for axis in range(right.ndim):
        order = _order(case, axis)
        if order is not None and order != sorted(order):
            names = "entries" if right.ndim == 1 else ("rows", "columns")[axis]
            moved = [i for i, j in enumerate(order) if i != j]
            is_pair = len(moved) == 2
            which = f"{names} {moved[0]} and {moved[1]}" if is_pair else f"the {names}"
            how = "exchanged: the right ones in another order" if is_pair else "in another order"
            text = f"{which} of {case.node.quantity} {how}"
            tries = sum(comb(n, 2) if is_pair else _factorial(n) for n in right.shape)
            yield Candidate(description=text, value=np.take(right, order, axis=axis), tries=tries)


def _factorial(n: int) -> float:
    return float(factorial(min(n, 150)))


def _has_same_entries(case: Case) -> bool:
    """Tell whether the expected entries, sorted, are the right ones within the greatest tolerance."""
    if case.accepted.is_open.any() or case.accepted.not_finite.any():
        return False
    apart = np.sort(case.accepted.expected, axis=None) - np.sort(case.right, axis=None)
    return bool((np.abs(apart) <= np.max(case.accepted.allowed(case.right))).all())


def _order(case: Case, axis: int) -> list[int] | None:
    """Return for each expected row (or column) which right one it is, its own where it may be; None if one is none."""
    right, expected = np.moveaxis(case.right, axis, 0), np.moveaxis(case.accepted.expected, axis, 0)
    allowed = np.moveaxis(np.broadcast_to(case.accepted.allowed(case.right), case.right.shape), axis, 0)
    n = len(right)
    if n * right.size > _MOST_COMPARED:
        return None
    left, order = set(range(n)), list[int]()
    own = [bool((np.abs(expected[i] - right[i]) <= allowed[i]).all()) for i in range(n)]
    left -= {i for i in range(n) if own[i]}
    for i in range(n):
        places = [i] if own[i] else sorted(left)
        near = (np.abs(expected[i] - right[places]) <= allowed[places]).reshape(len(places), -1).all(axis=1)
        if not near.any():
            return None
        order.append(places[int(np.argmax(near))])
        left.discard(order[-1])
    return order

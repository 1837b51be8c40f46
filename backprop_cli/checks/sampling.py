"""Choose the entries that finite differences check, so that the work is bounded."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from backprop_cli.checks.finite_differences import ForwardPass, Parameter
from backprop_cli.core.arrays import Array

Chunk: TypeAlias = list[tuple[Parameter, Array]]  # entries of arrays at flat positions, (n_entries,)

_MOST_EVALUATIONS = 10_000  # of L, two for each entry
MOST_NUMBERS = 2**29  # to compute for one step of each entry: several seconds
CHUNK_ENTRIES = 2**16


def chosen(
    parameters: Sequence[Parameter],
    forward: ForwardPass,
    *,
    samples: int | None,
    seed: int,
    most_numbers: int = MOST_NUMBERS,
) -> Iterator[tuple[Parameter, Array]]:
    """Yield each array with the flat positions of the entries to check, in ascending order, (n_entries,).

    Args:
        parameters: The arrays.
        forward: The forward pass.
        samples: How many entries of each array to check if all would take more than 10,000 evaluations; None for all.
        seed: For the choice of those.
        most_numbers: How much may be computed for them; if it is too little, some of them are left out. All is all.
    """
    sizes = [parameter.array.size for parameter in parameters]
    some = max(sizes) if samples is None or 2 * sum(sizes) <= _MOST_EVALUATIONS else samples
    rng = np.random.default_rng(seed)
    drawn = [np.arange(size) if size <= some else np.sort(rng.choice(size, some, replace=False)) for size in sizes]
    numbers = np.repeat([forward.numbers(parameter.node) for parameter in parameters], list(map(len, drawn)))
    if samples is None or numbers.sum() <= most_numbers:
        yield from zip(parameters, drawn, strict=True)
        return
    order = rng.permutation(len(numbers))
    n_affordable = int(np.searchsorted(np.cumsum(numbers[order]), most_numbers, side="right"))
    kept = np.zeros(len(numbers), bool)
    kept[order[: max(n_affordable, 1)]] = True
    parts = np.split(kept, np.cumsum(list(map(len, drawn)))[:-1])
    for parameter, flat, is_kept in zip(parameters, drawn, parts, strict=True):
        yield parameter, flat[is_kept]


def chunks(pairs: Iterable[tuple[Parameter, Array]], chunk_entries: int = CHUNK_ENTRIES) -> Iterator[Chunk]:
    """Yield entries of arrays, at flat positions (n_entries,), in chunks that take a bounded amount of memory."""
    chunk: Chunk = []
    n_entries = 0
    for parameter, flat in pairs:
        for start in range(0, len(flat), chunk_entries):
            part = flat[start : start + chunk_entries]
            if chunk and n_entries + len(part) > chunk_entries:
                yield chunk
                chunk, n_entries = [], 0
            chunk.append((parameter, part))
            n_entries += len(part)
    if chunk:
        yield chunk

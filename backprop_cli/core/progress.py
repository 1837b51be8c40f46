"""How a long computation reports its progress."""

from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Progress", "no_progress"]

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""A callback that takes what is counted (such as `rows`), how many are done, and how many in all (None: unknown)."""


def no_progress(what: str, done: int, total: int | None) -> None:
    """Ignore the report: the progress callback of a caller that shows none."""
    del what, done, total

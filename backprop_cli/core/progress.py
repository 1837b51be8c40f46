"""How a long computation tells how far it has come."""

from collections.abc import Callable
from typing import TypeAlias

Watch: TypeAlias = Callable[[str, int, int | None], None]
"""Is told what is being counted (`rows`, say), how many have been done, and of how many, if that is known."""


def unwatched(what: str, done: int, total: int | None) -> None:
    """Take no notice."""
    del what, done, total

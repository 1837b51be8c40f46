"""NumPy's warnings of overflow and the like, which are switched off: results are checked instead.

To switch them off takes about as long as a formula for a few numbers. A loop of formulas does it once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

__all__ = ["no_warnings", "quietly", "warnings_are_off"]

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_ARE_OFF: ContextVar[bool] = ContextVar("_ARE_OFF", default=False)
warnings_are_off = _ARE_OFF.get


@contextmanager
def no_warnings() -> Iterator[None]:
    """Switch all warnings off, for a block with any number of formulas."""
    before = _ARE_OFF.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _ARE_OFF.reset(before)


def quietly(formula: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Return a formula that gives no warnings."""

    @wraps(formula)
    def quiet(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        if _ARE_OFF.get():
            return formula(*args, **kwargs)
        with np.errstate(all="ignore"):
            return formula(*args, **kwargs)

    return quiet

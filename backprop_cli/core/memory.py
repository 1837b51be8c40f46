"""Limits on the memory that the process may map, such as `ulimit -v` sets."""

import mmap
import os
import sys

__all__ = ["is_limited", "prepare_numpy"]

_NUMPY_BYTES = 120 * 2**20  # NumPy 2.4 maps 83 MB when it is imported and one thread, and 35 MB at its first product
_THREAD_BYTES = 2**28  # how much memory has to be allowed for each thread


def is_limited() -> bool:
    """Tell whether there is such a limit."""
    return _limit() is not None


def prepare_numpy() -> None:
    """Import NumPy under a limit so that it stays usable; its library OpenBLAS ends the process if it gets no memory.

    OpenBLAS keeps memory for each of its threads, which it gets when it is loaded and at the first product.

    Raises:
        MemoryError: The limit is too small.
    """
    limit = _limit()
    if limit is None or "numpy" in sys.modules:
        return
    threads, wanted = max(1, limit // _THREAD_BYTES), os.environ.get("OPENBLAS_NUM_THREADS", "")
    if not wanted.isdecimal() or int(wanted) > threads:
        os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    try:
        mmap.mmap(-1, _NUMPY_BYTES, flags=mmap.MAP_PRIVATE).close()  # shared memory is not limited
    except OSError:
        raise MemoryError from None
    import numpy as np

    square = np.ones((256, 256))
    np.matmul(square, square)


def _limit() -> int | None:
    """Return the bytes that the process may map, or None."""
    try:
        import resource
    except ImportError:  # pragma: no cover (Windows has no such limits)
        return None
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)

"""What belongs to each of some numbered things, laid end to end: a counting sort."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def grouped(
    owner: NDArray[Any], count: int
) -> tuple[NDArray[Any], NDArray[Any]]:  # pragma: no cover - compiled
    """Return which rows belong to each owner, ascending: indptr (count + 1,) and rows (n,).

    The rows are those of a stable ``argsort``, in a quarter of its time. Both are of the owners' type, and so
    half as long where that has 32 bits.

    Parameters
    ----------
    owner : (n,) int array
        0 to ``count`` - 1.
    count : int
    """
    indptr = np.zeros(count + 1, dtype=owner.dtype)
    for row in range(len(owner)):
        indptr[owner[row] + 1] += 1
    for k in range(count):
        indptr[k + 1] += indptr[k]
    rows = np.empty(len(owner), dtype=owner.dtype)
    filled = indptr[:-1].copy()
    for row in range(len(owner)):
        rows[filled[owner[row]]] = row
        filled[owner[row]] += 1
    return indptr, rows

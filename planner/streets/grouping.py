"""What belongs to each of some numbered things, laid end to end: a counting sort."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def grouped(owner: NDArray[Any], count: int) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return which rows belong to each owner, ascending: indptr (count + 1,) and rows (n,).

    The rows are those of a stable ``argsort``, in a quarter of its time.

    Parameters
    ----------
    owner : (n,) int array
        0 to ``count`` - 1.
    count : int
    """
    indptr = np.zeros(count + 1, dtype=np.int64)
    for row in range(len(owner)):
        indptr[owner[row] + 1] += 1
    for k in range(count):
        indptr[k + 1] += indptr[k]
    rows = np.empty(len(owner), dtype=np.int64)
    filled = indptr[:-1].copy()
    for row in range(len(owner)):
        rows[filled[owner[row]]] = row
        filled[owner[row]] += 1
    return indptr, rows

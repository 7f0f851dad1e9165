"""A heap of numbers, compiled: each entry has four children, all of them compared at once where there are.

What is compiled is compiled anew for each kind of number that it is handed: a literal, 32 bits, 64. So here
and elsewhere a caller that is compiled itself tells whole numbers as what they are: ``int(np.int64(0))``.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def push(heap: Ints, size: int, entry: int) -> int:  # pragma: no cover - compiled
    """Put an entry on a heap of some size, with room for it; return how many it holds then."""
    i = size
    while i > 0:
        above = (i - 1) >> 2
        larger = heap[above]
        if larger <= entry:
            break
        heap[i] = larger
        i = above
    heap[i] = entry
    return size + 1


@njit(cache=True, nogil=True)
def queued(heap: Ints, size: int, entry: int) -> tuple[Ints, int]:  # pragma: no cover - compiled
    """Put an entry on a heap of some size, made longer where it is full; return it, and how many it holds."""
    if size == len(heap):
        heap = np.concatenate((heap, np.empty_like(heap)))
    return heap, push(heap, size, entry)


@njit(cache=True, nogil=True)
def pop(heap: Ints, size: int) -> int:  # pragma: no cover - compiled
    """Take off a heap its least entry, which is the first; return how many it holds then."""
    size -= 1
    entry = heap[size]
    i = 0
    while True:
        child = (i << 2) + 1
        if child + 3 < size:
            least, second, third, fourth = heap[child], heap[child + 1], heap[child + 2], heap[child + 3]
            right = child + 2
            if second < least:
                least, child = second, child + 1
            if fourth < third:
                third, right = fourth, right + 1
            if third < least:
                least, child = third, right
        elif child < size:
            least = heap[child]
            for other in range(child + 1, size):
                if heap[other] < least:
                    least, child = heap[other], other
        else:
            break
        if least >= entry:
            break
        heap[i] = least
        i = child
    heap[i] = entry
    return size

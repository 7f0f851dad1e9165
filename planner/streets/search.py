"""Shortest ways over plain arrays, compiled: the one loop that everything waits for.

Weights are whole milliseconds, so that sums are exact and every search of the same weights agrees to the
last digit, whoever makes it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]

BARRED = 2**31 - 1
"""Weight of what cannot be driven, in milliseconds; sums stay below it (24 days)."""
NEVER = 2**62
"""Cost of what is not reached."""

_STATE_BITS = 31
_STATE = (1 << _STATE_BITS) - 1
_WIDTH = 4
"""Children of each entry of the heap."""


@njit(cache=True, nogil=True)
def dijkstra(  # noqa: C901 - one loop, and calls cost
    start: Ints,
    after: Ints,
    lost_ms: Ints32,
    state_ms: Ints32,
    seed: Ints,
    seed_ms: Ints,
    place: Ints,
    wanted: Bools,
    enough: int,
    most: int,
    cost: Ints32,
    before: Ints32,
    touched: Ints32,
) -> tuple[int, int, bool]:  # pragma: no cover - compiled
    """Dijkstra's search over states with a heap; only what it reaches costs time.

    Parameters
    ----------
    start : (S + 1,) int array
    after, lost_ms : (T,) arrays
        Turns out of state s are rows ``start[s]:start[s + 1]``: the state after each, and what it costs.
    state_ms : (S,) int32 array
        What driving through a state costs; a turn costs ``lost_ms`` and that of the state after it.
    seed, seed_ms : (k,) int arrays
        States in which the search begins, and what each has cost by then.
    place : (S,) int array
        Where each state ends the search, if that is wanted; of no entries: each state is its own place.
    wanted : bool array
        By place.
    enough, most : int
        The search stops when so many states at wanted places are settled, or gives up when so many states
        at all are; costs of states not settled by then are upper bounds. 0: there is no such number.
    cost : (S,) int32 array
        ``BARRED`` everywhere; holds the cost of each state afterwards.
    before : (S,) int32 array
        Holds the state before each that was reached; -1 at a seed.
    touched : (S,) int32 array
        Its first entries hold the states that were reached.

    Returns
    -------
    reached, last : int
        How many states were reached, and which was settled last; -1: none.
    given_up : bool
        Whether it stopped for having settled ``most`` states.
    """
    heap = np.empty(len(after) + len(seed) + 1, dtype=np.int64)
    size = reached = found = settled = 0
    state = -1
    for i in range(len(seed)):
        if seed_ms[i] < cost[seed[i]]:
            if cost[seed[i]] == BARRED:
                touched[reached] = seed[i]
                reached += 1
            cost[seed[i]] = seed_ms[i]
            before[seed[i]] = -1
            size = _push(heap, size, (seed_ms[i] << _STATE_BITS) | seed[i])
    while size > 0:
        entry = heap[0]
        size = _pop(heap, size)
        spent = entry >> _STATE_BITS
        if spent > cost[entry & _STATE]:
            continue
        state = entry & _STATE
        settled += 1
        if wanted[place[state] if len(place) else state]:
            found += 1
            if found == enough:
                return reached, state, False
        if settled == most:
            return reached, state, True
        for k in range(start[state], start[state + 1]):
            lost = np.int64(lost_ms[k])
            head = after[k]
            along = np.int64(state_ms[head])
            if lost >= BARRED or along >= BARRED:
                continue
            total = spent + lost + along
            if total < cost[head]:
                if cost[head] == BARRED:
                    touched[reached] = head
                    reached += 1
                cost[head] = total
                before[head] = state
                size = _push(heap, size, (total << _STATE_BITS) | head)
    return reached, state, False


@njit(cache=True, nogil=True)
def traced(before: Ints32, ends: Ints) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return the states that lead to each of some states that were reached, laid end to end.

    Returns
    -------
    start : (k + 1,) int array
    states : (n,) int array
        Those to ``ends[i]`` are rows ``start[i]:start[i + 1]``, the last one itself.
    """
    start = np.zeros(len(ends) + 1, dtype=np.int64)
    for i in range(len(ends)):
        count, state = 0, ends[i]
        while state >= 0:
            count += 1
            state = before[state]
        start[i + 1] = start[i] + count
    states = np.empty(start[-1], dtype=np.int64)
    for i in range(len(ends)):
        row, state = start[i + 1] - 1, ends[i]
        while state >= 0:
            states[row] = state
            row -= 1
            state = before[state]
    return start, states


@njit(cache=True, nogil=True)
def _push(heap: Ints, size: int, entry: int) -> int:  # pragma: no cover - compiled
    i = size
    while i > 0:
        parent = (i - 1) // _WIDTH
        if heap[parent] <= entry:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = entry
    return size + 1


@njit(cache=True, nogil=True)
def _pop(heap: Ints, size: int) -> int:  # pragma: no cover - compiled
    size -= 1
    entry = heap[size]
    i = 0
    while True:
        child = _WIDTH * i + 1
        if child >= size:
            break
        for other in range(child + 1, min(child + _WIDTH, size)):
            if heap[other] < heap[child]:
                child = other
        if heap[child] >= entry:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = entry
    return size

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
Weights = NDArray[np.uint32]

BARRED = 2**31 - 1
"""Weight of what cannot be driven, in milliseconds; sums stay below it (24 days)."""
NEVER = 2**62
"""Cost of what is not reached."""


@njit(cache=True)
def dijkstra(
    start: Ints,
    turn: Ints,
    after: Ints,
    weight_ms: Weights,
    seed: Ints,
    seed_ms: Ints,
    wanted: Bools,
    enough: int,
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Dijkstra's search over states with a binary heap; returns the cost of each state, and how it came.

    Parameters
    ----------
    start : (S + 1,) int array
    turn, after : (T,) int arrays
        Turns out of state s are rows ``start[s]:start[s + 1]``: the number of each, and the state after it.
    weight_ms : (T,) uint32 array
        By the number of the turn: what it costs, with all of the street after it.
    seed, seed_ms : (k,) int arrays
        States in which the search begins, and what each has cost by then.
    wanted : (S,) bool array
    enough : int
        The search stops when so many wanted states are settled; costs of states not settled by then are
        upper bounds. 0 searches everything.

    Returns
    -------
    cost_ms : (S,) int array
        ``NEVER`` where there is no way.
    before : (S,) int array
        The state before each; -1 at a seed and where there is no way.
    """
    states = len(start) - 1
    cost = np.full(states, NEVER, dtype=np.int64)
    before = np.full(states, -1, dtype=np.int64)
    heap_cost = np.empty(len(turn) + len(seed) + 1, dtype=np.int64)
    heap_state = np.empty(len(turn) + len(seed) + 1, dtype=np.int64)
    size = 0
    settled = 0
    for i in range(len(seed)):
        if seed_ms[i] < cost[seed[i]]:
            cost[seed[i]] = seed_ms[i]
            size = _push(heap_cost, heap_state, size, seed_ms[i], seed[i])
    while size > 0:
        spent = heap_cost[0]
        state = heap_state[0]
        size = _pop(heap_cost, heap_state, size)
        if spent > cost[state]:
            continue
        if wanted[state]:
            settled += 1
            if settled == enough:
                break
        for k in range(start[state], start[state + 1]):
            weight = np.int64(weight_ms[turn[k]])
            if weight >= BARRED:
                continue
            reached = spent + weight
            if reached < cost[after[k]]:
                cost[after[k]] = reached
                before[after[k]] = state
                size = _push(heap_cost, heap_state, size, reached, after[k])
    return cost, before


@njit(cache=True)
def _push(cost: Ints, state: Ints, size: int, c: int, s: int) -> int:  # pragma: no cover - compiled
    i = size
    while i > 0:
        parent = (i - 1) // 2
        if cost[parent] <= c:
            break
        cost[i] = cost[parent]
        state[i] = state[parent]
        i = parent
    cost[i] = c
    state[i] = s
    return size + 1


@njit(cache=True)
def _pop(cost: Ints, state: Ints, size: int) -> int:  # pragma: no cover - compiled
    size -= 1
    c = cost[size]
    s = state[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and cost[child + 1] < cost[child]:
            child += 1
        if cost[child] >= c:
            break
        cost[i] = cost[child]
        state[i] = state[child]
        i = child
    cost[i] = c
    state[i] = s
    return size

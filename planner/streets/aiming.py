"""A search that knows what is left to drive: it looks only where the best way may lead."""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.streets.climbing import UNKNOWN, Left, ms_left
from planner.streets.heap import pop, queued
from planner.streets.search import BARRED, NEVER, STATE, STATE_BITS, Ints, Ints32


@njit(cache=True, nogil=True)
def aimed(
    start: Ints32,
    after: Ints32,
    lost_ms: Ints32,
    state_ms: Ints32,
    seed: Ints,
    seed_ms: Ints,
    ends: Ints,
    ends_ms: Ints,
    left: Left,
    most: int,
    cost: Ints32,
    before: Ints32,
    touched: Ints32,
) -> tuple[int, int, bool]:  # pragma: no cover - compiled
    """Search the best way to one of some states (Hart, Nilsson and Raphael 1968, A*).

    Parameters
    ----------
    start, after, lost_ms, state_ms, seed, seed_ms, cost, before, touched
        As in :func:`planner.streets.search.dijkstra`.
    ends, ends_ms : (k,) int arrays
        Where it may end, and what each costs more.
    left : Left
        What is left to drive to these ends, where nothing weighs more than here.
    most : int
        It gives up when so many states are settled.

    Returns
    -------
    reached, best : int
        How many states were reached, and at which of the ends the best way ends; -1: there is none.
    given_up : bool
    """
    # Told as what they are, so that what is called is compiled for one kind of numbers, not for four.
    none, never = int(np.int64(-1)), int(np.int64(NEVER))
    heap, size = np.empty(1024, dtype=np.int64), int(np.int64(0))
    known, rank = left.left_ms, left.shortcuts.rank  # looked up here: to hand on all of ``left`` costs more
    reached = settled = 0
    best, best_ms = none, never
    for k in range(len(seed)):
        rest = ms_left(left, seed[k])
        if seed_ms[k] < cost[seed[k]] and rest < BARRED:
            heap, size, is_new = _reach(int(seed[k]), none, int(seed_ms[k]), rest, cost, before, heap, size)
            touched[reached] = seed[k]
            reached += is_new
    while size > 0 and heap[0] >> STATE_BITS < best_ms:
        state, whole = int(heap[0] & STATE), int(heap[0] >> STATE_BITS)
        size = pop(heap, size)
        spent = np.int64(cost[state])
        if whole > spent + known[rank[state]]:
            continue  # a better way there was found since
        settled += 1
        if settled > most:
            return reached, -1, True
        for k in range(len(ends)):
            if ends[k] == state and spent + ends_ms[k] < best_ms:
                best, best_ms = k, int(spent + ends_ms[k])
        for k in range(start[state], start[state + 1]):
            head = int(np.int64(after[k]))
            lost, along = np.int64(lost_ms[k]), np.int64(state_ms[head])
            total = int(spent + lost + along)
            if lost >= BARRED or along >= BARRED or total >= cost[head]:
                continue
            rest = int(known[rank[head]])
            if rest == UNKNOWN:
                rest = ms_left(left, head)
            if rest < BARRED and total + rest < best_ms:
                heap, size, is_new = _reach(head, state, total, rest, cost, before, heap, size)
                touched[reached] = head
                reached += is_new
    return reached, best, False


@njit(cache=True, nogil=True)
def _reach(
    state: int, came_from: int, total: int, rest: int, cost: Ints32, before: Ints32, heap: Ints, size: int
) -> tuple[Ints, int, int]:  # pragma: no cover - compiled
    """Reach a state at less than it cost, with so much left to drive; returns 1 if it is the first time."""
    is_new = 1 if cost[state] == BARRED else 0
    cost[state] = total
    before[state] = came_from
    heap, size = queued(heap, size, ((total + rest) << STATE_BITS) | state)
    return heap, size, is_new

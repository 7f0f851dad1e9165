"""Shortest ways over plain arrays, compiled: the one loop that everything waits for.

Weights are whole milliseconds, so that sums are exact and every search of the same weights agrees to the
last digit, whoever makes it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.heap import pop, push, queued

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]

BARRED = 2**31 - 1
"""Weight of what cannot be driven, in milliseconds; sums stay below it (24 days)."""
NEVER = 2**62
"""Cost of what is not reached."""

STATE_BITS = 31
STATE = (1 << STATE_BITS) - 1
"""An entry of a heap is what it cost to come to a state, and below that, in so many bits, the state."""


@njit(cache=True, nogil=True)
def dijkstra(  # noqa: C901 - one loop, and calls cost
    start: Ints32,
    after: Ints32,
    lost_ms: Ints32,
    state_ms: Ints32,
    seed: Ints,
    seed_ms: Ints,
    place: Ints32,
    wanted: Bools,
    enough: int,
    slack: int,
    most: int,
    cost: Ints32,
    before: Ints32,
    touched: Ints32,
) -> tuple[int, int, bool, int]:  # pragma: no cover - compiled
    """Dijkstra's search over states with a heap; only what it reaches costs time.

    Parameters
    ----------
    start : (S + 1,) int32 array
    after, lost_ms : (T,) int32 arrays
        Turns out of state s are rows ``start[s]:start[s + 1]``: the state after each, and what it costs.
    state_ms : (S,) int32 array
        What driving through a state costs; a turn costs ``lost_ms`` and that of the state after it.
    seed, seed_ms : (k,) int arrays
        States in which the search begins, and what each has cost by then.
    place : (S,) int32 array
        Where each state ends the search, if that is wanted.
    wanted : bool array
        By place; false afterwards where a state was settled.
    enough, most : int
        The search stops when states at so many wanted places are settled, or gives up when so many states
        at all are; costs of states not settled by then are upper bounds. 0: there is no such number.
    slack : int
        It goes on for what costs more than that by no more than this.
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
    known : int
        All that costs no more is settled; ``NEVER`` where it went to the end.
    """
    known = NEVER
    heap = np.empty(len(after) + len(seed) + 1, dtype=np.int64)
    size, reached, found, settled = int(np.int64(0)), 0, 0, 0  # as a heap counts
    state = -1
    for i in range(len(seed)):
        if seed_ms[i] < cost[seed[i]]:
            if cost[seed[i]] == BARRED:
                touched[reached] = seed[i]
                reached += 1
            cost[seed[i]] = seed_ms[i]
            before[seed[i]] = -1
            size = push(heap, size, (seed_ms[i] << STATE_BITS) | seed[i])
    while size > 0:
        entry = heap[0]
        size = pop(heap, size)
        spent = entry >> STATE_BITS
        if spent > cost[entry & STATE]:
            continue
        if spent > known:
            return reached, state, False, known
        state = entry & STATE
        settled += 1
        at = place[state]
        if wanted[at]:
            wanted[at] = False
            found += 1
            if found == enough:
                known = spent + slack
                if slack == 0:
                    return reached, state, False, known
        if settled == most:
            return reached, state, True, known
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
                size = push(heap, size, (total << STATE_BITS) | head)
    return reached, state, False, known


@njit(cache=True, nogil=True)
def best_ahead(
    start: Ints32,
    after: Ints32,
    lost_ms: Ints32,
    state_ms: Ints32,
    seed: Ints,
    seed_ms: Ints,
    to_end_ms: Ints32,
    best_ms: int,
    cost: Ints32,
    before: Ints32,
) -> None:  # pragma: no cover - compiled
    """Go ahead over the best ways alone, as :func:`dijkstra` would, once a search back has told what is left.

    Parameters
    ----------
    start, after, lost_ms, state_ms, seed, seed_ms, cost, before
        As in :func:`dijkstra`.
    to_end_ms : (S,) int32 array
        What a search back from the end found: what each state costs with all that comes after it, or more;
        ``BARRED``: not found.
    best_ms : int
        What the best way costs.
    """
    heap = np.empty(len(seed) + 64, dtype=np.int64)
    size = int(np.int64(0))
    for i in range(len(seed)):
        left = np.int64(to_end_ms[seed[i]]) - state_ms[seed[i]]
        if to_end_ms[seed[i]] < BARRED and seed_ms[i] + left == best_ms and cost[seed[i]] == BARRED:
            cost[seed[i]] = seed_ms[i]
            before[seed[i]] = -1
            size = push(heap, size, (seed_ms[i] << STATE_BITS) | seed[i])
    while size > 0:
        entry = heap[0]
        size = pop(heap, size)
        spent, state = entry >> STATE_BITS, entry & STATE
        for k in range(start[state], start[state + 1]):
            lost = np.int64(lost_ms[k])
            head = after[k]
            along, left = np.int64(state_ms[head]), np.int64(to_end_ms[head])
            if lost >= BARRED or along >= BARRED or left >= BARRED or cost[head] < BARRED:
                continue
            total = spent + lost + along
            if total + left - along == best_ms:
                cost[head] = total
                before[head] = state
                heap, size = queued(heap, size, (total << STATE_BITS) | head)


@njit(cache=True, nogil=True)
def fewest_steps(
    start: Ints32,
    after: Ints32,
    lost_ms: Ints32,
    state_ms: Ints32,
    seed: Ints,
    stepped: Bools,
    steps: int,
    most: int,
    least: Ints32,
    touched: Ints32,
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Count how many of some states any way enters at least, to each state; those of ``seed`` are free.

    Parameters
    ----------
    start, after, lost_ms, state_ms, seed
        As in :func:`dijkstra`.
    stepped : (S,) bool array
        The states that count.
    steps : int
        So far is counted; who is not reached with fewer has so many at least.
    most : int
        It gives up after so many states.
    least : (S,) int32 array
        -1 everywhere; afterwards the counts, -1 where one is no less than ``known``.
    touched : (S,) int32 array
        Its first entries hold the states that are counted.

    Returns
    -------
    count : int
        How many states are counted.
    known : int
        ``steps``, or less where it gave up.
    """
    here, size, beyond, more = np.empty(most, dtype=np.int64), 0, np.empty(most, dtype=np.int64), 0
    count = 0
    for i in range(len(seed)):
        if least[seed[i]] < 0 and count < most:
            least[seed[i]] = 0
            touched[count] = seed[i]
            here[size] = seed[i]
            size += 1
            count += 1
    for step in range(steps):
        while size > 0:
            size -= 1
            state = here[size]
            for k in range(start[state], start[state + 1]):
                head = after[k]
                if least[head] >= 0 or lost_ms[k] >= BARRED or state_ms[head] >= BARRED:
                    continue
                if count == most:
                    return count, step
                if stepped[head]:  # may be entered from elsewhere with as many steps, not with fewer
                    if step + 1 < steps:
                        least[head] = step + 1
                        touched[count] = head
                        beyond[more] = head
                        more += 1
                        count += 1
                    continue
                least[head] = step
                touched[count] = head
                here[size] = head
                size += 1
                count += 1
        here, beyond = beyond, here
        size, more = more, 0
    return count, steps


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

"""Ways over shortcuts: up from where one begins, and down to where one goes.

The best way climbs to ever higher ranks and then descends, and all it can touch lies on the way of its two
ends to the root of the elimination tree: some hundreds of states, for a city of a million streets a thousand.
Tables climb from each of the fewer ends, and descend to all others at once, as a sweep over what lies above
them (Buchhold, Sanders and Wagner, *Real-time Traffic Assignment Using Engineered Customizable Contraction
Hierarchies*, 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from planner.streets.contraction import Shortcuts, Weighed, first_from
from planner.streets.customizing import turn_ms
from planner.streets.search import BARRED, Ints, Ints32

UNKNOWN = 2**32 - 1
"""Of what is left to drive: not asked for yet."""
_COLUMNS = 16
"""So many climbs descend together."""


class Ropes:
    """Room for climbing, wiped after each climb.

    Parameters
    ----------
    states : int
        How many there are.
    """

    def __init__(self, states: int) -> None:
        self.ms = np.full((2, states), BARRED, dtype=np.uint32)
        self.by = np.empty((2, states), dtype=np.int32)
        self.place = np.full(states, -1, dtype=np.int32)
        self.left_ms = np.full(states, UNKNOWN, dtype=np.uint32)
        self.asked = np.zeros(states + 1, dtype=np.int32)


def table(shortcuts: Shortcuts, weight: Weighed, ropes: Ropes, starts: Ints, ends: Ints) -> Ints:
    """Return what the best ways cost from some states to others, (starts, ends); ``BARRED`` or more: none."""
    rank = shortcuts.rank
    sources, targets = rank[starts], rank[ends]
    against = len(sources) > len(targets)
    few, many = (targets, sources) if against else (sources, targets)
    found = _table(shortcuts, weight, int(against), few, many, ropes.place, min(len(few), _COLUMNS))
    return found.T if against else found


def ways(
    shortcuts: Shortcuts,
    weight: Weighed,
    ropes: Ropes,
    of_turns: Weighed,
    pairs: Sequence[tuple[int, int]],
) -> list[Ints]:
    """Return the states of the best way from the one to the other of each pair, both included; none if none.

    Of ways that cost the same it is one and the same, whatever was asked before, or with it.

    Parameters
    ----------
    shortcuts : Shortcuts
    weight : (A,) uint32 array
    ropes : Ropes
    of_turns : (T,) uint32 array
        What turns weigh.
    pairs : sequence of (int, int)
        The states in which each begins and ends: those that begin in the same one after the other.
    """
    ranks = shortcuts.rank[np.array(pairs, dtype=np.int64).reshape(-1, 2)]
    states, start = _ways(shortcuts, weight, ropes.ms, ropes.by, of_turns, ranks)
    return [states[first:last] for first, last in pairwise(start.tolist())]


class Left(NamedTuple):
    """What is left to drive to some ends, as far as it was asked for.

    Parameters
    ----------
    shortcuts : Shortcuts
    weight : (A,) uint32 array
    end_ms, left_ms : (S,) uint32 arrays
        By rank: over shortcuts down to the ends alone, ``BARRED``: there is no such way; and by any way, not
        known yet where its number is the highest.
    asked : (S + 1,) int32 array
        Of how many ranks it is known, then these ranks.
    """

    shortcuts: Shortcuts
    weight: Weighed
    end_ms: Weighed
    left_ms: Weighed
    asked: Ints32


@contextmanager
def left_to(shortcuts: Shortcuts, weight: Weighed, ropes: Ropes, ends: Ints, ends_ms: Ints) -> Iterator[Left]:
    """Lay out what is left to drive to the best of some ends, where from each so much more is to be counted.

    It is worked out for a state when it is asked for, from that of those above it: a search that is told it
    looks only where the best way may lead (Strasser and Zeitz, "A Fast and Tight Heuristic for A* in Road
    Networks", 2021).
    """
    ranks = shortcuts.rank[ends]
    left = Left(shortcuts, weight, ropes.ms[1], ropes.left_ms, ropes.asked)
    above = _climb_from_ends(left, ranks, ends_ms, ropes.place)
    try:
        yield left
    finally:
        left.end_ms[above] = BARRED
        left.left_ms[left.asked[1 : left.asked[0] + 1]] = UNKNOWN
        left.asked[0] = 0


@njit(cache=True, nogil=True)
def _climb_from_ends(
    left: Left, ends: Ints32, ends_ms: Ints, place: Ints32
) -> Ints32:  # pragma: no cover - compiled
    """Climb from all ends together; returns the ranks that were reached."""
    shortcuts, count = left.shortcuts, len(left.shortcuts.rank)
    for k in range(len(ends)):
        left.end_ms[ends[k]] = min(left.end_ms[ends[k]], np.uint32(ends_ms[k]))
    above, size = _above(ends, shortcuts.parent, place)
    for k in range(size - 1, -1, -1):
        r = above[k]
        place[r] = -1
        spent = left.end_ms[r]
        if spent < BARRED:
            for arc in range(shortcuts.start[count + r], shortcuts.start[count + r + 1]):
                at = shortcuts.far[arc]
                left.end_ms[at] = min(left.end_ms[at], np.uint32(spent + left.weight[arc]))
    return above


@njit(cache=True, nogil=True)
def ms_left(left: Left, state: int) -> int:  # pragma: no cover - compiled
    """Return what is left to drive from a state; ``BARRED``: there is no way."""
    start, far, parent = left.shortcuts.start, left.shortcuts.far, left.shortcuts.parent
    known, asked, rank = left.left_ms, left.asked, left.shortcuts.rank[state]
    if known[rank] != UNKNOWN:
        return int(known[rank])
    # Those above are worked out first, the highest of them before all.
    first, r = int(asked[0]), rank
    last = first
    while r >= 0 and known[r] == UNKNOWN:
        last += 1
        asked[last] = r
        r = parent[r]
    for k in range(last, first, -1):
        r = asked[k]
        least = left.end_ms[r]
        for arc in range(start[r], start[r + 1]):
            least = min(least, np.uint32(left.weight[arc] + known[far[arc]]))
        known[r] = min(least, np.uint32(BARRED))
    asked[0] = last
    return int(known[rank])


@njit(cache=True, nogil=True)
def _table(
    shortcuts: Shortcuts,
    weight: Weighed,
    against: int,
    few: Ints32,
    many: Ints32,
    place: Ints32,
    columns: int,
) -> Ints:  # pragma: no cover - compiled
    """Climb from each of a few ranks, then descend to many; ``against`` 1: all ways lead from the many."""
    count, start, far, parent = len(shortcuts.rank), shortcuts.start, shortcuts.far, shortcuts.parent
    climbing, descending = against * count, (1 - against) * count
    found = np.empty((len(few), len(many)), dtype=np.int64)
    above, size = _above(many, parent, place)
    higher, all_size = _above_too(few, parent, place, above, size)
    ms = np.empty((all_size, columns), dtype=np.uint32)
    for first in range(0, len(few), columns):
        width = min(columns, len(few) - first)
        ms[:] = BARRED
        for column in range(width):
            _climb(shortcuts, weight, climbing, few[first + column], place, ms[:, column])
        for k in range(size):  # descending: the highest first
            r = higher[k]
            row = ms[k]
            for arc in range(start[descending + r], start[descending + r + 1]):
                from_row, more = ms[place[far[arc]]], weight[arc]
                if more >= BARRED:
                    continue
                for column in range(columns):
                    row[column] = min(row[column], np.uint32(from_row[column] + more))
        for k in range(len(many)):
            row = ms[place[many[k]]]
            for column in range(width):
                found[first + column, k] = row[column]
    for k in range(all_size):
        place[higher[k]] = -1
    return found


@njit(cache=True, nogil=True)
def _climb(
    shortcuts: Shortcuts, weight: Weighed, side: int, rank: int, place: Ints32, ms: Weighed
) -> None:  # pragma: no cover - compiled
    """Climb from a rank: what it costs to all above it."""
    ms[place[rank]] = 0
    r = rank
    while r >= 0:
        spent = ms[place[r]]
        if spent < BARRED:
            for arc in range(shortcuts.start[side + r], shortcuts.start[side + r + 1]):
                at = place[shortcuts.far[arc]]
                ms[at] = min(ms[at], np.uint32(spent + weight[arc]))
        r = shortcuts.parent[r]


@njit(cache=True, nogil=True)
def _above(ranks: Ints32, parent: Ints32, place: Ints32) -> tuple[Ints32, int]:  # pragma: no cover - compiled
    """Return all that lies above some ranks and they themselves, descending; their place is told."""
    found, size = _above_too(ranks, parent, place, np.empty(0, dtype=np.int32), int(np.int64(0)))
    found = np.sort(found[:size])[::-1].copy()
    for k in range(size):
        place[found[k]] = k
    return found, size


@njit(cache=True, nogil=True)
def _above_too(
    ranks: Ints32, parent: Ints32, place: Ints32, known: Ints32, size: int
) -> tuple[Ints32, int]:  # pragma: no cover - compiled
    """Add to what lies above others what lies above some ranks, in no order."""
    found = np.concatenate((known, np.empty(1024, dtype=np.int32)))
    for r in ranks:
        while r >= 0 and place[r] < 0:
            place[r] = size
            if size == len(found):
                found = np.concatenate((found, np.empty_like(found)))
            found[size] = r
            size += 1
            r = parent[r]
    return found, size


@njit(cache=True, nogil=True)
def _ways(
    shortcuts: Shortcuts,
    weight: Weighed,
    ms: Weighed,
    by: Ints32,
    of_turns: Weighed,
    pairs: Ints32,
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return the states of the ways between pairs of ranks, end to end, and where each begins."""
    found, size = np.empty(4096, dtype=np.int64), int(np.int64(0))
    start = np.zeros(len(pairs) + 1, dtype=np.int64)
    for k in range(len(pairs)):
        source, target = pairs[k]
        if k == 0 or source != pairs[k - 1, 0]:
            _climb_from(shortcuts, weight, source, ms[0], by[0])
        top = _climb_back(shortcuts, weight, target, ms, by)
        if top >= 0:
            found, size = _unpacked(shortcuts, weight, of_turns, *_climbed(by, top), found, size)
        start[k + 1] = size
        _wipe(shortcuts.parent, ms[1], target)
        if k + 1 == len(pairs) or source != pairs[k + 1, 0]:
            _wipe(shortcuts.parent, ms[0], source)
    return found[:size], start


@njit(cache=True, nogil=True)
def _climb_from(
    shortcuts: Shortcuts, weight: Weighed, source: int, ms: Weighed, by: Ints32
) -> None:  # pragma: no cover - compiled
    """Climb from a rank: what it costs to all above it, and by which rank."""
    start, far = shortcuts.start, shortcuts.far
    ms[source], by[source] = 0, -1
    r = source
    while r >= 0:
        spent = ms[r]
        if spent < BARRED:
            for arc in range(start[r], start[r + 1]):
                if spent + weight[arc] < ms[far[arc]]:
                    ms[far[arc]] = spent + weight[arc]
                    by[far[arc]] = r
        r = shortcuts.parent[r]


@njit(cache=True, nogil=True)
def _climb_back(
    shortcuts: Shortcuts, weight: Weighed, target: int, ms: Weighed, by: Ints32
) -> int:  # pragma: no cover - compiled
    """Climb back from a rank to where the best way turns down to it, and return that; -1: there is no way.

    From what costs as much as the best way known none leads on that is better.
    """
    start, far = shortcuts.start[len(shortcuts.rank) :], shortcuts.far
    ms[1, target], by[1, target] = 0, -1
    best, top, r = np.int64(BARRED), -1, target
    while r >= 0:
        spent = ms[1, r]
        if spent < best:
            both = np.int64(ms[0, r]) + spent
            if both < best:
                best, top = both, r
            for arc in range(start[r], start[r + 1]):
                if spent + weight[arc] < ms[1, far[arc]]:
                    ms[1, far[arc]] = spent + weight[arc]
                    by[1, far[arc]] = r
        r = shortcuts.parent[r]
    return top


@njit(cache=True, nogil=True)
def _wipe(parent: Ints32, ms: Weighed, rank: int) -> None:  # pragma: no cover - compiled
    """Wipe what a climb from a rank has written."""
    r = rank
    while r >= 0:
        ms[r] = BARRED
        r = parent[r]


@njit(cache=True, nogil=True)
def _climbed(by: Ints32, top: int) -> tuple[Ints32, int]:  # pragma: no cover - compiled
    """Return the ranks of a way over shortcuts, last one first, and how many there are."""
    length = 1
    for against in range(2):
        r = by[against, top]
        while r >= 0:
            length += 1
            r = by[against, r]
    ranks = np.empty(length, dtype=np.int32)
    size, r = 0, top
    while r >= 0:
        size += 1
        r = by[1, r]
    middle, r = size - 1, top
    while r >= 0:
        ranks[middle] = r
        middle -= 1
        r = by[1, r]
    r = by[0, top]
    while r >= 0:
        ranks[size] = r
        size += 1
        r = by[0, r]
    return ranks, length


@njit(cache=True, nogil=True)
def _unpacked(
    shortcuts: Shortcuts,
    weight: Weighed,
    of_turns: Weighed,
    ranks: Ints32,
    length: int,
    found: Ints,
    states: int,
) -> tuple[Ints, int]:  # pragma: no cover - compiled
    """Add to states those of a way over shortcuts, whose ranks are given last one first.

    A shortcut that weighs what a turn does is that turn; another stands for a way over the lowest state of
    one of its triangles, and so on; of several the highest counts.
    """
    stack = np.empty(max(1024, 2 * length), dtype=np.int32)
    stack[:length] = ranks[:length]
    size = length
    x = stack[size - 1]
    size -= 1
    while True:
        if states == len(found):
            found = np.concatenate((found, np.empty_like(found)))
        found[states] = shortcuts.state[x]
        states += 1
        if size == 0:
            return found, states
        while True:
            y = stack[size - 1]
            over = _over(shortcuts, weight, of_turns, int(np.int64(x)), int(np.int64(y)))
            if over < 0:
                break
            if size == len(stack):
                stack = np.concatenate((stack, np.empty_like(stack)))
            stack[size] = over
            size += 1
        x = y
        size -= 1


@njit(cache=True, nogil=True)
def _over(
    shortcuts: Shortcuts, weight: Weighed, of_turns: Weighed, x: int, y: int
) -> int:  # pragma: no cover - compiled
    """Return the rank over which a shortcut leads from one rank to another; -1: it is a turn."""
    count, start, far = len(shortcuts.rank), shortcuts.start, shortcuts.far
    row, high = (x, y) if x < y else (count + y, x)
    whole = weight[first_from(far, start[row], start[row + 1], high)]
    if turn_ms(shortcuts, x, y, of_turns) == whole:
        return -1
    low, other = (count + x, 0) if x < y else (y, count)
    for k in range(shortcuts.low_start[low + 1] - 1, shortcuts.low_start[low] - 1, -1):
        near = weight[shortcuts.low[k]]
        if near > whole:
            continue
        v = other + shortcuts.lower[k]
        at = first_from(far, start[v], start[v + 1], high)
        if at < start[v + 1] and far[at] == high and near + weight[at] == whole:
            return int(shortcuts.lower[k])
    return -1

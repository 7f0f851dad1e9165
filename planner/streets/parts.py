"""Which streets hang together: within a part one can drive from anywhere to anywhere, signs obeyed.

By junctions alone a street would count that only a forbidden turn leads into, and one would not that ends at
a bollard, though one drives in and turns back.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.streets.search import BARRED, Ints32
from planner.streets.street_arrays import Bools, Ints, StreetArrays
from planner.streets.timing import Timing


def find_parts(streets: StreetArrays, timing: Timing, closed: Bools) -> Ints:
    """Return which part each street that is not closed lies in, (E,).

    Parts are numbered by their length, the longest 0; of equals the one with the first street. -1: a street
    that lies in none, as it leads only into a part or out of it, or is barred.

    Parameters
    ----------
    streets : StreetArrays
    timing : Timing
        Who drives, and which turns that takes.
    closed : (E,) bool array
    """
    turns = timing.turns
    usable = timing.arc_ms < BARRED
    usable &= np.tile(~closed, 2)
    of_state = usable[turns.state_arc]
    label, count = _components(turns.start, turns.to, timing.lost_ms, of_state)
    number = np.append(_by_length(streets, label, count), np.int32(-1))[label]
    street = turns.state_arc % np.int32(streets.edge_count)
    part = _parts_of(number, street, streets.edge_count)
    stops = _stops(turns.start, turns.to, timing.lost_ms, of_state, street, number, part, count)
    return _with_stops(part, *stops, count)


@njit(cache=True, nogil=True)
def _components(
    start: Ints32, to: Ints32, lost_ms: Ints32, usable: Bools
) -> tuple[Ints32, int]:  # pragma: no cover - compiled
    """Label the states that hang together by turns both ways, and count the labels; -1: those that do not.

    A part has a turn within it: to be driving one way and never come back is none. Labels go by the first
    state of each (Tarjan 1972, with a stack of our own).
    """
    count = len(usable)
    index, low = np.full(count, -1, dtype=np.int32), np.empty(count, dtype=np.int32)
    group = np.full(count, -1, dtype=np.int32)  # named by the first state that was come to
    row, path, waiting = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    seen = held = 0
    for first in range(count):
        if not usable[first] or index[first] >= 0:
            continue
        depth, path[0] = 0, first
        while depth >= 0:
            state = path[depth]
            if index[state] < 0:
                index[state] = low[state] = seen
                row[state] = start[state]
                waiting[held] = state
                seen, held = seen + 1, held + 1
            if row[state] < start[state + 1]:
                turn, after = row[state], to[row[state]]
                row[state] += 1
                if lost_ms[turn] >= BARRED or not usable[after]:
                    continue
                if index[after] < 0:
                    depth += 1
                    path[depth] = after
                elif group[after] < 0:
                    low[state] = min(low[state], index[after])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[state])
            if low[state] == index[state]:
                while group[state] < 0:
                    held -= 1
                    group[waiting[held]] = state
    return _labelled(start, to, lost_ms, usable, group)


@njit(cache=True, nogil=True)
def _labelled(
    start: Ints32, to: Ints32, lost_ms: Ints32, usable: Bools, group: Ints32
) -> tuple[Ints32, int]:  # pragma: no cover - compiled
    """Give a number to each group that has a turn within it, by the first state of each."""
    turned = np.zeros(len(group), dtype=np.bool_)
    for state in range(len(group)):
        for turn in range(start[state], start[state + 1] if usable[state] else start[state]):
            if lost_ms[turn] < BARRED and group[to[turn]] == group[state]:
                turned[group[state]] = True
    number = np.full(len(group), -1, dtype=np.int32)
    label = np.full(len(group), -1, dtype=np.int32)
    count = 0
    for state in range(len(group)):
        if group[state] >= 0 and turned[group[state]]:
            if number[group[state]] < 0:
                number[group[state]] = count
                count += 1
            label[state] = number[group[state]]
    return label, count


def _by_length(streets: StreetArrays, label: Ints32, count: int) -> Ints32:
    """Return the number of each part by the length of its streets, each counted once, the longest 0."""
    ahead, back = label[: 2 * streets.edge_count].reshape(2, -1)
    length_m = np.zeros(count)
    for of_arc, once in ((ahead, ahead >= 0), (back, (back >= 0) & (back != ahead))):
        edges = np.flatnonzero(once)
        length_m += np.bincount(of_arc[edges], weights=streets.length_m[edges], minlength=count)
    rank = np.empty(count, dtype=np.int32)
    rank[np.lexsort((np.arange(count), -length_m))] = np.arange(count)
    return rank


@njit(cache=True, nogil=True)
def _parts_of(number: Ints32, street: Ints32, edges: int) -> Ints:  # pragma: no cover - compiled
    """Return the lowest part that any state of each street lies in, (E,); -1: none."""
    part = np.full(edges, -1, dtype=np.int64)
    for state in range(len(number)):
        edge = street[state]
        if number[state] >= 0 and (part[edge] < 0 or number[state] < part[edge]):
            part[edge] = number[state]
    return part


@njit(cache=True, nogil=True)
def _stops(
    start: Ints32,
    to: Ints32,
    lost_ms: Ints32,
    usable: Bools,
    street: Ints32,
    number: Ints32,
    part: Ints,
    count: int,
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return streets in no part into which a turn leads from a part, and from which one leads into a part.

    Each as its street times ``count`` with the part.
    """
    came, left = np.empty(len(to), dtype=np.int64), np.empty(len(to), dtype=np.int64)
    into = out = 0
    for state in range(len(usable)):
        if not usable[state]:
            continue
        for turn in range(start[state], start[state + 1]):
            after = to[turn]
            if lost_ms[turn] >= BARRED or not usable[after]:
                continue
            if part[street[after]] < 0 and number[state] >= 0:
                came[into] = np.int64(street[after]) * count + number[state]
                into += 1
            if part[street[state]] < 0 and number[after] >= 0:
                left[out] = np.int64(street[state]) * count + number[after]
                out += 1
    return came[:into].copy(), left[:out].copy()


def _with_stops(part: Ints, came: Ints, left: Ints, count: int) -> Ints:
    """Add the streets where who stops may come by one direction and leave by the other.

    To drive on is another matter: no state there need lie in the part.
    """
    both = np.intersect1d(came, left)
    if len(both):
        added, first = np.unique(both // count, return_index=True)
        part[added] = both[first] % count
    return part

"""What shortcuts weigh: for one traveller, and again where streets are closed or weigh otherwise.

A shortcut weighs what the turn costs that it is, or the way over one of the states below it, whichever is
less: such a state with its two shortcuts is a *triangle*. All triangles are looked through once for a
traveller. For a closure only those are that may change anything: what became longer matters to a shortcut
that led along it, what became shorter to one that can be bettered (Dibbelt, Strasser and Wagner 2016, 4.4).

What is found depends on the weights alone, never on what they were before: sums are whole milliseconds.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.contraction import Shortcuts, Weighed, first_from
from planner.streets.heap import pop, queued
from planner.streets.search import BARRED, Ints, Ints32

_ALIKE, _LONGER, _SHORTER = range(3)
_GROUPS = 2
"""So many threads customize at once: parts of the tree that share nothing, then what lies above them."""
_PARTS = 16
"""A part is at most this part of all states."""
_LEAST_STATES = 20_000
"""Of fewer it takes no longer than to share it out."""
_MANY = 4
"""So many shortcuts of one rank that have become longer are found anew all at once."""


class Parts:
    """Which states may be customized at the same time.

    Parameters
    ----------
    shortcuts : Shortcuts
    """

    def __init__(self, shortcuts: Shortcuts) -> None:
        groups = _GROUPS if len(shortcuts.rank) >= _LEAST_STATES else 1
        group = _groups(shortcuts.parent, shortcuts.low_start, groups, _PARTS)
        self.beside = [np.flatnonzero(group == k).astype(np.int32) for k in range(_GROUPS)]
        self.above = np.flatnonzero(group < 0).astype(np.int32)


def customize(shortcuts: Shortcuts, parts: Parts, ms: Weighed, weight: Weighed) -> None:
    """Find what every shortcut weighs.

    Parameters
    ----------
    shortcuts : Shortcuts
    parts : Parts
    ms : (T,) uint32 array
        What turns weigh.
    weight : (A,) uint32 array
        Written.
    """
    _as_turns(shortcuts.of_turn, ms, weight)
    seen = shortcuts.start[:-1].copy()
    with ThreadPoolExecutor(_GROUPS, thread_name_prefix="customizing") as pool:
        whole = all(pool.map(partial(_customize, shortcuts, seen=seen, weight=weight), parts.beside))
    if not (_customize(shortcuts, parts.above, seen, weight) and whole):
        raise ValueError("there are triangles without a shortcut")


@njit(cache=True, nogil=True)
def _groups(
    parent: Ints32, low_start: Ints32, groups: int, parts: int
) -> NDArray[np.int8]:  # pragma: no cover - compiled
    """Deal the parts of the tree out to groups, the work to be done about even; -1: above them."""
    count = len(parent)
    size = np.ones(count, dtype=np.int64)
    work = np.empty(count, dtype=np.int64)
    for r in range(count):
        work[r] = 1 + low_start[r + 1] - low_start[r] + low_start[count + r + 1] - low_start[count + r]
    for r in range(count):
        if parent[r] >= 0:
            size[parent[r]] += size[r]
            work[parent[r]] += work[r]
    group = np.full(count, -1, dtype=np.int8)
    given = np.zeros(groups, dtype=np.int64)
    for r in range(count - 1, -1, -1):
        above = parent[r]
        if above >= 0 and group[above] >= 0:
            group[r] = group[above]
        elif size[r] * parts <= count:
            group[r] = np.argmin(given)
            given[group[r]] += work[r]
    return group


@njit(cache=True, nogil=True)
def _as_turns(of_turn: Ints32, ms: Weighed, weight: Weighed) -> None:  # pragma: no cover - compiled
    """Let shortcuts weigh what turns do, and nothing else."""
    weight[:] = BARRED
    for turn in range(len(ms)):
        arc = of_turn[turn]
        if arc >= 0 and ms[turn] < weight[arc]:
            weight[arc] = ms[turn]


@njit(cache=True, nogil=True)
def _customize(
    shortcuts: Shortcuts, ranks: Ints32, seen: Ints32, weight: Weighed
) -> bool:  # pragma: no cover - compiled
    """Customize the shortcuts at some ranks, ascending, once all below them are; False: one is missing."""
    count, start, far = len(shortcuts.rank), shortcuts.start, shortcuts.far
    low_start, low, lower = shortcuts.low_start, shortcuts.low, shortcuts.lower
    place = np.full(count, -1, dtype=np.int32)
    for x in ranks:
        for down in range(2):
            own, other = down * count, (1 - down) * count
            for arc in range(start[own + x], start[own + x + 1]):
                place[far[arc]] = arc
            for row in range(low_start[other + x], low_start[other + x + 1]):
                v, to_x = lower[row], weight[low[row]]
                arc, last = seen[own + v], start[own + v + 1]
                while arc < last and far[arc] <= x:
                    arc += 1
                seen[own + v] = arc
                if to_x >= BARRED:
                    continue
                for k in range(arc, last):
                    over = to_x + weight[k]
                    at = place[far[k]]
                    if at < 0:
                        return False
                    weight[at] = min(weight[at], over)
            for arc in range(start[own + x], start[own + x + 1]):
                place[far[arc]] = -1
    return True


class Room(NamedTuple):
    """What a change writes on, and wipes after it.

    Parameters
    ----------
    how : (A,) uint8 array
        Whether each shortcut may weigh more, or weighs less.
    former : (A,) uint32 array
        What it weighed before, where it does.
    waits : (S,) bool array
        Whether shortcuts at a rank are still to be seen to.
    place : (S,) int32 array
        A shortcut by its far end.
    """

    how: NDArray[np.uint8]
    former: Weighed
    waits: NDArray[np.bool_]
    place: Ints32


def room_for(shortcuts: Shortcuts) -> Room:
    """Return room for changes, wiped."""
    count, states = len(shortcuts.far), len(shortcuts.rank)
    return Room(
        how=np.zeros(count, dtype=np.uint8),
        former=np.empty(count, dtype=np.uint32),
        waits=np.zeros(states, dtype=np.bool_),
        place=np.full(states, -1, dtype=np.int32),
    )


class Written(NamedTuple):
    """What weighs otherwise after a change.

    Parameters
    ----------
    shortcuts : (n,) int32 array
        Each once.
    former : (n,) uint32 array
        What they weighed before.
    """

    shortcuts: Ints32
    former: Weighed


def change(
    shortcuts: Shortcuts, room: Room, turns: Ints, ms: Weighed, of_turns: Weighed, weight: Weighed
) -> Written:
    """Find anew what shortcuts weigh, where some turns weigh otherwise.

    Parameters
    ----------
    shortcuts : Shortcuts
    room : Room
    turns, ms : (k,) arrays
        Turns that weigh otherwise, each once, and what they weighed.
    of_turns : (T,) uint32 array
        What all turns weigh now.
    weight : (A,) uint32 array
        Right for what turns weighed, and afterwards for what they weigh.
    """
    return Written(*_change(shortcuts, room, turns, ms, of_turns, weight))


@njit(cache=True, nogil=True, inline="always")
def _tell(
    arc: int, before: int, after: int, weight: Weighed, how: NDArray[np.uint8], former: Weighed
) -> bool:  # pragma: no cover - compiled
    """Tell a shortcut that one of its ways weighs otherwise; returns whether it has to be seen to for that.

    While it is longer or alike, ``weight`` is what it was. Once it is shorter that way was found anew, and no
    other is shorter but such as will be told too.
    """
    now = weight[arc]
    if after < now:
        first = bool(how[arc] == _ALIKE)
        if how[arc] != _SHORTER:
            former[arc] = now
            how[arc] = _SHORTER
        weight[arc] = after
        return first
    if how[arc] == _ALIKE and before == now and after > now:
        former[arc] = now
        how[arc] = _LONGER
        return True
    return False


@njit(cache=True, nogil=True)
def turn_ms(shortcuts: Shortcuts, x: int, y: int, of_turns: Weighed) -> int:  # pragma: no cover - compiled
    """Return what it costs to turn from one rank to another; ``BARRED`` where no turn does."""
    least, before, after = np.uint32(BARRED), shortcuts.state[x], shortcuts.state[y]
    for turn in range(shortcuts.begin[before], shortcuts.begin[before + 1]):
        if shortcuts.to[turn] == after:
            least = min(least, of_turns[turn])
    return int(least)


@njit(cache=True, nogil=True)
def _over_least(
    shortcuts: Shortcuts, x: int, y: int, known: int, enough: int, weight: Weighed
) -> int:  # pragma: no cover - compiled
    """Return the least of what is known and of all ways from one rank to another over a lower one.

    Stops at what is ``enough``, which none is less than.
    """
    count, start, far = len(shortcuts.rank), shortcuts.start, shortcuts.far
    # Of each state below the lower end one shortcut is to hand, the other is looked for.
    row, other, high = (count + x, 0, y) if x < y else (y, count, x)
    least = known
    for k in range(shortcuts.low_start[row], shortcuts.low_start[row + 1]):
        near = weight[shortcuts.low[k]]
        if near >= least:
            continue
        v = other + shortcuts.lower[k]
        at = first_from(far, start[v], start[v + 1], high)
        if at < start[v + 1] and far[at] == high:
            least = min(least, near + weight[at])
            if least <= enough:
                break
    return least


@njit(cache=True, nogil=True)
def _over_all(
    shortcuts: Shortcuts, x: int, own: int, weight: Weighed, place: Ints32
) -> None:  # pragma: no cover - compiled
    """Let those of a rank's shortcuts that have a place weigh no more than any way over a lower one."""
    count, start, far = len(shortcuts.rank), shortcuts.start, shortcuts.far
    for row in range(shortcuts.low_start[count - own + x], shortcuts.low_start[count - own + x + 1]):
        near, v = weight[shortcuts.low[row]], own + shortcuts.lower[row]
        if near >= BARRED:
            continue
        for k in range(start[v + 1] - 1, start[v] - 1, -1):
            if far[k] <= x:
                break
            at = place[far[k]]
            if at >= 0:
                weight[at] = min(weight[at], near + weight[k])


@njit(cache=True, nogil=True)
def _find_longer(
    shortcuts: Shortcuts, room: Room, x: int, own: int, of_turns: Weighed, weight: Weighed
) -> None:  # pragma: no cover - compiled
    """Find what those shortcuts at a rank weigh whose way has become longer: few one by one, many at once."""
    far, how = shortcuts.far, room.how
    first, last = shortcuts.start[own + x], shortcuts.start[own + x + 1]
    longer = 0
    for arc in range(first, last):
        if how[arc] == _LONGER:
            longer += 1
            room.place[far[arc]] = arc
            y, z = (far[arc], x) if own else (x, far[arc])
            weight[arc] = turn_ms(shortcuts, y, z, of_turns)
    if longer >= _MANY:
        _over_all(shortcuts, x, own, weight, room.place)
    for arc in range(first, last):
        if how[arc] == _LONGER:
            room.place[far[arc]] = -1
            if longer < _MANY:
                y, z = (far[arc], x) if own else (x, far[arc])
                weight[arc] = _over_least(shortcuts, y, z, weight[arc], room.former[arc], weight)
    for arc in range(first, last):
        if how[arc] == _LONGER and weight[arc] == room.former[arc]:
            how[arc] = _ALIKE


@njit(cache=True, nogil=True)
def _pass_on(
    shortcuts: Shortcuts, room: Room, x: int, own: int, others: Ints32, weight: Weighed, heap: Ints, size: int
) -> tuple[Ints, int]:  # pragma: no cover - compiled
    """Tell the shortcuts above a rank, on one side, what its own that are other mean to them.

    A pair of one down to it and one up from it is a way between their far ends, kept at the lower of these:
    for each of them its row is gone through once.
    """
    start, far, how, former = shortcuts.start, shortcuts.far, room.how, room.former
    count = len(shortcuts.rank)
    first, last = start[own + x], start[own + x + 1]
    for arc in range(start[count - own + x], start[count - own + x + 1]):
        z, is_other = far[arc], how[arc] != _ALIKE
        was_to, now_to = former[arc] if is_other else weight[arc], weight[arc]
        row = start[own + z]
        for k in range(last - first if is_other else len(others)):
            leg = first + k if is_other else others[k]
            y = far[leg]
            if y <= z:
                continue
            while far[row] < y:
                row += 1
            was = was_to + (former[leg] if how[leg] != _ALIKE else weight[leg])
            now = now_to + weight[leg]
            if was != weight[row] and now >= weight[row]:
                continue
            if _tell(row, was, now, weight, how, former) and not room.waits[z]:
                room.waits[z] = True
                heap, size = queued(heap, size, int(np.int64(z)))
    return heap, size


@njit(cache=True, nogil=True)
def _change(
    shortcuts: Shortcuts, room: Room, turns: Ints, ms: Weighed, of_turns: Weighed, weight: Weighed
) -> tuple[Ints32, Weighed]:  # pragma: no cover - compiled
    count, start, rank = len(shortcuts.rank), shortcuts.start, shortcuts.rank
    # Told as what they are, so that what is called is compiled once.
    none = int(np.int64(0))
    heap, size = np.empty(1024, dtype=np.int64), none
    written, former, done = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.uint32), 0
    for k in range(len(turns)):
        arc, now = int(np.int64(shortcuts.of_turn[turns[k]])), int(np.uint64(of_turns[turns[k]]))
        if arc >= 0 and _tell(arc, int(np.uint64(ms[k])), now, weight, room.how, room.former):
            before = np.searchsorted(shortcuts.begin, turns[k], side="right") - 1
            x = int(np.int64(min(rank[before], rank[shortcuts.to[turns[k]]])))
            if not room.waits[x]:
                room.waits[x] = True
                heap, size = queued(heap, size, x)
    while size > 0:
        x = heap[0]
        size = pop(heap, size)
        room.waits[x] = False
        begun = done
        for own in (0, count):
            ups = done  # of the first turn; then those down begin here
            _find_longer(shortcuts, room, x, own, of_turns, weight)
            if done + start[own + x + 1] - start[own + x] > len(written):
                written = np.concatenate((written, np.empty(len(written) + count, dtype=np.int32)))
                former = np.concatenate((former, np.empty(len(former) + count, dtype=np.uint32)))
            for arc in range(start[own + x], start[own + x + 1]):
                if room.how[arc] != _ALIKE:
                    written[done], former[done] = arc, room.former[arc]
                    done += 1
        if done > begun:
            heap, size = _pass_on(shortcuts, room, x, none, written[begun:ups], weight, heap, size)
            heap, size = _pass_on(shortcuts, room, x, count, written[ups:done], weight, heap, size)
        for k in range(begun, done):
            room.how[written[k]] = _ALIKE
    return written[:done].copy(), former[:done].copy()

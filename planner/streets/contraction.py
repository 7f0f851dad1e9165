"""Streets contracted one after the other: shortcuts, over which ways are found in no time.

A *customizable contraction hierarchy* (Dibbelt, Strasser and Wagner, *Customizable Contraction Hierarchies*,
2016) over the turns of a network, with the two changes that pay where turns cost (Buchhold, Wagner, Zeitz and
Zündorf, *Customizable Contraction Hierarchies with Turn Costs*, 2020): the order comes from cuts of the
streets, and a shortcut is kept only in the direction in which there is a way at all.

States (:mod:`planner.streets.turns`) are numbered by their *rank*, in the order of contraction. A shortcut
lies between two of them and is kept at the lower one: it leads *up*, from there to the higher one, or *down*,
from the higher one to there. Which shortcuts there are depends on the turns alone, and is found once for a
map; what they weigh is found for each traveller, and again, where it matters, for what is closed
(:mod:`planner.streets.customizing`).
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.memory import give_back
from planner.streets.grouping import grouped
from planner.streets.search import Ints32
from planner.streets.street_arrays import read_only
from planner.streets.turns import Turns

Weighed = NDArray[np.uint32]
"""Whole milliseconds; ``BARRED`` where there is no way. Two of them can be added."""
Digest = NDArray[np.uint8]

_NO_ROWS = np.empty(0, dtype=np.int32)
_NO_DIGEST = np.empty(0, dtype=np.uint8)


class Shortcuts(NamedTuple):
    """All shortcuts between the S states of some turns.

    Parameters
    ----------
    begin, to : (S + 1,) and (T,) int32 arrays
        The turns, as :class:`~planner.streets.turns.Turns` has them.
    rank, state : (S,) int32 arrays
        When each state is contracted, and which is contracted when.
    parent : (S,) int32 array
        The elimination tree, by rank: whatever a state's shortcuts lead to lies on its way to the root, where
        -1 stands.
    start : (2 S + 1,) int32 array
        Shortcuts up from rank r are rows ``start[r]:start[r + 1]``, those down to it are rows
        ``start[S + r]:start[S + r + 1]``.
    far : (A,) int32 array
        The rank of the higher end of each, ascending among those of one state.
    low_start : (2 S + 1,) int32 array
        Shortcuts up to rank r, and down from it, laid out likewise: they are kept at lower states.
    low, lower : (A,) int32 arrays
        These shortcuts, and the lower state of each, ascending.
    of_turn : (T,) int32 array
        The shortcut that is each turn; -1 for one that leads from a state to itself.
    """

    begin: Ints32
    to: Ints32
    rank: Ints32
    state: Ints32
    parent: Ints32
    start: Ints32
    far: Ints32
    low_start: Ints32
    low: Ints32
    lower: Ints32
    of_turn: Ints32


class Kept(NamedTuple):
    """What is kept of shortcuts: the rest follows from it, from turns and order.

    Parameters
    ----------
    parent, start, far : int32 arrays
        As of :class:`Shortcuts`.
    of : uint8 array
        Digest of the turns and the order that they are of; empty where it is not known.
    by : uint8 array
        Digest of what turns weigh for the traveller whose weights are kept; empty: there are none.
    weight : uint32 array
        What each shortcut weighs for that one.
    """

    parent: Ints32
    start: Ints32
    far: Ints32
    of: Digest = _NO_DIGEST
    by: Digest = _NO_DIGEST
    weight: Weighed = _NO_ROWS.astype(np.uint32)


class Found(NamedTuple):
    """Shortcuts as they are found: what is kept of them, but those up and those down lie apart.

    Together they would take twice as much while they are laid so, of a metro more than a hundred megabytes.
    """

    parent: Ints32
    start: Ints32
    up: Ints32
    down: Ints32

    def kept(self) -> Kept:
        """Return what is kept of them."""
        return Kept(self.parent, self.start, np.concatenate([self.up, self.down]))


def digest_of(turns: Turns, states: Ints32) -> Digest:
    """Return a digest of all that shortcuts follow from: which turns there are, and the order."""
    sha = hashlib.sha256()
    for array in (turns.start, turns.to, states):
        sha.update(np.ascontiguousarray(array).data)
    return np.frombuffer(sha.digest(), dtype=np.uint8)


def contract(turns: Turns, states: Ints32) -> Found:
    """Find all shortcuts: of a metro of a million streets it takes some seconds.

    Parameters
    ----------
    turns : Turns
    states : (S,) int32 array
        The states in the order in which they are contracted.
    """
    state, rank = _ranked(states)
    into, before = grouped(turns.to, turns.state_count)
    before = turns.origin[before]
    give_back()  # to find all this has left tens of megabytes of a metro
    start, up, down = _shortcuts(turns.start, turns.to, into, before, rank, state)
    return Found(_elimination_tree(turns.start, turns.to, rank), start, up, down)


def laid_out(turns: Turns, states: Ints32, kept: Kept) -> Shortcuts | None:
    """Return shortcuts with all that follows from them; None where they are not those of these turns.

    Parameters
    ----------
    turns : Turns
    states : (S,) int32 array
        The states in the order in which they were contracted.
    kept : Kept
    """
    bare = climbable(turns, states, kept)
    return None if bare is None else whole(bare)


def climbable(turns: Turns, states: Ints32, kept: Kept) -> Shortcuts | None:
    """Return shortcuts over which one can climb: what lies by higher ends, and turns, are not laid out.

    None where they are none, or of another number of states; else as :func:`laid_out`.
    """
    state, rank = _ranked(states)
    arrays = kept.parent, kept.start, kept.far
    if not all(array.dtype == np.int32 and array.ndim == 1 for array in arrays):
        return None
    parent, start, far = map(read_only, arrays)
    if not _fit(parent, start, far, len(rank)):
        return None
    found = Shortcuts(turns.start, turns.to, rank, state, *arrays, *(_NO_ROWS,) * 4)
    return Shortcuts(*map(read_only, found))


def whole(bare: Shortcuts) -> Shortcuts | None:
    """Return shortcuts with all that follows from them; None where they are not those of their turns."""
    with ThreadPoolExecutor(1, thread_name_prefix="shortcuts") as pool:  # of a metro each takes half a second
        of_turns = pool.submit(_of_turns, bare.begin, bare.to, bare.rank, bare.state, bare.start, bare.far)
        low_start, low, lower = map(read_only, _by_higher_end(bare.start, bare.far))
        of_turn = read_only(of_turns.result())
    if len(of_turn) != len(bare.to):
        return None
    return bare._replace(low_start=low_start, low=low, lower=lower, of_turn=of_turn)


def _ranked(states: Ints32) -> tuple[Ints32, Ints32]:
    rank = np.empty_like(states)
    rank[states] = np.arange(len(states), dtype=np.int32)
    return states, rank


@njit(cache=True, nogil=True)
def _fit(parent: Ints32, start: Ints32, far: Ints32, count: int) -> bool:  # pragma: no cover - compiled
    """Whether these may be the shortcuts of so many states: no number leads beyond what there is."""
    if len(parent) != count or len(start) != 2 * count + 1 or start[0] != 0 or start[2 * count] != len(far):
        return False
    for r in range(count):
        if parent[r] != -1 and not r < parent[r] < count:
            return False
    for row in range(2 * count):
        before = row % count
        if start[row + 1] < start[row] or start[row + 1] > len(far):
            return False
        for arc in range(start[row], start[row + 1]):
            if not before < far[arc] < count:
                return False
            before = far[arc]
    return True


@njit(cache=True, nogil=True)
def _elimination_tree(begin: Ints32, to: Ints32, rank: Ints32) -> Ints32:  # pragma: no cover - compiled
    """Return the parent of each rank, as if all turns led both ways (Liu 1990, with shortened paths)."""
    count = len(rank)
    start = np.zeros(count + 1, dtype=np.int32)
    for state in range(count):
        for turn in range(begin[state], begin[state + 1]):
            start[max(rank[state], rank[to[turn]]) + 1] += 1
    for r in range(count):
        start[r + 1] += start[r]
    below = np.empty(start[count], dtype=np.int32)
    filled = start[:-1].copy()
    for state in range(count):
        for turn in range(begin[state], begin[state + 1]):
            high = max(rank[state], rank[to[turn]])
            below[filled[high]] = min(rank[state], rank[to[turn]])
            filled[high] += 1
    parent = np.full(count, -1, dtype=np.int32)
    ahead = np.full(count, -1, dtype=np.int32)
    for high in range(count):
        for row in range(start[high], start[high + 1]):
            r = below[row]
            while r != high:
                further = ahead[r]
                ahead[r] = high
                if further < 0:
                    parent[r] = high
                    break
                r = further
    return parent


@njit(cache=True, nogil=True)
def _longer(array: Ints32, size: int) -> Ints32:  # pragma: no cover - compiled
    if size <= len(array):
        return array
    found = np.empty(max(size, len(array) + len(array) // 8), dtype=np.int32)
    found[: len(array)] = array
    return found


@njit(cache=True, nogil=True)
def _far_ends(
    x: int,
    turned: Ints32,
    rank: Ints32,
    start: Ints32,
    far: Ints32,
    other_start: Ints32,
    other_far: Ints32,
    lowest: Ints32,
    first: Ints32,
    after: Ints32,
    mark: Ints32,
    found: Ints32,
) -> int:  # pragma: no cover - compiled
    """Find where the shortcuts of one direction lead that are kept at rank x; returns how many there are.

    Where turns lead, and where shortcuts of that direction lead from lower states that x is told of: these
    begin at ``first[x]``, ``after`` chains them, and each goes on to the next rank that it is to tell.
    """
    size = 0
    for state in turned:
        y = rank[state]
        if y > x and mark[y] != x:
            mark[y] = x
            found[size] = y
            size += 1
    v = first[x]
    while v >= 0:
        last = start[v + 1]
        for k in range(first_from(far, start[v], last, x + 1), last):
            y = far[k]
            if mark[y] != x:
                mark[y] = x
                found[size] = y
                size += 1
        told = v
        v = after[told]
        _tell(int(np.int64(told)), x, other_start, other_far, lowest, first, after)
    for k in range(size):
        mark[found[k]] = -1
    return size


@njit(cache=True, nogil=True)
def _tell(
    v: int, x: int, start: Ints32, far: Ints32, lowest: Ints32, first: Ints32, after: Ints32
) -> None:  # pragma: no cover - compiled
    """Let a state wait for the next rank beyond x to which its shortcuts of one direction lead.

    Not beyond the lowest that those of both lead to: that one has all its shortcuts from there on itself.
    """
    at = first_from(far, start[v], start[v + 1], x + 1)
    if at < start[v + 1] and (lowest[v] < 0 or far[at] <= lowest[v]):
        after[v] = first[far[at]]
        first[far[at]] = v


@njit(cache=True, nogil=True)
def _shortcuts(
    begin: Ints32,
    to: Ints32,
    into_begin: Ints32,
    before: Ints32,
    rank: Ints32,
    state: Ints32,
) -> tuple[Ints32, Ints32, Ints32]:  # pragma: no cover - compiled
    """Return where the shortcuts at each rank begin, and their higher ends, those up and those down.

    Whoever drives down to a state that is contracted and up from it drives a shortcut instead. It is kept at
    the lower of its ends, and found when that one's turn comes.
    """
    count = len(rank)
    up_start, down_start = np.zeros(count + 1, dtype=np.int32), np.zeros(count + 1, dtype=np.int32)
    # Room that is not used takes no memory, and growing takes twice as much.
    up, down = np.empty(4 * len(to) + 16, dtype=np.int32), np.empty(4 * len(to) + 16, dtype=np.int32)
    # Lower states that tell a rank: those from which a shortcut leads up to it, and those to which one leads
    # down from it.
    from_low, to_low = np.full(count, -1, dtype=np.int32), np.full(count, -1, dtype=np.int32)
    next_from, next_to = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    lowest, mark = np.full(count, -1, dtype=np.int32), np.full(count, -1, dtype=np.int32)
    ups, downs = np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)
    for x in range(count):
        s = state[x]
        turned = to[begin[s] : begin[s + 1]]
        size = _far_ends(x, turned, rank, up_start, up, down_start, down, lowest, to_low, next_to, mark, ups)
        ahead = np.sort(ups[:size])
        turned = before[into_begin[s] : into_begin[s + 1]]
        size = _far_ends(
            x, turned, rank, down_start, down, up_start, up, lowest, from_low, next_from, mark, downs
        )
        behind = np.sort(downs[:size])
        up_start[x + 1], down_start[x + 1] = up_start[x] + len(ahead), down_start[x] + len(behind)
        up, down = _longer(up, up_start[x + 1]), _longer(down, down_start[x + 1])
        up[up_start[x] : up_start[x + 1]] = ahead
        down[down_start[x] : down_start[x + 1]] = behind
        lowest[x] = _first_of_both(ahead, behind)
        _tell(x, x, up_start, up, lowest, from_low, next_from)
        _tell(x, x, down_start, down, lowest, to_low, next_to)
    both = np.concatenate((up_start, down_start[1:] + up_start[count]))
    return both, up[: up_start[count]], down[: down_start[count]]


@njit(cache=True, nogil=True)
def _first_of_both(a: Ints32, b: Ints32) -> int:  # pragma: no cover - compiled
    """Return the least number of two ascending arrays that stands in both; -1: there is none."""
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            return int(a[i])
        if a[i] < b[j]:
            i += 1
        else:
            j += 1
    return -1


@njit(cache=True, nogil=True)
def _by_higher_end(
    start: Ints32, far: Ints32
) -> tuple[Ints32, Ints32, Ints32]:  # pragma: no cover - compiled
    """Lay out shortcuts by their higher end, those up before those down."""
    count = len(start) // 2
    low_start = np.zeros(2 * count + 1, dtype=np.int32)
    for down in range(2):
        for arc in range(start[down * count], start[(down + 1) * count]):
            low_start[down * count + far[arc] + 1] += 1
    for row in range(2 * count):
        low_start[row + 1] += low_start[row]
    low, lower = np.empty_like(far), np.empty_like(far)
    filled = low_start[:-1].copy()
    for down in range(2):
        for r in range(count):
            for arc in range(start[down * count + r], start[down * count + r + 1]):
                row = down * count + far[arc]
                low[filled[row]] = arc
                lower[filled[row]] = r
                filled[row] += 1
    return low_start, low, lower


@njit(cache=True, nogil=True)
def _of_turns(
    begin: Ints32, to: Ints32, rank: Ints32, state: Ints32, start: Ints32, far: Ints32
) -> Ints32:  # pragma: no cover - compiled
    """Return which shortcut each turn is, -1 where it leads to its own state; nothing if one is missing."""
    count = len(rank)
    of_turn = np.full(len(to), -1, dtype=np.int32)
    for x in range(count):  # what lies together was contracted together
        for turn in range(begin[state[x]], begin[state[x] + 1]):
            y = rank[to[turn]]
            if x != y:
                of_turn[turn] = _between(start, far, count, x, y)
                if of_turn[turn] < 0:
                    return of_turn[:0]
    return of_turn


@njit(cache=True, nogil=True)
def _between(start: Ints32, far: Ints32, count: int, x: int, y: int) -> int:  # pragma: no cover - compiled
    """Return the shortcut from one rank to another, -1: none."""
    row, high = (x, y) if x < y else (count + y, x)
    at = first_from(far, start[row], start[row + 1], high)
    return at if at < start[row + 1] and far[at] == high else -1


@njit(cache=True, nogil=True)
def first_from(far: Ints32, first: int, last: int, high: int) -> int:  # pragma: no cover - compiled
    """Return the first of some rows, ascending, at which no lower rank stands."""
    while first < last:
        middle = (first + last) >> 1
        if far[middle] < high:
            first = middle + 1
        else:
            last = middle
    return first

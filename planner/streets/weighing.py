"""What shortcuts weigh for the traveller asked for most: found when an area is written, kept with its pack.

The same as :mod:`planner.streets.customizing` finds, in twice its time and a third of its memory: each state
tells the shortcuts above it what a way over it costs, and nothing is laid out by higher ends for that. Where
shortcuts and weights lie on disk, little of them is in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit

from planner.streets.contraction import Digest, Kept, Weighed, digest_of, first_from
from planner.streets.search import BARRED, Ints32
from planner.streets.turns import Turns

MOST_WEIGHED = 48_000_000
"""With more shortcuts no weights are kept: so many those of a metro of 1.6 million streets would be."""
_STEPS = 64
"""In so many steps they are found; between them what a metro's shortcuts took of memory can be let go."""


class KeptWeights(NamedTuple):
    """What shortcuts weigh, as it is kept with them.

    Parameters
    ----------
    of : (32,) uint8 array
        Digest of the turns and the order that the shortcuts are of.
    by : (32,) uint8 array
        Digest of what turns weigh.
    weight : uint32 array
        What each shortcut weighs, those up before those down.
    """

    of: Digest
    by: Digest
    weight: Weighed


def digest_of_weights(ms: Weighed) -> Digest:
    """Return a digest of what turns weigh."""
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(ms).data).digest(), dtype=np.uint8)


def weigh(
    turns: Turns,
    states: Ints32,
    kept: Kept,
    ms: Weighed,
    weight: Weighed,
    let_go: Callable[[], None] = lambda: None,
) -> KeptWeights:
    """Find what every shortcut weighs.

    Parameters
    ----------
    turns : Turns
    states : (S,) int32 array
        The states in the order in which they were contracted.
    kept : Kept
        The shortcuts of these turns; they and ``weight`` may lie in files.
    ms : (T,) uint32 array
        What turns weigh.
    weight : (A,) uint32 array
        ``BARRED`` everywhere; written.
    let_go : callable
        Called between steps: what lies in files need not stay in memory.
    """
    count, ups = len(states), int(kept.start[len(states)])
    rank = np.empty_like(states)
    rank[states] = np.arange(count, dtype=np.int32)
    ahead = kept.start[: count + 1], kept.far[:ups], weight[:ups]
    behind = kept.start[count:] - ups, kept.far[ups:], weight[ups:]
    steps = [count * step // _STEPS for step in range(_STEPS + 1)]
    for first, last in pairwise(steps):
        _as_turns(turns.start, turns.to, ms, states, rank, *ahead, *behind, first, last)
        let_go()
    order = _by_branches(kept.parent)
    for first, last in pairwise(steps):
        _over_lower(*ahead, *behind, order[first:last])
        let_go()
    return KeptWeights(digest_of(turns, states), digest_of_weights(ms), weight)


@njit(cache=True, nogil=True)
def _as_turns(
    begin: Ints32,
    to: Ints32,
    ms: Weighed,
    states: Ints32,
    rank: Ints32,
    up_start: Ints32,
    up: Ints32,
    up_ms: Weighed,
    down_start: Ints32,
    down: Ints32,
    down_ms: Weighed,
    first: int,
    last: int,
) -> None:  # pragma: no cover - compiled
    """Let shortcuts weigh no more than the turns out of some ranks that they are."""
    for x in range(first, last):
        state = states[x]
        for turn in range(begin[state], begin[state + 1]):
            y = rank[to[turn]]
            if x < y:
                at = first_from(up, up_start[x], up_start[x + 1], y)
                up_ms[at] = min(up_ms[at], ms[turn])
            elif y < x:
                at = first_from(down, down_start[y], down_start[y + 1], x)
                down_ms[at] = min(down_ms[at], ms[turn])


@njit(cache=True, nogil=True)
def _by_branches(parent: Ints32) -> Ints32:  # pragma: no cover - compiled
    """Return all ranks, each after those below it in the tree, one branch after the other.

    In the order of ranks come first those that lie alone, all over the map: in no time everything is touched.
    """
    count = len(parent)
    size = np.ones(count + 1, dtype=np.int32)  # the last one: of the roots together
    for r in range(count):
        size[parent[r]] += size[r]
    begin = np.zeros(count + 1, dtype=np.int32)  # where the next branch below a rank begins
    order = np.empty(count, dtype=np.int32)
    for r in range(count - 1, -1, -1):
        first = begin[parent[r]]
        begin[parent[r]] += size[r]
        begin[r] = first
        order[first + size[r] - 1] = r
    return order


@njit(cache=True, nogil=True)
def _over_lower(
    up_start: Ints32,
    up: Ints32,
    up_ms: Weighed,
    down_start: Ints32,
    down: Ints32,
    down_ms: Weighed,
    ranks: Ints32,
) -> None:  # pragma: no cover - compiled
    """Let shortcuts weigh no more than ways over states of some ranks, each after those below it."""
    for v in ranks:
        ups, downs = (up_start[v], up_start[v + 1]), (down_start[v], down_start[v + 1])
        _tell_above(down, down_ms, downs, up, up_ms, ups, up_start)
        _tell_above(up, up_ms, ups, down, down_ms, downs, down_start)


@njit(cache=True, nogil=True)
def _tell_above(
    near: Ints32,
    near_ms: Weighed,
    nears: tuple[int, int],
    far: Ints32,
    far_ms: Weighed,
    fars: tuple[int, int],
    far_start: Ints32,
) -> None:  # pragma: no cover - compiled
    """Tell shortcuts over one state that are kept at the end of its ``near`` ones, and lead on as the others.

    Both are ascending, and whatever the one state leads to beyond an end, that end leads to itself.
    """
    beyond = fars[0]
    for i in range(nears[0], nears[1]):
        end, spent = near[i], near_ms[i]
        while beyond < fars[1] and far[beyond] <= end:
            beyond += 1
        if spent >= BARRED:
            continue
        row = far_start[end]
        for j in range(beyond, fars[1]):
            while far[row] < far[j]:
                row += 1
            far_ms[row] = min(far_ms[row], np.uint32(spent + far_ms[j]))

"""What shortcuts weigh for the traveller asked for most: found when an area is written, kept with its pack.

The same as :mod:`planner.streets.customizing` finds, in twice its time and a third of its memory: each state
tells the shortcuts above it what a way over it costs, and nothing is laid out by higher ends for that.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numba import njit

from planner.streets.contraction import Digest, Found, Weighed, digest_of, first_from
from planner.streets.search import BARRED, Ints32
from planner.streets.turns import Turns

MOST_WEIGHED = 16_000_000
"""With more shortcuts no weights are kept: to find them would take more memory than all else of an import."""


class KeptWeights(NamedTuple):
    """What shortcuts weigh, as it is kept with them.

    Parameters
    ----------
    of : (32,) uint8 array
        Digest of the turns and the order that the shortcuts are of.
    by : (32,) uint8 array
        Digest of what turns weigh.
    up, down : uint32 arrays
        What shortcuts up weigh, and those down.
    """

    of: Digest
    by: Digest
    up: Weighed
    down: Weighed


def digest_of_weights(ms: Weighed) -> Digest:
    """Return a digest of what turns weigh."""
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(ms).data).digest(), dtype=np.uint8)


def weigh(turns: Turns, states: Ints32, found: Found, ms: Weighed) -> KeptWeights:
    """Find what every shortcut weighs.

    Parameters
    ----------
    turns : Turns
    states : (S,) int32 array
        The states in the order in which they were contracted.
    found : Found
        The shortcuts of these turns.
    ms : (T,) uint32 array
        What turns weigh.
    """
    rank = np.empty_like(states)
    rank[states] = np.arange(len(states), dtype=np.int32)
    up, down = (np.full(len(far), BARRED, dtype=np.uint32) for far in (found.up, found.down))
    ahead = found.start[: len(states) + 1], found.up, up
    behind = found.start[len(states) :] - found.start[len(states)], found.down, down
    _as_turns(turns.start, turns.to, ms, states, rank, *ahead, *behind)
    _over_lower(*ahead, *behind)
    return KeptWeights(digest_of(turns, states), digest_of_weights(ms), up, down)


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
) -> None:  # pragma: no cover - compiled
    """Let shortcuts weigh no more than the turns that they are."""
    for x in range(len(states)):
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
def _over_lower(
    up_start: Ints32,
    up: Ints32,
    up_ms: Weighed,
    down_start: Ints32,
    down: Ints32,
    down_ms: Weighed,
) -> None:  # pragma: no cover - compiled
    """Let shortcuts weigh no more than ways over a lower state do, the lowest of them first."""
    for v in range(len(up_start) - 1):
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

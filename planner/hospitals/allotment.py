"""Allotting patients to places at least cost, exactly: whole numbers, the same answer on every machine.

A transportation problem with few kinds of patients and some dozen places, solved by successive shortest
paths. A library's solver would do (the tests hold this one to three of them); it would also bring rounding,
and ties that another version breaks another way, where the same input must give the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FORBIDDEN = -1
"""In a cost matrix: patients of this kind are not taken there."""
_FAR = np.iinfo(np.int64).max // 4
_MOST = 2**60


def ranked_costs(aims: Sequence[Ints], allowed: NDArray[np.bool_]) -> Ints:
    """Fold several aims, the weightiest first, into one cost that never trades a later aim for an earlier.

    Parameters
    ----------
    aims : sequence of (G, P) int arrays
        What one patient of each kind costs at each place, not negative.
    allowed : (G, P) bool array

    Returns
    -------
    (G, P) int array
        For :func:`allot`. Two optima differ by cycles through at most ``G`` kinds and as many places, so
        that an earlier aim outweighs all that ``2 G`` steps can gain on later ones.

    Raises
    ------
    OverflowError
        If the aims are so large that 64 bits do not hold them.
    """
    kinds = len(allowed)
    total, weight = np.zeros(allowed.shape, dtype=np.int64), 1
    for aim in reversed(aims):
        most = int(np.where(allowed, aim, 0).max(initial=0))
        if 2 * kinds * weight * (2 * kinds * most + 1) > _MOST:
            raise OverflowError("the costs of an allotment are too large")
        total += np.where(allowed, aim, 0) * weight
        weight *= 2 * kinds * most + 1
    return np.where(allowed, total, FORBIDDEN)


@njit(cache=True)
def allot(count: Ints, room: Ints, cost: Ints) -> Ints:  # pragma: no cover - compiled
    """Give every patient a place at least total cost.

    Parameters
    ----------
    count : (G,) int array
        Patients of each kind.
    room : (P,) int array
        Places; together with what is allowed they must hold everybody, or the rest is left out.
    cost : (G, P) int array
        Of one patient at one place; ``FORBIDDEN`` (negative) where none may be.

    Returns
    -------
    (G, P) int array
        How many of each kind go where. Of equal optima, always the same.
    """
    kinds, places = cost.shape
    taken = np.zeros((kinds, places), dtype=np.int64)
    free = room.copy()
    for kind in range(kinds):
        left = count[kind]
        while left > 0:
            far, before, over = _displacements(kind, taken, cost)
            last, goal = _cheapest(far, free, cost)
            if goal < 0:
                break
            moved = min(left, free[goal])
            at = last
            while at != kind:
                moved = min(moved, taken[at, over[at]])
                at = before[at]
            free[goal] -= moved
            at, to = last, goal
            taken[at, to] += moved
            while at != kind:
                to = over[at]
                taken[at, to] -= moved
                at = before[at]
                taken[at, to] += moved
            left -= moved
    return taken


@njit(cache=True)
def _displacements(kind: int, taken: Ints, cost: Ints) -> tuple[Ints, Ints, Ints]:  # pragma: no cover
    """Return what it costs that one more of a kind makes one of each other kind move, and by which place.

    Few kinds, so that relaxing until nothing changes is quickest.
    """
    kinds, places = cost.shape
    far = np.full(kinds, _FAR)
    before = np.full(kinds, -1)
    over = np.full(kinds, -1)
    far[kind] = 0
    changed = True
    while changed:
        changed = False
        for a in range(kinds):
            for p in range(places):
                if far[a] == _FAR or cost[a, p] < 0:
                    continue
                through = far[a] + cost[a, p]
                for b in range(kinds):
                    if taken[b, p] > 0 and through - cost[b, p] < far[b]:
                        far[b], before[b], over[b] = through - cost[b, p], a, p
                        changed = True
    return far, before, over


@njit(cache=True)
def _cheapest(far: Ints, free: Ints, cost: Ints) -> tuple[int, int]:  # pragma: no cover - compiled
    """Return which kind takes a free place in the end, and which place; -1 where none is to be had."""
    least, last, goal = _FAR, -1, -1
    for a in range(cost.shape[0]):
        for p in range(cost.shape[1]):
            if far[a] < _FAR and cost[a, p] >= 0 and free[p] > 0 and far[a] + cost[a, p] < least:
                least, last, goal = far[a] + cost[a, p], a, p
    return last, goal

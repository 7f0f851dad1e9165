"""One option of each of several groups, the best that fit together: branch and bound, compiled.

What an option adds may hang on which option of the *first* group was taken; what it loses, on each other one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EPS = 1e-9


@dataclass(frozen=True, eq=False)
class Problem:
    """Options to choose from, by group; K in all.

    Parameters
    ----------
    start : (G + 1,) int array
        Options of group g are ``start[g]:start[g + 1]``.
    beside : (K, K) bool array
        Which options of different groups fit beside each other.
    gain : (n + 1, K) float array
        What each option adds beside option 0..n - 1, all of the first group, and in the last row with none of
        them. Where the first group decides nothing there is but that row.
    hope : (n + 1, K) float array
        The most that each can add; more than ``gain`` only while the first group is open.
    loss : (K, K) float array
        What the option of the column loses beside that of the row, of a group before it.
    """

    start: Ints
    beside: Bools
    gain: Floats
    hope: Floats
    loss: Floats


def best_together(
    problem: Problem, begin: Ints, begin_total: float, most_steps: int
) -> tuple[Ints, float, bool]:
    """Return the best choice of at most one option a group, what it is worth, and whether that is proved.

    Parameters
    ----------
    problem : Problem
    begin : (G,) int array
        A choice that is known, -1 where a group has none: only what is better is looked for.
    begin_total : float
        What that is worth.
    most_steps : int
        Options tried before the search gives up.
    """
    start = problem.start
    group = np.repeat(np.arange(len(start) - 1), np.diff(start))
    # In each row the options of each group, those that may add most first.
    offers = np.array([np.lexsort((np.arange(len(group)), -hope, group)) for hope in problem.hope])
    best, total, steps = _search(
        start,
        problem.beside,
        problem.gain,
        problem.hope,
        problem.loss,
        offers,
        begin,
        begin_total,
        most_steps,
    )
    return best, float(total), steps < most_steps


@njit(cache=True)
def _next(offers: Ints, allowed: Bools, first: int, end: int) -> int:  # pragma: no cover - compiled
    """Return the first place of a group's offers whose option is still allowed, ``end`` where none is."""
    for place in range(first, end):
        if allowed[offers[place]]:
            return place
    return end


@njit(cache=True)
def _most_left(
    group: int, start: Ints, offers: Ints, hope: Floats, allowed: Bools
) -> float:  # pragma: no cover - compiled
    """Return the most that the groups after one could still add."""
    most = 0.0
    for later in range(group + 1, len(start) - 1):
        place = _next(offers, allowed, start[later], start[later + 1])
        if place < start[later + 1]:
            most += hope[offers[place]]
    return most


@njit(cache=True)
def _search(
    start: Ints,
    beside: Bools,
    gain: Floats,
    hope: Floats,
    loss: Floats,
    offers: Ints,
    begin: Ints,
    begin_total: float,
    most_steps: int,
) -> tuple[Ints, float, int]:  # pragma: no cover - compiled
    """Depth first, group by group, with the most that the groups left could still add as the bound."""
    groups, count, rows = len(start) - 1, gain.shape[1], len(gain)
    best, best_total = begin.copy(), begin_total
    chosen = np.full(groups, -1, dtype=np.int64)
    allowed = np.ones((groups + 1, count), dtype=np.bool_)
    total, left = np.zeros(groups + 1), np.zeros(groups + 1)
    place = np.full(groups + 1, -1, dtype=np.int64)  # -1: a group not begun; beyond its end: it goes without
    steps, depth = 0, 0
    while depth >= 0:
        if depth == groups:
            if total[depth] > best_total + _EPS:
                best, best_total = chosen.copy(), total[depth]
            depth -= 1
            continue
        chosen[depth] = -1
        row = chosen[0] if rows > 1 and chosen[0] >= 0 else rows - 1
        if place[depth] < 0:
            place[depth] = start[depth] - 1
            left[depth] = _most_left(depth, start, offers[row], hope[row], allowed[depth])
        end = start[depth + 1]
        place[depth] = (
            _next(offers[row], allowed[depth], place[depth] + 1, end) if place[depth] < end else end + 1
        )
        option = offers[row, place[depth]] if place[depth] < end else -1
        most = total[depth] + (hope[row, option] if option >= 0 else 0.0) + left[depth]
        if place[depth] > end or most <= best_total + _EPS or (option >= 0 and steps >= most_steps):
            place[depth] = -1
            depth -= 1
            continue
        total[depth + 1] = total[depth]
        allowed[depth + 1] = allowed[depth]
        if option >= 0:
            steps += 1
            chosen[depth] = option
            added = gain[row, option]
            for group in range(depth):
                if chosen[group] >= 0:
                    added -= loss[chosen[group], option]
            total[depth + 1] += added
            allowed[depth + 1] &= beside[option]
        depth += 1
    return best, best_total, steps

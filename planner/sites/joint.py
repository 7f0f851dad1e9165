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
"""What is better by less is as good; bounds that are sums of many hang on the last digit."""


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


def best_in_turn(problem: Problem, turns: Ints) -> tuple[Ints, float]:
    """Return what the groups choose one after the other, and what that is worth.

    Parameters
    ----------
    problem : Problem
    turns : (G,) int array
        The groups in the order in which they choose; of options that add as much, the first.
    """
    start, chosen = problem.start, np.full(len(problem.start) - 1, -1, dtype=np.int64)
    allowed = np.ones(problem.gain.shape[1], dtype=bool)
    for group in turns.tolist():
        options = np.arange(start[group], start[group + 1])
        options = options[allowed[options]]
        if len(options):
            lost = problem.loss[chosen[chosen >= 0]][:, options].sum(axis=0)
            chosen[group] = options[np.argmax(problem.gain[_row(problem, chosen), options] - lost)]
            allowed &= problem.beside[chosen[group]]
    taken = chosen[chosen >= 0]
    lost = problem.loss[np.ix_(taken, taken)].sum()
    return chosen, float(problem.gain[_row(problem, chosen), taken].sum() - lost)


def _row(problem: Problem, chosen: Ints) -> int:
    """Return the row of the gains that holds beside what the first group chose."""
    return int(chosen[0]) if len(problem.gain) > 1 else -1


def best_together(
    problem: Problem, begin: Ints, begin_total: float, most_steps: int
) -> tuple[Ints, float, bool]:
    """Return the best choice of at most one option a group, what it is worth, and whether that is proved.

    Bounded by what the last groups can add at most by themselves, found for one of them, then two, and so on
    (Russian doll search): where groups contend for the same few places that is far less than each one's most.

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
    start, groups = problem.start, len(problem.start) - 1
    group = np.repeat(np.arange(groups), np.diff(start))
    # In each row the options of each group, those that may add most first.
    offers = np.array([np.lexsort((np.arange(len(group)), -hope, group)) for hope in problem.hope])
    most = np.zeros(groups + 1)
    alone = problem.hope[-1:]
    for first in range(groups - 1, 0, -1):
        _, total, steps = _search(
            first, start, problem.beside, alone, alone, problem.loss, offers[-1:], most,
            np.full(groups, -1, dtype=np.int64), 0.0, most_steps // groups,
        )  # fmt: skip
        own = alone[0, start[first] : start[first + 1]]
        most[first] = min(
            most[first + 1] + own.max(initial=0.0), total if steps < most_steps // groups else np.inf
        )
    best, total, steps = _search(
        0, start, problem.beside, problem.gain, problem.hope, problem.loss, offers, most,
        begin, begin_total, most_steps,
    )  # fmt: skip
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
    first: int,
    start: Ints,
    beside: Bools,
    gain: Floats,
    hope: Floats,
    loss: Floats,
    offers: Ints,
    most: Floats,
    begin: Ints,
    begin_total: float,
    most_steps: int,
) -> tuple[Ints, float, int]:  # pragma: no cover - compiled
    """Depth first, group by group from the first, bounded by what the groups left can add at ``most``."""
    groups, count, rows = len(start) - 1, gain.shape[1], len(gain)
    best, best_total = begin.copy(), begin_total
    chosen = np.full(groups, -1, dtype=np.int64)
    allowed = np.ones((groups + 1, count), dtype=np.bool_)
    total, left = np.zeros(groups + 1), np.zeros(groups + 1)
    place = np.full(groups + 1, -1, dtype=np.int64)  # -1: a group not begun; beyond its end: it goes without
    steps, depth = 0, first
    while depth >= first:
        if depth == groups:
            if total[depth] > best_total + _EPS:
                best, best_total = chosen.copy(), total[depth]
            depth -= 1
            continue
        chosen[depth] = -1
        row = chosen[0] if rows > 1 and chosen[0] >= 0 else rows - 1
        if place[depth] < 0:
            place[depth] = start[depth] - 1
            left[depth] = min(
                most[depth + 1], _most_left(depth, start, offers[row], hope[row], allowed[depth])
            )
        end = start[depth + 1]
        place[depth] = (
            _next(offers[row], allowed[depth], place[depth] + 1, end) if place[depth] < end else end + 1
        )
        option = offers[row, place[depth]] if place[depth] < end else -1
        reach = total[depth] + (hope[row, option] if option >= 0 else 0.0) + left[depth]
        if place[depth] > end or reach <= best_total + _EPS or (option >= 0 and steps >= most_steps):
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

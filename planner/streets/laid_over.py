"""The hierarchy of a map with a few streets laid into it, by that of the map without them.

To build one anew takes seconds for a metro, and a field road changes a handful of streets. What the two have
in common is asked of the hierarchy that is there, with all turns barred that are no more; the few turns that
only the new streets make are put over it as a graph of their own, of some dozens of states, whose shortest
ways are worked out by Floyd's and Warshall's method (1962). Costs are what one hierarchy over all would
say, to the millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.hierarchy import Hierarchy
from planner.streets.search import BARRED, NEVER, Bools, Ints, Ints32
from planner.streets.timing import Timing, Weights
from planner.streets.turns import Turns

_FAR = 2**60
"""Cost of what is not reached, here: three of them can be added."""
_MOST_STATES = 400
"""With more states at new turns it is quicker to build a hierarchy anew."""
_METRICS, _OVERLAYS = 2, 4
"""So many travellers, and closures, are kept."""


class _Rooted(NamedTuple):
    """What turns of the map without the new streets weigh: all as in a plain timing, but for some."""

    plain: Timing
    turns: tuple[Ints, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class _Over:
    """The new turns under some weights.

    Parameters
    ----------
    rooted : _Rooted
        The old ones.
    turn_ms : (V, V) int array
        The cheapest new turn from each of the states to each other.
    hop_ms, cost_ms : (V, V) int arrays
        By a new turn or by old ones only; and by any number of such hops.
    through : (V, V) int array
        A state on the best way from each to each; -1 where it is one hop.
    """

    rooted: _Rooted
    turn_ms: Ints
    hop_ms: Ints
    cost_ms: Ints
    through: Ints


class LaidOver:
    """Answers as a :class:`~planner.streets.hierarchy.Hierarchy` over all turns would.

    Parameters
    ----------
    turns : Turns
        With the new streets.
    root : Hierarchy
        Of the map without them.
    state_of : (S,) int array
        The state there of each state; -1: it is new.
    match : tuple of arrays
        From :func:`_match`.
    plain_of : callable
        Return the plain timing there of the same traveller.
    """

    def __init__(
        self,
        turns: Turns,
        root: Hierarchy,
        state_of: Ints32,
        match: tuple[Ints32, Bools],
        plain_of: Callable[[Timing], Timing],
    ) -> None:
        self._turns, self._root, self._plain_of = turns, root, plain_of
        self._state_of, (self._turn_of, kept) = state_of, match
        self._back = np.full(int(state_of.max(initial=-1)) + 1, -1, dtype=np.int32)
        known = np.flatnonzero(state_of >= 0)
        self._back[state_of[known]] = known
        self._gone = np.flatnonzero(~kept)
        self._new = np.flatnonzero(self._turn_of < 0)
        tails, heads = turns.origins(self._new), turns.to[self._new]
        self._states = np.unique(np.concatenate([tails, heads]))
        self._tail, self._head = np.searchsorted(self._states, tails), np.searchsorted(self._states, heads)
        old = state_of[self._states] >= 0
        self._leave = np.unique(self._tail[old[self._tail]])
        self._enter = np.unique(self._head[old[self._head]])
        self._plains: list[tuple[Timing, _Rooted]] = []
        self._overs: list[tuple[Weights, _Over]] = []

    @property
    def state_count(self) -> int:
        """Number of states at new turns."""
        return len(self._states)

    def costs(self, weights: Weights, sources: Ints, targets: Ints) -> Ints:
        """Return the matrix (sources, targets) of costs in milliseconds, ``NEVER`` where there is no way."""
        over = self._over(weights)
        direct, begin, end = self._ends(over, sources, targets)
        total = np.minimum(direct, _joined(_joined(begin, over.cost_ms), end))
        return np.where(total >= _FAR, NEVER, total)

    def ways(self, weights: Weights, pairs: Sequence[tuple[int, int]]) -> list[Ints]:
        """Return the states of the best way from the one to the other of each pair, both included.

        Empty where there is none; of equals the one with no new turn.
        """
        over, found = self._over(weights), []
        for source, target in pairs:
            direct, begin, end = self._ends(over, np.array([source]), np.array([target]))
            total = begin.T + over.cost_ms + end.T
            best = int(np.argmin(total)) if total.size else -1
            if best < 0 or direct[0, 0] <= total.flat[best]:
                found.append(self._along(over, source, target) if direct[0, 0] < _FAR else _none())
            elif total.flat[best] >= _FAR:
                found.append(_none())
            else:
                found.append(self._across(over, source, target, *divmod(best, len(self._states))))
        return found

    def customize(self, plain: Timing) -> None:
        """Get ready for one traveller, before anyone asks."""
        self._over(Weights.unchanged(plain))

    # --- how it is found --------------------------------------------------------------------------

    def _ends(self, over: _Over, sources: Ints, targets: Ints) -> tuple[Ints, Ints, Ints]:
        """Return costs (sources, targets) by old turns only, and from and to the states at new turns.

        A place that is new itself is one of these states.
        """
        direct = np.full((len(sources), len(targets)), _FAR, dtype=np.int64)
        begin = np.full((len(sources), len(self._states)), _FAR, dtype=np.int64)
        end = np.full((len(self._states), len(targets)), _FAR, dtype=np.int64)
        old, aims = np.flatnonzero(self._state_of[sources] >= 0), np.flatnonzero(self._state_of[targets] >= 0)
        aim = self._state_of[targets[aims]]
        both = np.concatenate([self._state_of[self._states[self._leave]], aim]).astype(np.int64)
        table = self._asked(over, self._state_of[sources[old]].astype(np.int64), both)
        begin[np.ix_(old, self._leave)] = table[:, : len(self._leave)]
        direct[np.ix_(old, aims)] = table[:, len(self._leave) :]
        entered = self._state_of[self._states[self._enter]].astype(np.int64)
        end[np.ix_(self._enter, aims)] = self._asked(over, entered, aim.astype(np.int64))
        for table, places, flip in ((begin, sources, False), (end, targets, True)):
            at = np.searchsorted(self._states, places)
            for row in np.flatnonzero(self._state_of[places] < 0).tolist():
                if at[row] < len(self._states) and self._states[at[row]] == places[row]:
                    table[(at[row], row) if flip else (row, at[row])] = 0
        direct[sources[:, None] == targets] = 0
        return direct, begin, end

    def _asked(self, over: _Over, sources: Ints, targets: Ints) -> Ints:
        table = self._root.costs(over.rooted, sources, targets)
        return np.where(table >= NEVER, _FAR, table)

    def _along(self, over: _Over, source: int, target: int) -> Ints:
        """Return the states of a way by old turns only."""
        if source == target:
            return np.array([source], dtype=np.int64)
        (way,) = self._root.ways(over.rooted, [(int(self._state_of[source]), int(self._state_of[target]))])
        return self._back[way].astype(np.int64)

    def _across(self, over: _Over, source: int, target: int, first: int, last: int) -> Ints:
        """Return the states of a way by new turns: from one to another of the states at them."""
        way = [self._along(over, source, int(self._states[first]))]
        for tail, head in _hops(over.through, first, last):
            if over.turn_ms[tail, head] == over.hop_ms[tail, head]:
                way.append(self._states[head : head + 1])
            else:
                way.append(self._along(over, int(self._states[tail]), int(self._states[head]))[1:])
        return np.concatenate([*way, self._along(over, int(self._states[last]), target)[1:]])

    def _over(self, weights: Weights) -> _Over:
        """Return the new turns under some weights, as they were found before if they are the same."""
        for known, over in self._overs:
            if known is weights or _same(known, weights):
                return over
        rooted, size = self._rooted(weights), len(self._states)
        turn_ms = np.full((size, size), _FAR, dtype=np.int64)
        ms = weights.of_turns(self._new).astype(np.int64)
        np.minimum.at(turn_ms, (self._tail, self._head), np.where(ms >= BARRED, _FAR, ms))
        hop_ms = turn_ms.copy()
        enter, leave = (
            self._state_of[self._states[rows]].astype(np.int64) for rows in (self._enter, self._leave)
        )
        table = self._root.costs(rooted, enter, leave)
        among = np.ix_(self._enter, self._leave)
        hop_ms[among] = np.minimum(hop_ms[among], np.where(table >= NEVER, _FAR, table))
        over = _Over(rooted, turn_ms, hop_ms, *_all_ways(hop_ms))
        self._overs = [(weights, over), *self._overs[: _OVERLAYS - 1]]
        return over

    def _rooted(self, weights: Weights) -> _Rooted:
        """Return what the old turns weigh: what is no more is barred."""
        plain = next((rooted for known, rooted in self._plains if known is weights.plain), None)
        if plain is None:
            plain = self._plain(weights.plain)
            self._plains = [(weights.plain, plain), *self._plains[: _METRICS - 1]]
        turns, ms = weights.turns
        at = self._turn_of[turns]
        old = at >= 0
        # Of a turn that is named twice the later counts.
        changed = np.concatenate([plain.turns[0], at[old]]), np.concatenate([plain.turns[1], ms[old]])
        return _Rooted(plain.plain, changed)

    def _plain(self, timing: Timing) -> _Rooted:
        """Return what is other for a traveller than on the map without the new streets, nothing closed."""
        plain = self._plain_of(timing)
        ours, theirs = (Weights.unchanged(one).of_all_turns() for one in (timing, plain))
        other = _differing(self._turn_of, ours, theirs)
        ids = np.concatenate([self._gone, self._turn_of[other]]).astype(np.int64)
        barred = np.full(len(self._gone), BARRED, dtype=np.uint32)
        return _Rooted(plain, (ids, np.concatenate([barred, ours[other]])))


def lay_over(
    turns: Turns, before: Turns, edge_of: Ints32, root: Hierarchy, plain_of: Callable[[Timing], Timing]
) -> LaidOver | None:
    """Lay new streets over a hierarchy; None where too much is other, and a hierarchy of all is to be built.

    Parameters
    ----------
    turns, before : Turns
        With the new streets, and without.
    edge_of : (E,) int array
        The edge that each edge was before, ascending where it was one; -1: it is new, or a part of one.
    root : Hierarchy
        Of the turns before.
    plain_of : callable
        Return for a plain timing of these streets that of the same traveller before.
    """
    count, old = turns.edge_count, before.edge_count
    arcs = np.concatenate([edge_of, np.where(edge_of >= 0, edge_of + old, -1)])
    copies = turns.state_arc[2 * count :]
    # Copies for restrictions via ways lie in the order of their ways. Were they others, it would still be
    # right, for turns are matched one by one: only less would be what it was before.
    if not np.array_equal(arcs[copies], before.state_arc[2 * old :]):
        return None
    state_of = np.concatenate([arcs, 2 * old + np.arange(len(copies))]).astype(np.int32)
    match = _match(turns.start, turns.to, state_of, before.start, before.to)
    laid = LaidOver(turns, root, state_of, match, plain_of)
    return laid if laid.state_count <= _MOST_STATES else None


@njit(cache=True, nogil=True)
def _match(
    start: Ints32, to: Ints32, state_of: Ints32, start_before: Ints32, to_before: Ints32
) -> tuple[Ints32, Bools]:  # pragma: no cover - compiled
    """Return which turn each turn was before, -1: none; and which turns of before there still are."""
    turn_of = np.full(len(to), -1, dtype=np.int32)
    kept = np.zeros(len(to_before), dtype=np.bool_)
    for state in range(len(state_of)):
        was = state_of[state]
        if was < 0:
            continue
        for turn in range(start[state], start[state + 1]):
            for old in range(start_before[was], start_before[was + 1]):
                if to_before[old] == state_of[to[turn]]:
                    turn_of[turn] = old
                    kept[old] = True
                    break
    return turn_of, kept


@njit(cache=True, nogil=True)
def _differing(
    turn_of: Ints32, ours: NDArray[Any], theirs: NDArray[Any]
) -> Ints:  # pragma: no cover - compiled
    """Return the turns that there were before and that weigh otherwise now."""
    found, count = np.empty(len(turn_of), dtype=np.int64), 0
    for turn in range(len(turn_of)):
        if turn_of[turn] >= 0 and ours[turn] != theirs[turn_of[turn]]:
            found[count] = turn
            count += 1
    return found[:count].copy()


@njit(cache=True, nogil=True)
def _all_ways(hop_ms: Ints) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return costs between all pairs of states, and a state on each best way; -1 where it is one hop."""
    cost, through = hop_ms.copy(), np.full(hop_ms.shape, -1, dtype=np.int64)
    for k in range(len(cost)):
        cost[k, k] = 0
    for k in range(len(cost)):
        for i in range(len(cost)):
            if i == k or cost[i, k] >= _FAR:
                continue
            for j in range(len(cost)):
                if cost[i, k] + cost[k, j] < cost[i, j]:
                    cost[i, j] = cost[i, k] + cost[k, j]
                    through[i, j] = k
    return cost, through


def _hops(through: Ints, first: int, last: int) -> list[tuple[int, int]]:
    """Return the hops of the best way between two states."""
    if first == last:
        return []
    middle = int(through[first, last])
    if middle < 0:
        return [(first, last)]
    return [*_hops(through, first, middle), *_hops(through, middle, last)]


def _joined(a: Ints, b: Ints) -> Ints:
    """Return the least of what two tables of costs add up to, over all states in between."""
    least = np.full((a.shape[0], b.shape[1]), _FAR, dtype=np.int64)
    for k in range(a.shape[1]):
        np.minimum(least, a[:, k, None] + b[k], out=least)
    return least


def _same(a: Weights, b: Weights) -> bool:
    same = a.plain is b.plain and np.array_equal(a.edges, b.edges)
    return same and np.array_equal(a.ms, b.ms)


def _none() -> Ints:
    return np.empty(0, dtype=np.int64)

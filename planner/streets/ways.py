"""The best ways from one place to many, or from many to many: by the hierarchy, or by Dijkstra's search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from planner.streets.arrivals import Arrivals, arrivals
from planner.streets.counting import Counting, Weighed
from planner.streets.desk import Reached
from planner.streets.hierarchy import Hierarchy
from planner.streets.laid_over import LaidOver
from planner.streets.paths import Ends, Path, arriving, junction_at, leaving, path_of, standing, time_of
from planner.streets.search import NEVER
from planner.streets.snapping import Snap, at_node
from planner.streets.street_arrays import Bools, Floats, Ints
from planner.streets.ticking import each_once, numbered
from planner.streets.timed_streets import TimedStreets
from planner.streets.timing import Timing, Weights

NEARBY_M, NEARBY_STATES = 1500.0, 20_000
"""Places so near are searched for without the hierarchy, till so many states are settled: it takes a few
milliseconds, no longer than the hierarchy takes to be told what is closed."""
TIMES_NEARBY_M = 4000.0
"""So far that goes where times alone are asked for: in a city five hospitals take some thousand states, a
third of the time to change the hierarchy. Of ways that take as long each of the two may find another."""
FAR_STATES = 20_000
"""So many states are settled on a way to a place far off before the hierarchy is changed for what is closed:
in a city most ways take some hundreds."""
_POCKET_STATES = 5000
"""In so many states one looks whether posts enclose where a way begins."""
_NONE = np.empty(0, dtype=np.int64)


class _Found(NamedTuple):
    """The best way to a place: what it weighs, its first and last state, the share driven of the last one.

    ``after`` is the state that follows, -1: none; as in :class:`~planner.streets.arrivals.Arrivals`.
    """

    ms: int
    begin: int
    state: int
    share: float
    after: int


@dataclass(frozen=True, eq=False)
class Search:
    """The best ways from one place, to be asked for many; made by ``StreetNetwork.search``.

    Parameters
    ----------
    network, start, timing, weights, closed
        As searched.
    ends : tuple of Snap
        Places that will be asked for, if some are known.
    near_m : float
        Places so near are searched for without the hierarchy.
    """

    network: TimedStreets
    start: Snap
    timing: Timing
    weights: Timing
    closed: Bools
    ends: tuple[Snap, ...] = ()
    near_m: float = NEARBY_M

    def time_s(self, end: Snap) -> float:
        """Return the seconds to a place by the best way, inf where there is none."""
        return float(self.times_s([end])[0])

    def times_s(self, ends: Sequence[Snap]) -> Floats:
        """Return the seconds to some places by the best ways, inf where there is none."""
        self._find(ends)
        asked = list(dict.fromkeys(ends))
        seconds = dict(zip(asked, self._counted_s(asked), strict=True))
        unknown = [end for end, time_s in seconds.items() if math.isnan(time_s)]
        self._trace(unknown)
        for end in unknown:
            seconds[end] = time_of(self.network, self.start, end, self._way(end), self.timing)
        return np.array([seconds[end] for end in ends], dtype=np.float64)

    def nearest(self, ends: Sequence[Snap], count: int) -> list[int]:
        """Return which of some places are reached soonest, in order, so many at most; of equals the first."""
        lasts = self._lasts(ends)
        asked, group, groups, slack_ms = lasts.groups()
        most = self._most(sorted(map(self._apart_m, ends))[:count][-1], TIMES_NEARBY_M)
        desk, first, enough = self.network.desk(self.weights), self._first, count
        stays = np.array([self._stays(end) for end in ends])
        while len(asked) and most is not None:
            reached = desk.ways(
                self._closing,
                first.state,
                first.ms,
                asked,
                most,
                group=group,
                enough=min(enough, groups),
                slack_ms=slack_ms,
            )
            if reached is None:
                break
            ms, _ = lasts.best(reached.cost_ms[np.searchsorted(asked, lasts.state)])
            ms[stays] = 0
            order = np.argsort(ms, kind="stable")[:count]
            order = order[ms[order] < NEVER]
            # What is not reached yet costs more than what is known, but for what is not driven at its end.
            beyond_ms = reached.known_ms + int(lasts.ms.min(initial=0))
            whole = reached.known_ms >= NEVER or enough >= groups
            if whole or (len(order) == count and ms[order[-1]] <= beyond_ms):
                return [int(k) for k in order]
            enough *= 2
        times_s = travel_times(self.network, [self.start], ends, self.weights, self.closed)[0]
        return [k for k in np.argsort(times_s, kind="stable").tolist() if np.isfinite(times_s[k])][:count]

    def reaches(self, end: Snap) -> bool:
        """Tell whether there is a way to a place."""
        self._find([end])
        return self._stays(end) or self._found[end] is not None

    def path(self, end: Snap) -> Path | None:
        """Return the best path to a place, or None where every way is closed."""
        if self._stays(end):
            return standing(self.network, end)
        self._find([end])
        if self._found[end] is None:
            return None
        self._trace([end])
        return path_of(self.network, self.start, end, self._way(end), self.timing)

    def arcs(self, end: Snap) -> Ints | None:
        """Return the arcs of the best way to a place, in order of travel; None where every way is closed.

        Where the way is none but to stand there, the arc along its street.
        """
        if self._stays(end):
            return np.array([end.edge], dtype=np.int64)
        self._find([end])
        if self._found[end] is None:
            return None
        self._trace([end])
        return self.weights.turns.arcs(self._way(end))

    def costs_s(self, nodes: Ints) -> Floats:
        """Return, by the weights, the seconds to each of some nodes, inf where there is no way."""
        arcs, owner = self.network.arcs_into(nodes)
        asked, (column,) = numbered(arcs)
        best = self._costs(asked)[column]
        ms = np.full(len(nodes), NEVER, dtype=np.int64)
        np.minimum.at(ms, owner, best)
        if not self.closed[self.start.edge]:
            ms[nodes == self._junction] = 0
        return np.where(ms >= NEVER, np.inf, ms / 1000.0)

    def at_node(self, node: int) -> Snap:
        """Return a node that was reached as a place on the edge by which it was reached."""
        if node == self._junction:
            return self.start
        arcs, _ = self.network.arcs_into(np.array([node]))
        edge = int(arcs[np.argmin(self._costs(arcs))] % self.network.edge_count)
        place = at_node(self.network, node, [edge])
        assert place is not None
        return place

    # --- how it is found --------------------------------------------------------------------------

    @cached_property
    def _closing(self) -> Weights:
        return self.weights.closing(self.closed)

    @cached_property
    def _junction(self) -> int:
        return junction_at(self.network, self.start)

    @cached_property
    def _first(self) -> Ends:
        return leaving(self.network, self.start, self.weights, self.closed)

    @cached_property
    def _found(self) -> dict[Snap, _Found | None]:
        """The best way to each place that was asked for; None where every way is closed."""
        return {}

    @cached_property
    def _ways(self) -> dict[Snap, Ints]:
        """States of the best ways as far as they are written out."""
        return {}

    def _stays(self, end: Snap) -> bool:
        """Whether a place is where the search begins."""
        if self.closed[self.start.edge] or self.closed[end.edge]:
            return False
        if self._junction >= 0:
            return self._junction == junction_at(self.network, end)
        return self.start.edge == end.edge and self.start.along_m == end.along_m

    def _apart_m(self, end: Snap) -> float:
        return math.hypot(end.x_m - self.start.x_m, end.y_m - self.start.y_m)

    def _most(self, away_m: float, near_m: float) -> int | None:
        """Return how many states to settle for what lies so far off; 0: any number; None: not to search."""
        if not self.network.has_hierarchy(self.weights):
            return 0
        return NEARBY_STATES if away_m <= near_m else None

    def _find(self, ends: Sequence[Snap]) -> None:
        """Find the ways to some places, and to all that were announced, at once."""
        if all(end in self._found for end in ends):
            return
        new = [end for end in dict.fromkeys((*ends, *self.ends)) if end not in self._found]
        lasts, first = self._lasts(new), self._first
        asked, group, _, slack_ms = lasts.groups()
        if not len(asked) or not len(first.state):
            self._found.update(dict.fromkeys(new))
            return
        reached, most = None, self._most(max(map(self._apart_m, new)), self.near_m)
        if len(new) == 1 and lasts.apart:
            reached = self._between(asked, lasts.ms[np.argsort(lasts.state)], most)
        elif most is not None:
            reached = self.network.desk(self.weights).ways(
                self._closing, first.state, first.ms, asked, most, group=group, slack_ms=slack_ms
            )
        if reached is not None:
            cost_ms, begins = reached.cost_ms, None
        else:
            hierarchy = self.network.hierarchy_for(self.weights)
            assert hierarchy is not None
            table = _added(hierarchy.costs(self._closing, first.state, asked), first.ms[:, None])
            cost_ms, begins = np.min(table, axis=0), first.state[np.argmin(table, axis=0)]
        at = np.searchsorted(asked, lasts.state)
        total_ms, row = lasts.best(cost_ms[at])
        found: dict[Snap, _Found | None] = dict.fromkeys(new)
        for k, best in enumerate(row.tolist()):
            if best < 0:
                continue
            if reached is not None:
                self._ways[new[k]] = reached.way(int(at[best]))
            begin = int(self._ways[new[k]][0] if begins is None else begins[at[best]])
            row_of = int(lasts.state[best]), float(lasts.share[best]), int(lasts.after[best])
            found[new[k]] = _Found(int(total_ms[k]), begin, *row_of)
        self._found.update(found)  # only now: a search that breaks off has not found that there is no way

    def _between(self, asked: Ints, ms: Ints, most: int | None) -> Reached | None:
        """Search for one place: near by from both ends, far off where the hierarchy says it may lead.

        None where neither comes to an end: the hierarchy is changed for what is closed then.
        """
        desk, first, last = self.network.desk(self.weights), (self._first.state, self._first.ms), (asked, ms)
        found = None if most is None else desk.between(self._closing, first, last, most)
        hierarchy = self.network.hierarchy_for(self.weights) if found is None else None
        if isinstance(hierarchy, Hierarchy) and self._closing.nowhere_less and not self._past_posts(asked):
            last = asked, ms - ms.min(initial=0)
            with hierarchy.left_to(self.weights.base, *last) as left:
                found = desk.toward(self._closing, first, last, left, FAR_STATES)
        return found

    def _past_posts(self, asked: Ints) -> bool:
        """Whether it is seen at either end that any way passes a street that counts hours longer.

        What is left to drive tells nothing of those: one would look at all that is reached without.
        """
        desk, first, edges = self.network.desk(self.weights), self._first.state, self._counting.hours_longer
        if not len(edges):
            return False
        bounds = 1, _POCKET_STATES
        return bool(
            desk.fewest(self._closing, first, edges, asked, *bounds).all()
            or desk.fewest(self._closing, asked, edges, first, *bounds, back=True).all()
        )

    def _trace(self, ends: Sequence[Snap]) -> None:
        """Write out the ways that a hierarchy found, as far as that is not done."""
        asked = {end: found for end in ends if (found := self._found[end]) and end not in self._ways}
        hierarchy = self.network.hierarchy_for(self.weights) if asked else None
        if hierarchy is not None:
            pairs = [(found.begin, found.state) for found in asked.values()]
            self._ways.update(zip(asked, hierarchy.ways(self._closing, pairs), strict=True))

    def _way(self, end: Snap) -> Ints:
        """Return the states of the best way to a place that has one."""
        found = self._found[end]
        assert found is not None
        way = self._ways[end]
        return np.append(way, found.after) if found.after >= 0 else way

    def _counted_s(self, ends: Sequence[Snap]) -> Floats:
        """Return the seconds to places where what a way weighs tells them, NaN where it does not."""
        found = [None if self._stays(end) else self._found[end] for end in ends]
        seconds = np.array([0.0 if self._stays(end) else np.inf for end in ends])
        ways = [way[:4] for way in found if way is not None]
        if ways:
            weighed = Weighed(*map(np.array, zip(*ways, strict=True)))
            firsts = self._first, leaving(self.network, self.start, self.timing, self.closed)
            there = [way is not None for way in found]
            seconds[there] = self._counting.times_s(weighed, firsts, self._fewest)
        return seconds

    @cached_property
    def _counting(self) -> Counting:
        return Counting(self.weights, self.timing)

    def _fewest(self, states: Ints, steps: int) -> Ints:
        """Tell that any way to each of some states takes at least so many of the streets counted longer."""
        desk, edges = self.network.desk(self.weights), self._counting.longer
        return desk.fewest(self._closing, self._first.state, edges, states, steps, _POCKET_STATES)

    def _costs(self, states: Ints) -> Ints:
        """Return what it costs to be through some states, each named once."""
        hierarchy = self.network.hierarchy_for(self.weights)
        if hierarchy is not None:
            table = hierarchy.costs(self._closing, self._first.state, states)
            return np.asarray(np.min(_added(table, self._first.ms[:, None]), axis=0, initial=NEVER))
        reached = self.network.desk(self.weights).ways(
            self._closing, self._first.state, self._first.ms, states
        )
        assert reached is not None
        return reached.cost_ms

    def _lasts(self, ends: Sequence[Snap]) -> Arrivals:
        return arrivals(self.network, ends, self._first, self.weights, self._closing, self.closed)


def travel_times(
    network: TimedStreets, starts: Sequence[Snap], ends: Sequence[Snap], timing: Timing, closed: Bools
) -> Floats:
    """Return the matrix (starts, ends) of travel times in seconds, inf where there is no way."""
    hierarchy = network.hierarchy_for(timing, len(starts))
    if hierarchy is None or (len(starts) == 1 and _all_near(starts[0], ends)):
        rows = [
            Search(network, start, timing, timing, closed, tuple(ends), TIMES_NEARBY_M).times_s(ends)
            for start in starts
        ]
        return np.array(rows, dtype=np.float64).reshape(len(starts), len(ends))
    return _matrix(network, starts, ends, timing, closed, hierarchy)


def _all_near(start: Snap, ends: Sequence[Snap]) -> bool:
    return all(math.hypot(end.x_m - start.x_m, end.y_m - start.y_m) <= TIMES_NEARBY_M for end in ends)


def _matrix(
    network: TimedStreets,
    starts: Sequence[Snap],
    ends: Sequence[Snap],
    timing: Timing,
    closed: Bools,
    hierarchy: Hierarchy | LaidOver,
) -> Floats:
    """Fill a matrix of travel times with one question to a hierarchy."""
    firsts = [leaving(network, place, timing, closed) for place in starts]
    lasts = [arriving(network, place, timing, closed) for place in ends]
    sources = each_once(np.concatenate([_NONE, *(first.state for first in firsts)]))
    targets = each_once(np.concatenate([_NONE, *(last.state for last in lasts)]))
    table = hierarchy.costs(timing.closing(closed), sources, targets)
    found = np.full((len(starts), len(ends)), np.inf)
    if len(sources) and len(targets):  # all starts at once: one by one they take longer than the question
        left, row, begun_ms, begin = _end_to_end(firsts, sources)
        reached, column, rest_ms, end = _end_to_end(lasts, targets)
        best = np.minimum.reduceat(_added(table[row], begun_ms[:, None]), begin)
        total = np.minimum.reduceat(_added(best[:, column], -rest_ms), end, axis=1)
        found[np.ix_(left, reached)] = np.where(total < NEVER, total / 1000.0, np.inf)
    for i, j in zip(*np.nonzero(_together(network, starts, ends)), strict=True):
        found[i, j] = Search(network, starts[i], timing, timing, closed).time_s(ends[j])
    return found


def _end_to_end(places: Sequence[Ends], states: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Lay the states at places end to end, of those places that have some.

    Returns
    -------
    chosen : (k,) int array
        Which places these are.
    row, ms : (n,) int arrays
        Where each state stands among all ``states``, ascending, and its milliseconds.
    begin : (k,) int array
        Where those of each place begin.
    """
    counts = np.array([len(place.state) for place in places])
    chosen = np.flatnonzero(counts)
    row = np.searchsorted(states, np.concatenate([place.state for place in places]))
    return chosen, row, np.concatenate([place.ms for place in places]), (np.cumsum(counts) - counts)[chosen]


def _together(network: TimedStreets, starts: Sequence[Snap], ends: Sequence[Snap]) -> Bools:
    """Which starts and ends are on one street or at one junction: no whole street leads from one on."""
    edge, junction = (
        [np.array([of(place) for place in places], dtype=np.int64) for places in (starts, ends)]
        for of in (lambda place: place.edge, lambda place: junction_at(network, place))
    )
    same = edge[0][:, None] == edge[1]
    return np.asarray(same | ((junction[0][:, None] == junction[1]) & (junction[0][:, None] >= 0)))


def _added(cost_ms: Ints, more_ms: Ints) -> Ints:
    return np.where(cost_ms >= NEVER, NEVER, cost_ms + more_ms)

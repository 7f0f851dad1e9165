"""The street network: who may drive where, how long it takes, which way is best.

A closure is a boolean mask over edges; every search takes ``closed=``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.streets.driving_side import DrivingSide, find_driving_side
from planner.streets.hierarchy import LEAST_STATES, Hierarchy, Order, find_order
from planner.streets.parts import find_parts
from planner.streets.paths import (
    Ends,
    Path,
    arriving,
    cheapest,
    junction_at,
    leaving,
    leaving_back,
    meeting,
    path_of,
    standing,
    time_of,
)
from planner.streets.search import NEVER, dijkstra
from planner.streets.snapping import Snap, at_node, snap
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.streets.timing import Timing, Weights, find_timing
from planner.streets.turns import Turns, find_turns
from planner.terms import Travel

__all__ = ["Bools", "Floats", "Ints", "Path", "Search", "Snap", "StreetNetwork", "Timing"]


class StreetNetwork(StreetArrays):
    """The streets of an area, and the ways along them."""

    # --- travel times ---------------------------------------------------------------------------

    @cached_property
    def driving_side(self) -> DrivingSide:
        """On which side traffic drives, as the map shows it."""
        return find_driving_side(self)

    @cached_property
    def turns(self) -> Turns:
        """Turns between the streets that vehicles may drive."""
        return find_turns(self, self.drivable, left_hand=self.driving_side.left)

    @cached_property
    def _walked_turns(self) -> Turns:
        everywhere = np.ones(self.edge_count, dtype=bool)
        return find_turns(self, everywhere, left_hand=False, signs=False)

    @cached_property
    def hierarchy(self) -> Hierarchy | None:
        """The contraction hierarchy of the turns, if an order was given; without, the search is slower.

        None too where the order is of other turns: another version of the program may find others.
        """
        order = self._orders.get("turns")
        fits = order is not None and len(order) == self.turns.state_count
        return Hierarchy(self.turns, order) if order is not None and fits else None

    @cached_property
    def _orders(self) -> dict[str, Order]:
        return {}

    def use_order(self, order: Order) -> None:
        """Search by the contraction hierarchy of an order from now on; it answers the same, quicker."""
        self._orders["turns"] = order
        self.__dict__.pop("hierarchy", None)

    def find_order(self) -> Order | None:
        """Find the order of contraction: some seconds, once. None for streets too few to need one."""
        return find_order(self.turns, self) if self.turns.state_count >= LEAST_STATES else None

    @cached_property
    def arcs_out(self) -> tuple[Ints, Ints, Ints]:
        """Arcs out of each node: indptr (N + 1,), head node (2E,), arc id (2E,)."""
        tail = np.concatenate([self.edge_u, self.edge_v])
        head = np.concatenate([self.edge_v, self.edge_u])
        order = np.argsort(tail, kind="stable")
        indptr = np.zeros(self.node_count + 1, dtype=np.int64)
        np.cumsum(np.bincount(tail, minlength=self.node_count), out=indptr[1:])
        return indptr, head[order], order

    @lru_cache(maxsize=8)  # noqa: B019 - networks live as long as the process does
    def timing(self, travel: Travel, travelling: Travelling) -> Timing:
        """Return how long each arc and junction takes; see :func:`~planner.streets.timing.find_timing`."""
        turns = self._walked_turns if travel is Travel.FOOT else self.turns
        return find_timing(self, turns, travel, travelling)

    @lru_cache(maxsize=8)  # noqa: B019
    def parts(self, travel: Travel, travelling: Travelling) -> Ints:
        """Return which strongly connected part of the streets each edge lies in, (E,).

        See :func:`~planner.streets.parts.find_parts`.
        """
        part = self.parts_left(travel, travelling, self.no_closures())
        part.flags.writeable = False
        return part

    def parts_left(self, travel: Travel, travelling: Travelling, closed: Bools) -> Ints:
        """Return, as :meth:`parts` does, into which parts the streets fall that are not closed, (E,)."""
        return find_parts(self, self.timing(travel, travelling), closed)

    def main_edges(self, travel: Travel, travelling: Travelling) -> Bools:
        """Mask of the edges in the area's longest strongly connected part for this traveller."""
        return np.asarray(self.parts(travel, travelling) == 0)

    def scene_edges(self, travel: Travel, travelling: Travelling, ground_m: BaseGeometry) -> Bools:
        """Mask of the edges in the part of the streets that a scene lies in.

        Snapping there keeps sites and routes off the thousands of fragments that real maps hold, and on the
        scene's own side of the water: the area's longest part may lie beyond it.

        Parameters
        ----------
        travel : Travel
        travelling : Travelling
        ground_m : geometry
            The scene and its surroundings: what the outer perimeter encloses.

        Returns
        -------
        (E,) bool array
            The strongly connected part with the greatest length on that ground; with none on it, the part
            nearest to it; the area's longest for a ground that is empty.
        """
        part = self.parts(travel, travelling)
        if ground_m.is_empty:
            return np.asarray(part == 0)
        near = np.flatnonzero(self.edges_meeting(ground_m) & (part >= 0))
        if len(near):
            lines, on_it_m = self.lines(near), self.length_m[near].copy()
            crossing = np.flatnonzero(~shapely.covers(ground_m, lines))
            on_it_m[crossing] = shapely.length(shapely.intersection(lines[crossing], ground_m))
            return np.asarray(part == np.argmax(np.bincount(part[near], weights=on_it_m)))
        middle = ground_m.centroid
        (snap,) = self.snap([(middle.x, middle.y)], part >= 0)
        return self.no_closures() if snap is None else np.asarray(part == part[snap.edge])

    def snap(self, xy_m: ArrayLike, usable: Bools) -> list[Snap | None]:
        """Find the nearest place on a usable edge for each point: :func:`~planner.streets.snapping.snap`."""
        return snap(self, xy_m, usable)

    def at_node(self, node: int, edges: ArrayLike) -> Snap | None:
        """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
        return at_node(self, node, edges)

    # --- searching --------------------------------------------------------------------------------

    def times(self, starts: Sequence[Snap], ends: Sequence[Snap], timing: Timing, closed: Bools) -> Floats:
        """Return the matrix (starts, ends) of travel times in seconds, inf where there is no way."""
        hierarchy = self._hierarchy_for(timing)
        if hierarchy is None:
            rows = [self.search(start, timing, closed, ends=ends) for start in starts]
            found = [[row.time_s(end) for end in ends] for row in rows]
            return np.array(found, dtype=np.float64).reshape(len(starts), len(ends))
        return _matrix(self, starts, ends, timing, closed, hierarchy)

    def search(
        self,
        start: Snap,
        timing: Timing,
        closed: Bools,
        *,
        weights: Timing | None = None,
        ends: Sequence[Snap] | None = None,
    ) -> Search:
        """Search the best ways from one place.

        Parameters
        ----------
        start : Snap
            Where they begin.
        timing : Timing
            By which seconds are counted.
        closed : (E,) bool
            Edges that nobody may use.
        weights : Timing, optional
            What the search minimizes, when that is not the time; forbidden arcs as in ``timing``.
        ends : sequence of Snap, optional
            The only places that will be asked for: a search without a hierarchy stops when all are reached.
        """
        weights = weights or timing
        return Search(self, start, timing, weights, closed, None if ends is None else tuple(ends))

    def find_path(
        self, start: Snap, end: Snap, timing: Timing, closed: Bools, weights: Timing | None = None
    ) -> Path | None:
        """Return the best path between two places, or None where every way is closed; see :meth:`search`."""
        return self.search(start, timing, closed, weights=weights, ends=[end]).path(end)

    def first_reached(
        self, place: Snap, timing: Timing, closed: Bools, among: Ints, *, towards: bool = False
    ) -> Snap | None:
        """Return the node, of those in ``among``, that is reached soonest; None where none can be.

        As a place on the edge by which it is reached: a way to it uses that edge. With ``towards``, the node
        from which ``place`` is reached soonest, on the edge by which it is left.
        """
        if len(among) == 0:
            return None
        node = junction_at(self, place)
        if node >= 0 and not closed[place.edge] and node in among:
            return place
        asked = np.zeros(self.node_count, dtype=bool)
        asked[among] = True
        turns = timing.turns
        if towards:
            indptr, order = turns.into
            first = leaving_back(self, place, timing, closed)
            rows, after, weight_ms = order, turns.origin[order], timing.closing_back(closed)
            wanted = asked[self.arc_tail[turns.state_arc]]
            begins = wanted & (np.arange(turns.state_count) < 2 * self.edge_count)
        else:
            indptr, rows, after = turns.start, np.arange(len(turns.to)), turns.to
            first, weight_ms = leaving(self, place, timing, closed), timing.closing(closed)
            begins = asked[self.arc_head[turns.state_arc]]
        cost_ms, _ = dijkstra(indptr, rows, after, weight_ms, first.state, first.ms, begins, 1)
        reached = np.where(begins, cost_ms, NEVER)
        best = int(np.argmin(reached))
        if reached[best] >= NEVER:
            return None
        arc = int(turns.state_arc[best])
        at = (self.arc_tail if towards else self.arc_head)[arc]
        return self.at_node(int(at), [arc % self.edge_count])

    def _hierarchy_for(self, timing: Timing) -> Hierarchy | None:
        return self.hierarchy if timing.turns is self.turns else None


@dataclass(frozen=True, eq=False)
class Search:
    """The best ways from one place, to be asked for many; made by ``StreetNetwork.search``.

    Parameters
    ----------
    network, start, timing, weights, closed
        As searched.
    ends : tuple of Snap or None
        The only places that will be asked for; None: any.
    """

    network: StreetNetwork
    start: Snap
    timing: Timing
    weights: Timing
    closed: Bools
    ends: tuple[Snap, ...] | None = None

    def time_s(self, end: Snap) -> float:
        """Return the seconds to a place by the best way, inf where there is none."""
        if self._stays(end):
            return 0.0
        states = self._best(end)
        return time_of(self.network, self.start, end, states, self.timing) if states else math.inf

    def path(self, end: Snap) -> Path | None:
        """Return the best path to a place, or None where every way is closed."""
        if self._stays(end):
            return standing(self.network, end)
        states = self._best(end)
        return path_of(self.network, self.start, end, states, self.timing) if states else None

    def costs_s(self, nodes: Ints) -> Floats:
        """Return, by the weights, the seconds to each of some nodes, inf where there is no way."""
        hierarchy = self.network._hierarchy_for(self.weights)
        if hierarchy is None:
            return self.cost[nodes]
        arcs, owner = self.network.arcs_into(nodes)
        table = hierarchy.costs(self._weight_ms, self._first.state, arcs)
        best = np.min(_added(table, self._first.ms[:, None]), axis=0, initial=NEVER)
        ms = np.full(len(nodes), NEVER, dtype=np.int64)
        np.minimum.at(ms, owner, best)
        if not self.closed[self.start.edge]:
            ms[nodes == junction_at(self.network, self.start)] = 0
        return _seconds(ms)

    @cached_property
    def cost(self) -> Floats:
        """By the weights, the seconds to each node, (N,); infinite where there is no way."""
        network = self.network
        node_ms = np.full(network.node_count, NEVER, dtype=np.int64)
        np.minimum.at(node_ms, network.arc_head[self.weights.turns.state_arc], self._tree[0])
        node = junction_at(network, self.start)
        if node >= 0 and not self.closed[self.start.edge]:
            node_ms[node] = 0
        return _seconds(node_ms)

    def at_node(self, node: int) -> Snap:
        """Return a node that was reached as a place on the edge by which it was reached."""
        if node == junction_at(self.network, self.start):
            return self.start
        arcs, _ = self.network.arcs_into(np.array([node]))
        cost_ms = [
            self._best_of(Ends(np.array([arc]), np.zeros(1, np.int64), np.full(1, -1)))[0] for arc in arcs
        ]
        place = self.network.at_node(node, [arcs[int(np.argmin(cost_ms))] % self.network.edge_count])
        assert place is not None
        return place

    # --- how it is found --------------------------------------------------------------------------

    @cached_property
    def _weight_ms(self) -> Weights:
        return self.weights.closing(self.closed)

    @cached_property
    def _first(self) -> Ends:
        return leaving(self.network, self.start, self.weights, self.closed)

    @cached_property
    def _tree(self) -> tuple[Ints, Ints]:
        """Cost of each state and the state before it: everywhere, or as far as the ends asked for."""
        turns = self.weights.turns
        wanted = np.zeros(turns.state_count, dtype=np.bool_)
        for end in self.ends or ():
            wanted[self._last(end).state] = True
        rows = np.arange(len(turns.to))
        return dijkstra(
            turns.start,
            rows,
            turns.to,
            self._weight_ms,
            self._first.state,
            self._first.ms,
            wanted,
            int(wanted.sum()),
        )

    def _last(self, end: Snap) -> Ends:
        last = arriving(self.network, end, self.weights, self.closed)
        return meeting(self._first, last, self.weights.turns, self._weight_ms)

    def _stays(self, end: Snap) -> bool:
        """Whether a place is where the search begins."""
        if self.closed[self.start.edge] or self.closed[end.edge]:
            return False
        node = junction_at(self.network, self.start)
        if node >= 0:
            return node == junction_at(self.network, end)
        return self.start.edge == end.edge and self.start.along_m == end.along_m

    def _best(self, end: Snap) -> list[int]:
        """Return the states of the best way; none where every way is closed."""
        if end not in self._found:
            self._found[end] = self._best_of(self._last(end))[1]
        return self._found[end]

    @cached_property
    def _found(self) -> dict[Snap, list[int]]:
        return {}

    def _best_of(self, last: Ends) -> tuple[int, list[int]]:
        hierarchy = self.network._hierarchy_for(self.weights)
        if hierarchy is None:
            cost_ms, before = self._tree
            total, best = cheapest(cost_ms[last.state], last)
            states = [] if best < 0 else _traced(before, int(last.state[best]))
        else:
            table = _added(
                hierarchy.costs(self._weight_ms, self._first.state, last.state), self._first.ms[:, None]
            )
            total, best = cheapest(np.min(table, axis=0, initial=NEVER), last)
            states = []
            if best >= 0:
                first = int(self._first.state[np.argmin(table[:, best])])
                states = hierarchy.way(self._weight_ms, first, int(last.state[best]))
        if best >= 0 and last.after[best] >= 0:
            states.append(int(last.after[best]))
        return total, states


# --- helpers ------------------------------------------------------------------------------------


def _matrix(
    network: StreetNetwork,
    starts: Sequence[Snap],
    ends: Sequence[Snap],
    timing: Timing,
    closed: Bools,
    hierarchy: Hierarchy,
) -> Floats:
    """Fill a matrix of travel times with one question to a hierarchy."""
    weight_ms = timing.closing(closed)
    firsts = [leaving(network, place, timing, closed) for place in starts]
    lasts = [arriving(network, place, timing, closed) for place in ends]
    sources = np.unique(np.concatenate([np.empty(0, np.int64), *(first.state for first in firsts)]))
    targets = np.unique(np.concatenate([np.empty(0, np.int64), *(last.state for last in lasts)]))
    table = hierarchy.costs(weight_ms, sources, targets)
    found = np.full((len(starts), len(ends)), np.inf)
    columns = [np.searchsorted(targets, last.state) for last in lasts]
    at_start, at_end = ([junction_at(network, place) for place in places] for places in (starts, ends))
    for i, first in enumerate(firsts):
        whole = _added(table[np.searchsorted(sources, first.state)], first.ms[:, None])
        reached = np.min(whole, axis=0, initial=NEVER)
        for j, last in enumerate(lasts):
            if starts[i].edge == ends[j].edge or 0 <= at_start[i] == at_end[j]:
                found[i, j] = network.search(starts[i], timing, closed).time_s(ends[j])
            elif len(last.state):
                total = int(np.min(_added(reached[columns[j]], -last.ms)))
                found[i, j] = total / 1000.0 if total < NEVER else math.inf
    return found


def _added(cost_ms: Ints, more_ms: Ints) -> Ints:
    return np.where(cost_ms >= NEVER, NEVER, cost_ms + more_ms)


def _seconds(ms: Ints) -> Floats:
    return np.where(ms >= NEVER, np.inf, ms / 1000.0)


def _traced(before: Ints, state: int) -> list[int]:
    states = [state]
    while before[states[-1]] >= 0:
        states.append(int(before[states[-1]]))
    return states[::-1]

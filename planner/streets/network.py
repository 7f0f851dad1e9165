"""The street network: who may drive where, how long it takes, which way is best.

A closure is a boolean mask over edges; every search takes ``closed=``.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.streets.arrivals import Arrivals, arrivals
from planner.streets.counting import Counting, Weighed
from planner.streets.desk import Desk
from planner.streets.driving_side import DrivingSide, find_driving_side
from planner.streets.hierarchy import (
    LEAST_ORDERED,
    LEAST_STREETS,
    TABLE_STARTS,
    Hierarchy,
    Order,
    find_order,
)
from planner.streets.laid_over import LaidOver, lay_over
from planner.streets.parts import find_parts
from planner.streets.paths import (
    Ends,
    Path,
    arriving,
    junction_at,
    leaving,
    leaving_back,
    path_of,
    standing,
    time_of,
)
from planner.streets.search import NEVER, Ints32
from planner.streets.snapping import Snap, at_node, snap
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.streets.timing import Timing, Weights, find_timing
from planner.streets.turns import Turns, find_turns
from planner.terms import Travel

__all__ = ["Bools", "Floats", "Ints", "Path", "Search", "Snap", "StreetNetwork", "Timing"]


_T = TypeVar("_T")

NEARBY_M, NEARBY_STATES = 1500.0, 20_000
"""Places so near are searched for without the hierarchy, till so many states are settled: it takes a few
milliseconds, no longer than the hierarchy takes to be told what is closed."""
_POCKET_STATES = 5000
"""In so many states one looks whether posts enclose where a way begins."""
_NONE = np.empty(0, dtype=np.int64)
_REMEMBERING = threading.RLock()
"""One thread at a time works out what is remembered: what belongs together is told apart by identity."""


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
        return self._once(
            lambda: find_turns(self, self.drivable, left_hand=self.driving_side.left), "turns of vehicles"
        )

    @cached_property
    def _walked_turns(self) -> Turns:
        everywhere = np.ones(self.edge_count, dtype=bool)
        return self._once(
            lambda: find_turns(self, everywhere, left_hand=False, signs=False), "turns of walkers"
        )

    @property
    def hierarchy(self) -> Hierarchy | LaidOver | None:
        """The contraction hierarchy of the turns, if an order was given; without, the search is slower.

        None too where the order is of other streets. It is built once, of a metro in three seconds.
        """
        order = self.order
        if order is None or len(order) != self.edge_count:
            return None
        if "built" not in self._hierarchy:
            with self.__dict__.setdefault("_building", threading.Lock()):
                if "built" not in self._hierarchy:
                    self._hierarchy["built"] = self._laid_over() or Hierarchy(self.turns, order)
        return self._hierarchy["built"]

    @property
    def _hierarchy(self) -> dict[str, Hierarchy | LaidOver]:
        # One dictionary, also where two threads ask for it at the same moment for the first time.
        built: dict[str, Hierarchy | LaidOver] = self.__dict__.setdefault("_built", {})
        return built

    def lay_over(self, before: StreetNetwork, edge_of: Ints) -> None:
        """Say of which network this is one with a few new streets: its hierarchy need not be built anew.

        Parameters
        ----------
        before : StreetNetwork
        edge_of : (E,) int array
            The edge there of each edge, ascending; -1: it is new, or a part of one.
        """
        if before._before is not None:
            further, known = before._before
            before, edge_of = further, np.where(edge_of >= 0, known[edge_of], -1)
        self.__dict__["_before"] = before, edge_of.astype(np.int32)

    @cached_property
    def _before(self) -> tuple[StreetNetwork, Ints32] | None:
        return None

    def _laid_over(self) -> LaidOver | None:
        """Return the hierarchy by that of the network without the new streets, where there is one."""
        if self._before is None:
            return None
        before, edge_of = self._before
        root = before.hierarchy
        if not isinstance(root, Hierarchy):
            return None

        def plain_of(plain: Timing) -> Timing:
            return before.timing(*self._traveller(plain))

        return lay_over(self.turns, before.turns, edge_of, root, plain_of)

    def begin(self, travelling: Travelling) -> None:
        """Begin to build the hierarchy in the background, where there will be one: far ways come last.

        Whoever asks it before it is there waits for it, and for no more.
        """
        mine = object()
        needed = self.order is not None and self.edge_count >= LEAST_STREETS and not self._hierarchy
        if needed and self.__dict__.setdefault("_begun", mine) is mine:
            # Nobody waits for its end, nor does the program: who has no way to find needs no hierarchy.
            threading.Thread(
                target=self._customize, args=(travelling,), name="hierarchy", daemon=True
            ).start()

    def _customize(self, travelling: Travelling) -> None:
        for travel in (Travel.EMERGENCY, Travel.PUBLIC):
            timing = self.timing(travel, travelling)
            hierarchy = self.hierarchy_for(timing)
            if hierarchy is not None:
                hierarchy.customize(timing.base)

    @property
    def order(self) -> Order | None:
        """The order of contraction, if one was given."""
        return self._orders.get("turns")

    @cached_property
    def _orders(self) -> dict[str, Order]:
        return {}

    def use_order(self, order: Order) -> None:
        """Search by the contraction hierarchy of an order from now on, where it pays; the costs are the same.

        Of ways that cost the same to the millisecond it may take another than a search without it does, but
        the same one each time, whatever was asked before: one pack, one plan.
        """
        self._orders["turns"] = order
        self._hierarchy.clear()

    def find_order(self) -> Order | None:
        """Find the order of contraction: some seconds, once. None for streets too few to need one."""
        return find_order(self) if self.edge_count >= LEAST_ORDERED else None

    @property
    def _remembered(self) -> dict[tuple[object, ...], Any]:
        """What depends on nothing but the map and who travels."""
        known: dict[tuple[object, ...], Any] = self.__dict__.setdefault("_known", {})
        return known

    def _once(self, find: Callable[[], _T], *key: object) -> _T:
        """Return what was found before under a key, or find it."""
        if key not in self._remembered:
            with _REMEMBERING:
                if key not in self._remembered:
                    self._remembered[key] = find()
        found: _T = self._remembered[key]
        return found

    def __getstate__(self) -> dict[str, Any]:
        """Return the streets alone, and their order: what is worked out from them stays in its process."""
        kept = {field.name for field in fields(self)} | {"_orders"}
        return {name: value for name, value in self.__dict__.items() if name in kept}

    def _traveller(self, plain: Timing) -> tuple[Travel, Travelling]:
        """Return whose plain timing one is."""
        timings = [(key, found) for key, found in list(self._remembered.items()) if found is plain]
        ((_, travel, travelling), _), *_ = timings
        assert isinstance(travel, Travel)
        assert isinstance(travelling, Travelling)
        return travel, travelling

    def timing(self, travel: Travel, travelling: Travelling) -> Timing:
        """Return how long each arc and junction takes; see :func:`~planner.streets.timing.find_timing`."""
        turns = self._walked_turns if travel is Travel.FOOT else self.turns
        return self._once(lambda: find_timing(self, turns, travel, travelling), "timing", travel, travelling)

    def parts(self, travel: Travel, travelling: Travelling) -> Ints:
        """Return which strongly connected part of the streets each edge lies in, (E,).

        See :func:`~planner.streets.parts.find_parts`.
        """
        return self._once(
            lambda: self.parts_left(travel, travelling, self.no_closures()), "parts", travel, travelling
        )

    def parts_left(self, travel: Travel, travelling: Travelling, closed: Bools) -> Ints:
        """Return, as :meth:`parts` does, into which parts the streets fall that are not closed, (E,)."""
        return find_parts(self, self.timing(travel, travelling), closed)

    def part_edges(self, travel: Travel, travelling: Travelling, number: int) -> Bools:
        """Mask of the edges in one of the :meth:`parts`."""

        def find() -> Bools:
            mask = np.asarray(self.parts(travel, travelling) == number)
            mask.flags.writeable = False
            return mask

        return self._once(find, "part", travel, travelling, number)

    def long_parts(self, travel: Travel, travelling: Travelling, least_m: float) -> Bools:
        """Mask (E,) of the edges in :meth:`parts` of so many metres of street at least."""

        def find() -> Bools:
            part = self.parts(travel, travelling)
            within = np.flatnonzero(part >= 0)
            mask = self.no_closures()
            mask[within] = (np.bincount(part[within], weights=self.length_m[within]) >= least_m)[part[within]]
            mask.flags.writeable = False
            return mask

        return self._once(find, "long parts", travel, travelling, least_m)

    def junctions_of(self, edges: Bools, most: int) -> Bools:
        """Mask (N,) of the ends of some edges, of road classes up to one; worked out once for a mask."""

        def find() -> tuple[Bools, Bools]:
            chosen = np.flatnonzero(edges & (self.road_class <= most))
            mask = np.zeros(self.node_count, dtype=bool)
            mask[self.edge_u[chosen]] = mask[self.edge_v[chosen]] = True
            mask.flags.writeable = False
            return mask, edges  # which it keeps, so that no other mask gets its number

        return self._once(find, "junctions", id(edges), most)[0]

    def main_edges(self, travel: Travel, travelling: Travelling) -> Bools:
        """Mask of the edges in the area's longest strongly connected part for this traveller."""
        return self.part_edges(travel, travelling, 0)

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
            return self.main_edges(travel, travelling)
        near = np.flatnonzero(self.edges_meeting(ground_m))
        near = near[part[near] >= 0]
        if len(near):
            lines, on_it_m = self.lines(near), self.length_m[near].copy()
            crossing = np.flatnonzero(~shapely.covers(ground_m, lines))
            on_it_m[crossing] = shapely.length(shapely.intersection(lines[crossing], ground_m))
            chosen = int(np.argmax(np.bincount(part[near], weights=on_it_m)))
            return self.part_edges(travel, travelling, chosen)
        middle = ground_m.centroid
        (snap,) = self.snap([(middle.x, middle.y)], part >= 0)
        return (
            self.no_closures() if snap is None else self.part_edges(travel, travelling, int(part[snap.edge]))
        )

    def snap(self, xy_m: ArrayLike, usable: Bools) -> list[Snap | None]:
        """Find the nearest place on a usable edge for each point: :func:`~planner.streets.snapping.snap`."""
        return snap(self, xy_m, usable)

    def at_node(self, node: int, edges: ArrayLike) -> Snap | None:
        """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
        return at_node(self, node, edges)

    # --- searching --------------------------------------------------------------------------------

    def desk(self, timing: Timing) -> Desk:
        """Return where ways by a timing are searched for by Dijkstra."""
        return self._once(lambda: Desk(timing.base), "desk", timing.base)

    def make_ready(self, travelling: Travelling) -> None:
        """Do now what the first searches would have to do: some seconds for a metro.

        The hierarchy is built meanwhile, as far as that can be done beside the rest.
        """
        self.begin(travelling)
        for travel in (Travel.EMERGENCY, Travel.PUBLIC):
            self.main_edges(travel, travelling)
            self.desk(self.timing(travel, travelling)).make_ready()
        self.edges_in_box((0.0, 0.0, 0.0, 0.0))
        self._customize(travelling)

    def hierarchy_for(self, timing: Timing, starts: int = 1) -> Hierarchy | LaidOver | None:
        """Return the hierarchy of the turns that a timing is of; None where there is none, or none pays.

        On a small map single searches are Dijkstra's, and tables of many starts the hierarchy's.
        """
        pays = self.edge_count >= LEAST_STREETS or starts >= TABLE_STARTS
        return self.hierarchy if pays and timing.turns is self.turns else None

    def times(self, starts: Sequence[Snap], ends: Sequence[Snap], timing: Timing, closed: Bools) -> Floats:
        """Return the matrix (starts, ends) of travel times in seconds, inf where there is no way."""
        hierarchy = self.hierarchy_for(timing, len(starts))
        if hierarchy is None:
            rows = [self.search(start, timing, closed, ends=ends).times_s(ends) for start in starts]
            return np.array(rows, dtype=np.float64).reshape(len(starts), len(ends))
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
            Places that will be asked for: all are searched for at once.
        """
        return Search(self, start, timing, weights or timing, closed, tuple(ends or ()))

    def find_path(
        self, start: Snap, end: Snap, timing: Timing, closed: Bools, weights: Timing | None = None
    ) -> Path | None:
        """Return the best path between two places, or None where every way is closed; see :meth:`search`."""
        return self.search(start, timing, closed, weights=weights).path(end)

    def first_reached(
        self, place: Snap, timing: Timing, closed: Bools, among: Bools, *, towards: bool = False
    ) -> Snap | None:
        """Return the node, of those in ``among`` (N,), that is reached soonest; None where none can be.

        As a place on the edge by which it is reached: a way to it uses that edge. With ``towards``, the node
        from which ``place`` is reached soonest, on the edge by which it is left.
        """
        found = self._first(place, timing, closed, among, towards=towards)
        return None if found is None else found[0]

    def first_way(
        self,
        place: Snap,
        timing: Timing,
        closed: Bools,
        among: Bools,
        *,
        weights: Timing | None = None,
        towards: bool = False,
    ) -> tuple[Snap, Path] | None:
        """Return what :meth:`first_reached` does by some weights, and the way that found it."""
        found = self._first(place, weights or timing, closed, among, towards=towards)
        if found is None:
            return None
        at, states = found
        if not len(states):
            return at, standing(self, place)
        start, end = (at, place) if towards else (place, at)
        return at, path_of(self, start, end, states, timing)

    def _first(
        self, place: Snap, timing: Timing, closed: Bools, among: Bools, *, towards: bool
    ) -> tuple[Snap, Ints] | None:
        """Find the node reached first, and the states of the way, none where that is the place itself."""
        node = junction_at(self, place)
        if node >= 0 and not closed[place.edge] and among[node]:
            return place, _NONE
        ends = leaving_back if towards else leaving
        first = ends(self, place, timing, closed)
        states = self.desk(timing).first(
            timing.closing(closed),
            first.state,
            first.ms,
            self._begun_at(timing.turns) if towards else self._ended_at(timing.turns),
            np.append(among, False),
            back=towards,
        )
        if not len(states):
            return None
        arc = int(timing.turns.state_arc[states[0 if towards else -1]])
        at = self.at_node(int((self.arc_tail if towards else self.arc_head)[arc]), [arc % self.edge_count])
        assert at is not None
        return at, states

    def _ended_at(self, turns: Turns) -> Ints:
        """Return the node at which each state ends."""
        return self._once(lambda: self.arc_head[turns.state_arc], "ended at", turns)

    def _begun_at(self, turns: Turns) -> Ints:
        """Return the node at which each state begins; none, ``node_count``, for those come into only."""

        def find() -> Ints:
            nodes = self.arc_tail[turns.state_arc]
            nodes[2 * self.edge_count :] = self.node_count
            return nodes

        return self._once(find, "begun at", turns)


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
    """

    network: StreetNetwork
    start: Snap
    timing: Timing
    weights: Timing
    closed: Bools
    ends: tuple[Snap, ...] = ()

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
        most = self._most(sorted(map(self._apart_m, ends))[:count][-1])
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
        times_s = self.network.times([self.start], ends, self.weights, self.closed)[0]
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
        return self.weights.turns.state_arc[self._way(end)]

    def costs_s(self, nodes: Ints) -> Floats:
        """Return, by the weights, the seconds to each of some nodes, inf where there is no way."""
        arcs, owner = self.network.arcs_into(nodes)
        asked, column = np.unique(arcs, return_inverse=True)
        best = self._costs(asked)[column]
        ms = np.full(len(nodes), NEVER, dtype=np.int64)
        np.minimum.at(ms, owner, best)
        if not self.closed[self.start.edge]:
            ms[nodes == junction_at(self.network, self.start)] = 0
        return np.where(ms >= NEVER, np.inf, ms / 1000.0)

    def at_node(self, node: int) -> Snap:
        """Return a node that was reached as a place on the edge by which it was reached."""
        if node == junction_at(self.network, self.start):
            return self.start
        arcs, _ = self.network.arcs_into(np.array([node]))
        edge = int(arcs[np.argmin(self._costs(arcs))] % self.network.edge_count)
        place = self.network.at_node(node, [edge])
        assert place is not None
        return place

    # --- how it is found --------------------------------------------------------------------------

    @cached_property
    def _closing(self) -> Weights:
        return self.weights.closing(self.closed)

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
        node = junction_at(self.network, self.start)
        if node >= 0:
            return node == junction_at(self.network, end)
        return self.start.edge == end.edge and self.start.along_m == end.along_m

    def _apart_m(self, end: Snap) -> float:
        return math.hypot(end.x_m - self.start.x_m, end.y_m - self.start.y_m)

    def _most(self, away_m: float) -> int | None:
        """Return how many states to settle for what lies so far off; 0: any number; None: not to search."""
        if self.network.hierarchy_for(self.weights) is None:
            return 0
        return NEARBY_STATES if away_m <= NEARBY_M else None

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
        hierarchy, most = self.network.hierarchy_for(self.weights), self._most(max(map(self._apart_m, new)))
        reached = None
        if most is not None:
            desk = self.network.desk(self.weights)
            if len(new) == 1 and lasts.apart:
                last = asked, lasts.ms[np.argsort(lasts.state)]
                reached = desk.between(self._closing, (first.state, first.ms), last, most)
            else:
                reached = desk.ways(
                    self._closing, first.state, first.ms, asked, most, group=group, slack_ms=slack_ms
                )
        if reached is not None:
            cost_ms, begins = reached.cost_ms, None
        else:
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

    def _trace(self, ends: Sequence[Snap]) -> None:
        """Write out the ways that a hierarchy found, as far as that is not done."""
        asked = {end: found for end in ends if (found := self._found[end]) and end not in self._ways}
        hierarchy = self.network.hierarchy_for(self.weights)
        if asked and hierarchy is not None:
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


# --- helpers ------------------------------------------------------------------------------------


def _matrix(
    network: StreetNetwork,
    starts: Sequence[Snap],
    ends: Sequence[Snap],
    timing: Timing,
    closed: Bools,
    hierarchy: Hierarchy | LaidOver,
) -> Floats:
    """Fill a matrix of travel times with one question to a hierarchy."""
    firsts = [leaving(network, place, timing, closed) for place in starts]
    lasts = [arriving(network, place, timing, closed) for place in ends]
    sources = np.unique(np.concatenate([_NONE, *(first.state for first in firsts)]))
    targets = np.unique(np.concatenate([_NONE, *(last.state for last in lasts)]))
    table = hierarchy.costs(timing.closing(closed), sources, targets)
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

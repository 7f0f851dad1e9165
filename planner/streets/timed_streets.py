"""Who may drive where on the streets of an area, and how long it takes: what is worked out once for a map."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.streets.contraction import Found, Kept, Weighed, contract
from planner.streets.desk import Desk, Room
from planner.streets.driving_side import DrivingSide, find_driving_side
from planner.streets.hierarchy import (
    LEAST_ORDERED,
    LEAST_STREETS,
    TABLE_STARTS,
    Hierarchy,
    Order,
    find_order,
    states_in_order,
)
from planner.streets.laid_over import LaidOver, lay_over
from planner.streets.parts import find_parts
from planner.streets.search import Ints32
from planner.streets.snapping import snap
from planner.streets.street_arrays import Bools, Ints, StreetArrays
from planner.streets.timing import Timing, Weights, find_timing
from planner.streets.turns import KeptTurns, Turns, find_turns, of_kept
from planner.streets.weighing import KeptWeights, weigh
from planner.terms import Travel

_T = TypeVar("_T")

_REMEMBERING = threading.RLock()
"""One thread at a time works out what is remembered: what belongs together is told apart by identity."""


class TimedStreets(StreetArrays):
    """The streets of an area with turns, travel times, parts that hang together, and the hierarchy."""

    # --- travel times ---------------------------------------------------------------------------

    @cached_property
    def driving_side(self) -> DrivingSide:
        """On which side traffic drives, as the map shows it."""
        return find_driving_side(self)

    def drives_on(self, side: DrivingSide) -> None:
        """Say what :attr:`driving_side` is, as it was found when the map was read."""
        self.__dict__["driving_side"] = side

    @cached_property
    def turns(self) -> Turns:
        """Turns between the streets that vehicles may drive: as they were kept, or found now."""

        def find() -> Turns:
            kept = self.__dict__.pop("_kept_turns", None)
            found = None if kept is None else of_kept(self, self.drivable, kept)
            return found or find_turns(self, self.drivable, left_hand=self.driving_side.left)

        return self._once(find, "turns of vehicles")

    def keep_turns(self, kept: KeptTurns) -> None:
        """Say which :attr:`turns` were found when the map was read; of other streets none is taken."""
        self.__dict__["_kept_turns"] = kept

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
        if order is None or not self._ordered:
            return None
        if "built" not in self._hierarchy:
            with self.__dict__.setdefault("_building", threading.Lock()):
                if "built" not in self._hierarchy:
                    kept = self._orders.get("kept")
                    self._hierarchy["built"] = self._laid_over() or Hierarchy(self.turns, order, kept)
        return self._hierarchy["built"]

    @property
    def _ordered(self) -> bool:
        return self.order is not None and len(self.order) in (self.edge_count, 2 * self.edge_count)

    @property
    def _hierarchy(self) -> dict[str, Hierarchy | LaidOver]:
        # One dictionary, also where two threads ask for it at the same moment for the first time.
        built: dict[str, Hierarchy | LaidOver] = self.__dict__.setdefault("_built", {})
        return built

    def lay_over(self, before: TimedStreets, edge_of: Ints) -> None:
        """Say of which network this is one with a few new streets: its hierarchy need not be built anew.

        Parameters
        ----------
        before : TimedStreets
        edge_of : (E,) int array
            The edge there of each edge, ascending; -1: it is new, or a part of one.
        """
        if before._before is not None:
            further, known = before._before
            before, edge_of = further, np.where(edge_of >= 0, known[edge_of], -1)
        self.__dict__["_before"] = before, edge_of.astype(np.int32)

    @cached_property
    def _before(self) -> tuple[TimedStreets, Ints32] | None:
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

        For ambulances: one plan in three asks it a way of the public's, and customizes it then.
        Whoever asks it before it is there waits for it, and for no more.
        """
        mine = object()
        needed = self.order is not None and self.edge_count >= LEAST_STREETS and not self._hierarchy
        if needed and self.__dict__.setdefault("_begun", mine) is mine:
            # Nobody waits for its end, nor does the program: who has no way to find needs no hierarchy.
            threading.Thread(
                target=self._customize, args=(travelling, Travel.EMERGENCY), name="hierarchy", daemon=True
            ).start()

    def _customize(self, travelling: Travelling, *travels: Travel) -> None:
        for travel in travels:
            timing = self.timing(travel, travelling)
            hierarchy = self.hierarchy_for(timing)
            if hierarchy is not None:
                hierarchy.customize(timing.base)

    def expect(self, weights: Timing, closed: Bools) -> None:
        """Let the hierarchy be told in the background what it will be asked by: it takes some milliseconds.

        Only one that is built. Who asks it meanwhile waits for that, and is told the same.
        """
        hierarchy = self._hierarchy.get("built") if self.edge_count >= LEAST_STREETS else None
        if isinstance(hierarchy, Hierarchy) and weights.turns is self.turns:
            closing = weights.closing(closed)
            threading.Thread(target=hierarchy.expect, args=(closing,), name="closures", daemon=True).start()

    @property
    def order(self) -> Order | None:
        """The order of contraction, if one was given."""
        order: Order | None = self._orders.get("turns")
        return order

    @cached_property
    def _orders(self) -> dict[str, Any]:
        """The order, and who tells the shortcuts that were found with it."""
        return {}

    def use_order(self, order: Order) -> None:
        """Search by the contraction hierarchy of an order from now on, where it pays; the costs are the same.

        Of ways that cost the same to the millisecond it may take another than a search without it does, but
        the same one each time, whatever was asked before: one pack, one plan.
        """
        self._orders.clear()
        self._orders["turns"] = order
        self._hierarchy.clear()

    def keep_shortcuts(self, kept: Callable[[], Kept | None]) -> None:
        """Say where the shortcuts are that were found with the order; they are asked for when needed."""
        self._orders["kept"] = kept

    def find_shortcuts(self) -> Kept | Found:
        """Find the shortcuts over all turns, or take what was kept, where that is with what they weigh."""
        kept = self._orders.get("kept")
        known: Kept | None = kept() if kept else None
        if known is not None and len(known.weight):
            return known
        return contract(self.turns, self._states)

    def weigh_shortcuts(
        self, found: Kept, travelling: Travelling, weight: Weighed, let_go: Callable[[], None]
    ) -> KeptWeights:
        """Find what the shortcuts over all turns weigh for ambulances: :func:`weigh`."""
        # A timing of its own, forgotten with all that follows from it: of a metro fifty megabytes.
        timing = find_timing(self, self.turns, Travel.EMERGENCY, travelling)
        ms = Weights.unchanged(timing).of_all_turns()
        del timing
        return weigh(self.turns, self._states, found, ms, weight, let_go)

    @property
    def _states(self) -> Ints32:
        """All states in the order in which they are contracted."""
        order = self.order if self.order is not None else self.find_order()
        assert order is not None
        return states_in_order(self.turns, order)

    @property
    def may_be_ordered(self) -> bool:
        """Whether there is an order of contraction, or are so many streets that one pays."""
        return self.order is not None or self.edge_count >= LEAST_ORDERED

    def find_order(self) -> Order | None:
        """Find the order of contraction: some seconds, once. None for streets too few to need one."""
        return find_order(self) if self.may_be_ordered else None

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

    def junctions_left(self, edges: Bools, most: int, closed: Bools) -> Bools:
        """Mask (N,) as :meth:`junctions_of` returns, of those edges that are not closed."""
        mask = self.junctions_of(edges, most).copy()
        shut = np.flatnonzero(closed)
        ends = np.concatenate([self.edge_u[shut], self.edge_v[shut]])
        mask[ends] = False
        return _with_ends_left(mask, ends, *self._at_nodes, edges, closed, self.road_class, int(most))

    def main_edges(self, travel: Travel, travelling: Travelling) -> Bools:
        """Mask of the edges in the area's longest strongly connected part for this traveller."""
        return self.part_edges(travel, travelling, 0)

    def scene_edges(
        self, travel: Travel, travelling: Travelling, ground_m: BaseGeometry, least_m: float
    ) -> Bools:
        """Mask of the edges in the part of the streets that a scene lies in.

        Snapping there keeps sites and routes off the thousands of fragments that real maps hold, and on the
        scene's own side of the water: the area's longest part may lie beyond it.

        Parameters
        ----------
        travel : Travel
        travelling : Travelling
        ground_m : geometry
            The scene and its surroundings: what the outer perimeter encloses.
        least_m : float
            A shorter part is no shore of its own where one can walk out of it to a longer one, as in a
            quarter of alleys: the nearest of those is the scene's.

        Returns
        -------
        (E,) bool array
            The strongly connected part with the greatest length on that ground; with none on it, the part
            nearest to it; the area's longest for a ground that is empty.
        """
        part = self.parts(travel, travelling)
        if ground_m.is_empty:
            return self.main_edges(travel, travelling)
        chosen = self._part_at(ground_m, part)
        if chosen is None:
            return self.no_closures()
        one = int(self.part_edges(travel, travelling, chosen).argmax())  # of a part all are long, or none
        if not self.long_parts(travel, travelling, least_m)[one]:
            chosen = self._walked_to(ground_m, travel, travelling, least_m, chosen)
        return self.part_edges(travel, travelling, chosen)

    def _part_at(self, ground_m: BaseGeometry, part: Ints) -> int | None:
        """Return the part with the most on some ground, or else nearest to it; None where there is none."""
        near = self.meeting(ground_m)
        near = near[part[near] >= 0]
        if len(near):
            lines, on_it_m = self.lines(near), self.length_m[near].copy()
            within = shapely.covers(ground_m, lines)
            least_m = np.bincount(part[near], weights=on_it_m * within)
            others_m = np.bincount(part[near], weights=on_it_m)
            chosen = int(np.argmax(least_m))
            others_m[chosen] = 0.0
            if others_m.max() >= least_m[chosen]:  # it hangs on what crosses the rim
                on_it_m[~within] = shapely.length(shapely.intersection(lines[~within], ground_m))
                chosen = int(np.argmax(np.bincount(part[near], weights=on_it_m)))
            return chosen
        return self._nearest_part(ground_m, part, part >= 0)

    def _walked_to(
        self, ground_m: BaseGeometry, travel: Travel, travelling: Travelling, least_m: float, scrap: int
    ) -> int:
        """Return the part of some length nearest to a ground that one can walk to from a part, or itself."""
        part, walked = self.parts(travel, travelling), self.parts(Travel.FOOT, travelling)
        there = np.isin(walked, np.setdiff1d(walked[part == scrap], [-1]))
        found = self._nearest_part(ground_m, part, there & self.long_parts(travel, travelling, least_m))
        return scrap if found is None else found

    def _nearest_part(self, ground_m: BaseGeometry, part: Ints, among: Bools) -> int | None:
        """Return the part of the edge nearest to the middle of a ground, of those asked about."""
        middle = ground_m.centroid
        (found,) = snap(self, [(middle.x, middle.y)], among)
        return None if found is None else int(part[found.edge])

    def desk(self, timing: Timing) -> Desk:
        """Return where ways by a timing are searched for by Dijkstra."""
        turns = timing.turns
        room = self._once(lambda: Room(turns.state_count), "room to search in", turns)
        return self._once(lambda: Desk(timing.base, room), "desk", timing.base)

    def make_ready(self, travelling: Travelling) -> None:
        """Do now what the first searches would have to do: some seconds for a metro.

        The hierarchy is built meanwhile, as far as that can be done beside the rest.
        """
        self.begin(travelling)
        for travel in (Travel.EMERGENCY, Travel.PUBLIC):
            self.main_edges(travel, travelling)
            self.desk(self.timing(travel, travelling)).make_ready()
        self.edges_in_box((0.0, 0.0, 0.0, 0.0))
        self._customize(travelling, Travel.EMERGENCY, Travel.PUBLIC)

    def hierarchy_for(self, timing: Timing, starts: int = 1) -> Hierarchy | LaidOver | None:
        """Return the hierarchy of the turns that a timing is of; None where there is none, or none pays.

        On a small map single searches are Dijkstra's, and tables of many starts the hierarchy's.
        """
        return self.hierarchy if self.has_hierarchy(timing, starts) else None

    def has_hierarchy(self, timing: Timing, starts: int = 1) -> bool:
        """Whether :meth:`hierarchy_for` would return one: to ask for that would wait till it is built."""
        pays = self.edge_count >= LEAST_STREETS or starts >= TABLE_STARTS
        return pays and self._ordered and timing.turns is self.turns


@njit(cache=True, nogil=True)
def _with_ends_left(
    mask: Bools,
    ends: Ints,
    indptr: Ints,
    arcs: Ints,
    edges: Bools,
    closed: Bools,
    road_class: NDArray[np.uint8],
    most: int,
) -> Bools:  # pragma: no cover - compiled
    """Mark again the ends of closed edges at which one of some others ends that is open."""
    for node in ends:
        for at in range(indptr[node], indptr[node + 1]):
            edge = arcs[at] % len(closed)
            if edges[edge] and not closed[edge] and road_class[edge] <= most:
                mask[node] = True
                break
    return mask

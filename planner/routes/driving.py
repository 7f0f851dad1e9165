"""Who drives around a scene, and on what: which streets are closed, where posts stand, how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, NamedTuple, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Site
from planner.routes.bars import what_bars
from planner.streets.network import Path, Search, Snap, StreetNetwork, Timing
from planner.streets.ticking import each_once
from planner.streets.timing import merged
from planner.streets.ways import NEARBY_M
from planner.terms import Purpose, RoadClass, RouteKind, Travel

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_T = TypeVar("_T")

_POST_WEIGHT_S = 2e4
"""What passing a post weighs in a search: more than any drive, so that the fewest posts come first."""
_MAIN_ROADS = RoadClass.SECONDARY_LINK
"""Road classes up to this code are main roads, from which arriving units and families come."""
_STREETS = RoadClass.ROAD
"""Up to this code are streets that one comes by from elsewhere; a track may end in a field."""
_ALL_ROADS = 255
NOTHING: Ints = np.empty(0, dtype=np.int64)
_TRIED_CLOSURES = 3
BY_ZONE, BY_MARK = "the closed zone on", "'Blocked here' on"


class PostOnStreet(NamedTuple):
    """Where a post of the outer perimeter stands.

    Parameters
    ----------
    id : str
    edge : int
        One street may have several: a long one leaves the ground inside at both its ends.
    along_m : float
        From the edge's ``u`` end.
    """

    id: str
    edge: int
    along_m: float


@dataclass(frozen=True, eq=False)
class Streets:
    """Which streets routes may use around one scene.

    Parameters
    ----------
    closed : (E,) bool array
        Hot and warm ground, the inside of the inner perimeter, and what the user blocked.
    posts : tuple of PostOnStreet
        Posts that a route may pass, which makes each a gate.
    hot_m : geometry
        Hot and warm ground, for the ``hot_m`` metres that a route reports (0 where rules hold).
    outer_m : geometry
        Ground inside the outer perimeter, which the public cannot enter.
    blocked : (E,) bool array or None
        Those of the closed streets that the user blocked; None: none is known to be.
    inner_m : mapping of post id to (x, y)
        Where vehicles of the inner perimeter's posts stand; empty where that is not known.
    """

    closed: Bools
    posts: tuple[PostOnStreet, ...]
    hot_m: BaseGeometry
    outer_m: BaseGeometry = field(default_factory=Polygon)
    blocked: Bools | None = None
    inner_m: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _around: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)

    def once(self, find: Callable[[], _T], *key: object) -> _T:
        """Return what was found before under a key, or find it: what no closure changes.

        It hangs on the ground inside the outer perimeter, and is shared with what is replaced of this.
        """
        where = (id(self.outer_m), *key)
        if where not in self._around:
            self._around[where] = find(), self.outer_m  # kept, so that no other ground gets its number
        found: _T = self._around[where][0]
        return found

    @cached_property
    def post_edges(self) -> Ints:
        """The streets on which a post stands, ascending."""
        return np.unique(np.array([post.edge for post in self.posts], dtype=np.int64))

    @cached_property
    def post_edge(self) -> Bools:
        """Mask (E,) of the streets on which a post stands."""
        mask = np.zeros_like(self.closed)
        mask[self.post_edges] = True
        return mask


@dataclass(frozen=True, eq=False)
class Way:
    """A way found, before it is written as a :class:`~planner.model.Route`."""

    kind: RouteKind
    start: str
    end: str
    path: Path
    purpose: str


@dataclass(frozen=True, eq=False)
class Driving:
    """Who drives around a scene, and on what: searches of one traveller with its closures and posts.

    ``shunned`` are streets to keep off where that is not far round, ``by_posts`` those where it is near, both
    ascending; ``barred`` arcs are not driven. A post passed weighs ``post_s``.
    """

    area: Area
    streets: Streets
    doctrine: Doctrine
    travel: Travel
    shunned: Ints = field(default_factory=lambda: NOTHING)
    by_posts: Ints = field(default_factory=lambda: NOTHING)
    barred: tuple[int, ...] = ()
    post_s: float = _POST_WEIGHT_S

    @property
    def network(self) -> StreetNetwork:
        """The streets of the area."""
        return self.area.network

    @cached_property
    def timing(self) -> Timing:
        """How long the traveller takes, with the jam of what is held back around the outer perimeter."""
        free = self.network.timing(self.travel, self.doctrine.travelling)
        free = free.barring(self.barred) if self.barred else free
        factor, reach_m = self.doctrine.transport.congestion_factor, self.doctrine.transport.congestion_m
        return self.streets.once(lambda: free.weighted(self.jammed, factor), "timing", free, factor, reach_m)

    @cached_property
    def jammed(self) -> Ints:
        """Streets outside the outer perimeter and near it, where traffic that is held back stands."""
        network, reach_m = self.network, self.doctrine.transport.congestion_m
        return self.streets.once(
            lambda: jammed_edges(network, self.streets.outer_m, reach_m), "jammed", network, reach_m
        )

    @cached_property
    def scene_edges(self) -> Bools:
        """Streets of the part of the network that the scene lies in, closed or not, (E,)."""
        network, who = self.network, (self.travel, self.doctrine.travelling)
        least_m = self.doctrine.transport.part_least_m
        return self.streets.once(
            lambda: network.scene_edges(*who, self.streets.outer_m, least_m),
            *("scene edges", network, *who, least_m),
        )

    @property
    def joins_map(self) -> bool:
        """Whether the scene's streets are joined to most of the map's; not so on an island."""
        main = self.network.main_edges(self.travel, self.doctrine.travelling)
        return not main.any() or main is self.scene_edges or bool((main & self.scene_edges).any())

    @cached_property
    def open_edges(self) -> Bools:
        """Streets of the scene's part of the network that are not closed, (E,)."""
        return self.scene_edges & ~self.streets.closed

    def weights(self, used: Ints = NOTHING) -> Timing:
        """Return what a search minimizes: fewest posts, then time; streets that others use count longer."""
        return self._weights(used) if len(used) else self._own_weights

    @cached_property
    def _own_weights(self) -> Timing:
        key = self.timing, self.post_s, self.doctrine.transport
        apart = (edges.tobytes() for edges in (self.streets.post_edges, self.shunned, self.by_posts))
        return self.streets.once(lambda: self._weights(NOTHING), "weights", *key, *apart)

    def _weights(self, used: Ints) -> Timing:
        posts, rules = self.streets.post_edges, self.doctrine.transport
        edges = reduce(merged, (posts, used, self.shunned, self.by_posts))
        factor, extra_s = np.ones(len(edges)), np.zeros(len(edges))
        extra_s[np.searchsorted(edges, posts)] = self.post_s
        for shy, times in (
            (used, rules.apart_factor),
            (self.shunned, rules.corridor_by_site),
            (self.by_posts, rules.corridor_by_post),
        ):
            factor[np.searchsorted(edges, shy)] *= times
        return self.timing.weighted(edges, factor, extra_s)

    def expect_searches(self) -> None:
        """Get ready in the background for searches that keep off nothing but what is closed."""
        self.network.expect(self.weights(), self.streets.closed)

    def search(
        self,
        start: Snap,
        used: Ints = NOTHING,
        ends: Sequence[Snap] | None = None,
        near_m: float = NEARBY_M,
    ) -> Search:
        """Search the ways from one place; ``used``, ascending, are streets to keep off where others lead."""
        weights = self.weights(used)
        return self.network.search(
            start, self.timing, self.streets.closed, weights=weights, ends=ends, near_m=near_m
        )

    def enter(self, site: Site) -> Snap | None:
        """Find the open street nearest to a site's entrance, None where none is within reach of it."""
        closed, reach_m = self.streets.closed, self.doctrine.transport.entrance_reach_m
        found, _ = self.streets.once(
            lambda: (self._reached(site, self.open_edges), closed),  # kept: no other mask gets its number
            *("entered", id(closed), self.travel, reach_m, site.entrance),
        )
        return found

    def why_no_entry(self, site: Site) -> str:
        """Say why no open street is within reach of a site's entrance."""
        shut = self._reached(site, self.scene_edges)
        if shut is not None:
            return f"{self.network.street(shut.edge)} is closed, and no open street is near {site.name}"
        other = self._reached(site, self.network.parts(self.travel, self.doctrine.travelling) >= 0)
        if other is not None:
            return self.why_not_joined(other.edge, site.name)
        reach_m = self.doctrine.transport.entrance_reach_m
        return f"the map shows no street within {metres(reach_m)} of {site.name}"

    def why_not_joined(self, edge: int, what: str) -> str:
        """Say why no way leads from the scene to a street of another part of the network."""
        own = np.flatnonzero(self.scene_edges)
        travelling = self.doctrine.travelling
        bars: tuple[str, ...] = ()
        if len(own):
            part = int(self.network.parts(self.travel, travelling)[own[0]])
            bars = what_bars(self.network, self.travel, travelling, part, edge)
        if not bars:
            return f"no street on this map joins the scene to {what}"
        who = "ambulances" if self.travel is Travel.EMERGENCY else "the public"
        return f"no street that {who} can drive joins the scene to {what}: {listed(bars)}"

    def _reached(self, site: Site, usable: Bools) -> Snap | None:
        (snap,) = self.network.snap([self.area.frame.point_m(site.entrance)], usable)
        return snap if snap and snap.offset_m <= self.doctrine.transport.entrance_reach_m else None

    def why_not(self, start: Snap, end: Snap) -> str:
        """Say why there is no way between two places: an end in the zone, what severs it, or the map."""
        network, closed = self.network, self.streets.closed
        for place in (start, end):
            if closed[place.edge]:
                what = "is blocked" if self._blocked[place.edge] else "lies in the closed zone"
                return f"{network.street(place.edge)}, where it ends, {what}"
        # With only the user's marks lifted, then only the zone's: what opens a way is what severs it.
        for shut, by in (
            (self._blocked, BY_MARK),
            (closed & ~self._blocked, BY_ZONE),
        ):
            path = network.find_path(start, end, self.timing, closed & ~shut)
            if path is not None and shut.any():
                return f"it is severed by {by} {self._named(path, shut)}"
        whole = network.find_path(start, end, self.timing, network.no_closures())
        if whole is None:
            return "the map shows no street that joins them"
        shuts = ((closed & ~self._blocked, BY_ZONE), (self._blocked, BY_MARK))
        told = [f"{what} {names}" for mask, what in shuts if (names := self._named(whole, mask))]
        return f"every way is closed, the shortest by {' and '.join(told)}"

    @cached_property
    def _blocked(self) -> Bools:
        blocked = self.streets.blocked
        return self.network.no_closures() if blocked is None else blocked & self.streets.closed

    def _named(self, path: Path, mask: Bools) -> str:
        names = dict.fromkeys(self.network.street(int(edge)) for edge in path.edges if mask[edge])
        return listed(list(names)[:_TRIED_CLOSURES])

    def way_from_main_road(
        self, end: Snap, used: Ints, *, well_outside: bool = False
    ) -> tuple[str, Path] | None:
        """Find the best way to a place from a main road well outside the outer perimeter, and which road.

        Where the map has no main road there, any street well outside does. Where the map ends sooner, unless
        it has to be ``well_outside``, a track does, or any street outside the outer perimeter. None where
        no street outside leads to the place.
        """
        weights, closed = self.weights(used), self.streets.closed
        for most, among in self._beginnings(well_outside=well_outside):
            found = self.network.first_way(end, self.timing, closed, among, weights=weights, towards=True)
            if found is not None:
                at, path = found
                return self.network.street(self._road_at(at, most)), path
        return None

    def main_road_from(self, start: Snap) -> tuple[Snap, str] | None:
        """Find the main road, well outside the outer perimeter, that is soonest reached from a place."""
        weights = self.weights()
        for most, among in self._beginnings():
            at = self.network.first_reached(start, weights, self.streets.closed, among)
            if at is not None:
                return at, self.network.street(self._road_at(at, most))
        return None

    def _beginnings(self, *, well_outside: bool = False) -> Iterator[tuple[int, Bools]]:
        """Yield where those come from who come from outside, the best first: up to which class, and (N,)."""
        gap_m = self.doctrine.transport.approach_m
        well = ((_MAIN_ROADS, gap_m), (_STREETS, gap_m))
        for most, wide_m in well if well_outside else (*well, (_ALL_ROADS, gap_m), (_ALL_ROADS, 0.0)):
            yield most, self._junctions_outside(most, wide_m)

    def _road_at(self, at: Snap, most: int) -> int:
        """Return the open road, of classes up to one, at a junction: the place's own edge if that is one."""
        network = self.network
        node = int((network.edge_u if at.along_m == 0.0 else network.edge_v)[at.edge])
        own, closed = np.array([at.edge]), self.streets.closed
        for edges in (own, network.edges_at(node)):
            is_road = self.scene_edges[edges] & ~closed[edges] & (network.road_class[edges] <= most)
            roads = edges[is_road]
            if len(roads):
                return int(roads[np.argmin(network.road_class[roads])])
        return at.edge

    def _junctions_outside(self, most: int, gap_m: float) -> Bools:
        """Mask (N,) of the junctions of open streets, of classes up to one, that lie so far outside."""
        network, ground_m = self.network, self.streets.outer_m
        mask = network.junctions_left(self.scene_edges, most, self.streets.closed)
        mask[self.streets.once(lambda: _junctions_in(network, ground_m, gap_m), "near", network, gap_m)] = (
            False
        )
        return mask


def _junctions_in(network: StreetNetwork, ground_m: BaseGeometry, gap_m: float) -> Ints:
    """Return the junctions in a ground or so near it, each once or more."""
    if ground_m.is_empty:
        return np.empty(0, dtype=np.int64)
    wide = ground_m.buffer(gap_m)
    edges = network.edges_in_box(wide.bounds)
    near = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    shapely.prepare(wide)
    return np.asarray(near[shapely.contains_xy(wide, network.node_xy_m[near])])


def jammed_edges(network: StreetNetwork, outer_m: BaseGeometry, reach_m: float) -> Ints:
    """Return the streets whose middle lies outside a ground, within reach of it, ascending."""
    if outer_m.is_empty or reach_m <= 0:
        return NOTHING
    wide = outer_m.buffer(reach_m)
    near = network.edges_in_box(wide.bounds)
    middle = (network.bounds_m[near, :2] + network.bounds_m[near, 2:]) / 2
    for ground in (wide, outer_m):
        shapely.prepare(ground)
    return near[shapely.contains_xy(wide, middle) & ~shapely.contains_xy(outer_m, middle)]


def ambulance_point(sites: Sequence[Site]) -> Site | None:
    """Return where ambulances load: the exchange point, else the casualty collection point, else staging."""
    order = (Purpose.AMBULANCE_EXCHANGE, Purpose.CASUALTY_COLLECTION, Purpose.STAGING)
    return next((site for purpose in order if (site := first_site(sites, purpose)) is not None), None)


def first_site(sites: Sequence[Site], purpose: Purpose) -> Site | None:
    """Return the site suggested or pinned for a purpose, None where there is none."""
    return next((s for s in sites if s.purpose is purpose and s.rank == 1), None)


def used_edges(ways: Sequence[Way]) -> Ints:
    """Return the streets that ways drive, ascending."""
    return each_once(np.concatenate([NOTHING, *(way.path.driven for way in ways)]))


def listed(names: Sequence[str]) -> str:
    """Write names one after the other."""
    return ", ".join(names)


def metres(length_m: float) -> str:
    """Write a distance without false precision: to 10 m, from 1 km on to 100 m (``domain.md`` 6.9)."""
    return f"{length_m / 1000:.1f} km" if length_m >= 1000 else f"{max(10, round(length_m, -1)):.0f} m"

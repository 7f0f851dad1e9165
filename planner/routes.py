"""Ways in and out for ambulances and units: around what is closed, through gates, with what they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.access import find_ways_out
from planner.area import Area, line_of
from planner.chokes import worst_chokes
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.geo import LonLat
from planner.model import Notice, Route, Site
from planner.network import Path, Search, Snap, StreetNetwork, Timing
from planner.terms import NoticeLevel, Purpose, RoadClass, RouteKind, Travel

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_POST_WEIGHT_S = 2e4
"""What passing a post weighs in a search: more than any drive, so that the fewest posts come first."""
_MAIN_ROADS = RoadClass.SECONDARY_LINK
"""Road classes up to this code are main roads, from which arriving units and families come."""
_LEAST_ROUTE_M = 1.0
_SAME_PLACE_M = 0.5
_TRIED_CLOSURES = 3


@dataclass(frozen=True, eq=False)
class Streets:
    """Which streets routes may use around one scene.

    Parameters
    ----------
    closed : (E,) bool array
        Hot and warm ground, the inside of the inner perimeter, and what the user blocked.
    post_at : mapping of edge to post id
        Posts that a route may pass, which makes each a gate.
    hot_m : geometry
        Hot and warm ground, for the ``hot_m`` metres that a route reports (0 where rules hold).
    outer_m : geometry
        Ground inside the outer perimeter, which the public cannot enter.
    post_along_m : mapping of edge to metres
        Where on its edge each post stands, from the edge's ``u`` end; the whole edge where not given.
    """

    closed: Bools
    post_at: Mapping[int, str]
    hot_m: BaseGeometry
    outer_m: BaseGeometry = field(default_factory=Polygon)
    post_along_m: Mapping[int, float] = field(default_factory=dict)

    @cached_property
    def post_edge(self) -> Bools:
        """Mask (E,) of the streets on which a post stands."""
        mask = np.zeros_like(self.closed)
        mask[list(self.post_at)] = True
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
class OpenRoutes:
    """Routes kept open, the posts that must be gates for them, and what could not be reached."""

    routes: tuple[Route, ...]
    gates: frozenset[str]
    notices: tuple[Notice, ...]


def keep_routes_open(
    sites: Sequence[Site],
    streets: Streets,
    area: Area,
    doctrine: Doctrine,
    outbound: Sequence[Way] = (),
) -> OpenRoutes:
    """Keep the ways open that a scene lives by, apart from the ambulances' way out where streets allow.

    Parameters
    ----------
    sites : sequence of Site
        Those of rank 1 are served.
    streets : Streets
        What is closed, and where posts stand.
    outbound : sequence of Way
        The ambulances' ways to hospitals, which come first: all others keep off them (C1, F21, F23).

    Returns
    -------
    OpenRoutes
        The ways out, staging to ambulances (``transfer``), arriving units to staging (``ingress``) and
        families to reunification (``public``). What cannot be reached is a Notice that says why.
    """
    driving = Driving(area, streets, doctrine, Travel.EMERGENCY)
    public = Driving(area, _public_streets(streets, area), doctrine, Travel.PUBLIC)
    ways: list[Way] = list(outbound)
    notices: list[Notice] = _apart_from_map(driving)
    for found in (
        _transfer(sites, driving, ways),
        _inbound(RouteKind.INGRESS, _first(sites, Purpose.STAGING), driving, ways),
        _inbound(RouteKind.PUBLIC, _first(sites, Purpose.REUNIFICATION), public, ways),
    ):
        ways += [f for f in found if isinstance(f, Way)]
        notices += [f for f in found if isinstance(f, Notice)]
    notices += _single_access(sites, driving)
    routes = write_routes(ways, streets, area, doctrine.transport)
    gates = frozenset(post for route in routes for post in route.posts_crossed)
    return OpenRoutes(routes, gates, tuple(notices))


def ambulance_point(sites: Sequence[Site]) -> Site | None:
    """Return where ambulances load: the exchange point, else the casualty collection point, else staging."""
    order = (Purpose.AMBULANCE_EXCHANGE, Purpose.CASUALTY_COLLECTION, Purpose.STAGING)
    return next((site for purpose in order if (site := _first(sites, purpose)) is not None), None)


def _first(sites: Sequence[Site], purpose: Purpose) -> Site | None:
    return next((s for s in sites if s.purpose is purpose and s.rank == 1), None)


def _public_streets(streets: Streets, area: Area) -> Streets:
    """Close to the public the ground inside the outer perimeter and the posts on its line."""
    held = area.network.edges_meeting(streets.outer_m) | streets.post_edge
    return Streets(streets.closed | held, {}, streets.hot_m, streets.outer_m)


# --- one way ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Driving:
    """Who drives around a scene, and on what: searches of one traveller with its closures and posts."""

    area: Area
    streets: Streets
    doctrine: Doctrine
    travel: Travel

    @property
    def network(self) -> StreetNetwork:
        """The streets of the area."""
        return self.area.network

    @cached_property
    def timing(self) -> Timing:
        """How long the traveller takes."""
        return self.network.timing(self.travel, self.doctrine.travelling)

    @cached_property
    def scene_edges(self) -> Bools:
        """Streets of the part of the network that the scene lies in, closed or not, (E,)."""
        return self.network.scene_edges(self.travel, self.doctrine.travelling, self.streets.outer_m)

    @property
    def joins_map(self) -> bool:
        """Whether the scene's streets are joined to most of the map's; not so on an island."""
        main = self.network.main_edges(self.travel, self.doctrine.travelling)
        return not main.any() or bool((main & self.scene_edges).any())

    @cached_property
    def open_edges(self) -> Bools:
        """Streets of the scene's part of the network that are not closed, (E,)."""
        return self.scene_edges & ~self.streets.closed

    def weights(self, used: Bools | None = None) -> Timing:
        """Return what a search minimizes: fewest posts, then time; streets that others use count longer."""
        factor = np.ones(self.network.edge_count)
        if used is not None:
            factor[used] = self.doctrine.transport.apart_factor
        return self.timing.weighted(factor, np.where(self.streets.post_edge, _POST_WEIGHT_S, 0.0))

    def search(self, start: Snap, used: Bools | None = None, ends: Sequence[Snap] | None = None) -> Search:
        """Search the ways from one place; ``used`` (E,) are streets to keep off where another way exists."""
        return self.network.search(
            start, self.timing, self.streets.closed, weights=self.weights(used), ends=ends
        )

    def enter(self, site: Site) -> Snap | None:
        """Find the open street nearest to a site's entrance, None where none is within reach of it."""
        return self._reached(site, self.open_edges)

    def why_no_entry(self, site: Site) -> str:
        """Say why no open street is within reach of a site's entrance."""
        shut = self._reached(site, self.scene_edges)
        if shut is not None:
            return f"{self.network.street(shut.edge)} is closed, and no open street is near {site.name}"
        if self._reached(site, self.network.parts(self.travel, self.doctrine.travelling) >= 0) is not None:
            return f"no street on this map joins the scene to {site.name}"
        reach_m = self.doctrine.transport.entrance_reach_m
        return f"the map shows no street within {_metres(reach_m)} of {site.name}"

    def _reached(self, site: Site, usable: Bools) -> Snap | None:
        (snap,) = self.network.snap([self.area.frame.point_m(site.entrance)], usable)
        return snap if snap and snap.offset_m <= self.doctrine.transport.entrance_reach_m else None

    def why_not(self, start: Snap, end: Snap) -> str:
        """Say why there is no way between two places: which closures sever it, or that the map shows none."""
        network, closed = self.network, self.streets.closed
        whole = network.find_path(start, end, self.timing, network.no_closures())
        if whole is None:
            return "the map shows no street that joins them"
        names = dict.fromkeys(network.street(int(e)) for e in whole.edges if closed[e])
        return (
            f"every way is closed, first of all by the closure of {', '.join(list(names)[:_TRIED_CLOSURES])}"
        )

    def main_road_to(self, end: Snap, used: Bools) -> tuple[Snap, str] | None:
        """Find where on a main road, well outside the outer perimeter, the way to a place best begins.

        Where the map has no main road there, any street well outside does; where the map ends sooner, any
        street outside the outer perimeter. None where no street outside leads to the place.
        """
        return self._main_road(end, self.weights(used), towards=True)

    def main_road_from(self, start: Snap) -> tuple[Snap, str] | None:
        """Find the main road, well outside the outer perimeter, that is soonest reached from a place."""
        return self._main_road(start, self.weights(), towards=False)

    def _main_road(self, place: Snap, weights: Timing, *, towards: bool) -> tuple[Snap, str] | None:
        """Return where on which road."""
        network, gap_m = self.network, self.doctrine.transport.approach_m
        main = self.open_edges & (network.road_class <= _MAIN_ROADS)
        for roads, wide_m in ((main, gap_m), (self.open_edges, gap_m), (self.open_edges, 0.0)):
            among = _outside(network, roads, self.streets.outer_m, wide_m)
            at = network.first_reached(place, weights, self.streets.closed, among, towards=towards)
            if at is not None:
                return at, network.street(_road_at(at, roads, network))
        return None


def _road_at(at: Snap, roads: Bools, network: StreetNetwork) -> int:
    """Return the road, of those given, that a place at a junction lies on: its own edge if that is one."""
    if roads[at.edge]:
        return at.edge
    node = network.edge_u[at.edge] if at.along_m == 0.0 else network.edge_v[at.edge]
    meeting = np.flatnonzero(roads & ((network.edge_u == node) | (network.edge_v == node)))
    return int(meeting[np.argmin(network.road_class[meeting])])


def _outside(network: StreetNetwork, roads: Bools, ground_m: BaseGeometry, gap_m: float) -> Ints:
    """Return the junctions of some roads that lie further than a gap from the ground."""
    edges = np.flatnonzero(roads)
    nodes = np.unique(np.concatenate([network.edge_u[edges], network.edge_v[edges]]))
    if ground_m.is_empty:
        return nodes
    wide = ground_m.buffer(gap_m)
    shapely.prepare(wide)
    outside: Ints = nodes[~shapely.contains_xy(wide, network.node_xy_m[nodes])]
    return outside


def _apart_from_map(driving: Driving) -> list[Notice]:
    """Say that the scene's streets are not joined to most of the map's, as on an island."""
    if driving.joins_map:
        return []
    network = driving.network
    main = network.main_edges(driving.travel, driving.doctrine.travelling)
    here_km, there_km = (float(network.length_m[mask].sum()) / 1000 for mask in (driving.scene_edges, main))
    text = (
        f"No street on this map joins the scene to most of its streets: {here_km:.1f} km of streets are "
        f"joined to the scene, {there_km:.1f} km elsewhere are not. An island? Ask for ferries and boats"
    )
    return [Notice(NoticeLevel.DANGER, text, "routes")]


def _single_access(sites: Sequence[Site], driving: Driving) -> list[Notice]:
    """Say so where all ways out for ambulances share a street (C2), and which."""
    site = ambulance_point(sites)
    start = driving.enter(site) if site else None
    if site is None or start is None or driving.streets.outer_m.is_empty:
        return []
    network, arc_open = driving.network, np.isfinite(driving.timing.arc_s)
    out = find_ways_out(
        network,
        start,
        driving.open_edges,
        arc_open,
        driving.streets.outer_m,
        driving.doctrine.transport.approach_m,
    )
    if out.count != 1:
        return []
    names = list(dict.fromkeys(network.street(edge) for edge in out.shared))
    return [
        Notice(
            NoticeLevel.CAUTION,
            f"Single access: {_listed(names)}. Every way out for ambulances from {site.name} passes there: "
            "keep it clear, nobody parks",
            site.id,
        )
    ]


def _transfer(sites: Sequence[Site], driving: Driving, ways: Sequence[Way]) -> list[Way | Notice]:
    """Way of ambulances from staging to where they load."""
    staging, loading = _first(sites, Purpose.STAGING), ambulance_point(sites)
    if staging is None or loading is None or loading is staging:
        return []
    where = f"from {staging.name} to {loading.name}"
    start, end = driving.enter(staging), driving.enter(loading)
    if start is None or end is None:
        return [_severed(where, driving.why_no_entry(staging if start is None else loading), loading.id)]
    path = driving.search(start, _used(ways, driving.network), [end]).path(end)
    if path is None:
        return [_severed(where, driving.why_not(start, end), loading.id)]
    if path.length_m < _LEAST_ROUTE_M:
        return []
    return [Way(RouteKind.TRANSFER, staging.id, loading.id, path, f"Ambulances {where}")]


def _inbound(kind: RouteKind, site: Site | None, driving: Driving, ways: Sequence[Way]) -> list[Way | Notice]:
    """Way of those who come from outside to a site."""
    if site is None:
        return []
    end = driving.enter(site)
    if end is None:
        return [_severed(f"from outside to {site.name}", driving.why_no_entry(site), site.id)]
    used = _used(ways, driving.network)
    begins = driving.main_road_to(end, used)
    if begins is None:
        why = f"no open street leads from outside to {driving.network.street(end.edge)}"
        return [_severed(f"from outside to {site.name}", why, site.id)]
    start, road = begins
    path = driving.search(start, used, [end]).path(end)
    if path is None or path.length_m < _LEAST_ROUTE_M:
        return []
    who = "Arriving units" if kind is RouteKind.INGRESS else "Families"
    way = Way(kind, road, site.id, path, f"{who} from {road} to {site.name}")
    outer_m, least_m = driving.streets.outer_m, driving.doctrine.transport.approach_m
    gap_m = math.inf if outer_m.is_empty else outer_m.distance(Point(start.x_m, start.y_m))
    if gap_m >= least_m - _LEAST_ROUTE_M:
        return [way]
    text = (
        f"The way from outside to {site.name} is known only from {_metres(gap_m)} outside the outer "
        "perimeter: beyond that the map ends, or streets are closed"
    )
    return [way, Notice(NoticeLevel.CAUTION, text, site.id)]


def _severed(where: str, why: str, about: str) -> Notice:
    return Notice(NoticeLevel.DANGER, f"There is no way to drive {where}: {why}", about)


# --- writing routes -----------------------------------------------------------------------------


def write_routes(ways: Sequence[Way], streets: Streets, area: Area, rules: Rules) -> tuple[Route, ...]:
    """Write ways as routes, each with what it passes and what it shares with those that run the other way."""
    numbers: dict[RouteKind, int] = {}
    routes = []
    for way in ways:
        numbers[way.kind] = numbers.get(way.kind, 0) + 1
        leaving = way.kind is RouteKind.EGRESS
        others = [w.path for w in ways if (w.kind is RouteKind.EGRESS) is not leaving]
        routes.append(_route(way, f"{way.kind}-{numbers[way.kind]}", others, streets, area, rules))
    return tuple(routes)


def _route(way: Way, ident: str, others: Sequence[Path], streets: Streets, area: Area, rules: Rules) -> Route:
    path, network = way.path, area.network
    driven_m = path.span_m[:, 1] - path.span_m[:, 0]
    shared_m = _shared_m(path, others)
    against = network.oneway[path.edges] * np.where(path.forward, 1, -1) < 0
    against_m = float(driven_m[against].sum())
    names, posts = street_names(path, network), _posts_crossed(path, streets, network)
    parts = [f"{way.purpose}: {_minutes(path.time_s)}, {_metres(path.length_m)}{_by(names)}"]
    parts += [f"through {_listed(posts)}"] if posts else []
    parts += [_shared_text(way.kind, shared_m)]
    if against_m >= 0.5:
        parts.append(f"{_metres(against_m)} against one-way traffic, which must be held back")
    if way.kind is RouteKind.EGRESS:
        parts += _tight(path, network, rules)
    return Route(
        id=ident,
        route=way.kind,
        start=way.start,
        end=way.end,
        line=_line(path, area),
        time_s=path.time_s,
        length_m=path.length_m,
        streets=names,
        nodes=path.nodes,
        shared_m=shared_m,
        hot_m=float(LineString(path.xy_m).intersection(streets.hot_m).length),
        posts_crossed=posts,
        reason="; ".join(parts),
    )


def _tight(path: Path, network: StreetNetwork, rules: Rules) -> list[str]:
    """Name the tightest streets, so that traffic officers keep them clear first (C3)."""
    chokes = worst_chokes(path, network, rules)
    if not chokes:
        return []
    told = [f"{choke.street} ({_listed(choke.faults)})" for choke in chokes]
    return [f"tightest at {_listed(told)}"]


def street_names(path: Path, network: StreetNetwork) -> tuple[str, ...]:
    """Name the streets of a path in order, each once; the kind of way where none has a name."""
    driven = path.edges[path.share > 0]
    named = dict.fromkeys(network.names[network.name_index[e]] for e in driven if network.name_index[e] > 0)
    return tuple(named) or tuple(dict.fromkeys(network.street(int(e)) for e in driven))


def _posts_crossed(path: Path, streets: Streets, network: StreetNetwork) -> tuple[str, ...]:
    crossed: dict[str, None] = {}
    for edge, (low_m, high_m) in zip(path.edges.tolist(), path.span_m.tolist(), strict=True):
        stands_m = streets.post_along_m.get(edge)
        if edge in streets.post_at and (stands_m is None or low_m <= stands_m <= high_m):
            crossed[streets.post_at[edge]] = None
            crossed.update(dict.fromkeys(_beside(edge, streets, network)))
    return tuple(crossed)


def _beside(edge: int, streets: Streets, network: StreetNetwork) -> list[str]:
    """Find the posts where an edge has its own: some maps draw a street twice, and it is closed twice."""
    if edge not in streets.post_along_m:
        return []
    x_m, y_m = network.at(edge, streets.post_along_m[edge])
    places = {other: network.at(other, along_m) for other, along_m in streets.post_along_m.items()}
    near = [other for other, (x, y) in places.items() if math.hypot(x - x_m, y - y_m) <= _SAME_PLACE_M]
    return [streets.post_at[other] for other in near if other in streets.post_at]


def _shared_m(path: Path, others: Sequence[Path]) -> float:
    """Metres of a path on stretches that other paths drive too, in either direction."""
    theirs: dict[int, list[tuple[float, float]]] = {}
    for other in others:
        for edge, (low_m, high_m) in zip(other.edges.tolist(), other.span_m.tolist(), strict=True):
            theirs.setdefault(edge, []).append((low_m, high_m))
    shared_m = 0.0
    for edge, (low_m, high_m) in zip(path.edges.tolist(), path.span_m.tolist(), strict=True):
        counted_m = low_m
        for from_m, to_m in sorted(theirs.get(edge, ())):
            shared_m += max(0.0, min(high_m, to_m) - max(counted_m, from_m))
            counted_m = max(counted_m, to_m)
    return shared_m


def _used(ways: Sequence[Way], network: StreetNetwork) -> Bools:
    mask = network.no_closures()
    for way in ways:
        mask[way.path.edges[way.path.share > 0]] = True
    return mask


def _line(path: Path, area: Area) -> tuple[LonLat, ...]:
    places = line_of(path.xy_m, area.frame)
    kept = [places[0], *(b for a, b in pairwise(places) if a != b)]
    return tuple(kept if len(kept) > 1 else kept * 2)


def _shared_text(kind: RouteKind, shared_m: float) -> str:
    other = "the ways in" if kind is RouteKind.EGRESS else "the ambulances' way out"
    return f"shares {_metres(shared_m)} with {other}" if shared_m >= 0.5 else f"apart from {other}"


def _by(names: Sequence[str]) -> str:
    return f" by {_listed(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def range_min(time_s: float, rules: Rules, late: float = 1.0) -> tuple[int, int]:
    """Return whole minutes from the best case to the late end of a planning time (``domain.md`` 3.3, 6.9).

    The best case is with lights and siren and rounds down, to 1 at least; the late end counts getting under
    way and, for estimates, ``late`` times the drive, and rounds up.
    """
    low = max(1, math.floor(time_s * rules.best_case / 60))
    return low, max(low, math.ceil((time_s * late + rules.load_out_s) / 60))


def _minutes(time_s: float) -> str:
    """Write a planning time as everywhere: rounded up, and nothing said of seconds."""
    return "under 1 min" if time_s < 60 else f"{math.ceil(time_s / 60)} min"


def _metres(length_m: float) -> str:
    """Write a distance without false precision: to 10 m, from 1 km on to 100 m (``domain.md`` 6.9)."""
    return f"{length_m / 1000:.1f} km" if length_m >= 1000 else f"{max(10, round(length_m, -1)):.0f} m"

"""Ways in and out for ambulances and units: around what is closed, through gates, with what they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Point

from planner.area import Area, line_of
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.geo import LonLat
from planner.model import Notice, Route, Site
from planner.routes.access import find_ways_out
from planner.routes.chokes import worst_chokes
from planner.routes.corridor import Corridor, lay_corridor
from planner.routes.corridor_notices import corridor_notices
from planner.routes.driving import (
    Driving,
    Streets,
    Way,
    ambulance_point,
    first_site,
    listed,
    metres,
    used_edges,
)
from planner.streets.network import Path, StreetNetwork
from planner.terms import NoticeLevel, Purpose, RouteKind, Travel

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_LEAST_ROUTE_M = 1.0
_SAME_PLACE_M = 0.5


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
    corridor: Corridor | None = None,
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
    corridor : Corridor, optional
        Laid for those ways; without it, one is laid to the nearest main road.

    Returns
    -------
    OpenRoutes
        The ways out, staging to ambulances (``transfer``), arriving units to each agency's staging
        (``ingress``), families to reunification and media to theirs (``public``). What cannot be reached is
        a Notice that says why.
    """
    driving = Driving(area, streets, doctrine, Travel.EMERGENCY)
    public = Driving(area, _public_streets(streets, area), doctrine, Travel.PUBLIC)
    ways: list[Way] = list(outbound)
    corridor = corridor or lay_corridor(sites, driving, ())
    notices: list[Notice] = _apart_from_map(driving)
    for found in (
        _transfer(corridor, driving),
        *(
            _inbound(RouteKind.INGRESS, purpose, sites, driving, ways, corridor.kept)
            for purpose in (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
        ),
        *(
            _inbound(RouteKind.PUBLIC, purpose, sites, public, ways, corridor.kept)
            for purpose in (Purpose.REUNIFICATION, Purpose.REUNIFICATION_BEREAVED, Purpose.MEDIA)
        ),
    ):
        ways += [f for f in found if isinstance(f, Way)]
        notices += [f for f in found if isinstance(f, Notice)]
    routes = write_routes(ways, streets, area, doctrine.transport, corridor.kept)
    notices += _single_access(sites, driving) + corridor_notices(corridor, routes, sites, driving)
    gates = frozenset(post for route in routes for post in route.posts_crossed)
    return OpenRoutes(routes, gates, tuple(notices))


def _public_streets(streets: Streets, area: Area) -> Streets:
    """Close to the public the ground inside the outer perimeter and the posts on its line."""
    held = area.network.edges_meeting(streets.outer_m) | streets.post_edge
    return Streets(streets.closed | held, {}, streets.hot_m, streets.outer_m)


# --- one way ------------------------------------------------------------------------------------


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
    network, arc_open = driving.network, driving.timing.open_arcs
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
            f"Single access: {listed(names)}. Every way out for ambulances from {site.name} passes there: "
            "keep it clear, nobody parks",
            site.id,
        )
    ]


def _transfer(corridor: Corridor, driving: Driving) -> list[Way | Notice]:
    """Way of ambulances from staging to where they load: the corridor's way in."""
    staging, loading, path = corridor.staging, corridor.site, corridor.inward
    if staging is None or loading is None:
        return []
    where = f"from {staging.name} to {loading.name}"
    if path is None:
        start, end = driving.enter(staging), driving.enter(loading)
        if start is None or end is None:
            why = driving.why_no_entry(staging if start is None else loading)
        else:
            why = driving.why_not(start, end)
        return [_severed(where, why, loading.id)]
    if path.length_m < _LEAST_ROUTE_M:
        return []
    return [Way(RouteKind.TRANSFER, staging.id, loading.id, path, f"Ambulances {where}")]


_COMING = {
    Purpose.STAGING: "Arriving units",
    Purpose.STAGING_FIRE: "Arriving fire engines",
    Purpose.STAGING_POLICE: "Arriving police units",
    Purpose.REUNIFICATION: "Families",
    Purpose.REUNIFICATION_BEREAVED: "Families of the dead",
    Purpose.MEDIA: "Media",
}


def _inbound(
    kind: RouteKind,
    purpose: Purpose,
    sites: Sequence[Site],
    driving: Driving,
    ways: Sequence[Way],
    kept: Bools,
) -> list[Way | Notice]:
    """Way of those who come from outside to a site: off the corridor, if there is any other (F21)."""
    site = first_site(sites, purpose)
    if site is None or (purpose is Purpose.MEDIA and _inside(site, driving)):
        return []
    end = driving.enter(site)
    if end is None:
        return [_severed(f"from outside to {site.name}", driving.why_no_entry(site), site.id)]
    used = used_edges(ways, driving.network)
    closed = driving.streets.closed | kept
    closed[end.edge] = driving.streets.closed[end.edge]
    off = replace(driving, streets=replace(driving.streets, closed=closed))
    begins = off.main_road_to(end, used)
    driving = driving if begins is None else off
    begins = begins or driving.main_road_to(end, used)
    if begins is None:
        why = f"no open street leads from outside to {driving.network.street(end.edge)}"
        return [_severed(f"from outside to {site.name}", why, site.id)]
    start, road = begins
    path = driving.search(start, used, [end]).path(end)
    if path is None or path.length_m < _LEAST_ROUTE_M:
        return []
    way = Way(kind, road, site.id, path, f"{_COMING[purpose]} from {road} to {site.name}")
    outer_m, least_m = driving.streets.outer_m, driving.doctrine.transport.approach_m
    gap_m = math.inf if outer_m.is_empty else outer_m.distance(Point(start.x_m, start.y_m))
    if gap_m >= least_m - _LEAST_ROUTE_M:
        return [way]
    text = (
        f"The way from outside to {site.name} is known only from {metres(gap_m)} outside the outer "
        "perimeter: beyond that the map ends, or streets are closed"
    )
    return [way, Notice(NoticeLevel.CAUTION, text, site.id)]


def _inside(site: Site, driving: Driving) -> bool:
    """Whether a site lies inside the outer perimeter, where the public does not come unescorted."""
    return bool(driving.streets.outer_m.covers(Point(driving.area.frame.point_m(site.entrance))))


def _severed(where: str, why: str, about: str) -> Notice:
    return Notice(NoticeLevel.DANGER, f"There is no way to drive {where}: {why}", about)


# --- writing routes -----------------------------------------------------------------------------


def write_routes(
    ways: Sequence[Way], streets: Streets, area: Area, rules: Rules, kept: Bools | None = None
) -> tuple[Route, ...]:
    """Write ways as routes, each with what it passes and what it shares with those that run the other way.

    ``kept`` (E,) are the streets of the corridor, which are kept clear.
    """
    numbers: dict[RouteKind, int] = {}
    cleared = [] if kept is None else _keep_clear(ways, kept, area.network)
    routes = []
    for k, way in enumerate(ways):
        numbers[way.kind] = numbers.get(way.kind, 0) + 1
        leaving = way.kind is RouteKind.EGRESS
        others = [w.path for w in ways if (w.kind is RouteKind.EGRESS) is not leaving]
        route = _route(way, f"{way.kind}-{numbers[way.kind]}", others, streets, area, rules)
        routes.append(replace(route, keep_clear=cleared[k]) if cleared else route)
    return tuple(routes)


def _keep_clear(
    ways: Sequence[Way], kept: Bools, network: StreetNetwork
) -> list[tuple[tuple[str, float], ...]]:
    """Metres on each street of the corridor that each way drives, in order of travel, to 10 m.

    A stretch that several drive is counted at one of them only, on the way in before the ways out, so that
    the sum over all is what has to be kept clear.
    """
    found: list[tuple[tuple[str, float], ...]] = [()] * len(ways)
    counted: dict[int, list[tuple[float, float]]] = {}
    for kind in (RouteKind.TRANSFER, RouteKind.EGRESS):
        for k, way in enumerate(ways):
            if way.kind is kind:
                found[k] = _not_yet(way.path, kept, network, counted)
    return found


def _not_yet(
    path: Path, kept: Bools, network: StreetNetwork, counted: dict[int, list[tuple[float, float]]]
) -> tuple[tuple[str, float], ...]:
    """Metres by street of what a path drives and none counted before, which is counted from now on."""
    by_street: dict[str, float] = {}
    for edge, (low_m, high_m) in zip(path.edges.tolist(), path.span_m.tolist(), strict=True):
        if not kept[edge]:
            continue
        further_m = high_m - low_m - _covered_m((low_m, high_m), counted.get(edge, ()))
        counted.setdefault(edge, []).append((low_m, high_m))
        if further_m > _SAME_PLACE_M:
            name = network.street(edge)
            by_street[name] = by_street.get(name, 0.0) + further_m
    return tuple((name, max(10.0, round(length_m, -1))) for name, length_m in by_street.items())


def _route(way: Way, ident: str, others: Sequence[Path], streets: Streets, area: Area, rules: Rules) -> Route:
    path, network = way.path, area.network
    driven_m = path.span_m[:, 1] - path.span_m[:, 0]
    shared_m = _shared_m(path, others)
    against = network.oneway[path.edges] * np.where(path.forward, 1, -1) < 0
    against_m = float(driven_m[against].sum())
    names, posts = street_names(path, network), _posts_crossed(path, streets, network)
    parts = [f"{way.purpose}: {_minutes(path.time_s)}, {metres(path.length_m)}{_by(names)}"]
    parts += [f"through {listed(posts)}"] if posts else []
    parts += [_shared_text(way.kind, shared_m)]
    if against_m >= 0.5:
        parts.append(f"{metres(against_m)} against one-way traffic, which must be held back")
    if path.against_signs:
        times = f"{len(path.against_signs)} time{'s' if len(path.against_signs) > 1 else ''}"
        parts.append(f"turns {times} against a sign, with care")
    if way.kind in (RouteKind.EGRESS, RouteKind.TRANSFER):
        parts += _tight(way, network, rules)
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
        against_signs=path.against_signs,
    )


def _tight(way: Way, network: StreetNetwork, rules: Rules) -> list[str]:
    """Name the tightest streets, so that traffic officers keep them clear first (C3)."""
    chokes = worst_chokes(way.path, network, rules, both_ends=way.kind is RouteKind.TRANSFER)
    if not chokes:
        return []
    told = [f"{choke.street} ({listed(choke.faults)})" for choke in chokes]
    return [f"tightest at {listed(told)}"]


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
        shared_m += _covered_m((low_m, high_m), theirs.get(edge, ()))
    return shared_m


def _covered_m(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> float:
    """Metres of a span that others cover together."""
    (low_m, high_m), covered_m = span, 0.0
    for from_m, to_m in sorted(others):
        covered_m += max(0.0, min(high_m, to_m) - max(low_m, from_m))
        low_m = max(low_m, to_m)
    return covered_m


def _line(path: Path, area: Area) -> tuple[LonLat, ...]:
    places = line_of(path.xy_m, area.frame)
    kept = [places[0], *(b for a, b in pairwise(places) if a != b)]
    return tuple(kept if len(kept) > 1 else kept * 2)


def _shared_text(kind: RouteKind, shared_m: float) -> str:
    other = "the ways in" if kind is RouteKind.EGRESS else "the ambulances' way out"
    return f"shares {metres(shared_m)} with {other}" if shared_m >= 0.5 else f"apart from {other}"


def _by(names: Sequence[str]) -> str:
    return f" by {listed(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""


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

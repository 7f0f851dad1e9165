"""Ways in and out for ambulances and units: around what is closed, through gates, with what they share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Point

from planner import words
from planner.area import Area
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.model import Notice, Route, Site
from planner.routes.access import find_ways_out
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
from planner.routes.writing import write_routes
from planner.terms import NoticeLevel, Purpose, RouteKind, Travel

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_LEAST_ROUTE_M = 1.0


@dataclass(frozen=True, eq=False)
class OpenRoutes:
    """Routes kept open, as written and as driven, their gates, and what could not be reached."""

    routes: tuple[Route, ...]
    ways: tuple[Way, ...]
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
    notices += (
        _single_access(sites, driving)
        + _beyond_the_scene(sites, driving)
        + corridor_notices(corridor, ways, routes, sites, driving)
    )
    gates = frozenset(post for route in routes for post in route.posts_crossed)
    return OpenRoutes(routes, tuple(ways), gates, tuple(notices))


def _public_streets(streets: Streets, area: Area) -> Streets:
    """Close to the public the ground inside the outer perimeter and the posts on its line."""
    held = area.network.edges_meeting(streets.outer_m) | streets.post_edge
    return replace(streets, closed=streets.closed | held, posts=(), blocked=None, inner_m={})


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


def _beyond_the_scene(sites: Sequence[Site], driving: Driving) -> list[Notice]:
    """Say which staging has the danger between it and the command post, and how far it is round that."""
    command, frame = first_site(sites, Purpose.COMMAND_POST), driving.area.frame
    if command is None or driving.streets.hot_m.is_empty:
        return []
    at_m, there = frame.point_m(command.entrance), driving.enter(command)
    notices = []
    for purpose in (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE):
        site = first_site(sites, purpose)
        line_m = None if site is None else LineString([frame.point_m(site.entrance), at_m])
        if site is None or line_m is None or not line_m.intersects(driving.streets.hot_m):
            continue
        start = driving.enter(site)
        path = None if start is None or there is None else driving.search(start, ends=[there]).path(there)
        round_it = "no open street joins the two"
        if path is not None:
            minutes = max(1, math.ceil(path.time_s / 60))
            round_it = f"{metres(path.length_m)} ({minutes} min) by road round it"
        text = (
            f"{words.PURPOSES[purpose][1]} lies beyond the scene as seen from the command post: "
            f"{metres(line_m.length)} straight across the danger, {round_it}. Consider a place on the same "
            "side, or send who is in charge there a liaison with a radio"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, site.id))
    return notices


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
    used = used_edges(ways)
    closed = driving.streets.closed | kept
    closed[end.edge] = driving.streets.closed[end.edge]
    off = replace(driving, streets=replace(driving.streets, closed=closed))
    found = (
        off.way_from_main_road(end, used, well_outside=True)
        or driving.way_from_main_road(end, used, well_outside=True)  # rather shared than from nowhere
        or off.way_from_main_road(end, used)
        or driving.way_from_main_road(end, used)
    )
    if found is None:
        why = f"no open street leads from outside to {driving.network.street(end.edge)}"
        return [_severed(f"from outside to {site.name}", why, site.id)]
    road, path = found
    if path.length_m < _LEAST_ROUTE_M:
        return []
    way = Way(kind, road, site.id, path, f"{_COMING[purpose]} from {road} to {site.name}")
    outer_m, least_m = driving.streets.outer_m, driving.doctrine.transport.approach_m
    gap_m = math.inf if outer_m.is_empty else outer_m.distance(Point(path.xy_m[0]))
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


def range_min(time_s: float, rules: Rules, late: float = 1.0) -> tuple[int, int]:
    """Return whole minutes from the best case to the late end of a planning time (``domain.md`` 3.3, 6.9).

    The best case is with lights and siren and rounds down, to 1 at least; the late end counts getting under
    way and, for estimates, ``late`` times the drive, and rounds up.
    """
    low = max(1, math.floor(time_s * rules.best_case / 60))
    return low, max(low, math.ceil((time_s * late + rules.load_out_s) / 60))

"""What has to be told of the corridor: what to keep clear, where it is shared, who stands too near."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import geometries_m
from planner.geo import widened
from planner.model import Notice, Route, Site
from planner.routes.corridor import Corridor
from planner.routes.driving import Driving, Way, listed, metres
from planner.streets.network import StreetNetwork
from planner.terms import NoticeLevel, ObstacleKind, Parked, RouteKind

_ABOUT = "corridor"
_MOST_NAMES = 6
_MOST_POSTS = 12
_HERE_M = 50.0
"""Of a route, only what runs so near to the box around the corridor's streets is looked at."""
_ON_LANE_M = 1.0
_LEAST_SHARED_M = 10.0
_SIDES = {Parked.ONE_SIDE: "one side", Parked.BOTH_SIDES: "both sides"}


def corridor_notices(
    corridor: Corridor, ways: Sequence[Way], routes: Sequence[Route], sites: Sequence[Site], driving: Driving
) -> list[Notice]:
    """Tell what to keep clear, what is driven both in and out, and which sites stand too near (C1, C4).

    ``routes`` are the ``ways`` as written.
    """
    if not routes:
        return []
    kinds = (RouteKind.TRANSFER, RouteKind.EGRESS)
    own = [way for way in ways if way.kind in kinds]
    return [
        *_no_parking([route for route in routes if route.route in kinds]),
        *_parked(corridor, driving),
        *_works(driving),
        *_shared(corridor, own, routes, driving),
        *_sites_near(corridor, own, sites, driving),
        *_posts_near(own, driving),
        *_jam(driving),
    ]


def _no_parking(own: Sequence[Route]) -> list[Notice]:
    by_street: dict[str, float] = {}
    for route in own:
        for street, length_m in route.keep_clear:
            by_street[street] = by_street.get(street, 0.0) + length_m
    if not by_street:
        return []
    told = [f"{street} ({metres(length_m)})" for street, length_m in by_street.items()]
    more = f" and {words.count(len(told) - _MOST_NAMES, 'more street')}" if len(told) > _MOST_NAMES else ""
    text = f"Ambulance corridor, no parking, tow what stands: {listed(told[:_MOST_NAMES])}{more}"
    return [Notice(NoticeLevel.INFO, text, _ABOUT)]


def _parked(corridor: Corridor, driving: Driving) -> list[Notice]:
    """Name the streets of the corridor on which cars stand, as the map says: there tow trucks go first."""
    network = driving.network
    sides: dict[str, int] = {}
    kept = corridor.kept_edges
    for edge in kept[network.parked[kept] >= Parked.ONE_SIDE].tolist():
        street = network.street(edge)
        sides[street] = max(sides.get(street, 0), int(network.parked[edge]))
    if not sides:
        return []
    ranked = sorted(sides.items(), key=lambda entry: (-entry[1], entry[0]))
    told = [f"{name} ({_SIDES[Parked(parked)]})" for name, parked in ranked]
    more = f" and {words.count(len(told) - _MOST_NAMES, 'more street')}" if len(told) > _MOST_NAMES else ""
    text = (
        f"Cars park along the ambulance corridor, says the map: {listed(told[:_MOST_NAMES])}{more}. Clear it"
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _works(driving: Driving) -> list[Notice]:
    """Name the streets near the scene that the map shows as being built, which are taken as closed."""
    obstacles, outer_m = driving.area.obstacles, driving.streets.outer_m
    if outer_m.is_empty:
        return []
    reach_m = driving.doctrine.transport.approach_m
    rows = obstacles.tree.query(outer_m, predicate="dwithin", distance=reach_m)
    works = rows[obstacles["kind"][rows] == ObstacleKind.ROAD_WORKS]
    told = sorted({str(name) or "an unnamed street" for name in obstacles["name"][works]})
    if not told:
        return []
    more = f" and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    text = (
        f"Under construction on the map, so taken as closed: {listed(told[:_MOST_NAMES])}{more}. "
        "Where one can be driven, draw it as a road"
    )
    return [Notice(NoticeLevel.CAUTION, text, "routes")]


def _shared(
    corridor: Corridor, own: Sequence[Way], routes: Sequence[Route], driving: Driving
) -> list[Notice]:
    """Say where the loop is no loop: one way in and out, which has to be wide enough for both (C1)."""
    inward, network = corridor.inward, driving.network
    if inward is None:
        return []
    edges = inward.edges[inward.share > 0].tolist()
    steps = {edge: network.shape(edge)[1].tolist() for edge in edges}
    common = {pair for ids in steps.values() for nodes in (ids, ids[::-1]) for pair in pairwise(nodes)}
    for kind in (RouteKind.TRANSFER, RouteKind.EGRESS):
        passed = [common.intersection(pairwise(way.path.nodes)) for way in own if way.kind is kind]
        common = {pair for pairs in passed for a, b in pairs for pair in ((a, b), (b, a))}
    both, length_m = [], 0.0
    for edge in edges:
        shared = [pair in common for pair in pairwise(steps[edge])]
        if any(shared):
            both.append(edge)
            length_m += float(np.hypot(*np.diff(network.shape(edge)[0], axis=0).T)[shared].sum())
    length_m = max([length_m, *(route.shared_m for route in routes if route.route is RouteKind.TRANSFER)])
    if not both and length_m >= _LEAST_SHARED_M:  # of the street that they load on, one part
        both = edges[-1:]
    if not both:
        return []
    names = list(dict.fromkeys(network.street(edge) for edge in both))
    least_m = driving.doctrine.transport.choke_width_m
    known, narrow = _told_width(both, network, least_m)
    text = (
        f"The ambulances' way in and way out share {metres(length_m)} of {listed(names)}."
        f" It must be {least_m:g} m wide for both directions: {known}"
    )
    return [Notice(NoticeLevel.DANGER if narrow else NoticeLevel.CAUTION, text, _ABOUT)]


def _told_width(edges: Sequence[int], network: StreetNetwork, least_m: float) -> tuple[str, bool]:
    """Say what the map tells of the width of shared streets, and whether it is too small for two."""
    width_m = np.fmin(network.width_m[edges], network.maxwidth_m[edges])
    if (width_m < least_m).any():
        return "it is narrower", True
    if (network.parked[edges] >= Parked.ONE_SIDE).any():
        return "cars park there", False
    return ("check" if np.isnan(width_m).any() else "the map says it is"), False


def _sites_near(
    corridor: Corridor, own: Sequence[Way], sites: Sequence[Site], driving: Driving
) -> list[Notice]:
    """Name the sites that the corridor runs past within its clearance, where it cannot keep away (C4)."""
    reach_m, outer_m = driving.doctrine.transport.corridor_clear_m, driving.streets.outer_m
    if not own:
        return []
    kept = driving.network.lines(corridor.kept_edges)
    by_kept = shapely.box(*shapely.total_bounds(kept)).buffer(_HERE_M) if len(kept) else shapely.Polygon()
    around = by_kept.union(outer_m)
    if around.is_empty:
        return []
    driven, aside_m = _driven_in(around.bounds, own), reach_m + 2 * _ON_LANE_M

    def lane_about(ground: BaseGeometry) -> BaseGeometry:
        """Return what is driven near a ground of the kept streets, and within the outer perimeter."""
        box_m = np.add(ground.bounds, (-aside_m, -aside_m, aside_m, aside_m))
        streets, ways = (shapely.union_all(shapely.clip_by_rect(lines, *box_m)) for lines in (kept, driven))
        lane = streets.intersection(ways.intersection(by_kept).buffer(_ON_LANE_M))
        return lane.union(ways.intersection(outer_m))

    near = []
    for site in sites:
        if site.rank != 1 or site in (corridor.site, corridor.staging):
            continue
        ground = shapely.union_all(geometries_m(site.shape, driving.area.frame))
        if shapely.dwithin(ground, driven, aside_m).any():
            lane = lane_about(ground)
            if not lane.is_empty and ground.distance(lane) < reach_m:
                near.append(site.name)
    if not near:
        return []
    text = (
        f"The ambulance corridor runs within {reach_m:g} m of {listed(near)}: let no vehicle of theirs stand"
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _driven_in(box_m: tuple[float, float, float, float], ways: Sequence[Way]) -> NDArray[np.object_]:
    """Return what ways drive within a box: they go on over the whole city, and all of it takes long."""
    lines = [LineString(way.path.xy_m) for way in ways]
    return np.asarray(shapely.clip_by_rect(lines, *box_m))


def _posts_near(own: Sequence[Way], driving: Driving) -> list[Notice]:
    """Name the inner posts past which the corridor runs: their cars leave a lane (C4)."""
    reach_m = driving.doctrine.transport.corridor_post_m
    cars = shapely.MultiPoint(list(driving.streets.inner_m.values()))
    if cars.is_empty:
        return []
    driven = _driven_in(widened(cars.bounds, reach_m + _HERE_M), own)
    beside = np.any(shapely.dwithin(driven[:, None], shapely.get_parts(cars), reach_m), axis=0).tolist()
    near = [post for post, is_beside in zip(driving.streets.inner_m, beside, strict=True) if is_beside]
    if not near:
        return []
    more = f" and {len(near) - _MOST_POSTS} more" if len(near) > _MOST_POSTS else ""
    which = f"inner post{'s' if len(near) > 1 else ''} {listed(near[:_MOST_POSTS])}{more}"
    text = (
        f"The ambulance corridor runs past {which}: their cars and whoever they turn away leave one lane free"
    )
    return [Notice(NoticeLevel.CAUTION, text, _ABOUT)]


def _jam(driving: Driving) -> list[Notice]:
    rules = driving.doctrine.transport
    if not len(driving.jammed):
        return []
    text = (
        f"Streets within {metres(rules.congestion_m)} outside the outer perimeter are taken to be "
        f"{rules.congestion_factor:g} times as slow: traffic held back jams there. No traffic data"
    )
    return [Notice(NoticeLevel.INFO, text, _ABOUT)]

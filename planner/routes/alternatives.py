"""Other ways to one hospital, laid on a finished plan: for the day the first way is not to be had.

The plan's own closures are laid on the streets again from what it says of zones, perimeters and posts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area, geometries_m
from planner.closures import blocked_streets
from planner.doctrine import Doctrine
from planner.field_roads import with_field_roads
from planner.geo import LonLat
from planner.memory import one_at_a_time
from planner.model import HospitalOption, Plan, Rings, Route, Shape
from planner.routes.driving import NOTHING, Driving, PostOnStreet, Streets, Way, ambulance_point
from planner.routes.keeping import range_min
from planner.routes.writing import write_routes
from planner.streets.network import Path, Search, Snap
from planner.streets.timing import merged
from planner.terms import PerimeterName, PostMode, RouteKind, Travel, ZoneKind

Ints = NDArray[np.int64]

_RIM_M = 1.0
_BESIDE_M = 2.0
_NEW_SHARE = 0.25
"""A way is another one when at least this share of it is on streets of its own."""


@dataclass(frozen=True)
class Alternative:
    """Another way, and what it has in common with those before it.

    Parameters
    ----------
    route : Route
        To the hospital, or to where one leaves the map for it.
    range_min : (int, int)
        Whole minutes to the hospital, its estimate beyond the map included.
    later_s : float
        How much longer than the first way.
    common_m : float
        Metres on streets that ways before it drive too.
    """

    route: Route
    range_min: tuple[int, int]
    later_s: float
    common_m: float


@one_at_a_time
def find_alternatives(
    plan: Plan, hospital: HospitalOption, area: Area, doctrine: Doctrine, most: int = 2
) -> tuple[Alternative, ...]:
    """Find other ways to a hospital that keep off the first one, and the way in, where streets allow.

    Parameters
    ----------
    plan : Plan
        Made on this area and by this doctrine.
    hospital : HospitalOption
        One of the plan's, with a way there.
    area : Area
    doctrine : Doctrine
    most : int
        How many to look for.

    Returns
    -------
    tuple of Alternative
        In the order found, each keeping off all before it; empty where every way is (almost) the first one,
        or there is none.
    """
    area = with_field_roads(plan.incident.field_roads, area, doctrine)
    driving = Driving(area, streets_of(plan, area, doctrine), doctrine, Travel.EMERGENCY)
    site = ambulance_point(plan.sites)
    start = driving.enter(site) if site else None
    if site is None or start is None or hospital.time_s is None:
        return ()
    first = driving.search(start)
    goal = _goal(plan, hospital, driving, first)
    path = first.path(goal) if goal else None
    if goal is None or path is None:
        return ()
    drawn = next((route for route in plan.routes if route.id == hospital.route), None)
    used = np.unique(path.driven if drawn is None else _on_route(drawn, driving))
    transfers = [route for route in plan.routes if route.route is RouteKind.TRANSFER]
    coming = np.unique(np.concatenate([NOTHING, *(_on_route(route, driving) for route in transfers)]))
    beyond_s = max(0.0, hospital.time_s - (drawn or path).time_s) if hospital.off_map else 0.0
    found: list[Alternative] = []
    for _ in range(most):
        other = driving.search(start, merged(used, coming), [goal]).path(goal)
        if other is None:
            break
        own_m, all_m = _own_m(other, used), other.length_m
        if all_m <= 0 or own_m < _NEW_SHARE * all_m:
            break
        used = np.union1d(used, other.driven)
        purpose = f"Another way to {words.ON_THE_WAY_TO if hospital.off_map else ''}{hospital.name}"
        way = Way(RouteKind.EGRESS, site.id, hospital.name, other, purpose)
        (route,) = write_routes([way], driving.streets, area, doctrine.transport)
        late = doctrine.transport.off_map_late if hospital.off_map else 1.0
        found.append(
            Alternative(
                replace(route, id=f"alternative-{len(found) + 1}"),
                range_min(other.time_s + beyond_s, doctrine.transport, late),
                other.time_s + beyond_s - hospital.time_s,
                all_m - own_m,
            )
        )
    return tuple(found)


def streets_of(plan: Plan, area: Area, doctrine: Doctrine) -> Streets:
    """Lay the closures and posts of a finished plan on the streets of its area."""
    network = area.network
    danger_m = _ground(
        [zone.rings for zone in plan.zones if zone.zone in (ZoneKind.HOT, ZoneKind.WARM)], area
    )
    inner_m, outer_m = (
        _ground([line.rings for line in plan.perimeters if line.perimeter is name], area)
        for name in (PerimeterName.INNER, PerimeterName.OUTER)
    )
    closed = (
        network.edges_meeting(danger_m)
        | network.edges_meeting(inner_m.buffer(-_RIM_M, quad_segs=2))
        | blocked_streets(plan.incident, area, doctrine)
    )
    posts: list[PostOnStreet] = []
    for post in plan.posts:
        if post.perimeter is not PerimeterName.OUTER or post.mode is not PostMode.VEHICLE:
            continue
        ways = np.isin(network.way_id, [way for way, _, _ in post.closes]) & network.drivable
        (snap,) = network.snap([area.frame.point_m(post.location)], ways)
        if snap is not None:
            posts.append(PostOnStreet(post.id, snap.edge, snap.along_m))
    cars_m = {
        post.id: area.frame.point_m(post.location)
        for post in plan.posts
        if post.perimeter is PerimeterName.INNER and post.mode is PostMode.VEHICLE
    }
    return Streets(closed, tuple(posts), danger_m, outer_m, inner_m=cars_m)


def _ground(rings: list[Rings], area: Area) -> BaseGeometry:
    parts = [part for ring in rings for part in geometries_m(Shape(polygons=(ring,)), area.frame)]
    return shapely.union_all([shapely.make_valid(part) for part in parts]) if parts else Polygon()


def _goal(plan: Plan, hospital: HospitalOption, driving: Driving, search: Search) -> Snap | None:
    """Where the drive ends on the map: at the end of the way that is drawn there, else at the hospital."""
    frame, network = driving.area.frame, driving.network
    route = next((route for route in plan.routes if route.id == hospital.route), None)
    if hospital.off_map and not driving.area.covers(hospital.location):
        if route is None:
            return None
        (node,) = np.flatnonzero(network.node_id == route.nodes[-1])[:1] if route.nodes else (None,)
        return None if node is None else search.at_node(int(node))
    at = route.line[-1] if route else hospital.location
    (snap,) = network.snap([frame.point_m(at)], driving.open_edges)
    return snap


def _on_route(route: Route, driving: Driving) -> Ints:
    """Return the streets that a written route drives."""
    return np.array([edge for edge, _ in _stretches(route, driving.area)], dtype=np.int64)


def _own_m(path: Path, used: Ints) -> float:
    """Metres of a path on streets that are not used before."""
    driven_m = path.span_m[:, 1] - path.span_m[:, 0]
    return float(driven_m[~np.isin(path.edges, used)].sum())


def middle_points(route: Route, street: str, area: Area) -> tuple[LonLat, ...]:
    """Return places on every stretch of a street that a route drives: where to block it.

    Parameters
    ----------
    route : Route
    street : str
        One of its ``streets``.
    area : Area
    """
    return tuple(
        area.frame.place(middle.x, middle.y)
        for edge, middle in _stretches(route, area)
        if area.network.street(edge) == street
    )


def _stretches(route: Route, area: Area) -> Iterator[tuple[int, Point]]:
    """Yield each street that a route drives, not only crosses, and the middle of what it drives of it."""
    network = area.network
    driven_m = LineString([area.frame.point_m(place) for place in route.line]).buffer(_BESIDE_M)
    for edge in np.flatnonzero(network.edges_meeting(driven_m) & network.drivable).tolist():
        (line,) = network.lines(np.array([edge]))
        common = line.intersection(driven_m)
        if common.length > 2 * _BESIDE_M:
            longest = max(shapely.get_parts(common), key=lambda part: float(part.length))
            yield edge, longest.interpolate(0.5, normalized=True)

"""Do the routes hold? Walked node by node over the raw streets: joined, open, through gates, in time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point

from planner.audit.checks import Check, judge, listed
from planner.audit.scene import Scene
from planner.audit.streets import Bools, Ints
from planner.model import Post, Route
from planner.terms import (
    Access,
    Barrier,
    Control,
    PerimeterName,
    PostMode,
    RoadClass,
    RouteKind,
    Service,
    Travel,
    TurnRule,
)

_ALONG_M = 1.0
"""Slack for lines rounded to 7 decimals: what enters ground by less does not enter it."""
_ON_SEGMENT_M = 0.1
"""A line on a street lies within this of it, rounded as it is."""
_AT_POST_M = 0.5
"""A route may say that it passes a post so near to its line: on one side of a street that is drawn twice."""
_SHARE = 0.02
"""Slack of times and lengths that are summed again, as a share."""
_GATES = (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE)
_NOT_PUBLIC = (Access.NO, Access.PRIVATE, Access.PERMIT)
_JUNCTION_ENDS = 3
"""So many segments end at a junction at which one turns."""
_BEND_M, _BEND_RAD = 10.0, 0.35
"""A line that bends more than this within so many metres may be a turn."""
_STRETCH_M = 400.0
"""Streets are parted at least so often, where the map has a node for it."""
_DIVIDED = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)


def check_routes(scene: Scene) -> Iterator[Check]:
    """Judge every route."""
    for route in scene.plan.routes:
        walk = _Walk(scene, route)
        yield judge("route_joined", route.id, list(_gaps(walk)), "its nodes follow each other on the map")
        yield judge(
            "route_open", route.id, list(_closures(walk)), "no part of it is hot, warm, closed or one-way"
        )
        yield _check_gates(walk)
        yield judge(
            "route_time", route.id, list(_sums(walk)), f"{route.time_s:.0f} s and {route.length_m:.0f} m"
        )
        yield judge("route_ends", route.id, list(_ends(walk)), f"from {route.start} to {route.end}")
    corridor = [r for r in scene.plan.routes if r.route in (RouteKind.TRANSFER, RouteKind.EGRESS)]
    if corridor:
        told = "in and out apart, off sites and posts, or said not to be"
        yield judge("corridor", "corridor", list(_corridor(scene, corridor)), told)


def _corridor(scene: Scene, corridor: Sequence[Route]) -> Iterator[str]:
    """See that the corridor is a loop that nothing stands on (C1, C4), or that the plan says where not."""
    said = " ".join(notice.text for notice in scene.plan.notices if notice.about == "corridor")
    held_m = scene.held_m(PerimeterName.OUTER)
    lines = {route.id: LineString(scene.area.frame.to_m(route.line)) for route in corridor}
    steps = {
        kind: {
            frozenset(pair)
            for route in corridor
            if route.route is kind
            for pair in zip(route.nodes, route.nodes[1:], strict=False)
            if all(held_m.covers(_node(scene, node)) for node in pair)
        }
        for kind in (RouteKind.TRANSFER, RouteKind.EGRESS)
    }
    shared = steps[RouteKind.TRANSFER] & steps[RouteKind.EGRESS]
    if shared and " share " not in said:
        yield f"{len(shared)} stretches are driven both in and out, which is not said"
    reach_m = scene.doctrine.transport.corridor_clear_m
    lane = shapely.union_all([line.intersection(held_m) for line in lines.values()])
    if lane.is_empty:
        return
    ends = {end for route in corridor for end in (route.start, route.end)}
    others = [site for site in scene.plan.sites if site.rank == 1 and site.id not in ends]
    near = [site for site in others if scene.shape(site.shape).distance(lane) < reach_m - _ALONG_M]
    yield from (f"{site.id} stands on it, which is not said" for site in near if site.name not in said)
    crossed = {post for route in corridor for post in route.posts_crossed}
    posts = [p for p in scene.plan.posts if p.mode is PostMode.VEHICLE and p.id not in crossed]
    on_it = [p for p in posts if scene.point(p.location).distance(lane) <= _ON_SEGMENT_M]
    walks = [_Walk(scene, route) for route in corridor]
    for post in on_it:
        if any(_drives_by(walk, post, _ON_SEGMENT_M) for walk in walks):
            yield f"post {post.id} stands on it and is no gate"


def _node(scene: Scene, node: int) -> Point:
    """Return where a node lies; an empty point for a node that the map does not have."""
    ends = scene.streets.ends_at(node)
    # An empty point is covered by nothing; the check of the route itself names it.
    return Point(ends[0]) if len(ends) else Point()


class _Walk:
    """A route taken apart into the pairs of OSM nodes that it passes.

    Parameters
    ----------
    scene : Scene
    route : Route
    """

    def __init__(self, scene: Scene, route: Route) -> None:
        self.scene, self.route = scene, route
        self.line = LineString(scene.area.frame.to_m(route.line))
        self.travel = Travel.PUBLIC if route.route is RouteKind.PUBLIC else Travel.EMERGENCY
        self.pairs = list(zip(route.nodes, route.nodes[1:], strict=False))

    @cached_property
    def segments(self) -> list[Ints]:
        """Drivable segments that join each pair of nodes; several where ways run side by side."""
        streets = self.scene.streets
        joined = [streets.joining(a, b) for a, b in self.pairs]
        return [part[streets.drivable[part]] for part in joined]

    def legal(self, number: int) -> Bools:
        """Which of the segments of one pair may be driven this way by who drives it."""
        part, with_traffic = self.segments[number], self.with_traffic(number)
        network, edge = self.scene.area.network, self.scene.streets.edge[part]
        if self.travel is Travel.PUBLIC:
            return np.asarray(with_traffic)
        divided = np.isin(network.road_class[edge], _DIVIDED) | network.roundabout[edge]
        slow = self.speed_kmh(part) <= self.scene.doctrine.travelling.contraflow_max_kmh
        return np.asarray(with_traffic | (slow & ~divided))

    def with_traffic(self, number: int) -> Bools:
        """Which of the segments of one pair are driven this way by everyone."""
        part, (a, b) = self.segments[number], self.pairs[number]
        ahead = np.all(self.scene.streets.node[part] == (a, b), axis=1)
        oneway = self.scene.area.network.oneway[self.scene.streets.edge[part]]
        return np.asarray(oneway * np.where(ahead, 1, -1) >= 0)

    def speed_kmh(self, part: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Planning speed of segments."""
        network, edge = self.scene.area.network, self.scene.streets.edge[part]
        travelling = self.scene.doctrine.travelling
        return np.asarray(travelling.speeds_kmh(network.road_class[edge], network.maxspeed_kmh[edge]))

    def time_s(self, number: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Seconds that the segments of one pair take at planning speed, slowly against one-way traffic."""
        part, slow_kmh = self.segments[number], self.scene.doctrine.travelling.contraflow_kmh
        free_kmh = self.speed_kmh(part)
        speed_kmh = np.where(self.with_traffic(number), free_kmh, np.fmin(free_kmh, slow_kmh))
        return np.asarray(self.scene.streets.length_m[part] / (speed_kmh / 3.6))


def _gaps(walk: _Walk) -> Iterator[str]:
    for (a, b), part in zip(walk.pairs, walk.segments, strict=True):
        if not len(part):
            yield f"no drivable street joins node {a} to {b}"
    streets = walk.scene.streets
    for number, part in enumerate(walk.segments):
        spots = shapely.points(streets.xy_m[part[:1]].reshape(-1, 2))
        off = float(np.max(shapely.distance(walk.line, spots), initial=0.0))
        if off > _ALONG_M:
            yield f"its line runs {off:.0f} m off node {walk.pairs[number][0]} or the next"
    near = streets.meeting(walk.line.buffer(_ALONG_M), streets.drivable)
    stray = _stray_m(walk.line, streets.lines(near))
    if stray > _ALONG_M:
        yield f"{stray:.0f} m of its line lie on no drivable street"


def _stray_m(line: LineString, streets: NDArray[np.object_]) -> float:
    """Return how much of a line lies further than :data:`_ALONG_M` from every street, each a straight line.

    A piece with both ends near one straight street is near it all along; only what is left is measured.
    """
    ends, count = shapely.get_coordinates(line), len(streets)
    spot, street = shapely.STRtree(streets).query(
        shapely.points(ends), predicate="dwithin", distance=_ALONG_M
    )
    pairs = spot * count + street
    along = np.intersect1d(pairs, pairs - count) // max(count, 1)
    left = np.setdiff1d(np.arange(len(ends) - 1), along)
    if not len(left):
        return 0.0
    rest = shapely.union_all(shapely.linestrings(np.stack([ends[left], ends[left + 1]], axis=1)))
    return float(rest.difference(shapely.union_all(streets).buffer(_ALONG_M)).length)


def _closures(walk: _Walk) -> Iterator[str]:
    scene, route = walk.scene, walk.route
    for what, ground in (("hot ground", scene.hot_m), ("warm ground", scene.warm_m)):
        inside = float(walk.line.intersection(ground).length)
        if inside > _ALONG_M:
            yield f"{inside:.0f} m of it run over {what}"
        if what == "hot ground" and abs(inside - route.hot_m) > _ALONG_M:
            yield f"it says {route.hot_m:.0f} m over hot ground, {inside:.0f} m are"
    barred = [PerimeterName.INNER, PerimeterName.OUTER][: 2 if route.route is RouteKind.PUBLIC else 1]
    for line in barred:
        inside = float(walk.line.intersection(scene.held_m(line)).length)
        if inside > _ALONG_M:
            yield f"{inside:.0f} m of it run inside the {line} perimeter"
    shut = scene.streets.meeting(walk.line, scene.blocked)
    barred_m = shapely.union_all(scene.streets.lines(shut)).buffer(_ON_SEGMENT_M)
    if walk.line.intersection(barred_m).length > _ALONG_M:  # merely to cross one takes less
        yield f"it runs on {listed(scene.streets.names(shut))}, which is blocked"
    for number, part in enumerate(walk.segments):
        if not len(part):
            continue
        name = scene.streets.names(part[:1])[0]
        if not walk.legal(number).any():
            yield f"{name} is driven against its one-way"
    if walk.travel is Travel.PUBLIC:
        yield from _not_for_the_public(walk)
        for sign in _against_signs(walk):
            edge = int(scene.area.network.restriction_edge[scene.area.network.restriction_start[sign]])
            yield f"a turn out of {scene.area.network.street(edge)} is made that a sign forbids"


def _not_for_the_public(walk: _Walk) -> Iterator[str]:
    """Yield the streets and gates of a route that families and media may not use."""
    network, streets = walk.scene.area.network, walk.scene.streets
    for part in walk.segments:
        edge = streets.edge[part]
        barred = np.isin(network.access[edge], _NOT_PUBLIC) | (network.road_class[edge] == RoadClass.BUSWAY)
        barred |= network.service[edge] == Service.EMERGENCY_ACCESS
        if len(part) and barred.all():
            yield f"{streets.names(part[:1])[0]} is not for the public"
    passed = np.isin(network.node_id, walk.route.nodes[1:-1]) & np.isin(network.node_barrier, _GATES)
    if (passed & np.isin(network.node_access, (Access.NO, Access.PRIVATE))).any():
        yield "it passes a gate that is not for the public"


def _check_gates(walk: _Walk) -> Check:
    """See that the posts it says it passes are those on its line, and that each is a gate."""
    scene, route = walk.scene, walk.route
    vehicles = [post for post in scene.plan.posts if post.mode is PostMode.VEHICLE]
    on_line, beside = (
        {post.id for post in vehicles if _drives_by(walk, post, within_m)}
        # A post may stand a hand's breadth off the junction that is driven over.
        for within_m in (_ON_SEGMENT_M, _AT_POST_M)
    )
    said = set(route.posts_crossed)
    gates = {post.id for post in scene.plan.posts if post.control is Control.GATE}
    on_line -= {post.id for post in vehicles if post.id in on_line - said and _stands_aside(walk, post)}
    problems = [f"it passes {post}, which it does not say" for post in sorted(on_line - said)]
    problems += [f"it does not pass {post}, as it says" for post in sorted(said - beside)]
    problems += [f"{post} is closed, not a gate" for post in sorted(said - gates)]
    fine = f"it passes {listed(route.posts_crossed) or 'no post'}"
    return judge("route_gates", route.id, problems, fine)


def _drives_by(walk: _Walk, post: Post, within_m: float) -> bool:
    """Whether a route passes a post: one on a bridge is not passed by who drives beneath it."""
    place, streets = walk.scene.point(post.location), walk.scene.streets
    if walk.line.distance(place) > within_m:
        return False
    near = streets.meeting(place.buffer(within_m), streets.drivable)
    along_m = shapely.length(
        shapely.intersection(shapely.buffer(streets.lines(near), _ON_SEGMENT_M), walk.line)
    )
    driven = streets.edge[near[along_m > _ALONG_M]]  # merely to cross one takes less
    network = walk.scene.area.network
    stands = network.layer[np.isin(network.way_id, [way for way, _, _ in post.closes])]
    return not len(driven) or bool(np.isin(network.layer[driven], stands).any())


def _stands_aside(walk: _Walk, post: Post) -> bool:
    """Whether a post stands at a junction that a route drives over, on a street that it does not drive."""
    streets, closed = walk.scene.streets, walk.scene.closes[post.id]
    ends = shapely.multipoints(streets.xy_m[closed].reshape(-1, 2))
    at_junction = walk.scene.point(post.location).distance(ends) <= _AT_POST_M
    driven = np.concatenate([closed[:0], *walk.segments])
    return bool(at_junction and not np.isin(driven, closed).any())


def _sums(walk: _Walk) -> Iterator[str]:
    """Sum time and length again; the first and last part, off the nodes, at any planning speed."""
    route, parts = walk.route, [part for part in walk.segments if len(part)]
    times = [walk.time_s(number) for number, part in enumerate(walk.segments) if len(part)]
    if abs(walk.line.length - route.length_m) > _ALONG_M + _SHARE * route.length_m:
        yield f"it says {route.length_m:.0f} m, its line has {walk.line.length:.0f} m"
    lengths = [float(walk.scene.streets.length_m[part].min()) for part in parts]
    ends_m = max(0.0, walk.line.length - sum(lengths))
    travelling = walk.scene.doctrine.travelling
    least = sum(float(seconds.min()) for seconds in times) + ends_m / (travelling.motorway_kmh / 3.6)
    jam = walk.scene.doctrine.transport.congestion_factor
    slow = [_jam(walk, part) for part in parts]
    most = sum(float(seconds.max()) * by for seconds, by in zip(times, slow, strict=True))
    most += jam * ends_m / (travelling.walking_kmh / 3.6)
    least += _delays_s(walk, route.nodes[1:-1])
    most += _delays_s(walk, route.nodes) + _turns_s(walk)
    if not least * (1 - _SHARE) - 1 <= route.time_s <= most * (1 + _SHARE) + 1:
        yield f"it says {route.time_s:.0f} s, its streets take {least:.0f} to {most:.0f} s"


def _delays_s(walk: _Walk, nodes: tuple[int, ...]) -> float:
    network, travelling = walk.scene.area.network, walk.scene.doctrine.travelling
    passed = np.isin(network.node_id, nodes)
    signals = int((network.node_signal & passed).sum())
    gates = int((np.isin(network.node_barrier, _GATES) & passed).sum())
    return signals * travelling.signal_s(walk.travel) + gates * travelling.gate_s


def _jam(walk: _Walk, part: Ints) -> float:
    """How many times longer segments may take for the jam around the outer perimeter.

    Whole streets between junctions count as jammed or not, so that some way beyond its reach may.
    """
    rules, held_m = walk.scene.doctrine.transport, walk.scene.held_m(PerimeterName.OUTER)
    if held_m.is_empty:
        return 1.0
    gap_m = float(shapely.distance(held_m, shapely.union_all(walk.scene.streets.lines(part))))
    return rules.congestion_factor if gap_m <= rules.congestion_m + _STRETCH_M else 1.0


def _turns_s(walk: _Walk) -> float:
    """Most that turning may cost: at each junction where the line bends, and at each sign passed over."""
    streets, travelling = walk.scene.streets, walk.scene.doctrine.travelling
    bends = 0
    for node in walk.route.nodes:
        ends = streets.ends_at(node)
        if len(ends) < _JUNCTION_ENDS:
            continue
        at_m = walk.line.project(Point(ends[0]))
        before, at, after = (
            walk.line.interpolate(max(0.0, at_m + step)) for step in (-_BEND_M, 0.0, _BEND_M)
        )
        way_in, way_out = (math.atan2(b.y - a.y, b.x - a.x) for a, b in ((before, at), (at, after)))
        bends += abs(math.remainder(way_out - way_in, 2 * math.pi)) > _BEND_RAD
    signs = 0 if walk.travel is Travel.PUBLIC else sum(1 for _ in _against_signs(walk))
    each_s = max(travelling.turn_near_s, travelling.turn_far_s, travelling.u_turn_s)
    return bends * each_s + signs * travelling.restricted_turn_s


def _against_signs(walk: _Walk) -> Iterator[int]:
    """Yield the turn restrictions of the map that a route does not keep."""
    network, streets = walk.scene.area.network, walk.scene.streets
    driven: list[tuple[int, bool]] = []
    for (a, _), part in zip(walk.pairs, walk.segments, strict=True):
        step = [(int(streets.edge[s]), bool(streets.node[s, 0] == a)) for s in part[:1]]
        driven += [one for one in step if driven[-1:] != [one]]
    for k, rule in enumerate(network.restriction_rule.tolist()):
        rows = slice(int(network.restriction_start[k]), int(network.restriction_start[k + 1]))
        edges, ahead = network.restriction_edge[rows].tolist(), network.restriction_ahead[rows].tolist()
        sign = list(zip(edges, ahead, strict=True))
        came = [i + len(sign) - 1 for i in range(len(driven)) if driven[i : i + len(sign) - 1] == sign[:-1]]
        went = [driven[i] == sign[-1] for i in came if i < len(driven)]
        if any(on != bool(rule & TurnRule.ONLY) for on in went):
            yield k


def _ends(walk: _Walk) -> Iterator[str]:
    """See that it begins and ends at the entrances, the hospital or the scene that it names."""
    route = walk.route
    for name, place in ((route.start, route.line[0]), (route.end, route.line[-1])):
        if not name:
            yield "it does not say where it begins or ends"
        off_m, least_m = _off(walk.scene, name, walk.scene.point(place))
        if off_m > least_m + _ALONG_M:
            yield f"it ends {off_m:.0f} m from {name}"


def _off(scene: Scene, name: str, end: Point) -> tuple[float, float]:
    """Return how far an end of a route lies from what it names, and how far it may."""
    rules = scene.doctrine.transport
    sites = {site.id: site for site in scene.plan.sites}
    if name in sites:
        return float(end.distance(scene.point(sites[name].entrance))), rules.entrance_reach_m
    if name == "scene":
        held = [scene.held_m(line) for line in PerimeterName]
        return float(end.distance(shapely.union_all([scene.hot_m, *held]))), rules.entrance_reach_m
    named = [h for h in scene.plan.hospitals if h.name == name]
    there = [scene.point(h.location) for h in named if not h.off_map]
    if named:
        return min((float(end.distance(spot)) for spot in there), default=0.0), rules.hospital_reach_m
    return _off_road(scene, name, end), 0.0


def _off_road(scene: Scene, name: str, end: Point) -> float:
    """Return how far a place lies from the nearest street of a name, 0 where the map has none so named."""
    network = scene.area.network
    if not name or name not in network.names:
        return 0.0
    named = network.name_index[scene.streets.edge] == network.names.index(name)
    segments = np.flatnonzero(named & scene.streets.drivable)
    return float(np.min(shapely.distance(scene.streets.lines(segments), end), initial=np.inf))

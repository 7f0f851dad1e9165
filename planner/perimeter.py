"""Inner and outer perimeter: the fewest posts that seal the ground, by minimum cut, and their line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.crossings import unexplained_crossings
from planner.cut import (
    ADRIFT,
    BEYOND,
    CORE,
    INNER,
    MIDDLE,
    OUTER,
    POST_COST,
    Cut,
    cut_links,
    make_links,
)
from planner.doctrine import Doctrine, Perimeters
from planner.errors import IncidentError
from planner.foot import NEAR_LINE_M, post_walkers
from planner.geo import Frame, LonLat
from planner.model import Notice, Perimeter, Post, Rings
from planner.network import StreetNetwork
from planner.perimeter_line import Piece, Sides, draw_line, nearer_inner, stretch
from planner.posts import Stand, class_weight, stand_on, write_posts
from planner.terms import NoticeLevel, PerimeterName, PostMode, RoadClass
from planner.zones import Ground

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

_SHORTEST_M = 1e-3
"""Stretches shorter than this are no obstacle to the line."""
JUNCTION_MARGIN_M = 0.3
"""Junctions so near to the core count as inside it: no post has room between."""
_REACHES = 8
"""Steps in which a smaller reach is tried."""
_RECUTS = 4
"""Rounds in which streets behind posts deep inside the line are taken in."""
_BRIDGE_M = 5.0
"""Half the width of the strip that joins separate parts of a core, so that one line can hold them all."""


@dataclass(frozen=True, eq=False)
class TracedPerimeter:
    """A perimeter with what the later steps need of it.

    Parameters
    ----------
    record : Perimeter
        As documents write it.
    posts : tuple of Post
        By rank; ids "I1", "I2" ... or "O1", "O2" ...
    post_edges : tuple of int
        The network edge that each post closes, same order as ``posts``.
    polygon_m : Polygon
        In the frame.
    inside : (E,) bool array
        Edges that lie at least in part on the scene's side of the cut.
    notices : tuple of Notice
    """

    record: Perimeter
    posts: tuple[Post, ...]
    post_edges: tuple[int, ...]
    polygon_m: Polygon
    inside: NDArray[np.bool_]
    notices: tuple[Notice, ...]


def trace_perimeters(
    ground: Ground, area: Area, doctrine: Doctrine, blocked: NDArray[np.bool_]
) -> tuple[TracedPerimeter, TracedPerimeter]:
    """Trace the inner and the outer perimeter; ``blocked`` edges (E,), closed by the user, need no post.

    The inner one holds the hot zone with its stand-off; the outer one holds warm ground and the inner
    perimeter with the gap of doctrine, so that the two are strictly nested (``domain.md`` 2.3).

    Raises
    ------
    IncidentError
        If there is no ground to hold.
    """
    rules = doctrine.perimeters
    inner = _trace(PerimeterName.INNER, _inner_core(ground, rules), rules.inner_reach_m, area, rules, blocked)
    apart = len(shapely.get_parts(_held_inside(ground).buffer(rules.stand_off_m)))
    if apart > 1:
        text = f"{apart} separate hot zones are held by one inner line: the ground between them is inside it"
        told = Notice(NoticeLevel.CAUTION, text, PerimeterName.INNER.value)
        inner = replace(inner, notices=(*inner.notices, told))
    gap = max(rules.outer_gap_m, rules.min_gap_m)
    held = shapely.union_all([ground.hot_m, ground.warm_m, inner.polygon_m]).buffer(gap)
    outer = _trace(PerimeterName.OUTER, _one_part(held), rules.outer_reach_m, area, rules, blocked)
    return inner, outer


def _inner_core(ground: Ground, rules: Perimeters) -> Polygon:
    return _one_part(_held_inside(ground).buffer(rules.stand_off_m))


def _held_inside(ground: Ground) -> BaseGeometry:
    for geometry in (ground.hot_m, ground.warm_m, ground.target_m):
        if not geometry.is_empty:
            return geometry
    raise IncidentError(
        "there is no hot or warm ground to hold", "Draw a hot zone or tap the place of the attack"
    )


def _one_part(ground: BaseGeometry) -> Polygon:
    """Join separate parts by narrow strips, nearest first, and fill holes: one line holds them all."""
    parts = sorted(shapely.get_parts(ground), key=lambda p: -p.area)
    whole, rest = parts[0], parts[1:]
    while rest:
        nearest = min(range(len(rest)), key=lambda i: whole.distance(rest[i]))
        part = rest.pop(nearest)
        strip = shapely.shortest_line(whole, part).buffer(_BRIDGE_M)
        whole = shapely.union_all([whole, part, strip])
    biggest = max(shapely.get_parts(whole), key=lambda p: p.area)
    return Polygon(biggest.exterior)


# --- one perimeter ------------------------------------------------------------------------------


def _trace(
    name: PerimeterName, core_m: Polygon, reach_m: float, area: Area, rules: Perimeters, blocked: Bools
) -> TracedPerimeter:
    band = _Band.around(core_m, reach_m, area, rules, blocked)
    band, driving = band.narrowed(rules)
    fewest = len(driving.cut.severed)
    driving, stands, polygon = _drawn(band, driving, core_m, rules)
    stands += post_walkers(band.network, polygon, core_m, stands, rules.post_watch_m, rules.stand_off_m)
    posts, edges = write_posts(stands, name, band.network, area.frame, rules)
    inside = area.network.edges_meeting(polygon)
    inside[driving.edges] = driving.touches_inner  # the side of a street is what vehicles find
    record = _record(name, polygon, posts, fewest, band, area.frame)
    if relied := _relied_on(band, driving):
        reason = f"{record.reason} It relies on streets that the user marked as blocked: {', '.join(relied)}."
        record = replace(record, reason=reason)
    if astray := _astray(band, driving, stands, polygon):
        record = replace(record, sealed=False, leaks=tuple(sorted({*record.leaks, *astray})))
    strange = _strange(band, driving, polygon)
    off = sum(_off_m(stand, polygon) > NEAR_LINE_M for stand in stands)
    notices = _notices(name, band, record, posts) + _line_notices(
        name, _named(area.network, strange), off, area, polygon
    )
    return TracedPerimeter(record, posts, edges, polygon, inside, notices)


def _drawn(
    band: _Band, driving: _Sorted, core_m: Polygon, rules: Perimeters
) -> tuple[_Sorted, list[Stand], Polygon]:
    """Place the vehicle posts of a cut and draw the line through them.

    A street that leaves under a bridge of the inside can put its post deep inside the line; and on some maps
    streets cross each other without a junction, bridge or tunnel. Then what lies behind the post, or the
    street that is crossed, is held as well, if that takes few posts more.
    """
    best = _placed(band, driving, core_m, rules)
    doubtful = _doubtful(band, best)
    most, least = len(best[1]) + rules.posts_for_line, len(doubtful)
    trial = best
    for _ in range(_RECUTS):
        if not len(doubtful):
            break
        band = band.holding(doubtful)
        driving = band.cut_vehicles(rules)
        if len(driving.cut.severed) > most:
            break
        trial = _placed(band, driving, core_m, rules)
        doubtful = _doubtful(band, trial)
        if len(doubtful) < least:
            best, least = trial, len(doubtful)
    return best


def _doubtful(band: _Band, drawn: tuple[_Sorted, list[Stand], Polygon]) -> Ints:
    """Junctions by which the line and the posts do not agree: behind posts, and on streets crossed."""
    driving, stands, polygon = drawn
    network = band.network
    behind = [stand.outer_node for stand in stands if _off_m(stand, polygon) > NEAR_LINE_M]
    crossed = [edge for edge, _ in _strange(band, driving, polygon)]
    ends = np.concatenate([network.edge_u[crossed], network.edge_v[crossed]]).astype(np.int64)
    return np.unique(np.concatenate([ends, np.array(behind, dtype=np.int64)]))


def _strange(band: _Band, driving: _Sorted, polygon: Polygon) -> tuple[tuple[int, int], ...]:
    low, high = driving.sides
    far = (low == OUTER) & (high == OUTER) & ~driving.touches_inner
    return unexplained_crossings(band.network, polygon, driving.edges[far], driving.edges[~far])


def _astray(band: _Band, driving: _Sorted, stands: list[Stand], polygon: Polygon) -> tuple[str, ...]:
    """Name the streets of the inside that the line, as drawn, crosses away from every post.

    The posts close every way out all the same; but who holds the line would not hold these, so it is not
    claimed to be sealed.
    """
    network, (low, high) = band.network, driving.sides
    level = ~(network.bridge | network.tunnel)[driving.edges] & (network.layer[driving.edges] == 0)
    edges = driving.edges[((low == INNER) | (high == INNER)) & level]
    points, owner = shapely.get_coordinates(
        shapely.intersection(network.lines(edges), polygon.exterior), return_index=True
    )
    if not len(points):
        return ()
    posts = shapely.multipoints(np.array([s.xy_m for s in stands]).reshape(-1, 2))
    away = (
        shapely.distance(shapely.points(points), posts) > NEAR_LINE_M
        if stands
        else np.ones(len(points), bool)
    )
    return tuple(sorted({network.street(int(e)) for e in edges[owner[away]]}))


def _named(network: StreetNetwork, crossings: tuple[tuple[int, int], ...]) -> tuple[tuple[str, str], ...]:
    """Name each street once, and a street of another name that it crosses."""
    names: dict[str, str] = {}
    for edge, other in crossings:
        street, across = network.street(edge), network.street(other) if other >= 0 else ""
        names[street] = names.get(street) or (across if across != street else "")
    return tuple(sorted(names.items()))


def _placed(
    band: _Band, driving: _Sorted, core_m: Polygon, rules: Perimeters
) -> tuple[_Sorted, list[Stand], Polygon]:
    """Place the posts and draw the line; a post on a motorway that the line leaves inside goes to its end."""
    network, links = band.network, driving.cut.severed.tolist()

    def draw(far: list[int]) -> tuple[list[Stand], Polygon]:
        reach_m = {k: np.inf if k in far else rules.motorway_spur_m for k in links}
        stands = [
            stand_on(network, driving.cut, k, band.limit_m, rules.post_setback_m, reach_m[k]) for k in links
        ]
        return stands, _line(band, driving, stands, core_m)

    stands, polygon = draw([])
    lost = [
        k for k, s in zip(links, stands, strict=True) if _apart_m(s, stands, polygon, network) > NEAR_LINE_M
    ]
    if (network.road_class[driving.cut.links.edge[lost]] <= RoadClass.MOTORWAY_LINK).any():
        stands, polygon = draw(lost)
    return driving, stands, polygon


def _apart_m(stand: Stand, stands: list[Stand], polygon: Polygon, network: StreetNetwork) -> float:
    """How far a post stands off the line, or the line crosses its street away from all posts on it."""
    spots = shapely.get_coordinates(polygon.exterior.intersection(network.lines([stand.edge])[0]))
    posts = np.array([s.xy_m for s in stands if s.edge == stand.edge])
    away = np.hypot(*(spots[:, None] - posts[None]).transpose(2, 0, 1)).min(axis=1)
    return max(_off_m(stand, polygon), float(away.max(initial=0.0)))


def _off_m(stand: Stand, polygon: Polygon) -> float:
    return float(polygon.exterior.distance(Point(stand.xy_m)))


@dataclass(frozen=True, eq=False)
class _Sorted:
    """Streets of one kind sorted by a cut: the side of both ends of each."""

    edges: Ints
    nodes: tuple[Ints, Ints]
    cut: Cut
    severed_at: dict[int, list[float]]
    """Metres along each severed edge, by edge, where posts stand; filled in by the caller."""

    @property
    def sides(self) -> tuple[Codes, Codes]:
        return self.cut.side[self.nodes[0]], self.cut.side[self.nodes[1]]

    @property
    def touches_inner(self) -> Bools:
        low, high = self.sides
        held = (low == INNER) | (high == INNER)
        held |= np.isin(self.edges, self.cut.links.edge[self.cut.severed])
        return np.asarray(held)


@dataclass(frozen=True, eq=False)
class _Band:
    """The streets around one core, as far as the cut may look.

    Parameters
    ----------
    edges : (B,) int array
        Edges that meet the limit, of every class.
    where : two (B,) int8 arrays
        Where their ends lie.
    leaks : tuple of str
        Streets that leave the map inside the core: nothing can be said of them.
    off_map : int
        Junctions of the band from which streets leave the map.
    """

    network: StreetNetwork
    blocked: Bools
    core_m: Polygon
    limit_m: Polygon
    reach_m: float
    edges: Ints
    where: tuple[Codes, Codes]
    leaks: tuple[str, ...]
    off_map: int

    @classmethod
    def around(cls, core_m: Polygon, reach_m: float, area: Area, rules: Perimeters, blocked: Bools) -> _Band:
        network = area.network
        wide = core_m.buffer(JUNCTION_MARGIN_M)
        limit = core_m.buffer(reach_m, quad_segs=8)
        edges = network.edges_in_box(limit.bounds)
        shapely.prepare(limit)
        edges = edges[shapely.intersects(limit, network.lines(edges))]
        gone = _leaves_map(network, edges, area, limit, rules.map_edge_m)
        where = tuple(
            _where(network.node_xy_m[ends[edges]], wide, limit, lost)
            for ends, lost in zip((network.edge_u, network.edge_v), gone, strict=True)
        )
        leaky = edges[((where[0] == CORE) & gone[0]) | ((where[1] == CORE) & gone[1])]
        leaks = tuple(sorted({network.street(int(e)) for e in leaky if network.drivable[e]}))
        if not area.extent_m.contains(core_m):  # what streets lead out there, nobody can tell from this map
            leaks = (*leaks, "ground beyond the edge of the map")
        drives = network.drivable[edges]
        off = [e[edges][g & drives] for e, g in zip((network.edge_u, network.edge_v), gone, strict=True)]
        off_map = len(np.unique(np.concatenate(off)))
        return cls(network, blocked, wide, limit, reach_m, edges, (where[0], where[1]), leaks, off_map)

    def narrowed(self, rules: Perimeters) -> tuple[_Band, _Sorted]:
        """Find the smallest reach that needs no more posts than the full one, and the cut there.

        A ring that takes as many officers but holds less ground shuts in fewer people.
        """
        band, driving = self, self.cut_vehicles(rules)
        fewest = len(driving.cut.severed)
        low, high = 0, _REACHES
        while high - low > 1:
            step = (low + high) // 2
            nearer = self._within(step / _REACHES)
            trial = nearer.cut_vehicles(rules)
            if len(trial.cut.severed) <= fewest:
                band, driving, high = nearer, trial, step
            else:
                low = step
        return band, driving

    def _within(self, share: float) -> _Band:
        near = self.core_m.buffer(share * self.reach_m, quad_segs=8)
        shapely.prepare(near)
        network, u, v = self.network, self.where[0], self.where[1]
        wheres = [
            np.where(
                (at == MIDDLE) & ~shapely.intersects_xy(near, network.node_xy_m[ends[self.edges]]), BEYOND, at
            )
            for at, ends in ((u, network.edge_u), (v, network.edge_v))
        ]
        return replace(self, where=(wheres[0].astype(np.int8), wheres[1].astype(np.int8)))

    def holding(self, nodes: Ints) -> _Band:
        """Return the band with some junctions within the limit counted to the core."""
        ends = self.network.edge_u, self.network.edge_v
        u, v = (
            np.where(np.isin(end[self.edges], nodes) & (at == MIDDLE), CORE, at).astype(np.int8)
            for end, at in zip(ends, self.where, strict=True)
        )
        return replace(self, where=(u, v))

    def cut_vehicles(self, rules: Perimeters) -> _Sorted:
        """Sever the drivable streets."""
        chosen = self.network.drivable[self.edges] & ~self.blocked[self.edges]
        edges = self.edges[chosen]
        u, v, _ = self.network.vehicle_ends
        tie = 10 * (class_weight(self.network, edges, rules) - rules.weight_minor)
        cost = POST_COST + np.round(np.maximum(tie, 0)).astype(np.int64)
        where = self.where[0][chosen], self.where[1][chosen]
        links, nodes = make_links(self.network, edges, (u[edges], v[edges]), where, self.core_m, cost)
        return _Sorted(edges, nodes, cut_links(links), {})


def _where(xy_m: Floats, core_m: Polygon, limit_m: Polygon, gone: Bools) -> Codes:
    where = np.full(len(xy_m), MIDDLE, dtype=np.int8)
    shapely.prepare(core_m)
    where[~shapely.intersects_xy(limit_m, xy_m) | gone] = BEYOND
    where[shapely.intersects_xy(core_m, xy_m)] = CORE
    return where


def _leaves_map(
    network: StreetNetwork, edges: Ints, area: Area, limit_m: Polygon, edge_m: float
) -> tuple[Bools, Bools]:
    """Whether each end lies off the map, or is a dead end so near its edge that the street surely goes on."""
    extent = area.extent_m
    nothing = np.zeros(len(edges), dtype=bool), np.zeros(len(edges), dtype=bool)
    if extent.buffer(-edge_m).contains(limit_m):
        return nothing
    drives = edges[network.drivable[edges]]
    nodes, count = np.unique(
        np.concatenate([network.edge_u[drives], network.edge_v[drives]]), return_counts=True
    )
    ends = nodes[count == 1]
    shapely.prepare(extent)

    def lost(at: Ints) -> Bools:
        points = shapely.points(network.node_xy_m[at])
        off = ~shapely.contains(extent, points)
        near = shapely.dwithin(extent.exterior, points, edge_m) & np.isin(at, ends)
        return np.asarray(off | near)

    return lost(network.edge_u[edges]), lost(network.edge_v[edges])


# --- the line -----------------------------------------------------------------------------------


def _line(band: _Band, driving: _Sorted, stands: list[Stand], core_m: Polygon) -> Polygon:
    at: dict[int, list[float]] = {}
    for stand in stands:
        at.setdefault(stand.edge, []).append(stand.along_m)
    held = np.isin(driving.edges, list(at))
    whole = band.network.lines(driving.edges)
    sides = _settled(driving, held, whole)
    barriers = _barriers_between(band.network, driving.edges, sides)
    parted = held | np.isin(band.network.edge_u[driving.edges], barriers)
    parted |= np.isin(band.network.edge_v[driving.edges], barriers)
    inner, outer = (~parted & ((sides[0] == name) | (sides[1] == name)) for name in (INNER, OUTER))
    pieces = [
        pair
        for k in np.flatnonzero(parted).tolist()
        for pair in _pieces(
            band.network, int(driving.edges[k]), at, bool(sides[0][k] == INNER), set(barriers.tolist())
        )
    ]
    spots = [stand.xy_m for stand in stands] + [tuple(xy) for xy in band.network.node_xy_m[barriers]]
    return draw_line(
        Sides(
            inner=whole[inner],
            outer=np.concatenate([whole[outer & ~inner], _beyond(band, whole[inner | held])]),
            inner_pieces=tuple(piece for piece, is_inner in pieces if is_inner),
            outer_pieces=tuple(piece for piece, is_inner in pieces if not is_inner),
            gates_xy_m=np.array(spots).reshape(-1, 2),
            core_m=core_m,
        )
    )


def _settled(driving: _Sorted, held: Bools, whole: NDArray[np.object_]) -> tuple[Codes, Codes]:
    """Give each street that is joined to neither side the nearer one, all of a group alike."""
    low, high = driving.sides
    adrift = ~held & (low == ADRIFT) & (high == ADRIFT)
    group = driving.cut.group[driving.nodes[0][adrift]]
    inner = (low == INNER) | (high == INNER)
    _, number = np.unique(group, return_inverse=True)
    nearer = nearer_inner(_grouped(whole[adrift], group), whole[inner], whole[~inner & ~adrift])[number]
    low, high = low.copy(), high.copy()
    low[adrift] = high[adrift] = np.where(nearer, INNER, OUTER)
    return low, high


def _barriers_between(network: StreetNetwork, edges: Ints, sides: tuple[Codes, Codes]) -> Ints:
    """Junctions where a barrier keeps vehicles of the two sides apart: the line can pass there."""
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    side = np.concatenate(sides)
    barred = network.blocked_node[ends]
    return np.intersect1d(ends[barred & (side == INNER)], ends[barred & (side == OUTER)])


def _beyond(band: _Band, inner: NDArray[np.object_]) -> NDArray[np.object_]:
    """Drivable streets wholly beyond the limit that come near to where the line may run."""
    network = band.network
    ground = shapely.box(*shapely.total_bounds(inner)) if len(inner) else shapely.box(*band.core_m.bounds)
    near = ground.union(band.core_m).envelope.buffer(NEAR_LINE_M, join_style="mitre")
    if band.limit_m.contains_properly(near):
        return np.empty(0, dtype=object)
    edges = np.setdiff1d(network.edges_in_box(near.bounds), band.edges)
    return network.lines(edges[network.drivable[edges] & ~band.blocked[edges]])


def _grouped(lines: NDArray[np.object_], group: Ints) -> NDArray[np.object_]:
    """Join the lines of each group to one MultiLineString."""
    if not len(lines):
        return lines
    _, number = np.unique(group, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.asarray(shapely.multilinestrings(lines[order], indices=number[order]))


def _pieces(
    network: StreetNetwork, edge: int, posts: dict[int, list[float]], first_inner: bool, barriers: set[int]
) -> list[tuple[Piece, bool]]:
    """Cut a street at its posts, and at a barrier where it ends, into pieces; tell which lie inside."""
    line = network.lines([edge])[0]
    marks = [0.0, *sorted(posts.get(edge, [])), float(network.length_m[edge])]
    last = len(marks) - 2
    at_u, at_v = int(network.edge_u[edge]) in barriers, int(network.edge_v[edge]) in barriers
    return [
        (Piece(stretch(line, low, high), i > 0 or at_u, i < last or at_v), first_inner == (i % 2 == 0))
        for i, (low, high) in enumerate(pairwise(marks))
        if high - low > _SHORTEST_M
    ]


# --- what is said of it -------------------------------------------------------------------------


def _record(
    name: PerimeterName, polygon: Polygon, posts: tuple[Post, ...], fewest: int, band: _Band, frame: Frame
) -> Perimeter:
    vehicle = [p for p in posts if p.mode is PostMode.VEHICLE]
    officers = sum(p.officers for p in posts)
    holds = {
        PerimeterName.INNER: "the hot zone and its stand-off",
        PerimeterName.OUTER: "warm ground, the inner perimeter and the gap between",
    }[name]
    if band.leaks:
        reason = f"Around {holds}. It cannot be sealed: the map ends inside it ({', '.join(band.leaks)})."
    elif not posts:
        reason = f"Around {holds}. No street or path leads out of it on this map: no post is needed."
    else:
        more = len(vehicle) - fewest
        least = f"{more} more than the fewest, to stand on the line" if more else "and no fewer can"
        reason = (
            f"Around {holds}. {len(vehicle)} vehicle posts close every drivable street, {least} "
            f"(minimum cut); "
            f"{len(posts) - len(vehicle)} more on foot close the mapped paths."
        )
    return Perimeter(
        perimeter=name,
        rings=_rings(polygon, frame),
        posts=len(posts),
        officers=officers,
        sealed=not band.leaks,
        leaks=band.leaks,
        reason=reason,
    )


def _rings(polygon: Polygon, frame: Frame) -> Rings:
    ring = shapely.geometry.polygon.orient(polygon).exterior
    places: list[LonLat] = []
    for lon, lat in frame.to_deg(shapely.get_coordinates(ring)):
        place = LonLat(float(lon), float(lat)).rounded()
        if not places or places[-1] != place:
            places.append(place)
    return (tuple(places),)


def _notices(
    name: PerimeterName, band: _Band, record: Perimeter, posts: tuple[Post, ...]
) -> tuple[Notice, ...]:
    notices: list[Notice] = []

    def say(level: NoticeLevel, text: str) -> None:
        notices.append(Notice(level, text, name.value))

    if record.leaks:
        streets = ", ".join(record.leaks)
        say(
            NoticeLevel.DANGER,
            f"The {name} perimeter is not sealed where its line or the map ends: {streets}",
        )
    if not len(band.edges):
        say(NoticeLevel.CAUTION, f"No street is mapped near the {name} perimeter")
    elif band.off_map:
        gone = f"{band.off_map} streets leave it there and are taken to go on"
        say(NoticeLevel.CAUTION, f"The map ends near the {name} perimeter: {gone}")
    if levels := _levels(band):
        streets = ", ".join(levels)
        say(
            NoticeLevel.CAUTION,
            f"In a tunnel or on a bridge through the ground of the {name} perimeter: {streets}. "
            "They are closed too: decide whether they can stay open",
        )
    say(
        NoticeLevel.CAUTION,
        f"The {name} perimeter closes streets and mapped paths; open ground between its posts is NOT closed",
    )
    return tuple(notices)


def _line_notices(
    name: PerimeterName, strange: tuple[tuple[str, str], ...], off: int, area: Area, polygon: Polygon
) -> tuple[Notice, ...]:
    """Say where the line is only approximate: the posts are what counts."""
    notices: list[Notice] = []
    for street, other in strange:
        over = f" where it crosses {other}" if other else ""
        notices.append(
            Notice(
                NoticeLevel.CAUTION,
                f"The {name} line crosses {street}{over}, without a post: the map shows no junction, bridge "
                "or tunnel there. Look whether a vehicle can turn off; if it can, it needs a post",
                name.value,
            )
        )
    if off:
        notices.append(
            Notice(
                NoticeLevel.CAUTION,
                f"{off} posts of the {name} perimeter stand inside its line, where a street passes under or "
                "over another: the posts close the street, the line there is approximate",
                name.value,
            )
        )
    if not area.extent_m.contains(polygon):
        text = f"The {name} line leaves the map: what is there is not known"
        notices.append(Notice(NoticeLevel.CAUTION, text, name.value))
    return tuple(notices)


def _relied_on(band: _Band, driving: _Sorted) -> tuple[str, ...]:
    """Name the streets blocked by the user that would lead out if they were open."""
    network = band.network
    shut = np.isin(band.edges, driving.edges, invert=True) & network.drivable[band.edges]
    u, v, count = network.vehicle_ends
    side = np.full(count, ADRIFT, dtype=np.int8)
    for nodes, sides in zip((u, v), driving.sides, strict=True):
        side[nodes[driving.edges]] = sides
    edges = band.edges[shut]
    ends = []
    for nodes, where in zip((u, v), band.where, strict=True):
        place = side[nodes[edges]]
        place[where[shut] == CORE], place[where[shut] == BEYOND] = INNER, OUTER
        ends.append(place)
    held = shapely.intersects(band.core_m, network.lines(edges)) | (ends[0] == INNER) | (ends[1] == INNER)
    leads = held & ((ends[0] == OUTER) | (ends[1] == OUTER))
    return tuple(sorted({network.street(int(e)) for e in edges[leads]}))


def _levels(band: _Band) -> tuple[str, ...]:
    """Name the tunnels, and the bridges of motorways and trunk roads, that pass the core."""
    network, edges = band.network, band.edges
    raised = network.bridge[edges] & (network.road_class[edges] <= RoadClass.TRUNK_LINK)
    some = edges[network.drivable[edges] & (network.tunnel[edges] | raised)]
    passing = some[shapely.intersects(band.core_m, network.lines(some))]
    return tuple(sorted({network.street(int(e)) for e in passing}))

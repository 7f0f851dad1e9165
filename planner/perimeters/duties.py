"""What the outer perimeter owes those it shuts in and those it keeps out: gates, hospitals, a way round."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point

from planner.area import Area
from planner.doctrine import Doctrine
from planner.geo import widened
from planner.memory import kept_with, kept_with_tables
from planner.model import Notice, Post
from planner.perimeters.gates import never_gates
from planner.perimeters.tracing import TracedPerimeter
from planner.routes.writing import street_names
from planner.streets.joined import joined
from planner.streets.network import Path, Snap
from planner.streets.reach import joined_outside
from planner.streets.ticking import numbered
from planner.terms import NoticeLevel, PerimeterName, PlaceKind, PostMode, RoadClass, Travel

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_ABOUT = PerimeterName.OUTER.value
_THROUGH = RoadClass.SECONDARY_LINK
"""Road classes up to this code carry traffic through."""
_DETOURS = 2
_NAMED = 6
_PAIRS, _FOUND = 6, 2
"""So many pairs of posts a way round is looked for between, until so many are found: either direction."""
_BACK = 40
"""So many stretches of a one-way road before a post are looked at for where to turn off."""
_BOX_M = 1500.0
"""So far around the outer perimeter a hospital's roads are looked at."""


@dataclass(frozen=True)
class Duties:
    """What is owed: posts that must be gates, with the reason, and what to say.

    Parameters
    ----------
    gates : tuple of (post id, reason)
    notices : tuple of Notice
    """

    gates: tuple[tuple[str, str], ...]
    notices: tuple[Notice, ...]


def outer_duties(
    inner: TracedPerimeter,
    outer: TracedPerimeter,
    gates: Collection[str],
    blocked: Bools,
    area: Area,
    doctrine: Doctrine,
) -> Duties:
    """Find what the outer perimeter owes, given the posts that are gates already.

    Whoever is inside gets a gate to leave by; fire engines inside one near by; hospitals keep a road; traffic
    through gets a way round, by name (``domain.md`` 2.3, outer-post validity).
    """
    pieces = _pieces(inner, outer, blocked, area)
    opened = _let_out(pieces, gates)
    engines_by, stations = _let_engines_out(outer, {*gates, *opened}, area)
    opened |= engines_by
    notices = [*_shut_in(pieces, area), *stations]
    notices += _only_roads(outer, blocked, area, doctrine)
    notices += _detours(outer, blocked, area, doctrine)
    return Duties(tuple(sorted(opened.items())), tuple(notices))


def _say(level: NoticeLevel, text: str) -> Notice:
    return Notice(level, text, _ABOUT)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The streets between the two lines, by what hangs together.

    Parameters
    ----------
    edges : (n,) int array
        Ascending.
    piece : (n,) int array
        The same for streets between which vehicles can drive there.
    by_inner : (n,) bool array
        Which of them end at a street within the inner line.
    posts : dict
        The vehicle posts of the outer line that stand on them, by piece.
    """

    edges: Ints
    piece: Ints
    by_inner: Bools
    posts: dict[int, list[Post]]


def _pieces(inner: TracedPerimeter, outer: TracedPerimeter, blocked: Bools, area: Area) -> _Pieces:
    network = area.network
    between = np.flatnonzero(outer.inside & ~inner.inside & network.drivable & ~blocked)
    u, v, _ = network.vehicle_ends
    held = np.flatnonzero(inner.inside & network.drivable)
    nodes, (tail, head, *beside) = numbered(u[between], v[between], u[held], v[held])
    piece = joined(tail, head, len(nodes))[tail]
    by_inner = np.zeros(len(nodes), dtype=bool)
    for ends in beside:
        by_inner[ends] = True
    posts: dict[int, list[Post]] = {}
    for post, edge in zip(outer.posts, outer.post_edges, strict=True):
        row = int(np.searchsorted(between, edge))
        if post.mode is PostMode.VEHICLE and row < len(between) and between[row] == edge:
            posts.setdefault(int(piece[row]), []).append(post)
    return _Pieces(between, piece, by_inner[tail] | by_inner[head], posts)


def _let_out(pieces: _Pieces, gates: Collection[str]) -> dict[str, str]:
    """Open a gate for each piece of streets between the lines that has none; posts and why."""
    shut = [at for at in pieces.posts.values() if not any(post.id in gates for post in at)]
    firsts = [min(at, key=lambda post: (post.id in never_gates(at), post.rank)) for at in shut]
    why = "Gate for those who live or work inside: no other gate lets them out by street."
    return {post.id: why for post in firsts}


def _shut_in(pieces: _Pieces, area: Area) -> list[Notice]:
    """Say which streets between the lines can have no gate of the outer one."""
    left = ~np.isin(pieces.piece, list(pieces.posts)) & pieces.by_inner
    streets = sorted({area.network.street(edge) for edge in pieces.edges[left].tolist()})
    if not streets:
        return []
    more = f" and {len(streets) - _NAMED} more" if len(streets) > _NAMED else ""
    text = (
        f"Between the two lines, {', '.join(streets[:_NAMED])}{more} can be left by street only through "
        "the inner perimeter: bring people there out on foot, or by an inner gate"
    )
    return [_say(NoticeLevel.CAUTION, text)]


def _let_engines_out(
    outer: TracedPerimeter, gates: Collection[str], area: Area
) -> tuple[dict[str, str], list[Notice]]:
    """Open the vehicle post nearest to each fire station inside for its engines, and say which lie there."""
    opened: dict[str, str] = {}
    notices = []
    vehicle = [post for post in outer.posts if post.mode is PostMode.VEHICLE]
    vehicle = [post for post in vehicle if post.id not in never_gates(vehicle)]
    for name, spot, door in _stations(area):
        if door is None or not outer.polygon_m.contains(Point(door.x_m, door.y_m)):
            continue
        text = f"{name} lies inside the outer perimeter"
        if vehicle:
            away = np.hypot(*(area.frame.to_m([p.location for p in vehicle]) - (spot.x, spot.y)).T)
            post = vehicle[int(np.argmin(away))]
            if post.id not in gates:
                opened[post.id] = f"Gate for the engines of {name}."
            text += f": its engines leave by gate {post.id}, {post.street}. Tell the station"
        notices.append(_say(NoticeLevel.CAUTION, text))
    return opened, notices


@kept_with
def _stations(area: Area) -> list[tuple[str, Point, Snap | None]]:
    """Return the fire stations of a map, each with the place on the streets where its engines come out."""
    found = _places(area, PlaceKind.FIRE_STATION, "fire station")
    doors = area.network.snap([spot.coords[0] for _, spot in found], area.network.drivable)
    return [(name, spot, door) for (name, spot), door in zip(found, doors, strict=True)]


@kept_with_tables
def _places(area: Area, kind: PlaceKind, plain: str) -> list[tuple[str, Point]]:
    places = area.places_of(kind.value)
    return [
        (
            str(name) if isinstance(name, str) and name else f"An unnamed {plain}",
            geometry.representative_point(),
        )
        for name, geometry in zip(places["name"], places.shapes, strict=True)
    ]


def _only_roads(outer: TracedPerimeter, blocked: Bools, area: Area, doctrine: Doctrine) -> list[Notice]:
    """Say whose only road the perimeter takes: hospitals that streets joined to the map, and no longer do."""
    network = area.network
    box = widened(outer.polygon_m.bounds, _BOX_M)
    ground = shapely.box(*box)
    near = [(n, p) for n, p in _places(area, PlaceKind.HOSPITAL, "hospital") if ground.contains(p)]
    if not near:
        return []
    before = network.drivable & ~blocked
    reach_m = doctrine.transport.entrance_reach_m
    snaps = network.snap([(p.x, p.y) for _, p in near], before)
    doors = [(name, snap) for (name, _), snap in zip(near, snaps, strict=True) if snap is not None]
    doors = [(name, snap) for name, snap in doors if snap.offset_m <= reach_m]
    within = [outer.polygon_m.contains(Point(snap.x_m, snap.y_m)) for _, snap in doors]
    if not all(within):
        joined, left = (joined_outside(network, mask, box) for mask in (before, before & ~outer.inside))
    notices = []
    for (name, snap), is_within in zip(doors, within, strict=True):
        if is_within:
            text = f"{name} lies inside the outer perimeter: its staff and ambulances need a gate. Tell it"
            notices.append(_say(NoticeLevel.CAUTION, text))
        elif joined[snap.edge] and not left[snap.edge]:
            text = (
                f"The outer perimeter takes the only road to {name}: no other street leads there on this "
                "map. Hold its posts on that road as gates, or keep its street open"
            )
            notices.append(_say(NoticeLevel.DANGER, text))
    return notices


def _detours(outer: TracedPerimeter, blocked: Bools, area: Area, doctrine: Doctrine) -> list[Notice]:
    """Name a way round for the roads that carry most traffic through the ground inside."""
    network = area.network
    ends: dict[int, list[int]] = {}
    for post, edge in zip(outer.posts, outer.post_edges, strict=True):
        name = int(network.name_index[edge])
        if post.mode is PostMode.VEHICLE and name and network.road_class[edge] <= _THROUGH:
            ends.setdefault(name, []).append(edge)
    through = sorted(
        (min(int(network.road_class[e]) for e in edges), network.names[name], edges)
        for name, edges in ends.items()
        if len(edges) > 1
    )
    notices: list[Notice] = []
    closed = outer.inside | blocked
    across_m = float(np.sqrt(outer.polygon_m.area)) / 2  # nearer to each other, both are on one side
    for _, street, edges in through:
        pairs = _across(edges, closed, across_m, area, doctrine)
        if not pairs or len(notices) == _DETOURS:
            continue
        path = _way_round(pairs, closed, area, doctrine)
        if path is None:
            text = f"Through traffic on {street} has no way round the outer perimeter on this map"
            notices.append(_say(NoticeLevel.CAUTION, text))
            continue
        by = [name for name in street_names(path, network) if name != street][:_NAMED]
        text = (
            f"Through traffic on {street}: detour {'by ' + ', '.join(by) + ' ' if by else ''}"
            f"({path.length_m / 1000:.1f} km, {max(1, round(path.time_s / 60))} min without traffic)"
        )
        notices.append(_say(NoticeLevel.INFO, text))
    return notices


def _across(
    edges: list[int], closed: Bools, across_m: float, area: Area, doctrine: Doctrine
) -> list[tuple[int, int]]:
    """Pair the junctions by which traffic on a road turns off and comes back to it, the furthest apart first.

    A divided road has a post for either direction at each end: one keeps those out who come, the other one
    is where those who have gone round drive on. A road that is not divided does both at each of its posts.
    """
    away, back = (
        dict.fromkeys(_turned_off(edge, closed, area, doctrine, coming=coming) for edge in edges)
        for coming in (True, False)
    )
    at = area.network.node_xy_m
    pairs = [
        (float(np.hypot(*(at[start] - at[end]))), start, end)
        for start in away
        for end in back
        if start >= 0 and end >= 0
    ]
    pairs = sorted((pair for pair in pairs if pair[0] >= across_m), key=lambda pair: -pair[0])
    return [(start, end) for _, start, end in pairs[:_PAIRS]]


def _turned_off(edge: int, closed: Bools, area: Area, doctrine: Doctrine, *, coming: bool) -> int:
    """Return the junction at which one who comes to a post's street turns off, or gets to it again; else -1.

    Where a one-way street leads to the post and nowhere else, that lies further back along it.
    """
    network = area.network
    arcs = network.timing(Travel.PUBLIC, doctrine.travelling).open_arcs
    node = _outer_end(edge, closed, area)
    arc = edge if (int(network.edge_u[edge]) == node) == coming else edge + network.edge_count
    if not arcs[arc]:
        return -1
    along, across = (network.arc_head, network.arc_tail) if coming else (network.arc_tail, network.arc_head)
    for _ in range(_BACK):
        here = network.arcs_at(node)
        here = here[arcs[here] & ~closed[here % network.edge_count]]
        if (here[across[here] == node] != arc).any():
            return node
        before = here[along[here] == node]
        if not len(before):
            return -1
        same = before[network.name_index[before % network.edge_count] == network.name_index[edge]]
        arc = int((same if len(same) else before)[0])
        node = int(across[arc])
    return -1


def _way_round(pairs: list[tuple[int, int]], closed: Bools, area: Area, doctrine: Doctrine) -> Path | None:
    """Drive from where traffic is turned away to where it goes on: the easier way of the first two found."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, doctrine.travelling)
    found: list[Path] = []
    for nodes in pairs:
        start, end = (network.at_node(node, _open_at(node, closed, area)) for node in nodes)
        path = None if start is None or end is None else network.find_path(start, end, timing, closed)
        if path is not None:
            found.append(path)
        if len(found) == _FOUND:
            break
    return min(found, key=lambda way: way.time_s) if found else None


def _outer_end(edge: int, closed: Bools, area: Area) -> int:
    """Return the end of a post's street at which open streets go on."""
    network = area.network
    for node in (int(network.edge_u[edge]), int(network.edge_v[edge])):
        if len(_open_at(node, closed, area)):
            return node
    return int(network.edge_v[edge])


def _open_at(node: int, closed: Bools, area: Area) -> Ints:
    """Return the streets at a junction that vehicles may drive, ascending."""
    edges = area.network.edges_at(node)
    return edges[~closed[edges] & area.network.drivable[edges]]

"""Streets that the map does not show and the user saw: laid into an area's network for one incident.

A field road outranks the map. It meets the streets it crosses on the ground, and those near its ends; what it
meets is told, for a finger is not exact. Nodes and ways that OpenStreetMap does not have get ids below zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point
from shapely.ops import substring

from planner.area import Area, geometries_m
from planner.doctrine import Doctrine
from planner.model import FieldRoad, Notice
from planner.streets.hierarchy import Order, arcs_in_order
from planner.streets.network import StreetNetwork
from planner.streets.street_arrays import Ints
from planner.terms import Barrier, NoticeLevel, RoadClass

Floats = NDArray[np.float64]

_SHORTEST_M = 1.0
"""A line shorter than this is a slip of the hand."""
_SAME_M = 5.0
"""A joint this near to a junction, or to a mapped point of the street, is there: no slivers of streets."""
_NOT_OF = "Draw its ends nearer to streets of the map"


@dataclass(frozen=True)
class _Joint:
    """Where a field road meets a street: metres along it, the edge, and metres along that."""

    along_m: float
    edge: int
    edge_m: float


@dataclass(frozen=True, eq=False)
class _Laid:
    """An area with field roads in it, and what there is to say of them."""

    area: Area
    notices: tuple[Notice, ...]


def with_field_roads(roads: tuple[FieldRoad, ...], area: Area, doctrine: Doctrine) -> Area:
    """Return the area with the field roads among its streets; the area itself where there are none.

    Buildings, places and obstacles are shared, not copied; the same roads are laid once, for all who ask.
    """
    return _laid(roads, area, doctrine.perimeters.field_road_joins_m).area if roads else area


def field_road_notices(roads: tuple[FieldRoad, ...], area: Area, doctrine: Doctrine) -> tuple[Notice, ...]:
    """Tell which streets each field road meets; ``area`` is the one without them."""
    return _laid(roads, area, doctrine.perimeters.field_road_joins_m).notices if roads else ()


@lru_cache(maxsize=2)  # a metro with its hierarchy is more than a gigabyte
def _laid(roads: tuple[FieldRoad, ...], area: Area, joins_m: float) -> _Laid:
    network, notices = area.network, []
    for number, road in enumerate(roads, start=1):
        name = road.name or f"field road {number}"
        met: list[str] = []
        for drawn in geometries_m(road.shape, area.frame):
            joints, line = _joints(shapely.get_coordinates(drawn), network, joins_m)
            met += [network.street(joint.edge) for joint in joints]
            if joints:
                network = _lay(line, joints, network, -number, name)
        notices.append(_told(name, met, joins_m))
    return _Laid(area.with_streets(network), tuple(notices))


def _told(name: str, met: Sequence[str], joins_m: float) -> Notice:
    streets = list(dict.fromkeys(met))
    if len(met) > 1:
        return Notice(NoticeLevel.INFO, f"{_capital(name)} joins {' and '.join(streets)}", "field roads")
    if met:
        text = f"{_capital(name)} joins only {streets[0]}: its other end leads nowhere"
        return Notice(NoticeLevel.CAUTION, text, "field roads")
    text = f"{_capital(name)} meets no street within {joins_m:.0f} m of its ends: it is not used. {_NOT_OF}"
    return Notice(NoticeLevel.DANGER, text, "field roads")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


# --- where it meets the map ---------------------------------------------------------------------


def _joints(drawn_m: Floats, network: StreetNetwork, joins_m: float) -> tuple[list[_Joint], LineString]:
    """Find where a line meets streets, in order along it, and the line from its first meeting to its last.

    What is left over at an end beyond a street is trimmed if it is shorter than the reach of an end.
    """
    line = LineString(_distinct(drawn_m))
    if line.length < _SHORTEST_M:
        return [], line
    crossed = _crossings(line, network)
    at_m = [joint.along_m for joint in crossed]
    begin = at_m[0] if at_m and at_m[0] <= joins_m else 0.0
    end = at_m[-1] if at_m and line.length - at_m[-1] <= joins_m else line.length
    if end - begin < _SHORTEST_M:
        return crossed, line  # a stroke across one street: nothing of it would be left
    xy = shapely.get_coordinates(line)
    first = _end(xy[0], network, joins_m) if begin == 0.0 else []
    last = _end(xy[-1], network, joins_m) if end == line.length else []
    before_m = sum(float(np.hypot(*(xy[0] - place))) for place, _ in first)
    middle = shapely.get_coordinates(substring(line, begin, end))
    whole = LineString(_distinct([*(place for place, _ in first), *middle, *(place for place, _ in last)]))
    joints = [_Joint(0.0, *at) for _, at in first]
    joints += [replace(joint, along_m=joint.along_m - begin + before_m) for joint in crossed]
    joints += [_Joint(whole.length, *at) for _, at in last]
    return joints, whole


def _distinct(xy: Any) -> Floats:
    """Drop points that repeat the one before; a line keeps two."""
    places = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    moved = np.concatenate([[True], (np.diff(places, axis=0) != 0).any(axis=1)])
    return places[moved] if moved.sum() > 1 else places[[0, -1]]


def _crossings(line: LineString, network: StreetNetwork) -> list[_Joint]:
    """Find the streets on the ground that a line crosses; what a bridge or tunnel carries is not met."""
    ground = (network.layer == 0) & ~network.bridge & ~network.tunnel
    near = np.flatnonzero(network.edges_meeting(line) & ground)
    found = []
    for edge, street in zip(near.tolist(), network.lines(near), strict=True):
        for spot in shapely.get_parts(shapely.intersection(street, line)):
            where = shapely.point_on_surface(spot)
            found.append(_Joint(line.project(where), edge, street.project(where)))
    return sorted(found, key=lambda joint: (joint.along_m, joint.edge))


def _end(xy: Floats, network: StreetNetwork, joins_m: float) -> list[tuple[Floats, tuple[int, float]]]:
    """Return the place, edge and metres along it where an end meets a street, or nothing."""
    (snap,) = network.snap([xy], network.drivable)
    if snap is None or snap.offset_m > joins_m:
        return []
    return [(np.array([snap.x_m, snap.y_m]), (snap.edge, snap.along_m))]


# --- laying it ----------------------------------------------------------------------------------


def _lay(
    line: LineString, joints: Sequence[_Joint], network: StreetNetwork, way: int, name: str
) -> StreetNetwork:
    """Return the network with one more way in it, the streets that it meets cut there."""
    draft = _Draft(network)
    node_of = _cut(draft, network, joints)
    stops: list[tuple[float, int]] = []
    for joint, node in zip(joints, node_of, strict=True):
        if not stops or stops[-1][1] != node:
            stops.append((joint.along_m, node))
    if stops[0][0] > _SHORTEST_M:
        stops.insert(0, (0.0, draft.add_node(np.array(line.coords[0]))))
    if line.length - stops[-1][0] > _SHORTEST_M:
        stops.append((line.length, draft.add_node(np.array(line.coords[-1]))))
    for (low, u), (high, v) in pairwise(stops):
        inner = [at for at in _marks(line) if low + _SHORTEST_M < at < high - _SHORTEST_M]
        draft.add_street(u, v, [line.interpolate(at) for at in inner], way, name)
    return draft.network()


def _marks(line: LineString) -> list[float]:
    xy = shapely.get_coordinates(line)
    return [0.0, *np.cumsum(np.hypot(*np.diff(xy, axis=0).T)).tolist()]


def _cut(draft: _Draft, network: StreetNetwork, joints: Sequence[_Joint]) -> list[int]:
    """Cut streets at joints; return the node of each joint."""
    by_edge: dict[int, list[int]] = defaultdict(list)
    node_of = [-1] * len(joints)
    for k, joint in enumerate(joints):
        end = _junction(network, joint)
        if end >= 0:
            node_of[k] = end
        else:
            by_edge[joint.edge].append(k)
    for edge in sorted(by_edge):
        ordered = sorted(by_edge[edge], key=lambda k: joints[k].edge_m)
        for k, node in zip(ordered, draft.cut_street(edge, [joints[k].edge_m for k in ordered]), strict=True):
            node_of[k] = node
    return node_of


def _junction(network: StreetNetwork, joint: _Joint) -> int:
    """Return the junction that a joint is at, -1 where it is at none.

    Never one with a barrier: whoever draws a road past a bollard says that it can be passed.
    """
    for at_m, node in ((0.0, network.edge_u), (float(network.length_m[joint.edge]), network.edge_v)):
        end = int(node[joint.edge])
        if abs(joint.edge_m - at_m) <= _SAME_M and network.node_barrier[end] == Barrier.NONE:
            return end
    return -1


class _Draft:
    """A network being added to: rows to come for each array, then one new network."""

    def __init__(self, network: StreetNetwork) -> None:
        self._old = network
        self._names = list(network.names)
        self._node_id: list[int] = []
        self._node_xy: list[Floats] = []
        self._parts: dict[int, list[tuple[Floats, list[int]]]] = {}
        self._ends: dict[int, list[int]] = {}
        self._streets: list[tuple[int, int, Floats, list[int], int, int]] = []
        lowest = min(int(network.node_id.min()), int(network.shape_node.min()), 0)
        self._next_id = lowest - 1

    def _fresh_id(self) -> int:
        self._next_id -= 1
        return self._next_id + 1

    def add_node(self, xy: Floats, osm_id: int | None = None) -> int:
        self._node_id.append(self._fresh_id() if osm_id is None else osm_id)
        self._node_xy.append(np.asarray(xy, dtype=np.float64))
        return self._old.node_count + len(self._node_id) - 1

    def _id_and_place(self, node: int) -> tuple[int, Floats]:
        old = self._old.node_count
        if node < old:
            return int(self._old.node_id[node]), self._old.node_xy_m[node]
        return self._node_id[node - old], self._node_xy[node - old]

    def add_street(self, u: int, v: int, inner: Iterable[Point], way: int, name: str) -> None:
        """Add a way of one edge between two nodes."""
        (u_id, u_xy), (v_id, v_xy) = self._id_and_place(u), self._id_and_place(v)
        between = [np.array([point.x, point.y]) for point in inner]
        ids = [u_id, *(self._fresh_id() for _ in between), v_id]
        if name not in self._names:
            self._names.append(name)
        xy = np.vstack([u_xy, *between, v_xy])
        self._streets.append((u, v, xy, ids, way, self._names.index(name)))

    def cut_street(self, edge: int, at_m: Sequence[float]) -> list[int]:
        """Cut an edge at distances from its ``u`` end, ascending; return the node at each."""
        xy, ids = self._old.shape(edge)
        marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        nodes: list[int] = []
        parts, ends = [], [int(self._old.edge_u[edge])]
        part_xy, part_ids, done = [xy[0]], [int(ids[0])], 0.0
        for along in at_m:
            spot, known = self._spot(marks, ids, along)
            if nodes and spot - done < _SHORTEST_M:
                nodes.append(nodes[-1])
                continue
            between = np.flatnonzero((marks > done + 1e-6) & (marks < spot - 1e-6))
            place = np.array(self._old.at(edge, spot))
            node = self.add_node(place, known)
            parts.append(
                (
                    np.vstack([*part_xy, *xy[between], place]),
                    [*part_ids, *ids[between].tolist(), self._node_id[-1]],
                )
            )
            ends.append(node)
            nodes.append(node)
            part_xy, part_ids, done = [place], [self._node_id[-1]], spot
        rest = np.flatnonzero(marks > done + 1e-6)
        parts.append((np.vstack([*part_xy, *xy[rest]]), [*part_ids, *ids[rest].tolist()]))
        ends.append(int(self._old.edge_v[edge]))
        self._parts[edge], self._ends[edge] = parts, ends
        return nodes

    def _spot(self, marks: Floats, ids: NDArray[np.int64], along: float) -> tuple[float, int | None]:
        """Return where to cut: at a mapped point of the street if one is near, with its id."""
        inner = np.arange(1, len(marks) - 1)
        if len(inner):
            k = int(inner[np.argmin(np.abs(marks[inner] - along))])
            used = ids[k] in self._node_id or bool((self._old.node_id == ids[k]).any())
            if abs(marks[k] - along) <= _SAME_M and not used:
                return float(marks[k]), int(ids[k])
        return float(np.clip(along, marks[-1] * 0.01, marks[-1] * 0.99)), None

    def network(self) -> StreetNetwork:
        """Return the network with all that was added: a street's parts in its place, new streets last."""
        old = self._old
        parts = np.ones(old.edge_count, dtype=np.int64)
        for edge, cut in self._parts.items():
            parts[edge] = len(cut)
        source = np.repeat(np.arange(old.edge_count), parts)
        first = np.cumsum(parts) - parts
        u, v = old.edge_u[source], old.edge_v[source]
        for edge, ends in self._ends.items():
            at = slice(first[edge], first[edge] + parts[edge])
            u[at], v[at] = ends[:-1], ends[1:]
        new = self._streets
        made = replace(
            old,
            **self._node_rows(),
            **{
                name: np.concatenate([column[source], fresh])
                for name, column, fresh in self._columns(len(new))
            },
            edge_u=np.concatenate([u, np.array([street[0] for street in new], dtype=np.int64)]),
            edge_v=np.concatenate([v, np.array([street[1] for street in new], dtype=np.int64)]),
            **_shape_rows(old, self._parts, [(street[2], street[3]) for street in new]),
            **_restrictions(old, first, parts),
            names=tuple(self._names),
        )
        if old.order is not None:
            made.use_order(_order(arcs_in_order(old.order, old.edge_count), first, parts, made.edge_count))
        whole = np.where(parts[source] == 1, source, -1)
        made.lay_over(old, np.concatenate([whole, np.full(len(new), -1)]))
        return made

    def _node_rows(self) -> dict[str, Any]:
        count, old = len(self._node_id), self._old
        xy = np.array(self._node_xy, dtype=np.float64).reshape(-1, 2)
        plain = {
            name: np.concatenate([getattr(old, name), np.zeros(count, dtype=getattr(old, name).dtype)])
            for name in ("node_barrier", "node_access", "node_signal")
        }
        ids = np.concatenate([old.node_id, np.array(self._node_id, dtype=np.int64)])
        return {"node_id": ids, "node_xy_m": np.vstack([old.node_xy_m, xy]), **plain}

    def _columns(self, added: int) -> Iterable[tuple[str, NDArray[Any], NDArray[Any]]]:
        """Yield each array that has a row for every street, and its rows for the new ones."""
        told = {
            "way_id": [street[4] for street in self._streets],
            "name_index": [street[5] for street in self._streets],
            "road_class": [RoadClass.SERVICE] * added,
        }
        apart = {"edge_u", "edge_v", "names"}
        for entry in fields(self._old):
            if entry.name in apart or entry.name.startswith(("node_", "shape_", "restriction_")):
                continue
            column = getattr(self._old, entry.name)
            unknown = np.nan if column.dtype.kind == "f" else 0
            yield entry.name, column, np.array(told.get(entry.name, [unknown] * added), dtype=column.dtype)


def _shape_rows(
    old: StreetNetwork,
    cut: dict[int, list[tuple[Floats, list[int]]]],
    added: Sequence[tuple[Floats, list[int]]],
) -> dict[str, NDArray[Any]]:
    """Return the shape arrays with some streets in parts, and others added."""
    xy, ids, sizes, done, edge_done = [], [], [], 0, 0
    plain = np.diff(old.shape_start)
    for edge in sorted(cut):
        low, high = int(old.shape_start[edge]), int(old.shape_start[edge + 1])
        xy += [old.shape_xy_m[done:low], *(part for part, _ in cut[edge])]
        ids += [old.shape_node[done:low], *(np.array(part, dtype=np.int64) for _, part in cut[edge])]
        sizes += [plain[edge_done:edge], np.array([len(part) for _, part in cut[edge]])]
        done, edge_done = high, edge + 1
    xy += [old.shape_xy_m[done:], *(part for part, _ in added)]
    ids += [old.shape_node[done:], *(np.array(part, dtype=np.int64) for _, part in added)]
    sizes += [plain[edge_done:], np.array([len(part) for _, part in added], dtype=np.int64)]
    return {
        "shape_start": np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64),
        "shape_xy_m": np.vstack(xy),
        "shape_node": np.concatenate(ids),
    }


def _order(known: Ints, first: Ints, parts: Ints, count: int) -> Order:
    """Return the order of contraction of so many streets, in which those of before have been cut into parts.

    What is new comes last: wherever it leads, ways over it are found from both of its ends.
    """
    edge, against = known % len(parts), known >= len(parts)
    size = parts[edge]
    within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    arcs = np.repeat(first[edge] + np.where(against, count, 0), size) + within
    new = np.arange(parts.sum(), count)
    return np.concatenate([arcs, new, new + count]).astype(np.uint32)


def _restrictions(
    old: StreetNetwork, first: NDArray[np.int64], count: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return the turn restrictions: of a street that was cut, the part at the junction; of a via way, all."""
    edges: list[int] = []
    ahead: list[bool] = []
    sizes = []
    for low, high in pairwise(old.restriction_start.tolist()):
        before = len(edges)
        for row in range(low, high):
            edge, along = int(old.restriction_edge[row]), bool(old.restriction_ahead[row])
            parts = list(range(int(first[edge]), int(first[edge] + count[edge])))
            driven = parts if along else parts[::-1]
            if row == low:
                driven = driven[-1:]
            elif row == high - 1:
                driven = driven[:1]
            edges += driven
            ahead += [along] * len(driven)
        sizes.append(len(edges) - before)
    return {
        "restriction_start": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        "restriction_edge": np.array(edges, dtype=np.int64),
        "restriction_ahead": np.array(ahead, dtype=bool),
    }

"""The streets of an area as arrays: where they run, what the map says of them, where they lie.

An *edge* is one stretch of an OSM way between two junctions, without direction; its shape keeps every OSM
node on it. An *arc* is one direction of an edge: arc ``e`` runs from ``edge_u[e]`` to ``edge_v[e]``, arc
``e + edge_count`` the other way.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from planner.errors import AreaError
from planner.geo import widened
from planner.memory import Memory
from planner.streets.box_grid import BoxGrid, lay_boxes
from planner.streets.grouping import grouped
from planner.streets.ticking import each_once
from planner.terms import (
    FIRST_BLOCKING_BARRIER,
    FIRST_FOOT_CLASS,
    Access,
    Barrier,
    Parked,
    RoadClass,
    Service,
)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_Kind = TypeVar("_Kind", bound=np.generic)

_GROUNDS_KEPT = 8
_MOST_AT_ONE = 100
"""Streets at one junction; in Montevideo, Porto and Columbus 8, 10 and 13 are the most."""
_FORMS: dict[str, np.dtype[Any]] = {
    "Ints": np.dtype(np.int64),
    "Floats": np.dtype(np.float64),
    "Bools": np.dtype(np.bool_),
    "NDArray[np.uint8]": np.dtype(np.uint8),
    "NDArray[np.int8]": np.dtype(np.int8),
}
"""What the arrays hold, by their types below."""
_RANGES = {"emergency": (-1, 1), "oneway": (-1, 1), "layer": (-100, 100), "restriction_rule": (0, 3)}
_CODES: dict[str, type[IntEnum]] = {
    "road_class": RoadClass,
    "service": Service,
    "access": Access,
    "foot_access": Access,
    "parked": Parked,
    "node_barrier": Barrier,
    "node_access": Access,
}
_PLAIN_KIND = {"service": "service road", "unclassified": "road", "residential": "residential street"}


@dataclass(frozen=True, eq=False, kw_only=True)
class StreetArrays:
    """All streets of an area. Arrays are read-only and of the lengths N (nodes), E (edges), S (shape points).

    Parameters
    ----------
    node_id : (N,) int64
        OSM node ids.
    node_xy_m : (N, 2) float64
        In the area's frame.
    node_barrier, node_access : (N,) uint8
        Codes of :class:`~planner.terms.Barrier` and :class:`~planner.terms.Access`.
    node_signal : (N,) bool
        Traffic signals here.
    edge_u, edge_v : (E,) int64
        Node indices of the ends; equal for a self-loop. Parallel edges are kept.
    way_id : (E,) int64
        OSM way ids.
    road_class, service, access, foot_access : (E,) uint8
        Codes of :class:`RoadClass`, :class:`Service` and (twice) :class:`Access`: motor vehicles, foot.
    emergency : (E,) int8
        1 = ``emergency=yes|designated``, -1 = ``emergency=no``, 0 = untagged.
    oneway : (E,) int8
        1 = from u to v only, -1 = from v to u only, 0 = both, for vehicles.
    layer : (E,) int8
        OSM ``layer``; bridges default to 1 and tunnels to -1.
    bridge, tunnel, area_way, roundabout : (E,) bool
        ``area_way`` marks ``area=yes`` plazas, never drivable.
    lanes : (E,) uint8
        0 = unknown.
    width_m, maxspeed_kmh, maxheight_m, maxwidth_m : (E,) float64
        NaN = unknown. ``width_m`` is the carriageway's, ``maxwidth_m`` what a vehicle may be wide.
    parked : (E,) uint8
        Codes of :class:`~planner.terms.Parked`: where cars stand on the carriageway.
    works : (E,) bool
        Open to traffic while it is built or rebuilt.
    name_index : (E,) int64
        Into ``names``.
    shape_start : (E + 1,) int64
        Shape points of edge e are ``shape_start[e]:shape_start[e + 1]``, both ends included.
    shape_xy_m : (S, 2) float64
    shape_node : (S,) int64
        OSM node id of each shape point.
    restriction_start : (K + 1,) int64
        Turn restriction k has the rows ``restriction_start[k]:restriction_start[k + 1]`` of the next two.
    restriction_edge, restriction_ahead : (M,) int64, bool
        Edges driven in order: from, over via ways if there are any, to; and whether from u to v.
    restriction_rule : (K,) uint8
        Bits of :class:`~planner.terms.TurnRule`.
    names : tuple of str
        Street names, or refs where nameless; ``names[0]`` is "".
    """

    node_id: Ints
    node_xy_m: Floats
    node_barrier: NDArray[np.uint8]
    node_access: NDArray[np.uint8]
    node_signal: Bools
    edge_u: Ints
    edge_v: Ints
    way_id: Ints
    road_class: NDArray[np.uint8]
    service: NDArray[np.uint8]
    access: NDArray[np.uint8]
    foot_access: NDArray[np.uint8]
    emergency: NDArray[np.int8]
    oneway: NDArray[np.int8]
    layer: NDArray[np.int8]
    bridge: Bools
    tunnel: Bools
    area_way: Bools
    roundabout: Bools
    lanes: NDArray[np.uint8]
    width_m: Floats
    maxspeed_kmh: Floats
    maxheight_m: Floats
    maxwidth_m: Floats
    parked: NDArray[np.uint8]
    works: Bools
    name_index: Ints
    shape_start: Ints
    shape_xy_m: Floats
    shape_node: Ints
    restriction_start: Ints
    restriction_edge: Ints
    restriction_ahead: Bools
    restriction_rule: NDArray[np.uint8]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check lengths, forms and ranges once, and make the arrays read-only."""
        _check_streets(self)
        self._seal()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what another process sent, to be read alone as it was there.

        What pickle makes of an array may be written to, and what is compiled is so for one or the other.
        """
        self.__dict__.update(state)
        self._seal()

    def _seal(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @property
    def restriction_count(self) -> int:
        """Number of turn restrictions."""
        return len(self.restriction_rule)

    # --- sizes and masks ------------------------------------------------------------------------

    @property
    def node_count(self) -> int:
        """Number of junctions, ends and barrier nodes."""
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        """Number of undirected edges."""
        return len(self.edge_u)

    def no_closures(self) -> Bools:
        """Return a fresh mask that closes nothing."""
        return np.zeros(self.edge_count, dtype=bool)

    @cached_property
    def drivable(self) -> Bools:
        """Edges that count as drivable by the contract, whatever ``access`` says."""
        return (self.road_class < FIRST_FOOT_CLASS) & ~self.area_way

    @cached_property
    def walkable(self) -> Bools:
        """Edges on which one may walk, (E,)."""
        no_foot = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)
        return np.asarray(~np.isin(self.road_class, no_foot) & (self.foot_access != Access.NO))

    @cached_property
    def enterable(self) -> Bools:
        """Drivable streets from which a vehicle may turn into a site: no motorway, bridge or tunnel, (E,)."""
        fast = np.isin(self.road_class, (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK, RoadClass.TRUNK_LINK))
        return self.drivable & (self.emergency >= 0) & ~fast & ~self.tunnel & ~self.bridge

    @cached_property
    def length_m(self) -> Floats:
        """Length of each edge along its shape, (E,)."""
        return _part_lengths(self.shape_xy_m, self.shape_start)

    @cached_property
    def blocked_node(self) -> Bools:
        """Nodes where a barrier cuts the way for every vehicle (contract), (N,)."""
        return self.node_barrier >= FIRST_BLOCKING_BARRIER

    @cached_property
    def bounds_m(self) -> Floats:
        """Bounding box of each edge: (E, 4) as xmin, ymin, xmax, ymax."""
        bounds_m: Floats = _bounds(self.shape_xy_m, self.shape_start)
        return bounds_m

    def edges_in_box(self, box_m: tuple[float, float, float, float], beyond_m: float = 0.0) -> Ints:
        """Return the edges whose bounding boxes meet the box, or one so much larger all round, ascending."""
        return self.box_grid.meeting(widened(box_m, beyond_m))

    @cached_property
    def box_grid(self) -> BoxGrid:
        """Where the edges' bounding boxes lie, so that a scene costs the same in a town and in a metro."""
        return lay_boxes(self.bounds_m)

    def lines(self, edges: ArrayLike) -> NDArray[np.object_]:
        """Return the shapes of the given edges as shapely LineStrings in metres."""
        chosen = np.asarray(edges, dtype=np.int64)
        kept, known = self._kept_lines
        new = chosen[~known[chosen]]
        if len(new):
            new = each_once(new)
            points, owner = _gather_parts(self.shape_start, new)
            kept[new] = shapely.linestrings(self.shape_xy_m[points], indices=owner)
            known[new] = True
        lines: NDArray[np.object_] = kept[chosen]
        return lines

    @cached_property
    def _kept_lines(self) -> tuple[NDArray[np.object_], Bools]:
        """Lines of the edges that were asked for so far, and which: scenes ask for the same ones again."""
        return np.full(self.edge_count, None, dtype=object), self.no_closures()

    def edges_meeting(self, ground_m: BaseGeometry) -> Bools:
        """Mask of the edges that meet (touch, cross or lie in) a geometry in metres."""
        mask = self.no_closures()
        mask[self.meeting(ground_m)] = True
        return mask

    def meeting(self, ground_m: BaseGeometry) -> Ints:
        """Return the edges that meet a geometry in metres, ascending."""
        if ground_m.is_empty:
            return np.empty(0, dtype=np.int64)
        return self._met_lately.once(lambda: self._meeting(ground_m), ground_m.wkb)

    def _meeting(self, ground_m: BaseGeometry) -> Ints:
        near = self.edges_in_box(ground_m.bounds)
        shapely.prepare(ground_m)
        met: Ints = near[shapely.intersects(ground_m, self.lines(near))]
        met.flags.writeable = False
        return met

    @cached_property
    def _met_lately(self) -> Memory:
        """What met the last few grounds: a plan asks of its outer perimeter nine times."""
        return Memory(_GROUNDS_KEPT)

    def street(self, edge: int) -> str:
        """Name a street for people: its name or ref, else what kind of way it is."""
        name: str = self.names[self.name_index[edge]]
        if name:
            return name
        kind = RoadClass(int(self.road_class[edge])).name.lower().replace("_", " ")
        if kind == "service" and self.service[edge] not in (Service.NONE, Service.OTHER):
            kind = Service(int(self.service[edge])).name.lower().replace("_", " ")
        return f"unnamed {_PLAIN_KIND.get(kind, kind)}"

    def points_of(self, edges: Ints) -> tuple[Ints, Ints]:
        """Return the shape points of some edges laid end to end, and which of the edges (0..) owns each."""
        return _gather_parts(self.shape_start, edges)

    def shape(self, edge: int) -> tuple[Floats, Ints]:
        """Return the shape points (n, 2) in metres and their OSM node ids (n,)."""
        part = slice(self.shape_start[edge], self.shape_start[edge + 1])
        return self.shape_xy_m[part], self.shape_node[part]

    def at(self, edge: int, along_m: float) -> tuple[float, float]:
        """Return x, y in metres at a distance from the edge's ``u`` end, clamped to the edge."""
        first, last = self.shape_start[edge], self.shape_start[edge + 1] - 1
        place: tuple[float, float] = point_along(read_only(self.shape_xy_m), first, last, float(along_m))
        return place

    @cached_property
    def vehicle_ends(self) -> tuple[Ints, Ints, int]:
        """Ends of each edge with blocking barrier nodes taken apart, for undirected connectivity of vehicles.

        Returns
        -------
        u, v : (E,) int arrays
            Node indices; an end at a blocking barrier gets an index of its own, at or above ``node_count``.
        count : int
            Number of indices in use.
        """
        u, v = self.edge_u.copy(), self.edge_v.copy()
        count = self.node_count
        for ends in (u, v):
            at = np.flatnonzero(self.blocked_node[ends])
            ends[at] = count + np.arange(len(at))
            count += len(at)
        return u, v, count

    @cached_property
    def arc_tail(self) -> Ints:
        """Node at which each arc begins, (2E,)."""
        return np.concatenate([self.edge_u, self.edge_v])

    @cached_property
    def arc_head(self) -> Ints:
        """Node at which each arc ends, (2E,)."""
        return np.concatenate([self.edge_v, self.edge_u])

    @cached_property
    def _at_nodes(self) -> tuple[Ints, Ints]:
        """Arcs that end at each node: indptr (N + 1,) and arcs (2E,)."""
        found: tuple[Ints, Ints] = grouped(self.arc_head, self.node_count)
        return found

    def arcs_into(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Return the arcs that end at some nodes laid end to end, and which of the nodes (0..) owns each."""
        indptr, arcs = self._at_nodes
        rows, owner = _gather_parts(indptr, nodes)
        return arcs[rows], owner

    def edges_at(self, node: int) -> Ints:
        """Return the edges that end at a node, ascending."""
        return _each_once(self.arcs_to(node) % self.edge_count)

    def arcs_at(self, node: int) -> Ints:
        """Return the arcs that begin or end at a node."""
        into = self.arcs_to(node)
        return _each_once(np.concatenate([into, (into + self.edge_count) % (2 * self.edge_count)]))

    def arcs_to(self, node: int) -> Ints:
        """Return the arcs that end at a node, ascending."""
        indptr, arcs = self._at_nodes
        return arcs[indptr[node] : indptr[node + 1]]


# --- helpers ------------------------------------------------------------------------------------


_REMEDY = "Import the area again from its source file"


def _check_streets(streets: StreetArrays) -> None:
    n, e = len(streets.node_id), len(streets.edge_u)
    for name, kind in ((entry.name, str(entry.type)) for entry in fields(streets)):
        value = getattr(streets, name)
        if isinstance(value, np.ndarray):
            _check_array(name, kind, value, _expected_rows(name, n, e, len(streets.shape_node)))
    if e == 0:
        raise AreaError("the area has no streets", "Choose an extract with streets in it")
    for ends in (streets.edge_u, streets.edge_v):
        if ends.min() < 0 or ends.max() >= n:
            raise AreaError("a street ends at a junction that does not exist", _REMEDY)
    _check_junctions(streets)
    start = streets.shape_start
    if not _cuts(start, len(streets.shape_node)):
        raise AreaError("street shapes are cut wrongly", _REMEDY)
    if not (np.isfinite(streets.node_xy_m).all() and np.isfinite(streets.shape_xy_m).all()):
        raise AreaError("a street has a coordinate that is not a number", _REMEDY)
    if not _restrictions_fit(streets):
        raise AreaError("a turn restriction names a street that does not exist", _REMEDY)
    if streets.name_index.min() < 0 or streets.name_index.max() >= len(streets.names):
        raise AreaError("a street has a name that does not exist", _REMEDY)


def _check_junctions(streets: StreetArrays) -> None:
    """Refuse a junction of more streets than any has: each may turn into each, and all turns are laid out.

    What is compiled lays them out by 32-bit numbers, and would write beyond its arrays.
    """
    ends = np.concatenate([streets.edge_u, streets.edge_v])
    most = int(np.bincount(ends).max())
    if most > _MOST_AT_ONE:
        raise AreaError(
            f"{most} streets meet at one junction, of which {_MOST_AT_ONE} are the most that is taken",
            "Choose another map: this one is broken, or made up",
        )


def _check_array(name: str, kind: str, value: NDArray[Any], expected: int | None) -> None:
    if expected is not None and len(value) != expected:
        raise AreaError(f"street array {name} has {len(value)} rows, not {expected}", _REMEDY)
    if value.dtype != _FORMS[kind] or value.shape[1:] != ((2,) if name.endswith("_xy_m") else ()):
        raise AreaError(f"street array {name} is of another form: {value.dtype}", _REMEDY)
    if name in _CODES and not _are_codes(value, _CODES[name]):
        raise AreaError(f"street array {name} holds a code that means nothing", _REMEDY)
    if not _is_in_range(name, value):
        raise AreaError(f"street array {name} holds a value that no street has", _REMEDY)


def _is_in_range(name: str, value: NDArray[Any]) -> bool:
    """Whether values are such as a map can say; of a metro in a millisecond."""
    if value.dtype == np.bool_:  # as it lies in a file, a byte may hold more than 0 and 1
        value, low, high = value.view(np.uint8), 0, 1
    elif name in _RANGES:
        low, high = _RANGES[name]
    else:
        return True
    return not len(value) or bool(value.min() >= low and value.max() <= high)


def _cuts(start: Ints, count: int) -> bool:
    """Whether rows are cut into parts of two and more; differences of what lies beyond them might wrap."""
    if len(start) == 0 or start[0] != 0 or start[-1] != count or start.min() < 0 or start.max() > count:
        return False
    return not (np.diff(start) < 2).any()


def _are_codes(value: NDArray[np.uint8], codes: type[IntEnum]) -> bool:
    """Whether all values are codes: between the least and the largest, and in no gap; of a metro quickly."""
    known = sorted(int(code) for code in codes)
    if len(value) and not known[0] <= value.min() <= value.max() <= known[-1]:
        return False
    gaps = [(low, high) for low, high in pairwise(known) if high > low + 1]
    return not any(((value > low) & (value < high)).any() for low, high in gaps)


def _restrictions_fit(streets: StreetArrays) -> bool:
    start, edge = streets.restriction_start, streets.restriction_edge
    sizes = len(start) == streets.restriction_count + 1 and len(streets.restriction_ahead) == len(edge)
    if not sizes or not _cuts(start, len(edge)):
        return False
    return not len(edge) or bool(edge.min() >= 0 and edge.max() < streets.edge_count)


def _expected_rows(name: str, n: int, e: int, s: int) -> int | None:
    if name.startswith("restriction_"):
        return None
    if name == "shape_start":
        return e + 1
    if name.startswith("shape_"):
        return s
    return n if name.startswith("node_") else e


@njit(cache=True, nogil=True)
def _part_lengths(xy: Floats, start: Ints) -> Floats:  # pragma: no cover - compiled
    """Length of each part: how much further its last row lies than its first, along all rows.

    Sums go on from part to part, so that a length has the same last digit as ever.
    """
    lengths = np.empty(len(start) - 1)
    mark = first = 0.0
    for part in range(len(start) - 1):
        for k in range(start[part], start[part + 1]):
            if k > 0:
                mark += np.hypot(xy[k, 0] - xy[k - 1, 0], xy[k, 1] - xy[k - 1, 1])
            if k == start[part]:
                first = mark
        lengths[part] = mark - first
    return lengths


@njit(cache=True, nogil=True)
def _bounds(xy: Floats, start: Ints) -> Floats:  # pragma: no cover - compiled
    """Bounding box of each part: xmin, ymin, xmax, ymax."""
    bounds = np.empty((len(start) - 1, 4))
    for part in range(len(start) - 1):
        west, south = east, north = xy[start[part]]
        for k in range(start[part] + 1, start[part + 1]):
            x, y = xy[k]
            west, east = min(west, x), max(east, x)
            south, north = min(south, y), max(north, y)
        bounds[part] = west, south, east, north
    return bounds


def _gather_parts(start: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Rows of the chosen parts laid end to end, and which part (0..) owns each row."""
    sizes = start[chosen + 1] - start[chosen]
    owner = np.repeat(np.arange(len(chosen)), sizes)
    first = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) - first[owner] + start[chosen][owner], owner


def _each_once(few: Ints) -> Ints:
    """Return what ``np.unique`` does, in a tenth of its time for a handful."""
    return np.array(sorted(set(few.tolist())), dtype=np.int64)


def read_only(array: NDArray[_Kind]) -> NDArray[_Kind]:
    """Return an array that is read alone, as those are that a pack holds: what reads it is compiled once."""
    view = array.view()
    view.flags.writeable = False
    return view


@njit(cache=True, nogil=True)
def point_along(
    xy: Floats, first: int, last: int, along_m: float
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return the point at a distance along the line from its first row to its last, clamped to it."""
    mark = 0.0
    for row in range(first, last):
        x, y = xy[row, 0], xy[row, 1]
        dx, dy = xy[row + 1, 0] - x, xy[row + 1, 1] - y
        step = np.hypot(dx, dy)
        if step > 0 and along_m < mark + step:
            share = max(along_m - mark, 0.0) / step
            return x + share * dx, y + share * dy
        mark += step
    return xy[last, 0], xy[last, 1]

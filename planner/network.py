"""The street network as arrays: where streets run, who may drive them, how long it takes.

An *edge* is one stretch of an OSM way between two junctions, without direction; its shape keeps every OSM
node on it. An *arc* is one direction of an edge: arc ``e`` runs from ``edge_u[e]`` to ``edge_v[e]``, arc
``e + edge_count`` the other way. A closure is a boolean mask over edges; every search takes ``closed=``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.errors import AreaError
from planner.search import dijkstra
from planner.terms import (
    FIRST_BLOCKING_BARRIER,
    FIRST_FOOT_CLASS,
    Access,
    Barrier,
    RoadClass,
    Service,
    Travel,
)

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SNAP_REACH_M = 100.0
_TILE_M = 1000.0
_AT_END_M = 1e-3
_PLAIN_KIND = {"service": "service road", "unclassified": "road", "residential": "residential street"}


@dataclass(frozen=True)
class Snap:
    """A place on the network.

    Parameters
    ----------
    edge : int
        The edge it lies on.
    along_m : float
        Metres from the edge's ``u`` end along its shape.
    x_m, y_m : float
        The place itself, in the area's frame.
    offset_m : float
        How far the place that was asked for lies from the edge.
    """

    edge: int
    along_m: float
    x_m: float
    y_m: float
    offset_m: float


@dataclass(frozen=True, eq=False)
class Path:
    """A way along the network.

    Parameters
    ----------
    edges : (n,) int array
        Edges in order of travel, the first and last perhaps only in part.
    forward : (n,) bool array
        Whether each is travelled from ``u`` to ``v``.
    share : (n,) float array
        How much of each edge is travelled, 0..1. It is 0 for the edge on which a place lies exactly at a
        junction, when the way does not use that edge.
    span_m : (n, 2) float array
        From where to where each edge is travelled, in metres from its ``u`` end, lower first.
    xy_m : (k, 2) float array
        The line travelled.
    nodes : tuple of int
        OSM node ids passed, in order.
    time_s, length_m : float
        Sums over the edges travelled; ``time_s`` includes what is lost at the junctions passed.
    """

    edges: Ints
    forward: Bools
    share: Floats
    span_m: Floats
    xy_m: Floats
    nodes: tuple[int, ...]
    time_s: float
    length_m: float


@dataclass(frozen=True, eq=False)
class Timing:
    """How long one traveller takes.

    Parameters
    ----------
    arc_s : (2E,) float array
        Seconds along each arc; infinite where that traveller may not or cannot go.
    node_s : (N,) float array
        Seconds lost when passing *through* a junction (signals, gates); infinite at a barrier. A place on
        the street before the barrier can still be reached: only going on is barred.
    """

    arc_s: Floats
    node_s: Floats

    @property
    def open_edges(self) -> Bools:
        """Mask (E,) of edges that can be used in at least one direction."""
        along, against = np.split(np.isfinite(self.arc_s), 2)
        either: Bools = along | against
        return either

    def reversed(self) -> Timing:
        """Return the timing of the streets driven backwards: a search *from* a place becomes one *to* it."""
        along, against = np.split(self.arc_s, 2)
        return Timing(np.concatenate([against, along]), self.node_s)

    def weighted(self, factor: Floats, extra_s: Floats) -> Timing:
        """Return weights for a search that likes some edges less: both directions times (E,), plus (E,)."""
        return Timing(self.arc_s * np.tile(factor, 2) + np.tile(extra_s, 2), self.node_s)


@dataclass(frozen=True, eq=False, kw_only=True)
class StreetNetwork:
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
    width_m, maxspeed_kmh, maxheight_m : (E,) float64
        NaN = unknown.
    name_index : (E,) int64
        Into ``names``.
    shape_start : (E + 1,) int64
        Shape points of edge e are ``shape_start[e]:shape_start[e + 1]``, both ends included.
    shape_xy_m : (S, 2) float64
    shape_node : (S,) int64
        OSM node id of each shape point.
    restriction : (K, 5) int64
        from edge, via node, to edge, only (0/1), emergency exempt (0/1).
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
    name_index: Ints
    shape_start: Ints
    shape_xy_m: Floats
    shape_node: Ints
    restriction: Ints
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check lengths and ranges once, and make the arrays read-only."""
        _check_network(self)
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

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
        low = np.minimum.reduceat(self.shape_xy_m, self.shape_start[:-1])
        high = np.maximum.reduceat(self.shape_xy_m, self.shape_start[:-1])
        return np.hstack([low, high])

    def edges_in_box(self, box_m: tuple[float, float, float, float]) -> Ints:
        """Return the edges whose bounding boxes meet the box, ascending."""
        b = self.bounds_m
        xmin, ymin, xmax, ymax = box_m
        meets = (b[:, 0] <= xmax) & (b[:, 2] >= xmin) & (b[:, 1] <= ymax) & (b[:, 3] >= ymin)
        return np.flatnonzero(meets)

    def lines(self, edges: ArrayLike) -> NDArray[np.object_]:
        """Return the shapes of the given edges as shapely LineStrings in metres."""
        chosen = np.asarray(edges, dtype=np.int64)
        points, owner = _gather_parts(self.shape_start, chosen)
        if len(chosen) == 0:
            return np.empty(0, dtype=object)
        lines: NDArray[np.object_] = np.asarray(shapely.linestrings(self.shape_xy_m[points], indices=owner))
        return lines

    def edges_meeting(self, ground_m: BaseGeometry) -> Bools:
        """Mask of the edges that meet (touch, cross or lie in) a geometry in metres."""
        mask = self.no_closures()
        if ground_m.is_empty:
            return mask
        near = self.edges_in_box(ground_m.bounds)
        shapely.prepare(ground_m)
        mask[near] = shapely.intersects(ground_m, self.lines(near))
        return mask

    def street(self, edge: int) -> str:
        """Name a street for people: its name or ref, else what kind of way it is."""
        name: str = self.names[self.name_index[edge]]
        if name:
            return name
        kind = RoadClass(int(self.road_class[edge])).name.lower().replace("_", " ")
        if kind == "service" and self.service[edge] not in (Service.NONE, Service.OTHER):
            kind = Service(int(self.service[edge])).name.lower().replace("_", " ")
        return f"unnamed {_PLAIN_KIND.get(kind, kind)}"

    def shape(self, edge: int) -> tuple[Floats, Ints]:
        """Return the shape points (n, 2) in metres and their OSM node ids (n,)."""
        part = slice(self.shape_start[edge], self.shape_start[edge + 1])
        return self.shape_xy_m[part], self.shape_node[part]

    def at(self, edge: int, along_m: float) -> tuple[float, float]:
        """Return x, y in metres at a distance from the edge's ``u`` end, clamped to the edge."""
        xy, _ = self.shape(edge)
        steps = np.hypot(*np.diff(xy, axis=0).T)
        marks = np.concatenate([[0.0], np.cumsum(steps)])
        along = float(np.clip(along_m, 0.0, marks[-1]))
        return float(np.interp(along, marks, xy[:, 0])), float(np.interp(along, marks, xy[:, 1]))

    # --- travel times ---------------------------------------------------------------------------

    @cached_property
    def _csr(self) -> tuple[Ints, Ints, Ints]:
        """Arcs out of each node: indptr (N + 1,), head node (2E,), arc id (2E,)."""
        tail = np.concatenate([self.edge_u, self.edge_v])
        head = np.concatenate([self.edge_v, self.edge_u])
        order = np.argsort(tail, kind="stable")
        indptr = np.zeros(self.node_count + 1, dtype=np.int64)
        np.cumsum(np.bincount(tail, minlength=self.node_count), out=indptr[1:])
        return indptr, head[order], order

    @lru_cache(maxsize=8)  # noqa: B019 - networks live as long as the process does
    def timing(self, travel: Travel, travelling: Travelling) -> Timing:
        """Return how long each arc and junction takes a traveller.

        Parameters
        ----------
        travel : Travel
            Who travels.
        travelling : Travelling
            Speeds and delays, from doctrine (``domain.md`` 3.3).
        """
        if travel is Travel.FOOT:
            arc_s, node_s = _foot_times(self, travelling), np.zeros(self.node_count)
        else:
            arc_s, node_s = _arc_times(self, travel, travelling), _node_times(self, travel, travelling)
        arc_s.flags.writeable = node_s.flags.writeable = False
        return Timing(arc_s, node_s)

    @lru_cache(maxsize=8)  # noqa: B019
    def parts(self, travel: Travel, travelling: Travelling) -> Ints:
        """Return which strongly connected part of the streets each edge lies in, (E,).

        Within a part one can drive from anywhere to anywhere; parts are numbered by their length, the
        longest 0. -1: an edge that lies in none, as it leads only into a part or out of it, or is barred.
        """
        part = self.parts_left(travel, travelling, self.no_closures())
        part.flags.writeable = False
        return part

    def parts_left(self, travel: Travel, travelling: Travelling, closed: Bools) -> Ints:
        """Return, as :meth:`parts` does, into which parts the streets fall that are not closed, (E,)."""
        timing = self.timing(travel, travelling)
        tail = np.concatenate([self.edge_u, self.edge_v])
        head = np.concatenate([self.edge_v, self.edge_u])
        usable = np.isfinite(timing.arc_s) & np.isfinite(timing.node_s[tail]) & ~np.tile(closed, 2)
        usable = np.flatnonzero(usable)
        tail, head = tail[usable], head[usable]
        graph = csr_array((np.ones(len(usable)), (tail, head)), shape=(self.node_count, self.node_count))
        _, label = connected_components(graph, directed=True, connection="strong")
        inside = label[tail] == label[head]
        part = np.full(self.edge_count, -1, dtype=np.int64)
        part[usable[inside] % self.edge_count] = label[tail[inside]]
        within = np.flatnonzero(part >= 0)
        _, part[within] = np.unique(part[within], return_inverse=True)
        length_m = np.bincount(part[within], weights=self.length_m[within])
        rank = np.empty(len(length_m), dtype=np.int64)
        rank[np.lexsort((np.arange(len(length_m)), -length_m))] = np.arange(len(length_m))
        part[within] = rank[part[within]]
        return part

    def main_edges(self, travel: Travel, travelling: Travelling) -> Bools:
        """Mask of the edges in the area's longest strongly connected part for this traveller."""
        return np.asarray(self.parts(travel, travelling) == 0)

    def scene_edges(self, travel: Travel, travelling: Travelling, ground_m: BaseGeometry) -> Bools:
        """Mask of the edges in the part of the streets that a scene lies in.

        Snapping there keeps sites and routes off the thousands of fragments that real maps hold, and on the
        scene's own side of the water: the area's longest part may lie beyond it.

        Parameters
        ----------
        travel : Travel
        travelling : Travelling
        ground_m : geometry
            The scene and its surroundings: what the outer perimeter encloses.

        Returns
        -------
        (E,) bool array
            The strongly connected part with the greatest length on that ground; with none on it, the part
            nearest to it; the area's longest for a ground that is empty.
        """
        part = self.parts(travel, travelling)
        if ground_m.is_empty:
            return np.asarray(part == 0)
        near = np.flatnonzero(self.edges_meeting(ground_m) & (part >= 0))
        if len(near):
            on_it_m = shapely.length(shapely.intersection(self.lines(near), ground_m))
            return np.asarray(part == np.argmax(np.bincount(part[near], weights=on_it_m)))
        middle = ground_m.centroid
        (snap,) = self.snap([(middle.x, middle.y)], part >= 0)
        return self.no_closures() if snap is None else np.asarray(part == part[snap.edge])

    def snap(self, xy_m: ArrayLike, usable: Bools) -> list[Snap | None]:
        """Find the nearest place on a usable edge for each point.

        Parameters
        ----------
        xy_m : (n, 2) array
            Points in the frame.
        usable : (E,) bool
            Edges that may be chosen.

        Returns
        -------
        list of Snap or None
            None only where no edge is usable at all. Of edges equally near, the one of the lowest index.

        Raises
        ------
        AreaError
            If a point is not finite.
        """
        points = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
        if not np.isfinite(points).all():
            raise AreaError("a place to find on the streets is not a number", "Give places within the area")
        found: list[Snap | None] = [None] * len(points)
        count, reach = int(usable.sum()), _SNAP_REACH_M
        pending = np.arange(len(points) if count else 0)
        while len(pending):
            # Edges outside a tile's box lie further than `reach` from its points: nearer ones are proved.
            far: list[int] = []
            for members in _by_tile(points, pending, max(_TILE_M, reach)):
                snaps, proved_m = self._snap_near(points[members], usable, count, reach)
                for k, snap in zip(members.tolist(), snaps, strict=False):
                    found[k] = snap
                far += [k for k in members.tolist() if (s := found[k]) is None or s.offset_m > proved_m]
            pending, reach = np.array(sorted(far), dtype=np.int64), reach * 4
        return found

    def _snap_near(self, points: Floats, usable: Bools, count: int, reach: float) -> tuple[list[Snap], float]:
        """Snap among the usable edges within reach; and how far off an edge found is proved the nearest."""
        (xmin, ymin), (xmax, ymax) = points.min(axis=0), points.max(axis=0)
        near = self.edges_in_box((xmin - reach, ymin - reach, xmax + reach, ymax + reach))
        near = near[usable[near]]
        snaps = self._snap_among(points, near) if len(near) else []
        return snaps, math.inf if len(near) == count else reach

    def _snap_among(self, points: Floats, edges: Ints) -> list[Snap]:
        lines = self.lines(edges)
        tree = shapely.STRtree(lines)
        targets = shapely.points(points)
        # Beyond a corner both its edges are nearest, and the tree's own choice depends on what else it holds.
        (asked, found) = tree.query_nearest(targets, all_matches=True)
        chosen = np.full(len(points), len(edges))
        np.minimum.at(chosen, asked, found)
        along = shapely.line_locate_point(lines[chosen], targets)
        offset = shapely.distance(lines[chosen], targets)
        where = shapely.get_coordinates(shapely.line_interpolate_point(lines[chosen], along))
        return [
            Snap(int(edges[i]), float(a), float(x), float(y), float(o))
            for i, a, (x, y), o in zip(chosen, along, where, offset, strict=True)
        ]

    def times_from(self, start: Snap, timing: Timing, closed: Bools) -> tuple[Floats, Ints]:
        """Return seconds from a place to every node (N,), inf where unreachable, and the arc that led there.

        An arc at or above ``2 * edge_count`` marks a node where the search began.
        """
        return self._search(start, timing, closed, np.empty(0, np.int64), 0)

    def _search(
        self, start: Snap, timing: Timing, closed: Bools, targets: Ints, enough: int
    ) -> tuple[Floats, Ints]:
        """Search until ``enough`` of the target nodes are settled (0: until all streets are)."""
        nodes, costs, arcs = _leave(self, start, timing, closed)
        indptr, head, arc_of = self._csr
        wanted = np.zeros(self.node_count, dtype=np.bool_)
        wanted[targets] = True
        return dijkstra(
            indptr, head, arc_of, timing.arc_s, timing.node_s, closed, nodes, costs, arcs, wanted, enough
        )

    def times(self, starts: Sequence[Snap], ends: Sequence[Snap], timing: Timing, closed: Bools) -> Floats:
        """Return the matrix (starts, ends) of travel times in seconds, inf where there is no way."""
        table = np.full((len(starts), len(ends)), np.inf)
        for row, start in enumerate(starts):
            dist, _ = self.times_from(start, timing, closed)
            for column, end in enumerate(ends):
                table[row, column] = _arrive(self, start, end, timing, closed, dist)[0]
        return table

    def search(
        self,
        start: Snap,
        timing: Timing,
        closed: Bools,
        *,
        weights: Timing | None = None,
        ends: Sequence[Snap] | None = None,
    ) -> Search:
        """Search the best ways from one place.

        Parameters
        ----------
        start : Snap
            Where they begin.
        timing : Timing
            By which seconds are counted.
        closed : (E,) bool
            Edges that nobody may use.
        weights : Timing, optional
            What the search minimizes, when that is not the time; forbidden arcs as in ``timing``.
        ends : sequence of Snap, optional
            The only places that will be asked for: the search stops when all are reached.
        """
        weights = weights or timing
        last = np.array([end.edge for end in ends or ()], dtype=np.int64)
        at_ends = np.unique(np.concatenate([self.edge_u[last], self.edge_v[last]]))
        dist, via = self._search(start, weights, closed, at_ends, len(at_ends))
        return Search(self, start, timing, weights, closed, dist, via)

    def find_path(
        self, start: Snap, end: Snap, timing: Timing, closed: Bools, weights: Timing | None = None
    ) -> Path | None:
        """Return the best path between two places, or None where every way is closed; see :meth:`search`."""
        return self.search(start, timing, closed, weights=weights, ends=[end]).path(end)

    def first_reached(self, start: Snap, timing: Timing, closed: Bools, among: Ints) -> Snap | None:
        """Return the node, of those in ``among``, that is reached soonest; None where none can be.

        As a place on the edge by which it is reached: a way to it, or from it, uses that edge.
        """
        if len(among) == 0:
            return None
        dist, via = self._search(start, timing, closed, among, 1)
        best = int(among[np.argmin(dist[among])])
        return self.at_node(best, [via[best] % self.edge_count]) if np.isfinite(dist[best]) else None

    def at_node(self, node: int, edges: ArrayLike) -> Snap | None:
        """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
        chosen = np.asarray(edges, dtype=np.int64)
        meets = chosen[(self.edge_u[chosen] == node) | (self.edge_v[chosen] == node)]
        if len(meets) == 0:
            return None
        edge = int(meets[0])
        along_m = 0.0 if self.edge_u[edge] == node else float(self.length_m[edge])
        x_m, y_m = self.node_xy_m[node]
        return Snap(edge, along_m, float(x_m), float(y_m), 0.0)

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


@dataclass(frozen=True, eq=False)
class Search:
    """The best ways from one place, searched once, to be asked for many; made by ``StreetNetwork.search``.

    Parameters
    ----------
    network, start, timing, weights, closed
        As searched.
    cost : (N,) float array
        By the weights, to each node; infinite where there is no way.
    via : (N,) int array
        The arc by which each node was reached.
    """

    network: StreetNetwork
    start: Snap
    timing: Timing
    weights: Timing
    closed: Bools
    cost: Floats
    via: Ints

    def time_s(self, end: Snap) -> float:
        """Return the seconds to a place by the best way, inf where there is none."""
        arcs = self._arcs(end)
        if arcs is None:
            return math.inf
        return _time_along(self.network, arcs, _spans(self.network, self.start, end, arcs)[1], self.timing)

    def path(self, end: Snap) -> Path | None:
        """Return the best path to a place, or None where every way is closed."""
        arcs = self._arcs(end)
        return None if arcs is None else _path(self.network, self.start, end, arcs, self.timing)

    def at_node(self, node: int) -> Snap:
        """Return a node that was reached as a place on the edge by which it was reached."""
        place = self.network.at_node(node, [self.via[node] % self.network.edge_count])
        assert place is not None
        return place

    def _arcs(self, end: Snap) -> Ints | None:
        cost, last_arc = _arrive(self.network, self.start, end, self.weights, self.closed, self.cost)
        return _trace_back(self.network, self.start, end, last_arc, self.via) if np.isfinite(cost) else None


# --- helpers ------------------------------------------------------------------------------------


def _check_network(network: StreetNetwork) -> None:
    n, e = len(network.node_id), len(network.edge_u)
    remedy = "Import the area again from its source file"
    for entry in fields(network):
        value = getattr(network, entry.name)
        if not isinstance(value, np.ndarray):
            continue
        expected = _expected_rows(entry.name, n, e, len(network.shape_node))
        if expected is not None and len(value) != expected:
            raise AreaError(f"street array {entry.name} has {len(value)} rows, not {expected}", remedy)
    if e == 0:
        raise AreaError("the area has no streets", "Choose an extract with streets in it")
    for ends in (network.edge_u, network.edge_v):
        if ends.min() < 0 or ends.max() >= n:
            raise AreaError("a street ends at a junction that does not exist", remedy)
    start = network.shape_start
    if start[0] != 0 or start[-1] != len(network.shape_node) or (np.diff(start) < 2).any():
        raise AreaError("street shapes are cut wrongly", remedy)
    if not (np.isfinite(network.node_xy_m).all() and np.isfinite(network.shape_xy_m).all()):
        raise AreaError("a street has a coordinate that is not a number", remedy)
    if network.name_index.min() < 0 or network.name_index.max() >= len(network.names):
        raise AreaError("a street has a name that does not exist", remedy)


def _expected_rows(name: str, n: int, e: int, s: int) -> int | None:
    if name == "restriction":
        return None
    if name == "shape_start":
        return e + 1
    if name.startswith("shape_"):
        return s
    return n if name.startswith("node_") else e


def _part_lengths(xy: Floats, start: Ints) -> Floats:
    steps = np.hypot(*np.diff(xy, axis=0).T)
    marks = np.concatenate([[0.0], np.cumsum(steps)])
    lengths: Floats = marks[start[1:] - 1] - marks[start[:-1]]
    return lengths


def _by_tile(points: Floats, chosen: Ints, side_m: float) -> list[Ints]:
    """Group the chosen points by square tiles, so that few far apart do not ask for all between them."""
    _, tile = np.unique(np.floor(points[chosen] / side_m), axis=0, return_inverse=True)
    order = np.argsort(tile.ravel(), kind="stable")
    cuts = np.flatnonzero(np.diff(tile.ravel()[order])) + 1
    return np.split(chosen[order], cuts)


def _gather_parts(start: Ints, chosen: Ints) -> tuple[Ints, Ints]:
    """Rows of the chosen parts laid end to end, and which part (0..) owns each row."""
    sizes = start[chosen + 1] - start[chosen]
    owner = np.repeat(np.arange(len(chosen)), sizes)
    first = np.cumsum(sizes) - sizes
    return np.arange(sizes.sum()) - first[owner] + start[chosen][owner], owner


def _arc_times(network: StreetNetwork, travel: Travel, travelling: Travelling) -> Floats:
    speed_kmh = travelling.speeds_kmh(network.road_class, network.maxspeed_kmh)
    seconds = network.length_m / (speed_kmh / 3.6)
    passable = _passable(network, travel, travelling)
    along = passable & (network.oneway >= 0)
    against = passable & (network.oneway <= 0)
    along_s, against_s = np.where(along, seconds, np.inf), np.where(against, seconds, np.inf)
    if travel is Travel.EMERGENCY:
        contraflow_s = _contraflow_times(network, speed_kmh, passable, travelling)
        along_s, against_s = np.fmin(along_s, contraflow_s), np.fmin(against_s, contraflow_s)
    return np.concatenate([along_s, against_s])


def _contraflow_times(
    network: StreetNetwork, speed_kmh: Floats, passable: Bools, travelling: Travelling
) -> Floats:
    """Seconds against a oneway: slowly; never on motorways, roundabouts or where traffic is fast [ORS]."""
    barred = np.isin(network.road_class, (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)) | network.roundabout
    allowed = passable & ~barred & (speed_kmh <= travelling.contraflow_max_kmh)
    crawl_kmh = np.fmin(speed_kmh, travelling.contraflow_kmh)
    return np.where(allowed, network.length_m / (crawl_kmh / 3.6), np.inf)


def _node_times(network: StreetNetwork, travel: Travel, travelling: Travelling) -> Floats:
    gate = _is_gate(network)
    delay = np.where(network.node_signal, travelling.signal_s(travel), 0.0)
    delay += np.where(gate, travelling.gate_s, 0.0)
    delay[network.blocked_node] = np.inf
    if travel is Travel.PUBLIC:
        delay[gate & np.isin(network.node_access, (Access.NO, Access.PRIVATE))] = np.inf
    return delay


def _is_gate(network: StreetNetwork) -> Bools:
    return np.isin(network.node_barrier, (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE))


def _passable(network: StreetNetwork, travel: Travel, travelling: Travelling) -> Bools:
    if travel is Travel.EMERGENCY:
        low = network.maxheight_m < travelling.ambulance_height_m  # False where the height is unknown
        return network.drivable & (network.emergency >= 0) & ~low
    barred = np.isin(network.access, (Access.NO, Access.PRIVATE, Access.PERMIT))
    barred |= network.service == Service.EMERGENCY_ACCESS
    barred |= network.road_class == RoadClass.BUSWAY
    return network.drivable & ~barred


def _foot_times(network: StreetNetwork, travelling: Travelling) -> Floats:
    no_foot = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)
    walkable = ~np.isin(network.road_class, no_foot) & (network.foot_access != Access.NO)
    seconds = np.where(walkable, network.length_m / (travelling.walking_kmh / 3.6), np.inf)
    return np.concatenate([seconds, seconds])


def _leave(network: StreetNetwork, start: Snap, timing: Timing, closed: Bools) -> tuple[Ints, Floats, Ints]:
    """Where one can be first after leaving a place: end nodes, seconds, arcs."""
    edge, count = start.edge, network.edge_count
    if closed[edge]:
        return np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    part = _share(network, start)
    nodes = np.array([network.edge_v[edge], network.edge_u[edge]])
    arcs = np.array([edge, edge + count])
    costs = _part_time(timing.arc_s[arcs], np.array([1.0 - part, part]))
    good = np.isfinite(costs)
    return nodes[good], costs[good], arcs[good]


def _part_time(arc_s: Floats, share: Floats) -> Floats:
    """Seconds for a share of each arc: none of a forbidden arc is allowed, and takes no time."""
    seconds = np.zeros(np.shape(share))
    # 0 * inf is not a number, so only the arcs used are multiplied.
    np.multiply(arc_s, share, out=seconds, where=np.greater(share, 0.0))
    return seconds


def _share(network: StreetNetwork, place: Snap) -> float:
    """How far along its edge a place lies, 0..1; exactly 0 or 1 within a millimetre of an end."""
    length = float(network.length_m[place.edge])
    if place.along_m <= _AT_END_M:
        return 0.0
    return 1.0 if place.along_m >= length - _AT_END_M else place.along_m / length


def _arrive(
    network: StreetNetwork, start: Snap, end: Snap, timing: Timing, closed: Bools, dist: Floats
) -> tuple[float, int]:
    """Seconds to a place, and the arc on which one arrives (-1: straight along the start's own edge)."""
    edge, count = end.edge, network.edge_count
    if closed[edge]:
        return np.inf, -1
    part = _share(network, end)
    arcs, nodes = np.array([edge, edge + count]), np.array([network.edge_u[edge], network.edge_v[edge]])
    costs = dist[nodes] + timing.node_s[nodes] + _part_time(timing.arc_s[arcs], np.array([part, 1.0 - part]))
    options = [(float(cost), int(arc)) for cost, arc in zip(costs, arcs, strict=True)]
    if start.edge == edge:
        step = part - _share(network, start)
        arc = edge if step >= 0 else edge + count
        options.append((float(_part_time(timing.arc_s[arc], np.abs(step))), -1))
    return min(options)


def _trace_back(network: StreetNetwork, start: Snap, end: Snap, last_arc: int, via: Ints) -> Ints:
    count = network.edge_count
    if last_arc < 0:
        forward = end.along_m >= start.along_m
        return np.array([start.edge if forward else start.edge + count])
    arcs = [last_arc]
    node = _tail(network, last_arc)
    while via[node] < 2 * count:  # arcs beyond mark a seed: the place where the search began
        arcs.append(int(via[node]))
        node = _tail(network, int(via[node]))
    arcs.append(int(via[node]) - 2 * count)
    return np.array(arcs[::-1])


def _path(network: StreetNetwork, start: Snap, end: Snap, arcs: Ints, timing: Timing) -> Path:
    edges, forward = arcs % network.edge_count, arcs < network.edge_count
    spans, share = _spans(network, start, end, arcs)
    points: list[Floats] = []
    nodes: list[int] = []
    for edge, ahead, (low, high) in zip(edges, forward, spans, strict=True):
        xy, ids = _stretch(network, int(edge), low, high)
        points.append(xy if ahead else xy[::-1])
        nodes.extend((ids if ahead else ids[::-1]).tolist())
    line = np.vstack(points)
    line = line[np.concatenate([[True], (np.diff(line, axis=0) != 0).any(axis=1)])]
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    passed = tuple(k for i, k in enumerate(nodes) if i == 0 or nodes[i - 1] != k)
    return Path(edges, forward, share, spans, line, passed, _time_along(network, arcs, share, timing), length)


def _spans(network: StreetNetwork, start: Snap, end: Snap, arcs: Ints) -> tuple[Floats, Floats]:
    """From where to where each arc's edge is travelled (n, 2) in metres from u, and the share of it (n,)."""
    edges, forward = arcs % network.edge_count, arcs < network.edge_count
    spans = np.column_stack([np.zeros(len(arcs)), network.length_m[edges]])
    from_share, to_share = np.zeros(len(arcs)), np.ones(len(arcs))
    first, last = _share(network, start), _share(network, end)
    spans[0, 0 if forward[0] else 1] = start.along_m
    from_share[0] = first if forward[0] else 1.0 - first
    spans[-1, 1 if forward[-1] else 0] = end.along_m
    to_share[-1] = last if forward[-1] else 1.0 - last
    return spans, to_share - from_share


def _time_along(network: StreetNetwork, arcs: Ints, share: Floats, timing: Timing) -> float:
    edges = arcs % network.edge_count
    tails = np.where(arcs < network.edge_count, network.edge_u[edges], network.edge_v[edges])
    return float(_part_time(timing.arc_s[arcs], share).sum() + timing.node_s[tails[1:]].sum())


def _tail(network: StreetNetwork, arc: int) -> int:
    """Node at which an arc begins."""
    count = network.edge_count
    return int(network.edge_u[arc] if arc < count else network.edge_v[arc - count])


def _stretch(network: StreetNetwork, edge: int, low_m: float, high_m: float) -> tuple[Floats, Ints]:
    """Points of an edge between two distances from u, and ids of the OSM nodes among them."""
    xy, ids = network.shape(edge)
    if low_m <= 0.0 and high_m >= network.length_m[edge]:
        return xy, ids
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    within = (marks >= low_m - 1e-6) & (marks <= high_m + 1e-6)
    line = np.vstack([network.at(edge, low_m), xy[within], network.at(edge, high_m)])
    return line, ids[within]

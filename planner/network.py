"""The street network: who may drive where, how long it takes, which way is best.

A closure is a boolean mask over edges; every search takes ``closed=``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.search import dijkstra
from planner.snapping import Snap, at_node, snap
from planner.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.terms import Travel
from planner.timing import Timing, find_timing

__all__ = ["Bools", "Floats", "Ints", "Path", "Search", "Snap", "StreetNetwork", "Timing"]

_AT_END_M = 1e-3


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


class StreetNetwork(StreetArrays):
    """The streets of an area, and the ways along them."""

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
        """Return how long each arc and junction takes; see :func:`~planner.timing.find_timing`."""
        return find_timing(self, travel, travelling)

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
        """Find the nearest place on a usable edge for each point, see :func:`~planner.snapping.snap`."""
        return snap(self, xy_m, usable)

    def at_node(self, node: int, edges: ArrayLike) -> Snap | None:
        """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
        return at_node(self, node, edges)

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

"""The ways of an area, stretch by stretch in OSM ids: what an outside checker would build from raw OSM.

A *segment* joins two consecutive OSM nodes of one way. Connectivity comes from the OSM node ids alone, not
from the junctions and edges that plans are made on, so that a fault there cannot hide itself here.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from planner.network import StreetNetwork

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RawStreets:
    """All segments of an area, (G,).

    Parameters
    ----------
    network : StreetNetwork
        Whose tags they carry.
    edge : (G,) int array
        The edge each belongs to: for its tags only.
    node : (G, 2) int array
        OSM ids of the two ends.
    xy_m : (G, 2, 2) float array
        Places of the two ends in the frame.
    """

    network: StreetNetwork
    edge: Ints
    node: Ints
    xy_m: Floats

    @classmethod
    def of(cls, network: StreetNetwork) -> RawStreets:
        """Take the edges of a network apart."""
        start = network.shape_start
        first = np.ones(len(network.shape_node), dtype=bool)
        first[start[1:] - 1] = False  # the last shape point of an edge begins no segment
        a = np.flatnonzero(first)
        edge = np.repeat(np.arange(network.edge_count), np.diff(start))[a]
        node = np.column_stack([network.shape_node[a], network.shape_node[a + 1]])
        xy = np.stack([network.shape_xy_m[a], network.shape_xy_m[a + 1]], axis=1)
        return cls(network, edge, node, xy)

    @cached_property
    def drivable(self) -> Bools:
        """Segments that count as drivable by the contract, (G,)."""
        return self.network.drivable[self.edge]

    @cached_property
    def length_m(self) -> Floats:
        """Length of each segment, (G,)."""
        step = self.xy_m[:, 1] - self.xy_m[:, 0]
        return np.asarray(np.hypot(step[:, 0], step[:, 1]))

    @cached_property
    def bounds_m(self) -> Floats:
        """Bounding box of each segment, (G, 4)."""
        return np.hstack([self.xy_m.min(axis=1), self.xy_m.max(axis=1)])

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """Ends as indices on foot, and in a vehicle, where a blocking barrier takes the ways apart."""
        ids, index = np.unique(self.node, return_inverse=True)
        on_foot = index.reshape(-1, 2).astype(np.int64)
        barred = np.isin(ids, self.network.node_id[self.network.blocked_node])
        driven = on_foot.copy()
        at = barred[on_foot]
        driven[at] = len(ids) + np.arange(int(at.sum()))
        return on_foot, driven

    def lines(self, segments: Ints) -> NDArray[np.object_]:
        """Return segments as shapely lines in metres."""
        return np.asarray(shapely.linestrings(self.xy_m[segments]))

    def meeting(self, ground_m: BaseGeometry, among: Bools) -> Ints:
        """Return the segments, of those asked about, that meet a geometry in metres."""
        if ground_m.is_empty:
            return np.empty(0, dtype=np.int64)
        xmin, ymin, xmax, ymax = ground_m.bounds
        b = self.bounds_m
        near = among & (b[:, 0] <= xmax) & (b[:, 2] >= xmin) & (b[:, 1] <= ymax) & (b[:, 3] >= ymin)
        chosen = np.flatnonzero(near)
        shapely.prepare(ground_m)
        return chosen[shapely.intersects(ground_m, self.lines(chosen))]

    def flood(self, sources: Ints, usable: Bools, *, on_foot: bool = False) -> Bools:
        """Mask of the segments that can be reached from the sources over usable segments, either way."""
        ends = self._ends[0 if on_foot else 1]
        count = int(ends.max()) + 1 if len(ends) else 0
        u, v = ends[usable].T
        graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        wet = np.zeros(count, dtype=bool)
        wet[np.unique(label[ends[sources[usable[sources]]]])] = True
        return usable & wet[label[ends[:, 0]]]

    # --- by OSM ids -----------------------------------------------------------------------------

    @cached_property
    def _by_way(self) -> tuple[Ints, Ints]:
        way = self.network.way_id[self.edge]
        order = np.argsort(way, kind="stable")
        return way[order], order

    def of_way(self, way: int) -> Ints:
        """Return the segments of one OSM way."""
        ways, order = self._by_way
        low, high = np.searchsorted(ways, [way, way + 1])
        return order[low:high]

    def stretch(self, way: int, start: int, end: int) -> Ints | None:
        """Return the segments of a way between two of its nodes, or None where the map has no such stretch.

        The shorter side of a way that closes on itself; all of a loop where both nodes are one.
        """
        segments = self.of_way(way)
        if start == end:
            loops = {int(e) for e in np.unique(self.edge[segments]) if self._loops_at(int(e), start)}
            found = segments[np.isin(self.edge[segments], sorted(loops))]
            return found if len(found) else None
        links: dict[int, list[tuple[int, int]]] = {}
        for k in segments.tolist():
            a, b = self.node[k].tolist()
            links.setdefault(a, []).append((b, k))
            links.setdefault(b, []).append((a, k))
        return self._shortest(links, start, end)

    def _loops_at(self, edge: int, node: int) -> bool:
        _, nodes = self.network.shape(edge)
        return int(nodes[0]) == int(nodes[-1]) == node

    def _shortest(self, links: dict[int, list[tuple[int, int]]], start: int, end: int) -> Ints | None:
        via: dict[int, tuple[int, int]] = {}
        heap = [(0.0, start, -1, -1)]
        while heap:
            far, node, before, segment = heapq.heappop(heap)
            if node in via:
                continue
            via[node] = before, segment
            if node == end:
                break
            for other, k in links.get(node, []):
                heapq.heappush(heap, (far + float(self.length_m[k]), other, node, k))
        if end not in via:
            return None
        found = []
        while end != start:
            end, k = via[end]
            found.append(k)
        return np.array(found, dtype=np.int64)

    @cached_property
    def _by_pair(self) -> tuple[Ints, Ints, Ints]:
        low, high = np.sort(self.node, axis=1).T
        order = np.lexsort((high, low))
        return low[order], high[order], order

    def joining(self, a: int, b: int) -> Ints:
        """Return every segment that joins two OSM nodes, of whichever way."""
        low, high, order = self._by_pair
        first, last = min(a, b), max(a, b)
        i, j = np.searchsorted(low, [first, first + 1])
        part = order[i:j]
        return np.asarray(part[high[i:j] == last])

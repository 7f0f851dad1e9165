"""The ways of an area, stretch by stretch in OSM ids: what an outside checker would build from raw OSM.

A *segment* joins two consecutive OSM nodes of one way. Connectivity comes from the OSM node ids alone, not
from the junctions and edges that plans are made on, so that a fault there cannot hide itself here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from planner.streets.network import StreetNetwork

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

    def names(self, segments: Ints) -> list[str]:
        """Return the streets that segments belong to, each once, in order of name."""
        return sorted({self.network.street(int(edge)) for edge in self.edge[segments]})

    def near(self, ground_m: BaseGeometry) -> Bools:
        """Mask of the segments whose bounding boxes meet that of a geometry in metres, (G,)."""
        if ground_m.is_empty:
            return np.zeros(len(self.edge), dtype=bool)
        xmin, ymin, xmax, ymax = ground_m.bounds
        b = self.bounds_m
        return np.asarray((b[:, 0] <= xmax) & (b[:, 2] >= xmin) & (b[:, 1] <= ymax) & (b[:, 3] >= ymin))

    def meeting(self, ground_m: BaseGeometry, among: Bools) -> Ints:
        """Return the segments, of those asked about, that meet a geometry in metres."""
        chosen = np.flatnonzero(among & self.near(ground_m))
        shapely.prepare(ground_m)
        return chosen[shapely.intersects(ground_m, self.lines(chosen))]

    def flood(self, sources: Ints, usable: Bools, *, on_foot: bool = False) -> Bools:
        """Mask of the segments that can be reached from the sources over usable segments, either way."""
        chosen = np.flatnonzero(usable)
        nodes, ends = np.unique(self._ends[0 if on_foot else 1][chosen], return_inverse=True)
        u, v = ends.reshape(-1, 2).T
        graph = coo_array((np.ones(len(u), dtype=np.int8), (u, v)), shape=(len(nodes), len(nodes)))
        _, label = connected_components(graph, directed=False)
        wet = np.zeros(len(nodes), dtype=bool)
        wet[label[u[np.isin(chosen, sources)]]] = True
        reached = np.zeros(len(usable), dtype=bool)
        reached[chosen] = wet[label[u]]
        return reached

    def cut_at(self, cuts: Sequence[tuple[int, float]], among: Bools) -> RawStreets:
        """Return some of the streets, with segments cut in two where somebody stands.

        Parameters
        ----------
        cuts : sequence of (int, float)
            Segment, and where along it: 0 at its first end, 1 at its second.
        among : (G,) bool array
            Segments to keep: the streets around, rather than a whole city.

        Returns
        -------
        RawStreets
            Without those segments, and at the end with their pieces, which do not join where they were cut:
            each cut has two nodes of its own, numbered below zero.
        """
        along: dict[int, list[float]] = {}
        for segment, share in cuts:
            if among[segment]:
                along.setdefault(segment, []).append(min(1.0, max(0.0, share)))
        whole = among.copy()
        whole[list(along)] = False
        edge, node, xy = [self.edge[whole]], [self.node[whole]], [self.xy_m[whole]]
        fresh = -self.lowest  # roads seen in the field have nodes below 0 too
        for segment, shares in sorted(along.items()):
            marks = np.array([0.0, *sorted(shares), 1.0])
            names = -1 - fresh - np.arange(2 * len(shares))
            fresh += len(names)
            start, end = self.xy_m[segment]
            spots = start + marks[:, None] * (end - start)
            ends = np.concatenate([self.node[segment, :1], names, self.node[segment, 1:]])
            edge.append(np.full(len(shares) + 1, self.edge[segment]))
            node.append(ends.reshape(-1, 2))
            xy.append(np.stack([spots[:-1], spots[1:]], axis=1))
        return RawStreets(self.network, np.concatenate(edge), np.concatenate(node), np.concatenate(xy))

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

    @cached_property
    def lowest(self) -> int:
        """The least id of a node, 0 where none is below it."""
        return min(0, int(self.node.min()))

    def stretch(self, way: int, start: int, end: int) -> Ints | None:
        """Return the segments of a way from one of its nodes to another, in the order of OSM.

        Where the way passes a node twice, the fewest segments between the two; a loop where both nodes are
        one. None where the map has no such stretch.
        """
        segments = self.of_way(way)
        best: Ints | None = None
        for run in np.split(segments, np.flatnonzero(self._breaks(segments)) + 1):
            nodes = np.append(self.node[run, 0], self.node[run[-1:], 1])
            for i in np.flatnonzero(nodes == start):
                for j in np.flatnonzero(nodes == end):
                    low, high = min(i, j), max(i, j)
                    if low < high and (best is None or high - low < len(best)):
                        best = run[low:high]
        return best

    def _breaks(self, segments: Ints) -> Bools:
        """Whether a way is interrupted after each of its segments but the last: it leaves the map there."""
        return np.asarray(self.node[segments[:-1], 1] != self.node[segments[1:], 0])

    @cached_property
    def _by_pair(self) -> tuple[Ints, Ints, Ints]:
        low, high = np.sort(self.node, axis=1).T
        order = np.lexsort((high, low))
        return low[order], high[order], order

    @cached_property
    def _by_node(self) -> tuple[Ints, Ints]:
        nodes = self.node.ravel()
        order = np.argsort(nodes, kind="stable")
        return nodes[order], order

    def ends_at(self, node: int) -> Floats:
        """Return where the segments' ends at one OSM node lie, (k, 2) in metres: none where none is there."""
        nodes, order = self._by_node
        low, high = np.searchsorted(nodes, [node, node + 1])
        return self.xy_m.reshape(-1, 2)[order[low:high]]

    def joining(self, a: int, b: int) -> Ints:
        """Return every segment that joins two OSM nodes, of whichever way."""
        low, high, order = self._by_pair
        first, last = min(a, b), max(a, b)
        i, j = np.searchsorted(low, [first, first + 1])
        part = order[i:j]
        return np.asarray(part[high[i:j] == last])

"""How far it is along the streets around one scene, and where there is more than one way out.

Only the streets in a box about the scene are looked at, so that the size of the city does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.grouping import grouped
from planner.streets.heap import pop, push
from planner.streets.joined import joined, looped
from planner.streets.network import Snap, StreetNetwork
from planner.streets.ticking import numbered

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distances:
    """Metres along open streets from the nearest of several places.

    Parameters
    ----------
    network : StreetNetwork
    nodes : (n,) int array
        Ends of the streets that may be used and of the starts', ascending.
    node_m : (n + 1,) float array
        To each of these; infinite where no open street leads. The last row is for every other node.
    nearest : (n + 1,) int array
        Which of the places it is, -1 where none.
    via : (n + 1,) int array
        The arc by which the way comes to each node; -1 next to its start, and where there is none.
    starts : tuple of Snap
        The places, on streets that may be used.
    arcs : (k,) int array
        Those that may be used, ascending.
    """

    network: StreetNetwork
    nodes: Ints
    node_m: Floats
    nearest: Ints
    via: Ints
    starts: tuple[Snap, ...]
    arcs: Ints

    @cached_property
    def _starts_on(self) -> dict[int, list[int]]:
        """The starts on each street that has any."""
        found: dict[int, list[int]] = {}
        for k, start in enumerate(self.starts):
            found.setdefault(start.edge, []).append(k)
        return found

    def to(self, place: Snap) -> tuple[float, int]:
        """Return metres to a place on an open street, and from which of the starts."""
        metres, nearest = self.to_all([place])
        return float(metres[0]), int(nearest[0])

    def edges_to(self, place: Snap) -> Ints:
        """Return the streets of the way to a place, from its end to the start, its own street first."""
        network = self.network
        u, v = int(network.edge_u[place.edge]), int(network.edge_v[place.edge])
        row_u, row_v = self._rows(np.array([u, v])).tolist()
        by_u = float(self.node_m[row_u]) + place.along_m
        by_v = float(self.node_m[row_v]) + float(network.length_m[place.edge]) - place.along_m
        row, edges = (row_u if by_u <= by_v else row_v), [place.edge]
        if self.to(place)[0] < min(by_u, by_v):
            return np.array(edges, dtype=np.int64)
        while (arc := int(self.via[row])) >= 0:
            edges.append(arc % network.edge_count)
            row = int(self._before[row])
        return np.array(edges, dtype=np.int64)

    @cached_property
    def _before(self) -> Ints:
        """The row of the node from which the way comes to each."""
        return self._rows(self.network.arc_tail[self.via])

    def to_all(self, places: Sequence[Snap]) -> tuple[Floats, Ints]:
        """Return metres to each of many places, and from which of the starts."""
        edge = np.array([place.edge for place in places], dtype=np.int64)
        along_m = np.array([place.along_m for place in places], dtype=np.float64)
        u, v = self._rows(self.network.edge_u[edge]), self._rows(self.network.edge_v[edge])
        by_u, by_v = self.node_m[u] + along_m, self.node_m[v] + self.network.length_m[edge] - along_m
        nearer = by_u <= by_v
        metres = np.where(nearer, by_u, by_v)
        nearest = np.where(nearer, self.nearest[u], self.nearest[v])
        for row in [row for row, own in enumerate(edge.tolist()) if own in self._starts_on]:
            for k in self._starts_on[int(edge[row])]:  # along one street one passes no end of it
                onward_m = float(along_m[row]) - self.starts[k].along_m
                arc = int(edge[row]) + (0 if onward_m >= 0 else self.network.edge_count)
                direct_m = self.starts[k].offset_m + abs(onward_m)
                if direct_m < metres[row] and _among(self.arcs, np.array([arc]))[0]:
                    metres[row], nearest[row] = direct_m, k
        return metres, nearest

    def leaves_out(self, nodes: Ints) -> Bools:
        """Tell which nodes are ends of streets that may be used, and no start leads to."""
        rows = self._rows(nodes)
        return (rows < len(self.nodes)) & ~np.isfinite(self.node_m[rows])

    def _rows(self, nodes: Ints) -> Ints:
        """Return the rows of some nodes."""
        at, count = np.searchsorted(self.nodes, nodes), len(self.nodes)
        return np.where(self.nodes[np.minimum(at, count - 1)] == nodes, at, count) if count else at


def distances_from(network: StreetNetwork, starts: Sequence[Snap], edges: Ints, arc_open: Bools) -> Distances:
    """Measure from the nearest of several places along some of the streets.

    Parameters
    ----------
    network : StreetNetwork
    starts : sequence of Snap
        Each on any street: one comes to it over its ``offset_m``, and leaves it towards both ends.
    edges : (k,) int array
        Streets that may be used, ascending.
    arc_open : (2E,) bool array
        Directions that may be used.
    """
    arcs = np.concatenate([edges, edges + network.edge_count])
    arcs = arcs[arc_open[arcs]]
    first = np.array([start.edge for start in starts], dtype=np.int64)
    along_m = np.array([start.along_m for start in starts], dtype=np.float64)
    off_m = np.array([start.offset_m for start in starts], dtype=np.float64)
    begins = np.concatenate([network.edge_u[first], network.edge_v[first]])
    tail, head = network.arc_tail[arcs], network.arc_head[arcs]
    nodes, (tail, head, seeds) = numbered(tail, head, begins)
    first_of, by_tail = grouped(tail, len(nodes))
    own = np.arange(len(starts))
    node_mm, nearest, via = spread(
        first_of,
        head[by_tail],
        by_tail,
        _mm(network.length_m[np.where(arcs < network.edge_count, arcs, arcs - network.edge_count)]),
        seeds,
        np.concatenate([_mm(off_m + along_m), _mm(off_m + network.length_m[first] - along_m)]),
        np.concatenate([own, own]),
    )
    node_m = np.append(np.where(nearest >= 0, node_mm / 1000, np.inf), np.inf)
    by_arc = np.append(np.where(via >= 0, np.append(arcs, -1)[via], -1), -1)
    return Distances(network, nodes, node_m, np.append(nearest, -1), by_arc, tuple(starts), arcs)


def _mm(metres: Floats) -> Ints:
    return np.rint(metres * 1000).astype(np.int64)


def _among(ascending: Ints, asked: Ints) -> Bools:
    """Tell which of some numbers are in an ascending array: what ``np.isin`` does, without sorting it."""
    if not len(ascending):
        return np.zeros(len(asked), dtype=bool)
    at = np.minimum(np.searchsorted(ascending, asked), len(ascending) - 1)
    return np.asarray(ascending[at] == asked)


@njit(cache=True)
def spread(
    indptr: Ints,
    head: Ints,
    arc_of: Ints,
    arc_mm: Ints,
    seed_node: Ints,
    seed_mm: Ints,
    seed_start: Ints,
) -> tuple[Ints, Ints, Ints]:  # pragma: no cover - compiled
    """Millimetres to every node from the nearest start, which that is, and by which arc (Dijkstra)."""
    nodes, bits = len(indptr) - 1, 0
    while nodes >> bits:
        bits += 1
    dist = np.full(nodes, np.iinfo(np.int64).max)
    start = np.full(nodes, -1, dtype=np.int64)
    via = np.full(nodes, -1, dtype=np.int64)
    # Entries are costs, and below them in the same number the nodes.
    heap, size = np.empty(len(head) + len(seed_node) + 1, dtype=np.int64), int(np.int64(0))
    for i in range(len(seed_node)):
        if seed_mm[i] < dist[seed_node[i]]:
            dist[seed_node[i]] = seed_mm[i]
            start[seed_node[i]] = seed_start[i]
            size = push(heap, size, (seed_mm[i] << bits) | seed_node[i])
    while size > 0:
        cost, node = heap[0] >> bits, heap[0] & ((1 << bits) - 1)
        size = pop(heap, size)
        if cost > dist[node]:
            continue
        for k in range(indptr[node], indptr[node + 1]):
            arc = arc_of[k]
            reached = cost + arc_mm[arc]
            if reached < dist[head[k]]:
                dist[head[k]] = reached
                start[head[k]] = start[node]
                via[head[k]] = arc
                size = push(heap, size, (reached << bits) | head[k])
    return dist, start, via


@dataclass(frozen=True, eq=False)
class Exits:
    """Which streets lead out of a box, by one way or by two.

    Parameters
    ----------
    joined : (E,) bool array
        Streets of the box joined to the open network outside it, one-ways or not.
    out : (E,) bool array
        Those that can be driven to from outside, and out again.
    twice : (E,) bool array
        Those from which no single street's closure cuts one off.
    edges, side : (k,) int arrays
        The streets looked at, ascending, and of each a number: those that have the same can be driven between
        in both directions; -1 none.
    leads_on : bool
        Whether any street goes on beyond the box. If none does, those that hang together most count as
        leading out.
    """

    joined: Bools
    out: Bools
    twice: Bools
    edges: Ints
    side: Ints
    leads_on: bool

    def sides(self, edges: Ints) -> Ints:
        """Return the numbers of some streets, -1 of one that was not looked at."""
        at = np.searchsorted(self.edges, edges)
        known = np.append(self.edges, -1)[at] == edges
        return np.where(known, np.append(self.side, -1)[at], -1)


def find_exits(
    network: StreetNetwork,
    open_edges: Bools,
    arc_open: Bools,
    box_m: tuple[float, float, float, float],
    leaving: Bools | None = None,
) -> Exits:
    """Find which open streets in a box lead out of it, and which do so by two ways that share no street.

    Parameters
    ----------
    network : StreetNetwork
    open_edges : (E,) bool array
        Streets that may be used.
    arc_open : (2E,) bool array
        Directions in which they may be driven.
    box_m : tuple of float
        xmin, ymin, xmax, ymax.
    leaving : (N,) bool array or None
        Junctions by which one leaves the map as well; None: only what goes on beyond the box leads out.
    """
    inside = network.edges_in_box(box_m)
    edges = inside[open_edges[inside]]
    joined_to, out, twice = (network.no_closures() for _ in range(3))
    if len(edges) == 0:
        return Exits(joined_to, out, twice, edges, edges, leads_on=False)
    u, v, outside = _with_outside(network, edges, open_edges, leaving)
    size = int(max(u.max(), v.max(), outside)) + 1
    bridge = _bridges(u, v, size)
    whole, firm = joined(u, v, size), joined(u[~bridge], v[~bridge], size)
    home = _home(u, firm, outside)
    joined_to[edges] = whole[u] == whole[home]
    ahead, back = arc_open[edges], arc_open[edges + network.edge_count]
    loop = looped(np.concatenate([u[ahead], v[back]]), np.concatenate([v[ahead], u[back]]), size)
    out[edges] = (loop[u] == loop[home]) & (loop[v] == loop[home]) & (ahead | back)
    twice[edges] = ~bridge & (firm[u] == firm[home])
    side = np.where((loop[u] == loop[v]) & (ahead | back), loop[u], -1)
    return Exits(joined_to, out, twice, edges, side, leads_on=outside >= 0)


def joined_outside(
    network: StreetNetwork, open_edges: Bools, box_m: tuple[float, float, float, float]
) -> Bools:
    """Mask (E,) of the open streets in a box that are joined to those outside it, as ``find_exits`` says."""
    inside, mask = network.edges_in_box(box_m), network.no_closures()
    edges = inside[open_edges[inside]]
    if len(edges):
        u, v, outside = _with_outside(network, edges, open_edges, None)
        size = int(max(u.max(), v.max(), outside)) + 1
        home = outside
        if outside < 0:
            firm = ~_bridges(u, v, size)
            home = _home(u, joined(u[firm], v[firm], size), outside)
        whole = joined(u, v, size)
        mask[edges] = whole[u] == whole[home]
    return mask


def _home(u: Ints, firm: Ints, outside: int) -> int:
    """Return the node of all that is outside; where nothing is, one of what hangs together most."""
    return outside if outside >= 0 else int(u[np.argmax(np.bincount(firm[u])[firm[u]])])


def _with_outside(
    network: StreetNetwork, edges: Ints, open_edges: Bools, leaving: Bools | None
) -> tuple[Ints, Ints, int]:
    """Return the ends of the edges numbered, all that goes on beyond box or map being one node (or -1)."""
    ends = ends_of(network, edges, open_edges)
    count, goes_on = len(ends.goes_on), ends.goes_on
    if leaving is not None:
        goes_on = goes_on.copy()
        for number, nodes in ((ends.u, network.edge_u[edges]), (ends.v, network.edge_v[edges])):
            goes_on[number[leaving[nodes]]] = True
    number = np.where(goes_on, count, np.arange(count))
    return number[ends.u], number[ends.v], count if goes_on.any() else -1


class NumberedEnds(NamedTuple):
    """Ends of some streets, numbered from 0 on: of each street the one and the other; at which more go on."""

    u: Ints
    v: Ints
    goes_on: Bools


def ends_of(network: StreetNetwork, edges: Ints, open_edges: Bools) -> NumberedEnds:
    """Count off the ends of some streets, for vehicles, and tell at which of them other open streets go on.

    Parameters
    ----------
    network : StreetNetwork
    edges : (k,) int array
        Ascending, open all of them.
    open_edges : (E,) bool array
        Streets that may be used.
    """
    ends_u, ends_v, _ = network.vehicle_ends
    nodes, (u, v) = numbered(ends_u[edges], ends_v[edges])
    goes_on = np.zeros(len(nodes), dtype=bool)
    junctions = nodes[: np.searchsorted(nodes, network.node_count)]  # at a barrier ends one street alone
    arcs, owner = network.arcs_into(junctions)
    others, beyond = arcs % network.edge_count, open_edges.copy()
    beyond[edges] = False
    goes_on[owner[beyond[others]]] = True
    return NumberedEnds(u, v, goes_on)


@njit(cache=True)
def _bridges(u: Ints, v: Ints, size: int) -> Bools:  # pragma: no cover - compiled
    """Edges whose removal disconnects a multigraph (Tarjan 1974, without recursion)."""
    count = len(u)
    start = np.zeros(size + 1, dtype=np.int64)
    for e in range(count):
        start[u[e] + 1] += 1
        start[v[e] + 1] += 1
    start = np.cumsum(start)
    at = start[:-1].copy()
    edge_of = np.empty(2 * count, dtype=np.int64)
    for e in range(count):
        edge_of[at[u[e]]] = e
        at[u[e]] += 1
        edge_of[at[v[e]]] = e
        at[v[e]] += 1
    bridge = np.zeros(count, dtype=np.bool_)
    order = np.full(size, -1, dtype=np.int64)
    low = np.zeros(size, dtype=np.int64)
    came_by = np.full(size, -1, dtype=np.int64)
    following = start[:-1].copy()
    stack = np.empty(size, dtype=np.int64)
    clock = 0
    for root in range(size):
        if order[root] >= 0:
            continue
        stack[0], depth = root, 1
        order[root] = low[root] = clock
        clock += 1
        while depth > 0:
            node = stack[depth - 1]
            if following[node] < start[node + 1]:
                e = edge_of[following[node]]
                following[node] += 1
                if e == came_by[node]:
                    continue
                other = v[e] if u[e] == node else u[e]
                if order[other] < 0:
                    came_by[other] = e
                    order[other] = low[other] = clock
                    clock += 1
                    stack[depth] = other
                    depth += 1
                else:
                    low[node] = min(low[node], order[other])
            else:
                depth -= 1
                if depth > 0:
                    parent = stack[depth - 1]
                    low[parent] = min(low[parent], low[node])
                    if low[node] > order[parent]:
                        bridge[came_by[node]] = True
    return bridge

"""How far it is along the streets around one scene, and where there is more than one way out.

Only the streets in a box about the scene are looked at, so that the size of the city does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from planner.network import Snap, StreetNetwork

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEAST_M = 1e-3  # a sparse matrix drops lengths of zero


@dataclass(frozen=True, eq=False)
class Distances:
    """Metres along open streets from the nearest of several places.

    Parameters
    ----------
    network : StreetNetwork
    node_m : (N,) float array
        To every node; infinite beyond the box and where no open street leads.
    nearest : (N,) int array
        Which of the places it is, -1 where none.
    """

    network: StreetNetwork
    node_m: Floats
    nearest: Ints

    def to(self, place: Snap) -> tuple[float, int]:
        """Return metres to a place on an open street, and from which of the starts."""
        u, v = int(self.network.edge_u[place.edge]), int(self.network.edge_v[place.edge])
        by_u = float(self.node_m[u]) + place.along_m
        by_v = float(self.node_m[v]) + float(self.network.length_m[place.edge]) - place.along_m
        return (by_u, int(self.nearest[u])) if by_u <= by_v else (by_v, int(self.nearest[v]))


def distances_from(network: StreetNetwork, starts: Sequence[Snap], edges: Ints, arc_open: Bools) -> Distances:
    """Measure from the nearest of several places along some of the streets.

    Parameters
    ----------
    network : StreetNetwork
    starts : sequence of Snap
        Each on any street: one comes to it over its ``offset_m``, and leaves it towards both ends.
    edges : (k,) int array
        Streets that may be used.
    arc_open : (2E,) bool array
        Directions that may be used.
    """
    count = network.node_count
    node_m, nearest = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    if len(starts) == 0 or len(edges) == 0:
        return Distances(network, node_m, nearest)
    u, v, length = network.edge_u[edges], network.edge_v[edges], network.length_m[edges]
    ahead, back = arc_open[edges], arc_open[edges + network.edge_count]
    own = count + np.arange(len(starts))
    first = np.array([start.edge for start in starts])
    along = np.array([start.along_m for start in starts])
    off_m = np.array([start.offset_m for start in starts])
    tail = np.concatenate([u[ahead], v[back], own, own])
    head = np.concatenate([v[ahead], u[back], network.edge_u[first], network.edge_v[first]])
    metres = np.concatenate(
        [length[ahead], length[back], off_m + along, off_m + network.length_m[first] - along]
    )
    nodes, index = np.unique(np.concatenate([tail, head, own]), return_inverse=True)
    graph = _graph(index[: len(tail)], index[len(tail) : 2 * len(tail)], metres, len(nodes))
    seeds = index[2 * len(tail) :]
    dist, _, source = dijkstra(graph, indices=seeds, min_only=True, return_predecessors=True)
    real = nodes < count
    node_m[nodes[real]] = dist[real]
    which = np.full(len(nodes), -1, dtype=np.int64)
    which[seeds] = np.arange(len(seeds))
    reached = np.isfinite(dist)
    nearest[nodes[real & reached]] = which[source[real & reached]]
    return Distances(network, node_m, nearest)


def _graph(tail: Ints, head: Ints, metres: Floats, size: int) -> csr_array:
    """Sparse matrix of the shortest of parallel arcs."""
    order = np.lexsort((metres, head, tail))
    tail, head, metres = tail[order], head[order], np.maximum(metres[order], _LEAST_M)
    first = np.ones(len(tail), dtype=bool)
    first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    return csr_array((metres[first], (tail[first], head[first])), shape=(size, size))


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
    """

    joined: Bools
    out: Bools
    twice: Bools


def find_exits(
    network: StreetNetwork, open_edges: Bools, arc_open: Bools, box_m: tuple[float, float, float, float]
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
    """
    inside = network.edges_in_box(box_m)
    edges = inside[open_edges[inside]]
    joined_to, out, twice = (network.no_closures() for _ in range(3))
    if len(edges) == 0:
        return Exits(joined_to, out, twice)
    u, v, outside = _with_outside(network, edges, open_edges)
    size = int(max(u.max(), v.max(), outside)) + 1
    bridge = _bridges(u, v, size)
    joined = _component(u, v, np.ones(len(edges), dtype=bool), size)
    firm = _component(u, v, ~bridge, size)
    home = outside if outside >= 0 else int(u[np.argmax(np.bincount(firm[u], minlength=size)[firm[u]])])
    joined_to[edges] = joined[u] == joined[home]
    ahead, back = arc_open[edges], arc_open[edges + network.edge_count]
    looped = _loops(np.concatenate([u[ahead], v[back]]), np.concatenate([v[ahead], u[back]]), size)
    out[edges] = (looped[u] == looped[home]) & (looped[v] == looped[home]) & (ahead | back)
    twice[edges] = ~bridge & (firm[u] == firm[home])
    return Exits(joined_to, out, twice)


def _with_outside(network: StreetNetwork, edges: Ints, open_edges: Bools) -> tuple[Ints, Ints, int]:
    """Return the ends of the edges numbered, all that goes on beyond the box being one node (or -1)."""
    ends_u, ends_v, _ = network.vehicle_ends
    elsewhere = open_edges.copy()
    elsewhere[edges] = False
    beyond = np.zeros(max(int(ends_u.max()), int(ends_v.max())) + 1, dtype=bool)
    beyond[ends_u[elsewhere]] = beyond[ends_v[elsewhere]] = True
    nodes, index = np.unique(np.concatenate([ends_u[edges], ends_v[edges]]), return_inverse=True)
    leaves = beyond[nodes]
    if not leaves.any():
        return index[: len(edges)], index[len(edges) :], -1
    number = np.where(leaves, len(nodes), np.arange(len(nodes)))
    return number[index[: len(edges)]], number[index[len(edges) :]], len(nodes)


def _component(u: Ints, v: Ints, used: Bools, size: int) -> Ints:
    graph = csr_array((np.ones(int(used.sum())), (u[used], v[used])), shape=(size, size))
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def _loops(tail: Ints, head: Ints, size: int) -> Ints:
    """Label nodes that can be driven between in both directions alike."""
    graph = csr_array((np.ones(len(tail)), (tail, head)), shape=(size, size))
    label: Ints = connected_components(graph, directed=True, connection="strong")[1].astype(np.int64)
    return label


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

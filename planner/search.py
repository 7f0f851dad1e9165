"""Shortest paths over plain arrays, compiled: the one loop that everything waits for."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit(cache=True)
def dijkstra(
    indptr: Ints,
    head: Ints,
    arc_of: Ints,
    arc_s: Floats,
    node_s: Floats,
    closed: Bools,
    seed_node: Ints,
    seed_cost: Floats,
    seed_arc: Ints,
    wanted: Bools,
    enough: int,
) -> tuple[Floats, Ints]:  # pragma: no cover - compiled
    """Masked Dijkstra with a binary heap; returns seconds per node and the arc by which each was reached.

    Parameters
    ----------
    indptr, head, arc_of : (N + 1,), (A,), (A,) int arrays
        Arcs out of each node: where they lie, the node each leads to, and its number.
    arc_s : (A,) float array
        Seconds along each arc; infinite where it may not be used.
    node_s : (N,) float array
        Seconds lost at each node before going on.
    closed : (E,) bool array
        Edges that nobody may use; arc ``a`` belongs to edge ``a % E``.
    seed_node, seed_cost, seed_arc : (k,) arrays
        Where the search begins, after how many seconds, along which arc.
    wanted : (N,) bool array
    enough : int
        The search stops when this many wanted nodes are settled; times of nodes not settled by then are
        upper bounds. 0 searches everything.

    Returns
    -------
    dist_s : (N,) float array
        Infinite where there is no way.
    via : (N,) int array
        The arc by which each node was reached; ``arc + 2 * E`` for a seed, -1 where there is no way.
    """
    nodes = len(indptr) - 1
    edges = len(closed)
    dist = np.full(nodes, np.inf)
    via = np.full(nodes, -1, dtype=np.int64)
    heap_cost = np.empty(len(head) + len(seed_node) + 1)
    heap_node = np.empty(len(head) + len(seed_node) + 1, dtype=np.int64)
    size = 0
    settled = 0
    for i in range(len(seed_node)):
        if seed_cost[i] < dist[seed_node[i]]:
            dist[seed_node[i]] = seed_cost[i]
            via[seed_node[i]] = seed_arc[i] + 2 * edges
            size = _push(heap_cost, heap_node, size, seed_cost[i], seed_node[i])
    while size > 0:
        cost = heap_cost[0]
        node = heap_node[0]
        size = _pop(heap_cost, heap_node, size)
        if cost > dist[node]:
            continue
        if wanted[node]:
            settled += 1
            if settled == enough:
                break
        for k in range(indptr[node], indptr[node + 1]):
            arc = arc_of[k]
            if closed[arc % edges]:
                continue
            reached = cost + node_s[node] + arc_s[arc]
            if reached < dist[head[k]]:
                dist[head[k]] = reached
                via[head[k]] = arc
                size = _push(heap_cost, heap_node, size, reached, head[k])
    return dist, via


@njit(cache=True)
def _push(cost: Floats, node: Ints, size: int, c: float, n: int) -> int:  # pragma: no cover - compiled
    i = size
    while i > 0:
        parent = (i - 1) // 2
        if cost[parent] <= c:
            break
        cost[i] = cost[parent]
        node[i] = node[parent]
        i = parent
    cost[i] = c
    node[i] = n
    return size + 1


@njit(cache=True)
def _pop(cost: Floats, node: Ints, size: int) -> int:  # pragma: no cover - compiled
    size -= 1
    c = cost[size]
    n = node[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and cost[child + 1] < cost[child]:
            child += 1
        if cost[child] >= c:
            break
        cost[i] = cost[child]
        node[i] = node[child]
        i = child
    cost[i] = c
    node[i] = n
    return size

"""Maximum flow over links that carry the same both ways, compiled: the loop that every perimeter waits for.

Dinic's method (1970): shortest ways to the sink, filled until none is left. Whole numbers, so that the flow
is exact; and who reaches the sink at the end is the same whatever ways were filled (Ford, Fulkerson 1956).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@njit(cache=True)
def find_flow(
    low: Ints, high: Ints, cost: Ints, nodes: int, source: int, sink: int
) -> tuple[int, Bools]:  # pragma: no cover - compiled
    """Find the most that flows from the source to the sink, and what still reaches the sink then.

    Parameters
    ----------
    low, high : (K,) int arrays
        Nodes that each link joins.
    cost : (K,) int array
        What each link carries, in either direction.
    nodes : int
        Nodes are numbered below this.
    source, sink : int

    Returns
    -------
    flow : int
    reaches : (nodes,) bool array
        Nodes from which the sink can still be reached: the far side of the minimum cut nearest to the sink.
    """
    start, arcs = _arcs_out(low, high, nodes)
    left = np.empty(2 * len(low), dtype=np.int64)
    left[0::2] = cost
    left[1::2] = cost
    level = np.empty(nodes, dtype=np.int64)
    queue = np.empty(nodes, dtype=np.int64)
    way = np.empty(nodes, dtype=np.int64)
    flow = 0
    while _level(start, arcs, low, high, left, sink, level, queue) and level[source] >= 0:
        following = start[:-1].copy()
        while True:
            node, steps = source, 0
            while node != sink:  # one step nearer to the sink, or back
                k = following[node]
                while k < start[node + 1]:
                    arc = arcs[k]
                    if left[arc] > 0 and level[_head(low, high, arc)] == level[node] - 1:
                        break
                    k += 1
                following[node] = k
                if k < start[node + 1]:
                    way[steps] = arcs[k]
                    node = _head(low, high, arcs[k])
                    steps += 1
                elif steps == 0:
                    break
                else:
                    steps -= 1
                    node = _head(low, high, way[steps] ^ 1)
                    following[node] += 1
            if node != sink:
                break
            most = left[way[0]]
            for i in range(1, steps):
                most = min(most, left[way[i]])
            for i in range(steps):
                left[way[i]] -= most
                left[way[i] ^ 1] += most
            flow += most
    return flow, level >= 0


@njit(cache=True)
def _arcs_out(low: Ints, high: Ints, nodes: int) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Arcs out of each node; arc 2 k runs along link k, arc 2 k + 1 against it."""
    start = np.zeros(nodes + 1, dtype=np.int64)
    for k in range(len(low)):
        start[low[k] + 1] += 1
        start[high[k] + 1] += 1
    for i in range(nodes):
        start[i + 1] += start[i]
    free = start[:-1].copy()
    arcs = np.empty(2 * len(low), dtype=np.int64)
    for k in range(len(low)):
        arcs[free[low[k]]] = 2 * k
        free[low[k]] += 1
        arcs[free[high[k]]] = 2 * k + 1
        free[high[k]] += 1
    return start, arcs


@njit(cache=True)
def _head(low: Ints, high: Ints, arc: int) -> int:  # pragma: no cover - compiled
    return int(low[arc >> 1] if arc & 1 else high[arc >> 1])


@njit(cache=True)
def _level(
    start: Ints, arcs: Ints, low: Ints, high: Ints, left: Ints, sink: int, level: Ints, queue: Ints
) -> bool:  # pragma: no cover - compiled
    """Count steps from each node to the sink where something can still flow; -1 where nothing can."""
    level[:] = -1
    level[sink] = 0
    queue[0] = sink
    first, last = 0, 1
    while first < last:
        node = queue[first]
        first += 1
        for k in range(start[node], start[node + 1]):
            other = _head(low, high, arcs[k])
            if level[other] < 0 and left[arcs[k] ^ 1] > 0:
                level[other] = level[node] + 1
                queue[last] = other
                last += 1
    return True


@njit(cache=True)
def groups(low: Ints, high: Ints, allowed: Bools) -> Ints:  # pragma: no cover - compiled
    """Return a number for each node: those have the same that links join through allowed nodes only."""
    nodes = len(allowed)
    parent = np.arange(nodes)
    for k in range(len(low)):
        if allowed[low[k]] and allowed[high[k]]:
            a, b = _root(parent, low[k]), _root(parent, high[k])
            if a < b:
                parent[b] = a
            else:
                parent[a] = b
    for i in range(nodes):
        parent[i] = _root(parent, i)
    return parent


@njit(cache=True)
def _root(parent: Ints, node: int) -> int:  # pragma: no cover - compiled
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return int(node)

"""Maximum flow over links, each with what it carries either way, compiled: every perimeter waits for it.

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
    low: Ints, high: Ints, cost: Ints, back: Ints, nodes: int, source: int, sink: int
) -> tuple[int, Bools]:  # pragma: no cover - compiled
    """Find the most that flows from the source to the sink, and what still reaches the sink then.

    Parameters
    ----------
    low, high : (K,) int arrays
        Nodes that each link joins.
    cost, back : (K,) int arrays
        What each link carries from ``low`` to ``high``, and against that.
    nodes : int
        Nodes are numbered below this.
    source, sink : int

    Returns
    -------
    flow : int
    reaches : (nodes,) bool array
        Nodes from which the sink can still be reached: the far side of the minimum cut nearest to the sink.
    """
    start, head, twin, link = _arcs_out(low, high, nodes)
    left = np.concatenate((cost, back))[link]
    level = np.empty(nodes, dtype=np.int64)
    queue = np.empty(nodes, dtype=np.int64)
    way = np.empty(nodes, dtype=np.int64)
    following = np.empty(nodes, dtype=np.int64)
    flow = 0
    while _level(start, head, twin, left, source, sink, level, queue):
        following[:] = start[:-1]
        while True:
            node, steps = source, 0
            while node != sink:  # one step nearer to the sink, or back
                k, last, nearer = following[node], start[node + 1], level[node] - 1
                while k < last and (left[k] == 0 or level[head[k]] != nearer):
                    k += 1
                following[node] = k
                if k < last:
                    way[steps] = k
                    node = head[k]
                    steps += 1
                elif steps == 0:
                    break
                else:
                    steps -= 1
                    node = head[twin[way[steps]]]
                    following[node] += 1
            if node != sink:
                break
            most = left[way[0]]
            for i in range(1, steps):
                most = min(most, left[way[i]])
            for i in range(steps):
                left[way[i]] -= most
                left[twin[way[i]]] += most
            flow += most
    return flow, level >= 0


@njit(cache=True)
def _arcs_out(
    low: Ints, high: Ints, nodes: int
) -> tuple[Ints, Ints, Ints, Ints]:  # pragma: no cover - compiled
    """Arcs out of each node, in a row: where each leads, which runs against it, and along which link.

    Arcs against a link count as along one numbered higher by as many as there are.
    """
    start = np.zeros(nodes + 1, dtype=np.int64)
    for k in range(len(low)):
        start[low[k] + 1] += 1
        start[high[k] + 1] += 1
    for i in range(nodes):
        start[i + 1] += start[i]
    free = start[:-1].copy()
    head = np.empty(2 * len(low), dtype=np.int64)
    twin, link = np.empty_like(head), np.empty_like(head)
    for k in range(len(low)):
        along = free[low[k]]
        free[low[k]] += 1
        against = free[high[k]]
        free[high[k]] += 1
        head[along], twin[along], link[along] = high[k], against, k
        head[against], twin[against], link[against] = low[k], along, k + len(low)
    return start, head, twin, link


@njit(cache=True)
def _level(
    start: Ints, head: Ints, twin: Ints, left: Ints, source: int, sink: int, level: Ints, queue: Ints
) -> bool:  # pragma: no cover - compiled
    """Count steps from nodes to the sink where something can still flow; tell whether the source is reached.

    Then nodes no nearer than the source are not counted. -1 where nothing can flow.
    """
    level[:] = -1
    level[sink] = 0
    queue[0] = sink
    first, last = 0, 1
    while first < last:
        node = queue[first]
        first += 1
        for k in range(start[node], start[node + 1]):
            other = head[k]
            if level[other] < 0 and left[twin[k]] > 0:
                level[other] = level[node] + 1
                if other == source:
                    return True
                queue[last] = other
                last += 1
    return False

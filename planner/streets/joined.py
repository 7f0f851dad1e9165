"""Which nodes hang together, compiled: to lay out a matrix of the few about a scene takes longest."""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.streets.grouping import grouped
from planner.streets.street_arrays import Bools, Ints


@njit(cache=True, nogil=True)
def joined(u: Ints, v: Ints, count: int) -> Ints:  # pragma: no cover - compiled
    """Label nodes joined by edges, whatever their direction: each by the lowest node it hangs together with.

    Parameters
    ----------
    u, v : (n,) int arrays
        Ends of each edge, 0 to ``count`` - 1.
    count : int
    """
    return joined_through(u, v, np.ones(count, dtype=np.bool_))


@njit(cache=True, nogil=True)
def joined_through(u: Ints, v: Ints, allowed: Bools) -> Ints:  # pragma: no cover - compiled
    """Label nodes as :func:`joined` does, by edges between allowed nodes only."""
    label = np.arange(len(allowed))
    for e in range(len(u)):
        if allowed[u[e]] and allowed[v[e]]:
            a, b = _root(label, u[e]), _root(label, v[e])
            if a < b:
                label[b] = a
            else:
                label[a] = b
    for node in range(len(label)):
        label[node] = _root(label, node)
    return label


@njit(cache=True, nogil=True)
def _root(label: Ints, node: int) -> int:  # pragma: no cover - compiled
    while label[node] != node:
        label[node] = label[label[node]]  # halve the way for who comes next
        node = label[node]
    return int(node)


def looped(tail: Ints, head: Ints, count: int) -> Ints:
    """Label nodes between which arcs lead there and back, (count,): each by the first node come to of them.

    Parameters
    ----------
    tail, head : (n,) int arrays
        Where each arc leads from and to, 0 to ``count`` - 1.
    count : int
    """
    start, by_tail = grouped(tail, count)
    return np.asarray(_looped(start, head[by_tail]))


@njit(cache=True, nogil=True)
def _looped(start: Ints, to: Ints) -> Ints:  # pragma: no cover - compiled
    """Label the strongly connected nodes (Tarjan 1972, with a stack of our own)."""
    count = len(start) - 1
    order, low = np.full(count, -1, dtype=np.int64), np.empty(count, dtype=np.int64)
    label, row = np.full(count, -1, dtype=np.int64), start[:-1].copy()
    path, waiting = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    seen = held = 0
    for first in range(count):
        if order[first] >= 0:
            continue
        depth, path[0] = 0, first
        while depth >= 0:
            node = path[depth]
            if order[node] < 0:
                order[node] = low[node] = seen
                waiting[held] = node
                seen, held = seen + 1, held + 1
            if row[node] < start[node + 1]:
                after = to[row[node]]
                row[node] += 1
                if order[after] < 0:
                    depth += 1
                    path[depth] = after
                elif label[after] < 0:
                    low[node] = min(low[node], order[after])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[node])
            if low[node] == order[node]:
                while label[node] < 0:
                    held -= 1
                    label[waiting[held]] = node
    return label

"""Which nodes hang together, compiled: to lay out a matrix of the few about a scene takes longest."""

from __future__ import annotations

import numpy as np
from numba import njit

from planner.streets.grouping import grouped
from planner.streets.street_arrays import Ints


@njit(cache=True, nogil=True)
def joined(u: Ints, v: Ints, count: int) -> Ints:  # pragma: no cover - compiled
    """Label nodes joined by edges, whatever their direction: each by the lowest node it hangs together with.

    Parameters
    ----------
    u, v : (n,) int arrays
        Ends of each edge, 0 to ``count`` - 1.
    count : int
    """
    label = np.arange(count)
    for e in range(len(u)):
        a, b = u[e], v[e]
        while label[a] != a:
            label[a] = label[label[a]]  # halve the way for who comes next
            a = label[a]
        while label[b] != b:
            label[b] = label[label[b]]
            b = label[b]
        if a < b:
            label[b] = a
        else:
            label[a] = b
    for node in range(count):
        label[node] = label[label[node]]
    return label


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

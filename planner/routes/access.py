"""Has a place more than one way out? Streets that every way out has to pass, by maximum flow (C2).

Each street carries one way only. Two ways that share no street exist exactly when two units flow from the
place to beyond; where only one does, the streets that all ways share are the cuts of that flow
(Menger 1927; Ford and Fulkerson 1956).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from shapely.geometry.base import BaseGeometry

from planner.geo import widened
from planner.streets.joined import joined
from planner.streets.network import Snap, StreetNetwork
from planner.streets.reach import ends_of

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_ENOUGH = 2
_SOURCE, _SINK, _FIRST_NODE = 0, 1, 2


@dataclass(frozen=True)
class WaysOut:
    """How many ways lead out of the ground around a place.

    Parameters
    ----------
    count : int
        That share no street; 2 stands for two or more.
    shared : tuple of int
        Edges that every way out passes, in the order in which they are passed; empty unless ``count`` is 1.
    """

    count: int
    shared: tuple[int, ...]


def find_ways_out(
    network: StreetNetwork,
    start: Snap,
    open_edges: Bools,
    arc_open: Bools,
    ground_m: BaseGeometry,
    margin_m: float,
) -> WaysOut:
    """Find how many ways lead from a place out of a ground.

    Parameters
    ----------
    network : StreetNetwork
    start : Snap
    open_edges : (E,) bool array
        Streets that may be used.
    arc_open : (2E,) bool array
        Directions in which they may be driven.
    ground_m : geometry
        Out is where the open streets go on, at least a margin outside its bounds; or, where all of them
        end before that, the largest part of them outside it.
    margin_m : float
    """
    box = widened(ground_m.bounds, margin_m)
    near = network.edges_in_box(box)
    edges = near[open_edges[near]]
    at = np.flatnonzero(edges == start.edge)
    if len(at) == 0:
        return WaysOut(0, ())
    u, v, size = _numbered(network, edges, open_edges, ground_m)
    row, own = int(at[0]), size
    ahead, back = arc_open[edges], arc_open[edges + network.edge_count]
    # From the place one leaves by the halves of its own street, which nobody passes whole: no through way.
    tail, head = np.concatenate([u, v]), np.concatenate([v, u])
    street = np.tile(np.arange(len(edges)), 2)
    tail[street == row] = own
    real = np.concatenate([ahead, back]) & (tail != head)
    return _flow(tail[real], head[real], edges[street[real]], own, size + 1)


def _numbered(
    network: StreetNetwork, edges: Ints, open_edges: Bools, ground_m: BaseGeometry
) -> tuple[Ints, Ints, int]:
    """Give the ends of the edges numbers, all that is out being the sink; and say how many there are."""
    ends = ends_of(network, edges, open_edges)
    out, count = ends.goes_on, len(ends.goes_on)
    if not out.any():
        out = _largest_outside(network, edges, np.stack([ends.u, ends.v]), count, ground_m)
    number = np.where(out, _SINK, np.arange(count) + _FIRST_NODE)
    return number[ends.u], number[ends.v], count + _FIRST_NODE


def _largest_outside(
    network: StreetNetwork, edges: Ints, ends: Ints, count: int, ground_m: BaseGeometry
) -> Bools:
    """Nodes of the largest connected part of the streets that lie wholly outside a ground."""
    outside = ~network.edges_meeting(ground_m)[edges]
    chosen = np.zeros(count, dtype=bool)
    if not outside.any():
        return chosen
    u, v = ends[0][outside], ends[1][outside]
    label = joined(u, v, count)
    metres = np.bincount(label[u], weights=network.length_m[edges[outside]])
    chosen[np.concatenate([u, v])] = True
    chosen &= label == int(np.argmax(metres))
    return chosen


def _flow(tail: Ints, head: Ints, edge: Ints, own: int, size: int) -> WaysOut:
    """Send two units from the source by way of the place, and read off what they have to share."""
    tail, head = np.append(tail, _SOURCE), np.append(head, own)
    carries = np.append(np.ones(len(edge), dtype=np.int32), np.int32(_ENOUGH))
    capacity = csr_array((carries, (tail, head)), shape=(size, size))  # parallel streets add up
    result = maximum_flow(capacity, _SOURCE, _SINK)
    count = int(result.flow_value)
    if count != 1:
        return WaysOut(count, ())
    left = csr_array(capacity - result.flow)
    left.eliminate_zeros()
    shared: list[int] = []
    begin, reached = _SOURCE, np.zeros(size, dtype=bool)
    while True:
        reached[breadth_first_order(left, begin, directed=True, return_predecessors=False)] = True
        if reached[_SINK]:
            return WaysOut(count, tuple(shared))
        # One unit flows, so that exactly one street leads on from all that is reached.
        on = np.flatnonzero(reached[tail[:-1]] & ~reached[head[:-1]])
        shared.append(int(edge[on[0]]))
        begin = int(head[on[0]])

"""Tunnels and bridges: where a vehicle that is stopped cannot turn off, and how far off their ends are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.streets.network import StreetNetwork

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_SHORT_BRIDGE_M = 25.0
"""A bridge no longer than this is no matter: a vehicle backs off it."""
_MOST_PARTS = 60
"""A tunnel or bridge in more parts than this is followed no further."""


def no_way_off(network: StreetNetwork, edges: Ints) -> Bools:
    """Mask of the streets in tunnels and on bridges longer than some metres, (n,)."""
    long = network.bridge[edges] & (network.length_m[edges] > _SHORT_BRIDGE_M)
    return np.asarray(network.tunnel[edges] | long)


def ends_ahead(
    network: StreetNetwork, edge: int, along_m: float, *, ahead: bool
) -> list[tuple[float, int, int]]:
    """List the portals of a tunnel, or the ends of a bridge, that one comes to: several where it forks.

    Parameters
    ----------
    network : StreetNetwork
    edge : int
    along_m : float
        Where on it, from its ``u`` end.
    ahead : bool
        Towards its ``v`` end, or back.

    Returns
    -------
    list of (float, int, int)
        How far off each is, in metres, its junction and the part that ends there, the nearest first. To the
        edge of the map where it leaves that; 0 where the street is neither tunnel nor bridge.
    """
    node = int((network.edge_v if ahead else network.edge_u)[edge])
    if not spans(network, np.array([edge]))[0]:
        return [(0.0, node, edge)]
    off = float(network.length_m[edge]) - along_m if ahead else along_m
    ends, todo, passed = [], [(off, node, edge)], {edge}
    while todo:
        off, node, edge = todo.pop()
        beside = edges_at(network, np.array([node]))
        beside = beside[~np.isin(beside, list(passed))]
        if not len(beside) or not spans(network, beside).all() or len(passed) > _MOST_PARTS:
            ends.append((off, node, edge))
            continue
        for part in beside.tolist():
            u, v = int(network.edge_u[part]), int(network.edge_v[part])
            todo.append((off + float(network.length_m[part]), v if u == node else u, part))
            passed.add(part)
    return sorted(ends)


def below_ground(network: StreetNetwork, edges: Ints) -> Bools:
    """Which ends of some streets lie in a tunnel that goes on: nobody can stand there, (2, n).

    First the ``u`` ends, then the ``v`` ends. A portal, where a street on the ground meets it, is none.
    """
    ends = np.stack([network.edge_u[edges], network.edge_v[edges]])
    below = np.zeros(ends.shape, dtype=bool)
    rows = np.flatnonzero(network.tunnel[edges])
    if not len(rows):
        return below
    nodes, number = np.unique(ends[:, rows], return_inverse=True)
    arcs, owner = network.arcs_into(nodes)
    beside = arcs % network.edge_count
    driven = network.drivable[beside]
    legs, deep = (
        np.bincount(owner[some], minlength=len(nodes)) for some in (driven, driven & network.tunnel[beside])
    )
    below[:, rows] = ((legs > 1) & (legs == deep))[number.reshape(2, -1)]
    return below


def edges_at(network: StreetNetwork, nodes: Ints) -> Ints:
    """Return the drivable streets that meet some junctions, ascending."""
    arcs, _ = network.arcs_into(nodes)
    edges = np.unique(arcs % network.edge_count)
    return np.asarray(edges[network.drivable[edges]])


def spans(network: StreetNetwork, edges: Ints) -> Bools:
    """Mask of the streets in tunnels and on bridges of any length, (n,)."""
    return np.asarray(network.tunnel[edges] | network.bridge[edges])

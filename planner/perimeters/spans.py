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


def to_end_m(network: StreetNetwork, edge: int, along_m: float, *, ahead: bool) -> float:
    """How far it is along a tunnel or bridge to its portal or end.

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
    float
        In metres; 0 where the street is neither tunnel nor bridge. Where a tunnel forks, along its first
        fork by number; to the edge of the map where it leaves that.
    """
    if not spans(network, np.array([edge]))[0]:
        return 0.0
    away = float(network.length_m[edge]) - along_m if ahead else along_m
    node, passed = int((network.edge_v if ahead else network.edge_u)[edge]), {edge}
    for _ in range(_MOST_PARTS):
        beside = edges_at(network, np.array([node]))
        beside = beside[~np.isin(beside, list(passed))]
        if not len(beside) or not spans(network, beside).all():
            return away
        edge = int(beside[0])
        passed.add(edge)
        away += float(network.length_m[edge])
        u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
        node = v if u == node else u
    return away


def edges_at(network: StreetNetwork, nodes: Ints) -> Ints:
    """Return the drivable streets that meet some junctions, ascending."""
    arcs, _ = network.arcs_into(nodes)
    edges = np.unique(arcs % network.edge_count)
    return np.asarray(edges[network.drivable[edges]])


def spans(network: StreetNetwork, edges: Ints) -> Bools:
    """Mask of the streets in tunnels and on bridges of any length, (n,)."""
    return np.asarray(network.tunnel[edges] | network.bridge[edges])

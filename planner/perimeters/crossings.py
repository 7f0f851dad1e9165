"""Streets that the line of a perimeter crosses where no post stands, and no bridge or tunnel tells why."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Polygon

from planner.streets.network import StreetNetwork

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_TOUCH_M = 0.1
"""A line that only touches a street does not cross it."""


def unexplained_crossings(
    network: StreetNetwork, polygon_m: Polygon, far: Ints, near: Ints
) -> tuple[tuple[int, int], ...]:
    """Find the streets of the far side that the line crosses although the map shows no bridge or tunnel.

    Parameters
    ----------
    network : StreetNetwork
    polygon_m : Polygon
        The line.
    far, near : int arrays
        Drivable edges outside the cut, and inside it or cut by a post.

    Returns
    -------
    tuple of (int, int)
        Each such edge, and the edge of the inside that its street crosses without a junction (-1 if none).
    """
    shapely.prepare(polygon_m)
    far = far[shapely.intersects(polygon_m, network.lines(far))]
    crossing = ~_raised(network, far)
    crossing[crossing] = _crossing(network, polygon_m, far[crossing])
    if not crossing.any():
        return ()
    lines = network.lines(far)
    mine, theirs = shapely.STRtree(network.lines(near)).query(lines, predicate="intersects")
    differs = network.layer[far[mine]] != network.layer[near[theirs]]
    chain = _chained(network, far)
    excused = np.isin(chain, chain[mine[differs]])
    found: list[tuple[int, int]] = []
    for k in np.flatnonzero(crossing & ~excused).tolist():
        met = near[theirs[chain[mine] == chain[k]]]
        found.append((int(far[k]), int(met[0]) if len(met) else -1))
    return tuple(found)


def _crossing(network: StreetNetwork, polygon_m: Polygon, edges: Ints) -> Bools:
    if not len(edges):
        return np.zeros(0, dtype=bool)
    inside, around = polygon_m.buffer(-_TOUCH_M), polygon_m.buffer(_TOUCH_M)
    lines = network.lines(edges)
    return np.asarray(shapely.intersects(inside, lines) & ~shapely.covers(around, lines))


def _raised(network: StreetNetwork, edges: Ints) -> Bools:
    return np.asarray((network.layer[edges] != 0) | network.bridge[edges] | network.tunnel[edges])


def _chained(network: StreetNetwork, edges: Ints) -> Ints:
    """Return a number for each edge: those have the same that vehicles can drive between on these alone."""
    u, v, _ = network.vehicle_ends
    _, node = np.unique(np.concatenate([u[edges], v[edges]]), return_inverse=True)
    n = int(node.max(initial=-1)) + 1
    ones = np.ones(len(edges), dtype=np.int8)
    _, label = connected_components(coo_array((ones, tuple(np.split(node, 2))), shape=(n, n)), directed=False)
    return np.asarray(label[node[: len(edges)]], dtype=np.int64)

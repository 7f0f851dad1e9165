"""Names for what the map leaves nameless, so that a place can be said on the radio.

"footway off Avenida Italia, 40 m E of Bulevar Artigas": what it is, the nearest street with a name, and how
far it is from that street's nearest crossing, as the crow flies.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point

from planner import words
from planner.streets.network import StreetNetwork

Ints = NDArray[np.int64]

_STREET_M = 250.0
"""A street further off says nothing of a place."""
_FAR_M = 1500.0
"""Where there is none so near, the nearest within this is told with the way to it."""
_CROSSING_M = 600.0
"""Nor does a crossing further off than this."""
_AT_M = 15.0
"""So near to a crossing a place is at it."""
_STEP_M = 10.0
"""To so many metres distances are told."""
_UNNAMED = "unnamed "


def radio_name(network: StreetNetwork, edge: int, xy_m: tuple[float, float]) -> str:
    """Name a place on a street: by the street's name, or where it has none by the nearest that has one."""
    plain = network.street(edge)
    if network.name_index[edge]:
        return plain
    kind = plain.removeprefix(_UNNAMED)
    found = _nearest(network, xy_m, _STREET_M)
    if found is None:
        return _far_from(network, kind, xy_m) or plain
    nearest, _ = found
    street = network.street(nearest)
    crossing = _nearest_crossing(network, nearest, xy_m)
    if crossing is None:
        return f"{kind} off {street}"
    across, off_m = crossing
    if np.hypot(*off_m) <= _AT_M:
        return f"{kind} off {street} at {across}"
    return f"{kind} off {street}, {_told(*off_m)} of {across}"


def _far_from(network: StreetNetwork, kind: str, xy_m: tuple[float, float]) -> str:
    """Name a place far from every street with a name by the nearest there is; "" where there is none."""
    found = _nearest(network, xy_m, _FAR_M)
    if found is None:
        return ""
    nearest, at = found
    return f"{kind}, {_told(xy_m[0] - at[0], xy_m[1] - at[1])} of {network.street(nearest)}"


def _nearest(
    network: StreetNetwork, xy_m: tuple[float, float], reach_m: float
) -> tuple[int, tuple[float, float]] | None:
    """Return the nearest street with a name, and where it is nearest; None beyond so many metres."""
    near, spot = _named(network, xy_m, reach_m), Point(xy_m)
    if not len(near):
        return None
    away_m = shapely.distance(network.lines(near), spot)
    k = int(np.lexsort((near, np.round(away_m, 2)))[0])
    if away_m[k] > reach_m:
        return None
    at = shapely.get_coordinates(shapely.shortest_line(network.lines(near[[k]])[0], spot))[0]
    return int(near[k]), (float(at[0]), float(at[1]))


def _told(east_m: float, north_m: float) -> str:
    """Write a distance and its point of the compass."""
    far_m = max(round(float(np.hypot(east_m, north_m)) / _STEP_M), 1) * _STEP_M
    return f"{far_m:.0f} m {words.side(east_m, north_m)}"


def _named(network: StreetNetwork, xy_m: tuple[float, float], reach_m: float) -> Ints:
    """Return the drivable streets with a name in the box around a place."""
    x, y = xy_m
    edges = network.edges_in_box((x - reach_m, y - reach_m, x + reach_m, y + reach_m))
    return edges[network.drivable[edges] & (network.name_index[edges] > 0)]


def _nearest_crossing(
    network: StreetNetwork, edge: int, xy_m: tuple[float, float]
) -> tuple[str, tuple[float, float]] | None:
    """Return the street that crosses a street nearest to a place, and how far east and north this is."""
    near = _named(network, xy_m, _CROSSING_M)
    own = network.name_index[near] == network.name_index[edge]
    ours, theirs = (np.concatenate([network.edge_u[e], network.edge_v[e]]) for e in (near[own], near[~own]))
    nodes = np.unique(ours[np.isin(ours, theirs)])
    if not len(nodes):
        return None
    off = np.asarray(xy_m) - network.node_xy_m[nodes]
    away = np.hypot(*off.T)
    k = int(np.lexsort((nodes, np.round(away, 2)))[0])
    if away[k] > _CROSSING_M:
        return None
    others = near[~own]
    there = others[(network.edge_u[others] == nodes[k]) | (network.edge_v[others] == nodes[k])]
    first = min(there.tolist(), key=lambda e: (int(network.road_class[e]), network.street(e)))
    return network.street(first), (float(off[k][0]), float(off[k][1]))

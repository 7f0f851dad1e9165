"""Names for what the map leaves nameless, so that a place can be said on the radio.

"footway off Avenida Italia, 40 m E of Bulevar Artigas": what it is, the nearest street with a name, and how
far it is from that street's nearest crossing, as the crow flies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point

from planner import words
from planner.streets.network import StreetNetwork
from planner.streets.ticking import each_once

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Place = tuple[float, float]

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
_TIE_M = 0.02
"""Streets no further apart than this may tie for the nearest."""
_UNNAMED = "unnamed "


def radio_names(network: StreetNetwork, edges: Sequence[int], xy_m: Sequence[Place]) -> list[str]:
    """Name places on streets: by the street's name, or where it has none by the nearest that has one."""
    nameless = [xy for edge, xy in zip(edges, xy_m, strict=True) if not network.name_index[edge]]
    named = _Named.around(network, nameless, _CROSSING_M) if nameless else None
    plain = [network.street(edge) for edge in edges]
    return [
        street if named is None or network.name_index[edge] else named.beside(street, xy)
        for street, edge, xy in zip(plain, edges, xy_m, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Named:
    """The drivable streets with a name around some places, (n,) ascending: read once for all of them."""

    network: StreetNetwork
    edges: Ints

    @classmethod
    def around(cls, network: StreetNetwork, xy_m: Sequence[Place], reach_m: float) -> _Named:
        """Collect those in the box around some places that reaches so far beyond them."""
        low, high = np.min(xy_m, axis=0) - reach_m, np.max(xy_m, axis=0) + reach_m
        edges = network.edges_in_box((*low.tolist(), *high.tolist()))
        return cls(network, edges[network.drivable[edges] & (network.name_index[edges] > 0)])

    def beside(self, plain: str, xy_m: Place) -> str:
        """Name a place on a street without a name, ``plain`` being what that is called otherwise."""
        network, kind = self.network, plain.removeprefix(_UNNAMED)
        found = self.nearest(xy_m, _STREET_M)
        if found is None:
            return _far_from(network, kind, xy_m) or plain
        nearest, _ = found
        street = network.street(nearest)
        crossing = self._nearest_crossing(nearest, xy_m)
        if crossing is None:
            return f"{kind} off {street}"
        across, off_m = crossing
        if np.hypot(*off_m) <= _AT_M:
            return f"{kind} off {street} at {across}"
        return f"{kind} off {street}, {_told(*off_m)} of {across}"

    def nearest(self, xy_m: Place, reach_m: float) -> tuple[int, Place] | None:
        """Return the nearest street, and where it is nearest; None beyond so many metres."""
        network, spot = self.network, Point(xy_m)
        near = self._perhaps_nearest(xy_m, reach_m)
        if not len(near):
            return None
        away_m = shapely.distance(network.lines(near), spot)
        k = int(np.lexsort((near, np.round(away_m, 2)))[0])
        if away_m[k] > reach_m:
            return None
        at = shapely.get_coordinates(shapely.shortest_line(network.lines(near[[k]])[0], spot))[0]
        return int(near[k]), (float(at[0]), float(at[1]))

    def _perhaps_nearest(self, xy_m: Place, reach_m: float) -> Ints:
        """Return the streets whose boxes are no further than the nearest end of any, or than so far."""
        x, y = xy_m
        west, south, east, north = self._bounds_m
        off_m = np.hypot(
            np.maximum(np.maximum(west - x, x - east), 0), np.maximum(np.maximum(south - y, y - north), 0)
        )
        to_end_m = np.hypot(*(self._ends_m - [[x], [y]])).min(initial=np.inf)
        return np.asarray(self.edges[off_m <= min(float(to_end_m), reach_m) + _TIE_M])

    @cached_property
    def _bounds_m(self) -> Floats:
        return np.ascontiguousarray(self.network.bounds_m[self.edges].T)

    @cached_property
    def _ends_m(self) -> Floats:
        """Where the ``u`` end of each street lies, (2, n)."""
        return np.ascontiguousarray(self.network.node_xy_m[self.network.edge_u[self.edges]].T)

    def _nearest_crossing(self, edge: int, xy_m: Place) -> tuple[str, Place] | None:
        """Return the street that crosses a street nearest to a place, and how far east and north this is."""
        network = self.network
        name = network.name_index[edge]
        own = self.edges[network.name_index[self.edges] == name]
        nodes = each_once(np.concatenate([network.edge_u[own], network.edge_v[own]]))
        arcs, owner = network.arcs_into(nodes)
        there = arcs % network.edge_count
        across = (
            network.drivable[there] & (network.name_index[there] > 0) & (network.name_index[there] != name)
        )
        there, owner = there[across], owner[across]
        if not len(there):
            return None
        off = np.asarray(xy_m) - network.node_xy_m[nodes[owner]]
        away = np.hypot(*off.T)
        k = int(np.lexsort((owner, np.round(away, 2)))[0])
        if away[k] > _CROSSING_M:
            return None
        others = there[owner == owner[k]].tolist()
        first = min(others, key=lambda e: (int(network.road_class[e]), network.street(e)))
        return network.street(first), (float(off[k][0]), float(off[k][1]))


def _far_from(network: StreetNetwork, kind: str, xy_m: Place) -> str:
    """Name a place far from every street with a name by the nearest there is; "" where there is none."""
    found = _Named.around(network, [xy_m], _FAR_M).nearest(xy_m, _FAR_M)
    if found is None:
        return ""
    nearest, at = found
    return f"{kind}, {_told(xy_m[0] - at[0], xy_m[1] - at[1])} of {network.street(nearest)}"


def _told(east_m: float, north_m: float) -> str:
    """Write a distance and its point of the compass."""
    far_m = max(round(float(np.hypot(east_m, north_m)) / _STEP_M), 1) * _STEP_M
    return f"{far_m:.0f} m {words.side(east_m, north_m)}"

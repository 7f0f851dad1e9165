"""Tunnels and high bridges out of the ground of a perimeter: those that only pass it, and those led to."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from planner.perimeters.band import Band, Sorted
from planner.perimeters.cut import INNER
from planner.perimeters.spans import spans
from planner.streets.joined import joined
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered
from planner.terms import RoadClass

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def on_other_levels(
    band: Band, driving: Sorted, polygon_m: Polygon
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name tunnels, and bridges of motorways and trunk roads, that lie in the core at least in part.

    Returns
    -------
    passing : tuple of str
        Those that no street on the ground of the core leads to, inside the line: they only pass it.
    joined : tuple of str
        The tunnels that do lead there, and out below the line.
    """
    network, edges = band.network, band.edges[band.driving]
    high = network.bridge[edges] & (network.road_class[edges] <= RoadClass.TRUNK_LINK)
    some = edges[network.tunnel[edges] | high]
    some = some[shapely.intersects(band.core_m, network.lines(some))]
    if not len(some):
        return (), ()
    led_to = _led_to(band, driving, some)
    leaves = led_to & network.tunnel[some] & _goes_out(network, edges, some, polygon_m)
    joined = {network.street(int(edge)) for edge in some[leaves]}
    passing = {network.street(int(edge)) for edge in some[~led_to]} - joined
    return tuple(sorted(passing)), tuple(sorted(joined))


def _goes_out(network: StreetNetwork, edges: Ints, some: Ints, polygon_m: Polygon) -> Bools:
    """Whether each of some tunnels and bridges, (n,), goes on to the line."""
    raised = edges[spans(network, edges)]
    nodes, (ends,) = numbered(np.stack([network.edge_u[raised], network.edge_v[raised]]))
    group = joined(ends[0], ends[1], len(nodes))[ends[0]]
    out = ~shapely.contains_properly(polygon_m, network.lines(raised))
    return np.isin(group[np.searchsorted(raised, some)], group[out])


def _led_to(band: Band, driving: Sorted, some: Ints) -> Bools:
    """Whether a street on the ground of the core leads to each of some edges, (n,), past no post."""
    network, edges, ends = band.network, driving.edges, band.ends
    count = int(ends.max(initial=-1)) + 1
    inner = np.stack([side == INNER for side in driving.sides])
    both = inner.all(axis=0)
    group = joined(ends[0, both], ends[1, both], count)
    ground = ~_off_ground(network, edges) & inner.any(axis=0)
    ground[ground] = shapely.intersects(band.core_m, network.lines(edges[ground]))
    held = np.zeros(count, dtype=bool)
    held[group[ends[:, ground][inner[:, ground]]]] = True
    row = np.searchsorted(edges, some)
    return np.asarray((inner[:, row] & held[group[ends[:, row]]]).any(axis=0))


def _off_ground(network: StreetNetwork, edges: Ints) -> Bools:
    return np.asarray(spans(network, edges) | (network.layer[edges] != 0))

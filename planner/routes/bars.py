"""What on the map keeps a traveller from streets that no way leads to: bollards, low bridges, signs.

A place that the scene is not joined to may only seem so: take the bollard away and one drives there. Found is
the way that passes as few such bars as can be, whatever is closed by the incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planner.doctrine import Travelling
from planner.streets.network import StreetNetwork
from planner.terms import FIRST_BLOCKING_BARRIER, Access, Barrier, Travel

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BAR_M = 1e7
"""What a bar weighs: more than any way on a map is long."""
_LEAST_M = 1e-3
_NAMED = 3
_KEPT = 8
_NO_NODE = -9999
"""How scipy writes that no node comes before."""


@dataclass(frozen=True, eq=False)
class _Reached:
    """The way with the fewest bars from a part of the streets to each node: its node and edge before."""

    before: Ints
    edge: Ints


def what_bars(
    network: StreetNetwork, travel: Travel, travelling: Travelling, part: int, place: int
) -> tuple[str, ...]:
    """Name what a traveller from a part of the streets would have to get past to a street, nearest it first.

    Parameters
    ----------
    network : StreetNetwork
    travel : Travel
    travelling : Travelling
    part : int
        Number of the part, of :meth:`~planner.streets.network.StreetNetwork.parts`.
    place : int
        Edge that the traveller has to come to.

    Returns
    -------
    tuple of str
        "a bollard on Gate Road", "Low Road is 2.8 m high"; () where no street leads there at all, or only
        one-way streets and signs are in the way.
    """
    reached = _reached_from(network, travel, travelling, part)
    timing = network.timing(travel, travelling)
    shut_edge, shut_node = ~timing.open_edges, np.isinf(timing.node_s)
    node = int(network.edge_u[place])
    told: dict[str, None] = {}
    if shut_edge[place]:
        told[_edge_bar(network, place, travel, travelling)] = None
    after = place
    while node >= 0:
        edge = int(reached.edge[node])
        if shut_node[node] and edge != after:
            told[_node_bar(network, node, edge if edge >= 0 else after)] = None
        if edge >= 0 and shut_edge[edge]:
            told[_edge_bar(network, edge, travel, travelling)] = None
        node, after = int(reached.before[node]), edge
    return tuple(told)[:_NAMED]


@lru_cache(maxsize=_KEPT)
def _reached_from(network: StreetNetwork, travel: Travel, travelling: Travelling, part: int) -> _Reached:
    """Search from all of a part at once, over every street whatever bars it."""
    timing = network.timing(travel, travelling)
    edges = np.flatnonzero(network.drivable)
    u, v = network.edge_u[edges], network.edge_v[edges]
    shut_node = np.isinf(timing.node_s)
    weight = np.maximum(network.length_m[edges], _LEAST_M) + _BAR_M * ~timing.open_edges[edges]
    weight += _BAR_M / 2 * (shut_node[u].astype(float) + shut_node[v])
    low, high = np.minimum(u, v), np.maximum(u, v)
    order = np.lexsort((edges, weight, high, low))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (low[order][1:] != low[order][:-1]) | (high[order][1:] != high[order][:-1])
    kept = order[first]  # of parallel streets the best
    count = network.node_count
    graph = csr_array((weight[kept], (low[kept], high[kept])), shape=(count, count))
    own = np.flatnonzero(network.parts(travel, travelling) == part)
    begin = np.unique(np.concatenate([network.edge_u[own], network.edge_v[own]]))
    begin = begin[~shut_node[begin]] if not shut_node[begin].all() else begin
    _, before, _ = dijkstra(graph, directed=False, indices=begin, return_predecessors=True, min_only=True)
    before = np.where(before == _NO_NODE, -1, before)
    edge = np.full(count, -1, dtype=np.int64)
    known = np.flatnonzero(before >= 0)
    pair = np.minimum(known, before[known]) * count + np.maximum(known, before[known])
    keys = low[kept] * count + high[kept]  # ascending
    edge[known] = edges[kept][np.searchsorted(keys, pair)]
    return _Reached(np.asarray(before, dtype=np.int64), edge)


def _node_bar(network: StreetNetwork, node: int, edge: int) -> str:
    barrier = Barrier(int(network.node_barrier[node]))
    kind = barrier.name.lower().replace("_", " ")
    if barrier < FIRST_BLOCKING_BARRIER:
        kind = f"private {kind}"
    return f"a {kind} on {network.street(edge)}"


def _edge_bar(network: StreetNetwork, edge: int, travel: Travel, travelling: Travelling) -> str:
    street = network.street(edge)
    height_m, width_m = travelling.size_m(travel)
    if network.maxheight_m[edge] < height_m:
        return f"{street} is {network.maxheight_m[edge]:.3g} m high"
    wide_m = float(np.fmin(network.width_m[edge] or np.nan, network.maxwidth_m[edge]))
    if wide_m < width_m:
        return f"{street} is {wide_m:.3g} m wide"
    if travel is Travel.EMERGENCY:
        return f"{street} is closed to emergency vehicles"
    private = network.access[edge] in (Access.PRIVATE, Access.PERMIT)
    return f"{street} is {'private' if private else 'closed to the public'}"

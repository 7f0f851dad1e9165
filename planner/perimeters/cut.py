"""The minimum cut of the streets around one piece of ground: where posts must stand, and why no fewer do.

Nodes of the graph are junctions; its *links* are the stretches of street on which a post may stand. All
ground inside the core is one source, all ground beyond the limit one sink (``engine.md``, "Sealing a zone").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.geo import corners
from planner.perimeters.max_flow import find_flow
from planner.perimeters.steps import may_meet, touches
from planner.streets.joined import joined_through
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

SOURCE, SINK = 0, 1
"""Graph nodes that stand for all of the core and for all ground beyond the limit."""

CORE, MIDDLE, BEYOND = 0, 1, 2
"""Where a junction lies."""

ADRIFT, INNER, OUTER = 0, 1, 2
"""Which side of the cut a junction fell on; adrift = joined to neither the scene nor the outside."""

POST_COST = 10_000
"""Cost of one post in the cut. Ties are broken by terms of at most some 100 each, so that the *number* of
posts decides first for up to a hundred posts."""

OPEN_COST = 200 * POST_COST
"""Cost of closing a street that must stay open: more than any ring of posts."""

_LONG_M, _LONG_TIE = 400.0, 40
"""A post stands at the far end of its link: of cuts of as many posts, that with the shorter links is the
rounder ring. Links of this length and more cost so much on top of a post."""


@dataclass(frozen=True, eq=False)
class Links:
    """Stretches of street on which a post may stand, as edges of the graph that is cut.

    An edge of the network that crosses the core with both ends outside gives two links, one at each end.

    Parameters
    ----------
    edge : (K,) int array
        The network edge each lies on; -1 where a link stands for a barrier that only people on foot pass.
    low, high : (K,) int array
        Graph nodes at its ends, in the direction of the edge's shape.
    low_m, high_m : (K,) float array
        The stretch itself, in metres from the edge's ``u`` end; outside the core.
    cost, back : (K,) int arrays
        What a post on it costs where the scene lies at its low end, and where it lies at its high one.
    node_count : int
        Graph nodes, source and sink included.
    """

    edge: Ints
    low: Ints
    high: Ints
    low_m: Floats
    high_m: Floats
    cost: Ints
    back: Ints
    node_count: int


@dataclass(frozen=True, eq=False)
class Cut:
    """A minimum cut.

    Parameters
    ----------
    links : Links
        The graph that was cut.
    side : (node_count,) int8 array
        ``INNER``, ``OUTER`` or ``ADRIFT`` for each graph node.
    group : (node_count,) int array
        Nodes that stay joined when the links are cut share a number.
    flow : int
        Value of the maximum flow: equal to the cost of the links that are cut.
    """

    links: Links
    side: Codes
    group: Ints
    flow: int

    @cached_property
    def severed(self) -> Ints:
        """Indices of the links that posts must close, ascending."""
        low, high = self.side[self.links.low], self.side[self.links.high]
        return np.flatnonzero((low != high) & (low != ADRIFT) & (high != ADRIFT))


@dataclass(frozen=True, eq=False)
class Touch:
    """Where edges meet the core.

    Parameters
    ----------
    meets : (B,) bool array
    first_m, last_m : (B,) float array
        Where they first and last touch it, in metres from the ``u`` end; for edges that meet it and are not
        known to lie in it from end to end.
    """

    meets: Bools
    first_m: Floats
    last_m: Floats


def touch_core(
    network: StreetNetwork, edges: Ints, core_m: BaseGeometry, in_core: tuple[Bools, Bools]
) -> Touch:
    """Find where edges meet the core; ``in_core`` says which of their two ends lie in it.

    Those with both ends there are not measured.
    """
    shapely.prepare(core_m)
    at_u, at_v = in_core
    meets = at_u | at_v
    asked = np.flatnonzero(~meets)
    asked = asked[may_meet(network.bounds_m[edges[asked]], shapely.get_coordinates(core_m))]
    meets[asked] = shapely.intersects(core_m, network.lines(edges[asked]))
    first, last = np.zeros(len(edges)), network.length_m[edges]
    asked = np.flatnonzero(meets & ~(at_u & at_v))
    first[asked], last[asked] = _span(network.lines(edges[asked]), core_m)
    return Touch(meets, first, last)


def make_links(
    network: StreetNetwork,
    edges: Ints,
    ends: Ints,
    where: tuple[Codes, Codes],
    touch: Touch,
    cost: Ints,
    more: Ints | None = None,
) -> tuple[Links, tuple[Ints, Ints]]:
    """Make the graph that is cut from the streets of a band.

    Parameters
    ----------
    network : StreetNetwork
    edges : (B,) int array
        Edges of the band.
    ends : (2, B) int array
        Keys of their ends; equal keys are joined.
    where : two (B,) int8 arrays
        ``CORE``, ``MIDDLE`` or ``BEYOND`` for each end.
    touch : Touch
        Where the edges meet the core.
    cost : (B,) int array
        What a post on each edge costs; a long way from the core to the post comes on top, as a tie.
    more : (2, B) int array, optional
        What it costs on top where its outer end is the edge's ``u`` end, and where it is its ``v`` end.

    Returns
    -------
    links : Links
    nodes : two (B,) int arrays
        Graph node of each edge's ends.
    """
    nodes_u, nodes_v, count = _number_nodes(ends, *where)
    length_m = network.length_m[edges]
    row, low, high, low_m, high_m, costs = _stretches(
        nodes_u, nodes_v, length_m, touch.meets, touch.first_m, touch.last_m, cost
    )
    back = costs
    if more is not None:
        back, costs = (costs + top[row] for top in more)
    return Links(edges[row], low, high, low_m, high_m, costs, back, count), (nodes_u, nodes_v)


@njit(cache=True, nogil=True)
def _number_nodes(
    ends: Ints, where_u: Codes, where_v: Codes
) -> tuple[Ints, Ints, int]:  # pragma: no cover - compiled
    """Give the ends nodes of the graph, those within the limit in the order of their keys; and count them."""
    nodes = np.empty(ends.shape, dtype=np.int64)
    number = np.zeros(ends.max() + 1 if ends.size else 0, dtype=np.int64)
    for side, where in enumerate((where_u, where_v)):
        for k in range(len(where)):
            if where[k] == MIDDLE:
                number[ends[side, k]] = 1
    count = 2
    for key in range(len(number)):
        if number[key]:
            number[key] = count
            count += 1
    for side, where in enumerate((where_u, where_v)):
        for k in range(len(where)):
            if where[k] == MIDDLE:
                nodes[side, k] = number[ends[side, k]]
            else:
                nodes[side, k] = SOURCE if where[k] == CORE else SINK
    return nodes[0], nodes[1], count


@njit(cache=True, nogil=True)
def _stretches(
    nodes_u: Ints, nodes_v: Ints, length_m: Floats, meets: Bools, first_m: Floats, last_m: Floats, cost: Ints
) -> tuple[Ints, Ints, Ints, Floats, Floats, Ints]:  # pragma: no cover - compiled
    """List the stretches on which a post may stand: whole streets first, then those from and to the core.

    Of each: the row of its street, its graph nodes, where it begins and ends, and what a post costs there.
    """
    most = 2 * len(cost)
    row, low = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    high, costs = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    low_m, high_m = np.empty(most), np.empty(most)
    size = 0
    for part in range(3):
        for k in range(len(cost)):
            u, v, begin_m, end_m = nodes_u[k], nodes_v[k], 0.0, length_m[k]
            if part == 0 and (meets[k] or u == v):
                continue
            if part == 1:
                if not meets[k] or u == SOURCE:
                    continue
                v, end_m = SOURCE, first_m[k]
            if part == 2:
                if not meets[k] or v == SOURCE:
                    continue
                u, begin_m = SOURCE, last_m[k]
            row[size], low[size], high[size], low_m[size], high_m[size] = k, u, v, begin_m, end_m
            costs[size] = cost[k] + int(np.rint(min(end_m - begin_m, _LONG_M) / _LONG_M * _LONG_TIE))
            size += 1
    return row[:size], low[:size], high[:size], low_m[:size], high_m[:size], costs[:size]


def cut_links(links: Links) -> Cut:
    """Find the minimum cut between source and sink that lies farthest out.

    Of all cuts of least cost the one nearest the sink is taken: it runs along streets, where the nearest to
    the core is a ragged circle (``engine.md``). It is the same whatever flow the solver happens to find.
    """
    ends, costs = (links.low, links.high), (links.cost, links.back)
    flow, reaches = find_flow(*ends, *costs, links.node_count, SOURCE, SINK)
    return sort_sides(links, reaches, int(flow))


def sort_sides(links: Links, reaches: Bools, flow: int) -> Cut:
    """Sort the nodes by what still reaches the sink, (node_count,); the rest is inside, if joined to it."""
    side = np.where(reaches, OUTER, ADRIFT).astype(np.int8)
    group = joined_through(links.low, links.high, ~reaches)
    side[~reaches & (group == group[SOURCE])] = INNER
    return Cut(links, side, group, flow)


def meeting(network: StreetNetwork, edges: Ints, ground_m: BaseGeometry) -> tuple[Ints, Ints, Ints, Bools]:
    """Find the edges that meet some ground: most do with an end, which is asked once for each junction.

    Returns
    -------
    edges : int array
    nodes, number : (n,), (2, edges) int arrays
        Their junctions, ascending, and the places among them of their ``u`` and of their ``v`` ends.
    within : bool array
        Which junctions lie on the ground.
    """
    shapely.prepare(ground_m)
    nodes, (number,) = numbered(np.stack([network.edge_u[edges], network.edge_v[edges]]))
    within = np.asarray(shapely.intersects_xy(ground_m, network.node_xy_m[nodes]))
    met = np.asarray(within[number].any(axis=0))
    asked = np.flatnonzero(~met)
    asked = asked[may_meet(network.bounds_m[edges[asked]], shapely.get_coordinates(ground_m))]
    met[asked] = shapely.intersects(ground_m, network.lines(edges[asked]))
    left, (number,) = numbered(number[:, met])
    return edges[met], nodes[left], number, within[left]


def _span(lines: NDArray[np.object_], ground_m: BaseGeometry) -> tuple[Floats, Floats]:
    """Return where each line first and last touches some ground, in metres from its start."""
    xy, start = corners(lines)
    ring, ring_of = shapely.get_coordinates(shapely.get_rings(ground_m), return_index=True)
    first, last = touches(xy, start, ring, np.append(ring_of[1:] == ring_of[:-1], False))
    length = np.asarray(shapely.length(lines))
    held = shapely.intersects_xy(ground_m, xy)
    first[held[start[:-1]]] = 0.0
    ends = held[start[1:] - 1]
    last[ends] = length[ends]
    # A line without length (two OSM nodes at one place) meets in no coordinate: it is touched as a whole.
    missed = ~np.isfinite(first) | ~np.isfinite(last)
    first[missed], last[missed] = 0.0, length[missed]
    return first, last

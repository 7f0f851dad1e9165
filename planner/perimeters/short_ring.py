"""Of all cuts with as few posts the one with the shortest ring: for where the first runs out and back.

The minimum cut counts posts; it does not know that one carriageway of an avenue lies beside the other. Here
every place on a street is tied to its neighbours across the ground between by what the ring would be longer
if it parted them: the border of their cells (Voronoi), as in cuts that measure curves (Boykov and Kolmogorov
2003). All of it together is less than a post, so no post more is spent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.perimeters.band import Band, Sorted
from planner.perimeters.cut import INNER, SINK, SOURCE, Cut, Links, sort_sides
from planner.perimeters.max_flow import find_flow
from planner.perimeters.mesh import triangulate
from planner.perimeters.spans import no_way_off
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered
from planner.terms import RoadClass

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Ties = tuple[Ints, Ints, Ints, Ints]
"""Two nodes of the graph each, and what it costs to part them, with the one inside or the other."""

_STEP_M = 35.0
"""Streets are laid out as places this far apart."""
_PER_M = 1.0
"""What a metre of ring costs, where a post costs ``POST_COST`` and ties between posts up to a hundred."""
_MOST_M = 100.0
"""A border between two cells counts for this at most: over wide open ground it says little."""
_MID_BLOCK = 150
"""Cost of a post away from the junction at which drivers can turn off."""
_ON_SPAN = 1_000
"""Cost of a post in a tunnel or on a bridge: a shorter ring is not bought with it."""
_SAME_M = 0.01
"""Streets between the same two junctions, and as long to this, are one that the map has twice."""
_NEVER = 10**9
"""Cost of parting places between which no post should stand."""


def shorten(band: Band, driving: Sorted, *, turning: bool) -> tuple[Sorted, dict[int, float]]:
    """Return the cut with as few posts whose ring is the shortest.

    And where posts stand on their links, in metres from the ``u`` end of the edge, where that is not at the
    far end. Where the shortest ring takes more posts, the cut is returned as it is.

    Parameters
    ----------
    band : Band
    driving : Sorted
    turning : bool
        Who is stopped at a post must be able to turn off, or to turn round in the street.
    """
    links = driving.cut.links
    xy, node, chain, marks = _laid_out(band, driving, turning)
    ties = _ties(xy, node)
    low, high, cost, back = (np.concatenate(pair) for pair in zip(chain, ties, strict=True))
    count = int(max(low.max(initial=0), high.max(initial=0), links.node_count - 1)) + 1
    _, reaches = find_flow(low, high, cost, back, count, SOURCE, SINK)
    cut = sort_sides(links, reaches[: links.node_count], 0)
    if len(cut.severed) > len(driving.cut.severed):
        return driving, {}
    price = np.where(cut.side[links.low] == INNER, links.cost, links.back)
    cut = replace(cut, flow=int(price[cut.severed].sum()))
    link, first, second, at_m, far = marks
    parted = np.isin(link, cut.severed) & (reaches[first] != reaches[second]) & ~far
    at = dict(zip(link[parted].tolist(), at_m[parted].tolist(), strict=True))
    return replace(driving, cut=cut), _side_by_side(band.network, cut, at)


def _side_by_side(network: StreetNetwork, cut: Cut, at: dict[int, float]) -> dict[int, float]:
    """Let posts on a street that the map has twice stand beside each other: the line crosses both there."""
    links, beside = cut.links, defaultdict[frozenset[int], list[int]](list)
    for k in cut.severed.tolist():
        beside[frozenset((int(links.low[k]), int(links.high[k])))].append(k)
    whole = dict(at)
    for first, second in (pair for those in beside.values() for pair in combinations(those, 2)):
        one, other = (first, second) if first in whole else (second, first)
        if one in whole and (along_m := _twin_m(network, links, one, other, whole[one])) is not None:
            whole[other] = along_m
    return whole


def _twin_m(network: StreetNetwork, links: Links, one: int, other: int, along_m: float) -> float | None:
    """How far along one link a place on another lies; None where the two are not one street, mapped twice."""
    mine, theirs = links.edge[one], links.edge[other]
    length_m = float(network.length_m[theirs])
    ends = int(network.edge_u[mine]), int(network.edge_v[mine])
    others = int(network.edge_u[theirs]), int(network.edge_v[theirs])
    if abs(float(network.length_m[mine]) - length_m) > _SAME_M:
        return None
    if ends == others and links.low[one] == links.low[other]:
        return along_m
    return length_m - along_m if ends == others[::-1] and links.low[one] == links.high[other] else None


def _laid_out(
    band: Band, driving: Sorted, turning: bool
) -> tuple[Floats, Ints, Ties, tuple[Ints, Ints, Ints, Floats, Bools]]:
    """Lay out streets and the core as places, and tell which node of the graph each belongs to.

    Returns
    -------
    xy_m : (n, 2) float array
    node : (n,) int array
    chain : Ties
        The links, in pieces from place to place.
    marks : (link, node, node, metres, far)
        The pieces of links on which a post may stand anywhere, the middle of each, and whether it is that at
        the far end.
    """
    network, links = band.network, driving.cut.links
    length = links.high_m - links.low_m
    parts = np.maximum(np.ceil(length / _STEP_M).astype(np.int64), 1)
    of = np.repeat(np.arange(len(parts)), parts)
    first = np.cumsum(parts) - parts
    step = np.arange(len(of)) - first[of]
    inner = step > 0  # the piece before has a place of its own at its end
    new = links.node_count + np.cumsum(inner) - 1
    low = np.where(inner, new, links.low[of])
    high = np.where(step == parts[of] - 1, links.high[of], np.append(new[1:], 0))
    share = length[of] / parts[of]
    at_m = links.low_m[of] + step * share
    lines = network.lines(links.edge)
    place = shapely.get_coordinates(shapely.line_interpolate_point(lines[of[inner]], at_m[inner]))
    away, at_end, outer_high = _dearer(band, driving, turning)
    last = np.where(outer_high[of], step == parts[of] - 1, step == 0)
    top = np.where(last, at_end[of], away[of])
    chain = low, high, links.cost[of] + top, links.back[of] + top
    free = away[of] < _NEVER
    marks = of[free], low[free], high[free], (at_m + share / 2)[free], last[free]
    ends, end_node = _ends(band, driving)
    core = shapely.get_coordinates(shapely.segmentize(band.core_m.exterior, _STEP_M))
    xy = np.vstack([place, network.node_xy_m[ends], core])
    node = np.concatenate([new[inner], end_node, np.full(len(core), SOURCE)])
    return xy, node, chain, marks


def _ends(band: Band, driving: Sorted) -> tuple[Ints, Ints]:
    """Junctions outside the core and not far beyond where posts may stand, and their nodes of the graph."""
    network, edges = band.network, driving.edges
    away = np.concatenate([away[band.driving] for away in band.away_m])
    node = np.concatenate(driving.nodes)
    within = (driving.nodes[0] != SINK) | (driving.nodes[1] != SINK)
    far = away[np.tile(within, 2)].max(initial=0.0) + _STEP_M
    near = ((node != SOURCE) | (away > 0)) & ((node != SINK) | (away < far))
    ends, first = np.unique(
        np.concatenate([network.edge_u[edges], network.edge_v[edges]])[near], return_index=True
    )
    return ends, node[near][first]


def _dearer(band: Band, driving: Sorted, turning: bool) -> tuple[Ints, Ints, Bools]:
    """Price a post away from the far end of each link, and at it; and tell which have it at the high one.

    Away from it nothing on motorways, on streets that lead out one way, and where nobody can turn off at the
    junction behind anyway; at it only in tunnels and on bridges, but for motorways.
    """
    network, links = band.network, driving.cut.links
    edge = links.edge
    away_u, away_v = (away[band.driving][np.searchsorted(driving.edges, edge)] for away in band.away_m)
    outer_high = np.where(
        (links.low == SOURCE) | (links.high == SINK),
        True,
        np.where((links.high == SOURCE) | (links.low == SINK), False, away_v >= away_u),
    )
    leads_out = np.where(outer_high, network.oneway[edge] > 0, network.oneway[edge] < 0)
    road = network.road_class[edge]
    node = np.where(outer_high, network.edge_v[edge], network.edge_u[edge])
    beyond = np.where(outer_high, away_v, away_u) > band.reach_m
    slow = road > RoadClass.MOTORWAY_LINK
    free = ~slow | leads_out | beyond
    free |= ~_turns_off(network, driving.edges, edge, node)
    round_again = (network.oneway[edge] == 0) & (road > RoadClass.TRUNK_LINK)
    cost = np.where(free, 0, np.where(round_again | ~turning, _MID_BLOCK, _NEVER))
    spans = no_way_off(network, edge) & (network.tunnel[edge] | slow)
    return np.where(spans, _NEVER, cost), _ON_SPAN * spans, outer_high


def _turns_off(network: StreetNetwork, edges: Ints, own: Ints, node: Ints) -> Bools:
    """Whether one who comes to a junction, (n,), may go on by another street than the own one, (n,)."""
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    way = np.concatenate([network.oneway[edges], -network.oneway[edges]])
    leads_off, leads_on, both = way >= 0, way <= 0, way == 0
    nodes, (ends,) = numbered(ends)
    count, at = len(nodes), np.searchsorted(nodes, node)
    mine = network.edge_u[own] == node
    my_way = np.where(mine, network.oneway[own], -network.oneway[own])
    off = np.bincount(ends[leads_off], minlength=count)[at] - (my_way >= 0)
    on = np.bincount(ends[leads_on], minlength=count)[at] - (my_way <= 0)
    two = np.bincount(ends[both], minlength=count)[at] - (my_way == 0)
    return np.asarray((off > 0) & (on > 0) & ~((off == 1) & (on == 1) & (two == 1)))


def _ties(xy: Floats, node: Ints) -> Ties:
    """Tie neighbouring places of different nodes by the length of the border between their cells."""
    triangles, neighbours = triangulate(xy)
    middle = _middles(xy[triangles])
    t = np.repeat(np.arange(len(triangles)), 3)
    n = neighbours.reshape(-1)
    p, q = triangles[:, [1, 2, 0]].reshape(-1), triangles[:, [2, 0, 1]].reshape(-1)
    asked = (n > t) & (node[p] != node[q])
    border = np.minimum(np.hypot(*(middle[t[asked]] - middle[n[asked]]).T), _MOST_M)
    cost = np.round(border * _PER_M).astype(np.int64)
    some = cost > 0
    return node[p[asked]][some], node[q[asked]][some], cost[some], cost[some]


def _middles(corners: Floats) -> Floats:
    """Middles of the circles around triangles, (n, 3, 2); of flat ones, somewhere far off."""
    a = corners[:, 0]
    b, c = corners[:, 1] - a, corners[:, 2] - a
    twice = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    twice = np.where(np.abs(twice) < 1e-9, 1e-9, twice)
    bb, cc = b[:, 0] ** 2 + b[:, 1] ** 2, c[:, 0] ** 2 + c[:, 1] ** 2
    x = (c[:, 1] * bb - b[:, 1] * cc) / twice
    y = (b[:, 0] * cc - c[:, 0] * bb) / twice
    return np.asarray(a + np.column_stack([x, y]))

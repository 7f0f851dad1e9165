"""People on foot: who keeps them from walking over the line of a perimeter where no vehicle post stands.

Every mapped way that a person can walk is followed from the ground inside. Where it comes to the line and
goes on outside, somebody must stand: the officers of a vehicle post near by, or a post on foot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot, inf

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.perimeters.cut import OPEN_COST, POST_COST, SINK, SOURCE, Links, cut_links
from planner.perimeters.posts import Stand
from planner.perimeters.steps import distances, may_meet, stretches
from planner.streets.joined import joined
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered
from planner.terms import PostMode

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEAR_LINE_M = 15.0
"""What lies this near to the line lies on it (``domain.md`` 2.3)."""
_SAME_M = 0.05
"""Marks nearer to each other than this are one."""


@dataclass(frozen=True, eq=False)
class _Parts:
    """Ways taken apart at marks: where the line crosses them and where vehicle posts stand.

    Parameters
    ----------
    edge : (P,) int array
        The way that each part belongs to; parts of a way follow each other.
    end_m : (P,) float array
        Where the part ends, in metres from the way's ``u`` end.
    line : (P,) object array of LineString
        The part itself.
    inside : (P,) bool array
        Whether it lies inside the line.
    deep : (P,) bool array
        Which do so from end to end for sure, as the line is further off than they are long.
    posted : (P,) bool array
        Whether a vehicle post, or one on foot that was asked for, stands where it ends and the next part
        begins.
    in_held : bool
        Whether there are ways in the ground held, which are not taken apart.
    """

    edge: Ints
    end_m: Floats
    line: NDArray[np.object_]
    inside: Bools
    deep: Bools
    posted: Bools
    in_held: bool

    @cached_property
    def joints(self) -> Ints:
        """Indices of the parts that are followed by another part of the same way."""
        return np.flatnonzero(self.edge[:-1] == self.edge[1:])

    @cached_property
    def barred(self) -> Ints:
        """Joints where a way goes over the line, or where a vehicle post stands on it."""
        k = self.joints
        over = self.inside[k] != self.inside[k + 1]
        return np.asarray(k[self.posted[k] | over])


def stand_walkers(
    network: StreetNetwork, polygon_m: Polygon, places: Sequence[tuple[int, float]]
) -> tuple[list[Stand], list[int]]:
    """Stand posts on foot where the user wants them, if on the line; return the other ways as well."""
    stands: list[Stand] = []
    off: list[int] = []
    for edge, along_m in places:
        xy = network.at(edge, along_m)
        if polygon_m.exterior.distance(Point(xy)) > NEAR_LINE_M:
            off.append(edge)
            continue
        inner_is_u = polygon_m.contains(Point(network.at(edge, max(along_m - NEAR_LINE_M, 0.0))))
        outer = int((network.edge_v if inner_is_u else network.edge_u)[edge])
        stands.append(Stand(edge, along_m, xy, inner_is_u, outer, PostMode.FOOT, whole=False))
    return stands, off


def post_walkers(
    network: StreetNetwork,
    polygon_m: Polygon,
    core_m: BaseGeometry,
    held_m: BaseGeometry,
    stands: list[Stand],
    asked: list[Stand],
    watch_m: float,
    stand_off_m: float,
    open_edges: Ints,
) -> list[Stand]:
    """Find the posts on foot, and note on the vehicle posts the ways that they watch.

    Parameters
    ----------
    network : StreetNetwork
    polygon_m : Polygon
        The line.
    core_m : geometry
        The ground that people must not walk out of.
    held_m : geometry
        The ground of danger in it: where no way leads there, people may be anywhere inside the line.
    stands : list of Stand
        The vehicle posts; what each watches is added to it.
    asked : list of Stand
        Posts on foot that stand in any case, from :func:`stand_walkers`.
    watch_m : float
        From how far a post watches a way.
    stand_off_m : float
        How far from the line people may be inside then.
    open_edges : (n,) int array
        Ways that the user wants open: nobody stands there unless there is no other way to hold the line, and
        then the stand is ``open``: a leak.

    Returns
    -------
    list of Stand
        On the line, each with the ways beside it that it watches as well.
    """
    parts = _take_apart(network, polygon_m, [*stands, *asked], held_m)
    foot = list(asked)
    barred = parts.barred
    price = np.full(len(parts.edge), POST_COST)
    price[barred[_watched(parts, barred, stands, watch_m)]] = 1
    if len(open_edges):
        price[np.isin(parts.edge, open_edges)] = OPEN_COST
    if not (parts.in_held or shapely.intersects(held_m, parts.line).any()):
        core_m = core_m | polygon_m.buffer(-stand_off_m)
    for k in _needed(parts, network, polygon_m, core_m, price):
        edge, along = int(parts.edge[k]), float(parts.end_m[k])
        xy = network.at(edge, along)
        if price[k] == OPEN_COST:
            foot.append(Stand(edge, along, xy, bool(parts.inside[k]), -1, PostMode.FOOT, False, open=True))
            continue
        beside = _nearest(stands, xy, watch_m) or _nearest([s for s in foot if not s.open], xy, watch_m)
        if beside is not None:
            beside.watched.append((edge, along, False))
            continue
        inner_is_u = bool(parts.inside[k])
        outer = int((network.edge_v if inner_is_u else network.edge_u)[edge])
        foot.append(Stand(edge, along, xy, inner_is_u, outer, PostMode.FOOT, whole=False))
    return foot


def _watched(parts: _Parts, rows: Ints, stands: list[Stand], watch_m: float) -> Bools:
    """Whether a vehicle post watches the place where each of some parts ends, (n,)."""
    ends = shapely.get_coordinates(shapely.get_point(parts.line[rows], -1))
    posts = np.array([s.xy_m for s in stands]).reshape(-1, 2)
    return np.asarray((np.hypot(*(ends[:, None] - posts).transpose(2, 0, 1)) <= watch_m).any(axis=1))


def _nearest(stands: list[Stand], xy_m: tuple[float, float], watch_m: float) -> Stand | None:
    x, y = xy_m
    away_m = [hypot(s.xy_m[0] - x, s.xy_m[1] - y) for s in stands]
    least_m = min(away_m, default=inf)
    return stands[away_m.index(least_m)] if least_m <= watch_m else None


# --- ways in parts ------------------------------------------------------------------------------


def _take_apart(
    network: StreetNetwork, polygon_m: Polygon, stands: list[Stand], held_m: BaseGeometry
) -> _Parts:
    """Take the ways apart, but for those that lie in the ground held from end to end: nobody stands there.

    All that come as near as what lies on the line: who is further off than that is out.
    """
    edges = network.edges_in_box(polygon_m.bounds, NEAR_LINE_M)
    # nothing joins a tunnel or bridge that passes the line, up to its post: who walks it comes out there
    passed = [edge for stand in stands for edge in (*stand.passed, *stand.between)]
    edges = edges[~np.isin(edges, passed)]
    nodes, (ends,) = numbered(np.stack([network.edge_u[edges], network.edge_v[edges]]))
    in_held = _in_ground(network, edges, network.node_xy_m[nodes], ends, held_m)
    edges, ends = edges[~in_held], ends[:, ~in_held]
    xy = network.node_xy_m[nodes]
    off_m = distances(xy, shapely.get_coordinates(polygon_m.exterior))
    lines, length = network.lines(edges), network.length_m[edges]
    far = off_m[ends[0]] > length + _SAME_M
    way, along, posted = _marks(network, edges, lines, polygon_m, stands, off_m[ends])
    ways, zeros = np.arange(len(edges)), np.zeros(len(edges))
    order = np.lexsort((np.append(zeros, along), np.append(ways, way)))
    low = np.append(zeros, along)[order]
    of = np.append(ways, way)[order]
    order = np.lexsort((np.append(length, along), np.append(ways, way)))
    high = np.append(length, along)[order]
    ends_at_post = np.append(np.zeros(len(edges), dtype=bool), posted)[order]
    pieces = lines[of]
    cut = np.bincount(of, minlength=len(edges))[of] > 1
    pieces[cut] = stretches(pieces[cut], low[cut], high[cut])
    shapely.prepare(polygon_m)
    node_inside = np.asarray(shapely.intersects_xy(polygon_m, xy))
    inside = node_inside[ends[0, of]]
    near = ~far[of]
    middle = shapely.line_interpolate_point(pieces[near], 0.5, normalized=True)
    inside[near] = shapely.intersects(polygon_m, middle)
    # a junction on the line lies on the same side for every way that meets it, whatever rounding says
    at_u = high < _SAME_M
    at_v = low > length[of] - _SAME_M
    for point, end in ((at_u, ends[0]), (at_v, ends[1])):
        inside[point] = node_inside[end[of[point]]]
    return _Parts(edges[of], high, pieces, inside, inside & far[of], ends_at_post, bool(in_held.any()))


def _in_ground(
    network: StreetNetwork, edges: Ints, xy_m: Floats, ends: Ints, ground_m: BaseGeometry
) -> Bools:
    """Mask of the edges that lie in some ground from end to end; ``ends``: rows of ``xy_m``, (2, n)."""
    shapely.prepare(ground_m)
    held = np.asarray(np.asarray(shapely.intersects_xy(ground_m, xy_m))[ends].all(axis=0))
    held[held] = shapely.contains_properly(ground_m, network.lines(edges[held]))
    return held


def _marks(
    network: StreetNetwork,
    edges: Ints,
    lines: NDArray[np.object_],
    polygon_m: Polygon,
    stands: list[Stand],
    off_m: Floats,
) -> tuple[Ints, Floats, Bools]:
    """Where ways are taken apart: which (index), how far along, and whether a vehicle post stands there.

    ``off_m``: how far both ends of each lie from the line, (2, n).
    """
    known = set(edges.tolist())
    standing = [(int(np.searchsorted(edges, s.edge)), s.along_m) for s in stands if s.edge in known]
    ring = polygon_m.exterior
    shapely.prepare(ring)
    hit = np.flatnonzero(off_m[0] <= network.length_m[edges] + _SAME_M)
    hit = hit[may_meet(network.bounds_m[edges[hit]], shapely.get_coordinates(ring))]
    hit = hit[shapely.intersects(ring, lines[hit])]
    spots, owner = shapely.get_coordinates(shapely.intersection(lines[hit], ring), return_index=True)
    way = hit[owner]
    along = np.asarray(shapely.line_locate_point(lines[way], shapely.points(spots)))
    ends = off_m <= _SAME_M  # at a barrier on the line
    for end, marks in zip(ends, (np.zeros(len(edges)), network.length_m[edges]), strict=True):
        there = np.flatnonzero(end)
        way, along = np.append(way, there), np.append(along, marks[there])
    free = np.ones(len(way), dtype=bool)
    for k, at in standing:
        free &= (way != k) | (np.abs(along - at) > NEAR_LINE_M)
    way = np.concatenate([way[free], np.array([k for k, _ in standing], dtype=np.int64)])
    along = np.concatenate([along[free], [at for _, at in standing]])
    posted = np.arange(len(way)) >= free.sum()
    order = np.lexsort((~posted, along, way))
    way, along, posted = way[order], along[order], posted[order]
    apart = np.ones(len(way), dtype=bool)
    apart[1:] = (np.diff(way) > 0) | (np.diff(along) > _SAME_M) | posted[1:]
    return way[apart], along[apart], posted[apart]


def _needed(
    parts: _Parts,
    network: StreetNetwork,
    polygon_m: Polygon,
    core_m: BaseGeometry,
    price: Ints,
) -> list[int]:
    """Joints where somebody must stand: the fewest that keep people from the ground inside from getting out.

    Each costs its ``price``, (P,): those that a vehicle post watches take no officer of their own.
    """
    k = parts.barred[~parts.posted[parts.barred]]
    if not len(k):
        return []
    group = _grouped(parts, network)
    near = polygon_m.buffer(NEAR_LINE_M - _SAME_M, quad_segs=4)
    shapely.prepare(near)
    shapely.prepare(core_m)
    node = group + 2
    out, held = np.zeros((2, int(group.max()) + 1), dtype=bool)
    out[group[~parts.deep][~shapely.covers(near, parts.line[~parts.deep])]] = True
    held[group[parts.inside][shapely.intersects(core_m, parts.line[parts.inside])]] = True
    node[out[group]] = SINK
    node[held[group]] = SOURCE
    links = Links(
        *(parts.edge[k], node[k], node[k + 1], parts.end_m[k], parts.end_m[k]),
        *(price[k], price[k], int(node.max()) + 1),
    )
    return [int(i) for i in k[cut_links(links).severed]]


def _grouped(parts: _Parts, network: StreetNetwork) -> Ints:
    """Return a number for each part: those have the same that people can walk between when all is barred."""
    n = len(parts.edge)
    k = np.arange(n)
    first = np.append(True, parts.edge[1:] != parts.edge[:-1])
    last = np.append(first[1:], True)
    through = np.ones(n, dtype=bool)
    through[parts.barred] = False
    through = parts.joints[through[parts.joints]]
    at_u, at_v = network.edge_u[parts.edge[first]], network.edge_v[parts.edge[last]]
    nodes, (node,) = numbered(np.concatenate([at_u, at_v]))
    one = np.concatenate([k[first], k[last], through])
    other = np.concatenate([n + node, through + 1])
    return np.asarray(joined(one, other, n + len(nodes))[:n])

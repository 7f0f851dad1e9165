"""The streets around one core, as far as a cut may look, and what a post on each of them costs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Perimeters
from planner.memory import kept_with
from planner.perimeters.crossings import Place
from planner.perimeters.cut import (
    ADRIFT,
    BEYOND,
    CORE,
    INNER,
    MIDDLE,
    OPEN_COST,
    OUTER,
    POST_COST,
    Cut,
    Touch,
    cut_links,
    make_links,
    meeting,
    touch_core,
)
from planner.perimeters.posts import class_weight
from planner.perimeters.spans import below_ground, edges_at, no_way_off
from planner.perimeters.steps import distances
from planner.streets.network import StreetNetwork
from planner.streets.ticking import each_once, less, numbered
from planner.terms import RoadClass

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

JUNCTION_MARGIN_M = 0.3
"""Junctions so near to the core count as inside it: no post has room between."""
_REACHES = 8
"""Steps in which a smaller reach is tried."""
_CLASS_TIE, _SEEN_TIE, _SPAN_TIE = 10, 30, 50
"""What breaks ties between cuts of as many posts: for each post that a class of road counts for more, for a
place in view of the hot zone, and for one in a tunnel or on a bridge, where no vehicle can turn off."""
_MOUTH_TIE = 100
"""What the mouth of a branch that is driven outwards alone is better by than the street beyond: nobody comes
from there, and the line need not run out to it."""
_AT_END_M = 1.0
"""A place this near to the end of a street is at its junction."""
_PARTS = 8
"""So many parts of a tunnel or bridge beyond the limit are followed to its end."""


@dataclass(frozen=True, eq=False)
class Sorted:
    """Streets of a band sorted by a cut: the side of both ends of each."""

    edges: Ints
    nodes: tuple[Ints, Ints]
    cut: Cut

    @cached_property
    def sides(self) -> tuple[Codes, Codes]:
        """Side of the ``u`` and the ``v`` end of each edge."""
        return self.cut.side[self.nodes[0]], self.cut.side[self.nodes[1]]

    @cached_property
    def touches_inner(self) -> Bools:
        """Edges that lie at least in part on the scene's side."""
        low, high = self.sides
        held = (low == INNER) | (high == INNER)
        held[np.searchsorted(self.edges, self.cut.links.edge[self.cut.severed])] = True
        return np.asarray(held)


@dataclass(frozen=True, eq=False)
class Band:
    """The streets around one core.

    Parameters
    ----------
    core_m : Polygon
        With the margin by which junctions count as inside it.
    limit_m : Polygon
        The cut looks no further.
    edges : (B,) int array
        Edges that meet the limit and that vehicles can use; walkers are looked at when the line is drawn.
    where : two (B,) int8 arrays
        Where their ends lie.
    driving : (D,) int array
        Rows of ``edges`` that vehicles can use and the user has not blocked.
    touch : Touch
        Where those meet the core.
    tie : (D,) int array
        What a post on each costs beyond one post: it breaks ties.
    below : (2, D) bool array
        Which of their ``u`` and of their ``v`` ends lie below ground, so that no post can stand there.
    for_portals : int
        So many posts more are spent to have none there.
    leaks : tuple of str
        Streets that leave the map inside the core: nothing can be said of them.
    off_map : int
        Junctions of the band from which streets leave the map.
    ends : (2, D) int array
        Junctions that those end at, numbered in their own order; those at barriers apart, each end its own.
    find_away : function
        Measures how far the ends of ``edges`` lie from the core: who only counts posts does not ask.
    open_edges : (n,) int array
        Streets that the user wants open: no post may close them.
    stands : tuple of (int, float)
        Where the user wants posts: the edge, and metres from its ``u`` end.
    """

    network: StreetNetwork
    blocked: Bools
    core_m: Polygon
    limit_m: Polygon
    reach_m: float
    edges: Ints
    where: tuple[Codes, Codes]
    driving: Ints
    touch: Touch
    tie: Ints
    below: Bools
    for_portals: int
    leaks: tuple[str, ...]
    off_map: int
    ends: Ints
    find_away: Callable[[], tuple[Floats, Floats]]
    open_edges: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    stands: tuple[tuple[int, float], ...] = ()

    @classmethod
    def around(cls, core_m: Polygon, reach_m: float, area: Area, rules: Perimeters, blocked: Bools) -> Band:
        """Collect the streets within a reach of the core, less those that the user blocked."""
        whole = area.memory.once(
            lambda: cls._all_around(core_m, reach_m, area, rules), "band", core_m.wkb, reach_m, rules
        )
        left = ~blocked[whole.edges[whole.driving]]
        if left.all():
            return replace(whole, blocked=blocked)
        touch = Touch(whole.touch.meets[left], whole.touch.first_m[left], whole.touch.last_m[left])
        driving, tie = whole.driving[left], whole.tie[left]
        ends, below = np.ascontiguousarray(whole.ends[:, left]), whole.below[:, left]
        return replace(whole, blocked=blocked, driving=driving, ends=ends, touch=touch, tie=tie, below=below)

    @classmethod
    def _all_around(cls, core_m: Polygon, reach_m: float, area: Area, rules: Perimeters) -> Band:
        """Collect the streets within a reach of the core."""
        network = area.network
        wide = core_m.buffer(JUNCTION_MARGIN_M, quad_segs=2)
        limit = core_m.buffer(reach_m, quad_segs=8)
        edges = network.edges_in_box(limit.bounds)
        edges, nodes, number, within = meeting(network, edges[network.drivable[edges]], limit)
        gone = _leaves_map(network, nodes, area, limit, rules.map_edge_m)
        place = _where(network.node_xy_m[nodes], wide, within & ~gone)
        leaky = edges[(gone & (place == CORE))[number].any(axis=0)]
        leaks = tuple(sorted({network.street(int(e)) for e in leaky}))
        if not area.knows(core_m):  # what streets lead out there, nobody can tell from this map
            leaks = (*leaks, "ground beyond the edge of the map")
        u, v = place[number]
        edges, (u, v) = _to_portals(network, edges, (u, v), area, limit, rules.portal_reach_m)
        rows = np.flatnonzero(network.drivable[edges])
        weight = class_weight(network, edges[rows], rules) - rules.weight_minor
        below = _below(network, edges[rows], (u[rows], v[rows]))
        return cls(
            network=network,
            blocked=network.no_closures(),
            core_m=wide,
            limit_m=limit,
            reach_m=reach_m,
            edges=edges,
            where=(u, v),
            driving=rows,
            touch=touch_core(network, edges[rows], wide, (u[rows] == CORE, v[rows] == CORE)),
            tie=np.round(np.maximum(_CLASS_TIE * weight, 0)).astype(np.int64)
            + _SPAN_TIE * no_way_off(network, edges[rows])
            - _MOUTH_TIE * _leads_up(network, edges[rows], below),
            below=below,
            for_portals=rules.posts_for_line,
            leaks=leaks,
            off_map=int(gone.sum()),
            ends=numbered(np.stack([end[edges[rows]] for end in network.vehicle_ends[:2]]))[1][0],
            find_away=cache(lambda: _away_m(network, edges, (u, v), wide)),
        )

    @property
    def away_m(self) -> tuple[Floats, Floats]:
        """How far the ends of the edges, two (B,) arrays, lie from the core."""
        return self.find_away()

    @cached_property
    def outward_m(self) -> Floats:
        """Place of the end that lies further from the core of each driven edge ``outside``, (n, 2)."""
        rows = self.driving[self.outside]
        edges = self.edges[rows]
        ends = [self.network.node_xy_m[node[edges]] for node in (self.network.edge_u, self.network.edge_v)]
        away_u, away_v = (away[rows] for away in self.away_m)
        return np.where((away_u > away_v)[:, None], ends[0], ends[1])

    @cached_property
    def outside(self) -> Bools:
        """Mask of the driven edges, (D,), that do not run from core to core: posts may stand on these."""
        u, v = (where[self.driving] for where in self.where)
        return np.asarray((u != CORE) | (v != CORE))

    def shunning(self, seen: Bools) -> Band:
        """Return the band where posts on some driven edges ``outside`` lose against others."""
        tie = self.tie.copy()
        tie[self.outside] += _SEEN_TIE * seen
        return replace(self, tie=tie)

    def keeping_open(self, edges: Ints) -> Band:
        """Return the band with some streets never to be closed."""
        if not len(edges):
            return self
        return replace(self, open_edges=np.union1d(self.open_edges, edges))

    def standing(self, edge: int, along_m: float) -> Band | None:
        """Return the band with a post on one driven edge, wherever the cut falls; None if it cannot be."""
        row = np.flatnonzero(self.edges[self.driving] == edge)
        if not len(row):
            return None
        at_u, at_v = (int(where[self.driving[row[0]]]) for where in self.where)
        u, v = int(self.network.edge_u[edge]), int(self.network.edge_v[edge])
        if u == v or (at_u == at_v and at_u != MIDDLE):
            return None
        by_u, by_v = (self.core_m.distance(Point(self.network.node_xy_m[node])) for node in (u, v))
        first = at_u == CORE or at_v == BEYOND or (at_u == at_v and by_u <= by_v)
        inner, outer = (u, v) if first else (v, u)
        way = self._way_from_core(inner, edge)
        if way is None or outer in way:
            return None
        band = self.holding(way).leaving_out(np.array([outer]))
        return replace(band, stands=(*self.stands, (edge, along_m)))

    def _way_from_core(self, node: int, without: int) -> Ints | None:
        """Return the junctions on the shortest way from the core to a junction, itself included.

        Not over the edge ``without``; None where there is no way.
        """
        if (self._place_of(node) == CORE).any():
            return np.array([node])
        edges = self.edges[self.driving]
        used = edges != without
        u, v, _ = self.network.vehicle_ends
        code = np.concatenate([where[self.driving][used] for where in self.where])
        ends = np.concatenate([u[edges[used]], v[edges[used]]])
        names, index = np.unique(np.append(ends, node), return_inverse=True)
        number = index[:-1].copy()
        number[code == CORE] = len(names)
        touching = self.touch.meets[used]
        a, b = np.split(number, 2)
        length = np.maximum(self.network.length_m[edges[used]], 1e-3)
        beyond = (code == BEYOND).reshape(2, -1).any(axis=0)
        rows = np.concatenate([a[~beyond], a[touching], b[touching]])
        cols = np.concatenate([b[~beyond], np.full(2 * touching.sum(), len(names))])
        metres = np.concatenate([length[~beyond], length[touching], length[touching]])
        size = len(names) + 1
        # lengths of parallel streets add up here: it is some short way all the same
        graph = csr_array(coo_array((metres, (rows, cols)), shape=(size, size)))
        away, before, _ = dijkstra(
            graph, directed=False, indices=[len(names)], return_predecessors=True, min_only=True
        )
        at, way = int(index[-1]), []
        if not np.isfinite(away[at]):
            return None
        while at != len(names):
            way.append(int(names[at]))
            at = int(before[at])
        return np.array([n for n in way if n < self.network.node_count], dtype=np.int64)

    def _place_of(self, node: int) -> Codes:
        """Return where a junction lies, as the ends of its streets say."""
        ends = self.network.edge_u[self.edges], self.network.edge_v[self.edges]
        return np.concatenate([where[end == node] for where, end in zip(self.where, ends, strict=True)])

    def holding(self, nodes: Ints) -> Band:
        """Return the band with some junctions within the limit counted to the core."""
        return self._counting(nodes, CORE)

    def holding_places(self, places: Collection[Place]) -> Band:
        """Return the band with some places on driven edges counted to the core, junctions at their ends."""
        network, edges = self.network, self.edges[self.driving]
        edge = np.array([place.edge for place in places], dtype=np.int64)
        along = np.array([place.along_m for place in places])
        at_u, at_v = along < _AT_END_M, along > network.length_m[edge] - _AT_END_M
        nodes = np.concatenate([network.edge_u[edge[at_u]], network.edge_v[edge[at_v]]])
        within = ~at_u & ~at_v
        row, along = np.searchsorted(edges, edge[within]), along[within]
        meets, touch = self.touch.meets.copy(), self.touch
        meets[row] = True
        first = np.where(touch.meets, touch.first_m, np.inf)
        last = np.where(touch.meets, touch.last_m, -np.inf)
        np.minimum.at(first, row, along)
        np.maximum.at(last, row, along)
        return replace(self.holding(nodes), touch=Touch(meets, first, last))

    def leaving_out(self, nodes: Ints) -> Band:
        """Return the band with some junctions within the limit counted to the ground beyond it."""
        return self._counting(nodes, BEYOND)

    def _counting(self, nodes: Ints, place: int) -> Band:
        ends = self.network.edge_u, self.network.edge_v
        u, v = (
            np.where(np.isin(end[self.edges], nodes) & (at == MIDDLE), place, at).astype(np.int8)
            for end, at in zip(ends, self.where, strict=True)
        )
        return replace(self, where=(u, v))

    def counts_alike(self, other: Band) -> bool:
        """Whether two bands of one core count the same junctions to it, and to the ground beyond."""
        return all(np.array_equal(mine, theirs) for mine, theirs in zip(self.where, other.where, strict=True))

    def _within(self, share: float) -> Band:
        u, v = (
            np.where((at == MIDDLE) & (away > share * self.reach_m), BEYOND, at).astype(np.int8)
            for at, away in zip(self.where, self.away_m, strict=True)
        )
        return replace(self, where=(u, v))

    def narrowed(self) -> tuple[Band, Sorted]:
        """Find the smallest reach that needs no more posts than the full one, and the cut there.

        A ring that takes as many officers but holds less ground shuts in fewer people. It has no more posts
        in tunnels and on bridges either, nor below ground where tunnels go on.
        """
        band, driving = self, self.cut_vehicles()
        fewest, spans, below = len(driving.cut.severed), self._on_spans(driving), self.posts_below(driving)
        low, high = 0, _REACHES
        while high - low > 1:
            step = (low + high) // 2
            nearer = self._within(step / _REACHES)
            trial = nearer.cut_vehicles()
            worse = trial.cut.flow // OPEN_COST > driving.cut.flow // OPEN_COST
            worse |= self._on_spans(trial) > spans or self.posts_below(trial) > below
            if len(trial.cut.severed) <= fewest and not worse:
                band, driving, high = nearer, trial, step
            else:
                low = step
        return band, driving

    def _on_spans(self, driving: Sorted) -> int:
        """Count the posts in tunnels and on bridges."""
        severed = driving.cut.links.edge[driving.cut.severed]
        return int(no_way_off(self.network, severed).sum())

    def posts_below(self, driving: Sorted) -> int:
        """Count the posts below ground, where tunnels go on beyond them."""
        if not self.below.any():
            return 0
        links, severed = driving.cut.links, driving.cut.severed
        row = np.searchsorted(driving.edges, links.edge[severed])
        outer_is_v = driving.cut.side[links.low[severed]] == INNER
        return int(np.where(outer_is_v, self.below[1, row], self.below[0, row]).sum())

    def spent_on_portals(self, posts: int) -> int:
        """Count how many of so many posts the cut takes to have none below ground."""
        if not self.below.any():
            return 0
        fewest = replace(self, below=np.zeros_like(self.below)).cut_vehicles()
        return max(posts - len(fewest.cut.severed), 0)

    def cut_vehicles(self) -> Sorted:
        """Sever the drivable streets: once, however often it is asked for."""
        return self._cut

    @cached_property
    def _cut(self) -> Sorted:
        edges = self.edges[self.driving]
        cost = POST_COST + self.tie
        if len(self.open_edges):
            cost += OPEN_COST * np.isin(edges, self.open_edges)
        where = self.where[0][self.driving], self.where[1][self.driving]
        more = self.below * (self.for_portals * POST_COST) if self.below.any() else None
        links, nodes = make_links(self.network, edges, self.ends, where, self.touch, cost, more)
        return Sorted(edges, nodes, cut_links(links))

    def left_open(self, driving: Sorted) -> tuple[str, ...]:
        """Name the streets on which the cut falls although the user wants them open."""
        edges = driving.cut.links.edge[driving.cut.severed]
        return tuple(sorted({self.network.street(int(e)) for e in edges[np.isin(edges, self.open_edges)]}))

    def relied_on(self, driving: Sorted) -> tuple[str, ...]:
        """Name the streets blocked by the user that would lead out if they were open."""
        network = self.network
        shut = network.drivable[self.edges]
        shut[self.driving] = False
        if not shut.any():
            return ()
        u, v, count = network.vehicle_ends
        side = np.full(count, ADRIFT, dtype=np.int8)
        for nodes, sides in zip((u, v), driving.sides, strict=True):
            side[nodes[driving.edges]] = sides
        edges = self.edges[shut]
        ends = []
        for nodes, where in zip((u, v), self.where, strict=True):
            place = side[nodes[edges]]
            place[where[shut] == CORE], place[where[shut] == BEYOND] = INNER, OUTER
            ends.append(place)
        held = shapely.intersects(self.core_m, network.lines(edges)) | (ends[0] == INNER) | (ends[1] == INNER)
        leads = held & ((ends[0] == OUTER) | (ends[1] == OUTER))
        return tuple(sorted({network.street(int(e)) for e in edges[leads]}))


def _below(network: StreetNetwork, edges: Ints, where: tuple[Codes, Codes]) -> Bools:
    """Which ends of streets a post cannot stand at, (2, n): below ground, where their tunnels go on.

    Nor at the portal of a branch that lies too far beyond the limit: the post would stand where that is left.
    """
    below = below_ground(network, edges)
    return np.asarray(below | (below[::-1] & (np.stack(where) == BEYOND)))


def _leads_up(network: StreetNetwork, edges: Ints, below: Bools) -> Bools:
    """Which streets, (n,), are driven one way alone, out of where tunnels fork and up to a portal."""
    way = network.oneway[edges]
    return np.asarray(((way > 0) & below[0] & ~below[1]) | ((way < 0) & below[1] & ~below[0]))


def _away_m(
    network: StreetNetwork, edges: Ints, where: tuple[Codes, Codes], core_m: Polygon
) -> tuple[Floats, Floats]:
    """How far both ends of each edge lie from the core, measured once for each junction."""
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    nodes, (number,) = numbered(ends)
    core = np.zeros(len(nodes), dtype=bool)
    core[number[np.concatenate(where) == CORE]] = True
    away = np.zeros(len(nodes))
    away[~core] = distances(network.node_xy_m[nodes[~core]], shapely.get_coordinates(core_m.exterior))
    u, v = np.split(away[number], 2)
    return u, v


def _where(xy_m: Floats, core_m: Polygon, within: Bools) -> Codes:
    """Where junctions lie, (n,); ``within``: which lie within the limit and on the map."""
    where = np.full(len(xy_m), MIDDLE, dtype=np.int8)
    shapely.prepare(core_m)
    where[~within] = BEYOND
    where[shapely.intersects_xy(core_m, xy_m)] = CORE
    return where


def _to_portals(
    network: StreetNetwork,
    edges: Ints,
    where: tuple[Codes, Codes],
    area: Area,
    limit_m: Polygon,
    reach_m: float,
) -> tuple[Ints, tuple[Codes, Codes]]:
    """Follow tunnels and bridges that leave the limit to their ends, so far on, and what goes on from there.

    A post inside would stop vehicles where they cannot turn off. Viaducts of motorways are not followed:
    their ends are no better places than where they leave the limit. The junctions passed count as within the
    limit.
    """
    u, v = where
    for _ in range(_PARTS):
        out = np.flatnonzero((u == BEYOND) | (v == BEYOND))
        span = out[no_way_off(network, edges[out]) & network.drivable[edges[out]]]
        slow = network.road_class[edges[span]] > RoadClass.MOTORWAY_LINK
        span = span[network.tunnel[edges[span]] | slow]
        ends = (
            end[edges[span[at[span] == BEYOND]]] for at, end in ((u, network.edge_u), (v, network.edge_v))
        )
        nodes = each_once(np.concatenate(list(ends)))
        if not len(nodes):
            break
        spots = shapely.points(network.node_xy_m[nodes])
        nodes = nodes[shapely.dwithin(limit_m, spots, reach_m) & shapely.contains(area.extent_m, spots)]
        if not len(nodes):
            break
        more = less(edges_at(network, nodes), edges)
        u, v = (np.concatenate([at, np.full(len(more), BEYOND, dtype=np.int8)]) for at in (u, v))
        edges = np.concatenate([edges, more])
        for at, ends_of in ((u, network.edge_u), (v, network.edge_v)):
            at[np.isin(ends_of[edges], nodes)] = MIDDLE
    order = np.argsort(edges, kind="stable")
    return edges[order], (u[order], v[order])


def _leaves_map(network: StreetNetwork, nodes: Ints, area: Area, limit_m: Polygon, edge_m: float) -> Bools:
    """Whether each junction lies off the map, or is a dead end so near its edge that a street surely goes on.

    Off a shore the land ends, not the map.
    """
    if _less_rim(area, edge_m).contains(limit_m):
        return np.zeros(len(nodes), dtype=bool)
    extent = area.extent_m
    dead_end = (area.streets_at[nodes] == 1) & ~area.ashore[nodes]
    shapely.prepare(extent)
    points = shapely.points(network.node_xy_m[nodes])
    near = shapely.dwithin(extent.boundary, points, edge_m) & dead_end
    return np.asarray(~shapely.contains(extent, points) | near)


@kept_with
def _less_rim(area: Area, edge_m: float) -> BaseGeometry:
    """Ground of the map, less so much along its edge."""
    ground_m = area.extent_m.buffer(-edge_m)
    shapely.prepare(ground_m)
    return ground_m

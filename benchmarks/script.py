"""What an analyst's script would do for the same plan, with networkx, shapely and scipy: three of them.

Each has its graph, its search trees and the hospitals' junctions in memory already; what is timed is an
incident:

- close the zone; around it cut two rings of fewest streets, with a post on each, and draw a line that meets
  streets at posts alone (midway between samples of streets within and without, by Delaunay's triangles);
  look where it still meets others;
- of the grounds on the map and the corners around, the nearest 400: what buildings leave of them, whether a
  helicopter finds a clear square there, how far they lie from the zone and from the line, which lie behind
  a bridge, the time to drive there from the outer ring and to walk from the inner; for the best 60 whether
  any of 25 points sees the middle of the zone; places for ten purposes, apart from each other;
- from three of them the time to every hospital of the map, with the ways; who goes where;
- six ways in that keep apart from each other.

That is the work of a plan, which surveys some 40 to 840 places, looks from some 60 of them, and searches 8
to 17 times. The scripts are spared turn restrictions and what turns and signals take, walks on footways,
the public's ways beside the ambulances', roofs to look from, room between the lines, duties of posts,
names, reasons, warnings. Their streets are straight from corner to corner, and their graph is simpler than
osmnx's own, which keeps parallel streets and is slower to search.

:class:`ExpertScript` is as good as we could make it with networkx, shapely and scipy's geometry: nothing is
copied, what is closed is hidden while searching, trees are built once, walls are one prepared shape, a
search of its own in plain Python stops when all that was asked for is reached. :class:`PlainScript` is how
it is first written: a copy of the graph without the zone, and networkx's own searches. :class:`ScipyScript`
leaves networkx for scipy's compiled searches, as does who finds networkx too slow.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import scipy.optimize
import scipy.sparse
import shapely
from networkx.algorithms.flow import shortest_augmenting_path
from scipy.sparse import csgraph
from scipy.spatial import Delaunay, cKDTree

from planner.area import Area
from planner.doctrine import Doctrine
from planner.terms import PlaceKind, Travel

INNER_M, OUTER_M, BAND_M = 200.0, 500.0, 330.0
PLACES, LOOKED_AT, POINTS, ORIGINS, WAYS_IN, PURPOSES = 200, 60, 25, 3, 6, 10
_SITE_M, _IN_M, _SAMPLE_M, _REACH_M, _CLEAR_M, _APART_M = 15.0, 1500.0, 15.0, 1200.0, 20.0, 60.0
_APART = 5
_NEAR_S, _AROUND_S = 600.0, 1800.0
"""How far is searched for places near by, and by scipy, which cannot stop at one place, for a way to it."""

STEPS = ("both perimeters", "sites", "hospitals, patients", "routes")
Found = tuple[dict[int, float], dict[int, int]]
"""Seconds to junctions, and the junction before each."""


def graph_of(area: Area, doctrine: Doctrine) -> nx.DiGraph:
    """Return the drivable streets as networkx has them, the quickest of parallel ones, weights in seconds.

    Only the largest part in which everything leads everywhere, so that no way is sought in vain.
    """
    network = area.network
    timing = network.timing(Travel.EMERGENCY, doctrine.travelling)
    graph = nx.DiGraph()
    forward, backward = timing.arc_s[: network.edge_count], timing.arc_s[network.edge_count :]
    for edge in np.flatnonzero(network.drivable):
        u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
        for a, b, seconds in ((u, v, forward[edge]), (v, u, backward[edge])):
            if a != b and np.isfinite(seconds) and seconds < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
                graph.add_edge(a, b, s=float(seconds))
    main = max(nx.strongly_connected_components(graph), key=len)
    graph.remove_nodes_from([node for node in graph if node not in main])
    return graph


class Map:
    """What a script has in memory before anything happens."""

    def __init__(self, area: Area, graph: nx.DiGraph) -> None:
        self.graph = graph
        self.neighbours: dict[int, dict[int, dict[str, float]]] = dict(graph.adjacency())
        self.nodes = np.array(sorted(graph))
        self.arcs = scipy.sparse.csr_array(nx.to_scipy_sparse_array(graph, self.nodes.tolist(), weight="s"))
        self.xy_m = area.network.node_xy_m
        self.tree = cKDTree(self.xy_m[self.nodes])
        self.walls = area.buildings.shapes
        self.wall_tree = shapely.STRtree(self.walls)
        rows, columns = self.arcs.nonzero()
        self.pairs = self.nodes[np.unique(np.sort(np.column_stack([rows, columns]), axis=1), axis=0)]
        self.lines = shapely.linestrings(self.xy_m[self.pairs])
        self.line_tree = shapely.STRtree(self.lines)
        places = area.places
        self.grounds = places.shapes[shapely.area(places.shapes) > 0]
        self.ground_tree = shapely.STRtree(self.grounds)
        shapes = places.shapes[places.among("kind", (PlaceKind.HOSPITAL,))]
        spots = shapely.get_coordinates(shapely.centroid(shapes)).reshape(-1, 2)
        self.hospitals = sorted({int(node) for node in self.nodes[self.tree.query(spots)[1]]})

    def near(self, spot_m: Any, radius_m: float) -> list[int]:
        """Return the junctions within some metres."""
        found: list[int] = self.nodes[self.tree.query_ball_point(spot_m, radius_m)].tolist()
        return found

    def nearest(self, spot_m: Any, count: int = 1) -> list[int]:
        """Return the nearest junctions."""
        rows = self.tree.query(spot_m, k=min(count, len(self.nodes)))[1]
        found: list[int] = self.nodes[np.atleast_1d(rows)].tolist()
        return found


@dataclass(frozen=True)
class Answer:
    """What a script found: so that three of them can be held against each other."""

    posts: tuple[int, int]
    met: tuple[int, int]
    sites: tuple[int, ...]
    drive_s: tuple[float, ...]
    seen: int
    hospital_s: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Ring:
    """A ring: how many streets it cuts, how many its line meets besides, the corners behind, the line."""

    posts: int
    met: int
    behind: list[int]
    line: Any


class ExpertScript:
    """One incident, worked out step by step; ``wall_s`` and ``cpu_s`` say what each took."""

    def __init__(self, on: Map, at: int) -> None:
        self.on, self.at = on, at
        self.spot_m = on.xy_m[at]
        self.wall_s = dict.fromkeys(STEPS, 0.0)
        self.cpu_s = dict.fromkeys(STEPS, 0.0)
        self.used: set[tuple[int, int]] = set()

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s[name] += time.perf_counter() - wall
        self.cpu_s[name] += time.process_time() - cpu

    def run(self) -> Answer:
        """Work it all out."""
        with self._step("both perimeters"):
            self.inside = set(self.on.near(self.spot_m, INNER_M))
            inner, outer = self._ring(INNER_M), self._ring(OUTER_M)
            self._close()
        with self._step("sites"):
            grounds, places = self._grounds()
            drive_s, _ = self.search(outer.behind, places)
            walk_s, _ = self.search(inner.behind, places)
            score = self._scores(grounds, places, outer, drive_s, walk_s)
            best = [places[k] for k in np.argsort(-score, kind="stable")]
            seen = self._seen(self._rays(best[:LOOKED_AT]))
            sites = self._chosen(best[:LOOKED_AT], seen)
        with self._step("hospitals, patients"):
            rows = []
            for origin in sites[:ORIGINS]:
                seconds, before = self.search([origin], self.on.hospitals)
                rows.append(tuple(seconds.get(hospital, math.inf) for hospital in self.on.hospitals))
                for hospital in sorted(self.on.hospitals, key=lambda h: seconds.get(h, math.inf))[:4]:
                    self.used |= _back(before, hospital)
            if self.on.hospitals:
                self._share(np.array(rows[0]))
        with self._step("routes"):
            for number in range(WAYS_IN):
                turn = 2 * np.pi * number / WAYS_IN
                come_from = self.spot_m + _IN_M * np.array([np.cos(turn), np.sin(turn)])
                self.used |= self.way(self.on.nearest(come_from)[0], sites[number % len(sites)])
        told_s = tuple(drive_s.get(place, math.inf) for place in places)
        return Answer(
            (inner.posts, outer.posts),
            (inner.met, outer.met),
            tuple(sites),
            told_s,
            int(seen.sum()),
            tuple(rows),
        )

    # --- perimeters

    def _ring(self, radius_m: float) -> Ring:
        """Cut the fewest streets around a zone, and draw a line that meets streets there alone."""
        inside = set(self.on.near(self.spot_m, radius_m))
        band = set(self.on.near(self.spot_m, radius_m + BAND_M))
        streets = nx.DiGraph()
        for a, b in self.on.graph.edges(band):
            ends = ["in" if n in inside else n if n in band else "out" for n in (a, b)]
            for u, v in (ends, ends[::-1]):
                if u != v:
                    streets.add_edge(u, v, capacity=1)
        own = inside
        if "in" in streets and "out" in streets:
            _, (near, _) = self._least_cut(streets)
            own = inside | {node for node in near if node != "in"}
        reach_m = radius_m + 1.5 * BAND_M
        rows = self.on.line_tree.query(shapely.box(*(self.spot_m - reach_m), *(self.spot_m + reach_m)))
        within = np.isin(self.on.pairs[rows], list(own))
        cut = rows[within[:, 0] != within[:, 1]]
        behind = np.where(within[:, :1], self.on.pairs[rows][:, 1:], self.on.pairs[rows][:, :1])[:, 0]
        line = self._line(rows, within)
        met = self.on.line_tree.query(shapely.boundary(line), predicate="intersects")
        return Ring(
            len(cut),
            len(np.setdiff1d(met, cut)),
            sorted(set(behind[within[:, 0] != within[:, 1]].tolist())) or self.on.nearest(self.spot_m),
            line,
        )

    def _line(self, rows: Any, within: Any) -> Any:
        """Draw the line midway between samples of the streets within and those without."""
        lines = self.on.lines[rows]
        count = np.maximum(2, np.ceil(shapely.length(lines) / _SAMPLE_M).astype(int)) + 1
        first = np.repeat(np.cumsum(count) - count, count)
        share = (np.arange(count.sum()) - first) / np.repeat(count - 1, count)
        spots = shapely.get_coordinates(
            shapely.line_interpolate_point(np.repeat(lines, count), share, normalized=True)
        )
        own = np.where(share < 0.5, np.repeat(within[:, 0], count), np.repeat(within[:, 1], count))
        spots, which = np.unique(spots, axis=0, return_index=True)
        corners = Delaunay(spots).simplices
        within = own[which][corners]
        odd = within.sum(axis=1) == 1  # one corner of the three is within, or else without
        mixed = odd | (within.sum(axis=1) == 2)
        lone = np.argmax(np.where(odd[:, None], within, ~within), axis=1)[mixed]
        corners = corners[mixed]
        a, b, c = (spots[corners[np.arange(len(corners)), (lone + k) % 3]] for k in range(3))
        joints = shapely.linestrings(np.stack([(a + b) / 2, (a + c) / 2], axis=1))
        rings = shapely.get_parts(shapely.polygonize([shapely.union_all(joints)]))
        if not len(rings):
            return shapely.buffer(shapely.Point(self.spot_m), INNER_M)
        at = rings[shapely.distance(rings, shapely.Point(self.spot_m)).argmin()]
        return shapely.polygons(shapely.get_exterior_ring(at))

    def _least_cut(self, streets: nx.DiGraph) -> Any:
        return nx.minimum_cut(streets, "in", "out", flow_func=shortest_augmenting_path)

    # --- sites

    def _grounds(self) -> tuple[Any, list[int]]:
        """Return what could serve, and by which corner it is entered: grounds of the map, and corners."""
        spot = shapely.Point(self.spot_m)
        near = self.on.ground_tree.query(spot, predicate="dwithin", distance=_REACH_M)
        near = near[np.argsort(shapely.distance(self.on.grounds[near], spot), kind="stable")][:PLACES]
        found = [node for node in self.on.nearest(self.spot_m, 10 * PLACES) if node not in self.inside]
        corners = found[:: max(1, len(found) // PLACES)][:PLACES]
        grounds = self.on.grounds[near]
        middles = shapely.get_coordinates(shapely.centroid(grounds)).reshape(-1, 2)
        entered = self.on.nodes[self.on.tree.query(middles)[1]].tolist() if len(middles) else []
        kerbs = shapely.buffer(shapely.points(self.on.xy_m[corners]), _SITE_M)
        return np.concatenate([grounds, kerbs]), [*entered, *corners]

    def _scores(
        self, grounds: Any, places: Sequence[int], outer: Ring, drive_s: Mapping, walk_s: Mapping
    ) -> Any:
        """Judge grounds by what is free, near, quickly reached, outside the line, with two ways out."""
        free_m2 = shapely.area(self._free(grounds))
        target_m = shapely.distance(grounds, shapely.Point(self.spot_m))
        line_m = shapely.distance(grounds, outer.line)
        drives = np.array([drive_s.get(place, math.inf) for place in places])
        walks = np.array([walk_s.get(place, math.inf) for place in places])
        bridged = self._behind_bridges()
        single = np.array([place in bridged for place in places])
        good = np.minimum(free_m2 / 2000, 1) + np.exp(-target_m / 500) + np.exp(-drives / 300)
        good += np.exp(-walks / 600) + np.exp(-line_m / 200) + self._clear(grounds) - single
        return np.where((target_m > INNER_M) & np.isfinite(drives), good, -math.inf)

    def _free(self, grounds: Any) -> Any:
        """Return what buildings leave of grounds."""
        free = grounds.copy()
        own, walls = self.on.wall_tree.query(grounds, predicate="intersects")
        for k in np.unique(own):
            free[k] = shapely.difference(grounds[k], shapely.union_all(self.on.walls[walls[own == k]]))
        return free

    def _clear(self, grounds: Any) -> Any:
        """Return where a clear square lies about the middle of a ground or beside it."""
        aside_m = _CLEAR_M * np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
        spots = shapely.get_coordinates(shapely.centroid(grounds))[:, None] + aside_m
        squares: Any = shapely.points(spots.reshape(-1, 2))
        shut = np.zeros(len(squares), dtype=bool)
        shut[self.on.wall_tree.query(squares, predicate="dwithin", distance=_CLEAR_M)[0]] = True
        within: Any = shapely.contains(np.repeat(grounds, len(aside_m)), squares)
        return (within & ~shut).reshape(-1, len(aside_m)).any(axis=1)

    def _behind_bridges(self) -> set[int]:
        """Return the corners around that one street alone joins to the rest."""
        box = shapely.box(*(self.spot_m - _REACH_M), *(self.spot_m + _REACH_M))
        streets = nx.Graph()
        streets.add_edges_from(self.on.pairs[self.on.line_tree.query(box)].tolist())
        streets.remove_nodes_from([node for node in self.inside if node in streets])
        streets.remove_edges_from(list(nx.bridges(streets)))
        main: set[int] = max(nx.connected_components(streets), key=len, default=set())
        return set(streets) - main

    def _chosen(self, best: Sequence[int], seen: Any) -> list[int]:
        """Choose for each purpose the best that is out of sight and apart from those chosen before."""
        chosen: list[int] = []
        for place in [p for p, sight in zip(best, seen, strict=True) if not sight] + list(best):
            apart_m = (
                np.hypot(*(self.on.xy_m[chosen] - self.on.xy_m[place]).T) if chosen else np.array([math.inf])
            )
            if len(chosen) < PURPOSES and apart_m.min() > _APART_M:
                chosen.append(place)
        return chosen or list(best[:1])

    def _rays(self, places: Sequence[int]) -> Any:
        angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
        points = self.on.xy_m[places][:, None] + _SITE_M * np.column_stack([np.cos(angle), np.sin(angle)])
        return shapely.linestrings(
            np.stack(np.broadcast_arrays(points, self.spot_m), axis=2).reshape(-1, 2, 2)
        )

    def _seen(self, rays: Any) -> Any:
        """Return which places have any point that nothing hides: all walls around as one prepared shape."""
        around = self.on.walls[self.on.wall_tree.query(shapely.box(*shapely.total_bounds(rays)))]
        walls = shapely.multilinestrings(shapely.get_parts(shapely.boundary(around)))
        shapely.prepare(walls)
        return (~shapely.intersects(walls, rays)).reshape(-1, POINTS).any(axis=1)

    # --- ways

    def _close(self) -> None:
        """Nothing to do: what is closed is passed over in each search."""

    def search(self, starts: Sequence[int], ends: Iterable[int]) -> Found:
        """Search from one junction, or from several what is near, until all asked for are reached."""
        neighbours, closed = self.on.neighbours, self.inside
        wanted = set(ends) - closed
        best = dict.fromkeys(set(starts) - closed, 0.0)
        queue = [(0.0, node) for node in best]
        done: dict[int, float] = {}
        before: dict[int, int] = {}
        pop, push, never = heapq.heappop, heapq.heappush, math.inf
        limit_s = _NEAR_S if len(starts) > 1 else never
        while queue and wanted:
            so_far_s, node = pop(queue)
            if node in done:
                continue
            if so_far_s > limit_s:
                break
            done[node] = so_far_s
            wanted.discard(node)
            for other, street in neighbours[node].items():
                seconds = so_far_s + street["s"]
                if seconds < best.get(other, never) and other not in closed:
                    best[other] = seconds
                    before[other] = node
                    push(queue, (seconds, other))
        return done, before

    def way(self, start: int, end: int) -> set[tuple[int, int]]:
        """Find a way that keeps off the streets of the others, where there is another."""
        closed, used = self.inside, self.used

        def weight(a: int, b: int, street: Mapping[str, float]) -> float | None:
            if b in closed:
                return None  # networkx passes it over
            return street["s"] * (_APART if (a, b) in used or (b, a) in used else 1)

        try:
            _, path = nx.bidirectional_dijkstra(self.on.graph, start, end, weight=weight)
        except nx.NetworkXNoPath:
            return set()
        return set(itertools.pairwise(path))

    def _share(self, seconds: Any) -> None:
        """Share out patients of three kinds, ten of a hospital's beds for each, by a linear program."""
        count, kinds = len(seconds), np.array([10, 15, 25])
        beds = max(10.0, kinds.sum() / count)
        cost = np.tile(np.where(np.isfinite(seconds), seconds, 1e5), len(kinds))
        each = np.kron(np.eye(len(kinds)), np.ones(count))
        caps = np.tile(np.eye(count), len(kinds))
        scipy.optimize.linprog(cost, A_ub=caps, b_ub=np.full(count, beds), A_eq=each, b_eq=kinds)


def _back(before: Mapping[int, int], node: int) -> set[tuple[int, int]]:
    streets = set()
    while node in before:
        streets.add((before[node], node))
        node = before[node]
    return streets


class PlainScript(ExpertScript):
    """A copy of the graph without the zone, networkx's own searches, shapely's tree of buildings."""

    def _close(self) -> None:
        self.open = self.on.graph.copy()
        self.open.remove_nodes_from(self.inside)

    def _least_cut(self, streets: nx.DiGraph) -> Any:
        return nx.minimum_cut(streets, "in", "out")

    def _seen(self, rays: Any) -> Any:
        hidden = np.zeros(len(rays), dtype=bool)
        hidden[self.on.wall_tree.query(rays, predicate="intersects")[0]] = True
        return (~hidden).reshape(-1, POINTS).any(axis=1)

    def search(self, starts: Sequence[int], ends: Iterable[int]) -> Found:
        """Search from one junction everywhere, or from several to what is near."""
        if len(starts) > 1:  # to places near by
            open_starts = [start for start in starts if start in self.open]
            near = nx.multi_source_dijkstra_path_length(self.open, open_starts, cutoff=_NEAR_S, weight="s")
            return near, {}
        before, seconds = nx.dijkstra_predecessor_and_distance(self.open, starts[0], weight="s")
        return seconds, {node: first[0] for node, first in before.items() if first}

    def way(self, start: int, end: int) -> set[tuple[int, int]]:
        """Find a way by a search from one end."""
        used = self.used

        def weight(a: int, b: int, street: Mapping[str, float]) -> float:
            return street["s"] * (_APART if (a, b) in used or (b, a) in used else 1)

        try:
            return set(itertools.pairwise(nx.dijkstra_path(self.open, start, end, weight=weight)))
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return set()


class ScipyScript(ExpertScript):
    """The streets as a sparse matrix without the zone; what is found comes back as arrays."""

    def _close(self) -> None:
        arcs = self.on.arcs
        rank = np.searchsorted(self.on.nodes, sorted(self.inside))
        shut = np.zeros(len(self.on.nodes), dtype=bool)
        shut[rank] = True
        keep = ~shut[arcs.indices]
        indptr = np.concatenate([[0], np.cumsum(keep)])[arcs.indptr]
        self.open = scipy.sparse.csr_array((arcs.data[keep], arcs.indices[keep], indptr), arcs.shape)

    def search(self, starts: Sequence[int], ends: Iterable[int]) -> Found:
        """Search from the nearest of some junctions."""
        nodes, closed = self.on.nodes, self.inside
        rows = np.searchsorted(nodes, [start for start in starts if start not in closed])
        limit = _NEAR_S if len(starts) > 1 else np.inf
        seconds, before, _ = csgraph.dijkstra(
            self.open, indices=rows, return_predecessors=True, min_only=True, limit=limit
        )
        told = [int(end) for end in ends]
        at = np.searchsorted(nodes, told)
        return dict(zip(told, seconds[at].tolist(), strict=True)), self._before(before, at)

    def way(self, start: int, end: int) -> set[tuple[int, int]]:
        """Find a way by a search from one end to all that is near."""
        weights = self.open.copy()
        for a, b in self.used:
            for u, v in ((a, b), (b, a)):
                row, column = np.searchsorted(self.on.nodes, [u, v])
                own = slice(self.open.indptr[row], self.open.indptr[row + 1])
                weights.data[own][self.open.indices[own] == column] = self._dear(own, column)
        rows = np.searchsorted(self.on.nodes, [start, end])
        if start in self.inside:
            return set()
        _, before = csgraph.dijkstra(weights, indices=rows[0], return_predecessors=True, limit=_AROUND_S)
        return _back(self._before(before, rows[1:]), end)

    def _dear(self, own: slice, column: int) -> Any:
        return _APART * self.open.data[own][self.open.indices[own] == column]

    def _before(self, before: Any, ends: Any) -> dict[int, int]:
        """Return the junction before each on the ways to some."""
        nodes, found = self.on.nodes, {}
        for end in ends.tolist():
            while before[end] >= 0 and int(nodes[end]) not in found:
                found[int(nodes[end])] = int(nodes[before[end]])
                end = before[end]
        return found


SCRIPTS = {
    "networkx script": ExpertScript,
    "networkx script, first draft": PlainScript,
    "scipy script": ScipyScript,
}

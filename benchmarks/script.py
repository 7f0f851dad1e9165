"""What a competent analyst's script would do for the same plan, with networkx, shapely and scipy alone.

The graph is in memory already; what is timed is an incident: close the zone, cut two rings, find which of 200
places are out of sight, their ways to 15 hospitals, one way in and four ways out, and who goes where. It says
nothing of streets' names, posts' places, reasons or leaks: it is the least that answers the same questions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import networkx as nx
import numpy as np
import scipy.optimize
import shapely
from scipy.spatial import cKDTree

from planner.area import Area
from planner.doctrine import Doctrine
from planner.terms import Travel

INNER_M, OUTER_M, BAND_M = 200.0, 500.0, 330.0
PLACES, SAMPLES, HOSPITALS, WAYS_OUT = 200, 64, 15, 4


def graph_of(area: Area, doctrine: Doctrine) -> nx.DiGraph:
    """Return the drivable streets as networkx has them, the quickest of parallel ones, weights in seconds."""
    network = area.network
    timing = network.timing(Travel.EMERGENCY, doctrine.travelling)
    graph = nx.DiGraph()
    forward, backward = timing.arc_s[: network.edge_count], timing.arc_s[network.edge_count :]
    for edge in np.flatnonzero(network.drivable):
        u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
        for a, b, seconds in ((u, v, forward[edge]), (v, u, backward[edge])):
            if np.isfinite(seconds) and seconds < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
                graph.add_edge(a, b, s=float(seconds))
    return graph


class ScriptPlan:
    """One incident, worked out step by step; ``steps`` says how many seconds each took."""

    def __init__(self, area: Area, graph: nx.DiGraph, at: int) -> None:
        self.area, self.graph, self.at = area, graph, at
        self.xy_m = area.network.node_xy_m
        self.walls = area.buildings.shapes
        self.steps: dict[str, float] = {}
        self.random = np.random.default_rng(at)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + time.process_time() - began

    def run(self) -> ScriptPlan:
        """Work it all out."""
        with self._step("both perimeters"):
            self._cut(INNER_M)
            self._cut(OUTER_M)
        with self._step("zone closed"):
            inside = self._near(INNER_M)
            open_graph = self.graph.copy()
            open_graph.remove_nodes_from(inside)
        with self._step("sites in sight"):
            places = self._places(open_graph)
            self._in_sight(places)
        with self._step("matrix"):
            hospitals = self.random.choice(places, HOSPITALS, replace=False)
            minutes = self._matrix(open_graph, places, hospitals)
        with self._step("routes"):
            self._routes(open_graph, int(places[0]), hospitals)
        with self._step("patients"):
            self._share(minutes[0])
        return self

    def _near(self, radius_m: float) -> set[int]:
        far_m = np.hypot(*(self.xy_m - self.xy_m[self.at]).T)
        return set(np.flatnonzero(far_m < radius_m).tolist()) & set(self.graph)

    def _cut(self, radius_m: float) -> None:
        inside, band = self._near(radius_m), self._near(radius_m + BAND_M)
        streets = nx.DiGraph()
        for a, b in self.graph.edges(self._near(radius_m + 2 * BAND_M)):
            ends = ["in" if n in inside else n if n in band else "out" for n in (a, b)]
            for u, v in (ends, ends[::-1]):
                if u != v:
                    streets.add_edge(u, v, capacity=1)
        if "in" in streets and "out" in streets:
            nx.minimum_cut(streets, "in", "out")
            shapely.concave_hull(shapely.multipoints(self.xy_m[sorted(inside)]), ratio=0.3)

    def _places(self, graph: nx.DiGraph) -> Any:
        parts = [sorted(part) for part in nx.strongly_connected_components(graph)]
        main = np.array(max(parts, key=len))
        _, found = cKDTree(self.xy_m[main]).query(self.xy_m[self.at], k=min(50 * PLACES, len(main)))
        return main[np.atleast_1d(found)[:: max(1, len(np.atleast_1d(found)) // PLACES)][:PLACES]]

    def _in_sight(self, places: Any) -> None:
        angle = np.linspace(0, 2 * np.pi, SAMPLES, endpoint=False)
        samples = self.xy_m[self.at] + INNER_M / 2 * np.column_stack([np.cos(angle), np.sin(angle)])
        ends = np.stack(np.broadcast_arrays(self.xy_m[places][:, None], samples[None]), axis=2)
        rays = shapely.linestrings(ends.reshape(-1, 2, 2))
        shapely.STRtree(self.walls).query(rays, predicate="intersects")

    def _matrix(self, graph: nx.DiGraph, places: Any, hospitals: Any) -> Any:
        against = graph.reverse(copy=False)
        table = np.full((len(places), len(hospitals)), np.inf)
        for column, hospital in enumerate(hospitals):
            seconds = nx.single_source_dijkstra_path_length(against, int(hospital), weight="s")
            table[:, column] = [seconds.get(int(place), np.inf) / 60 for place in places]
        return table

    def _routes(self, graph: nx.DiGraph, start: int, hospitals: Any) -> None:
        used: set[tuple[int, int]] = set()

        def dear(a: int, b: int, told: dict[str, float]) -> float:
            return told["s"] * (5 if (a, b) in used or (b, a) in used else 1)

        pairs = [(int(hospitals[0]), start), *((start, int(h)) for h in hospitals[:WAYS_OUT])]
        for a, b in pairs:
            if nx.has_path(graph, a, b):
                path = nx.dijkstra_path(graph, a, b, weight=dear)
                used |= set(itertools.pairwise(path))

    def _share(self, minutes: Any) -> None:
        count, kinds = len(minutes), np.array([30, 30, 40])
        cost = np.tile(np.where(np.isfinite(minutes), minutes, 1e4), len(kinds))
        each = np.kron(np.eye(len(kinds)), np.ones(count))
        caps = np.tile(np.eye(count), len(kinds))
        scipy.optimize.linprog(cost, A_ub=caps, b_ub=np.full(count, 10.0), A_eq=each, b_eq=kinds)

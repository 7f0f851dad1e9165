"""A plan's work by the list, done whole: each place by each hospital, each place from each point.

A zone is closed; two rings are cut around it; 200 places are looked at from 64 points; from all of them the
times to 20 hospitals; five ways that keep apart; 100 patients shared out. It is what one writes down who is
asked for a plan's perimeters, sites, hospitals and routes, and sizes the targets of the whole plan. A plan
itself needs less: it looks from the best places only, and drives from three (``benchmarks/script.py``).

Times are to hospitals all over the map, ways to the nearest that lie further than a short drive off: an
ambulance goes there, on a metro as in a city, and of ways of some seven kilometres the targets were told.

:class:`ListedScript` does it as it is first written: on the graph that osmnx makes, with parallel streets and
their attributes, by networkx's searches, shapely's tree of buildings, scipy's linear program.
:func:`listed` does the same with what the planner has for it, with turns, and with lines that leak nowhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.script import INNER_M, Answer, Map, PlainScript
from planner.area import Area
from planner.doctrine import Doctrine
from planner.ground.sightline import sees, walls_of
from planner.ground.zones import draw_zones
from planner.hospitals.patients import Ward, share_patients
from planner.model import Casualties, Incident
from planner.perimeters.tracing import trace_perimeters
from planner.streets.network import Snap, StreetNetwork, Timing
from planner.terms import TraumaLevel, Travel

LISTED = "the list of work, whole"
LIST_SCRIPT = "osmnx script, whole list"
PLACES, POINTS, HOSPITALS, WAYS = 200, 64, 20, 5
APART_TIMES, _WARDS = 5.0, 15
WAY_OUT_M = 5000.0
"""Ways apart go to the nearest hospitals that lie further off."""

Floats = NDArray[np.float64]


def osmnx_graph(area: Area, doctrine: Doctrine) -> nx.MultiDiGraph:
    """Return the streets as osmnx has them: all of them, parallel ones too, with what is known of each."""
    network = area.network
    arc_s = network.timing(Travel.EMERGENCY, doctrine.travelling).arc_s
    graph = nx.MultiDiGraph(crs="epsg:4326")
    places = area.frame.to_deg(network.node_xy_m).tolist()
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in enumerate(places))
    edges = np.flatnonzero(network.drivable)
    columns = (network.edge_u, network.edge_v, network.way_id, network.length_m)
    rows = zip(edges.tolist(), *(column[edges].tolist() for column in columns), strict=True)
    for edge, u, v, way, length_m in rows:
        street = network.street(edge)
        for a, b, arc in ((u, v, edge), (v, u, edge + network.edge_count)):
            seconds = float(arc_s[arc])
            if math.isfinite(seconds):
                told = {"osmid": way, "name": street, "length": length_m, "travel_time": seconds}
                graph.add_edge(a, b, **told, reversed=arc != edge)
    return graph


@dataclass(frozen=True)
class Asked:
    """The junctions about which both are asked: places around a scene, hospitals, and those of the ways."""

    places: list[int]
    hospitals: list[int]
    out: list[int]


def asked(on: Map, at: int, closed: set[int]) -> Asked:
    """Return about what both are asked."""
    found = [node for node in on.nearest(on.xy_m[at], 10 * PLACES) if node not in closed]
    places = found[:: max(1, len(found) // PLACES)][:PLACES]
    known = on.hospitals or on.nodes[:: max(1, len(on.nodes) // HOSPITALS)].tolist()
    out = [known[k] for k in nearest_beyond(on.xy_m[places[0]], on.xy_m[known])[: WAYS - 1]]
    return Asked(places, known[:: max(1, len(known) // HOSPITALS)][:HOSPITALS], out)


def nearest_beyond(start_m: Floats, ends_m: Floats) -> list[int]:
    """Return places in the order of how far they are off, those last to which a way is no way out."""
    off_m = np.hypot(*(ends_m - start_m).T)
    order: list[int] = np.lexsort((off_m, off_m < WAY_OUT_M)).tolist()
    return order


def eyes_m(spot_m: Floats) -> Floats:
    """Return the points from which places are looked at, (64, 2)."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    return np.asarray(spot_m + INNER_M / 2 * np.column_stack([np.cos(angle), np.sin(angle)]))


class ListedScript(PlainScript):
    """The list by osmnx's graph, networkx, shapely, scipy; ``table_s`` and ``sight`` are kept to compare."""

    table_s: Floats
    sight: NDArray[np.bool_]

    def __init__(self, on: Map, at: int, graph: nx.MultiDiGraph) -> None:
        super().__init__(on, at)
        self.whole = graph

    def _close(self) -> None:
        self.open = self.whole.copy()
        self.open.remove_nodes_from(self.inside)

    def way(self, start: int, end: int) -> set[tuple[int, int]]:
        """Find a way that keeps off the streets of the others, where there is another."""
        used = self.used

        def weight(a: int, b: int, streets: Mapping[int, Mapping[str, float]]) -> float:
            seconds = min(street["travel_time"] for street in streets.values())
            return seconds * (APART_TIMES if (a, b) in used or (b, a) in used else 1)

        try:
            return set(itertools.pairwise(nx.dijkstra_path(self.open, start, end, weight=weight)))
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return set()

    def run(self) -> Answer:
        """Work it all out."""
        with self._step("both perimeters"):
            self.inside = set(self.on.near(self.spot_m, INNER_M))
            inner, outer = self._ring(INNER_M), self._ring(500.0)
            self._close()
        with self._step("sites"):
            about = asked(self.on, self.at, self.inside)
            places = about.places
            self.sight = self._from_all(places)
        with self._step("hospitals, patients"):
            self.table_s = self._matrix(places, about.hospitals)
            self._share(self.table_s[0, :_WARDS])
        with self._step("routes"):
            self.used = self.way(about.out[0], places[0])
            for hospital in about.out:
                self.used |= self.way(places[0], hospital)
        posts, met = (inner.posts, outer.posts), (inner.met, outer.met)
        return Answer(posts, met, tuple(places), (), int(self.sight.sum()), ())

    def _from_all(self, places: Sequence[int]) -> NDArray[np.bool_]:
        eyes = eyes_m(self.spot_m)
        ends = np.stack(np.broadcast_arrays(self.on.xy_m[places][:, None], eyes[None]), axis=2)
        rays: NDArray[np.object_] = np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)))
        clear = np.ones(len(rays), dtype=np.bool_)
        clear[self.on.wall_tree.query(rays, predicate="intersects")[0]] = False
        return np.asarray(clear.reshape(len(places), POINTS))

    def _matrix(self, places: Sequence[int], hospitals: Sequence[int]) -> Floats:
        against = self.open.reverse(copy=False)
        table = np.full((len(places), len(hospitals)), np.inf)
        for column, hospital in enumerate(hospitals):
            if hospital in against:
                seconds = nx.single_source_dijkstra_path_length(against, hospital, weight="travel_time")
                table[:, column] = [seconds.get(place, math.inf) for place in places]
        return table


def listed(
    area: Area, doctrine: Doctrine, incident: Incident, at: int, about: Asked
) -> tuple[Floats, NDArray[np.bool_]]:
    """Do the list with what the planner has for it: the matrix in seconds, and what is seen.

    ``at`` is the junction of the incident, ``about`` what :func:`asked` returns.
    """
    network = area.network
    spot_m = network.node_xy_m[at]
    timing = network.timing(Travel.EMERGENCY, doctrine.travelling)
    ground = draw_zones(incident, area, doctrine)
    trace_perimeters(ground, area, doctrine, network.no_closures(), incident)
    closed = network.edges_meeting(shapely.Point(spot_m).buffer(INNER_M))
    places, hospitals, out = (
        [_snap(area, node) for node in nodes] for nodes in (about.places, about.hospitals, about.out)
    )
    eyes = raised(eyes_m(spot_m), doctrine)
    sight = sees(walls_of(area, doctrine.siting), eyes, raised(network.node_xy_m[about.places], doctrine))
    table_s = network.times(places, hospitals, timing, closed)
    ways_apart(network, timing, closed, places[0], out)
    wards = [Ward(float(s) if np.isfinite(s) else None, TraumaLevel.II, 300) for s in table_s[0, :_WARDS]]
    share_patients(Casualties(red=30, yellow=30, green=40), wards, doctrine.transport)
    return table_s, sight


def ways_apart(
    network: StreetNetwork, timing: Timing, closed: NDArray[np.bool_], place: Snap, ends: Sequence[Snap]
) -> None:
    """Find a way in and four out, each on other streets than those before, where there are others."""
    used = network.no_closures()
    for start, end in [(ends[0], place), *((place, end) for end in ends[: WAYS - 1])]:
        weights = timing.weighted(np.flatnonzero(used), APART_TIMES)
        path = network.find_path(start, end, timing, closed, weights)
        if path is not None:
            used[path.edges] = True


def _snap(area: Area, node: int) -> Snap:
    """Return a junction as a place on one of its drivable streets."""
    network = area.network
    edges = network.edges_at(node)
    snap = network.at_node(node, edges[network.drivable[edges]])
    assert snap is not None
    return snap


def raised(xy_m: Floats, doctrine: Doctrine) -> Floats:
    """Return points at the height of a person's eyes, (n, 3)."""
    return np.column_stack([xy_m, np.full(len(xy_m), doctrine.siting.person_height_m)])

"""Ways and travel times: a zone drawn, a matrix, five routes; and whether they equal networkx's.

``python -m benchmarks --only routing AREA`` gives the table. ``python -m benchmarks.routing AREA`` proves
that 1,000 pairs, with closures, jams and turn restrictions, take exactly as long as by networkx on the same
weights. Beside OSRM and Valhalla: ``benchmarks/civil_times.py``.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from shapely.geometry import Point

from benchmarks.rows import Row, Timed, timed
from planner.area import Area
from planner.packs import shipped_doctrine
from planner.streets.network import Snap, StreetNetwork, Timing
from planner.streets.search import BARRED
from planner.terms import RoadClass, Travel

STARTS, ENDS, ROUTES = 30, 20, 5
ZONE_M = 400.0
SPREAD_M = 4000.0
PAIRS = 1000
CLOSED_SHARE = 0.02
ROWS, COLUMNS = 10, 20
"""Places asked for under one closure when times are proved: each with each."""
JAM_M, JAM_TIMES = 900.0, 2.0
TRAVELLING = shipped_doctrine().travelling
TARGET_S = 0.05
_DRAWN = itertools.count()

Closure = tuple[Timing, np.ndarray]
"""What streets take, and the mask of those that are closed."""


def places(
    network: StreetNetwork, travel: Travel, count: int, seed: int, last: RoadClass = RoadClass.BUSWAY
) -> list[Snap]:
    """Places around the middle of the map, on streets that hang together, of classes up to the last."""
    rng = np.random.default_rng(seed)
    middle = np.median(network.node_xy_m, axis=0)
    main = network.main_edges(travel, TRAVELLING) & (network.road_class <= last)
    spots = middle + rng.normal(0, SPREAD_M, (count, 2))
    return [snap for snap in network.snap(spots, main) if snap is not None]


def middle_m(network: StreetNetwork) -> np.ndarray:
    """Return the middle of the map's junctions."""
    return np.asarray(np.median(network.node_xy_m, axis=0))


def draw_zone(network: StreetNetwork, at_m: np.ndarray | None = None) -> np.ndarray:
    """Close what a zone in the middle of the map, or about a place, meets.

    It is a hair larger each time: a network remembers what met the last few grounds.
    """
    radius_m = ZONE_M + 1e-6 * next(_DRAWN)
    return network.edges_meeting(Point(*(middle_m(network) if at_m is None else at_m)).buffer(radius_m))


def work(network: StreetNetwork, timing: Timing, starts: list[Snap], ends: list[Snap]) -> np.ndarray:
    """Close a zone, fill the matrix, find five routes."""
    closed = draw_zone(network)
    table = network.times(starts, ends, timing, closed)
    for k in range(ROUTES):
        network.find_path(starts[k], ends[k], timing, closed)
    return table


def reopen(network: StreetNetwork, timing: Timing, starts: list[Snap], ends: list[Snap]) -> None:
    """Open again what was closed: a hierarchy keeps it, and to close the same again would cost nothing."""
    network.times(starts[:1], ends[:1], timing, network.no_closures())


def as_digraph(network: StreetNetwork, timing: Timing, closed: np.ndarray) -> nx.DiGraph:
    """Write the states and turns of a network, but for those into closed streets, as a networkx graph."""
    graph = nx.DiGraph()
    turns = timing.turns
    arcs = turns.state_arc[turns.to]
    along_ms, lost_ms = timing.arc_ms[arcs], timing.lost_ms.astype(np.int64)
    good = np.flatnonzero((along_ms < BARRED) & (lost_ms < BARRED) & ~closed[arcs % network.edge_count])
    graph.add_nodes_from(range(turns.state_count))
    ms = along_ms[good] + lost_ms[good]
    rows = zip(turns.origin[good].tolist(), turns.to[good].tolist(), ms.tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="ms")
    return graph


def search_by_scipy(network: StreetNetwork, timing: Timing) -> Callable[[], object]:
    """Return what searches from one place to all others with scipy, over junctions and streets alone.

    The targets were told with how long this took on the machine where they were set.
    """
    arcs = np.flatnonzero(timing.arc_ms < BARRED)
    forward, edges = arcs < network.edge_count, arcs % network.edge_count
    u, v = network.edge_u[edges], network.edge_v[edges]
    ends = np.where(forward, u, v), np.where(forward, v, u)
    ms = np.maximum(timing.arc_ms[arcs], 1).astype(np.float64)
    streets = csr_array((ms, ends), shape=(network.node_count, network.node_count))
    _, part = connected_components(streets, connection="strong")
    main = np.flatnonzero(part == np.bincount(part).argmax())
    within = streets[main][:, main]
    start = np.array(len(main) // 2)
    return lambda: dijkstra(within, indices=start)


def plain_times_s(
    network: StreetNetwork,
    timing: Timing,
    closed: np.ndarray,
    starts: list[Snap],
    ends: list[Snap],
) -> np.ndarray:
    """Seconds from places to places by networkx, the ends' parts of their streets put in as edges.

    Nothing leads into a start or out of an end, so that all can stand in one graph.
    """
    count, arc_ms = network.edge_count, timing.arc_ms
    graph = as_digraph(network, timing, closed)

    def halves(place: Snap) -> list[tuple[int, int, int]]:
        length = float(network.length_m[place.edge])
        found = []
        for arc in (place.edge, place.edge + count):
            share = place.along_m / length if arc < count else 1 - place.along_m / length
            before = round(int(arc_ms[arc]) * share)
            if arc_ms[arc] < BARRED and not closed[place.edge]:
                found.append((arc, before, int(arc_ms[arc]) - before))
        return found

    for k, place in enumerate(starts):
        graph.add_node(("start", k))
        graph.add_weighted_edges_from(((("start", k), arc, rest) for arc, _, rest in halves(place)), "ms")
    for k, place in enumerate(ends):
        graph.add_node(("end", k))
        for arc, _, rest in halves(place):
            for state in timing.turns.states_of(arc).tolist():
                for before, _, held in list(graph.in_edges(state, data=True)):
                    shorter = graph.get_edge_data(before, ("end", k), {"ms": BARRED})["ms"]
                    if rest <= held["ms"] and held["ms"] - rest < shorter:
                        graph.add_edge(before, ("end", k), ms=held["ms"] - rest)
    table = np.full((len(starts), len(ends)), np.inf)
    for row in range(len(starts)):
        reached = nx.single_source_dijkstra_path_length(graph, ("start", row), weight="ms")
        for column in range(len(ends)):
            table[row, column] = reached.get(("end", column), math.inf) / 1000
    return table


def measure(area: Area) -> Iterable[Row]:
    """Time the work of one zone drawn, with the hierarchy, without it, and by the peers."""
    network = area.network
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    every = places(network, Travel.EMERGENCY, STARTS + ENDS, 3)
    starts, ends = every[:STARTS], every[STARTS:]
    what = f"zone drawn + {STARTS} x {ENDS} matrix + {ROUTES} routes"
    ours = timed(
        lambda: work(network, timing, starts, ends), before=lambda: reopen(network, timing, starts, ends)
    )
    yield Row(what, ours, target_s=TARGET_S)
    bare = replace(network)
    plain = bare.timing(Travel.EMERGENCY, TRAVELLING)
    slow = timed(lambda: work(bare, plain, starts, ends), repeat=3)
    yield Row(what, ours, "Dijkstra of ours", slow, note="no hierarchy")
    closed = draw_zone(network)
    graph = as_digraph(network, timing, closed)
    two = timed(lambda: table_by_networkx(graph, [int(s.edge) for s in starts[:2]]), repeat=1, warm=0)
    ways = timed(lambda: ways_by_networkx(graph, starts, ends), repeat=1, warm=0)
    shares = ((two.wall_s, ways.wall_s), (two.cpu_s, ways.cpu_s), (two.p95_s, ways.p95_s))
    wall_s, cpu_s, p95_s = (rows * STARTS / 2 + routes for rows, routes in shares)
    whole = Timed(wall_s, cpu_s, p95_s)
    yield Row(what, ours, "networkx", whole, note="graph in memory, zone closed in it; 2 rows of 30 timed")


def table_by_networkx(graph: nx.DiGraph, sources: list[int]) -> None:
    """Fill rows of a matrix."""
    for source in sources:
        nx.single_source_dijkstra_path_length(graph, source, weight="ms")


def ways_by_networkx(graph: nx.DiGraph, starts: list[Snap], ends: list[Snap]) -> None:
    """Find the five routes."""
    for k in range(ROUTES):
        nx.bidirectional_dijkstra(graph, int(starts[k].edge), int(ends[k].edge), weight="ms")


def along_streets(network: StreetNetwork, travel: Travel, count: int, rng: np.random.Generator) -> list[Snap]:
    """Places along streets, away from junctions, anywhere on the map."""
    edges = rng.choice(np.flatnonzero(network.main_edges(travel, TRAVELLING)), count)
    marks = network.length_m[edges] * rng.uniform(0.05, 0.95, count)
    return [
        Snap(int(e), float(m), *network.at(int(e), float(m)), 0.0) for e, m in zip(edges, marks, strict=True)
    ]


def closures(network: StreetNetwork, timing: Timing, rng: np.random.Generator) -> Iterator[Closure]:
    """Nothing closed; then without end: every fiftieth street; a zone, and jams around it; both."""
    zone = draw_zone(network)
    jam = np.flatnonzero(network.edges_meeting(Point(*np.median(network.node_xy_m, axis=0)).buffer(JAM_M)))
    jammed = timing.weighted(jam, JAM_TIMES)
    yield timing, network.no_closures()
    while True:
        some = rng.random((2, network.edge_count)) < CLOSED_SHARE
        yield timing, some[0]
        yield jammed, zone
        yield jammed, zone | some[1]


def prove(area: Area, travel: Travel, pairs: int = PAIRS) -> str:
    """Compare times with networkx on the same weights, exactly: of paths and matrix, by each search."""
    network = area.network
    bare = replace(network)  # without its hierarchy: searches by Dijkstra
    rng = np.random.default_rng(11)
    asked, wrong, far, signs = 0, 0, 0, network.restriction_count
    for timing, closed in closures(network, network.timing(travel, TRAVELLING), rng):
        if asked >= pairs:
            break
        snaps = along_streets(network, travel, ROWS + COLUMNS, rng)
        starts, ends = snaps[:ROWS], snaps[ROWS:]
        expected = plain_times_s(network, timing, closed, starts, ends)
        right = np.ones(expected.shape, dtype=bool)
        for streets in (network, bare):
            right &= streets.times(starts, ends, timing, closed) == expected
            right &= times_of_paths(streets, starts, ends, timing, closed) == expected
        wrong += int((~right).sum())
        far += int(np.isfinite(expected).sum())
        asked += expected.size
    return f"{area.name}, {travel}: {wrong} of {asked} pairs differ; {far} have a way; {signs} restrictions"


def times_of_paths(
    network: StreetNetwork, starts: list[Snap], ends: list[Snap], timing: Timing, closed: np.ndarray
) -> np.ndarray:
    """Seconds of the paths written out; not a number where one drives a closed street."""
    table = np.full((len(starts), len(ends)), np.inf)
    for row, start in enumerate(starts):
        search = network.search(start, timing, closed, ends=ends)
        for column, end in enumerate(ends):
            path = search.path(end)
            if path is not None:
                table[row, column] = math.nan if closed[path.edges].any() else path.time_s
    return table


def main() -> int:
    """Prove."""
    from benchmarks.__main__ import open_or_import

    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    parser.add_argument("areas", nargs="+")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many to prove")
    asked = parser.parse_args()
    for area in map(open_or_import, asked.areas):
        for travel in (Travel.EMERGENCY, Travel.PUBLIC):
            print(prove(area, travel, asked.pairs), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Ways and travel times: a zone drawn, a matrix, five routes; beside networkx, OSRM and Valhalla.

``python -m benchmarks --only routing FILE.osm.pbf`` gives the table. ``python -m benchmarks.routing
FILE.osm.pbf [--pairs N]`` proves that 1,000 pairs with closures and turn restrictions take exactly as long as
by networkx on the same weights, and tells how civil travel times differ from those of OSRM and Valhalla.

What is known of the differences (Porto): all three choose ways of the same length for most pairs. OSRM takes
2 s at traffic signals where doctrine takes 12, so that we are slower in the centre, with a dozen signals on
the way, and faster outside. Places on tracks and service roads are left out: OSRM does not drive tracks and
starts on the next road instead, and Valhalla drives them at walking pace.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
from shapely.geometry import Point

from benchmarks import peers
from benchmarks.rows import Row, Timed, timed
from planner.area import Area
from planner.geo import LonLat
from planner.packs import shipped_doctrine
from planner.streets.network import Snap, StreetNetwork, Timing
from planner.streets.search import BARRED
from planner.terms import RoadClass, Travel

STARTS, ENDS, ROUTES = 30, 20, 5
ZONE_M = 400.0
SPREAD_M = 4000.0
PAIRS = 1000
CLOSED_SHARE = 0.02
TRAVELLING = shipped_doctrine().travelling
TARGET_S = 0.05


def places(
    network: StreetNetwork, travel: Travel, count: int, seed: int, last: RoadClass = RoadClass.BUSWAY
) -> list[Snap]:
    """Places around the middle of the map, on streets that hang together, of classes up to the last."""
    rng = np.random.default_rng(seed)
    middle = np.median(network.node_xy_m, axis=0)
    main = network.main_edges(travel, TRAVELLING) & (network.road_class <= last)
    spots = middle + rng.normal(0, SPREAD_M, (count, 2))
    return [snap for snap in network.snap(spots, main) if snap is not None]


def draw_zone(network: StreetNetwork) -> np.ndarray:
    """Close what a zone in the middle of the map meets."""
    return network.edges_meeting(Point(*np.median(network.node_xy_m, axis=0)).buffer(ZONE_M))


def work(network: StreetNetwork, timing: Timing, starts: list[Snap], ends: list[Snap]) -> np.ndarray:
    """Close a zone, fill the matrix, find five routes."""
    closed = draw_zone(network)
    table = network.times(starts, ends, timing, closed)
    for k in range(ROUTES):
        network.find_path(starts[k], ends[k], timing, closed)
    return table


def as_digraph(network: StreetNetwork, timing: Timing, closed: np.ndarray) -> nx.DiGraph:
    """Write the states and turns of a network as a networkx graph."""
    graph = nx.DiGraph()
    weight_ms = timing.closing(closed).of_all_turns()
    turns = timing.turns
    good = np.flatnonzero(weight_ms < BARRED)
    graph.add_nodes_from(range(turns.state_count))
    rows = zip(turns.origin[good].tolist(), turns.to[good].tolist(), weight_ms[good].tolist(), strict=True)
    graph.add_weighted_edges_from(rows, weight="ms")
    return graph


def plain_time_s(
    network: StreetNetwork, graph: nx.DiGraph, timing: Timing, closed: np.ndarray, start: Snap, end: Snap
) -> float:
    """Seconds from place to place by networkx, the ends' parts of their streets put in as edges."""
    count, arc_ms = network.edge_count, timing.arc_ms

    def halves(place: Snap) -> list[tuple[int, int, int]]:
        length = float(network.length_m[place.edge])
        found = []
        for arc in (place.edge, place.edge + count):
            share = place.along_m / length if arc < count else 1 - place.along_m / length
            before = round(int(arc_ms[arc]) * share)
            if arc_ms[arc] < BARRED and not closed[place.edge]:
                found.append((arc, before, int(arc_ms[arc]) - before))
        return found

    graph.add_node("start")
    graph.add_node("end")
    for arc, _, rest in halves(start):
        graph.add_edge("start", arc, ms=rest)
    for arc, _, rest in halves(end):
        for state in timing.turns.states_of(arc).tolist():
            for before, _, held in list(graph.in_edges(state, data=True)):
                if held["ms"] >= rest:
                    graph.add_edge(before, "end", ms=held["ms"] - rest)
    try:
        return int(nx.bidirectional_dijkstra(graph, "start", "end", weight="ms")[0]) / 1000
    except nx.NetworkXNoPath:
        return math.inf
    finally:
        graph.remove_nodes_from(("start", "end"))


def measure(area: Area) -> Iterable[Row]:
    """Time the work of one zone drawn, with the hierarchy, without it, and by the peers."""
    network = area.network
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    every = places(network, Travel.EMERGENCY, STARTS + ENDS, 3)
    starts, ends = every[:STARTS], every[STARTS:]
    what = f"zone drawn + {STARTS} x {ENDS} matrix + {ROUTES} routes"
    ours = timed(lambda: work(network, timing, starts, ends))
    yield Row(what, ours, target_s=TARGET_S)
    bare = replace(network)
    plain = bare.timing(Travel.EMERGENCY, TRAVELLING)
    slow = timed(lambda: work(bare, plain, starts, ends), repeat=3)
    yield Row(what, ours, "Dijkstra of ours", slow, note="no hierarchy")
    closed = draw_zone(network)
    graph = as_digraph(network, timing, closed)
    sources = [int(s.edge) for s in starts[:2]]

    def by_networkx() -> None:
        for source in sources:
            nx.single_source_dijkstra_path_length(graph, source, weight="ms")

    two = timed(by_networkx, repeat=1, warm=0)
    all_rows = Timed(*(seconds * STARTS / len(sources) for seconds in (two.wall_s, two.cpu_s, two.p95_s)))
    matrix = timed(lambda: network.times(starts, ends, timing, closed))
    yield Row("matrix", matrix, "networkx", all_rows, note="2 rows timed; graph in memory, zone closed")


def question(area: Area, snaps: list[Snap], pairs: list[tuple[int, int]]) -> dict[str, object]:
    """Write what the peers are asked: the same places."""
    spots = [area.frame.place(snap.x_m, snap.y_m) for snap in snaps]
    half = list(range(min(STARTS, len(snaps) - ENDS)))
    ring = Point(*np.median(area.network.node_xy_m, axis=0)).buffer(ZONE_M).exterior
    return {
        "places": [[place.lon_deg, place.lat_deg] for place in spots],
        "pairs": pairs,
        "starts": half,
        "ends": list(range(len(half), len(half) + ENDS)),
        "repeat": 3,
        "ring": None,
        "zone": [[p.lon_deg, p.lat_deg] for p in _ring(area, ring.coords)],
    }


def _ring(area: Area, coords: object) -> list[LonLat]:
    return [LonLat(*map(float, spot)) for spot in area.frame.to_deg(np.asarray(coords))]


def along_streets(network: StreetNetwork, travel: Travel, count: int, rng: np.random.Generator) -> list[Snap]:
    """Places along streets, away from junctions, anywhere on the map."""
    edges = rng.choice(np.flatnonzero(network.main_edges(travel, TRAVELLING)), count)
    marks = network.length_m[edges] * rng.uniform(0.05, 0.95, count)
    return [
        Snap(int(e), float(m), *network.at(int(e), float(m)), 0.0) for e, m in zip(edges, marks, strict=True)
    ]


def prove(area: Area, travel: Travel, pairs: int = PAIRS) -> str:
    """Compare times with networkx on the same weights, exactly."""
    network = area.network
    timing = network.timing(travel, TRAVELLING)
    rng = np.random.default_rng(11)
    per_mask, wrong, far, signs, asked = 50, 0, 0, network.restriction_count, 0
    for _ in range(pairs // per_mask):
        closed = rng.random(network.edge_count) < CLOSED_SHARE
        graph = as_digraph(network, timing, closed)
        snaps = along_streets(network, travel, 2 * per_mask, rng)
        for start, end in zip(snaps[:per_mask], snaps[per_mask:], strict=True):
            asked += 1
            expected = plain_time_s(network, graph, timing, closed, start, end)
            path = network.find_path(start, end, timing, closed)
            found = (
                float(network.times([start], [end], timing, closed)[0, 0]),
                math.inf if path is None else path.time_s,
            )
            wrong += found != (expected, expected)
            far += math.isfinite(expected)
    return f"{area.name}, {travel}: {wrong} of {asked} pairs differ; {far} have a way; {signs} restrictions"


def compare(area: Area, extract: Path) -> Iterable[str]:
    """Tell how civil travel times differ from those of other routers on the same extract."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, TRAVELLING)
    snaps = places(network, Travel.PUBLIC, 200, 5, RoadClass.RESIDENTIAL)
    pairs = [(k, k + 1) for k in range(0, len(snaps) - 1, 2)]
    closed = network.no_closures()
    paths = [network.find_path(snaps[a], snaps[b], timing, closed) for a, b in pairs]
    mine_s = np.array([math.nan if p is None else p.time_s for p in paths])
    mine_m = np.array([math.nan if p is None else p.length_m for p in paths])
    asked = question(area, snaps, pairs)
    for router in peers.ROUTERS:
        answer = peers.ask(router, extract, asked)
        if answer is None:
            yield f"{router}: no {peers.PYTHON} here"
            continue
        theirs_s = np.array([math.nan if s is None else s for s in answer["seconds"]])
        theirs_m = np.array([math.nan if m is None else m for m in answer["metres"]])
        both = np.isfinite(mine_s) & np.isfinite(theirs_s) & (theirs_s > 60)
        rel = mine_s[both] / theirs_s[both] - 1
        rel_m = mine_m[both] / theirs_m[both] - 1
        quart = np.percentile(rel, [5, 25, 50, 75, 95])
        yield (
            f"{router}: {int(both.sum())} pairs; time, ours less theirs: median {quart[2]:+.1%}, "
            f"half within {quart[1]:+.1%} to {quart[3]:+.1%}, "
            f"90 of 100 within {quart[0]:+.1%} to {quart[4]:+.1%}; "
            f"length: median {np.median(rel_m):+.1%}; only one finds a way: "
            f"{int((np.isfinite(mine_s) != np.isfinite(theirs_s)).sum())}"
        )
        worst = np.argsort(-np.abs(np.where(both, mine_s / theirs_s - 1, 0.0)))[:5]
        for k in worst.tolist():
            a, b = (area.frame.place(snaps[n].x_m, snaps[n].y_m) for n in pairs[k])
            yield (
                f"  {mine_s[k] / theirs_s[k] - 1:+.0%} in time, {mine_m[k] / theirs_m[k] - 1:+.0%} long: "
                f"{a.lat_deg:.5f},{a.lon_deg:.5f} to {b.lat_deg:.5f},{b.lon_deg:.5f}, {mine_m[k]:.0f} m"
            )
        yield (
            f"  {router}: matrix {STARTS} x {ENDS} {answer['matrix_s'] * 1000:.1f} ms, "
            f"{ROUTES} routes {answer['routes_s'] * 1000:.1f} ms of processor time"
        )
        if router == "valhalla":
            shut = peers.ask(router, extract, {**asked, "pairs": pairs[:ROUTES], "ring": asked["zone"]})
            if shut is not None:
                yield (
                    f"  {router}, zone excluded: matrix {shut['matrix_s'] * 1000:.1f} ms, "
                    f"{ROUTES} routes {shut['routes_s'] * 1000:.1f} ms"
                )


def main() -> int:
    """Prove and compare."""
    from benchmarks.__main__ import open_or_import

    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    parser.add_argument("areas", nargs="+")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many to prove; 0 only compares")
    asked = parser.parse_args()
    for name in asked.areas:
        area = open_or_import(name)
        for travel in (Travel.EMERGENCY, Travel.PUBLIC) if asked.pairs else ():
            print(prove(area, travel, asked.pairs), flush=True)
        if Path(name).is_file():
            for line in compare(area, Path(name)):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

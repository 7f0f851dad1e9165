"""Both perimeters, warm: posts, lines, officers, other rings; and the bare cuts beside networkx."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from benchmarks.independent_cut import RawWays, max_flow
from benchmarks.made_incidents import made_incidents
from benchmarks.rows import Row, Timed, median_of, of_runs, timed
from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.ground.zones import Ground
from planner.model import Incident, PostEdit, Shape
from planner.perimeters.band import Band
from planner.perimeters.cut import SINK, SOURCE, Links
from planner.perimeters.max_flow import find_flow
from planner.perimeters.rings import Ring, hold_by_doctrine, inner_ground, inner_ring, outer_ring
from planner.perimeters.tracing import JUNCTION_MARGIN_M, trace_perimeters
from planner.settings import shipped
from planner.terms import PostEditKind, RingSize

ZONES = 24
TARGET_S, EDIT_TARGET_S = 0.150, 0.300


def measure(area: Area) -> Iterator[Row]:
    """Measure the perimeters of random incidents: medians over them, and the slowest."""
    doctrine = read_doctrine(shipped("data", "doctrine.toml"))
    blocked = area.network.no_closures()
    whole, edited, ours, theirs = [], [], [], []
    bare: tuple[list[Timed], ...] = ([], [], [])
    ways = RawWays(area.network)
    for _, incident, ground in made_incidents(area, doctrine, ZONES):
        inner, outer = trace_perimeters(ground, area, doctrine, blocked, incident)
        whole.append(_timed_trace(ground, area, doctrine, incident))
        for traced in (outer, inner):
            if traced.posts:
                shape = Shape(points=(traced.posts[0].location,))
                said = Incident(post_edits=(PostEdit(shape, PostEditKind.REMOVE, traced.record.perimeter),))
                edited.append(_timed_trace(ground, area, doctrine, said))
                break
        rules = doctrine.perimeters
        for ring in (
            inner_ring(inner_ground(ground, hold_by_doctrine(rules)), RingSize.STANDARD, rules),
            outer_ring(ground, inner.polygon_m, RingSize.STANDARD, rules),
        ):
            ours.append(_timed_cut(ring, area, doctrine))
            theirs.append(_timed_flow(ring, ways))
            for into, timing in zip(bare, _timed_same(_links(ring, area, doctrine)), strict=True):
                into.append(timing)
    yield Row(f"both perimeters, {of_runs(whole)}", median_of(whole), target_s=TARGET_S)
    yield Row(
        f"the same after a post is removed, {of_runs(edited)}", median_of(edited), target_s=EDIT_TARGET_S
    )
    note = (
        "both from the streets as arrays to the number of posts; the peer weighs no ties and finds no sides"
    )
    yield Row("one cut, with its graph", median_of(ours), "networkx", median_of(theirs), note=note)
    note = "the same graph, made before, and the same weights; both give the flow and the far side of the cut"
    mine, networkx, scipy = (median_of(runs) for runs in bare)
    yield Row("the bare cut", mine, "networkx", networkx, note=note)
    yield Row("the bare cut", mine, "scipy", scipy, note=note)


def _timed_trace(ground: Ground, area: Area, doctrine: Doctrine, said: Incident) -> Timed:
    blocked = area.network.no_closures()

    def work() -> object:
        area.memory.forget()
        return trace_perimeters(ground, area, doctrine, blocked, said)

    return timed(work, repeat=3, warm=0)


def _timed_cut(ring: Ring, area: Area, doctrine: Doctrine) -> Timed:
    blocked, rules = area.network.no_closures(), doctrine.perimeters

    def work() -> object:
        area.memory.forget()
        return Band.around(ring.core_m, ring.reach_m, area, rules, blocked).cut_vehicles()

    return timed(work, repeat=3)


def _timed_flow(ring: Ring, ways: RawWays) -> Timed:
    core, limit = ring.core_m.buffer(JUNCTION_MARGIN_M), ring.core_m.buffer(ring.reach_m, quad_segs=8)
    return timed(lambda: max_flow(ways, core, limit), repeat=1)


def _links(ring: Ring, area: Area, doctrine: Doctrine) -> Links:
    band = Band.around(ring.core_m, ring.reach_m, area, doctrine.perimeters, area.network.no_closures())
    return band.cut_vehicles().cut.links


def _timed_same(links: Links) -> tuple[Timed, Timed, Timed]:
    """Time one minimum cut of one graph by three solvers, and see that they agree."""
    low, high, n = links.low, links.high, links.node_count
    tails, heads = np.concatenate([low, high]), np.concatenate([high, low])
    costs = np.concatenate([links.cost, links.back])
    graph = nx.DiGraph()
    graph.add_nodes_from((SOURCE, SINK))
    for a, b, cost in zip(tails.tolist(), heads.tolist(), costs.tolist(), strict=True):
        before = graph[a][b]["capacity"] if graph.has_edge(a, b) else 0
        graph.add_edge(a, b, capacity=before + cost)
    matrix = csr_array(coo_array((costs, (tails, heads)), shape=(n, n)).astype(np.int32))

    def by_scipy() -> tuple[int, np.ndarray]:
        found = maximum_flow(matrix, SOURCE, SINK)
        left = csr_array(matrix - found.flow)
        left.eliminate_zeros()
        return int(found.flow_value), breadth_first_order(csr_array(left.T), SINK, return_predecessors=False)

    flow, reaches = find_flow(low, high, links.cost, links.back, n, SOURCE, SINK)
    assert flow == nx.minimum_cut(graph, SOURCE, SINK)[0] == by_scipy()[0]
    assert set(by_scipy()[1].tolist()) == set(np.flatnonzero(reaches).tolist())
    return (
        timed(lambda: find_flow(low, high, links.cost, links.back, n, SOURCE, SINK), repeat=5),
        timed(lambda: nx.minimum_cut(graph, SOURCE, SINK), repeat=1, warm=0),
        timed(by_scipy, repeat=3),
    )

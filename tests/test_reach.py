"""Distances and ways out around a scene, against networkx on the same streets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.doctrine import read_doctrine
from planner.streets.drives import Drives
from planner.streets.network import Snap
from planner.streets.reach import _bridges, distances_from, find_exits
from planner.terms import Travel
from tests.town import town

NETWORK = town(hospitals=False).network
ALL = np.arange(NETWORK.edge_count)
BOTH_WAYS = np.ones(2 * NETWORK.edge_count, dtype=bool)


def snap(edge: int, share: float) -> Snap:
    along = share * float(NETWORK.length_m[edge])
    return Snap(edge, along, *NETWORK.at(edge, along), 0.0)


places = st.tuples(st.integers(0, NETWORK.edge_count - 1), st.floats(0, 1)).map(lambda p: snap(*p))


@settings(max_examples=25)
@given(
    st.lists(places, min_size=1, max_size=4), st.lists(st.integers(0, NETWORK.edge_count - 1), max_size=60)
)
def test_distances_equal_networkx(starts, closed):
    edges = np.setdiff1d(ALL, closed)
    measured = distances_from(NETWORK, starts, edges, BOTH_WAYS)
    graph = nx.Graph()
    for e in edges.tolist():
        u, v, length = int(NETWORK.edge_u[e]), int(NETWORK.edge_v[e]), float(NETWORK.length_m[e])
        if not graph.has_edge(u, v) or graph[u][v]["weight"] > length:
            graph.add_edge(u, v, weight=length)
    for k, start in enumerate(starts):
        graph.add_edge(("s", k), int(NETWORK.edge_u[start.edge]), weight=start.along_m)
        rest = float(NETWORK.length_m[start.edge]) - start.along_m
        v = int(NETWORK.edge_v[start.edge])
        if not graph.has_edge(("s", k), v) or graph[("s", k)][v]["weight"] > rest:
            graph.add_edge(("s", k), v, weight=rest)
    expected = nx.multi_source_dijkstra_path_length(graph, {("s", k) for k in range(len(starts))})
    rows = measured._rows(np.arange(NETWORK.node_count))
    node_m, nearest = measured.node_m[rows], measured.nearest[rows]
    for node in range(NETWORK.node_count):
        if node in expected:
            # one goes from a start towards the ends of its street only, not through another start
            assert node_m[node] >= expected[node] - 0.01
            assert nearest[node] >= 0
        else:
            assert not np.isfinite(node_m[node])
            assert nearest[node] == -1
    if len(starts) == 1:
        for node, metres in expected.items():
            if not isinstance(node, tuple):
                assert node_m[node] == pytest.approx(metres, abs=0.05)


@settings(max_examples=25)
@given(st.integers(0, NETWORK.edge_count - 1), st.floats(0, 1), st.floats(0, 1))
def test_along_one_street_it_is_no_further_than_the_street(edge, here, there):
    start, end = snap(edge, here), snap(edge, there)
    measured = distances_from(NETWORK, [start], ALL, BOTH_WAYS)
    metres, nearest = measured.to(end)
    assert metres == pytest.approx(abs(end.along_m - start.along_m), abs=0.01)
    assert nearest == 0
    assert measured.edges_to(end).tolist() == [edge]


@settings(max_examples=80)
@given(st.integers(2, 9), st.data())
def test_bridges_equal_networkx(size, data):
    node = st.integers(0, size - 1)
    pairs = data.draw(st.lists(st.tuples(node, node), min_size=1, max_size=16))
    u, v = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    found = _bridges(u, v, size)
    graph = nx.MultiGraph(pairs)
    simple = nx.Graph([p for p in pairs if p[0] != p[1]])
    expected = {frozenset(b) for b in nx.bridges(simple)} if simple.number_of_edges() else set()
    for k, (a, b) in enumerate(pairs):
        alone = a != b and graph.number_of_edges(a, b) == 1
        assert found[k] == (alone and frozenset((a, b)) in expected)


def test_a_dead_end_has_one_way_out_and_a_grid_two():
    blind = [e for e in range(NETWORK.edge_count) if NETWORK.street(e) == "Blind Lane"]
    grid = [e for e in range(NETWORK.edge_count) if NETWORK.street(e) == "South Street 3"]
    assert blind
    assert grid
    exits = find_exits(NETWORK, NETWORK.drivable, BOTH_WAYS, (-750.0, -500.0, 0.0, 0.0))
    inside = [e for e in grid if (NETWORK.bounds_m[e] > [-700, -500, -700, -500]).all()]
    assert exits.out[blind].all()
    assert not exits.twice[blind].any()
    assert exits.twice[[e for e in inside if NETWORK.bounds_m[e][2] < 0]].all()


def test_streets_that_closures_cut_off_do_not_lead_out():
    blind = next(e for e in range(NETWORK.edge_count) if NETWORK.street(e) == "Blind Lane")
    ends = {int(NETWORK.edge_u[blind]), int(NETWORK.edge_v[blind])}
    touching = [
        e
        for e in range(NETWORK.edge_count)
        if e != blind and ends & {int(NETWORK.edge_u[e]), int(NETWORK.edge_v[e])}
    ]
    open_edges = NETWORK.drivable.copy()
    open_edges[touching] = False
    exits = find_exits(NETWORK, open_edges, BOTH_WAYS, (-750.0, -500.0, 0.0, 0.0))
    assert not exits.out[blind]


def test_with_no_street_open_nothing_leads_out():
    exits = find_exits(NETWORK, NETWORK.no_closures(), BOTH_WAYS, (-100.0, -100.0, 100.0, 100.0))
    assert not exits.out.any()
    assert not exits.twice.any()


def test_a_street_that_only_leads_in_is_joined_and_no_way_out():
    blind = next(e for e in range(NETWORK.edge_count) if NETWORK.street(e) == "Blind Lane")
    box = (-750.0, -500.0, 0.0, 0.0)
    for shut in (blind, blind + NETWORK.edge_count):
        ways = BOTH_WAYS.copy()
        ways[shut] = False
        exits = find_exits(NETWORK, NETWORK.drivable, ways, box)
        assert exits.joined[blind]
        assert not exits.out[blind]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 2 * NETWORK.edge_count - 1), max_size=120))
def test_ways_in_and_out_equal_networkx(shut):
    ways = BOTH_WAYS.copy()
    ways[shut] = False
    exits = find_exits(NETWORK, NETWORK.drivable, ways, (-750.0, -500.0, 0.0, 0.0))
    inside = np.flatnonzero(exits.joined)
    graph = nx.DiGraph()
    ends_u, ends_v, _ = NETWORK.vehicle_ends
    for e in np.flatnonzero(NETWORK.drivable).tolist():
        # beyond the box all streets count as joined
        free = e not in inside
        for a, b, arc in ((ends_u[e], ends_v[e], e), (ends_v[e], ends_u[e], e + NETWORK.edge_count)):
            if free or ways[arc]:
                graph.add_edge(int(a), int(b))
    outside = {
        int(n) for e in np.flatnonzero(NETWORK.drivable) if e not in inside for n in (ends_u[e], ends_v[e])
    }
    home = next(iter(sorted(outside)))
    reach = nx.descendants(graph, home) | {home}
    back = nx.ancestors(graph, home) | {home}
    for e in inside.tolist():
        u, v = int(ends_u[e]), int(ends_v[e])
        both = {u, v} <= reach & back and bool(ways[e] or ways[e + NETWORK.edge_count])
        assert exits.out[e] == both


TRAVELLING = read_doctrine(Path(__file__).parents[1] / "data" / "doctrine.toml").travelling


@settings(max_examples=25)
@given(
    st.lists(places, min_size=2, max_size=4), st.lists(st.integers(0, NETWORK.edge_count - 1), max_size=60)
)
def test_drives_equal_networkx_where_turns_are_free(spots, closed):
    timing = NETWORK.timing(Travel.EMERGENCY, TRAVELLING)
    usable = np.ones(NETWORK.edge_count, dtype=bool)
    usable[np.array(closed, dtype=np.int64)] = False
    everywhere = (-1e7, -1e7, 1e7, 1e7)
    drives = Drives.among(NETWORK, timing, usable, everywhere, spots)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(("spot", k) for k in range(len(spots)))
    for edge in np.flatnonzero(usable).tolist():
        ends = int(NETWORK.edge_u[edge]), int(NETWORK.edge_v[edge])
        length = float(NETWORK.length_m[edge])
        own = sorted(
            (spot.along_m / length, ("spot", k)) for k, spot in enumerate(spots) if spot.edge == edge
        )
        stops = [(0.0, ends[0]), *own, (1.0, ends[1])]
        for arc, row in ((edge, stops), (edge + NETWORK.edge_count, stops[::-1])):
            for (a, tail), (b, head) in pairwise(row):
                lost_s = float(timing.node_s[head]) if isinstance(head, int) else 0.0
                seconds = abs(b - a) * float(timing.arc_s[arc]) if b != a else 0.0
                if np.isfinite(timing.arc_s[arc]) and np.isfinite(lost_s):
                    graph.add_edge(tail, head, weight=seconds + lost_s)
    for k in range(len(spots)):
        expected = nx.single_source_dijkstra_path_length(graph, ("spot", k))
        found = drives.seconds(k)
        for other in range(len(spots)):
            if usable[spots[other].edge] and usable[spots[k].edge]:
                assert found[other] == pytest.approx(expected.get(("spot", other), np.inf), abs=0.05)
            else:
                assert not np.isfinite(found[other])

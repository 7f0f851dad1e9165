"""Where lines touch ground, and the maximum flow, whatever the lines and links are."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, box

from planner.perimeters.cut import _span
from planner.perimeters.max_flow import find_flow
from planner.perimeters.steps import may_meet
from planner.streets.joined import joined_through

GROUND = box(-2, -2, 3, 3)
NO_LENGTH = LineString([(1, 1), (1, 1)])
THROUGH = LineString([(-5, 0), (5, 0)])
INTO = LineString([(0, -5), (0, 0)])
SPANS = {NO_LENGTH: (0.0, 0.0), THROUGH: (3.0, 8.0), INTO: (3.0, 5.0)}


@pytest.mark.parametrize("lines", list(itertools.permutations(SPANS)))
def test_an_edge_without_length_takes_no_other_edges_span(lines):
    first, last = _span(np.array(lines, dtype=object), GROUND)
    assert list(zip(first, last, strict=True)) == [SPANS[line] for line in lines]


def test_no_lines_have_no_spans():
    first, last = _span(np.empty(0, dtype=object), GROUND)
    assert len(first) == len(last) == 0


CORNERS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=6)
ROUND = Point(0.3, 0.2).buffer(5.1) - Point(1, 0).buffer(1.7)


@given(corners=CORNERS)
def test_a_span_reaches_from_the_first_place_that_shapely_finds_to_the_last(corners):
    line = LineString(corners)
    met = shapely.get_coordinates(line.intersection(ROUND))
    along = [sum_to(line, xy) for xy in met] or [(0.0, line.length)]

    first, last = _span(np.array([line], dtype=object), ROUND)

    assert first[0] == pytest.approx(min(low for low, _ in along), abs=1e-6)
    assert last[0] == pytest.approx(max(high for _, high in along), abs=1e-6)


@given(lines=st.lists(CORNERS, min_size=1, max_size=5))
def test_a_line_that_meets_the_border_of_some_ground_may_meet_it_and_what_is_far_off_may_not(lines):
    shapes = np.array([LineString(corners) for corners in lines], dtype=object)
    shapes = np.concatenate([shapes, shapely.transform(shapes, lambda xy: xy + 40.0)])
    may = may_meet(shapely.bounds(shapes), shapely.get_coordinates(ROUND))
    assert may[shapely.intersects(ROUND.boundary, shapes)].all()
    assert not may[len(lines) :].any()


def sum_to(line, xy):
    """First and last length of a line up to a place on it, which it can pass more than once."""
    marks, passed = 0.0, []
    for a, b in itertools.pairwise(line.coords):
        step = LineString([a, b])
        if step.distance(Point(xy)) < 1e-6:
            passed.append(marks + step.project(Point(xy)))
        marks += step.length
    return min(passed), max(passed)


NODES, COSTS = st.integers(0, 7), st.integers(0, 20)
LINKS = st.lists(st.tuples(NODES, NODES, COSTS, COSTS), min_size=1, max_size=24)


@given(links=LINKS)
def test_the_flow_and_the_far_side_of_its_cut_are_networkxs(links):
    graph = nx.DiGraph()
    graph.add_nodes_from(range(8))
    for a, b, cost, back in links:
        for u, v, most in ((a, b, cost), (b, a, back)):
            before = graph[u][v]["capacity"] if graph.has_edge(u, v) else 0
            graph.add_edge(u, v, capacity=before + most)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    left = nx.algorithms.flow.preflow_push(graph, 0, 1)
    passable = nx.DiGraph((u, v) for u, v, at in left.edges(data=True) if at["flow"] < at["capacity"])
    passable.add_node(1)

    low, high, cost, back = np.array(links, dtype=np.int64).T.copy()
    flow, reaches = find_flow(low, high, cost, back, 8, 0, 1)

    assert flow == left.graph["flow_value"]
    assert set(np.flatnonzero(reaches).tolist()) == nx.ancestors(passable, 1) | {1}


@given(links=LINKS, barred=st.sets(st.integers(0, 7)))
def test_nodes_joined_through_allowed_nodes_share_a_number(links, barred):
    allowed = np.array([node not in barred for node in range(8)])
    graph = nx.Graph((a, b) for a, b, *_ in links if allowed[[a, b]].all())
    graph.add_nodes_from(range(8))
    low, high, *_ = np.array(links, dtype=np.int64).T.copy()
    number = joined_through(low, high, allowed)
    parts = {frozenset(np.flatnonzero(number == k).tolist()) for k in set(number.tolist())}
    assert parts == {frozenset(part) for part in nx.connected_components(graph)}

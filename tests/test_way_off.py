"""Who is stopped at a post has a legal way off, or the post says that there is none."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner.perimeters.posts import TRAPPED
from planner.terms import Direction, PostMode, TurnRule
from tests.streets import draw_streets
from tests.test_perimeter import area_of, trace


def cross(signs=(), **east):
    """A cross about the centre; its eastern arm goes on to a crossing 200 m out, and has these tags."""
    places = [(0, 0), (200, 0), (0, 900), (0, -900), (-900, 0), (200, 900), (200, -900), (900, 0)]
    arms = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7)]
    streets = [{"u": u, "v": v, "name": f"Street {v}"} for u, v in arms]
    streets[0] |= east
    return places, streets, signs


def eastern(places, streets, signs):
    inner, _ = trace(area_of(draw_streets(places, streets, signs=signs)), Point(0, 0).buffer(40))
    (post,) = [p for p in inner.posts if p.street.startswith("Street 1")]
    return post, [n.text for n in inner.notices if TRAPPED.split(" for ")[0] in n.text]


def test_a_driver_turns_round_or_drives_on_at_the_crossing_behind_the_post():
    for oneway in (0, -1):  # both ways; from the east towards the scene alone
        post, told = eastern(*cross(oneway=oneway))
        assert TRAPPED not in post.reason
        assert not told


def test_who_may_only_drive_on_into_the_post_is_held_before_and_the_post_says_where():
    places, streets, _ = cross(oneway=-1)
    streets[4] |= {"oneway": -1}  # the crossing can be left by no street but the post's own
    streets[5] |= {"oneway": -1}
    streets[6] |= {"oneway": -1, "name": "Far"}
    post, told = eastern(places, streets, ())
    assert TRAPPED in post.reason
    assert len(told) == 1
    assert post.id in told[0]


def test_a_sign_that_forbids_every_other_turn_takes_the_way_off():
    only_on = (((6, False), (0, False)), int(TurnRule.ONLY))
    places, streets, _ = cross(oneway=-1)
    streets[4] |= {"oneway": 1}
    streets[5] |= {"oneway": 1}
    post, _ = eastern(places, streets, ())
    assert TRAPPED not in post.reason
    post, _ = eastern(places, streets, (only_on,))
    assert TRAPPED in post.reason


def test_traffic_from_within_alone_needs_no_way_off():
    post, told = eastern(*cross(oneway=1))
    assert post.direction is Direction.EXIT
    assert not told


SIDE = 7


@given(ways=st.lists(st.integers(-1, 1), min_size=2 * SIDE * (SIDE - 1), max_size=2 * SIDE * (SIDE - 1)))
@settings(max_examples=12)
def test_in_a_grid_of_one_ways_a_post_says_so_where_networkx_finds_no_way_off(ways):
    places = [(150.0 * (i - SIDE // 2), 150.0 * (j - SIDE // 2)) for i in range(SIDE) for j in range(SIDE)]
    pairs = [(SIDE * i + j, SIDE * i + j + 1) for i in range(SIDE) for j in range(SIDE - 1)]
    pairs += [(SIDE * i + j, SIDE * (i + 1) + j) for i in range(SIDE - 1) for j in range(SIDE)]
    streets = [
        {"u": u, "v": v, "oneway": way, "name": f"S{k}"}
        for k, ((u, v), way) in enumerate(zip(pairs, ways, strict=True))
    ]
    area = area_of(draw_streets(places, streets))
    for traced in trace(area, Point(20, 10).buffer(60)):
        for post, edge in zip(traced.posts, traced.post_edges, strict=True):
            if post.mode is PostMode.VEHICLE:
                assert (TRAPPED in post.reason) == stuck(area.network, traced, edge, post)


def stuck(network, traced, edge, post):
    """Whether who comes to the post by open streets may not leave it, by a graph of whole streets."""
    graph = nx.DiGraph()
    for e in range(network.edge_count):
        for u, v, barred in (
            (network.edge_u[e], network.edge_v[e], -1),
            (network.edge_v[e], network.edge_u[e], 1),
        ):
            if network.oneway[e] != barred and not traced.inside[e]:
                graph.add_edge((int(u), 0), (int(e), int(v), 1))
                graph.add_edge((int(e), int(v), 1), (int(v), 0))
    if post.direction is Direction.EXIT:
        return False
    inner_is_u = traced.polygon_m.contains(Point(network.node_xy_m[network.edge_u[edge]]))
    outer = int(network.edge_v[edge] if inner_is_u else network.edge_u[edge])
    comers = [node for node in graph.pred.get((outer, 0), ()) if len(node) == 3]
    if not comers:
        return False
    post_xy = area_of(network).frame.point_m(post.location)
    behind = (
        float(np.hypot(*np.subtract(post_xy, network.node_xy_m[outer]))) if network.oneway[edge] == 0 else 0
    )
    return behind + away_m(network, graph, (outer, 0)) < 200


def away_m(network, graph, start):
    if start not in graph:
        return 0.0
    edges = {node[0] for node in nx.descendants(graph, start) if len(node) == 3}
    return sum(float(network.length_m[e]) for e in edges)

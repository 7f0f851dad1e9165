"""The network against networkx on the same weights, and the rules of the road one by one."""

from __future__ import annotations

import itertools
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from planner.errors import AreaError
from planner.streets import snapping
from planner.streets.arrivals import arrivals
from planner.streets.network import Path, Snap, StreetNetwork, Timing
from planner.streets.paths import leaving
from planner.streets.search import BARRED, NEVER
from planner.streets.timed_streets import _with_ends_left
from planner.streets.timing import find_timing
from planner.terms import Access, Barrier, RoadClass, Service, Travel
from tests.plain_ways import TRAVELLING, slowly
from tests.streets import draw_streets
from tests.town import town

# --- made networks ------------------------------------------------------------------------------

CLASSES = (RoadClass.MOTORWAY, RoadClass.PRIMARY, RoadClass.RESIDENTIAL, RoadClass.SERVICE, RoadClass.FOOTWAY)
BARRIERS = (Barrier.NONE, Barrier.NONE, Barrier.NONE, Barrier.GATE, Barrier.BOLLARD)


@st.composite
def networks(draw: st.DrawFn) -> StreetNetwork:
    """Small messy networks: parallel edges, self-loops, zero-length edges, barriers, oneways, dead ends."""
    n = draw(st.integers(2, 9))
    places = [
        (100.0 * draw(st.integers(0, 4)), 100.0 * draw(st.integers(0, 4))) for _ in range(n)
    ]  # some coincide: zero-length edges
    streets = []
    for _ in range(draw(st.integers(1, 18))):
        u, v = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
        via = [(places[u][0] + 30.0, places[u][1] + 40.0), (places[u][0] - 10.0, places[u][1] + 40.0)]
        streets.append(
            {
                "u": u,
                "v": v,
                "via": via if u == v or draw(st.booleans()) else (),
                "oneway": draw(st.sampled_from((0, 0, 1, -1))),
                "road_class": draw(st.sampled_from(CLASSES)),
                "access": draw(st.sampled_from((Access.UNSET, Access.UNSET, Access.PRIVATE, Access.NO))),
                "roundabout": draw(st.sampled_from((False, False, True))),
                "maxspeed_kmh": draw(st.sampled_from((math.nan, 0.0, 30.0, 120.0))),
            }
        )
    nodes = {
        k: {
            "node_barrier": draw(st.sampled_from(BARRIERS)),
            "node_signal": draw(st.booleans()),
            "node_access": draw(st.sampled_from((Access.UNSET, Access.PRIVATE))),
        }
        for k in range(n)
    }
    return draw_streets(places, streets, nodes=nodes, signs=draw(signs(streets)))


@st.composite
def signs(draw: st.DrawFn, streets: list[dict[str, Any]]) -> list[tuple[list[tuple[int, bool]], int]]:
    """Turn restrictions of every kind, at nodes and via ways, along walks over the streets."""
    ends = [(s["u"], s["v"]) for s in streets]
    found = []
    for _ in range(draw(st.integers(0, 4))):
        walk = [(draw(st.integers(0, len(ends) - 1)), draw(st.booleans()))]
        for _ in range(draw(st.integers(1, 3))):
            edge, ahead = walk[-1]
            node = ends[edge][1 if ahead else 0]
            on = [(e, a) for e, pair in enumerate(ends) for a in (True, False) if pair[0 if a else 1] == node]
            walk.append(draw(st.sampled_from(on)))
        found.append((walk, draw(st.integers(0, 3))))
    return found


@st.composite
def journeys(draw: st.DrawFn) -> tuple[StreetNetwork, Travel, Snap, Snap, np.ndarray]:
    network = draw(networks())
    closed = np.array(draw(st.lists(st.booleans(), min_size=network.edge_count, max_size=network.edge_count)))
    closed &= draw(st.booleans())
    ends = []
    for _ in range(2):
        edge = draw(st.integers(0, network.edge_count - 1))
        along = float(network.length_m[edge]) * draw(st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0)))
        ends.append(Snap(edge, along, *network.at(edge, along), 0.0))
    return network, draw(st.sampled_from(Travel)), ends[0], ends[1], closed


@settings(deadline=None, max_examples=250, derandomize=True)
@given(journeys())
def test_travel_times_equal_networkx(
    journey: tuple[StreetNetwork, Travel, Snap, Snap, np.ndarray],
) -> None:
    network, travel, start, end, closed = journey
    timing = network.timing(travel, TRAVELLING)
    expected = slowly(network, travel, start, end, timing, closed)
    assert network.times([start], [end], timing, closed)[0, 0] == expected
    path = network.find_path(start, end, timing, closed)
    assert (path is None) == math.isinf(expected)
    if path is not None:
        assert path.time_s == expected
        check_path(network, path, timing, closed, start, end)


def check_path(
    network: StreetNetwork, path: Path, timing: Timing, closed: np.ndarray, start: Snap, end: Snap
) -> None:
    """The laws of a path, whatever was searched for."""
    count = network.edge_count
    assert not closed[path.edges].any()
    assert ((path.share >= 0) & (path.share <= 1)).all()
    assert np.diff(path.span_m, axis=1)[:, 0] == pytest.approx(
        path.share * network.length_m[path.edges], abs=1e-2
    )
    arcs = np.where(path.forward, path.edges, path.edges + count)
    used = path.share > 0
    assert np.isfinite(timing.arc_s[arcs[used]]).all()
    tail = np.concatenate([network.edge_u, network.edge_v])
    head = np.concatenate([network.edge_v, network.edge_u])
    assert (head[arcs[:-1]] == tail[arcs[1:]]).all()
    driven_s = sum(float(timing.arc_s[a]) * float(s) for a, s in zip(arcs, path.share, strict=True) if s > 0)
    turned_s = path.time_s - driven_s
    most_s = TRAVELLING.u_turn_s + TRAVELLING.restricted_turn_s
    delays_s = timing.node_s[head[arcs[:-1]]]
    delays_s = np.where(arcs[1:] == (arcs[:-1] + count) % (2 * count), 0.0, delays_s)
    assert -0.01 <= turned_s <= float(delays_s.sum()) + most_s * (len(arcs) - 1) + 0.01
    assert path.length_m == pytest.approx(float((network.length_m[path.edges] * path.share).sum()), abs=1e-2)
    assert tuple(path.xy_m[0]) == pytest.approx((start.x_m, start.y_m), abs=1e-2)
    assert tuple(path.xy_m[-1]) == pytest.approx((end.x_m, end.y_m), abs=1e-2)
    check_nodes(network, path)


def check_nodes(network: StreetNetwork, path: Path) -> None:
    """Each pair of OSM nodes that follow each other is a piece of a way that the path drives."""
    pieces = set()
    for edge in path.edges:
        _, ids = network.shape(int(edge))
        for a, b in itertools.pairwise(ids):
            pieces |= {(int(a), int(b)), (int(b), int(a))}
    assert all(pair in pieces for pair in zip(path.nodes, path.nodes[1:], strict=False))


@settings(deadline=None, max_examples=60, derandomize=True)
@given(journeys())
def test_a_search_backwards_finds_whence_a_place_is_soonest_reached(
    journey: tuple[StreetNetwork, Travel, Snap, Snap, np.ndarray],
) -> None:
    network, travel, _, place, closed = journey
    timing = network.timing(travel, TRAVELLING)
    mask = ~network.blocked_node & (np.bincount(network.arc_tail, minlength=network.node_count) > 0)
    among = np.flatnonzero(mask)
    starts = [network.at_node(int(node), np.arange(network.edge_count)) for node in among]
    there = network.times([s for s in starts if s], [place], timing, closed)[:, 0]
    back = network.times([place], [s for s in starts if s], timing, closed)[0]
    for times, towards in ((there, True), (back, False)):
        found = network.first_reached(place, timing, closed, mask, towards=towards)
        assert (found is None) == (not np.isfinite(times).any())
        if found is not None:
            ends = [found, place] if towards else [place, found]
            assert network.times(ends[:1], ends[1:], timing, closed)[0, 0] == times.min()
        way = network.first_way(place, timing, closed, mask, towards=towards)
        assert (None if way is None else way[0]) == found
        assert way is None or way[1].time_s == times.min()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(networks(), st.data())
def test_of_closed_streets_those_that_an_open_one_leads_into_are_barred(
    network: StreetNetwork, data: st.DataObject
) -> None:
    timing, edges = network.timing(Travel.EMERGENCY, TRAVELLING), network.edge_count
    closed = np.array(data.draw(st.lists(st.booleans(), min_size=edges, max_size=edges)))
    slow = np.array(sorted(data.draw(st.sets(st.integers(0, edges - 1)))), dtype=np.int64)
    weights = timing.weighted(slow, 3.0)
    closing, turns = weights.closing(closed), timing.turns
    before, after = (turns.state_arc[states] % edges for states in (turns.origin, turns.to))
    rim = set(after[~closed[before] & closed[after]].tolist())
    along, against = closing.ms
    shut = (along == BARRED) & (against == BARRED)
    assert set(closing.edges[shut & closed[closing.edges]].tolist()) >= rim
    assert rim == {
        edge for edge in closing.edges.tolist() if closed[edge] and edge not in weights.changed
    } | {edge for edge in weights.changed.tolist() if edge in rim}
    left = closing.edges[~np.isin(closing.edges, list(rim))]
    assert closing.ms_along(left).tolist() == weights.ms_along(left).tolist()


@settings(deadline=None, max_examples=60, derandomize=True)
@given(journeys(), st.data())
def test_closing_streets_never_makes_a_way_quicker(
    journey: tuple[StreetNetwork, Travel, Snap, Snap, np.ndarray], data: st.DataObject
) -> None:
    network, travel, start, end, closed = journey
    timing = network.timing(travel, TRAVELLING)
    more = closed.copy()
    more[data.draw(st.integers(0, network.edge_count - 1))] = True
    before = network.times([start], [end], timing, closed)[0, 0]
    assert network.times([start], [end], timing, more)[0, 0] >= before - 1e-9


@settings(deadline=None, max_examples=60, derandomize=True)
@given(journeys(), st.data())
def test_weights_steer_the_search_and_the_clock_still_counts_seconds(
    journey: tuple[StreetNetwork, Travel, Snap, Snap, np.ndarray], data: st.DataObject
) -> None:
    network, travel, start, end, closed = journey
    timing = network.timing(travel, TRAVELLING)
    factor = np.array(
        data.draw(
            st.lists(st.sampled_from((1.0, 5.0)), min_size=network.edge_count, max_size=network.edge_count)
        )
    )
    weights = timing.weighted(np.arange(network.edge_count), factor)
    path = network.find_path(start, end, timing, closed, weights)
    quickest = network.find_path(start, end, timing, closed)
    assert (path is None) == (quickest is None)
    if path is not None and quickest is not None:
        check_path(network, path, timing, closed, start, end)
        assert path.time_s >= quickest.time_s - 1e-9
        weighed = network.find_path(start, end, weights, closed)
        assert weighed is not None
        assert weighed.time_s == slowly(network, travel, start, end, weights, closed)
        assert weighed.nodes == path.nodes


@settings(deadline=None, max_examples=60, derandomize=True)
@given(networks(), st.sampled_from(Travel))
def test_parts_equal_the_strong_parts_of_networkx_over_turns(network: StreetNetwork, travel: Travel) -> None:
    timing = network.timing(travel, TRAVELLING)
    turns, count = timing.turns, network.edge_count
    graph = nx.MultiDiGraph()
    usable = np.isfinite(timing.arc_s)[turns.state_arc]
    for turn in np.flatnonzero(timing.lost_ms < BARRED):
        before, after = int(turns.origin[turn]), int(turns.to[turn])
        if usable[before] and usable[after]:
            graph.add_edge(before, after)
    street = turns.state_arc % count
    strong = [
        part for part in nx.strongly_connected_components(graph) if graph.subgraph(part).number_of_edges()
    ]
    lengths_m = [float(network.length_m[sorted({int(street[s]) for s in part})].sum()) for part in strong]
    part_of = network.parts(travel, TRAVELLING)
    assert part_of.max(initial=-1) < len(strong)
    if not strong:
        return
    longest = {int(street[s]) for s in strong[int(np.argmax(lengths_m))]}
    if lengths_m.count(max(lengths_m)) == 1:
        assert longest <= set(np.flatnonzero(part_of == 0).tolist())
    assert all(part_of[e] >= 0 for part in strong for e in {int(street[s]) for s in part})


@settings(deadline=None, max_examples=60, derandomize=True)
@given(networks(), st.sampled_from(Travel), st.data())
def test_within_a_part_one_drives_from_anywhere_to_anywhere(
    network: StreetNetwork, travel: Travel, data: st.DataObject
) -> None:
    part = network.parts(travel, TRAVELLING)
    if not (part >= 0).any():
        return
    number = data.draw(st.sampled_from(sorted(set(part[part >= 0].tolist()))))
    among = np.flatnonzero(part == number)[:6].tolist()
    middles = [network.at(e, network.length_m[e] / 2) for e in among]
    places = [
        Snap(e, float(network.length_m[e] / 2), x, y, 0.0) for e, (x, y) in zip(among, middles, strict=True)
    ]
    timing = network.timing(travel, TRAVELLING)
    assert np.isfinite(network.times(places, places, timing, network.no_closures())).all()


def test_a_street_that_only_a_forbidden_turn_enters_is_in_no_part_of_the_publics() -> None:
    """A lane off a ring, both its junctions signed: ambulances use it, families cannot."""
    places = [(0, 0), (300, 0), (300, 300), (0, 300), (150, 600)]
    ring = [{"u": k, "v": (k + 1) % 4, "oneway": 1} for k in range(4)]
    lane = [{"u": 2, "v": 4, "oneway": 1}, {"u": 4, "v": 3, "oneway": 1}]
    network = draw_streets(places, ring + lane, signs=[(((1, True), (4, True)), 0)])
    assert network.parts(Travel.PUBLIC, TRAVELLING).tolist() == [0, 0, 0, 0, -1, -1]
    assert network.parts(Travel.EMERGENCY, TRAVELLING).tolist() == [0] * 6


def test_a_street_up_to_a_bollard_is_in_the_part_that_leads_into_it() -> None:
    places = [(0, 0), (300, 0), (300, 300), (600, 0)]
    streets = [{"u": 0, "v": 1}, {"u": 1, "v": 2}, {"u": 2, "v": 0}, {"u": 1, "v": 3}]
    network = draw_streets(places, streets, nodes={3: {"node_barrier": Barrier.BOLLARD}})
    assert network.parts(Travel.PUBLIC, TRAVELLING).tolist() == [0, 0, 0, 0]


def test_what_a_closure_parts_lies_on_two_sides_of_it() -> None:
    network = draw_streets([(0, 0), (300, 0), (600, 0), (900, 0)], [{"u": k, "v": k + 1} for k in range(3)])
    closed = network.no_closures()
    assert network.parts(Travel.EMERGENCY, TRAVELLING).tolist() == [0, 0, 0]
    closed[1] = True
    first, shut, last = network.parts_left(Travel.EMERGENCY, TRAVELLING, closed).tolist()
    assert {first, last} == {0, 1}
    assert shut == -1


def test_a_scene_on_an_island_has_the_islands_streets_however_long_those_of_the_mainland_are() -> None:
    isle = [{"u": 0, "v": 1}, {"u": 1, "v": 2}, {"u": 2, "v": 0}]
    mainland = [{"u": 3, "v": 4}, {"u": 4, "v": 5}, {"u": 5, "v": 3}]
    scrap = [{"u": 6, "v": 7}]
    places = [(0, 0), (100, 0), (0, 100), (2000, 0), (5000, 0), (2000, 3000), (40, 40), (45, 45)]
    network = draw_streets(places, isle + mainland + scrap)
    of_scene = partial(network.scene_edges, Travel.EMERGENCY, TRAVELLING, least_m=200)
    assert np.flatnonzero(network.main_edges(Travel.EMERGENCY, TRAVELLING)).tolist() == [3, 4, 5]
    assert np.flatnonzero(of_scene(box(-50, -50, 150, 150))).tolist() == [0, 1, 2]
    assert np.flatnonzero(of_scene(box(200, 200, 210, 210))).tolist() == [0, 1, 2]  # none on it: the nearest
    assert np.flatnonzero(of_scene(box(-50, -50, 2600, 3000))).tolist() == [3, 4, 5]
    assert np.flatnonzero(of_scene(Polygon())).tolist() == [3, 4, 5]


@pytest.mark.parametrize("alley", [True, False])
def test_a_scrap_of_street_that_one_can_walk_out_of_is_no_island(alley: bool) -> None:
    scrap, town = {"u": 0, "v": 1}, [{"u": 2, "v": 3}, {"u": 3, "v": 4}, {"u": 4, "v": 2}]
    ways = [{"u": 1, "v": 2, "drivable": False, "road_class": RoadClass.STEPS}] if alley else []
    places = [(0, 0), (60, 0), (200, 0), (900, 0), (900, 800)]
    network = draw_streets(places, [scrap, *town, *ways])
    of_scene = partial(network.scene_edges, Travel.EMERGENCY, TRAVELLING, box(-50, -50, 150, 50))
    assert np.flatnonzero(of_scene(least_m=1000)).tolist() == ([1, 2, 3] if alley else [0])
    assert np.flatnonzero(of_scene(least_m=50)).tolist() == [0]  # long enough to be a shore of its own
    assert np.flatnonzero(of_scene(least_m=5000)).tolist() == [0]  # nothing longer to walk to


# --- snapping -----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    networks(),
    st.lists(st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)), min_size=1, max_size=5),
    st.data(),
)
def test_snapping_finds_the_nearest_usable_edge(
    network: StreetNetwork, points: list[tuple[float, float]], data: st.DataObject
) -> None:
    count = network.edge_count
    usable = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    snaps = network.snap(points, usable)
    if not usable.any():
        assert snaps == [None] * len(points)
        return
    for (x, y), snap in zip(points, snaps, strict=True):
        assert snap is not None
        assert usable[snap.edge]
        nearest = min(oracle_distance_m(network, int(e), x, y) for e in np.flatnonzero(usable))
        assert snap.offset_m == pytest.approx(nearest, abs=1e-6)
        assert math.hypot(snap.x_m - x, snap.y_m - y) == pytest.approx(nearest, abs=1e-6)
        assert network.at(snap.edge, snap.along_m) == pytest.approx((snap.x_m, snap.y_m), abs=1e-6)


def oracle_distance_m(network: StreetNetwork, edge: int, x: float, y: float) -> float:
    xy, _ = network.shape(edge)
    best = math.inf
    for a, b in itertools.pairwise(xy):
        d = b - a
        length2 = float(d @ d)
        t = 0.0 if length2 == 0 else min(1.0, max(0.0, float((np.array([x, y]) - a) @ d) / length2))
        best = min(best, math.hypot(*(a + t * d - (x, y))))
    return best


def test_a_place_beyond_a_corner_goes_to_the_edge_of_lowest_index_whatever_else_is_there() -> None:
    corner = [(0, 0), (100, 0), (100, -100), (5000, 5000), (5100, 5000)]
    streets = [{"u": 3, "v": 4}, {"u": 1, "v": 2}, {"u": 0, "v": 1}]
    network = draw_streets(corner, streets)
    both, all_ = np.array([False, True, True]), np.array([True, True, True])
    for usable in (both, all_):
        (snap,) = network.snap([(130, 30)], usable)
        assert snap is not None
        assert snap.edge == 1


def test_snapping_is_compiled_once_whatever_arrays_come() -> None:
    network = town().network
    for usable in (network.drivable, network.drivable.copy()):
        for points in ([(0.0, 0.0)], np.zeros((4, 2))[::2], network.node_xy_m[:1]):
            network.snap(points, usable)
    assert len(snapping._nearest.signatures) == 1
    assert len(snapping._nearer.signatures) <= 1  # none where what calls it came out of the cache


def test_snapping_refuses_what_is_not_a_number() -> None:
    network = draw_streets([(0, 0), (100, 0)], [{"u": 0, "v": 1}])
    with pytest.raises(AreaError, match="not a number"):
        network.snap([(math.nan, 0.0)], network.drivable)


# --- rules of the road --------------------------------------------------------------------------


def line_of(*streets: dict[str, Any], nodes: dict[int, dict[str, Any]] | None = None) -> StreetNetwork:
    """Streets of 100 m one after another along x."""
    places = [(100.0 * k, 0.0) for k in range(len(streets) + 1)]
    return draw_streets(places, [{"u": k, "v": k + 1, **s} for k, s in enumerate(streets)], nodes=nodes)


def seconds(
    network: StreetNetwork, travel: Travel, start: tuple[int, float], end: tuple[int, float]
) -> float:
    snaps = [Snap(e, a, *network.at(e, a), 0.0) for e, a in (start, end)]
    timing = network.timing(travel, TRAVELLING)
    return float(network.times(snaps[:1], snaps[1:], timing, network.no_closures())[0, 0])


@given(networks(), st.floats(0.001, 3.0))
@settings(max_examples=40, deadline=None)
def test_lengths_are_what_numpy_adds_up_to_the_last_digit(network: StreetNetwork, turn: float) -> None:
    xy = network.shape_xy_m @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    start = network.shape_start
    wanted = marks[start[1:] - 1] - marks[start[:-1]]
    assert np.array_equal(replace(network, shape_xy_m=xy).length_m, wanted)


def test_time_is_length_over_the_lower_of_class_and_limit() -> None:
    network = line_of(
        {"road_class": RoadClass.PRIMARY}, {"road_class": RoadClass.PRIMARY, "maxspeed_kmh": 30.0}
    )
    fast, slow = 0.1 / TRAVELLING.primary_kmh * 3600, 0.1 / 30 * 3600
    assert seconds(network, Travel.PUBLIC, (0, 0), (1, 100)) == pytest.approx(fast + slow, abs=2e-3)


@pytest.mark.parametrize("barrier", [b for b in Barrier if b >= Barrier.BOLLARD_RISING])
def test_a_bollard_stops_every_vehicle_and_nobody_on_foot(barrier: Barrier) -> None:
    network = line_of({}, {}, nodes={1: {"node_barrier": barrier}})
    assert math.isinf(seconds(network, Travel.EMERGENCY, (0, 50), (1, 50)))
    assert math.isinf(seconds(network, Travel.PUBLIC, (0, 50), (1, 50)))
    assert math.isfinite(seconds(network, Travel.FOOT, (0, 50), (1, 50)))


def test_one_may_walk_where_a_walker_gets_on() -> None:
    network = town().network
    assert np.array_equal(network.walkable, network.timing(Travel.FOOT, TRAVELLING).open_edges)
    assert 0 < network.walkable.sum() < network.edge_count


@pytest.mark.parametrize("barrier", [Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE])
def test_a_gate_passes_with_its_delay(barrier: Barrier) -> None:
    free, gated = line_of({}, {}), line_of({}, {}, nodes={1: {"node_barrier": barrier}})
    for travel in (Travel.EMERGENCY, Travel.PUBLIC):
        extra = seconds(gated, travel, (0, 50), (1, 50)) - seconds(free, travel, (0, 50), (1, 50))
        assert extra == pytest.approx(TRAVELLING.gate_s)


def test_a_private_gate_holds_the_public_only() -> None:
    network = line_of({}, {}, nodes={1: {"node_barrier": Barrier.GATE, "node_access": Access.PRIVATE}})
    assert math.isinf(seconds(network, Travel.PUBLIC, (0, 50), (1, 50)))
    assert math.isfinite(seconds(network, Travel.EMERGENCY, (0, 50), (1, 50)))


def test_the_place_before_a_bollard_can_be_reached() -> None:
    network = line_of({}, {}, nodes={1: {"node_barrier": Barrier.BOLLARD}})
    assert seconds(network, Travel.EMERGENCY, (0, 0), (0, 100)) == pytest.approx(100 / (30 / 3.6), abs=1e-3)


def test_the_public_obeys_oneways_and_ambulances_crawl_against_them() -> None:
    network = line_of({"oneway": 1}, {"oneway": -1})
    assert math.isinf(seconds(network, Travel.PUBLIC, (0, 50), (0, 10)))
    assert math.isinf(seconds(network, Travel.PUBLIC, (1, 10), (1, 50)))
    assert seconds(network, Travel.PUBLIC, (0, 10), (0, 50)) == pytest.approx(40 / (30 / 3.6), abs=1e-3)
    assert seconds(network, Travel.EMERGENCY, (0, 50), (0, 10)) == pytest.approx(
        40 / (TRAVELLING.contraflow_kmh / 3.6), abs=1e-3
    )


@pytest.mark.parametrize(
    ("street", "allowed"),
    [
        ({"road_class": RoadClass.PRIMARY}, True),
        ({"road_class": RoadClass.TRUNK}, False),  # 85 km/h, above the 80 of doctrine
        ({"road_class": RoadClass.TRUNK, "maxspeed_kmh": 80.0}, True),
        ({"road_class": RoadClass.MOTORWAY_LINK}, False),
        ({"road_class": RoadClass.MOTORWAY, "maxspeed_kmh": 50.0}, False),
        ({"roundabout": True}, False),
    ],
)
def test_contraflow_only_where_allowed(street: dict[str, Any], allowed: bool) -> None:
    network = line_of({"oneway": 1, **street})
    assert math.isfinite(seconds(network, Travel.EMERGENCY, (0, 90), (0, 10))) == allowed


@pytest.mark.parametrize(
    ("street", "emergency", "public"),
    [
        ({"service": Service.EMERGENCY_ACCESS, "road_class": RoadClass.SERVICE}, True, False),
        ({"access": Access.PRIVATE}, True, False),
        ({"access": Access.NO, "emergency": 1}, True, False),
        ({"access": Access.DESTINATION}, True, True),
        ({"emergency": -1}, False, True),
        ({"road_class": RoadClass.BUSWAY}, True, False),
        ({"road_class": RoadClass.FOOTWAY}, False, False),
        ({"area_way": True, "road_class": RoadClass.SERVICE}, False, False),
        ({"maxheight_m": 2.5}, False, True),
        ({"maxheight_m": 1.8}, False, False),
        ({"width_m": 2.2}, False, True),
        ({"width_m": 1.5}, False, False),
        ({"width_m": 0.0}, True, True),
        ({"maxheight_m": 4.5}, True, True),
        ({"maxwidth_m": 2.0}, False, True),
        ({"maxwidth_m": 1.5, "width_m": 6.0}, False, False),
        ({"maxwidth_m": 3.5}, True, True),
    ],
)
def test_who_may_use_a_street(street: dict[str, Any], emergency: bool, public: bool) -> None:
    network = line_of(street)
    assert math.isfinite(seconds(network, Travel.EMERGENCY, (0, 10), (0, 90))) == emergency
    assert math.isfinite(seconds(network, Travel.PUBLIC, (0, 10), (0, 90))) == public


def test_a_place_exactly_at_a_junction_uses_every_street_that_meets_there() -> None:
    # The place lies at the end of a oneway that leads away from it; one leaves by the other street.
    network = draw_streets(
        [(0, 0), (100, 0), (0, 100)], [{"u": 1, "v": 0, "oneway": 1}, {"u": 0, "v": 2}, {"u": 2, "v": 1}]
    )
    timing, free = network.timing(Travel.PUBLIC, TRAVELLING), network.no_closures()
    start, end = Snap(0, 100.0, 0, 0, 0), Snap(1, 50.0, 0, 50, 0)
    path = network.find_path(start, end, timing, free)
    assert path is not None
    assert path.length_m == pytest.approx(50)
    check_path(network, path, timing, free, start, end)


def test_the_better_of_parallel_streets_is_taken_and_a_closure_takes_the_other() -> None:
    network = draw_streets(
        [(0, 0), (100, 0), (200, 0)],
        [
            {"u": 0, "v": 1},
            {"u": 0, "v": 1, "via": [(50, 80)]},
            {"u": 1, "v": 2},
            {"u": 1, "v": 1, "via": [(90, 9)]},
        ],
    )
    timing, closed = network.timing(Travel.PUBLIC, TRAVELLING), network.no_closures()
    start, end = Snap(2, 100.0, 200, 0, 0), network.at_node(0, [0, 1])
    assert end is not None
    for first in (0, 1):
        other = network.at_node(0, [first])
        assert other is not None
        path = network.find_path(start, other, timing, closed)
        assert path is not None
        used = path.edges[path.share > 0].tolist()
        assert used == [2, first]
        closed[0] = True


def test_the_first_reached_of_several_is_the_nearest_in_time() -> None:
    network = line_of({"road_class": RoadClass.PRIMARY}, {"road_class": RoadClass.PRIMARY}, {})
    timing, closed = network.timing(Travel.PUBLIC, TRAVELLING), network.no_closures()
    start = Snap(2, 60.0, 260, 0, 0)

    def marked(nodes: list[int]) -> np.ndarray:
        return np.isin(np.arange(network.node_count), nodes)

    assert network.first_reached(start, timing, closed, marked([0, 1, 3])) == Snap(2, 100.0, 300, 0, 0)
    assert network.first_reached(start, timing, closed, marked([0, 1])) == Snap(1, 0.0, 100, 0, 0)
    closed[1] = True
    assert network.first_reached(start, timing, closed, marked([0, 1])) is None
    assert network.first_reached(start, timing, closed, marked([])) is None


@pytest.mark.parametrize("broken", ["dijkstra", "traced"])
def test_a_search_that_breaks_off_leaves_nothing_behind(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = line_of({"u": 0, "v": 1}, {"u": 1, "v": 2}, {"u": 0, "v": 2, "via": [(300, 400)]})
    timing, none = network.timing(Travel.EMERGENCY, TRAVELLING), network.no_closures()
    start, end = (Snap(edge, 50.0, *network.at(edge, 50.0), 0.0) for edge in (0, 1))
    before = network.times([start], [end], timing, none)

    def break_off(*asked: np.ndarray) -> None:
        if broken == "dijkstra":
            asked[-3][:] = 7  # what each state has cost
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(f"planner.streets.desk.{broken}", break_off)
        search = network.search(start, timing, np.arange(3) == 2)
        with pytest.raises(MemoryError):
            search.time_s(end)
    assert search.time_s(end) == before[0, 0]  # the street that is closed is a way round
    assert np.array_equal(network.times([start], [end], timing, none), before)


def test_a_bollard_takes_vehicles_apart_in_the_undirected_graph() -> None:
    network = line_of(
        {}, {}, {}, nodes={1: {"node_barrier": Barrier.BOLLARD}, 2: {"node_barrier": Barrier.GATE}}
    )
    u, v, count = network.vehicle_ends
    assert count == network.node_count + 2
    assert v[0] != u[1]
    assert v[1] == u[2] == 2


def test_the_same_times_twice_and_arrays_cannot_be_written() -> None:
    network = line_of({}, {})
    assert network.timing(Travel.PUBLIC, TRAVELLING) is network.timing(Travel.PUBLIC, TRAVELLING)
    with pytest.raises(ValueError, match="read-only"):
        network.oneway[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        network.timing(Travel.PUBLIC, TRAVELLING).along_ms[0] = 0


def test_threads_that_ask_at_once_share_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def slowly_found(*args: Any, **kwargs: Any) -> Timing:
        time.sleep(0.02)
        found.append(find_timing(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr("planner.streets.timed_streets.find_timing", slowly_found)
    network = line_of({}, {})
    with ThreadPoolExecutor(8) as threads:
        timings = list(threads.map(lambda _: network.timing(Travel.PUBLIC, TRAVELLING), range(8)))
    assert len(found) == 1
    assert all(timing is found[0] and timing.turns is network.turns for timing in timings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edge_u": np.array([0, 9])}, "junction that does not exist"),
        ({"oneway": np.zeros(1, np.int8)}, "oneway has 1 rows"),
        ({"shape_start": np.array([0, 1, 4])}, "cut wrongly"),
        ({"node_xy_m": np.array([[0, 0], [math.nan, 0], [1, 1]])}, "not a number"),
        ({"name_index": np.array([0, 7])}, "name that does not exist"),
        ({"edge_u": np.array([0.0, 1.0])}, "edge_u is of another form: float64"),
        ({"node_xy_m": np.zeros((3, 3))}, "node_xy_m is of another form"),
        ({"road_class": np.array([12, 250], np.uint8)}, "road_class holds a code that means nothing"),
        ({"node_barrier": np.array([0, 0, 9], np.uint8)}, "node_barrier holds a code that means nothing"),
        ({"oneway": np.array([0, 2], np.int8)}, "oneway holds a value that no street has"),
        ({"tunnel": np.array([0, 4], np.uint8).view(bool)}, "tunnel holds a value that no street has"),
        ({"edge_u": np.array([0, 1], ">i8")}, "edge_u is of another form: >i8"),
    ],
)
def test_a_network_is_checked_at_birth(change: dict[str, Any], message: str) -> None:
    whole = line_of({}, {})
    fields = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
    with pytest.raises(AreaError, match=message):
        StreetNetwork(**{**fields, **change})


def test_a_junction_of_more_streets_than_any_has_is_refused_before_turns_are_laid_out() -> None:
    """The turns of 65,537 streets wrapped a 32-bit sum, and were written beyond their arrays."""

    def star(streets: int) -> StreetNetwork:
        far = [(100.0 * math.cos(k), 100.0 * math.sin(k)) for k in range(streets)]
        return draw_streets([(0.0, 0.0), *far], [{"u": 0, "v": k + 1} for k in range(streets)])

    assert len(star(100).turns.to) == 100**2 + 100
    with pytest.raises(AreaError, match="101 streets meet at one junction, of which 100 are the most"):
        star(101)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(networks(), st.data())
def test_a_search_back_from_the_end_finds_the_way_that_one_ahead_does(
    network: StreetNetwork, data: st.DataObject
) -> None:
    """Of equal ways too: not who gets there first decides which is taken."""
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    edges = st.integers(0, network.edge_count - 1)
    closed = network.no_closures()
    closed[data.draw(st.lists(edges, max_size=3))] = True
    posts = np.unique(np.array(data.draw(st.lists(edges, max_size=4)), dtype=np.int64))
    weights = timing.weighted(posts, 1.0, 2e4)
    desk, closing = network.desk(weights), weights.closing(closed)
    for _ in range(5):
        start, end = (
            _place_on(network, data.draw(edges), data.draw(st.sampled_from((0.0, 0.4, 1.0)))) for _ in "ab"
        )
        first = leaving(network, start, weights, closed)
        lasts = arrivals(network, [end], first, weights, closing, closed)
        if not lasts.apart or not len(first.state) or not len(lasts.state):
            continue
        order = np.argsort(lasts.state)
        ends, left_ms = lasts.state[order], lasts.ms[order]
        ahead = desk.ways(closing, first.state, first.ms, ends)
        back = desk._from_end(closing, (first.state, first.ms), (ends, left_ms), 0)
        assert ahead is not None
        assert back is not None
        best = ahead.cost_ms + np.where(ahead.cost_ms < NEVER, left_ms, 0)
        for k in range(len(ends)):
            if best[k] < NEVER and best[k] == best.min():
                assert back.cost_ms[k] == ahead.cost_ms[k]
                assert back.way(k).tolist() == ahead.way(k).tolist()
            else:
                assert back.cost_ms[k] == NEVER


def test_a_class_of_streets_and_its_number_ask_the_same_compiled_code() -> None:
    network = town().network
    edges, closed = np.ones(network.edge_count, dtype=bool), np.arange(network.edge_count) % 3 == 0
    by_class = network.junctions_left(edges, RoadClass.RESIDENTIAL, closed)
    compiled = list(_with_ends_left.signatures)
    by_number = network.junctions_left(edges, int(RoadClass.RESIDENTIAL), closed)
    assert _with_ends_left.signatures == compiled
    assert by_class.any()
    assert np.array_equal(by_class, by_number)


def _place_on(network: StreetNetwork, edge: int, share: float) -> Snap:
    along_m = float(network.length_m[edge]) * share
    return Snap(edge, along_m, *network.at(edge, along_m), 0.0)

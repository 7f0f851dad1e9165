"""The corridor: in by one way and out by another wherever two exist, and off sites; or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from planner.area import Area
from planner.model import Site
from planner.routes.corridor import Corridor, lay_corridor
from planner.routes.driving import Driving, Streets, Way
from planner.routes.keeping import keep_routes_open
from planner.routes.writing import write_routes
from planner.streets.hierarchy import find_order
from planner.streets.network import Snap
from planner.terms import NoticeLevel, Purpose, RouteKind, Travel
from tests.test_routes import DOCTRINE, HOT, OUTER, site, streets_around
from tests.town import Objects, town


def driving_in(area: Area, streets: Streets) -> Driving:
    return Driving(area, streets, DOCTRINE, Travel.EMERGENCY)


def sites_at(area: Area, waiting: tuple[float, float], loading: tuple[float, float]) -> tuple[Site, Site]:
    return site(area, Purpose.STAGING, *waiting), site(area, Purpose.AMBULANCE_EXCHANGE, *loading)


def common_m(corridor: Corridor, start: Snap) -> float:
    """Metres of street driven both in and out."""
    network = corridor.outbound.network
    if corridor.inward is None:
        return 0.0
    goal = corridor.outbound.main_road_from(start)
    if goal is None:
        return 0.0
    out = corridor.outbound.search(start).path(goal[0])
    assert out is not None
    spans = {int(e): tuple(s) for e, s in zip(out.edges, out.span_m, strict=True)}
    shared = 0.0
    for edge, (low, high) in zip(
        corridor.inward.edges.tolist(), corridor.inward.span_m.tolist(), strict=True
    ):
        if edge in spans and corridor.outbound.streets.outer_m.intersects(Point(network.at(edge, low))):
            shared += max(0.0, min(high, spans[edge][1]) - max(low, spans[edge][0]))
    return shared


def two_ways_exist(driving: Driving, start: Snap, waiting: Snap) -> bool:
    """By networkx: does a unit flow to staging and another to beyond, over streets driven both ways?"""
    network = driving.network
    both = np.isfinite(driving.timing.arc_s).reshape(2, -1).all(axis=0) & driving.open_edges
    inside = network.edges_meeting(driving.streets.outer_m)
    u, v, _ = network.vehicle_ends
    at = {"load": start.edge, "wait": waiting.edge}
    graph = nx.DiGraph()
    graph.add_nodes_from(("load", "wait", "sink"))

    def join(a: object, b: object, more: int = 1) -> None:
        for tail, head in ((a, b), (b, a)):
            known = graph.get_edge_data(tail, head, {"capacity": 0})["capacity"]
            graph.add_edge(tail, head, capacity=known + more)

    for edge in np.flatnonzero(both & inside).tolist():
        if edge not in at.values():
            join(int(u[edge]), int(v[edge]))
    for name, own in at.items():
        join(name, int(u[own]))
        join(name, int(v[own]))
    for node in np.unique(np.concatenate([u[both & ~inside], v[both & ~inside]])):
        graph.add_edge(int(node), "sink", capacity=2)
    graph.add_edge("wait", "sink", capacity=1)
    return bool(nx.maximum_flow_value(graph, "load", "sink") >= 2)


def patient(driving: Driving, minutes: float) -> Driving:
    """Return the same, driven so much longer at most to share nothing."""
    transport = replace(driving.doctrine.transport, apart_most_min=minutes)
    return replace(driving, doctrine=replace(driving.doctrine, transport=transport))


spots = st.tuples(st.integers(-52, 52).map(lambda k: 10.0 * k), st.integers(-52, 32).map(lambda k: 10.0 * k))


@settings(deadline=None, max_examples=40, derandomize=True)
@given(spots, spots)
def test_in_and_out_share_nothing_where_maximum_flow_finds_two_ways(
    waiting_m: tuple[float, float], loading_m: tuple[float, float]
) -> None:
    area = town()
    driving = patient(driving_in(area, streets_around(area)), 60)
    sites = sites_at(area, waiting_m, loading_m)
    snaps = [driving.enter(one) for one in sites]
    if None in snaps or snaps[0].edge == snaps[1].edge:  # type: ignore[union-attr]
        return
    waiting, start = snaps
    assert waiting is not None
    assert start is not None
    corridor = lay_corridor(sites, driving, ())
    closed = driving.streets.closed
    assert not closed[corridor.kept].any()
    if corridor.inward is not None and len(corridor.out) and two_ways_exist(driving, start, waiting):
        assert corridor.apart
    if corridor.apart:
        assert common_m(corridor, start) == pytest.approx(0.0, abs=0.01)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(spots, spots, st.sampled_from([0.2, 0.5, 1.0, 3.0]))
def test_ways_in_that_are_not_looked_for_would_not_have_been_taken(
    waiting_m: tuple[float, float], loading_m: tuple[float, float], minutes: float
) -> None:
    area = town()
    driving = patient(driving_in(area, streets_around(area)), minutes)
    sites = sites_at(area, waiting_m, loading_m)
    corridor = lay_corridor(sites, driving, ())
    with pytest.MonkeyPatch.context() as patch:  # as if any way might be as quick as can be: all are searched
        patch.setattr("planner.routes.corridor._WayIn.least_s", -np.inf)
        whole = lay_corridor(sites, driving, ())
    assert corridor.apart == whole.apart
    assert corridor.out.tolist() == whole.out.tolist()
    assert corridor.taken.tolist() == whole.taken.tolist()


def test_nobody_is_driven_for_minutes_to_spare_a_short_stretch() -> None:
    area = town()
    driving = driving_in(area, streets_around(area))
    shared = 0
    for x_m in range(-500, 501, 50):
        sites = sites_at(area, (x_m, 320), (-x_m / 2, -180))
        longest, shortest = (lay_corridor(sites, patient(driving, minutes), ()) for minutes in (60, 0))
        if longest.inward is None or shortest.inward is None or not longest.apart:
            continue
        if not shortest.apart:
            shared += 1
            assert shortest.inward.time_s < longest.inward.time_s
    assert shared >= 2


@pytest.mark.parametrize("minutes", [0.2, 0.5, 1, 2, 30])
def test_ambulances_go_out_by_one_gate_and_in_by_another_where_that_saves_enough(minutes: float) -> None:
    """Within the outer line it is 3.4 km from staging round the scene, outside it 1 km by two gates."""
    made = Objects()
    made.way([(-300, 0), (-300, -1400), (300, -1400), (300, 0)], highway="residential", name="Inner Road")
    made.way([(-300, 0), (-300, 200), (300, 200), (300, 0)], highway="residential", name="Outer Road")
    made.way([(300, 0), (350, 0), (1000, 0), (3000, 0)], highway="residential", name="East Road")
    made.way([(350, 0), (350, -50)], highway="service")
    made.way([(3000, -1400), (3000, 0), (3000, 1400)], highway="secondary", name="Main Road")
    made.way([(-3000, -1400), (-3000, 1400)], highway="residential", name="West Road")
    area = made.settle().area()
    transport = replace(DOCTRINE.transport, gates_spared_min=minutes)
    streets = streets_around(area, box(-50, -750, 50, -650), box(-400, -1500, 400, 100))
    driving = Driving(area, streets, replace(DOCTRINE, transport=transport), Travel.EMERGENCY)
    (waiting, loading) = sites_at(area, (-300, -20), (330, 0))
    corridor = lay_corridor((waiting, loading), driving, ())
    snaps = [driving.enter(one) for one in (waiting, loading)]
    assert None not in snaps
    closed = streets.closed | streets.post_edge
    inside, across = (
        driving.network.find_path(snaps[0], snaps[1], driving.timing, shut)  # type: ignore[arg-type]
        for shut in (closed, streets.closed)
    )
    assert inside is not None
    assert across is not None
    assert corridor.inward is not None
    saves = inside.time_s - across.time_s >= 2 * 60 * minutes
    assert corridor.inward.time_s == pytest.approx((across if saves else inside).time_s)


def test_ambulances_that_load_at_a_junction_can_leave_by_the_way_out() -> None:
    """A way out from the end of a street drives none of it, and it stays open all the same."""
    area = town()
    driving = driving_in(area, streets_around(area))
    xy = area.network.node_xy_m
    between = shapely.contains_xy(OUTER.buffer(-40), xy) & ~shapely.contains_xy(HOT.buffer(40), xy)
    elsewhere = 0
    for x_m, y_m in xy[between][::5].tolist():
        sites = sites_at(area, (-450, -200), (x_m, y_m))
        start = driving.enter(sites[1])
        assert start is not None
        goal = driving.main_road_from(start)
        corridor = lay_corridor(sites, driving, ())
        if goal is None or not len(corridor.out):
            continue
        elsewhere += start.edge not in corridor.out
        assert corridor.outbound.search(start).reaches(goal[0])
    assert elsewhere >= 3, "the way out begins on another street than the one that the place is told by"


def test_a_dead_end_is_shared_and_said_with_its_metres() -> None:
    area = town()
    # All but one street into the north-east quarter is closed.
    wall = box(90, -600, 110, 600).union(box(90, -110, 600, -90)).difference(box(110, -60, 600, 60))
    streets = streets_around(area, wall.union(HOT), OUTER)
    sites = sites_at(area, (-450, -200), (250, 100))
    corridor = lay_corridor(sites, driving_in(area, streets), ())
    found = keep_routes_open(sites, streets, area, DOCTRINE)
    if corridor.inward is None:
        assert any("severed" in n.text or "closed" in n.text for n in found.notices)
    else:
        told = [n.text for n in found.notices if "share" in n.text]
        assert bool(told) is not corridor.apart


def test_the_corridor_leaves_by_one_post_and_says_which_streets_to_keep_clear() -> None:
    area = town()
    streets = streets_around(area)
    sites = sites_at(area, (-450, -200), (250, 100))
    found = keep_routes_open(sites, streets, area, DOCTRINE)
    (transfer,) = [r for r in found.routes if r.route is RouteKind.TRANSFER]
    assert transfer.keep_clear
    assert sum(length_m for _, length_m in transfer.keep_clear) == pytest.approx(transfer.length_m, abs=40)
    (told,) = [n.text for n in found.notices if n.text.startswith("Ambulance corridor, no parking")]
    assert all(street in told for street, _ in transfer.keep_clear)


def test_ways_out_to_goals_some_kilometres_off_change_no_hierarchy(monkeypatch: pytest.MonkeyPatch) -> None:
    """To weigh streets beside sites it takes as long as to be told all that is closed."""
    monkeypatch.setattr("planner.streets.timed_streets.LEAST_STREETS", 1)
    monkeypatch.setattr("planner.streets.ways.Search._apart_m", lambda *_: 3000.0)
    plain, goals_m = town(), [(750.0, 0.0), (0.0, 750.0), (-700.0, 300.0), (620.0, 620.0)]
    ordered = replace(plain, network=replace(plain.network))
    ordered.network.use_order(find_order(ordered.network))
    changed, out = [], []
    monkeypatch.setattr("planner.streets.hierarchy._Metric._change_to", lambda *told: changed.append(told))
    for area in (ordered, plain):
        driving, sites = driving_in(area, streets_around(area)), sites_at(area, (-450, -200), (250, 100))
        goals = [goal for goal in area.network.snap(goals_m, driving.open_edges) if goal is not None]
        out.append(lay_corridor(sites, driving, goals).out.tolist())
    assert len(out[0]) > 0
    assert out[0] == out[1]
    assert not changed


def test_what_is_kept_clear_counts_every_stretch_once_whichever_way_drives_it() -> None:
    area = town()
    streets = streets_around(area)
    sites = sites_at(area, (-450, -200), (250, 100))
    driving = driving_in(area, streets)
    inward = lay_corridor(sites, driving, ()).inward
    assert inward is not None
    start, end = (driving.enter(one) for one in sites)
    assert start is not None
    assert end is not None
    edge = int(inward.edges[len(inward.edges) // 2])
    half_m = float(area.network.length_m[edge]) / 2
    halfway = Snap(edge, half_m, *area.network.at(edge, half_m), 0.0)
    ways = []
    for kind, first, last in (
        (RouteKind.EGRESS, halfway, end),
        (RouteKind.EGRESS, halfway, start),
        (RouteKind.TRANSFER, halfway, start),
    ):
        path = driving.search(first, ends=[last]).path(last)
        assert path is not None
        ways.append(Way(kind, "a", "b", path, "Ambulances"))
    kept = np.ones_like(driving.streets.closed)
    out, back, transfer = (
        sum(length_m for _, length_m in route.keep_clear)
        for route in write_routes(ways, streets, area, DOCTRINE.transport, kept)
    )
    assert transfer == pytest.approx(ways[2].path.length_m, abs=40)
    assert back == 0.0
    assert out == pytest.approx(ways[0].path.length_m, abs=40)


def test_arriving_units_keep_off_the_corridor_where_there_is_another_way() -> None:
    area = town()
    streets = streets_around(area)
    sites = sites_at(area, (-450, -200), (250, 100))
    corridor = lay_corridor(sites, driving_in(area, streets), ())
    found = keep_routes_open(sites, streets, area, DOCTRINE, (), corridor)
    (ingress,) = [r for r in found.routes if r.route is RouteKind.INGRESS]
    assert ingress.shared_m == 0.0
    kept = {
        pair
        for edge in np.flatnonzero(corridor.kept)
        for a, b in [area.network.shape(int(edge))[1][[0, -1]]]
        for pair in ((a, b), (b, a))
    }
    driven = set(zip(ingress.nodes, ingress.nodes[1:], strict=False))
    staging = driving_in(area, streets).enter(sites[0])
    assert staging is not None
    own = set(area.network.shape(staging.edge)[1][[0, -1]].tolist())
    assert all(set(pair) == own for pair in driven & kept)


def test_the_corridor_goes_round_a_site_and_names_one_that_it_cannot_pass_by() -> None:
    area = town()
    streets = streets_around(area)
    sites = sites_at(area, (-450, -200), (250, 100))
    driving = driving_in(area, streets)
    plain = lay_corridor(sites, driving, ())
    assert plain.inward is not None
    middle = plain.inward.xy_m[len(plain.inward.xy_m) // 2]
    place = area.frame.place(*middle)
    on_it = replace(
        site(area, Purpose.COMMAND_POST, *middle),
        shape=replace(sites[0].shape, points=(place,)),
    )
    other = lay_corridor((*sites, on_it), driving, ())
    assert other.inward is not None
    lines = area.network.lines(np.flatnonzero(other.kept))
    assert min(line.distance(Point(middle)) for line in lines) >= DOCTRINE.transport.corridor_clear_m


def test_a_user_is_told_that_his_mark_severs_the_way() -> None:
    area = town()
    streets = streets_around(area, HOT, OUTER)
    bar = box(-300, -700, -290, 700).union(box(-300, 690, 700, 700)).union(box(-300, -700, 700, -690))
    blocked = area.network.edges_meeting(bar.union(box(690, -700, 700, 700)))
    marked = replace(streets, closed=streets.closed | blocked, blocked=blocked)
    sites = sites_at(area, (-450, -200), (250, 100))
    found = keep_routes_open(sites, marked, area, DOCTRINE)
    told = [n.text for n in found.notices if n.level is NoticeLevel.DANGER]
    assert any("severed by 'Blocked here' on" in text for text in told)


def test_an_end_in_the_zone_is_said_to_lie_there() -> None:
    area = town()
    streets = streets_around(area)
    driving = driving_in(area, streets)
    (inside,) = area.network.snap([(0.0, -100.0)], streets.closed)
    (outside,) = area.network.snap([(450.0, -200.0)], driving.open_edges)
    assert inside is not None
    assert outside is not None
    assert driving.why_not(outside, inside).endswith("where it ends, lies in the closed zone")
    blocked = np.zeros_like(streets.closed)
    blocked[inside.edge] = True
    marked = replace(driving, streets=replace(streets, blocked=blocked))
    assert marked.why_not(inside, outside).endswith("where it ends, is blocked")


def test_without_a_perimeter_nothing_is_kept_but_the_way_in() -> None:
    area = town()
    streets = replace(streets_around(area), outer_m=Polygon())
    corridor = lay_corridor(sites_at(area, (-450, -200), (250, 100)), driving_in(area, streets), ())
    assert corridor.inward is not None
    assert len(corridor.out) == 0


def test_the_corridor_keeps_off_inner_posts_where_that_is_near_and_names_those_it_passes() -> None:
    area = town()
    streets = streets_around(area)
    sites = sites_at(area, (-450, -200), (250, 100))
    plain = lay_corridor(sites, driving_in(area, streets), ())
    assert plain.inward is not None
    middle = plain.inward.xy_m[len(plain.inward.xy_m) // 2]
    reach_m = DOCTRINE.transport.corridor_post_m
    by_it = replace(streets, inner_m={"I7": (float(middle[0]), float(middle[1]))})
    other = keep_routes_open(sites, by_it, area, DOCTRINE)
    (transfer,) = [r for r in other.routes if r.route is RouteKind.TRANSFER]
    assert LineString(area.frame.to_m(transfer.line)).distance(Point(middle)) > reach_m
    assert not [n for n in other.notices if "past inner post" in n.text]
    start = plain.inward.xy_m[0]
    at_staging = replace(streets, inner_m={"I8": (float(start[0]), float(start[1]))})
    told = [n.text for n in keep_routes_open(sites, at_staging, area, DOCTRINE).notices]
    assert any("runs past inner post I8: their cars" in text for text in told)

"""A road seen in the field is a street from then on: it is driven, it is held, and it takes nothing away."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planner.audit import audit_plan
from planner.document import read_incident, read_plan, write_incident, write_plan
from planner.field_roads import field_road_notices, with_field_roads
from planner.ground.sightline import walls_of
from planner.model import FieldRoad, Incident, Shape
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.sites.candidates import streets_near
from planner.sources.hospital_tables import InstalledHospitals
from planner.streets.hierarchy import find_order
from planner.streets.laid_over import LaidOver
from planner.terms import NoticeLevel, Travel
from planner.ui import planned
from tests.town import town

DOCTRINE = shipped_doctrine()


TOWN = town()


@pytest.fixture(scope="module")
def area():
    return TOWN


def road(area, *spots, name=""):
    return FieldRoad(Shape(lines=(tuple(area.frame.place(x, y) for x, y in spots),)), name)


def apart_m(network):
    """Metres between all nodes on foot, by another program's search."""
    count = network.node_count
    ends = np.sort(np.column_stack([network.edge_u, network.edge_v]), axis=1)
    order = np.lexsort((network.length_m, *ends.T))
    _, first = np.unique(ends[order], axis=0, return_index=True)  # of parallel edges the shortest
    kept = order[first]
    graph = csr_array((network.length_m[kept], ends[kept].T), shape=(count, count))
    return dijkstra(graph, directed=False)


def by_way_m(network):
    ways, row = np.unique(network.way_id, return_inverse=True)
    return dict(zip(ways.tolist(), np.bincount(row, weights=network.length_m), strict=True))


def test_without_field_roads_the_area_is_the_same_object(area):
    assert with_field_roads((), area, DOCTRINE) is area


def test_a_field_road_is_driven_where_no_street_leads(area):
    """Across a block, from the middle of one street to the middle of the next, all else closed."""

    def way_between(network):
        timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
        start, end = network.snap([(-400, -150), (-300, -150)], network.drivable)
        ways = {int(network.way_id[start.edge]), int(network.way_id[end.edge])}
        closed = ~np.isin(network.way_id, list(ways)) & (network.way_id > 0)
        return network.find_path(start, end, timing, closed)

    assert way_between(area.network) is None
    mine = road(area, (-396, -150), (-305, -150), name="Gap")
    laid = with_field_roads((mine,), area, DOCTRINE).network
    across = way_between(laid)
    assert across is not None
    assert across.length_m == pytest.approx(100, abs=12)
    assert "Gap" in {laid.street(int(edge)) for edge in across.edges}


def test_a_crossed_street_is_joined_and_a_bridge_is_not(area):
    meets = road(area, (-396, -150), (-205, -150))
    (told,) = field_road_notices((meets,), area, DOCTRINE)
    assert told.level is NoticeLevel.INFO
    assert told.text == "Field road 1 joins West Avenue 4 and West Avenue 3 and West Avenue 2"


@pytest.mark.parametrize(
    ("spots", "level"),
    [
        ([(-370, -150), (-330, -170)], NoticeLevel.DANGER),
        ([(-396, -150), (-340, -150)], NoticeLevel.CAUTION),
        ([(-396, -150), (-396.2, -150)], NoticeLevel.DANGER),
    ],
    ids=["far from streets", "a dead end", "a slip of the hand"],
)
def test_what_it_does_not_join_is_told(area, spots, level):
    (told,) = field_road_notices((road(area, *spots),), area, DOCTRINE)
    assert told.level is level


SPOT = st.tuples(st.integers(-480, 480), st.integers(-480, 480))


@settings(max_examples=12)
@given(st.lists(st.lists(SPOT, min_size=2, max_size=4, unique=True), min_size=1, max_size=2))
def test_it_only_adds(lines):
    """Every street keeps its length and its points in order; nothing gets further from anything."""
    area = TOWN
    laid = with_field_roads(tuple(road(area, *line) for line in lines), area, DOCTRINE).network
    old = area.network
    before, after = by_way_m(old), by_way_m(laid)
    assert {way: after[way] for way in before} == pytest.approx(before, abs=0.05)
    assert all(way < 0 for way in after if way not in before)
    assert (laid.node_id[: old.node_count] == old.node_id).all()
    assert (np.unique(laid.node_id, return_counts=True)[1] == 1).all()
    for edge in range(laid.edge_count):
        xy, ids = laid.shape(edge)
        for end, at in ((laid.edge_u[edge], 0), (laid.edge_v[edge], -1)):
            assert laid.node_id[end] == ids[at]
            assert np.allclose(laid.node_xy_m[end], xy[at])
    count = old.node_count
    assert (apart_m(laid)[:count, :count] <= apart_m(old) + 0.05).all()


def test_a_turn_restriction_stays_at_its_junction(area):
    """Of a street cut by a field road, the part at the junction is the one that the sign speaks of."""
    network = area.network
    (snap,) = network.snap([(-400, -150)], network.drivable)
    edge, via = snap.edge, int(network.edge_v[snap.edge])
    to = next(
        e for e in range(network.edge_count) if e != edge and via in (network.edge_u[e], network.edge_v[e])
    )
    sign = replace(
        network,
        restriction_start=np.array([0, 2]),
        restriction_edge=np.array([edge, to]),
        restriction_ahead=np.array([True, bool(network.edge_u[to] == via)]),
        restriction_rule=np.zeros(1, dtype=np.uint8),
    )
    signed = replace(area, network=sign)
    laid = with_field_roads((road(area, (-396, -150), (-305, -150)),), signed, DOCTRINE).network
    start, end = laid.restriction_edge
    assert laid.restriction_ahead[0]
    assert laid.edge_v[start] == via
    assert laid.way_id[start] == network.way_id[edge]
    assert via in (laid.edge_u[end], laid.edge_v[end])


def test_a_plan_holds_a_field_road_that_leads_out_and_says_so(area):
    plain = Incident(location=area.frame.place(0, 0))
    first = make_plan(plain, area, DOCTRINE)
    ring = next(line for line in first.perimeters if line.perimeter == "outer").rings[0]
    x, y = area.frame.point_m(ring[0])
    out = np.array([x, y]) * 1.5
    mine = road(area, (0, 0), tuple(out), name="Farm gate")
    incident = Incident(location=plain.location, field_roads=(mine,))
    plan = make_plan(incident, area, DOCTRINE)
    assert plan.id != first.id
    assert any(notice.about == "field roads" for notice in plan.notices)
    assert any("Farm gate" in post.street for post in plan.posts)
    assert audit_plan(read_plan(write_plan(plan)), area, DOCTRINE).failures == ()
    assert read_plan(write_plan(plan)) == plan
    assert read_incident(write_incident(incident)) == incident
    assert read_incident(write_plan(plan)).field_roads == (mine,)


def test_streets_with_roads_drawn_before_are_let_go(area):
    spots = [((-130, 10), (-60, 90)), ((40, -90), (90, 15)), ((-130, 10), (-60, 80))]
    laid = []
    for line in spots:
        roads = (road(area, *line),)
        make_plan(Incident(area.frame.place(0, 0), field_roads=roads), area, DOCTRINE)
        laid.append(weakref.ref(with_field_roads(roads, area, DOCTRINE).network))
    gc.collect()
    assert [network() is None for network in laid] == [True, False, False]


def test_of_scenes_with_field_roads_the_page_keeps_few(area, monkeypatch):
    """Each has all streets of the area once more; others hang on the area that is there anyhow."""
    asked = []
    monkeypatch.setattr(planned, "hold_scene", lambda incident, *_: asked.append(incident.field_roads))
    monkeypatch.setattr(planned, "make_plan", lambda *_: None)
    plain = Incident(area.frame.place(0, 0))
    scenes = [replace(plain, on_site=k) for k in range(4)]
    for kept in (planned._plan, planned._held, planned._held_with_roads):
        kept.clear()
    for roads, times in (((), 4), ((road(area, (-130, 10), (-60, 90)),), 8)):
        asked.clear()
        for turn in range(2):
            for scene in scenes:
                said = replace(scene, field_roads=roads)
                planned._plan(
                    f"{turn} {said}", area.name, area.digest, "", said, area, InstalledHospitals((), ())
                )
        assert len(asked) == times
    for kept in (planned._plan, planned._held, planned._held_with_roads):
        kept.clear()


def test_what_hangs_on_buildings_alone_is_not_worked_out_again_with_a_road():
    area = replace(TOWN)
    siting, reach_m = DOCTRINE.siting, DOCTRINE.siting.street_reach_m
    laid = with_field_roads((road(area, (-130, 10), (-60, 90)),), area, DOCTRINE)
    assert laid.network is not area.network
    assert walls_of(laid, siting) is walls_of(area, siting)
    assert streets_near(laid, reach_m) is not streets_near(area, reach_m)


@pytest.fixture(scope="module")
def every_way_far():
    """Let the hierarchy answer all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.streets.timed_streets.LEAST_STREETS", 1)
        patch.setattr("planner.streets.ways.NEARBY_STATES", 1)
        yield


def laid_twice(area, *roads):
    """The same field roads laid in streets with an order of contraction, and in streets without one."""
    network = replace(area.network)
    network.use_order(find_order(network))
    of_both = (replace(area, network=network), replace(area, network=replace(area.network)))
    return tuple(with_field_roads(roads, one, DOCTRINE).network for one in of_both)


@settings(deadline=None, max_examples=10, derandomize=True)
@given(st.data())
@pytest.mark.usefixtures("every_way_far")
def test_ways_over_a_hierarchy_with_roads_laid_over_it_cost_what_dijkstra_says(data):
    spot = st.tuples(st.integers(-180, 180), st.integers(-180, 180))
    lines = data.draw(st.lists(st.lists(spot, min_size=2, max_size=4, unique=True), min_size=1, max_size=3))
    seed = data.draw(st.integers(0, 99))
    laid, plain = laid_twice(TOWN, *(road(TOWN, *line) for line in lines))
    rng = np.random.default_rng(seed)
    if laid.edge_count > TOWN.network.edge_count:
        assert isinstance(laid.hierarchy, LaidOver)
    spots = laid.node_xy_m[rng.choice(laid.node_count, 12)] + rng.normal(0, 15, (12, 2))
    places = [snap for snap in laid.snap(spots, laid.drivable) if snap is not None]
    for travel in (Travel.EMERGENCY, Travel.PUBLIC):
        for share in (0.0, 0.1):
            closed = rng.random(laid.edge_count) < share
            ours, theirs = (one.timing(travel, DOCTRINE.travelling) for one in (laid, plain))
            expected = plain.times(places, places, theirs, closed)
            assert np.array_equal(laid.times(places, places, ours, closed), expected)
            some = np.flatnonzero(rng.random(laid.edge_count) < 0.2)
            heavy, heavy_there = (one.weighted(some, 3.0) for one in (ours, theirs))
            for start, end in zip(places[:5], places[5:10], strict=False):
                path, other = (
                    one.find_path(start, end, by, closed) for one, by in ((laid, heavy), (plain, heavy_there))
                )
                assert (path is None) == (other is None)
                if path is not None and other is not None:
                    assert path.time_s == other.time_s
                    assert not closed[path.edges].any()


@pytest.mark.usefixtures("every_way_far")
def test_a_way_over_a_new_road_goes_on_by_the_hierarchy_on_either_side(area):
    laid, plain = laid_twice(area, road(area, (-130, 10), (-60, 90)), road(area, (40, -90), (90, 15)))
    assert isinstance(laid.hierarchy, LaidOver)
    new = laid.way_id < 0
    places = [snap for snap in laid.snap(laid.node_xy_m[::2], laid.drivable & ~new) if snap is not None]
    ours, theirs = (one.timing(Travel.EMERGENCY, DOCTRINE.travelling) for one in (laid, plain))
    slow = np.flatnonzero(~new)
    crawl, crawl_there = ours.weighted(slow, 20.0), theirs.weighted(slow, 20.0)
    over = 0
    for start in places[:12]:
        for end in places[-12:]:
            path = laid.find_path(start, end, crawl, laid.no_closures())
            other = plain.find_path(start, end, crawl_there, laid.no_closures())
            assert (path is None) == (other is None)
            if path is not None and other is not None:
                assert path.time_s == other.time_s
                over += bool(new[path.edges].any())
    assert over >= 5


def test_a_citys_field_road_is_searched_by_its_hierarchy_too(area):
    """Ways over an area with an order of contraction and one without cost the same, also by a second road."""
    spots = [((-130, 10), (-60, 90)), ((40, -90), (90, 15))]
    roads = tuple(road(area, *line) for line in spots)
    network = replace(area.network)
    network.use_order(find_order(network))
    laid = with_field_roads(roads, replace(area, network=network), DOCTRINE).network
    plain = with_field_roads(roads, replace(area, network=replace(area.network)), DOCTRINE).network
    assert laid.edge_count > network.edge_count
    assert laid.hierarchy is not None
    assert plain.hierarchy is None
    assert laid.order is not None
    assert np.array_equal(np.sort(laid.order), np.arange(2 * laid.edge_count))
    ends = [snap for snap in laid.snap(laid.node_xy_m[::3], laid.drivable) if snap is not None]
    for travel in (Travel.EMERGENCY, Travel.PUBLIC):
        by_order, without = (
            one.times(ends, ends, one.timing(travel, DOCTRINE.travelling), one.no_closures())
            for one in (laid, plain)
        )
        assert np.array_equal(by_order, without)
    last = np.flatnonzero(laid.way_id < 0)
    assert set(laid.order[-2 * len(last) :].tolist()) == {*last.tolist(), *(last + laid.edge_count).tolist()}

"""Ways in and out: around what is closed, over posts only to leave or enter, apart, and honest."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area
from planner.doctrine import Doctrine
from planner.geo import LonLat
from planner.model import Incident, Notice, Route, Shape, Site
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.corridor import lay_corridor
from planner.routes.driving import Driving, PostOnStreet, Streets, Way, ambulance_point
from planner.routes.keeping import OpenRoutes, keep_routes_open
from planner.routes.writing import write_routes
from planner.streets.network import Path
from planner.terms import NoticeLevel, Parked, Purpose, RouteKind, SiteSource, ThreatName, Travel, ZoneKind
from tests.streets import draw_streets
from tests.town import Objects, left_hand_town, town, town_objects

DOCTRINE: Doctrine = shipped_doctrine()
RULES = DOCTRINE.transport
HOT = box(-150, -150, 150, 150)
OUTER = box(-555, -555, 555, 555)


def site(area: Area, purpose: Purpose, x_m: float, y_m: float, rank: int = 1) -> Site:
    """A site whose entrance is at a point in metres."""
    place = area.frame.place(x_m, y_m)
    return Site(
        id=f"{purpose}-{rank}",
        purpose=purpose,
        rank=rank,
        source=SiteSource.SUGGESTED,
        name=purpose.replace("_", " "),
        shape=Shape(points=(place,)),
        entrance=place,
        zone=ZoneKind.COLD,
        area_m2=None,
        capacity=None,
        usng="",
        in_sight=None,
        scores=(),
        score=0.0,
        reason="",
    )


def streets_around(area: Area, hot_m: BaseGeometry = HOT, outer_m: Polygon = OUTER) -> Streets:
    """Close what meets hot ground; a post on every street that crosses the outer line."""
    network = area.network
    line = outer_m.exterior
    crossing = np.flatnonzero(network.drivable & network.edges_meeting(line))
    posts = tuple(
        PostOnStreet(f"O{k}", int(edge), shape.project(shape.intersection(line).representative_point()))
        for k, (edge, shape) in enumerate(zip(crossing, network.lines(crossing), strict=True), 1)
    )
    return Streets(network.edges_meeting(hot_m), posts, hot_m, outer_m)


@cache
def scene() -> tuple[Area, Streets, tuple[Site, ...], OpenRoutes]:
    area = town()
    streets = streets_around(area)
    sites = (
        site(area, Purpose.STAGING, -450, -200),
        site(area, Purpose.CASUALTY_COLLECTION, 250, 100),
        site(area, Purpose.REUNIFICATION, 750, -700),
    )
    driving = Driving(area, streets, DOCTRINE, Travel.EMERGENCY)
    start = driving.enter(sites[1])
    assert start is not None
    ends = driving.main_road_from(start)
    assert ends is not None
    path = driving.search(start).path(ends[0])
    assert path is not None
    out = Way(RouteKind.EGRESS, sites[1].id, "away", path, "Ambulances away")
    return area, streets, sites, keep_routes_open(sites, streets, area, DOCTRINE, [out])


def by_kind(found: OpenRoutes) -> dict[RouteKind, Route]:
    return {route.route: route for route in found.routes}


def test_every_kind_of_route_is_found() -> None:
    *_, found = scene()
    assert [route.id for route in found.routes] == ["egress-1", "transfer-1", "ingress-1", "public-1"]
    assert worries(found) == []


def worries(found: OpenRoutes) -> list[Notice]:
    """What is more than information."""
    return [notice for notice in found.notices if notice.level is not NoticeLevel.INFO]


def test_routes_keep_off_hot_ground_and_closed_streets() -> None:
    area, streets, _, found = scene()
    closed_pieces = pieces(area, streets.closed)
    for route in found.routes:
        assert route.hot_m == 0.0
        assert not streets.hot_m.intersects(LineString(area.frame.to_m(route.line)).buffer(-0.01))
        assert not any(piece in closed_pieces for piece in pairwise(route.nodes))


def pieces(area: Area, mask: np.ndarray) -> set[tuple[int, int]]:
    found = set()
    for edge in np.flatnonzero(mask):
        _, ids = area.network.shape(int(edge))
        found |= {pair for a, b in pairwise(ids.tolist()) for pair in ((a, b), (b, a))}
    return found


def test_nodes_of_a_route_follow_each_other_on_the_map() -> None:
    area, _, _, found = scene()
    on_map = pieces(area, area.network.drivable)
    for route in found.routes:
        assert len(route.nodes) > 1
        assert all(pair in on_map for pair in pairwise(route.nodes))


def test_posts_are_crossed_only_to_leave_or_to_enter() -> None:
    *_, streets, _, found = scene()
    routes = by_kind(found)
    assert len(routes[RouteKind.EGRESS].posts_crossed) == 1
    assert len(routes[RouteKind.INGRESS].posts_crossed) == 1
    assert routes[RouteKind.TRANSFER].posts_crossed == ()
    assert routes[RouteKind.PUBLIC].posts_crossed == ()
    assert found.gates == {
        routes[RouteKind.EGRESS].posts_crossed[0],
        routes[RouteKind.INGRESS].posts_crossed[0],
    }
    assert found.gates <= {post.id for post in streets.posts}


def test_posts_on_the_line_crossed_are_the_posts_crossed() -> None:
    area, _, _, found = scene()
    for route in found.routes:
        line = LineString(area.frame.to_m(route.line))
        crossings = line.intersection(OUTER.exterior)
        count = 0 if crossings.is_empty else len(getattr(crossings, "geoms", [crossings]))
        assert len(route.posts_crossed) == count


def test_the_way_in_starts_well_outside_on_a_main_road_and_ends_at_staging() -> None:
    area, streets, sites, found = scene()
    route = by_kind(found)[RouteKind.INGRESS]
    line = LineString(area.frame.to_m(route.line))
    away = streets.outer_m.distance(line.interpolate(0))
    assert away >= DOCTRINE.transport.approach_m - 1
    assert math.dist(line.coords[-1], area.frame.point_m(sites[0].entrance)) < 1
    assert (route.start, route.end) == (route.streets[0], sites[0].id)


def test_where_cars_park_along_the_corridor_and_what_is_being_built_is_told() -> None:
    made = town_objects()
    made.way([(-100, 250), (100, 250)], highway="construction", construction="residential", name="New Street")
    made.way([(2000, 2000), (2100, 2000)], highway="construction", name="Far Street")
    area = made.settle().area()
    parked = np.zeros(area.network.edge_count, dtype=np.uint8)
    avenues = [e for e in range(area.network.edge_count) if "Avenue" in area.network.street(e)]
    parked[avenues] = Parked.BOTH_SIDES
    area = replace(area, network=replace(area.network, parked=parked))
    sites = (site(area, Purpose.STAGING, -450, -200), site(area, Purpose.CASUALTY_COLLECTION, 250, 100))
    found = keep_routes_open(sites, streets_around(area), area, DOCTRINE)
    (told,) = [n.text for n in found.notices if n.text.startswith("Cars park along the ambulance corridor")]
    (transfer,) = [r for r in found.routes if r.route is RouteKind.TRANSFER]
    kept = {street for street, _ in transfer.keep_clear}
    assert any("Avenue" in street for street in kept)
    for street in kept:
        assert (f"{street} (both sides)" in told) is ("Avenue" in street)
    assert "cars park on both sides" in transfer.reason
    (works,) = [n.text for n in found.notices if n.text.startswith("Under construction on the map")]
    assert works.startswith("Under construction on the map, so taken as closed: New Street. Where one can")
    plain = keep_routes_open(sites, streets_around(town()), town(), DOCTRINE)
    assert not any("Under construction" in n.text or "Cars park" in n.text for n in plain.notices)


def test_each_agencys_lot_and_each_family_site_has_a_way_in_of_its_own() -> None:
    area = town()
    lots = (
        (Purpose.STAGING, -450, -200, "Arriving units"),
        (Purpose.STAGING_FIRE, -450, 100, "Arriving fire engines"),
        (Purpose.STAGING_POLICE, 100, -450, "Arriving police units"),
        (Purpose.REUNIFICATION, 750, -700, "Families"),
        (Purpose.REUNIFICATION_BEREAVED, -750, 700, "Families of the dead"),
        (Purpose.MEDIA, 750, 700, "Media"),
    )
    sites = tuple(site(area, purpose, x, y) for purpose, x, y, _ in lots)
    found = keep_routes_open(sites, streets_around(area), area, DOCTRINE)
    ways = {route.end: route for route in found.routes if route.route is not RouteKind.TRANSFER}
    for one, (purpose, *_, who) in zip(sites, lots, strict=True):
        route = ways[one.id]
        inward = purpose in (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
        assert route.route is (RouteKind.INGRESS if inward else RouteKind.PUBLIC)
        assert route.reason.startswith(f"{who} from {route.start} to {one.name}")
        assert bool(route.posts_crossed) is inward


def test_routes_begin_and_end_with_streets_that_they_drive() -> None:
    """A junction's delay counts only where it is passed: the streets driven and the turns tell the time."""
    area, streets, _, found = scene()
    network, timing = area.network, Driving(area, streets, DOCTRINE, Travel.EMERGENCY).timing
    for route in found.routes[:3]:
        driven_s = 0.0
        places = {int(i): k for k, i in enumerate(network.node_id)}
        passed = [places[i] for i in route.nodes[1:-1] if i in places]
        for a, b in pairwise(area.frame.to_m(route.line)):
            (snap,) = network.snap([(a + b) / 2], network.drivable & ~streets.closed)
            assert snap is not None
            count, length = network.edge_count, float(network.length_m[snap.edge])
            driven_s += (
                math.dist(a, b) / length * min(timing.arc_s[snap.edge], timing.arc_s[snap.edge + count])
            )
        turned_s = route.time_s - driven_s - float(timing.node_s[passed].sum())
        assert -1.0 <= turned_s <= bends(area, route) * DOCTRINE.travelling.turn_far_s + 1.0


def bends(area: Area, route: Route) -> int:
    """How many corners of its line a route has; each may be a turn."""
    legs = np.diff(area.frame.to_m(route.line), axis=0)
    turn = np.diff(np.unwrap(np.arctan2(legs[:, 1], legs[:, 0])))
    return int((np.abs(turn) > 0.5).sum())


def test_families_never_enter_the_outer_perimeter() -> None:
    area, streets, _, found = scene()
    line = LineString(area.frame.to_m(by_kind(found)[RouteKind.PUBLIC].line))
    assert not streets.outer_m.intersects(line)


def test_others_keep_off_the_ambulances_way_out_where_streets_allow() -> None:
    *_, found = scene()
    for route in found.routes:
        assert route.shared_m == pytest.approx(0.0, abs=0.5)
        assert "apart from" in route.reason


def test_shared_metres_are_those_on_the_same_streets() -> None:
    """Out and in by one street: each states the whole of what it shares."""
    area, streets, sites, _ = scene()
    driving = Driving(area, streets, DOCTRINE, Travel.EMERGENCY)
    start, end = driving.enter(sites[0]), driving.enter(sites[1])
    assert start is not None
    assert end is not None
    there, back = driving.search(start).path(end), driving.search(end).path(start)
    assert there is not None
    assert back is not None
    out = Way(RouteKind.EGRESS, "a", "b", there, "Out")
    for way_back, expected in ((back, shared_m(area, there, back)), (there, there.length_m)):
        first, second = write_routes(
            [out, Way(RouteKind.TRANSFER, "b", "a", way_back, "In")], streets, area, RULES
        )
        assert first.shared_m == pytest.approx(second.shared_m, abs=0.5)
        assert first.shared_m == pytest.approx(expected, abs=0.5)


def test_two_halves_of_one_street_are_not_shared() -> None:
    area, streets, sites, _ = scene()
    driving = Driving(area, streets, DOCTRINE, Travel.EMERGENCY)
    middle = driving.enter(sites[1])
    assert middle is not None
    halves = []
    for node in (area.network.edge_u[middle.edge], area.network.edge_v[middle.edge]):
        end = area.network.at_node(int(node), [middle.edge])
        assert end is not None
        path = driving.search(middle).path(end)
        assert path is not None
        halves.append(path)
    ways = [
        Way(RouteKind.EGRESS, "a", "b", halves[0], "Out"),
        Way(RouteKind.INGRESS, "b", "a", halves[1], "In"),
    ]
    assert [route.shared_m for route in write_routes(ways, streets, area, RULES)] == [0.0, 0.0]


def shared_m(area: Area, one: Path, other: Path) -> float:
    same = set(one.edges[one.share > 0].tolist()) & set(other.edges[other.share > 0].tolist())
    return sum(float(np.diff(span)[0]) for e, span in zip(one.edges, one.span_m, strict=True) if e in same)


@settings(max_examples=40)
@given(
    st.tuples(st.integers(-480, 480), st.integers(-320, 320)),
    st.tuples(st.integers(-480, 480), st.integers(-320, 320)),
    st.integers(60, 250),
    st.booleans(),
)
def test_laws_hold_wherever_sites_and_zone_lie(
    staging: tuple[int, int], collection: tuple[int, int], half_m: int, river: bool
) -> None:
    area = town(river=river)
    hot = box(-half_m, -half_m, half_m, half_m)
    streets = streets_around(area, hot)
    sites = (site(area, Purpose.STAGING, *staging), site(area, Purpose.AMBULANCE_EXCHANGE, *collection))
    found = keep_routes_open(sites, streets, area, DOCTRINE)
    again = keep_routes_open(sites, streets, area, DOCTRINE)
    assert (found.routes, found.gates, found.notices) == (again.routes, again.gates, again.notices)
    closed = pieces(area, streets.closed)
    for route in found.routes:
        assert route.hot_m == 0.0
        assert route.time_s > 0
        assert not any(pair in closed for pair in pairwise(route.nodes))
        crossed = len(route.posts_crossed)
        assert crossed == 0 if route.route is RouteKind.TRANSFER else crossed <= 1


def test_a_severed_scene_says_which_closure_severs_it() -> None:
    area = town()
    sites = (site(area, Purpose.STAGING, 0, -750), site(area, Purpose.CASUALTY_COLLECTION, 0, 500))
    streets = streets_around(area, box(-3000, 250, 3000, 300), box(-400, -400, 400, 400))
    found = keep_routes_open(sites, streets, area, DOCTRINE)
    assert RouteKind.TRANSFER not in by_kind(found)
    (notice,) = [n for n in found.notices if n.about == sites[1].id]
    assert "it is severed by the closed zone on" in notice.text
    assert "Avenue" in notice.text or "Street" in notice.text


def test_a_place_cut_off_from_outside_is_a_notice() -> None:
    area = town()
    sites = (site(area, Purpose.STAGING, 450, 450),)
    ring = box(-540, -540, 540, 540).boundary
    found = keep_routes_open(sites, streets_around(area, ring, OUTER), area, DOCTRINE)
    assert found.routes == ()
    (notice,) = worries(found)
    assert "no way to drive from outside to staging" in notice.text


def test_a_way_in_that_begins_close_by_says_so() -> None:
    area = town()
    sites = (site(area, Purpose.STAGING, 450, 450),)
    ring = box(-650, -650, 650, 650).boundary
    found = keep_routes_open(sites, streets_around(area, ring, OUTER), area, DOCTRINE)
    assert len(found.routes) == 1
    (notice,) = worries(found)
    assert "only from 50 m outside the outer perimeter" in notice.text


def test_a_pin_that_no_open_street_comes_near_has_no_route_and_a_danger_says_why() -> None:
    area = town()
    sites = (site(area, Purpose.STAGING, 0, 0),)
    found = keep_routes_open(sites, streets_around(area, box(-250, -250, 250, 250)), area, DOCTRINE)
    (notice,) = worries(found)
    assert (notice.level, notice.about) == (NoticeLevel.DANGER, sites[0].id)
    assert "is closed, and no open street is near staging" in notice.text
    assert found.routes == ()


def test_staging_at_the_exchange_needs_no_transfer() -> None:
    area = town()
    both = (site(area, Purpose.STAGING, 450, 200), site(area, Purpose.AMBULANCE_EXCHANGE, 450, 200))
    found = keep_routes_open(both, streets_around(area), area, DOCTRINE)
    assert RouteKind.TRANSFER not in by_kind(found)
    assert worries(found) == []


def test_without_sites_nothing_is_kept_open() -> None:
    area = town()
    found = keep_routes_open((), streets_around(area), area, DOCTRINE)
    assert (found.routes, found.gates, found.notices) == ((), frozenset(), ())


def test_ambulances_load_at_the_exchange_before_collection_before_staging() -> None:
    area = town()
    staging, collection, exchange = (
        site(area, purpose, 0, 0)
        for purpose in (Purpose.STAGING, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
    )
    second = site(area, Purpose.AMBULANCE_EXCHANGE, 0, 0, rank=2)
    assert ambulance_point([staging, collection, exchange]) is exchange
    assert ambulance_point([staging, collection, second]) is collection
    assert ambulance_point([staging, second]) is staging
    assert ambulance_point([second]) is None


def test_driving_against_a_oneway_is_said() -> None:
    area, streets, _, _ = scene()
    network = area.network
    edge = int(np.flatnonzero((network.oneway == 1) & network.drivable & (network.length_m > 20))[0])
    count = 1
    path = Path(
        edges=np.array([edge]),
        forward=np.array([False]),
        share=np.ones(count),
        span_m=np.array([[0.0, float(network.length_m[edge])]]),
        xy_m=network.shape(edge)[0][::-1],
        nodes=(),
        time_s=10.0,
        length_m=float(network.length_m[edge]),
    )
    (route,) = write_routes([Way(RouteKind.TRANSFER, "a", "b", path, "Units")], streets, area, RULES)
    assert "against one-way traffic" in route.reason


def test_a_route_is_the_same_on_the_other_side_of_the_globe() -> None:
    """Left-hand traffic or right, south or north: the same town gives the same drives."""
    here, there = town(), town(centre=LonLat(151.2, -33.9))
    routes = []
    for area in (here, there):
        sites = (site(area, Purpose.STAGING, -470, -220), site(area, Purpose.CASUALTY_COLLECTION, 250, 100))
        routes.append(keep_routes_open(sites, streets_around(area), area, DOCTRINE).routes)
    for a, b in zip(*routes, strict=True):
        assert a.time_s == pytest.approx(b.time_s, abs=0.1)
        assert a.streets == b.streets


def test_a_scene_on_an_island_is_told_that_no_street_joins_it_to_most_of_the_map() -> None:
    made = town_objects()
    zigzag = [(2000 + 100 * k, 800 if k % 2 else -800) for k in range(100)]
    for side in (-1, 1):  # both longer than all the town's streets; the frame's middle stays the town's
        made.way([(side * x, y) for x, y in zigzag], highway="residential", name="Mainland Road")
    area = made.settle().area()
    sites = (site(area, Purpose.STAGING, -450, -200), site(area, Purpose.AMBULANCE_EXCHANGE, 2050, 0))
    found = keep_routes_open(sites, streets_around(area), area, DOCTRINE)
    told = "\n".join(n.text for n in found.notices if n.level is NoticeLevel.DANGER)
    assert "No street on this map joins the scene to most of its streets" in told
    assert "no street on this map joins the scene to ambulance exchange" in told
    assert [route.route for route in found.routes] == [RouteKind.INGRESS]


@pytest.mark.parametrize(("time_s", "said"), [(59.9, "under 1 min"), (60.0, "1 min"), (61.0, "2 min")])
def test_a_reason_says_the_minutes_that_the_page_shows(time_s: float, said: str) -> None:
    area, streets, sites, _ = scene()
    driving = Driving(area, streets, DOCTRINE, Travel.EMERGENCY)
    start, end = driving.enter(sites[0]), driving.enter(sites[1])
    assert start is not None
    assert end is not None
    path = driving.search(start).path(end)
    assert path is not None
    path = replace(path, time_s=time_s)
    (route,) = write_routes([Way(RouteKind.EGRESS, "a", "b", path, "Ambulances to b")], streets, area, RULES)
    assert route.reason.startswith(f"Ambulances to b: {said}, ")
    assert words.about(time_s).removeprefix("about ") == said


def test_a_street_drawn_twice_is_passed_at_both_of_its_posts() -> None:
    """Two ways on one line, each with a post at one place: whoever drives one passes both."""
    ends = [
        {"u": 0, "v": 1, "name": "Twin"},
        {"u": 0, "v": 1, "name": "Twin"},
        {"u": 1, "v": 2, "name": "On"},
    ]
    network = draw_streets([(0, 0), (100, 0), (200, 0)], ends)
    area = replace(town(), network=network, digest="twins")
    start, end = network.snap([(10.0, 0.0), (190.0, 0.0)], network.drivable)
    assert start is not None
    assert end is not None
    timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
    path = network.find_path(start, end, timing, network.no_closures())
    assert path is not None
    for along_m, expected in ((50.0, {"O1", "O2"}), (5.0, set())):
        posts = (PostOnStreet("O1", 0, along_m), PostOnStreet("O2", 1, along_m))
        streets = Streets(network.no_closures(), posts, HOT, OUTER)
        (route,) = write_routes([Way(RouteKind.TRANSFER, "a", "b", path, "Units")], streets, area, RULES)
        assert set(route.posts_crossed) == expected


def test_a_street_drawn_over_a_part_of_another_is_passed_at_the_posts_of_both() -> None:
    """Their cars stand on one street, some metres apart; a car on a street that crosses it does not."""
    spots = [(0, 0), (100, 0), (200, 0), (-50, 0), (68, -50), (68, 50)]
    ends = [
        {"u": 0, "v": 1, "name": "Part"},
        {"u": 3, "v": 1, "name": "Whole"},
        {"u": 1, "v": 2, "name": "On"},
        {"u": 4, "v": 5, "name": "Across", "layer": 0},
        {"u": 0, "v": 1, "name": "Tunnel", "layer": -1},
    ]
    network = draw_streets(spots, ends)
    area = replace(town(), network=network, digest="part")
    start, end = network.snap([(-40.0, 0.0), (190.0, 0.0)], network.drivable)
    assert start is not None
    assert end is not None
    timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
    path = network.find_path(start, end, timing, network.no_closures())
    assert path is not None
    at = {"O1": (1, 120.0), "O2": (0, 66.0), "O3": (3, 50.0), "O4": (4, 68.0)}
    posts = tuple(PostOnStreet(post, edge, along_m) for post, (edge, along_m) in at.items())
    streets = Streets(network.no_closures(), posts, HOT, OUTER)
    (route,) = write_routes([Way(RouteKind.TRANSFER, "a", "b", path, "Units")], streets, area, RULES)
    assert route.posts_crossed == ("O2", "O1")


def test_a_long_street_may_have_several_posts_and_those_driven_by_are_passed_in_order() -> None:
    """Outside a town one street leaves the ground inside at both its ends."""
    network = draw_streets([(0, 0), (900, 0)], [{"u": 0, "v": 1, "name": "Long"}])
    area = replace(town(), network=network, digest="long")
    timing = network.timing(Travel.EMERGENCY, DOCTRINE.travelling)
    posts = (PostOnStreet("O1", 0, 800.0), PostOnStreet("O2", 0, 100.0))
    streets = Streets(network.no_closures(), posts, HOT, OUTER)
    expected = {(400, 50): ("O2",), (400, 850): ("O1",), (50, 850): ("O2", "O1"), (850, 50): ("O1", "O2")}
    for (from_m, to_m), passed in {**expected, (300, 600): ()}.items():
        start, end = network.snap([(from_m, 0.0), (to_m, 0.0)], network.drivable)
        assert start is not None
        assert end is not None
        path = network.find_path(start, end, timing, network.no_closures())
        assert path is not None
        (route,) = write_routes([Way(RouteKind.TRANSFER, "a", "b", path, "Units")], streets, area, RULES)
        assert route.posts_crossed == passed


@pytest.mark.parametrize(
    "at", [((-470, -220), (250, 100)), ((450, 380), (-250, -200)), ((200, 325), (300, -480))]
)
def test_in_a_mirror_the_corridor_is_the_same_and_so_is_what_is_driven_against_traffic(
    at: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    told = []
    for area, side in ((town(), 1), (left_hand_town(), -1)):
        sites = tuple(
            site(area, purpose, side * x_m, y_m)
            for purpose, (x_m, y_m) in zip((Purpose.STAGING, Purpose.AMBULANCE_EXCHANGE), at, strict=True)
        )
        streets = streets_around(area)
        driving = Driving(area, streets, DOCTRINE, Travel.EMERGENCY)
        goals = area.network.snap([(side * 750.0, 700.0), (side * -700.0, 700.0)], driving.open_edges)
        corridor = lay_corridor(sites, driving, [goal for goal in goals if goal is not None])
        assert corridor.inward is not None
        start = driving.enter(sites[1])
        assert start is not None
        search = corridor.outbound.search(start, corridor.taken)
        paths = [path for goal in goals if goal and (path := search.path(goal)) is not None]
        assert len(paths) == 2
        ways = [Way(RouteKind.EGRESS, "exchange", f"goal {k}", path, "Out") for k, path in enumerate(paths)]
        routes = keep_routes_open(sites, streets, area, DOCTRINE, ways, corridor).routes
        against_m = []
        for path in (corridor.inward, *paths):
            wrong = area.network.oneway[path.edges] * np.where(path.forward, 1, -1) < 0
            against_m.append(round(float(np.diff(path.span_m)[wrong].sum())))
        assert any(against_m) is (at[0] == (200, 325)), "there one comes out of a one-way street's dead end"
        told.append((corridor.apart, against_m, [(round(r.time_s), round(r.shared_m)) for r in routes]))
    assert told[0] == told[1]


def causeway_town() -> Area:
    """A village that a causeway joins to the coast, and a track that ends with the map on its other side."""
    made = Objects()
    lines = range(-400, 401, 100)
    for k in lines:
        made.way([(x, k) for x in lines], highway="residential", name=f"Street {k}")
        made.way([(k, y) for y in lines], highway="residential", name=f"Avenue {k}")
    made.way([(x, 0) for x in range(400, 2601, 100)], highway="secondary", name="Causeway")
    made.way([(2600, y) for y in range(-800, 801, 100)], highway="secondary", name="Shore Road")
    made.way([(x, 0) for x in range(-400, -2601, -100)], highway="track")
    return made.settle().area("causeway")


@pytest.mark.parametrize("threat", [ThreatName.KNIFE, ThreatName.FIRE])
def test_nobody_arrives_from_a_track_that_ends_in_nothing_where_a_road_leads_in(threat: ThreatName) -> None:
    area = causeway_town()
    plan = make_plan(Incident(area.frame.place(-100, 0), threat), area, DOCTRINE)
    ways = [route for route in plan.routes if route.route is RouteKind.INGRESS]
    assert ways
    assert {way.start for way in ways} <= {"Causeway", "Shore Road"}


@pytest.mark.parametrize(
    ("x_m", "y_m", "beyond"), [(300, 50, False), (-300, 50, True), (-300, -80, True), (50, 300, False)]
)
def test_staging_with_the_danger_between_it_and_the_command_post_says_how_far_it_is_round(
    x_m: float, y_m: float, beyond: bool
) -> None:
    area = causeway_town()
    hot, outer = box(-60, -60, 60, 60), box(-340, -340, 340, 340)
    sites = (
        site(area, Purpose.COMMAND_POST, 300, 0),
        site(area, Purpose.STAGING, x_m, y_m),
        site(area, Purpose.AMBULANCE_EXCHANGE, 300, 100),
    )
    found = keep_routes_open(sites, streets_around(area, hot, outer), area, DOCTRINE)
    told = [note for note in found.notices if "lies beyond the scene" in note.text]
    assert [note.about for note in told] == ["staging-1"] * beyond
    assert all(re.search(r"\d+ m straight across the danger, .* by road round it", n.text) for n in told)

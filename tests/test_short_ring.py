"""Lines that an officer would draw: they do not run out along a street and back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from planner.area import Area
from planner.geo import Frame, LonLat
from planner.ground.zones import draw_zones
from planner.model import Incident
from planner.packs import shipped_doctrine
from planner.perimeters.cut import INNER, OUTER, Cut, Links
from planner.perimeters.line import Core, Pieces, Sides, draw_line
from planner.perimeters.outline import comes_back, needles_m, ragged_m, slits_m
from planner.perimeters.posts import Stand, write_posts
from planner.perimeters.short_ring import _side_by_side
from planner.perimeters.tracing import trace_perimeters
from planner.terms import PerimeterName, PostMode, RoadClass, ThreatName
from tests.streets import draw_streets
from tests.test_perimeter import area_of, doctrine, trace
from tests.town import town

SQUARE = box(0, 0, 300, 300)
LONG_M = 100.0


@pytest.mark.parametrize("width_m", [3, 5, 12])
def test_a_needle_and_a_slit_are_as_long_as_they_are_drawn(width_m: float) -> None:
    strip = LineString([(150, 300), (150, 300 + LONG_M)]).buffer(width_m / 2, cap_style="flat")
    into = LineString([(150, 300), (150, 300 - LONG_M)]).buffer(width_m / 2, cap_style="flat")
    assert needles_m(SQUARE.union(strip)) == pytest.approx(LONG_M, abs=width_m + 4)
    assert slits_m(SQUARE.difference(into)) == pytest.approx(LONG_M, abs=width_m + 4)
    assert slits_m(SQUARE.union(strip)) == needles_m(SQUARE.difference(into)) == 0


@pytest.mark.parametrize(
    "ground", [SQUARE, Point(0, 0).buffer(80), box(0, 0, 900, 16), Polygon([(0, 0), (400, 150), (400, -150)])]
)
def test_corners_and_broad_strips_are_neither(ground: Polygon) -> None:
    assert needles_m(ground) == slits_m(ground) == 0


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=40), st.integers(8, 20)
)
def test_a_line_that_does_not_come_back_has_neither_needle_nor_slit(
    cells: list[tuple[int, int]], cell_m: int
) -> None:
    ground = shapely.union_all([box(x, y, x + 1, y + 1) for x, y in cells])
    ground = shapely.transform(ground, lambda xy: cell_m * (xy @ [[1.0, 0.3], [-0.4, 1.0]]))
    for part in shapely.get_parts(ground):
        part = Polygon(part.exterior)
        assert ragged_m(part) == needles_m(part) + slits_m(part)


def test_a_round_line_does_not_come_back_but_one_that_runs_out_along_a_street_does() -> None:
    strip = LineString([(150, 300), (150, 300 + LONG_M)]).buffer(5, cap_style="flat")
    for ground, back in ((Point(0, 0).buffer(80), False), (SQUARE, False), (SQUARE.union(strip), True)):
        assert comes_back(shapely.get_coordinates(ground), 15.0, 30.0) is back


def avenue(**kind: object) -> Area:
    """A scene on an avenue: the carriageway that leads in meets no street for 300 m, the other one does."""
    places = [
        (0, 0), (80, -8), (300, 8), (300, -8), (900, 8), (900, -8), (80, -900),
        (300, 900), (300, -900), (-90, 0), (-900, 0), (300, 40), (70, 40),
    ]  # fmt: skip
    return area_of(
        draw_streets(
            places,
            [
                {"u": 0, "v": 1, "name": "Avenue", "oneway": 1, "via": [(20, -8)], **kind},
                {"u": 1, "v": 3, "name": "Avenue", "oneway": 1, **kind},
                {"u": 3, "v": 5, "name": "Avenue", "oneway": 1, **kind},
                {"u": 4, "v": 2, "name": "Avenue", "oneway": 1, **kind},
                {"u": 2, "v": 0, "name": "Avenue", "oneway": 1, "via": [(20, 8)], **kind},
                {"u": 1, "v": 6, "name": "Side"},
                {"u": 2, "v": 3, "name": "Cross"},
                {"u": 2, "v": 11, "name": "Cross"},
                {"u": 11, "v": 7, "name": "Cross"},
                {"u": 11, "v": 12, "name": "Lane"},
                {"u": 3, "v": 8, "name": "Cross"},
                {"u": 0, "v": 9, "name": "West"},
                {"u": 9, "v": 10, "name": "West"},
            ],
        )
    )


@pytest.mark.parametrize("road", [RoadClass.PRIMARY, RoadClass.RESIDENTIAL])
def test_the_line_crosses_a_divided_avenue_once_with_the_posts_side_by_side(road: RoadClass) -> None:
    area = avenue(road_class=road)
    inner, _ = trace(area, Point(0, 0).buffer(40))
    posts = [post for post in inner.posts if post.street.startswith("Avenue")]
    places = area.frame.to_m([post.location for post in posts])
    assert len(posts) == 2
    assert np.ptp(places[:, 0]) < 30
    east = inner.polygon_m.intersection(box(0, -500, 900, 500))
    assert needles_m(east) == slits_m(east) == 0
    moved = [post.reason for post in posts if "does not run out and back" in post.reason]
    assert any("short of Cross, where drivers can still turn off" in reason for reason in moved)


def test_lines_of_a_town_run_out_along_no_street_and_back() -> None:
    area, rules = town(), doctrine()
    xy = area.network.node_xy_m
    ragged, posts = [], 0
    for x, y in xy[:: max(1, len(xy) // 25)]:
        incident = Incident(location=area.frame.place(float(x), float(y)), threat=ThreatName.HANDGUN)
        ground = draw_zones(incident, area, rules)
        for traced in trace_perimeters(ground, area, rules, area.network.no_closures(), incident):
            ragged.append(needles_m(traced.polygon_m) + slits_m(traced.polygon_m))
            posts += sum(post.mode is PostMode.VEHICLE for post in traced.posts)
    assert posts > len(ragged)
    assert sum(ragged) < 100


def comb() -> Area:
    """Five streets lead east out of the ground: three pass a lane after 180 m, two pass none for 380 m."""
    places = [(0.0, 100.0 * k) for k in range(-2, 3)]
    streets = []
    for k in range(5):
        y = places[k][1]
        east = len(places)
        if k % 2:
            places += [(400, y)]
            streets += [{"u": k, "v": east, "name": f"Street {k}"}]
        else:
            places += [(200, y), (400, y), (200, y + 40)]
            streets += [
                {"u": k, "v": east, "name": f"Street {k}"},
                {"u": east, "v": east + 1, "name": f"Street {k}"},
                {"u": east, "v": east + 2, "name": "Lane"},
            ]
        places += [(900, y)]
        streets += [{"u": len(places) - 2 - (1 - k % 2), "v": len(places) - 1, "name": f"Street {k}"}]
    streets += [{"u": k, "v": k + 1, "name": "Back Street"} for k in range(4)]
    return area_of(draw_streets(places, streets))


def test_the_line_does_not_run_in_and_out_from_block_to_block() -> None:
    inner, _ = trace(comb(), box(-20, -220, 20, 220))
    assert len(inner.posts) == 5
    assert inner.polygon_m.length < 1.05 * inner.polygon_m.convex_hull.length


def test_the_line_is_neat_where_a_street_lies_on_a_tunnel_of_the_inside() -> None:
    tunnel = LineString([(0, 0), (407.31, 133.7)])
    start, end = (tunnel.interpolate(along_m).coords[0] for along_m in (130.1, 333.3))
    above = LineString([start, end, (380, 400)])
    inner, outer = (np.array([line], dtype=object) for line in (tunnel, above))
    none = Pieces(np.empty(0, dtype=object), *np.zeros((2, 0), dtype=bool))
    core = Core(Point(0, 0).buffer(50))
    line = draw_line(Sides(inner, outer, none, none.gate_first, np.empty((0, 2)), core))
    assert line.contains(tunnel)
    assert line.length < 1.05 * line.convex_hull.length


@pytest.mark.parametrize("turned", [False, True])
def test_posts_on_a_street_that_the_map_has_twice_stand_beside_each_other(turned: bool) -> None:
    places = [(0.0, 0.0), (200.0, 0.0), (500.0, 0.0)]
    twin = {"u": 1, "v": 0} if turned else {"u": 0, "v": 1}
    network = draw_streets(places, [{"u": 0, "v": 1}, twin, {"u": 1, "v": 2}])
    low, high = ([0, 2], [2, 0]) if turned else ([0, 0], [2, 2])
    costs = np.ones(2, dtype=np.int64)
    ends = np.zeros(2), np.full(2, 200.0)
    links = Links(np.array([0, 1]), np.array(low), np.array(high), *ends, costs, costs, 3)
    cut = Cut(links, np.array([INNER, OUTER, OUTER], dtype=np.int8), np.zeros(3, dtype=np.int64), 2)
    beside = 170.0 if turned else 30.0
    assert _side_by_side(network, cut, {0: 30.0}) == {0: 30.0, 1: beside}
    assert _side_by_side(network, cut, {1: beside}) == {0: 30.0, 1: beside}
    assert _side_by_side(network, cut, {}) == {}


def test_posts_on_a_street_that_is_drawn_twice_say_that_one_crew_may_hold_both() -> None:
    """Also where only a part of it is; not for a street that crosses there, or runs above."""
    spots = [(0, 0), (100, 0), (-50, 0), (70, -50), (70, 50)]
    streets = [
        {"u": 0, "v": 1, "name": "Part"},
        {"u": 2, "v": 1, "name": "Whole"},
        {"u": 3, "v": 4, "name": "Across"},
        {"u": 0, "v": 1, "name": "Above", "layer": 1},
    ]
    network = draw_streets(spots, streets)
    places = ((0, 70.0), (1, 122.0), (2, 48.0), (3, 71.0))
    stands = [
        Stand(edge, along_m, network.at(edge, along_m), True, 1, PostMode.VEHICLE, True)
        for edge, along_m in places
    ]
    frame = Frame(LonLat(-8.6, 41.1))
    posts, edges = write_posts(stands, PerimeterName.OUTER, network, frame, shipped_doctrine().perimeters)
    said = {edge: post for post, edge in zip(posts, edges, strict=True)}
    for edge, twin in ((0, 1), (1, 0)):
        assert said[edge].reason.endswith(
            f"On one street with {said[twin].id}, which the map draws twice: one crew may hold both."
        )
    assert all("draws twice" not in said[edge].reason for edge in (2, 3))

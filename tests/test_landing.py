"""Laws of helispots: what a square keeps off, by day and by night, and the ways in."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.area import Area
from planner.packs import shipped_doctrine
from planner.sites.landing import _ANGLES_DEG, LandingSpot, _lowest_two, _turned, landing_grounds, sides_m
from tests.town import CENTRE, Objects

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.landing


def field(size_m: float, *more: tuple[str, tuple[tuple[float, float], ...], str]) -> Area:
    """A pitch about the centre, a street far enough off, and what else stands there."""
    made = Objects()
    made.way([(-300, -200), (300, -200)], highway="residential", name="Road")
    half = size_m / 2
    made.rectangle(-half, -half, half, half, leisure="pitch", surface="grass")
    for key, points, value in more:
        if len(points) == 1:
            x_m, y_m = points[0]
            made.node(x_m, y_m, **{key: value})
        elif points[0] == points[-1]:
            made.polygon(list(points[:-1]), **{key: value})
        else:
            made.way(points, **{key: value})
    return made.settle().area()


def spots(area: Area, side_m: float) -> tuple[LandingSpot, ...]:
    places = landing_grounds(area, DOCTRINE.siting, RULES)
    rows = places.rows_near(shapely.box(-200, -200, 200, 200))
    return tuple(spot for row in rows.tolist() for spot in places.on(row, side_m))


def test_a_clear_pitch_of_31_m_serves_by_day_and_not_by_night():
    area = field(31.5)
    assert spots(area, RULES.day_m)
    assert not spots(area, RULES.night_m)
    assert spots(field(60), RULES.night_m)


def test_by_night_only_the_larger_square_will_do():
    assert RULES.day_m not in sides_m(RULES, by_night=True)
    assert sides_m(RULES, by_night=None)[0] == RULES.night_m


def test_nothing_lands_beneath_a_power_line():
    assert not spots(field(60, ("power", ((-200.0, 0.0), (200.0, 0.0)), "line")), RULES.day_m)


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (
            ("building", ((40.0, -10.0), (60.0, -10.0), (60.0, 10.0), (40.0, 10.0), (40.0, -10.0)), "yes"),
            "building",
        ),
        (("natural", ((40.0, 0.0),), "tree"), "tree"),
        (("man_made", ((60.0, 0.0),), "mast"), "mast"),
    ],
)
def test_squares_keep_off_what_stands_there_and_tell_of_it(thing, kind):
    area = field(90, thing)
    clear_m = {
        "building": RULES.building_m,
        "tree": RULES.tree_m,
        "mast": RULES.mast_times * RULES.assumed_mast_m,
    }
    x_m = thing[1][0][0]
    obstacle = shapely.box(x_m, -10, x_m + 20, 10) if kind == "building" else shapely.Point(x_m, 0)
    obstacle = shapely.affinity.translate(obstacle, *area.frame.point_m(CENTRE))
    found = spots(area, RULES.day_m)
    assert found
    for spot in found:
        assert spot.square_m.area == pytest.approx(RULES.day_m**2)
        assert spot.square_m.distance(obstacle) >= clear_m[kind] * 0.97  # circles of few corners
        (hazard,) = [hazard for hazard in spot.hazards if hazard.kind == kind]
        middle = spot.square_m.centroid
        assert hazard.distance_m == pytest.approx(middle.distance(obstacle), abs=1.0)
        nearest = shapely.shortest_line(middle, obstacle)
        dx, dy = np.diff(shapely.get_coordinates(nearest), axis=0)[0]
        off_deg = (hazard.bearing_deg - np.degrees(np.arctan2(dx, dy)) + 180) % 360 - 180
        assert abs(off_deg) < 12  # the corner met, not the nearest place of the wall
        a, b = spot.approaches_deg
        assert min(abs(a - b), 360 - abs(a - b)) >= RULES.apart_deg


PAD = ("aeroway", ((0.0, 0.0),), "helipad")


def pads(area: Area, side_m: float) -> list[LandingSpot]:
    places = landing_grounds(area, DOCTRINE.siting, RULES)
    x_m, y_m = area.frame.point_m(CENTRE)
    return places.pads_near(shapely.box(x_m - 200, y_m - 200, x_m + 200, y_m + 200), side_m)


def test_a_mapped_helipad_is_a_place_to_land_unless_it_is_a_hospitals_or_beneath_a_wire():
    (spot,) = pads(field(5, PAD), RULES.day_m)
    assert spot.square_m.area == pytest.approx(RULES.day_m**2)
    ward = ((40.0, -20.0), (80.0, -20.0), (80.0, 20.0), (40.0, 20.0), (40.0, -20.0))
    assert not pads(field(5, PAD, ("amenity", ward, "hospital")), RULES.day_m)
    assert not pads(field(5, PAD, ("power", ((-200.0, 10.0), (200.0, 10.0)), "line")), RULES.day_m)
    assert not pads(field(5), RULES.day_m)


def test_walled_in_by_tall_buildings_there_is_no_way_in():
    walls = tuple(
        (
            "building",
            (
                (x - 8.0, y - 8.0),
                (x + 8.0, y - 8.0),
                (x + 8.0, y + 8.0),
                (x - 8.0, y + 8.0),
                (x - 8.0, y - 8.0),
            ),
            "yes",
        )
        for x, y in [
            (60 * np.sin(turn), 60 * np.cos(turn)) for turn in np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ]
    )
    assert not spots(field(50, *walls), RULES.day_m)


def test_dust_is_no_ground_to_land_on():
    area = field(60)
    gravel = np.full(len(area.places), "gravel", dtype=object)
    area = replace(area, places=area.places.with_column("surface", gravel))
    places = replace(landing_grounds(area, DOCTRINE.siting, RULES))
    assert len(places.rows_near(shapely.box(-200, -200, 200, 200))) == 0


@given(
    st.lists(st.sampled_from([0.0, 0.05, 0.1, 0.125, 0.3]), min_size=72, max_size=72),
    st.integers(0, 9),
    st.sampled_from([90.0, 150.0, 180.0]),
)
def test_the_two_ways_in_are_those_over_which_least_rises(slope, half, apart_deg):
    worst = [max(slope[(k + turn) % 72] for turn in range(-half, half + 1)) for k in range(72)]
    pairs = [
        (worst[a] + worst[b], a, b)
        for a, b in itertools.combinations(range(72), 2)
        if min(5 * (b - a), 360 - 5 * (b - a)) >= apart_deg and max(worst[a], worst[b]) <= 0.125
    ]
    found = _lowest_two(np.array(slope), half, 0.125, apart_deg)
    assert found == (min(pairs)[1:] if pairs else (-1, -1))


@given(st.floats(-5e4, 5e4), st.floats(-5e4, 5e4), st.sampled_from([RULES.day_m, RULES.night_m]))
def test_squares_are_turned_about_their_middle(x_m, y_m, side_m):
    square = shapely.Point(x_m, y_m).buffer(side_m / 2, cap_style="square")
    for angle_deg, turned in zip(_ANGLES_DEG, _turned(x_m, y_m, side_m), strict=True):
        assert turned.equals_exact(shapely.affinity.rotate(square, angle_deg), 1e-6, normalize=True)


@pytest.mark.parametrize("size_m", [31.5, 60, 200])
def test_squares_of_one_ground_lie_on_it_and_apart(size_m):
    area = field(size_m, ("natural", ((10.0, 5.0),), "tree"))
    places = landing_grounds(area, DOCTRINE.siting, RULES)
    found = [spot.square_m for spot in spots(area, RULES.day_m)]
    for square in found:
        assert places.grounds.whole_m[0].buffer(0.01).covers(square)
    for square, other in itertools.combinations(found, 2):
        assert square.centroid.distance(other) >= RULES.day_m - 0.01
    assert len(found) <= 3

"""Laws of the zones: nested, highest threat wins, a larger radius never takes ground away; and bad input."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner.area import geometries_m
from planner.doctrine import Doctrine, read_doctrine
from planner.errors import IncidentError
from planner.geo import LonLat
from planner.ground.around import around
from planner.ground.zones import Ground, _hidden, draw_zones
from planner.model import DrawnZone, Incident, Shape, ThreatPoint
from planner.terms import NoticeLevel, ThreatName, ThreatStatus, ZoneKind
from tests.town import CENTRE, town

DOCTRINE: Doctrine = read_doctrine(Path(__file__).parents[1] / "data" / "doctrine.toml")
AREA = town()
BARE = town(buildings=False)
SLACK_M2 = 1.0


def at(x_m: float, y_m: float) -> LonLat:
    return AREA.frame.place(x_m, y_m)


def ring(*points: tuple[float, float]) -> tuple[LonLat, ...]:
    return tuple(at(x, y) for x, y in (*points, points[0]))


def drawn(*rings: tuple[LonLat, ...], zone: ZoneKind = ZoneKind.HOT) -> DrawnZone:
    return DrawnZone(Shape(polygons=tuple((r,) for r in rings)), zone)


def square(x: float, y: float, half: float) -> tuple[LonLat, ...]:
    return ring((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))


def draw(incident: Incident, doctrine: Doctrine = DOCTRINE, area=AREA) -> Ground:
    return draw_zones(incident, area, doctrine)


def with_preset(threat: ThreatName, **numbers: float) -> Doctrine:
    presets = tuple(
        (name, replace(preset, **numbers) if name is threat else preset) for name, preset in DOCTRINE.threats
    )
    return replace(DOCTRINE, threats=presets)


def check_laws(ground: Ground, area=AREA) -> None:
    """Whatever was asked: valid, disjoint, warm around hot, and the records say the same."""
    parts = (ground.hot_m, ground.warm_m, ground.cold_m)
    assert all(part.is_valid for part in parts)
    assert not ground.hot_m.is_empty
    assert ground.hot_m.intersection(ground.warm_m).area < SLACK_M2
    assert ground.cold_m.intersection(ground.hot_m.union(ground.warm_m)).area < SLACK_M2
    assert len(ground.samples_xyz_m) > 0
    assert np.isfinite(ground.samples_xyz_m).all()
    for kind, whole in zip(ZoneKind, parts, strict=True):
        written = [
            g
            for z in ground.zones
            if z.zone is kind
            for g in geometries_m(Shape(polygons=(z.rings,)), area.frame)
        ]
        assert all(g.is_valid for g in written)
        assert shapely.union_all(written).symmetric_difference(whole).area < max(5.0, 1e-3 * whole.area)
        assert sum(g.area for g in written) <= shapely.union_all(written).area + SLACK_M2
    assert all(zone.reason for zone in ground.zones)


places = st.tuples(st.integers(-300, 300), st.integers(-300, 300))


@settings(max_examples=60)
@given(st.lists(places, min_size=1, max_size=7, unique=True), st.floats(0.01, 400))
def test_what_lies_around_leaves_nothing_out(xy, metres):
    shape = shapely.convex_hull(shapely.multipoints(xy))
    ground = around(shape, metres)
    assert ground.is_valid
    assert shapely.distance(ground.boundary, shape) >= metres - 1e-6
    rim = shapely.points(shapely.get_coordinates(ground))
    assert shapely.distance(rim, shape).max() <= 1.0025 * metres


taps = st.tuples(st.integers(-700, 700), st.integers(-700, 700))
threats = st.sampled_from(list(ThreatName))


@settings(max_examples=40)
@given(taps, threats, st.sampled_from([True, False]))
def test_zones_of_a_tap_nest_and_hold_the_place(tap, threat, built):
    area = AREA if built else BARE
    ground = draw(Incident(location=at(*tap), threat=threat), area=area)
    check_laws(ground, area)
    preset = DOCTRINE.preset(threat)
    assert ground.hot_m.buffer(0.5).covers(ground.target_m)
    assert ground.hot_m.buffer(0.5).covers(Point(tap).buffer(min(preset.sight_floor_m, preset.hot_m)))
    assert ground.hot_m.union(ground.warm_m).buffer(0.5).covers(ground.hot_m.buffer(preset.warm_margin_m))


@settings(max_examples=25)
@given(taps, threats, st.sampled_from(["hot_m", "warm_m", "warm_margin_m", "sight_floor_m"]))
def test_doubling_a_radius_never_shrinks_a_zone(tap, threat, number):
    incident = Incident(location=at(*tap), threat=threat)
    before = draw(incident)
    after = draw(incident, with_preset(threat, **{number: 2 * getattr(DOCTRINE.preset(threat), number)}))
    assert before.hot_m.difference(after.hot_m).area < SLACK_M2
    reach = [g.hot_m.union(g.warm_m) for g in (before, after)]
    assert reach[0].difference(reach[1]).area < SLACK_M2


@settings(max_examples=25)
@given(taps, st.integers(5, 200), threats)
def test_a_larger_drawing_never_shrinks_a_zone(middle, half, threat):
    small, large = (
        draw(Incident(threat=threat, zones=(drawn(square(middle[0], middle[1], size)),)))
        for size in (half, 2 * half)
    )
    assert small.hot_m.difference(large.hot_m).area < SLACK_M2
    reach = [g.hot_m.union(g.warm_m) for g in (small, large)]
    assert reach[0].difference(reach[1]).area < SLACK_M2


@settings(max_examples=25)
@given(
    st.lists(st.tuples(taps, st.integers(20, 150), st.sampled_from(list(ZoneKind))), min_size=1, max_size=5)
)
def test_the_highest_threat_wins_at_each_point(shapes):
    zones = tuple(drawn(square(middle[0], middle[1], half), zone=kind) for middle, half, kind in shapes)
    incident = Incident(location=at(0, 0), threat=ThreatName.KNIFE, zones=zones)
    ground = draw(incident)
    check_laws(ground)
    for middle, _, kind in shapes:
        spot = Point(middle)
        held = [k for m, h, k in shapes if max(abs(m[0] - spot.x), abs(m[1] - spot.y)) < h - 1]
        if ZoneKind.HOT in held or kind is ZoneKind.HOT:
            assert ground.hot_m.intersects(spot)
        elif ZoneKind.WARM in held:
            assert ground.hot_m.union(ground.warm_m).intersects(spot)
    assert all(z.drawn for z in ground.zones if z.zone is ZoneKind.COLD)


def test_a_new_polygon_is_hot():
    assert DrawnZone(Shape()).zone is ZoneKind.HOT


def test_drawing_a_plan_s_drawn_zones_again_gives_the_same_ground():
    incident = Incident(
        location=at(0, 0),
        threat=ThreatName.HANDGUN,
        zones=(drawn(square(0, 0, 150)), drawn(square(100, 0, 150), zone=ZoneKind.WARM)),
    )
    first = draw(incident)
    again = tuple(DrawnZone(Shape(polygons=(z.rings,)), z.zone) for z in first.zones if z.drawn)
    second = draw(replace(incident, zones=again))
    assert second.hot_m.symmetric_difference(first.hot_m).area < 5
    assert second.warm_m.symmetric_difference(first.warm_m).area < 5


def test_a_tap_in_a_school_takes_the_school():
    ground = draw(Incident(location=CENTRE, threat=ThreatName.HANDGUN))
    assert "School" in ground.target_name
    assert ground.target_m.area > 20_000
    assert ground.hot_m.buffer(0.5).covers(ground.target_m)
    assert ground.target_name in ground.zones[0].reason


def test_a_ground_too_large_is_not_taken_whole():
    tight = replace(DOCTRINE, zones=replace(DOCTRINE.zones, target_max_m2=100.0))
    assert draw(Incident(location=CENTRE), tight).target_m.area <= 100.0


@pytest.mark.parametrize("threat", [ThreatName.PIPE_BOMB, ThreatName.SEMI_TRAILER_BOMB])
def test_bomb_distances_are_those_of_the_card(threat):
    ground = draw(Incident(location=at(650, -650), threat=threat), area=BARE)
    preset = DOCTRINE.preset(threat)
    assert ground.hot_m.area == pytest.approx(np.pi * preset.hot_m**2, rel=0.02)
    whole = ground.hot_m.union(ground.warm_m)
    assert whole.area == pytest.approx(np.pi * preset.warm_m**2, rel=0.02)


def test_buildings_shape_a_rifle_s_hot_zone_and_a_bare_map_says_sight_is_unknown():
    incident = Incident(location=at(-250, 250), threat=ThreatName.RIFLE)
    built, bare = draw(incident), draw(incident, area=BARE)
    assert built.hot_m.area < 0.9 * bare.hot_m.area
    assert any("not known" in n.text and n.about == "sight" for n in bare.notices)
    assert not any("No buildings" in n.text for n in built.notices)


def test_on_a_square_that_was_drawn_the_buildings_around_it_are_not_said_to_be_missing():
    square_alone = Incident(zones=(drawn(square(300, -300, 8)),))
    built, bare = draw(square_alone), draw(square_alone, area=BARE)
    (missing,) = [n.text for n in bare.notices if n.about == "sight"]
    assert missing == "No buildings are mapped here: what can be seen from the hot zone is not known"
    assert [n.text for n in built.notices if n.level is NoticeLevel.CAUTION] == []


def test_a_notch_that_buildings_take_out_of_a_hot_zone_is_explained():
    whole, notched = (
        draw(Incident(location=at(-250, 250), threat=ThreatName.RIFLE), area=area) for area in (BARE, AREA)
    )
    assert whole.hot_m.difference(notched.hot_m).area > 1000
    assert any("buildings hide" in zone.reason for zone in notched.zones)
    assert not any("buildings hide" in zone.reason for zone in whole.zones)


def test_notches_are_named_by_their_sides_the_largest_first():
    disc = Point(0, 0).buffer(300)
    east, north_west = shapely.box(200, -40, 400, 40), shapely.box(-200, 150, -150, 300)
    assert _hidden(disc, disc) == _hidden(disc, disc.difference(Point(290, 0).buffer(3))) == ""
    assert _hidden(disc, disc.difference(east)) == ": buildings hide the notch to the E"
    both = disc.difference(east).difference(north_west)
    assert _hidden(disc, both) == ": buildings hide the notches to the E and NW"
    assert _hidden(disc, Point(0, 0).buffer(75)) == ": buildings hide the rest"


def test_assumed_heights_are_said_with_their_count():
    ground = draw(Incident(location=at(-250, 250), threat=ThreatName.RIFLE))
    told = [n.text for n in ground.notices if "assumed" in n.text]
    assert len(told) == 1
    assert any(word.isdigit() and int(word) > 0 for word in told[0].split())


def test_every_further_threat_adds_its_own_zones():
    alone = draw(Incident(location=CENTRE, threat=ThreatName.HANDGUN))
    bag = ThreatPoint(at(600, 0), ThreatName.PIPE_BOMB, ThreatStatus.REPORTED)
    both = draw(Incident(location=CENTRE, threat=ThreatName.HANDGUN, threats=(bag,)))
    preset = DOCTRINE.preset(ThreatName.PIPE_BOMB)
    assert both.hot_m.buffer(0.5).covers(Point(600, 0).buffer(preset.hot_m))
    assert both.hot_m.union(both.warm_m).buffer(0.5).covers(Point(600, 0).buffer(preset.warm_m))
    assert alone.hot_m.difference(both.hot_m).area < SLACK_M2
    assert any("reported pipe bomb" in z.reason for z in both.zones)


def test_a_threat_alone_is_enough_to_plan_on():
    bag = ThreatPoint(at(500, 500), ThreatName.SEDAN_BOMB)
    check_laws(draw(Incident(threats=(bag,))))


def test_a_vehicle_s_hot_zone_follows_its_streets():
    ground = draw(Incident(location=at(-300, -200), threat=ThreatName.VEHICLE))
    disc = Point(-300, -200).buffer(DOCTRINE.preset(ThreatName.VEHICLE).hot_m)
    assert ground.hot_m.area < 0.7 * disc.area
    assert ground.hot_m.buffer(1).covers(Point(-300, -120))


def test_a_vehicle_away_from_the_streets_runs_along_the_nearest():
    """A market in a square, a tap inside a block: hot ground without any street would tell nothing."""
    incident = Incident(location=at(-350, -250), threat=ThreatName.VEHICLE)
    ground = draw(incident, area=BARE)
    check_laws(ground, BARE)
    assert len(shapely.get_parts(ground.hot_m)) == 1
    assert ground.hot_m.covers(Point(-300, -200))
    assert "along the nearest street" in ground.zones[0].reason
    preset = DOCTRINE.preset(ThreatName.VEHICLE)
    furthest_m = np.hypot(*(shapely.get_coordinates(ground.hot_m) - [-350, -250]).T).max()
    assert furthest_m <= 1.0013 * (preset.hot_m + preset.sight_floor_m)  # arcs lie outside


def test_a_vehicle_where_no_street_is_mapped_has_its_floor_and_says_so():
    ground = draw(
        Incident(location=at(-350, 350), threat=ThreatName.VEHICLE),
        with_preset(ThreatName.VEHICLE, hot_m=20),
    )
    assert "the map shows none here" in ground.zones[0].reason


def test_a_tap_outside_drawn_hot_ground_is_hot_too():
    incident = Incident(location=at(500, 0), threat=ThreatName.KNIFE, zones=(drawn(square(0, 0, 50)),))
    ground = draw(incident)
    assert ground.hot_m.intersects(Point(500, 0))
    assert ground.hot_m.intersects(Point(0, 0))


def test_a_self_crossing_stroke_is_repaired_and_said():
    bow = ring((0, 0), (100, 100), (100, 0), (0, 100))
    ground = draw(Incident(zones=(drawn(bow),)))
    check_laws(ground)
    assert ground.hot_m.area == pytest.approx(5000, rel=0.01)
    (told,) = [n for n in ground.notices if n.about == "zone 1"]
    assert told.level is NoticeLevel.CAUTION
    assert told.text == (
        "The outline of drawn hot zone 1 crosses itself: it was taken as all 2 pieces of ground within it. "
        "Draw it again"
    )


def test_what_a_stroke_goes_round_twice_is_hot_and_so_is_the_middle_of_a_star():
    turn = np.linspace(0, 4 * np.pi, 80)
    twice = ring(*((100 + 2 * turn) * (np.cos(turn), np.sin(turn))).T.tolist())
    star = ring(*((100 * np.cos(t), 100 * np.sin(t)) for t in np.arange(5) * 4 * np.pi / 5))
    for line in (twice, star):
        ground = draw(Incident(zones=(drawn(line),)))
        check_laws(ground)
        assert ground.hot_m.covers(Point(0, 0))
        assert any("taken as all ground within it" in n.text for n in ground.notices)


def test_a_hole_stays_a_hole():
    rings = (square(0, 0, 100), square(0, 0, 30)[::-1])
    ground = draw(Incident(zones=(DrawnZone(Shape(polygons=(rings,))),)))
    assert not ground.hot_m.intersects(Point(0, 0))
    check_laws(ground)


def test_ground_beyond_the_map_is_said():
    west, south, east, _ = AREA.bbox_deg
    ground = draw(Incident(location=LonLat((west + east) / 2, south + 1e-4), threat=ThreatName.RIFLE))
    assert any("beyond the edge of the map" in n.text for n in ground.notices)


def test_a_hundred_thousand_corners_are_drawn_plainly_and_fast():
    angle = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    places = [LonLat(*p) for p in AREA.frame.to_deg(150 * np.column_stack([np.cos(angle), np.sin(angle)]))]
    begun = time.process_time()  # a busy machine is no fault of the drawing
    ground = draw(Incident(zones=(drawn((*places, places[0])),)))
    assert time.process_time() - begun < 5
    assert ground.hot_m.area == pytest.approx(np.pi * 150**2, rel=0.01)
    assert shapely.get_num_coordinates(ground.hot_m) < 500


def test_a_hundred_thousand_random_corners_are_refused_fast():
    xy = np.random.default_rng(1).uniform(-300, 300, (100_000, 2))
    places = [LonLat(*p) for p in AREA.frame.to_deg(xy)]
    begun = time.process_time()  # a busy machine is no fault of the drawing
    with pytest.raises(IncidentError, match=r"100,001 points.*Draw it again"):
        draw(Incident(zones=(drawn((*places, places[0])),)))
    assert time.process_time() - begun < 20


BAD = {
    "nothing": (Incident(), "where the incident is"),
    "two points": (Incident(zones=(drawn(ring((0, 0), (50, 50))),)), "fewer than three corners"),
    "a line": (Incident(zones=(drawn(ring((0, 0), (50, 50), (100, 100))),)), "no area"),
    "not a polygon": (Incident(zones=(DrawnZone(Shape(points=(CENTRE,))),)), "not a polygon"),
    "nan": (
        Incident(zones=(drawn((LonLat(float("nan"), 41.0), *square(0, 0, 50))),)),
        "coordinate that is not a number",
    ),
    "infinite": (Incident(location=LonLat(float("inf"), 41.0)), "not a number"),
    "off the globe": (Incident(zones=(drawn((LonLat(-93, 191), *square(0, 0, 50))),)), "not on the globe"),
    "elsewhere": (Incident(location=LonLat(2.35, 48.85)), "outside the area"),
    "drawn elsewhere": (
        Incident(
            zones=(drawn((LonLat(2.3, 48.8), LonLat(2.4, 48.8), LonLat(2.4, 48.9), LonLat(2.3, 48.8))),)
        ),
        "outside the area",
    ),
    "a threat elsewhere": (
        Incident(location=CENTRE, threats=(ThreatPoint(LonLat(2.35, 48.85)),)),
        "threat 1 .* outside the area",
    ),
    "only warm": (Incident(zones=(drawn(square(0, 0, 50), zone=ZoneKind.WARM),)), "where the incident is"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_error(name):
    incident, words = BAD[name]
    with pytest.raises(IncidentError, match=words) as caught:
        draw(incident)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_swapped_coordinates_are_told_from_a_wrong_place():
    place = LonLat(50.0, 41.0)
    area = town(centre=place, blocks=12)
    with pytest.raises(IncidentError, match="look swapped"):
        draw_zones(Incident(location=LonLat(41.0, 50.0)), area, DOCTRINE)


def test_the_same_input_gives_the_same_ground():
    incident = Incident(location=CENTRE, threat=ThreatName.RIFLE)
    first, second = draw(incident), draw(incident)
    assert first.zones == second.zones
    assert (first.samples_xyz_m == second.samples_xyz_m).all()


def test_a_place_just_beside_the_map_is_planned_for_and_said_to_lie_there():
    _, south, east, north = AREA.bbox_deg
    beside_deg, middle_deg = 300.0 / 111_000, (south + north) / 2
    shapely.prepare(AREA.extent_m)  # as it is once anybody has planned
    ground = draw(Incident(location=LonLat(east + beside_deg, middle_deg)))
    assert any("beyond the edge of the map" in notice.text for notice in ground.notices)
    with pytest.raises(IncidentError, match="outside the area"):
        draw(Incident(location=LonLat(east + 4 * beside_deg, middle_deg)))

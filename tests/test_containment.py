"""Containment: the fewest posts that see every side, each where one may stand, with no cover invented."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from shapely.geometry import LineString, Point, box

from planner.area import Area
from planner.document import read_plan, write_plan
from planner.geo import LonLat
from planner.ground.sightline import walls_of
from planner.ground.stands import find_stands
from planner.ground.zones import draw_zones
from planner.model import Incident, ThreatPoint
from planner.packs import shipped_doctrine
from planner.perimeters import containment
from planner.perimeters.containment import SIDES, sample_facade, target_outline, watch_target
from planner.plan import make_plan
from planner.terms import BOMBS, NoticeLevel, ThreatName
from tests.town import CENTRE, Objects, town

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.containment


def _add_edge_roads(made, half_m):
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)]
    made.way([*corners, corners[0]], highway="residential", name="Edge Road")


def made_area(*buildings, water=(), half_m=400) -> Area:
    """A place with nothing but these buildings (corners in metres) and a road along its edges."""
    made = Objects(CENTRE)
    for corners in buildings:
        made.polygon(corners, building="yes", building__levels="2")
    for corners in water:
        made.polygon(corners, natural="water")
    _add_edge_roads(made, half_m - 5)
    east, north = made.place(half_m, 0).lon_deg, made.place(0, half_m).lat_deg
    dx, dy = east - CENTRE.lon_deg, north - CENTRE.lat_deg
    bbox = (CENTRE.lon_deg - dx, CENTRE.lat_deg - dy, CENTRE.lon_deg + dx, CENTRE.lat_deg + dy)
    return made.settle().area(bbox_deg=bbox)


def rectangle(width, height, turn_deg=0.0, at=(0.0, 0.0)):
    turn = math.radians(turn_deg)
    corners = [
        (-width / 2, -height / 2),
        (width / 2, -height / 2),
        (width / 2, height / 2),
        (-width / 2, height / 2),
    ]
    return [
        (at[0] + x * math.cos(turn) - y * math.sin(turn), at[1] + x * math.sin(turn) + y * math.cos(turn))
        for x, y in corners
    ]


def watch(area, incident=None):
    incident = incident or Incident(location=CENTRE, threat=ThreatName.HANDGUN)
    return watch_target(incident, draw_zones(incident, area, DOCTRINE), area, DOCTRINE)


def said(watched) -> str:
    return " | ".join(notice.text for notice in watched.notices)


# --- the diagonal rule (T4) ---------------------------------------------------------------------


@given(st.floats(8, 110), st.floats(8, 110), st.floats(0, 90))
@settings(max_examples=15)
def test_a_rectangular_block_needs_exactly_two_observers_at_opposite_corners(width, height, turn_deg):
    area = made_area(rectangle(width, height, turn_deg))
    first, second = watch(area).observations
    assert (first.rank, second.rank) == (1, 2)
    assert second.covered_share == pytest.approx(1)
    a, b = area.frame.to_m([first.location, second.location])
    block = shapely.Polygon(rectangle(width, height, turn_deg))
    assert LineString([a, b]).intersects(block)  # on opposite sides of it
    assert set(first.sees) | set(second.sees) == set(first.sees) ^ set(second.sees)  # no side is held twice
    assert len(first.sees) + len(second.sees) == 4


@given(st.floats(10, 60), st.floats(0, 90))
@settings(max_examples=10)
def test_named_sides_are_those_that_face_the_observer(size, turn_deg):
    area = made_area(rectangle(size, size, turn_deg))
    for post in watch(area).observations:
        x, y = area.frame.point_m(post.location)
        for name in post.sees:
            bearing = math.radians(45 * SIDES.index(name))
            assert x * math.sin(bearing) + y * math.cos(bearing) > 0


def test_recesses_too_narrow_to_matter_do_not_cost_a_post():
    plain = rectangle(80, 60)
    with_nook = [(-40, -30), (40, -30), (40, 30), (5, 30), (5, 18), (-5, 18), (-5, 30), (-40, 30)]
    assert len(watch(made_area(plain)).observations) == len(watch(made_area(with_nook)).observations) == 2


def test_two_wings_near_each_other_are_watched_as_one_block():
    wings = rectangle(30, 60, at=(-22, 0)), rectangle(30, 60, at=(22, 0))
    made = Objects(CENTRE)
    for wing in wings:
        made.polygon(wing, building="school")
    made.rectangle(-45, -35, 45, 35, amenity="school", name="Two Wings")
    _add_edge_roads(made, 395)
    area = made.settle().area()
    assert len(watch(area, Incident(location=made.place(0, 0))).observations) == 2


# --- the fewest, by an independent solver -------------------------------------------------------


@pytest.mark.parametrize(("x_m", "y_m"), [(0, 0), (120, 125), (-225, 225), (75, -125)])
def test_no_fewer_posts_see_as_much(x_m, y_m):
    incident = Incident(location=town().frame.place(x_m, y_m), threat=ThreatName.HANDGUN)
    ground = draw_zones(incident, town(), DOCTRINE)
    watched = watch_target(incident, ground, town(), DOCTRINE)
    facade = sample_facade(target_outline(ground, town(), RULES), town(), RULES)
    stands = find_stands(facade.outline_m, Point(), town(), RULES)
    seen, _ = containment._seen(walls_of(town(), DOCTRINE.siting), facade, stands, DOCTRINE)
    wanted = seen.any(axis=0)
    holds = np.hstack([seen.T[wanted].astype(float), np.eye(int(wanted.sum()))])
    left_m = np.concatenate([np.zeros(len(seen)), facade.weight_m[wanted]])
    answer = milp(
        np.concatenate([np.ones(len(seen)), np.zeros(int(wanted.sum()))]),
        constraints=[
            LinearConstraint(holds, lb=1),
            LinearConstraint(left_m[None, :], ub=RULES.facade_left * facade.free_m),
        ],
        integrality=np.ones(holds.shape[1], dtype=np.int64),
        bounds=Bounds(0, 1),
    )
    assert len(watched.observations) == round(float(answer.fun or 0)) > 0


# --- what is claimed is so ----------------------------------------------------------------------


@lru_cache(maxsize=1)
def solid_town():
    return shapely.union_all(town().buildings.shapes)


def seen_share(posts, facade, area, solid) -> float:
    """Share of the free sides in plain sight of some post: no building of the map lies between."""
    seen = np.zeros(len(facade.xy_m), dtype=bool)
    for post in posts:
        eye = area.frame.point_m(post.location)
        lines = shapely.linestrings([[eye, xy] for xy in facade.xy_m.tolist()])
        seen |= ~shapely.intersects(solid, lines) & (shapely.length(lines) <= RULES.sight_m)
    return float(facade.weight_m[seen & ~facade.walled].sum() / facade.free_m)


spots = st.tuples(st.integers(-6, 5), st.integers(-6, 2), st.sampled_from([(-25, -25), (25, 25), (25, -25)]))


@given(spots)
@settings(max_examples=12)
def test_every_post_sees_what_it_says_from_where_one_may_stand(spot):
    column, row, (dx, dy) = spot
    place = town().frame.place(100 * column + 50 + dx, 100 * row + 50 + dy)
    incident = Incident(location=place, threat=ThreatName.HANDGUN)
    ground = draw_zones(incident, town(), DOCTRINE)
    watched = watch_target(incident, ground, town(), DOCTRINE)
    if "No building is mapped" in said(watched):
        assert not watched.observations
        return
    facade = sample_facade(target_outline(ground, town(), RULES), town(), RULES)
    for number, post in enumerate(watched.observations, 1):
        assert post.rank == number
        assert post.covered_share == pytest.approx(
            seen_share(watched.observations[:number], facade, town(), solid_town()), abs=0.02
        )
        at = Point(town().frame.point_m(post.location))
        assert RULES.near_m - 0.1 <= at.distance(facade.outline_m) <= RULES.far_m + 0.1
        assert post.distance_m == pytest.approx(at.distance(facade.outline_m), abs=0.1)
        assert post.longest_m <= RULES.sight_m + 0.1
        assert not solid_town().intersects(at)
        assert f"In {post.zone} ground" in post.reason


def test_cover_is_claimed_only_where_one_can_step_out_of_sight():
    found = 0
    for x_m in (25, 125, 225, -175):
        incident = Incident(location=town().frame.place(x_m, -125), threat=ThreatName.HANDGUN)
        ground = draw_zones(incident, town(), DOCTRINE)
        facade = sample_facade(target_outline(ground, town(), RULES), town(), RULES)
        for post in watch_target(incident, ground, town(), DOCTRINE).observations:
            if post.cover:
                x, y = town().frame.point_m(post.location)
                turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
                reach = math.hypot(RULES.step_back_m + 1, 1)
                about = [(x + r * math.cos(t), y + r * math.sin(t)) for t in turns for r in (reach, 3.0)]
                hidden = [
                    spot
                    for spot in about
                    if not solid_town().intersects(Point(spot))
                    and not any(
                        not solid_town().intersects(LineString([spot, xy])) for xy in facade.xy_m.tolist()
                    )
                ]
                assert hidden
                found += 1
    assert found


def test_without_other_buildings_no_cover_is_claimed_and_the_user_hears_of_it():
    watched = watch(made_area(rectangle(60, 40)))
    assert not any(post.cover for post in watched.observations)
    assert "No cover is mapped at OP1, OP2" in said(watched)


def test_a_wall_that_another_building_stands_against_is_not_counted_as_seen():
    alone = watch(made_area(rectangle(40, 40)))
    joined = watch(made_area(rectangle(40, 40), rectangle(40, 40, at=(40, 0))))
    assert "stand against" not in said(alone)
    assert "Other buildings stand against 40 m" in said(joined)
    assert "E" not in {side for post in joined.observations for side in post.sees}


def test_sides_that_nobody_can_see_are_told():
    """A yard of high walls all around leaves nothing to be seen from outside, and no room inside."""
    ring = [rectangle(4, 58, at=(x, 0)) for x in (-27, 27)] + [rectangle(50, 4, at=(0, y)) for y in (-27, 27)]
    watched = watch(made_area(rectangle(40, 40), *ring))
    seen = watched.observations[-1].covered_share if watched.observations else 0.0
    assert seen < 0.1
    assert "whoever leaves there is not seen" in said(watched)


# --- where nobody may stand ---------------------------------------------------------------------


def test_no_post_stands_in_water():
    lake = [rectangle(150, 400, at=(-100, 0))]
    watched = watch(made_area(rectangle(40, 40), water=lake))
    area = made_area(rectangle(40, 40), water=lake)
    wet = box(-175, -200, -25, 200)
    assert watched.observations
    for post in watched.observations:
        assert not wet.intersects(Point(area.frame.point_m(post.location)))


def test_no_post_stands_near_a_further_bomb():
    bomb = ThreatPoint(town().frame.place(60, -60), ThreatName.SEDAN_BOMB)
    incident = Incident(location=CENTRE, threat=ThreatName.HANDGUN, threats=(bomb,))
    reach = DOCTRINE.preset(ThreatName.SEDAN_BOMB).hot_m
    posts = watch(town(), incident).observations
    assert posts
    for post in posts:
        at = Point(town().frame.point_m(post.location))
        assert at.distance(Point(town().frame.point_m(bomb.location))) >= reach * 0.99


@pytest.mark.parametrize("threat", BOMBS)
def test_nobody_watches_a_bomb(threat):
    watched = watch(town(), Incident(location=CENTRE, threat=threat))
    assert watched.observations == ()
    assert "bomb" in said(watched)


def test_where_no_building_is_known_none_is_made_up():
    watched = watch(town(buildings=False), Incident(location=CENTRE))
    assert watched.observations == ()
    (notice,) = watched.notices
    assert notice.level is NoticeLevel.CAUTION
    assert "No building is mapped" in notice.text


def test_a_district_is_not_watched_as_one_target():
    rules = replace(RULES, facade_most_m=100)
    incident = Incident(location=CENTRE)
    ground = draw_zones(incident, town(), DOCTRINE)
    watched = watch_target(incident, ground, town(), replace(DOCTRINE, containment=rules))
    assert watched.observations == ()
    assert "too long to be watched" in said(watched)


# --- in the plan --------------------------------------------------------------------------------


def test_the_plan_counts_these_officers_apart_and_carries_the_posts():
    plan = make_plan(Incident(location=CENTRE, threat=ThreatName.KNIFE), town(), DOCTRINE)
    officers = plan.officers
    assert plan.observations
    assert officers["containment"] == RULES.officers * len(plan.observations)
    assert officers["total"] == officers["inner"] + officers["outer"] + officers["sites"]
    text = write_plan(plan)
    assert read_plan(text) == plan
    assert text.count(b'"kind":"observation"') == len(plan.observations)


@pytest.mark.parametrize("lat", [-62.0, 0.2, 60.0])
def test_it_works_anywhere_on_the_globe(lat):
    where = LonLat(139.0, lat)
    watched = watch(town(centre=where), Incident(location=where, threat=ThreatName.KNIFE))
    assert len(watched.observations) == 2
    assert watched.observations[-1].covered_share == pytest.approx(1)

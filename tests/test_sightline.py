"""Lines of sight against a slow oracle in shapely, and the laws that hold for any eye."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from planner.doctrine import Siting, read_doctrine
from planner.ground.seen import seen_ground
from planner.ground.sightline import Walls, build_walls, heights_m, reach_m, seen_by_any, sees
from planner.table import Table

SITING: Siting = read_doctrine(Path(__file__).parents[1] / "data" / "doctrine.toml").siting
TALL_M = 1000.0


def table(shapes, height_m=np.nan, levels=np.nan, kind="yes", min_height_m=np.nan) -> Table:
    numbers = {"height_m": height_m, "levels": levels, "min_height_m": min_height_m}
    columns = {name: np.broadcast_to(np.float64(values), len(shapes)) for name, values in numbers.items()}
    columns["kind"] = np.broadcast_to(np.array(kind, dtype=object), len(shapes))
    return Table(columns, np.array(list(shapes), dtype=object))


def walls_of(shapes, **columns) -> Walls:
    return build_walls(table(shapes, **columns), SITING)


def oracle(shapes, heights, a, b) -> bool:
    """A line is stopped where it meets the outline of a building lower than that building's top."""
    line = LineString([a[:2], b[:2]])
    for shape, height in zip(shapes, heights, strict=True):
        for meeting in shapely.get_parts(shapely.intersection(line, shape.boundary)):
            for x, y in shapely.get_coordinates(meeting):
                share = np.hypot(x - a[0], y - a[1]) / line.length
                if a[2] + share * (b[2] - a[2]) < height:
                    return False
    return True


numbers = st.integers(min_value=-2000, max_value=2000).map(lambda k: k / 10 + 0.0123)
points = st.tuples(numbers, numbers, st.sampled_from([1.7, 5.0, 30.0]))


@st.composite
def blocks(draw):
    shapes, heights = [], []
    for _ in range(draw(st.integers(0, 12))):
        x, y = draw(numbers), draw(numbers)
        w, d = draw(st.integers(2, 60)), draw(st.integers(2, 60))
        turn = draw(st.integers(0, 89))
        shapes.append(shapely.affinity.rotate(box(x, y, x + w, y + d), turn))
        heights.append(float(draw(st.integers(2, 40))))
    return shapes, heights


@settings(max_examples=150)
@given(blocks(), st.lists(points, min_size=1, max_size=6), st.lists(points, min_size=1, max_size=6))
def test_agrees_with_the_slow_oracle_and_is_symmetric(made, eyes, spots):
    shapes, heights = made
    walls = walls_of(shapes, height_m=np.array(heights, dtype=float))
    there = sees(walls, eyes, spots)
    assert (there == sees(walls, spots, eyes).T).all()
    for i, a in enumerate(eyes):
        for j, b in enumerate(spots):
            if a[:2] != b[:2]:
                assert there[i, j] == oracle(shapes, heights, a, b)


@settings(max_examples=60)
@given(blocks(), points, st.lists(st.integers(0, 359), min_size=1, max_size=5), st.integers(20, 200))
def test_reach_ends_where_sight_ends_and_never_shrinks_with_the_limit(made, eye, bearings, limit):
    shapes, heights = made
    walls = walls_of(shapes, height_m=np.array(heights, dtype=float))
    short = reach_m(walls, [eye], bearings, float(limit), to_z_m=1.7)[0]
    far = reach_m(walls, [eye], bearings, 2.0 * limit, to_z_m=1.7)[0]
    assert (short <= limit).all()
    assert (far >= short - 1e-9).all()
    for bearing, reach in zip(np.radians(bearings), short, strict=True):
        way = np.array([np.sin(bearing), np.cos(bearing)])
        if reach > 0.01:  # just short of the end of sight one sees; the end itself may be a wall
            spot = (*(np.array(eye[:2]) + way * (reach - 1e-3)), 1.7)
            assert sees(walls, [eye], [spot])[0, 0]
        if reach < limit:
            for beyond in np.linspace(reach + 0.01, limit, 7):
                spot = (*(np.array(eye[:2]) + way * beyond), 1.7)
                assert not sees(walls, [eye], [spot])[0, 0]


@settings(max_examples=60)
@given(
    blocks(), st.lists(points, min_size=1, max_size=5), st.lists(st.integers(-5, 120), min_size=5, max_size=5)
)
def test_ground_seen_is_all_stars_of_sight_but_for_what_is_near_to_each_eye(made, eyes, near):
    shapes, heights = made
    walls, limit_m = walls_of(shapes, height_m=np.array(heights, dtype=float)), 150.0
    eyes, near = np.array(eyes), np.array(near[: len(eyes)], dtype=float)
    bearings = np.arange(0.0, 360.0, 3.0)
    reach = np.maximum(reach_m(walls, eyes, bearings, limit_m, to_z_m=1.7), 0.01)
    angle = np.radians(bearings)
    stars = eyes[:, None, :2] + reach[:, :, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    whole = shapely.union_all(shapely.polygons(stars))
    assert (
        seen_ground(walls, eyes, limit_m, to_z_m=1.7, near_m=np.zeros(len(eyes)))
        .symmetric_difference(whole)
        .area
        < 1e-2
    )
    seen = seen_ground(walls, eyes, limit_m, to_z_m=1.7, near_m=near)
    assert seen.is_valid
    assert seen.difference(whole).area < 1e-2
    spots = shapely.buffer(shapely.points(eyes[:, :2]), np.maximum(near, 0) * 1.01, quad_segs=32)
    assert whole.difference(seen).difference(shapely.union_all(spots)).area < 1e-2


def test_a_building_between_hides_and_its_removal_shows():
    house = box(40, -10, 60, 10)
    a, b = [(0, 0, 1.7)], [(100, 0, 1.7)]
    assert not sees(walls_of([house]), a, b)[0, 0]
    assert sees(walls_of([]), a, b)[0, 0]


def test_a_line_through_two_corners_of_a_building_is_stopped():
    assert not sees(walls_of([box(-10, -10, 10, 10)]), [(-50, -50, 1.7)], [(50, 50, 1.7)])[0, 0]


def test_a_courtyard_sees_itself_but_not_the_street():
    ring = Polygon(box(-30, -30, 30, 30).exterior, [box(-20, -20, 20, 20).exterior])
    walls = walls_of([ring])
    assert sees(walls, [(-10, 0, 1.7)], [(10, 0, 1.7)])[0, 0]
    assert not sees(walls, [(0, 0, 1.7)], [(60, 0, 1.7)])[0, 0]


def test_from_a_height_one_sees_over_low_buildings_only():
    low, high = (
        walls_of([box(40, -10, 60, 10)], height_m=6.0),
        walls_of([box(40, -10, 60, 10)], height_m=40.0),
    )
    assert sees(low, [(0, 0, 30.0)], [(200, 0, 1.7)])[0, 0]
    assert not sees(high, [(0, 0, 30.0)], [(200, 0, 1.7)])[0, 0]
    assert not sees(low, [(0, 0, 30.0)], [(62, 0, 1.7)])[0, 0]  # in the shadow behind the wall


def test_one_sees_beneath_a_raised_part_and_a_roof_on_posts():
    walls = walls_of([box(40, -10, 60, 10)], height_m=20.0, min_height_m=5.0)
    assert sees(walls, [(0, 0, 1.7)], [(100, 0, 1.7)])[0, 0]
    assert not sees(walls, [(0, 0, 8.0)], [(100, 0, 8.0)])[0, 0]
    assert walls_of([box(40, -10, 60, 10)], kind="roof").count == 0


def test_heights_come_from_the_tag_then_the_storeys_then_are_assumed():
    shapes = [box(0, 0, 1, 1)] * 3
    frame = table(shapes, height_m=[12.0, np.nan, np.nan], levels=[9.0, 4.0, np.nan])
    heights, assumed = heights_m(frame, SITING)
    assert heights.tolist() == [12.0, 4 * SITING.level_height_m, SITING.assumed_height_m]
    assert assumed.tolist() == [False, False, True]
    walls = build_walls(frame, SITING)
    assert (walls.count, walls.assumed_heights) == (3, 1)
    assert (walls.count_within(-5, -5, 5, 5), walls.assumed_within(-5, -5, 5, 5)) == (3, 1)
    assert walls.count_within(50, 50, 60, 60) == 0
    for box_m in [(-5, -5, 5, 5), (50, 50, 60, 60), (900, 900, 901, 901), (-300, -300, 300, 300)]:
        assert walls.any_within(*box_m) == (walls.count_within(*box_m) > 0)


@settings(max_examples=40)
@given(blocks(), st.lists(points, min_size=1, max_size=4), st.lists(points, min_size=4, max_size=9))
def test_groups_are_seen_when_any_of_their_points_is(made, eyes, spots):
    shapes, heights = made
    walls = walls_of(shapes, height_m=np.array(heights, dtype=float))
    groups = np.array([0, 1, 3, len(spots), len(spots)])
    each = [bool(row.any()) for row in sees(walls, spots, eyes, 150.0)]
    expected = [any(each[a:b]) for a, b in itertools.pairwise(groups)]
    assert seen_by_any(walls, groups, spots, eyes, 150.0).tolist() == expected


def test_points_beyond_the_limit_count_as_not_seen():
    assert not sees(walls_of([]), [(0, 0, 1.7)], [(0, 101, 1.7)], 100.0)[0, 0]
    assert sees(walls_of([]), [(0, 0, 1.7)], [(0, 99, 1.7)], 100.0)[0, 0]


@pytest.mark.parametrize("spread_m", [1e5, 1e6])
def test_a_huge_area_does_not_make_a_huge_grid(spread_m):
    walls = walls_of(
        [box(0, 0, 10, 10), box(spread_m, spread_m, spread_m + 10, spread_m + 10)], height_m=TALL_M
    )
    assert walls.shape[0] * walls.shape[1] < 5_000_000
    assert not sees(walls, [(-5, 5, 1.7)], [(20, 5, 1.7)])[0, 0]

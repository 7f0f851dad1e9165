"""Distances from many shapes to one ground, against shapely's."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from planner.ground.apart import HAIR_M, Outlines

_Sized = tuple[tuple[int, int], int, int, int, bool]
_SPOT = st.tuples(st.integers(0, 60), st.integers(0, 60))
_SIZES = st.tuples(_SPOT, st.integers(1, 30), st.integers(1, 30), st.integers(0, 359), st.booleans())


def _ground(spot: tuple[int, int], wide: int, high: int, turn_deg: int, holed: bool) -> BaseGeometry:
    x, y = spot
    shape: BaseGeometry = shapely.box(x, y, x + wide, y + high)
    if holed:
        shape = shape.difference(shapely.box(x + wide / 4, y + high / 4, x + wide / 2, y + high / 2))
    return shapely.affinity.rotate(shape, turn_deg)


@settings(max_examples=150, deadline=None)
@given(st.lists(_SIZES, min_size=1, max_size=5), st.lists(_SIZES, min_size=1, max_size=3))
def test_measures_as_shapely_does(own: list[_Sized], others: list[_Sized]) -> None:
    shapes = np.array([_ground(*sizes) for sizes in own], dtype=object)
    ground = shapely.union_all([_ground(*sizes) for sizes in others])
    wanted = shapely.distance(shapes, ground)
    assert Outlines.of(shapes).apart_m(ground) == pytest.approx(
        np.where(wanted < HAIR_M, 0, wanted), abs=1e-9
    )


def test_what_lies_in_a_hole_is_apart_and_what_lies_within_is_not() -> None:
    ring = shapely.box(0, 0, 100, 100).difference(shapely.box(20, 20, 80, 80))
    shapes = np.array([shapely.box(40, 40, 50, 50), shapely.box(5, 5, 9, 9), shapely.box(-50, -50, 200, 200)])
    outlines = Outlines.of(np.array(shapes, dtype=object))
    assert outlines.apart_m(ring).tolist() == [20.0, 0.0, 0.0]
    assert outlines.apart_m(ring, np.array([0])).tolist() == [20.0]


def test_sides_are_those_of_every_ring_of_every_shape() -> None:
    ring = shapely.box(0, 0, 100, 100).difference(shapely.box(20, 20, 80, 80))
    sieve = shapely.box(0, 0, 9, 9).difference(
        shapely.union_all([shapely.box(k, 2, k + 1, 6) for k in (1, 3, 7)])
    )
    shapes = np.array([shapely.box(0, 0, 1, 1), ring, shapely.Polygon(), sieve, ring], dtype=object)
    outlines = Outlines.of(shapes)
    corners = shapely.get_num_coordinates(shapely.get_rings(shapes))
    assert np.flatnonzero(outlines.ends_ring).tolist() == (np.cumsum(corners) - 1).tolist()


def test_points_lines_and_nothing_are_measured_too() -> None:
    shapes = np.array(
        [
            shapely.Point(0, 0),
            shapely.LineString([(0, 3), (9, 3)]),
            shapely.Polygon(),
            shapely.box(7, 0, 9, 1),
        ],
        dtype=object,
    )
    parts = shapely.union_all([shapely.box(3, -1, 5, 1), shapely.box(50, 50, 51, 51)])
    metres = Outlines.of(shapes).apart_m(parts)
    assert metres[[0, 1, 3]].tolist() == [3.0, 2.0, 2.0]
    assert np.isnan(metres[2])
    assert np.isnan(Outlines.of(shapes).apart_m(shapely.Polygon())).all()
    assert Outlines.of(shapes[:0]).apart_m(parts).shape == (0,)


def test_lines_within_reach_are_as_far_off_as_shapely_says() -> None:
    rng = np.random.default_rng(4)
    round_ones = [shapely.Point(x, 80).buffer(9, quad_segs=16) for x in (10, 60)]  # of many sides
    turned = [_ground((x, x), 20, 30, x, True) for x in range(0, 60, 9)]
    shapes = np.array([*turned, *round_ones, shapely.Point(30, 70)], dtype=object)
    points = rng.uniform(0, 100, (40, 3, 2))
    lines = np.asarray(shapely.linestrings(points), dtype=object)
    first = np.arange(0, 121, 3)
    for array in (points, first):
        array.flags.writeable = False  # as a map's are: what is tested is what is compiled for those
    shape, line = np.indices((len(shapes), len(lines))).reshape(2, -1)
    metres = Outlines.of(shapes).to_lines(shape, line, points.reshape(-1, 2), first, 12.0)
    wanted = shapely.distance(shapes[shape], lines[line])
    near = wanted <= 12.0
    np.testing.assert_allclose(metres[near], wanted[near], atol=1e-9)
    assert (metres[~near] > 12.0).all()

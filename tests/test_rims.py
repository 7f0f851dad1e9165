"""Points about rims, against shapely's simplifying, widening and dividing, one after the other."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from planner.ground.rims import points_around
from planner.ground.targets import thin

_SPOT = st.tuples(st.integers(-400, 400), st.integers(-400, 400))
_ROUND = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(4, 40), st.booleans())


def _as_shapely(shape: shapely.Polygon, tolerance_m: float, out_m: float, spacing_m: float) -> np.ndarray:
    wide = shapely.buffer(shapely.simplify(shape, tolerance_m), out_m, join_style="mitre")
    return shapely.get_coordinates(shapely.segmentize(wide, spacing_m))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_SPOT, min_size=3, max_size=12), min_size=1, max_size=5))
def test_points_are_those_of_shapely_where_no_corner_is_sharp(spots: list[list[tuple[int, int]]]) -> None:
    hulls = [shapely.convex_hull(shapely.MultiPoint(xy)).buffer(2.0, quad_segs=3) for xy in spots]
    points, start = points_around(np.array(hulls, dtype=object), 1.0, 0.25, 8.0, 10_000)
    assert len(start) == len(hulls) + 1
    for k, hull in enumerate(hulls):
        np.testing.assert_allclose(
            points[start[k] : start[k + 1]], _as_shapely(hull, 1.0, 0.25, 8.0), atol=1e-6
        )


@settings(max_examples=150, deadline=None)
@given(st.lists(_ROUND, min_size=1, max_size=4), st.integers(1, 40))
def test_points_lie_a_hair_outside_any_ground(rounds: list[tuple[int, int, int, bool]], most: int) -> None:
    circles = [shapely.Point(x, y).buffer(r) for x, y, r, _ in rounds]
    holes = [circle.buffer(-2.0) for circle, (*_, holed) in zip(circles, rounds, strict=True) if holed]
    ground = shapely.union_all(circles).difference(shapely.union_all(holes))
    points, start = points_around(np.array([ground], dtype=object), 1.0, 0.25, 8.0, most)
    assert len(points) == start[-1] == min(len(_as_all(ground)), most)
    spots = shapely.points(points)
    assert (shapely.distance(spots, ground.boundary) < 1.0 + 5 * 0.25 + 1e-6).all()
    assert not shapely.contains(shapely.buffer(ground, -1.0), spots).any()


def _as_all(ground: BaseGeometry) -> np.ndarray:
    return points_around(np.array([ground], dtype=object), 1.0, 0.25, 8.0, 10_000)[0]


def test_what_is_no_polygon_is_looked_at_all_round_and_what_is_empty_not_at_all() -> None:
    shapes = np.array([shapely.Point(5, 7), shapely.Polygon(), shapely.box(0, 0, 10, 10)], dtype=object)
    points, start = points_around(shapes, 1.0, 0.25, 100.0, 24)
    assert start[1] == start[2] > 2
    assert (np.hypot(*(points[: start[1]] - (5, 7)).T) < 1.0).all()
    corners = {(-0.25, -0.25), (-0.25, 10.25), (10.25, 10.25), (10.25, -0.25)}
    assert set(map(tuple, points[start[2] :].tolist())) == corners


@given(st.integers(0, 4000), st.integers(1, 400))
def test_points_that_are_thinned_are_each_another_and_in_their_order(count: int, most: int) -> None:
    kept = thin(np.arange(2 * count, dtype=float).reshape(-1, 2), most)
    assert len(kept) == min(count, most)
    assert (np.diff(kept[:, 0]) > 0).all()

"""What lies within a region by boxes alone, against shapely's predicates, and what cutting leaves."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from planner.ground.regions import ACROSS, OUTSIDE, WITHIN, cut_to, lines_within, where_boxes_lie

_BOX = st.tuples(st.integers(-40, 90), st.integers(-40, 90), st.integers(0, 30), st.integers(0, 30))
_LINE = st.lists(st.tuples(st.integers(-40, 90), st.integers(-40, 90)), min_size=2, max_size=6)
_ROUND = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(2, 40), st.booleans())


def _region(rounds: list[tuple[int, int, int, bool]]) -> BaseGeometry:
    circles = [shapely.Point(x + 0.123, y).buffer(r) for x, y, r, _ in rounds]
    holes = [circle.buffer(-1) for circle, (_, _, _, holed) in zip(circles, rounds, strict=True) if holed]
    return shapely.union_all(circles).difference(shapely.union_all(holes))


@settings(max_examples=150, deadline=None)
@given(st.lists(_BOX, min_size=1, max_size=12), st.lists(_ROUND, min_size=1, max_size=4))
def test_boxes_lie_where_shapely_says(
    boxes: list[tuple[int, int, int, int]], rounds: list[tuple[int, int, int, bool]]
) -> None:
    shapes = np.array([shapely.box(x, y, x + dx, y + dy) for x, y, dx, dy in boxes], dtype=object)
    region = _region(rounds)
    lie = where_boxes_lie(shapely.bounds(shapes), region)
    assert shapely.covers(region, shapes[lie == WITHIN]).all()
    assert not shapely.intersects(region, shapes[lie == OUTSIDE]).any()
    clear = shapely.distance(region.boundary, shapes) > 0.01
    assert (lie[clear] != ACROSS).all()
    cut, wanted = cut_to(shapes, region), shapely.intersection(shapes, region)
    np.testing.assert_allclose(shapely.area(cut), shapely.area(wanted), atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=8), st.lists(_ROUND, min_size=1, max_size=4))
def test_lines_are_cut_as_shapely_cuts_them(
    lines: list[list[tuple[int, int]]], rounds: list[tuple[int, int, int, bool]]
) -> None:
    region, shapes = _region(rounds), np.array([shapely.LineString(line) for line in lines], dtype=object)
    first = np.cumsum([0, *map(len, lines)])
    xy_m = np.array([point for line in lines for point in line], dtype=np.float64)
    for array in (xy_m, first):
        array.flags.writeable = False  # as a map's are: what is tested is what is compiled for those
    asked = np.arange(len(lines))[::-1].copy()
    parts = lines_within(xy_m, first, asked, shapely.bounds(shapes), region)
    owner = np.repeat(np.arange(len(parts.line)), np.diff(parts.start))
    cut = shapely.linestrings(parts.xy_m, indices=owner) if len(owner) else np.empty(0, dtype=object)
    length_m = np.bincount(parts.line, weights=shapely.length(cut), minlength=len(lines))
    wanted_m = shapely.length([shapely.intersection(shape, region) for shape in shapes[asked]])
    # What lies on itself counts once in shapely's cut and as often as it is passed in these.
    single = shapely.length(shapely.union_all(shapes[asked].reshape(-1, 1), axis=1))
    once = single == shapely.length(shapes[asked])
    np.testing.assert_allclose(length_m[once], wanted_m[once], atol=1e-6)
    assert (shapely.distance(cut, region) < 1e-9).all()
    middles = shapely.line_interpolate_point(cut, 0.5, normalized=True)
    assert (shapely.distance(middles, region) < 1e-9).all()
    assert not shapely.crosses(shapely.buffer(region, 1e-6).boundary, cut).any()


def test_nothing_lies_within_an_empty_region_and_what_is_empty_lies_outside() -> None:
    bounds_m = shapely.bounds(np.array([shapely.box(0, 0, 1, 1), shapely.Polygon()], dtype=object))
    assert where_boxes_lie(bounds_m, shapely.Polygon()).tolist() == [OUTSIDE, OUTSIDE]
    assert where_boxes_lie(bounds_m, shapely.box(-1, -1, 2, 2)).tolist() == [WITHIN, OUTSIDE]

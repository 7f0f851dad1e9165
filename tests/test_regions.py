"""What lies within a region by boxes alone, against shapely's predicates, and what cutting leaves."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.ground.regions import ACROSS, OUTSIDE, WITHIN, cut_to, where_boxes_lie

_BOX = st.tuples(st.integers(-40, 90), st.integers(-40, 90), st.integers(0, 30), st.integers(0, 30))
_ROUND = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(2, 40), st.booleans())


@settings(max_examples=150, deadline=None)
@given(st.lists(_BOX, min_size=1, max_size=12), st.lists(_ROUND, min_size=1, max_size=4))
def test_boxes_lie_where_shapely_says(
    boxes: list[tuple[int, int, int, int]], rounds: list[tuple[int, int, int, bool]]
) -> None:
    shapes = np.array([shapely.box(x, y, x + dx, y + dy) for x, y, dx, dy in boxes], dtype=object)
    circles = [shapely.Point(x, y).buffer(r) for x, y, r, _ in rounds]
    holes = [circle.buffer(-1) for circle, (_, _, _, holed) in zip(circles, rounds, strict=True) if holed]
    region = shapely.union_all(circles).difference(shapely.union_all(holes))
    lie = where_boxes_lie(shapely.bounds(shapes), region)
    assert shapely.covers(region, shapes[lie == WITHIN]).all()
    assert not shapely.intersects(region, shapes[lie == OUTSIDE]).any()
    clear = shapely.distance(region.boundary, shapes) > 0.01
    assert (lie[clear] != ACROSS).all()
    cut, wanted = cut_to(shapes, shapely.bounds(shapes), region), shapely.intersection(shapes, region)
    np.testing.assert_allclose(shapely.area(cut), shapely.area(wanted), atol=1e-6)


def test_nothing_lies_within_an_empty_region_and_what_is_empty_lies_outside() -> None:
    bounds_m = shapely.bounds(np.array([shapely.box(0, 0, 1, 1), shapely.Polygon()], dtype=object))
    assert where_boxes_lie(bounds_m, shapely.Polygon()).tolist() == [OUTSIDE, OUTSIDE]
    assert where_boxes_lie(bounds_m, shapely.box(-1, -1, 2, 2)).tolist() == [WITHIN, OUTSIDE]

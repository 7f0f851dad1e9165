"""Laws of ground marked out among several users."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.sites.lots import mark_out

sizes = st.floats(20, 300)
needs = st.lists(st.floats(0, 5000), min_size=1, max_size=4).filter(lambda n: sum(n) > 1)


@given(sizes, sizes, st.floats(-400, 400), st.floats(-400, 400), needs)
def test_parts_are_in_proportion_apart_and_within_the_ground(width, height, x, y, needs_m2):
    ground = shapely.box(0, 0, width, height)
    parts = mark_out(ground, (x, y), needs_m2)
    assert len(parts) == len(needs_m2)
    assert sum(part.area for part in parts) <= ground.area * 1.001
    for part, need in zip(parts, needs_m2, strict=True):
        assert part.area == pytest.approx(
            ground.area * need / sum(needs_m2), rel=0.01, abs=ground.area * 1e-3
        )
        assert part.difference(ground.buffer(0.01)).area < 1e-6
    for k, part in enumerate(parts):
        assert all(part.intersection(other).area < 1e-3 for other in parts[:k])


def test_the_first_part_lies_by_the_entrance():
    first, second = mark_out(shapely.box(0, 0, 100, 20), (-5, 10), (1, 1))
    assert first.distance(shapely.Point(-5, 10)) < second.distance(shapely.Point(-5, 10))


def test_a_kerb_entered_in_its_middle_is_cut_across_and_not_along() -> None:
    bend = shapely.LineString([(0, 0), (50, 3), (100, 0)]).buffer(3, cap_style="flat")
    parts = mark_out(bend, (50, 3), (1, 1, 1))
    for part in parts:
        west, _, east, _ = part.bounds
        assert 30 < east - west < 40

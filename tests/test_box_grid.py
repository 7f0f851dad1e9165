"""The grid finds the boxes that a look at all of them finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.streets.box_grid import lay_boxes

METRES = st.floats(-3000, 3000, width=32) | st.integers(-12, 12).map(lambda k: 250.0 * k)


@given(
    first=arrays(np.float64, st.tuples(st.integers(0, 30), st.just(2)), elements=METRES),
    sizes=st.lists(st.floats(0, 9000), min_size=1, max_size=5),
    box=st.tuples(METRES, METRES, st.floats(0, 4000), st.floats(0, 4000)),
)
def test_boxes_that_meet_a_box_are_found(first, sizes, box):
    size = np.resize(sizes, first.shape)
    bounds = np.hstack([first, first + size])
    west, south, width, height = box
    asked = (west, south, west + width, south + height)
    near = lay_boxes(bounds).meeting(asked)
    meets = (bounds[:, 0] <= asked[2]) & (bounds[:, 2] >= asked[0])
    meets &= (bounds[:, 1] <= asked[3]) & (bounds[:, 3] >= asked[1])
    assert np.array_equal(near, np.flatnonzero(meets))


def test_no_box_meets_nothing():
    grid = lay_boxes(np.array([[0.0, 0.0, 10.0, 10.0]]))
    assert not len(grid.meeting((np.nan, np.nan, np.nan, np.nan)))

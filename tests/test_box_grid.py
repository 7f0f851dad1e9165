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


@given(
    first=arrays(np.float64, st.tuples(st.integers(0, 30), st.just(2)), elements=METRES),
    sizes=st.lists(st.floats(0, 9000), min_size=1, max_size=5),
    asked=st.lists(st.tuples(METRES, METRES, st.floats(0, 4000), st.floats(0, 4000)), max_size=4),
    bits=st.integers(0, 2**30 - 1),
)
def test_pairs_of_boxes_that_meet_are_told_once(first, sizes, asked, bits):
    size = np.resize(sizes, first.shape)
    bounds = np.hstack([first, first + size])
    wanted = np.array([bool(bits >> k & 1) for k in range(len(first))], dtype=bool)
    corner, wide = np.array(asked).reshape(-1, 2, 2).transpose(1, 0, 2)
    boxes = np.vstack([np.hstack([corner, corner + wide]), np.full((1, 4), np.nan)])
    pairs = np.column_stack(lay_boxes(bounds).pairs(boxes, wanted))
    meets = (bounds[:, :2] <= boxes[:, None, 2:]) & (bounds[:, 2:] >= boxes[:, None, :2])
    assert sorted(pairs.tolist()) == np.argwhere(meets.all(axis=2) & wanted).tolist()
    assert (np.diff(pairs[:, 0]) >= 0).all()


def test_no_box_meets_nothing():
    grid = lay_boxes(np.array([[0.0, 0.0, 10.0, 10.0]]))
    assert not len(grid.meeting((np.nan, np.nan, np.nan, np.nan)))

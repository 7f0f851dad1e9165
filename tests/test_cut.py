"""Where lines touch ground, whatever the lines are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapely.geometry import LineString, box

from planner.perimeters.cut import _span

GROUND = box(-2, -2, 3, 3)
NO_LENGTH = LineString([(1, 1), (1, 1)])
THROUGH = LineString([(-5, 0), (5, 0)])
INTO = LineString([(0, -5), (0, 0)])
SPANS = {NO_LENGTH: (0.0, 0.0), THROUGH: (3.0, 8.0), INTO: (3.0, 5.0)}


@pytest.mark.parametrize("lines", list(itertools.permutations(SPANS)))
def test_an_edge_without_length_takes_no_other_edges_span(lines):
    first, last = _span(np.array(lines, dtype=object), GROUND)
    assert list(zip(first, last, strict=True)) == [SPANS[line] for line in lines]


def test_no_lines_have_no_spans():
    first, last = _span(np.empty(0, dtype=object), GROUND)
    assert len(first) == len(last) == 0

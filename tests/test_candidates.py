"""By which streets ground is entered: what is kept of it, against what is found anew, and by shapely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.sites.candidates import Lanes, streets_beside, streets_near
from tests.town import town

TOWN = town()
_SPOT = st.tuples(st.integers(-300, 300), st.integers(-300, 300), st.integers(5, 120))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(_SPOT, min_size=1, max_size=6, unique=True), st.sampled_from([60.0, 150.0]), st.integers(0, 9)
)
def test_streets_near_a_ground_are_the_usable_ones_kept_or_found_anew(spots, reach_m, seed):
    area, random = replace(TOWN), np.random.default_rng(seed)
    shapes = np.array([shapely.box(x, y, x + side, y + side) for x, y, side in spots], dtype=object)
    drivable = area.network.drivable
    for _ in range(2):  # with other streets usable than the first time
        usable = drivable & (random.random(len(drivable)) < 0.7)
        lanes = Lanes(area.network, usable, (-250.0, -200.0, 300.0, 350.0))
        anew = streets_beside(shapes, lanes, area, reach_m)
        kept = streets_beside(shapes, lanes, area, reach_m, list(shapes))
        assert [edges.tolist() for edges in kept] == [edges.tolist() for edges in anew]
        gap_m = shapely.distance(shapes[:, None], area.network.lines(lanes.edges))
        wanted = [lanes.edges[row <= reach_m].tolist() for row in np.round(gap_m, 1)]
        assert [sorted(edges.tolist()) for edges in anew] == wanted
    assert set(streets_near(area, reach_m).of) == set(shapes)

"""The cut that judges ours looks as far as ours does, over the same streets."""

from __future__ import annotations

import pytest
from shapely.geometry import Point

from benchmarks.independent_cut import RawWays, limit_of_search, max_flow
from planner.perimeters.band import JUNCTION_MARGIN_M, Band
from tests.streets import draw_streets
from tests.test_perimeter import area_of, doctrine

CORE, REACH_M = Point(0, 0).buffer(30), 400.0
PLACES = [(0, 0), (300, 0), (300, 50), (900, 0), (600, 25), (900, 25)]
OUT = [{"u": 0, "v": 1}, {"u": 0, "v": 2}, {"u": 1, "v": 3}]
SWINGS = [{"u": 1, "v": 2, "via": [(600, 0), (600, 50)]}]
"""Out over the limit and back, between two junctions within it."""
MEETS = [{"u": 1, "v": 4}, {"u": 4, "v": 2}, {"u": 4, "v": 5}]
"""The same, but it meets another street out there."""


@pytest.mark.parametrize(("streets", "ways_out"), [(SWINGS, 1), (MEETS, 2)])
def test_a_street_that_swings_out_over_the_limit_leads_out_only_where_it_meets_another(streets, ways_out):
    area = area_of(draw_streets(PLACES, [*OUT, *streets]))
    ways = RawWays(area.network)
    band = Band.around(CORE, REACH_M, area, doctrine().perimeters, area.network.no_closures())

    limit = limit_of_search(ways, CORE, REACH_M)

    assert max_flow(ways, CORE.buffer(JUNCTION_MARGIN_M), limit) == ways_out
    assert len(band.cut_vehicles().cut.severed) == ways_out

"""Laws of ground that nobody mapped: free of all that is mapped, said to be so, and behind mapped ground."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from planner.area import Area
from planner.audit import audit_plan
from planner.geo import LonLat
from planner.model import Incident, Plan
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.sites.blocks import blocks_of
from planner.sites.candidates import FOUND
from planner.terms import OPEN_BY_MAP, ThreatName
from tests.test_sites import SITING, montevideo, solve
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.HANDGUN)
SPARSE = replace(shipped_doctrine(), siting=replace(SITING, grid_streets_m=10_000.0))
"""Doctrine by which no grid of streets is dense: elsewhere the town's kerbs serve before such ground."""
UNBUILT = "it may be built over"


@lru_cache(maxsize=2)
def bare(*, built: bool) -> Area:
    """The town without any mapped ground, and without its buildings if so asked."""
    area = town()
    return replace(
        area, places=area.places.rows(slice(0)), buildings=area.buildings.rows(slice(None if built else 0))
    )


@lru_cache(maxsize=2)
def bare_plan(*, built: bool) -> Plan:
    return make_plan(INCIDENT, bare(built=built), SPARSE)


def found_checks(plan: Plan, area: Area) -> list[bool]:
    checks = audit_plan(plan, area, shipped_doctrine()).checks
    return [check.ok for check in checks if check.check == "site_mapped"]


@pytest.mark.parametrize("area", [town(), bare(built=True)], ids=["town", "without grounds"])
def test_open_ground_lies_on_nothing_mapped_and_is_nowhere_too_narrow(area):
    everywhere = box(-600, -600, 600, 600)
    pieces = np.array(blocks_of(area, SITING).pieces(everywhere, everywhere.centroid), dtype=object)
    assert len(pieces) > 3
    streets = area.network.lines(np.flatnonzero(area.network.drivable))
    for others in (area.buildings.shapes, area.places.shapes, streets):
        others = np.asarray(others, dtype=object)
        if len(others):
            assert shapely.distance(pieces[:, None], others[None, :]).min() > SITING.found_clear_m - 0.5
    half_m = SITING.found_width_m / 2
    wide = shapely.buffer(shapely.buffer(pieces, -0.7 * half_m), half_m + 0.1)
    assert shapely.covers(wide, pieces).all()
    assert (shapely.area(pieces) >= SITING.found_least_m2).all()


@pytest.mark.parametrize("built", [True, False])
def test_where_no_ground_is_mapped_open_ground_is_offered_and_said_to_be_that(built):
    plan = bare_plan(built=built)
    sites = [site for site in plan.sites if site.name.startswith(OPEN_BY_MAP)]
    assert sites
    for site in sites:
        assert "not mapped as ground for use" in site.reason
        assert any(c.startswith(OPEN_BY_MAP) and "is not known" in c for c in site.cautions)
        assert any(UNBUILT in caution for caution in site.cautions) or built
    checks = found_checks(plan, bare(built=built))
    assert checks
    assert all(checks)


def test_where_the_map_has_ground_enough_nothing_is_invented():
    few = replace(shipped_doctrine(), siting=replace(SITING, mapped_enough=0))
    for doctrine, offered in ((few, False), (shipped_doctrine(), True)):
        candidates = solve(INCIDENT, bare(built=True), doctrine).chosen.write.facts.candidates
        assert any(c.kind == FOUND for c in candidates) == offered


def test_all_else_equal_mapped_ground_scores_more():
    facts = solve(INCIDENT, bare(built=True)).chosen.write
    row = next(k for k, c in enumerate(facts.facts.candidates) if c.kind == FOUND)
    for judged in facts.judged.values():
        if FOUND in judged.asks.kinds:
            mapped = replace(facts.facts.candidates[row], kind="park", firmness=0.4)
            there = list(facts.facts.candidates)
            there[row] = mapped
            same = replace(facts.facts, candidates=tuple(there), _columns={})
            scores = [
                sum(
                    float(c.measure(f, facts.demand, SITING)[1][row]) * getattr(SITING, c.weight)
                    for c in judged.asks.criteria
                )
                for f in (facts.facts, same)
            ]
            assert scores[0] < scores[1], judged.asks.purpose


@pytest.mark.parametrize("built", [True, False])
def test_in_a_dense_grid_without_buildings_open_ground_is_taken_only_where_nothing_else_serves(built):
    area = bare(built=built)
    blocks = blocks_of(area, SITING)
    everywhere = box(-600, -600, 600, 600)
    pieces = np.array(blocks.pieces(everywhere, everywhere.centroid), dtype=object)
    side = SITING.grid_m / 2
    lines = area.network.lines(np.flatnonzero(area.network.drivable))
    for piece, told in zip(pieces, blocks.likely_built(pieces), strict=True):
        x, y = piece.centroid.x, piece.centroid.y
        square = box(x - side, y - side, x + side, y + side)
        streets_m = shapely.length(shapely.intersection(lines, square)).sum() / square.area * 10_000
        built_m2 = shapely.area(shapely.intersection(area.buildings.shapes, square)).sum()
        assert told == (streets_m >= SITING.grid_streets_m and built_m2 < SITING.grid_built * square.area)
    dense = replace(shipped_doctrine(), siting=replace(SITING, grid_streets_m=1.0, grid_built=1.0))
    result = solve(INCIDENT, area, dense)
    assert any(c.likely_built for c in result.chosen.write.facts.candidates)
    told = {notice.about for notice in result.chosen.notices}
    for site in result.chosen.firsts:
        if site.name.startswith(OPEN_BY_MAP):
            assert site.id in told
            assert any("likely built over" in caution for caution in site.cautions)


@pytest.mark.parametrize(("lon", "lat"), [(-56.2045, -34.9065), (-56.16755, -34.8983)])
def test_the_command_post_is_not_put_into_a_block_of_a_city(lon, lat):
    incident = Incident(location=LonLat(lon, lat), threat=ThreatName.KNIFE)
    for site in solve(incident, montevideo()).chosen.firsts:
        assert not site.name.startswith(OPEN_BY_MAP), site.id


def test_the_audit_refuses_open_ground_that_hides_what_it_is():
    plan, area = bare_plan(built=False), bare(built=False)
    row = next(k for k, site in enumerate(plan.sites) if site.name.startswith(OPEN_BY_MAP))
    site = plan.sites[row]
    silent = tuple(c for c in site.cautions if UNBUILT not in c)
    for changed in (
        replace(site, cautions=()),
        replace(site, cautions=silent),
        replace(site, name="Park"),
    ):
        sites = (*plan.sites[:row], changed, *plan.sites[row + 1 :])
        assert not all(found_checks(replace(plan, sites=sites), area))

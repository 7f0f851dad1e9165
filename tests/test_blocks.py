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
from planner.model import Incident, Plan
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.sites.blocks import blocks_of
from planner.sites.candidates import FOUND
from planner.terms import OPEN_BY_MAP, ThreatName
from tests.test_sites import SITING, solve
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.HANDGUN)
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
    return make_plan(INCIDENT, bare(built=built), shipped_doctrine())


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

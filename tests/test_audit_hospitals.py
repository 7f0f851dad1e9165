"""Would the audit see a worse sharing, a forgotten reserve, a rate made up, an ambulance too few?"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from shapely.geometry import box

from planner.area import Area
from planner.audit.checks import Check
from planner.audit.hospitals import _range_problems, check_hospitals
from planner.audit.scene import Scene
from planner.audit.sharing import check_sharing
from planner.audit.streets import RawStreets
from planner.hospitals.patients import child_red_per_h, others_per_h, red_per_h, share_patients
from planner.hospitals.sending import send_patients
from planner.model import Casualties, HospitalOption, KeptPlaces, Plan, SiteTime, WalkIns
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import Purpose, TraumaLevel
from tests.test_hospitals import INCIDENT, fact, status
from tests.test_patients import busy_scene
from tests.test_routes import site, streets_around
from tests.town import town

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.transport


@cache
def good() -> tuple[Plan, Area]:
    """A plan of the town with three trauma centres, children and a hospital on diversion."""
    area = town()
    facts = (
        fact(area, -700, -700, "West Trauma", adult_level=TraumaLevel.I, beds=400, helipad=True),
        fact(area, 40_000, 0, "Far Trauma", adult_level=TraumaLevel.II, beds=300),
        fact(area, -600, 600, "Lakeside Children's Hospital", pediatric_level=TraumaLevel.I, beds=200),
        fact(area, 600, -600, "South Hospital", adult_level=TraumaLevel.III),
    )
    incident = replace(
        INCIDENT,
        casualties=Casualties(6, 7, 9),
        children=Casualties(2, 1, 1),
        units=(("ambulances", 3),),
        hospitals=(
            status(
                area, 600, -600, "South Hospital", diversion=True, red_per_h=2.0, keep=KeptPlaces(others=1)
            ),
        ),
    )
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100), site(area, Purpose.STAGING, -450, -200))
    streets = streets_around(area, outer_m=box(-300, -300, 300, 300))
    found = send_patients(incident, sites, streets, area, DOCTRINE, facts)
    plain = make_plan(replace(INCIDENT), area, DOCTRINE)
    hospitals = tuple(replace(h, route=None) for h in found.hospitals)
    plan = replace(plain, incident=incident, sites=sites, hospitals=hospitals, ambulances=found.ambulances)
    return plan, area


def broken(plan: Plan) -> set[tuple[str, str]]:
    area = good()[1]
    scene = Scene(plan, area, DOCTRINE, RawStreets.of(area.network))
    return {(check.check, check.about) for check in check_hospitals(scene) if not check.ok}


def changed(name: str, **changes: Any) -> Plan:
    plan, _ = good()
    assert name in {h.name for h in plan.hospitals}
    hospitals = tuple(replace(h, **changes) if h.name == name else h for h in plan.hospitals)
    return replace(plan, hospitals=hospitals)


def test_a_good_sharing_holds_and_is_no_empty_one() -> None:
    plan, _ = good()
    assert broken(plan) == set()
    assert sum(h.assigned.red for h in plan.hospitals) == 6
    assert sum(h.children.red for h in plan.hospitals) == 2
    assert sum(h.walk_ins.others for h in plan.hospitals) > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"red_per_h": 9.0},
        {"others_per_h": 100.0},
        {"child_red_per_h": 1.0},
        {"closed": True},
        {"assigned": Casualties(5, 0, 0)},
        {"assigned": Casualties(0, 9, 0)},
        {"children": Casualties(9, 0, 0)},
        {"children_only": True},
        {"times": (SiteTime("nowhere-1", 60.0, (1, 2)),)},
        {"times": (SiteTime("staging-1", 600.0, (1, 2)),)},
        {"helipad": None},
        {"sent": Casualties(1, 0, 0)},
    ],
)
def test_false_claims_about_one_hospital_are_found(changes: dict[str, Any]) -> None:
    assert ("hospital", "West Trauma") in broken(changed("West Trauma", **changes))


def test_patients_sent_where_the_coordinator_says_no_are_found() -> None:
    assert ("hospital", "South Hospital") in broken(changed("South Hospital", assigned=Casualties(0, 1, 0)))
    assert ("hospital", "South Hospital") in broken(changed("South Hospital", diversion=False))


def test_a_forgotten_reserve_is_found() -> None:
    plan, _ = good()
    assert next(h for h in plan.hospitals if h.name == "South Hospital").walk_ins.others == 1, "as said"
    keeps = next(h for h in plan.hospitals if h.walk_ins != WalkIns())
    assert ("walk_ins", "hospitals") in broken(changed(keeps.name, walk_ins=WalkIns()))


def test_a_plan_without_any_hospital_is_judged_too() -> None:
    plan, _ = good()
    found = broken(replace(plan, hospitals=()))
    assert not {check for check, _ in found} & {"walk_ins", "sharing"}


@pytest.mark.parametrize("colour", ["red", "yellow", "green"])
def test_one_patient_driven_further_than_need_be_or_left_out_is_found(colour: str) -> None:
    """Take one patient from the nearest that has any: to nowhere, or to a hospital of room further away."""
    plan, _ = good()
    giver = next(h for h in plan.hospitals if getattr(h.assigned, colour) > getattr(h.children, colour))
    less = replace(giver.assigned, **{colour: getattr(giver.assigned, colour) - 1})
    left_out = changed(giver.name, assigned=less)
    assert ("sharing", "hospitals") in broken(left_out)


def test_a_sharing_with_more_seconds_is_found() -> None:
    plan, _ = good()
    west = next(h for h in plan.hospitals if h.name == "West Trauma")
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    assert west.assigned.yellow > 0
    hospitals = tuple(
        replace(h, assigned=replace(h.assigned, yellow=h.assigned.yellow + step))
        for h, step in ((west, -1), (far, 1))
    )
    others = tuple(h for h in plan.hospitals if h not in (west, far))
    assert ("sharing", "hospitals") in broken(replace(plan, hospitals=(*hospitals, *others)))


def test_ambulances_too_few_or_too_fast_are_found() -> None:
    plan, _ = good()
    need = plan.ambulances
    assert need is not None
    assert need.last_red_min is not None
    late_min = max(h.time_range_min[1] for h in plan.hospitals if h.assigned.red and h.time_range_min)
    hasty = (need.last_red_min[0], late_min - 1)
    for false in (None, replace(need, needed=need.needed - 1), replace(need, last_red_min=hasty)):
        assert ("ambulances", "ambulances") in broken(replace(plan, ambulances=false))


def test_children_who_left_for_a_childrens_hospital_and_are_planned_again_are_found() -> None:
    plan, _ = good()
    taker = next(h for h in plan.hospitals if h.children.red)
    young = sum(h.children.red for h in plan.hospitals)
    gone = replace(taker, sent=Casualties(red=1), children_only=True)
    again = tuple(gone if h is taker else h for h in plan.hospitals)
    assert young == (plan.incident.children or Casualties()).red
    casualties = replace(plan.incident.casualties or Casualties(), red=99)
    many = replace(plan, incident=replace(plan.incident, casualties=casualties))
    assert ("patients", "hospitals") not in broken(many)
    assert ("patients", "hospitals") in broken(replace(many, hospitals=again))


def test_who_is_named_first_takes_ambulances_and_is_not_hours_past_another() -> None:
    plan, _ = good()
    (lead,) = (h for h in plan.hospitals if h.leads)
    other = next(h for h in plan.hospitals if not h.leads and not h.children_only and h.time_s is not None)
    found = ("hospitals", "named first")
    assert found not in broken(plan)
    hours_s = (lead.time_s or 0.0) + 60 * RULES.reds_further_min + 1
    late = replace(lead, adult_level=TraumaLevel.I, time_s=hours_s)
    for false in (
        (lead, replace(other, leads="as well")),
        (replace(lead, diversion=True), other),
        (replace(lead, time_s=None), other),
        (replace(other, time_s=0.0), late),
        (replace(other, time_s=0.0), replace(lead, adult_level=None)),
    ):
        assert found in broken(replace(plan, hospitals=false))
    assert found not in broken(replace(plan, hospitals=(replace(lead, leads=""), other))), (
        "an earlier version"
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_plans_sharing_is_the_optimum_of_highs(seed: int) -> None:
    wards, patients, children = busy_scene(random.Random(1000 + seed))
    shares = share_patients(patients, wards, RULES, children)
    plan, area = good()
    hospitals = tuple(
        HospitalOption(
            name=f"Hospital {k}",
            location=area.frame.place(0.0, 0.0),
            adult_level=ward.adult_level,
            pediatric_level=ward.pediatric_level,
            helipad=None,
            source="",
            as_of="",
            time_s=ward.time_s,
            time_range_min=None,
            off_map=False,
            red_per_h=red_per_h(ward, RULES),
            assigned=shares.assigned[k],
            route=None,
            child_red_per_h=child_red_per_h(ward, RULES),
            others_per_h=others_per_h(ward, RULES),
            children=shares.children[k],
            walk_ins=shares.walk_ins[k],
            spared="by the danger" if ward.detour_s else "",
            children_only=ward.for_children,
            closed=ward.closed,
            diversion=ward.diversion,
            sent=ward.sent,
        )
        for k, ward in enumerate(wards)
    )
    incident = replace(plan.incident, casualties=patients, children=children)
    made = replace(plan, hospitals=hospitals, incident=incident)
    scene = Scene(made, area, DOCTRINE, RawStreets.of(area.network))
    failures: list[Check] = [check for check in check_sharing(scene) if not check.ok]
    assert failures == []


@pytest.mark.parametrize(
    ("span_min", "time_s", "fits"),
    [
        ((1, 1), 0.0, True),
        ((1, 2), 61.0, True),
        ((2, 3), 30.0, False),
        ((0, 1), 90.0, False),
        (None, 5.0, False),
    ],
)
def test_a_time_lies_within_its_range_in_whole_minutes_one_at_least(span_min, time_s, fits):
    assert (not list(_range_problems(span_min, time_s))) is fits

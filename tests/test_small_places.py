"""Where there is hardly a street, sites stand by the roadside further out, or it is said why not."""

from __future__ import annotations

import pytest

from planner.area import Area
from planner.audit import audit_plan
from planner.geo import Frame, LonLat
from planner.model import HospitalFact, Incident, Pin, Plan
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import PerimeterName, Purpose, ThreatName
from tests.small_places import SMALL, cul_de_sac_island, desert_town, hamlet, only_this, spit
from tests.town import CENTRE

DOCTRINE = shipped_doctrine()
NEEDED = {
    Purpose.COMMAND_POST,
    Purpose.STAGING,
    Purpose.CASUALTY_COLLECTION,
    Purpose.AMBULANCE_EXCHANGE,
    Purpose.EVACUATION,
    Purpose.MEDIA,
}


def place(x_m: float, y_m: float) -> LonLat:
    return Frame(CENTRE).place(x_m, y_m)


def planned(area: Area, threat: str, x_m: float = 0, y_m: float = 0) -> Plan:
    return make_plan(Incident(place(x_m, y_m), ThreatName(threat)), area, DOCTRINE)


@pytest.mark.parametrize("threat", ["handgun", "rifle"])
@pytest.mark.parametrize(
    ("name", "x_m"), [(name, 0) for name in SMALL] + [("beach", 1400), ("cul_de_sac_island", 500)]
)
def test_one_road_is_enough_for_command_staging_and_casualties(name: str, x_m: float, threat: str) -> None:
    area = SMALL[name]()
    plan = planned(area, threat, x_m)
    found = {site.purpose: site for site in plan.sites if site.rank == 1}
    assert found.keys() >= NEEDED
    for site in found.values():
        inside = "outside the outer perimeter" not in site.reason
        warned = any("Outside the outer perimeter" in caution for caution in site.cautions)
        assert warned is not inside or site.purpose is Purpose.MEDIA
    told = {line.perimeter for line in plan.perimeters if not line.sealed}
    assert [c for c in audit_plan(plan, area, DOCTRINE).failures if c.about not in told] == []


def test_a_post_by_the_roadside_keeps_out_of_sight_and_says_what_speaks_against_it() -> None:
    plan = planned(hamlet(), "rifle")
    post = next(site for site in plan.sites if site.purpose is Purpose.COMMAND_POST and site.rank == 1)
    assert post.name.startswith("Kerb of Main Street")
    assert "over 800 m from the attack" in post.reason, "nearer it is seen"
    (told,) = [notice.text for notice in plan.notices if notice.about == "command_post-1"]
    assert "outside the outer perimeter" in told
    assert any("stretch of street" in caution for caution in post.cautions)


def test_where_the_scene_lies_on_the_only_road_the_side_that_leads_out_serves() -> None:
    plan = planned(cul_de_sac_island(), "knife", 500)
    firsts = [site for site in plan.sites if site.rank == 1]
    assert firsts
    assert all("Island Loop" not in site.name for site in firsts), "no unit comes there"


def test_a_roadside_that_is_accepted_stays_the_same_ground() -> None:
    area = hamlet()
    before = planned(area, "rifle")
    first = next(site for site in before.sites if site.purpose is Purpose.STAGING and site.rank == 1)
    pin = Pin(Purpose.STAGING, first.shape, accepted=True)
    after = make_plan(Incident(place(0, 0), ThreatName.RIFLE, pins=(pin,)), area, DOCTRINE)
    kept = next(site for site in after.sites if site.purpose is Purpose.STAGING and site.rank == 1)
    assert (kept.name, kept.entrance, kept.area_m2) == (first.name, first.entrance, first.area_m2)


@pytest.mark.parametrize(
    ("water", "last", "ends"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"bridge": "yes"}, False),
        (True, {"highway": "primary"}, False),
    ],
)
def test_off_a_shore_the_land_ends_and_not_the_map(water: bool, last: dict[str, str], ends: bool) -> None:
    area = spit(water=water, **last)
    plan = planned(area, "knife", 1400)
    outer = next(line for line in plan.perimeters if line.perimeter is PerimeterName.OUTER)
    told = " ".join(notice.text for notice in plan.notices)
    assert ("The map ends near the outer perimeter" in told) is not ends
    assert ("The outer line runs over water beyond the last streets" in told) is water
    assert ("The outer line leaves the map" in told) is not water
    streets = {post.street for post in plan.posts if post.perimeter is PerimeterName.OUTER}
    assert streets == {"Point Road"}
    assert outer.posts == (1 if ends else 2) or outer.leaks
    assert all(line.sealed for line in plan.perimeters) or not ends
    open_lines = {line.perimeter for line in plan.perimeters if not line.sealed}
    assert not [c for c in audit_plan(plan, area, DOCTRINE).failures if c.about not in open_lines]


def test_dead_ends_away_from_water_are_none_of_a_shore() -> None:
    assert not desert_town().ashore.any()
    assert not spit(water=False).ashore.any()
    assert spit().ashore.sum() == 1


def test_nobody_drives_to_a_hospital_beyond_the_map_over_the_beach() -> None:
    area = spit()
    beyond = HospitalFact("Over the Bay", place(9000, 0), source="table", emergencies=True)
    incident = Incident(place(0, 0), ThreatName.KNIFE)
    (hospital,) = make_plan(incident, area, DOCTRINE, (beyond,)).hospitals
    (dry,) = make_plan(incident, spit(water=False), DOCTRINE, (beyond,)).hospitals
    assert dry.time_s is not None
    assert hospital.time_s is None or hospital.time_s > dry.time_s


def test_where_the_map_ends_with_the_perimeters_that_is_said() -> None:
    plan = planned(only_this(), "rifle")
    assert plan.sites == ()
    told = {notice.about: notice.text for notice in plan.notices if notice.text.startswith("No suggestion")}
    for purpose in (Purpose.COMMAND_POST, Purpose.STAGING, Purpose.MEDIA):
        assert "no open road that leads out is mapped beyond the outer perimeter" in told[purpose]
    assert "no school, place of worship" in told[Purpose.REUNIFICATION]

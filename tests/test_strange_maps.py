"""Maps that lack what most have: a plan is made all the same, and holds or says as a danger why not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from planner.area import Area
from planner.audit import audit_plan
from planner.document import read_plan, write_plan
from planner.geo import LonLat
from planner.model import Casualties, HospitalFact, Incident
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import NoticeLevel, ThreatName, TraumaLevel
from tests.town import CENTRE, Objects, town, town_objects


def bare() -> Area:
    return town(buildings=False, hospitals=False, river=False, motorway=False, footways=False)


def arctic() -> Area:
    return town(centre=LonLat(25.0, 70.2))


def beside_the_antimeridian() -> Area:
    return town(centre=LonLat(179.95, -17.0))


def one_road() -> Area:
    made = Objects()
    made.way([(x, 0) for x in range(-1500, 1501, 100)], highway="primary", name="Only Road")
    return made.settle().area("one_road")


def stub() -> Area:
    made = Objects()
    made.way([(0, 0), (30, 0)], highway="residential")
    return made.settle().area("stub")


def islands() -> Area:
    """Two grids of streets with water between and no bridge; the hospital is on the eastern one."""
    made = Objects()
    for x in (-900, 900):
        for i in range(-4, 5):
            made.way([(x + i * 100, j * 100) for j in range(-4, 5)], highway="residential")
            made.way([(x + j * 100, i * 100) for j in range(-4, 5)], highway="residential")
        for i in range(-4, 4, 2):
            made.rectangle(x + i * 100 + 20, 120, x + i * 100 + 80, 180, amenity="parking")
            made.rectangle(x + i * 100 + 20, 220, x + i * 100 + 60, 260, building="house")
    made.rectangle(-450, -2000, 450, 2000, natural="water")
    made.rectangle(1110, 110, 1190, 190, amenity="hospital", name="East Hospital", emergency="yes")
    return made.settle().area("islands")


def motorway_below() -> Area:
    made = town_objects(motorway=False)
    for side in (1, -1):
        marks = [(x * side, -5 * side) for x in (-1250, -300, 300, 1250)]
        # In a cutting on both sides of the tunnel: what crosses it there does so on another level.
        tags = {"highway": "motorway", "oneway_": "yes", "ref": "I 5", "layer": "-1"}
        made.way(marks[:2], **tags)
        made.way(marks[1:3], tunnel="yes", **tags)
        made.way(marks[2:], **tags)
    return made.settle().area("motorway_below")


@pytest.mark.parametrize(
    ("place", "xy_m", "threat"),
    [
        (bare, (0, 0), "knife"),
        (bare, (-800, 0), "semi_trailer_bomb"),
        (arctic, (600, -250), "rifle"),
        (beside_the_antimeridian, (0, 350), "vehicle"),
        (one_road, (0, 0), "knife"),
        (one_road, (100, 0), "rifle"),
        (stub, (10, 0), "knife"),
        (islands, (-900, 0), "knife"),
        (islands, (-500, 0), "vehicle"),
        (islands, (1150, 150), "sedan_bomb"),
        (motorway_below, (0, 0), "knife"),
    ],
)
def test_a_plan_holds_or_says_why_not(
    place: Callable[[], Area], xy_m: tuple[float, float], threat: str
) -> None:
    area = place()
    incident = Incident(area.frame.place(*xy_m), ThreatName(threat), casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    document = write_plan(plan)
    assert read_plan(document) == plan
    assert write_plan(read_plan(document)) == document
    warned = {notice.about for notice in plan.notices if notice.level is NoticeLevel.DANGER}
    failures = audit_plan(read_plan(document), area, shipped_doctrine()).failures
    # a line that says itself that it is not sealed fails the seal, and its claim is judged by itself
    assert [f for f in failures if f.check not in ("seal", "foot_seal") or f.about not in warned] == []
    assert all(perimeter.sealed or perimeter.perimeter in warned for perimeter in plan.perimeters)


def test_nobody_is_driven_to_an_island_that_no_street_leads_to() -> None:
    area = islands()
    incident = Incident(area.frame.place(-900, 0), ThreatName.KNIFE, casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    (hospital,) = plan.hospitals
    assert (hospital.time_s, hospital.assigned) == (None, Casualties())
    assert any("East Hospital" in n.text and n.level is NoticeLevel.DANGER for n in plan.notices)


def test_a_hospital_table_with_more_decimals_than_documents_have_gives_a_plan_that_reads_back_equal() -> None:
    area = town()
    far = HospitalFact("Far General", LonLat(-92.962875621, 41.020517693), TraumaLevel.II, source="table")
    plan = make_plan(Incident(CENTRE, ThreatName.KNIFE), area, shipped_doctrine(), (far,))
    assert "Far General" in {hospital.name for hospital in plan.hospitals}
    assert read_plan(write_plan(plan)) == plan

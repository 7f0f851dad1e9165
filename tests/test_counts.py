"""Numbers of things in words: of one, in the singular."""

from __future__ import annotations

import re

import pytest

from planner import words
from planner.area import Area
from planner.audit import audit_plan
from planner.exports import export_plan
from planner.model import Casualties, Incident
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import ThreatName
from tests.plans import MADE
from tests.small_places import cul_de_sac_island, hamlet

DOCTRINE = shipped_doctrine()
_THINGS = (
    "alternates|ambulances|buildings|casualties|engines|footways|hazards|hospitals|minutes|officers|patients|"
    "places|posts|stalls|streets|vehicles"
)
ONE_OF_MANY = re.compile(rf"(?<![\d.,:-])1 (?:[a-z]+ )?(?:{_THINGS})\b")


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("patrol cars", "patrol car"),
        ("people indoors", "person indoors"),
        ("people", "person"),
        ("helicopter", "helicopter"),
    ],
)
def test_one_of_many_is_told_in_the_singular(many: str, one: str) -> None:
    assert [words.amount(number, many) for number in range(3)] == [f"0 {many}", f"1 {one}", f"2 {many}"]


@pytest.mark.parametrize("area", [hamlet(), cul_de_sac_island()], ids=["hamlet", "island"])
def test_no_plan_tells_of_one_in_the_plural(area: Area) -> None:
    incident = Incident(area.frame.place(0, 0), ThreatName.KNIFE, casualties=Casualties(1, 0, 0))
    plan = make_plan(incident, area, DOCTRINE)
    told = [export_plan(plan, to, MADE, area).decode() for to in ("geojson", "text", "html")]
    told += [check.detail for check in audit_plan(plan, area, DOCTRINE).checks]
    assert [found for text in told for found in ONE_OF_MANY.findall(text)] == []

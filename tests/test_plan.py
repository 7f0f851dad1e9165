"""What a whole plan says of the map it was made on."""

from __future__ import annotations

from dataclasses import replace

from planner.model import Incident
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import ThreatName
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.KNIFE)


def test_turn_restrictions_that_no_route_considers_are_told_once_where_there_are_any() -> None:
    area = town()
    assert len(area.network.restriction) == 1
    told = [n.text for n in make_plan(INCIDENT, area, shipped_doctrine()).notices if "restriction" in n.text]
    assert told == ["Turn restrictions on the map (1) are not considered by routes yet: obey the signs"]
    free = replace(area, network=replace(area.network, restriction=area.network.restriction[:0]))
    assert not any("restriction" in n.text for n in make_plan(INCIDENT, free, shipped_doctrine()).notices)

"""A second threat named: both dangers stand until somebody says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from planner.document import read_incident
from planner.terms import ThreatName, ThreatStatus
from planner.ui.decide import Said
from planner.ui.held import OpenIncident
from planner.ui.threats import Standing, Turn, standing, stood, told, turn

AT = [-56.1665, -34.8945]
SCENE = {
    "type": "Feature",
    "id": "scene",
    "properties": {"kind": "incident"},
    "geometry": {"type": "Point", "coordinates": AT},
}
RING = [[-56.17, -34.90], [-56.16, -34.90], [-56.16, -34.89], [-56.17, -34.89], [-56.17, -34.90]]
DRAWN = {
    "type": "Feature",
    "id": "drawn",
    "properties": {"kind": "zone"},
    "geometry": {"type": "Polygon", "coordinates": [RING]},
}


def said(*features: dict[str, Any], threat: str = "handgun") -> Said:
    return Said(features, {"threat": threat})


def read(what: Said) -> tuple[ThreatName, list[ThreatName]]:
    incident = read_incident(OpenIncident("i", "a", what.features, what.facts).document())
    assert all(one.status is ThreatStatus.REPORTED for one in incident.threats)
    return incident.threat, [one.threat for one in incident.threats]


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        ("handgun", "pipe_bomb", Standing.BOTH),
        ("suv_bomb", "rifle", Standing.BOTH),
        ("handgun", "rifle", Standing.AFTER),
        ("pipe_bomb", "suv_bomb", Standing.AFTER),
    ],
)
def test_a_bomb_hides_no_gunman_and_a_better_word_corrects(before: str, after: str, how: Standing) -> None:
    asked = turn(said(SCENE, threat=before), ThreatName(after))
    assert asked is not None
    assert asked.first is how


@pytest.mark.parametrize("ground", [SCENE, DRAWN])
def test_each_answer_leads_to_each_other_and_nothing_is_left_behind(ground: dict[str, Any]) -> None:
    begun = said(ground)
    asked = turn(begun, ThreatName.PIPE_BOMB)
    assert asked is not None
    read_as = {
        Standing.BOTH: (ThreatName.HANDGUN, [ThreatName.PIPE_BOMB]),
        Standing.AFTER: (ThreatName.PIPE_BOMB, []),
        Standing.BEFORE: (ThreatName.HANDGUN, []),
    }
    for first in Standing:
        for then in Standing:
            changed = stood(stood(begun, asked, first), asked, then)
            assert standing(changed, asked) is then
            assert read(changed) == read_as[then]
            assert changed.features[0] == ground
    assert stood(stood(begun, asked, Standing.BOTH), asked, Standing.BEFORE) == begun
    assert len({told(asked, how) for how in Standing}) == 3


def test_the_second_threat_is_put_where_the_first_is() -> None:
    asked = Turn(ThreatName.HANDGUN, ThreatName.PIPE_BOMB)
    *_, beside = stood(said(SCENE), asked, Standing.BOTH).features
    assert beside["geometry"]["coordinates"] == AT
    *_, beside = stood(said(DRAWN), asked, Standing.BOTH).features
    lon, lat = beside["geometry"]["coordinates"]
    assert -56.17 < lon < -56.16
    assert -34.90 < lat < -34.89


def test_nothing_is_asked_where_there_is_nothing_to_lose() -> None:
    bomb = ThreatName.PIPE_BOMB
    assert turn(said(threat="handgun"), bomb) is None, "nothing is tapped yet"
    assert turn(said(SCENE, threat="unknown"), bomb) is None
    assert turn(said(SCENE), ThreatName.UNKNOWN) is None
    assert turn(said(SCENE), ThreatName.HANDGUN) is None
    asked = turn(said(SCENE), bomb)
    assert asked is not None
    both = stood(said(SCENE), asked, Standing.BOTH)
    assert turn(both, bomb) is None, "it stands already"
    assert standing(said(SCENE, threat="rifle"), asked) is None, "it has gone another way"

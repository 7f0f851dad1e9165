"""What is said on the board, done to the incident document: each act, and what makes no sense refused."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from planner import words
from planner.briefing.changes import plan_changes
from planner.document import INCIDENT_SCHEMA, read_incident
from planner.errors import IncidentError
from planner.model import Incident, Plan, Site, ThreatPoint
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import PerimeterName, PostEditKind, Purpose, ThreatName
from planner.ui.decide import ACTS, OF_PLAN, Said, Word, decided, merged, restated, stroke_told, undone
from tests.town import CENTRE, town

AT = "2024-05-14T09:32:00+00:00"
NOTHING = Said((), {})
SCENE: dict[str, Any] = {
    "type": "Feature",
    "id": "scene",
    "properties": {"kind": "incident"},
    "geometry": {"type": "Point", "coordinates": list(CENTRE)},
}


@cache
def plan() -> Plan:
    return planned(Incident(location=CENTRE))


def planned(incident: Incident) -> Plan:
    return make_plan(incident, town(), shipped_doctrine())


def site(purpose: Purpose, of: Plan | None = None) -> Site:
    return next(one for one in (of or plan()).sites if one.purpose is purpose and one.rank == 1)


def word(act: str, on: str, value: object = None) -> Word:
    return Word(act, on, value, AT)


def read(said: Said) -> Incident:
    top = {"type": "FeatureCollection", "planner": {"schema": INCIDENT_SCHEMA, **said.facts}}
    return read_incident(json.dumps({**top, "features": list(said.features)}))


def test_accept_pins_the_very_ground_and_take_back_leaves_no_trace() -> None:
    begun = Said((SCENE,), {})
    post = site(Purpose.COMMAND_POST)
    said, told = decided(begun, word("accept", post.id), plan())
    (pin,) = read(said).pins
    assert (pin.purpose, pin.shape, pin.name, pin.accepted, pin.set_at) == (
        post.purpose, post.shape, post.name, True, AT,
    )  # fmt: skip
    assert post.name in told
    again, _ = decided(said, word("accept", post.id), plan())
    assert again == said
    assert decided(said, word("take_back", post.id), plan())[0] == begun


def test_a_rejected_place_is_not_suggested_again_and_can_be_brought_back() -> None:
    staging = site(Purpose.STAGING)
    said, _ = decided(Said((SCENE,), {}), word("reject", staging.id), plan())
    after = planned(read(said))
    shapes = [one.shape for one in after.sites if one.purpose is Purpose.STAGING]
    assert staging.shape not in shapes
    mark = said.features[-1]["id"]
    assert decided(said, word("drop", mark), plan())[0] == Said((SCENE,), {})


def test_to_reject_an_accepted_site_takes_the_pin_away() -> None:
    post = site(Purpose.COMMAND_POST)
    said, _ = decided(NOTHING, word("accept", post.id), plan())
    said, _ = decided(said, word("reject", post.id), plan())
    assert (len(read(said).pins), len(read(said).rejects)) == (0, 1)


@pytest.mark.parametrize(
    ("act", "edit"), [("remove_post", PostEditKind.REMOVE), ("open_street", PostEditKind.OPEN)]
)
def test_posts_are_edited_where_they_stand(act: str, edit: PostEditKind) -> None:
    post = plan().posts[0]
    said, told = decided(NOTHING, word(act, post.id), plan())
    (done,) = read(said).post_edits
    assert (done.edit, done.shape.points) == (edit, (post.location,))
    assert post.id in told
    assert decided(said, word("drop", said.features[0]["id"]), plan())[0] == NOTHING


def test_facts_are_said_and_taken_back() -> None:
    said = NOTHING
    for on, value in (
        ("casualties.red", "4"),
        ("casualties.green", 11),
        ("on_site", "600"),
        ("hour", "23"),
        ("units.police", "9"),
        ("no_ccp", True),
        ("name", "  Maple   School "),
        ("exercise", True),
        ("notice.sender", "Chief Doe"),
    ):
        said, _ = decided(said, word("fact", on, value), None)
    incident = read(said)
    assert incident.casualties is not None
    assert (incident.casualties.red, incident.casualties.green) == (4, 11)
    assert (incident.on_site, incident.hour, incident.no_ccp, incident.name) == (
        600,
        23,
        True,
        "Maple School",
    )
    assert dict(incident.units) == {"police": 9}
    assert said.facts["exercise"] is True
    for on in (
        "casualties.red",
        "casualties.green",
        "on_site",
        "hour",
        "units.police",
        "name",
        "notice.sender",
    ):
        said, _ = decided(said, word("fact", on, ""), None)
    for on in ("no_ccp", "exercise"):
        said, _ = decided(said, word("fact", on, False), None)
    assert said == NOTHING


@pytest.mark.parametrize(
    ("act", "on", "value"),
    [
        ("explode", "", None),
        ("accept", "command_post-99", None),
        ("remove_post", "I999", None),
        ("ring", "inner 99", None),
        ("ring", "nowhere 0", None),
        ("fact", "schema", "x"),
        ("fact", "casualties.red", "-3"),
        ("fact", "casualties.red", "1e9"),
        ("fact", "casualties.red", "9" * 400),
        ("fact", "casualties.red", {"a": 1}),
        ("fact", "hour", "24"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(act: str, on: str, value: object) -> None:
    with pytest.raises(IncidentError) as told:
        decided(NOTHING, word(act, on, value), plan())
    assert len(str(told.value)) < 200
    assert "\n" not in str(told.value)


def test_every_act_is_known() -> None:
    of_plan = {"accept", "reject", "take_back", "remove_post", "open_street", "ring"}
    assert of_plan == OF_PLAN
    assert of_plan | {"drop", "fact", "sends", "takes_back_sent"} == set(ACTS)


def test_patients_who_leave_are_counted_and_taken_back_but_never_below_none() -> None:
    key = 'St. Mary\'s "West" -85.58029 42.28526'
    said = Said((SCENE,), {"name": "kept"})
    for act, count in (("sends", 1), ("sends", 2), ("takes_back_sent", 1), ("takes_back_sent", 0)):
        said, told = decided(said, word(act, f"red {key}"), None)
        (status,) = said.facts["hospitals"] or [{}]
        assert status.get("sent", {}) == ({"red": count} if count else {})
        assert told.startswith("St. Mary's")
    assert decided(said, word("takes_back_sent", f"red {key}"), None)[0] == said
    assert said.facts["name"] == "kept"


@pytest.mark.parametrize(
    "on", ["red", "blue St. Mary -85.58 42.28", "red St. Mary", "red St. Mary 1 nan", "red x 200 95"]
)
def test_who_leaves_for_nowhere_is_not_counted(on: str) -> None:
    with pytest.raises(IncidentError):
        decided(Said((SCENE,), {}), word("sends", on), None)


def test_another_ring_is_taken_as_the_plan_offers_it() -> None:
    inner = next(line for line in plan().perimeters if line.perimeter is PerimeterName.INNER)
    assert len(inner.options) > 1
    said, told = decided(Said((SCENE,), {}), word("ring", "inner 1"), plan())
    assert inner.options[1].says in told
    incident = read(said)
    assert (incident.inner_holds, incident.inner_size) == (inner.options[1].holds, inner.options[1].size)
    assert planned(incident).perimeters[0].officers >= inner.options[1].officers


def feature(name: str, **told: object) -> dict[str, Any]:
    return {"id": name, "properties": {"kind": "closure", **told}}


def test_a_step_back_says_the_threat_again_and_leaves_what_was_written() -> None:
    before = {"name": "School", "casualties": {"red": 2}}
    now = {**before, "threat": "knife", "no_ccp": True}
    assert undone(now) == {"threat": "knife", "no_ccp": True}
    assert restated(now, undone(before)) == (before, "threat: not said, no ccp: not said")
    assert restated(before, {**undone(now), "name": "Mall"}) == (now, "threat: knife, no ccp: True")
    assert restated(now, undone(now)) == (now, "")


def test_the_log_says_what_a_stroke_did() -> None:
    def one(name: str, at: float = 0.0, **told: Any) -> dict[str, Any]:
        return {"id": name, "properties": told, "geometry": {"type": "Point", "coordinates": [at, 0.0]}}

    hot, blocked = one("a", kind="zone", zone="hot"), one("b", kind="closure")
    pin, scene = one("p", kind="pin", purpose="command_post"), one("s", kind="incident")
    assert stroke_told((), (hot, scene)) == "put hot zone and scene"
    assert stroke_told((hot, blocked), (hot,)) == "took away blocked street"
    assert stroke_told((scene,), (one("t", 1.0, kind="incident"),)) == "changed scene"
    assert stroke_told((hot, pin), (one("a", 1.0, kind="zone", zone="hot"), pin)) == "changed hot zone"
    assert stroke_told((pin,), (pin, one("r", kind="reject", purpose="media"))) == "put rejection of MEDIA"
    assert stroke_told((pin,), (pin,)) == "drew on the map"


def test_both_count_where_the_map_drew_while_the_board_decided() -> None:
    a, b, c, pin = feature("a"), feature("b"), feature("c"), feature("pin")
    assert merged((a, b), (a, b, pin), (a, b, c)) == (a, b, c, pin)
    assert merged((a, b), (a,), (a, b, c)) == (a, c), "what the board took away stays away"
    assert merged((a, b), (a, b, pin), (b,)) == (b, pin), "what the map took away too"
    moved = feature("a", moved=True)
    assert merged((a,), (a, pin), (moved,)) == (moved, pin)
    assert merged((a,), (moved,), (a, c)) == (moved, c)


# --- what changed -----------------------------------------------------------------------------------


def test_a_plan_compared_with_itself_has_no_changes() -> None:
    assert plan_changes(plan(), plan()) == ()


def test_another_threat_and_a_rejected_site_are_told() -> None:
    incident = Incident(location=CENTRE, threat=ThreatName.KNIFE)
    told = plan_changes(plan(), planned(incident))
    assert told[0].startswith("Threat: Knife, was Unknown")
    assert any("no longer needed" in line or "new post" in line for line in told)
    names = tuple(f"{name}: " for _, name in words.PURPOSES.values())
    sites = [number for number, line in enumerate(told) if line.startswith(names)]
    ways = [number for number, line in enumerate(told) if line.startswith(("Ambulances ", "Arriving "))]
    assert max(sites) < min(ways), "where command and staging go is told before streets"
    post = site(Purpose.COMMAND_POST)
    said, _ = decided(Said((SCENE,), {}), word("reject", post.id), plan())
    lines = plan_changes(plan(), planned(read(said)))
    assert any(line.startswith("Command post: ") and f"was {post.name}" in line for line in lines)


def test_a_further_threat_is_told_when_it_comes_and_when_it_goes() -> None:
    bag = ThreatPoint(CENTRE, ThreatName.PIPE_BOMB)
    one, two = Incident(location=CENTRE), Incident(location=CENTRE, threats=(bag,))
    assert plan_changes(planned(one), planned(two))[0] == "Further threat: Pipe bomb, new"
    assert plan_changes(planned(two), planned(one))[0] == "Further threat: Pipe bomb, not there any more"


def test_another_scene_makes_the_whole_plan_new() -> None:
    elsewhere = replace(plan(), incident=replace(plan().incident, location=None))
    assert plan_changes(plan(), elsewhere) == ("The scene is elsewhere: the whole plan is new",)


def test_accepting_is_told_and_nothing_else_is() -> None:
    post = site(Purpose.COMMAND_POST)
    said, _ = decided(Said((SCENE,), {}), word("accept", post.id), plan())
    assert plan_changes(plan(), planned(read(said))) == (f"Command post: set, {post.name}",)

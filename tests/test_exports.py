"""The registry of exports: what every format is told, what the public is not, and what a file is called."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pypdf
import pytest

from planner.document import read_plan
from planner.errors import ExportError
from planner.exports import EXPORTERS, Audience, Options, export_plan, file_name
from planner.exports.public import public_plan
from planner.model import Incident, Notice, Pin, Plan, Shape
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import NoticeLevel, PerimeterName, Purpose, RouteKind, ThreatName
from tests.town import town

MADE = Options(datetime(2024, 5, 14, 9, 32, 7, tzinfo=timezone(timedelta(hours=-5))), valid_min=240)


@pytest.fixture(scope="module")
def area():
    return town(footways=False)


@pytest.fixture(scope="module")
def plan(area) -> Plan:
    spot = area.frame.place(-350.0, -200.0)
    pin = Pin(Purpose.COMMAND_POST, Shape(points=(area.frame.place(-350.0, -900.0),)))
    said = Incident(
        location=spot, threat=ThreatName.KNIFE, name="Maple St", units=(("officers", 8),), pins=(pin,)
    )
    return make_plan(said, area, shipped_doctrine())


def test_the_public_is_told_nothing_that_gives_responders_away(plan):
    public = public_plan(plan)
    assert [public.posts, public.observations, public.hospitals] == [(), (), ()]
    assert {site.purpose for site in public.sites} <= {Purpose.REUNIFICATION, Purpose.MEDIA}
    assert public.sites
    assert {route.route for route in public.routes} <= {RouteKind.PUBLIC}
    assert {line.perimeter for line in public.perimeters} == {PerimeterName.OUTER}
    said = public.incident
    assert [said.pins, said.units, said.rejects, said.threats, said.zones] == [()] * 5
    told = export_plan(plan, "geojson", replace(MADE, public=True)).decode()
    assert read_plan(told) == public
    hidden = [post.id for post in plan.posts] + [post.id for post in plan.observations]
    words = json.dumps(json.loads(told)["features"])
    assert [name for name in hidden if f'"{name}"' in words or f" {name}" in words] == []
    for site in plan.sites:
        if site.purpose not in (Purpose.REUNIFICATION, Purpose.MEDIA):
            assert site.usng not in words
            assert site.id not in words


def test_an_exercise_is_marked_in_the_name_once_and_first_among_the_notices(plan):
    told = read_plan(export_plan(plan, "geojson", replace(MADE, exercise=True)))
    assert told.incident.name == "EXERCISE: Maple St"
    assert told.notices[0].text.startswith("EXERCISE")
    again = read_plan(export_plan(told, "geojson", replace(MADE, exercise=True)))
    assert again == told
    once = read_plan(export_plan(told, "geojson", MADE))
    assert once == told, "an exercise stays one, whoever passes it on"
    assert file_name(told, "geojson", MADE).startswith("EXERCISE_")
    with pytest.raises(ExportError, match="exercise"):
        export_plan(told, "cifs", MADE, town(footways=False))


def test_file_names_carry_incident_version_format_and_time_in_ascii_alone(plan):
    assert file_name(plan, "geojson", MADE) == f"maple-st_{plan.id[:8]}_geojson_20240514T0932-0500.geojson"
    odd = replace(plan, incident=replace(plan.incident, name="../../Plaza Único\u202e\n<b>" + "x" * 10_000))
    name = file_name(odd, "geojson", replace(MADE, public=True, exercise=True))
    assert name.startswith("EXERCISE_public_plaza-unico-b-xxx")
    assert len(name) < 150
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.")
    nameless = replace(plan, incident=replace(plan.incident, name="校"))
    assert file_name(nameless, "geojson", MADE).startswith("incident_")


def test_a_format_that_shows_streets_is_given_its_map_and_says_if_it_has_changed(plan, area, monkeypatch):
    seen: list[Any] = []

    def write(*given: Any) -> bytes:
        seen.append(given)
        return b""

    streets = replace(EXPORTERS["geojson"], write=write, needs_area=True)
    monkeypatch.setattr("planner.exports.EXPORTERS", {**EXPORTERS, "streets": streets})
    with pytest.raises(ExportError, match="map"):
        export_plan(plan, "streets", MADE)
    export_plan(plan, "streets", MADE, area)
    export_plan(plan, "streets", MADE, replace(area, digest="other"))
    export_plan(plan, "geojson", MADE, area)
    (same, given, _), (other, _, _) = seen
    assert given is area
    assert same.notices == plan.notices
    assert other.notices[0].level is NoticeLevel.CAUTION
    assert "not the one" in other.notices[0].text


def test_what_is_for_responders_alone_has_no_public_version(plan, monkeypatch):
    closed = replace(EXPORTERS["geojson"], audience=Audience.RESPONDERS)
    monkeypatch.setattr("planner.exports.EXPORTERS", {**EXPORTERS, "closed": closed})
    with pytest.raises(ExportError, match="responders only"):
        export_plan(plan, "closed", replace(MADE, public=True))
    open_ = replace(closed, audience=Audience.PUBLIC)
    monkeypatch.setattr("planner.exports.EXPORTERS", {**EXPORTERS, "open": open_})
    assert read_plan(export_plan(plan, "open", MADE)) == public_plan(plan)


def test_times_have_an_offset_and_never_a_z(plan):
    with pytest.raises(ExportError, match="time zone"):
        Options(datetime(2024, 5, 14), valid_min=240)  # noqa: DTZ001 - what is refused
    with pytest.raises(ExportError, match="no time"):
        replace(MADE, valid_min=0)
    assert MADE.time() == "2024-05-14T09:32:07-05:00"
    assert MADE.time(MADE.expires_at) == "2024-05-14T13:32:07-05:00"
    assert replace(MADE, created_at=datetime(2024, 5, 14, tzinfo=UTC)).time() == "2024-05-14T00:00:00+00:00"


# --- nothing that is told to responders alone in what the public gets -------------------------------


def text_of(to: str, content: bytes) -> str:
    """Return what a file says, as far as it says it in words."""
    if EXPORTERS[to].suffix == ".pdf":
        return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    if content.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(content))
        return " ".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    return content.decode("latin-1")


def with_secrets(plan: Plan) -> Plan:
    """Return the plan with a word in everything that the public is not told."""
    word = "Qxsecret"

    def told(record: Any, *names: str) -> Any:
        return replace(record, **dict.fromkeys(names, word))

    hidden = [s for s in plan.sites if s.purpose not in (Purpose.REUNIFICATION, Purpose.MEDIA) or s.rank > 1]
    return replace(
        plan,
        posts=tuple(told(post, "street", "reason") for post in plan.posts),
        observations=tuple(told(post, "reason") for post in plan.observations),
        perimeters=tuple(replace(told(line, "reason"), leaks=(word,)) for line in plan.perimeters),
        zones=tuple(told(zone, "reason") for zone in plan.zones),
        sites=tuple(
            replace(told(site, "reason", *(["name"] * (site in hidden))), cautions=(word,))
            for site in plan.sites
        ),
        routes=tuple(
            told(route, "reason", *(["start", "end"] * (route.route is not RouteKind.PUBLIC)))
            for route in plan.routes
        ),
        hospitals=tuple(told(place, "name", "reason") for place in plan.hospitals),
        notices=tuple(told(notice, "text") for notice in plan.notices),
    )


SHARED = [to for to, one in EXPORTERS.items() if one.audience is not Audience.RESPONDERS]


@pytest.mark.parametrize("to", SHARED)
def test_no_public_version_of_any_format_tells_what_responders_alone_are_told(plan, area, to):
    secret = with_secrets(plan)
    public = text_of(to, export_plan(secret, to, replace(MADE, public=True), area))
    assert "Qxsecret" not in public
    if EXPORTERS[to].audience is Audience.EITHER and to != "png":
        assert "Qxsecret" in text_of(to, export_plan(secret, to, MADE, area)), "or this test says nothing"


@pytest.mark.parametrize("to", ["text", "kml", "html"])
def test_sentences_are_told_in_the_units_that_are_asked_for(to, plan, area):
    posts = tuple(replace(post, reason="Stands 280 m from the line") for post in plan.posts)
    sites = tuple(
        replace(one, reason="280 m from the inner perimeter", cautions=("1.5 km away",)) for one in plan.sites
    )
    told = Notice(NoticeLevel.CAUTION, "A way of 4,000 m² at 30 km/h", "routes")
    said = replace(plan, posts=posts, sites=sites, notices=(told,))
    metric = export_plan(said, to, MADE, area).decode()
    feet = export_plan(said, to, replace(MADE, units="ft"), area).decode()
    assert "280 m from the inner perimeter" in metric
    assert "900 ft from the inner perimeter" in feet
    assert "280 m from" not in feet
    if to == "text":
        assert "0.9 mi away" in feet
        assert "43,000 sq ft at 19 mph" in feet


def test_the_plan_document_is_the_same_in_whatever_units(plan):
    assert export_plan(plan, "geojson", replace(MADE, units="ft")) == export_plan(plan, "geojson", MADE)

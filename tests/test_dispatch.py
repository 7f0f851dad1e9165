"""Texts for radio, desk, public and aviation authority: complete, plain, and nothing invented."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from pyproj import Geod

from planner import words
from planner.area import Area
from planner.briefing import dispatch
from planner.briefing.airspace import STATUS, airspace_request, airspace_text
from planner.briefing.phrases import Edition, ends_of, entry_side, exposed, scene, span, suggested, title
from planner.briefing.public_notice import ASKED, BLANK, finished_notice, notice_text, public_notice
from planner.errors import IncidentError
from planner.geo import LonLat, usng
from planner.model import Casualties, Incident, Plan
from planner.packs import shipped_doctrine
from planner.perimeters.exposure import IN_VIEW
from planner.perimeters.staffing import staffing_order
from planner.plan import make_plan
from planner.terms import PerimeterName, Purpose, RouteKind, ThreatName, ZoneKind
from tests import strategies
from tests.test_transport_text import planned
from tests.town import CENTRE, town

EDITION = Edition(datetime.fromisoformat("2026-05-14T10:02:00-05:00"), 3)
DRILL = replace(EDITION, exercise=True)
HOSTILE = (
    '#import "x"',
    '"]',
    "<script>alert(1)</script>",
    "a\nb\rc\x00\x1b[31m",
    "\u202eabc",
    "x" * 10_000,
    "",
)


@lru_cache(maxsize=1)
def made() -> tuple[Plan, Area]:
    area = town()
    said = Incident(
        CENTRE, ThreatName.HANDGUN, name="Town School", casualties=Casualties(4, 3, 6), on_site=200
    )
    return make_plan(said, area, shipped_doctrine()), area


def texts(plan: Plan, edition: Edition = EDITION, area: Area | None = None) -> list[str]:
    first = [
        make(plan, edition)
        for make in (dispatch.radio_text, dispatch.dispatch_text, dispatch.keep_clear_text)
    ]
    notice = notice_text(public_notice(plan, edition))
    if scene(plan) is None:  # nothing says where it is: nothing can be asked for
        with pytest.raises(IncidentError, match="scene"):
            airspace_request(plan, area)
        return [*first, notice]
    return [*first, notice, airspace_text(plan, airspace_request(plan, area), edition)]


def with_names(plan: Plan, name: str) -> Plan:
    """The plan on a map in which everything is called the same."""
    return replace(
        plan,
        incident=replace(plan.incident, name=name),
        area=replace(plan.area, source=name, attribution=name, data_date=name),
        posts=tuple(replace(post, street=name, reason=name) for post in plan.posts),
        sites=tuple(replace(site, name=name, reason=name, cautions=(name,)) for site in plan.sites),
        routes=tuple(replace(route, streets=(name, name), start=name, reason=name) for route in plan.routes),
        hospitals=tuple(replace(place, name=name, source=name, as_of=name) for place in plan.hospitals),
        notices=tuple(replace(notice, text=name) for notice in plan.notices),
    )


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-05-14T09:32:00-03:00", "2026-05-14 09:32 -03:00 (12:32 UTC)"),
        ("2026-05-14T23:32:00-03:00", "2026-05-14 23:32 -03:00 (2026-05-15 02:32 UTC)"),
        ("2026-05-14T09:32:00+05:30", "2026-05-14 09:32 +05:30 (04:02 UTC)"),
        ("2026-05-14T09:32:00+00:00", "2026-05-14 09:32 UTC"),
        ("2026-05-14T09:32:00", "2026-05-14 09:32 local"),
    ],
)
def test_times_are_told_by_the_local_clock_and_in_utc(at, told):
    assert words.moment(datetime.fromisoformat(at)) == told


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (LonLat(-56.186, -34.9055), "34°54.330'S 56°11.160'W"),
        (LonLat(0.0, 51.99999999), "52°00.000'N 0°00.000'E"),
        (LonLat(179.5, 10.05), "10°03.000'N 179°30.000'E"),
    ],
)
def test_pilots_get_degrees_and_decimal_minutes(place, told):
    assert words.degrees_minutes(place) == told


@pytest.mark.parametrize("name", HOSTILE)
def test_names_become_one_short_printable_line(name):
    shown = words.plain(name)
    assert len(shown) <= 120
    assert all(unicodedata.category(c)[0] != "C" for c in shown)
    assert shown == words.plain(shown)


def test_letters_that_join_stay_joined():
    assert words.plain("می\u200cروم") == "می\u200cروم"


# --- what is said ---------------------------------------------------------------------------------


def test_the_radio_names_every_site_with_its_grid_and_the_first_posts():
    plan, _ = made()
    said = dispatch.radio_text(plan, EDITION)
    sites = list(suggested(plan))
    assert {site.purpose for site in sites} >= {
        Purpose.COMMAND_POST,
        Purpose.STAGING,
        Purpose.AMBULANCE_EXCHANGE,
    }
    for site in sites:
        line = next(line for line in said.splitlines() if f" {words.PURPOSES[site.purpose][1]}: " in line)
        assert site.usng in line
        assert site.name in line
    first = min((p for p in plan.posts if p.perimeter is PerimeterName.INNER), key=lambda post: post.rank)
    assert f"Staff first: {first.id} " in said
    assert "version 3, 2026-05-14 10:02 -05:00 (15:02 UTC)" in said


def test_the_desk_has_every_post_site_way_and_notice():
    plan, _ = made()
    kept = dispatch.dispatch_text(plan, EDITION)
    assert len(plan.posts) > 10
    for post in plan.posts:
        assert f"{post.rank}. {post.id} {post.street}, " in kept
    for site in suggested(plan):
        assert dispatch.site_text(plan, site) in kept + "\n"
    for notice in plan.notices:
        assert notice.text in kept
    assert plan.area.attribution in kept


def test_a_way_to_the_edge_of_the_map_is_told_as_that_and_its_drive_as_an_estimate():
    plan, _ = planned()
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    assert far.off_map
    drive = f"{words.minutes(far.time_range_min)}, estimate"
    desk, radio = dispatch.dispatch_text(plan), dispatch.radio_text(plan)
    assert "  Way out to the edge of the map, towards Far Trauma: " in desk
    assert f"  Far Trauma, Level I, {drive}" in desk
    assert f"Far Trauma, Level I, {drive}" in radio
    near = next(h for h in plan.hospitals if h.name == "West Trauma")
    assert "  Way out to West Trauma: " in desk
    assert f"West Trauma, Level II, {words.minutes(near.time_range_min)}, first hour" in radio
    assert " to the edge of the map, towards Far Trauma, " in dispatch.keep_clear_text(plan)


def test_ways_of_one_line_are_told_by_what_they_reach_first_then_by_what_lies_beyond():
    plan, _ = planned()
    far = next(r for r in plan.routes if r.end == "Far Trauma")
    near = next(r for r in plan.routes if r.end == "West Trauma")
    further = replace(far, end="Further Hospital")
    assert ends_of(plan, [far]) == "the edge of the map, towards Far Trauma"
    assert (
        ends_of(plan, [far, near, further])
        == "West Trauma; the edge of the map, towards Far Trauma, Further Hospital"
    )
    assert span(far, "790 m") == "790 m to the edge of the map"
    assert span(near, "790 m") == f"790 m, {words.about(near.time_s)}"


def test_the_radio_tells_posts_on_one_street_apart_and_how_far_hot_ground_reaches():
    plan, _ = made()
    alike = replace(plan, posts=tuple(replace(post, street="Main Street") for post in plan.posts))
    (said,) = (line for line in dispatch.radio_text(alike).splitlines() if "Staff first: " in line)
    named = said.partition("Staff first: ")[2].partition(". ")[0].split("; ")
    digits = [re.fullmatch(r"[IO]\d+ Main Street, (\d{4} \d{4})", post) for post in named]
    assert len({found and found[1] for found in digits}) == len(named) == 4
    opening = dispatch.radio_text(plan).splitlines()[2]
    reaches = [int(m) for m in re.findall(r"(?:hot|warm) ground reaches about ([\d,]+) m ", opening)]
    at = scene(plan)
    assert at is not None
    for kind, told_m in zip((ZoneKind.HOT, ZoneKind.WARM), reaches, strict=True):
        corners = [corner for zone in plan.zones if zone.zone is kind for corner in zone.rings[0]]
        furthest_m = max(Geod(ellps="WGS84").inv(*at, *corner)[2] for corner in corners)
        assert told_m - 11 < furthest_m < told_m + 1
    assert "ground reaches" not in dispatch.radio_text(replace(plan, zones=()))


def test_observation_posts_that_cautions_name_are_on_radio_and_desk_with_their_place():
    plan, _ = made()
    assert plan.observations
    radio, desk = dispatch.radio_text(plan), dispatch.dispatch_text(plan)
    for post in plan.observations:
        line = next(line for line in desk.splitlines() if f". {post.id}, " in line)
        assert usng(post.location) in line
        assert f"on {post.zone.value} ground" in line
        assert ("no cover is mapped" in line) is not post.cover
    first = min(plan.observations, key=lambda post: post.rank)
    assert f"{first.id} {' '.join(usng(first.location).split()[-2:])}, on {first.zone.value} ground" in radio
    without = replace(plan, observations=())
    assert "ontainment" not in dispatch.radio_text(without)
    assert "CONTAINMENT" not in dispatch.dispatch_text(without)


def test_posts_in_view_of_the_hot_zone_are_named_on_radio_and_desk():
    plan, _ = made()
    first, *others = plan.posts
    seen = replace(first, reason=f"{first.reason} {IN_VIEW} (map estimate): hold it from cover.")
    plain = [replace(post, reason="Closes a street.") for post in others]
    shown = replace(plan, posts=(seen, *plain))
    assert f"In view of the hot zone, hold from cover: {seen.id}." in dispatch.radio_text(shown)
    told = [
        line for line in dispatch.dispatch_text(shown).splitlines() if line.endswith("hold it from cover")
    ]
    assert [line.split()[1] for line in told] == [seen.id]
    assert "hold from cover" not in dispatch.radio_text(replace(plan, posts=tuple(plain)))


def test_many_posts_in_view_are_said_by_those_that_are_not():
    plan, _ = made()
    assert len(plan.posts) > 20

    def said(hidden):
        posts = tuple(
            replace(post, reason="Closes." if post.id in hidden else f"{post.reason} {IN_VIEW}: hold it.")
            for post in plan.posts
        )
        told = dispatch.radio_text(replace(plan, posts=posts))
        return told.partition("hold from cover: ")[2].partition(".")[0]

    names = [post.id for post in staffing_order(plan.posts)]
    assert said(()) == "all posts"
    assert said(names[3:5]) == f"all posts but {names[3]}, {names[4]}"
    assert said(names[:10]) == f"all posts but {', '.join(names[:8])} and 2 more on the desk's list"
    assert said(names[10:]).split(" and ")[1] == "2 more on the desk's list"
    assert said(names[8:]) == ", ".join(names[:8])


def test_the_words_are_those_of_the_plan():
    plan = make_plan(Incident(CENTRE, ThreatName.KNIFE), town(), shipped_doctrine())
    assert any("in view of the hot zone" in notice.text for notice in plan.notices)
    assert any(exposed(post) for post in plan.posts)


def test_every_street_of_the_corridor_is_on_the_towing_list_and_none_of_the_public_way_alone():
    plan, _ = made()
    listed = dispatch.keep_clear_text(plan, EDITION)
    corridor = [route for route in plan.routes if route.route is not RouteKind.PUBLIC]
    assert {route.route for route in corridor} >= {RouteKind.INGRESS, RouteKind.TRANSFER}
    for route in corridor:
        for street in route.streets:
            assert f"  [ ] {street}\n" in listed
    streets = {street for route in corridor for street in route.streets}
    for route in plan.routes:
        for street in set(route.streets) - streets:
            assert f"  [ ] {street}\n" not in listed


@given(strategies.plans)
@settings(max_examples=40)
def test_every_text_of_any_plan_says_who_decides_and_holds_no_control_characters(plan):
    for text in texts(plan, DRILL):
        assert words.ADVICE in text
        assert words.EXERCISE in text
        assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Zl", "Zp") for c in text)
        assert not any(word in text.lower() for word in (" safe ", "guaranteed", "secure "))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_short_lines(name):
    plan, area = made()
    for text in texts(with_names(plan, name), area=area):
        assert max(map(len, text.splitlines())) < 2000
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert words.ADVICE in text


def test_an_exercise_is_marked_and_an_incident_is_not():
    plan, area = made()
    assert all(words.EXERCISE in text for text in texts(plan, DRILL, area))
    assert not any(words.EXERCISE in text for text in texts(plan, EDITION, area))


def test_what_is_internal_says_that_it_is_sensitive():
    plan, area = made()
    desk, keep, airspace = (texts(plan, EDITION, area)[number] for number in (1, 2, 4))
    assert all(words.SENSITIVE in text for text in (desk, keep, airspace))


def test_the_side_of_the_entrance_is_that_of_the_map():
    plan, area = made()
    site = next(site for site in plan.sites if site.shape.polygons)
    x, y = area.frame.to_m(site.shape.polygons[0][0]).mean(axis=0)
    for east, north, side in ((1, 0, "east"), (0, -1, "south"), (-1, 1, "north-west")):
        moved = replace(site, entrance=area.frame.place(x + 500 * east, y + 500 * north))
        assert entry_side(moved) == side


def test_an_incident_without_a_name_is_called_by_its_place():
    assert title(Incident(LonLat(-93.0, 41.0))) == "Incident at 41.00000, -93.00000"
    assert title(Incident()) == "Incident"


# --- the public -----------------------------------------------------------------------------------


def test_the_notice_lists_the_seven_items_and_stays_a_draft_while_any_is_open():
    plan, _ = made()
    notice = public_notice(plan, EDITION)
    assert [item.key for item in notice.items] == list(ASKED)
    assert len(notice.items) == 7
    assert {item.key for item in notice.open} == {"sender", "directions", "reunification"}
    assert notice.status == "DRAFT"
    text = notice_text(notice)
    assert [line[:2] for line in text.splitlines() if line[1:3] == ") "] == [f"{c})" for c in "abcdefg"]
    assert f"a) Who sends this: {BLANK}" in text
    with pytest.raises(IncidentError, match="stays a DRAFT") as refused:
        finished_notice(notice)
    assert all(ASKED[key] in refused.value.message for key in ("sender", "directions", "reunification"))


@pytest.mark.parametrize("missing", ["sender", "directions", "reunification"])
def test_one_blank_is_enough_to_refuse_and_none_is_not(missing):
    plan, _ = made()
    said = {
        "sender": "Town Police",
        "directions": "Come by 4th Street",
        "reunification": "Town Hall, Main Street",
    }
    assert finished_notice(public_notice(plan, EDITION, said)).startswith("PUBLIC NOTICE. Status: COMPLETE")
    with pytest.raises(IncidentError, match="DRAFT"):
        finished_notice(public_notice(plan, EDITION, said | {missing: " \u200b\n"}))


def test_a_notice_without_a_time_or_a_name_is_blank_there():
    plan, _ = made()
    unnamed = replace(plan, incident=replace(plan.incident, name=" "))
    assert {item.key for item in public_notice(unnamed).items if not item.text} >= {"why", "when", "sender"}


def test_an_item_that_is_none_of_the_seven_is_refused():
    plan, _ = made()
    with pytest.raises(IncidentError, match="no item 'weather'"):
        public_notice(plan, EDITION, {"weather": "rain"})


def test_the_public_learns_of_no_post_command_post_or_collection_point():
    plan, _ = made()
    text = notice_text(public_notice(plan, EDITION))
    kept = {"CP": Purpose.COMMAND_POST, "CCP": Purpose.CASUALTY_COLLECTION, "AEP": Purpose.AMBULANCE_EXCHANGE}
    for purpose in (*kept.values(), Purpose.CASUALTY_COLLECTION_FORWARD, Purpose.STAGING):
        for site in (site for site in plan.sites if site.purpose is purpose):
            assert site.name not in text
            assert site.usng not in text
        assert words.PURPOSES[purpose][1].lower() not in text.lower()
    for post in plan.posts:
        assert f"{post.id} " not in text
        assert " at " not in post.street or post.street not in text


def test_shelter_reaches_over_all_hot_and_warm_ground():
    plan, _ = made()
    text = next(item.text for item in public_notice(plan, EDITION).items if item.key == "shelter")
    told = re.search(r"inside ([\d,]+) m \(([\d,]+) ft\)", text)
    assert told is not None
    told_m, told_ft = (float(figure.replace(",", "")) for figure in told.groups())
    geod = Geod(ellps="WGS84")
    furthest = max(
        geod.inv(*CENTRE, *corner)[2]
        for zone in plan.zones
        if zone.zone != "cold"
        for corner in zone.rings[0]
    )
    assert furthest <= told_m < furthest + 51
    assert told_ft * 0.3048 >= told_m


# --- airspace -------------------------------------------------------------------------------------


def test_the_circle_is_three_nautical_miles_by_a_geodesic():
    plan, area = made()
    request = airspace_request(plan, area)
    geod = Geod(ellps="WGS84")
    radii = np.array([geod.inv(*request.centre, *corner)[2] for corner in request.ring])
    assert np.abs(radii - 5556).max() < 1  # the requirement: within 1 %
    assert request.ring[0] == request.ring[-1]
    assert request.ceiling_ft == 2000


def test_the_request_says_that_it_is_none_in_force_and_lists_what_lands_inside():
    plan, area = made()
    hospital = replace(
        plan.hospitals[0], helipad=True, name="Pad Hospital", location=area.frame.place(0, 3704)
    )
    beyond = replace(hospital, name="Far Hospital", location=area.frame.place(0, 5700))
    none = replace(hospital, name="No Pad", helipad=None)
    text = airspace_text(
        plan, airspace_request(replace(plan, hospitals=(hospital, beyond, none)), area), EDITION
    )
    assert STATUS in text
    assert "Pad Hospital (hospital helipad), 2.0 NM N (000°)" in text
    assert "Far Hospital" not in text
    assert "No Pad" not in text
    assert "(5,556 m)" in text
    assert "From (UTC): 2026-05-14 15:02" in text
    assert "beyond the map" in text  # the town is smaller than the circle


def test_without_a_map_nothing_is_said_to_be_searched():
    plan, _ = made()
    assert "map was not at hand" in airspace_text(plan, airspace_request(plan))


def test_helipads_of_the_map_are_listed_once():
    plan, area = made()
    pads = area.places_of("helipad", "aerodrome")
    assert len(pads)
    listed = airspace_request(replace(plan, hospitals=()), area).landing
    assert sum(pad.kind in ("helipad", "airfield") for pad in listed) == len(pads)
    at = next(pad for pad in listed if pad.kind in ("helipad", "airfield")).location
    there = replace(plan.hospitals[0], helipad=True, location=at)
    again = airspace_request(replace(plan, hospitals=(there,)), area).landing
    assert len(again) == len(listed)

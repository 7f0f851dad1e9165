"""The plan in words and the plan as map layers: complete, escaped, honest about what is not known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from planner import words
from planner.briefing.measures import in_units
from planner.briefing.phrases import UNDATED, Edition
from planner.briefing.public_notice import ASKED
from planner.briefing.verdict import verdict
from planner.errors import IncidentError
from planner.geo import LonLat
from planner.model import HospitalOption, Incident, Perimeter, Pin, Plan, Reject, RingOption
from planner.packs import Listing, shipped_doctrine
from planner.perimeters.staffing import staff_posts, staffing_order
from planner.plan import make_plan
from planner.terms import (
    NoticeLevel,
    PerimeterName,
    Purpose,
    RingSize,
    RouteKind,
    SiteSource,
    ThreatName,
    TraumaLevel,
    ZoneKind,
)
from planner.ui.panel_sites import strip
from planner.ui.panel_texts import texts
from planner.ui.panels import Beside, area_card, plan_panel, problem
from tests.strategies import plans
from tests.town import CENTRE, town

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
_SOME = settings(max_examples=40)
_NEVER_CLOSED = frozenset({"br", "img", "input"})


@cache
def a_plan() -> Plan:
    """A whole plan of the made town."""
    return make_plan(Incident(location=CENTRE, name="Maple School"), town(), shipped_doctrine())


class Markup(HTMLParser):
    """Reads markup: which elements, whether they nest, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.acts: set[tuple[str, str]] = set()
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        told = {name: value or "" for name, value in attrs}
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "button" and "data-act" in told:
            self.acts.add((told["data-act"], told["data-on"]))
        if tag not in _NEVER_CLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


@_SOME
@given(plans, st.sampled_from(words.UNITS))
def test_the_panel_is_sound_markup_and_names_every_post_and_best_site(plan: Plan, units: str) -> None:
    panel = Markup(plan_panel(plan, Beside(units=units)))
    allowed = (
        "div p b h2 h3 ul ol li span details summary table thead tbody tr th td button section label input"
    )
    assert panel.seen <= {*allowed.split(), "output", "fieldset", "legend", "time"}
    assert words.ADVICE in panel.text
    for notice in plan.notices:
        assert in_units(notice.text, units) in "".join(panel.words)
    for post in plan.posts:
        assert post.street in "".join(panel.words)


def test_every_site_can_be_decided_on_and_seen_on_the_map() -> None:
    plan = a_plan()
    chosen = plan.sites[0]
    pinned = replace(chosen, source=SiteSource.PINNED)
    plan = replace(plan, sites=(pinned, *(site for site in plan.sites if site.purpose is not chosen.purpose)))
    panel = Markup(plan_panel(plan, Beside()))
    for site in plan.sites:
        assert ("show", site.id) in panel.acts
        if site.source is SiteSource.PINNED:
            assert ("take_back", site.id) in panel.acts
        else:
            assert {("accept", site.id), ("reject", site.id)} <= panel.acts
    for post in plan.posts:
        assert {(act, post.id) for act in ("show", "remove_post", "open_street")} <= panel.acts


@pytest.mark.parametrize("officers", [0, 1, 7, 500])
def test_the_slider_says_what_so_many_officers_hold(officers: int) -> None:
    plan = a_plan()
    incident = replace(plan.incident, units=(("officers", officers),))
    told = Markup(plan_panel(replace(plan, incident=incident), Beside())).text
    open_now = len(staff_posts(plan.posts, officers).open)
    assert told.count("NOT STAFFED") == open_now
    assert (f"{open_now} of {len(plan.posts)} posts unstaffed" in told) == bool(open_now)
    first = next(
        (p for p in staffing_order(plan.posts) if p.id in staff_posts(plan.posts, officers).open), None
    )
    assert f"all take {sum(post.officers for post in plan.posts)} officers" in told
    assert ("Every post is held." in told) == (first is None)
    assert first is None or f"NOT sealed, open: {first.id} {first.street}" in told


def test_no_two_parts_of_the_board_have_one_id() -> None:
    """Focus, open parts and labels are found by id."""
    plan = a_plan()
    ids = Markup(plan_panel(plan, Beside(texts=texts(plan, UNDATED, {})))).ids
    assert len(ids) == len(set(ids))
    assert len(ids) > 100


def test_the_texts_to_send_are_there_and_the_notice_is_refused_while_anything_is_blank() -> None:
    plan = a_plan()
    draft = Markup(texts(plan, UNDATED, {}))
    assert "DRAFT, not for release" in draft.text
    assert "copy-notice" not in draft.ids
    written = dict.fromkeys(ASKED, f"as told {NASTY}")
    done = Markup(texts(plan, UNDATED, written))
    assert "DRAFT, not for release" not in done.text
    assert {"copy-notice", "copy-radio", "copy-desk", "copy-clear"} <= set(done.ids)
    assert not done.seen & {"script", "img"}
    assert words.EXERCISE in Markup(texts(plan, Edition(exercise=True), {})).text


def test_figures_in_reasons_are_told_in_the_readers_units() -> None:
    text = "120 m from gate I4, over 1.5 km on Route 66, 3,500 m² at 30 km/h; 14 m2, A5 m, room for 85 cars"
    assert in_units(text, words.METRES) == text
    assert in_units(text, words.FEET) == (
        "400 ft from gate I4, over 0.9 mi on Route 66, 38,000 sq ft at 19 mph; 14 m2, A5 m, room for 85 cars"
    )


@_SOME
@given(plans)
def test_the_panel_says_what_fewer_officers_hold_and_who_watches(plan: Plan) -> None:
    told = Markup(plan_panel(plan, Beside())).text
    # Whole headings: a made name may be any one word of ours.
    assert ("I have this many officers" in told) == bool(plan.posts)
    assert ("Containment: " in told) == bool(plan.observations)
    for post in plan.observations:
        assert post.reason in told


@_SOME
@given(plans)
def test_hostile_names_stay_text(plan: Plan) -> None:
    posts = tuple(replace(post, street=NASTY, reason=NASTY) for post in plan.posts)
    sites = tuple(replace(site, name=NASTY, reason=NASTY, cautions=(NASTY,)) for site in plan.sites)
    hospitals = tuple(replace(place, name=NASTY, reason=NASTY) for place in plan.hospitals)
    beside = Beside(
        features=({"id": NASTY, "properties": {"kind": "reject", "name": NASTY}},), changes=(NASTY,)
    )
    panel = Markup(plan_panel(replace(plan, posts=posts, sites=sites, hospitals=hospitals), beside))
    assert not panel.seen & {"script", "img"}
    if posts:
        assert NASTY in "".join(panel.words)


@_SOME
@given(plans)
def test_the_verdict_claims_a_seal_only_when_every_perimeter_is_sealed(plan: Plan) -> None:
    told = verdict(plan)
    sealed = bool(plan.perimeters) and all(line.sealed for line in plan.perimeters)
    assert ("Streets sealed on the map" in told) == (sealed and bool(plan.posts))
    assert ("NO POSTS" in told) == (sealed and not plan.posts)
    assert "way out" in told or "ways out" in told or told.startswith("NO WAY OUT FOR AMBULANCES")
    warned = sum(notice.level is not NoticeLevel.INFO for notice in plan.notices)
    assert (f"{warned} caution" in verdict(plan)) == (warned > 0)


def test_the_verdict_is_held_only_where_there_are_officers_for_every_post() -> None:
    plan = a_plan()
    calm = replace(plan, notices=tuple(one for one in plan.notices if one.level is not NoticeLevel.DANGER))
    needed = plan.officers["inner"] + plan.officers["outer"]

    def look(officers: int | None, shown: Plan = calm) -> str:
        units = () if officers is None else (("officers", officers),)
        told = replace(shown, incident=replace(shown.incident, units=units))
        (found,) = re.finditer(r'class="told verdict (\w+)"', plan_panel(told, Beside()))
        return found[1]

    assert [look(count) for count in (None, needed, needed - 1, 0)] == ["asked", "held", "open", "open"]
    assert look(needed, replace(calm, routes=())) == "open"
    assert f"Needs {needed} officers; at hand not given." in verdict(calm)
    assert f"Needs {needed} officers; {needed} at hand." in verdict(calm, needed)
    few = verdict(calm, needed - 1)
    assert "NOT sealed yet: " in few
    assert "Streets sealed on the map" not in few


def test_while_a_bomb_is_not_named_the_verdict_says_first_what_the_plan_is_for() -> None:
    plan = a_plan()
    needed = plan.officers["inner"] + plan.officers["outer"]
    incident = replace(plan.incident, threat=ThreatName.HANDGUN, units=(("officers", needed),))
    plan = replace(plan, incident=incident, notices=())
    assert 'class="told verdict held"' in plan_panel(plan, Beside())
    told = plan_panel(plan, Beside(bomb_unsaid=True))
    (found,) = re.finditer(r'class="told verdict open".*?</span><span>(.*?)</span>', told)
    assert found[1] == "Planned as HANDGUN, not as explosive: choose the device."


def test_the_figure_is_of_the_hospital_that_the_plan_names_first_and_says_that_its_level_is_unknown() -> None:
    plan = a_plan()
    shut = replace(plan.hospitals[0], adult_level=None, closed=False, diversion=True, time_range_min=(1, 1))
    near = replace(shut, name="Near <b>", diversion=False, time_range_min=(8, 12), off_map=False)
    far = replace(near, name="Far", adult_level=TraumaLevel.II, off_map=True, time_range_min=(183, 308))

    def care(*hospitals: HospitalOption) -> str:
        return plan_panel(replace(plan, hospitals=hospitals), Beside())

    first = replace(near, leads="first in order")
    assert "<b>8-12 min</b><span>to Near &lt;b&gt;, level unknown: ask</span>" in care(shut, far, first)
    assert "<b>8-12 min</b><span>to Near &lt;b&gt;, level unknown: ask</span>" in care(shut, near, far), "old"
    assert "<b>183-308 min</b><span>to Far, level II, estimate</span>" in care(
        near, replace(far, leads="near")
    )
    assert "<b>? min</b><span>no way to a hospital</span>" in care(shut)
    assert "<b>? min</b><span>no hospital known</span>" in care()


def test_the_strip_says_what_became_of_each_site_and_since_when() -> None:
    plan = a_plan()
    first = {site.purpose: site for site in plan.sites if site.rank == 1}
    post, staging, media = (
        first[purpose] for purpose in (Purpose.COMMAND_POST, Purpose.STAGING, Purpose.MEDIA)
    )
    pins = (
        Pin(post.purpose, post.shape, accepted=True, set_at="2026-01-02T03:04:05+00:00"),
        Pin(staging.purpose, staging.shape, moved=True, set_at="2026-01-02T03:05:05+00:00"),
    )
    rejects = (Reject(media.purpose, media.entrance),) * 2
    chosen = {site.id for site in (post, staging)}
    sites = tuple(
        replace(site, source=SiteSource.PINNED) if site.id in chosen else site
        for site in plan.sites
        if site.purpose not in (Purpose.EVACUATION, Purpose.HELISPOT)
    )
    shown = replace(plan, sites=sites, incident=replace(plan.incident, pins=pins, rejects=rejects))
    markup = strip(shown, {media.id: "2026-01-02T03:06:07+00:00"})
    assert '<b>CP</b> accepted <time datetime="2026-01-02T03:04:05+00:00">03:04</time> ago' in markup
    assert '<b>STAGING</b> moved <time datetime="2026-01-02T03:05:05+00:00">03:05</time> ago' in markup
    assert "<b>MEDIA</b> 2 rejected" in markup
    assert re.search(r"Not found: pin one.*<b>EVAC</b>", markup)
    assert "LZ" not in markup, "not every incident needs one"
    assert "Set" not in strip(replace(shown, sites=(), incident=plan.incident), {})


def test_how_long_suggestions_wait_is_said_once_and_reads_as_no_drive_time() -> None:
    plan = a_plan()
    first = [site for site in plan.sites if site.rank == 1]
    media = next(site for site in first if site.purpose is Purpose.MEDIA)
    early, late = "2026-01-02T03:04:05+00:00", "2026-01-02T03:06:07+00:00"
    together = strip(plan, {site.id: early for site in first})
    waiting = f'waiting <time datetime="{early}">03:04</time>'
    assert f'<h3 id="strip-suggested">Suggested, not set: {waiting}</h3>' in together
    assert together.count("<time") == 1
    assert '<li class="suggested"><b>CP</b></li>' in together
    apart = strip(plan, {site.id: late if site is media else early for site in first})
    assert re.search(
        rf'{re.escape(waiting)}</p>.*<b>CP</b>.*waiting <time datetime="{re.escape(late)}">', apart
    )
    assert re.search(r"03:06</time></p><ul[^>]*><li[^>]*><b>MEDIA</b></li></ul>", apart)
    near = "2026-01-02T03:05:04+00:00"  # another minute of the clock, and both read "<1 min"
    assert strip(plan, {site.id: near if site is media else early for site in first}).count("<time") == 1


def test_ways_out_that_hang_on_one_gate_are_said_to() -> None:
    plan = a_plan()
    one, *_ = (route for route in plan.routes if route.route is RouteKind.EGRESS)
    posts = [post.id for post in plan.posts if post.perimeter is PerimeterName.OUTER][:3]
    first, second, third = posts

    def told(*crossed: tuple[str, ...], officers: int | None = None, elsewhere: bool = False) -> str:
        ways = tuple(replace(one, id=f"egress-{k}", posts_crossed=ids) for k, ids in enumerate(crossed))
        ways = tuple(replace(way, end=f"Hospital {k}") for k, way in enumerate(ways))
        hospitals = tuple(replace(plan.hospitals[0], name="" if elsewhere else way.end) for way in ways)
        return verdict(replace(plan, routes=ways, hospitals=hospitals), officers)

    assert f"2 ways out, all through {first}, to 2 hospitals." in told((first, second), (first, third))
    assert "2 ways out, to 2 hospitals. " in told((first,), (second,))
    assert "2 ways out, to 2 hospitals. " in told((first,), ())
    assert f"1 way out through {first}, to 1 hospital. " in told((first,))
    assert f"1 way out through {first}, to 3 hospitals. " in told((first,), (first,), (first,))
    assert "1 way out, to 2 hospitals. " in told((), ())
    beyond = replace(one, reason=f"Ambulances to {words.TOWARDS}Far: 3 min", end="Far")
    ends = (replace(one, end="Near"), beyond)
    hospitals = tuple(replace(plan.hospitals[0], name=way.end) for way in ends)
    assert ", to the edge of the map, towards 1 hospital." in verdict(
        replace(plan, routes=(beyond,), hospitals=hospitals)
    )
    assert ", to 1 hospital and to the edge of the map, towards 1 hospital." in verdict(
        replace(plan, routes=ends, hospitals=hospitals)
    )
    needed = plan.officers["inner"] + plan.officers["outer"]
    last = staff_posts(plan.posts, needed).staffed[-1]  # the first that few officers leave open
    assert f"Corridor NOT HELD, no officers yet for {last}: 1 way out" in told((last,), officers=needed - 1)
    assert "Corridor open, 1 way out" in told((last,), officers=needed)
    held = next(post for post in posts if post != last)
    some = told((last,), (held,), officers=needed - 1)
    assert "Corridor open, 2 ways out, 1 of them with officers at the gates, to 2 hospitals." in some
    assert f"Corridor leads to NO HOSPITAL: 1 way out through {held}." in told((held,), elsewhere=True)


def test_a_larger_ring_that_takes_no_fewer_posts_is_told_and_not_offered() -> None:
    plan = a_plan()
    line = next(one for one in plan.perimeters if one.perimeter is PerimeterName.OUTER)
    planned = RingOption(None, RingSize.STANDARD, 9, 14, 1e5, "As planned")
    none = replace(planned, size=RingSize.LARGER, area_m2=None, says="Larger: no ring takes fewer posts")
    some = replace(none, vehicle_posts=8, says="Larger: 8 vehicle posts")

    def markup(option: RingOption) -> str:
        lines = tuple(
            replace(one, options=(planned, option) if one is line else ()) for one in plan.perimeters
        )
        return plan_panel(replace(plan, perimeters=lines), Beside())

    assert none.says in markup(none)
    assert "TAKE THIS RING" not in markup(none)
    assert "TAKE THIS RING" in markup(some)


@_SOME
@given(plans)
def test_a_leak_turns_the_verdict(plan: Plan) -> None:
    ring = (LonLat(0, 0), LonLat(1, 0), LonLat(1, 1), LonLat(0, 0))
    leaky = Perimeter(PerimeterName.INNER, (ring,), 0, 0, False, ("Main St",), "")
    told = verdict(replace(plan, perimeters=(*plan.perimeters, leaky)))
    assert "NOT sealed" in told
    assert "inner perimeter" in told


def test_every_word_of_the_trade_has_its_name() -> None:
    assert set(words.PURPOSES) == set(Purpose)
    assert set(words.THREATS) == set(ThreatName)
    assert set(words.ROUTES) == set(RouteKind)
    assert set(words.PERIMETERS) == set(PerimeterName)
    assert set(words.ZONE_LETTERS) == set(ZoneKind)
    assert len(words.BOMBS) == 8
    assert len({short for short, _ in words.PURPOSES.values()}) == len(Purpose)


def test_figures_are_rounded_as_far_as_they_are_known() -> None:
    assert words.distance(347, words.METRES) == "350 m"
    assert words.distance(2, words.METRES) == "10 m"
    assert words.distance(1349, words.METRES) == "1.3 km"
    assert words.distance(100, words.FEET) == "350 ft"
    assert words.distance(3218.7, words.FEET) == "2.0 mi"
    assert words.ground(3456, words.METRES) == "3,500 m²"
    assert words.ground(100, words.FEET) == "1,100 sq ft"
    assert words.ground(None, words.METRES) == "? m²"
    assert words.ground(float("nan"), words.FEET) == "? sq ft"
    assert words.minutes((11, 14)) == "11-14 min"
    assert words.minutes(None) == "? min"
    assert words.count(1, "post") == "1 post"


@given(st.floats(0, 1e6), st.sampled_from(words.UNITS))
def test_a_distance_is_never_nothing(length_m: float, units: str) -> None:
    assert float(words.distance(length_m, units).split()[0].replace(",", "")) > 0


def test_a_problem_is_one_escaped_line() -> None:
    told = Markup(problem(str(IncidentError(NASTY, "Draw again"))))
    assert told.seen == {"div", "p"}
    assert "Draw again" in told.text


def test_an_area_says_its_age_and_what_it_lacks() -> None:
    manifest: dict[str, Any] = {
        "counts": {
            "streets": 1200,
            "edges": 3400,
            "drivable_edges": 2000,
            "buildings": 10,
            "buildings_with_height": 1,
            "buildings_with_levels": 2,
            "places": {"school": 4},
            "unread_rules": {"passage": 1, "speed": 12, "barriers": 0, "turns": 0},
        },
        "bbox_deg": [1.0, 2.0, 3.0, 4.0],
        "data_date": "2017-12-04",
        "source": NASTY,
        "attribution": "© OpenStreetMap contributors",
        "licence": "ODbL",
        "files": {"streets": {"bytes": 2_500_000}, "places": {"bytes": 400_000}},
    }
    told = Markup(area_card(Listing("town", True, manifest), date(2026, 1, 1)))
    assert "3,400 stretches of street, 10 buildings, 0 hospitals, 4 schools, 0 car parks." in told.text
    assert "222.3 km by 221.2 km (138.2 mi by 137.4 mi): 3,400" in told.text
    assert "Map of 2017-12-04, 8 years old." in told.text
    assert "The map is 8 years old: check what has changed" in told.text
    assert "No hospitals: load a hospital table" in told.text
    assert "under conditions are in no plan: of 1 street and 12 speed limits" in told.text
    older = {key: value for key, value in manifest["counts"].items() if key != "unread_rules"}
    unknown = Markup(area_card(Listing("town", False, {**manifest, "counts": older}), date(2026, 1, 1))).text
    assert "Rules of streets that hold at times only are not known" in unknown
    assert "heights" not in told.text.partition("All that is known")[0], "three of ten are not few"
    bare = {
        **manifest,
        "counts": {**manifest["counts"], "buildings_with_height": 0, "buildings_with_levels": 0},
    }
    bare |= {"data_date": ""}
    lacking = Markup(area_card(Listing("town", False, bare), date(2026, 1, 1))).text
    assert "No building heights: who looks down on whom is not known" in lacking
    assert "Nobody knows how old this map is" in lacking
    recent = Markup(
        area_card(Listing("town", False, {**manifest, "data_date": "2025-12-31"}), date(2026, 1, 1))
    )
    assert "1 day old" in recent.text
    assert "check what has changed" not in recent.text
    outdated = Markup(area_card(Listing("town", True, None, "of schema 1. Delete it"), date(2026, 1, 1)))
    assert "made again when it is next opened: of schema 1." in outdated.text
    assert "1,200 in 3,400 stretches" in told.text
    assert "2.9 MB" in told.text
    assert "© OpenStreetMap contributors" in told.text
    assert "img" not in told.seen
    broken = Markup(area_card(Listing("town", False, None, "a file is missing"), date(2026, 1, 1)))
    assert "a file is missing" in broken.text
    fresh = area_card(Listing("town", True, None), date(2026, 1, 1))
    assert "when it is first opened" in Markup(fresh).text

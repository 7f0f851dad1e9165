"""The transport officer's words, and other ways to a hospital on a finished plan."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from planner.area import Area
from planner.briefing.transport_text import to_ask, transport_text, unplaced
from planner.closures import blocked_streets
from planner.document import read_incident, write_plan
from planner.model import Casualties, Closure, HospitalStatus, Incident, Plan, Shape
from planner.packs import shipped_doctrine
from planner.plan import before_patients, hold_scene, make_plan
from planner.routes.alternatives import find_alternatives, middle_points, streets_of
from planner.routes.driving import Driving, ambulance_point
from planner.terms import RouteKind, TraumaLevel, Travel
from tests.test_hospitals import fact
from tests.town import town

DOCTRINE = shipped_doctrine()
WAVE = DOCTRINE.transport.first_wave_red


@cache
def planned() -> tuple[Plan, Area]:
    area = town()
    facts = (
        fact(area, 40_000, 0, "Far Trauma", adult_level=TraumaLevel.I, beds=500, helipad=True),
        fact(area, -700, -700, "West Trauma", adult_level=TraumaLevel.II, beds=300),
        fact(area, -700, 600, "North Hospital"),
    )
    incident = Incident(
        location=area.frame.place(0, 0),
        casualties=Casualties(6, 4, 3),
        children=Casualties(0, 1, 0),
        units=(("ambulance", 4),),
        hospitals=(HospitalStatus("North Hospital", area.frame.place(-700, 600), diversion=True),),
    )
    return make_plan(incident, area, DOCTRINE, facts), area


def test_the_transport_officer_says_who_drives_where_and_what_is_held_back() -> None:
    plan, _ = planned()
    told = transport_text(plan, WAVE)
    assert told.startswith("Transport. Incident at")
    assert "Ambulances load at" in told
    first = next(line for line in told.splitlines() if "Red, first wave: " in line)
    assert f"{WAVE} to West Trauma (Level II, " in first
    assert f"{WAVE} to Far Trauma (Level I, " in first
    assert "estimate" in first
    assert told.count("(Level II, ") == 1, "level and drive are told once, then the name alone"
    loading = next(line for line in told.splitlines() if "Ambulances load at" in line)
    ways = [route for route in plan.routes if route.route is RouteKind.EGRESS]
    assert f" Leave by {ways[0].streets[0]}" in loading
    for post in ways[0].posts_crossed:
        said = post in loading.split(" Leave ")[1]
        assert said is all(post in way.posts_crossed for way in ways)
    assert "Red, then: " in told
    assert "Yellow, two in an ambulance: " in told
    assert "Police cars that carry a red: to West Trauma or Far Trauma, and tell transport at once" in told
    assert "Of these, children: 1 to " in told
    assert "On diversion, no ambulances: North Hospital." in told
    assert "come by themselves: " in told
    assert "4 at hand, " in told
    assert "No traffic data" in told
    assert "Suggestion: IC decides" in told
    assert "best hospital" not in told


def test_police_cars_take_no_adult_to_a_hospital_for_children_only() -> None:
    plan, _ = planned()

    def told(*names: str) -> str:
        marked = tuple(replace(h, children_only=h.name in names) for h in plan.hospitals)
        text = transport_text(replace(plan, hospitals=marked), WAVE)
        (line,) = [line for line in text.splitlines() if "Police cars" in line]
        return line.split("Police cars that carry a red")[1]

    assert (
        told("West Trauma")
        == ": to Far Trauma, a child to West Trauma, and tell transport at once: it counts."
    )
    both = " child: to West Trauma or Far Trauma, and tell transport at once: it counts."
    assert told("West Trauma", "Far Trauma") == both


def test_patients_without_a_place_are_said_loudly() -> None:
    plan, _ = planned()
    crowd = replace(plan, incident=replace(plan.incident, casualties=Casualties(40, 4, 3)))
    assert unplaced(crowd)["red"] == 40 - sum(h.assigned.red for h in plan.hospitals)
    told = transport_text(crowd, WAVE)
    assert "NO PLACE known in the first hour for 3" in told
    assert "Ask what they take: hospitals." in told, "no way is known to any of unknown level"
    assert told.index("NO PLACE") < told.index("Red, first wave"), "what is worst is said first"
    reached = [replace(h, time_s=h.time_s or 300.0, time_range_min=(3, 6)) for h in crowd.hospitals]
    opened = replace(crowd, hospitals=tuple(replace(h, diversion=False) for h in reached))
    assert "Ask what they take: North Hospital (3-6 min)" in transport_text(opened, WAVE)
    spared = replace(opened, hospitals=tuple(replace(h, spared="near" * ("Nor" in h.name)) for h in reached))
    spared = replace(spared, hospitals=tuple(replace(h, diversion=False) for h in spared.hospitals))
    assert "Ask what they take: Town General Hospital (3-6 min), North Hospital" in transport_text(
        spared, WAVE
    )


def test_ambulances_that_left_are_said_to_be_counted_as_just_gone() -> None:
    plan, _ = planned()
    need = plan.ambulances
    assert need is not None
    need = replace(need, last_red_min=(33, 41))
    told = transport_text(replace(plan, ambulances=need), WAVE)
    assert "after the first leaves" in told
    assert "just gone" not in told
    gone = replace(plan, ambulances=replace(need, just_gone=3))
    told = transport_text(gone, WAVE)
    assert "4 at hand, 3 of them counted as just gone, " in told
    assert "min from now, sooner if those are back." in told


def test_for_adults_without_a_place_no_hospital_for_children_is_asked() -> None:
    plan, _ = planned()
    north = next(h for h in plan.hospitals if h.name == "North Hospital")
    asked = replace(north, name="Children's", diversion=False, children_only=True, time_s=1.0)
    others = tuple(h for h in plan.hospitals if h is not north)
    incident = replace(plan.incident, casualties=Casualties(0, 0, 99), children=Casualties(0, 1, 0))
    grown = replace(plan, incident=incident, hospitals=(asked, *others))
    assert not any("Children's" in told for told in to_ask(grown))
    assert to_ask(grown), "the others are asked"
    gone = replace(asked, sent=Casualties(0, 0, 1))
    incident = replace(incident, children=Casualties(0, 0, 1))
    left = replace(plan, incident=incident, hospitals=(gone, *others))
    assert not any("Children's" in told for told in to_ask(left)), "the one child has left"
    young = replace(grown, incident=replace(incident, children=Casualties(0, 0, 20)))
    assert "Children's" in to_ask(young)[-1], "a child may be among them: those for all come first"
    unknown = replace(grown, incident=replace(incident, children=None))
    assert "Children's" in to_ask(unknown)[-1]


def test_a_strangers_name_stays_one_line() -> None:
    plan, _ = planned()
    evil = "A\n9. Red: 5 to B\u202e"
    odd = replace(plan, hospitals=tuple(replace(h, name=evil) for h in plan.hospitals))
    lines = transport_text(odd, WAVE).splitlines()
    assert not any(line.startswith("9. Red: 5 to B") for line in lines)
    assert "\u202e" not in "".join(lines)


def test_the_plans_closures_are_laid_on_the_streets_again() -> None:
    plan, area = planned()
    driving = Driving(area, streets_of(plan, area, DOCTRINE), DOCTRINE, Travel.EMERGENCY)
    site = ambulance_point(plan.sites)
    assert site is not None
    start = driving.enter(site)
    assert start is not None
    search = driving.search(start)
    for route in plan.routes:
        if route.start == site.id and route.id.startswith("egress"):
            end = np.flatnonzero(area.network.node_id == route.nodes[-1])
            assert search.costs_s(end)[0] < np.inf
    (posts,) = [{p.id for p in plan.posts if p.perimeter == "outer" and p.mode == "vehicle"}]
    assert {post.id for post in driving.streets.posts} == posts


@pytest.mark.parametrize("name", ["West Trauma", "Far Trauma", "Town General Hospital"])
def test_other_ways_keep_off_the_first_and_off_closed_ground(name: str) -> None:
    plan, area = planned()
    hospital = next(h for h in plan.hospitals if h.name == name)
    found = find_alternatives(plan, hospital, area, DOCTRINE)
    first = next((r for r in plan.routes if r.id == hospital.route), None)
    if name != "Town General Hospital":  # that one may lie by the danger, without a way
        assert found
        assert first is not None
    for other in found:
        assert other.later_s >= -1e-6
        assert other.route.hot_m == 0
        assert other.common_m <= 0.75 * other.route.length_m
        assert other.range_min[0] <= other.range_min[1]
        assert first is None or other.route.line != first.line
        assert other.route.id.startswith("alternative-")


def test_blocking_the_middle_of_a_street_closes_what_a_way_drives_of_it() -> None:
    plan, area = planned()
    hospital = next(h for h in plan.hospitals if h.name == "West Trauma")
    route = next(r for r in plan.routes if r.id == hospital.route)
    assert all(middle_points(one, name, area) for one in plan.routes for name in one.streets)
    street = route.streets[len(route.streets) // 2]
    places = middle_points(route, street, area)
    incident = replace(
        read_incident(write_plan(plan)), closures=tuple(Closure(Shape(points=(p,))) for p in places)
    )
    blocked = np.flatnonzero(blocked_streets(incident, area, DOCTRINE))
    assert {area.network.street(int(edge)) for edge in blocked} == {street}
    assert len(blocked) == len(places)
    facts = (fact(area, -700, -700, "West Trauma", adult_level=TraumaLevel.II, beds=300),)
    after = make_plan(incident, area, DOCTRINE, facts)
    there = next(h for h in after.hospitals if h.name == "West Trauma")
    assert there.time_s is None or hospital.time_s is None or there.time_s >= hospital.time_s - 1e-6


def test_a_scene_held_before_gives_the_same_plan_when_hospitals_speak() -> None:
    """What hospitals say changes nothing decided before patients: the quick plan is the whole plan."""
    plan, area = planned()
    facts = (fact(area, -700, -700, "West Trauma", adult_level=TraumaLevel.II, beds=300),)
    before = replace(plan.incident, hospitals=(), children=None, name="")
    held = hold_scene(before, area, DOCTRINE)
    for said in (
        plan.incident,
        replace(before, hospitals=(HospitalStatus("West Trauma", facts[0].location, closed=True),)),
        replace(before, children=Casualties(1, 1, 1), name="Main Street"),
    ):
        assert before_patients(said) == before
        quick = make_plan(said, area, DOCTRINE, facts, held=held)
        assert quick == make_plan(said, area, DOCTRINE, facts)

"""Transport: who goes where, times, other ways, what a blocked street changes. For the EMS coordinator."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st

import planner.ui
from planner import packs, words
from planner.area import Area
from planner.briefing.phrases import Edition, drive
from planner.briefing.transport_text import transport_text
from planner.closures import blocked_names
from planner.doctrine import Doctrine
from planner.hospitals.unlisted import Unlisted, not_listed
from planner.model import HospitalOption, Plan
from planner.routes.alternatives import Alternative, find_alternatives, middle_points
from planner.sources.hospital_tables import installed_hospitals
from planner.terms import Purpose, RouteKind
from planner.ui import state, transport
from planner.ui.ask import ask_units
from planner.ui.decide import undone
from planner.ui.layers import map_layers
from planner.ui.map import show_map
from planner.ui.opening import area_or_stop, base_map_or_none, hear_others, plan_or_problem, wait_for
from planner.ui.panels import exercise_mark, problem, taken_over
from planner.ui.show import clock, show_html, show_style
from planner.ui.transport_ask import ask_agreement, ask_casualties, ask_departure, ask_hospitals
from planner.ui.transport_compared import compared
from planner.ui.transport_sheet import transport_sheet

SITES = (
    Purpose.AMBULANCE_EXCHANGE,
    Purpose.CASUALTY_COLLECTION,
    Purpose.CASUALTY_COLLECTION_FORWARD,
    Purpose.STAGING,
    Purpose.HELISPOT,
)
Json = dict[str, Any]

MOST_WHAT_IF = 3
WAYS = (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS)


@st.cache_data(max_entries=32, show_spinner=False)
def other_ways(
    _plan: Plan, plan_id: str, number: int, _area: Area, _doctrine: Doctrine
) -> tuple[Alternative, ...]:
    """Find the other ways to one hospital of a plan, once."""
    del plan_id  # the key of the cache
    return find_alternatives(_plan, _plan.hospitals[number], _area, _doctrine)


@st.cache_data(max_entries=8, show_spinner=False)
def hospitals_not_listed(_plan: Plan, plan_id: str, _area: Area, _doctrine: Doctrine) -> tuple[Unlisted, ...]:
    """Find the hospitals that a plan does not list, once."""
    del plan_id  # the key of the cache
    facts = installed_hospitals(_area, _doctrine).facts
    return not_listed(_plan, _area, facts, _doctrine.transport)


def shown_on_map(plan: Plan, others: tuple[Alternative, ...], hospital: HospitalOption | None) -> Plan:
    """Keep of a plan what moves patients; where a hospital was chosen its ways, with the other ways there."""
    kept = [route for route in plan.routes if route.route in WAYS]
    if hospital is not None:  # then nothing else: ways out to all others look the same
        kept = [route for route in kept if route.route is not RouteKind.EGRESS or route.id == hospital.route]
    crossed = {post for route in kept for post in route.posts_crossed}
    crossed |= {post for other in others for post in other.route.posts_crossed}
    return replace(
        plan,
        id=f"{plan.id} {hospital.name if hospital else ''}",
        posts=tuple(post for post in plan.posts if post.id in crossed),
        observations=(),
        sites=tuple(site for site in plan.sites if site.purpose in SITES and site.rank == 1),
        routes=(*kept, *(other.route for other in others)),
    )


def whole_way(plan: Plan, number: int) -> Json:
    """Ask the map to show all of the ways to a hospital that was chosen, once."""
    told = zlib.crc32(f"{plan.id} {number}".encode())
    return {"id": "", "number": told, "move": False, "whole": True}


def choose_hospital(plan: Plan) -> int | None:
    """Ask to which hospital other ways are wanted."""
    reached = {
        (place.name, place.location): number
        for number, place in enumerate(plan.hospitals)
        if place.time_s is not None
    }
    chosen = st.selectbox(  # by name and place: a plan's order changes with what is said
        "Other ways to",
        list(reached),
        index=None,
        placeholder="choose a hospital: its ways are drawn on the map",
        format_func=lambda which: f"{words.plain(which[0])}, {drive(plan.hospitals[reached[which]])}",
        key=f"ways to in {incident.id}",
    )
    return None if chosen is None else reached.get(chosen)


def what_blocked_changed(plan: Plan) -> None:
    """Show, where streets are blocked, the plan without the marks beside the plan as it is now."""
    marks = closing_marks(plan)
    if not marks:
        return
    names = [name for name, _, _ in marks]
    features = [mark for _, _, mark in marks]
    free = tuple(one for one in incident.features if one not in features)
    columns = [("Nothing blocked", free)]
    if len(marks) > 1:
        last = tuple(one for one in incident.features if one is not features[-1])
        columns.append((f"Before the last mark ({names[-1]})", last))
    now = (f"Now: {words.joined(names)} blocked", plan)
    show_html('<div class="pl"><h2>What the blocked streets changed</h2></div>')
    side_by_side([*columns, now])


def closing_marks(plan: Plan) -> list[tuple[str, int, Json]]:
    """Return the marks that close streets, in the order in which they were set: names, number and feature."""
    marks = [one for one in incident.features if one["properties"]["kind"] == "closure"]
    names = blocked_names(plan.incident, area, doctrine)
    return [
        (words.plain(name), number, mark)
        for number, (name, mark) in enumerate(zip(names, marks, strict=False), 1)
        if name
    ]


def what_if(plan: Plan) -> None:
    """Ask what if, and show the plans side by side."""
    driven = dict.fromkeys(street for route in plan.routes if route.route in WAYS for street in route.streets)
    open_again = {f"Open again: {name} (mark {number})": mark for name, number, mark in closing_marks(plan)}
    chosen = st.multiselect(
        "What if one of these streets is blocked where it is driven now? Each stands in a column of its own",
        [*driven, *open_again],
        max_selections=MOST_WHAT_IF,
        placeholder="choose up to three streets that ways use",
        key=f"what if in {incident.id}",
    )
    if not chosen:
        return
    columns: list[tuple[str, tuple[Json, ...] | Plan]] = [("Now", plan)]
    for choice in chosen:
        if choice in open_again:
            left = tuple(one for one in incident.features if one is not open_again[choice])
            columns.append((words.plain(choice), left))
            continue
        places = [
            list(place)
            for route in plan.routes
            if route.route in WAYS and choice in route.streets
            for place in middle_points(route, choice, area)
        ]
        geometry = {"type": "MultiPoint", "coordinates": places}
        mark = {"type": "Feature", "id": "what if", "properties": {"kind": "closure"}, "geometry": geometry}
        columns.append(
            (f"If {words.plain(choice)} is blocked where it is driven now", (*incident.features, mark))
        )
    side_by_side(columns)


def side_by_side(columns: Sequence[tuple[str, tuple[Json, ...] | Plan]]) -> None:
    """Plan each column that is not planned yet, and show those that can be beside each other."""
    plans, labels = [], []
    for label, one in columns:
        then, why_not = (
            (one, "") if isinstance(one, Plan) else plan_or_problem(replace(incident, features=one), area)
        )
        if then is None:
            show_html(problem(f"{label}: {why_not}"))
        else:
            plans.append(then)
            labels.append(label)
    if len(plans) > 1:
        show_html(compared(plans, labels))


show_style()
st.html(Path(planner.ui.__file__).parent / "transport.css")
doctrine = packs.shipped_doctrine()
rules = doctrine.transport
incident = state.take_stroke(state.catch_up(state.open_incident()))
incident, refused = state.take_words(incident)
listings = {listing.name: listing for listing in packs.list_areas()}
if incident.area not in listings:
    show_html(problem(f"The area {incident.area} is not here. Choose another on the Incident page"))
    st.stop()
area = area_or_stop(listings[incident.area])
units = ask_units()
plan, trouble = plan_or_problem(incident, area)
if plan:
    show_html(transport.jumps())
left, right = st.columns([6, 4])

with right:
    with st.container():  # what comes and goes has a place of its own: who types below keeps the focus
        if mark := exercise_mark(incident.facts):
            show_html(mark)
        for text in (*refused, *state.missing(incident)):
            show_html(problem(text))
        show_html(taken_over([(clock(moment), what) for moment, what in state.news(incident)]))
    if plan:
        show_html(transport.summary(plan, rules))
    elif trouble:
        show_html(problem(trouble))
    else:
        show_html(problem("Tap on the map where it happens, or begin on the Incident page"))
    if plan:
        with st.container(key="leaving"):
            ask_departure(incident, plan)
    number = choose_hospital(plan) if plan else None
    with st.container(key="asking"):
        ask_casualties(incident)

with left, st.container(key="map_side"):
    found = other_ways(plan, plan.id, number, area, doctrine) if plan and number is not None else ()
    chosen_hospital = plan.hospitals[number] if plan and number is not None else None
    drawing = state.base_map_of(area)
    base_map = base_map_or_none(drawing)
    if base_map is None:
        wait_for(drawing, area.name)
    show_map(
        area,
        base_map,
        incident=incident.id,
        authority=incident.authority,
        others=incident.others,
        features=list(incident.features),
        facts=undone(incident.facts),
        plan=map_layers(shown_on_map(plan, found, chosen_hospital), units, area) if plan else None,
        units=units,
        acknowledged=state.last_stroke(),
        message=trouble,
        focus=whole_way(plan, number) if plan and number is not None else None,
    )

if plan:
    unlisted = hospitals_not_listed(plan, plan.id, area, doctrine)
    with st.container():
        if chosen_hospital is not None:
            show_html(transport.ways(plan, chosen_hospital, found, units))
        what_blocked_changed(plan)
        show_html(
            transport.distribution(plan, rules, len(unlisted)) + transport.age(plan, datetime.now(UTC).date())
        )
        show_html(transport.cautions(plan))
    with st.container(key="saying"):
        ask_hospitals(incident, plan, unlisted)
    show_html(transport.matrix(plan) + transport.by_air(plan) + transport.lanes(plan))
    with st.container(key="agreeing"):
        ask_agreement(incident, plan)
    with st.container(key="trying"):
        show_html('<div class="pl"><h2 id="streets">With and without a street</h2></div>')
        what_if(plan)
    show_html('<div class="pl"><h2 id="radio">For the radio</h2></div>')
    saved = state.store().read_incident(incident.id)
    edition = Edition(
        datetime.now().astimezone(),
        None if saved is None else saved.number,
        exercise=incident.facts.get("exercise") is True,
    )
    st.code(transport_text(plan, rules.first_wave_red, edition), language=None, wrap_lines=True)
    st.download_button(
        "Print sheet (HTML, opens in any browser)",
        transport_sheet(plan, rules, edition, len(unlisted)),
        f"transport-{plan.id[:12]}.html",
        "text/html",
        width="stretch",
    )
hear_others(incident)

"""The incident: ask where and what, plan, show."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from planner.ui import state
from planner.ui.ask import ask_area, ask_incidents, ask_place, ask_threat, ask_units
from planner.ui.besides import beside
from planner.ui.board import show_board
from planner.ui.decide import undone
from planner.ui.downloads import show_downloads
from planner.ui.layers import map_layers
from planner.ui.map import show_map
from planner.ui.opening import (
    area_or_stop,
    base_map_or_none,
    hear_others,
    plan_or_problem,
    wait_for,
    wait_for_warm_up,
)
from planner.ui.panels import exercise_mark, past_the_map, plan_panel, problem, taken_over, welcome
from planner.ui.show import clock, show_html, show_style
from planner.ui.warm import warming_of

show_style()
incident = state.take_stroke(state.catch_up(state.open_incident()))
incident, refused = state.take_words(incident)
show_html(past_the_map())
left, right = st.columns([7, 3])

with right, st.container(key="asking"):
    where, which = st.columns([4, 3])
    with which:
        incident, listing = ask_area(incident)
    area = area_or_stop(listing)
    with where:
        ask_place(incident, area)

with left, st.container(key="map_side"):
    if mark := exercise_mark(incident.facts):
        show_html(mark)
    incident, bomb_unsaid = ask_threat(incident)
    units = ask_units()
    plan, trouble = plan_or_problem(incident, area)
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
        plan=map_layers(plan, units, area) if plan else None,
        units=units,
        acknowledged=state.last_stroke(),
        message=trouble,
        focus=state.shown_on_map(),
    )
    if warming := warming_of(area):
        wait_for_warm_up(warming)

with right, st.container(key="plan_side"):
    # After the map has been told of the plan: what is to be read takes longer to write, and to read.
    told = ([trouble] if trouble else []) + refused + state.missing(incident)
    heard = taken_over([(clock(moment), what) for moment, what in state.news(incident)])
    troubles = "".join(problem(text) for text in told) + heard
    aside = replace(beside(incident, plan, units), bomb_unsaid=bomb_unsaid)
    board = plan_panel(plan, aside) if plan else welcome(area, incident.facts)
    show_board(
        troubles + ("" if trouble else board),
        incident=incident.id,
        plan=plan.id if plan else "",
        acknowledged=state.last_word(),
    )
    if plan:
        show_downloads(plan, area, exercise=incident.facts.get("exercise") is True)
    ask_incidents(incident)
    hear_others(incident)

"""The incident: ask where and what, plan, show."""

from __future__ import annotations

import logging
from concurrent.futures import Future

import streamlit as st

from planner import packs
from planner.area import Area
from planner.errors import PlannerError
from planner.model import Plan
from planner.ui import state
from planner.ui.ask import ask_area, ask_incidents, ask_place, ask_threat, ask_units
from planner.ui.basemap import BaseMapFiles
from planner.ui.board import show_board
from planner.ui.downloads import show_downloads
from planner.ui.layers import map_layers
from planner.ui.map import show_map
from planner.ui.panels import exercise_mark, plan_panel, problem, welcome
from planner.ui.show import say_progress, show_html, show_style


def area_or_stop(listing: packs.Listing) -> Area:
    """Return the area; where it cannot be opened say why, and leave the choice of another."""
    try:
        with say_progress() as progress:
            return state.area_of(listing, progress)
    except PlannerError as error:
        show_html(problem(str(error)))
        st.stop()


def plan_or_problem(incident: state.OpenIncident, area: Area) -> tuple[Plan | None, str]:
    """Return the plan, or what stands in its way; the map and the drawings stay either way."""
    try:
        return state.plan_for(incident, area), ""
    except PlannerError as error:
        return None, str(error)
    except Exception as error:  # a fault of ours must not take the map from someone who needs it
        logging.getLogger(__name__).exception("no plan for incident %s", incident.id)
        fault = (
            f"The program failed here ({type(error).__name__}). What you drew is saved and stays on the map."
        )
        return None, f"{fault} Change the drawing a little, and report this with the server's log."


def base_map_or_none(base: Future[BaseMapFiles]) -> BaseMapFiles | None:
    """Return the base map if it is there, which it is at once where it was made before."""
    try:
        return base.result(timeout=0.25)
    except TimeoutError:
        return None
    except Exception:  # a full disk, say: plans are made and drawn without it
        logging.getLogger(__name__).exception("no base map")
        return None


@st.fragment(run_every=1.5)
def wait_for(base: Future[BaseMapFiles]) -> None:
    """Draw the page again when the base map has been made: a plan does not wait for it."""
    if base.done() and base.exception():
        st.text("The base map could not be drawn: see the server's log. Plans do not need it.")
        return
    st.text("The base map of this area is being drawn, once.")
    if base.done():
        st.rerun()


show_style()
incident = state.take_stroke(state.open_incident())
incident, refused = state.take_words(incident)
left, right = st.columns([7, 3])

with right, st.container(key="asking"):
    where, which = st.columns([5, 3])
    with which:
        incident, listing = ask_area(incident)
    area = area_or_stop(listing)
    with where:
        ask_place(incident, area)

with left, st.container(key="map_side"):
    if mark := exercise_mark(incident.facts):
        show_html(mark)
    incident = ask_threat(incident)
    units = ask_units()
    plan, trouble = plan_or_problem(incident, area)
    beside = state.beside(incident, plan, units)
    drawing = state.base_map_of(area)
    base_map = base_map_or_none(drawing)
    show_map(
        area,
        base_map,
        incident=incident.id,
        authority=incident.authority,
        features=list(incident.features),
        plan=map_layers(plan, units, area) if plan else None,
        units=units,
        acknowledged=state.last_stroke(),
        message=trouble,
        focus=state.shown_on_map(),
    )
    if base_map is None:  # asked once: it may have come since, and this run has shown the map without it
        wait_for(drawing)

with right, st.container(key="plan_side"):
    troubles = "".join(problem(text) for text in ([trouble] if trouble else []) + refused)
    board = plan_panel(plan, beside) if plan else welcome(area, incident.facts)
    show_board(
        troubles + ("" if trouble else board),
        incident=incident.id,
        plan=plan.id if plan else "",
        acknowledged=state.last_word(),
    )
    if plan:
        show_downloads(plan, area, exercise=incident.facts.get("exercise") is True)
    ask_incidents(incident)

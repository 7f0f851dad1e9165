"""What every page of an incident does first: area, plan, base map. Trouble is said, not raised."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

import streamlit as st

from planner import packs
from planner.area import Area
from planner.errors import PlannerError
from planner.model import Plan
from planner.ui import state
from planner.ui.basemap import BaseMapFiles
from planner.ui.held import OpenIncident
from planner.ui.panels import problem
from planner.ui.show import over_the_map, say_progress, show_html
from planner.ui.warm import area_of


def run_or_tell(run: Callable[[], None]) -> None:
    """Run a page. A fault of ours is told in a line, with what to do, and not by Streamlit's own notice."""
    try:
        run()
    except Exception as error:  # the last resort: what stands on the page already stays
        logging.getLogger(__name__).exception("the page failed")
        fault = f"The program failed here ({type(error).__name__}). What was drawn and said is saved."
        ask = "Load the page again. If it fails again, start the program anew, and report this with its log."
        show_html(problem(f"{fault} {ask}"))


def area_or_stop(listing: packs.Listing) -> Area:
    """Return the area; where it cannot be opened say why, and leave the choice of another."""
    try:
        with say_progress() as progress:
            return area_of(listing, progress)
    except PlannerError as error:
        show_html(problem(str(error)))
        st.stop()


def plan_or_problem(incident: OpenIncident, area: Area) -> tuple[Plan | None, str]:
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


def _run_anew() -> None:
    """Have the whole page run anew, on the incident that is open."""
    state.keep_address()
    st.rerun()


def wait_for(base: Future[BaseMapFiles], area: str) -> None:
    """Say over the map, which is blank till then, that the base map is drawn; show it when it is there."""
    with over_the_map("drawing"):  # not in the part that runs by a clock, whose own place would move the map
        _say_drawing(base, area)


@st.fragment(run_every=1.5)
def _say_drawing(base: Future[BaseMapFiles], area: str) -> None:
    if base.done() and not base.exception():
        _run_anew()
    if base.done():
        st.text("The base map could not be drawn: see the server's log. Plans do not need it.")
    elif base.running():
        st.text(f"Drawing the map of {area}, once. You can tap already: a plan does not wait for it.")
    else:
        st.text(f"The map of {area} is drawn next, once, after another area's. You can tap already.")


@st.fragment(run_every=3.0)
def hear_others(incident: OpenIncident) -> None:
    """Draw the page again when another browser has said something of the same incident."""
    if state.said_elsewhere(incident):
        _run_anew()


@st.fragment(run_every=1.5)
def wait_for_warm_up(warming: Future[None]) -> None:
    """Say as long as a large map is got ready: whoever taps before waits for what is left of it."""
    if warming.done():
        _run_anew()
    st.text("This map is being made ready, once: till then a plan takes some seconds longer.")

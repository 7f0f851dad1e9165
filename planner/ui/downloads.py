"""The downloads of the incident page: choose what, make it on click, save it.

Nothing is made before it is asked for, and what is made carries incident, version and time in its name. The
time is that of the click, in the browser's time zone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from planner import packs, words
from planner.area import Area
from planner.errors import PlannerError
from planner.exports import EXPORTERS, Audience, Exporter, Options, Paper, export_plan, file_name
from planner.model import Plan
from planner.ui.panels import problem
from planner.ui.show import show_html, time_zone

_MADE_KEY = "file made"
_PAPERS = {Paper.LETTER: "Letter", Paper.A4: "A4"}
_MEGABYTE = 1_000_000

Wish = tuple[str, str, str]
"""Plan, format and choices: what a file that is kept was made for."""


@st.fragment
def show_downloads(plan: Plan, area: Area, *, exercise: bool = False) -> None:
    """Offer the plan in every format; in a fragment, so that making one leaves the map alone.

    Parameters
    ----------
    plan : Plan
    area : Area
        The map it was made on.
    exercise : bool
        Whether the incident is marked as one: then everything made of it is.
    """
    with st.expander("Download: maps, forms, feeds"):
        to = st.selectbox("What", list(EXPORTERS), format_func=lambda name: EXPORTERS[name].title)
        choices = _ask_choices(EXPORTERS[to], exercise)
        wish = (plan.id, to, repr((choices, plan.incident.notice)))
        if st.button("Make the file", width="stretch"):
            _make(plan, area, to, choices, wish)
        _offer(wish, EXPORTERS[to])


def _ask_choices(chosen: Exporter, exercise: bool) -> dict[str, Any]:
    """Ask only what makes a difference to the format."""
    choices: dict[str, Any] = {"units": st.session_state.get("units") or words.METRES}
    if chosen.audience is Audience.EITHER:
        public_help = "Without posts, command post, casualty collection and ambulance ways"
        choices["public"] = st.toggle("Public version", help=public_help)
    marked = "Marked EXERCISE wherever it is shown"
    choices["exercise"] = exercise or st.toggle("Exercise", help=marked)
    if chosen.suffix == ".pdf":
        choices["paper"] = st.radio("Paper", list(_PAPERS), format_func=_PAPERS.__getitem__, horizontal=True)
    if chosen.audience is Audience.PUBLIC:
        choices["sender"] = st.text_input("Who sends it", help="Left blank where blank; never made up")
        choices["contact"] = st.text_input("How to reach them")
    return choices


def _make(plan: Plan, area: Area, to: str, choices: dict[str, Any], wish: Wish) -> None:
    """Make the file and keep it for this browser; say in one line why it cannot be made."""
    valid_min = packs.shipped_doctrine().exports.valid_min
    options = Options(datetime.now(time_zone()), valid_min, **choices)
    st.session_state.pop(_MADE_KEY, None)
    try:
        with st.spinner(f"Making it: {EXPORTERS[to].title}", show_time=True):
            content = export_plan(plan, to, options, area)
    except PlannerError as error:
        show_html(problem(str(error)))
        return
    st.session_state[_MADE_KEY] = (wish, file_name(plan, to, options), content)


def _offer(wish: Wish, chosen: Exporter) -> None:
    """Offer what was made, as long as it is what is asked for."""
    made_for, name, content = st.session_state.get(_MADE_KEY, (None, "", b""))
    if made_for != wish:
        return
    st.download_button(
        f"Save {_size(content)}",
        content,
        name,
        chosen.media_type,
        type="primary",
        width="stretch",
        on_click="ignore",
    )
    st.text(name)


def _size(content: bytes) -> str:
    if len(content) >= _MEGABYTE:
        return f"{len(content) / _MEGABYTE:.1f} MB"
    return f"{max(1, round(len(content) / 1000))} kB"

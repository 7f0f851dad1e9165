"""The areas that can be planned on: where they are, what they hold, how old they are, what they lack."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from planner import packs
from planner.ui.area_forms import ask_about, ask_new_area, ask_which, show_job
from planner.ui.outlines import show_outlines
from planner.ui.panels import area_card
from planner.ui.show import show_html, show_style

show_style()
st.title("Areas")
listings = sorted(packs.list_areas(), key=lambda one: one.shipped)  # one's own first
with st.container():  # what comes and goes has a place of its own: what moves would begin anew, and close
    show_outlines(listings)
show_job()
with st.expander("Add an area", expanded=False):
    ask_new_area()
today = datetime.now(UTC).date()
for listing in ask_which(listings):
    with st.container(border=True):
        show_html(area_card(listing, today))
        ask_about(listing)

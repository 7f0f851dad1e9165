"""The areas that can be planned on: where they are, what they hold, how old they are, what they lack."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from planner import packs
from planner.ui.outlines import show_outlines
from planner.ui.panels import area_card
from planner.ui.show import show_html, show_style

show_style()
st.title("Areas")
st.text("Where plans can be made. To add your own: planner area import FILE.osm.pbf --name NAME")
listings = packs.list_areas()
show_outlines(listings)
today = datetime.now(UTC).date()
for listing in listings:
    show_html(area_card(listing, today))

"""The page in the browser: ``streamlit run streamlit_app.py``, or ``planner app``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from planner.ui.opening import run_or_tell
from planner.ui.warm import warm_up

HERE = Path(__file__).parent

st.set_page_config(
    page_title="Perimeter and staging planner", layout="wide", initial_sidebar_state="collapsed"
)
warm_up()
page = st.navigation(
    [
        st.Page(HERE / "pages/incident.py", title="Incident", default=True),
        st.Page(HERE / "pages/transport.py", title="Transport"),
        st.Page(HERE / "pages/areas.py", title="Areas"),
    ],
    position="top",
)
run_or_tell(page.run)

"""Start Streamlit as ``planner app`` does: ``python -m planner.ui.serve run streamlit_app.py``."""

from __future__ import annotations

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli


def serve() -> None:
    """Hand the command line to Streamlit, which is told first that the app has its own navigation.

    Until the app has run once, Streamlit takes the folder ``pages/`` for its old kind of app: whoever opens
    ``/areas`` first would get that page alone, without the way to the map.
    """
    PagesManager.uses_pages_directory = False
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    serve()

"""Start Streamlit as ``planner app`` does: ``python -m planner.ui.serve run streamlit_app.py``."""

from __future__ import annotations

import threading
import time

from streamlit import runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

_LOOK_EVERY_S = 0.05
_LOOK_FOR_S = 60.0


def serve() -> None:
    """Hand the command line to Streamlit, which is told first that the app has its own navigation.

    Until the app has run once, Streamlit takes the folder ``pages/`` for its old kind of app: whoever opens
    ``/areas`` first would get that page alone, without the way to the map.
    """
    PagesManager.uses_pages_directory = False
    threading.Thread(target=_warm_up, name="first warm-up", daemon=True).start()
    cli.main(prog_name="streamlit")


def _warm_up() -> None:
    """Read the app's code and make a first plan while nobody has opened the page yet."""
    end = time.monotonic() + _LOOK_FOR_S
    while not runtime.exists():  # what is declared of the page before is not served
        if time.monotonic() > end:
            return  # this command runs no server, or one that failed, which has said so
        time.sleep(_LOOK_EVERY_S)
    from planner.ui.warm import warm_up

    warm_up()
    from planner.ui import ask, downloads, outlines, transport_ask  # noqa: F401


if __name__ == "__main__":
    serve()

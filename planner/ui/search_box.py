"""The search box, as a small component of our own: what is typed goes out, suggestions come back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from planner.ui.find import Found

Json = dict[str, Any]

SEARCH_KEY = "search"
"""Key of the box's value in ``st.session_state``: what is ``typed``, and which suggestion was ``picked``."""

_SCRIPT = Path(__file__).parent / "place_search" / "search.js"
_search = component(
    "place_search",
    html='<div class="search"></div>',
    js=_SCRIPT.read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show_search(place: str, text: str, found: Sequence[Found], none: str, acknowledged: Json | None) -> None:
    """Show the box with its suggestions.

    Parameters
    ----------
    place : str
        Names incident and area: for another one the box is emptied.
    text : str
        What the suggestions are for.
    found : sequence of Found
    none : str
        Why nothing was found.
    acknowledged : dict or None
        Session and number of the last pick that is on disk: one that is not is said again.
    """
    rows = [{"title": one.title, "kind": one.kind, "at": list(one.location.rounded())} for one in found]
    _search(
        key=SEARCH_KEY,
        data={"place": place, "text": text, "found": rows, "none": none, "acknowledged": acknowledged},
        default={"typed": "", "picked": None},
        on_typed_change=_heard,
        on_picked_change=_heard,
    )


def _heard() -> None:
    """Do nothing yet: the page takes what was said when it has opened its incident."""

"""The plan in words, as one component of our own: markup from :mod:`planner.ui.panels` in, words out.

A word is one thing that its user said by a press or an entry: accept this site, so many officers, one red
casualty more. The browser says it again until it is acknowledged; what it means is in
:mod:`planner.ui.decide`.
"""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

Json = dict[str, Any]

BOARD_KEY = "board"
"""Key of the board's value in ``st.session_state``."""

_SCRIPT = Path(__file__).parent / "plan_board" / "board.js"
_board = component(
    "plan_board",
    html='<div class="board" id="plan-in-words" tabindex="-1"></div>',
    js=_SCRIPT.read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show_board(markup: str, *, incident: str, plan: str, acknowledged: Json | None) -> None:
    """Show the board; what is said on it arrives in ``st.session_state[BOARD_KEY]`` with the next run.

    Parameters
    ----------
    markup : str
        Every text in it escaped.
    incident, plan : str
        Ids, which come back with each word: a word is about the plan that was read, not a later one.
    acknowledged : dict or None
        Session and number of the last word that was taken.
    """
    shown = {"markup": _packed(markup), "incident": incident, "plan": plan, "acknowledged": acknowledged}
    _board(key=BOARD_KEY, data=shown, default={"said": None}, on_said_change=_heard)


def _packed(markup: str) -> str:
    """Return markup as the board unpacks it: a fifth of the bytes, the same each time."""
    return base64.b64encode(zlib.compress(markup.encode("utf-8", "replace"))).decode("ascii")


def _heard() -> None:
    """Do nothing yet: the word is taken when the page has opened its incident."""

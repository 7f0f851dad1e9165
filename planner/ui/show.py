"""Small pieces that put things on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

_STYLE = Path(__file__).parent / "page.css"
_SCRIPT = f"<script>{(Path(__file__).parent / 'page.js').read_text(encoding='utf-8')}</script>"


def show_style() -> None:
    """Give the page its sizes and colours, and what it needs from a script."""
    st.html(_STYLE)
    st.html(_SCRIPT, unsafe_allow_javascript=True)


def show_html(markup: str) -> None:
    """Show markup made by :mod:`planner.ui.panels`; Streamlit cleans it once more.

    Nothing to say shows nothing: Streamlit itself would stop the page.
    """
    if markup:
        st.html(markup)


def time_zone() -> ZoneInfo:
    """Return the browser's time zone; UTC where it does not say, or says one that is not known here."""
    try:
        return ZoneInfo(st.context.timezone or str(UTC))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(str(UTC))


def clock(moment: str) -> str:
    """Write an ISO time as the watch of whoever reads it says it, and in UTC beside it where that differs."""
    then = datetime.fromisoformat(moment)
    here, there = (then.astimezone(zone).strftime("%H:%M") for zone in (time_zone(), UTC))
    return f"{there} UTC" if here == there else f"{here} here, {there} UTC"


@contextmanager
def over_the_map(name: str) -> Iterator[None]:
    """Put what is asked or said over the edge of the map, which stays where it is: see the style sheet."""
    with st.container(key=f"over_{name}"), st.container(key=f"card_{name}"):
        yield


@contextmanager
def say_progress() -> Iterator[Callable[[float, str], None]]:
    """Show a bar while something takes long; nothing appears unless progress is reported."""
    place = st.empty()

    def report(share: float, text: str) -> None:
        # Code style: what is being read may be named by a stranger, and a bar's label is Markdown.
        place.progress(min(max(share, 0.0), 1.0), text=f"`{text.replace('`', ' ')}`")

    yield report
    place.empty()

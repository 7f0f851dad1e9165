"""What one browser has open on this server, which is changed as a whole or not at all.

Streamlit ends a run for a newer interaction at any look at ``st.session_state``, and lets the newer run begin
in a thread of its own before the older one has come to such a look. What was said would be lost between two
looks, or be written over with what the older run had read. So all that belongs together lies in one object,
which is looked up once, and within :func:`holding` no other run of the same browser has it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from planner.document import INCIDENT_SCHEMA
from planner.model import Plan
from planner.ui.threats import Turn

Json = dict[str, Any]
Features = tuple[Json, ...]

HELD_KEY = "held"
"""Key of what is held in ``st.session_state``."""


@dataclass(frozen=True)
class OpenIncident:
    """The incident that one browser has open.

    Parameters
    ----------
    id : str
        In the page's address and in the store.
    area : str
        Name of the area.
    features : tuple of GeoJSON features
        What the user drew, tapped, pinned.
    facts : mapping
        The document's ``planner`` member but for its schema: threat, name, casualties ...
    authority : int
        Raised when the server changed the features itself, so that the map takes them over.
    edition : int
        Raised when the facts came from elsewhere than the page's entries, which then begin anew.
    others : int
        The authority at which another browser's features were last taken over: no step to undo here.
    number : int
        The latest version in the store that is in it; 0: none.
    """

    id: str
    area: str
    features: Features = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    authority: int = 0
    edition: int = 0
    others: int = 0
    number: int = 0

    def document(self) -> str:
        """Return the incident document as text, the same for the same contents."""
        header = {"schema": INCIDENT_SCHEMA, **self.facts}
        top = {"type": "FeatureCollection", "planner": header, "features": list(self.features)}
        return json.dumps(top, ensure_ascii=False, sort_keys=True)


@dataclass
class Held:
    """What one browser holds; whose each part is stands beside it, as another incident may be opened.

    Parameters
    ----------
    incident : OpenIncident or None
        The open one.
    stroke, word, pick : dict or None
        Session and number of the last stroke, word, and place picked that were taken. Of the browser, not of
        the incident: what a component says outlives a change of incident, and must not be taken for news when
        the first one is opened again.
    said_last : (str, str, str)
        Of the last word that was taken: the incident's id, its act, what it was on.
    focus : dict or None
        What was asked to be seen on the map.
    missing : (str, str)
        An incident's id, and what was asked for in its stead and is not here.
    told : (str, tuple of str)
        An incident's id, and what the file that it was opened from was taken for.
    news : (str, tuple of (str, str))
        An incident's id, and what others said lately: when, and what.
    bases : (str, dict)
        An incident's id, and its features by the authority at which they stood.
    plans : (str, list of Plan)
        An incident's id, and its plans that were shown last.
    threats : (str, dict or None, Turn or None)
        An incident's id, the stroke after which two threats were named, and the two.
    entries : dict
        What entries showed first, or said last, by their keys.
    """

    incident: OpenIncident | None = None
    stroke: Json | None = None
    word: Json | None = None
    pick: Json | None = None
    said_last: tuple[str, str, str] = ("", "", "")
    focus: Json | None = None
    missing: tuple[str, str] = ("", "")
    told: tuple[str, tuple[str, ...]] = ("", ())
    news: tuple[str, tuple[tuple[str, str], ...]] = ("", ())
    bases: tuple[str, dict[int, Features]] = ("", {})
    plans: tuple[str, list[Plan]] = ("", [])
    threats: tuple[str, Json | None, Turn | None] = ("", None, None)
    entries: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)


class _Inside(threading.local):
    held: Held | None = None


_inside = _Inside()


@contextmanager
def holding() -> Iterator[Held]:
    """Have what this browser holds to oneself, until one is done.

    Within, nothing may be asked of ``st.session_state``, the address or the page: that would end the run
    halfway. It may be nested.
    """
    if _inside.held is not None:
        yield _inside.held
        return
    held = _of_this_browser()
    with held.lock:
        _inside.held = held
        try:
            yield held
        finally:
            _inside.held = None


def _of_this_browser() -> Held:
    held: Held = st.session_state.setdefault(HELD_KEY, Held())
    return held

"""What the page asks: which area, where, what threat, which incident. Each answer goes into the incident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from planner import packs, words
from planner.area import Area
from planner.errors import PlannerError
from planner.terms import ThreatName
from planner.ui import state
from planner.ui.find import find_places, not_found
from planner.ui.held import OpenIncident
from planner.ui.panels import problem
from planner.ui.search_box import SEARCH_KEY, show_search
from planner.ui.show import clock, over_the_map, show_html
from planner.ui.threats import Standing, told
from planner.ui.warm import area_to_open

_EXPLOSIVE = "explosive"
_AS_IT_IS = "as it is"
_UNITS_KEY = "units kept"
_MARKDOWN = "\\`*_{}[]()<>#+-.!|:$~&"
_VERSIONS_SHOWN = 30
_QUICK = tuple(threat for threat in words.THREATS if threat not in words.BOMBS)


def ask_area(incident: OpenIncident) -> tuple[OpenIncident, packs.Listing]:
    """Ask for the area; another area begins another incident, and the open one stays in the store."""
    listings = {listing.name: listing for listing in packs.list_areas()}
    names = list(listings)
    if incident.area not in listings:
        incident = state.start_elsewhere(incident, area_to_open(state.store()))
    key = f"area of {incident.id}"
    chosen = st.selectbox(
        "Area", names, index=names.index(incident.area), key=key, label_visibility="collapsed"
    )
    if chosen != incident.area:
        incident = state.start_incident(chosen)
    return incident, listings[chosen]


@st.fragment
def ask_place(incident: OpenIncident, area: Area) -> None:
    """Ask where by words, for those who know an address better than the map; suggests while one types."""
    place = f"{incident.id} {area.name}"
    said = st.session_state.get(SEARCH_KEY) or {}
    if state.take_search(incident, said.get("picked"), place):
        state.keep_address()
        st.rerun()
    text = str(said.get("typed") or "")
    found = find_places(area, text) if text else []
    show_search(place, text, found, "" if found else not_found(area, text), state.last_pick())


def ask_threat(incident: OpenIncident) -> tuple[OpenIncident, bool]:
    """Ask for the threat: one tap for the common ones, two for a bomb; to change the bomb, tap it again.

    Returns
    -------
    OpenIncident
        With the threat that was chosen.
    bool
        Whether a bomb was named and not yet which one: what is planned is then for another threat.
    """
    now = ThreatName(incident.facts.get("threat", ThreatName.UNKNOWN))
    options = [*_QUICK, _EXPLOSIVE]
    chosen = st.segmented_control(
        "Threat",
        options,
        default=_EXPLOSIVE if now in words.BOMBS else now,
        format_func=lambda option: "Explosive" if option == _EXPLOSIVE else words.THREATS[option],
        key=f"threat of {incident.id} {incident.edition}",
        label_visibility="collapsed",
    )
    again = chosen is None  # pressed once more
    bomb_unsaid = chosen == _EXPLOSIVE and now not in words.BOMBS
    device, left = None, False
    if bomb_unsaid or (again and now in words.BOMBS):
        device, left = _ask_device(incident)
    threat = device or (now if chosen is None or chosen == _EXPLOSIVE else ThreatName(chosen))
    begun = incident.edition
    if threat != now:
        incident = state.name_threat(incident, threat)
    left = left or (again and (device is not None or now not in words.BOMBS))
    if left and incident.edition == begun:
        incident = state.begin_entries_anew(incident)  # what is lit is what the plan is for
    if device or incident.edition != begun:
        st.rerun()  # what was asked goes, and the choice above begins anew
    _ask_beside(incident)
    return incident, bomb_unsaid


def _ask_device(incident: OpenIncident) -> tuple[ThreatName | None, bool]:
    """Ask which bomb, and return it, and whether it is to stay as it was: the last answer, and Escape.

    Until one is named the threat stays what it was, and a plan on the map says so.
    """
    now = words.THREATS[ThreatName(incident.facts.get("threat", ThreatName.UNKNOWN))]
    with over_the_map("device"):
        said = st.segmented_control(
            f"Which device?{f' Until you say, the plan is for: {now}' if incident.features else ''}",
            [*words.BOMBS, _AS_IT_IS],
            format_func=lambda option: f"Leave it: {now}" if option == _AS_IT_IS else words.THREATS[option],
            key=f"device of {incident.id} {incident.edition}",
        )
    return (None, said is not None) if said in (None, _AS_IT_IS) else (ThreatName(said), False)


def _ask_beside(incident: OpenIncident) -> None:
    """Ask whether the threat named last came beside the one before or in its place; a plan has it already."""
    asked = state.threats_asked(incident)
    if asked is None:
        return
    turn, how = asked
    labels = {
        Standing.BOTH: "BOTH",
        Standing.AFTER: words.THREATS[turn.after].upper(),
        Standing.BEFORE: words.THREATS[turn.before].upper(),
    }
    with over_the_map("threats"):
        st.text(f"{told(turn, how)}. Which is there?")
        with st.container(horizontal=True, gap="small"):
            for one, label in labels.items():
                if st.button(label, key=f"threats {one}", type="primary" if one is how else "secondary"):
                    state.answer_threats(incident, turn, one)
                    st.rerun()


def ask_units() -> str:
    """Return metres or feet, as chosen below; kept while another page is open, which drops its entries."""
    chosen = st.session_state.get("units") or st.session_state.get(_UNITS_KEY, words.METRES)
    st.session_state[_UNITS_KEY] = chosen
    return str(chosen)


def ask_incidents(incident: OpenIncident) -> None:
    """Offer a new incident, earlier versions, the saved ones, and the unit of length."""
    st.segmented_control("Units", words.UNITS, default=ask_units(), key="units", required=True)
    if incident.features and st.button("New incident", width="stretch"):
        state.start_incident(incident.area)
        st.rerun()
    for line in state.told_of(incident):
        st.text(line)
    _ask_folded(incident)


@st.fragment
def _ask_folded(incident: OpenIncident) -> None:
    """Offer what is folded away; a plan does not wait for what nobody has unfolded."""
    _ask_version(incident)
    _ask_saved(incident)
    _ask_document(incident)


@contextmanager
def _folded(label: str, key: str) -> Iterator[bool]:
    """Fold something away, and tell whether it is unfolded: until then nothing is read for it, or sent."""
    with st.expander(label, key=f"unfolded {key}", on_change="rerun") as box:
        yield bool(box.open)


def _ask_version(incident: OpenIncident) -> None:
    """List the versions of the open incident, which are its log, and take one back."""
    count = state.store().count_versions(incident.id)
    if count < 2:
        return
    with _folded(f"Earlier versions ({count - 1})", "versions") as unfolded:
        if not unfolded:
            return
        for saved in state.store().list_versions(incident.id)[-2 : -2 - _VERSIONS_SHOWN : -1]:
            label = f"{saved.number}: {clock(saved.saved_at)}, {saved.what or 'saved'}"
            if st.button(inert(label), key=f"version {saved.number}", width="stretch"):
                state.go_back(incident, saved.number)
                st.rerun()


def _ask_saved(incident: OpenIncident) -> None:
    """List the other incidents, and open one."""
    with _folded("Saved incidents", "incidents") as unfolded:
        if not unfolded:
            return
        others = [saved for saved in state.store().list_incidents() if saved.id != incident.id]
        if not others:
            st.text("No other incident is saved here.")
        for saved in others:
            if st.button(inert(state.title_of(saved)), key=f"open {saved.id}", width="stretch"):
                state.resume_incident(saved.id)
                st.rerun()


def inert(text: str) -> str:
    """Return a text that stays text as a button's label, which is Markdown."""
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in text)


def _ask_document(incident: OpenIncident) -> None:
    """Take a plan or incident document back in, or zones drawn elsewhere, as a new incident."""
    # Folded away: Streamlit's drop zone names itself twice, which nobody need hear each time.
    with _folded("Open a plan, or zones drawn elsewhere", "document") as unfolded:
        if not unfolded:
            return
        file = st.file_uploader(
            "Plan or incident document, or zones from QGIS, Google Earth, CalTopo or TAK",
            type=["geojson", "json", "kml", "kmz", "gpx", "gpkg", "cot", "xml", "zip"],
            key=f"document in place of {incident.id}",
        )
    if file is None:
        return
    try:
        state.open_document(file.getvalue(), incident.area, [area.name for area in packs.list_areas()])
    except PlannerError as error:
        show_html(problem(str(error)))
        return
    st.rerun()

"""What one browser has open, what is cached for all of them, and what is kept on disk.

The open incident *is* its incident document: the map edits the features, the page the facts, and each change
is written to the store before anything is computed from it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from planner import packs, settings
from planner.area import Area
from planner.document import INCIDENT_SCHEMA, write_incident
from planner.errors import PlannerError, StoreError
from planner.geo import LonLat
from planner.model import Plan
from planner.sources.drawings import import_incident
from planner.store import SavedIncident, Store, new_incident_id
from planner.terms import ThreatName
from planner.ui import threats
from planner.ui.basemap import BaseMapFiles
from planner.ui.board import BOARD_KEY
from planner.ui.decide import Said, Word, decided, merged, restated, stroke_told
from planner.ui.map import MAP_KEY
from planner.ui.planned import plan_of
from planner.ui.ready import base_map_drawn_apart
from planner.ui.warm import AREAS_KEPT, area_to_open, kept_area

Json = dict[str, Any]

INCIDENT_PARAMETER = "incident"
AREA_PARAMETER = "area"
_OPEN_KEY = "open incident"
_STROKE_KEY = "last stroke"
_TOLD_KEY = "told of a file"
_WORD_KEY = "last word"
_PICK_KEY = "last place picked"
_BASES_KEY = "features by authority"
_SHOWN_KEY = "plans shown"
_FOCUS_KEY = "shown on the map"
_THREATS_KEY = "threats asked"
_MISSING_KEY = "asked for and not here"
_NUMBER_KEY = "version that is held"
_NEWS_KEY = "taken over from others"
_NEWS_STAY = timedelta(seconds=20)
_ID = re.compile(r"[A-Za-z0-9_-]{6,40}")
_PLANS_REMEMBERED = 4
_BASES_REMEMBERED = 8
_BEGUN_REMEMBERED = 4096


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
    """

    id: str
    area: str
    features: tuple[Json, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    authority: int = 0
    edition: int = 0
    others: int = 0

    def document(self) -> str:
        """Return the incident document as text, the same for the same contents."""
        header = {"schema": INCIDENT_SCHEMA, **self.facts}
        top = {"type": "FeatureCollection", "planner": header, "features": list(self.features)}
        return json.dumps(top, ensure_ascii=False, sort_keys=True)


# --- cached for everyone ----------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the store of incidents of this installation."""
    return Store(settings.read_settings().incidents)


@st.cache_resource(show_spinner=False)
def _drawing_room() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="base-map")


@st.cache_resource(max_entries=AREAS_KEPT, show_spinner=False)
def _base_map(name: str, digest: str, _area: Area) -> Future[BaseMapFiles]:
    return _drawing_room().submit(base_map_drawn_apart, _area)


def base_map_of(area: Area) -> Future[BaseMapFiles]:
    """Return the base map of an area, perhaps still in the making: a plan need not wait for it."""
    return _base_map(area.name, area.digest, area)


# --- the open incident ------------------------------------------------------------------------------


def plan_for(incident: OpenIncident, area: Area) -> Plan | None:
    """Plan the open incident; the same incident is planned once. None while nothing is tapped or drawn.

    Raises
    ------
    PlannerError
        If the document or the area does not allow a plan; an error is not kept.
    """
    return plan_of(incident.document(), area) if incident.features else None


def open_incident() -> OpenIncident:
    """Return this browser's incident: the one in the address, else the one open before, else a new one.

    ``?area=NAME`` in the address says where a new one is, else where the last one was.
    """
    asked = st.query_params.get(INCIDENT_PARAMETER, "")
    held: OpenIncident | None = st.session_state.get(_OPEN_KEY)
    if held is None or (asked and asked != held.id):
        where = st.query_params.get(AREA_PARAMETER) or area_to_open(store())
        held = _from_address(asked, where, held)
    _hold(held)
    return held


def _from_address(asked: str, default_area: str, held: OpenIncident | None) -> OpenIncident:
    """Return what the address asks for; where that is not here say so, and never look as if it were."""
    if not _ID.fullmatch(asked):
        kept = held or _begin(new_incident_id(), default_area)
        if asked:
            _say_missing(kept, f"The address asks for incident {asked[:40]}, and no incident is called so.")
        return kept
    saved = store().read_incident(asked)
    if saved:
        st.session_state[_NUMBER_KEY] = (saved.id, saved.number)
        return _opened(saved)
    known = asked in _begun()  # a page that is loaded anew before anything was said
    begun = _begin(asked, default_area)  # under its own name: what a browser has not sent yet comes back so
    if not known:
        _say_missing(
            begun, f"Incident {asked} is not kept here: nothing was drawn in it, or not on this server."
        )
    return begun


@st.cache_resource(show_spinner=False)
def _begun() -> deque[str]:
    """Remember which incidents were begun here lately, of which nothing may be in the store."""
    return deque(maxlen=_BEGUN_REMEMBERED)


def _begin(incident: str, area: str) -> OpenIncident:
    if incident not in _begun():
        _begun().append(incident)
    return OpenIncident(incident, area)


def _say_missing(incident: OpenIncident, told: str) -> None:
    st.session_state[_MISSING_KEY] = (
        incident.id,
        f"{told} What is kept is listed on the Incident page under Saved incidents.",
    )


def missing(incident: OpenIncident) -> list[str]:
    """Return what was asked for and is not here, until something is said in what was begun instead."""
    owner, told = st.session_state.get(_MISSING_KEY, ("", ""))
    return [told] if owner == incident.id and not incident.features else []


def _opened(saved: SavedIncident) -> OpenIncident:
    document = json.loads(saved.document)
    facts = {name: value for name, value in document["planner"].items() if name != "schema"}
    # No less than any authority before, of this browser or a server that is gone: a map that is still there
    # takes the features over unless it has these.
    return OpenIncident(saved.id, saved.area, tuple(document["features"]), facts, saved.number)


def open_document(document: bytes, area: str, areas: Collection[str]) -> OpenIncident:
    """Open what was said in a document, or drawn in another program, as a new incident, and save it.

    Parameters
    ----------
    document : bytes
        An incident or plan document, GeoJSON of others, KML, KMZ, GPX, GeoPackage, CoT, a TAK data package.
    area : str
        Where, unless the document names one of the areas.
    areas : collection of str
        Names of those that are here.

    Raises
    ------
    IncidentError, SourceError
        If it is none of these, or holds nothing that an incident can hold.
    """
    imported = import_incident(document)
    said = json.loads(write_incident(imported.incident))
    facts = {name: value for name, value in said["planner"].items() if name != "schema"}
    where = imported.area if imported.area in areas else area
    opened = _save(OpenIncident(new_incident_id(), where, tuple(said["features"]), facts), "opened a file")
    st.session_state[_TOLD_KEY] = (opened.id, imported.told)
    return opened


def told_of(incident: OpenIncident) -> tuple[str, ...]:
    """Return what the file that the incident was opened from was taken for; () if from none."""
    opened, told = st.session_state.get(_TOLD_KEY, ("", ()))
    return told if opened == incident.id else ()


def _hold(incident: OpenIncident) -> None:
    """Keep it for this browser, and its id in the address so that a reload brings it back."""
    st.session_state[_OPEN_KEY] = incident
    address = {INCIDENT_PARAMETER: incident.id}
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def _save(incident: OpenIncident, what: str) -> OpenIncident:
    incident = _joined(incident)
    st.session_state[_NEWS_KEY] = (incident.id, tuple(one for one in news(incident) if _is_fresh(*one)))
    saved = store().write_incident(incident.id, incident.area, incident.document(), what)
    _hold(incident)
    st.session_state[_NUMBER_KEY] = (saved.id, saved.number)  # last: a run that ends before it catches up
    return incident


def said_elsewhere(incident: OpenIncident) -> bool:
    """Whether another browser has saved something of this incident since this one did, or read it."""
    return store().count_versions(incident.id) > _number_held(incident)


def _number_held(incident: OpenIncident) -> int:
    owner, number = st.session_state.get(_NUMBER_KEY, ("", 0))
    return int(number) if owner == incident.id else 0


def keep_address() -> None:
    """Let the address name the incident that is open, before a part of the page has all of it run anew.

    A part that runs by a clock says the address that the browser had when it was asked: one moment after a
    new incident was begun that of the one before, which the whole page would then open again.
    """
    held: OpenIncident | None = st.session_state.get(_OPEN_KEY)
    if held is not None:
        _hold(held)


def catch_up(incident: OpenIncident) -> OpenIncident:
    """Take over what another browser has saved of this incident since: of two who count none is lost.

    Returns
    -------
    OpenIncident
        With entries that begin anew, and features that the map takes over; as given where there is no news.
    """
    if not said_elsewhere(incident):
        return incident
    versions = store().list_versions(incident.id, after=_number_held(incident))
    latest = _opened(versions[-1])
    caught_up = _raised(
        incident,
        features=latest.features,
        facts=latest.facts,
        edition=incident.edition + 1,
        others=incident.authority + 1,
    )
    st.session_state[_NEWS_KEY] = (incident.id, (*news(incident), *((v.saved_at, v.what) for v in versions)))
    _hold(caught_up)
    st.session_state[_NUMBER_KEY] = (incident.id, versions[-1].number)  # last: till then it is news
    return caught_up


def news(incident: OpenIncident) -> tuple[tuple[str, str], ...]:
    """Return what another browser said lately, or since this one last said something: when, and what."""
    owner, told = st.session_state.get(_NEWS_KEY, ("", ()))
    return tuple(told) if owner == incident.id else ()


def _is_fresh(moment: str, _what: str) -> bool:
    """Whether what was taken over may not have been read yet, whatever was said since."""
    return datetime.now(UTC) - datetime.fromisoformat(moment) < _NEWS_STAY


def _joined(changed: OpenIncident) -> OpenIncident:
    """Join what another browser saved while this one made a change of what it held: both count."""
    held: OpenIncident | None = st.session_state.get(_OPEN_KEY)
    if held is None or held.id != changed.id or not said_elsewhere(changed):
        return changed
    theirs = catch_up(held)
    return replace(
        theirs,
        features=merged(held.features, theirs.features, changed.features),
        facts=_facts_joined(held.facts, theirs.facts, changed.facts),
        authority=max(theirs.authority, changed.authority) + 1,
        others=max(theirs.authority, changed.authority) + 1,
    )


def _facts_joined(
    base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the facts of two who began with the same: what only one changed is as they say, else as we."""
    names = {*theirs, *ours}
    chosen = {name: theirs if ours.get(name) == base.get(name) else ours for name in sorted(names)}
    return {name: side[name] for name, side in chosen.items() if name in side}


def take_stroke(incident: OpenIncident) -> OpenIncident:
    """Take over what was last drawn on the map, if it is new; it is on disk when this returns.

    Raises
    ------
    StoreError
        If it cannot be saved; the map keeps it and sends it again.
    """
    word = st.session_state.get(MAP_KEY)
    if not word or word["incident"] != incident.id:
        return incident
    stroke = {"session": word["session"], "number": word["number"]}
    if stroke == last_stroke():
        return incident
    drawn = tuple(word["features"])
    began: int = word.get("authority", incident.authority)
    if began != incident.authority and (base := _bases(incident.id).get(began)) is not None:
        # Drawn before the map heard of what the board decided: both count, and the map is told.
        both = merged(base, incident.features, drawn)
        changed = _raised(incident, features=both)
    else:
        changed = replace(incident, features=drawn)
    changed, told = _restated(changed, word.get("facts"))
    saved = _save(changed, told or stroke_told(incident.features, changed.features))
    st.session_state[_STROKE_KEY] = stroke
    return saved


def _restated(incident: OpenIncident, earlier: Json | None) -> tuple[OpenIncident, str]:
    """Take over the facts that a step back or forth on the map says; the page's entries then begin anew."""
    if earlier is None:
        return incident, ""
    facts, told = restated(incident.facts, earlier)
    return replace(incident, facts=facts, edition=incident.edition + bool(told)), told


def _raised(incident: OpenIncident, **changes: Any) -> OpenIncident:
    """Change the features here, so that the map takes them over; what it has until then is remembered."""
    bases = {**_bases(incident.id), incident.authority: incident.features}
    recent = dict(sorted(bases.items())[-_BASES_REMEMBERED:])
    st.session_state[_BASES_KEY] = (incident.id, recent)
    return replace(incident, authority=incident.authority + 1, **changes)


def _bases(incident: str) -> dict[int, tuple[Json, ...]]:
    owner, bases = st.session_state.get(_BASES_KEY, ("", {}))
    return dict(bases) if owner == incident else {}


def last_stroke() -> Json | None:
    """Return session and number of the map's last stroke that is on disk.

    Of the browser, not of the incident: the map's value outlives a change of incident, and must not be taken
    for news when the first one is opened again.
    """
    stroke: Json | None = st.session_state.get(_STROKE_KEY)
    return stroke


def take_words(incident: OpenIncident) -> tuple[OpenIncident, list[str]]:
    """Take over what was said on the board; it is on disk when this returns, but for what only looks.

    Returns
    -------
    OpenIncident
    list of str
        What could not be done, and what to do about it.

    Raises
    ------
    StoreError
        If it cannot be saved; the board keeps it and says it again.
    """
    troubles = []
    for number, heard in _new_words():
        if heard.get("incident") == incident.id:
            try:
                incident = _take_word(incident, heard)
            except StoreError:
                raise
            except PlannerError as error:
                troubles.append(str(error))
        st.session_state[_WORD_KEY] = number
    return incident, troubles


def _new_words() -> Iterator[tuple[Json, Json]]:
    said = (st.session_state.get(BOARD_KEY) or {}).get("said")
    if not said:
        return
    last = last_word()
    for heard in said["words"]:
        if last is None or last["session"] != said["session"] or heard["number"] > last["number"]:
            yield {"session": said["session"], "number": heard["number"]}, heard


def _take_word(incident: OpenIncident, heard: Json) -> OpenIncident:
    act, on = str(heard.get("act", "")), str(heard.get("on", ""))
    if act in ("show", "move"):
        count = (shown_on_map() or {"number": 0})["number"]
        st.session_state[_FOCUS_KEY] = {"id": on, "number": count + 1, "move": act == "move"}
        return incident
    word = Word(act, on, heard.get("value"), now())
    said, told = decided(
        Said(incident.features, incident.facts), word, _plan_read(incident, str(heard.get("plan", "")))
    )
    return _said_anew(incident, said, told)


def _said_anew(incident: OpenIncident, said: Said, told: str) -> OpenIncident:
    """Take over what the document says now."""
    if said == Said(incident.features, incident.facts):
        return incident
    changed = replace(incident, facts=said.facts)
    if said.features != incident.features:
        changed = _raised(changed, features=said.features)
    return _keep(changed, told)


def _keep(changed: OpenIncident, told: str) -> OpenIncident:
    """Save what would be missed; a threat alone, before anything happens anywhere, is only held."""
    if changed.features or changed.facts.keys() - {"threat"}:
        return _save(changed, told)
    _hold(changed)
    return changed


# --- two threats ------------------------------------------------------------------------------------


def name_threat(incident: OpenIncident, threat: ThreatName) -> OpenIncident:
    """Take over the threat that was chosen: beside the one before or in its place, and that is then asked."""
    asked = threats.turn(Said(incident.features, incident.facts), threat)
    if asked is None:
        st.session_state.pop(_THREATS_KEY, None)
        return state_fact(incident, "threat", threat.value)
    return _stand(incident, asked, asked.first)


def begin_entries_anew(incident: OpenIncident) -> OpenIncident:
    """Let the page's entries show what the document says, whatever was pressed in them."""
    renewed = replace(incident, edition=incident.edition + 1)
    _hold(renewed)
    return renewed


def _stand(incident: OpenIncident, asked: threats.Turn, how: threats.Standing) -> OpenIncident:
    said = threats.stood(Said(incident.features, incident.facts), asked, how)
    renewed = begin_entries_anew(_said_anew(incident, said, threats.told(asked, how)))
    st.session_state[_THREATS_KEY] = (incident.id, last_stroke(), asked)
    return renewed


def threats_asked(incident: OpenIncident) -> tuple[threats.Turn, threats.Standing] | None:
    """Return the question which of two threats are there, and how it is taken; gone with the next stroke."""
    owner, stroke, asked = st.session_state.get(_THREATS_KEY, ("", None, None))
    if owner != incident.id or stroke != last_stroke() or asked is None:
        return None
    how = threats.standing(Said(incident.features, incident.facts), asked)
    return None if how is None else (asked, how)


def answer_threats(incident: OpenIncident, asked: threats.Turn, how: threats.Standing) -> OpenIncident:
    """Take over which of the two are there; it is asked no more."""
    answered = _stand(incident, asked, how)
    st.session_state.pop(_THREATS_KEY, None)
    return answered


def _plan_read(incident: OpenIncident, plan: str) -> Plan | None:
    """Return the plan that a word is about: one shown here, or what a server that is gone had shown."""
    if (shown := plan_shown(plan)) or not plan:
        return shown
    listing = next((one for one in packs.list_areas() if one.name == incident.area), None)
    if listing is None or listing.manifest is None:
        return None
    again = plan_for(incident, kept_area(listing.name, listing.manifest["digest"]))
    return again if again and again.id == plan else None


def last_word() -> Json | None:
    """Return session and number of the board's last word that was taken."""
    word: Json | None = st.session_state.get(_WORD_KEY)
    return word


def shown_on_map() -> Json | None:
    """Return which part of the plan the user asked to see on the map, numbered so that asking again works."""
    focus: Json | None = st.session_state.get(_FOCUS_KEY)
    return focus


def remember_plan(incident: str, plan: Plan) -> Plan | None:
    """Remember a plan that is shown; return the one that was shown before it, of the same incident."""
    owner, shown = _shown()
    if owner != incident:
        shown = []
    if not shown or shown[-1].id != plan.id:
        shown = [*shown, plan][-_PLANS_REMEMBERED:]
        st.session_state[_SHOWN_KEY] = (incident, shown)
    return shown[-2] if len(shown) > 1 else None


def _shown() -> tuple[str, list[Plan]]:
    """Return the plans that were shown last, and of which incident."""
    shown: tuple[str, list[Plan]] = st.session_state.get(_SHOWN_KEY, ("", []))
    return shown


def plan_shown(plan: str) -> Plan | None:
    """Return a plan that was shown a moment ago, by its id."""
    return next((one for one in _shown()[1] if one.id == plan), None)


def now() -> str:
    """Return the time in UTC, to the second, as documents write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def state_fact(incident: OpenIncident, name: str, value: Any) -> OpenIncident:
    """Set one fact of the incident (threat, name, casualties)."""
    if incident.facts.get(name) == value:
        return incident
    changed = replace(incident, facts={**incident.facts, name: value})
    return _keep(changed, f"{name}: {value}")


def set_scene(incident: OpenIncident, place: LonLat) -> OpenIncident:
    """Put the scene where a search found it, in place of an earlier one."""
    geometry = {"type": "Point", "coordinates": list(place.rounded())}
    scene = {"type": "Feature", "id": "scene", "properties": {"kind": "incident"}, "geometry": geometry}
    others = tuple(one for one in incident.features if one["properties"]["kind"] != "incident")
    return _save(_raised(incident, features=(scene, *others)), "put the scene where a search found it")


def last_pick() -> Json | None:
    """Return session and number of the last suggestion that was picked and is on disk."""
    pick: Json | None = st.session_state.get(_PICK_KEY)
    return pick


def take_search(incident: OpenIncident, picked: Json | None, place: str) -> bool:
    """Put the scene where a suggestion was picked, if that is news; whether it was.

    The box runs by itself, with the incident as the page last showed it: what was said since counts.

    Raises
    ------
    IncidentError
        If it is no place.
    """
    if not picked or picked.get("place") != place:
        return False
    mark = {"session": picked["session"], "number": picked["number"]}
    if last_pick() == mark:
        return False
    held: OpenIncident | None = st.session_state.get(_OPEN_KEY)
    lon, lat = picked["at"]
    set_scene(held if held and held.id == incident.id else incident, LonLat(float(lon), float(lat)).checked())
    # Last: any look at the session may end this run for a newer one, and what is marked is not taken again.
    st.session_state[_PICK_KEY] = mark
    return True


def start_incident(area: str) -> OpenIncident:
    """Leave the open incident as it is in the store, and begin a new one."""
    fresh = _begin(new_incident_id(), area)
    _hold(fresh)
    return fresh


def start_elsewhere(incident: OpenIncident, area: str) -> OpenIncident:
    """Begin a new incident where there is an area, in place of one whose area is not here; say so."""
    kept = f"Incident {incident.id} stays saved" if incident.features else "Nothing was drawn there"
    fresh = start_incident(area)
    told = f"The area {incident.area[:40]} is not here: add it on the Areas page. {kept}. This is {area}."
    _say_missing(fresh, told)
    return fresh


def resume_incident(incident: str) -> None:
    """Open a saved incident."""
    saved = store().read_incident(incident)
    if saved:
        st.session_state[_NUMBER_KEY] = (saved.id, saved.number)
        _hold(_opened(saved))


def go_back(incident: OpenIncident, number: int) -> None:
    """Make an earlier version the latest; nothing between is lost."""
    saved = store().read_incident(incident.id, number)
    if saved is None:
        return
    earlier = _opened(saved)
    told = f"went back to version {number}"
    _save(
        _raised(incident, features=earlier.features, facts=earlier.facts, edition=incident.edition + 1), told
    )


def title_of(saved: SavedIncident) -> str:
    """Return a line that tells saved incidents apart."""
    document = json.loads(saved.document)
    facts, count = document["planner"], len(document["features"])
    name = facts.get("name") or facts.get("threat") or "incident"
    mark = "EXERCISE, " if facts.get("exercise") else ""
    return f"{mark}{clock(saved.saved_at)}, {saved.area}, {name}, {count} drawn"


def clock(saved_at: str) -> str:
    """Write an ISO time in UTC as people read it."""
    return f"{saved_at[:16].replace('T', ' ')} UTC"

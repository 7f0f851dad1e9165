"""What one browser has open, what is cached for all of them, and what is kept on disk.

The open incident *is* its incident document: the map edits the features, the page the facts, and each change
is written to the store before anything is computed from it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from planner import packs, settings
from planner.area import Area
from planner.document import write_incident
from planner.errors import PlannerError, StoreError
from planner.geo import LonLat
from planner.model import Plan
from planner.sources.drawings import import_incident
from planner.store import SavedIncident, Store, new_incident_id
from planner.terms import ThreatName
from planner.ui import threats
from planner.ui.basemap import BaseMapFiles
from planner.ui.board import BOARD_KEY
from planner.ui.decide import OF_PLAN, Said, Word, decided, merged, restated, stroke_told
from planner.ui.held import Features, Held, OpenIncident, holding
from planner.ui.map import MAP_KEY
from planner.ui.planned import plan_of
from planner.ui.ready import base_map_drawn_apart
from planner.ui.warm import AREAS_KEPT, area_to_open, kept_area

Json = dict[str, Any]
Facts = Mapping[str, Any]
Change = Callable[[OpenIncident], tuple[OpenIncident, str] | None]
"""A change of an incident, made on the incident as it is, with what to say of it; None where it is none."""

INCIDENT_PARAMETER = "incident"
AREA_PARAMETER = "area"
_NEWS_STAY = timedelta(seconds=20)
_ID = re.compile(r"[A-Za-z0-9_-]{6,40}")
_ID_IN_WORDS = "names have 6 to 40 letters, digits, hyphens and underscores"
_PLANS_REMEMBERED = 4
_BASES_REMEMBERED = 8
_BEGUN_REMEMBERED = 4096


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


def begin_base_map(area: Area) -> None:
    """Begin to draw the base map of an area that came in, so that it is there when it is first opened."""
    begun = base_map_of(area)
    if begun.done() and begun.exception():  # it had come before, and was deleted while its map was drawn
        _base_map.clear(area.name, area.digest, area)
        base_map_of(area)


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
    where = st.query_params.get(AREA_PARAMETER)
    with holding() as held:
        opened = held.incident
        if opened is None or (asked and asked != opened.id):
            opened = held.incident = _from_address(held, asked, where or area_to_open(store()))
    _name_in_address(opened)
    return opened


def _from_address(held: Held, asked: str, default_area: str) -> OpenIncident:
    """Return what the address asks for; where that is not here say so, and never look as if it were."""
    if not _ID.fullmatch(asked):
        kept = held.incident or _begin(new_incident_id(), default_area)
        if asked:
            told = (
                f"The address asks for incident {asked[:40]}, and no incident is called so: {_ID_IN_WORDS}."
            )
            _say_missing(held, kept, told)
        return kept
    saved = store().read_incident(asked)
    if saved:
        return _opened(saved)
    known = asked in _begun()  # a page that is loaded anew before anything was said
    begun = _begin(asked, default_area)  # under its own name: what a browser has not sent yet comes back so
    if not known:
        told = f"Incident {asked} is not kept here: nothing was drawn in it, or not on this server."
        _say_missing(held, begun, told)
    return begun


@st.cache_resource(show_spinner=False)
def _begun() -> deque[str]:
    """Remember which incidents were begun here lately, of which nothing may be in the store."""
    return deque(maxlen=_BEGUN_REMEMBERED)


def _begin(incident: str, area: str) -> OpenIncident:
    if incident not in _begun():
        _begun().append(incident)
    return OpenIncident(incident, area)


def _say_missing(held: Held, incident: OpenIncident, told: str) -> None:
    where = "What is kept is listed on the Incident page under Saved incidents."
    held.missing = (incident.id, f"{told} {where}")


def missing(incident: OpenIncident) -> list[str]:
    """Return what was asked for and is not here, until something is said in what was begun instead."""
    with holding() as held:
        owner, told = held.missing
    return [told] if owner == incident.id and not incident.features else []


def _opened(saved: SavedIncident) -> OpenIncident:
    document = json.loads(saved.document)
    facts = {name: value for name, value in document["planner"].items() if name != "schema"}
    # No less than any authority before, of this browser or a server that is gone: a map that is still there
    # takes the features over unless it has these.
    return OpenIncident(
        saved.id, saved.area, tuple(document["features"]), facts, saved.number, number=saved.number
    )


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
    fresh = OpenIncident(new_incident_id(), where, tuple(said["features"]), facts)
    with holding() as held:
        opened = _change(held, fresh, lambda now: (now, "opened a file"))
        held.told = (opened.id, imported.told)
    _name_in_address(opened)
    return opened


def told_of(incident: OpenIncident) -> tuple[str, ...]:
    """Return what the file that the incident was opened from was taken for; () if from none."""
    with holding() as held:
        opened, told = held.told
    return told if opened == incident.id else ()


def _name_in_address(incident: OpenIncident) -> None:
    """Put its id in the address so that a reload brings it back."""
    address = {INCIDENT_PARAMETER: incident.id}
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def keep_address() -> None:
    """Let the address name the incident that is open, before a part of the page has all of it run anew.

    A part that runs by a clock says the address that the browser had when it was asked: one moment after a
    new incident was begun that of the one before, which the whole page would then open again.
    """
    with holding() as held:
        opened = held.incident
    if opened is not None:
        _name_in_address(opened)


# --- what others say --------------------------------------------------------------------------------


def _latest(held: Held, incident: OpenIncident) -> OpenIncident:
    """Return an incident as it is held: what was said since a run of the page read it counts."""
    return held.incident if held.incident is not None and held.incident.id == incident.id else incident


def said_elsewhere(incident: OpenIncident) -> bool:
    """Whether another browser has saved something of this incident since this one did, or read it."""
    with holding() as held:
        return store().count_versions(incident.id) > _latest(held, incident).number


def catch_up(incident: OpenIncident) -> OpenIncident:
    """Take over what another browser has saved of this incident since: of two who count none is lost.

    Returns
    -------
    OpenIncident
        As it is held; where there is news with entries that begin anew, and features that the map takes over.
    """
    with holding() as held:
        incident = _latest(held, incident)
        if not said_elsewhere(incident):
            return incident
        versions = store().list_versions(incident.id, after=incident.number)
        latest = _opened(versions[-1])
        held.news = (incident.id, (*news(incident), *((one.saved_at, one.what) for one in versions)))
        held.incident = _raised(
            held,
            incident,
            features=latest.features,
            facts=latest.facts,
            edition=incident.edition + 1,
            others=incident.authority + 1,
            number=latest.number,
        )
        return held.incident


def news(incident: OpenIncident) -> tuple[tuple[str, str], ...]:
    """Return what another browser said lately, or since this one last said something: when, and what."""
    with holding() as held:
        owner, told = held.news
    return told if owner == incident.id else ()


def _is_fresh(moment: str, _what: str) -> bool:
    """Whether what was taken over may not have been read yet, whatever was said since."""
    return datetime.now(UTC) - datetime.fromisoformat(moment) < _NEWS_STAY


# --- what this one says -----------------------------------------------------------------------------


def _change(held: Held, incident: OpenIncident, make: Change) -> OpenIncident:
    """Make a change of an incident and save it: made anew on what others say, as often as they are quicker.

    What would not be missed is only held: a threat alone, before anything happens anywhere.
    """
    while True:
        now = catch_up(incident)
        made = make(now)
        if made is None:
            return now
        changed, told = made
        if not (now.number or changed.features or changed.facts.keys() - {"threat"}):
            held.incident = changed
            return changed
        saved = store().write_incident(changed.id, changed.area, changed.document(), told, after=now.number)
        if saved is not None:
            held.news = (changed.id, tuple(one for one in news(changed) if _is_fresh(*one)))
            held.incident = replace(changed, number=saved.number)
            return held.incident


def _said(incident: OpenIncident) -> Said:
    return Said(incident.features, incident.facts)


def _resaid(held: Held, now: OpenIncident, said: Said, told: str) -> tuple[OpenIncident, str] | None:
    """Return the incident with what its document says now; None where that is what it said before."""
    if said == _said(now):
        return None
    changed = replace(now, facts=said.facts)
    if said.features != now.features:
        changed = _raised(held, changed, features=said.features)
    return changed, told


def restate(of: Callable[[Facts], Facts], told: str) -> None:
    """Change the facts of the open incident by a function of what they are; it is on disk when this returns.

    Parameters
    ----------
    of : callable
        From the facts to the facts; asked again where another browser was quicker.
    told : str
        What was said, for the log.

    Raises
    ------
    StoreError
        If it cannot be saved.
    """
    with holding() as held:
        if held.incident is not None:
            _restate(held, held.incident, of, told)


def _restate(held: Held, incident: OpenIncident, of: Callable[[Facts], Facts], told: str) -> OpenIncident:
    return _change(held, incident, lambda now: _resaid(held, now, Said(now.features, of(now.facts)), told))


def show_entry(key: str, value: object) -> None:
    """Remember what an entry that is new on the page shows; see :func:`take_entry`."""
    with holding() as held:
        held.entries[key] = value


def take_entry(key: str, value: object, of: Callable[[Facts], Facts], told: str) -> None:
    """Change the facts by what an entry says, unless it showed that already.

    A browser tells what its entries say with whatever is pressed, also of one that has made way for another,
    till it hears of that. Streamlit has forgotten by then what that one had said, and takes it for news.

    Parameters
    ----------
    key : str
        Of the entry.
    value : object
        What it says.
    of, told
        As in :func:`restate`.
    """
    with holding() as held:
        if key not in held.entries or held.entries[key] != value:
            restate(of, told)
            held.entries[key] = value


def count_on(key: str, count: int, of: Callable[[Facts, int], Facts], told: str) -> None:
    """Add to a running count what its entry says more than it showed: others may have counted meanwhile.

    Parameters
    ----------
    key : str
        Of the entry.
    count : int
        What it says.
    of : callable
        From the facts, and how many more, to the facts.
    told : str
        What was said, for the log.
    """
    with holding() as held:
        more = count - held.entries.get(key, count)
        take_entry(key, count, lambda facts: of(facts, more), told)


def _raised(held: Held, incident: OpenIncident, **changes: Any) -> OpenIncident:
    """Change the features here, so that the map takes them over; what it has until then is remembered."""
    bases = {**_bases(held, incident.id), incident.authority: incident.features}
    held.bases = (incident.id, dict(sorted(bases.items())[-_BASES_REMEMBERED:]))
    return replace(incident, authority=incident.authority + 1, **changes)


def _bases(held: Held, incident: str) -> dict[int, Features]:
    owner, bases = held.bases
    return bases if owner == incident else {}


# --- strokes ---


def take_stroke(incident: OpenIncident) -> OpenIncident:
    """Take over what was last drawn on the map, if it is new; it is on disk when this returns.

    Raises
    ------
    StoreError
        If it cannot be saved; the map keeps it and sends it again.
    """
    word = st.session_state.get(MAP_KEY)
    with holding() as held:
        known = _latest(held, incident)
        if not word or word["incident"] != known.id:
            return known
        stroke = {"session": word["session"], "number": word["number"]}
        if stroke == held.stroke:
            return known
        began: int = word.get("authority", known.authority)
        saved = _change(held, known, lambda now: _drawn(held, now, word, began))
        held.stroke = stroke
        return saved


def _drawn(held: Held, now: OpenIncident, word: Json, began: int) -> tuple[OpenIncident, str]:
    """Return the incident with what a stroke drew on the features of some authority."""
    drawn, base = tuple(word["features"]), _bases(held, now.id).get(began)
    if began != now.authority and base is not None:
        # Drawn before the map heard of what the board decided: both count, and the map is told.
        changed = _raised(held, now, features=merged(base, now.features, drawn))
    else:
        changed = replace(now, features=drawn)
    changed, told = _restated(changed, word.get("facts"))
    return changed, told or stroke_told(now.features, changed.features)


def _restated(incident: OpenIncident, earlier: Json | None) -> tuple[OpenIncident, str]:
    """Take over the facts that a step back or forth on the map says; the page's entries then begin anew."""
    if earlier is None:
        return incident, ""
    facts, told = restated(incident.facts, earlier)
    return replace(incident, facts=facts, edition=incident.edition + bool(told)), told


def last_stroke() -> Json | None:
    """Return session and number of the map's last stroke that is on disk."""
    with holding() as held:
        return held.stroke


# --- words ---


def take_words(incident: OpenIncident) -> tuple[OpenIncident, list[str]]:
    """Take over what was said on the board; it is on disk when this returns, but for what only looks.

    Each word is taken once, and what it says is saved with that: a patient is not counted twice.

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
    said = (st.session_state.get(BOARD_KEY) or {}).get("said")
    troubles = []
    for mark, heard in _new_words(said, last_word()):
        ours = heard.get("incident") == incident.id
        of_plan = ours and heard.get("act") in OF_PLAN
        plan = _plan_read(incident, str(heard.get("plan", ""))) if of_plan else None
        with holding() as held:
            if not _is_new(mark, held.word):
                continue  # an older run of the page has taken it meanwhile
            if ours:
                try:
                    incident = _take_word(held, incident, heard, plan)
                except StoreError:
                    raise
                except PlannerError as error:
                    troubles.append(str(error))
            held.word = mark
    with holding() as held:
        return _latest(held, incident), troubles


def _new_words(said: Json | None, last: Json | None) -> Iterator[tuple[Json, Json]]:
    """Yield the words that were not taken, each with its session and number."""
    if said is None:
        return
    for heard in said["words"]:
        mark = {"session": said["session"], "number": heard["number"]}
        if _is_new(mark, last):
            yield mark, heard


def _is_new(mark: Json, last: Json | None) -> bool:
    return last is None or last["session"] != mark["session"] or mark["number"] > last["number"]


def _take_word(held: Held, incident: OpenIncident, heard: Json, plan: Plan | None) -> OpenIncident:
    act, on = str(heard.get("act", "")), str(heard.get("on", ""))
    if act in ("show", "move"):
        count = (held.focus or {"number": 0})["number"]
        held.focus = {"id": on, "number": count + 1, "move": act == "move"}
        return incident
    word = Word(act, on, heard.get("value"), now())
    saved = _change(held, incident, lambda now: _resaid(held, now, *decided(_said(now), word, plan)))
    held.said_last = (saved.id, act, on)
    return saved


def last_word() -> Json | None:
    """Return session and number of the board's last word that was taken."""
    with holding() as held:
        return held.word


def said_last(incident: OpenIncident) -> tuple[str, str]:
    """Return of the last word that was taken its act, and what it was on; empty where there was none."""
    with holding() as held:
        owner, act, on = held.said_last
    return (act, on) if owner == incident.id else ("", "")


def shown_on_map() -> Json | None:
    """Return which part of the plan the user asked to see on the map, numbered so that asking again works."""
    with holding() as held:
        return held.focus


# --- two threats ---


def name_threat(incident: OpenIncident, threat: ThreatName) -> OpenIncident:
    """Take over the threat that was chosen: beside the one before or in its place, and that is then asked."""
    with holding() as held:
        now = _latest(held, incident)
        asked = threats.turn(_said(now), threat)
        if asked is None:
            held.threats = ("", None, None)
            told = f"threat: {threat.value}"
            return _restate(held, now, lambda facts: {**facts, "threat": threat.value}, told)
        return _stand(held, now, asked, asked.first)


def begin_entries_anew(incident: OpenIncident) -> OpenIncident:
    """Let the page's entries show what the document says, whatever was pressed in them."""
    with holding() as held:
        now = _latest(held, incident)
        held.incident = replace(now, edition=now.edition + 1)
        return held.incident


def _stand(held: Held, incident: OpenIncident, asked: threats.Turn, how: threats.Standing) -> OpenIncident:
    told = threats.told(asked, how)
    _change(held, incident, lambda now: _resaid(held, now, threats.stood(_said(now), asked, how), told))
    held.threats = (incident.id, held.stroke, asked)
    return begin_entries_anew(incident)


def threats_asked(incident: OpenIncident) -> tuple[threats.Turn, threats.Standing] | None:
    """Return the question which of two threats are there, and how it is taken; gone with the next stroke."""
    with holding() as held:
        owner, stroke, asked = held.threats
        if owner != incident.id or stroke != held.stroke or asked is None:
            return None
    how = threats.standing(_said(incident), asked)
    return None if how is None else (asked, how)


def answer_threats(incident: OpenIncident, asked: threats.Turn, how: threats.Standing) -> OpenIncident:
    """Take over which of the two are there; it is asked no more."""
    with holding() as held:
        answered = _stand(held, incident, asked, how)
        held.threats = ("", None, None)
    return answered


# --- plans that were shown ---


def _plan_read(incident: OpenIncident, plan: str) -> Plan | None:
    """Return the plan that a word is about: one shown here, or what a server that is gone had shown."""
    if (shown := plan_shown(plan)) or not plan:
        return shown
    listing = next((one for one in packs.list_areas() if one.name == incident.area), None)
    if listing is None or listing.manifest is None:
        return None
    again = plan_for(incident, kept_area(listing.name, listing.manifest["digest"]))
    return again if again and again.id == plan else None


def remember_plan(incident: str, plan: Plan) -> Plan | None:
    """Remember a plan that is shown; return the one that was shown before it, of the same incident."""
    with holding() as held:
        owner, shown = held.plans
        if owner != incident:
            shown = []
        if not shown or shown[-1].id != plan.id:
            shown = [*shown, plan][-_PLANS_REMEMBERED:]
            held.plans = (incident, shown)
    return shown[-2] if len(shown) > 1 else None


def plan_shown(plan: str) -> Plan | None:
    """Return a plan that was shown a moment ago, by its id."""
    with holding() as held:
        return next((one for one in held.plans[1] if one.id == plan), None)


def now() -> str:
    """Return the time in UTC, to the second, as documents write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


# --- places that were searched ---


def set_scene(incident: OpenIncident, place: LonLat) -> OpenIncident:
    """Put the scene where a search found it, in place of an earlier one."""
    geometry = {"type": "Point", "coordinates": list(place.rounded())}
    scene = {"type": "Feature", "id": "scene", "properties": {"kind": "incident"}, "geometry": geometry}

    def put(now: OpenIncident) -> tuple[OpenIncident, str]:
        others = (one for one in now.features if one["properties"]["kind"] != "incident")
        return _raised(held, now, features=(scene, *others)), "put the scene where a search found it"

    with holding() as held:
        return _change(held, incident, put)


def last_pick() -> Json | None:
    """Return session and number of the last suggestion that was picked and is on disk."""
    with holding() as held:
        return held.pick


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
    with holding() as held:
        if held.pick == mark:
            return False
        lon, lat = picked["at"]
        set_scene(incident, LonLat(float(lon), float(lat)).checked())
        held.pick = mark
    return True


# --- other incidents --------------------------------------------------------------------------------


def start_incident(area: str) -> OpenIncident:
    """Leave the open incident as it is in the store, and begin a new one."""
    with holding() as held:
        fresh = held.incident = _begin(new_incident_id(), area)
    _name_in_address(fresh)
    return fresh


def start_elsewhere(incident: OpenIncident, area: str) -> OpenIncident:
    """Begin a new incident where there is an area, in place of one whose area is not here; say so."""
    kept = f"Incident {incident.id} stays saved" if incident.features else "Nothing was drawn there"
    told = f"The area {incident.area[:40]} is not here: add it on the Areas page. {kept}. This is {area}."
    with holding() as held:
        fresh = held.incident = _begin(new_incident_id(), area)
        _say_missing(held, fresh, told)
    _name_in_address(fresh)
    return fresh


def resume_incident(incident: str) -> None:
    """Open a saved incident."""
    saved = store().read_incident(incident)
    if saved is None:
        return
    with holding() as held:
        resumed = held.incident = _opened(saved)
    _name_in_address(resumed)


def go_back(incident: OpenIncident, number: int) -> None:
    """Make an earlier version the latest; nothing between is lost."""
    saved = store().read_incident(incident.id, number)
    if saved is None:
        return
    earlier, told = _opened(saved), f"went back to version {number}"

    def back(now: OpenIncident) -> tuple[OpenIncident, str]:
        anew = {"features": earlier.features, "facts": earlier.facts, "edition": now.edition + 1}
        return _raised(held, now, **anew), told

    with holding() as held:
        _change(held, incident, back)


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

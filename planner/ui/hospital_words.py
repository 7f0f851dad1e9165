"""What is said of hospitals, in the facts of an incident document: pure functions, facts in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from planner.errors import IncidentError
from planner.geo import LonLat

Json = dict[str, Any]
Facts = Mapping[str, Any]

MOST_PEOPLE = 1_000_000
"""As many as a document may say; an entry that shows more than it takes stops the page."""
_NEAR_DEG = 0.005
_LONGEST_NAME = 500


class Hospital(Protocol):
    """What tells one hospital from the others."""

    @property
    def name(self) -> str:
        """As the map or a table has it."""
        ...

    @property
    def location(self) -> LonLat:
        """Where it is."""
        ...


class Called(NamedTuple):
    """A hospital by its name and place."""

    name: str
    location: LonLat


def place_key(hospital: Hospital) -> str:
    """Tell one hospital from all others, whatever their order: a plan's order changes with what is said."""
    return f"{hospital.name} {hospital.location.lon_deg:.5f} {hospital.location.lat_deg:.5f}"


def called(key: str) -> Called:
    """Return the hospital of a :func:`place_key`.

    Raises
    ------
    IncidentError
        If it is none.
    """
    name, *place = key.rsplit(" ", 2)
    try:
        lon, lat = map(float, place)
    except ValueError as error:
        raise IncidentError(f"{key[:40]!r} is no hospital", "Load the page again") from error
    return Called(name[:_LONGEST_NAME], LonLat(lon, lat).checked())


def statuses(facts: Facts) -> Sequence[Json]:
    """Return what is said of hospitals, an entry each."""
    return facts.get("hospitals") or []


def said_of(facts: Facts, hospital: Hospital) -> Json:
    """Return what is said of one hospital; of several entries the last counts."""
    return next((dict(one) for one in reversed(statuses(facts)) if _is_of(one, hospital)), {})


def resaid(facts: Facts, hospital: Hospital, more: Facts) -> Facts:
    """Say something of one hospital, beside what was said of it or in its place.

    ``None``, ``False`` and ``{}`` take back what was said; a nought is said, and counts.
    """
    entry = {**said_of(facts, hospital), **more}
    kept = {
        name: value for name, value in entry.items() if not (value is None or value is False or value == {})
    }
    others = [one for one in statuses(facts) if not _is_of(one, hospital)]
    place = [hospital.location.lon_deg, hospital.location.lat_deg]
    if set(kept) - {"name", "location"}:
        others.append({**kept, "name": hospital.name, "location": place})
    return {**facts, "hospitals": others}


def sent_more(facts: Facts, hospital: Hospital, colour: str, more: int) -> Facts:
    """Count patients more, or fewer, who left for a hospital; never fewer than none."""
    sent = dict(said_of(facts, hospital).get("sent") or {})
    sent[colour] = min(MOST_PEOPLE, max(0, int(sent.get(colour) or 0) + more))
    counts = {name: n for name, n in sent.items() if n}
    if counts == (said_of(facts, hospital).get("sent") or {}):
        return facts
    return resaid(facts, hospital, {"sent": counts})


def _is_of(status: Json, hospital: Hospital) -> bool:
    """Whether an entry speaks of a hospital: by its name, near the same place."""
    if str(status.get("name", "")).casefold() != hospital.name.casefold():
        return False
    lon, lat = status["location"]
    apart_deg = max(abs(lon - hospital.location.lon_deg), abs(lat - hospital.location.lat_deg))
    return bool(apart_deg < _NEAR_DEG)

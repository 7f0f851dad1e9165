"""How much each purpose has to hold, by what the incident says; what it does not say is assumed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from planner import words
from planner.doctrine import Siting
from planner.model import Incident


class Agency(StrEnum):
    """Whose vehicles wait apart in staging (``domain.md`` 2.5)."""

    EMS = "ems"
    FIRE = "fire"
    POLICE = "police"


_OFFICERS = "officers"
"""Names of ``units`` that begin so count people, not vehicles."""

_EMS = {"ambulance", "ambulances", "ambulancia", "ambulancias", "ems", "medic", "medics"}
_EMS |= {"paramedic", "als", "bls", "transport", "mci"}
_FIRE = {"fire", "engine", "engines", "ladder", "ladders", "rescue", "pumper", "tanker", "tender"}
_FIRE |= {"hazmat", "battalion", "bombero", "bomberos"}
_TRUCKS = frozenset(("truck", "trucks"))
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Demand:
    """How much each purpose has to hold.

    Parameters
    ----------
    police, fire, ems : int
        Vehicles to be staged: patrol cars and the like, fire apparatus, ambulances.
    patients, people : int
        Patients to be placed, people on site.
    hour : int or None
        Local hour of the day; None where nothing says it.
    no_ccp, bereaved : bool
        What the commander asked for.
    assumed : tuple of str
        What is a planning default because nothing says it.
    """

    police: int
    fire: int
    ems: int
    patients: int
    people: int
    hour: int | None = None
    no_ccp: bool = False
    bereaved: bool = False
    assumed: tuple[str, ...] = ()

    @classmethod
    def of(cls, incident: Incident, siting: Siting) -> Demand:
        """Read the incident; what it does not say is assumed, and said to be."""
        assumed = []
        units = dict.fromkeys(Agency, 0)
        for name, count in incident.units:
            if not name.lower().startswith(_OFFICERS):
                units[agency_of(name)] += count
        if not any(units.values()):
            units = {
                Agency.POLICE: siting.staging_police,
                Agency.FIRE: siting.staging_fire,
                Agency.EMS: siting.staging_ems,
            }
            assumed.append(
                f"{words.count(siting.staging_police, 'police car')}, "
                f"{words.count(siting.staging_fire, 'fire engine')} and "
                f"{words.count(siting.staging_ems, 'ambulance')} to stage"
            )
        given = incident.casualties
        patients = 0 if given is None else given.red + given.yellow + given.green
        if patients == 0:
            patients = siting.casualties_assumed
            assumed.append(words.count(patients, "casualty", "casualties"))
        people = incident.on_site or 0
        if people == 0:
            people = siting.people_assumed
            assumed.append(f"{words.count(people, 'person', 'people')} on site")
        hour = local_hour(incident)
        if hour is None:
            assumed.append("business hours, when car parks are full")
        return cls(
            police=units[Agency.POLICE],
            fire=units[Agency.FIRE],
            ems=units[Agency.EMS],
            patients=patients,
            people=people,
            hour=hour,
            no_ccp=incident.no_ccp,
            bereaved=incident.bereaved_site,
            assumed=tuple(assumed),
        )

    def vehicles(self, agency: Agency) -> int:
        """Return how many vehicles of an agency are to be staged."""
        return {Agency.EMS: self.ems, Agency.FIRE: self.fire, Agency.POLICE: self.police}[agency]

    def ground_m2(self, agency: Agency, siting: Siting) -> float:
        """Return the ground that an agency's vehicles take in staging, with the aisles."""
        return self.vehicles(agency) * vehicle_m2(agency, siting)

    def bays(self, siting: Siting) -> int:
        """Return the ambulance bays that carry all patients away in the time that doctrine allows.

        One ambulance takes two lying patients and stands for the minutes of loading (``domain.md`` 2.6):
        bays = ambulances * minutes to load / minutes allowed, and never fewer than the least.
        """
        loads = math.ceil(self.patients / siting.patients_per_ambulance)
        needed = math.ceil(loads * siting.loading_min / siting.transport_window_min)
        return max(siting.ambulance_bays, min(needed, siting.ambulance_bays_most))

    def lot_free(self, siting: Siting) -> float:
        """Return the share of a car park that is free at this hour; business hours where it is not known."""
        open_h, close_h = siting.business_from_h, siting.business_to_h
        if self.hour is None or open_h <= self.hour < close_h:
            return siting.lot_free
        return siting.lot_free_off

    def by_night(self, siting: Siting) -> bool | None:
        """Whether it may be dark; None where the hour is not known."""
        if self.hour is None:
            return None
        return not siting.daylight_from_h <= self.hour < siting.daylight_to_h


def vehicle_m2(agency: Agency, siting: Siting) -> float:
    """Return the gross ground of one vehicle of an agency (``domain.md`` 2.5)."""
    each = {Agency.EMS: siting.ambulance_m2, Agency.FIRE: siting.engine_m2, Agency.POLICE: siting.patrol_m2}
    return each[agency]


def agency_of(unit: str) -> Agency:
    """Return whose a unit is, by its name; police where the name does not tell.

    Parameters
    ----------
    unit : str
        As an incident's ``units`` name it: "ambulances", "fire engine", "patrol_cars".
    """
    words = set(_WORD.findall(unit.lower()))
    if words & _EMS:
        return Agency.EMS
    if words & _FIRE or (words & _TRUCKS and not words & {"police", "swat"}):
        return Agency.FIRE
    return Agency.POLICE


def local_hour(incident: Incident) -> int | None:
    """Return the local hour that the incident states, or that of its beginning; None where neither tells.

    A beginning in UTC tells no local hour.
    """
    if incident.hour is not None:
        return incident.hour
    if incident.began_at is None:
        return None
    moment = datetime.fromisoformat(incident.began_at)
    offset = moment.utcoffset()
    in_utc = offset is not None and not offset
    return None if in_utc or len(incident.began_at) <= len("2024-05-14") else moment.hour

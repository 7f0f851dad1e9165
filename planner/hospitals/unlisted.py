"""The hospitals that a plan does not list, so that any of them can be found by name and listed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.area import Area
from planner.doctrine import Transport as Rules
from planner.geo import LonLat
from planner.hospitals.known import KnownHospital, find_hospitals
from planner.hospitals.listing import seconds_beyond
from planner.hospitals.notices import is_left_out
from planner.model import UNNAMED_HOSPITAL, HospitalFact, Plan
from planner.routes.driving import ambulance_point
from planner.terms import TraumaLevel


@dataclass(frozen=True)
class Unlisted:
    """A hospital that the map or a table has and a plan does not list.

    Parameters
    ----------
    name : str
        By which the coordinator can speak of it.
    location : LonLat
    city : str
        "" where nobody says it.
    adult_level, pediatric_level : TraumaLevel or None
    away_m : float
        Straight line from where ambulances load.
    """

    name: str
    location: LonLat
    city: str
    adult_level: TraumaLevel | None
    pediatric_level: TraumaLevel | None
    away_m: float


def not_listed(plan: Plan, area: Area, facts: Sequence[HospitalFact], rules: Rules) -> tuple[Unlisted, ...]:
    """Return what the map and the tables have within reach and the plan does not list, nearest first.

    Parameters
    ----------
    plan : Plan
    area : Area
    facts : sequence of HospitalFact
        From the installation's tables, as the plan was made with.
    rules : Transport
        Beyond ``reds_further_min`` off the map nobody is driven without need: these are left out.
    """
    site = ambulance_point(plan.sites)
    place = site.entrance if site else plan.incident.location
    start_m = area.frame.point_m(place) if place else (area.extent_m.centroid.x, area.extent_m.centroid.y)
    on_map, off_map = find_hospitals(area, facts, rules)
    listed = {hospital.location for hospital in plan.hospitals}

    def away_m(hospital: KnownHospital) -> float:
        return math.dist((hospital.x_m, hospital.y_m), start_m)

    known = [h for h in on_map if not is_left_out(h, area)]
    known += [h for h in off_map if seconds_beyond(away_m(h), rules) <= 60 * rules.reds_further_min]
    return tuple(
        Unlisted(
            name=h.name or UNNAMED_HOSPITAL,
            location=h.location.rounded(),
            city=h.city,
            adult_level=h.adult_level,
            pediatric_level=h.pediatric_level,
            away_m=away_m(h),
        )
        for h in sorted(known, key=lambda h: (away_m(h), h.name))
        if h.location.rounded() not in listed
    )

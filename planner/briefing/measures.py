"""Reasons in the reader's units: the core writes metres, which are turned where the text is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from planner import words
from planner.model import HospitalOption, Observation, Perimeter, Plan, Post, Route, Site, Zone

_Told = TypeVar("_Told", Zone, Perimeter, Post, Site, Route, HospitalOption, Observation)

_MEASURE = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)? (km/h|km|m²|m)(?![\w²/])")
_KMH_PER_MPH = 1.609344


def in_units(text: str, units: str) -> str:
    """Write every distance, speed and area in a text in the given units; in metres it stays as it is.

    Parameters
    ----------
    text : str
        From a plan: reasons, cautions, notices. A figure counts only with its unit right behind it, so that
        no number in a name is touched.
    units : {"m", "ft"}
    """
    if units == words.METRES:
        return text
    return _MEASURE.sub(_turned, text)


def plan_in_units(plan: Plan, units: str) -> Plan:
    """Write the reasons, cautions and notices of a plan in the given units, for what is made to be read.

    Parameters
    ----------
    plan : Plan
        Its figures stay in metres; only its sentences are turned.
    units : {"m", "ft"}
    """
    if units == words.METRES:
        return plan
    need = plan.ambulances
    return replace(
        plan,
        zones=_told(plan.zones, units),
        perimeters=_told(plan.perimeters, units),
        posts=_told(plan.posts, units),
        sites=tuple(
            replace(site, cautions=tuple(in_units(text, units) for text in site.cautions))
            for site in _told(plan.sites, units)
        ),
        routes=_told(plan.routes, units),
        hospitals=_told(plan.hospitals, units),
        observations=_told(plan.observations, units),
        ambulances=replace(need, reason=in_units(need.reason, units)) if need else None,
        notices=tuple(replace(notice, text=in_units(notice.text, units)) for notice in plan.notices),
    )


def _told(records: tuple[_Told, ...], units: str) -> tuple[_Told, ...]:
    return tuple(replace(record, reason=in_units(record.reason, units)) for record in records)


def _turned(found: re.Match[str]) -> str:
    value = float(found[1].replace(",", "") + (found[2] or ""))
    if found[3] == "km/h":
        return f"{round(value / _KMH_PER_MPH)} mph"
    if found[3] == "m²":
        return words.ground(value, words.FEET)
    return words.distance(value * (1000 if found[3] == "km" else 1), words.FEET)

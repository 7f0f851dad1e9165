"""Hospitals: trauma levels, travel times, who takes how many."""

from __future__ import annotations

from dataclasses import dataclass

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import HospitalOption, Incident, Notice, Route, Site
from planner.routes import Streets


@dataclass(frozen=True, eq=False)
class Transport:
    """Hospitals by travel time, the ways there, the posts that must be gates, what is not known."""

    hospitals: tuple[HospitalOption, ...]
    routes: tuple[Route, ...]
    gates: frozenset[str]
    notices: tuple[Notice, ...]


def send_patients(
    incident: Incident, sites: tuple[Site, ...], streets: Streets, area: Area, doctrine: Doctrine
) -> Transport:
    """Find the ways and times from the casualty collection point to every hospital known."""
    raise NotImplementedError

"""Perimeters, sites and routes for an active attack, from OpenStreetMap. Planning geography, not tactics.

The ten public names, loaded when first asked for, so that the command line starts at once::

    from planner import Incident, LonLat, ThreatName, make_plan, open_area, shipped_doctrine, write_plan

    incident = Incident(location=LonLat(-56.1665, -34.8945), threat=ThreatName.HANDGUN)
    plan = make_plan(incident, open_area("montevideo"), shipped_doctrine())
    print(write_plan(plan).decode())
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.audit import audit_plan
    from planner.document import read_incident, write_plan
    from planner.errors import PlannerError
    from planner.geo import LonLat
    from planner.model import Incident
    from planner.packs import open_area, shipped_doctrine
    from planner.plan import make_plan
    from planner.terms import ThreatName

__all__ = [
    "Incident",
    "LonLat",
    "PlannerError",
    "ThreatName",
    "audit_plan",
    "make_plan",
    "open_area",
    "read_incident",
    "shipped_doctrine",
    "write_plan",
]

_HOME = {
    "Incident": "planner.model",
    "LonLat": "planner.geo",
    "PlannerError": "planner.errors",
    "ThreatName": "planner.terms",
    "audit_plan": "planner.audit",
    "make_plan": "planner.plan",
    "open_area": "planner.packs",
    "read_incident": "planner.document",
    "shipped_doctrine": "planner.packs",
    "write_plan": "planner.document",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'planner' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)

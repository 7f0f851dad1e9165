"""Whether EMS agrees with the ambulances' ways as they are now: egress is planned together with EMS (F24).

What was agreed with is kept as a digest of the ways: when a street is blocked and they run elsewhere, the
agreement is about other ways, and it is said that EMS has to be asked again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from planner import words
from planner.model import Plan
from planner.terms import RouteKind

_AMBULANCES = (RouteKind.EGRESS, RouteKind.TRANSFER)
_DIGITS = 16
TO_AGREE = "EMS has not agreed with the ambulances' ways yet"


def ways_digest(plan: Plan) -> str:
    """Return what stands for the ambulances' ways of a plan, "" where it has none."""
    ways = sorted((r.route.value, r.start, r.end, r.nodes) for r in plan.routes if r.route in _AMBULANCES)
    return hashlib.sha256(repr(ways).encode()).hexdigest()[:_DIGITS] if ways else ""


def agrees(plan: Plan) -> bool:
    """Whether EMS agreed with the ways that the plan has now."""
    agreed = plan.incident.ems_agreed
    return agreed is not None and agreed.ways == ways_digest(plan)


def concurrence(plan: Plan) -> str:
    """Say whether EMS agrees, and since when; "" where the plan has no way for ambulances."""
    if not ways_digest(plan):
        return ""
    agreed = plan.incident.ems_agreed
    if agreed is None:
        return TO_AGREE
    when = f" at {words.moment(datetime.fromisoformat(agreed.at))}" if agreed.at else ""
    if agrees(plan):
        return f"EMS agreed with the ambulances' ways{when}"
    return f"The ambulances' ways are other ones than EMS agreed with{when}: ask again"

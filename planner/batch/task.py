"""One place of a batch, planned wherever there is room: in this process, in another, on another machine.

A worker opens the area itself, once; what it sends back is bytes and facts: it needs no folder of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from planner import packs, words
from planner.area import Area
from planner.audit import audit_plan
from planner.batch.entries import Summary, sum_up
from planner.briefing.changes import plan_changes
from planner.doctrine import Doctrine
from planner.document import read_plan, write_plan
from planner.errors import BatchError, IncidentError, PlannerError
from planner.exports import Options, export_plan
from planner.geo import Frame
from planner.model import Incident, Plan
from planner.plan import make_plan
from planner.sources.hospital_tables import InstalledHospitals, installed_hospitals

PRINT_FORMAT = "brief"
PREFIX = "Pre-plan: "
"""How a print is headed of what has not happened. Its document is not: it is opened when it has."""
_STIRRED_M = 1.0


@dataclass(frozen=True)
class Task:
    """What to plan.

    Parameters
    ----------
    key : str
        Of the library's entry.
    area, area_digest : str
        On which area; the worker's must be the same.
    incident : Incident
    plan_id : str
        That the plan must have: another would be made of other hospital tables, doctrine or version.
    before : bytes
        The document that this plan takes the place of, b"" for none: what is other is told.
    prints : Options or None
        How to print it; None for no print.
    audited : bool
        Whether to check it on the raw map as well.
    """

    key: str
    area: str
    area_digest: str
    incident: Incident
    plan_id: str
    before: bytes = b""
    prints: Options | None = None
    audited: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of a task: documents and facts, or why there are none."""

    document: bytes = b""
    printed: bytes = b""
    summary: Summary | None = None
    changes: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""


def plan_ahead(task: Task) -> Outcome:
    """Plan one place. What a plan cannot be made of is an outcome; a fault of the program is raised."""
    try:
        return _planned(task)
    except PlannerError as error:
        return Outcome(error=error.message, remedy=error.remedy)


def _planned(task: Task) -> Outcome:
    area, doctrine, hospitals = _at_hand(task.area, task.area_digest)
    plan = make_plan(task.incident, area, doctrine, *hospitals)
    area.memory.forget()  # the next place is elsewhere
    if plan.id != task.plan_id:
        raise BatchError(
            "this worker has other hospital tables, or another doctrine or version of the program",
            "Install the same on every worker as here",
        )
    audit = audit_plan(plan, area, doctrine) if task.audited else None
    return Outcome(
        document=write_plan(plan),
        printed=export_plan(_marked(plan), PRINT_FORMAT, task.prints, area) if task.prints else b"",
        summary=sum_up(plan, audit),
        changes=_changes(task.before, plan, area.frame),
    )


def _marked(plan: Plan) -> Plan:
    """Mark what is printed ahead: on paper nobody can see that nothing has happened."""
    return replace(plan, incident=replace(plan.incident, name=f"{PREFIX}{plan.incident.name}"))


class _AtHand(NamedTuple):
    area: Area
    doctrine: Doctrine
    hospitals: InstalledHospitals


@lru_cache(maxsize=1)
def _at_hand(name: str, digest: str) -> _AtHand:
    """Open an area once for all tasks of a worker."""
    area = packs.open_area(name)
    if area.digest != digest:
        raise BatchError(
            f"the map of {name} is another here than where the batch was started",
            f"Import the same map everywhere (planner area export {name}), and run again",
        )
    doctrine = packs.shipped_doctrine()
    return _AtHand(area, doctrine, installed_hospitals(area, doctrine))


def _changes(document: bytes, plan: Plan, frame: Frame) -> tuple[str, ...]:
    """Tell what is other than in the plan before; a scene moved with its building is the same scene."""
    before = earlier_plan(document)
    if before is None or before.id == plan.id:
        return ()
    then, now = before.incident.location, plan.incident.location
    moved: tuple[str, ...] = ()
    if then is not None and now is not None and then != now:
        (x0, y0), (x1, y1) = frame.point_m(then), frame.point_m(now)
        away_m = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        if away_m > _STIRRED_M:
            moved = (f"The place tapped lies {words.distance(away_m, words.METRES)} from where it was",)
        before = replace(before, incident=replace(before.incident, location=now))
    return (*moved, *plan_changes(before, plan))


def earlier_plan(document: bytes) -> Plan | None:
    """Read a plan made before; None where there is none that can be read."""
    try:
        return read_plan(document) if document else None
    except IncidentError:
        return None  # an incident document put there by hand: it says what to plan, not what was planned

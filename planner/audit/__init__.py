"""Does a finished plan hold? Judged from the document and the raw map alone, not from how it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from planner.area import Area
from planner.audit.checks import Audit, Check, judge
from planner.audit.hospitals import check_hospitals
from planner.audit.perimeters import check_perimeters
from planner.audit.routes import check_routes
from planner.audit.scene import Scene
from planner.audit.sites import check_sites
from planner.audit.streets import RawStreets
from planner.doctrine import Doctrine
from planner.field_roads import with_field_roads
from planner.model import Plan

__all__ = ["Audit", "Check", "audit_plan"]


def audit_plan(plan: Plan, area: Area, doctrine: Doctrine) -> Audit:
    """Judge a finished plan.

    Parameters
    ----------
    plan : Plan
        As read from its document.
    area : Area
        The map to judge it by: its streets are taken stretch by stretch in OSM ids, those seen in the field
        among them.
    doctrine : Doctrine
        The distances and rates that the plan must keep.

    Returns
    -------
    Audit
        Every check, held or not. A plan that says it is not sealed fails the check ``seal``, and holds
        ``seal_claim`` if what it says is true.
    """
    area = with_field_roads(plan.incident.field_roads, area, doctrine)
    scene = Scene(plan, area, doctrine, RawStreets.of(area.network))
    return Audit(
        (
            *_check_document(scene),
            *check_perimeters(scene),
            *check_sites(scene),
            *check_routes(scene),
            *check_hospitals(scene),
        )
    )


def _check_document(scene: Scene) -> Iterator[Check]:
    plan, area = scene.plan, scene.area
    other = [] if plan.area.digest == area.digest else [f"made on another map than {area.name}"]
    yield judge("map", "area", other, f"made on this map of {area.name}")
    other = [] if plan.doctrine.digest == scene.doctrine.digest else ["made by another doctrine"]
    yield judge("doctrine", "doctrine", other, f"made by doctrine {plan.doctrine.name}")
    parts = (plan.posts, plan.observations, plan.sites, plan.routes)
    ids = Counter(part.id for named in parts for part in named)
    yield judge(
        "ids", "plan", [f"id {i} is given {n} times" for i, n in ids.items() if n > 1], "every id is unique"
    )

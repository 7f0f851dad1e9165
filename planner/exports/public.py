"""The plan as the public may have it: a list of what stays, so that what is added later stays out.

Post positions, the command post and where casualties are collected are sensitive (``domain.md`` 6.12). So is
whatever tells them: the ways of ambulances start at the exchange point, reasons name posts, and pins say what
the commander wants where. What stays is what a public notice must say (F36): the ground to keep away from,
where it is closed, where families and the press go, and the ways for people.
"""

from __future__ import annotations

from dataclasses import replace

from planner.model import Incident, Notice, Perimeter, Plan, Route, Shape, Site, Zone
from planner.terms import NoticeLevel, PerimeterName, Purpose, RouteKind, ZoneKind

PUBLIC_PURPOSES = (Purpose.REUNIFICATION, Purpose.MEDIA)
"""Sites that are announced."""
_GROUND = {
    ZoneKind.HOT: "Keep away. People inside take shelter where they are.",
    ZoneKind.WARM: "Keep away. People inside take shelter where they are.",
    ZoneKind.COLD: "Inside the closed streets.",
}
_CLOSED = "Closed to traffic and people."
_DRAFT = (
    "Draft for the public information officer: nothing in it is released until the incident commander says so"
)


def public_plan(plan: Plan) -> Plan:
    """Return the plan without what the public is not told.

    Of the sites that are announced only rank 1 stays: a runner-up announced is a crowd in the wrong place.
    """
    return Plan(
        id=plan.id,
        software=plan.software,
        incident=_incident(plan.incident),
        area=plan.area,
        doctrine=plan.doctrine,
        zones=tuple(_zone(zone) for zone in plan.zones),
        perimeters=tuple(_line(line) for line in plan.perimeters if line.perimeter is PerimeterName.OUTER),
        posts=(),
        sites=tuple(_site(site) for site in plan.sites if site.purpose in PUBLIC_PURPOSES and site.rank == 1),
        routes=tuple(_route(route) for route in plan.routes if route.route is RouteKind.PUBLIC),
        hospitals=(),
        notices=(Notice(NoticeLevel.INFO, _DRAFT, "public"),),
    )


def _incident(incident: Incident) -> Incident:
    """Keep name and time, where it is, for the zones tell that anyway, and what is written for the public."""
    return Incident(
        incident.location,
        incident.threat,
        incident.name,
        incident.began_at,
        exercise=incident.exercise,
        notice=incident.notice,
    )


def _zone(zone: Zone) -> Zone:
    return replace(zone, drawn=False, reason=_GROUND[zone.zone])


def _line(line: Perimeter) -> Perimeter:
    return Perimeter(line.perimeter, line.rings, 0, 0, line.sealed, (), _CLOSED)


def _site(site: Site) -> Site:
    """Keep where it is and what it is called; scores, cautions and sight are for responders."""
    return replace(
        site,
        shape=Shape(points=(site.entrance,)) if not site.shape.polygons else site.shape,
        area_m2=None,
        capacity=None,
        in_sight=None,
        scores=(),
        score=0.0,
        reason="",
        cautions=(),
    )


def _route(route: Route) -> Route:
    return replace(route, posts_crossed=(), reason="", hot_m=0.0, shared_m=0.0)

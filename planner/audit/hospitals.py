"""Do the hospitals hold? Ranges, caps, totals, and the routes that they name."""

from __future__ import annotations

import math
from collections.abc import Iterator

from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.model import Casualties, HospitalOption

_SLACK_S = 1.0
_COLOURS = ("red", "yellow", "green")


def check_hospitals(scene: Scene) -> Iterator[Check]:
    """Judge every hospital, then how many patients they take together."""
    for hospital in scene.plan.hospitals:
        yield judge("hospital", hospital.name, list(_problems(scene, hospital)), _told(hospital))
    yield _check_total(scene)


def _told(hospital: HospitalOption) -> str:
    when = "?" if hospital.time_range_min is None else "{}-{}".format(*hospital.time_range_min)
    return f"{when} min, takes {hospital.assigned.red} red"


def _problems(scene: Scene, hospital: HospitalOption) -> Iterator[str]:
    sent = hospital.assigned
    if min(sent.red, sent.yellow, sent.green) < 0:
        yield "fewer than no patients are sent there"
    if hospital.red_per_h is not None and sent.red > math.floor(hospital.red_per_h):
        yield f"{sent.red} red patients are sent there, it takes {hospital.red_per_h:g} an hour"
    if hospital.time_s is None and sent != Casualties():
        yield "patients are sent there, and no time is known"
    if hospital.time_s is not None:
        yield from _range_problems(hospital, hospital.time_s)
    yield from _route_problems(scene, hospital)


def _range_problems(hospital: HospitalOption, time_s: float) -> Iterator[str]:
    if hospital.time_range_min is None:
        yield "its time has no range"
        return
    low, high = hospital.time_range_min
    if not 0 <= low <= math.ceil(time_s / 60) <= high:  # whole minutes, rounded up
        yield f"{time_s:.0f} s lie outside the range of {low} to {high} min"


def _route_problems(scene: Scene, hospital: HospitalOption) -> Iterator[str]:
    routes = {route.id: route for route in scene.plan.routes}
    if not hospital.route:
        return
    route = routes.get(hospital.route)
    if route is None:
        yield f"its route {hospital.route} is not in the plan"
    elif route.end != hospital.name:
        yield f"its route {route.id} leads to {route.end}"
    elif hospital.time_s is not None and not hospital.off_map and route.time_s > hospital.time_s + _SLACK_S:
        yield f"its route takes {route.time_s:.0f} s, it says {hospital.time_s:.0f} s"


def _check_total(scene: Scene) -> Check:
    given = scene.plan.incident.casualties or Casualties()
    problems = []
    for colour in _COLOURS:
        sent = sum(getattr(hospital.assigned, colour) for hospital in scene.plan.hospitals)
        if sent > getattr(given, colour):
            problems.append(f"{sent} {colour} patients are sent, the incident has {getattr(given, colour)}")
    return judge("patients", "hospitals", problems, "no more patients are sent than there are")

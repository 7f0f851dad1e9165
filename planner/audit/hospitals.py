"""Do the hospitals hold? Ranges, rates, caps, totals, the routes that they name, and the ambulances."""

from __future__ import annotations

import math
from collections.abc import Iterator

from planner import words
from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.audit.sharing import FULL_CARE, check_sharing, said_of
from planner.model import Casualties, HospitalOption, SiteTime
from planner.terms import TRIAGE, TraumaLevel

_SLACK_S = 1.0


def check_hospitals(scene: Scene) -> Iterator[Check]:
    """Judge every hospital, then how many patients they take together."""
    for hospital in scene.plan.hospitals:
        yield judge("hospital", hospital.name, list(_problems(scene, hospital)), _told(hospital))
    yield _check_total(scene)
    yield judge("hospitals", "named first", list(_lead_problems(scene)), _lead(scene.plan.hospitals))
    yield from check_sharing(scene)
    yield _check_ambulances(scene)


def _told(hospital: HospitalOption) -> str:
    when = "?" if hospital.time_range_min is None else "{}-{}".format(*hospital.time_range_min)
    return f"{when} min, takes {hospital.assigned.red} red"


def _problems(scene: Scene, hospital: HospitalOption) -> Iterator[str]:
    sent = hospital.assigned
    if min(sent.red, sent.yellow, sent.green) < 0:
        yield "fewer than no patients are sent there"
    yield from _cap_problems(hospital)
    yield from _rate_problems(scene, hospital)
    if sent != Casualties():
        if hospital.time_s is None:
            yield "patients are sent there, and no time is known"
        if hospital.closed or hospital.diversion:
            yield "patients are sent there, and the coordinator says that it is closed or on diversion"
    if hospital.time_s is not None:
        yield from _range_problems(hospital.time_range_min, hospital.time_s)
    for time in hospital.times:
        yield from _site_time_problems(scene, time)
    if hospital.air_range_min and not hospital.helipad:
        yield "a flight is told, and no helipad is known"
    if hospital.air_offer:
        yield from _offer_problems(hospital)
    yield from _route_problems(scene, hospital)


def _offer_problems(hospital: HospitalOption) -> Iterator[str]:
    """Judge an offer of air: to a trauma centre with a helipad that takes patients, and shorter."""
    if not hospital.helipad or hospital.closed or hospital.diversion:
        yield "air is offered, and no helipad is known there or it takes nobody"
    if hospital.adult_level is None and hospital.pediatric_level is None:
        yield "air is offered for reds, and its trauma level is not known"
    air, road_s = hospital.air_range_min, hospital.time_s
    if air is None or (road_s is not None and 60 * air[1] >= road_s):
        yield "air is offered, and the flight is no shorter than the drive"


def _lead(hospitals: tuple[HospitalOption, ...]) -> str:
    return ", ".join(hospital.name for hospital in hospitals if hospital.leads) or "none"


def _lead_problems(scene: Scene) -> Iterator[str]:
    """Judge which hospital is named first: one that takes ambulances, and none hours past another."""
    rules = scene.doctrine.transport
    taking = [h for h in scene.plan.hospitals if h.time_s is not None and not (h.closed or h.diversion)]
    leads = [hospital for hospital in scene.plan.hospitals if hospital.leads]
    if len(leads) > 1:  # plans of earlier versions name none
        yield f"{len(leads)} hospitals are named first"
    for lead in leads:
        if lead not in taking:
            yield f"{lead.name} is named first, and takes no ambulances or has no way there"
            continue
        first = min(taking, key=lambda h: h.children_only)
        first_s, lead_s = first.time_s or 0.0, lead.time_s or 0.0
        if lead is not first and lead_s > first_s + 60 * rules.reds_further_min:
            yield f"{lead.name} is named first, hours past {first.name}"
        if lead is not first and lead.adult_level not in FULL_CARE:
            yield f"{lead.name} is named before {first.name}, and is not known to be of Level I or II"


def _cap_problems(hospital: HospitalOption) -> Iterator[str]:
    """Judge what is sent by the hourly rates less what is kept for walk-ins."""
    sent, young, kept = hospital.assigned, hospital.children, hospital.walk_ins
    grown_red = sent.red - young.red
    if min(young.red, young.yellow, young.green, grown_red, kept.red, kept.child_red, kept.others) < 0:
        yield "fewer than no patients are counted"
    rates = (hospital.red_per_h or 0.0, hospital.child_red_per_h or 0.0, hospital.others_per_h or 0.0)
    red, child_red, others = (math.floor(rate) for rate in rates)
    gone = hospital.sent
    free = max(0, red - kept.red - gone.red)
    if grown_red > free:
        yield f"{grown_red} red adults are sent there, it takes {red} an hour, {kept.red} come by themselves"
    if sent.red > free + max(0, child_red - kept.child_red):
        yield f"{sent.red} red patients are sent there, it takes {red} and {child_red} children an hour"
    if sent.yellow + sent.green > max(0, others - kept.others - gone.yellow - gone.green):
        yield (
            f"{sent.yellow + sent.green} yellow and green are sent there, it takes {others} an hour and "
            f"{kept.others} come by themselves"
        )
    if hospital.children_only and sent != young:
        yield "adults are sent to a hospital for children"


def _rate_problems(scene: Scene, hospital: HospitalOption) -> Iterator[str]:
    """Judge the hourly rates by level and beds, or by what the coordinator says."""
    rules = scene.doctrine.transport
    last = said_of(scene, hospital)
    beds = rules.assumed_beds if hospital.beds is None else hospital.beds

    def by_level(level: TraumaLevel | None) -> float | None:
        return None if level is None else rules.red_per_h(level)

    due = {
        "red_per_h": by_level(hospital.adult_level),
        "child_red_per_h": by_level(hospital.pediatric_level),
        "others_per_h": rules.others_per_100_beds * beds / 100,
    }
    for name, rate in due.items():
        word = getattr(last, name) if last else None
        expected = rate if word is None else word
        if getattr(hospital, name) != expected:
            yield f"its {name} is {getattr(hospital, name)}, and it should be {expected}"
    if (hospital.closed, hospital.diversion) != ((last.closed, last.diversion) if last else (False, False)):
        yield "it is not closed or on diversion as the coordinator says"
    if hospital.sent != (last.sent if last else Casualties()):
        yield "its running count is not what the coordinator says"


def _site_time_problems(scene: Scene, time: SiteTime) -> Iterator[str]:
    if time.site != "scene" and time.site not in {site.id for site in scene.plan.sites}:
        yield f"a time is told from {time.site}, which is not in the plan"
    if time.time_s is not None:
        yield from _range_problems(time.range_min, time.time_s)


def _range_problems(span_min: tuple[int, int] | None, time_s: float) -> Iterator[str]:
    if span_min is None:
        yield "its time has no range"
        return
    low, high = span_min
    if not 0 <= low <= max(1, math.ceil(time_s / 60)) <= high:  # whole minutes, rounded up, one at least
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
    incident = scene.plan.incident
    given, young = incident.casualties or Casualties(), incident.children or Casualties()
    problems = []
    for colour in TRIAGE:
        has = max(getattr(given, colour), getattr(young, colour))
        sent = sum(getattr(h.assigned, colour) for h in scene.plan.hospitals)
        has = max(0, has - sum(getattr(h.sent, colour) for h in scene.plan.hospitals))
        if sent > has:
            problems.append(f"{sent} {colour} patients are sent, the incident has {has}")
        children = sum(getattr(hospital.children, colour) for hospital in scene.plan.hospitals)
        gone = sum(getattr(h.sent, colour) for h in scene.plan.hospitals if h.children_only)
        here = max(0, getattr(young, colour) - gone)
        if children > here:
            problems.append(f"{children} {colour} children are sent, the incident has {here}")
    return judge("patients", "hospitals", problems, "no more patients are sent than there are")


def _check_ambulances(scene: Scene) -> Check:
    """Judge the number needed, and that nobody arrives sooner than the drive takes."""
    plan, rules = scene.plan, scene.doctrine.transport
    given, young = plan.incident.casualties or Casualties(), plan.incident.children or Casualties()
    gone = [h.sent for h in plan.hospitals]
    yellow = max(0, max(given.yellow, young.yellow) - sum(n.yellow for n in gone))
    red = max(0, max(given.red, young.red) - sum(n.red for n in gone))
    due = red + math.ceil(yellow / rules.yellow_per_ambulance)
    told = plan.ambulances
    problems = []
    if (told.needed if told else 0) != due:
        problems.append(f"{told.needed if told else 0} are needed by the plan, {due} by its casualties")
    spans = [h.time_range_min for h in plan.hospitals if h.assigned.red and h.time_range_min is not None]
    if told and told.last_red_min and spans:
        low, high = told.last_red_min
        if low < max(least for least, _ in spans) or high < max(most for _, most in spans):
            problems.append("the last red is at a hospital before the longest drive is over, at best or late")
    if told and told.last_red_min is not None and sum(h.assigned.red for h in plan.hospitals) < red:
        problems.append("a time of the last red is told, and not every red has a place")
    return judge(
        "ambulances",
        "ambulances",
        problems,
        f"{words.count(due, 'ambulance takes', 'ambulances take')} all in one wave",
    )

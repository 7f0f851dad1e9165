"""What the transport officer says over the radio: who drives where, and what is held back. Plain text."""

from __future__ import annotations

from collections.abc import Iterator

from planner import words
from planner.driving import ambulance_point
from planner.geo import usng
from planner.model import Casualties, HospitalOption, Plan
from planner.phrases import UNDATED, Edition, along, identity, site_name, through, title, trauma

NO_TRAFFIC = "No traffic data"


def transport_text(plan: Plan, first_wave: int, edition: Edition = UNDATED) -> str:
    """Return the transport plan as short numbered transmissions, each whole by itself.

    Parameters
    ----------
    plan : Plan
    first_wave : int
        Reds that each centre is sent before one is sent more.
    edition : Edition
        Its version and time are said first; its exercise mark opens and closes.
    """
    said = [f"{number}. {text}" for number, text in enumerate(_transmissions(plan, first_wave), 1)]
    mark = [words.EXERCISE] if edition.exercise else []
    opening = [*mark, f"Transport. {title(plan.incident)}. {identity(plan, edition)}."]
    closing = [f"{words.ADVICE}. {NO_TRAFFIC}.", *mark]
    return words.lines_of([" ".join(opening), *said, " ".join(closing)], between="\n\n")


def _transmissions(plan: Plan, first_wave: int) -> Iterator[str]:
    yield from _loading(plan)
    first = [(h, min(first_wave, h.assigned.red)) for h in plan.hospitals if h.assigned.red]
    if first:
        yield f"Red, first wave: {_shares(first)}. One red in an ambulance, one to each before a second."
    later = [(h, h.assigned.red - n) for h, n in first if h.assigned.red > n]
    if later:
        yield f"Red, then: {_shares(later)}."
    for colour, how in (("yellow", "two in an ambulance"), ("green", "by bus or car")):
        sent = [(h, getattr(h.assigned, colour)) for h in plan.hospitals if getattr(h.assigned, colour)]
        if sent:
            yield f"{colour.capitalize()}, {how}: {_shares(sent)}."
    children = [(h, sum(vars(h.children).values())) for h in plan.hospitals]
    if any(n for _, n in children):
        yield f"Of these, children: {_shares([(h, n) for h, n in children if n])}."
    gone = [(h, counted(h.sent)) for h in plan.hospitals if counted(h.sent)]
    if gone:
        yield f"Already sent: {'; '.join(f'{told} to {words.plain(h.name)}' for h, told in gone)}."
    yield from _left(plan)
    yield from _held_back(plan)
    yield from _ambulances(plan)


def _loading(plan: Plan) -> Iterator[str]:
    site = ambulance_point(plan.sites)
    if site is None:
        yield "No place for ambulances to load is chosen."
        return
    grid = f"USNG {site.usng}" if site.usng else usng(site.entrance) or words.degrees(site.entrance)
    ways = [route for route in plan.routes if route.end == site.id]
    come = f" Come by {', '.join(p for p in (along(ways[0], 4), through(ways[0])) if p)}." if ways else ""
    yield f"Ambulances load at {words.PURPOSES[site.purpose][1].lower()}, {site_name(site)}, {grid}.{come}"


def _shares(shares: list[tuple[HospitalOption, int]]) -> str:
    return "; ".join(f"{n} to {_named(hospital)}" for hospital, n in shares)


def _named(hospital: HospitalOption) -> str:
    return f"{words.plain(hospital.name)} ({trauma(hospital)}, {drive(hospital)})"


def drive(hospital: HospitalOption) -> str:
    """Say the drive in whole minutes, and that it is an estimate where it is one."""
    told = words.minutes(hospital.time_range_min)
    return f"{told}, estimate" if hospital.off_map and hospital.time_range_min else told


def _left(plan: Plan) -> Iterator[str]:
    left = [f"{n} {colour}" for colour, n in unplaced(plan).items() if n]
    if left:
        yield f"NO PLACE known in the first hour for {', '.join(left)}: hospitals are to be asked."


def unplaced(plan: Plan) -> dict[str, int]:
    """Count the patients of each colour for whom the plan has no place in the first hour."""
    incident = plan.incident
    counts = {}
    for colour in ("red", "yellow", "green"):
        has = max((getattr(n, colour) for n in (incident.casualties, incident.children) if n), default=0)
        placed = sum(getattr(h.assigned, colour) + getattr(h.sent, colour) for h in plan.hospitals)
        counts[colour] = max(0, has - placed)
    return counts


def _held_back(plan: Plan) -> Iterator[str]:
    for word, told in (("closed", "Closed"), ("diversion", "On diversion")):
        names = [words.plain(h.name) for h in plan.hospitals if getattr(h, word)]
        if names:
            yield f"{told}, no ambulances: {', '.join(names)}."
    kept = [h for h in plan.hospitals if h.walk_ins.red or h.walk_ins.child_red or h.walk_ins.others]
    if kept:
        told = "; ".join(f"{words.plain(h.name)} {walk_in_count(h)}" for h in kept)
        yield f"Places kept for patients who come by themselves: {told}."


def counted(patients: Casualties) -> str:
    """Say a count by colour, "" for nobody: "2 red, 1 green"."""
    return ", ".join(f"{n} {colour}" for colour, n in vars(patients).items() if n)


def walk_in_count(hospital: HospitalOption) -> int:
    """Count the places kept at a hospital for those who come by themselves."""
    return hospital.walk_ins.red + hospital.walk_ins.child_red + hospital.walk_ins.others


def _ambulances(plan: Plan) -> Iterator[str]:
    need = plan.ambulances
    if need is None:
        return
    parts = [f"{words.count(need.needed, 'ambulance')} to take every red and yellow in one wave"]
    if need.at_hand is not None:
        parts.append(f"{need.at_hand} at hand, {words.count(need.waves, 'wave')}")
    if need.last_red_min:
        parts.append(f"last red at a hospital {words.minutes(need.last_red_min)} after the first leaves")
    yield f"Ambulances: {'; '.join(parts)}."

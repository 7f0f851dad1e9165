"""What the transport officer says over the radio: who drives where, and what is held back. Plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from planner import words
from planner.briefing.concurrence import concurrence
from planner.briefing.phrases import (
    UNDATED,
    Edition,
    along,
    drive,
    identity,
    site_name,
    through,
    title,
    trauma,
)
from planner.geo import usng
from planner.model import AmbulanceNeed, Casualties, HospitalOption, Plan, Site
from planner.routes.driving import ambulance_point
from planner.terms import TRIAGE, RouteKind

NO_TRAFFIC = "No traffic data"
_MOST_STREETS = 4
_MOST_ASKED = 3


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
    yield from _left(plan)
    said: set[HospitalOption] = set()  # level and drive are told once
    first = [(h, min(first_wave, h.assigned.red)) for h in plan.hospitals if h.assigned.red]
    if first:
        shares = _shares(first, said)
        yield f"Red, first wave: {shares}. One red in an ambulance, one to each before a second."
    later = [(h, h.assigned.red - n) for h, n in first if h.assigned.red > n]
    if later:
        yield f"Red, then: {_shares(later, said)}."
    for colour, how in (("yellow", "two in an ambulance"), ("green", "by bus or car")):
        sent = [(h, getattr(h.assigned, colour)) for h in plan.hospitals if getattr(h.assigned, colour)]
        if sent:
            yield f"{colour.capitalize()}, {how}: {_shares(sent, said)}."
    children = [(h, sum(vars(h.children).values())) for h in plan.hospitals]
    if any(n for _, n in children):
        yield f"Of these, children: {_shares([(h, n) for h, n in children if n], said)}."
    if first:
        where = _by_police([h for h, _ in first])
        yield f"Police cars that carry a red{where}, and tell transport at once: it counts."
    gone = [(h, counted(h.sent)) for h in plan.hospitals if counted(h.sent)]
    if gone:
        yield f"Already sent: {'; '.join(f'{told} to {words.plain(h.name)}' for h, told in gone)}."
    ungraded = sum(h.adult_level is None and h.pediatric_level is None for h in said)
    if ungraded:
        yield f"No trauma level is known for {ungraded} of the {len(said)} hospitals named."
    yield from _by_air(plan)
    yield from _held_back(plan)
    yield from _ambulances(plan)
    if told := concurrence(plan):
        yield f"{told}."


def _by_police(taking: list[HospitalOption]) -> str:
    """Say where police cars take reds: the nearest that are sent any, no adult to one for children."""
    nearest = sorted(taking, key=lambda h: h.time_s or 0.0)
    anybody, children = (
        " or ".join([words.plain(h.name) for h in nearest if h.children_only is only][:_MOST_ASKED])
        for only in (False, True)
    )
    if not anybody:
        return f" child: to {children}"
    return f": to {anybody}{f', a child to {children}' if children else ''}"


def _loading(plan: Plan) -> Iterator[str]:
    site = ambulance_point(plan.sites)
    if site is None:
        yield "No place for ambulances to load is chosen."
        return
    grid = f"USNG {site.usng}" if site.usng else usng(site.entrance) or words.degrees(site.entrance)
    ways = [route for route in plan.routes if route.end == site.id]
    come = (
        f" Come by {', '.join(p for p in (along(ways[0], _MOST_STREETS), through(ways[0])) if p)}."
        if ways
        else ""
    )
    where = f"{words.PURPOSES[site.purpose][1].lower()}, {site_name(site)}, {grid}"
    yield f"Ambulances load at {where}.{come}{_leave(plan, site)}"


def _leave(plan: Plan, site: Site) -> str:
    """Say what all ways out have in common: the first streets, and the gates."""
    ways = [route for route in plan.routes if route.route is RouteKind.EGRESS and route.start == site.id]
    if not ways:
        return ""
    abreast = zip(*(way.streets for way in ways), strict=False)
    streets = tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, abreast))
    posts = tuple(post for post in ways[0].posts_crossed if all(post in way.posts_crossed for way in ways))
    shared = replace(ways[0], streets=streets, posts_crossed=posts)
    by = f"by {along(shared, _MOST_STREETS)}" if streets else ""
    told = ", ".join(part for part in (by, through(shared)) if part)
    return f" Leave {told}." if told else ""


def _shares(shares: list[tuple[HospitalOption, int]], said: set[HospitalOption]) -> str:
    told = []
    for hospital, n in shares:
        name = words.plain(hospital.name) if hospital in said else _named(hospital)
        told.append(f"{n} to {name}")
        said.add(hospital)
    return "; ".join(told)


def _named(hospital: HospitalOption) -> str:
    """Name a hospital with its levels, if any are known, and its drive."""
    graded = hospital.adult_level is not None or hospital.pediatric_level is not None
    facts = [*([trauma(hospital)] if graded else []), drive(hospital)]
    return f"{words.plain(hospital.name)} ({', '.join(facts)})"


def _left(plan: Plan) -> Iterator[str]:
    left = [f"{n} {colour}" for colour, n in unplaced(plan).items() if n]
    if left:
        asked = ", ".join(to_ask(plan)) or "hospitals"
        yield f"NO PLACE known in the first hour for {', '.join(left)}. Ask what they take: {asked}."


def to_ask(plan: Plan) -> list[str]:
    """Name the nearest open hospitals to ask, with their drives: for reds, those of unknown capacity.

    Those to be spared, as what lies by the danger, come last, as do those for children only; these not at all
    where every child has a place.
    """
    known = [h for h in plan.hospitals if h.time_s is not None and not (h.closed or h.diversion)]
    left = unplaced(plan)
    children = plan.incident.children
    placed = {
        colour: sum(
            getattr(h.children, colour) + h.children_only * getattr(h.sent, colour) for h in plan.hospitals
        )
        for colour in left
    }
    grown = children is not None and not any(
        n and getattr(children, colour) > placed[colour] for colour, n in left.items()
    )
    asked = sorted(
        (h for h in known if (h.red_per_h is None or not left["red"]) and not (h.children_only and grown)),
        key=lambda h: (h.children_only, bool(h.spared), h.time_s or 0.0),
    )
    return [f"{words.plain(h.name)} ({drive(h)})" for h in asked[:_MOST_ASKED]]


def unplaced(plan: Plan) -> dict[str, int]:
    """Count the patients of each colour for whom the plan has no place in the first hour."""
    incident = plan.incident
    counts = {}
    for colour in TRIAGE:
        has = max((getattr(n, colour) for n in (incident.casualties, incident.children) if n), default=0)
        placed = sum(getattr(h.assigned, colour) + getattr(h.sent, colour) for h in plan.hospitals)
        counts[colour] = max(0, has - placed)
    return counts


def _held_back(plan: Plan) -> Iterator[str]:
    for word, told in (("closed", "Closed"), ("diversion", "On diversion")):
        names = [words.plain(h.name) for h in plan.hospitals if getattr(h, word)]
        if names:
            yield f"{told}, no ambulances: {', '.join(names)}."
    kept = [h for h in plan.hospitals if kept_places(h)]
    if kept:
        told = "; ".join(f"{words.plain(h.name)} {kept_places(h)}" for h in kept)
        yield f"Places kept for patients who come by themselves: {told}."


def counted(patients: Casualties) -> str:
    """Say a count by colour, "" for nobody: "2 red, 1 green"."""
    return ", ".join(f"{n} {colour}" for colour, n in vars(patients).items() if n)


def kept_places(hospital: HospitalOption) -> str:
    """Say how many places are kept at a hospital for those who come by themselves, "" for none."""
    kept = hospital.walk_ins
    counts = ((kept.red, "red"), (kept.child_red, "red child"), (kept.others, "yellow or green"))
    return ", ".join(f"{n} {whom}" for n, whom in counts if n)


def _by_air(plan: Plan) -> Iterator[str]:
    """Say where air is worth asking for: where reds are sent, then what no road reaches."""
    offered = [h for h in plan.hospitals if h.air_offer and (h.assigned.red or h.time_s is None)]
    for hospital in offered[:_MOST_ASKED]:
        yield f"{words.plain(hospital.name)}: {words.plain(hospital.air_offer, 240)}."


def _ambulances(plan: Plan) -> Iterator[str]:
    need = plan.ambulances
    if need is None:
        return
    parts = [f"{words.count(need.needed, 'ambulance')} to take every red and yellow in one wave"]
    if need.at_hand is not None:
        parts.append(f"{at_hand(need)}, {words.count(need.waves, 'wave')}")
    if need.last_red_min:
        since = "from now, sooner if those are back" if need.just_gone else "after the first leaves"
        parts.append(f"last red at a hospital {words.minutes(need.last_red_min)} {since}")
    yield f"Ambulances: {'; '.join(parts)}."


def at_hand(need: AmbulanceNeed) -> str:
    """Say how many ambulances are at hand, and how many of them are reckoned as just gone."""
    gone = f", {need.just_gone} of them counted as just gone" if need.just_gone else ""
    return f"{need.at_hand} at hand{gone}"

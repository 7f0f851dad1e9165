"""Texts to copy into the radio and the dispatch desk's log (F22, F23): plan to text, and nothing else.

- :func:`radio_text`: what is said over the air, one short transmission a paragraph.
- :func:`dispatch_text`: what the desk keeps: every site with address, grid, entry side and way in; posts;
  ways; hospitals; what is not known.
- :func:`site_text`: one site, for whoever asks.
- :func:`keep_clear_text`: the towing and no-parking list of the corridor.

The public's text is :mod:`planner.briefing.public_notice`, the request for airspace
:mod:`planner.briefing.airspace`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from planner import words
from planner.briefing.phrases import (
    CORRIDOR,
    UNDATED,
    Edition,
    along,
    began,
    drive,
    end_of,
    ends_of,
    entry_side,
    exposed,
    heading,
    identity,
    listed_hospitals,
    one_way_each,
    patients,
    place,
    post_task,
    scene,
    site_name,
    suggested,
    threat,
    through,
    title,
    trauma,
    way_to,
)
from planner.geo import Frame, LonLat, usng
from planner.model import HospitalOption, Observation, Plan, Post, Route, Site
from planner.perimeters.staffing import staffing_order
from planner.terms import Control, NoticeLevel, PerimeterName, Purpose, ZoneKind

_FIRST_POSTS = 4
_SAID_WATCHING = 4
_REACH_STEP_M = 10.0
_NAMED_IN_VIEW = 8
_RADIO_HOSPITALS = 5
_DESK_HOSPITALS = 12
_DRIVEN_TO = (
    Purpose.STAGING,
    Purpose.STAGING_FIRE,
    Purpose.STAGING_POLICE,
    Purpose.AMBULANCE_EXCHANGE,
)
KEEP_OUT = (
    "Park on the right, off the ambulances' way; leave keys with the car. No locked car in the corridor."
)
"""Locked police cars in the only street kept ambulances out (``domain.md``, fact 2)."""


# --- the radio ----------------------------------------------------------------------------------------


def radio_text(plan: Plan, edition: Edition = UNDATED) -> str:
    """Return what is said over the air: short transmissions, numbered, each whole by itself.

    Parameters
    ----------
    plan : Plan
    edition : Edition
        Its version and time are said first; its exercise mark opens and closes.
    """
    said = [f"{number}. {text}" for number, text in enumerate(_transmissions(plan), 1)]
    opening = [
        *([words.EXERCISE] if edition.exercise else []),
        f"{title(plan.incident)}. {identity(plan, edition)}.",
    ]
    closing = [f"{words.ADVICE}.", *([words.EXERCISE] if edition.exercise else [])]
    return words.lines_of([" ".join(opening), *said, " ".join(closing)], between="\n\n")


def _transmissions(plan: Plan) -> Iterator[str]:
    at = scene(plan)
    where = f" Scene at {place(at)}.{_said_reach(plan, at)}" if at else ""
    yield f"{threat(plan.incident)}.{where} All units stay out of the hot and warm zones unless assigned."
    for site in suggested(plan):
        yield _said_site(plan, site)
    streets, more = _corridor_streets(plan)
    if streets:
        rest = f" and {words.count(more, 'more street')} on the desk's list" if more else ""
        yield f"Keep clear for ambulances: {', '.join(streets)}{rest}. {KEEP_OUT}"
    if plan.posts:
        yield _said_posts(plan)
    if plan.observations:
        yield _said_containment(plan)
    if plan.hospitals:
        yield _said_hospitals(plan.hospitals)
    dangers = [notice.text for notice in plan.notices if notice.level is NoticeLevel.DANGER]
    if dangers:
        yield "Caution: " + " ".join(f"{words.plain(text, 300)}." for text in dangers)


def _said_reach(plan: Plan, at: LonLat) -> str:
    """Say how far hot and warm ground reach: who only listens has no map of them."""
    told = [
        f"{kind.value} ground reaches about {words.both(reach_m)}"
        for kind in (ZoneKind.HOT, ZoneKind.WARM)
        if (reach_m := _reach_m(plan, at, kind)) > 0
    ]
    return f" From it {words.joined(told)}." if told else ""


def _reach_m(plan: Plan, at: LonLat, kind: ZoneKind) -> float:
    """Return how far ground of a kind reaches from a place, up to the next 10 m; 0 where there is none."""
    corners = [corner for zone in plan.zones if zone.zone is kind for corner in zone.rings[0]]
    if not corners:
        return 0.0
    return math.ceil(float(np.hypot(*Frame(at).to_m(corners).T).max()) / _REACH_STEP_M) * _REACH_STEP_M


def _said_site(plan: Plan, site: Site) -> str:
    side = entry_side(site)
    parts = [f"{words.PURPOSES[site.purpose][1]}: {site_name(site)}, {_grid_of(site)}"]
    if side:
        parts.append(f"Enter from the {side}")
    way = way_to(plan, site)
    if way is not None:
        parts.append(", ".join(part for part in (f"Come by {along(way, 4)}", through(way)) if part))
    return ". ".join(parts) + "."


def _grid_of(site: Site) -> str:
    return f"USNG {site.usng}" if site.usng else words.degrees(site.entrance)


def _said_posts(plan: Plan) -> str:
    ordered = staffing_order(plan.posts)
    first = "; ".join(
        f"{words.plain(post.id, 12)} {words.plain(post.street)}, {_digits(post.location)}"
        for post in ordered[:_FIRST_POSTS]
    )
    gates = [words.plain(post.id, 12) for post in ordered if post.control is Control.GATE]
    opened = f" Gates: {', '.join(gates)}." if gates else ""
    opened += _said_in_view(ordered)
    counts = f"{words.count(len(plan.posts), 'post')}, {words.count(_post_officers(plan.posts), 'officer')}"
    return f"Perimeter: {counts}. Staff first: {first}.{opened}"


def _digits(at: LonLat) -> str:
    """Write a place as it is read out: posts far apart on one long street have the same name."""
    return " ".join(usng(at).split()[-2:]) or words.degrees(at)


def _said_containment(plan: Plan) -> str:
    told = [_said_watch(post) for post in _watching(plan)[:_SAID_WATCHING]]
    more = len(plan.observations) - len(told)
    rest = f" {more} more on the desk's list." if more > 0 else ""
    return f"Containment: {_watch(plan)}. {'; '.join(told)}.{rest}"


def _said_watch(post: Observation) -> str:
    parts = [
        f"{words.plain(post.id, 12)} {_digits(post.location)}",
        f"on {post.zone.value} ground",
        _sees(post),
    ]
    return ", ".join(parts if post.cover else [*parts, "no cover known"])


def _watching(plan: Plan) -> list[Observation]:
    return sorted(plan.observations, key=lambda post: (post.rank, post.id))


def _watch(plan: Plan) -> str:
    officers = sum(post.officers for post in plan.observations)
    posts = words.count(len(plan.observations), "observation post")
    return f"{posts}, {words.count(officers, 'officer')} more"


def _sees(post: Observation) -> str:
    sides = [words.plain(side, 12) for side in post.sees]
    return f"sees {', '.join(sides)}" if sides else "sees part of a side"


def _said_in_view(ordered: Sequence[Post]) -> str:
    """Name the posts in view of the hot zone, or where most are, those that are not: a transmission is short.

    Where not even these are all named, cover is what holds: who is not named takes it.
    """
    seen = [words.plain(post.id, 12) for post in ordered if exposed(post)]
    hidden = [words.plain(post.id, 12) for post in ordered if not exposed(post)]
    if not seen:
        return ""
    named = ", ".join(seen)
    if len(seen) > _NAMED_IN_VIEW and len(hidden) < len(seen):
        more = len(hidden) - _NAMED_IN_VIEW
        rest = f" and {more} more on the desk's list" if more > 0 else ""
        named = f"all posts but {', '.join(hidden[:_NAMED_IN_VIEW])}{rest}" if hidden else "all posts"
    elif len(seen) > _NAMED_IN_VIEW:
        more = len(seen) - _NAMED_IN_VIEW
        named = f"{', '.join(seen[:_NAMED_IN_VIEW])} and {more} more on the desk's list"
    return f" In view of the hot zone, hold from cover: {named}."


def _post_officers(posts: Iterable[Post]) -> int:
    return sum(post.officers for post in posts)


def _said_hospitals(hospitals: tuple[HospitalOption, ...]) -> str:
    shown = listed_hospitals(hospitals, _RADIO_HOSPITALS)[:_RADIO_HOSPITALS]
    told = "; ".join(_said_hospital(hospital) for hospital in shown)
    more = len(hospitals) - len(shown)
    rest = f" {more} more on the desk's list." if more else ""
    return f"Hospitals: {told}.{rest}"


def _said_hospital(hospital: HospitalOption) -> str:
    parts = [words.plain(hospital.name), trauma(hospital), drive(hospital)]
    sent = patients(hospital)
    return ", ".join([*parts, *([f"first hour {sent}"] if sent else [])])


# --- the desk -----------------------------------------------------------------------------------------


def dispatch_text(plan: Plan, edition: Edition = UNDATED) -> str:
    """Return what the desk keeps: every site, post, way and hospital, and what is not known."""
    sections = [
        heading(plan, edition),
        _desk_scene(plan),
        *([*site_lines(plan, site)] for site in suggested(plan)),
        _desk_ways(plan),
        *(_desk_posts(plan, line) for line in PerimeterName),
        _desk_containment(plan),
        _desk_hospitals(plan),
        _desk_notices(plan),
        [f"Map: {_map_source(plan)}. {words.ADVICE}."],
    ]
    return words.lines_of(["\n".join(lines) for lines in sections if lines], between="\n\n")


def _desk_scene(plan: Plan) -> list[str]:
    incident, at = plan.incident, scene(plan)
    lines = [f"THREAT: {threat(incident)}", f"SCENE: {place(at) if at else words.UNKNOWN}"]
    lines.append(f"BEGAN: {began(incident) or words.UNKNOWN}")
    counted = incident.casualties
    told = f"{counted.red} red, {counted.yellow} yellow, {counted.green} green" if counted else words.UNKNOWN
    return [*lines, f"CASUALTIES: {told}"]


def site_text(plan: Plan, site: Site) -> str:
    """Return one site's block: name, grid, entry side, way in, room, cautions."""
    return words.lines_of(site_lines(plan, site))


def site_lines(plan: Plan, site: Site) -> Iterator[str]:
    """Yield the lines of one site's block."""
    yield f"{words.PURPOSES[site.purpose][1].upper()}: {site_name(site)}"
    side = entry_side(site)
    yield f"  Entrance: {place(site.entrance)}{f', on the {side} side' if side else ''}"
    way = way_to(plan, site)
    if way is not None:
        passed = f", {through(way)}" if way.posts_crossed else ""
        yield f"  Way in: {along(way)}{passed}; {words.both(way.length_m)}, {words.about(way.time_s)}"
    yield f"  {words.plain(site.reason, 600)}"
    for caution in site.cautions:
        yield f"  Caution: {words.plain(caution, 300)}"
    yield "  Contact: ____________________  Searched for a secondary device: ____"


def _desk_ways(plan: Plan) -> list[str]:
    lines = ["WAYS"] if plan.routes else []
    for same in one_way_each(plan.routes):
        way = same[0]
        passed = f", {through(way)}" if way.posts_crossed else ""
        lines.append(
            f"  {words.ROUTES[way.route]} to {ends_of(plan, same)}: {along(way)}{passed}; "
            f"{words.both(way.length_m)}"
        )
    return lines


def _desk_posts(plan: Plan, line: PerimeterName) -> list[str]:
    ordered = [post for post in staffing_order(plan.posts) if post.perimeter is line]
    if not ordered:
        return []
    head = f"{words.PERIMETERS[line].upper()}: {words.count(len(ordered), 'post')}, staff in this order"
    return [head, *(f"  {_post_line(post)}" for post in ordered)]


def _post_line(post: Post) -> str:
    name = f"{words.plain(post.id, 12)} {words.plain(post.street)}"
    grid = usng(post.location) or words.degrees(post.location)
    officers = words.count(post.officers, "officer")
    cover = "; in view of the hot zone: hold it from cover" if exposed(post) else ""
    return f"{post.rank}. {name}, {grid}: {post_task(post)}, {officers}{cover}"


def _desk_containment(plan: Plan) -> list[str]:
    lines = [f"CONTAINMENT: {_watch(plan)}, staff in this order"] if plan.observations else []
    return [*lines, *(f"  {_watch_line(post)}" for post in _watching(plan))]


def _watch_line(post: Observation) -> str:
    grid = usng(post.location) or words.degrees(post.location)
    cover = "cover at a corner beside it" if post.cover else "no cover is mapped: whoever sees can be shot"
    stands = f"{words.both(post.distance_m)} from the target, on {post.zone.value} ground"
    officers = words.count(post.officers, "officer")
    return f"{post.rank}. {words.plain(post.id, 12)}, {grid}: {_sees(post)}, {officers}; {stands}; {cover}"


def _desk_hospitals(plan: Plan) -> list[str]:
    shown = listed_hospitals(plan.hospitals, _DESK_HOSPITALS)
    lines = ["HOSPITALS, by drive; times know no traffic"] if shown else []
    lines += [f"  {_said_hospital(hospital)} (source {_source(hospital)})" for hospital in shown]
    more = len(plan.hospitals) - len(shown)
    return [*lines, f"  {more} more in the plan"] if more else lines


def _source(hospital: HospitalOption) -> str:
    return (
        f"{words.plain(hospital.source) or words.UNKNOWN}, {words.plain(hospital.as_of) or 'age not known'}"
    )


def _desk_notices(plan: Plan) -> list[str]:
    told = [f"  {notice.level.value.upper()}: {words.plain(notice.text, 400)}" for notice in plan.notices]
    return ["NOT KNOWN, ASSUMED OR WRONG", *told] if told else []


def _map_source(plan: Plan) -> str:
    dated = f"as of {words.plain(plan.area.data_date)}" if plan.area.data_date else "age not known"
    return f"{words.plain(plan.area.attribution)}, {words.plain(plan.area.source)}, {dated}"


# --- the corridor ---------------------------------------------------------------------------------------


def keep_clear_text(plan: Plan, edition: Edition = UNDATED) -> str:
    """Return the towing and no-parking list: streets of the ways in and out, and kerbs that sites need."""
    sections = [
        heading(plan, edition),
        ["NO PARKING, TOW: both sides of these streets, from end to end of each way", KEEP_OUT],
        *_corridor(plan),
        _kerbs(plan),
        ["How wide these streets are, and what stands in them now, is not known: drive them first."],
    ]
    return words.lines_of(["\n".join(lines) for lines in sections if lines], between="\n\n")


def _corridor(plan: Plan) -> Iterator[list[str]]:
    for same in one_way_each(route for route in plan.routes if route.route in CORRIDOR):
        yield _corridor_way(plan, same)


def _corridor_way(plan: Plan, same: list[Route]) -> list[str]:
    way = same[0]
    ends = f"{end_of(plan, way.start)} to {ends_of(plan, same)}"
    lines = [
        f"{words.ROUTES[way.route].upper()}: {ends}, {words.both(way.length_m)}",
        f"  From {place(way.line[0])}",
    ]
    lines += [f"  [ ] {words.plain(street)}" for street in dict.fromkeys(way.streets)]
    return [*lines, f"  To {place(way.line[-1])}"]


def _kerbs(plan: Plan) -> list[str]:
    held = [site for site in suggested(plan) if site.purpose in _DRIVEN_TO]
    lines = [f"  [ ] {site_name(site)}, {_grid_of(site)}: {words.PURPOSES[site.purpose][1]}" for site in held]
    return ["ALSO KEEP FREE, WITH THEIR ENTRANCES", *lines] if lines else []


def _corridor_streets(plan: Plan) -> tuple[list[str], int]:
    """Name the streets of the first way of each kind, and count the others of the corridor."""
    ways = [same[0] for same in one_way_each(r for r in plan.routes if r.route in CORRIDOR)]
    first = [next(way for way in ways if way.route is kind) for kind in dict.fromkeys(w.route for w in ways)]
    named = _named_streets(first)
    return named, len(_named_streets(ways)) - len(named)


def _named_streets(ways: Iterable[Route]) -> list[str]:
    streets = [words.plain(street) for way in ways for street in way.streets]
    return [street for street in dict.fromkeys(streets) if street and not street.startswith("unnamed ")]

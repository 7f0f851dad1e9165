"""Whether a plan holds, in a line: the seal and who stands for it, the ways out, the cautions.

Page and library say the same, because both say it from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from planner import words
from planner.hospitals.patients import HIGH_LEVELS
from planner.model import HospitalOption, Plan
from planner.perimeters.staffing import staff_posts
from planner.terms import NoticeLevel, PerimeterName, RouteKind


class Standing(StrEnum):
    """How a verdict is meant."""

    OPEN = "open"
    """Something does not hold: a leak, no way out, a danger, posts without officers."""
    ASKED = "asked"
    """The map seals, but nobody has said how many officers there are."""
    HELD = "held"


def verdict(plan: Plan, officers: int | None = None) -> str:
    """Say in one line whether the plan holds: the seal and who stands for it, the ways, the cautions.

    Parameters
    ----------
    plan : Plan
    officers : int or None
        At hand for posts; None where nobody said.
    """
    return " ".join(verdict_lines(plan, officers))


def verdict_lines(plan: Plan, officers: int | None) -> list[str]:
    """Say it sentence by sentence, what failed most often first."""
    seal, ways = _seal_lines(plan, officers), _ways_line(plan, officers)
    cautions = _caution_line(plan)
    return [*seal, ways, cautions] if ways_out(plan) else [ways, *seal, cautions]


def standing(plan: Plan, officers: int | None) -> Standing:
    """Tell how the verdict is meant: held only where streets, ways and officers for every post are there."""
    warned = any(notice.level is NoticeLevel.DANGER for notice in plan.notices)
    if warned or not holds(plan) or not ways_out(plan) or _unstaffed(plan, officers):
        return Standing.OPEN
    return Standing.ASKED if officers is None and plan.posts else Standing.HELD


def not_as_explosive(plan: Plan) -> str:
    """Say what a plan is for while a bomb was named and not yet which one."""
    return f"Planned as {words.THREATS[plan.incident.threat].upper()}, not as explosive: choose the device."


def _unstaffed(plan: Plan, officers: int | None) -> tuple[str, ...]:
    """Return the posts that the officers at hand do not reach; none where nobody said how many there are."""
    return () if officers is None else staff_posts(plan.posts, officers).open


def holds(plan: Plan) -> bool:
    """Whether both lines are sealed on the map."""
    return all(line.sealed for line in plan.perimeters) and bool(plan.perimeters)


def ways_out(plan: Plan) -> set[tuple[str, ...]]:
    """Return the ways out of the perimeter that differ: by the outer posts passed, else the first street."""
    outer = {post.id for post in plan.posts if post.perimeter is PerimeterName.OUTER}
    return {
        tuple(post for post in route.posts_crossed if post in outer) or route.streets[:1]
        for route in plan.routes
        if route.route is RouteKind.EGRESS
    }


def _seal_lines(plan: Plan, officers: int | None) -> list[str]:
    needed = words.count(plan.officers["inner"] + plan.officers["outer"], "officer")
    posts = words.count(len(plan.posts), "post")
    if not holds(plan):
        leaky = [words.PERIMETERS[line.perimeter].lower() for line in plan.perimeters if not line.sealed]
        sealed = f"NOT sealed: {' and '.join(leaky) or 'no perimeter'}. {posts}"
    elif not plan.posts:
        sealed = "NO POSTS: the map shows no street or path that leads out. Check that on the ground"
    elif few := _unstaffed(plan, officers):
        sealed = f"NOT sealed yet: {len(few)} of {posts} unstaffed"
    elif officers is None:
        sealed = f"Streets sealed on the map once {posts} stand"
    else:
        sealed = f"Streets sealed on the map by {posts}"
    at_hand = "at hand not given" if officers is None else f"{officers:,} at hand"
    return [f"{sealed}.", f"Needs {needed}; {at_hand}."] if plan.posts else [f"{sealed}."]


def _ways_line(plan: Plan, officers: int | None) -> str:
    """Say whether ambulances get out: by which gates, if officers stand there, and whether to a hospital."""
    ways = ways_out(plan)
    if not ways:
        return "NO WAY OUT FOR AMBULANCES FOUND."
    told, all_through = words.count(len(ways), "way"), _gates_of_all_ways(plan)
    through = f"{', all' if len(ways) > 1 else ''} through {words.joined(all_through)}" if all_through else ""
    to = _to_hospitals(plan)
    if plan.hospitals and not to:
        return f"Corridor leads to NO HOSPITAL: {told} out{through}."
    few = set(_unstaffed(plan, officers))
    lost = [way for way in ways if few.intersection(way)]
    if len(lost) == len(ways):
        gates = [post.id for post in plan.posts if any(post.id in way for way in lost) and post.id in few]
        return f"Corridor NOT HELD, no officers yet for {words.joined(gates)}: {told} out{through}{to}."
    beside = f", {len(ways) - len(lost)} of them with officers at the gates" if lost else ""
    return f"Corridor open, {told} out{beside}{through}{to}."


def _to_hospitals(plan: Plan) -> str:
    """Say to how many hospitals ways out lead, and towards how many beyond the map; "" where to none."""
    names = {hospital.name for hospital in plan.hospitals}
    led = {route.end: route.towards for route in plan.routes if route.route is RouteKind.EGRESS}
    told = []
    for towards in ("", *words.TO_THE_EDGE):
        count = sum(way == towards for name, way in led.items() if name in names)
        told += [f"to {towards}{words.count(count, 'hospital')}"] if count else []
    return f", {words.joined(told)}" if told else ""


def _gates_of_all_ways(plan: Plan) -> tuple[str, ...]:
    """Return the posts that every way out passes: where one of them is lost, all of them are."""
    out = [set(route.posts_crossed) for route in plan.routes if route.route is RouteKind.EGRESS]
    return tuple(post.id for post in plan.posts if out and all(post.id in crossed for crossed in out))


def _caution_line(plan: Plan) -> str:
    warned = sum(notice.level is not NoticeLevel.INFO for notice in plan.notices)
    return f"{words.count(warned, 'caution')}." if warned else "No cautions."


def nearest_care(plan: Plan) -> tuple[str, str]:
    """Return how far the hospital is that the plan names first, and which it is, of which level.

    Where the level is unknown that is said. A plan of an earlier version names none: then it is the first in
    its order that takes ambulances.
    """
    taking = [h for h in plan.hospitals if not (h.closed or h.diversion) and h.time_range_min]
    first = next((h for h in taking if h.leads), next(iter(taking), None))
    if first is None:
        return words.minutes(None), "no way to a hospital" if plan.hospitals else "no hospital known"
    level = f"level {first.adult_level}" if first.adult_level else "level unknown: ask"
    for_whom = "for children, " if first.children_only else ""
    estimate = ", estimate" if first.off_map else ""
    return words.minutes(first.time_range_min), f"to {words.plain(first.name)}, {for_whom}{level}{estimate}"


def to_trauma_min(plan: Plan) -> tuple[int, int] | None:
    """Return the drive to the nearest hospital that a source calls level I or II; None where none does."""
    return min((span for place, span in _open_now(plan) if place.adult_level in HIGH_LEVELS), default=None)


def ungraded_nearer(plan: Plan) -> int:
    """Count the hospitals for adults, of unknown level, that are nearer than any of level I or II."""
    known = to_trauma_min(plan)
    spans = (span for h, span in _open_now(plan) if h.adult_level is None and not h.children_only)
    return sum(known is None or span < known for span in spans)


def _open_now(plan: Plan) -> Iterator[tuple[HospitalOption, tuple[int, int]]]:
    for place in plan.hospitals:
        if not place.closed and place.time_range_min:
            yield place, place.time_range_min

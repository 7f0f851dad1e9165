"""Plans of one incident side by side: what each makes of ways, minutes and patients, where they differ.

For a street that is blocked, or might be: which way is then driven, how long, and whom each hospital gets.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from planner import words
from planner.model import Casualties, HospitalOption, Plan, Route
from planner.terms import RouteKind

_WAYS = {
    RouteKind.TRANSFER: "Ambulances from staging to",
    RouteKind.INGRESS: "Arriving units to",
}


@dataclass(frozen=True)
class Told:
    """What one plan says of one hospital, or of one way to a site.

    Parameters
    ----------
    range_min : (int, int) or None
        Whole minutes of the drive; None where there is no way.
    streets : tuple of str
        Of the way that is kept open; empty where none is drawn.
    posts : tuple of str
        Ids of the posts that it passes.
    patients : Casualties or None
        Who is sent there in the first hour; None for a way to a site.
    why_not : str
        Why there is no way, "" where there is one.
    to : str
        Name of the site that a way leads to: another plan may have it elsewhere. "" for a hospital.
    estimate : bool
        Whether the drive leads beyond the map.
    """

    range_min: tuple[int, int] | None
    streets: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    patients: Casualties | None = None
    why_not: str = ""
    to: str = ""
    estimate: bool = False


@dataclass(frozen=True)
class Line:
    """One hospital or way, as each plan has it; None in a plan that has it not."""

    what: str
    told: tuple[Told | None, ...]


def side_by_side(plans: Sequence[Plan]) -> tuple[Line, ...]:
    """Return what is not the same in all of some plans: ways to staging and loading, then hospitals.

    Parameters
    ----------
    plans : sequence of Plan
        Of one incident on one area.
    """
    columns = [dict(_entries(plan)) for plan in plans]
    keys = dict.fromkeys(key for column in columns for key in column)
    lines = []
    for key in keys:
        found = [column.get(key) for column in columns]
        told = tuple(entry[1] if entry else None for entry in found)
        if any(one != told[0] for one in told):
            lines.append(Line(next(entry[0] for entry in found if entry), told))
    return tuple(lines)


def _entries(plan: Plan) -> Iterator[tuple[Hashable, tuple[str, Told]]]:
    sites = {site.id: site for site in plan.sites}
    for route in plan.routes:
        site = sites.get(route.end)
        if route.route in _WAYS and site is not None:
            minutes = max(1, math.ceil(route.time_s / 60))
            way = Told((minutes, minutes), route.streets, route.posts_crossed, to=site.name)
            what = f"{_WAYS[route.route]} {words.PURPOSES[site.purpose][1].lower()}"
            yield (route.route, site.purpose), (what, way)
    drawn = {route.id: route for route in plan.routes}
    for hospital in plan.hospitals:
        told = _of_hospital(hospital, drawn.get(hospital.route or ""))
        yield hospital.identity, (hospital.name, told)


def _of_hospital(hospital: HospitalOption, route: Route | None) -> Told:
    return Told(
        hospital.time_range_min,
        route.streets if route else (),
        tuple(post for post in route.posts_crossed) if route else (),
        hospital.assigned,
        "" if hospital.time_range_min else hospital.reason,
        estimate=hospital.off_map,
    )

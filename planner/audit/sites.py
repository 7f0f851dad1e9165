"""Do the sites hold? Zone, side of the perimeters, distances, room, entrance: measured again on the map."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.doctrine import Siting
from planner.errors import IncidentError
from planner.geo import from_usng
from planner.model import Site
from planner.terms import PerimeterName, Purpose, SiteSource, ZoneKind

_SLACK_M = 1.0
"""Slack for corners rounded to 7 decimals, and for ground that touches a line."""
_GRID_M = 15.0
"""A USNG reference of 8 digits names a square of 10 m: its corner is within its diagonal."""
_SHARE = 0.02
_SCORE_SLACK = 0.005
"""Points are rounded to three decimals before they are written."""

_WORKING = (Purpose.COMMAND_POST, Purpose.STAGING, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
_PUBLIC = (Purpose.REUNIFICATION, Purpose.MEDIA)


def check_sites(scene: Scene) -> Iterator[Check]:
    """Judge every site by itself, then those of rank 1 together."""
    for site in scene.plan.sites:
        yield _check_zone(scene, site)
        yield _check_side(scene, site)
        yield _check_entrance(scene, site)
        yield _check_room(scene, site)
        yield _check_words(scene, site)
    yield from _check_pins(scene)
    yield from _check_ranks(scene)
    yield from _check_apart(scene)


def _excused(site: Site) -> bool:
    """Whether a broken rule is the user's own choice, and said so: pins are cautioned, never refused."""
    return site.source is SiteSource.PINNED and bool(site.cautions)


def _ground(scene: Scene, site: Site) -> BaseGeometry:
    return scene.shape(site.shape)


def _core(ground: BaseGeometry) -> BaseGeometry:
    """Return the ground less its rim, so that touching is not entering."""
    smaller = ground.buffer(-_SLACK_M)
    return ground.representative_point() if smaller.is_empty else smaller


def _check_zone(scene: Scene, site: Site) -> Check:
    core = _core(_ground(scene, site))
    found = ZoneKind.COLD
    for kind, danger in ((ZoneKind.WARM, scene.warm_m), (ZoneKind.HOT, scene.hot_m)):
        if danger.intersects(core):
            found = kind
    forward = site.purpose is Purpose.CASUALTY_COLLECTION_FORWARD
    allowed = (ZoneKind.WARM, ZoneKind.COLD) if forward else (ZoneKind.COLD,)
    problems = []
    if found is not site.zone:
        problems.append(f"it says {site.zone}, it lies on {found} ground")
    if found not in allowed and not _excused(site):
        problems.append(f"{found} ground is no place for it")
    return judge("site_zone", site.id, problems, f"on {found} ground, as it says")


def _check_side(scene: Scene, site: Site) -> Check:
    """Working sites outside the inner perimeter, command post inside the outer, the public outside both."""
    core = _core(_ground(scene, site))
    inner, outer = (scene.held_m(name) for name in PerimeterName)
    problems = []
    if site.purpose is not Purpose.CASUALTY_COLLECTION_FORWARD and inner.intersects(core):
        problems.append("it lies inside the inner perimeter")
    if site.purpose in _PUBLIC and outer.intersects(core):
        problems.append("it lies inside the outer perimeter")
    if site.purpose is Purpose.COMMAND_POST and not outer.is_empty and not outer.intersects(core):
        # Where there is no other ground, the plan may put it outside if a notice says so.
        told = {notice.about for notice in scene.plan.notices}
        if f"{site.purpose}-1" not in told:
            problems.append("it lies outside the outer perimeter")
    fine = "on its side of both perimeters"
    return judge("site_side", site.id, [] if _excused(site) else problems, fine)


def _check_entrance(scene: Scene, site: Site) -> Check:
    """Its entrance lies on a street that can be driven, is not blocked and crosses no ground of danger."""
    spot = scene.point(site.entrance)
    open_streets = scene.streets.drivable & ~scene.blocked
    near = scene.streets.meeting(spot.buffer(_SLACK_M), open_streets)
    problems = []
    if not len(near):
        problems.append("its entrance is on no open street")
    if scene.hot_m.intersects(spot):
        problems.append("its entrance is on hot ground")
    if site.purpose is not Purpose.CASUALTY_COLLECTION_FORWARD:
        if scene.warm_m.intersects(spot):
            problems.append("its entrance is on warm ground")
        if scene.held_m(PerimeterName.INNER).buffer(-_SLACK_M).intersects(spot):
            problems.append("its entrance is inside the inner perimeter")
    off = _ground(scene, site).distance(spot)
    if off > scene.doctrine.siting.street_reach_m + _SLACK_M:
        problems.append(f"its entrance is {off:.0f} m away")
    name = scene.streets.names(near)[0] if len(near) else ""
    return judge("site_entrance", site.id, [] if _excused(site) else problems, f"its entrance is on {name}")


def _least_m2(purpose: Purpose, siting: Siting) -> float:
    """Return the least ground that one unit of capacity can take (``domain.md`` 2.5, 2.6, 2.9)."""
    if purpose is Purpose.STAGING:
        return siting.patrol_m2
    if purpose is Purpose.AMBULANCE_EXCHANGE:
        return siting.ambulance_m2
    if purpose in (Purpose.CASUALTY_COLLECTION, Purpose.CASUALTY_COLLECTION_FORWARD):
        return min(siting.litter_m2, siting.walking_wounded_m2)
    if purpose in (Purpose.EVACUATION, Purpose.REUNIFICATION):
        return siting.standing_m2
    return 0.0


def _check_room(scene: Scene, site: Site) -> Check:
    ground = _ground(scene, site)
    problems = []
    if site.area_m2 is not None and ground.area > 0 and site.area_m2 > ground.area * (1 + _SHARE) + 1:
        problems.append(f"it says {site.area_m2:.0f} m2, its shape has {ground.area:.0f} m2")
    if site.area_m2 is not None and site.capacity is not None:
        need = site.capacity * _least_m2(site.purpose, scene.doctrine.siting)
        if need > site.area_m2 * (1 + _SHARE) + 1:
            problems.append(f"{site.capacity} take {need:.0f} m2, it has {site.area_m2:.0f} m2")
    return judge(
        "site_room", site.id, problems, f"room for {'?' if site.capacity is None else site.capacity}"
    )


def _check_words(scene: Scene, site: Site) -> Check:
    """Judge what is said of it: a grid reference that leads there, points within 0..1, a reason."""
    problems = []
    if site.usng:
        problems += _grid_problems(scene, site)
    odd = [score.criterion for score in site.scores if not 0 <= score.points <= 1 or score.weight < 0]
    problems += [f"{name} does not score within 0 and 1" for name in odd]
    weight = sum(score.weight for score in site.scores)
    if weight > 0:
        mean = sum(score.points * score.weight for score in site.scores) / weight
        if abs(mean - site.score) > _SCORE_SLACK:
            problems.append(f"it scores {site.score:.2f}, its criteria give {mean:.2f}")
    if not site.reason:
        problems.append("it has no reason")
    if site.in_sight is not None and not len(scene.area.buildings):
        problems.append("it claims to know sight on a map without buildings")
    return judge("site_words", site.id, problems, f"grid reference {site.usng}, reason and scores are sound")


def _grid_problems(scene: Scene, site: Site) -> list[str]:
    try:
        spot = scene.point(from_usng(site.usng))
    except IncidentError:
        return [f"{site.usng!r} is no grid reference"]
    off = min(spot.distance(_ground(scene, site)), spot.distance(scene.point(site.entrance)))
    return [f"its grid reference leads {off:.0f} m away"] if off > _GRID_M else []


# --- together -----------------------------------------------------------------------------------


def _check_pins(scene: Scene) -> Iterator[Check]:
    """See that each pin, the last one for its purpose, has its site: it outranks every suggestion."""
    for purpose, pin in {pin.purpose: pin for pin in scene.plan.incident.pins}.items():
        sites = [site for site in scene.plan.sites if site.purpose is purpose]
        pinned = [site for site in sites if site.source is SiteSource.PINNED]
        problems = [] if pinned else ["it has no site"]
        problems += [f"{site.id} is suggested beside it" for site in sites if site not in pinned]
        for site in pinned:
            off_m = float(scene.shape(pin.shape).hausdorff_distance(_ground(scene, site)))
            if off_m > _SLACK_M:
                problems.append(f"{site.id} differs from it by {off_m:.0f} m")
        yield judge("site_pinned", f"pin for {purpose}", problems, "the pin is the site")


def _check_ranks(scene: Scene) -> Iterator[Check]:
    for purpose in Purpose:
        ranks = sorted(site.rank for site in scene.plan.sites if site.purpose is purpose)
        if not ranks:
            told = any(notice.about == purpose for notice in scene.plan.notices)
            if purpose in (*_WORKING, *_PUBLIC, Purpose.EVACUATION):
                yield Check("site_found", told, "none found, and a notice must say so", purpose)
            continue
        problems = [] if ranks == list(range(1, len(ranks) + 1)) else [f"ranks are {ranks}"]
        yield judge("site_found", purpose, problems, f"a suggestion and {len(ranks) - 1} alternates")


def _check_apart(scene: Scene) -> Iterator[Check]:
    """Distances between the first choices (``domain.md`` 2.4, 2.5, 2.10), and no two on the same ground."""
    siting = scene.doctrine.siting
    apart = {
        frozenset((Purpose.COMMAND_POST, Purpose.STAGING)): siting.command_separation_m,
        frozenset((Purpose.MEDIA, Purpose.REUNIFICATION)): siting.media_separation_m,
        frozenset((Purpose.MEDIA, Purpose.CASUALTY_COLLECTION)): siting.casualty_media_m,
    }
    chosen = [site for site in scene.plan.sites if site.rank == 1]
    for one, other in combinations(chosen, 2):
        if one.source is SiteSource.PINNED and other.source is SiteSource.PINNED:
            continue
        here, there = _ground(scene, one), _ground(scene, other)
        least_m = apart.get(frozenset((one.purpose, other.purpose)), 0.0)
        distance_m = float(shapely.distance(here, there))
        problems = []
        if distance_m < least_m - _SLACK_M:
            problems.append(f"{distance_m:.0f} m apart, {least_m:.0f} m is the rule")
        if _core(here).intersects(_core(there)) and not (isinstance(here, Point) or isinstance(there, Point)):
            problems.append("they are on the same ground")
        if least_m > 0 or problems:
            yield judge(
                "site_apart", f"{one.id}, {other.id}", problems, f"{np.floor(distance_m):.0f} m apart"
            )

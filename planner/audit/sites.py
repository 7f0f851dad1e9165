"""Do the sites hold? Zone, side of the perimeters, distances, room, entrance: measured again on the map."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.audit.sight import check_sight
from planner.doctrine import Siting
from planner.errors import IncidentError
from planner.geo import from_usng
from planner.model import Site
from planner.table import Table
from planner.terms import (
    FAMILIES,
    OPEN_BY_MAP,
    PUBLIC,
    ObstacleKind,
    PerimeterName,
    Purpose,
    RouteKind,
    SiteSource,
    ZoneKind,
)

_SLACK_M = 1.0
"""Slack for corners rounded to 7 decimals, and for ground that touches a line."""
_GRID_M = 15.0
"""A USNG reference of 8 digits names a square of 10 m: its corner is within its diagonal."""
_SHARE = 0.02
_SCORE_SLACK = 0.005
"""Points are rounded to three decimals before they are written."""

_WORKING = (Purpose.COMMAND_POST, Purpose.STAGING, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
_PUBLIC = PUBLIC


def check_sites(scene: Scene) -> Iterator[Check]:
    """Judge every site by itself, then those of rank 1 together."""
    for site in scene.plan.sites:
        yield _check_zone(scene, site)
        yield _check_side(scene, site)
        yield _check_entrance(scene, site)
        yield _check_room(scene, site)
        yield _check_reach(scene, site)
        yield _check_words(scene, site)
        yield from _check_unmapped(scene, site)
    yield from _check_pins(scene)
    yield from _check_ranks(scene)
    yield from _check_apart(scene)
    yield from _check_lane(scene)
    yield from _check_helispots(scene)
    yield from check_sight(scene)


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
        told = [notice.text for notice in scene.plan.notices if notice.about == f"{site.purpose}-1"]
        if not any("outside the outer perimeter" in text for text in told):
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
    inner_m = scene.held_m(PerimeterName.INNER)
    if site.purpose is Purpose.CASUALTY_COLLECTION_FORWARD:
        if not inner_m.is_empty and not inner_m.buffer(_SLACK_M).intersects(spot):
            problems.append("its entrance is outside the inner perimeter, where nobody guards it")
    else:
        if scene.warm_m.intersects(spot):
            problems.append("its entrance is on warm ground")
        if inner_m.buffer(-_SLACK_M).intersects(spot):
            problems.append("its entrance is inside the inner perimeter")
    off = _ground(scene, site).distance(spot)
    reach_m = scene.doctrine.siting.street_reach_m
    if site.purpose is Purpose.HELISPOT:
        reach_m = scene.doctrine.landing.link_m
    if off > reach_m + _SLACK_M:
        problems.append(f"its entrance is {off:.0f} m away")
    name = scene.streets.names(near)[0] if len(near) else ""
    return judge("site_entrance", site.id, [] if _excused(site) else problems, f"its entrance is on {name}")


def _each_m2(unit: str, siting: Siting) -> float:
    """Return the least ground that one unit of capacity can take (``domain.md`` 2.5, 2.6, 2.9)."""
    return {
        "patrol cars": min(siting.stall_m2, siting.patrol_m2),
        "ambulances": siting.ambulance_m2,
        "fire engines": siting.engine_m2,
        "broadcast vehicles": siting.large_m2,
        "patients": min(siting.litter_m2, siting.walking_wounded_m2),
        "people": siting.standing_m2,
        "people indoors": siting.standing_m2 / siting.ground_free,
    }.get(unit, 0.0)


def _check_room(scene: Scene, site: Site) -> Check:
    ground = _ground(scene, site)
    problems = []
    if site.area_m2 is not None and ground.area > 0 and site.area_m2 > ground.area * (1 + _SHARE) + 1:
        problems.append(f"it says {site.area_m2:.0f} m2, its shape has {ground.area:.0f} m2")
    # At a hall the cars of a command post also stand at the kerb, which is not its ground.
    if site.area_m2 is not None and site.capacity is not None and site.purpose is not Purpose.COMMAND_POST:
        need = site.capacity * _each_m2(site.unit, scene.doctrine.siting)
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


_ON_STREET = "A stretch of street"
_UNBUILT = "it may be built over"
_SOLID = (ObstacleKind.WATER, ObstacleKind.WOOD, ObstacleKind.RAILWAY, ObstacleKind.FENCE, ObstacleKind.WALL)


def _check_unmapped(scene: Scene, site: Site) -> Iterator[Check]:
    """Ground that is on no map of grounds says so, and lies on no building, water, wood, rail or street."""
    if site.source is SiteSource.PINNED or any(words.startswith(_ON_STREET) for words in site.cautions):
        return
    ground, area = _ground(scene, site), scene.area
    core = _core(ground)
    buildings = area.buildings.tree.query(core, predicate="intersects")
    if not site.name.startswith(OPEN_BY_MAP):
        mapped = len(buildings) or len(area.places.tree.query(core, predicate="intersects"))
        if not mapped:
            yield Check("site_mapped", False, "no map shows this ground, and it does not say so", site.id)
        return
    problems = []
    if not any(words.startswith(OPEN_BY_MAP) for words in site.cautions):
        problems.append("no caution says that what covers it is not known")
    near = ground.buffer(scene.doctrine.siting.street_reach_m + _SLACK_M)
    told = any(_UNBUILT in words for words in site.cautions)
    if not told and not len(area.buildings.tree.query(near, predicate="intersects")):
        problems.append("no building is mapped near it, and it does not say so")
    if len(buildings):
        problems.append("it lies on a building")
    kinds = area.obstacles["kind"][area.obstacles.tree.query(core, predicate="intersects")]
    problems += [f"it lies on {kind}" for kind in sorted({*kinds} & {*_SOLID})]
    if len(scene.streets.meeting(core, scene.streets.drivable)):
        problems.append("it lies on a street")
    yield judge("site_mapped", site.id, problems, "open ground by the map, as it says")


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
            if purpose in (*_WORKING, Purpose.REUNIFICATION, Purpose.MEDIA, Purpose.EVACUATION):
                yield Check("site_found", told, "none found, and a notice must say so", purpose)
            continue
        problems = [] if ranks == list(range(1, len(ranks) + 1)) else [f"ranks are {ranks}"]
        yield judge(
            "site_found", purpose, problems, f"a suggestion and {words.count(len(ranks) - 1, 'alternate')}"
        )


def _check_apart(scene: Scene) -> Iterator[Check]:
    """Distances between the first choices (``domain.md`` 2.4, 2.5, 2.10), and no two on the same ground."""
    siting = scene.doctrine.siting
    apart = {frozenset(pair): metres for pair, metres in _separations(siting)}
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


def _separations(siting: Siting) -> Iterator[tuple[tuple[Purpose, Purpose], float]]:
    """Yield which first choices keep how far apart (``domain.md`` 2.4-2.10)."""
    staging = (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
    for purpose in staging:
        yield (Purpose.COMMAND_POST, purpose), siting.command_separation_m
        yield (Purpose.HELISPOT, purpose), siting.helispot_vehicles_m
    for purpose in FAMILIES:
        yield (Purpose.MEDIA, purpose), siting.media_separation_m
    yield FAMILIES, siting.bereaved_separation_m
    for purpose in (Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE):
        yield (Purpose.MEDIA, purpose), siting.casualty_media_m
        yield (Purpose.EVACUATION, purpose), siting.evacuation_separation_m
    for purpose in (Purpose.COMMAND_POST, Purpose.STAGING):
        yield (Purpose.EVACUATION, purpose), siting.evacuation_separation_m
    for purpose in (Purpose.EVACUATION, Purpose.CASUALTY_COLLECTION, Purpose.MEDIA, *FAMILIES):
        yield (Purpose.HELISPOT, purpose), siting.helispot_crowd_m
    for purpose in (Purpose.COMMAND_POST, Purpose.AMBULANCE_EXCHANGE):
        yield (Purpose.HELISPOT, purpose), siting.helispot_vehicles_m


def _check_reach(scene: Scene, site: Site) -> Check:
    """Straight distances that no street can make shorter."""
    siting, ground = scene.doctrine.siting, _ground(scene, site)
    outer = scene.held_m(PerimeterName.OUTER)
    limit_m = {
        Purpose.REUNIFICATION: siting.reunification_far_m,
        Purpose.REUNIFICATION_BEREAVED: siting.reunification_far_m,
        Purpose.MEDIA: siting.search_m,
    }.get(site.purpose)
    problems = []
    if limit_m is not None and not outer.is_empty and ground.distance(outer) > limit_m + _SLACK_M:
        problems.append(
            f"{ground.distance(outer):.0f} m from the outer perimeter, {limit_m:.0f} m is the rule"
        )
    incident = scene.plan.incident
    if site.purpose is Purpose.EVACUATION and incident.location is not None:
        off_m = ground.distance(scene.point(incident.location))
        if off_m < siting.evacuation_stand_off_m - _SLACK_M:
            problems.append(
                f"{off_m:.0f} m from the attack, {siting.evacuation_stand_off_m:.0f} m is the rule"
            )
    return judge("site_reach", site.id, [] if _excused(site) else problems, "within its distances")


_AT_WAYS = ("keep the lane free",)


def _check_lane(scene: Scene) -> Iterator[Check]:
    """No first choice lies on a way of ambulances or arriving units unless it says so (C4)."""
    kinds = (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS)
    routes = [route for route in scene.plan.routes if route.route in kinds and len(route.line) > 1]
    ends = {end for route in routes for end in (route.start, route.end)}
    for site in scene.plan.sites:
        if site.rank != 1 or site.id in ends or site.purpose in _WORKING[1:]:
            continue
        smaller = _ground(scene, site).buffer(-_SLACK_M)
        told = any(words in caution for caution in site.cautions for words in _AT_WAYS)
        on = [
            route.id
            for route in routes
            if not smaller.is_empty
            and shapely.LineString(scene.area.frame.to_m(route.line)).distance(smaller)
            < scene.doctrine.siting.corridor_m - _SLACK_M
        ]
        problems = [] if told or not on else [f"it lies on {', '.join(on)}, and does not say so"]
        yield judge("site_lane", site.id, problems, "off the ways of ambulances and arriving units")


def _gap_m(table: Table, square: BaseGeometry) -> float:
    """Return how far the nearest of some things is from a square; infinite where there are none."""
    return float(shapely.distance(table.shapes, square).min(initial=np.inf))


def _check_helispots(scene: Scene) -> Iterator[Check]:
    """See that helicopters have a clear square and two ways in (``domain.md`` 2.7)."""
    rules = scene.doctrine.landing
    buildings, obstacles = scene.area.buildings, scene.area.obstacles
    for site in scene.plan.sites:
        if site.purpose is not Purpose.HELISPOT or site.source is SiteSource.PINNED:
            continue
        square = _ground(scene, site)
        problems = []
        if square.area < (rules.day_m - 0.1) ** 2:
            problems.append(f"{square.area:.0f} m2 is less than a square of {rules.day_m} m")
        wall_m = _gap_m(
            buildings.rows(buildings.tree.query(square.buffer(rules.building_m + _SLACK_M))), square
        )
        if wall_m < rules.building_m - _SLACK_M:
            problems.append(f"a building is {wall_m:.0f} m away")
        near = obstacles.rows(obstacles.tree.query(square.buffer(rules.wire_m + _SLACK_M)))
        wire_m = _gap_m(near.rows(near["kind"] == ObstacleKind.POWER_LINE), square)
        if wire_m < rules.wire_m - _SLACK_M:
            problems.append(f"a power line is {wire_m:.0f} m away")
        if len(site.approaches_deg) != 2:
            problems.append("it has no two ways in")
        else:
            a, b = site.approaches_deg
            if min(abs(a - b), 360 - abs(a - b)) < rules.apart_deg:
                problems.append(f"its ways in lie {abs(a - b):.0f} degrees apart")
        yield judge(
            "site_helispot",
            site.id,
            problems,
            f"a clear square, {words.count(len(site.hazards), 'hazard')} told",
        )

"""What a plan puts on a map, item by item, for formats that know layers, names and styles but no plans.

Each item is one record of the plan with one geometry, so counts agree between formats and with the plan.
Texts are cleaned here (:mod:`planner.exports.text`); escaping is left to the format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from planner import words
from planner.briefing.phrases import span
from planner.model import (
    HospitalOption,
    Incident,
    Observation,
    Perimeter,
    Plan,
    Post,
    Route,
    Shape,
    Site,
    Zone,
)
from planner.terms import Control, PostMode, Purpose, SiteSource, ZoneKind

TEXT_LENGTH = 2000
"""Characters of the longest text of an item."""
LABEL_LENGTH = 80
Value = str | int | float | bool | None


@dataclass(frozen=True)
class Look:
    """How an item is drawn: colours as ``#rrggbb``, line width in pixels.

    ``fill`` is the share of the colour that ground is washed with, 0..1; ``dash`` whether the line is broken.
    Colours are told apart by the colour-blind (``domain.md`` 6.5) and no meaning hangs on colour alone: every
    item is named.
    """

    colour: str
    width: float = 2.0
    fill: float = 0.0
    dash: bool = False


@dataclass(frozen=True)
class Item:
    """One record of a plan as something on a map.

    Parameters
    ----------
    id : str
        Stable between versions of a plan where the plan's own id is: ``post/I1``.
    layer : str
        Which of :data:`LAYERS` it belongs to.
    style : str
        Key into :data:`LOOKS`.
    label, title : str
        A short name, and the whole one.
    lines : tuple of str
        What is to be read of it, reason first.
    shape : Shape
        Point, line or polygons.
    facts : tuple of (str, value)
        For tables: the same names for every item of a layer.
    """

    id: str
    layer: str
    style: str
    label: str
    title: str
    lines: tuple[str, ...]
    shape: Shape
    facts: tuple[tuple[str, Value], ...]

    @property
    def advice(self) -> str:
        """That it is a suggestion; "" for what the user has marked or pinned."""
        own = self.layer == "scene" or ("source", SiteSource.PINNED.value) in self.facts
        return "" if own else f"{words.ADVICE}."


LAYERS = {
    "zones": "Zones",
    "perimeters": "Perimeters",
    "posts": "Posts",
    "observations": "Observation posts",
    "sites": "Sites",
    "entrances": "Entrances of sites",
    "routes": "Routes",
    "hospitals": "Hospitals",
    "scene": "Scene and what was marked",
}
"""Layer, and its name for people, in the order of drawing."""

LOOKS = {
    "hot": Look("#d55e00", 3, 0.35),
    "warm": Look("#e69f00", 2, 0.25),
    "cold": Look("#0072b2", 2, 0.1),
    "inner": Look("#111111", 4),
    "outer": Look("#111111", 3, dash=True),
    "post-closed": Look("#b00020", 2, 0.9),
    "post-gate": Look("#0a7d3c", 2, 0.9),
    "post-foot": Look("#6b3fa0", 2, 0.9),
    "observation": Look("#8a6d00", 2, 0.9),
    "command_post": Look("#123a7a", 3, 0.35),
    "ambulance_exchange": Look("#8e1b4f", 3, 0.35),
    "media": Look("#4a3a78", 3, 0.35),
    "site": Look("#1b5e20", 3, 0.35),
    "alternate": Look("#5f7a61", 2, 0.1, dash=True),
    "ingress": Look("#0a7d3c", 4),
    "egress": Look("#7b1fa2", 4),
    "transfer": Look("#00695c", 4, dash=True),
    "public": Look("#5d4037", 3, dash=True),
    "hospital": Look("#b00020", 2, 0.9),
    "incident": Look("#d00000", 3, 0.9),
    "threat": Look("#d00000", 2, 0.9),
    "closure": Look("#b00020", 4, 0.3, dash=True),
    "field_road": Look("#00695c", 3),
}
_OWN_LOOK = frozenset({Purpose.COMMAND_POST, Purpose.AMBULANCE_EXCHANGE, Purpose.MEDIA})


def scene_key(incident: Incident, area: str) -> str:
    """Tell incidents apart: by name and beginning, which stay when the scene moves; else by place."""
    if incident.name or incident.began_at:
        return repr((area, incident.name, incident.began_at))
    return repr((area, incident.location and tuple(incident.location.rounded())))


def items(plan: Plan, units: str) -> tuple[Item, ...]:
    """Return all that a plan puts on a map, layer by layer.

    Parameters
    ----------
    plan : Plan
    units : {"m", "ft"}
        For distances in texts; facts are in metres.
    """
    return (
        *_zones(plan.zones),
        *(_perimeter(line) for line in plan.perimeters),
        *(_post(post) for post in plan.posts),
        *(_observation(post) for post in plan.observations),
        *(_site(site, units) for site in plan.sites),
        *(_entrance(site) for site in plan.sites),
        *(_route(route, units) for route in plan.routes),
        *(_hospital(place, number) for number, place in enumerate(plan.hospitals, 1)),
        *_scene(plan.incident),
    )


def _item(
    id_: str,
    style: str,
    name: str,
    title: str,
    lines: Iterable[str],
    shape: Shape,
    facts: dict[str, Value],
    layer: str,
) -> Item:
    told = tuple(words.plain(line, TEXT_LENGTH) for line in lines if line)
    cleaned = tuple(
        (key, words.plain(v, TEXT_LENGTH) if isinstance(v, str) else v) for key, v in facts.items()
    )
    return Item(
        words.plain(id_),
        layer,
        style,
        words.plain(name, LABEL_LENGTH),
        words.plain(title, 200),
        told,
        shape,
        cleaned,
    )


def _zones(zones: Iterable[Zone]) -> Iterable[Item]:
    """Give zones numbers by kind, so that the hot one keeps its id whatever else is drawn."""
    seen: dict[ZoneKind, int] = {}
    for zone in zones:
        seen[zone.zone] = seen.get(zone.zone, 0) + 1
        yield _zone(zone, seen[zone.zone])


def _zone(zone: Zone, number: int) -> Item:
    name = {ZoneKind.HOT: "HOT", ZoneKind.WARM: "WARM", ZoneKind.COLD: "COLD"}[zone.zone]
    facts: dict[str, Value] = {"zone": zone.zone.value, "drawn": zone.drawn, "reason": zone.reason}
    shape = Shape(polygons=(zone.rings,))
    id_, title = f"zone/{zone.zone.value}-{number}", f"{name} zone"
    return _item(id_, zone.zone, name, title, (zone.reason,), shape, facts, "zones")


def _perimeter(line: Perimeter) -> Item:
    name = words.PERIMETERS[line.perimeter]
    seal = "Streets sealed on the map" if line.sealed else "NOT sealed: " + "; ".join(line.leaks)
    facts: dict[str, Value] = {
        "perimeter": line.perimeter.value,
        "posts": line.posts or None,  # the public is not told
        "officers": line.officers or None,
        "sealed": line.sealed,
        "leaks": "; ".join(line.leaks),
        "reason": line.reason,
    }
    id_, shape = f"perimeter/{line.perimeter.value}", Shape(polygons=(line.rings,))
    return _item(id_, line.perimeter, name, name, (seal, line.reason), shape, facts, "perimeters")


def _post(post: Post) -> Item:
    gate = post.control is Control.GATE
    style = "post-gate" if gate else "post-foot" if post.mode is PostMode.FOOT else "post-closed"
    does = "gate: lets units through" if gate else "closed"
    who = f"{does}; {post.mode.value}; {words.count(post.officers, 'officer')}; staff as number {post.rank}"
    facts: dict[str, Value] = {
        "post": post.id,
        "perimeter": post.perimeter.value,
        "rank": post.rank,
        "street": post.street,
        "control": post.control.value,
        "mode": post.mode.value,
        "direction": post.direction.value,
        "officers": post.officers,
        "reason": post.reason,
    }
    title, shape = f"Post {post.id}: {post.street}", Shape(points=(post.location,))
    return _item(f"post/{post.id}", style, post.id, title, (who, post.reason), shape, facts, "posts")


def _observation(post: Observation) -> Item:
    sees = ", ".join(post.sees) or "part of a side"
    who = f"sees {sees}; {words.count(post.officers, 'officer')}; staff as number {post.rank}"
    facts: dict[str, Value] = {
        "post": post.id,
        "rank": post.rank,
        "sees": ", ".join(post.sees),
        "officers": post.officers,
        "distance_m": post.distance_m,
        "zone": post.zone.value,
        "reason": post.reason,
    }
    title, shape = f"Observation post {post.id}", Shape(points=(post.location,))
    return _item(
        f"observation/{post.id}",
        "observation",
        post.id,
        title,
        (who, post.reason),
        shape,
        facts,
        "observations",
    )


def _site_look(site: Site) -> str:
    if site.rank > 1:
        return "alternate"
    return site.purpose.value if site.purpose in _OWN_LOOK else "site"


def _site_names(site: Site) -> tuple[str, str]:
    short, name = words.PURPOSES[site.purpose]
    rank = "" if site.rank == 1 else f" {site.rank}"
    return f"{short}{rank}", f"{name}{rank}: {site.name}"


def _site(site: Site, units: str) -> Item:
    short, title = _site_names(site)
    ground = words.ground(site.area_m2, units) if site.area_m2 is not None else ""
    lines = (site.reason, ground, f"USNG {site.usng}" if site.usng else "", *site.cautions)
    facts: dict[str, Value] = {
        "site": site.id,
        "purpose": site.purpose.value,
        "rank": site.rank,
        "source": site.source.value,
        "name": site.name,
        "zone": site.zone.value,
        "area_m2": site.area_m2,
        "capacity": site.capacity,
        "usng": site.usng,
        "in_sight": site.in_sight,
        "reason": site.reason,
        "cautions": "; ".join(site.cautions),
    }
    return _item(f"site/{site.id}", _site_look(site), short, title, lines, site.shape, facts, "sites")


def _entrance(site: Site) -> Item:
    short, title = _site_names(site)
    facts: dict[str, Value] = {
        "site": site.id,
        "purpose": site.purpose.value,
        "rank": site.rank,
        "source": "entrance",
        "name": site.name,
        "usng": site.usng,
    }
    lines = (f"Entrance. USNG {site.usng}" if site.usng else "Entrance.",)
    shape = Shape(points=(site.entrance,))
    return _item(f"entrance/{site.id}", _site_look(site), short, title, lines, shape, facts, "entrances")


def _route(route: Route, units: str) -> Item:
    title = f"{words.ROUTES[route.route]}: {route.start} to {route.towards}{route.end}"
    facts: dict[str, Value] = {
        "route": route.id,
        "kind": route.route.value,
        "from": route.start,
        "to": route.end,
        "time_s": route.time_s,
        "length_m": route.length_m,
        "shared_m": route.shared_m,
        "hot_m": route.hot_m,
        "streets": "; ".join(route.streets),
        "posts_crossed": ", ".join(route.posts_crossed),
        "reason": route.reason,
    }
    told = span(route, words.distance(route.length_m, units))
    lines = (told, route.reason, "By " + ", ".join(route.streets) if route.streets else "")
    shape = Shape(lines=(route.line,))
    return _item(
        f"route/{route.id}", route.route, words.ROUTES[route.route], title, lines, shape, facts, "routes"
    )


def _hospital(place: HospitalOption, number: int) -> Item:
    level = f"adult trauma level {place.adult_level}" if place.adult_level else "trauma level unknown"
    facts: dict[str, Value] = {
        "name": place.name,
        "adult_level": place.adult_level.value if place.adult_level else None,
        "pediatric_level": place.pediatric_level.value if place.pediatric_level else None,
        "helipad": place.helipad,
        "time_s": place.time_s,
        "off_map": place.off_map,
        "red": place.assigned.red,
        "yellow": place.assigned.yellow,
        "green": place.assigned.green,
        "source": place.source,
        "as_of": place.as_of,
        "reason": place.reason,
    }
    estimate = ", estimate" if place.off_map and place.time_range_min else ""
    lines = (f"{level}; {words.minutes(place.time_range_min)} by road{estimate}", place.reason)
    shape = Shape(points=(place.location,))
    return _item(f"hospital/{number}", "hospital", place.name, place.name, lines, shape, facts, "hospitals")


def _scene(incident: Incident) -> list[Item]:
    """Return what the user marked: points, lines and polygons in one layer."""
    found: list[Item] = []
    if incident.location is not None:
        shape = Shape(points=(incident.location,))
        threat = words.THREATS[incident.threat]
        lines = (f"Threat as reported: {threat}",)
        name = f"Scene: {incident.name}" if incident.name else "Scene"
        found.append(_marked("incident/1", "incident", name, lines, shape, "incident"))
    for number, point in enumerate(incident.threats, 1):
        title = f"Threat, {point.status.value}: {words.THREATS[point.threat]}"
        shape = Shape(points=(point.location,))
        found.append(_marked(f"threat/{number}", "threat", title, (), shape, "threat"))
    for number, closure in enumerate(incident.closures, 1):
        found.append(_marked(f"closure/{number}", "closure", "Blocked here", (), closure.shape, "closure"))
    for number, road in enumerate(incident.field_roads, 1):
        name = f"Field road: {road.name}" if road.name else "Field road"
        found.append(_marked(f"field_road/{number}", "field_road", name, (), road.shape, "field_road"))
    return found


def _marked(id_: str, style: str, title: str, lines: Iterable[str], shape: Shape, kind: str) -> Item:
    facts: dict[str, Value] = {"kind": kind, "name": title}
    return _item(id_, style, title, title, lines, shape, facts, "scene")

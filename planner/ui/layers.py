"""What the map draws of a plan: short records of places and texts, no markup.

Kept small, for it travels to the browser with each new plan: six decimals, and nothing that is not drawn.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner import packs, words
from planner.area import Area, line_of
from planner.briefing.measures import in_units
from planner.briefing.phrases import span
from planner.closures import blocked_streets
from planner.field_roads import with_field_roads
from planner.geo import LonLat, degrees_of, on_globe, run_on
from planner.model import (
    HospitalOption,
    Observation,
    Perimeter,
    Plan,
    Post,
    Rings,
    Route,
    Shape,
    Site,
    Zone,
)
from planner.perimeters.exposure import IN_VIEW
from planner.perimeters.staffing import staff_posts
from planner.terms import Control, PostMode, Purpose, SiteSource, ZoneKind

Json = dict[str, Any]
_DECIMALS = 6
_IN_VIEW_TOLD = re.compile(rf"{re.escape(IN_VIEW)}[^.]*\. ?")
"""The sentence of a post's reason that says it stands in the line of fire."""


def map_layers(plan: Plan, units: str, area: Area) -> Json:
    """Return what :func:`planner.ui.map.show_map` draws of a plan.

    Parameters
    ----------
    plan : Plan
    units : {"m", "ft"}
        For distances in the texts.
    area : Area
        Whose streets are shown where the user blocked them.
    """
    officers = dict(plan.incident.units).get("officers")
    unstaffed = frozenset() if officers is None else frozenset(staff_posts(plan.posts, officers).open)
    drawn: dict[str, list[Json]] = {
        "zones": [_zone(zone, k) for k, zone in enumerate(plan.zones, start=1)],
        "perimeters": [_perimeter(line) for line in plan.perimeters],
        "closed": _closed(plan, area),
        "routes": [_route(route, units) for route in plan.routes],
        "sites": [_site(site, order, units) for order, site in enumerate(plan.sites)],
        "posts": [_post(post, post.id not in unstaffed) for post in plan.posts],
        "observations": [_observation(post) for post in plan.observations],
        "hospitals": [_hospital(place) for place in plan.hospitals if not place.off_map],
    }
    for record in itertools.chain.from_iterable(drawn.values()):
        record["lines"] = [in_units(line, units) for line in record["lines"]]
    return {"id": plan.id, "scene": _scene(plan), "middle": _middle(plan), **drawn}


def _scene(plan: Plan) -> str:
    """Name what the view should follow: it moves when the scene does, not when a corner of a zone does."""
    if plan.incident.location:
        return repr(_at(plan.incident.location))
    return "drawn"


def _at(place: LonLat) -> list[float]:
    return [round(place.lon_deg, _DECIMALS), round(place.lat_deg, _DECIMALS)]


def _line(places: Iterable[LonLat]) -> list[list[float]]:
    return [_at(place) for place in places]


def _rings(rings: Rings) -> list[list[list[float]]]:
    return [_line(ring) for ring in rings]


def _middle(plan: Plan) -> list[float] | None:
    """Return where the incident is: from there the table says how far things are, and on which side."""
    if plan.incident.location:
        return _at(plan.incident.location)
    hot = next((zone for zone in plan.zones if zone.zone is ZoneKind.HOT), None)
    if hot is None:
        return None
    return _at(_inside(_polygon(hot.rings)))


def _zone(zone: Zone, number: int) -> Json:
    return {
        "id": f"zone {number}",
        "zone": zone.zone,
        "rings": _rings(zone.rings),
        "letter": words.ZONE_LETTERS[zone.zone],
        "title": f"{zone.zone.value.capitalize()} zone",
        "lines": ["As drawn." if zone.drawn else "Suggested.", zone.reason],
    }


def _perimeter(line: Perimeter) -> Json:
    state = "streets sealed on the map" if line.sealed else "not sealed"
    held = f"{words.count(line.posts, 'post')}, {words.count(line.officers, 'officer')}, {state}"
    return {
        "id": f"perimeter {line.perimeter}",
        "perimeter": line.perimeter,
        "rings": _rings(line.rings),
        "sealed": line.sealed,
        "title": words.PERIMETERS[line.perimeter],
        "lines": [held, line.reason],
    }


def _closed(plan: Plan, area: Area) -> list[Json]:
    """Return the stretches of street that the user marked as blocked; one record for each street's name."""
    if not plan.incident.closures:
        return []
    doctrine = packs.shipped_doctrine()
    laid = with_field_roads(plan.incident.field_roads, area, doctrine)
    network = laid.network
    by_name: dict[str, list[list[list[float]]]] = {}
    for edge in np.flatnonzero(blocked_streets(plan.incident, laid, doctrine) & network.drivable):
        xy, _ = network.shape(int(edge))
        by_name.setdefault(network.street(int(edge)), []).append(_line(line_of(xy, area.frame)))
    return [
        {
            "id": f"closed {number}",
            "parts": parts,
            "at": parts[0][len(parts[0]) // 2],
            "title": f"Blocked: {name}",
            "lines": ["Marked blocked: nobody can drive here."],
        }
        for number, (name, parts) in enumerate(sorted(by_name.items()), start=1)
    ]


def _post(post: Post, staffed: bool) -> Json:
    gate = post.control is Control.GATE
    does = "gate: lets units through" if gate else "closed"
    if post.mode is PostMode.FOOT:
        does += ", on foot"
    waits = [] if staffed else ["NOT STAFFED with the officers at hand: open until more come"]
    seen = _IN_VIEW_TOLD.search(post.reason)
    danger = [seen[0].strip()] if seen else []  # first: on a phone the rest is below the card's edge
    return {
        "id": post.id,
        "label": post.id,
        "rank": post.rank,
        "at": _at(post.location),
        "perimeter": post.perimeter,
        "gate": gate,
        "foot": post.mode is PostMode.FOOT,
        "staffed": staffed,
        "street": post.street,
        "title": f"Post {post.id}: {post.street}",
        "lines": [
            *waits,
            *danger,
            f"{_capital(does)}, {words.count(post.officers, 'officer')}, staff as number {post.rank}",
            _IN_VIEW_TOLD.sub("", post.reason, count=1).strip(),
        ],
    }


def _observation(post: Observation) -> Json:
    officers = words.count(post.officers, "officer")
    return {
        "id": post.id,
        "label": post.id,
        "at": _at(post.location),
        "cover": post.cover,
        "title": f"Observation post {post.id}",
        "lines": [f"sees {', '.join(post.sees) or 'part of a side'}, {officers}", post.reason],
    }


def _site(site: Site, order: int, units: str) -> Json:
    short, name = words.PURPOSES[site.purpose]
    why = site.reason.removeprefix(f"{site.name}: ")  # the title names it
    chosen = "Your choice. " if site.source is SiteSource.PINNED else ""
    return {
        "id": site.id,
        "order": order,
        "label": short if site.rank == 1 else f"{short} {site.rank}",
        "at": _at(site.entrance),
        "within": _exact(_within(site.shape, site.entrance)),
        "purpose": site.purpose,
        "rank": site.rank,
        "source": site.source,
        # To the last decimal: accepted as it is here, it must be the same ground.
        "shape": [[[_exact(place) for place in ring] for ring in rings] for rings in site.shape.polygons],
        "name": site.name,
        "title": f"{name}: {site.name}",
        "lines": [chosen + _capital(why), words.ground(site.area_m2, units), *site.cautions],
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _exact(place: LonLat) -> list[float]:
    return list(place.rounded())


def _within(shape: Shape, entrance: LonLat) -> LonLat:
    """Return a place on a site that no neighbour shares: what a rejection points at."""
    if not shape.polygons:
        return shape.points[0] if shape.points else entrance
    return _inside(max(map(_polygon, shape.polygons), key=lambda one: float(one.area)))


def _polygon(rings: Rings) -> BaseGeometry:
    outline, *holes = [run_on(degrees_of([p.rounded() for p in ring]), rings[0][0]) for ring in rings]
    return shapely.make_valid(shapely.Polygon(outline, holes))


def _inside(ground: BaseGeometry) -> LonLat:
    spot = ground.representative_point()
    return on_globe(float(spot.x), float(spot.y))


def _route(route: Route, units: str) -> Json:
    return {
        "id": route.id,
        "route": route.route,
        "line": _line(route.line),
        "title": f"{words.ROUTES[route.route]}: {_end(route.start)} to {route.towards}{_end(route.end)}",
        "lines": [span(route, words.distance(route.length_m, units)), route.reason],
    }


def _end(name: str) -> str:
    """Say a site's id in words where it holds its purpose, the longest name first."""
    for purpose in sorted(Purpose, key=len, reverse=True):
        if name.startswith(purpose.value):
            return words.PURPOSES[purpose][1]
    return name


def _hospital(place: HospitalOption) -> Json:
    level = f"adult trauma level {place.adult_level}" if place.adult_level else "trauma level unknown"
    return {
        "id": f"hospital {place.name} {_at(place.location)}",
        "at": _at(place.location),
        "used": place.route is not None or any(vars(place.assigned).values()),
        "title": place.name,
        "lines": [level, words.minutes(place.time_range_min), place.reason],
    }

"""What the map draws of a plan: short records of places and texts, no markup.

Kept small, for it travels to the browser with each new plan: six decimals, and nothing that is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from planner import words
from planner.geo import LonLat
from planner.model import HospitalOption, Observation, Perimeter, Plan, Post, Rings, Route, Site, Zone
from planner.terms import Control, PostMode, Purpose

Json = dict[str, Any]
_DECIMALS = 6


def map_layers(plan: Plan, units: str) -> Json:
    """Return what :func:`planner.ui.map.show_map` draws of a plan.

    Parameters
    ----------
    plan : Plan
    units : {"m", "ft"}
        For distances in the texts.
    """
    return {
        "id": plan.id,
        "scene": _scene(plan),
        "zones": [_zone(zone) for zone in plan.zones],
        "perimeters": [_perimeter(line) for line in plan.perimeters],
        "posts": [_post(post) for post in plan.posts],
        "observations": [_observation(post) for post in plan.observations],
        "sites": [_site(site, units) for site in plan.sites],
        "routes": [_route(route, units) for route in plan.routes],
        "hospitals": [_hospital(place) for place in plan.hospitals if not place.off_map],
    }


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


def _zone(zone: Zone) -> Json:
    return {"zone": zone.zone, "rings": _rings(zone.rings), "letter": words.ZONE_LETTERS[zone.zone]}


def _perimeter(line: Perimeter) -> Json:
    return {"perimeter": line.perimeter, "rings": _rings(line.rings), "sealed": line.sealed}


def _post(post: Post) -> Json:
    gate = post.control is Control.GATE
    does = "gate: lets units through" if gate else "closed"
    if post.mode is PostMode.FOOT:
        does += ", on foot"
    return {
        "label": post.id,
        "rank": post.rank,
        "at": _at(post.location),
        "perimeter": post.perimeter,
        "gate": gate,
        "title": f"Post {post.id}: {post.street}",
        "lines": [
            f"{does}, {words.count(post.officers, 'officer')}, staff as number {post.rank}",
            post.reason,
        ],
    }


def _observation(post: Observation) -> Json:
    officers = words.count(post.officers, "officer")
    return {
        "label": post.id,
        "at": _at(post.location),
        "cover": post.cover,
        "title": f"Observation post {post.id}",
        "lines": [f"sees {', '.join(post.sees) or 'part of a side'}, {officers}", post.reason],
    }


def _site(site: Site, units: str) -> Json:
    short, name = words.PURPOSES[site.purpose]
    return {
        "label": short if site.rank == 1 else f"{short} {site.rank}",
        "at": _at(site.entrance),
        "purpose": site.purpose,
        "rank": site.rank,
        "source": site.source,
        "shape": [_rings(polygon) for polygon in site.shape.polygons],
        "title": f"{name}: {site.name}",
        "lines": [site.reason, words.ground(site.area_m2, units), *site.cautions],
    }


def _route(route: Route, units: str) -> Json:
    span = words.distance(route.length_m, units)
    return {
        "route": route.route,
        "line": _line(route.line),
        "title": f"{words.ROUTES[route.route]}: {_end(route.start)} to {_end(route.end)}",
        "lines": [f"{span}, {words.about(route.time_s)}", route.reason],
    }


def _end(name: str) -> str:
    """Say a site's id in words where it holds its purpose."""
    for purpose in Purpose:
        if name.startswith(purpose.value):
            return words.PURPOSES[purpose][1]
    return name


def _hospital(place: HospitalOption) -> Json:
    level = f"adult trauma level {place.adult_level}" if place.adult_level else "trauma level unknown"
    return {
        "at": _at(place.location),
        "title": place.name,
        "lines": [level, words.minutes(place.time_range_min), place.reason],
    }

"""GPX 1.1, for hand-held receivers and phones: posts, sites and hospitals as waypoints, routes as routes.

GPX knows no polygons: zones and perimeters are closed tracks. Across longitude 180 routes and tracks are cut,
as programs would draw them round the globe.
"""

from __future__ import annotations

from planner.area import Area
from planner.briefing.phrases import title
from planner.exports.exporter import Options
from planner.exports.features import LAYERS, Item, items
from planner.exports.xml import Element, add, degrees, to_bytes
from planner.geo import LonLat
from planner.model import Plan, Shape
from planner.seam import cut_at_180
from planner.words import ADVICE, plain

_NAMESPACE = "http://www.topografix.com/GPX/1/1"
_WAYPOINTS = ("scene", "posts", "observations", "entrances", "hospitals")
_TRACKS = ("zones", "perimeters", "scene")
_DESCRIPTION = 500


def export_gpx(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write GPX 1.1: all waypoints, then routes, then tracks, as its schema orders them."""
    root = Element("gpx", {"version": "1.1", "creator": plain(plan.software, 200), "xmlns": _NAMESPACE})
    about = add(root, "metadata")
    add(about, "name", title(plan.incident))
    add(about, "desc", f"Plan {plan.id}. {ADVICE}. Map: {plan.area.attribution}")
    add(about, "time", options.time())
    found = items(plan, options.units)
    for item in found:
        if item.layer in _WAYPOINTS:
            for place in item.shape.points:
                _told(_place(root, "wpt", place), item)
    for item in found:
        if item.layer == "routes":
            for line in cut_at_180(item.shape).lines:
                route = add(root, "rte")
                _told(route, item)
                for place in line:
                    _place(route, "rtept", place)
    for item in found:
        if item.layer in _TRACKS and not item.shape.points:
            _track(root, item)
    return to_bytes(root)


def _place(parent: Element, tag: str, place: LonLat) -> Element:
    return add(parent, tag, lat=degrees(place.lat_deg), lon=degrees(place.lon_deg))


def _told(parent: Element, item: Item) -> None:
    """Name it: receivers show the first few letters, so the short name comes first."""
    add(parent, "name", item.label)
    add(parent, "cmt", item.title)
    add(parent, "desc", plain(" ".join((item.advice, *item.lines)), _DESCRIPTION))
    add(parent, "type", LAYERS[item.layer])


def _track(root: Element, item: Item) -> None:
    track = add(root, "trk")
    _told(track, item)
    rings = [ring for polygon in item.shape.polygons for ring in polygon]
    for line in cut_at_180(Shape(lines=(*item.shape.lines, *rings))).lines:
        segment = add(track, "trkseg")
        for place in line:
            _place(segment, "trkpt", place)

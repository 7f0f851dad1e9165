"""The legend of the printed map: what this plan shows, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Iterator

from shapely.geometry import LineString
from shapely.geometry import box as rectangle

from planner import words
from planner.briefing.phrases import suggested
from planner.exports import map_plan, svg
from planner.exports.labels import width_mm
from planner.exports.map_plan import INK, LINES, WAY_TAGS, WAYS
from planner.model import Plan
from planner.terms import Control, PostMode, RouteKind, ZoneKind

_ROW_MM, _SWATCH_MM, _SIZE_MM, _GAP_MM = 4.4, 11.0, 2.2, 1.5
_ZONES = {
    ZoneKind.HOT: "HOT zone: direct threat",
    ZoneKind.WARM: "WARM zone: indirect threat",
    ZoneKind.COLD: "COLD zone, drawn",
}
Item = tuple[str, str]
"""A swatch drawn about (0, 0), and what it means."""


def legend(plan: Plan, wide_mm: float, columns: int) -> tuple[str, float]:
    """Draw the legend in columns; return it as SVG and how high it is in millimetres."""
    items = list(_items(plan))
    rows = -(-len(items) // columns)
    step = wide_mm / columns
    parts = []
    for number, (swatch, meaning) in enumerate(items):
        x, y = (number // rows) * step, (number % rows + 0.5) * _ROW_MM
        where = f"translate({svg.number(x + _SWATCH_MM / 2)} {svg.number(y)})"
        parts.append(svg.group([swatch], transform=where))
        said: dict[str, svg.Value] = {"text_anchor": "start", "fill": INK}
        room = step - _SWATCH_MM - 2 * _GAP_MM  # a long meaning is set smaller, and keeps off the next swatch
        size = _SIZE_MM * min(1.0, room / width_mm(meaning, _SIZE_MM))
        parts.append(svg.text((x + _SWATCH_MM + _GAP_MM, y + size * 0.36), meaning, size, **said))
    high = max(1, rows) * _ROW_MM
    return svg.picture(wide_mm, high, parts, "Legend"), high


def _items(plan: Plan) -> Iterator[Item]:
    kinds = {zone.zone for zone in plan.zones}
    for kind, meaning in _ZONES.items():
        if kind in kinds:
            yield "".join(map_plan.zone_fill(rectangle(-5, -1.7, 5, 1.7), kind)), meaning
    for line in plan.perimeters:
        held = f", {words.count(line.posts, 'post')}" if line.posts else ""
        open_ = "" if line.sealed else ": NOT SEALED"
        stroke = LineString([(-5, 0), (5, 0)])
        yield svg.path(stroke, **LINES[line.perimeter]), f"{words.PERIMETERS[line.perimeter]}{held}{open_}"
    yield from _post_items(plan)
    for way in RouteKind:
        if any(route.route is way for route in plan.routes):
            line_ = LineString([(-5, 0), (5, 0)])
            colour = str(WAYS[way]["stroke"])
            swatch = svg.path(line_, **WAYS[way]) + "".join(map_plan.arrows(line_, colour))
            yield swatch, f"{WAY_TAGS[way]}: {words.ROUTES[way].lower()}"
    tags = [words.PURPOSES[site.purpose][0] for site in suggested(plan)]
    if tags:
        yield map_plan.tag((0, 0), min(tags, key=len)), "Site, by its entrance"
    if plan.observations:
        yield map_plan.watch_mark((0, 0)), "Observation post"
    if plan.hospitals:
        yield map_plan.hospital_mark((0, 0)), "Hospital"
    yield from _given_items(plan)


def _post_items(plan: Plan) -> Iterator[Item]:
    """Yield a badge for each kind of post that the plan has, as its first of that kind is drawn."""
    wanted = (
        ("Post, inner: closed", "inner", Control.CLOSED, PostMode.VEHICLE),
        ("Post, outer: closed", "outer", Control.CLOSED, PostMode.VEHICLE),
        ("Gate, inner", "inner", Control.GATE, None),
        ("Gate, outer", "outer", Control.GATE, None),
        ("Post on foot, inner", "inner", Control.CLOSED, PostMode.FOOT),
        ("Post on foot, outer", "outer", Control.CLOSED, PostMode.FOOT),
    )
    for meaning, line, control, mode in wanted:
        for post in plan.posts:
            if post.perimeter == line and post.control is control and mode in (None, post.mode):
                yield map_plan.badge((0, 0), post), meaning
                break


def _given_items(plan: Plan) -> Iterator[Item]:
    incident = plan.incident
    if incident.closures:
        yield map_plan.cross((0, 0), 1.5), "Blocked street, as told"
    if incident.field_roads:
        yield svg.path(LineString([(-5, 0), (5, 0)]), **map_plan.FIELD_ROAD), "Field road, as told"
    if incident.threats:
        yield map_plan.triangle((0, 0), "!"), "Further threat, as told"
    yield map_plan.target((0, 0)), "Scene"

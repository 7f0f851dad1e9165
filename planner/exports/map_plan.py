"""The plan over the ground: hatched zones, perimeters, ways with arrows, sites, numbered posts.

Nothing is told by colour alone: zone, line and way each have a pattern of their own, and a letter or number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import geometries_m
from planner.briefing.phrases import one_way_each, patients, scene
from planner.exports import svg
from planner.exports.labels import Room, Spot, around, box, places_along, width_mm
from planner.exports.sheet import Sheet
from planner.geo import Frame, LonLat
from planner.model import HospitalOption, Plan, Post, Rings, Route, Site
from planner.terms import Control, PerimeterName, PostMode, Purpose, RouteKind, ZoneKind

INK = "#111111"
HOT, WARM, COLD = "#c64a00", "#8a5a00", "#0b5c96"
LINES: dict[PerimeterName, dict[str, svg.Value]] = {
    PerimeterName.INNER: {"stroke": INK, "stroke_width": 0.95},
    PerimeterName.OUTER: {"stroke": "#0b2a4a", "stroke_width": 0.85, "stroke_dasharray": "3.4 1.3"},
}
WAYS: dict[RouteKind, dict[str, svg.Value]] = {
    RouteKind.EGRESS: {"stroke": "#0064a8", "stroke_width": 1.15},
    RouteKind.INGRESS: {"stroke": "#00704f", "stroke_width": 1.1, "stroke_dasharray": "2.4 1"},
    RouteKind.TRANSFER: {"stroke": "#8d3a7b", "stroke_width": 1.1, "stroke_dasharray": "1.1 0.8"},
    RouteKind.PUBLIC: {"stroke": "#555555", "stroke_width": 0.8, "stroke_dasharray": "0.5 1"},
}
FIELD_ROAD: dict[str, svg.Value] = {"stroke": "#7a5b2b", "stroke_width": 0.8, "stroke_dasharray": "1.8 0.6"}
WAY_TAGS = {
    RouteKind.EGRESS: "OUT",
    RouteKind.INGRESS: "IN",
    RouteKind.TRANSFER: "TR",
    RouteKind.PUBLIC: "PUBLIC",
}
ZONE_NAMES = {ZoneKind.HOT: "HOT", ZoneKind.WARM: "WARM", ZoneKind.COLD: "COLD"}
_PRESSING = (
    Purpose.COMMAND_POST,
    Purpose.CASUALTY_COLLECTION,
    Purpose.STAGING,
    Purpose.AMBULANCE_EXCHANGE,
)
"""Purposes whose tags take their places before the posts, in this order."""
_BADGE_MM, _TAG_MM = 2.0, 2.3
_ZONE_SIZES_MM = (4.2, 3.0, 2.2)
_ARROW_EVERY_MM = 24.0
_POINTED_HOSPITALS = 4
_NAME_LETTERS = 32
_SLIDES = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8), (11, -11, 14, -14, 18, -18)
"""Steps along the rim at which room for an arrow is looked for, then further in; and then further along."""


@dataclass(frozen=True)
class Drawing:
    """A plan on a sheet: what is placed where. ``room`` knows what is taken."""

    plan: Plan
    frame: Frame
    sheet: Sheet
    room: Room
    units: str

    def at(self, place: LonLat) -> Spot:
        """Return where a place lies on the sheet, in millimetres."""
        x, y = self.sheet.to_mm([self.frame.point_m(place)])[0]
        return float(x), float(y)

    def line(self, places: Sequence[LonLat]) -> LineString:
        """Return a line on the sheet."""
        return LineString(self.sheet.to_mm(self.frame.to_m(places)))

    def polygon(self, rings: Rings) -> BaseGeometry:
        """Return a polygon on the sheet, mended if it was drawn across itself."""
        parts = [self.sheet.to_mm(self.frame.to_m(ring)) for ring in rings]
        return shapely.make_valid(Polygon(parts[0], parts[1:]))

    def shows(self, spot: Spot) -> bool:
        """Whether a place is on the sheet, a little inside its rim."""
        return 1 < spot[0] < self.sheet.width_mm - 1 and 1 < spot[1] < self.sheet.height_mm - 1


# --- zones and lines ------------------------------------------------------------------------------------


def zones(drawing: Drawing) -> Iterator[str]:
    """Yield the zones: hot hatched, warm dotted, drawn cold by its outline."""
    for kind in (ZoneKind.COLD, ZoneKind.WARM, ZoneKind.HOT):
        shapes = [drawing.polygon(zone.rings) for zone in drawing.plan.zones if zone.zone is kind]
        for shape in shapes:
            yield from zone_fill(shape, kind)


def zone_fill(shape: BaseGeometry, kind: ZoneKind) -> Iterator[str]:
    """Yield one zone's pattern and outline; also used by the legend."""
    if kind is ZoneKind.HOT:
        yield svg.path(shape, fill=HOT, fill_opacity=0.06)
        yield svg.path(_hatched(shape, 1.9, 45), stroke=HOT, stroke_width=0.26)
        yield svg.path(shape, stroke=HOT, stroke_width=0.65, stroke_linejoin="round")
    elif kind is ZoneKind.WARM:
        dots: dict[str, svg.Value] = {"stroke_dasharray": "0.01 1.9", "stroke_linecap": "round"}
        yield svg.path(_hatched(shape, 1.9, 0), stroke=WARM, stroke_width=0.42, stroke_opacity=0.8, **dots)
        yield svg.path(shape, stroke=WARM, stroke_width=0.5, stroke_dasharray="1.6 0.9")
    else:
        yield svg.path(shape, stroke=COLD, stroke_width=0.4, stroke_dasharray="0.4 0.9")


def _hatched(shape: BaseGeometry, step_mm: float, turned_deg: float) -> BaseGeometry:
    """Return parallel lines across a shape, on one raster for the whole sheet."""
    if shape.is_empty:
        return shape
    turn = math.radians(turned_deg)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    west, north, east, south = shape.bounds
    corners = np.array([(west, north), (west, south), (east, north), (east, south)])
    low, high = (corners @ across).min(), (corners @ across).max()
    first, last = (corners @ along).min(), (corners @ along).max()
    marks = np.arange(math.ceil(low / step_mm), math.floor(high / step_mm) + 1) * step_mm
    ends = marks[:, None] * across
    lines = np.stack([ends + first * along, ends + last * along], axis=1)
    raster: BaseGeometry = shapely.MultiLineString(lines.tolist())
    return shapely.intersection(shape, raster)


def perimeters(drawing: Drawing) -> Iterator[str]:
    """Yield the lines: inner solid, outer dashed, with a white rim each."""
    shown = sorted(drawing.plan.perimeters, key=lambda line: line.perimeter is PerimeterName.INNER)
    for line in shown:
        shape = drawing.polygon(line.rings)
        outline = shapely.union_all(shapely.get_rings(shapely.get_parts(shape)[_are_areas(shape)]))
        yield svg.path(outline, stroke="#fff", stroke_width=1.9, stroke_opacity=0.75)
        yield svg.path(outline, stroke_linejoin="round", **LINES[line.perimeter])


def _are_areas(shape: BaseGeometry) -> NDArray[np.bool_]:
    areas: NDArray[np.bool_] = shapely.get_type_id(shapely.get_parts(shape)) == 3
    return areas


def keep_marks_free(drawing: Drawing) -> None:
    """Keep labels off the scene, and off the further threats that were told."""
    at = scene(drawing.plan)
    spots = [drawing.at(threat.location) for threat in drawing.plan.incident.threats]
    for spot in [*spots, *([drawing.at(at)] if at is not None else [])]:
        drawing.room.take(box(spot, 4.6, 4.6))


def given(drawing: Drawing) -> Iterator[str]:
    """Yield what the user marked: blocked streets, field roads, further threats, the scene itself."""
    incident = drawing.plan.incident
    for road in incident.field_roads:
        lines = [drawing.line(line) for line in road.shape.lines]
        yield svg.path(lines, **FIELD_ROAD)
    for closure in incident.closures:
        shapes = [drawing.sheet.geometry_mm(part) for part in geometries_m(closure.shape, drawing.frame)]
        yield svg.path(shapes, stroke=INK, stroke_width=0.9, stroke_dasharray="0.7 0.5")
        for shape in shapes:
            middle = shape.centroid if not shape.is_empty else Point(0, 0)
            yield cross((middle.x, middle.y), 1.5)
    for threat in incident.threats:
        yield triangle(drawing.at(threat.location), "!")
    at = scene(drawing.plan)
    if at is not None:
        yield target(drawing.at(at))


def cross(at: Spot, size: float) -> str:
    """Draw a blocked street's mark."""
    x, y = at
    left, right, top, foot = x - size, x + size, y - size, y + size
    arms = f"M{left:.2f} {top:.2f}L{right:.2f} {foot:.2f}M{left:.2f} {foot:.2f}L{right:.2f} {top:.2f}"
    halo = svg.element("path", d=arms, stroke="#fff", stroke_width=1.4, fill="none")
    return halo + svg.element("path", d=arms, stroke=INK, stroke_width=0.7, fill="none")


def triangle(at: Spot, said: str) -> str:
    """Draw a warning triangle."""
    x, y = at
    shape = f"M{x:.2f} {y - 2.2:.2f}L{x + 2.2:.2f} {y + 1.6:.2f}L{x - 2.2:.2f} {y + 1.6:.2f}Z"
    return svg.element("path", d=shape, fill="#fff", stroke=HOT, stroke_width=0.6) + svg.text(
        (x, y + 1.15), said, 2.6, font_weight="bold", fill=INK
    )


def target(at: Spot) -> str:
    """Draw the scene's mark: a ring with a cross."""
    x, y = at
    arms = f"M{x - 3:.2f} {y:.2f}H{x + 3:.2f}M{x:.2f} {y - 3:.2f}V{y + 3:.2f}"
    parts = [
        svg.element(
            "circle", cx=x, cy=y, r=1.9, fill="#fff", fill_opacity=0.8, stroke="#fff", stroke_width=1.6
        ),
        svg.element("path", d=arms, stroke=INK, stroke_width=0.5, fill="none"),
        svg.element("circle", cx=x, cy=y, r=1.9, fill="none", stroke=INK, stroke_width=0.55),
    ]
    return "".join(parts)


# --- ways -----------------------------------------------------------------------------------------------


def ways(drawing: Drawing) -> Iterator[str]:
    """Yield the ways with arrows in the direction of travel: the public's first, the ambulances' on top."""
    gathered = one_way_each(drawing.plan.routes)
    for same in reversed(gathered):
        line = drawing.line(same[0].line)
        if line.length < 0.1:
            continue
        style = WAYS[same[0].route]
        yield svg.path(line, stroke="#fff", stroke_width=2.1, stroke_opacity=0.85, stroke_linejoin="round")
        yield svg.path(line, stroke_linejoin="round", **style)
    for same in reversed(gathered):
        yield "".join(arrows(drawing.line(same[0].line), str(WAYS[same[0].route]["stroke"])))


def arrows(line: LineString, colour: str) -> Iterator[str]:
    """Yield arrow heads along a line, every so often."""
    count = max(1, round(line.length / _ARROW_EVERY_MM))
    for number in range(count):
        middle = (number + 0.5) * line.length / count
        back, tip = places_along(line, (max(0.0, middle - 1.2), min(line.length, middle + 1.2)))
        ahead = tip - back
        length = float(np.hypot(*ahead))
        if length < 0.5:
            continue
        ahead = ahead / length
        side = np.array([-ahead[1], ahead[0]])
        (ax, ay), (bx, by), (cx, cy) = (tip + ahead * 0.7, back + side * 1.35, back - side * 1.35)
        head = f"M{ax:.2f} {ay:.2f}L{bx:.2f} {by:.2f}L{cx:.2f} {cy:.2f}Z"
        yield svg.element("path", d=head, fill=colour, stroke="#fff", stroke_width=0.35)


def _longest(line: BaseGeometry) -> LineString:
    """Return the longest piece of a line that was cut at the rim."""
    pieces = [part for part in shapely.get_parts(line) if isinstance(part, LineString)]
    return max(pieces, key=lambda part: part.length)


def way_tags(drawing: Drawing) -> Iterator[str]:
    """Yield each way's tag, "OUT 1", as the table of ways calls it."""
    wide, high = drawing.sheet.width_mm, drawing.sheet.height_mm
    inside = box((wide / 2, high / 2), wide - 6, high - 6)
    for same in one_way_each(drawing.plan.routes):
        line = shapely.intersection(drawing.line(same[0].line), inside)
        if line.is_empty or line.length < 4:
            continue
        said = way_tag(same)
        wide = width_mm(said, _BADGE_MM) * 1.1 + 0.6
        shares = np.array([0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2, 0.9, 0.1])
        places = []
        for x, y in places_along(_longest(line), shares * _longest(line).length).tolist():
            places += list(around((x, y), wide, 2.6, (1.2, 2.4)))
        spot = drawing.room.first_free(places)
        if spot is not None:
            colour = str(WAYS[same[0].route]["stroke"])
            yield svg.haloed((spot[0], spot[1] + 0.75), said, 2.2, font_weight="bold", fill=colour)


def way_tag(same: Sequence[Route]) -> str:
    """Name ways that follow one line: "OUT 1", "OUT 1-6"."""
    numbers = [route.id.rsplit("-", 1)[-1] for route in same]
    told = numbers[0] if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"
    return f"{WAY_TAGS[same[0].route]} {words.plain(told, 8)}".strip()


# --- sites, posts, hospitals ----------------------------------------------------------------------------


def site_shapes(drawing: Drawing) -> Iterator[str]:
    """Yield the ground of the first site of each purpose."""
    for site in _first(drawing.plan):
        shapes = [drawing.polygon(rings) for rings in site.shape.polygons]
        yield svg.path(shapes, fill="#fff", fill_opacity=0.55, stroke=INK, stroke_width=0.45)


def _first(plan: Plan) -> list[Site]:
    return [site for site in plan.sites if site.rank == 1]


@dataclass(frozen=True)
class Named:
    """A place with its label: what lies below all labels, and the label."""

    place: str
    label: str


def keep_places_free(drawing: Drawing) -> None:
    """Keep labels off the dots of posts and of the first sites' entrances."""
    for post in drawing.plan.posts:
        drawing.room.take(box(drawing.at(post.location), 1.0, 1.0))
    for site in _first(drawing.plan):
        drawing.room.take(box(drawing.at(site.entrance), 1.4, 1.4))


def site_tags(drawing: Drawing, *, pressing: bool) -> Iterator[Named]:
    """Yield a tag with a line to its entrance for each first site on the sheet: pressing ones, or others."""
    order = {purpose: k for k, purpose in enumerate(_PRESSING)}
    sites = [site for site in _first(drawing.plan) if (site.purpose in order) is pressing]
    zones_hot = [drawing.polygon(z.rings) for z in drawing.plan.zones if z.zone is ZoneKind.HOT]
    hot = shapely.union_all(zones_hot)
    shapely.prepare(hot)
    for site in sorted(sites, key=lambda site: order.get(site.purpose, 0)):
        at = drawing.at(site.entrance)
        if drawing.shows(at):
            yield _tag(drawing, at, words.PURPOSES[site.purpose][0], hot)


def _tag(drawing: Drawing, at: Spot, said: str, hot: BaseGeometry) -> Named:
    """Place a tag, on hot ground only where no room is elsewhere: it reads as if the site were there."""
    wide, high = tag_size(said)
    reaches = (1.2, 3.0, 5.0, 7.5, 10.5, 14.0, 19.0, 25.0)
    places = sorted(around(at, wide + 0.6, high + 0.6, reaches), key=lambda place: hot.intersects(place[1]))
    spot = drawing.room.first_free(places) or at
    return Named(leader(at, spot) + dot(at, 0.8), tag(spot, said))


def tag_size(said: str) -> tuple[float, float]:
    """Return how wide and high a site's tag is, in millimetres."""
    return width_mm(said, _TAG_MM) + 1.8, 3.7


def tag(at: Spot, said: str) -> str:
    """Draw a site's tag."""
    return _boxed(at, said, tag_size(said), _TAG_MM, 0.55)


def _boxed(at: Spot, said: str, size: tuple[float, float], letters_mm: float, rim_mm: float) -> str:
    """Draw a label in a white box about a place."""
    wide, high = size
    frame = svg.element(
        "rect",
        x=at[0] - wide / 2,
        y=at[1] - high / 2,
        width=wide,
        height=high,
        fill="#fff",
        stroke=INK,
        stroke_width=rim_mm,
    )
    below = (at[0], at[1] + letters_mm * 0.36)
    return frame + svg.text(below, said, letters_mm, font_weight="bold", fill=INK)


def leader(at: Spot, spot: Spot) -> str:
    """Draw the thin line from a place to its label."""
    ends: dict[str, svg.Value] = {"x1": at[0], "y1": at[1], "x2": spot[0], "y2": spot[1]}
    halo = svg.element("line", stroke="#fff", stroke_width=0.8, **ends)
    return halo + svg.element("line", stroke=INK, stroke_width=0.28, **ends)


def dot(at: Spot, radius: float) -> str:
    """Draw the place itself."""
    return svg.element("circle", cx=at[0], cy=at[1], r=radius, fill=INK, stroke="#fff", stroke_width=0.3)


def posts(drawing: Drawing) -> Iterator[Named]:
    """Yield every post: a dot where it stands and its number beside it, those first to staff placed first."""
    ranked = sorted(drawing.plan.posts, key=lambda post: (post.rank, post.perimeter is PerimeterName.OUTER))
    for post in ranked:
        at = drawing.at(post.location)
        wide = badge_width(post)
        spot = drawing.room.first_free(around(at, wide + 0.2, 3.0, (0.6, 1.6, 3.0, 5.0, 7.5, 10.5, 14.0)))
        if spot is None:
            spot = (at[0], at[1] - 2.4)
        yield Named(leader(at, spot) + dot(at, 0.55), badge(spot, post))


def badge_width(post: Post) -> float:
    """Return how wide a post's badge is, in millimetres."""
    return width_mm(words.plain(post.id, 8), _BADGE_MM) + (2.0 if post.control is Control.GATE else 1.2)


def badge(at: Spot, post: Post) -> str:
    """Draw a post's number: inner white on black, outer black on white; a gate is round, on foot dashed."""
    said = words.plain(post.id, 8)
    wide, high = badge_width(post), 2.8
    inner = post.perimeter is PerimeterName.INNER
    gate = post.control is Control.GATE
    foot = post.mode is PostMode.FOOT
    look: dict[str, svg.Value] = {"stroke_dasharray": "0.6 0.4"} if foot and not inner else {}
    if gate:
        look["rx"] = high / 2
    frame = svg.element(
        "rect",
        x=at[0] - wide / 2,
        y=at[1] - high / 2,
        width=wide,
        height=high,
        fill=("#6a6a6a" if foot else INK) if inner else "#fff",
        stroke=INK,
        stroke_width=0.7 if gate else 0.35,
        **look,
    )
    rim = ""
    if gate:
        rim = svg.element(
            "rect",
            x=at[0] - wide / 2 - 0.55,
            y=at[1] - high / 2 - 0.55,
            width=wide + 1.1,
            height=high + 1.1,
            rx=high / 2 + 0.55,
            fill="#fff",
            stroke=INK,
            stroke_width=0.3,
        )
    fill = "#fff" if inner else INK
    return (
        rim
        + frame
        + svg.text((at[0], at[1] + _BADGE_MM * 0.36), said, _BADGE_MM, font_weight="bold", fill=fill)
    )


def observations(drawing: Drawing) -> Iterator[str]:
    """Yield the observation posts: a small eye-shaped triangle with its id."""
    for post in drawing.plan.observations:
        at = drawing.at(post.location)
        said = words.plain(post.id, 8)
        wide = width_mm(said, 1.8) + 0.8
        spot = drawing.room.first_free(around(at, wide, 2.2, (1.0, 2.0, 3.5, 5.5)))
        yield watch_mark(at)
        if spot is not None:
            yield svg.haloed((spot[0], spot[1] + 0.65), said, 1.8, font_weight="bold", fill=INK)


def watch_mark(at: Spot) -> str:
    """Draw an observation post."""
    x, y = at
    shape = f"M{x:.2f} {y - 1:.2f}L{x + 1:.2f} {y + 0.8:.2f}L{x - 1:.2f} {y + 0.8:.2f}Z"
    return svg.element("path", d=shape, fill="#fff", stroke=INK, stroke_width=0.35)


def hospital_marks(drawing: Drawing) -> Iterator[str]:
    """Yield an H for each hospital on the sheet."""
    for place in drawing.plan.hospitals:
        at = drawing.at(place.location)
        if drawing.shows(at):
            drawing.room.take(box(at, 3.2, 3.2))
            yield hospital_mark(at)


def hospital_mark(at: Spot) -> str:
    """Draw one H."""
    frame = svg.element(
        "rect",
        x=at[0] - 1.6,
        y=at[1] - 1.6,
        width=3.2,
        height=3.2,
        rx=0.5,
        fill="#0064a8",
        stroke="#fff",
        stroke_width=0.4,
    )
    return frame + svg.text((at[0], at[1] + 0.85), "H", 2.4, font_weight="bold", fill="#fff")


def zone_names(drawing: Drawing) -> Iterator[str]:
    """Yield HOT, WARM, COLD in their zones, as large as there is room."""
    for kind, colour in ((ZoneKind.HOT, HOT), (ZoneKind.WARM, WARM), (ZoneKind.COLD, COLD)):
        for zone in drawing.plan.zones:
            shape = drawing.polygon(zone.rings)
            if zone.zone is kind and not shape.is_empty:
                yield _zone_name(drawing, shape, ZONE_NAMES[kind], colour)


def _zone_name(drawing: Drawing, shape: BaseGeometry, said: str, colour: str) -> str:
    for size in _ZONE_SIZES_MM:
        spot = drawing.room.first_free(_inside(shape, width_mm(said, size), size))
        if spot is not None:
            at = (spot[0], spot[1] + size * 0.36)
            return svg.haloed(at, said, size, font_weight="bold", fill=colour)
    return ""


def _inside(shape: BaseGeometry, wide: float, high: float) -> Iterator[tuple[Spot, Polygon]]:
    """Yield places within a shape, on a raster, the middle first."""
    west, north, east, south = shape.bounds
    middle = shapely.point_on_surface(shape)
    raster = [
        (float(x), float(y))
        for y in np.arange(north + high, south - high, high)
        for x in np.arange(west + wide / 2, east - wide / 2, wide / 2)
    ]
    raster.sort(key=lambda at: (at[0] - middle.x) ** 2 + 4 * (at[1] - middle.y) ** 2)
    shapely.prepare(shape)
    for at in [(middle.x, middle.y), *raster]:
        place = box(at, wide, high)
        if shape.contains(place):
            yield at, place


# --- beyond the rim -------------------------------------------------------------------------------------


def pointers(drawing: Drawing) -> Iterator[str]:
    """Yield arrows at the rim to sites and hospitals that lie beyond it, with the straight distance."""
    for said, place in _beyond(drawing):
        at = drawing.at(place)
        if not drawing.shows(at):
            yield _pointer(drawing, said, at)


def _beyond(drawing: Drawing) -> Iterator[tuple[str, LonLat]]:
    for site in _first(drawing.plan):
        yield words.PURPOSES[site.purpose][0], site.entrance
    for place in _pointed(drawing.plan.hospitals):
        yield f"H {_short(words.plain(place.name))}", place.location


def _short(name: str) -> str:
    """Cut a long name between words, and no quotation in its middle."""
    if len(name) <= _NAME_LETTERS:
        return name
    cut = name[: _NAME_LETTERS + 1].rpartition(" ")[0] or name[:_NAME_LETTERS]
    if cut.count('"') % 2:
        cut = cut.rpartition('"')[0]
    return f"{cut.rstrip(' ,;:-')} …"


def _pointed(hospitals: Sequence[HospitalOption]) -> Iterable[HospitalOption]:
    """Choose to which hospitals arrows point; beyond the map's end only where patients go, and the first."""
    on_map = [place for place in hospitals if not place.off_map]
    chosen = [p for p in hospitals if patients(p) or p.leads or (p.route is not None and not p.off_map)]
    return (chosen or on_map or list(hospitals[:1]))[:_POINTED_HOSPITALS]


def _pointer(drawing: Drawing, said: str, at: Spot) -> str:
    sheet = drawing.sheet
    middle = np.array([sheet.width_mm / 2, sheet.height_mm / 2])
    away = np.asarray(at) - middle
    told = f"{said} {words.distance(sheet.metres(float(np.hypot(*away))), drawing.units)}"
    wide, high = width_mm(told, _BADGE_MM) + 1.6, 3.0
    turn = math.atan2(away[1], away[0])
    spots = []
    inward = (0.0, 1.6 * (high + 4), 3.2 * (high + 4))
    for inward_mm, slide in chain.from_iterable(product(inward, slides) for slides in _SLIDES):
        leaning = turn + slide * 0.06
        ahead = np.array([math.cos(leaning), math.sin(leaning)])
        gap_mm = 5.2 + inward_mm
        room = (middle - [wide / 2 + gap_mm, high / 2 + gap_mm]) / np.maximum(np.abs(ahead), 1e-9)
        x, y = middle + ahead * room.min()
        spots.append(((float(x), float(y)), box((x, y), wide + 1, high + 4)))  # with room for its arrow
    spot = drawing.room.first_free(spots) or spots[0][0]
    ahead = np.asarray(at) - np.asarray(spot)
    ahead = ahead / max(float(np.hypot(*ahead)), 1e-9)
    # At the end that it leads off from, or above or below: never on the words.
    aside = abs(ahead[0]) >= abs(ahead[1])
    foot = [wide / 2 + 0.6, 0.0] if aside else [0.0, high / 2 + 0.3]
    back = np.asarray(spot) + np.sign(ahead) * foot
    tip = back + ahead * 2.4
    side = np.array([-ahead[1], ahead[0]]) * 1.2
    (ax, ay), (bx, by), (cx, cy) = tip, back + side, back - side
    head = f"M{ax:.2f} {ay:.2f}L{bx:.2f} {by:.2f}L{cx:.2f} {cy:.2f}Z"
    arrow = svg.element("path", d=head, fill=INK, stroke="#fff", stroke_width=0.3)
    return _boxed(spot, told, (wide, high), _BADGE_MM, 0.3) + arrow

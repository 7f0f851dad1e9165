"""A plan as a map for paper: SVG from plan and area, at a round scale, with grid, scale bar and north.

A pure function: the same plan, area and size give the same text. Every print places this picture; the legend
is :mod:`planner.exports.legend`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from planner import words
from planner.area import Area
from planner.briefing.phrases import title
from planner.exports import map_base, map_plan, svg
from planner.exports.labels import Room, box
from planner.exports.map_plan import INK, Drawing
from planner.exports.sheet import Floats, Sheet, fit_sheet
from planner.geo import Frame, usng, usng_grid
from planner.model import Plan

_GRID_LEAST_MM = 12.0
"""Lines of the grid closer than this would hide the map: the next wider step is drawn."""
_FOOT_M = 0.3048
_BAR_STEPS_M = (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_BAR_STEPS_FT = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
_BAR_LONGEST_MM = 32.0
_INSET_MM = 4.0


@dataclass(frozen=True)
class MapPicture:
    """A map as drawn.

    Parameters
    ----------
    svg : str
    sheet : Sheet
    grid_square : str
        Grid zone and 100 km square of the middle, that every reference here begins with; "" beyond the grid.
    grid_step_m : int
        Between the lines of the grid.
    """

    svg: str
    sheet: Sheet
    grid_square: str
    grid_step_m: int


def draw_map(
    plan: Plan, area: Area, width_mm: float, height_mm: float, units: str = words.METRES
) -> MapPicture:
    """Draw a plan on a sheet.

    Parameters
    ----------
    plan : Plan
        The public version is drawn as it is: what was taken out of it is not on the map.
    area : Area
        Its streets, buildings and water lie beneath.
    width_mm, height_mm : float
    units : {"m", "ft"}
        Of the distances at the rim.

    Raises
    ------
    ExportError
        If the plan shows no place, or more ground than fits any sheet.
    """
    frame = area.frame
    sheet = fit_sheet(plan, frame, width_mm, height_mm)
    room = Room(width_mm, height_mm, rim_mm=0.6)
    drawing = Drawing(plan, frame, sheet, room, units)
    step_m = 100 if 100 / sheet.scale * 1000 >= _GRID_LEAST_MM else 1000
    busy_mm = _busy(drawing)
    furniture = [_scale_bar(sheet, room, busy_mm), _north(sheet, room, busy_mm)]
    lines, labels = _grid(sheet, frame, step_m, room)
    # What matters most takes its place first; what is drawn last lies on top.
    map_plan.keep_marks_free(drawing)
    map_plan.keep_places_free(drawing)
    hospitals = list(map_plan.hospital_marks(drawing))
    pressing = list(map_plan.site_tags(drawing, pressing=True))
    posts = list(map_plan.posts(drawing))
    named = [*posts, *map_plan.site_tags(drawing, pressing=False), *pressing]
    pointers = list(map_plan.pointers(drawing))
    watchers = list(map_plan.observations(drawing))
    tags = list(map_plan.way_tags(drawing))
    letters = list(map_plan.zone_names(drawing))
    names = list(map_base.street_names(area, sheet, room))
    parts = [
        svg.element("rect", width=width_mm, height=height_mm, fill="#fff"),
        svg.group(map_base.ground(area, sheet)),
        svg.group(map_base.streets(area, sheet)),
        svg.group(map_plan.zones(drawing)),
        svg.group(lines),
        svg.group(map_plan.site_shapes(drawing)),
        svg.group(names),
        svg.group(map_plan.ways(drawing)),
        svg.group(map_plan.perimeters(drawing)),
        svg.group(map_plan.given(drawing)),
        *(svg.group(group) for group in (letters, tags, hospitals, watchers)),
        svg.group(one.place for one in named),
        svg.group(one.label for one in named),
        *(svg.group(group) for group in (pointers, labels)),
        *furniture,
        svg.element(
            "rect",
            x=0.2,
            y=0.2,
            width=width_mm - 0.4,
            height=height_mm - 0.4,
            fill="none",
            stroke=INK,
            stroke_width=0.4,
        ),
    ]
    text = svg.picture(width_mm, height_mm, parts, f"Map of {title(plan.incident)}")
    return MapPicture(text, sheet, _square(sheet, frame), step_m)


def _square(sheet: Sheet, frame: Frame) -> str:
    return usng(frame.place(*sheet.centre_m), 2).rsplit(" ", 2)[0]


def _grid(sheet: Sheet, frame: Frame, step_m: int, room: Room) -> tuple[list[str], list[str]]:
    """Return the grid's lines, and its labels at the rim: read right along the foot, then up the side."""
    lines: list[str] = []
    labels: list[str] = []
    for line in usng_grid(frame, sheet.bounds_m, step_m):
        drawn = shapely.LineString(sheet.to_mm(line.xy_m))
        main = step_m >= 1000 or line.label.endswith("0")
        lines.append(
            svg.path(drawn, stroke="#2b6f77", stroke_width=0.22 if main else 0.12, stroke_opacity=0.8)
        )
        labels += _rim_labels(drawn, line.label, line.northing, main, sheet, room)
    return lines, labels


def _rim_labels(
    line: shapely.LineString, label: str, northing: bool, main: bool, sheet: Sheet, room: Room
) -> Iterator[str]:
    low, high = 2.4, (sheet.width_mm if northing else sheet.height_mm) - 2.4
    for mark in (low, high):
        rim = [(mark, 0), (mark, sheet.height_mm)] if northing else [(0, mark), (sheet.width_mm, mark)]
        met = shapely.intersection(line, shapely.LineString(rim))
        if not isinstance(met, shapely.Point) or met.is_empty:
            continue
        at = (met.x, met.y)
        place = box(at, 3.6, 2.2)
        if room.free(place):
            room.take(place)
            weight: dict[str, svg.Value] = {"font_weight": "bold"} if main else {}
            yield svg.haloed((at[0], at[1] + 0.6), label, 1.7, fill="#1d5b62", **weight)


# --- furniture --------------------------------------------------------------------------------------------


def _corner(sheet: Sheet, busy_mm: Floats, wide: float, high: float) -> tuple[float, float]:
    """Return the middle of a box in the corner that hides least of the plan."""
    x, y = wide / 2 + _INSET_MM, high / 2 + _INSET_MM
    right, foot = sheet.width_mm - x, sheet.height_mm - y
    hidden = []
    for at in ((x, foot), (right, foot), (x, y), (right, y)):
        near = np.abs(busy_mm - at) < (wide / 2 + 2.5, high / 2 + 2.5)
        hidden.append((int(near.all(axis=1).sum()), at))
    return min(hidden, key=lambda corner: corner[0])[1]


def _busy(drawing: Drawing) -> Floats:
    """Return the places that no box should hide: posts, sites, lines and ways, densely."""
    plan = drawing.plan
    lines = [drawing.line(route.line) for route in plan.routes]
    lines += [drawing.line(line.rings[0]) for line in plan.perimeters]
    dense = shapely.segmentize(np.asarray(lines, dtype=object), 2.0)
    spots = [drawing.at(post.location) for post in plan.posts]
    spots += [drawing.at(site.entrance) for site in plan.sites if site.rank == 1]
    busy: Floats = np.vstack([np.reshape(spots, (-1, 2)), shapely.get_coordinates(dense)])
    return busy


def _scale_bar(sheet: Sheet, room: Room, busy_mm: Floats) -> str:
    """Draw the scale in metres and in feet, with the round denominator, where it hides nothing."""
    wide, high = _BAR_LONGEST_MM + 15, 13.0
    middle = _corner(sheet, busy_mm, wide, high)
    room.take(box(middle, wide, high))
    x, y = middle[0] - wide / 2 + 2, middle[1] + high / 2 - 1.5
    parts = [
        svg.element(
            "rect",
            x=x - 2,
            y=y - 11.5,
            width=wide,
            height=high,
            fill="#fff",
            fill_opacity=0.9,
            stroke=INK,
            stroke_width=0.2,
        ),
        svg.text((x, y - 8.3), f"1:{sheet.scale:,}", 2.4, text_anchor="start", font_weight="bold", fill=INK),
        svg.text((x + wide - 4, y - 8.3), "WGS 84, grid USNG", 1.6, text_anchor="end", fill=INK),
    ]
    parts += _bar(sheet, (x, y - 4.6), _BAR_STEPS_M, 1.0, "m")
    parts += _bar(sheet, (x, y - 0.4), _BAR_STEPS_FT, _FOOT_M, "ft")
    return svg.group(parts)


def _north_corners(sheet: Sheet) -> list[tuple[float, float]]:
    right, foot = sheet.width_mm - 7.5, sheet.height_mm - 9.5
    return [(right, 9.5), (7.5, 9.5), (right, foot), (7.5, foot)]


def _bar(
    sheet: Sheet, at: tuple[float, float], steps: tuple[int, ...], metres: float, unit: str
) -> list[str]:
    longest = sheet.metres(_BAR_LONGEST_MM)
    step = max((s for s in steps if 2 * s * metres <= longest), default=steps[0])
    half = step * metres / sheet.scale * 1000
    x, y = at
    return [
        svg.element("rect", x=x, y=y - 1.1, width=half, height=1.1, fill=INK, stroke=INK, stroke_width=0.15),
        svg.element(
            "rect", x=x + half, y=y - 1.1, width=half, height=1.1, fill="#fff", stroke=INK, stroke_width=0.15
        ),
        svg.text((x, y - 1.6), "0", 1.6, fill=INK),
        svg.text((x + half, y - 1.6), f"{step:,}", 1.6, fill=INK),
        svg.text((x + 2 * half, y - 1.6), f"{2 * step:,} {unit}", 1.6, fill=INK),
    ]


def _north(sheet: Sheet, room: Room, busy_mm: Floats) -> str:
    """Draw the arrow in a free corner; the frame's north is true north to a fraction of a degree."""
    free = [at for at in _north_corners(sheet) if room.free(box(at, 8, 13))]
    hidden = [int((np.abs(busy_mm - at) < (6.0, 8.0)).all(axis=1).sum()) for at in free]
    x, y = free[hidden.index(min(hidden))]
    room.take(box((x, y), 8, 13))
    arrow = (
        f"M{x:.2f} {y - 3.2:.2f}L{x + 2.4:.2f} {y + 4:.2f}L{x:.2f} {y + 2.3:.2f}L{x - 2.4:.2f} {y + 4:.2f}Z"
    )
    half = f"M{x:.2f} {y - 3.2:.2f}L{x:.2f} {y + 2.3:.2f}L{x - 2.4:.2f} {y + 4:.2f}Z"
    return svg.group(
        [
            svg.element("circle", cx=x, cy=y - 0.4, r=5.8, fill="#fff", fill_opacity=0.9),
            svg.element("path", d=arrow, fill="#fff", stroke=INK, stroke_width=0.3),
            svg.element("path", d=half, fill=INK),
            svg.text((x, y - 3.7), "N", 2.8, font_weight="bold", fill=INK),
        ]
    )

"""The ground beneath a printed plan: water, buildings, streets with their names. Light, for paper."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry import box as rectangle

from planner import words
from planner.area import Area
from planner.exports import svg
from planner.exports.labels import Room, box, places_along, width_mm
from planner.exports.sheet import Sheet
from planner.geo import widened
from planner.streets.network import StreetNetwork
from planner.terms import FIRST_FOOT_CLASS, ObstacleKind, PlaceKind, RoadClass

_WATER, _WOOD, _PAVED, _BUILDING, _WALL = "#d3e3ec", "#eaf1e4", "#f3f3f1", "#dadada", "#a8a8a8"
_CASING, _STREET, _MAIN = "#7d7d7d", "#ffffff", "#fff1c9"
_BLEED_MM = 2.0
_SMALL_MM2 = 0.15
"""Footprints smaller than this on paper are specks: left out."""

_WIDTHS_MM = {
    RoadClass.MOTORWAY: 1.5,
    RoadClass.MOTORWAY_LINK: 0.8,
    RoadClass.TRUNK: 1.4,
    RoadClass.TRUNK_LINK: 0.8,
    RoadClass.PRIMARY: 1.25,
    RoadClass.PRIMARY_LINK: 0.8,
    RoadClass.SECONDARY: 1.1,
    RoadClass.SECONDARY_LINK: 0.8,
    RoadClass.TERTIARY: 0.95,
    RoadClass.TERTIARY_LINK: 0.7,
    RoadClass.SERVICE: 0.4,
    RoadClass.TRACK: 0.4,
}
_PLAIN_WIDTH_MM = 0.75
_MAIN_CLASSES = tuple(c for c in RoadClass if c <= RoadClass.SECONDARY_LINK)
_CASING_MM = 0.22
_NAME_MM = 1.75
_NAME_MAIN_MM = 2.0
_NAME_EVERY_MM = 95.0
_BENT = 0.985
"""A name is written along a stretch whose ends are at least this share of its length apart."""


def ground(area: Area, sheet: Sheet) -> Iterator[str]:
    """Yield what lies beneath the streets: water, woods, car parks and buildings."""
    obstacles, places = area.obstacles, area.places
    kinds = obstacles["kind"]
    shapes = obstacles.shapes
    wood = _shown(shapes[kinds == ObstacleKind.WOOD], sheet)
    green = places.among("kind", (PlaceKind.PARK, PlaceKind.PITCH, PlaceKind.OPEN_GROUND))
    paved = places["kind"] == PlaceKind.PARKING
    yield svg.path(_areas(wood), fill=_WOOD)
    yield svg.path(_areas(_shown(places.shapes[green], sheet)), fill=_WOOD)
    yield svg.path(_areas(_shown(places.shapes[paved], sheet)), fill=_PAVED)
    yield svg.path(_areas(_shown(shapes[kinds == ObstacleKind.WATER], sheet)), fill=_WATER)
    stream = _lines(_shown(shapes[kinds == ObstacleKind.WATERWAY], sheet))
    yield svg.path(stream, stroke=_WATER, stroke_width=0.9)
    rails = _lines(_shown(shapes[kinds == ObstacleKind.RAILWAY], sheet))
    yield svg.path(rails, stroke="#8a8a8a", stroke_width=0.35)
    yield svg.path(rails, stroke="#8a8a8a", stroke_width=0.9, stroke_dasharray="0.15 1.6")
    built = _areas(_shown(area.buildings.shapes, sheet))
    built = built[shapely.area(built) > _SMALL_MM2] if len(built) else built
    yield svg.path(built, fill=_BUILDING, stroke=_WALL, stroke_width=0.08)


def streets(area: Area, sheet: Sheet) -> Iterator[str]:
    """Yield the streets: paths dashed, then casings, then surfaces, minor before main."""
    network = area.network
    shown = network.edges_in_box(_bled(sheet))
    classes = network.road_class[shown]
    lines = _clipped(network.lines(shown), sheet)
    foot = classes >= FIRST_FOOT_CLASS
    yield svg.path(lines[foot], stroke="#9a9a9a", stroke_width=0.18, stroke_dasharray="0.7 0.5")
    drawn = [road for road in sorted(RoadClass, reverse=True) if road < FIRST_FOOT_CLASS]
    for casing in (True, False):
        for road in drawn:
            width = _WIDTHS_MM.get(road, _PLAIN_WIDTH_MM)
            colour = _CASING if casing else (_MAIN if road in _MAIN_CLASSES else _STREET)
            yield svg.path(
                lines[classes == road],
                stroke=colour,
                stroke_width=width + (2 * _CASING_MM if casing else 0.0),
                stroke_linecap="round" if not casing else "butt",
                stroke_linejoin="round",
            )


def street_names(area: Area, sheet: Sheet, room: Room) -> Iterator[str]:
    """Yield names along straight stretches of their streets, main streets first, where there is room."""
    network = area.network
    shown = network.edges_in_box(_bled(sheet))
    named = shown[(network.name_index[shown] > 0) & (network.road_class[shown] < FIRST_FOOT_CLASS)]
    for name, edges in _by_importance(network, named):
        said = words.plain(network.names[name], 40)
        main = bool((network.road_class[edges] <= RoadClass.SECONDARY_LINK).any())
        size = _NAME_MAIN_MM if main else _NAME_MM
        long = width_mm(said, size) + 2
        for line in _joined(_clipped(network.lines(edges), sheet)):
            yield from _names_along(line, said, long, size, room, main)


def _names_along(
    line: LineString, said: str, long_mm: float, size: float, room: Room, main: bool
) -> Iterator[str]:
    if line.length < long_mm:
        return
    count = max(1, int(line.length // _NAME_EVERY_MM))
    step = line.length / count
    tries = (0.5, 0.35, 0.65, 0.2, 0.8)
    for number in range(count):
        for share in tries:
            middle = (number + share) * step
            if middle < long_mm / 2 or middle > line.length - long_mm / 2:
                continue
            ends = places_along(line, (middle - long_mm / 2, middle + long_mm / 2))
            across = ends[1] - ends[0]
            chord = float(np.hypot(*across))
            if chord < _BENT * long_mm:
                continue
            turn = math.degrees(math.atan2(across[1], across[0]))
            turn = (turn + 90) % 180 - 90  # never upside down
            at = (float(ends[:, 0].mean()), float(ends[:, 1].mean()))
            place = box(at, long_mm - 1, size * 1.05, turn)
            if room.free(place):
                room.take(place)
                yield _turned(at, said, size, turn, main)
                break


def _turned(at: tuple[float, float], said: str, size: float, turn: float, main: bool) -> str:
    where = f"rotate({svg.number(turn)} {svg.number(at[0])} {svg.number(at[1])})"
    weight: dict[str, svg.Value] = {"font_weight": "bold"} if main else {}
    return svg.haloed(at, said, size, transform=where, dy=size * 0.36, fill="#222", **weight)


def _by_importance(
    network: StreetNetwork, edges: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Gather edges by name: the names of main streets first, then those of long streets."""
    if not len(edges):
        return
    order = np.argsort(network.name_index[edges], kind="stable")
    edges = edges[order]
    names, starts = np.unique(network.name_index[edges], return_index=True)
    parts = np.split(edges, starts[1:])
    keys = [
        (int(network.road_class[part].min()), -float(network.length_m[part].sum()), int(name))
        for name, part in zip(names, parts, strict=True)
    ]
    for _, _, name in sorted(keys):
        yield name, parts[int(np.searchsorted(names, name))]


def _joined(lines: NDArray[np.object_]) -> list[LineString]:
    """Merge the pieces of one street, the longest first."""
    lines = _of_dimension(lines, 1)
    if not len(lines):
        return []
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))).tolist()
    return sorted(merged, key=lambda line: -float(line.length))


# --- what the sheet shows ---------------------------------------------------------------------------


def _bled(sheet: Sheet) -> tuple[float, float, float, float]:
    return widened(sheet.bounds_m, sheet.metres(_BLEED_MM))


def _shown(shapes_m: NDArray[np.object_], sheet: Sheet) -> NDArray[np.object_]:
    """Return the shapes that meet the sheet, cut at its rim, in millimetres."""
    west, south, east, north = _bled(sheet)
    bounds = shapely.bounds(shapes_m).reshape(-1, 4)
    near = (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    return _clipped(shapes_m[near], sheet)


def _clipped(shapes_m: NDArray[np.object_], sheet: Sheet) -> NDArray[np.object_]:
    rim = _bled(sheet)
    bounds = shapely.bounds(shapes_m).reshape(-1, 4)
    outside = (bounds[:, :2] < rim[:2]).any(axis=1) | (bounds[:, 2:] > rim[2:]).any(axis=1)
    cut = shapes_m.copy()
    if outside.any():
        crossing = shapes_m[outside]
        broken = ~shapely.is_valid(crossing)
        crossing[broken] = shapely.make_valid(crossing[broken])
        cut[outside] = shapely.intersection(crossing, rectangle(*rim))
    placed: NDArray[np.object_] = shapely.transform(cut, sheet.to_mm)
    return placed


def _areas(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return _of_dimension(shapes, 2)


def _lines(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return _of_dimension(shapes, 1)


def _of_dimension(shapes: NDArray[np.object_], dimension: int) -> NDArray[np.object_]:
    parts = shapely.get_parts(shapely.get_parts(shapes))
    kept: NDArray[np.object_] = parts[shapely.get_dimensions(parts) == dimension]
    return kept

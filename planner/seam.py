"""Shapes across longitude 180, cut there for other programs: they would draw them round the globe.

RFC 7946 (3.1.9) asks for it: "any geometry that crosses the antimeridian SHOULD be represented by cutting it
in two such that neither part's representation crosses the antimeridian". Inside, a shape stays whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.geo import LonLat, degrees_of, on_globe, run_on
from planner.model import Ring, Rings, Shape

_HALF_TURN_DEG = 180.0
_TURN_DEG = 360.0
_POLE_DEG = 90.0


def cut_at_180(shape: Shape) -> Shape:
    """Return a shape in parts of which none crosses longitude 180; itself where it does not.

    Lines keep their direction and the order of their parts; of a polygon the parts lie west to east.
    """
    rings = [ring for polygon in shape.polygons for ring in polygon]
    if not any(map(_crosses, (*shape.lines, *rings))):
        return shape
    return Shape(
        shape.points,
        tuple(part for line in shape.lines for part in _line_parts(line)),
        tuple(part for polygon in shape.polygons for part in _polygon_parts(polygon)),
    )


def joined_at_180(shape: Shape) -> Shape:
    """Return what was cut at longitude 180 in one piece again, with places on it; else in its pieces."""
    polygons = [
        shapely.Polygon(_run_on_180(outer), [_run_on_180(hole) for hole in holes])
        for outer, *holes in shape.polygons
    ]
    lines = shapely.MultiLineString([_run_on_180(line) for line in shape.lines])
    return Shape(
        shape.points,
        tuple(_places(line) for line in shapely.get_parts(shapely.line_merge(lines, directed=True))),
        tuple(
            tuple(_places(ring) for ring in (part.exterior, *part.interiors))
            for part in map(shapely.orient_polygons, shapely.get_parts(shapely.union_all(polygons)))
        ),
    )


def _run_on_180(line: Ring) -> NDArray[np.float64]:
    return run_on(degrees_of(line), LonLat(_HALF_TURN_DEG, 0.0))


def _places(line: shapely.LineString) -> Ring:
    return tuple(on_globe(float(lon), float(lat)).rounded() for lon, lat in line.coords)


def _crosses(line: Iterable[LonLat]) -> bool:
    """Whether a step of a line is shorter the other way round, as a line means it."""
    return any(abs(b.lon_deg - a.lon_deg) > _HALF_TURN_DEG for a, b in pairwise(line))


def _line_parts(line: tuple[LonLat, ...]) -> Iterator[tuple[LonLat, ...]]:
    parts = [[line[0]]]
    for a, b in pairwise(line):
        if abs(b.lon_deg - a.lon_deg) > _HALF_TURN_DEG:
            edge_deg = math.copysign(_HALF_TURN_DEG, a.lon_deg)
            step_deg = b.lon_deg + 2 * edge_deg - a.lon_deg
            share = (edge_deg - a.lon_deg) / step_deg if step_deg else 0.0
            lat_deg = a.lat_deg + share * (b.lat_deg - a.lat_deg)
            _add(parts[-1], LonLat(edge_deg, lat_deg).rounded())
            parts.append([LonLat(-edge_deg, lat_deg).rounded()])
        _add(parts[-1], b)
    return (tuple(part) for part in parts if len(part) > 1)


def _add(part: list[LonLat], place: LonLat) -> None:
    if part[-1] != place:
        part.append(place)


def _polygon_parts(polygon: Rings) -> Iterator[Rings]:
    if not any(map(_crosses, polygon)):
        yield polygon
        return
    about = polygon[0][0]
    outer, *holes = (run_on(degrees_of(ring), about) for ring in polygon)
    whole = shapely.make_valid(shapely.Polygon(outer, holes))
    for turn in (-1, 0, 1):
        middle_deg = turn * _TURN_DEG
        strip = shapely.box(middle_deg - _HALF_TURN_DEG, -_POLE_DEG, middle_deg + _HALF_TURN_DEG, _POLE_DEG)
        for part in shapely.get_parts(shapely.intersection(whole, strip)):
            if shapely.get_dimensions(part) == 2 and not part.is_empty:
                kept = shapely.orient_polygons(part)
                yield tuple(_ring(ring, middle_deg) for ring in (kept.exterior, *kept.interiors))


def _ring(ring: shapely.LinearRing, middle_deg: float) -> Ring:
    return tuple(LonLat(float(lon) - middle_deg, float(lat)).rounded() for lon, lat in ring.coords)

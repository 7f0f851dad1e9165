"""Maps across longitude 180: their degrees run on past it, 180.1 for -179.9, so that nothing of them is torn.

Files, documents and servers keep to -180 to 180; boxes that people give have their west beyond their east
there, as in RFC 7946.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import SourceError
from planner.geo import LonLat, run_on

BBox = tuple[float, float, float, float]
"""West, south, east, north in degrees; east is past 180 where the box reaches across it."""

_HALF_TURN_DEG = 180.0
_POLE_DEG = 90.0


def checked_box(box: BBox) -> BBox:
    """Return a box with its east to the east of its west, or refuse one that is none on the globe.

    Raises
    ------
    SourceError
    """
    west, south, east, north = box
    if west > east and east + 360.0 - west < _HALF_TURN_DEG:
        east += 360.0
    elif west < -_HALF_TURN_DEG < east:
        west, east = west + 360.0, east + 360.0
    on_globe = -_HALF_TURN_DEG <= west < east and -_POLE_DEG <= south < north <= _POLE_DEG
    across = west <= _HALF_TURN_DEG and east - west < _HALF_TURN_DEG
    if not (np.isfinite(box).all() and on_globe and (east <= _HALF_TURN_DEG or across)):
        first = "Longitude comes first: g" if max(abs(south), abs(north)) > _POLE_DEG else "G"
        raise SourceError(
            "the box is not one on the globe",
            f"{first}ive west,south,east,north in degrees, west less than east, south less than north "
            "(across longitude 180: 179.9,-17,-179.9,-16)",
        )
    return west, south, east, north


def common_ground(box: BBox | None, within_deg: BaseGeometry) -> tuple[BBox, BaseGeometry]:
    """Return the box that a checked box and a polygon share, and the polygon with its degrees beside it.

    Raises
    ------
    SourceError
        If they do not meet, or the polygon is none on the globe.
    """
    if box is None:
        return checked_box(_bounds(within_deg)), within_deg
    within_deg = shapes_run_on(within_deg, (box[0] + box[2]) / 2)
    west, south, east, north = _bounds(within_deg)
    west, south = max(west, box[0]), max(south, box[1])
    east, north = min(east, box[2]), min(north, box[3])
    if west >= east or south >= north:
        raise SourceError(
            "the box and the polygon do not meet",
            "Give one of them alone, or a box that lies over the polygon",
        )
    if west >= _HALF_TURN_DEG:  # all that they share lies past it
        west, east = west - 360.0, east - 360.0
        within_deg = shapes_run_on(within_deg, west)
    return checked_box((west, south, east, north)), within_deg


def _bounds(shape_deg: BaseGeometry) -> BBox:
    west, south, east, north = (float(edge) for edge in shape_deg.bounds)
    return west, south, east, north


def parts_of(box: BBox) -> tuple[BBox, ...]:
    """Return a box as the one or two within -180 to 180 that it is laid of."""
    west, south, east, north = box
    if east <= _HALF_TURN_DEG:
        return (box,)
    return (west, south, _HALF_TURN_DEG, north), (-_HALF_TURN_DEG, south, east - 360.0, north)


def told_box(box: BBox) -> BBox:
    """Return a box as people give it, each edge within -180 to 180."""
    west, south, east, north = box
    return west, south, (east - 360.0 if east > _HALF_TURN_DEG else east), north


def shapes_run_on(shapes: Any, about_deg: float) -> Any:
    """Return geometries with their longitudes as they run on from another."""
    return shapely.transform(shapes, lambda lonlat_deg: run_on(lonlat_deg, LonLat(about_deg, 0.0)))


def laid_together(grounds: list[Any]) -> Iterator[Any]:
    """Yield grounds so that those on both sides of longitude 180 lie beside each other."""
    bounds = shapely.bounds(np.array(grounds, dtype=object))
    west, east = bounds[:, 0].min(), bounds[:, 2].max()
    apart = east - west > _HALF_TURN_DEG and (bounds[:, 2] - bounds[:, 0] < _HALF_TURN_DEG).all()
    for ground in grounds:
        yield shapes_run_on(ground, _HALF_TURN_DEG) if apart else ground

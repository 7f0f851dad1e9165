"""Outlines with few corners that never leave out a place: what an alert can hold of a zone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry import Polygon

from planner.geo import DECIMALS, Frame, LonLat, degrees_of, on_globe, run_on, widened
from planner.model import Ring, Rings

_FIRST_M = 0.5
_STEP = 1.4
_FURTHEST_M = 5_000.0


def outlines(ground: Iterable[Rings], most_points: int) -> tuple[Ring, ...]:
    """Return closed rings, counter-clockwise, of at most so many places each, that cover all of the ground.

    Holes are filled: whoever is surrounded by danger is alerted too. The outline keeps as near to the ground
    as the number of places allows.

    Parameters
    ----------
    ground : iterable of Rings
        Polygons, perhaps overlapping.
    most_points : int
        Places of a ring, the last one (equal to the first) included.
    """
    grounds = list(ground)
    polygons = [
        shapely.make_valid(Polygon(run_on(degrees_of(rings[0]), grounds[0][0][0]))) for rings in grounds
    ]
    parts = shapely.get_parts(shapely.union_all(polygons))
    return tuple(_outline(Polygon(part.exterior), most_points) for part in parts if isinstance(part, Polygon))


def _outline(whole_deg: Polygon, most_points: int) -> Ring:
    if len(whole_deg.exterior.coords) <= most_points:
        return _ring(whole_deg)
    centre = whole_deg.centroid
    frame = Frame(on_globe(centre.x, centre.y))
    whole_m = frame.geometry_to_m(whole_deg)
    tolerance_m = _FIRST_M
    while tolerance_m < _FURTHEST_M:
        # grown by the tolerance, so that what straightening cuts off is what was added
        grown_m = whole_m.buffer(tolerance_m, join_style="mitre").simplify(tolerance_m)
        rim_m = shapely.get_coordinates(shapely.get_exterior_ring(grown_m))
        rounded_deg = Polygon(np.round(run_on(frame.to_deg(rim_m), LonLat(centre.x, centre.y)), DECIMALS))
        few = len(rounded_deg.exterior.coords) <= most_points
        if few and rounded_deg.is_valid and rounded_deg.covers(whole_deg):
            return _ring(rounded_deg)
        tolerance_m *= _STEP
    return _ring(_box(whole_deg))


def _box(polygon_deg: Polygon) -> Polygon:
    """Return what always covers and has five places."""
    return shapely.box(*widened(polygon_deg.bounds, 10.0**-DECIMALS))


def _ring(polygon_deg: Polygon) -> Ring:
    ring = shapely.get_coordinates(shapely.get_exterior_ring(shapely.orient_polygons(polygon_deg)))
    return tuple(on_globe(float(lon), float(lat)).rounded() for lon, lat in ring)
